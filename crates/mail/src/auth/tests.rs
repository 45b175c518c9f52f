use std::time::Duration;

use mail_parser::MessageParser;
use model::Event;
use proptest::prelude::*;

use super::live::{Entry, Live, Zone};
use super::results::{self, parse};
use super::*;

fn settings(text: &str) -> Settings {
    Settings::parse(text).unwrap()
}

fn facts(raw: &[u8], settings: &Settings, about: &About<'_>) -> (Way, Event) {
    let mut event = Event::default();
    let way = MessageParser::default()
        .parse(raw)
        .map(|message| read(&message, raw, settings, about, &mut event))
        .unwrap_or_default();
    (way, event)
}

fn all(event: &Event, name: &str) -> Vec<String> {
    event.get_all(name).map(|value| value.text.to_owned()).collect()
}

const HONEST: &str = "Received: from relay.inside.example (relay.inside.example [10.0.0.5])\r\n \
by store.inside.example with LMTP id 3; Tue, 12 Jan 2021 10:00:09 +0000\r\n\
Received: from out.sender.example (out.sender.example [198.51.100.7])\r\n \
by relay.inside.example with ESMTPS id 2; Tue, 12 Jan 2021 10:00:05 +0000\r\n\
Authentication-Results: relay.inside.example;\r\n spf=pass smtp.mailfrom=bounce@news.sender.example;\r\n \
dkim=pass header.d=sender.example header.s=s1; dmarc=pass (p=REJECT sp=NONE) header.from=sender.example\r\n\
DKIM-Signature: v=1; a=rsa-sha256; d=Sender.example; s=s1; h=from; bh=AA==; b=AA==\r\n\
Received: from desk (desk [192.0.2.9]) by out.sender.example with ESMTPSA; Tue, 12 Jan 2021 10:00:01 +0000\r\n\
From: A <a@sender.example>\r\nTo: b@inside.example\r\nSubject: s\r\nDate: Tue, 12 Jan 2021 10:00:00 +0000\r\n\
Message-ID: <1@sender.example>\r\n\r\nHello\r\n";

#[test]
fn hops_are_believed_as_far_as_the_institution_wrote_them() {
    for (text, outside, received) in [
        ("hosts = ['inside.example']", Some("198.51.100.7"), "2021-01-12T10:00:05Z"),
        ("relays = ['10.0.0.0/8']", Some("198.51.100.7"), "2021-01-12T10:00:05Z"),
        ("", None, "2021-01-12T10:00:09Z"),
        ("hosts = ['side.example']", Some("198.51.100.7"), "2021-01-12T10:00:05Z"),
    ] {
        let (way, event) = facts(HONEST.as_bytes(), &settings(text), &About::default());
        assert_eq!(way.client.map(|client| client.to_string()).as_deref(), outside, "{text}");
        assert_eq!(way.received, Some(Time::parse(received).unwrap()), "{text}");
        assert_eq!(
            all(&event, "mail.hop.by"),
            ["store.inside.example", "relay.inside.example", "out.sender.example"]
        );
        assert_eq!(all(&event, "mail.hop.address"), ["10.0.0.5", "198.51.100.7", "192.0.2.9"]);
        assert_eq!(all(&event, "mail.hops"), ["3"]);
        assert_eq!(all(&event, "mail.header.odd"), Vec::<String>::new());
    }
    let door = About { client: Some([203, 0, 113, 4].into()), ..About::default() };
    assert_eq!(facts(HONEST.as_bytes(), &Settings::default(), &door).0.client, door.client);
}

