//! PDF (ISO 32000): actions, links, scripts, and files that it names outside.
//!
//! The file is read from its front, object by object, whatever its cross-reference table says: viewers
//! mend tables, and a torn file has none. Nothing is resolved but strings, so that no cycle is followed.
//! `lopdf` is asked only for files that are encrypted and open without a password.

mod lexer;

use std::collections::BTreeMap;
use std::io::Read;

use lopdf::{Dictionary, Document, LoadOptions, Object};

use self::lexer::Lexer;
use super::{Shelf, address};
use crate::html::Fires;

/// Bytes that all streams of objects of one file may unpack to.
const UNPACKED: u64 = 32 << 20;
/// Encrypted files beyond these are not opened: the library unpacks each stream of objects on its own.
const DECRYPTED: (usize, usize, usize) = (16 << 20, 64, 512 << 10);
/// Strings that stand alone, and places that name one of them.
const APART: usize = 10_000;

pub(super) fn read(bytes: &[u8], shelf: &mut Shelf) {
    if memchr::memmem::find(bytes, b"/Encrypt").is_some() {
        shelf.tell("protected");
        if let Some(document) = decrypted(bytes) {
            let mut walk = Walk::new(shelf);
            for object in document.objects.values() {
                walk.apart(object, None);
            }
            return walk.done();
        }
    }
    let mut walk = Walk::new(shelf);
    walk.file(bytes);
    walk.done();
}

/// The objects of a file that is encrypted with an empty password.
fn decrypted(bytes: &[u8]) -> Option<Document> {
    let (size, streams, each) = DECRYPTED;
    let packed = memchr::memmem::find_iter(bytes, b"ObjStm").nth(streams).is_some();
    if bytes.len() > size || packed {
        return None;
    }
    let options = LoadOptions::with_max_decompressed_size(each);
    let document = Document::load_mem_with_options(bytes, options).ok()?;
    (!document.is_encrypted() && !document.objects.is_empty()).then_some(document)
}

/// What is done with a string once it is known.
#[derive(Clone, Copy)]
enum Use {
    Link,
    Load(&'static str, Fires),
    Script,
}

struct Walk<'s> {
    shelf: &'s mut Shelf,
    left: u64,
    /// Strings that are objects of their own.
    strings: BTreeMap<u32, Vec<u8>>,
    waiting: Vec<(u32, Use)>,
    /// Of objects that are actions: the address that they open, and what comes after.
    actions: BTreeMap<u32, Action>,
    /// Actions that are taken when the file or a page is opened.
    taken: Vec<u32>,
}

/// What an action that is an object of its own does.
#[derive(Default)]
struct Action {
    uri: Option<Object>,
    next: Vec<u32>,
}

impl<'s> Walk<'s> {
    fn new(shelf: &'s mut Shelf) -> Self {
        Self {
            shelf,
            left: UNPACKED,
            strings: BTreeMap::new(),
            waiting: Vec::new(),
            actions: BTreeMap::new(),
            taken: Vec::new(),
        }
    }

    /// Objects one behind the other; the bytes of streams are passed over.
    fn file(&mut self, bytes: &[u8]) {
        let mut lexer = Lexer::new(bytes);
        let mut id = None;
        while let Some(object) = lexer.next() {
            let number = lexer.object_number();
            if number.is_some() {
                id = number;
            }
            if let Object::Dictionary(dictionary) = &object
                && let Some(stream) = lexer.stream()
            {
                self.stream(dictionary, stream);
            }
            self.apart(&object, id);
            if lexer.left_object() {
                id = None;
            }
        }
    }

    /// A stream of objects is unpacked and read like the file; others only by their dictionary.
    fn stream(&mut self, dictionary: &Dictionary, stream: &[u8]) {
        if !dictionary.get(b"Type").and_then(Object::as_name).is_ok_and(|name| name == b"ObjStm") {
            return;
        }
        let packed = dictionary.has(b"Filter");
        let mut content = Vec::new();
        if packed {
            // A torn stream is read as far as it goes.
            let decoder = flate2::read::ZlibDecoder::new(stream);
            let _ = decoder.take(self.left).read_to_end(&mut content);
        } else {
            content.extend_from_slice(&stream[..stream.len().min(self.left as usize)]);
        }
        self.left = self.left.saturating_sub(content.len() as u64);
        if self.left == 0 {
            self.shelf.tell("bomb");
        }
        let number = |key: &[u8]| {
            dictionary
                .get(key)
                .and_then(Object::as_i64)
                .ok()
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(0)
        };
        let first = number(b"First").min(content.len());
        let mut places = BTreeMap::new();
        let mut head = Lexer::new(&content[..first]);
        for _ in 0..number(b"N").min(APART) {
            let (Some(Object::Integer(id)), Some(Object::Integer(at))) = (head.next(), head.next()) else {
                break;
            };
            places.insert(usize::try_from(at).unwrap_or(0), u32::try_from(id).unwrap_or(0));
        }
        let mut lexer = Lexer::new(&content[first..]);
        loop {
            lexer.skip_space();
            let id = places.get(&lexer.at()).copied();
            let Some(object) = lexer.next() else { break };
            self.apart(&object, id);
        }
    }

