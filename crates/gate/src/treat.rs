//! From a verdict to what is done, for each group of recipients that are treated alike.

use std::collections::BTreeMap;

use mail::auth::{self, Evaluated};
use mail::neutralise;
use model::Time;

use crate::door::{Action, Copy, Envelope};
use crate::headers;
use crate::policy::{self, Choice, Sealed, Treatment};
use crate::quarantine::{New, Quarantine, QuarantineError, Why};
use crate::setup::Setup;
use crate::verdict::Verdict;

/// A message with all that was found.
pub(crate) struct Judged<'a> {
    pub(crate) id: &'a str,
    pub(crate) now: Time,
    pub(crate) envelope: &'a Envelope,
    pub(crate) raw: &'a [u8],
    pub(crate) verdict: &'a Verdict,
    pub(crate) evaluated: Option<&'a Evaluated>,
    pub(crate) client: Option<std::net::IpAddr>,
    pub(crate) sender: &'a str,
    pub(crate) subject: &'a str,
    /// The reason of the allow list's entry that lets it pass.
    pub(crate) allowed: Option<&'a str>,
}

/// Recipients that are treated alike, with what is done.
pub(crate) struct Treated {
    pub(crate) copy: Copy,
    /// What was done, for logs and counts.
    pub(crate) word: &'static str,
}

