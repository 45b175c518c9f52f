//! Counts for whoever watches the gate, in the text form of Prometheus (version 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::listen::Open;

/// Upper bounds of the histogram, in milliseconds.
const BOUNDS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 250, 500, 1_000, 5_000, 30_000];

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Copies by action, level and protocol. The words are ours, so that there are few.
    copies: Mutex<BTreeMap<(&'static str, &'static str, &'static str), u64>>,
    /// Messages whose judging took at most so long, and longer.
    durations: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
    /// Messages that could not be judged.
    pub(crate) failures: AtomicU64,
    /// Messages that are being judged or wait for it.
    pub(crate) judging: AtomicU64,
    /// Released messages that were let through.
    pub(crate) released: AtomicU64,
    /// Reloads of the configuration that failed.
    pub(crate) reloads_failed: AtomicU64,
    /// Reloads of the configuration.
    pub(crate) reloads: AtomicU64,
    /// Doors by protocol, with their connections.
    doors: Mutex<Vec<(&'static str, Open)>>,
}

/// What is counted elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    /// Originals in quarantine, and their bytes.
    pub(crate) quarantine: (u64, u64),
    /// Messages that mailings in memory were joined from.
    pub(crate) mailings: usize,
}

impl Metrics {
    /// Counts a copy of a message.
    pub(crate) fn copy(&self, action: &'static str, level: &'static str, protocol: &'static str) {
        *lock(&self.copies).entry((action, level, protocol)).or_default() += 1;
    }

    /// Counts a message that took so long.
    pub(crate) fn took(&self, duration: Duration) {
        let millis = duration.as_millis() as u64;
        let place = BOUNDS.iter().position(|bound| millis <= *bound).unwrap_or(BOUNDS.len());
        self.durations[place].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(duration.as_micros() as u64, Ordering::Relaxed);
    }

    /// Counts the connections of a door from now on.
    pub(crate) fn door(&self, protocol: &'static str, open: Open) {
        lock(&self.doors).push((protocol, open));
    }

    /// All of it as text.
    pub(crate) fn text(&self, sizes: &Sizes) -> String {
        let mut out = String::new();
        let head = |out: &mut String, name: &str, kind: &str, help: &str| {
            // Writing to a String cannot fail.
            let _ =
                writeln!(out, "# HELP portcullis_gate_{name} {help}\n# TYPE portcullis_gate_{name} {kind}");
        };
        head(
            &mut out,
            "copies_total",
            "counter",
            "Copies of messages by what was done, highest level and protocol.",
        );
        for ((action, level, protocol), count) in &*lock(&self.copies) {
            let labels = format!("action=\"{action}\",level=\"{level}\",protocol=\"{protocol}\"");
            let _ = writeln!(out, "portcullis_gate_copies_total{{{labels}}} {count}");
        }
        head(&mut out, "judging_seconds", "histogram", "Time to judge a message, name lookups included.");
        let mut total = 0;
        for (place, count) in self.durations.iter().enumerate() {
            total += count.load(Ordering::Relaxed);
            let bound =
                BOUNDS.get(place).map_or("+Inf".to_owned(), |bound| (*bound as f64 / 1e3).to_string());
            let _ = writeln!(out, "portcullis_gate_judging_seconds_bucket{{le=\"{bound}\"}} {total}");
        }
        let seconds = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(out, "portcullis_gate_judging_seconds_sum {seconds}");
        let _ = writeln!(out, "portcullis_gate_judging_seconds_count {total}");
        head(&mut out, "connections", "gauge", "Open connections by protocol.");
        let mut connections: BTreeMap<&str, u64> = BTreeMap::new();
        for (protocol, open) in &*lock(&self.doors) {
            *connections.entry(protocol).or_default() += open.count();
        }
        for (protocol, count) in connections {
            let _ = writeln!(out, "portcullis_gate_connections{{protocol=\"{protocol}\"}} {count}");
        }
        let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
        for (name, kind, help, value) in [
            ("failures_total", "counter", "Messages that could not be judged.", load(&self.failures)),
            ("released_total", "counter", "Released messages that were let through.", load(&self.released)),
            ("reloads_total", "counter", "Configurations that were taken over.", load(&self.reloads)),
            (
                "reloads_failed_total",
                "counter",
                "Configurations that could not be.",
                load(&self.reloads_failed),
            ),
            ("judging", "gauge", "Messages that are being judged or wait for it.", load(&self.judging)),
            ("quarantine_originals", "gauge", "Originals in quarantine.", sizes.quarantine.0),
            ("quarantine_bytes", "gauge", "Bytes of originals in quarantine.", sizes.quarantine.1),
            (
                "mailing_messages",
                "gauge",
                "Messages that mailings in memory were joined from.",
                sizes.mailings as u64,
            ),
        ] {
            head(&mut out, name, kind, help);
            let _ = writeln!(out, "portcullis_gate_{name} {value}");
        }
        out
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_as_text() {
        let metrics = Metrics::default();
        metrics.copy("tag", "medium", "milter");
        metrics.copy("tag", "medium", "milter");
        metrics.took(Duration::from_millis(3));
        metrics.took(Duration::from_secs(99));
        metrics.door("smtp", Open::default());
        metrics.door("smtp", Open::default());
        let text = metrics.text(&Sizes { quarantine: (2, 30), mailings: 4 });
        for line in [
            "portcullis_gate_copies_total{action=\"tag\",level=\"medium\",protocol=\"milter\"} 2",
            "portcullis_gate_judging_seconds_bucket{le=\"0.002\"} 0",
            "portcullis_gate_judging_seconds_bucket{le=\"0.005\"} 1",
            "portcullis_gate_judging_seconds_bucket{le=\"+Inf\"} 2",
            "portcullis_gate_judging_seconds_sum 99.003",
            "portcullis_gate_connections{protocol=\"smtp\"} 0",
            "portcullis_gate_quarantine_bytes 30",
            "portcullis_gate_mailing_messages 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.lines().all(|line| line.starts_with("# ") || line.starts_with("portcullis_gate_")));
    }
}
