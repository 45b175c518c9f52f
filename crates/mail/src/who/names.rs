//! What a display name says, against the address behind it.

use model::Event;
use rustc_hash::FxHashMap;

use super::data::WORDS;
use super::domain;
use super::fold;
use super::headers::Mailbox;
use crate::Settings;

/// Bytes of a name that are looked at.
const READ: usize = 512;
/// Words of a name that are looked at.
const MOST: usize = 32;

/// Protected people, to be asked for those that a name names.
#[derive(Debug, Default)]
pub(super) struct People {
    /// The longest word of a name, as it looks → the person's number and all its words.
    words: FxHashMap<String, Vec<(usize, Vec<String>)>>,
}

impl People {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut words: FxHashMap<String, Vec<(usize, Vec<String>)>> = FxHashMap::default();
        for (number, person) in settings.people.iter().enumerate() {
            let all = words_of(&person.name);
            // A single word names nobody.
            if let Some(longest) = all.iter().max_by_key(|word| word.len())
                && all.len() >= 2
            {
                words.entry(longest.clone()).or_default().push((number, all));
            }
        }
        Self { words }
    }

    /// The people that `name` names, in whatever order: those with the most words, of whom there are several
    /// where they bear one name. A look-up for each word of the name, and a comparison for each person that
    /// shares it as the longest one.
    fn find(&self, name: &str) -> Vec<usize> {
        if self.words.is_empty() {
            return Vec::new();
        }
        let said = words_of(name);
        let candidates = said.iter().filter_map(|word| self.words.get(word)).flatten();
        let mut named: Vec<(usize, usize)> = candidates
            .filter(|(_, words)| words.iter().all(|word| said.contains(word)))
            .map(|(number, words)| (words.len(), *number))
            .collect();
        let most = named.iter().map(|(words, _)| *words).max();
        named.retain(|(words, _)| Some(*words) == most);
        named.sort_unstable();
        named.dedup();
        named.into_iter().map(|(_, number)| number).collect()
    }
}

/// The words of a name as they look, titles left out.
fn words_of(name: &str) -> Vec<String> {
    let plain = fold::plain(cut(name));
    plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !WORDS.titles.contains(*word))
        .take(MOST)
        .map(fold::looks)
        .collect()
}

fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(READ)]
}

/// Adds what the name of a sender says.
pub(super) fn push(from: &Mailbox, people: &People, settings: &Settings, event: &mut Event) {
    let name = cut(from.name.trim());
    if name.is_empty() {
        return;
    }
    let own = domain::of_address(&from.address);
    let own = domain::registered(&own);
    let addresses: Vec<String> = words(name).filter_map(address).collect();
    event.push_bool("mail.from.name_is_address", !addresses.is_empty());
    if !addresses.is_empty() {
        addresses.iter().for_each(|address| event.push_str("mail.from.name_address", address));
        event.push_bool("mail.from.name_address_differs", !addresses.contains(&from.address));
    }
    let mut fits = None;
    for word in words(name).filter(|word| !word.contains('@') && word.contains('.')) {
        let word = word.to_lowercase();
        let word = word.split_once("://").map_or(word.as_str(), |(_, rest)| rest);
        let word = word.split('/').next().unwrap_or_default();
        if domain::looks_like_one(word) {
            event.push_str("mail.from.name_domain", word);
            fits = Some(fits.unwrap_or(false) || domain::registered(&domain::ascii(word)) == own);
        }
    }
    if let Some(fits) = fits {
        event.push_bool("mail.from.name_domain_fits", fits);
    }
    let named: Vec<_> =
        people.find(name).into_iter().filter_map(|number| settings.people.get(number)).collect();
    let its_own = named.iter().find(|person| person.addresses.contains(&from.address));
    if let Some(person) = its_own.or(named.first()) {
        event.push_str("mail.from.protected_person", &person.name);
        // Two members may bear one name, and the institution knows whom it gave an address.
        let fits = its_own.is_some() || is_own(&domain::of_address(&from.address), settings);
        event.push_bool("mail.from.protected_person_unfit", !fits);
    }
}

/// Whether a host is one of the institution's domains or lies below.
pub(super) fn is_own(host: &str, settings: &Settings) -> bool {
    let below = |own: &String| {
        host == own || host.strip_suffix(own.as_str()).is_some_and(|front| front.ends_with('.'))
    };
    settings.domains.iter().any(below)
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    let edges = |c: char| !c.is_alphanumeric();
    name.split(|c: char| c.is_whitespace() || "<>()[]\"',;|".contains(c))
        .map(move |word| word.trim_matches(edges))
        .filter(|word| !word.is_empty())
        .take(MOST)
}

fn address(word: &str) -> Option<String> {
    let (local, host) = word.rsplit_once('@')?;
    let host = host.to_lowercase();
    let is = !local.is_empty() && host.contains('.') && host.split('.').all(|label| !label.is_empty());
    is.then(|| format!("{}@{host}", local.to_lowercase()))
}
