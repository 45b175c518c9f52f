use super::*;
use crate::smtp::Limits;
use proptest::prelude::*;

fn limits() -> Limits {
    Limits { message: 1 << 16, line: 1 << 12, ..Limits::default() }
}

type Taken = (Result<Vec<u8>, Fault>, Vec<u8>);

/// The message and what follows it, or the fault; `None` if it did not end.
fn take(input: &[u8], bare: BareNewline, piece: usize) -> Option<Taken> {
    let mut content = Content::new(true, bare, &limits());
    let mut at = 0;
    for part in input.chunks(piece.max(1)) {
        let (used, ended) = content.feed(part);
        at += used;
        if ended {
            assert_eq!(content.seen(), at);
            return Some((content.finish().map(|(bytes, _)| bytes), input[at..].to_vec()));
        }
        assert_eq!(used, part.len());
    }
    None
}

fn good(input: &str) -> String {
    let (message, rest) = take(input.as_bytes(), BareNewline::Reject, 7).expect("ended");
    assert!(rest.is_empty());
    String::from_utf8(message.expect("no fault")).unwrap()
}

#[test]
fn dots_are_unstuffed_exactly() {
    assert_eq!(good(".\r\n"), "");
    assert_eq!(good("\r\n.\r\n"), "\r\n");
    assert_eq!(good("a\r\n..b\r\n...\r\n.c\r\na.\r\n.\r\n"), "a\r\n.b\r\n..\r\nc\r\na.\r\n");
}

#[test]
fn what_follows_the_end_is_left() {
    let (message, rest) = take(b"a\r\n.\r\nQUIT\r\n", BareNewline::Reject, 100).unwrap();
    assert_eq!((message.unwrap(), rest), (b"a\r\n".to_vec(), b"QUIT\r\n".to_vec()));
}

/// Every published way to end a message otherwise.
const SMUGGLED: [&str; 14] = [
    "\n.\n",
    "\r\n.\n",
    "\n.\r\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\r",
    "\n.\r",
    "\r.\n",
    "\r\n.\r\r\n",
    "\r\n\0.\r\n",
    "\n\n.\r\n",
    "\n.\n\r\n",
    "\r\n.\0\r\n",
    "\r\r\n.\r\r\n",
];

#[test]
fn no_other_sequence_ends_a_message_or_passes() {
    for sequence in SMUGGLED {
        let input = format!("Subject: a\r\n\r\nb{sequence}MAIL FROM:<x@y.example>\r\n.\r\n");
        for piece in [1, 2, 3, 1000] {
            let (message, rest) =
                take(input.as_bytes(), BareNewline::Reject, piece).expect("the true end ends");
            assert!(rest.is_empty() && message.is_err(), "{sequence:?}: {message:?}");
            let (message, rest) =
                take(input.as_bytes(), BareNewline::Replace, piece).expect("the true end ends");
            assert!(rest.is_empty(), "{sequence:?}");
            match message {
                Ok(message) => assert!(clean(&stuff(&message)), "{sequence:?}: {message:?}"),
                Err(fault) => {
                    assert!(sequence.contains('\0') && fault == Fault::Nul, "{sequence:?}: {fault:?}")
                }
            }
        }
    }
}

/// Only pairs of CR and LF, no NUL, and one end, at the end.
fn clean(sent: &[u8]) -> bool {
    let text = String::from_utf8_lossy(sent);
    let bare = text.replace("\r\n", "");
    let ends = text.matches("\r\n.\r\n").count() + usize::from(text.starts_with(".\r\n"));
    !bare.contains(['\r', '\n', '\0']) && ends == 1 && (text.ends_with("\r\n.\r\n") || text == ".\r\n")
}

#[test]
fn replacing_keeps_the_text() {
    let (message, _) = take(b"a\nb\rc\r\rd\n.e\n.\r\n.f\r\n.\r\n", BareNewline::Replace, 1).unwrap();
    assert_eq!(String::from_utf8(message.unwrap()).unwrap(), "a\r\nb c  d\r\n.e\r\n.\r\nf\r\n");
}

#[test]
fn limits_are_faults_and_the_end_is_still_found() {
    let long = format!("{}\r\n.\r\n", "x".repeat(5000));
    assert_eq!(take(long.as_bytes(), BareNewline::Reject, 64).unwrap().0, Err(Fault::LongLine));
    let big = format!("{}.\r\n", "x\r\n".repeat(40_000));
    assert_eq!(take(big.as_bytes(), BareNewline::Reject, 999).unwrap().0, Err(Fault::TooBig));
    let tight = Limits { room: Room::new(1), ..limits() };
    let mut content = Content::new(true, BareNewline::Reject, &tight);
    content.feed("x\r\n".repeat(30_000).as_bytes());
    content.feed(b".\r\n");
    assert_eq!(content.finish().unwrap_err(), Fault::TooBig);
    let tight = Limits { message: 1 << 20, room: Room::new(1), ..limits() };
    let mut content = Content::new(true, BareNewline::Reject, &tight);
    content.feed("x\r\n".repeat(30_000).as_bytes());
    assert_eq!(content.finish().unwrap_err(), Fault::NoRoom);
}

#[test]
fn chunks_have_no_dots_and_no_end() {
    let mut content = Content::new(false, BareNewline::Reject, &limits());
    assert_eq!(content.feed(b".\r\n..a\r"), (7, false));
    assert_eq!(content.feed(b"\nb"), (2, false));
    assert_eq!(content.finish().unwrap().0, b".\r\n..a\r\nb");
    let mut content = Content::new(false, BareNewline::Reject, &limits());
    content.feed(b"a\r");
    assert_eq!(content.finish().unwrap_err(), Fault::BareCr);
}

proptest! {
    #[test]
    fn stuffing_and_unstuffing_give_the_message_back(lines in proptest::collection::vec("[.a \u{e4}]{0,6}", 0..12)) {
        let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let sent = stuff(message.as_bytes());
        prop_assert!(clean(&sent));
        let (got, rest) = take(&sent, BareNewline::Reject, 3).unwrap();
        prop_assert_eq!(got.unwrap(), message.as_bytes());
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn pieces_do_not_matter_and_nothing_bare_passes(input in "[.\r\n\0a]{0,40}", piece in 1usize..9) {
        for bare in [BareNewline::Reject, BareNewline::Replace] {
            let whole = take(input.as_bytes(), bare, 1000);
            prop_assert_eq!(&whole, &take(input.as_bytes(), bare, piece));
            if let Some((Ok(message), _)) = whole {
                prop_assert!(clean(&stuff(&message)), "{:?} from {:?}", message, input);
            }
        }
    }
}
