#![no_main]

use gate::smtp::data::{Content, stuff};
use gate::smtp::{BareNewline, Limits, command, reader, reply};

// Commands, answers and messages; a message comes out the same whatever the pieces, and nothing bare in it.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok(Some(length)) = reader::line(rest, 4096) {
        let _ = command::parse(&rest[..length]);
        rest = &rest[length + 2..];
    }
    let _ = reply::Reply::parse(bytes);
    let limits = Limits { message: 1 << 16, ..Limits::default() };
    for bare in [BareNewline::Reject, BareNewline::Replace] {
        let take = |piece: usize| {
            let mut content = Content::new(true, bare, &limits);
            let ended = bytes.chunks(piece).any(|part| content.feed(part).1);
            (ended, content.seen(), content.finish().map(|(message, _)| message))
        };
        let whole = take(usize::MAX);
        assert_eq!(whole, take(3));
        if let (true, _, Ok(message)) = whole {
            let sent = String::from_utf8_lossy(&stuff(&message)).into_owned();
            assert!(!sent.replace("\r\n", "").contains(['\r', '\n', '\0']));
            let end = sent.find("\r\n.\r\n").map_or(0, |at| at + 2);
            assert_eq!(end + 3, sent.len(), "one end, at the end");
        }
    }
});
