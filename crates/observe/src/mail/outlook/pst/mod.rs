//! Mailbox files of Outlook ([MS-PST]): PST, and OST, which is a copy of a mailbox on a server.
//!
//! The messages are found by the tree of all nodes and not by the tables of the folders, so that one that
//! no folder lists any more is read as well. The crate `outlook-pst` reads no OST at all and asks for
//! more memory the more a file lies about its trees, so it serves as the judge of the tests alone; here
//! every loop ends by a count, a depth or the bytes that were read.

#[cfg(test)]
mod build;
#[cfg(test)]
mod build_heap;
mod coding;
mod context;
mod file;
mod heap;
mod page;
mod rescue;

use std::collections::HashSet;

use model::{Place, Problem};
use rustc_hash::FxHashMap;

use self::context::{Below, find};
pub(crate) use self::file::MAGIC;
use self::file::{Fault, File};
use self::page::Node;
use super::item::{Attachment, Item, MAX_DEPTH, MAX_PARTS, Properties, id};
use super::write;
use crate::mail::{Reader, place};
use crate::read::ReadSeek;
use crate::{Collector, Context};

/// Nodes that every file has ([MS-PST], 2.4.1).
const STORE: u32 = 0x21;
const ROOT: u32 = 0x122;
/// The table of recipients below a message.
const RECIPIENTS: u32 = 0x692;
/// Types of nodes, which the lowest five bits of their ids tell.
const MESSAGE: u32 = 0x04;
const ATTACHMENT: u32 = 0x05;
/// Folders within folders.
const MAX_FOLDERS: usize = 32;
/// Folders whose names are kept.
const MAX_NAMES: usize = 100_000;
/// Properties of a store.
const TOP: u16 = 0x35E0;
const OWNER: u16 = 0x661C;

/// What lies in a mailbox and is no mail: classes of messages, in lower case, by what they begin with.
const NO_MAIL: [&str; 11] = [
    "ipm.appointment",
    "ipm.contact",
    "ipm.distlist",
    "ipm.abchperson",
    "ipm.task",
    "ipm.activity",
    "ipm.stickynote",
    "ipm.configuration",
    "ipm.microsoft",
    "ipm.conversationaction",
    "ipm.rule",
];

/// Whether a file that begins like `head` is a mailbox: the magic, and that of a kind of them behind the
/// checksum.
pub(crate) fn recognise(head: &[u8]) -> bool {
    head.starts_with(MAGIC) && matches!(head.get(8..10), Some(b"SM" | b"SO"))
}

/// Reads every message of a mailbox.
pub(crate) fn read(file: &mut dyn ReadSeek, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader::new(context, out);
    let by_name = place::of_file(context.path);
    let mut file = match File::open(file) {
        Ok(file) => file,
        Err(fault) => return whole(&mut reader, &format!("not read: {fault}")),
    };
    let mut mailbox = Mailbox { told: HashSet::default(), folders: FxHashMap::default(), top: 0 };
    mailbox.store(&mut file, &mut reader);
    reader.mailbox = reader.mailbox.take().or(by_name.map(str::to_owned));
    let mut read = file.walk(&mut |file, id, node| mailbox.node(file, id, node, &mut reader));
    if read.is_ok() && file.is_torn {
        whole(&mut reader, "parts of it are damaged or missing; read on by what is left of its index");
        read = rescue::scan(&mut file).and_then(|found| {
            let nodes: Vec<(u32, Node)> = found.nodes.iter().map(|(id, node)| (*id, *node)).collect();
            file.found = Some(found);
            nodes.into_iter().try_for_each(|(id, node)| mailbox.node(&mut file, id, node, &mut reader))
        });
    }
    if let Err(fault) = read {
        whole(&mut reader, &fault.to_string());
    }
}

fn whole(reader: &mut Reader<'_>, what: &str) {
    reader.out.problem(Problem::new(Place::Whole, what));
}

struct Mailbox {
    /// Nodes that were handed over.
    told: HashSet<u32, rustc_hash::FxBuildHasher>,
    /// Names of folders, with the folders that they lie in.
    folders: FxHashMap<u32, (String, u32)>,
    /// The folder that holds the folders that its owner sees.
    top: u32,
}

impl Mailbox {
    /// Learns whose mailbox it is.
    fn store(&mut self, file: &mut File<'_>, reader: &mut Reader<'_>) {
        let read = file.node(STORE).and_then(|node| {
            let below = file.below(node.below)?;
            context::read(file, node, &below)
        });
        let Ok(store) = read else { return };
        let properties = store.properties;
        // An entry id ends with the number of a node ([MS-PST], 2.4.3.2).
        let top = properties.bytes(TOP).and_then(|bytes| bytes.last_chunk());
        self.top = top.map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let page = properties.code_page();
        let name = |id| properties.text(id, page);
        let address =
            [name(id::NAME), name(OWNER)].into_iter().flatten().find(|name| place::is_address(name));
        let told = reader.mailbox.as_deref().is_some_and(place::is_address);
        if let Some(owner) = address.or_else(|| name(OWNER)).filter(|_| !told) {
            reader.mailbox = Some(owner);
        }
    }

