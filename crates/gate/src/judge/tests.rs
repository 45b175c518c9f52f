use std::path::Path;

use detect::Loader;

use super::*;
use crate::door::Judge;
use crate::memory::Days;
use crate::quarantine::{Act, Filter, State, What, Why};

/// A rule for each level: it holds where a message is signed with the selector of that name.
fn rules() -> detect::RuleSet {
    let mut loader = Loader::new(detect::Placeholders::default());
    for (number, level) in Level::ALL.into_iter().enumerate() {
        let text = format!(
            "title: Test {level}\nid: 00000000-0000-4000-8000-00000000000{number}\nlogsource:\n    product: mail\n    \
             category: mail\ndetection:\n    selection:\n        mail.dkim.selector: gate-{level}\n    condition: \
             selection\nlevel: {level}\ntags:\n    - {}\n",
            if level == Level::Low { RECONNAISSANCE } else { "attack.t1598" }
        );
        loader.add(&format!("{level}.yml"), &text);
    }
    loader.finish()
}

const RECONNAISSANCE: &str = "portcullis.verdict.reconnaissance";

fn outside() -> Outside {
    Outside {
        now: || Time::parse("2026-03-25T12:00:00Z").unwrap(),
        random: |bytes| {
            use std::hash::BuildHasher;
            for chunk in bytes.chunks_mut(8) {
                let drawn = std::collections::hash_map::RandomState::new().hash_one(7).to_le_bytes();
                chunk.copy_from_slice(&drawn[..chunk.len()]);
            }
        },
        rules: |_, _| Ok(rules()),
    }
}

struct Scene {
    _folder: tempfile::TempDir,
    at: At,
}

fn scene(more: &str) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.toml");
    let text = format!(
        "[[milter]]\nlisten = \"127.0.0.1:1\"\n[dns]\noff = true\n[quarantine]\ndir = \"quarantine\"\n\
         [institution]\ndomains = [\"parl.example\"]\nrelays = [\"192.0.2.0/28\"]\n{more}"
    );
    std::fs::write(&path, text).unwrap();
    let (setup, _) = Setup::read(Path::new(&path), &outside()).unwrap();
    let quarantine = Quarantine::open(&setup.config.quarantine.dir).unwrap();
    let secret = quarantine.secret(outside().random).unwrap();
    let days = Days { history: 10, mailings: 10 };
    let memory = Memory::open(&folder.path().join("h.sqlite"), days, 1000, (outside().now)()).unwrap();
    let room = Arc::new(Room::new(outside(), setup, memory, quarantine, secret));
    Scene { _folder: folder, at: At { room, protocol: "test" } }
}

fn message(level: &str) -> Vec<u8> {
    format!(
        "X-Portcullis-Verdict: none; forged\r\nDKIM-Signature: v=1; a=rsa-sha256; d=press.example; s=gate-{level}; \
         h=from; bh=AA; b=AA\r\nFrom: Ann Writer <a@press.example>\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/html\r\n\r\n<p>Hello</p><img src=\"https://img.press.example/p?t=1\">\r\n"
    )
    .into_bytes()
}

fn envelope(to: &[&str]) -> Envelope {
    Envelope {
        mail_from: "a@press.example".to_owned(),
        recipients: to.iter().map(|to| (*to).to_owned()).collect(),
        client: "198.51.100.7".parse().ok(),
        ..Envelope::default()
    }
}

impl Scene {
    async fn judge(&self, raw: &[u8], to: &[&str]) -> Decision {
        self.at.judge(&envelope(to), raw.into()).await
    }

    async fn action(&self, level: &str) -> Action {
        let mut decision = self.judge(&message(level), &["mp@parl.example"]).await;
        assert_eq!(decision.copies.len(), 1, "{decision:?}");
        decision.copies.remove(0).action
    }

