#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::read(Some(observe::Format::Pst), bytes));
