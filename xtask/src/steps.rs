use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    // Cargo says which checkout it runs in; the one that was compiled may be another where two share
    // a target folder.
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().unwrap_or(&here).to_owned()
}

/// Runs cargo in the root, with variables set, and says how long it took.
pub(crate) fn step(name: &str, args: &[&str], set: &[(&str, &str)]) -> Result<(), String> {
    println!("── {name}: cargo {}", args.join(" "));
    let start = Instant::now();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(args)
        .envs(set.iter().copied())
        .current_dir(root())
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    println!("── {name}: {} s", start.elapsed().as_secs());
    if status.success() { Ok(()) } else { Err(format!("{name} failed")) }
}
