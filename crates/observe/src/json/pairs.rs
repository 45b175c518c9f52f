use jiter::{Jiter, Peek};
use model::Event;

use super::flatten::{Fault, Flattener};
use super::known::Known;
use super::table::Pairs;

impl Flattener {
    /// Reads a list of `{"Name": N, "Value": V}` as fields `N = V` below the list's own name.
    pub(super) fn pairs(
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
            self.bounded(jiter, event)?;
            next = jiter.array_step()?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads one `{"Name": N, "Value": V}`, in a list or alone.
    pub(super) fn pair(&mut self, element: &[u8], event: &mut Event, pairs: &Pairs) -> Result<(), Fault> {
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
            let is_name = member == ATTRIBUTES || pairs.name.iter().any(|n| n == member);
            let is_value = pairs.value.iter().any(|v| v == member);
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
}

/// Where converters of XML put what an element says beside its text.
const ATTRIBUTES: &str = "#attributes";

/// The text under one of the keys that name a pair, which may be an attribute of it.
fn named_in(element: &[u8], pairs: &Pairs) -> Result<Option<String>, Fault> {
    let mut jiter = Jiter::new(element);
    jiter.peek()?;
    let mut key = jiter.known_object()?;
    while let Some(member) = key {
        let wanted = pairs.name.iter().any(|n| n == member);
        let attributes = member == ATTRIBUTES;
        let peek = jiter.peek()?;
        if wanted && peek == Peek::String {
            return Ok(Some(jiter.known_str()?.to_owned()));
        }
        if attributes && peek == Peek::Object {
            let start = jiter.current_index();
            jiter.known_skip(peek)?;
            if let Some(name) = named_in(jiter.slice_to_current(start), pairs)? {
                return Ok(Some(name));
            }
            key = jiter.next_key()?;
            continue;
        }
        jiter.known_skip(peek)?;
        key = jiter.next_key()?;
    }
    Ok(None)
}