    fn kept(&self) -> Vec<(Why, Vec<String>)> {
        let list = self.at.room.quarantine().list(&Filter::default()).unwrap();
        list.into_iter().map(|entry| (entry.why, entry.recipients)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_clean_goes_on_as_it_came() {
    let scene = scene("");
    let forged = vec![("X-Portcullis-Verdict".to_owned(), 1)];
    let wanted = Action::Deliver { prepend: vec![], remove: forged, changed: None };
    assert_eq!(scene.action("none").await, wanted);
    assert_eq!(scene.action("informational").await, wanted);
    assert!(scene.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn medium_is_tagged() {
    let scene = scene("");
    let Action::Deliver { prepend, remove, changed: None } = scene.action("medium").await else { panic!() };
    assert!(prepend[0].1.starts_with("medium; tagged;\r\n\trules=Test medium;"), "{prepend:?}");
    assert_eq!((prepend.len(), remove.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn high_and_reconnaissance_are_made_harmless_and_the_original_is_kept() {
    let scene = scene("");
    for level in ["high", "low"] {
        let Action::Deliver { prepend, changed: Some(changed), .. } = scene.action(level).await else {
            panic!()
        };
        let text = String::from_utf8(changed).unwrap();
        assert!(!text.contains("img.press.example/p?t=1") && text.contains("Hello"), "{text}");
        assert!(!text.contains("none; forged"), "{text}");
        assert!(prepend[0].1.starts_with(&format!("{level}; neutralised;")), "{prepend:?}");
    }
    let to = || vec!["mp@parl.example".to_owned()];
    assert_eq!(scene.kept(), [(Why::Neutralised, to()), (Why::Neutralised, to())]);
    let none = self::scene("[policy]\nkeep_neutralised = false");
    none.action("high").await;
    assert!(none.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn critical_lies_in_quarantine_before_the_sender_is_told() {
    let scene = scene("");
    let Action::Quarantined { id } = scene.action("critical").await else { panic!() };
    let act = Act { time: (outside().now)(), who: "ann", what: What::Read, note: "" };
    assert_eq!(scene.at.room.quarantine().read(&id, &act).unwrap(), message("critical"));
    let entry = scene.at.room.quarantine().entry(&id).unwrap();
    assert_eq!(
        (entry.state, entry.level.as_str(), entry.client.as_str()),
        (State::Held, "critical", "198.51.100.7")
    );
    assert_eq!(entry.rules, ["Test critical"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_has_its_policy() {
    let scene = scene(
        "[policy]\ninformational = \"reject\"\nkeep_rejected = true\n[[group]]\nname = \"protected\"\n\
         recipients = [\"chair@parl.example\"]\npolicy = { medium = \"quarantine\" }\n",
    );
    let decision =
        scene.judge(&message("medium"), &["a@parl.example", "Chair@parl.example", "b@parl.example"]).await;
    let groups: Vec<_> = decision.copies.iter().map(|copy| copy.recipients.clone()).collect();
    assert_eq!(groups, [vec![0, 2], vec![1]]);
    assert!(matches!(decision.copies[0].action, Action::Deliver { .. }));
    assert!(matches!(decision.copies[1].action, Action::Quarantined { .. }));
    let Action::Reject { code: "5.7.1", .. } = scene.action("informational").await else { panic!() };
    assert_eq!(scene.kept().len(), 2, "the rejected original is kept where the policy says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let scene = scene("").dry();
    for level in ["medium", "high", "critical"] {
        let wanted = Action::Deliver { prepend: vec![], remove: vec![], changed: None };
        assert_eq!(scene.action(level).await, wanted);
    }
    assert!(scene.kept().is_empty());
    assert!(
        scene.at.room.metrics.text(&Default::default()).contains("action=\"dry-run\",level=\"critical\"")
    );
}

impl Scene {
    fn dry(self) -> Self {
        self.change(|config| config.dry_run = true)
    }

    fn change(self, change: impl FnOnce(&mut crate::config::Config)) -> Self {
        let mut setup = self.at.room.setup.write().unwrap();
        change(&mut Arc::get_mut(&mut setup).unwrap().config);
        drop(setup);
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_sender_passes() {
    let scene =
        scene("[[allow]]\nclient = \"198.51.100.0/24\"\nreason = \"own list\"\nexpires = \"2026-12-31\"\n");
    assert!(matches!(scene.action("critical").await, Action::Deliver { changed: None, .. }));
    let over = self::scene(
        "[[allow]]\nclient = \"198.51.100.0/24\"\nreason = \"own list\"\nexpires = \"2026-01-31\"\n",
    );
    assert!(matches!(over.action("critical").await, Action::Quarantined { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_comes_again() {
    let scene = scene("").change(|config| config.on_failure = OnFailure::Pass);
    let dir = scene.at.room.setup().config.quarantine.dir.clone();
    std::fs::remove_dir_all(dir.join("partial")).unwrap();
    assert!(
        matches!(scene.action("critical").await, Action::Defer { .. }),
        "hostile mail does not fail open"
    );
    assert!(matches!(scene.action("medium").await, Action::Deliver { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_that_fails_lets_the_sender_come_again_or_the_message_pass() {
    let late = |config: &mut crate::config::Config| config.limits.judge_seconds = 0;
    // Every slot is taken, or a quick judge may be done before the clock has moved at all.
    let busy = |scene: &Scene| {
        let slots = scene.at.room.slots.clone();
        let all = slots.available_permits() as u32;
        slots.try_acquire_many_owned(all).unwrap()
    };
    let scene = scene("").change(late);
    let _busy = busy(&scene);
    assert!(matches!(scene.action("critical").await, Action::Defer { .. }));
    let open = self::scene("").change(late).change(|config| config.on_failure = OnFailure::Pass);
    let _busy_too = busy(&open);
    assert_eq!(open.action("critical").await, treat::as_it_came());
    assert_eq!(open.at.room.metrics.failures.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused() {
    let scene = scene("").change(|config| config.limits.message_bytes = 100);
    assert!(matches!(scene.action("none").await, Action::Reject { code: "5.3.4", .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_message_passes_once() {
    let scene = scene("");
    let room = &scene.at.room;
    let raw = message("critical");
    let (value, expires) = mark::make(&room.secret, "m", &raw, (outside().now)());
    room.quarantine().marked("m", expires).unwrap();
    let marked = [b"Received: by mx\r\n".to_vec(), release::marked(&value, &raw)].concat();
    let decision = scene.judge(&marked, &["mp@parl.example"]).await;
    let Action::Deliver { prepend, remove, changed: None } = &decision.copies[0].action else { panic!() };
    assert!(prepend.is_empty());
    assert_eq!(*remove, [("X-Portcullis-Release".to_owned(), 1)], "what the gate said itself stays");
    let again = scene.judge(&marked, &["mp@parl.example"]).await;
    assert!(matches!(again.copies[0].action, Action::Quarantined { .. }));
    let forged = release::marked("m2; t=9999999999; mac=00", &raw);
    let decision = scene.judge(&forged, &["mp@parl.example"]).await;
    assert!(matches!(decision.copies[0].action, Action::Quarantined { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_judged_too() {
    let scene = scene("");
    for raw in [&b""[..], b"\r\n", b"\0\xff", b"no header at all", b"From\r\n\r\n"] {
        let decision = scene.judge(raw, &["mp@parl.example"]).await;
        assert!(matches!(decision.copies[0].action, Action::Deliver { changed: None, .. }), "{raw:?}");
    }
    let nobody = scene.judge(b"x", &[]).await;
    assert!(nobody.copies.iter().all(|copy| copy.recipients.is_empty()));
}
