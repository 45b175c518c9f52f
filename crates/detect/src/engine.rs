//! Evaluates every rule on every event, and pays only for rules with a chance.

use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock};

use aho_corasick::packed;
use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder};
use memchr::memmem;
use model::{Event, Kind, LogSource, Matched};
use regex::Regex;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::pattern::{self, How, Pattern, Subject, fold};
use crate::rule::{Node, RuleSet};
use crate::witness::{self, Anchor, Atom, Uses};

/// A rule set that is ready for events.
///
/// For each kind of log the engine keeps one index over the witnesses of the rules that apply to
/// it: per field a table of whole values and one automaton over all literals. It is built when the
/// first event of that kind comes, so a hunt over web logs never pays for Windows rules.
#[derive(Debug)]
pub struct Engine {
    set: Arc<RuleSet>,
    /// By which a [`Scratch`] knows the engine that filled it.
    identity: Arc<()>,
    slots: FxHashMap<String, u32>,
    rules: Vec<Condition>,
    witnesses: Vec<Option<Vec<Atom>>>,
    regexes: Vec<LazyRegex>,
    /// Log source → its class.
    class_of: Vec<u32>,
    classes: Vec<RulesAndClass>,
}

/// The rules that apply to some log sources, and their index once it was needed.
type RulesAndClass = (Vec<u32>, OnceLock<Class>);

/// Text → where it must stand, and whose witness it is.
type Literals<'a> = FxHashMap<&'a str, Vec<(Anchor, u32)>>;

#[derive(Debug)]
struct LazyRegex {
    pattern: String,
    compiled: OnceLock<Option<Regex>>,
}

#[derive(Debug)]
enum Condition {
    /// The cheapest part first, each with its place in the rule.
    All(Vec<(u32, Condition)>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    AtLeast(u32, Vec<Condition>),
    Test {
        slot: Option<u32>,
        any: Vec<Check>,
    },
}

#[derive(Debug)]
enum Check {
    Plain(Pattern),
    /// A long text is searched faster by what was worked out about it beforehand.
    Contains {
        finder: Box<memmem::Finder<'static>>,
        cased: bool,
    },
    Regex(u32),
    FieldRef {
        slot: u32,
        how: How,
        cased: bool,
    },
}

/// The index over the rules that apply to one kind of log.
#[derive(Debug, Default)]
struct Class {
    /// Rules that may hold on any event.
    always: Vec<u32>,
    fields: Vec<FieldIndex>,
    /// Slot → its place in `fields`, or [`NONE`].
    places: Vec<u32>,
    keywords: Option<Keywords>,
}

/// Texts that may stand in any field. They are few and rare while the text of an event is long, so
/// a vectorised search asks first whether there is any of them.
#[derive(Debug)]
struct Keywords {
    any: Option<packed::Searcher>,
    automaton: Automaton,
}

#[derive(Debug, Default)]
struct FieldIndex {
    present: Vec<u32>,
    exact: FxHashMap<String, Vec<u32>>,
    numbers: FxHashMap<i64, Vec<u32>>,
    /// The end of a value from its last separator on, as in `\cmd.exe`: one lookup serves all the
    /// rules that ask for the name of a file.
    names: FxHashMap<String, Vec<u32>>,
    automaton: Option<Automaton>,
}

struct Automaton {
    matcher: DoubleArrayAhoCorasick<u32>,
    /// Pattern → where it must stand, and whose witness it is.
    rules: Vec<Vec<(Anchor, u32)>>,
}

/// What one thread needs to evaluate events; reused from event to event.
#[derive(Debug, Default)]
pub struct Scratch {
    lower: String,
    /// Field → its value's range in `lower`.
    spans: Vec<(u32, u32)>,
    /// Slot → (stamp, first field with it).
    heads: Vec<(u32, u32)>,
    /// Field → the next field of the same slot.
    next: Vec<u32>,
    /// Fields that some rule looks at, with their slot.
    wanted: Vec<(u32, u32)>,
    /// Rule → stamp of the event for which it is a candidate.
    seen: Vec<u32>,
    candidates: Vec<u32>,
    stamp: u32,
    memo: Memo,
}

/// The rules with a witness in values that came before. Logs say the same thing over and over, and
/// a comparison with what was said is cheaper than a search.
#[derive(Debug, Default)]
struct Memo {
    engine: Arc<()>,
    /// What was noted before this generation began is not used.
    generation: u32,
    entries: Vec<Noted>,
    /// Slot → how often a value was looked for, and found.
    worth: Vec<(u32, u32)>,
}

#[derive(Clone, Debug, Default)]
struct Noted {
    generation: u32,
    hash: u64,
    class: u32,
    slot: u32,
    text: String,
    rules: Vec<u32>,
}

/// How many values are remembered, and how long they may be.
const NOTED: usize = 1 << 10;
const LONGEST_NOTED: usize = 1 << 9;
const ENOUGH_TRIES: u32 = 256;

const NONE: u32 = u32::MAX;

/// Compiles with a bound on size, so that a hostile rule cannot take the memory.
pub(crate) fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    regex::RegexBuilder::new(pattern).size_limit(4 << 20).dfa_size_limit(2 << 20).build()
}