#[test]
fn results_count_only_where_a_trusted_server_wrote_them() {
    let trusting = settings("hosts = ['inside.example']\nauthserv_ids = ['RELAY.inside.example']");
    let (_, event) = facts(HONEST.as_bytes(), &trusting, &About::default());
    for (name, value) in [
        ("mail.auth.source", "trusted-results"),
        ("mail.auth.spf", "pass"),
        ("mail.auth.spf_domain", "news.sender.example"),
        ("mail.auth.spf_aligned", "true"),
        ("mail.auth.dkim", "pass"),
        ("mail.auth.dkim_domain", "sender.example"),
        ("mail.auth.dkim_aligned", "true"),
        ("mail.auth.dmarc", "pass"),
        ("mail.auth.dmarc_policy", "reject"),
        ("mail.auth.authenticated", "true"),
        ("mail.dkim.signed", "true"),
        ("mail.dkim.signing_domain", "sender.example"),
        ("mail.dkim.selector", "s1"),
        ("mail.arc.sets", "0"),
    ] {
        assert_eq!(all(&event, name), [value], "{name}");
    }
    assert!(event.get("mail.auth.forged_results").is_none());

    let (_, event) = facts(HONEST.as_bytes(), &Settings::default(), &About::default());
    assert_eq!(all(&event, "mail.auth.source"), ["none"]);
    assert!(event.get("mail.auth.dmarc").is_none() && event.get("mail.auth.authenticated").is_none());

    // The same words below a hop of the sender's, below the author's fields, or against those above.
    let forged =
        "Authentication-Results: relay.inside.example; dmarc=pass; dkim=pass header.d=sender.example\r\n";
    for (place, own) in [("From: A", false), ("To: b", false), ("DKIM-Signature:", true)] {
        let own_results =
            HONEST.find("Authentication-Results").unwrap()..HONEST.find("DKIM-Signature").unwrap();
        let mut text = HONEST.to_owned();
        let real = if own { HONEST[own_results.clone()].replace("=pass", "=fail") } else { String::new() };
        text.replace_range(own_results, &real);
        let text = text.replacen(place, &format!("{forged}{place}"), 1);
        let (_, event) = facts(text.as_bytes(), &trusting, &About::default());
        assert_eq!(all(&event, "mail.auth.forged_results"), ["true"], "{place}");
        assert_ne!(all(&event, "mail.auth.authenticated"), ["true"], "{place}");
    }
}

#[test]
fn what_the_door_evaluated_goes_before_what_the_message_says() {
    let evaluated = Evaluated {
        spf: "pass".into(),
        dkim: vec![("fail".into(), "sender.example".into(), "s".into())],
        dmarc: "fail".into(),
        dmarc_policy: "none".into(),
        arc: "none".into(),
        header: "gate.inside.example; spf=pass smtp.mailfrom=other.example; dmarc=fail".into(),
    };
    let trusting = settings("authserv_ids = ['relay.inside.example']");
    let about = About { evaluated: Some(&evaluated), ..About::default() };
    let (_, event) = facts(HONEST.as_bytes(), &trusting, &about);
    assert_eq!(all(&event, "mail.auth.source"), ["door"]);
    assert_eq!(all(&event, "mail.auth.spf_domain"), ["other.example"]);
    assert_eq!(all(&event, "mail.auth.authenticated"), ["false"]);
}

#[test]
fn results_of_large_servers_are_read() {
    for (text, server, wanted) in [
        (
            "mx.example 1; spf=pass (a; b=c (d)) smtp.mailfrom=\"x y\"@s.example; dkim/1=fail reason=\"bad; sig\" header.d=s.example",
            "mx.example",
            "spf=pass smtp.mailfrom=x y@s.example|dkim=fail reason=bad; sig header.d=s.example",
        ),
        (
            " spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=s.example; dkim=none (message not signed)\r\n header.d=none;dmarc=pass action=none header.from=s.example;compauth=pass reason=100",
            "",
            "spf=pass smtp.mailfrom=s.example|dkim=none header.d=none|dmarc=pass action=none header.from=s.example|compauth=pass reason=100",
        ),
        (
            "mx.large.example;\r\n dkim=pass header.i=@s.example header.s=k1 header.b=Ab/c+d=;\r\n arc=pass (i=1 spf=pass dkim=pass)",
            "mx.large.example",
            "dkim=pass header.i=@s.example header.s=k1 header.b=Ab/c+d=|arc=pass",
        ),
        ("mx.example; none", "mx.example", ""),
        ("MX.Example;;; =x; a==b; (unclosed", "mx.example", "a=b"),
        ("", "", ""),
    ] {
        let found = parse(text.as_bytes());
        let shown: Vec<String> = found
            .all
            .iter()
            .map(|one| {
                let more: Vec<String> =
                    one.properties.iter().map(|(name, value)| format!(" {name}={value}")).collect();
                format!("{}={}{}", one.method, one.result, more.concat())
            })
            .collect();
        assert_eq!((found.server.as_str(), shown.join("|").as_str()), (server, wanted), "{text}");
    }
    assert_eq!(
        results::of_own(
            b"Authentication-Results: a.example; spf=pass;\n dkim=pass;\nAuthentication-Results: b.example; x=y\nAuthentication-Results: A.example; dmarc=pass\n\n",
            "a.example"
        ),
        "a.example; spf=pass; dkim=pass; dmarc=pass"
    );
}

