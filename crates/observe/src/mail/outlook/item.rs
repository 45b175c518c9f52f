//! What Outlook's formats know of a message: MSG, TNEF and mailboxes hold the same properties
//! ([MS-OXPROPS]), each in its own way.

use encoding_rs::Encoding;

/// Numbers of the properties that are used here.
pub(super) mod id {
    pub(in super::super) const CLASS: u16 = 0x001A;
    pub(in super::super) const SUBJECT: u16 = 0x0037;
    pub(in super::super) const SUBMITTED: u16 = 0x0039;
    pub(in super::super) const FOR_NAME: u16 = 0x0042;
    pub(in super::super) const FOR_ADDRESS: u16 = 0x0065;
    pub(in super::super) const HEADERS: u16 = 0x007D;
    pub(in super::super) const SENDER_NAME: u16 = 0x0C1A;
    pub(in super::super) const SENDER_ADDRESS: u16 = 0x0C1F;
    pub(in super::super) const RECIPIENT_KIND: u16 = 0x0C15;
    pub(in super::super) const DISPLAY_CC: u16 = 0x0E03;
    pub(in super::super) const DISPLAY_TO: u16 = 0x0E04;
    pub(in super::super) const DELIVERED: u16 = 0x0E06;
    pub(in super::super) const BODY: u16 = 0x1000;
    pub(in super::super) const RTF: u16 = 0x1009;
    pub(in super::super) const HTML: u16 = 0x1013;
    pub(in super::super) const MESSAGE_ID: u16 = 0x1035;
    pub(in super::super) const REFERENCES: u16 = 0x1039;
    pub(in super::super) const IN_REPLY_TO: u16 = 0x1042;
    pub(in super::super) const NAME: u16 = 0x3001;
    pub(in super::super) const ADDRESS: u16 = 0x3003;
    pub(in super::super) const DATA: u16 = 0x3701;
    pub(in super::super) const FILE_NAME: u16 = 0x3704;
    pub(in super::super) const METHOD: u16 = 0x3705;
    pub(in super::super) const LONG_NAME: u16 = 0x3707;
    pub(in super::super) const LONG_PATH: u16 = 0x370D;
    pub(in super::super) const MIME_TYPE: u16 = 0x370E;
    pub(in super::super) const CONTENT_ID: u16 = 0x3712;
    pub(in super::super) const SMTP: u16 = 0x39FE;
    pub(in super::super) const CODE_PAGE: u16 = 0x3FDE;
    pub(in super::super) const MESSAGE_CODE_PAGE: u16 = 0x3FFD;
    pub(in super::super) const SENDER_SMTP: u16 = 0x5D01;
    pub(in super::super) const FOR_SMTP: u16 = 0x5D02;
}

/// Types of properties ([MS-OXCDATA], 2.11.1).
pub(super) mod kind {
    pub(in super::super) const I16: u16 = 0x0002;
    pub(in super::super) const I32: u16 = 0x0003;
    pub(in super::super) const BOOL: u16 = 0x000B;
    pub(in super::super) const OBJECT: u16 = 0x000D;
    pub(in super::super) const I64: u16 = 0x0014;
    pub(in super::super) const NARROW: u16 = 0x001E;
    pub(in super::super) const WIDE: u16 = 0x001F;
    pub(in super::super) const TIME: u16 = 0x0040;
    pub(in super::super) const BINARY: u16 = 0x0102;
}

/// Recipients and attachments of one message, each.
pub(super) const MAX_PARTS: usize = 10_000;
/// Messages within messages.
pub(super) const MAX_DEPTH: u32 = 16;
/// Properties of one object; Outlook writes some two hundred.
const MAX_PROPERTIES: usize = 2_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(i64),
    /// Steps of 100 ns since 1601.
    Time(u64),
    Text(String),
    /// Text in the code page of the message.
    Narrow(Vec<u8>),
    Bytes(Vec<u8>),
}

/// The properties of one object. The first of a number counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Properties(Vec<(u16, Value)>);

impl Properties {
    pub(super) fn push(&mut self, id: u16, value: Value) {
        if self.0.len() < MAX_PROPERTIES {
            self.0.push((id, value));
        }
    }