impl Engine {
    /// Prepares `set` for events whose [`Event::source`] is an index into `sources`.
    pub fn new(set: Arc<RuleSet>, sources: &[LogSource]) -> Self {
        let mut build = Build::default();
        let rules = set.rules.iter().map(|rule| build.condition(&rule.condition)).collect();
        let mut uses = Uses::default();
        set.rules.iter().for_each(|rule| witness::count(&rule.condition, &mut uses));
        let witnesses = set.rules.iter().map(|rule| witness::witness(&rule.condition, &uses)).collect();
        let (class_of, classes) = classes(&set, sources);
        Self {
            set,
            identity: Arc::default(),
            slots: build.slots,
            rules,
            witnesses,
            regexes: build.regexes,
            class_of,
            classes,
        }
    }

    /// The rules that it evaluates.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.set
    }

    /// The rules that apply to events of this log source, in the order of the rule set.
    pub fn rules_for(&self, source: model::SourceId) -> &[u32] {
        self.class_of.get(usize::from(source.0)).map_or(&[], |&class| &self.classes[class as usize].0)
    }

    /// Calls `hit` with the place of every rule that holds on `event`, in the order of the rule set.
    pub fn scan(&self, event: &Event, scratch: &mut Scratch, mut hit: impl FnMut(u32, &View<'_>)) {
        let Some(&class) = self.class_of.get(usize::from(event.source.0)) else { return };
        let (rules, index) = &self.classes[class as usize];
        if rules.is_empty() {
            return;
        }
        scratch.prepare(self, event);
        let index = index.get_or_init(|| self.class(rules));
        scratch.memo.serve(&self.identity, self.slots.len());
        scratch.collect(class, index);
        scratch.candidates.sort_unstable();
        let candidates = std::mem::take(&mut scratch.candidates);
        let view = View { engine: self, event, scratch };
        for &rule in &candidates {
            if view.holds(&self.rules[rule as usize]) {
                hit(rule, &view);
            }
        }
        scratch.candidates = candidates;
    }

    /// Whether one rule holds on `event`, whatever its log source, and the facts that decide it.
    pub fn explain(&self, rule: u32, event: &Event) -> Explanation {
        let mut scratch = Scratch::default();
        scratch.prepare(self, event);
        let view = View { engine: self, event, scratch: &scratch };
        let condition = &self.rules[rule as usize];
        let mut lines = Vec::new();
        view.explain(condition, 0, &self.set.rules[rule as usize].condition, &mut lines);
        Explanation { holds: view.holds(condition), lines }
    }

    /// Whether one rule holds on `event`, whatever its log source.
    pub fn holds(&self, rule: u32, event: &Event, scratch: &mut Scratch) -> bool {
        scratch.prepare(self, event);
        View { engine: self, event, scratch }.holds(&self.rules[rule as usize])
    }

    /// How many different fields the rules look at.
    pub fn fields(&self) -> usize {
        self.slots.len()
    }

    /// The place of a field among those that the rules look at.
    pub fn field(&self, name: &str) -> Option<u32> {
        self.slots.get(name).copied()
    }

    /// Calls `hit` as [`Engine::scan`] does, but evaluates every rule: the measure of the index.
    #[doc(hidden)]
    pub fn scan_all(&self, event: &Event, scratch: &mut Scratch, mut hit: impl FnMut(u32)) {
        scratch.prepare(self, event);
        let view = View { engine: self, event, scratch };
        for &rule in self.rules_for(event.source) {
            if view.holds(&self.rules[rule as usize]) {
                hit(rule);
            }
        }
    }

    fn class(&self, rules: &[u32]) -> Class {
        let mut class = Class { places: vec![NONE; self.slots.len()], ..Class::default() };
        let mut literals: FxHashMap<Option<u32>, Literals<'_>> = FxHashMap::default();
        for &rule in rules {
            let Some(atoms) = &self.witnesses[rule as usize] else {
                class.always.push(rule);
                continue;
            };
            for atom in atoms {
                match atom {
                    Atom::Present { field } => class.field(self.slots[field]).present.push(rule),
                    Atom::Exact { field, text } => {
                        class.field(self.slots[field]).exact.entry(text.clone()).or_default().push(rule);
                    }
                    Atom::Number { field, number } => {
                        class.field(self.slots[field]).numbers.entry(*number).or_default().push(rule);
                    }
                    Atom::Literal { field: Some(field), text, at: Anchor::End }
                        if file_name(text) == Some(text) =>
                    {
                        class.field(self.slots[field]).names.entry(text.clone()).or_default().push(rule);
                    }
                    Atom::Literal { field, text, at } => {
                        let text = if *at == Anchor::Start { text } else { tail(text) };
                        let slot = field.as_ref().map(|field| self.slots[field]);
                        literals.entry(slot).or_default().entry(text).or_default().push((*at, rule));
                    }
                }
            }
        }
        for (slot, texts) in literals {
            match slot {
                Some(slot) => class.field(slot).automaton = Automaton::new(texts),
                None => class.keywords = Keywords::new(texts),
            }
        }
        class
    }

    fn regex(&self, place: u32) -> Option<&Regex> {
        let lazy = &self.regexes[place as usize];
        lazy.compiled.get_or_init(|| regex(&lazy.pattern).ok()).as_ref()
    }
}

