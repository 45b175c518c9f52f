//! Saved messages of Outlook ([MS-OXMSG]): compound files, a folder for each object and a stream for
//! each of its longer properties.

use std::io::{self, Read, Seek, SeekFrom};

use cfb::CompoundFile;

use super::item::{Attachment, Item, MAX_DEPTH, MAX_PARTS, Properties, id, kind};
use crate::read::ReadSeek;

pub(crate) const MAGIC: &[u8; 8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The stream of properties of fixed length, by which a message is told from other compound files.
const PROPERTIES: &str = "__properties_version1.0";
/// What all streams of one message may hold together. A sector may belong to several streams, so the
/// size of the file is no bound.
const MAX_BYTES: u64 = 64 << 20;
/// Streams and storages of one file.
const MAX_ENTRIES: usize = 100_000;

/// What was read.
pub(crate) struct Saved {
    pub(super) item: Item,
    /// What could not be read.
    pub(super) problems: Vec<String>,
}

/// Reads the message that `file` holds; `None` if it is another compound file.
///
/// # Errors
///
/// When it is no compound file, or one that is damaged where it says what it holds.
pub(super) fn read(file: &mut dyn ReadSeek) -> io::Result<Option<Saved>> {
    file.seek(SeekFrom::Start(0))?;
    let mut file = CompoundFile::open(file)?;
    if !file.is_stream(format!("/{PROPERTIES}")) {
        return Ok(None);
    }
    let mut reader = Reader { file: &mut file, bytes: MAX_BYTES, entries: MAX_ENTRIES, problems: Vec::new() };
    let item = reader.item("", Header::Message, 0);
    Ok(Some(Saved { item, problems: reader.problems }))
}

/// Where the properties of fixed length begin in their stream.
#[derive(Clone, Copy)]
enum Header {
    Message = 32,
    Embedded = 24,
    Part = 8,
}

struct Reader<'f, F> {
    file: &'f mut CompoundFile<F>,
    /// Bytes that may still be read.
    bytes: u64,
    /// Entries that may still be looked at.
    entries: usize,
    problems: Vec<String>,
}

impl<F: Read + Seek> Reader<'_, F> {
    fn item(&mut self, folder: &str, header: Header, depth: u32) -> Item {
        let names = self.names(folder);
        let mut item = Item { properties: self.properties(folder, header, &names), ..Item::default() };
        for (name, _) in names.iter().filter(|(_, is_stream)| !is_stream) {
            let path = format!("{folder}/{name}");
            if name.starts_with("__recip_version1.0_") && item.recipients.len() < MAX_PARTS {
                let names = self.names(&path);
                item.recipients.push(self.properties(&path, Header::Part, &names));
            } else if name.starts_with("__attach_version1.0_") && item.attachments.len() < MAX_PARTS {
                let attachment = self.attachment(&path, depth);
                item.attachments.push(attachment);
            }
        }
        item
    }

    fn attachment(&mut self, folder: &str, depth: u32) -> Attachment {
        let names = self.names(folder);
        let properties = self.properties(folder, Header::Part, &names);
        let object = format!("__substg1.0_{:04X}{:04X}", id::DATA, kind::OBJECT);
        let mut message = None;
        if names.iter().any(|(name, is_stream)| !is_stream && *name == object) {
            let path = format!("{folder}/{object}");
            if !self.file.is_stream(format!("{path}/{PROPERTIES}")) {
                // An OLE object; what it shows is a picture beside its name.
                self.problem("an attachment is an OLE object, which is not read");
            } else if depth >= MAX_DEPTH {
                self.problem("messages within messages are too deep; those below are left out");
            } else {
                message = Some(Box::new(self.item(&path, Header::Embedded, depth + 1)));
            }
        }
        Attachment { properties, message }
    }

    /// What lies in a folder: names, and whether each is a stream.
    fn names(&mut self, folder: &str) -> Vec<(String, bool)> {
        let path = if folder.is_empty() { "/" } else { folder };
        let names: Vec<(String, bool)> = match self.file.read_storage(path) {
            Ok(entries) => {
                entries.take(self.entries).map(|entry| (entry.name().to_owned(), entry.is_stream())).collect()
            }
            Err(_) => Vec::new(),
        };
        self.entries -= names.len().min(self.entries);
        names
    }

    fn properties(&mut self, folder: &str, header: Header, names: &[(String, bool)]) -> Properties {
        let mut properties = Properties::default();
        let fixed = self.stream(&format!("{folder}/{PROPERTIES}"));
        for entry in fixed.get(header as usize..).unwrap_or_default().chunks_exact(16) {
            let (kind, id) =
                (u16::from_le_bytes([entry[0], entry[1]]), u16::from_le_bytes([entry[2], entry[3]]));
            if let Some(value) = entry[8..].first_chunk() {
                properties.push_fixed(id, kind, *value);
            }
        }
        for (name, is_stream) in names {
            let Some((id, kind)) = is_stream.then(|| tag(name)).flatten() else { continue };
            if id < 0x8000 && matches!(kind, kind::WIDE | kind::NARROW | kind::BINARY) {
                let bytes = self.stream(&format!("{folder}/{name}"));
                properties.push_bytes(id, kind, bytes);
            }
        }
        properties
    }

    /// The bytes of a stream, as far as they can be read and may.
    fn stream(&mut self, path: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let left = self.bytes;
        let read = self.file.open_stream(path).and_then(|stream| stream.take(left).read_to_end(&mut bytes));
        self.bytes -= (bytes.len() as u64).min(left);
        match read {
            Err(error) => self.problem(&format!("a part cannot be read: {error}")),
            Ok(_) if self.bytes == 0 => self.problem("more than 64 MiB; what is beyond is left out"),
            Ok(_) => {}
        }
        bytes
    }

    fn problem(&mut self, what: &str) {
        if self.problems.len() < 20 && !self.problems.iter().any(|told| told == what) {
            self.problems.push(what.to_owned());
        }
    }
}

/// Number and type of the property that a stream holds, by its name.
fn tag(name: &str) -> Option<(u16, u16)> {
    let digits = name.strip_prefix("__substg1.0_")?;
    let number = |range| digits.get(range).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    (digits.len() == 8).then_some(())?;
    Some((number(0..4)?, number(4..8)?))
}
