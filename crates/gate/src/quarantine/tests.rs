use super::*;

fn new<'a>(id: &'a str, day: &str, recipients: &'a [String]) -> New<'a> {
    New {
        id,
        time: Time::parse(day).unwrap(),
        why: Why::Quarantined,
        client: "192.0.2.1".to_owned(),
        mail_from: "a@press.example",
        recipients,
        sender: "a@press.example",
        subject: "x",
        level: "critical",
        rules: &[],
        explanation: "test",
    }
}

fn act(what: What) -> Act<'static> {
    Act { time: Time::parse("2026-06-01").unwrap(), who: "ann", what, note: "" }
}

fn one() -> (tempfile::TempDir, Quarantine) {
    let folder = tempfile::tempdir().unwrap();
    let quarantine = Quarantine::open(&folder.path().join("q")).unwrap();
    (folder, quarantine)
}

fn originals(quarantine: &Quarantine) -> usize {
    store::list(&quarantine.dir).unwrap().len()
}

#[test]
fn what_was_kept_can_be_read_and_reading_is_written_down() {
    let (folder, mut quarantine) = one();
    let to = ["mp@parl.example".to_owned()];
    quarantine.keep(&new("1", "2026-05-01", &to), b"Subject: x\r\n\r\nbody").unwrap();
    drop(quarantine);
    let quarantine = Quarantine::existing(&folder.path().join("q")).unwrap();
    assert_eq!(quarantine.read("1", &act(What::Read)).unwrap(), b"Subject: x\r\n\r\nbody");
    let entry = quarantine.entry("1").unwrap();
    assert_eq!((entry.recipients, entry.state, entry.shared), (to.to_vec(), State::Held, 1));
    let acts = quarantine.acts("1").unwrap();
    assert_eq!((acts.len(), acts[0].1.as_str(), acts[0].2.as_str()), (1, "ann", "read"));
    for change in ["DELETE FROM act", "UPDATE act SET who = 'bob'"] {
        assert!(quarantine.index.execute(change, []).is_err(), "{change}");
    }
    assert!(matches!(quarantine.read("2", &act(What::Read)), Err(QuarantineError::Unknown(_))));
    assert!(matches!(Quarantine::existing(folder.path()), Err(QuarantineError::Io { .. })));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    fn walk(path: &Path, seen: &mut usize) {
        let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{}", path.display());
        *seen += 1;
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|file| walk(&file.unwrap().path(), seen));
        }
    }
    let (folder, mut quarantine) = one();
    quarantine.keep(&new("1", "2026-05-01", &[]), b"raw").unwrap();
    let _lock = quarantine.lock().unwrap();
    quarantine.secret(|bytes| bytes.fill(7)).unwrap();
    let mut seen = 0;
    walk(&folder.path().join("q"), &mut seen);
    // Folder, originals, one below, the original, partial, index with two side files, lock, secret.
    assert!(seen >= 10, "{seen}");
}

#[test]
fn one_original_serves_several_deliveries() {
    let (_folder, mut quarantine) = one();
    for id in ["1", "2"] {
        quarantine.keep(&new(id, "2026-05-01", &[]), b"raw").unwrap();
    }
    assert_eq!((originals(&quarantine), quarantine.entry("1").unwrap().shared), (1, 2));
    assert_eq!(quarantine.size().unwrap(), (1, 3));
    quarantine.delete("1", &act(What::Delete)).unwrap();
    assert_eq!(quarantine.read("2", &act(What::Read)).unwrap(), b"raw");
    assert!(matches!(quarantine.read("1", &act(What::Read)), Err(QuarantineError::Deleted(_))));
    quarantine.delete("2", &act(What::Delete)).unwrap();
    assert_eq!((originals(&quarantine), quarantine.size().unwrap()), (0, (0, 0)));
    assert_eq!(quarantine.entry("2").unwrap().by, "ann");
}

