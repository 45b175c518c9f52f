//! What becomes of an element: it stays, it goes, or something harmless stands in its place.
//!
//! One decision for both ways of making a page harmless, in its own bytes and from its tree. It is made by
//! lists of what is known to be harmless (`data/harmless.toml`).

use std::cell::RefCell;
use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use serde::Deserialize;

use super::escape;
use super::links::{self, Target, Wrapper};
use super::placeholder::placeholder;
use super::style;
use crate::css::Style;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    elements: FxHashSet<String>,
    dropped: FxHashSet<String>,
    boxes: FxHashSet<String>,
    attributes: FxHashSet<String>,
    meta_names: FxHashSet<String>,
}

static LISTS: LazyLock<Lists> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/harmless.toml")).expect("the table is tested"));

/// What was done to a page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) loads: u32,
    pub(super) links: u32,
    pub(super) forms: u32,
}

/// What becomes of an element.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays, with these attributes; after it comes a note where it is a link that needs one.
    Keep(Vec<(String, String)>, Option<Note>),
    /// What is in it stays, after this.
    Unwrap(&'static str),
    /// It goes, with what is in it; this stands in its place.
    Replace(String),
    /// What is in it is shown as it stands.
    Verbatim,
}

/// What is said behind a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// Where it leads.
    pub(super) host: String,
    /// Whether that is said where the text gives no reason to.
    pub(super) always: bool,
}

impl Note {
    /// The words behind a link with `text`; empty for none.
    pub(super) fn words(&self, text: &str) -> String {
        if self.always || links::differs(text, &self.host) {
            format!(" <small>[{}]</small>", escape(&self.host))
        } else {
            String::new()
        }
    }
}

/// Said where a form stood.
const FORM: &str = "<div style=\"margin:4px 0;padding:2px 6px;border:1px dashed #8a8a8a;font:12px sans-serif;\
                    color:#555;background:#f5f5f5\">This form has been disabled for your safety.</div>";

/// Decides on the elements of one page.
pub(super) struct Harmless<'a> {
    pub(super) links: &'a Wrapper<'a>,
    pub(super) counts: RefCell<Counts>,
}

