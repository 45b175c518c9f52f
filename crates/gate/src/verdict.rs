//! What the rules say of a message.

use std::collections::BTreeSet;

use detect::{Engine, Scratch};
use mail::Inspection;
use mail::events::{self, Sources};
use model::{Event, Level};

/// Findings with this tag call a message reconnaissance.
const RECONNAISSANCE: &str = "portcullis.verdict.reconnaissance";
/// Rules that are listed of one message; the highest levels first.
const LISTED: usize = 20;

/// A rule that held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// How much it matters.
    pub level: Level,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// What the rules say of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The highest level of a rule that held; `None` where none did.
    pub level: Option<Level>,
    /// Whether a rule calls it reconnaissance.
    pub reconnaissance: bool,
    /// The rules that held, the highest level first.
    pub rules: Vec<Held>,
    /// Why, in words for people; empty where no rule held.
    pub explanation: String,
}

impl Verdict {
    /// The level as a word; `none` where no rule held.
    pub fn level_word(&self) -> &'static str {
        self.level.map_or("none", Level::as_str)
    }
}

/// Applies every rule to a message and to all that lies in it.
pub(crate) fn judge(
    engine: &Engine,
    sources: &Sources,
    whole: &Event,
    found: &Inspection,
    scratch: &mut Scratch,
) -> Verdict {
    let mut held = BTreeSet::new();
    let mut reconnaissance = false;
    let rules = &engine.rules().rules;
    events::each(whole, &found.children, sources, &mut Event::default(), |event, _| {
        engine.scan(event, scratch, |place, _| {
            let rule = &rules[place as usize];
            if rule.reports {
                reconnaissance |= rule.info.tags.iter().any(|tag| tag == RECONNAISSANCE);
                held.insert((std::cmp::Reverse(rule.level()), place));
            }
        });
    });
    let list = held.iter().take(LISTED).map(|(level, place)| {
        let info = &rules[*place as usize].info;
        Held { level: level.0, id: info.id.clone(), title: info.title.clone() }
    });
    let list: Vec<Held> = list.collect();
    let explanation = list.iter().map(|rule| rule.title.as_str()).collect::<Vec<_>>().join("; ");
    Verdict { level: list.first().map(|rule| rule.level), reconnaissance, rules: list, explanation }
}

/// The rules that hold on an event.
pub(crate) fn of_event(engine: &Engine, event: &Event, scratch: &mut Scratch) -> Vec<Held> {
    let mut held = Vec::new();
    engine.scan(event, scratch, |place, _| {
        let rule = &engine.rules().rules[place as usize];
        if rule.reports {
            let info = &rule.info;
            held.push(Held { level: rule.level(), id: info.id.clone(), title: info.title.clone() });
        }
    });
    held
}
