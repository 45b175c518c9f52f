use std::collections::BTreeSet;
use std::net::IpAddr;

use mail_parser::{Message, MessageParser};
use model::{Event, Facts};
use serde::{Deserialize, Serialize};

use crate::Settings;
use crate::auth::{self, Evaluated};
use crate::content::{self, Content, Kind};
use crate::documents::{self, Document};
use crate::html::{self, Fires, Page, Place};
use crate::links::{self, Recipients, Target};
use crate::recon::{Signature, Trace};
use crate::who::{self, Directory, Sender};

/// Beacons, links and attachments of one message that are events of their own; what is beyond is counted.
const CHILDREN: usize = 500;
/// Tokens, hosts and addresses that are kept of one message to find its mailing.
const TRACED: usize = 32;

/// What is known of a message besides its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// Whose mailbox it lies in, where its container says.
    pub mailbox: Option<&'a str>,
    /// The folder of that mailbox.
    pub folder: Option<&'a str>,
    /// The address that the message came from, at the door.
    pub client: Option<IpAddr>,
    /// What was evaluated at the door; in a hunt the message's own trusted results count.
    pub evaluated: Option<&'a Evaluated>,
}

/// What lies in a message and is an event of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Child {
    /// Something that loads by itself.
    Beacon,
    /// A link.
    Link,
    /// An attachment.
    Attachment,
}

impl Child {
    /// The name of its log source.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Beacon => "mail-beacon",
            Self::Link => "mail-link",
            Self::Attachment => "mail-attachment",
        }
    }

    /// What its facts begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Beacon => "beacon.",
            Self::Link => "link.",
            Self::Attachment => "attachment.",
        }
    }

    /// What people call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Beacon => "beacon",
            Self::Link => "link",
            Self::Attachment => "attachment",
        }
    }
}

/// What was found in a message beyond its own facts.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// Beacons, links and attachments with their own facts.
    pub children: Vec<(Child, Facts)>,
    /// What reconnaissance detection keeps of it.
    pub trace: Trace,
}

/// Reads messages one after the other.
#[derive(Debug)]
pub struct Inspector<'a> {
    settings: &'a Settings,
    directory: Directory<'a>,
    parser: MessageParser,
}

impl<'a> Inspector<'a> {
    /// An inspector that knows what `settings` say.
    pub fn new(settings: &'a Settings) -> Self {
        Self { settings, directory: Directory::new(settings), parser: MessageParser::default() }
    }

    /// Adds the facts of the message `raw` to `event`, and gives it its time.
    pub fn inspect(&mut self, raw: &[u8], about: &About<'_>, event: &mut Event) -> Inspection {
        let Some(message) = self.parser.parse(raw) else { return Inspection::default() };
        let sender = who::read(&message, &self.directory, event);
        let way = auth::read(&message, raw, self.settings, about, event);
        event.time = way.received.or(event.time);
        event.push_uint("mail.size", raw.len() as u64);
        let content = content::read(&message, raw);
        Look { message: &message, content: &content, sender: &sender, about, directory: &self.directory }
            .look(event)
    }
}

/// A message, its parts and its sender.
struct Look<'a, 'm> {
    message: &'a Message<'m>,
    content: &'a Content<'m>,
    sender: &'a Sender,
    about: &'a About<'a>,
    directory: &'a Directory<'a>,
}

impl Look<'_, '_> {
    fn look(&self, event: &mut Event) -> Inspection {
        let All { page, coded, documents } = self.all();
        let recipients = self.recipients();
        let named = Recipients::new(&recipients);
        let loads: Vec<Target> = page.loads.iter().map(|load| links::target(&load.url, &named)).collect();
        let anchors: Vec<Target> =
            page.anchors.iter().map(|anchor| links::target(&anchor.target, &named)).collect();
        let mut found = Inspection::default();
        let mut child = Event::default();
        for (load, target) in page.loads.iter().zip(&loads).take(CHILDREN) {
            html::push(load, target, &mut child);
            found.children.push((Child::Beacon, child.take_facts()));
        }
        for (number, (anchor, target)) in page.anchors.iter().zip(&anchors).enumerate().take(CHILDREN) {
            links::push(anchor, target, number >= coded, &mut child);
            found.children.push((Child::Link, child.take_facts()));
        }
        for (part, document) in self.content.parts.iter().zip(&documents).take(CHILDREN) {
            if let Some(facts) = content::attachment(part, document.as_ref(), &page.text) {
                found.children.push((Child::Attachment, facts));
            }
        }
        content::push(self.content, &page, event);
        html::push_all(&page, &loads, event);
        links::push_all(&page.anchors, &anchors, event);
        let domains = domains(loads.iter().chain(&anchors));
        let subject = self.message.subject().unwrap_or_default();
        let claim = who::claim(self.sender, subject, &page.text, &domains, self.directory, event);
        let owner = self.owner();
        let fires = page.loads.iter().any(|load| load.fires != Fires::Submitted);
        found.trace = Trace {
            time: event.time,
            written_to: if owner == self.sender.address {
                self.sender.recipients.clone()
            } else {
                Vec::new()
            },
            mailbox: owner,
            sender: self.sender.address.clone(),
            domain: self.sender.domain.clone(),
            text: Signature::of_text(&page.text, &recipients.join(" ")),
            tokens: traced(&loads, &anchors, |target| target.tokens.iter().map(|token| &token.text)),
            shapes: traced(&loads, &anchors, |target| target.tokens.iter().map(|token| &token.shape)),
            hosts: domains_of_reports(&loads, &anchors),
            urls: traced(&loads, &[], |target| std::iter::once(&target.masked))
                .into_iter()
                .chain(traced(&[], &anchors, |target| target.tokens.first().map(|_| &target.masked)))
                .take(TRACED)
                .collect(),
            outlet: claim.outlet,
            unfit: claim.unfit,
            own: is_own(event),
            loads: fires,
        };
        found
    }

