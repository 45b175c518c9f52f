//! Mailboxes are written here, and what is read of them is held to what was written. That of Outlook's
//! own files is held to other readers in `benches/accept/mailboxes.sh`.

use std::io::Cursor;

use model::{Event, Problem};
use proptest::prelude::*;

use super::build::mailbox;
use super::coding::Coding;
use super::page::Layout;
use super::*;
use crate::mail::outlook::item::Value;
use crate::mail::outlook::tests::{check, properties, sample};
use crate::{Format, LogSources, Message, Settings};

const LAYOUTS: [(Layout, Coding); 4] = [
    (Layout::Ansi, Coding::Permute),
    (Layout::Unicode, Coding::Permute),
    (Layout::Unicode, Coding::Cyclic),
    (Layout::Wide, Coding::Plain),
];

/// Messages with mailbox and folder, and what was told beside them.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    messages: Vec<(Option<String>, Option<String>, Vec<u8>)>,
    problems: Vec<String>,
}

impl Collector for Seen {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: Format) {}
    fn event(&mut self, _: &mut Event) {}
    fn message(&mut self, message: &Message<'_>, _: &mut Event) {
        assert!(message.rebuilt);
        let text = |text: Option<&str>| text.map(str::to_owned);
        self.messages.push((text(message.mailbox), text(message.folder), message.raw.to_vec()));
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem.what);
    }
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}

fn seen(bytes: &[u8]) -> Seen {
    seen_at(bytes, "mail.pst")
}

fn seen_at(bytes: &[u8], path: &str) -> Seen {
    let (settings, sources) = (Settings::default(), LogSources::builtin());
    let context = Context { settings: &settings, sources: &sources, modified: None, path };
    let mut seen = Seen::default();
    read(&mut Cursor::new(bytes), &context, &mut seen);
    seen
}

fn note(subject: &str) -> Item {
    let properties = properties(&[(id::CLASS, "IPM.Note"), (id::SUBJECT, subject), (id::BODY, "text")]);
    Item { properties, ..Item::default() }
}

/// A mailbox with folders in folders, and with what is no mail.
fn written(layout: Layout, coding: Coding) -> Vec<u8> {
    let mut contact = note("a contact");
    contact.properties = properties(&[(id::CLASS, "IPM.Contact"), (id::SUBJECT, "a contact")]);
    let folders = [
        ("Inbox", 0, vec![sample(), note("second")]),
        ("Projekte", 1, vec![note("third")]),
        ("Contacts", 0, vec![contact]),
    ];
    mailbox(layout, coding, "ann@parl.example", &folders)
}

#[test]
fn mailboxes_of_all_layouts_are_read() {
    for (layout, coding) in LAYOUTS {
        let bytes = written(layout, coding);
        assert!(recognise(&bytes));
        let seen = seen(&bytes);
        assert_eq!(seen.problems, Vec::<String>::new(), "{layout:?}");
        let folders: Vec<_> =
            seen.messages.iter().map(|(owner, folder, _)| (owner.as_deref(), folder.as_deref())).collect();
        let owner = Some("ann@parl.example");
        assert_eq!(
            folders,
            [(owner, Some("Inbox")), (owner, Some("Inbox")), (owner, Some("Inbox/Projekte"))]
        );
        check(&seen.messages[0].2);
        assert_eq!(seen.messages[0].2, write::rebuild(&sample()), "{layout:?}");
    }
}

#[test]
fn long_values_lie_in_many_blocks() {
    for (layout, coding) in LAYOUTS {
        let text = "0123456789abcdef".repeat(20_000);
        let mut item = note("long");
        item.properties.push(id::HTML, Value::Bytes(text.clone().into_bytes()));
        item.recipients = (0..900)
            .map(|n| {
                let mut row =
                    properties(&[(id::NAME, &"Ann ".repeat(n % 7 + 1)), (id::SMTP, "ann@parl.example")]);
                row.push(id::RECIPIENT_KIND, Value::Number(1));
                row
            })
            .collect();
        let seen = seen(&mailbox(layout, coding, "Ann", &[("Inbox", 0, vec![item.clone()])]));
        assert_eq!(seen.problems, Vec::<String>::new(), "{layout:?}");
        assert_eq!(seen.messages.len(), 1);
        assert!(seen.messages[0].2 == write::rebuild(&item), "{layout:?}");
    }
}

#[test]
fn an_owner_is_an_address_if_there_is_one() {
    let folders = [("Inbox", 0, vec![note("x")])];
    for (owner, path, expected) in [
        ("ann@parl.example", "ann.pst", "ann@parl.example"),
        ("Ann Example", "export/ann@parl.example.pst", "ann@parl.example"),
        ("Ann Example", "export/mail.pst", "Ann Example"),
        ("", "export/ann.pst", "ann"),
    ] {
        let bytes = mailbox(Layout::Unicode, Coding::Plain, owner, &folders);
        assert_eq!(seen_at(&bytes, path).messages[0].0.as_deref(), Some(expected), "{owner} {path}");
    }
    let bytes = mailbox(Layout::Unicode, Coding::Plain, "", &folders);
    assert_eq!(seen_at(&bytes, "export/backup.pst").messages[0].0, None);
}

