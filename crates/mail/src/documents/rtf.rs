//! Rich Text Format: groups, control words, and the few destinations that name something outside.

use super::fields::{self, Names};
use super::{Shelf, address};

/// Groups within groups whose state is kept; deeper ones are counted.
const DEEPEST: usize = 4096;
/// Bytes of an embedded object that are looked at.
const OBJECT: usize = 4 << 20;
/// Bytes of the text of a destination.
const TEXT: usize = fields::LONGEST;

const NAMES: Names = Names { picture: "rtf-field-picture", text: "rtf-field-text", link: "rtf-field-link" };

/// Where text goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// The text of the document, or something that tells nothing.
    #[default]
    Page,
    Template,
    Instruction,
    Object,
    /// Name and value of a shape's property.
    Property,
    Value,
    /// A list of files: linked styles, subdocuments, data sources.
    File,
}

#[derive(Clone, Copy, Debug, Default)]
struct Group {
    place: Place,
    /// Characters after a `\u` that stand in its place.
    skip: u8,
    /// Whether this group opened its place.
    begins: bool,
}

#[derive(Default)]
struct Reader {
    groups: Vec<Group>,
    /// Groups beyond `DEEPEST`.
    deeper: usize,
    /// Text of the places that are open, the innermost last.
    texts: Vec<String>,
    object: Vec<u8>,
    nibble: Option<u8>,
    property: String,
    to_skip: u32,
    link: bool,
}

/// One pass over the bytes; each is looked at once.
pub(super) fn read(bytes: &[u8], shelf: &mut Shelf) {
    let mut reader = Reader { groups: vec![Group { skip: 1, ..Group::default() }], ..Reader::default() };
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' => reader.open(),
            b'}' => reader.close(shelf),
            b'\\' => at += reader.control(&bytes[at..], shelf),
            b'\r' | b'\n' => {}
            _ => reader.byte(byte),
        }
    }
    while reader.groups.len() > 1 {
        reader.deeper = 0;
        reader.close(shelf);
    }
}