/// Why a rule held on an event, or did not: one line for each part of its condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it held.
    pub holds: bool,
    /// Depth, whether the part held, and what it is.
    pub lines: Vec<(usize, bool, String)>,
}

fn classes(set: &RuleSet, sources: &[LogSource]) -> (Vec<u32>, Vec<RulesAndClass>) {
    let mut classes: Vec<RulesAndClass> = Vec::new();
    let mut known: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
    let mut class_of = Vec::with_capacity(sources.len());
    for source in sources {
        let rules: Vec<u32> = set
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| {
                let wanted = &rule.logsource;
                source.serves(
                    wanted.product.as_deref(),
                    wanted.category.as_deref(),
                    wanted.service.as_deref(),
                )
            })
            .map(|(place, _)| place as u32)
            .collect();
        let class = *known.entry(rules).or_insert_with_key(|rules| {
            classes.push((rules.clone(), OnceLock::new()));
            classes.len() as u32 - 1
        });
        class_of.push(class);
    }
    (class_of, classes)
}

#[derive(Default)]
struct Build {
    slots: FxHashMap<String, u32>,
    regexes: Vec<LazyRegex>,
}

impl Build {
    fn slot(&mut self, field: &str) -> u32 {
        if let Some(&slot) = self.slots.get(field) {
            return slot;
        }
        let slot = self.slots.len() as u32;
        self.slots.insert(field.to_owned(), slot);
        slot
    }

    fn condition(&mut self, node: &Node) -> Condition {
        match node {
            Node::All(nodes) => {
                let mut parts: Vec<(u32, Condition)> =
                    (0..).zip(nodes.iter().map(|node| self.condition(node))).collect();
                parts.sort_by_cached_key(|(_, part)| part.cost());
                Condition::All(parts)
            }
            Node::Any(nodes) => Condition::Any(nodes.iter().map(|node| self.condition(node)).collect()),
            Node::Not(node) => Condition::Not(Box::new(self.condition(node))),
            Node::AtLeast(count, nodes) => {
                Condition::AtLeast(*count, nodes.iter().map(|node| self.condition(node)).collect())
            }
            Node::Test(test) => Condition::Test {
                slot: test.field.as_deref().map(|field| self.slot(field)),
                any: test.any.iter().map(|pattern| self.check(pattern)).collect(),
            },
        }
    }

