//! Which outlet a message names, and whether it claims to be of it.
//!
//! To name an outlet is honest: press reviews do. To claim it is to use its name as one's own: as the
//! sender's name, or in the signature, beside one's own name or role. Somebody who writes under the own name
//! from a domain of that name may say in the signature for whom; that is no pose.

use std::borrow::Cow;

use model::Event;

use super::outlets::{BUILT_IN, Found, Names, Outlet};
use super::{Claim, Directory, Sender, fold};

/// Lines at the beginning and the end of a text that are looked at.
const LINES: usize = 15;
/// Bytes of each of them, together.
const READ: usize = 4096;
/// Bytes of a line of a signature.
const SIGNED: usize = 100;
/// Words beside an outlet's name in a line of a signature that has no role.
const BESIDE: usize = 5;
/// Lines around an outlet's name in which the sender's own name makes it a signature.
const NEAR: usize = 3;
/// Letters of a word that can name somebody.
const NAMES: usize = 4;
/// Names in one text.
const MOST: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Where {
    Name,
    Signature,
    Subject,
    Text,
}

impl Where {
    const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Signature => "signature",
            Self::Subject => "subject",
            Self::Text => "text",
        }
    }
}

/// What was found in the texts by the names of one directory.
#[derive(Default)]
struct Mentions {
    outlets: Vec<(Where, usize)>,
    journalist: bool,
}

/// The texts of a message that are looked at, folded.
struct Texts<'t> {
    name: Cow<'t, str>,
    subject: Cow<'t, str>,
    head: Cow<'t, str>,
    tail: Cow<'t, str>,
    /// Words of the sender's name and of the address before the sign.
    own: Vec<&'t str>,
}

/// Adds which outlet the message claims in name, subject, signature or text, against the sender's domain and
/// the registered domains that its links and beacons lead to.
pub(crate) fn read(
    sender: &Sender,
    subject: &str,
    text: &str,
    domains: &[String],
    directory: &Directory<'_>,
    event: &mut Event,
) -> Claim {
    let (head, tail) = ends(text);
    let (name, local) = (fold::plain(cut(&sender.name, 512)), sender.address.split('@').next());
    let own = words(&name).chain(local.into_iter().flat_map(words)).collect();
    let texts = Texts {
        name: Cow::Borrowed(&*name),
        subject: fold::plain(cut(subject, 1024)),
        head: fold::plain(head),
        tail: fold::plain(tail),
        own,
    };
    let mut all: Vec<(Where, &Outlet, bool, bool)> = Vec::new();
    let mut journalist = false;
    for names in [&*BUILT_IN].into_iter().chain(directory.outlets.as_ref()) {
        let found = mentions(names, &texts);
        journalist |= found.journalist;
        for (place, number) in found.outlets {
            let Some(outlet) = names.list.get(number) else { continue };
            let sender_fits = names.fits(number, &sender.domain);
            let links_fit = domains.iter().any(|domain| names.fits(number, domain));
            all.push((place, outlet, sender_fits, links_fit));
        }
    }
    if journalist {
        event.push_bool("mail.from.says_journalist", true);
    }
    all.sort_by_key(|(place, ..)| *place);
    let personal = names_domain(&texts.name, &sender.domain);
    if !sender.name.is_empty() && !sender.domain.is_empty() {
        event.push_bool("mail.from.name_in_domain", personal);
    }
    push(&all, personal, event)
}

/// Words long enough to name somebody.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= NAMES)
}

/// Whether a word of the name stands in the registered domain, in whatever way its vowels are written.
fn names_domain(name: &str, domain: &str) -> bool {
    let vowels = |text: &str| text.replace("ae", "a").replace("oe", "o").replace("ue", "u");
    let label = vowels(domain.split('.').next().unwrap_or_default());
    words(name).any(|word| label.contains(&vowels(word)))
}

/// `personal` says that the sender's domain bears the sender's name.
fn push(all: &[(Where, &Outlet, bool, bool)], personal: bool, event: &mut Event) -> Claim {
    let mut seen: Vec<&str> = Vec::new();
    let mut places: Vec<&str> = Vec::new();
    let (mut claimed, mut sender_fits, mut links_fit) = (None, false, false);
    for (place, outlet, sender, links) in all {
        let identity = matches!(place, Where::Name | Where::Signature);
        if identity {
            claimed.get_or_insert(outlet.name.as_str());
            sender_fits |= sender;
            links_fit |= links;
        }
        if !seen.contains(&outlet.name.as_str()) {
            seen.push(&outlet.name);
            event.push_str(if identity { "mail.outlet.claimed" } else { "mail.outlet.quoted" }, &outlet.name);
        }
        if !places.contains(&place.word()) {
            places.push(place.word());
            event.push_str("mail.outlet.where", place.word());
        }
    }
    let posed = all.iter().any(|(place, ..)| *place == Where::Name) || !personal;
    let unfit = claimed.is_some() && posed && !sender_fits && !links_fit;
    if claimed.is_some() {
        event.push_bool("mail.outlet.sender_fits", sender_fits);
        event.push_bool("mail.outlet.links_fit", links_fit);
        event.push_bool("mail.outlet.unfit", unfit);
    }
    Claim { outlet: claimed.map(str::to_owned), unfit }
}

