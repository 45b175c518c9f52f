use model::Time;
use rustc_hash::FxHashMap;

use super::shingle::{Signature, hash, mix};
use super::{Mailing, Trace};

/// Texts that share this much, in hundredths, are one template.
const ALIKE: u32 = 60;
/// Templates that are remembered; the oldest are forgotten beyond.
const REMEMBERED: usize = 1_000_000;
/// Templates that are compared under one key: the newest ones.
const COMPARED: usize = 4;

/// Joins messages into mailings as they come, in order of time.
///
/// Two messages are of one mailing when they come from one address, or when their texts are alike.
/// Messages that can tell nobody that they were opened are not kept, nor are those of the institution's
/// own people: a member who hands a newsletter on would join all that was ever handed on.
#[derive(Debug, Default)]
pub struct Detector {
    /// Template → the one that it was joined to, or itself.
    parents: Vec<u32>,
    mailings: FxHashMap<u32, Mailing>,
    signatures: Vec<Signature>,
    /// Signature → the template that it was first seen in.
    places: Vec<u32>,
    by_sender: FxHashMap<u64, u32>,
    by_text: FxHashMap<u64, Vec<u32>>,
}

impl Detector {
    /// Takes a message; those that come after it must not be older if the answer is to be the same
    /// for the same messages. `None` where it could not tell its sender anything.
    pub fn add(&mut self, trace: &Trace) -> Option<u32> {
        if trace.own || !trace.reports_back() || self.parents.len() >= REMEMBERED {
            return None;
        }
        let by_sender = (!trace.sender.is_empty()).then(|| hash(&trace.sender));
        let mut found: Vec<u32> = Vec::new();
        found.extend(by_sender.and_then(|key| self.by_sender.get(&key)));
        let alike = self.alike(trace);
        found.extend(alike);
        let mut place = match found.first() {
            Some(&template) => self.root(template),
            None => self.template(),
        };
        for other in found {
            place = self.join(place, other);
        }
        if let Some(key) = by_sender {
            self.by_sender.insert(key, place);
        }
        if trace.text.is_telling() && alike.is_none() {
            self.remember(place, trace);
        }
        self.mailings.entry(place).or_default().add(trace);
        Some(place)
    }

    /// What is known of the mailing of a message that was added before, under the number that
    /// [`Detector::add`] gave.
    pub fn mailing(&mut self, number: u32) -> Option<&Mailing> {
        let root = self.root(number);
        self.mailings.get(&root)
    }

    /// The number that all messages of one mailing share.
    pub fn root(&mut self, mut template: u32) -> u32 {
        while let Some(&parent) = self.parents.get(template as usize)
            && parent != template
        {
            // Halving the way keeps it short.
            let above = self.parents[parent as usize];
            self.parents[template as usize] = above;
            template = above;
        }
        template
    }

    /// A name for the mailing that is the same on every machine: a hash of its first moment and its
    /// first sender and address.
    pub fn name(mailing: &Mailing) -> String {
        let first = mailing.senders.first().map_or(0, |sender| hash(sender));
        let url = mailing.urls.first().map_or(0, |url| hash(url));
        let time = mailing.first.map_or(0, Time::micros).cast_unsigned();
        format!("{:016x}", mix(first ^ mix(url ^ mix(time))))
    }

    /// Every mailing, in the order in which the first message of each came.
    pub fn mailings(&self) -> impl Iterator<Item = (u32, &Mailing)> {
        let mut roots: Vec<u32> = self.mailings.keys().copied().collect();
        roots.sort_unstable();
        roots.into_iter().filter_map(|root| Some((root, self.mailings.get(&root)?)))
    }

    fn template(&mut self) -> u32 {
        let place = self.parents.len() as u32;
        self.parents.push(place);
        place
    }

    /// The mailing of the text that is most like this one.
    fn alike(&self, trace: &Trace) -> Option<u32> {
        let text = &trace.text;
        let mut best: Option<(u32, u32)> = None;
        for key in keys(trace) {
            for &known in self.by_text.get(&key).into_iter().flatten() {
                let (likeness, place) =
                    (self.signatures[known as usize].likeness(text), self.places[known as usize]);
                if likeness >= ALIKE && best.is_none_or(|(most, _)| likeness > most) {
                    best = Some((likeness, place));
                }
            }
        }
        best.map(|(_, place)| place)
    }

    fn remember(&mut self, place: u32, trace: &Trace) {
        let number = self.signatures.len() as u32;
        self.signatures.push(trace.text.clone());
        self.places.push(place);
        for key in keys(trace) {
            let known = self.by_text.entry(key).or_default();
            if known.len() >= COMPARED {
                known.remove(0);
            }
            known.push(number);
        }
    }

