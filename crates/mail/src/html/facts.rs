//! Facts of what loads by itself.

use model::Event;

use super::{Fires, Load, Page};
use crate::links::Target;

/// Different values of one fact.
const MOST: usize = 50;

impl Fires {
    /// Its word in facts.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::OpenedInSome => "opened-in-some",
            Self::AttachmentOpened => "attachment-opened",
            Self::Submitted => "submitted",
        }
    }
}

/// Adds what is said of all that loads (`mail.beacon.count`, `mail.beacon.hidden`, `mail.beacon.host`, …).
pub(crate) fn push_all(page: &Page, targets: &[Target], event: &mut Event) {
    // A form that nobody sent has told nobody anything.
    let by_itself = || page.loads.iter().filter(|load| load.fires != Fires::Submitted);
    event.push_uint("mail.beacon.count", by_itself().count() as u64);
    event.push_uint("mail.beacon.hidden", by_itself().filter(|load| load.hidden.is_some()).count() as u64);
    let at_once = by_itself().filter(|load| load.fires == Fires::Opened);
    event.push_uint("mail.beacon.opened", at_once.count() as u64);
    let personal = page.loads.iter().zip(targets).filter(|(_, target)| !target.tokens.is_empty());
    event.push_uint("mail.beacon.personal", personal.count() as u64);
    let names =
        targets.iter().take(page.loads.len()).any(|target| target.tokens.iter().any(|t| t.names.is_some()));
    event.push_bool("mail.beacon.names_recipient", names);
    push_distinct(event, "mail.beacon.host", page.loads.iter().map(|load| load.host.as_str()));
    push_distinct(event, "mail.beacon.domain", targets.iter().map(|target| target.domain.as_str()));
    push_distinct(event, "mail.beacon.kind", page.loads.iter().map(|load| load.kind));
    push_distinct(event, "mail.beacon.fires", page.loads.iter().map(|load| load.fires.word()));
    push_distinct(event, "mail.beacon.hidden_how", page.loads.iter().filter_map(|load| load.hidden));
    event.push_uint("mail.html.forms", u64::from(page.forms));
    event.push_uint("mail.html.scripts", u64::from(page.scripts));
    event.push_uint("mail.html.hidden_text", page.hidden_text.chars().count() as u64);
    event.push_uint("mail.html.text", page.text.chars().count() as u64);
}

/// Adds the different values that are not empty, in order of appearance, up to [`MOST`].
fn push_distinct<'v>(event: &mut Event, name: &str, values: impl Iterator<Item = &'v str>) {
    let mut seen: Vec<&str> = Vec::new();
    for value in values {
        if !value.is_empty() && !seen.contains(&value) {
            event.push_str(name, value);
            seen.push(value);
            if seen.len() >= MOST {
                break;
            }
        }
    }
}

/// Adds the facts of one thing that loads (`beacon.url`, `beacon.kind`, `beacon.hidden`, …) to `event`.
pub(crate) fn push(load: &Load, target: &Target, event: &mut Event) {
    event.push_str("beacon.url", &load.url);
    event.push_str("beacon.host", &load.host);
    let mut push = |name: &str, value: &str| {
        if !value.is_empty() {
            event.push_str(name, value);
        }
    };
    push("beacon.domain", &target.domain);
    push("beacon.scheme", load.url.split_once(':').map_or("", |(scheme, _)| scheme));
    push("beacon.kind", load.kind);
    push("beacon.hidden_how", load.hidden.unwrap_or_default());
    push("beacon.fires", load.fires.word());
    push("beacon.masked", &target.masked);
    target.through.iter().take(MOST).for_each(|host| push("beacon.through", host));
    for token in target.tokens.iter().take(MOST) {
        push("beacon.token", &token.text);
        push("beacon.token_shape", &token.shape);
        push("beacon.names_how", token.names.unwrap_or_default());
    }
    event.push_bool("beacon.hidden", load.hidden.is_some());
    event.push_bool("beacon.names_recipient", target.tokens.iter().any(|token| token.names.is_some()));
    event.push_uint("beacon.part", u64::from(load.part));
}
