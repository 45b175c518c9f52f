use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};
use model::{Event, Kind};

use super::table::{Known, Pairs, Table};

/// Objects and lists within one another; what lies deeper is a problem of its record.
const MAX_DEPTH: u32 = 64;

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

/// Where the value of an interned name lies among the fields of the record at hand.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The record for which the rest holds.
    generation: u32,
    /// Index of the first field; [`Flattener::NO_FIELD`] where the name holds an object or a list.
    field: u32,
    /// Whether the name has more than one value.
    many: bool,
}

/// Turns one JSON value into flat fields: names of nested objects joined by dots, lists as repeated
/// fields, in the order of the text. Names are put right on the way as the table says, so that no
/// second pass over the fields is needed.
pub(super) struct Flattener {
    table: &'static Table,
    /// Names of the objects that are open, joined by dots.
    path: String,
    /// Where in `path` the names that a rule sees begin.
    base: usize,
    /// Where a second, shorter name begins; no second name unless it lies beyond `base`.
    bare: usize,
    depth: u32,
    slots: Vec<Slot>,
    generation: u32,
    tape: Vec<u8>,
}

impl Flattener {
    const NO_FIELD: u32 = u32::MAX;

    /// A flattener that knows the names of `table`.
    pub(super) fn new(table: &'static Table) -> Self {
        Self {
            table,
            path: String::new(),
            base: 0,
            bare: 0,
            depth: 0,
            slots: vec![Slot::default(); table.slots()],
            generation: 0,
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

    /// The index of the first field under the name with this slot, unless it is absent or no
    /// scalar.
    pub(super) fn field(&self, slot: u16) -> Option<usize> {
        let found = self.slots[usize::from(slot)];
        (found.generation == self.generation && found.field != Self::NO_FIELD).then_some(found.field as usize)
    }

    /// Whether the record has the name with this slot, with whatever value.
    pub(super) fn has(&self, slot: u16) -> bool {
        self.slots[usize::from(slot)].generation == self.generation
    }

    /// Whether the name with this slot has more than one value.
    pub(super) fn many(&self, slot: u16) -> bool {
        let found = self.slots[usize::from(slot)];
        found.generation == self.generation && found.many
    }

    /// Notes that field number `field` bears the name with this slot.
    pub(super) fn mark(&mut self, slot: u16, field: usize) {
        let generation = self.generation;
        if let Some(slot) = self.slots.get_mut(usize::from(slot)) {
            if slot.generation == generation && slot.field != Self::NO_FIELD {
                slot.many = true;
            } else {
                *slot = Slot { generation, field: field as u32, many: false };
            }
        }
    }

    fn begin(&mut self) {
        self.path.clear();
        (self.base, self.bare, self.depth) = (0, 0, 0);
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.slots.fill(Slot::default());
            self.generation = 1;
        }
    }

    /// Reads the members of the object at which `jiter` stands. With `through`, the names of
    /// members that are objects are left out of the names below them.
    fn members(&mut self, jiter: &mut Jiter<'_>, event: &mut Event, through: bool) -> Result<(), Fault> {
        self.deeper(jiter)?;
        let length = self.path.len();
        let mut key = jiter.known_object()?;
        while let Some(name) = key {
            if name != "#text" {
                if length > self.base {
                    self.path.push('.');
                }
                self.path.push_str(name);
            }
            self.member(jiter, event, through)?;
            self.path.truncate(length);
            key = jiter.next_key()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn member(&mut self, jiter: &mut Jiter<'_>, event: &mut Event, through: bool) -> Result<(), Fault> {
        let peek = jiter.peek()?;
        let known = self.table.known(&self.path[self.base..]);
        if !known.changes_names() && !(through && peek == Peek::Object) {
            return self.value(jiter, event, peek, known);
        }
        let kept = (self.base, self.bare);
        if let Some(name) = self.table.renamed(known) {
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

    fn value(
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
            Peek::Object | Peek::Array => self.nested(jiter, event, peek, known)?,
            _ => {
                let text = std::str::from_utf8(jiter.known_number_bytes(peek)?).unwrap_or_default();
                let kind = if text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) { Kind::Float } else { Kind::Int };
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
            self.mark(slot, Self::NO_FIELD as usize);
        }
        let start = jiter.current_index();
        if peek == Peek::Object {
            self.members(jiter, event, known.is_through())?;
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
            next = jiter.array_step()?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a list of `{"Name": N, "Value": V}` as fields `N = V` below the list's own name.
    fn pairs(
        &mut self,
        jiter: &mut Jiter<'_>,
        event: &mut Event,
        known: Known,
        pairs: &'static Pairs,
    ) -> Result<(), Fault> {
        self.deeper(jiter)?;
        let mut next = jiter.known_array()?;
        while let Some(peek) = next {
            if peek == Peek::Object {
                let start = jiter.current_index();
                jiter.known_skip(peek)?;
                let element = jiter.slice_to_current(start);
                self.pair(element, event, pairs).map_err(|fault| Fault { at: start + fault.at, ..fault })?;
            } else {
                self.value(jiter, event, peek, known.plain())?;
            }
            next = jiter.array_step()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn pair(&mut self, element: &[u8], event: &mut Event, pairs: &Pairs) -> Result<(), Fault> {
        let name = named_in(element, pairs)?;
        if pairs.keep || name.is_none() {
            let mut jiter = Jiter::new(element);
            jiter.peek()?;
            self.members(&mut jiter, event, false)?;
        }
        let Some(name) = name else { return Ok(()) };
        let length = self.path.len();
        let base = self.base;
        if pairs.bare {
            self.base = length;
        } else if length > base {
            self.path.push('.');
        }
        self.path.push_str(&name);
        let own = self.path.len();
        let mut jiter = Jiter::new(element);
        jiter.peek()?;
        let mut key = jiter.known_object()?;
        while let Some(member) = key {
            let (is_name, is_value) = (pairs.name.iter().any(|n| n == member), pairs.value.iter().any(|v| v == member));
            if !is_value {
                self.path.push('.');
                self.path.push_str(member);
            }
            let peek = jiter.peek()?;
            if is_name {
                jiter.known_skip(peek)?;
            } else {
                let known = self.table.known(&self.path[self.base..]);
                self.value(&mut jiter, event, peek, known)?;
            }
            self.path.truncate(own);
            key = jiter.next_key()?;
        }
        self.path.truncate(length);
        self.base = base;
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
            self.mark(slot, index);
        }
        if self.bare > self.base && self.bare < self.path.len() {
            if let Some(slot) = self.table.known(&self.path[self.bare..]).slot() {
                self.mark(slot, event.raw_fields().len());
            }
            event.alias_suffix(index, self.bare - self.base);
        }
    }

    fn deeper(&mut self, jiter: &Jiter<'_>) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(fault(jiter, "nested deeper than 64 levels")) } else { Ok(()) }
    }
}

#[cold]
fn fault(jiter: &Jiter<'_>, what: &str) -> Fault {
    Fault { at: jiter.current_index(), kind: FaultKind::Broken, what: what.to_owned() }
}

/// The text under one of the keys that name a pair.
fn named_in(element: &[u8], pairs: &Pairs) -> Result<Option<String>, Fault> {
    let mut jiter = Jiter::new(element);
    jiter.peek()?;
    let mut key = jiter.known_object()?;
    while let Some(member) = key {
        let wanted = pairs.name.iter().any(|n| n == member);
        let peek = jiter.peek()?;
        if wanted && peek == Peek::String {
            return Ok(Some(jiter.known_str()?.to_owned()));
        }
        jiter.known_skip(peek)?;
        key = jiter.next_key()?;
    }
    Ok(None)
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