#[test]
fn oddities_are_told_by_name() {
    let long = format!("X-Long: {}\r\n", "a".repeat(999));
    let wide = "X-A: b\r\n".repeat(1001);
    for (from, to, wanted) in [
        ("To: b@", "From: c@sender.example\r\nTo: b@", "duplicate-from"),
        ("To: b@", "Date: Tue, 12 Jan 2021 10:00:00 +0000\r\nTo: b@", "duplicate-date"),
        ("To: b@", "Subject: t\r\nTo: b@", "duplicate-subject"),
        ("To: b@", "To: c@inside.example\r\nTo: b@", "duplicate-to"),
        ("To: b@", "Message-ID: <1@sender.example>\r\nTo: b@", "duplicate-message-id"),
        ("Date: Tue, 12 Jan 2021 10:00:00 +0000\r\n", "", "missing-date"),
        ("Message-ID: <1@sender.example>\r\n", "", "missing-message-id"),
        ("<1@sender.example>", "<1@other.example>", "message-id-domain"),
        ("Subject: s", "Subject: s\rt", "bare-cr"),
        ("Subject: s\r\n", "Subject: s\n", "bare-lf"),
        ("Subject: s", "Subject: \0s", "nul"),
        ("Subject: s", "Subject: \u{e9}", "eight-bit"),
        ("To: b@", &format!("{long}To: b@"), "long-line"),
        ("To: b@", &format!("{wide}To: b@"), "too-large"),
        ("12 Jan 2021 10:00:01", "14 Jan 2021 10:00:01", "received-backwards"),
        ("12 Jan 2021 10:00:00", "8 Jan 2021 10:00:00", "date-far-from-received"),
        ("A <a@sender.example>", "=?utf-8?q?A_=3Ca=40sender.example=3E?=", "encoded-address"),
        (
            "\r\n\r\nHello",
            "\r\n\r\nMIME-Version: 1.0\r\nFrom: x@y.example\r\n\r\nHello",
            "header-after-blank",
        ),
    ] {
        let text = HONEST.replacen(from, to, 1);
        assert_ne!(text, HONEST, "{wanted}");
        let (_, event) = facts(text.as_bytes(), &settings("hosts = ['inside.example']"), &About::default());
        let odd = all(&event, "mail.header.odd");
        assert!(odd.iter().any(|found| found == wanted), "{wanted}: {odd:?}");
        assert!(odd.len() <= 2, "{wanted}: {odd:?}");
    }
}

