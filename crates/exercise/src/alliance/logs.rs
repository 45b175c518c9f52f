//! The logs that are left of what the owners' machines asked for: web proxies and name servers.

use std::collections::BTreeMap;

use model::Time;

use super::boxes::Open;
use super::hostile::Campaign;
use super::world::World;
use crate::ExerciseError;
use crate::batch::{Batch, put};
use crate::calendar::{Rhythm, SECOND, Stamp};
use crate::dice::Dice;
use crate::formats::fixed;
use crate::formats::proxy::Request;
use crate::store::{Store, Target};
use crate::truth::Hostile;

const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.150 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 14_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:78.0) Gecko/20100101 Thunderbird/78.7.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:86.0) Gecko/20100101 Firefox/86.0",
];

const ZEEK: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\tquery\tqtype_name\trcode_name\tanswers\n\
    #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tstring\tstring\tstring\tvector[string]\n";

/// Writes the logs, adds what the campaign left in them, and returns how many records there are.
pub(super) fn write(
    world: &World,
    campaign: &Campaign,
    scale: f64,
    opens: &[Open],
    store: &mut Store<'_>,
    hostile: &mut Vec<Hostile>,
) -> Result<u64, ExerciseError> {
    let mut dice = world.dice("logs", 0);
    // A log by house and month for the proxy; one by house for names.
    let mut proxies: BTreeMap<(usize, String), Batch> = BTreeMap::new();
    let mut names: BTreeMap<usize, Batch> = BTreeMap::new();
    let mut all: Vec<Open> = browsing(world, scale, &mut dice);
    all.extend_from_slice(opens);
    let mut records = 0;
    for open in &all {
        let house = world.owners[usize::from(open.owner)].parliament;
        let mark = open.hostile.map_or(0, |number| number + 1);
        let mut own = Dice::new(world.seed, &format!("log-{}-{}", open.url, open.micros));
        let (scheme, rest) = open.url.split_once("://").unwrap_or(("https", &open.url));
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let net = &world.house(open.owner).net;
        let client = format!("{net}.{}", 100 + open.owner % 150);
        let picture = open.hostile.is_some() || path.contains(['?', '.']);
        let month = Stamp::new(open.micros).date()[..7].to_owned();
        // What is seen depends on how a machine goes out; a token in a host's name shows in either.
        let named = own.within(0..10) < 4;
        let asked = !named || own.once_in(2);
        if asked {
            let batch = proxies.entry((house, month)).or_default();
            batch.mark = mark;
            Request {
                client: &client,
                user: world.person(open.owner).address.split('@').next().unwrap_or_default(),
                method: "GET",
                scheme,
                host,
                path,
                status: 200,
                agent: AGENTS[(usize::from(open.owner) + own.below(2)) % AGENTS.len()],
                kind: if picture { "image/gif" } else { "text/html" },
                sent: 120 + own.within(0..9000),
                received: 300 + own.within(0..900),
                taken: 5 + own.within(0..400),
            }
            .add(batch, open.micros);
            records += 1;
        }
        let labels = host.split('.').next().unwrap_or_default();
        let token_in_host = mark > 0 && labels.len() >= 12;
        if named || token_in_host {
            let batch = names.entry(house).or_default();
            batch.mark = if token_in_host { mark } else { 0 };
            let number = fixed(host);
            batch.add(open.micros - SECOND / 20, |out| {
                put!(
                    out,
                    "{}.{:06}\tC{:016x}\t{client}\t{}\t{net}.53\t53\tudp\t{}\t{host}\tA\tNOERROR\t203.0.113.{}",
                    open.micros / SECOND,
                    open.micros % SECOND,
                    own.word(),
                    1024 + own.within(0..60_000),
                    own.within(0..65_000),
                    20 + number % 200
                );
            });
            records += 1;
        }
    }
    for ((house, month), mut batch) in proxies {
        let path = format!("network/{}/proxy-{month}.jsonl", world.tables.data.parliament[house].key);
        let bytes = lines(world, campaign, &mut batch, &path, String::new(), 1000, hostile);
        let last = batch.entries.last().map_or(0, |entry| entry.micros);
        store.put(&Target { path, archive: None }, &bytes, last)?;
    }
    for (house, mut batch) in names {
        let path = format!("network/{}/dns.log", world.tables.data.parliament[house].key);
        let bytes = lines(world, campaign, &mut batch, &path, ZEEK.to_owned(), 1, hostile);
        let last = batch.entries.last().map_or(0, |entry| entry.micros);
        store.put(&Target { path, archive: None }, &bytes, last)?;
    }
    Ok(records)
}

fn lines(
    world: &World,
    campaign: &Campaign,
    batch: &mut Batch,
    path: &str,
    head: String,
    resolution: i64,
    hostile: &mut Vec<Hostile>,
) -> Vec<u8> {
    batch.sort();
    let first = head.matches('\n').count() as u64 + 1;
    let mut bytes = head.into_bytes();
    for (record, entry) in (first..).zip(&batch.entries) {
        bytes.extend_from_slice(batch.payload(entry));
        bytes.push(b'\n');
        let Some(number) = entry.mark.checked_sub(1) else { continue };
        let (sender, _) = campaign.claims(number);
        let owner = world.person(campaign.sent[number as usize].owner);
        hostile.push(Hostile {
            path: path.to_owned(),
            record,
            time: Time::from_micros(entry.micros.div_euclid(resolution) * resolution),
            technique: "T1592.004".to_owned(),
            fact: format!("{} opened a mail of {sender}, which told who, when and on what", owner.address),
            mail: None,
        });
    }
    bytes
}

/// What people look at besides their mail.
fn browsing(world: &World, scale: f64, dice: &mut Dice) -> Vec<Open> {
    let wanted = (world.tables.volume("browsing") as f64 * scale) as u64;
    let data = &world.tables.data;
    (0..wanted)
        .map(|_| {
            let host = match dice.below(3) {
                0 => &dice.one(&data.outlet).domain,
                1 => &dice.one(&data.parliament).domain,
                _ => dice.one(&world.tables.names.outside_domains),
            };
            let page = dice.pick(&[
                "",
                "news",
                "search?q=order+paper",
                "assets/site.css",
                "img/logo.svg",
                "live",
                "members",
            ]);
            let url = format!("https://www.{host}/{page}");
            Open {
                micros: world.moment(dice, Rhythm::Office),
                owner: world.anybody(dice),
                url,
                hostile: None,
            }
        })
        .collect()
}
