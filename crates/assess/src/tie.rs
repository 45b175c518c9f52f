use crate::tables::{Links, Weight};
use crate::things::ThingId;

/// What kind of link two runs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tie {
    Host,
    Time,
    Held,
    Peer,
    Inside,
    Outside,
    Account,
    Mailbox,
    Contact,
    Mailing,
    Process,
    Pid,
    Session,
    File,
    Share,
    Record,
}

impl Tie {
    /// The word of [`model::Link::kind`].
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Host | Self::Held | Self::Peer => "host",
            Self::Time => "time",
            Self::Inside | Self::Outside => "address",
            Self::Account => "account",
            Self::Mailbox | Self::Contact => "mailbox",
            Self::Mailing => "mailing",
            Self::Process | Self::Pid => "process",
            Self::Session => "session",
            Self::File => "file",
            Self::Share => "share",
            Self::Record => "record",
        }
    }

    /// Ties of one slot count once, by the most telling.
    const fn slot(self) -> usize {
        match self {
            Self::Host | Self::Time | Self::Held => 0,
            Self::Peer => 1,
            Self::Inside | Self::Outside => 2,
            Self::Account | Self::Mailbox => 3,
            Self::Process | Self::Pid | Self::Session => 4,
            Self::File => 5,
            Self::Share => 6,
            Self::Contact => 7,
            Self::Record => 8,
            Self::Mailing => 9,
        }
    }

    pub(crate) fn weight(self, links: &Links) -> &Weight {
        match self {
            Self::Host => &links.host,
            Self::Time => &links.time,
            Self::Held => &links.held,
            Self::Peer => &links.peer,
            Self::Inside => &links.inside,
            Self::Outside => &links.outside,
            Self::Account => &links.account,
            Self::Mailbox => &links.mailbox,
            Self::Contact => &links.contact,
            Self::Mailing => &links.mailing,
            Self::Process => &links.process,
            Self::Pid => &links.pid,
            Self::Session => &links.session,
            Self::File => &links.file,
            Self::Share => &links.share,
            Self::Record => &links.record,
        }
    }

    /// Whether one rule on one such value is one story, however often it fires.
    pub(crate) fn is_one_story(self) -> bool {
        matches!(
            self,
            Self::Outside | Self::Contact | Self::Mailing | Self::Process | Self::Session | Self::File
        )
    }
}

const SLOTS: usize = 10;

/// The best tie of each slot between a run and one candidate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ballot {
    best: [Option<(i64, Tie, ThingId)>; SLOTS],
}

impl Ballot {
    pub(crate) fn offer(&mut self, weight: i64, tie: Tie, thing: ThingId) {
        let slot = &mut self.best[tie.slot()];
        if slot.is_none_or(|known| known.0 < weight) {
            *slot = Some((weight, tie, thing));
        }
    }

    pub(crate) fn sum(&self) -> i64 {
        self.best.iter().flatten().map(|best| best.0).sum()
    }

    /// The ties that count.
    pub(crate) fn best(&self) -> impl Iterator<Item = (i64, Tie, ThingId)> {
        self.best.into_iter().flatten()
    }

    /// The sum without what only says that both stand on one machine.
    pub(crate) fn beside_machine(&self) -> i64 {
        self.best.iter().skip(1).flatten().map(|best| best.0).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_counts_once() {
        let mut ballot = Ballot::default();
        for (weight, tie) in
            [(30, Tie::Host), (52, Tie::Time), (40, Tie::Account), (60, Tie::Mailbox), (9, Tie::Share)]
        {
            ballot.offer(weight, tie, 0);
        }
        assert_eq!((ballot.sum(), ballot.beside_machine()), (52 + 60 + 9, 60 + 9));
    }
}
