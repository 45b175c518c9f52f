//! What indicators cost: the same events against one, a few, and a hundred thousand.

use detect::{IndicatorLoader, Indicators};
use divan::Bencher;
use divan::counter::ItemsCount;
use model::Event;

fn main() {
    divan::main();
}

const EVENTS: u32 = 4_000;

/// Indicators of each kind in turn, none of which the events hold.
fn indicators(count: u32) -> Indicators {
    let mut objects = String::new();
    for number in 0..count {
        let (a, b, c) = (number >> 16 & 255, number >> 8 & 255, number & 255);
        let pattern = match number % 8 {
            0 => format!("[ipv4-addr:value = '100.{a}.{b}.{c}']"),
            1 => format!("[domain-name:value = 'host{number}.evil.example']"),
            2 => format!("[file:hashes.'SHA-256' = '{number:064x}']"),
            3 => format!("[url:value = 'http://evil.example/gate/{number}']"),
            4 => format!("[email-addr:value = 'sender{number}@evil.example']"),
            5 => format!("[file:name = 'dropper{number}.exe']"),
            6 => format!(
                "[network-traffic:dst_ref.value = '101.{a}.{b}.{c}' AND network-traffic:dst_port = 443]"
            ),
            _ => format!("[process:command_line LIKE '%evil-argument-{number}%']"),
        };
        objects +=
            &format!("{{\"type\":\"indicator\",\"id\":\"indicator--{number}\",\"pattern\":\"{pattern}\"}}\n");
    }
    let mut loader = IndicatorLoader::default();
    loader.add("bench.jsonl", objects.as_bytes());
    let indicators = loader.finish();
    assert_eq!((indicators.infos().len(), indicators.rejected().len()), (count as usize, 0));
    indicators
}

/// Web requests, processes, connections and mails, a quarter each.
fn events() -> Vec<Event> {
    (0..EVENTS)
        .map(|number| {
            let mut event = Event::default();
            let fields: &[(&str, String)] = &match number % 4 {
                0 => [
                    ("c-ip", format!("10.1.{}.{}", number >> 8 & 255, number & 255)),
                    ("cs-method", "POST".to_owned()),
                    ("cs-uri-stem", "/owa/auth/logon.aspx".to_owned()),
                    ("cs-uri-query", format!("replaceCurrent=1&url=https%3a%2f%2fmail.corp.example%2fowa%2f&id={number}")),
                    ("cs-user-agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/91.0.4472.124 Safari/537.36".to_owned()),
                    ("sc-status", "200".to_owned()),
                ],
                1 => [
                    ("Image", r"C:\Windows\System32\svchost.exe".to_owned()),
                    ("CommandLine", format!(r"C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule{number}")),
                    ("Hashes", format!("SHA1={number:040x},MD5={number:032x},SHA256={:064x}", u64::from(number) << 32)),
                    ("User", r"NT AUTHORITY\SYSTEM".to_owned()),
                    ("ParentImage", r"C:\Windows\System32\services.exe".to_owned()),
                    ("Computer", "FS01.corp.example".to_owned()),
                ],
                2 => [
                    ("SourceIp", format!("10.2.{}.{}", number >> 8 & 255, number & 255)),
                    ("DestinationIp", format!("192.0.2.{}", number & 255)),
                    ("DestinationPort", "443".to_owned()),
                    ("Image", r"C:\Program Files\Browser\browser.exe".to_owned()),
                    ("DestinationHostname", format!("cdn{number}.content.example")),
                    ("Computer", "PC0042.corp.example".to_owned()),
                ],
                _ => [
                    ("sender-address", format!("person{number}@partner.example")),
                    ("recipient-address", "ann@corp.example".to_owned()),
                    ("message-subject", "Minutes of the last meeting and the agenda of the next".to_owned()),
                    ("message-id", format!("<{number:032x}@mail.partner.example>")),
                    ("client-ip", "198.51.100.7".to_owned()),
                    ("server-hostname", "EX01".to_owned()),
                ],
            };
            fields.iter().for_each(|(name, value)| event.push_str(name, value));
            event
        })
        .collect()
}

#[divan::bench(args = [1, 8, 1_000, 100_000], sample_count = 20)]
fn look(bencher: Bencher<'_, '_>, count: u32) {
    let (indicators, events) = (indicators(count), events());
    bencher
        .counter(ItemsCount::new(events.len()))
        .bench_local(|| events.iter().map(|event| indicators.look(event).matches.len()).sum::<usize>());
}

#[divan::bench(args = [100_000], sample_count = 3, sample_size = 1)]
fn load(bencher: Bencher<'_, '_>, count: u32) {
    bencher.counter(ItemsCount::new(count)).bench_local(|| indicators(count));
}
