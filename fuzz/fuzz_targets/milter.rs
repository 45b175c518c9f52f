#![no_main]

use gate::door::Action;
use gate::milter::{command, message, packet};

// Packets one after another; then the bytes as an old and a new message, told apart and never beyond their bounds.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok(Some((letter, data, used))) = packet::take(rest, 1 << 16) {
        assert!(used <= rest.len());
        let _ = command::parse(letter, data);
        rest = &rest[used..];
    }
    let (old, new) = bytes.split_at(bytes.len() / 2);
    let action = Action::Deliver { prepend: vec![], remove: vec![], changed: Some(new.to_vec()) };
    for blank in [false, true] {
        let mut out = Vec::new();
        message::changes(old, &action, blank).iter().for_each(|change| change.put(&mut out));
        let mut rest = &out[..];
        while let Some((_, _, used)) = packet::take(rest, 1 << 20).expect("our own packets") {
            rest = &rest[used..];
        }
        assert!(rest.is_empty());
    }
});
