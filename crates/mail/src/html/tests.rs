use super::*;

fn page(html: &str) -> Page {
    read(html, &Place::default())
}

/// `kind url` of everything that loads.
fn kinds(html: &str) -> Vec<String> {
    page(html).loads.into_iter().map(|load| format!("{} {}", load.kind, load.url)).collect()
}

#[test]
fn smoke() {
    assert_eq!(kinds("<img src=http://x.example/t>"), ["img http://x.example/t"]);
}
