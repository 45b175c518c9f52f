//! Domains that look like a protected one.

use rustc_hash::FxHashMap;
use strsim::osa_distance;

use super::data::WORDS;
use super::domain;
use super::fold;

/// Labels of a host in which a protected domain is looked for.
const LABELS: usize = 12;
/// The longest label that there is.
const LABEL: usize = 63;

/// Protected domains, to be asked for a domain that looks like one of them.
///
/// A question costs a few look-ups, and a comparison with those of about the same length and the same
/// letters; it does not grow with the square of anything.
#[derive(Debug, Default)]
pub(super) struct Protected {
    /// Registered domains, and hosts that are protected by themselves.
    exact: FxHashMap<String, usize>,
    entries: Vec<Entry>,
    /// What the first label looks like, without hyphens → entries.
    looks: FxHashMap<String, Vec<usize>>,
    /// Length of what the label looks like → entries.
    lengths: Vec<Vec<usize>>,
}

#[derive(Debug)]
struct Entry {
    domain: String,
    label: String,
    suffix: String,
    looks: String,
    letters: u32,
    /// Whether it is the institution's own: then shorter and more ordinary names count, too.
    own: bool,
}

/// What a domain looks like, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lookalike {
    pub(super) of: String,
    pub(super) how: Vec<&'static str>,
}

impl Protected {
    /// Adds a domain in ASCII or Unicode, in lower case.
    pub(super) fn add(&mut self, name: &str, own: bool) {
        let name = domain::ascii(name);
        let registered = domain::registered(&name);
        let (label, suffix) = registered.split_once('.').unwrap_or((registered, ""));
        if label.is_empty() || label.len() > LABEL || self.exact.contains_key(registered) {
            return;
        }
        let number = self.entries.len();
        self.exact.insert(registered.to_owned(), number);
        let shown = domain::unicode(label).into_owned();
        let looks = fold::looks(&shown.replace('-', ""));
        let length = looks.chars().count();
        if self.lengths.len() <= length {
            self.lengths.resize_with(length + 1, Vec::new);
        }
        self.lengths[length].push(number);
        self.looks.entry(looks.clone()).or_default().push(number);
        self.entries.push(Entry {
            domain: registered.to_owned(),
            label: shown,
            suffix: suffix.to_owned(),
            letters: letters(&looks),
            looks,
            own,
        });
    }

    /// Whether `host` is protected, or lies below what is.
    pub(super) fn holds(&self, host: &str) -> bool {
        self.exact.contains_key(domain::registered(host))
    }

    /// What `host`, in ASCII lower case, looks like and is not.
    pub(super) fn look(&self, host: &str) -> Option<Lookalike> {
        let registered = domain::registered(host);
        if self.entries.is_empty() || host.len() > 253 || domain::is_literal(host) || self.holds(host) {
            return None;
        }
        let (written, suffix) = registered.split_once('.')?;
        let label = domain::unicode(written).to_lowercase();
        let found = self
            .same(&label, written, suffix)
            .or_else(|| self.with_words(&label, suffix))
            .or_else(|| self.below(host, registered))
            .or_else(|| self.near(&label, suffix));
        let mut found = found?;
        if written.starts_with("xn--") {
            found.how.push("punycode");
        }
        Some(found)
    }