#[test]
fn a_mailbox_whose_index_is_torn_is_read_by_the_pages_that_are_left() {
    for (layout, coding) in LAYOUTS {
        let whole = written(layout, coding);
        let pages = whole.len() / layout.page();
        let mut found = 0;
        for page in 0x2400_usize.div_ceil(layout.page())..pages {
            let mut bytes = whole.clone();
            let trailer = &mut bytes[page * layout.page()..][..layout.page()];
            trailer.fill(0xAA);
            let seen = seen(&bytes);
            let told: Vec<_> = seen.messages.iter().map(|(_, folder, _)| folder).collect();
            assert!(seen.messages.len() <= 4, "{layout:?} {page}");
            assert!(seen.messages.len() >= 3 || !seen.problems.is_empty(), "{layout:?} {page} {told:?}");
            found = found.max(usize::from(seen.messages.len() == 3 && !seen.problems.is_empty()));
        }
        // The pages that lead to others are not needed.
        assert_eq!(found, 1, "{layout:?}");
    }
}

#[test]
fn a_mailbox_that_is_cut_anywhere_gives_what_there_is() {
    for (layout, coding) in LAYOUTS {
        let whole = written(layout, coding);
        for end in (0..whole.len()).step_by(97).chain([9, 10, 1023, 1024]) {
            let seen = seen(&whole[..end]);
            assert!(seen.messages.len() <= 3 && !seen.problems.is_empty(), "{layout:?} {end}");
        }
    }
}

/// A tree of records that leads to itself: a reader that follows it has 255 levels of ever more entries.
#[test]
fn a_tree_that_leads_to_itself_ends() {
    let mut bytes = written(Layout::Unicode, Coding::Plain);
    let mut changed = 0;
    for at in 0x2400..bytes.len() - 8 {
        // The header of a tree of properties: its levels, and then its root, which is made the tree itself.
        if bytes[at..at + 3] == [0xB5, 2, 6] && bytes[at + 3] <= 1 {
            bytes[at + 3] = 4;
            changed += 1;
        }
    }
    assert!(changed > 5, "{changed}");
    assert!(seen(&bytes).messages.len() <= 4);
}

/// What is kept of one message is bounded, whatever the number of its parts.
#[test]
fn a_message_of_many_long_parts_is_cut_and_told() {
    let mut item = note("long");
    for number in 0..12 {
        let mut properties = properties(&[(id::LONG_NAME, &format!("{number}.bin"))]);
        properties.push(id::DATA, Value::Bytes(vec![b'x'; 6 << 20]));
        item.attachments.push(Attachment { properties, message: None });
    }
    let bytes = mailbox(Layout::Unicode, Coding::Plain, "Ann", &[("Inbox", 0, vec![item, note("next")])]);
    let seen = seen(&bytes);
    assert_eq!(seen.messages.len(), 2);
    assert!(seen.problems.iter().any(|what| what.contains("longer than 64 MiB")), "{:?}", seen.problems);
}

/// A list of blocks in which every entry is the same long block.
#[test]
fn a_file_that_refers_to_one_block_from_everywhere_is_bounded() {
    let mut item = note("bomb");
    item.properties.push(id::HTML, Value::Bytes(vec![b'x'; 4 << 20]));
    let whole = mailbox(Layout::Unicode, Coding::Plain, "Ann", &[("Inbox", 0, vec![item; 12])]);
    // Each list of blocks names its first block alone, all the lists the same.
    let mut bytes = whole.clone();
    let lists: Vec<usize> = (0x2400..bytes.len() - 8)
        .step_by(64)
        .filter(|at| bytes[*at..at + 2] == [1, 1] && bytes[at + 4..at + 8] == (4_u32 << 20).to_le_bytes())
        .collect();
    assert_eq!(lists.len(), 12);
    for at in lists {
        for entry in bytes[at + 8..at + 8 + 8 * 513].chunks_exact_mut(8) {
            entry.copy_from_slice(&whole[at + 8..at + 16]);
        }
    }
    let seen = seen(&bytes);
    assert_eq!(seen.messages.len(), 12);
}

#[test]
fn what_begins_like_a_mailbox_need_not_be_one() {
    for bytes in [&b"!BDN"[..], b"!BDN\0\0\0\0AB\x17\0", b"!BDX\0\0\0\0SM\x17\0", b""] {
        assert!(!recognise(bytes));
        let seen = seen(bytes);
        assert_eq!((seen.messages.len(), seen.problems.len()), (0, 1));
    }
}

/// Writes the samples that fuzzing starts from: `cargo test -p observe --lib pst -- --ignored`.
#[test]
#[ignore = "writes into fuzz/corpus"]
fn seeds() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/pst");
    std::fs::create_dir_all(&corpus).unwrap();
    for (name, layout) in [("ansi", Layout::Ansi), ("unicode", Layout::Unicode), ("wide", Layout::Wide)] {
        std::fs::write(corpus.join(format!("seed-{name}")), written(layout, Coding::Plain)).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damaged_mailboxes_never_panic(layout in 0..LAYOUTS.len(), hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30)) {
        let (layout, coding) = LAYOUTS[layout];
        let mut bytes = written(layout, coding);
        for (at, byte) in &hits {
            let at = 180 + at.index(bytes.len() - 180);
            bytes[at] = *byte;
        }
        let once = seen(&bytes);
        prop_assert!(once.messages.len() <= 4);
        prop_assert_eq!(once, seen(&bytes));
    }
}