#[test]
fn a_stop_between_file_and_index_loses_nothing() {
    let (_folder, mut quarantine) = one();
    quarantine.keep(&new("1", "2026-05-01", &[]), b"entered").unwrap();
    let hash = model::hex(&Sha256::digest(b"orphan"));
    store::write(&quarantine.dir, &hash, "x", b"orphan").unwrap();
    std::fs::write(store::partial(&quarantine.dir).join("torn"), b"or").unwrap();
    let now = Time::parse("2026-05-02").unwrap();
    assert_eq!(quarantine.mend(now, || "9".to_owned()).unwrap(), ["9"]);
    assert_eq!(quarantine.mend(now, || "10".to_owned()).unwrap(), [""; 0]);
    assert_eq!(quarantine.read("9", &act(What::Read)).unwrap(), b"orphan");
    assert_eq!(quarantine.entry("9").unwrap().why, Why::Orphan);
    assert_eq!(std::fs::read_dir(store::partial(&quarantine.dir)).unwrap().count(), 0);
}

#[test]
fn an_original_that_was_changed_is_not_given_out() {
    let (_folder, mut quarantine) = one();
    quarantine.keep(&new("1", "2026-05-01", &[]), b"raw").unwrap();
    let path = store::path(&quarantine.dir, &quarantine.entry("1").unwrap().sha256);
    std::fs::write(path, b"bad").unwrap();
    assert!(matches!(quarantine.read("1", &act(What::Read)), Err(QuarantineError::Changed(_))));
}

#[test]
fn what_is_old_goes_and_later_its_entry() {
    let (_folder, mut quarantine) = one();
    for (id, day) in [("1", "2026-01-01"), ("2", "2026-03-01"), ("3", "2026-05-01")] {
        quarantine.keep(&new(id, day, &[]), id.as_bytes()).unwrap();
    }
    let day = |text| Time::parse(text).unwrap();
    let gone = quarantine.expire(day("2026-04-01"), day("2025-12-01"), &act(What::Delete)).unwrap();
    assert_eq!((gone, originals(&quarantine)), (2, 1));
    let of = |filter| quarantine.list(&filter).unwrap().into_iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!(of(Filter::default()), ["3", "2", "1"]);
    assert_eq!(of(Filter { state: Some(State::Deleted), ..Filter::default() }), ["2", "1"]);
    assert_eq!(of(Filter { since: Some(day("2026-02-01")), kept: true, ..Filter::default() }), ["3"]);
    assert_eq!(of(Filter { limit: 1, ..Filter::default() }), ["3"]);
    quarantine.expire(day("2026-04-01"), day("2026-07-01"), &act(What::Delete)).unwrap();
    assert_eq!(quarantine.list(&Filter::default()).unwrap().len(), 1);
}

#[test]
fn one_gate_at_a_time() {
    let (folder, quarantine) = one();
    let lock = quarantine.lock().unwrap();
    let other = Quarantine::open(&folder.path().join("q")).unwrap();
    assert!(matches!(other.lock(), Err(QuarantineError::Taken(_))));
    drop(lock);
    assert!(other.lock().is_ok());
}

#[test]
fn a_secret_is_made_once() {
    let (_folder, quarantine) = one();
    let secret = quarantine.secret(|bytes| bytes.fill(7)).unwrap();
    assert_eq!(quarantine.secret(|bytes| bytes.fill(8)).unwrap(), secret);
}

#[test]
fn a_mark_is_good_once_for_each_recipient() {
    let (_folder, mut quarantine) = one();
    let day = |text| Time::parse(text).unwrap();
    let (now, to) = (day("2026-05-01"), |name: &str| vec![name.to_owned()]);
    assert!(!quarantine.use_mark("m", &to("ann@parl.example"), now).unwrap(), "never given");
    quarantine.marked("m", day("2026-05-03")).unwrap();
    assert!(quarantine.use_mark("m", &to("ann@parl.example"), now).unwrap());
    assert!(!quarantine.use_mark("m", &to("ANN@parl.example"), now).unwrap());
    let both = vec!["bob@parl.example".to_owned(), "ann@parl.example".to_owned()];
    assert!(!quarantine.use_mark("m", &both, now).unwrap());
    assert!(quarantine.use_mark("m", &both[..1], now).unwrap(), "a refused use uses nothing");
    assert!(!quarantine.use_mark("m", &to("eve@parl.example"), day("2026-05-04")).unwrap());
    assert!(!quarantine.use_mark("m", &[], now).unwrap());
}