impl Reader {
    fn top(&mut self) -> &mut Group {
        if self.groups.is_empty() {
            self.groups.push(Group { skip: 1, ..Group::default() });
        }
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    fn open(&mut self) {
        self.to_skip = 0;
        if self.groups.len() >= DEEPEST {
            self.deeper += 1;
        } else {
            let group = Group { begins: false, ..*self.top() };
            self.groups.push(group);
        }
    }

    fn close(&mut self, shelf: &mut Shelf) {
        self.to_skip = 0;
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        // The outermost stays: text behind a closing brace too many is read like any other.
        if self.groups.len() <= 1 {
            return;
        }
        if let Some(group) = self.groups.pop().filter(|group| group.begins) {
            self.end(group.place, shelf);
        }
    }

    fn begin(&mut self, place: Place, shelf: &mut Shelf) {
        let group = *self.top();
        if group.begins {
            self.end(group.place, shelf);
        }
        let top = self.top();
        top.place = place;
        top.begins = true;
        self.texts.push(String::new());
        if place == Place::Object {
            self.object.clear();
            self.nibble = None;
        }
    }

    fn end(&mut self, place: Place, shelf: &mut Shelf) {
        let text = self.texts.pop().unwrap_or_default();
        match place {
            Place::Page => {}
            Place::Template => shelf.load(&text, "rtf-template"),
            Place::File => shelf.load(&text, "rtf-file"),
            Place::Instruction => match fields::quoted(&text) {
                Some(spelled) => {
                    if let Some(around) = self.texts.last_mut() {
                        around.push_str(&spelled);
                    }
                }
                None => fields::instruction(&text, "", NAMES, shelf),
            },
            Place::Property => self.property = text.trim().to_owned(),
            Place::Value => match self.property.as_str() {
                "pibName" | "fillBlipName" | "lineFillBlipName" => shelf.load(&text, "rtf-image"),
                "pihlShape" => shelf.anchor(&text, ""),
                _ => {}
            },
            Place::Object => self.object(shelf),
        }
    }

    /// An object: its addresses load where it is a link, by a control word or by a moniker in it.
    fn object(&mut self, shelf: &mut Shelf) {
        const URL_MONIKER: &[u8] =
            &[0xe0, 0xc9, 0xea, 0x79, 0xf9, 0xba, 0xce, 0x11, 0x8c, 0x82, 0, 0xaa, 0, 0x4b, 0xa9, 0x0b];
        const FILE_MONIKER: &[u8] = &[3, 3, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
        shelf.tell("embedded-object");
        let has = |mark: &[u8]| memchr::memmem::find(&self.object, mark).is_some();
        if has(b"Equation.") || has(b"equation.") {
            shelf.tell("equation");
        }
        if self.link || has(URL_MONIKER) || has(FILE_MONIKER) || has(b"OLE2Link") {
            shelf.tell("linked-object");
            for found in address::strings(&self.object, 32) {
                shelf.load(&found, "rtf-object");
            }
        }
        self.object = Vec::new();
        self.link = false;
    }

    /// A control word or symbol behind a backslash; returns how many bytes it took.
    fn control(&mut self, rest: &[u8], shelf: &mut Shelf) -> usize {
        let Some(&first) = rest.first() else { return 0 };
        if !first.is_ascii_alphabetic() {
            match first {
                b'\'' => {
                    let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
                    if let (Some(high), Some(low)) = (digit(1), digit(2)) {
                        self.letter(char::from((high << 4 | low) as u8));
                        return 3;
                    }
                }
                b'\\' | b'{' | b'}' => self.letter(char::from(first)),
                b'~' => self.letter(' '),
                _ => {}
            }
            return 1;
        }
        let letters = rest.iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let mut end = letters;
        let negative = rest.get(end) == Some(&b'-');
        end += usize::from(negative);
        let digits = rest[end..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let number =
            std::str::from_utf8(&rest[end..end + digits]).ok().and_then(|text| text.parse::<i64>().ok());
        let number = number.map(|number| if negative { -number } else { number });
        end += digits;
        if rest.get(end) == Some(&b' ') {
            end += 1;
        }
        let more = self.word(&rest[..letters], number, rest.len() - end, shelf);
        if self.top().place == Place::Object {
            let free = OBJECT.saturating_sub(self.object.len());
            self.object.extend_from_slice(&rest[end..end + more.min(free)]);
        }
        end + more
    }

    /// Acts on a control word; returns how many bytes behind it belong to it.
    fn word(&mut self, word: &[u8], number: Option<i64>, left: usize, shelf: &mut Shelf) -> usize {
        match word {
            b"u" => {
                let code = number.unwrap_or(0).rem_euclid(0x1_0000) as u32;
                self.letter(char::from_u32(code).unwrap_or('\u{fffd}'));
                self.to_skip = u32::from(self.top().skip);
            }
            b"uc" => self.top().skip = number.unwrap_or(1).clamp(0, 255) as u8,
            b"bin" => return usize::try_from(number.unwrap_or(0)).unwrap_or(0).min(left),
            b"template" => self.begin(Place::Template, shelf),
            b"fldinst" => self.begin(Place::Instruction, shelf),
            b"fldrslt" => self.begin(Place::Page, shelf),
            b"objdata" => self.begin(Place::Object, shelf),
            b"sn" => self.begin(Place::Property, shelf),
            b"sv" => self.begin(Place::Value, shelf),
            b"file" | b"linkstyles" | b"nextfile" | b"mmdatasource" | b"mmconnectstrdata" => {
                self.begin(Place::File, shelf);
            }
            b"objautlink" | b"objlink" => {
                self.link = true;
                shelf.tell("linked-object");
            }
            b"objupdate" => shelf.tell("object-update"),
            b"objhtml" => shelf.tell("embedded-html"),
            b"objocx" => shelf.tell("activex"),
            b"tab" | b"line" | b"par" => self.letter(' '),
            _ => {}
        }
        0
    }

    fn byte(&mut self, byte: u8) {
        self.letter(char::from(byte));
    }

    fn letter(&mut self, letter: char) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
            return;
        }
        match self.top().place {
            Place::Page => {}
            Place::Object => {
                let Some(digit) = letter.to_digit(16).filter(|_| self.object.len() < OBJECT) else { return };
                match self.nibble.take() {
                    Some(high) => self.object.push(high << 4 | digit as u8),
                    None => self.nibble = Some(digit as u8),
                }
            }
            _ => {
                if let Some(text) = self.texts.last_mut().filter(|text| text.len() < TEXT) {
                    text.push(letter);
                }
            }
        }
    }
}
