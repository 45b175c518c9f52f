//! A decision, sorted for the protocols: who gets what, and whether the whole has to be refused.

use std::borrow::Cow;
use std::time::Duration;

use crate::door::{Action, Copy, Decision};
use crate::fields;

/// What becomes of one recipient's copy.
pub(crate) fn of_each(decision: &Decision, recipients: usize) -> Vec<Option<usize>> {
    let mut of = vec![None; recipients];
    for (at, copy) in decision.copies.iter().enumerate() {
        for &recipient in &copy.recipients {
            // The first group that names a recipient has it, and a place that is none is nobody.
            if let Some(slot @ None) = of.get_mut(recipient) {
                *slot = Some(at);
            }
        }
    }
    of
}

/// One group of recipients whose copy goes on.
#[derive(Debug)]
pub(crate) struct Going<'a> {
    /// Places of the recipients.
    pub(crate) recipients: Vec<usize>,
    /// What they get.
    pub(crate) copy: &'a Copy,
}

/// Where a protocol has one answer for all recipients.
#[derive(Debug)]
pub(crate) enum Verdict<'a> {
    /// Nothing is done and the sender is told no.
    Reject { code: &'static str, text: &'a str },
    /// Nothing is done and the sender is told to come again.
    Defer { text: &'a str },
    /// Each group goes on; the others lie in quarantine.
    Go { going: Vec<Going<'a>>, quarantined: Vec<usize> },
}

/// Text for a recipient that the decision forgot.
pub(crate) const FORGOTTEN: &str = "Not judged, please try again later";

/// Weighs a decision for a protocol with one answer: if one recipient's mail has to come again, all have to,
/// and if one's is refused, all are.
pub(crate) fn weigh(decision: &Decision, recipients: usize) -> Verdict<'_> {
    let of = of_each(decision, recipients);
    let mut reject = None;
    let mut quarantined = Vec::new();
    for (recipient, at) in of.iter().enumerate() {
        match at.map(|at| &decision.copies[at].action) {
            None => return Verdict::Defer { text: FORGOTTEN },
            Some(Action::Defer { text }) => return Verdict::Defer { text },
            Some(Action::Reject { code, text }) => reject = reject.or(Some((code, text))),
            Some(Action::Quarantined { .. }) => quarantined.push(recipient),
            Some(Action::Deliver { .. }) => {}
        }
    }
    match reject {
        Some((code, text)) => Verdict::Reject { code, text },
        None => Verdict::Go { going: going(decision, &of), quarantined },
    }
}

/// The groups whose copies go on, with the recipients that are truly theirs.
pub(crate) fn going<'a>(decision: &'a Decision, of: &[Option<usize>]) -> Vec<Going<'a>> {
    let mut groups: Vec<Going<'a>> =
        decision.copies.iter().map(|copy| Going { recipients: Vec::new(), copy }).collect();
    for (recipient, at) in of.iter().enumerate() {
        if let Some(at) = at {
            groups[*at].recipients.push(recipient);
        }
    }
    groups
        .retain(|group| !group.recipients.is_empty() && matches!(group.copy.action, Action::Deliver { .. }));
    groups
}

/// What is decided for a judge that did not come to an end.
pub(crate) fn late(recipients: usize, within: Duration) -> Decision {
    tracing::error!(?within, "the judge took too long");
    let action = Action::Defer { text: "Not judged in time, please try again later".into() };
    Decision { id: "late".into(), copies: vec![Copy { recipients: (0..recipients).collect(), action }] }
}

/// The bytes that a copy's recipients get.
pub(crate) fn bytes<'a>(raw: &'a [u8], action: &'a Action) -> Cow<'a, [u8]> {
    let Action::Deliver { prepend, remove, changed } = action else { return Cow::Borrowed(raw) };
    match changed {
        Some(changed) if prepend.is_empty() => Cow::Borrowed(changed),
        Some(changed) => Cow::Owned(fields::edit(changed, prepend, &[])),
        None if prepend.is_empty() && remove.is_empty() => Cow::Borrowed(raw),
        None => Cow::Owned(fields::edit(raw, prepend, remove)),
    }
}

/// One line of text for an answer: printable ASCII, and not long.
pub(crate) fn line(text: &str) -> String {
    let text: String =
        text.chars().take(400).map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect();
    if text.trim().is_empty() { "No reason given".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(copies: Vec<(Vec<usize>, Action)>) -> Decision {
        Decision {
            id: "d".into(),
            copies: copies.into_iter().map(|(recipients, action)| Copy { recipients, action }).collect(),
        }
    }

    fn plain() -> Action {
        Action::Deliver { prepend: vec![], remove: vec![], changed: None }
    }

    #[test]
    fn the_strictest_answer_is_for_all() {
        let reject = || Action::Reject { code: "5.7.1", text: "no".into() };
        let defer = || Action::Defer { text: "later".into() };
        let held = || Action::Quarantined { id: "q".into() };
        let one = decision(vec![(vec![0], plain()), (vec![1], reject()), (vec![2], defer())]);
        assert!(matches!(weigh(&one, 3), Verdict::Defer { text: "later" }));
        assert!(matches!(weigh(&one, 2), Verdict::Reject { code: "5.7.1", text: "no" }));
        let two = decision(vec![(vec![0, 2, 2, 99], plain()), (vec![1, 2], held())]);
        let Verdict::Go { going, quarantined } = weigh(&two, 3) else { panic!() };
        assert_eq!((going.len(), &going[0].recipients, quarantined), (1, &vec![0, 2], vec![1]));
        assert!(matches!(weigh(&two, 4), Verdict::Defer { .. }), "the forgotten come again");
        assert!(matches!(weigh(&decision(vec![]), 1), Verdict::Defer { .. }));
    }

    #[test]
    fn a_changed_copy_gets_its_trace_on_top() {
        let action = Action::Deliver {
            prepend: vec![("T".into(), "t".into())],
            remove: vec![("A".into(), 1)],
            changed: Some(b"A: own\r\n\r\n".to_vec()),
        };
        assert_eq!(&*bytes(b"A: forged\r\n\r\n", &action), b"T: t\r\nA: own\r\n\r\n");
        assert!(matches!(bytes(b"raw", &plain()), Cow::Borrowed(b"raw")));
    }

    #[test]
    fn an_answer_is_one_line() {
        assert_eq!(line("a\r\n250 b\u{e9}"), "a??250 b?");
        assert_eq!(line(""), "No reason given");
    }
}
