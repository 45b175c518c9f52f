use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::Result;
use crate::failure::Failure;

/// Write completions for a shell to standard output.
///
/// Example: portcullis completions bash > ~/.local/share/bash-completion/completions/portcullis
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

/// Write the manual pages to a folder.
///
/// Example: portcullis manual ~/.local/share/man/man1
#[derive(Debug, clap::Args)]
pub(crate) struct Manual {
    /// The folder; it must exist
    dir: PathBuf,
}

pub(crate) fn completions(args: &Completions) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "portcullis", &mut script);
    io::Write::write_all(&mut io::stdout(), &script)
        .map_err(|error| Failure::io("cannot write the completions").because(&error))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn manual(args: &Manual) -> Result<ExitCode> {
    clap_mangen::generate_to(crate::Cli::command(), &args.dir).map_err(|error| {
        Failure::io(format!("cannot write manual pages to {}", args.dir.display())).because(&error)
    })?;
    Ok(ExitCode::SUCCESS)
}
