#![no_main]

use std::sync::LazyLock;

use mail::auth::{ArcKey, Evaluated, own_results, seal};
use mail::{About, Inspector, Settings};

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    Settings::parse("hosts = ['inside.example']\nrelays = ['10.0.0.0/8']\nauthserv_ids = ['a.example', '-']")
        .unwrap()
});
static KEY: LazyLock<ArcKey> = LazyLock::new(|| {
    ArcKey::from_pem("a.example", "s", include_str!("../../crates/mail/tests/it/keys/ed25519.pem")).unwrap()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut event = model::Event::default();
    Inspector::new(&SETTINGS).inspect(bytes, &About::default(), &mut event);
    let header = own_results(bytes, "a.example");
    for arc in ["none", "pass", "fail"] {
        let evaluated = Evaluated { header: header.clone(), arc: arc.into(), ..Evaluated::default() };
        if let Ok(set) = seal(bytes, &evaluated, &KEY, 1, "a.example") {
            assert!(set.iter().all(|(_, value)| !value.replace("\r\n\t", "").contains(['\r', '\n'])));
        }
    }
});