    fn check(&mut self, pattern: &Pattern) -> Check {
        match pattern {
            Pattern::Regex(pattern) => {
                self.regexes.push(LazyRegex { pattern: pattern.clone(), compiled: OnceLock::new() });
                Check::Regex(self.regexes.len() as u32 - 1)
            }
            Pattern::FieldRef { field, how, cased } => {
                Check::FieldRef { slot: self.slot(field), how: *how, cased: *cased }
            }
            Pattern::Text { how: How::Contains, text, cased } => {
                Check::Contains { finder: Box::new(memmem::Finder::new(text).into_owned()), cased: *cased }
            }
            other => Check::Plain(other.clone()),
        }
    }
}

impl Condition {
    /// A guess at what it takes to know whether it holds; only the order has a meaning.
    fn cost(&self) -> u32 {
        match self {
            Self::All(parts) => parts.iter().map(|(_, part)| part.cost()).sum(),
            Self::Any(parts) | Self::AtLeast(_, parts) => parts.iter().map(Self::cost).sum(),
            Self::Not(part) => part.cost(),
            Self::Test { slot, any } => {
                let checks: u32 = any.iter().map(Check::cost).sum();
                if slot.is_some() { checks } else { checks.saturating_mul(20) }
            }
        }
    }
}

impl Check {
    const fn cost(&self) -> u32 {
        match self {
            Self::Plain(Pattern::Glob { .. }) => 6,
            Self::Plain(_) => 1,
            Self::Contains { .. } | Self::FieldRef { .. } => 3,
            Self::Regex(_) => 40,
        }
    }
}

impl Class {
    fn field(&mut self, slot: u32) -> &mut FieldIndex {
        let place = &mut self.places[slot as usize];
        if *place == NONE {
            *place = self.fields.len() as u32;
            self.fields.push(FieldIndex::default());
        }
        &mut self.fields[*place as usize]
    }
}

/// The end of a path from its last separator on.
fn file_name(text: &str) -> Option<&str> {
    text.rfind(['\\', '/']).map(|at| &text[at..])
}

/// The end of a literal, enough to tell it from others: where it stands, its end does, and an
/// automaton over ends is a fraction of the size.
fn tail(text: &str) -> &str {
    const ENOUGH: usize = 20;
    let from = text.len().saturating_sub(ENOUGH);
    (from..text.len()).find_map(|at| text.get(at..)).unwrap_or(text)
}

/// The whole number that a value is, however it is written; what is none is no whole number at all.
fn number(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number = pattern::number(text)?;
    (number.fract() == 0.0 && number.abs() < witness::WHOLE as f64).then_some(number as i64)
}

impl Keywords {
    fn new(texts: Literals<'_>) -> Option<Self> {
        Some(Self { any: packed::Searcher::new(texts.keys()), automaton: Automaton::new(texts)? })
    }

    fn find(&self, text: &str, found: impl FnMut(u32)) {
        if self.any.as_ref().is_none_or(|any| any.find(text).is_some()) {
            self.automaton.find(text, found);
        }
    }
}

impl FieldIndex {
    /// Calls `found` with the rules that have a witness in `text`, some perhaps more than once.
    fn find(&self, text: &str, found: &mut impl FnMut(u32)) {
        if let Some(rules) = self.exact.get(text) {
            rules.iter().copied().for_each(&mut *found);
        }
        if !self.numbers.is_empty()
            && let Some(rules) = number(text).and_then(|number| self.numbers.get(&number))
        {
            rules.iter().copied().for_each(&mut *found);
        }
        if !self.names.is_empty()
            && let Some(rules) = file_name(text).and_then(|name| self.names.get(name))
        {
            rules.iter().copied().for_each(&mut *found);
        }
        if let Some(automaton) = &self.automaton {
            automaton.find(text, found);
        }
    }
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Automaton").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Automaton {
    /// `None` when the automaton cannot be built, which the caller's rules do not survive silently:
    /// the limits of the builder lie beyond any rule set that fits in memory.
    fn new(texts: Literals<'_>) -> Option<Self> {
        let mut texts: Vec<_> = texts.into_iter().collect();
        texts.sort_unstable();
        let matcher = DoubleArrayAhoCorasickBuilder::new()
            .use_prefilter((32..=256).contains(&texts.len()))
            .build(texts.iter().map(|(text, _)| text))
            .ok()?;
        Some(Self { matcher, rules: texts.into_iter().map(|(_, rules)| rules).collect() })
    }