    /// Adds the value of a property of variable length, of `kind`, as it stands in a file.
    pub(super) fn push_bytes(&mut self, id: u16, kind: u16, bytes: Vec<u8>) {
        let value = match kind {
            kind::WIDE => Value::Text(wide(&bytes)),
            kind::NARROW => Value::Narrow(bytes),
            kind::BINARY | kind::OBJECT => Value::Bytes(bytes),
            _ => return,
        };
        self.push(id, value);
    }

    /// Adds the value of a property of fixed length, of `kind`, that stands in eight bytes.
    pub(super) fn push_fixed(&mut self, id: u16, kind: u16, bytes: [u8; 8]) {
        let whole = u64::from_le_bytes(bytes);
        let value = match kind {
            kind::I16 => Value::Number(i64::from((whole as u16).cast_signed())),
            kind::I32 => Value::Number(i64::from((whole as u32).cast_signed())),
            kind::BOOL => Value::Number(i64::from(whole as u16 != 0)),
            kind::I64 => Value::Number(whole.cast_signed()),
            kind::TIME => Value::Time(whole),
            _ => return,
        };
        self.push(id, value);
    }

    pub(super) fn get(&self, id: u16) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, value)| value)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn number(&self, id: u16) -> Option<i64> {
        match self.get(id)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn time(&self, id: u16) -> Option<u64> {
        match self.get(id)? {
            Value::Time(time) => Some(*time),
            _ => None,
        }
    }

    pub(super) fn bytes(&self, id: u16) -> Option<&[u8]> {
        match self.get(id)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A text, read in `code_page` where the file does not hold it in Unicode; `None` if it is empty.
    pub(super) fn text(&self, id: u16, code_page: &'static Encoding) -> Option<String> {
        let text = match self.get(id)? {
            Value::Text(text) => text.trim_end_matches('\0').to_owned(),
            Value::Narrow(bytes) => {
                code_page.decode_without_bom_handling(bytes).0.trim_end_matches('\0').to_owned()
            }
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The code page that texts are in.
    pub(super) fn code_page(&self) -> &'static Encoding {
        encoding(self.number(id::MESSAGE_CODE_PAGE).or_else(|| self.number(id::CODE_PAGE)).unwrap_or(1252))
    }
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Item {
    pub(super) properties: Properties,
    pub(super) recipients: Vec<Properties>,
    pub(super) attachments: Vec<Attachment>,
}

/// What is attached to a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attachment {
    pub(super) properties: Properties,
    /// The message that it is.
    pub(super) message: Option<Box<Item>>,
}

/// UTF-16 of little-endian bytes.
pub(super) fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The encoding of a code page of Windows; its Western one where it is not known.
pub(super) fn encoding(code_page: i64) -> &'static Encoding {
    match code_page {
        437 | 850 | 1252 | 20_127 | 28_591 => encoding_rs::WINDOWS_1252,
        866 => encoding_rs::IBM866,
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 | 51_949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1200 => encoding_rs::UTF_16LE,
        1201 => encoding_rs::UTF_16BE,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1253 => encoding_rs::WINDOWS_1253,
        1254 | 28_599 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        10_000 => encoding_rs::MACINTOSH,
        10_007 => encoding_rs::X_MAC_CYRILLIC,
        20_866 => encoding_rs::KOI8_R,
        21_866 => encoding_rs::KOI8_U,
        28_592 => encoding_rs::ISO_8859_2,
        28_593 => encoding_rs::ISO_8859_3,
        28_594 => encoding_rs::ISO_8859_4,
        28_595 => encoding_rs::ISO_8859_5,
        28_596 => encoding_rs::ISO_8859_6,
        28_597 => encoding_rs::ISO_8859_7,
        28_598 => encoding_rs::ISO_8859_8,
        28_603 => encoding_rs::ISO_8859_13,
        28_605 => encoding_rs::ISO_8859_15,
        38_598 => encoding_rs::ISO_8859_8_I,
        50_220..=50_222 => encoding_rs::ISO_2022_JP,
        51_932 => encoding_rs::EUC_JP,
        52_936 | 54_936 => encoding_rs::GB18030,
        65_001 => encoding_rs::UTF_8,
        _ => encoding_rs::WINDOWS_1252,
    }
}
