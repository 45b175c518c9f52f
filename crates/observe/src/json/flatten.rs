use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};
use model::{Event, Kind};

use super::known::Known;
use super::slots::Slots;
use super::table::Table;

/// Objects and lists within one another; what lies deeper is a problem of its record.
const MAX_DEPTH: u32 = 64;

/// Values of one record; a record with more is a problem.
const MAX_FIELDS: usize = 100_000;

/// Bytes of names and values of one record. Names stand once for each value, so that a record that
/// is short in the evidence may become very long.
const MAX_TEXT: usize = 32 << 20;

/// Why a record could not be read, and how far it could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The byte, counted from the beginning of the record, at which reading stopped.
    pub(super) at: usize,
    /// What to do about it.
    pub(super) kind: FaultKind,
    /// What was wrong, in words.
    pub(super) what: String,
}

/// What a fault means for the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// The bytes end before the record does.
    Torn,
    /// A text breaks the rules of JSON in a way that [`super::mend`] can undo.
    Mendable,
    /// Nothing can be done.
    Broken,
}

impl From<JiterError> for Fault {
    #[cold]
    fn from(error: JiterError) -> Self {
        use JsonErrorType as E;
        let kind = match &error.error_type {
            JiterErrorType::JsonError(
                E::EofWhileParsingList
                | E::EofWhileParsingObject
                | E::EofWhileParsingString
                | E::EofWhileParsingValue,
            ) => FaultKind::Torn,
            JiterErrorType::JsonError(
                E::InvalidEscape
                | E::InvalidUnicodeCodePoint
                | E::LoneLeadingSurrogateInHexEscape
                | E::UnexpectedEndOfHexEscape
                | E::ControlCharacterWhileParsingString,
            ) => FaultKind::Mendable,
            _ => FaultKind::Broken,
        };
        Self { at: error.index, kind, what: error.error_type.to_string() }
    }
}

/// Turns one JSON value into flat fields: names of nested objects joined by dots, lists as repeated
/// fields, in the order of the text. Names are put right on the way as the table says, so that no
/// second pass over the fields is needed.
pub(super) struct Flattener {
    pub(super) table: &'static Table,
    /// Names of the objects that are open, joined by dots.
    pub(super) path: String,
    /// Where in `path` the names that a rule sees begin.
    pub(super) base: usize,
    /// Where a second, shorter name begins; no second name unless it lies beyond `base`.
    bare: usize,
    pub(super) depth: u32,
    /// Which of the names that shapes ask for have been seen.
    pub(super) slots: Slots,
    tape: Vec<u8>,
}

impl Flattener {
    /// A flattener that knows the names of `table`.
    pub(super) fn new(table: &'static Table) -> Self {
        Self {
            table,
            path: String::new(),
            base: 0,
            bare: 0,
            depth: 0,
            slots: Slots::new(table.slots()),
            tape: Vec::new(),
        }
    }

    /// Adds the fields of the object at the beginning of `bytes` to `event` and returns how many
    /// bytes it takes. After a fault the event holds what came before it.
    pub(super) fn record(&mut self, bytes: &[u8], event: &mut Event) -> Result<usize, Fault> {
        self.begin();
        let mut jiter = Jiter::with_tape(bytes, std::mem::take(&mut self.tape));
        let outcome = match jiter.peek() {
            Ok(Peek::Object) => self.members(&mut jiter, event, false),
            Ok(_) => Err(fault(&jiter, "not an object")),
            Err(error) => Err(error.into()),
        };
        let end = jiter.current_index();
        self.tape = jiter.into_tape();
        outcome.map(|()| end)
    }

    /// Takes the fields that `event` has as those of the record at hand.
    pub(super) fn adopt(&mut self, event: &Event) {
        self.begin();
        for (index, (name, _)) in event.fields().enumerate() {
            if let Some(slot) = self.table.known(name).slot() {
                self.slots.mark(slot, index);
            }
        }
    }

    fn begin(&mut self) {
        self.path.clear();
        (self.base, self.bare, self.depth) = (0, 0, 0);
        self.slots.begin();
    }

