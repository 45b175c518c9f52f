//! Messages in Outlook's transport format ([MS-OXTNEF]), `winmail.dat`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::Time;

use super::item::{Attachment, Item, MAX_DEPTH, MAX_PARTS, Properties, Value, id, kind};

pub(crate) const MAGIC: &[u8; 4] = b"\x78\x9f\x3e\x22";

/// Numbers of attributes.
mod attribute {
    pub(super) const FROM: u32 = 0x0000_8000;
    pub(super) const SUBJECT: u32 = 0x0001_8004;
    pub(super) const SENT: u32 = 0x0003_8005;
    pub(super) const RECEIVED: u32 = 0x0003_8006;
    pub(super) const CLASS: u32 = 0x0007_8008;
    pub(super) const BODY: u32 = 0x0002_800C;
    pub(super) const DATA: u32 = 0x0006_800F;
    pub(super) const TITLE: u32 = 0x0001_8010;
    pub(super) const RENDERING: u32 = 0x0006_9002;
    pub(super) const MESSAGE: u32 = 0x0006_9003;
    pub(super) const RECIPIENTS: u32 = 0x0006_9004;
    pub(super) const ATTACHMENT: u32 = 0x0006_9005;
    pub(super) const CODE_PAGE: u32 = 0x0006_9007;
}

/// Bytes of the number of an interface before an object.
const INTERFACE: usize = 16;

/// What was read, and whether the file ended in the middle of it.
pub(super) struct Read {
    pub(super) item: Item,
    pub(super) cut: bool,
}

/// Reads a message; `None` if `bytes` are not one. Every byte is looked at once for each level that it
/// lies in, of which there are [`MAX_DEPTH`].
pub(super) fn read(bytes: &[u8], depth: u32) -> Option<Read> {
    let mut bytes = Bytes(bytes.strip_prefix(MAGIC)?);
    bytes.take(2)?;
    let mut reader = Reader { item: Item::default(), plain: Properties::default(), depth };
    let cut = reader.attributes(&mut bytes).is_none();
    let mut item = reader.item;
    // Attributes say again, in fewer words, what properties say.
    for id in [
        id::SUBJECT,
        id::CLASS,
        id::BODY,
        id::SUBMITTED,
        id::DELIVERED,
        id::SENDER_NAME,
        id::SENDER_ADDRESS,
        id::MESSAGE_CODE_PAGE,
    ] {
        if item.properties.get(id).is_none()
            && let Some(value) = reader.plain.get(id)
        {
            item.properties.push(id, value.clone());
        }
    }
    Some(Read { item, cut })
}

struct Reader {
    item: Item,
    plain: Properties,
    depth: u32,
}

impl Reader {
    /// Reads one attribute after the other; `None` where the file ends within one.
    fn attributes(&mut self, bytes: &mut Bytes<'_>) -> Option<()> {
        while !bytes.0.is_empty() {
            bytes.take(1)?;
            let number = bytes.u32()?;
            let length = bytes.u32()? as usize;
            // Of one that is cut there may be something.
            let cut = bytes.0.len() < length;
            let data = if cut { std::mem::take(&mut bytes.0) } else { bytes.take(length)? };
            self.attribute(number, data);
            if cut {
                return None;
            }
            bytes.take(2)?;
        }
        Some(())
    }

    fn attribute(&mut self, number: u32, data: &[u8]) {
        let narrow = || Value::Narrow(data.to_vec());
        match number {
            attribute::CODE_PAGE => {
                if let Some(page) = Bytes(data).u32() {
                    self.plain.push(id::MESSAGE_CODE_PAGE, Value::Number(i64::from(page)));
                }
            }
            attribute::SUBJECT => self.plain.push(id::SUBJECT, narrow()),
            attribute::CLASS => self.plain.push(id::CLASS, narrow()),
            attribute::BODY => self.plain.push(id::BODY, narrow()),
            attribute::SENT => self.time(id::SUBMITTED, data),
            attribute::RECEIVED => self.time(id::DELIVERED, data),
            attribute::FROM => self.from(data),
            attribute::MESSAGE => {
                let (properties, _) = properties(&mut Bytes(data), self.depth);
                self.item.properties = properties;
            }
            attribute::RECIPIENTS => {
                let mut bytes = Bytes(data);
                let rows = bytes.u32().unwrap_or(0) as usize;
                for _ in 0..rows.min(MAX_PARTS) {
                    if bytes.0.is_empty() {
                        break;
                    }
                    self.item.recipients.push(properties(&mut bytes, self.depth).0);
                }
            }
            attribute::RENDERING if self.item.attachments.len() < MAX_PARTS => {
                self.item.attachments.push(Attachment::default());
            }
            attribute::TITLE => self.attached(id::FILE_NAME, narrow()),
            attribute::DATA => self.attached(id::DATA, Value::Bytes(data.to_vec())),
            attribute::ATTACHMENT => {
                let (found, message) = properties(&mut Bytes(data), self.depth);
                let Some(attachment) = self.item.attachments.last_mut() else { return };
                let before = std::mem::replace(&mut attachment.properties, found);
                for id in [id::FILE_NAME, id::DATA] {
                    if attachment.properties.get(id).is_none()
                        && let Some(value) = before.get(id)
                    {
                        attachment.properties.push(id, value.clone());
                    }
                }
                attachment.message = message.map(Box::new);
            }
            _ => {}
        }
    }

