#![no_main]

use mail::css::{Style, loads};

// Every range is a piece of the style, behind the one before.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let css = String::from_utf8_lossy(bytes);
    for style in [Style::Sheet, Style::Declarations] {
        let mut last = 0;
        for load in loads(&css, style) {
            assert!(load.range.start >= last && load.range.start < load.range.end, "{load:?}");
            assert!(css.get(load.range.clone()).is_some() && !load.url.is_empty(), "{load:?}");
            last = load.range.end;
        }
    }
});
