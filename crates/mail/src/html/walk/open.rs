//! The elements that are open: which tags close them, and what they hide.

use super::super::element::{self, Own, TABLE, hash};
use super::super::hidden::Looks;
use super::super::url::decode;
use super::Walk;

/// How far an end tag is looked for among the open elements.
const REACH: usize = 64;

/// An open element.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Open {
    pub(super) name: u32,
    pub(super) wall: bool,
    pub(super) block: bool,
    pub(super) hidden: Option<&'static str>,
    /// Its text has no size or no colour.
    pub(super) blank: bool,
    /// Its text is no text.
    pub(super) mute: bool,
    /// What it holds is loaded by some only.
    pub(super) some: bool,
    /// Its content is SVG or MathML.
    pub(super) foreign: bool,
}

impl Walk<'_, '_> {
    /// Closes what a start tag closes without saying so.
    pub(super) fn imply(&mut self, name: &str) {
        let group = element::closes(name);
        if group.is_empty() {
            return;
        }
        let row = matches!(name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot");
        let near = self.open.iter().rev().take(REACH);
        let mut far = None;
        for (up, open) in near.enumerate() {
            if group.contains(&open.name) {
                far = Some(up);
            } else if open.name == TABLE || (open.wall && !row) {
                break;
            }
        }
        if let Some(up) = far {
            self.open.truncate(self.open.len() - up - 1);
        }
    }

    /// How an element is seen: itself as an open one, and why what it draws is not seen.
    pub(super) fn seen(&mut self, name: &str, own: &Own<'_>) -> (Open, Option<&'static str>) {
        let around = self.top();
        let mut looks = self.rules.of(name, own.class, own.id);
        if let Some(style) = own.style {
            looks = looks.under(Looks::of(&decode(style)));
        }
        looks = looks.sized(own.width, own.height);
        let mine = if own.hidden { Some("hidden attribute") } else { looks.hides() };
        let inherited = around.hidden.filter(|reason| !(looks.shows() && *reason == "visibility:hidden"));
        let unseen = match name {
            "template" if !own.shadow => Some("template"),
            _ => None,
        };
        let hidden = inherited.or(mine).or(unseen);
        let foreign =
            (around.foreign || matches!(name, "svg" | "math")) && !element::is_integration_point(name);
        self.foreign |= foreign;
        let opened = Open {
            name: hash(name),
            wall: element::is_wall(name),
            block: element::is_block(name),
            hidden,
            blank: looks.blank.unwrap_or(around.blank),
            mute: around.mute || matches!(name, "style" | "script" | "title" | "xml"),
            some: around.some || unseen.is_some(),
            foreign,
        };
        (opened, hidden.or_else(|| looks.tiny()))
    }

    pub(super) fn end(&mut self, name: &str) {
        if self.way.main && element::is_block(name) {
            self.text.line();
            self.hidden_text.line();
        }
        let hash = hash(name);
        if self.anchor.as_ref().is_some_and(|shown| shown.name == hash) {
            self.end_anchor();
        }
        let across =
            matches!(name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "table" | "body" | "html");
        for (up, open) in self.open.iter().rev().take(REACH).enumerate() {
            if open.name == hash {
                self.open.truncate(self.open.len() - up - 1);
                return;
            }
            if open.name == TABLE || (open.wall && !across) {
                return;
            }
        }
    }
}