    /// Reads the members of the object at which `jiter` stands. With `through`, the names of
    /// members that are objects are left out of the names below them.
    pub(super) fn members(
        &mut self,
        jiter: &mut Jiter<'_>,
        event: &mut Event,
        through: bool,
    ) -> Result<(), Fault> {
        self.deeper(jiter)?;
        let length = self.path.len();
        let mut key = jiter.known_object()?;
        while let Some(name) = key {
            match name {
                "#text" => {
                    let known = self.table.known(&self.path[self.base..]);
                    self.member(jiter, event, through, known)?;
                }
                "#attributes" => self.attributes(jiter, event)?,
                // Bytes that have just been written to the path are slow to read in other steps, so
                // a name is looked up where it stands in the evidence whenever it is a whole one.
                _ if length == self.base => {
                    let known = self.table.known(name);
                    self.path.push_str(name);
                    self.member(jiter, event, through, known)?;
                }
                _ => {
                    self.path.push('.');
                    self.path.push_str(name);
                    let known = self.table.known(&self.path[self.base..]);
                    self.member(jiter, event, through, known)?;
                }
            }
            self.path.truncate(length);
            self.bounded(jiter, event)?;
            key = jiter.next_key()?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads the attributes of an XML element, as `evtx_dump` writes them: named after the element,
    /// like the EVTX reader names them, without namespaces.
    fn attributes(&mut self, jiter: &mut Jiter<'_>, event: &mut Event) -> Result<(), Fault> {
        let peek = jiter.peek()?;
        if peek != Peek::Object {
            return self.value(jiter, event, peek, Known::default());
        }
        self.deeper(jiter)?;
        if self.path.len() == self.base {
            let element = self.path.rfind('.').map_or(0, |dot| dot + 1);
            self.path.extend_from_within(element..);
        }
        let length = self.path.len();
        let mut key = jiter.known_object()?;
        while let Some(name) = key {
            let is_namespace = name.starts_with("xmlns");
            self.path.push('_');
            self.path.push_str(name);
            let peek = jiter.peek()?;
            if is_namespace {
                jiter.known_skip(peek)?;
            } else {
                let known = self.table.known(&self.path[self.base..]);
                self.member(jiter, event, false, known)?;
            }
            self.path.truncate(length);
            self.bounded(jiter, event)?;
            key = jiter.next_key()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn member(
        &mut self,
        jiter: &mut Jiter<'_>,
        event: &mut Event,
        through: bool,
        known: Known,
    ) -> Result<(), Fault> {
        let peek = jiter.peek()?;
        if !(known.changes_names() || through && peek == Peek::Object) {
            return self.value(jiter, event, peek, known);
        }
        let kept = (self.base, self.bare);
        if let Some(name) = self.table.renamed(known) {
            if name.is_empty() && peek != Peek::Object {
                return self.value(jiter, event, peek, known);
            }
            self.base = self.path.len();
            self.path.push_str(name);
        } else if through {
            self.base = self.path.len();
        } else {
            self.bare = self.path.len() + 1;
        }
        let known = self.table.known(&self.path[self.base..]).merged(known);
        let outcome = self.value(jiter, event, peek, known);
        (self.base, self.bare) = kept;
        outcome
    }

    pub(super) fn value(
        &mut self,
        jiter: &mut Jiter<'_>,
        event: &mut Event,
        peek: Peek,
        known: Known,
    ) -> Result<(), Fault> {
        match peek {
            Peek::String => {
                let text = jiter.known_str()?;
                if known.is_embedded() && text.starts_with('{') {
                    let text = text.to_owned();
                    self.embedded(&text, event, known);
                } else {
                    self.push(event, known, Kind::Str, text);
                }
            }
            Peek::Null => {
                jiter.known_null()?;
                self.push(event, known, Kind::Null, "");
            }
            Peek::True | Peek::False => {
                let text = if jiter.known_bool(peek)? { "true" } else { "false" };
                self.push(event, known, Kind::Bool, text);
            }
            Peek::Object | Peek::Array => {
                self.bounded(jiter, event)?;
                self.nested(jiter, event, peek, known)?;
            }
            _ => {
                let text = std::str::from_utf8(jiter.known_number_bytes(peek)?).unwrap_or_default();
                let kind = if text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) {
                    Kind::Float
                } else {
                    Kind::Int
                };
                self.push(event, known, kind, text);
            }
        }
        Ok(())
    }

    fn nested(
        &mut self,
        jiter: &mut Jiter<'_>,
        event: &mut Event,
        peek: Peek,
        known: Known,
    ) -> Result<(), Fault> {
        if let Some(slot) = known.slot() {
            self.slots.mark_nested(slot);
        }
        let start = jiter.current_index();
        if peek == Peek::Object {
            match self.table.pairs(known) {
                // A list of one, as some converters write it.
                Some(pairs) => {
                    jiter.known_skip(peek)?;
                    let element = jiter.slice_to_current(start);
                    self.pair(element, event, pairs)
                        .map_err(|fault| Fault { at: start + fault.at, ..fault })?;
                }
                None => self.members(jiter, event, known.is_through())?,
            }
        } else if let Some(pairs) = self.table.pairs(known) {
            self.pairs(jiter, event, known, pairs)?;
        } else {
            self.list(jiter, event, known)?;
        }
        if known.keeps_text() {
            let text = String::from_utf8_lossy(jiter.slice_to_current(start));
            let index = event.raw_fields().len();
            event.push_with(&self.path[self.base..], Kind::Str, |out| compact(&text, out));
            self.named(event, known, index);
        }
        Ok(())
    }

    fn list(&mut self, jiter: &mut Jiter<'_>, event: &mut Event, known: Known) -> Result<(), Fault> {
        self.deeper(jiter)?;
        let mut next = jiter.known_array()?;
        if next.is_none() && !known.keeps_text() {
            self.push(event, known, Kind::Null, "");
        }
        while let Some(peek) = next {
            match peek {
                Peek::Object => self.members(jiter, event, false)?,
                Peek::Array => self.list(jiter, event, known.plain())?,
                _ => self.value(jiter, event, peek, known.plain())?,
            }
            self.bounded(jiter, event)?;
            next = jiter.array_step()?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a text that is itself an object. Its names stand at the top, unless the text's own name
    /// is one that is left out of second names anyway.
    fn embedded(&mut self, text: &str, event: &mut Event, known: Known) {
        let kept = (self.base, self.bare, self.depth, self.path.len());
        if !known.is_bare() {
            self.base = self.path.len();
        }
        self.depth += 1;
        let mut jiter = Jiter::new(text.as_bytes());
        let outcome = match jiter.peek() {
            Ok(_) => self.members(&mut jiter, event, false),
            Err(error) => Err(error.into()),
        };
        (self.base, self.bare, self.depth) = (kept.0, kept.1, kept.2);
        self.path.truncate(kept.3);
        if outcome.is_err() {
            self.push(event, known, Kind::Str, text);
        }
    }

    fn push(&mut self, event: &mut Event, known: Known, kind: Kind, text: &str) {
        let index = event.raw_fields().len();
        event.push_str_kind(&self.path[self.base..], kind, text);
        self.named(event, known, index);
    }

    /// Marks field `index`, which has just been added under the name at hand, and gives it its
    /// second name.
    fn named(&mut self, event: &mut Event, known: Known, index: usize) {
        if let Some(slot) = known.slot() {
            self.slots.mark(slot, index);
        }
        if self.bare > self.base && self.bare < self.path.len() {
            if let Some(slot) = self.table.known(&self.path[self.bare..]).slot() {
                self.slots.mark(slot, event.raw_fields().len());
            }
            event.alias_suffix(index, self.bare - self.base);
        }
    }

    pub(super) fn bounded(&self, jiter: &Jiter<'_>, event: &Event) -> Result<(), Fault> {
        if event.raw_fields().len() > MAX_FIELDS || event.text().len() > MAX_TEXT {
            return Err(fault(jiter, "more than 100,000 values or 32 MiB of names and values"));
        }
        Ok(())
    }

    pub(super) fn deeper(&mut self, jiter: &Jiter<'_>) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(fault(jiter, "nested deeper than 64 levels")) } else { Ok(()) }
    }
}

#[cold]
fn fault(jiter: &Jiter<'_>, what: &str) -> Fault {
    Fault { at: jiter.current_index(), kind: FaultKind::Broken, what: what.to_owned() }
}

/// Writes JSON without the blanks between its tokens.
fn compact(json: &str, out: &mut String) {
    let (mut in_text, mut escaped) = (false, false);
    let mut from = 0;
    for (at, byte) in json.bytes().enumerate() {
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            out.push_str(&json[from..at]);
            from = at + 1;
        } else {
            in_text = byte == b'"';
        }
    }
    out.push_str(&json[from..]);
}