fn mentions(names: &Names, texts: &Texts<'_>) -> Mentions {
    let mut found = Mentions::default();
    let name = names.find(&texts.name, MOST);
    let roles = name.iter().any(|hit| hit.outlet.is_none());
    found.journalist |= roles;
    for hit in &name {
        let Some((outlet, common)) = hit.outlet else { continue };
        if !common || roles || is_part(&texts.name, hit) {
            found.outlets.push((Where::Name, outlet));
        }
    }
    for (place, text) in [(Where::Subject, &texts.subject), (Where::Text, &texts.head)] {
        // An ordinary word in a sentence is a word.
        let hits = names.find(text, MOST);
        found.outlets.extend(
            hits.iter()
                .filter_map(|hit| hit.outlet)
                .filter(|(_, common)| !common)
                .map(|(outlet, _)| (place, outlet)),
        );
    }
    signature(names, texts, &mut found);
    found
}

/// What the last lines say of their writer.
fn signature(names: &Names, texts: &Texts<'_>, found: &mut Mentions) {
    let lines: Vec<(&str, Vec<Found>)> =
        texts.tail.lines().map(|line| (line.trim(), names.find(line.trim(), MOST))).collect();
    for (at, (line, hits)) in lines.iter().enumerate() {
        let short = line.len() <= SIGNED
            && !line.starts_with(['>', '|'])
            && !line.contains("://")
            && !is_sentence(line);
        let role = |at: usize| {
            lines.get(at).is_some_and(|(line, hits)| {
                line.len() <= SIGNED && !is_sentence(line) && hits.iter().any(|hit| hit.outlet.is_none())
            })
        };
        let roles = short && (role(at) || role(at.wrapping_sub(1)) || role(at + 1));
        found.journalist |= short && role(at);
        let around = lines.iter().take(at + 2).skip(at.saturating_sub(NEAR));
        let own = around.flat_map(|(line, _)| words(line)).any(|word| texts.own.contains(&word));
        for hit in hits {
            let Some((outlet, common)) = hit.outlet else { continue };
            let edge = line[..hit.start].chars().all(|c| !c.is_alphanumeric())
                || line[hit.end..].chars().all(|c| !c.is_alphanumeric());
            let beside =
                line[..hit.start].split_whitespace().chain(line[hit.end..].split_whitespace()).count();
            let signed = short
                && edge
                && if common { roles && beside <= BESIDE } else { roles || (own && beside <= BESIDE) };
            if signed {
                found.outlets.push((Where::Signature, outlet));
            } else if !common {
                found.outlets.push((Where::Text, outlet));
            }
        }
    }
}

/// Whether the outlet's is the whole of a name, or a part of it that a sign sets off: `Jane Doe | The Guardian`,
/// `Jane Doe (AFP)`, `Le Monde - Jane Doe`. A comma does so only before an article, since surnames stand before one.
fn is_part(text: &str, hit: &Found) -> bool {
    const SIGNS: [char; 9] = ['|', '(', ')', '[', ']', '\u{2013}', '\u{2014}', '/', '\u{b7}'];
    const ARTICLES: [&str; 8] = ["the ", "le ", "la ", "les ", "el ", "der ", "die ", "das "];
    let sets_off = |between: &str| between.contains(SIGNS) || between.contains(" - ");
    let (before, after) = (&text[..hit.start], &text[hit.end..]);
    let left = before.rfind(char::is_alphanumeric).map(|at| &before[at..]);
    let right = after.find(char::is_alphanumeric).map(|at| &after[..at]);
    let article = ARTICLES.iter().any(|word| text[hit.start..hit.end].starts_with(word));
    left.is_none_or(|between| sets_off(between) || (article && between.contains(',')))
        && right.is_none_or(|between| sets_off(between) || (article && between.contains(',')))
}

/// Whether a line reads as part of a sentence rather than of a signature: it quotes, reports or links.
fn is_sentence(line: &str) -> bool {
    const SAID: [&str; 38] = [
        "about",
        "according",
        "ago",
        "are",
        "copyright",
        "do",
        "featured",
        "follow",
        "fonte",
        "from",
        "fuente",
        "has",
        "have",
        "is",
        "it",
        "or",
        "quelle",
        "read",
        "reported",
        "reports",
        "said",
        "says",
        "see",
        "seen",
        "similar",
        "source",
        "sources",
        "subscribe",
        "that",
        "they",
        "this",
        "unsubscribe",
        "via",
        "was",
        "were",
        "with",
        "written",
        "wrote",
    ];
    line.contains('©')
        || line.ends_with('?')
        || line.split(|c: char| !c.is_alphanumeric()).any(|word| SAID.contains(&word))
}

/// The first and the last lines that are not empty and were not quoted.
fn ends(text: &str) -> (&str, &str) {
    let head = cut(text, READ);
    let end = head.match_indices('\n').filter(|(at, _)| !head[..*at].ends_with('\n')).nth(LINES - 1);
    let head = end.map_or(head, |(at, _)| &head[..at]);
    let from = text.len().saturating_sub(READ);
    let tail = &text[text.ceil_char_boundary(from)..];
    let trimmed = tail.trim_end();
    let begin = trimmed.rmatch_indices('\n').filter(|(at, _)| !trimmed[..*at].ends_with('\n')).nth(LINES - 1);
    (head, begin.map_or(trimmed, |(at, _)| &trimmed[at + 1..]))
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