    fn find(&self, text: &str, mut found: impl FnMut(u32)) {
        for hit in self.matcher.find_overlapping_iter(text) {
            for &(anchor, rule) in &self.rules[hit.value() as usize] {
                let stands = match anchor {
                    Anchor::Anywhere => true,
                    Anchor::Start => hit.start() == 0,
                    Anchor::End => hit.end() == text.len(),
                };
                if stands {
                    found(rule);
                }
            }
        }
    }
}

impl Scratch {
    /// Folds the event's text and finds the fields that rules look at.
    fn prepare(&mut self, engine: &Engine, event: &Event) {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.seen.fill(0);
            self.heads.fill((0, NONE));
            self.stamp = 1;
        }
        self.seen.resize(engine.rules.len(), 0);
        self.heads.resize(engine.slots.len(), (0, NONE));
        self.fold(event);
        self.wanted.clear();
        self.next.clear();
        self.next.resize(event.raw_fields().len(), NONE);
        // Backwards, so that the chain of a slot runs in the order of the fields.
        for (place, field) in event.raw_fields().iter().enumerate().rev() {
            let Some(&slot) = engine.slots.get(event.name(field)) else { continue };
            let head = &mut self.heads[slot as usize];
            if head.0 == self.stamp {
                self.next[place] = head.1;
            }
            *head = (self.stamp, place as u32);
            self.wanted.push((place as u32, slot));
        }
    }

    /// The places of the last event's fields among those that rules look at.
    pub fn fields_seen(&self) -> impl Iterator<Item = u32> {
        self.wanted.iter().map(|&(_, slot)| slot)
    }

    fn fold(&mut self, event: &Event) {
        self.lower.clear();
        self.spans.clear();
        let text = event.text();
        if text.is_ascii() {
            self.lower.push_str(text);
            self.lower.make_ascii_lowercase();
            self.spans.extend(event.raw_fields().iter().map(|field| {
                let range = field.value_range();
                (range.start as u32, range.end as u32)
            }));
            return;
        }
        for field in event.raw_fields() {
            let start = self.lower.len() as u32;
            let value = event.value(field).text;
            if value.is_ascii() {
                self.lower.push_str(value);
                self.lower[start as usize..].make_ascii_lowercase();
            } else {
                self.lower.push_str(&fold(value));
            }
            self.spans.push((start, self.lower.len() as u32));
        }
    }

    fn lower(&self, field: u32) -> &str {
        let (start, end) = self.spans[field as usize];
        &self.lower[start as usize..end as usize]
    }

    fn collect(&mut self, number: u32, class: &Class) {
        let mut candidates = std::mem::take(&mut self.candidates);
        let mut seen = std::mem::take(&mut self.seen);
        let mut memo = std::mem::take(&mut self.memo);
        candidates.clear();
        candidates.extend_from_slice(&class.always);
        let stamp = self.stamp;
        let mut add = |rule: u32| {
            if std::mem::replace(&mut seen[rule as usize], stamp) != stamp {
                candidates.push(rule);
            }
        };
        for &(place, slot) in &self.wanted {
            let Some(index) = class.fields.get(class.places[slot as usize] as usize) else { continue };
            index.present.iter().copied().for_each(&mut add);
            let text = self.lower(place);
            if index.automaton.is_some() && memo.pays(slot, text) {
                memo.look(number, slot, text, index).iter().copied().for_each(&mut add);
            } else {
                index.find(text, &mut add);
            }
        }
        if let Some(keywords) = &class.keywords {
            keywords.find(&self.lower, &mut add);
        }
        self.seen = seen;
        self.candidates = candidates;
        self.memo = memo;
    }

    /// Begins anew: nothing that is found from here on rests on what was seen before.
    pub fn forget(&mut self) {
        self.memo.forget();
    }
}

impl Memo {
    fn serve(&mut self, engine: &Arc<()>, slots: usize) {
        if !Arc::ptr_eq(&self.engine, engine) {
            self.engine = Arc::clone(engine);
            self.forget();
        }
        self.entries.resize_with(NOTED, Noted::default);
        self.worth.resize(slots, (0, 0));
    }