    fn entries<'a>(&'a self, looks: &str) -> impl Iterator<Item = &'a Entry> {
        self.looks.get(looks).into_iter().flatten().filter_map(|number| self.entries.get(*number))
    }

    /// The same to the eye: hyphens, confusable letters, another suffix.
    fn same(&self, label: &str, written: &str, suffix: &str) -> Option<Lookalike> {
        let looks = fold::looks(&label.replace('-', ""));
        let mut best: Option<Lookalike> = None;
        for entry in self.entries(&looks) {
            let mut how = Vec::new();
            if label != entry.label {
                let (one, other) = (label.replace('-', ""), entry.label.replace('-', ""));
                if one == other {
                    how.push("hyphen");
                } else {
                    how.push("confusable");
                }
            }
            if suffix != entry.suffix {
                if how.is_empty() && !entry.own && !telling(&entry.label) {
                    continue;
                }
                if how.is_empty()
                    && (is_ordinary(&entry.label) || label.len() <= 3)
                    && is_of_a_country(suffix)
                {
                    continue;
                }
                let swapped = osa_distance(suffix, &entry.suffix) <= 1 && suffix.len() <= 6;
                how.push(if swapped { "tld-swapped" } else { "other-suffix" });
            }
            // Two names of two letters are alike by chance.
            if how.is_empty() || (how != ["tld-swapped"] && written.len() < if entry.own { 3 } else { 4 }) {
                continue;
            }
            if best.as_ref().is_none_or(|best| how.len() < best.how.len()) {
                best = Some(Lookalike { of: entry.domain.clone(), how });
            }
        }
        best
    }

    /// A protected name with words around it, with or without hyphens: `parliament-mail`, `securepress`.
    fn with_words(&self, label: &str, suffix: &str) -> Option<Lookalike> {
        let added = |how, looks: &str| {
            let entry = self.entries(looks).find(|entry| entry.own || telling(&entry.label))?;
            Some(Lookalike { of: entry.domain.clone(), how: vec![how] })
        };
        if let Some(number) = self.exact.get(label.replace('-', ".").as_str()) {
            let entry = self.entries.get(*number)?;
            return Some(Lookalike { of: entry.domain.clone(), how: vec!["suffix-in-name"] });
        }
        if label.contains('-') {
            let parts = || label.split('-').filter(|part| !part.is_empty());
            let rest: String = parts().filter(|part| !WORDS.added.contains(*part)).collect();
            if rest.len() >= 3
                && rest.len() + 1 < label.len()
                && let Some(found) = added("added-words", &fold::looks(&rest))
            {
                return Some(found);
            }
        }
        let label = label.replace('-', "");
        for (at, _) in label.char_indices().skip(1) {
            let (front, back) = label.split_at(at);
            if front.len() >= 3 && WORDS.added.contains(back) {
                if let Some(found) = added("added-words", &fold::looks(front)) {
                    return Some(found);
                }
            } else if front.len() >= 3 && !back.is_empty() {
                // `parliamentuk.example`, `pressexample.com`.
                let whole = format!("{front}.{back}");
                if let Some(entry) = self.exact.get(&whole).and_then(|number| self.entries.get(*number))
                    && (entry.own || telling(&entry.label))
                    && entry.suffix != suffix
                {
                    return Some(Lookalike { of: entry.domain.clone(), how: vec!["suffix-in-name"] });
                }
            }
            if back.len() >= 3
                && WORDS.added.contains(front)
                && let Some(found) = added("added-words", &fold::looks(back))
            {
                return Some(found);
            }
        }
        None
    }

    /// A protected domain as labels below another one: `parliament.uk.evil.example`.
    fn below(&self, host: &str, registered: &str) -> Option<Lookalike> {
        let front = host.strip_suffix(registered)?.strip_suffix('.')?;
        let labels: Vec<&str> = front.split('.').take(LABELS).collect();
        for from in 0..labels.len() {
            let single = labels[from];
            let written = single.replace('-', ".");
            let spans = (from + 2..=labels.len()).map(|until| labels[from..until].join("."));
            for name in spans.chain((written != single).then_some(written)) {
                if let Some(entry) = self.exact.get(&name).and_then(|number| self.entries.get(*number)) {
                    return Some(Lookalike { of: entry.domain.clone(), how: vec!["subdomain"] });
                }
            }
        }
        None
    }

    /// A slip of the keyboard away: one from six letters on (five for own names), two from twelve on.
    fn near(&self, label: &str, suffix: &str) -> Option<Lookalike> {
        if WORDS.honest.contains(label) || is_ordinary(label) {
            return None;
        }
        let looks = fold::looks(&label.replace('-', ""));
        let length = looks.chars().count();
        let mine = letters(&looks);
        let mut best: Option<(usize, &Entry)> = None;
        let around = length.saturating_sub(2)..=length + 2;
        for number in around.filter_map(|length| self.lengths.get(length)).flatten() {
            let Some(entry) = self.entries.get(*number) else { continue };
            // Each slip changes at most two letters of the set.
            if (mine ^ entry.letters).count_ones() > 4 {
                continue;
            }
            let shorter = label.chars().count().min(entry.label.chars().count());
            let bound = match shorter {
                0..5 => 0,
                5 if entry.own => 1,
                5 => 0,
                6..12 => 1,
                _ => 2,
            };
            if bound == 0 || (!entry.own && (suffix != entry.suffix || is_ordinary(&entry.label))) {
                continue;
            }
            let distance = osa_distance(&looks, &entry.looks);
            if (1..=bound).contains(&distance) && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, entry));
            }
        }
        best.map(|(_, entry)| {
            let mut how = vec!["edit-distance"];
            if suffix != entry.suffix {
                how.push("other-suffix");
            }
            Lookalike { of: entry.domain.clone(), how }
        })
    }
}

