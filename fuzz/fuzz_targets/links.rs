#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::links::{PIXELS, Recipients, bare, codes, target};

// An address, a text with addresses, and a picture with a code: each of the same bytes.
fuzz_target!(|bytes: &[u8]| {
    let recipients = Recipients::new(&["a.member@parliament.example".to_owned()]);
    let text = String::from_utf8_lossy(bytes);
    for url in [text.to_string(), format!("https://www.google.com/url?q={text}"), format!("https://urldefense.com/v3/__{text}")] {
        let found = target(&url, &recipients);
        assert!(found.tokens.len() <= 32 && found.through.len() <= 8);
    }
    for anchor in bare(&text, 0) {
        assert!(!anchor.target.contains(char::is_whitespace));
    }
    let _ = codes(bytes, 0, &mut PIXELS.clone());
});
