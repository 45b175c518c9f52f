use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Runs cargo in the root and says how long it took.
pub(crate) fn step(name: &str, args: &[&str]) -> Result<(), String> {
    println!("── {name}: cargo {}", args.join(" "));
    let start = Instant::now();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(args)
        .current_dir(root())
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    println!("── {name}: {} s", start.elapsed().as_secs());
    if status.success() { Ok(()) } else { Err(format!("{name} failed")) }
}

/// The static target of this machine's kind, if its standard library is installed.
fn static_target() -> Option<String> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let sysroot = String::from_utf8(sysroot.stdout).ok()?;
    Path::new(sysroot.trim()).join("lib/rustlib").join(&target).is_dir().then_some(target)
}

/// Builds the binary to give away: static where the toolchain can, with completions and manual.
pub(crate) fn dist() -> Result<(), String> {
    let out = root().join("target/dist-files");
    std::fs::create_dir_all(out.join("man")).map_err(|error| format!("{}: {error}", out.display()))?;
    let mut args = vec!["build", "--profile", "dist", "-p", "portcullis"];
    let target = static_target();
    let gnu = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    match &target {
        Some(target) => args.extend(["--target", target]),
        // The GNU C library linked in as a whole: also a file that needs nothing beside it.
        None => {
            println!("the musl target is not installed; linking the GNU C library statically");
            args.extend(["--target", &gnu, "--config"]);
            args.push(
                "target.'cfg(target_env = \"gnu\")'.rustflags=[\"-C\", \"target-feature=+crt-static\"]",
            );
        }
    }
    step("dist", &args)?;
    let built = root().join("target").join(target.as_deref().unwrap_or(&gnu)).join("dist/portcullis");
    let binary = out.join("portcullis");
    std::fs::copy(&built, &binary).map_err(|error| format!("{}: {error}", built.display()))?;
    for shell in ["bash", "zsh", "fish"] {
        let script =
            Command::new(&binary).args(["completions", shell]).output().map_err(|e| e.to_string())?;
        std::fs::write(out.join(format!("portcullis.{shell}")), script.stdout).map_err(|e| e.to_string())?;
    }
    let manual =
        Command::new(&binary).arg("manual").arg(out.join("man")).status().map_err(|e| e.to_string())?;
    if !manual.success() {
        return Err("the manual pages could not be written".to_owned());
    }
    println!("{}", out.display());
    Ok(())
}