    fn forget(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.worth.fill((0, 0));
        if self.generation == 0 {
            self.entries.clear();
        }
    }

    /// Whether values of a field come again often enough to be noted.
    fn pays(&self, slot: u32, text: &str) -> bool {
        let (tries, hits) = self.worth[slot as usize];
        text.len() <= LONGEST_NOTED && (tries < ENOUGH_TRIES || hits > tries / 4)
    }

    fn look(&mut self, class: u32, slot: u32, text: &str, index: &FieldIndex) -> &[u32] {
        let hash = FxBuildHasher.hash_one((class, slot, text));
        let noted = &mut self.entries[(hash >> 32) as usize % NOTED];
        let known = (noted.generation, noted.hash) == (self.generation, hash)
            && (noted.class, noted.slot) == (class, slot)
            && noted.text == text;
        let (tries, hits) = &mut self.worth[slot as usize];
        *tries += 1;
        *hits += u32::from(known);
        if !known {
            (noted.generation, noted.hash) = (self.generation, hash);
            (noted.class, noted.slot) = (class, slot);
            noted.text.clear();
            noted.text.push_str(text);
            noted.rules.clear();
            index.find(text, &mut |rule| noted.rules.push(rule));
        }
        &noted.rules
    }
}

/// An event with what the engine found out about it.
#[derive(Debug)]
pub struct View<'a> {
    engine: &'a Engine,
    event: &'a Event,
    scratch: &'a Scratch,
}