    /// An object of the file.
    fn apart(&mut self, object: &Object, id: Option<u32>) {
        if let (Object::String(text, _), Some(id)) = (object, id)
            && self.strings.len() < APART
        {
            self.strings.insert(id, text.clone());
        }
        if let (Object::Dictionary(dictionary), Some(id)) = (object, id)
            && dictionary.has(b"S")
            && self.actions.len() < APART
        {
            let uri = dictionary.get(b"URI").ok().cloned();
            let next = dictionary.get(b"Next").map(references).unwrap_or_default();
            self.actions.insert(id, Action { uri, next });
        }
        // The lexer bounds how deep an object is, so this stack is no longer than its parts.
        let mut open = vec![(object, &b""[..])];
        while let Some((object, key)) = open.pop() {
            match object {
                Object::Array(all) => open.extend(all.iter().rev().map(|one| (one, key))),
                Object::Dictionary(dictionary) | Object::Stream(lopdf::Stream { dict: dictionary, .. }) => {
                    self.dictionary(dictionary, key);
                    open.extend(dictionary.iter().map(|(key, one)| (one, key.as_slice())));
                }
                _ => {}
            }
        }
    }

    fn dictionary(&mut self, dictionary: &Dictionary, under: &[u8]) {
        let action = dictionary.get(b"S").and_then(Object::as_name).unwrap_or_default();
        for (key, value) in dictionary.iter() {
            match key.as_slice() {
                b"URI" => self.use_of(value, Use::Link),
                b"JS" => {
                    self.shelf.scripts();
                    self.use_of(value, Use::Script);
                }
                b"JavaScript" => self.shelf.scripts(),
                b"OpenAction" | b"AA" => {
                    self.shelf.tell("open-action");
                    self.on_opening(value);
                }
                b"XFA" => self.shelf.tell("xfa"),
                b"EF" | b"EmbeddedFiles" => self.shelf.tell("embedded-file"),
                b"RichMedia" | b"RichMediaContent" => self.shelf.tell("rich-media"),
                b"Encrypt" => self.shelf.encrypted = true,
                _ => {}
            }
        }
        if action == b"JavaScript" {
            self.shelf.scripts();
        }
        let (kind, fires) = match action {
            b"Launch" => {
                self.shelf.tell("launch");
                ("pdf-launch", self.shelf.fires)
            }
            b"GoToR" | b"GoToE" => ("pdf-goto", self.shelf.fires),
            b"SubmitForm" => {
                self.shelf.tell("form");
                ("pdf-submit", Fires::Submitted)
            }
            b"ImportData" => ("pdf-import", self.shelf.fires),
            // A file specification was told by what names it.
            _ if under == b"F" || under == b"UF" => return,
            _ if under == b"Win" || under == b"Unix" => ("pdf-launch", self.shelf.fires),
            _ if under == b"Ref" => ("pdf-reference", self.shelf.fires),
            _ if dictionary.has(b"Length") => ("pdf-stream", self.shelf.fires),
            _ => ("pdf-file", self.shelf.fires),
        };
        // What `F` names may be a file specification: that is a dictionary of its own, with its own `F`.
        for key in [&b"F"[..], b"UF", b"Win", b"Unix", b"DOS"] {
            if let Ok(value) = dictionary.get(key) {
                self.use_of(value, Use::Load(kind, fires));
                if let Object::Dictionary(inner) = value {
                    for key in [&b"F"[..], b"UF"] {
                        if let Ok(value) = inner.get(key) {
                            self.use_of(value, Use::Load(kind, fires));
                        }
                    }
                }
            }
        }
    }

    /// What `OpenAction` or `AA` holds: addresses that are opened without a click, here or in the objects
    /// that it refers to.
    fn on_opening(&mut self, held: &Object) {
        let mut open = vec![held];
        while let Some(object) = open.pop() {
            match object {
                Object::Reference((id, _)) if self.taken.len() < APART => self.taken.push(*id),
                Object::Array(all) => open.extend(all),
                Object::Dictionary(dictionary) => {
                    if let Ok(uri) = dictionary.get(b"URI") {
                        self.use_of(uri, Use::Load("pdf-open", self.shelf.fires));
                    }
                    open.extend(dictionary.iter().map(|(_, one)| one));
                }
                _ => {}
            }
        }
    }

    fn use_of(&mut self, value: &Object, what: Use) {
        match value {
            Object::String(text, _) => self.apply(text, what),
            Object::Reference((id, _)) if self.waiting.len() < APART => self.waiting.push((*id, what)),
            _ => {}
        }
    }

    fn apply(&mut self, text: &[u8], what: Use) {
        let text = match text {
            [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0xef, 0xbb, 0xbf, ..] => encoding_rs::UTF_8.decode(text).0,
            _ => String::from_utf8_lossy(text),
        };
        match what {
            Use::Link => self.shelf.anchor(&text, ""),
            Use::Load(kind, fires) => {
                let usual = std::mem::replace(&mut self.shelf.fires, fires);
                // A file specification writes `/host/share` or `\\host\share` for a share, and an address
                // where it says so.
                self.shelf.load(&text, kind);
                self.shelf.fires = usual;
            }
            Use::Script => {
                for found in address::strings(text.as_bytes(), 32) {
                    let found = found.split(['\'', '`', ')', ';']).next().unwrap_or_default();
                    self.shelf.load(found, "pdf-script");
                }
            }
        }
    }

    fn done(mut self) {
        let mut actions = std::mem::take(&mut self.actions);
        // Each action is taken out as it is reached, so that a circle ends.
        while let Some(action) = self.taken.pop() {
            let Some(action) = actions.remove(&action) else { continue };
            if let Some(uri) = action.uri {
                self.use_of(&uri, Use::Load("pdf-open", self.shelf.fires));
            }
            self.taken.extend(action.next);
        }
        for (id, what) in std::mem::take(&mut self.waiting) {
            if let Some(text) = self.strings.get(&id).cloned() {
                self.apply(&text, what);
            }
        }
    }
}

/// The objects that `object` names: itself, or each of a list.
fn references(object: &Object) -> Vec<u32> {
    let one = |object: &Object| object.as_reference().ok().map(|(id, _)| id);
    match object {
        Object::Array(all) => all.iter().filter_map(one).collect(),
        other => one(other).into_iter().collect(),
    }
}