    /// Hands over the message that a node is.
    fn node(
        &mut self,
        file: &mut File<'_>,
        number: u32,
        node: Node,
        reader: &mut Reader<'_>,
    ) -> Result<(), Fault> {
        if number & 31 != MESSAGE || self.told.contains(&number) {
            return Ok(());
        }
        let mut problems = Vec::new();
        file.begin();
        let read = item(file, node, 0, &mut problems);
        if file.found.is_none() && file.is_torn && (read.is_err() || !problems.is_empty()) {
            // There is a second chance.
            return Ok(());
        }
        self.told.insert(number);
        match read {
            Ok(item) if is_mail(&item.properties) => {
                file.begin();
                reader.folder = self.folder(file, node.parent);
                reader.rebuilt(&write::rebuild(&item));
                for problem in &problems {
                    reader.problem(problem);
                }
            }
            Ok(_) => {}
            Err(Fault::Spent) => return Err(Fault::Spent),
            Err(fault) => whole(reader, &format!("message {number:#x} cannot be read: {fault}")),
        }
        Ok(())
    }

    /// The names of the folders from the top to `folder`, divided by slashes.
    fn folder(&mut self, file: &mut File<'_>, mut folder: u32) -> Option<String> {
        let mut names: Vec<String> = Vec::new();
        for _ in 0..MAX_FOLDERS {
            if folder == 0 || folder == ROOT || folder == self.top {
                break;
            }
            if self.folders.len() >= MAX_NAMES {
                self.folders.clear();
            }
            let (name, parent) =
                self.folders.entry(folder).or_insert_with(|| name(file, folder).unwrap_or_default()).clone();
            if name.is_empty() || place::is_around(&name) {
                break;
            }
            names.push(name);
            folder = parent;
        }
        names.reverse();
        (!names.is_empty()).then(|| names.join("/"))
    }
}

/// The name of a folder, and the folder that it lies in.
fn name(file: &mut File<'_>, folder: u32) -> Option<(String, u32)> {
    let node = file.node(folder).ok()?;
    let below = file.below(node.below).unwrap_or_default();
    let context = context::read(file, node, &below).ok()?;
    let name = context.properties.text(id::NAME, context.properties.code_page())?;
    Some((name.chars().filter(|c| !c.is_control()).take(200).collect(), node.parent))
}

/// Whether these are the properties of mail: it has come or was written, whatever its class.
fn is_mail(properties: &Properties) -> bool {
    let page = properties.code_page();
    let class = properties.text(id::CLASS, page).unwrap_or_default().to_ascii_lowercase();
    properties.get(id::HEADERS).is_some() || !NO_MAIL.iter().any(|begin| class.starts_with(begin))
}

/// Reads the message that `node` is.
fn item(file: &mut File<'_>, node: Node, depth: u32, problems: &mut Vec<String>) -> Result<Item, Fault> {
    let below = match file.below(node.below) {
        Ok(below) => below,
        Err(Fault::Spent) => return Err(Fault::Spent),
        Err(fault) => {
            tell(problems, &format!("its recipients and attachments cannot be read: {fault}"));
            Vec::new()
        }
    };
    let context = context::read(file, node, &below)?;
    let mut item = Item { properties: context.properties, ..Item::default() };
    if let Some(fault) = context.fault {
        tell(problems, &format!("a part cannot be read: {fault}"));
    }
    if let Some(table) = find(&below, RECIPIENTS) {
        match context::rows(file, table) {
            Ok(rows) => {
                for row in rows {
                    if let Some(fault) = row.fault {
                        tell(problems, &format!("a recipient cannot be read: {fault}"));
                    }
                    item.recipients.push(row.properties);
                }
            }
            Err(fault) => tell(problems, &format!("its recipients cannot be read: {fault}")),
        }
    }
    for (_, node) in below.iter().filter(|(id, _)| id & 31 == ATTACHMENT).take(MAX_PARTS) {
        match attachment(file, *node, depth, problems) {
            Ok(attachment) => item.attachments.push(attachment),
            Err(Fault::Spent) => return Err(Fault::Spent),
            Err(fault) => tell(problems, &format!("an attachment cannot be read: {fault}")),
        }
    }
    Ok(item)
}

fn attachment(
    file: &mut File<'_>,
    node: Node,
    depth: u32,
    problems: &mut Vec<String>,
) -> Result<Attachment, Fault> {
    let below = file.below(node.below)?;
    let context = context::read(file, node, &below)?;
    if let Some(fault) = context.fault {
        tell(problems, &format!("a part of an attachment cannot be read: {fault}"));
    }
    let mut attachment = Attachment { properties: context.properties, message: None };
    if let Some(object) = context.object {
        attachment.message = embedded(file, &below, object, depth, problems)?.map(Box::new);
    }
    Ok(attachment)
}

fn embedded(
    file: &mut File<'_>,
    below: &Below,
    object: u32,
    depth: u32,
    problems: &mut Vec<String>,
) -> Result<Option<Item>, Fault> {
    if object & 31 != MESSAGE {
        tell(problems, "an attachment is an OLE object, which is not read");
        return Ok(None);
    }
    if depth >= MAX_DEPTH {
        tell(problems, "messages within messages are too deep; those below are left out");
        return Ok(None);
    }
    let node = find(below, object).ok_or(Fault::Torn("the message that is attached is missing"))?;
    item(file, node, depth + 1, problems).map(Some)
}

fn tell(problems: &mut Vec<String>, what: &str) {
    if problems.len() < 20 && !problems.iter().any(|told| told == what) {
        problems.push(what.to_owned());
    }
}

#[cfg(test)]
mod tests;
