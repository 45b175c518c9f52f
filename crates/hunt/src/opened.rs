//! Who opened it: looks for the tokens of reconnaissance mail in records of what was asked for on the
//! network.
//!
//! The tokens are known only when all messages are judged, so the files that hold such records are
//! read once more, and only when there is a token to look for.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, MatchKind};
use model::{Event, EventRef, EvidenceId, LogSource, Problem, SourceId};
use observe::{Collector, Format};

use crate::judge::{Judge, Spot};
use crate::sweep::Marked;
use crate::walk::Input;
use crate::{Done, Hunt, lock};

/// Categories of Sigma whose records name what was asked for.
const NETWORK: [&str; 7] =
    ["proxy", "webserver", "dns", "dns_query", "firewall", "network_connection", "http"];
/// A shorter token stands in too many addresses by chance.
const SHORTEST: usize = 6;
/// Tokens that are looked for; a campaign that makes more is known by then.
const MOST: usize = 200_000;

/// Judges every record of network logs that holds one of `tokens`.
pub(crate) fn look<'a>(
    hunt: &'a Hunt<'a>,
    inputs: &[Input],
    done: &[Done],
    tokens: &[Marked],
) -> io::Result<Vec<Judge<'a>>> {
    let tokens: Vec<&Marked> =
        tokens.iter().filter(|marked| marked.token.len() >= SHORTEST).take(MOST).collect();
    let serves = |source: &LogSource| NETWORK.iter().any(|name| source.category.iter().any(|is| is == name));
    let files: Vec<&Done> = done
        .iter()
        .filter(|done| done.counted.coverage.iter().any(|((_, id), _)| serves(hunt.sources.get(*id))))
        .collect();
    if tokens.is_empty() || files.is_empty() {
        return Ok(Vec::new());
    }
    let search = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(tokens.iter().map(|marked| marked.token.as_bytes()))
        .map_err(io::Error::other)?;
    let serving: Vec<bool> = hunt.sources.all().iter().map(serves).collect();
    let wanted = Wanted { tokens, search, serving, source: hunt.sources.named("mail-opened") };
    let next = AtomicUsize::new(0);
    let judges = Mutex::new(Vec::new());
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..hunt.config.threads.clamp(1, files.len()) {
            scope.spawn(|| {
                let mut judge = Judge::new(hunt);
                while let Some(done) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wanted.read(hunt, &mut judge, done, &inputs[done.file as usize]);
                }
                match judge.failure() {
                    Ok(()) => lock(&judges).push(judge),
                    Err(error) => _ = lock(&failed).get_or_insert(error),
                }
            });
        }
    });
    match lock(&failed).take() {
        Some(error) => Err(error),
        None => Ok(judges.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)),
    }
}

/// What is looked for.
struct Wanted<'t> {
    tokens: Vec<&'t Marked>,
    search: AhoCorasick,
    /// Log source → whether it names what was asked for.
    serving: Vec<bool>,
    source: SourceId,
}

impl Wanted<'_> {
    fn read<'a>(&self, hunt: &'a Hunt<'a>, judge: &mut Judge<'a>, done: &Done, input: &Input) {
        let Some(hash) = done.evidence.first().and_then(|evidence| first_bytes(&evidence.sha256)) else {
            return;
        };
        let mut watch = Watch {
            hunt,
            wanted: self,
            judge,
            file: done.file,
            hash,
            members: 0,
            open: Vec::new(),
            seq: 0,
            offset: 0,
        };
        // What cannot be read was told when it was read first.
        let _ = observe::read_file(
            &input.path,
            &input.shown,
            None,
            &hunt.config.reading,
            hunt.sources,
            &mut watch,
        );
    }

    /// The token that stands in one of the values of `event`, with nothing of a longer one around it.
    fn find(&self, event: &Event) -> Option<&Marked> {
        let text = event.text().as_bytes();
        let part = |at: Option<&u8>| at.is_some_and(|byte| byte.is_ascii_alphanumeric());
        // Values stand side by side in the text: what is beyond one is no part of it.
        let whole = |value: &[u8], from: usize, until: usize| {
            !part(from.checked_sub(1).and_then(|before| value.get(before))) && !part(value.get(until))
        };
        let found = self.search.find_iter(text).find(|found| {
            event.raw_fields().iter().map(|field| field.value_range()).any(|range| {
                let within = range.start <= found.start() && found.end() <= range.end;
                let from = range.start;
                within && whole(&text[range], found.start() - from, found.end() - from)
            })
        })?;
        self.tokens.get(found.pattern().as_usize()).copied()
    }
}

fn first_bytes(sha256: &str) -> Option<u64> {
    u64::from_str_radix(sha256.get(..16)?, 16).ok()
}

/// Reads one file for the tokens alone.
struct Watch<'w, 'a> {
    hunt: &'a Hunt<'a>,
    wanted: &'w Wanted<'w>,
    judge: &'w mut Judge<'a>,
    file: u32,
    hash: u64,
    members: u32,
    open: Vec<u32>,
    seq: u64,
    offset: i64,
}

impl Collector for Watch<'_, '_> {
    fn begin(&mut self, path: &str) {
        self.open.push(self.members);
        self.members += 1;
        self.seq = 0;
        self.offset = self.hunt.clock_of(path);
    }

    fn event(&mut self, event: &mut Event) {
        self.seq += 1;
        if !self.wanted.serving.get(usize::from(event.source.0)).is_some_and(|serves| *serves) {
            return;
        }
        let Some(marked) = self.wanted.find(event) else { return };
        event.time = event.time.map(|time| time.plus_micros(self.offset));
        event.source = self.wanted.source;
        event.push_str("opened.token", &marked.token);
        event.push_str("opened.mailbox", &marked.mailbox);
        event.push_str("opened.sender", &marked.sender);
        event.push_str("opened.message_id", &marked.message_id);
        event.push_str("opened.mailing", &marked.mailing);
        if let Some(received) = marked.received {
            event.push_str("opened.received", &received.to_string());
        }
        let member = self.open.last().copied().unwrap_or(0);
        let event_ref = EventRef {
            time: event.time,
            evidence: EvidenceId { file: self.file, member },
            record: event.record,
            seq: self.seq,
        };
        self.judge.judge(event, &Spot { hash: self.hash, event_ref }, &mut None);
    }

    fn message(&mut self, _: &observe::Message<'_>, _: &mut Event) {
        self.seq += 1;
    }

    fn end(&mut self, _: [u8; 32], _: u64) {
        self.open.pop();
    }

    fn format(&mut self, _: Format) {}
    fn problem(&mut self, _: Problem) {}
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
}