impl View<'_> {
    /// The facts that made `rule` hold.
    pub fn matched(&self, rule: u32) -> Vec<Matched> {
        let mut out = Vec::new();
        let condition = &self.engine.rules[rule as usize];
        self.gather(condition, &self.engine.set.rules[rule as usize].condition, &mut out);
        out.sort();
        out.dedup();
        out
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|(_, part)| self.holds(part)),
            Condition::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Condition::Not(part) => !self.holds(part),
            Condition::AtLeast(count, parts) => {
                parts.iter().filter(|part| self.holds(part)).count() >= *count as usize
            }
            Condition::Test { slot, any } => self.test(*slot, any).is_some(),
        }
    }

    /// The field and the pattern that make a test hold; the field is `NONE` when it is its absence.
    fn test(&self, slot: Option<u32>, any: &[Check]) -> Option<(u32, usize)> {
        let mut absent = true;
        if slot.is_none() && !any.iter().any(|check| self.may_hold_somewhere(check)) {
            return None;
        }
        for field in self.fields(slot) {
            absent = false;
            let subject = self.subject(field);
            if let Some(check) = any.iter().position(|check| self.check(check, subject)) {
                return Some((field, check));
            }
        }
        let for_absence =
            |check: &Check| matches!(check, Check::Plain(Pattern::Null | Pattern::Exists(false)));
        if absent { any.iter().position(for_absence).map(|check| (NONE, check)) } else { None }
    }

    fn fields(&self, slot: Option<u32>) -> impl Iterator<Item = u32> {
        let count = self.event.raw_fields().len() as u32;
        let first = match slot {
            None if count > 0 => 0,
            None => NONE,
            Some(slot) => {
                let (stamp, first) = self.scratch.heads[slot as usize];
                if stamp == self.scratch.stamp { first } else { NONE }
            }
        };
        std::iter::successors((first != NONE).then_some(first), move |&field| {
            let next = if slot.is_some() { self.scratch.next[field as usize] } else { field + 1 };
            (next != NONE && next < count).then_some(next)
        })
    }

    fn subject(&self, field: u32) -> Subject<'_> {
        let value = self.event.value(&self.event.raw_fields()[field as usize]);
        Subject { kind: value.kind, text: value.text, lower: self.scratch.lower(field) }
    }

    /// Whether a keyword can stand in some value: if so, it stands in the text of the event.
    fn may_hold_somewhere(&self, check: &Check) -> bool {
        match check {
            Check::Contains { finder, cased: false } => finder.find(self.scratch.lower.as_bytes()).is_some(),
            Check::Contains { finder, cased: true } => finder.find(self.event.text().as_bytes()).is_some(),
            _ => true,
        }
    }

    fn check(&self, check: &Check, subject: Subject<'_>) -> bool {
        match check {
            Check::Plain(pattern) => pattern.holds(subject),
            Check::Contains { finder, cased } => {
                let value = if *cased { subject.text } else { subject.lower };
                finder.find(value.as_bytes()).is_some()
            }
            Check::Regex(place) => {
                self.engine.regex(*place).is_some_and(|regex| regex.is_match(subject.text))
            }
            Check::FieldRef { slot, how, cased } => self.fields(Some(*slot)).any(|other| {
                let other = self.subject(other);
                subject.kind != Kind::Null
                    && other.kind != Kind::Null
                    && if *cased {
                        how.holds(subject.text, other.text)
                    } else {
                        how.holds(subject.lower, other.lower)
                    }
            }),
        }
    }

    fn gather(&self, condition: &Condition, node: &Node, out: &mut Vec<Matched>) {
        match (condition, node) {
            (Condition::All(parts), Node::All(nodes)) => {
                for (place, part) in parts {
                    self.gather(part, &nodes[*place as usize], out);
                }
            }
            (Condition::Any(parts), Node::Any(nodes))
            | (Condition::AtLeast(_, parts), Node::AtLeast(_, nodes)) => {
                for (part, node) in parts.iter().zip(nodes) {
                    if self.holds(part) {
                        self.gather(part, node, out);
                    }
                }
            }
            (Condition::Test { slot, any }, Node::Test(test)) => {
                let Some((field, check)) = self.test(*slot, any) else { return };
                let value = if field == NONE { String::new() } else { self.subject(field).text.to_owned() };
                let name = match &test.field {
                    Some(name) => name.clone(),
                    None if field == NONE => String::new(),
                    None => self.event.name(&self.event.raw_fields()[field as usize]).to_owned(),
                };
                out.push(Matched { field: name, value, wanted: test.any[check].wanted() });
            }
            _ => {}
        }
    }

    fn explain(
        &self,
        condition: &Condition,
        depth: usize,
        node: &Node,
        out: &mut Vec<(usize, bool, String)>,
    ) {
        let holds = self.holds(condition);
        let mut group = |name: String, parts: &[&Condition], nodes: &[Node]| {
            out.push((depth, holds, name));
            for (part, node) in parts.iter().zip(nodes) {
                self.explain(part, depth + 1, node, out);
            }
        };
        match (condition, node) {
            (Condition::All(parts), Node::All(nodes)) => {
                let mut parts: Vec<_> = parts.iter().collect();
                parts.sort_by_key(|(place, _)| place);
                let parts: Vec<_> = parts.into_iter().map(|(_, part)| part).collect();
                group("all of".to_owned(), &parts, nodes);
            }
            (Condition::Any(parts), Node::Any(nodes)) => {
                group("any of".to_owned(), &parts.iter().collect::<Vec<_>>(), nodes);
            }
            (Condition::AtLeast(count, parts), Node::AtLeast(_, nodes)) => {
                group(format!("at least {count} of"), &parts.iter().collect::<Vec<_>>(), nodes);
            }
            (Condition::Not(part), Node::Not(node)) => {
                group("not".to_owned(), &[part], std::slice::from_ref(&**node));
            }
            (Condition::Test { slot, any }, Node::Test(test)) => {
                let field = test.field.as_deref().unwrap_or("any field");
                let wanted: Vec<String> = test.any.iter().take(4).map(Pattern::wanted).collect();
                let more = any.len().saturating_sub(4);
                let more = if more > 0 { format!(" or {more} more") } else { String::new() };
                let found = match self.test(*slot, any) {
                    Some((NONE, _)) => "the event has no such field".to_owned(),
                    Some((field, _)) => format!("found “{}”", self.subject(field).text),
                    None => self.values(*slot),
                };
                out.push((depth, holds, format!("{field}: {}{more} — {found}", wanted.join(" | "))));
            }
            _ => {}
        }
    }

    fn values(&self, slot: Option<u32>) -> String {
        if slot.is_none() {
            return "no value holds it".to_owned();
        }
        let values: Vec<String> =
            self.fields(slot).take(3).map(|field| format!("“{}”", self.subject(field).text)).collect();
        if values.is_empty() {
            "the event has no such field".to_owned()
        } else {
            format!("it is {}", values.join(", "))
        }
    }
}
