use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use mail_parser::{MessageParser, MimeHeaders as _};

use super::hostile::Difficulty;
use crate::truth::{Mailings, Truth};

const SMALL: f64 = 0.004;

fn staged(seed: u64, scale: f64, difficulty: Difficulty) -> (tempfile::TempDir, Truth) {
    let folder = tempfile::tempdir().unwrap();
    let truth = crate::stage("alliance", seed, scale, difficulty, folder.path(), &mut |_| {}).unwrap();
    (folder, truth)
}

fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The messages of a file, as somebody who knows the two formats reads them.
fn messages(path: &str, bytes: &[u8]) -> Vec<Vec<u8>> {
    if !path.ends_with(".mbox") {
        return vec![bytes.to_vec()];
    }
    let mut all: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"From ") {
            all.push(Vec::new());
            continue;
        }
        let marks = line.iter().take_while(|byte| **byte == b'>').count();
        let marked = marks > 0 && line[marks..].starts_with(b"From ");
        all.last_mut().unwrap().extend_from_slice(&line[usize::from(marked)..]);
    }
    all
}

fn shingles(text: &str) -> HashSet<String> {
    let words: Vec<String> = text
        .split(|symbol: char| !symbol.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.windows(3).map(|three| three.join(" ")).collect()
}

#[test]
fn one_seed_gives_the_same_bytes_and_the_campaign_is_the_same_at_every_scale() {
    let (first, truth) = staged(5, SMALL, Difficulty::Hard);
    let (second, _) = staged(5, SMALL, Difficulty::Hard);
    assert!(files(first.path()) == files(second.path()));
    let (_third, larger) = staged(5, 3.0 * SMALL, Difficulty::Hard);
    let story = |truth: &Truth| -> BTreeSet<String> {
        let records = truth.records.hostile.iter();
        records.map(|record| format!("{} {:?} {}", record.time, record.mail, record.fact)).collect()
    };
    assert_eq!(story(&truth), story(&larger));
    assert!(larger.background.records > truth.background.records);
    let (_other, other) = staged(6, SMALL, Difficulty::Hard);
    assert_ne!(story(&truth), story(&other));
}

#[test]
fn the_truth_points_at_the_mails_and_every_message_is_whole() {
    for difficulty in [Difficulty::Easy, Difficulty::Hard] {
        let (folder, truth) = staged(9, SMALL, difficulty);
        let evidence = files(&folder.path().join("evidence"));
        let mut read: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for (path, bytes) in &evidence {
            let path = path.to_string_lossy().into_owned();
            if path.starts_with("mail/") {
                read.insert(path.clone(), messages(&path, bytes));
            }
        }
        let list = fs::read_to_string(folder.path().join("mailings.jsonl")).unwrap();
        let list: Vec<Mailings> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(list.len(), read.len());
        for file in &list {
            assert_eq!(file.mailing.len(), read[&file.path].len(), "{}", file.path);
        }
        let parser = MessageParser::default();
        for (path, all) in &read {
            for raw in all {
                let message = parser.parse(raw).unwrap();
                assert!(message.date().is_some_and(mail_parser::DateTime::is_valid), "{path}");
                assert!(message.from().is_some() && message.message_id().is_some(), "{path}");
                assert!(message.parts.iter().all(|part| !part.is_encoding_problem), "{path}");
                let sent = path.contains("Sent");
                let delivered = message.header_values("Delivered-To").count();
                assert_eq!(delivered, usize::from(!sent), "{path}");
                for part in message.parts.iter().filter(|part| part.is_text()) {
                    assert!(
                        !part.text_contents().unwrap_or_default().contains(['{', '}'].as_slice())
                            || part.content_type().is_some_and(|kind| kind.subtype() != Some("plain")),
                        "{path}"
                    );
                }
                assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() < 998), "{path}");
            }
        }
        let mails: Vec<_> = truth.records.hostile.iter().filter(|record| record.mail.is_some()).collect();
        assert_eq!(mails.len(), 1120);
        let mut mailboxes = BTreeSet::new();
        let mut waves = BTreeSet::new();
        for record in &mails {
            let known = record.mail.as_ref().unwrap();
            let raw = &read[&record.path][record.record as usize - 1];
            let message = parser.parse(raw).unwrap();
            let from = message.from().unwrap().first().unwrap().address().unwrap();
            assert_eq!(from, known.sender);
            assert!(record.path.contains(&known.mailbox));
            assert!(waves.insert((&known.sender, known.wave, &known.mailbox)), "one mail a wave");
            mailboxes.insert(&known.mailbox);
        }
        assert!(mailboxes.len() > 360, "{}", mailboxes.len());
        let opened: Vec<_> = truth.records.hostile.iter().filter(|record| record.mail.is_none()).collect();
        assert!(opened.len() > 20, "{}", opened.len());
        for record in opened {
            let bytes = &evidence[Path::new(&record.path)];
            let line =
                String::from_utf8_lossy(bytes).lines().nth(record.record as usize - 1).unwrap().to_owned();
            assert!(
                line.contains("img") || line.contains("query") || line.contains("://") || line.contains('\t'),
                "{line}"
            );
        }
    }
}

