//! The acceptance points of the hunt, each a script that anyone can run.

use std::process::Command;

use crate::steps::root;

/// Point → what it shows, and the script below `benches/accept`.
const POINTS: [(&str, &str, &str); 6] = [
    ("2", "every rule of expected.csv holds on its file", "regression.sh"),
    ("3", "every rule loads or is reported", "rules.sh"),
    ("4", "the same bytes with one and two threads, and twice", "same.sh"),
    ("5", "the staged incident is found", "exercise.sh"),
    ("7", "STIX and timeline are valid", "formats.sh"),
    ("9", "the tour of every command and option", "tour.sh"),
];

pub(crate) fn run(point: Option<&str>) -> Result<(), String> {
    let mut failed = Vec::new();
    for (number, what, script) in
        POINTS.iter().filter(|(number, ..)| point.is_none_or(|point| point == *number))
    {
        let path = root().join("benches/accept").join(script);
        let output = Command::new("bash")
            .arg(&path)
            .current_dir(root())
            .output()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let figure = text.lines().last().unwrap_or_default();
        let verdict = if output.status.success() { "holds" } else { "FAILS" };
        println!("{number:>2}  {verdict:<6} {what:<52} {figure}");
        if !output.status.success() {
            eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
            failed.push(*number);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("points {} do not hold", failed.join(", "))) }
}