    /// Everything that a reader sees, and what loads and links in all parts.
    fn all(&self) -> All {
        let mut all = All::default();
        let mut codes = Vec::new();
        let mut pixels = links::PIXELS;
        let page = &mut all.page;
        for part in &self.content.parts {
            let text = part.text.as_deref().unwrap_or_default();
            let mut document = None;
            match part.kind {
                Kind::Html | Kind::Amp if !part.attached => {
                    let fires = if part.kind == Kind::Amp { Fires::OpenedInSome } else { Fires::Opened };
                    let place = Place { part: part.number, fires, location: part.location.as_deref() };
                    page.join(html::read(text, &place));
                }
                Kind::Text | Kind::Calendar if !part.attached => {
                    page.anchors.extend(links::bare(text, part.number));
                    if page.text.is_empty() {
                        page.text.push_str(text);
                    }
                }
                Kind::Image => codes.extend(links::codes(&part.bytes, part.number, &mut pixels)),
                _ => {}
            }
            if part.attached || matches!(part.kind, Kind::Calendar | Kind::Sealed | Kind::Document) {
                document = documents::read(part);
            }
            if let Some(document) = &mut document {
                page.loads.append(&mut document.loads);
                page.anchors.append(&mut document.anchors);
            }
            all.documents.push(document);
        }
        all.coded = page.anchors.len();
        page.anchors.append(&mut codes);
        all
    }

    /// Whose mailbox it lies in: the owner where an address is known, else the address that it was
    /// delivered to, else the sender of a copy in a folder of sent mail, else the owner's name.
    fn owner(&self) -> String {
        let named = self.about.mailbox.unwrap_or_default().to_lowercase();
        let sent = self.about.folder.is_some_and(|folder| {
            let folder = folder.to_lowercase();
            SENT.iter().any(|name| folder.starts_with(name))
        });
        if named.contains('@') {
            named
        } else if sent {
            self.sender.address.clone()
        } else if self.sender.delivered || named.is_empty() {
            self.sender.recipients.first().cloned().unwrap_or(named)
        } else {
            named
        }
    }

    /// Whom it reached.
    fn recipients(&self) -> Vec<String> {
        let owner = self.about.mailbox.map(str::to_lowercase).filter(|name| name.contains('@'));
        let mut all: Vec<String> = owner.into_iter().collect();
        for recipient in &self.sender.recipients {
            if !all.contains(recipient) {
                all.push(recipient.clone());
            }
        }
        all
    }
}

/// Whether it is of the institution's own people, as far as nothing speaks against it.
fn is_own(event: &Event) -> bool {
    let is = |name: &str, value: &str| event.get_all(name).any(|found| found.text == value);
    is("mail.from.own_domain", "true") && !is("mail.auth.dmarc", "fail")
}

/// How folders of sent mail begin, in lower case.
const SENT: [&str; 4] = ["sent", "gesendet", "éléments envoyés", "outbox"];

/// The registered domains of `targets`, in order of name.
fn domains<'t>(targets: impl Iterator<Item = &'t Target>) -> Vec<String> {
    let all: BTreeSet<&str> =
        targets.map(|target| target.domain.as_str()).filter(|name| !name.is_empty()).collect();
    all.into_iter().map(str::to_owned).collect()
}

/// The registered domains that a message reports to: of what loads, and of links that name a recipient.
fn domains_of_reports(loads: &[Target], anchors: &[Target]) -> Vec<String> {
    let mut all = domains(loads.iter().chain(anchors.iter().filter(|target| !target.tokens.is_empty())));
    all.truncate(TRACED);
    all
}

/// Everything that lies in a message.
#[derive(Default)]
struct All {
    page: Page,
    /// Links from this one on stand in codes of pictures.
    coded: usize,
    /// Part → what was read of it as a document.
    documents: Vec<Option<Document>>,
}

/// What `of` gives of all targets, in order, without repetition.
fn traced<'t, I: IntoIterator<Item = &'t String>>(
    loads: &'t [Target],
    anchors: &'t [Target],
    of: impl Fn(&'t Target) -> I,
) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for one in loads.iter().chain(anchors).flat_map(of) {
        if all.len() < TRACED && !all.contains(one) {
            all.push(one.clone());
        }
    }
    all
}