#[test]
fn texts_of_the_hardest_campaign_share_few_words_in_a_row() {
    let (folder, truth) = staged(3, 0.0001, Difficulty::Hard);
    let parser = MessageParser::default();
    let mut texts = Vec::new();
    for record in truth.records.hostile.iter().filter(|record| record.technique == "T1598.003").step_by(4) {
        let bytes = fs::read(folder.path().join("evidence").join(&record.path)).unwrap();
        let raw = &messages(&record.path, &bytes)[record.record as usize - 1];
        let message = parser.parse(raw).unwrap();
        texts.push(shingles(&message.body_text(0).unwrap()));
    }
    assert!(texts.len() > 200);
    let (mut most, mut sum, mut pairs) = (0.0_f64, 0.0, 0.0);
    for (at, one) in texts.iter().enumerate() {
        for other in &texts[at + 1..] {
            let both = one.intersection(other).count() as f64;
            let share = both / (one.len() + other.len()) as f64 * 2.0;
            (most, sum, pairs) = (most.max(share), sum + share, pairs + 1.0);
        }
    }
    assert!(most < 0.65, "most alike: {most}");
    assert!(sum / pairs < 0.15, "on average: {}", sum / pairs);
}

#[test]
fn newsletters_are_many_and_look_different() {
    let (folder, _) = staged(4, 0.02, Difficulty::Easy);
    let list = fs::read_to_string(folder.path().join("mailings.jsonl")).unwrap();
    let mut names = BTreeMap::new();
    for line in list.lines() {
        let file: Mailings = serde_json::from_str(line).unwrap();
        for name in file.mailing.into_iter().filter(|name| !name.is_empty()) {
            *names.entry(name).or_insert(0) += 1;
        }
    }
    assert!(names.len() > 60, "{}", names.len());
    for kind in ["freelance:", "partner:", "handed on"] {
        assert!(names.keys().any(|name| name.starts_with(kind)), "{kind}");
    }
}

#[test]
fn at_full_scale_the_campaign_is_a_drop_in_the_sea() {
    let mut world = super::World::new(2).unwrap();
    let campaign = super::Campaign::plan(&world, Difficulty::Hard);
    let items = super::plan(&mut world, 1.0, &campaign);
    let hostile = items.iter().filter(|item| matches!(item.what, super::What::Hostile(_))).count();
    let senders: BTreeSet<usize> = campaign.sent.iter().map(|sent| sent.sender).collect();
    assert_eq!((world.owners.len(), senders.len()), (400, 10));
    assert!(hostile > 1000 && items.len() - hostile >= 200_000, "{hostile} {}", items.len());
}
