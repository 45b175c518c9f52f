use proptest::prelude::*;

use super::*;
use crate::w3c::probe::{expect, probe, source, time, torment};

const COMBINED: &str = "192.0.2.7 - ann [24/Aug/2021:09:12:00 +0100] \"GET /a%2e.php?x=1%20y HTTP/1.1\" 200 512 \
     \"https://example.org/\" \"Mozilla/5.0 (X11)\"\n";

#[test]
fn access_lines_have_w3c_names() {
    for (line, expected) in [
        (
            COMBINED.trim_end(),
            &[
                ("c-ip", "192.0.2.7"),
                ("cs-username", "ann"),
                ("cs-method", "GET"),
                ("cs-uri-stem", "/a%2e.php | /a..php"),
                ("cs-uri-query", "x=1%20y | /a%2e.php?x=1%20y | x=1 y | /a..php?x=1 y"),
                ("cs-uri", "/a%2e.php?x=1%20y | /a..php?x=1 y"),
                ("cs-version", "HTTP/1.1"),
                ("sc-status", "200"),
                ("sc-bytes", "512"),
                ("cs-referer", "https://example.org/"),
                ("cs-user-agent", "Mozilla/5.0 (X11)"),
                ("extra", ""),
            ][..],
        ),
        (
            r#"2001:db8::7 - - [24/Aug/2021:08:12:00 +0000] "POST /x HTTP/2.0" 404 - "-" "a \"b\" \x22c\x5C" 0.004 "-""#,
            &[
                ("c-ip", "2001:db8::7"),
                ("cs-username", "∅"),
                ("sc-bytes", "∅"),
                ("cs-referer", "∅"),
                ("cs-user-agent", r#"a "b" "c\"#),
                ("cs-uri-query", "∅ | /x"),
                ("extra", "0.004 | ∅"),
            ],
        ),
        (
            r#"www.example.org:443 192.0.2.7 - John Smith [24/Aug/2021:08:12:00 +0000] "GET http://www.example.org HTTP/1.0" 302 0"#,
            &[
                ("cs-host", "www.example.org | www.example.org"),
                ("s-port", "443"),
                ("cs-username", "John Smith"),
                ("cs-uri-stem", "/"),
                ("cs-referer", ""),
            ],
        ),
        (
            r#"198.51.100.1, 10.0.0.1 - - [24/Aug/2021:08:12:00 +0000] "\x16\x03\x01" 400 226 "-" "-""#,
            &[
                ("c-ip", "198.51.100.1"),
                ("x-forwarded-for", "198.51.100.1, 10.0.0.1"),
                ("cs-uri", "\u{16}\u{3}\u{1}"),
                ("cs-method", ""),
                ("cs-user-agent", "∅"),
            ],
        ),
        (
            r#"client.example.net - - [24/Aug/2021:08:12:00 +0000] "-" 408 0"#,
            &[("c-ip", "client.example.net"), ("cs-method", "∅"), ("sc-status", "408")],
        ),
    ] {
        let found = probe(read, line.as_bytes());
        assert!(found.problems.is_empty(), "{line}: {:?}", found.problems);
        assert_eq!(source(&found.events[0]), "webserver / apache+nginx");
        assert_eq!(time(&found.events[0]), "2021-08-24T08:12:00Z", "{line}");
        expect(&found.events[0], expected);
    }
}

#[test]
fn error_lines_keep_their_message() {
    for (line, expected_source, expected) in [
        (
            "[Tue Aug 24 09:12:00.123456 2021] [core:error] [pid 77:tid 140] [client 192.0.2.7:5678] AH00126: Invalid URI",
            "apache",
            &[
                ("message", "AH00126: Invalid URI"),
                ("module", "core"),
                ("level", "error"),
                ("pid", "77"),
                ("c-ip", "192.0.2.7"),
            ][..],
        ),
        (
            "[Tue Aug 24 09:12:00.123456 2021] [notice] [client [2001:db8::7]:5] child exit signal Segmentation Fault",
            "apache",
            &[
                ("c-ip", "2001:db8::7"),
                ("message", "child exit signal Segmentation Fault"),
                ("level", "notice"),
            ],
        ),
        (
            "2021/08/24 09:12:00.123456 [error] 77#78: *9 open() \"/x\" failed, client: 2001:db8::7, server: _, \
             request: \"GET /x?a HTTP/1.1\", host: \"h\"",
            "nginx",
            &[
                ("c-ip", "2001:db8::7"),
                ("pid", "77"),
                ("level", "error"),
                ("cs-uri-stem", "/x"),
                ("cs-method", "GET"),
            ],
        ),
    ] {
        let found = probe(read, line.as_bytes());
        assert_eq!(source(&found.events[0]), expected_source);
        assert_eq!(time(&found.events[0]), "2021-08-24T09:12:00.123456Z");
        assert_eq!(found.assumed, ["times without offset read as UTC"]);
        expect(&found.events[0], expected);
    }
}

#[test]
fn what_is_no_access_line_is_kept_and_told() {
    let log = format!("{COMBINED}garbage here\n192.0.2.7 - - [24/Aug/2021:09:12:00 +0100] \"GET /torn");
    let found = probe(read, log.as_bytes());
    let told: Vec<_> = found.problems.iter().map(|problem| (problem.place, problem.what.as_str())).collect();
    assert_eq!(
        told,
        [
            (Place::Line(2), "not a line of an access log; kept as its text"),
            (Place::Line(3), "a quoted value is not closed")
        ]
    );
    expect(&found.events[1], &[("message", "garbage here")]);
    expect(&found.events[2], &[("cs-method", "GET"), ("cs-uri-stem", "/torn")]);
}

#[test]
fn further_lines_of_an_error_are_no_problem() {
    let log = "[Tue Aug 24 09:12:00 2021] [error] PHP Fatal error\nStack trace:\n";
    let found = probe(read, log.as_bytes());
    assert!(found.problems.is_empty());
    expect(&found.events[1], &[("message", "Stack trace:")]);
    assert_eq!(source(&found.events[1]), "apache");
}

#[test]
fn it_is_recognised_by_its_content() {
    assert!(recognise(COMBINED));
    assert!(recognise("2021/08/24 09:12:00 [warn] 1#1: x\n"));
    assert!(!recognise("Aug 24 09:12:00 nas sshd[1]: x\n"));
    assert!(!recognise("a,b\n1,2\n"));
}

#[test]
fn damage_is_survived() {
    torment(read, COMBINED.as_bytes());
    torment(read, b"2021/08/24 09:12:00 [error] 7#8: x, client: 192.0.2.7, request: \"GET / HTTP/1.1\"");
}

proptest! {
    #[test]
    fn any_line_is_read(line in "(192\\.0\\.2\\.7 - - )?(\\[24/Aug/2021:09:12:00 \\+0100\\])?[\\[\\]\"\\\\ x0-9é:/?%-]{0,60}") {
        probe(read, line.as_bytes());
        recognise(&line);
    }
}