impl Harmless<'_> {
    /// What becomes of the element `name` (in lower case) with these attributes, values decoded.
    pub(super) fn element(&self, name: &str, attributes: &[(String, String)]) -> Verdict {
        let of = |wanted: &str| {
            attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| &**value)
        };
        match name {
            "plaintext" | "xmp" | "listing" => return Verdict::Verbatim,
            "form" => {
                self.counts.borrow_mut().forms += 1;
                return Verdict::Unwrap(FORM);
            }
            "meta" => return self.meta(attributes),
            "img" | "image" | "amp-img" => {
                let within = of("src").is_none_or(|src| src.trim().is_empty() || picture_within(src));
                if name != "img" || !within || (of("src").is_none() && of("srcset").is_some()) {
                    self.load();
                    return Verdict::Replace(placeholder(name, attributes));
                }
            }
            "input" if of("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("hidden")) => {
                return Verdict::Replace(String::new());
            }
            "input" if of("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("image")) => {
                self.load();
                return Verdict::Replace(placeholder(name, attributes));
            }
            _ if LISTS.boxes.contains(name) => {
                self.load();
                return Verdict::Replace(placeholder(name, attributes));
            }
            _ if LISTS.dropped.contains(name) => {
                if !matches!(name, "noscript" | "xml" | "basefont") {
                    self.load();
                }
                return Verdict::Replace(String::new());
            }
            _ if !LISTS.elements.contains(name) => {
                if attributes.iter().any(|(name, value)| name.ends_with("src") || value.contains("//")) {
                    self.load();
                }
                return Verdict::Unwrap("");
            }
            _ => {}
        }
        self.kept(name, attributes)
    }

    fn load(&self) {
        self.counts.borrow_mut().loads += 1;
    }

    fn meta(&self, attributes: &[(String, String)]) -> Verdict {
        let mut kept = Vec::new();
        let mut known = false;
        for (name, value) in attributes {
            match &*name.to_ascii_lowercase() {
                "http-equiv" => match &*value.trim().to_ascii_lowercase() {
                    "content-type" => return charset(),
                    "x-ua-compatible" | "content-language" => known = true,
                    _ => {
                        self.load();
                        return Verdict::Replace(String::new());
                    }
                },
                "charset" => return charset(),
                "name" => {
                    let lower = value.trim().to_ascii_lowercase();
                    if !LISTS.meta_names.contains(&*lower) {
                        return Verdict::Replace(String::new());
                    }
                    known = true;
                }
                "content" => {}
                _ => continue,
            }
            kept.push((name.clone(), value.clone()));
        }
        if known { Verdict::Keep(kept, None) } else { Verdict::Replace(String::new()) }
    }

    /// An element that stays, with the attributes that are harmless.
    fn kept(&self, element: &str, attributes: &[(String, String)]) -> Verdict {
        let mut kept = Vec::with_capacity(attributes.len());
        let mut note = None;
        let link = matches!(element, "a" | "area");
        let mut wrapped = false;
        for (name, value) in attributes {
            let lower = name.to_ascii_lowercase();
            let value = match &*lower {
                "style" => {
                    let cleaned = style::clean(value, Style::Declarations);
                    self.counts.borrow_mut().loads += cleaned.cut;
                    match cleaned.text {
                        Some(text) => text.into_owned(),
                        None => continue,
                    }
                }
                "href" if link => {
                    let (href, said) = self.href(value);
                    note = said;
                    match href {
                        Some(href) => {
                            wrapped |= href != *value;
                            href
                        }
                        None => continue,
                    }
                }
                "src" if element == "img" => value.clone(),
                "usemap" if value.trim_start().starts_with('#') => value.clone(),
                "target" if value.eq_ignore_ascii_case("_blank") => value.clone(),
                "rel" if link && value == REL => continue,
                "xmlns" if value == "http://www.w3.org/1999/xhtml" => value.clone(),
                "value" | "type" if element == "button" && lower == "type" => value.clone(),
                "background" => {
                    self.load();
                    continue;
                }
                _ if LISTS.attributes.contains(&*lower) => value.clone(),
                _ if lower.starts_with("aria-") => value.clone(),
                _ if lower.starts_with("data-") && !value.contains([':', '/', '<']) => value.clone(),
                _ => {
                    if lower.starts_with("on") || matches!(&*lower, "ping" | "srcset" | "formaction") {
                        self.load();
                    }
                    continue;
                }
            };
            kept.push((name.clone(), value));
        }
        if matches!(element, "input" | "button" | "select" | "textarea")
            && !kept.iter().any(|(name, _)| name == "disabled")
        {
            kept.push(("disabled".to_owned(), String::new()));
        }
        let through = kept.iter().any(|(name, value)| link && name == "href" && self.links.ours(value));
        if wrapped || through {
            kept.push(("rel".to_owned(), REL.to_owned()));
        }
        Verdict::Keep(kept, note)
    }

    /// What becomes of the target of a link, and what is said behind it.
    fn href(&self, href: &str) -> (Option<String>, Option<Note>) {
        if self.links.may_stay(href) {
            return (Some(href.to_owned()), None);
        }
        match links::target(href) {
            Target::Here => (Some(href.to_owned()), None),
            Target::Person(clean) => {
                if clean != href {
                    self.counts.borrow_mut().links += 1;
                }
                (Some(clean), None)
            }
            Target::Other => {
                self.counts.borrow_mut().links += 1;
                (None, None)
            }
            Target::Web(address, host) => {
                self.counts.borrow_mut().links += 1;
                let through = self.links.wrap(&address);
                let always = through.is_none();
                (through, Some(Note { host, always }))
            }
        }
    }
}

/// What a link through the notice page says of itself.
const REL: &str = "noreferrer noopener";

fn charset() -> Verdict {
    Verdict::Keep(vec![("charset".to_owned(), "utf-8".to_owned())], None)
}

/// Whether a picture is in the message itself.
fn picture_within(src: &str) -> bool {
    let bare = src.trim_matches(|c: char| c <= ' ').to_ascii_lowercase();
    let data = ["png", "gif", "jpeg", "jpg", "webp", "bmp"];
    bare.starts_with("cid:")
        || bare.strip_prefix("data:image/").is_some_and(|kind| {
            data.iter().any(|one| kind.strip_prefix(one).is_some_and(|rest| rest.starts_with([';', ','])))
        })
}