    fn attached(&mut self, id: u16, value: Value) {
        if let Some(attachment) = self.item.attachments.last_mut() {
            attachment.properties.push(id, value);
        }
    }

    /// A time in seven words: year, month, day, hour, minute, second, day of the week.
    fn time(&mut self, id: u16, data: &[u8]) {
        let word = |at: usize| {
            let bytes = data.get(at * 2..at * 2 + 2)?;
            Some(i16::from_le_bytes([bytes[0], bytes[1]]))
        };
        let part = |at| i8::try_from(word(at)?).ok();
        let read = || {
            let civil = DateTime::new(word(0)?, part(1)?, part(2)?, part(3)?, part(4)?, part(5)?, 0).ok()?;
            filetime(Time::from_civil(civil, &TimeZone::UTC)?)
        };
        if let Some(time) = read() {
            self.plain.push(id, Value::Time(time));
        }
    }

    /// The sender: four lengths, then name and address, `SMTP:` before it.
    fn from(&mut self, data: &[u8]) {
        let mut bytes = Bytes(data);
        let mut read = || {
            bytes.take(4)?;
            let (name, address) = (usize::from(bytes.u16()?), usize::from(bytes.u16()?));
            Some((bytes.take(name)?.to_vec(), bytes.take(address)?.to_vec()))
        };
        if let Some((name, address)) = read() {
            let address = address.strip_prefix(b"SMTP:").unwrap_or(&address).to_vec();
            self.plain.push(id::SENDER_NAME, Value::Narrow(name));
            self.plain.push(id::SENDER_ADDRESS, Value::Narrow(address));
        }
    }
}

/// Steps of 100 ns from 1601 to 1970.
const EPOCH: i64 = 116_444_736_000_000_000;

fn filetime(time: Time) -> Option<u64> {
    u64::try_from(time.micros().checked_mul(10)?.checked_add(EPOCH)?).ok()
}

/// Reads a list of properties, as far as it goes, and the message that is the value of one.
fn properties(bytes: &mut Bytes<'_>, depth: u32) -> (Properties, Option<Item>) {
    let mut found = Properties::default();
    let mut message = None;
    let count = bytes.u32().unwrap_or(0);
    for _ in 0..count {
        if property(bytes, depth, &mut found, &mut message).is_none() {
            break;
        }
    }
    (found, message)
}

fn property(
    bytes: &mut Bytes<'_>,
    depth: u32,
    found: &mut Properties,
    message: &mut Option<Item>,
) -> Option<()> {
    let (kind, id) = (bytes.u16()?, bytes.u16()?);
    if id >= 0x8000 {
        // A property with a name of its own: none of those is needed.
        bytes.take(16)?;
        if bytes.u32()? == 0 {
            bytes.take(4)?;
        } else {
            bytes.padded()?;
        }
    }
    let many = kind & 0x1000 != 0;
    let kind = kind & 0x0FFF;
    let varies = matches!(kind, kind::NARROW | kind::WIDE | kind::BINARY | kind::OBJECT);
    let count = if many || varies { bytes.u32()? } else { 1 };
    // Each value takes bytes, so their number is bounded by those that there are.
    for index in 0..count {
        let is_wanted = index == 0 && id < 0x8000;
        if varies {
            let value = bytes.padded()?;
            if !is_wanted {
                continue;
            }
            if kind == kind::OBJECT {
                let inner = value.get(INTERFACE..).unwrap_or_default();
                if id == id::DATA && depth < MAX_DEPTH {
                    *message = read(inner, depth + 1).map(|read| read.item);
                }
                if message.is_none() {
                    found.push(id, Value::Bytes(inner.to_vec()));
                }
            } else {
                found.push_bytes(id, kind, value.to_vec());
            }
            continue;
        }
        let size = match kind {
            0x0000 | 0x0001 => return None,
            0x0005..=0x0007 | kind::I64 | kind::TIME => 8,
            0x0048 => 16,
            _ => 4,
        };
        let value = bytes.take(size)?;
        if is_wanted && size <= 8 {
            let mut whole = [0; 8];
            whole[..size].copy_from_slice(value);
            found.push_fixed(id, kind, whole);
        }
    }
    Some(())
}

/// Bytes that are taken from the front.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// A length, so many bytes, and what fills up to four.
    fn padded(&mut self) -> Option<&'b [u8]> {
        let length = self.u32()? as usize;
        let value = self.take(length)?;
        let fill = length.wrapping_neg() % 4;
        self.take(fill.min(self.0.len()))?;
        Some(value)
    }
}