/// Decides for every recipient. Whatever is quarantined is on disk when this returns.
pub(crate) fn treat(
    setup: &Setup,
    judged: &Judged<'_>,
    keep: &mut dyn FnMut(&New<'_>) -> Result<(), QuarantineError>,
) -> Vec<Treated> {
    let groups = groups(setup, judged);
    let several = groups.len() > 1;
    let mut harmless = None;
    let mut all = Vec::new();
    for (number, (choice, recipients)) in groups.into_iter().enumerate() {
        let id = if several { format!("{}.{}", judged.id, number + 1) } else { judged.id.to_owned() };
        let (word, action) = if setup.config.dry_run {
            ("dry-run", as_it_came())
        } else {
            let mut one = One { setup, judged, id, recipients: &recipients, harmless: &mut harmless, keep };
            one.act(&choice)
        };
        all.push(Treated { copy: Copy { recipients, action }, word });
    }
    all
}

/// What would be done with whom.
pub(crate) fn groups(setup: &Setup, judged: &Judged<'_>) -> BTreeMap<Choice, Vec<usize>> {
    let mut groups: BTreeMap<Choice, Vec<usize>> = BTreeMap::new();
    for (place, recipient) in judged.envelope.recipients.iter().enumerate() {
        let config = &setup.config;
        let mut choice = policy::choose(&config.policy, &config.group, recipient, judged.verdict);
        if judged.allowed.is_some() {
            choice.treatment = Treatment::Pass;
        }
        // What makes no difference makes no group.
        if choice.treatment != Treatment::Neutralise {
            choice.sealed = Sealed::Tag;
            choice.keep.neutralised = false;
        }
        choice.keep.rejected &= choice.treatment == Treatment::Reject;
        groups.entry(choice).or_default().push(place);
    }
    groups
}

/// What would be done with whom, in words.
pub(crate) fn would(setup: &Setup, judged: &Judged<'_>) -> String {
    let of = |places: Vec<usize>| {
        let to = places.into_iter().filter_map(|at| judged.envelope.recipients.get(at));
        to.map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    let groups = groups(setup, judged).into_iter();
    groups
        .map(|(choice, places)| format!("{} for {}", choice.treatment.as_str(), of(places)))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Every byte as it was.
pub(crate) fn as_it_came() -> Action {
    Action::Deliver { prepend: Vec::new(), remove: Vec::new(), changed: None }
}

/// One group of recipients.
struct One<'a, 'j> {
    setup: &'a Setup,
    judged: &'a Judged<'j>,
    id: String,
    recipients: &'a [usize],
    /// The message made harmless, once for all groups.
    harmless: &'a mut Option<neutralise::Done>,
    keep: &'a mut dyn FnMut(&New<'_>) -> Result<(), QuarantineError>,
}

impl One<'_, '_> {
    fn act(&mut self, choice: &Choice) -> (&'static str, Action) {
        match choice.treatment {
            Treatment::Pass => ("pass", self.unchanged(None)),
            Treatment::Tag => ("tag", self.unchanged(Some("tagged"))),
            Treatment::Neutralise => self.neutralise(choice),
            Treatment::Quarantine => self.quarantine(),
            Treatment::Reject => self.reject(choice),
        }
    }

    /// It goes on with its body and its signed header fields byte for byte.
    fn unchanged(&self, tag: Option<&str>) -> Action {
        let forged = headers::forged(self.judged.raw, self.setup.id());
        let remove = forged.iter().map(|field| (field.name.to_owned(), field.nth)).collect();
        Action::Deliver { prepend: self.trace(tag), remove, changed: None }
    }

    /// The header fields of our own.
    fn trace(&self, tag: Option<&str>) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        if let Some(results) =
            self.judged.evaluated.map(|all| &all.header).filter(|header| !header.is_empty())
        {
            fields.push(("Authentication-Results".to_owned(), results.clone()));
        }
        if let Some(done) = tag {
            let value = headers::verdict(self.judged.verdict, done, &self.id);
            fields.push(("X-Portcullis-Verdict".to_owned(), value));
        }
        fields
    }

    fn neutralise(&mut self, choice: &Choice) -> (&'static str, Action) {
        let settings = &self.setup.neutralise;
        let raw = self.judged.raw;
        let id = self.setup.id();
        let done = self.harmless.get_or_insert_with(|| {
            // Fields in our name are others' until now; what the neutraliser adds is ours.
            let forged = headers::forged(raw, id);
            if forged.is_empty() {
                neutralise::neutralise(raw, settings)
            } else {
                neutralise::neutralise(&headers::without(raw, &forged), settings)
            }
        });
        if !done.untouched.is_empty() && choice.sealed == Sealed::Quarantine {
            return self.quarantine();
        }
        if !done.changed {
            return ("tag", self.unchanged(Some("nothing to neutralise")));
        }
        let changed = done.bytes.clone();
        if choice.keep.neutralised
            && let Err(error) = self.original(Why::Neutralised)
        {
            return self.not_kept(&error);
        }
        let mut prepend = self.trace(Some("neutralised"));
        if let (Some(key), Some(evaluated), Some(id)) =
            (&self.setup.arc, self.judged.evaluated, self.setup.id())
        {
            let seconds = self.judged.now.micros().div_euclid(1_000_000).cast_unsigned();
            match auth::seal(&changed, evaluated, key, seconds, id) {
                Ok(set) => prepend.splice(0..0, set).for_each(drop),
                // RFC 8617, section 5.1: a chain that is broken or full is not gone on with.
                Err(error) => tracing::info!(id = self.id, %error, "no ARC set was added"),
            }
        }
        ("neutralise", Action::Deliver { prepend, remove: Vec::new(), changed: Some(changed) })
    }

    fn quarantine(&mut self) -> (&'static str, Action) {
        match self.original(Why::Quarantined) {
            Ok(()) => ("quarantine", Action::Quarantined { id: self.id.clone() }),
            Err(error) => self.not_kept(&error),
        }
    }

    fn reject(&mut self, choice: &Choice) -> (&'static str, Action) {
        if choice.keep.rejected
            && let Err(error) = self.original(Why::Rejected)
        {
            return self.not_kept(&error);
        }
        let text = format!("The message was refused by the policy of this institution ({})", self.id);
        ("reject", Action::Reject { code: "5.7.1", text })
    }

    /// What was to be kept and is not goes back to its sender for a while, even where the gate fails open: it is
    /// known to be hostile.
    fn not_kept(&self, error: &QuarantineError) -> (&'static str, Action) {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(id = self.id, %error, cause, "an original could not be kept; its sender comes again");
        ("defer", Action::Defer { text: format!("The message cannot be taken now ({})", self.id) })
    }

    fn original(&mut self, why: Why) -> Result<(), QuarantineError> {
        let judged = self.judged;
        let of = &judged.envelope.recipients;
        let recipients: Vec<String> = self.recipients.iter().filter_map(|&at| of.get(at).cloned()).collect();
        (self.keep)(&New {
            id: &self.id,
            time: judged.now,
            why,
            client: judged.client.map(|client| client.to_string()).unwrap_or_default(),
            mail_from: &judged.envelope.mail_from,
            recipients: &recipients,
            sender: judged.sender,
            subject: judged.subject,
            level: judged.verdict.level_word(),
            rules: &judged.verdict.rules,
            explanation: &judged.verdict.explanation,
        })
    }
}

/// Keeps originals of `raw` in a quarantine that several threads share.
pub(crate) fn keeper<'a>(
    quarantine: &'a std::sync::Mutex<Quarantine>,
    raw: &'a [u8],
) -> impl FnMut(&New<'_>) -> Result<(), QuarantineError> + 'a {
    move |new| quarantine.lock().unwrap_or_else(std::sync::PoisonError::into_inner).keep(new, raw)
}
