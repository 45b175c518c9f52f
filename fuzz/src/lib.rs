//! What every fuzz target does: it reads the bytes as one format and holds the reader to what is
//! promised of all of them.

use std::path::PathBuf;
use std::sync::LazyLock;

use model::{Event, Problem};
use observe::{Collector, Format, Limits, LogSources, Settings};

static SOURCES: LazyLock<LogSources> = LazyLock::new(LogSources::builtin);

/// Text that one record may hold, for each byte of the input and beside them: a record names each
/// value several times at most.
const TEXT_PER_BYTE: usize = 64;
const TEXT_BESIDE: usize = 1 << 20;

/// Reads `bytes` as `format`; `None` for whatever they seem to be.
pub fn read(format: Option<Format>, bytes: &[u8]) {
    let limits = Limits { depth: 4, ratio: 100, unpacked: 4 << 20, members: 64 };
    let settings = Settings { limits, tmp: PathBuf::from("/nonexistent"), ..Settings::default() };
    let most_text = bytes.len().max(limits.unpacked as usize / 8) * TEXT_PER_BYTE + TEXT_BESIDE;
    let mut promise = Promise { most_text, ..Promise::default() };
    match format {
        Some(format) => observe::read_bytes_as(format, bytes, "x", &settings, &SOURCES, &mut promise),
        None => observe::read_bytes(bytes, "x", &settings, &SOURCES, &mut promise),
    }
    assert_eq!(promise.open, 0, "what has begun has to end");
}

/// Checks what a reader tells.
#[derive(Default)]
struct Promise {
    open: usize,
    most_text: usize,
}

impl Collector for Promise {
    fn begin(&mut self, _: &str) {
        self.open += 1;
    }

    fn format(&mut self, _: Format) {
        assert!(self.open > 0);
    }

    fn event(&mut self, event: &mut Event) {
        assert!(self.open > 0);
        assert!(event.text().len() <= self.most_text, "{} bytes in a record", event.text().len());
        assert!(usize::from(event.source.0) < SOURCES.all().len());
        for (name, value) in event.fields() {
            std::hint::black_box((name, value.text));
        }
    }

    fn problem(&mut self, problem: Problem) {
        assert!(self.open > 0);
        assert!(!problem.what.contains(|c: char| c.is_control()), "{problem:?}");
    }

    fn assumed(&mut self, _: String) {
        assert!(self.open > 0);
    }

    fn progress(&mut self, _: u64) {}

    fn end(&mut self, _: [u8; 32], _: u64) {
        self.open -= 1;
    }
}
