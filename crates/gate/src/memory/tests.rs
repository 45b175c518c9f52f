use mail::recon::Signature;

use super::*;

const DAYS: Days = Days { history: 730, mailings: 90 };
const TEXT: &str = "My editors asked me to collect the views of members of your group before the vote on \
    the sanctions bill, which our paper will report at length on its front page this weekend. Would you have \
    ten minutes for a call, or could your office send two sentences that we may quote in full?";

fn trace(number: u32) -> Trace {
    Trace {
        time: Some(Time::from_micros(i64::from(number) * 1_000_000)),
        sender: format!("s{number}@press.example"),
        domain: "press.example".to_owned(),
        text: Signature::of_text(TEXT, ""),
        tokens: vec![format!("t{number:08x}")],
        loads: true,
        ..Trace::default()
    }
}

fn take(memory: &Memory, number: u32, to: &str) -> (Option<u64>, Event) {
    let mut event = Event::default();
    let mailing = memory.take(&trace(number), &[to.to_owned()], &format!("<{number}>"), &mut event).unwrap();
    (mailing.and_then(|number| memory.mailing(number, Mailing::mailboxes)), event)
}

fn open(folder: &Path, most: usize) -> Memory {
    Memory::open(&folder.join("history.sqlite"), DAYS, most, Time::from_micros(1_000_000_000)).unwrap()
}

#[test]
fn mailings_go_on_after_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(folder.path(), 1000);
    assert_eq!(take(&memory, 1, "a@parl.example").0, Some(1));
    assert_eq!(take(&memory, 2, "b@parl.example").0, Some(2));
    memory.keep().unwrap();
    drop(memory);
    let memory = open(folder.path(), 1000);
    let (mailboxes, event) = take(&memory, 3, "c@parl.example");
    assert_eq!((mailboxes, memory.taken()), (Some(3), 3));
    assert_eq!(event.get("mail.mailing.mailboxes").unwrap().text, "3");
    assert_eq!(event.get("mail.from.domain_first_seen").unwrap().text, "false");
}

#[test]
fn a_message_that_comes_again_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(folder.path(), 1000);
    for _ in 0..3 {
        let (mailboxes, event) = take(&memory, 1, "a@parl.example");
        assert_eq!((mailboxes, memory.taken()), (Some(1), 1));
        assert_eq!(event.get("mail.from.first_seen").unwrap().text, "true");
    }
}

#[test]
fn each_recipient_is_a_mailbox() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(folder.path(), 1000);
    let to: Vec<String> = (0..3).map(|number| format!("mp{number}@parl.example")).collect();
    let mut event = Event::default();
    memory.take(&trace(1), &to, "<1>", &mut event).unwrap();
    assert_eq!(event.get("mail.mailing.mailboxes").unwrap().text, "3");
    let mut event = Event::default();
    memory
        .take(&trace(1), &["mp0@parl.example".to_owned(), "new@parl.example".to_owned()], "<2>", &mut event)
        .unwrap();
    assert_eq!(
        event.get("mail.pair.first_seen").unwrap().text,
        "true",
        "one of them did not know the sender"
    );
}

#[test]
fn the_oldest_messages_go_when_there_are_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(folder.path(), 10);
    for number in 0..10 {
        take(&memory, number, &format!("mp{number}@parl.example"));
    }
    assert!(memory.is_full());
    memory.renew().unwrap();
    assert_eq!(memory.taken(), 5);
    assert_eq!(take(&memory, 11, "new@parl.example").0, Some(6));
    memory.keep().unwrap();
    drop(memory);
    let again = open(folder.path(), 10);
    assert_eq!(again.taken(), 10, "the file keeps what memory leaves out");
}

#[test]
fn an_answer_makes_a_sender_known() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(folder.path(), 10);
    let own = Trace { sender: "a@parl.example".to_owned(), ..trace(1) };
    memory.sent(&own, &["S2@press.example".to_owned()]).unwrap();
    let (_, event) = take(&memory, 2, "a@parl.example");
    assert_eq!(event.get("mail.pair.answered").unwrap().text, "true");
}

#[test]
fn what_is_old_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(folder.path(), 10);
    take(&memory, 1, "a@parl.example");
    let later = Time::from_micros(1_000_000).plus_micros(800 * DAY);
    memory.forget(DAYS, later).unwrap();
    drop(memory);
    assert_eq!(open(folder.path(), 10).taken(), 0);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let memory = open(folder.path(), 10);
    take(&memory, 1, "a@parl.example");
    memory.keep().unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap()).collect();
    assert!(files.len() >= 2);
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{file:?}");
    }
}
