use std::collections::BTreeMap;

use mail::auth::live::{Entry, Live, Zone};
use mail::auth::{ArcKey, Evaluated, own_results, seal};
use serde::Deserialize;

use super::suite::{self, Pairs};

#[derive(Deserialize)]
struct Document<T> {
    tests: Pairs<T>,
    #[serde(rename = "txt-records")]
    records: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Validation {
    message: String,
    cv: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Signing {
    message: String,
    t: u64,
    sig_headers: String,
    srv_id: String,
    #[serde(rename = "AS")]
    seal: Option<String>,
    #[serde(rename = "AMS")]
    signature: Option<String>,
    #[serde(rename = "AAR")]
    results: Option<String>,
}

fn wire(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn zone(records: &BTreeMap<String, String>) -> Zone {
    let mut zone = Zone::default();
    for (name, text) in records {
        zone.add(name, Entry::Text(text.replace('\n', "").into_bytes()));
    }
    zone
}

#[tokio::test]
async fn the_arc_validation_suite_comes_out_as_the_rfc_wants() {
    let Some(documents) = suite::read::<Document<Validation>>("arc-draft-validation-tests.yml") else {
        return;
    };
    // Some names stand twice in a document; a name passes when all tests under it do.
    let mut outcome: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
    for (number, document) in documents.iter().enumerate() {
        let live = Live::of_zone(zone(&document.records)).unwrap();
        for (name, test) in &document.tests.0 {
            let failures = outcome.entry((number, name.clone())).or_default();
            // A chain that a seal itself calls failed has failed (RFC 8617, 5.2, step 2); the suite leaves it open.
            let wanted = test.cv.as_deref().unwrap_or_default().trim().to_lowercase();
            let wanted = if wanted.is_empty() { "fail" } else { &wanted };
            let chain = live.arc(&wire(&test.message)).await;
            if chain.state != wanted {
                failures.push(format!("{}, not {wanted}", chain.state));
            }
        }
    }
    let failed: Vec<(String, String)> = outcome
        .iter()
        .filter(|(_, failures)| !failures.is_empty())
        .map(|((_, name), failures)| (name.clone(), failures.join("; ")))
        .collect();
    suite::compare("ARC validation", outcome.len(), &failed);
}

/// Tags of a field without the white space, and without the signature when `signed` is false.
fn tags(value: &str) -> BTreeMap<String, String> {
    let plain: String = value.chars().filter(|found| !found.is_whitespace()).collect();
    let tags = plain.split(';').filter_map(|tag| tag.split_once('='));
    tags.filter(|(name, _)| *name != "b").map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|found| !found.is_whitespace()).collect()
}

/// The suite's key has 1024 bits, with which nobody should sign any more (RFC 8301, 3.2) and our key
/// reader refuses to. So each test is signed with a key of ours under the same name: all tags but the
/// signature must be those of the suite, hash of the body and repeated results among them, and our
/// signatures must hold. The suite's own signatures cannot serve: as printed, with the white space of
/// its results lost, dkimpy does not accept them either.
#[tokio::test]
async fn the_arc_signing_suite_comes_out_as_the_rfc_wants() {
    let Some(documents) = suite::read::<Document<Signing>>("arc-draft-sign-tests.yml") else { return };
    let (mut all, mut failed) = (0, Vec::new());
    for document in &documents {
        for (name, test) in &document.tests.0 {
            all += 1;
            if let Err(what) = sign(test).await {
                failed.push((name.clone(), what));
            }
        }
    }
    suite::compare("ARC signing", all, &failed);
}

async fn sign(test: &Signing) -> Result<(), String> {
    let headers: Vec<&str> = test.sig_headers.split(':').collect();
    let key = ArcKey::from_pem("example.org", "dummy", include_str!("../keys/rsa.pem")).unwrap();
    let key = key.with_headers(&headers);
    let raw = wire(&test.message);
    let header = own_results(&raw, &test.srv_id);
    // The suite's sealer believes what the server before it said of the chain.
    let arc = header.split("arc=").nth(1).map_or("none", |rest| rest.split([';', ' ']).next().unwrap());
    let evaluated = Evaluated { arc: arc.to_owned(), header: header.clone(), ..Evaluated::default() };
    let set = seal(&raw, &evaluated, &key, test.t, &test.srv_id);
    let wanted = (test.seal.as_deref().unwrap_or_default(), test.signature.as_deref().unwrap_or_default());
    if wanted.0.trim().is_empty() {
        return set.map_or(Ok(()), |_| Err("a set was added to a chain that ended".to_owned()));
    }
    let set = set.map_err(|error| error.to_string())?;
    for (at, wanted) in [(0, wanted.0), (1, wanted.1)] {
        if tags(&set[at].1) != tags(wanted) {
            return Err(format!("{:?}, not {:?}", tags(&set[at].1), tags(wanted)));
        }
    }
    let results = test.results.as_deref().unwrap_or_default();
    if squeezed(&set[2].1) != squeezed(results) {
        return Err(format!("{:?}, not {results:?}", set[2].1));
    }
    if arc == "fail" {
        return Ok(());
    }
    // Sets below ours are by the suite's key under the same name, so only a chain of one is ours alone.
    if arc == "none" {
        let mut zone = Zone::default();
        let (name, text) = key.record();
        zone.add(&name, Entry::Text(text.into_bytes()));
        let set: Vec<(&str, &str)> =
            set.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut sealed = Vec::new();
        for (name, value) in set {
            sealed.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        sealed.extend_from_slice(&raw);
        let chain = Live::of_zone(zone).unwrap().arc(&sealed).await;
        if chain.state != "pass" {
            return Err(format!("our own set: {}", chain.state));
        }
    }
    Ok(())
}

/// A changed and sealed message with the record of its key, for judges that are not ours: written to
/// the folder in `SEALED_DIR`, where one is named.
#[tokio::test]
async fn a_sealed_message_is_handed_to_other_judges() {
    let original = wire(
        "From: A <a@sender.example>\nTo: b@inside.example\nSubject: The budget\nDate: Tue, 12 Jan 2021 10:00:00 +0000\nMessage-ID: <1@sender.example>\nMIME-Version: 1.0\n\nHello  there\n\n\n",
    );
    let key = ArcKey::from_pem("inside.example", "arc", include_str!("../keys/rsa.pem")).unwrap();
    let (name, text) = key.record();
    let mut zone = Zone::default();
    zone.add(&name, Entry::Text(text.clone().into_bytes()));
    let live = Live::of_zone(zone).unwrap();
    let mut raw = original;
    for round in 1..=3 {
        let client = [198, 51, 100, 7].into();
        let evaluated = live
            .evaluate(&raw, client, "out.sender.example", "a@sender.example", "gate.inside.example")
            .await;
        raw.extend_from_slice(b"changed \t again\r\n");
        let set = seal(&raw, &evaluated, &key, 1_610_445_600 + round, "gate.inside.example").unwrap();
        let fields: Vec<String> = set.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        raw = [fields.concat().as_bytes(), &raw].concat();
    }
    assert_eq!(live.arc(&raw).await.state, "pass");
    if let Some(folder) = std::env::var_os("SEALED_DIR") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::write(folder.join("sealed.eml"), &raw).unwrap();
        std::fs::write(folder.join("record"), format!("{name}\n{text}\n")).unwrap();
    }
}
