#![no_main]

use mail::html::{Place, read};

// What loads leads somewhere, and what is kept of a page is no more than the page and its bounds.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let html = String::from_utf8_lossy(bytes);
    let page = read(&html, &Place { location: Some("http://base.example/a/"), ..Place::default() });
    for load in &page.loads {
        assert!(!load.host.is_empty() && !load.kind.is_empty(), "{load:?}");
    }
    assert!(page.skeleton.len() <= 512);
});
