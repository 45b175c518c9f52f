//! Values that are meant for a browser, a terminal or a spreadsheet.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::program::{file, folder, hunt, rule, run};

/// The names of all tags in a page. The program escapes `<` everywhere, so that one that is not the
/// start of a tag of its own came from a log.
fn tags(page: &str) -> BTreeSet<String> {
    page.match_indices('<')
        .map(|(at, _)| page[at + 1..].split([' ', '>', '\n']).next().unwrap_or_default().to_owned())
        .collect()
}

const HOSTILE: &str = "/aspnet_client/<script>alert(1)</script>\"'><img/src=x/onerror=alert(1)>.aspx";

#[test]
fn markup_in_logs_is_text_in_the_report() {
    let page = |name: &str, stem: &str| {
        let dir = folder(name);
        let log = format!(
            "#Fields: date time s-ip cs-method cs-uri-stem cs-username c-ip sc-status\n\
             2021-08-24 09:00:00 10.0.0.5 POST {stem} {stem} 203.0.113.7 200\n"
        );
        let log = file(&dir, if stem == HOSTILE { "<b>u_ex&.log" } else { "u_ex.log" }, log);
        let case = dir.join("case");
        let ran = run(&["hunt", &log.display().to_string(), "--output", &case.display().to_string()]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        fs::read_to_string(case.join("report.html")).unwrap()
    };
    let plain = page("bad/plain", "/aspnet_client/x.aspx");
    let hostile = page("bad/markup", HOSTILE);
    assert!(hostile.contains("&lt;script&gt;alert(1)"), "the value is not shown");
    assert_eq!(tags(&plain), tags(&hostile));
    assert!(!tags(&hostile).contains("script"));
}

/// Whether text would do anything to a terminal but write on it.
fn is_calm(text: &str) -> bool {
    !text.chars().any(|c| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c))
}

#[test]
fn terminal_escapes_never_reach_the_terminal() {
    let dir = folder("bad/escapes");
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\u{9b}31m";
    let log = |day: u32, host: &str| {
        format!(
            "2021-{:02}-{:02} 09:00:00 {host} POST /aspnet_client/{evil}.aspx {evil} {evil} 200\n",
            8 + day / 28,
            1 + day % 28
        )
    };
    // Daily for weeks, then nothing for a month: the gap is told with the host that a log names.
    let days: String = (0..28).chain(70..98).map(|day| log(day, evil)).collect();
    let text =
        format!("#Fields: date time s-computername cs-method cs-uri-stem cs-username c-ip sc-status\n{days}");
    let name = format!("u_{evil}.log");
    file(&dir, &name, &text);
    file(&dir, &format!("torn{evil}.zip"), b"PK\x03\x04 torn");
    let rules = folder("bad/escapes-rules");
    file(&rules, "a.yml", rule(&format!("'A{}'", "\u{202e}page"), "1", "cs-uri-stem|contains: aspx"));
    file(&rules, "b.yml", rule(&format!("'B{}'", "\u{202e}page"), "1", "cs-uri-stem|contains: aspx"));
    let list = file(
        &rules,
        "list.json",
        format!(
            "{{\"type\":\"indicator\",\"id\":\"{}\",\"pattern\":\"[\\u001b[2J\"}}\n203.0.113.9",
            "\\u001b[2J"
        ),
    );
    let rules = rules.display().to_string();
    let (path, list) = (dir.display().to_string(), list.display().to_string());
    for words in [
        &["hunt", &path][..],
        &["hunt", &path, "--rules", &rules],
        &["hunt", &path, "--indicators", &list],
        &["hunt", &path, "--min-level", "critical"],
        &["rules", "test", "--misses", "9", &format!("{rules}/a.yml"), &format!("{path}/{name}")],
        &["rules", "check", &rules],
        &["rules", "list", "--no-builtin", "--rules", &rules],
    ] {
        let ran = run(words);
        assert!(is_calm(&ran.out), "{words:?}: {:?}", ran.out);
        assert!(is_calm(&ran.err), "{words:?}: {:?}", ran.err);
    }
    let missing = hunt(Path::new(&format!("/no/{}", evil.replace(' ', ""))), "");
    assert!(missing.code == 3 && is_calm(&missing.err), "{:?}", missing.err);
}

#[test]
fn formulas_are_text_in_a_spreadsheet() {
    let dir = folder("bad/formulas");
    let mut log =
        "#Fields: date time s-computername cs-method cs-uri-stem cs-username c-ip sc-status\n".to_owned();
    for (second, start) in ["=", "+", "-", "@", "＝", "＋", "－", "＠"].iter().enumerate() {
        let evil = format!("{start}cmd|'/C+calc'!A0");
        log +=
            &format!("2021-08-24 09:00:0{second} {evil} POST /aspnet_client/x.aspx {evil} 203.0.113.7 200\n");
    }
    let log = file(&dir, "=1+1.log", log);
    let case = dir.join("case");
    assert_eq!(hunt(&log, &format!("--output {}", case.display())).code, 1);
    let mut rows = csv::Reader::from_path(case.join("timeline.csv")).unwrap();
    let mut marked = 0;
    for row in rows.records() {
        for cell in &row.unwrap() {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']),
                "{cell}"
            );
            marked += u32::from(cell.starts_with('\''));
        }
    }
    assert!(marked >= 8, "{marked}");
    let lines = fs::read_to_string(case.join("timeline.jsonl")).unwrap();
    assert!(lines.contains("\"=cmd|"), "values of the JSON lines stay as they were");
}