    /// Joins two mailings; the older number stays.
    fn join(&mut self, one: u32, two: u32) -> u32 {
        let (one, two) = (self.root(one), self.root(two));
        let (stays, goes) = (one.min(two), one.max(two));
        if stays != goes {
            self.parents[goes as usize] = stays;
            if let Some(gone) = self.mailings.remove(&goes) {
                self.mailings.entry(stays).or_default().join(gone);
            }
        }
        stays
    }
}

/// Keys under which texts that are alike find each other. A mail that copies an outlet's newsletter is no
/// issue of it: one whose sender fits and one whose sender does not are never joined for their text.
fn keys(trace: &Trace) -> impl Iterator<Item = u64> + '_ {
    trace.text.keys().map(|key| key ^ u64::from(trace.unfit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "My editors asked me to collect the views of members of your group before the vote on \
        the sanctions bill, which our paper will report at length on its front page this weekend. Would you \
        have ten minutes for a call, or could your office send two sentences that we may quote in full?";

    fn trace(number: u32, sender: &str, text: &str) -> Trace {
        Trace {
            time: Some(Time::from_micros(i64::from(number) * 1_000_000)),
            mailbox: format!("mp{number}@parl.example"),
            sender: sender.to_owned(),
            domain: "press.example".to_owned(),
            text: Signature::of_text(text, ""),
            tokens: vec![format!("t{number:08x}")],
            shapes: vec!["hex8".to_owned()],
            hosts: vec!["img.example".to_owned()],
            loads: true,
            ..Trace::default()
        }
    }

    fn sums(traces: &[Trace]) -> Vec<(u64, u64, u64)> {
        let mut detector = Detector::default();
        traces.iter().for_each(|trace| _ = detector.add(trace));
        detector.mailings().map(|(_, all)| (all.messages, all.mailboxes(), all.tokens())).collect()
    }

    #[test]
    fn one_text_from_several_senders_is_one_mailing() {
        let traces: Vec<Trace> = (0..6).map(|n| trace(n, &format!("s{n}@a.example"), TEXT)).collect();
        assert_eq!(sums(&traces), [(6, 6, 6)]);
    }

    #[test]
    fn one_sender_with_many_texts_is_one_mailing() {
        let texts = [
            TEXT,
            "An entirely different letter about the opening hours of the library, which will be \
            closed for repairs until further notice as the council decided at its last meeting in the town",
        ];
        let traces: Vec<Trace> = (0..4).map(|n| trace(n, "a@a.example", texts[n as usize % 2])).collect();
        assert_eq!(sums(&traces), [(4, 4, 4)]);
    }

    #[test]
    fn mailings_that_turn_out_to_be_one_are_joined() {
        let other = "The council decided at its last meeting that the library will be closed for repairs until \
            further notice, and asks readers to return their books to the desk in the town hall by Friday";
        let traces = [
            trace(1, "a@a.example", TEXT),
            trace(2, "b@b.example", other),
            // The first sender now sends the second text.
            trace(3, "a@a.example", other),
        ];
        assert_eq!(sums(&traces), [(3, 3, 3)]);
    }

    #[test]
    fn what_reports_nothing_is_not_kept() {
        let silent = Trace { tokens: Vec::new(), loads: false, ..trace(1, "a@a.example", TEXT) };
        assert_eq!(sums(&[silent]), []);
    }

    #[test]
    fn a_copy_of_a_newsletter_is_no_issue_of_it() {
        let honest = (0..5).map(|n| trace(n, "news@press.example", TEXT));
        let copies = (5..9).map(|n| Trace { unfit: true, ..trace(n, "news@other.example", TEXT) });
        let handed_on = (9..11).map(|n| Trace { own: true, ..trace(n, "mp@parl.example", TEXT) });
        let all: Vec<Trace> = honest.chain(copies).chain(handed_on).collect();
        assert_eq!(sums(&all), [(5, 5, 5), (4, 4, 4)]);
    }

    #[test]
    fn two_letters_of_two_people_are_two_mailings() {
        let short = trace(2, "b@b.example", "See the attached");
        assert_eq!(sums(&[trace(1, "a@a.example", TEXT), short]), [(1, 1, 1), (1, 1, 1)]);
    }

    #[test]
    fn the_name_depends_on_what_came_alone() {
        let traces: Vec<Trace> = (0..3).map(|n| trace(n, "a@a.example", TEXT)).collect();
        let name = |traces: &[Trace]| {
            let mut detector = Detector::default();
            traces.iter().for_each(|trace| _ = detector.add(trace));
            detector.mailings().map(|(_, mailing)| Detector::name(mailing)).collect::<Vec<_>>()
        };
        assert_eq!(name(&traces), name(&traces[..2]));
        assert_ne!(name(&traces), name(&traces[1..]));
    }
}
