//! The message, put together from what the mail server sends, and told apart from what is to go on in its place.

use std::collections::BTreeMap;

use super::command::actions;
use super::reply::Reply;
use crate::door::Action;
use crate::fields::{self, crlf};

/// Puts a header field behind `raw` as it stood in the message. Mail servers send LF within a value; `blank` says
/// that the blank after the colon is not part of the value.
pub(crate) fn push_field(raw: &mut Vec<u8>, name: &[u8], value: &[u8], blank: bool) {
    raw.extend_from_slice(name);
    raw.extend_from_slice(if blank { b": " } else { b":" });
    raw.extend_from_slice(&crlf(value));
    raw.extend_from_slice(b"\r\n");
}

/// The changes that turn `raw` into what `action` says, in the order in which a mail server must be given them.
/// `blank` is as in [`push_field`].
pub fn changes(raw: &[u8], action: &Action, blank: bool) -> Vec<Reply> {
    let Action::Deliver { prepend, remove, changed } = action else { return Vec::new() };
    let mut out = Vec::new();
    match changed {
        None => {
            let mut remove = remove.clone();
            // From the last one up, so that no place moves before it is named.
            remove.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
            out.extend(remove.into_iter().map(|(name, at)| Reply::Change(at, name, Vec::new())));
        }
        Some(changed) => difference(raw, changed, blank, &mut out),
    }
    for (name, value) in prepend.iter().rev() {
        let value = if blank { value.clone().into_bytes() } else { format!(" {value}").into_bytes() };
        out.push(Reply::Insert(0, name.clone(), value));
    }
    out
}

/// The permission that a change needs.
pub(crate) fn permission(change: &Reply) -> u32 {
    match change {
        Reply::Add(..) | Reply::Insert(..) => actions::ADD_FIELDS,
        Reply::Change(..) => actions::CHANGE_FIELDS,
        Reply::Body(_) => actions::CHANGE_BODY,
        Reply::DeleteRecipient(_) => actions::DELETE_RECIPIENTS,
        _ => 0,
    }
}

/// Fields of one name: value, and place among all fields.
type Named<'a> = BTreeMap<String, Vec<(&'a [u8], usize)>>;

/// All fields in order: name and value.
type Ordered<'a> = Vec<(String, &'a [u8])>;

/// Fields by name in small letters; all fields in order, as name and value; the body.
fn by_name(raw: &[u8]) -> (Named<'_>, Ordered<'_>, &[u8]) {
    let (fields, body) = fields::fields(raw);
    let mut named = Named::new();
    let mut order = Vec::with_capacity(fields.len());
    for (place, field) in fields.into_iter().enumerate() {
        let name = String::from_utf8_lossy(&raw[field.name]).into_owned();
        let value = &raw[field.value];
        named.entry(name.to_ascii_lowercase()).or_default().push((value, place));
        order.push((name, value));
    }
    (named, order, &raw[body..])
}

/// How the header block and the body differ. Fields are compared name by name: what stayed is left alone, what is
/// gone is deleted, what has another value is changed, what is new goes on top if it stands above all that was
/// there, else below. Linear but for the sorting of names.
fn difference(old: &[u8], new: &[u8], blank: bool, out: &mut Vec<Reply>) {
    let (old_named, _, old_body) = by_name(old);
    let (new_named, new_order, new_body) = by_name(new);
    let none = Vec::new();
    let olds_of = |name: &str| old_named.get(name).unwrap_or(&none);
    // How many of each name stand above all that was there.
    let mut on_top = BTreeMap::<String, usize>::new();
    let mut top = 0;
    for (name, _) in &new_order {
        let name = name.to_ascii_lowercase();
        let extra = new_named[&name].len().saturating_sub(olds_of(&name).len());
        let count = on_top.entry(name).or_default();
        if *count == extra {
            break;
        }
        *count += 1;
        top += 1;
    }
    let mut below = Vec::new();
    let mut edits: Vec<(u32, String, Vec<u8>)> = Vec::new();
    for (name, news) in &new_named {
        let olds = olds_of(name);
        if news.len() < olds.len() {
            continue;
        }
        let above = on_top.get(name).copied().unwrap_or(0);
        let kept = &news[above..above + olds.len()];
        for (at, (old, new)) in olds.iter().zip(kept).enumerate() {
            if old.0 != new.0 {
                edits.push((at as u32 + 1, new_order[new.1].0.clone(), sent(new.0, blank)));
            }
        }
        below.extend(news[above + olds.len()..].iter().map(|(_, place)| *place));
    }
    for (name, olds) in &old_named {
        let news = new_named.get(name).unwrap_or(&none);
        if olds.len() <= news.len() {
            continue;
        }
        let mut left = news.iter().rev().peekable();
        let mut gone: Vec<usize> = Vec::new();
        for (at, old) in olds.iter().enumerate().rev() {
            if left.next_if(|new| new.0 == old.0).is_none() {
                gone.push(at);
            }
        }
        if left.peek().is_some() {
            // Some changed as well: the last ones take the new values, the first ones go.
            let extra = olds.len() - news.len();
            gone = (0..extra).collect();
            for (at, (old, new)) in olds[extra..].iter().zip(news).enumerate() {
                if old.0 != new.0 {
                    edits.push(((extra + at) as u32 + 1, new_order[new.1].0.clone(), sent(new.0, blank)));
                }
            }
        }
        edits.extend(gone.into_iter().map(|at| (at as u32 + 1, name.clone(), Vec::new())));
    }
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.0));
    out.extend(edits.into_iter().map(|(at, name, value)| Reply::Change(at, name, value)));
    below.sort_unstable();
    let value_of = |place: usize| {
        let (name, value) = &new_order[place];
        (name.clone(), sent(value, blank))
    };
    for place in below {
        let (name, value) = value_of(place);
        out.push(Reply::Add(name, value));
    }
    for place in (0..top).rev() {
        let (name, value) = value_of(place);
        out.push(Reply::Insert(0, name, value));
    }
    if old_body != new_body {
        out.push(Reply::Body(crlf(new_body)));
    }
}

/// A value as it is sent: with its blank, or without the one that the mail server puts. An empty value would delete.
fn sent(value: &[u8], blank: bool) -> Vec<u8> {
    let value = if blank { value.strip_prefix(b" ").unwrap_or(value) } else { value };
    if value.is_empty() { b" ".to_vec() } else { value.to_vec() }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
