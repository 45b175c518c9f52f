//! Labels of Google's mail, which stand in for folders. Its export (Takeout) writes them into each message,
//! and nothing of whose mailbox it is.

use mail_parser::MessageParser;

/// Fields among which Google writes labels. Further down, whoever sent a message may have written them.
const FIRST: usize = 3;
/// Bytes that labels may take.
const MAX_LABELS: usize = 4096;
const NAME: &[u8] = b"x-gmail-labels:";

/// The labels of a message of an export, divided by commas as they stand there.
pub(super) fn labels(message: &[u8]) -> Option<String> {
    let head = &message[..message.len().min(MAX_LABELS)];
    let mut fields = 0;
    let mut field: Vec<u8> = Vec::new();
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        match (folded, field.is_empty()) {
            (true, true) => continue,
            (true, false) => field.extend_from_slice(line),
            (false, false) => break,
            (false, true) => {
                fields += 1;
                if fields > FIRST || line.trim_ascii().is_empty() {
                    return None;
                }
                if line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)) {
                    // Under a name whose value the parser decodes.
                    field = [b"Subject:", &line[NAME.len()..]].concat();
                }
            }
        }
    }
    field.extend_from_slice(b"\r\n");
    let parsed = MessageParser::new().parse(&field[..])?;
    let labels: String = parsed.subject()?.chars().filter(|c| !c.is_control()).take(500).collect();
    let labels = labels.trim();
    (!labels.is_empty()).then(|| labels.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_that_google_wrote() {
        for (message, expected) in [
            (
                "X-GM-THRID: 17\r\nX-Gmail-Labels: Inbox,Important,Opened\r\nFrom: a\r\n\r\n",
                Some("Inbox,Important,Opened"),
            ),
            (
                "X-GM-THRID: 17\nX-Gmail-Labels: =?UTF-8?Q?Gesendet,Entw=C3=BCrfe,?=\n =?UTF-8?Q?Presse?=\n\n",
                Some("Gesendet,Entwürfe,Presse"),
            ),
            ("Received: a\nReceived: b\nReceived: c\nX-Gmail-Labels: Sent\n\n", None),
            ("From: a\n\nX-Gmail-Labels: Sent\n", None),
            ("X-Gmail-Labels:\n\n", None),
            ("", None),
        ] {
            assert_eq!(labels(message.as_bytes()).as_deref(), expected, "{message}");
        }
    }
}
