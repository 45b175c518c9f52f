//! Replays what fuzzing has found, and the samples that it starts from.

use std::path::Path;

use observe::Format;

use crate::damage::containers;
use crate::formats::SAMPLES;
use crate::seen::{read_as, settings};

#[test]
fn the_corpus_of_every_reader() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for format in Format::ALL.into_iter().filter(|format| !matches!(format, Format::Empty | Format::Unknown))
    {
        let mut read = 0;
        for entry in std::fs::read_dir(corpus.join(format.name())).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            read_as(format, &bytes, "x", &settings());
            read += 1;
        }
        assert!(read > 0, "{format} has no corpus");
    }
}

/// Writes the samples that fuzzing starts from, other than event logs:
/// `cargo test -p observe --test it corpus::seeds -- --ignored`.
#[test]
#[ignore = "writes into fuzz/corpus"]
fn seeds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let write = |folder: &str, name: String, bytes: &[u8]| {
        std::fs::create_dir_all(corpus.join(folder)).unwrap();
        std::fs::write(corpus.join(folder).join(name), bytes).unwrap();
    };
    for sample in SAMPLES {
        write(sample.format, format!("seed-{}", sample.name), sample.text.as_bytes());
        let wide: Vec<u8> = sample.text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        write("any", format!("seed-{}-utf16", sample.name), &wide);
    }
    for (index, (format, bytes)) in containers().into_iter().enumerate() {
        write(format, format!("seed-{index}"), &bytes);
        write("any", format!("seed-{format}-{index}"), &bytes);
    }
}
