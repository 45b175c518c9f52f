use std::net::IpAddr;

use mail::auth::Peer;
use mail::auth::live::{Entry, Live, Zone};
use serde::Deserialize;
use yaml_serde::Value;

use super::suite::{self, Pairs};

#[derive(Deserialize)]
struct Document {
    description: String,
    tests: Pairs<Test>,
    zonedata: Pairs<Vec<Value>>,
}

#[derive(Deserialize)]
struct Test {
    helo: String,
    host: String,
    mailfrom: String,
    result: OneOrMore,
    explanation: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// A text of the suite as bytes: it writes those above 127 as escapes.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|found| u8::try_from(u32::from(found)).unwrap()).collect()
}

fn joined(value: &Value) -> Vec<u8> {
    match value {
        Value::Sequence(all) => all.iter().flat_map(joined).collect(),
        value => bytes(value.as_str().unwrap()),
    }
}

fn zone(data: &Pairs<Vec<Value>>) -> Zone {
    let mut zone = Zone::default();
    for (name, records) in &data.0 {
        // Records of the type that is gone stand for TXT as well, unless the name has some of its own.
        let texts = records.iter().any(|record| record.get("TXT").is_some());
        for record in records {
            if record.as_str() == Some("TIMEOUT") {
                zone.add(name, Entry::Silence);
                continue;
            }
            let (kind, value) = record.as_mapping().unwrap().iter().next().unwrap();
            let text = || value.as_str().unwrap().to_owned();
            match kind.as_str().unwrap() {
                "TXT" if value.as_str() == Some("NONE") => {}
                "SPF" if texts => {}
                "TXT" | "SPF" => zone.add(name, Entry::Text(joined(value))),
                "A" | "AAAA" => zone.add(name, Entry::Address(text().parse().unwrap())),
                "MX" => {
                    let preference = value[0].as_u64().unwrap() as u16;
                    zone.add(name, Entry::Exchanger(preference, value[1].as_str().unwrap().to_owned()));
                }
                "PTR" => zone.add(name, Entry::Pointer(text())),
                "CNAME" => zone.add(name, Entry::Alias(text())),
                other => panic!("{other}"),
            }
        }
    }
    zone
}

#[tokio::test]
async fn the_spf_suite_comes_out_as_the_rfc_wants() {
    let Some(documents) = suite::read::<Document>("rfc7208-tests.yml") else { return };
    let (mut all, mut failed) = (0, Vec::new());
    for document in &documents {
        let live = Live::of_zone(zone(&document.zonedata)).unwrap();
        for (name, test) in &document.tests.0 {
            all += 1;
            let client: IpAddr = test.host.parse().unwrap();
            let peer =
                Peer { client, helo: &test.helo, mail_from: &test.mailfrom, host_name: "receiver.example" };
            let (verdict, explanation) = live.spf(&peer, 1_600_000_000).await;
            let wanted = match &test.result {
                OneOrMore::One(one) => std::slice::from_ref(one),
                OneOrMore::More(more) => &more[..],
            };
            if !wanted.iter().any(|wanted| wanted == verdict.word()) {
                failed.push((name.clone(), format!("{}: {verdict:?}, not {wanted:?}", document.description)));
                continue;
            }
            let given = explanation.as_deref().unwrap_or("DEFAULT");
            if test.explanation.as_ref().is_some_and(|wanted| wanted != given) {
                failed.push((name.clone(), format!("{given:?}, not {:?}", test.explanation)));
            }
        }
    }
    suite::compare("SPF", all, &failed);
}