#[test]
fn every_fact_stands_in_the_table() {
    let known: Vec<String> = crate::facts().into_iter().map(|fact| fact.name).collect();
    let trusting = settings("hosts = ['inside.example']\nauthserv_ids = ['relay.inside.example']");
    let (_, event) = facts(HONEST.as_bytes(), &trusting, &About::default());
    for (name, _) in event.fields() {
        assert!(known.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn a_torn_message_is_read_at_every_length() {
    let trusting = settings("hosts = ['inside.example']\nauthserv_ids = ['relay.inside.example']");
    for length in 0..HONEST.len() {
        let (_, event) = facts(&HONEST.as_bytes()[..length], &trusting, &About::default());
        assert!(event.raw_fields().len() < 60);
    }
}

fn staged(key: &ArcKey) -> Zone {
    let mut zone = Zone::default();
    let (name, text) = key.record();
    zone.add(&name, Entry::Text(text.into_bytes()));
    zone.add("sender.example", Entry::Text(b"v=spf1 ip4:198.51.100.7 -all".to_vec()));
    zone.add("_dmarc.sender.example", Entry::Text(b"v=DMARC1; p=reject".to_vec()));
    zone
}

const PEMS: [&str; 2] =
    [include_str!("../../tests/it/keys/rsa.pem"), include_str!("../../tests/it/keys/ed25519.pem")];

#[tokio::test]
async fn a_changed_message_is_sealed_again_and_again_and_holds() {
    for pem in PEMS {
        let key = ArcKey::from_pem("inside.example", "arc", pem).unwrap();
        let live = Live::of_zone(staged(&key)).unwrap();
        let client = [198, 51, 100, 7].into();
        let mut raw = HONEST.as_bytes().to_vec();
        for round in 1..=3 {
            let evaluated = live
                .evaluate(&raw, client, "out.sender.example", "a@sender.example", "gate.inside.example")
                .await;
            assert_eq!(evaluated.spf, "pass");
            assert_eq!((evaluated.dmarc.as_str(), evaluated.dmarc_policy.as_str()), ("pass", "reject"));
            assert_eq!(evaluated.arc, if round == 1 { "none" } else { "pass" });
            let read = parse(evaluated.header.as_bytes());
            assert_eq!(read.server, "gate.inside.example");
            // Every change breaks the signature below; the newest has to hold.
            raw.extend_from_slice(b"changed  \t\r\n\r\n");
            let set = seal(&raw, &evaluated, &key, 1_610_445_600, "gate.inside.example").unwrap();
            let mut sealed = Vec::new();
            for (name, value) in &set {
                let field = format!("{name}: {value}\r\n");
                assert!(field.lines().all(|line| line.len() <= 998));
                sealed.extend_from_slice(field.as_bytes());
            }
            sealed.extend_from_slice(&raw);
            raw = sealed;
            let chain = live.arc(&raw).await;
            assert_eq!((chain.state, chain.sets), ("pass", round));
            // Another judge.
            assert_eq!(theirs(&raw, &key).await, mail_auth::DkimResult::Pass, "round {round}");
        }
        for (from, to) in [("Subject: s", "Subject: t"), ("changed", "Changed"), ("spf=pass", "spf=fail")] {
            let broken = String::from_utf8(raw.clone()).unwrap().replacen(from, to, 1);
            assert_eq!(live.arc(broken.as_bytes()).await.state, "fail", "{from}");
        }
    }
}

/// What the library says of a chain.
async fn theirs(raw: &[u8], key: &ArcKey) -> mail_auth::DkimResult {
    use mail_auth::common::parse::TxtRecordParser as _;
    struct Cache(std::collections::HashMap<Box<str>, mail_auth::Txt>);
    impl mail_auth::ResolverCache<Box<str>, mail_auth::Txt> for Cache {
        fn get<Q>(&self, name: &Q) -> Option<mail_auth::Txt>
        where
            Box<str>: std::borrow::Borrow<Q>,
            Q: std::hash::Hash + Eq + ?Sized,
        {
            self.0.get(name).cloned()
        }
        fn remove<Q>(&self, _: &Q) -> Option<mail_auth::Txt>
        where
            Box<str>: std::borrow::Borrow<Q>,
            Q: std::hash::Hash + Eq + ?Sized,
        {
            None
        }
        fn insert(&self, _: Box<str>, _: mail_auth::Txt, _: std::time::Instant) {}
    }
    let (name, text) = key.record();
    let record = mail_auth::common::verify::DomainKey::parse(text.as_bytes());
    let cache = Cache([(format!("{name}.").into_boxed_str(), record.into())].into());
    let nobody = hickory_resolver::config::ResolverConfig::from_parts(None, vec![], vec![]);
    let judge = mail_auth::MessageAuthenticator::new(nobody, Default::default()).unwrap();
    let message = mail_auth::AuthenticatedMessage::parse(raw).unwrap();
    judge.verify_arc(mail_auth::Parameters::new(&message).with_txt_cache(&cache)).await.result().clone()
}

#[tokio::test]
async fn a_broken_chain_is_sealed_as_failed_once_and_keys_must_be_fit() {
    let key = ArcKey::from_pem("inside.example", "arc", PEMS[1]).unwrap();
    let evaluated = Evaluated { arc: "fail".into(), ..Evaluated::default() };
    let set = seal(HONEST.as_bytes(), &evaluated, &key, 1, "gate.inside.example").unwrap();
    assert!(set[0].1.contains("cv=fail"));
    let fields: Vec<String> = set.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let sealed = format!("{}{HONEST}", fields.concat());
    assert!(matches!(seal(sealed.as_bytes(), &evaluated, &key, 2, "x"), Err(SealError::Chain(_))));
    let lost = Evaluated { arc: "temperror".into(), ..Evaluated::default() };
    assert!(seal(HONEST.as_bytes(), &lost, &key, 2, "x").is_err());
    for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "junk"] {
        assert!(ArcKey::from_pem("inside.example", "arc", pem).is_err());
    }
}

#[tokio::test]
async fn trouble_with_names_is_a_result() {
    // A server that never answers.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let live = Live::of_servers(&[silent.local_addr().unwrap()], Duration::from_millis(300)).unwrap();
    let client = [198, 51, 100, 7].into();
    let evaluated =
        live.evaluate(HONEST.as_bytes(), client, "h.example", "a@sender.example", "g.example").await;
    assert_eq!((evaluated.spf.as_str(), evaluated.dmarc.as_str()), ("temperror", "temperror"));
    assert_eq!(evaluated.arc, "none");
}

#[tokio::test]
async fn what_the_sender_chose_cannot_add_to_the_results() {
    let live = Live::of_zone(Zone::default()).unwrap();
    let client = [198, 51, 100, 7].into();
    let sender = "a@x; dmarc=pass header.from=bank.example\r\nX: y";
    let evaluated = live.evaluate(HONEST.as_bytes(), client, "h", sender, "gate.example").await;
    let read = parse(evaluated.header.as_bytes());
    let methods: Vec<&str> = read.all.iter().map(|one| one.method.as_str()).collect();
    assert_eq!(methods, ["spf", "dkim", "dmarc", "arc"]);
    assert!(!evaluated.header.contains(['\r', '\n']) && evaluated.dmarc != "pass");
}

proptest! {
    #[test]
    fn any_results_are_read(text in "[a-z=;/.()\"\\\\ \r\n@-]{0,200}") {
        let found = parse(text.as_bytes());
        prop_assert!(found.all.iter().all(|one| !one.method.is_empty() && !one.result.is_empty()));
    }

    #[test]
    fn any_header_is_read(text in "(Received|From|Date|ARC-Seal|Message-ID|Authentication-Results|DKIM-Signature)?[: ;=<>@\r\na-z0-9\\[\\]-]{0,120}(\r\n[ -~]{0,40}){0,4}") {
        let trusting = settings("authserv_ids = ['a']");
        let (_, event) = facts(text.as_bytes(), &trusting, &About::default());
        prop_assert!(event.raw_fields().len() < 200);
    }

    #[test]
    fn any_chain_is_judged(text in "(ARC-Seal|ARC-Message-Signature|ARC-Authentication-Results): (i=[0-9]{0,3}; ?)?([a-z]{1,2}=[a-z0-9/]{0,9};? ?){0,8}\r\n\r\n") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let live = runtime.block_on(async { Live::of_zone(Zone::default()).unwrap().arc(text.as_bytes()).await });
        prop_assert_eq!(live.state, "fail");
    }
}
