#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let settings = mail::neutralise::Settings::default();
    let done = mail::neutralise::neutralise(bytes, &settings);
    assert!(mail::neutralise::passes(&done.bytes, &settings), "it still loads or leads out");
    let again = mail::neutralise::neutralise(&done.bytes, &settings);
    assert_eq!(again.bytes, done.bytes, "done once is done for good");
});
