//! Sizes beyond reason: nothing is read in more than linear time, and bounds are kept.

use std::time::{Duration, Instant};

use super::{PAGE, page, survived};

/// What the gate gives a message by default. A build for tests is far slower than one that is used.
const PATIENCE: Duration = Duration::from_secs(60);

fn in_time(name: &str, raw: &[u8]) -> (model::Event, mail::neutralise::Done) {
    let start = Instant::now();
    let seen = survived(name, raw);
    assert!(start.elapsed() < PATIENCE, "{name} took {:?}", start.elapsed());
    seen
}

#[test]
fn a_header_of_10_megabytes() {
    let ten = 10 << 20;
    let all: [(&str, String); 7] = [
        ("one field", format!("X-Long: {}", "x".repeat(ten))),
        ("one folded field", format!("X-Long: {}", "x\r\n\t".repeat(ten / 4) + "x")),
        ("many fields", "X-Short: y\r\n".repeat(ten / 12) + "X-Last: z"),
        ("many recipients", format!("To: {}z@y.example", "a@b.example, ".repeat(ten / 13))),
        ("a name in encoded words", format!("From: {}<a@b.example>", "=?utf-8?q?x?= ".repeat(ten / 14))),
        ("comments in comments", format!("Date: {}", "(".repeat(ten))),
        ("many hops", "Received: from a by b; Wed, 25 Mar 2026 12:00:00 +0000\r\n".repeat(ten / 56) + "X: y"),
    ];
    for (name, header) in all {
        let (_, done) = in_time(name, &page(&format!("{header}\r\nContent-Type: text/html"), PAGE));
        assert_eq!(done.loads_removed, 1, "{name}: the page below is found");
    }
}

#[test]
fn ten_thousand_parts() {
    let parts = |part: &str| format!("{}--b--\r\n", format!("--b\r\n{part}\r\n").repeat(10_000));
    let mixed = "Content-Type: multipart/mixed; boundary=b";
    let (_, done) = in_time("pages", &page(mixed, parts(&format!("Content-Type: text/html\r\n\r\n{PAGE}"))));
    assert_eq!(done.loads_removed, 10_000);
    in_time("empty", &page(mixed, parts("")));
    let named =
        "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=";
    in_time("attachments", &page(mixed, parts(named)));
    let inner = "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ntext";
    in_time("messages", &page(mixed, parts(inner)));
}

#[test]
fn a_thousand_levels() {
    let multipart: String = (0..1000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}x\r\n\r\n--b{n}x\r\n"))
        .collect();
    let same = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(1000);
    let message = "Content-Type: message/rfc822\r\n\r\n".repeat(1000);
    let digest = "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n".repeat(1000);
    for (name, nested) in
        [("multipart", multipart), ("one boundary", same), ("message", message), ("digest", digest)]
    {
        let raw = format!("From: a@b.example\r\n{nested}Content-Type: text/html\r\n\r\n{PAGE}");
        let (_, done) = in_time(name, raw.as_bytes());
        let text = String::from_utf8_lossy(&done.bytes).into_owned();
        assert!(!text.contains("src=\"http://beacon.example"), "{name}");
    }
}

#[test]
fn pages_without_end() {
    let million = 1 << 20;
    for (name, body) in [
        ("elements", "<div>".repeat(million / 5)),
        ("formatting", "<b><i>".repeat(million / 60)),
        ("tables", "<table><tr><td>".repeat(3_000)),
        ("foreign", "<svg><foreignObject><math><mtext>".repeat(3_000)),
        ("one tag", format!("<p {}", "a=b ".repeat(million / 4))),
        ("one attribute", format!("<p title=\"{}", "x".repeat(million))),
        ("entities", "&amp;&#x26;&notanentity".repeat(million / 23)),
        ("comment", format!("<!--{}", "-".repeat(million))),
        ("left signs", "<".repeat(million)),
        ("brackets of CSS", format!("<style>a{{b:{}", "(".repeat(million))),
        ("comments of CSS", format!("<style>{}</style>", "/*".repeat(million / 2))),
        ("escapes of CSS", format!("<p style='{}'>", "\\75 ".repeat(million / 4))),
        ("candidates", format!("<img srcset='{}'>", "http://beacon.example/x 1x,".repeat(million / 27))),
        ("links", "<a href=http://beacon.example/x>x</a>".repeat(10_000)),
    ] {
        let raw = page("Content-Type: text/html", format!("{body}\r\n"));
        in_time(name, &raw);
    }
}
