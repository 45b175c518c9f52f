#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(html) = observe::html_of_rtf(bytes) {
        // A text unpacks to nine times its size, and a word of RTF gives few bytes of HTML.
        assert!(html.len() <= bytes.len() * 80 + 200);
    }
});