/// Whether a name is more than a word that many have in theirs.
fn telling(label: &str) -> bool {
    label.len() >= 5 && !is_ordinary(label)
}

fn is_ordinary(label: &str) -> bool {
    WORDS.ordinary.contains(label)
}

/// Another country has a parliament, too.
fn is_of_a_country(suffix: &str) -> bool {
    let last = suffix.rsplit('.').next().unwrap_or(suffix);
    (last.len() == 2 && !WORDS.sold.contains(suffix)) || WORDS.places.contains(last)
}

/// Which letters a name holds, one bit each.
fn letters(name: &str) -> u32 {
    name.chars().fold(0, |set, letter| set | 1 << (u32::from(letter) % 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protected() -> Protected {
        let mut all = Protected::default();
        for name in ["parliament.uk", "council.example", "electoral-board.example", "mps.example"] {
            all.add(name, true);
        }
        for name in [
            "bbc.co.uk",
            "bbc.com",
            "theguardian.com",
            "reuters.com",
            "lemonde.fr",
            "ft.com",
            "economist.com",
            "independent.co.uk",
            "spiegel.de",
            "washingtonpost.com",
        ] {
            all.add(name, false);
        }
        all
    }

    #[test]
    fn lookalikes_are_found_with_their_reason() {
        let all = protected();
        for (host, of, how) in [
            ("parliarnent.uk", "parliament.uk", "confusable"),
            ("mail.parliarnent.uk", "parliament.uk", "confusable"),
            ("xn--prliament-0yh.uk", "parliament.uk", "confusable punycode"),
            ("parliament.co", "parliament.uk", "other-suffix"),
            ("parliament.uk.evil.example", "parliament.uk", "subdomain"),
            ("www.parliament-uk.evil.example", "parliament.uk", "subdomain"),
            ("parliament-uk.example", "parliament.uk", "suffix-in-name"),
            ("parliamentuk.com", "parliament.uk", "added-words"),
            ("parliament-mail.example", "parliament.uk", "added-words"),
            ("secure-parliament.example", "parliament.uk", "added-words"),
            ("parliamentnews.example", "parliament.uk", "added-words"),
            ("electoralboard.example", "electoral-board.example", "hyphen"),
            ("parliment.uk", "parliament.uk", "edit-distance"),
            ("the-guardian.com", "theguardian.com", "hyphen"),
            ("thegaurdian.com", "theguardian.com", "edit-distance"),
            ("theguardian.cm", "theguardian.com", "tld-swapped"),
            ("reuters-press.example", "reuters.com", "added-words"),
            ("reuterz.com", "reuters.com", "edit-distance"),
            ("vvashingtonpost.com", "washingtonpost.com", "confusable"),
            ("washngtonpots.com", "washingtonpost.com", "edit-distance"),
            ("bbc.co.uk.evil.example", "bbc.co.uk", "subdomain"),
            ("spiegel.online", "spiegel.de", "other-suffix"),
        ] {
            let found = all.look(host).unwrap_or_else(|| panic!("{host}"));
            assert_eq!((found.of.as_str(), found.how.join(" ").as_str()), (of, how), "{host}");
        }
    }

    #[test]
    fn honest_domains_are_no_lookalikes() {
        let all = protected();
        for host in [
            "parliament.uk",
            "www.parliament.uk",
            "parliament.scot",
            "parliament.nz",
            "bbc.com",
            "news.bbc.co.uk",
            "routers.com",
            "ecologist.com",
            "ft.example",
            "council.nz",
            "bbc.example",
            "independent.ie",
            "independent.example",
            "counsel.example",
            "abc.net.au",
            "192.0.2.1",
            "com",
            "",
            "mps.nz",
            "minister.example",
            "guardian.example",
            "press.example",
            "parlament.ch",
            "lemon.fr",
            "monde.fr",
            "mail.example",
        ] {
            assert_eq!(all.look(host), None, "{host}");
        }
    }

    #[test]
    fn many_names_make_no_square() {
        let mut all = Protected::default();
        for number in 0..20_000 {
            all.add(&format!("borough{number}.example"), true);
        }
        assert!(all.look("borough123.com").is_some());
        assert!(all.look(&format!("{}.example", "b-o.".repeat(60))).is_none());
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_fall(host in ".{0,80}", tail in "[a-z0-9.-]{0,80}") {
            let all = protected();
            let _ = all.look(&host);
            let _ = all.look(&tail);
            let _ = all.look(&format!("{tail}.parliament.uk.{tail}"));
        }
    }
}
