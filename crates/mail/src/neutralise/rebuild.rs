//! A page written anew from its tree, for pages on which parsers disagree; and its text.

use html5ever::interface::QuirksMode;

use super::escape;
use super::harmless::{Harmless, Note, Verdict};
use super::links::{self, Target};
use super::style;
use super::tree::{Data, Step, Tree};
use crate::css::Style;

/// Elements that have no end.
const VOID: &[&str] = &["area", "br", "col", "hr", "img", "input", "meta", "wbr"];
/// Elements after which a line ends in the text of a page.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "br",
    "tr",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "pre",
    "blockquote",
    "hr",
    "section",
    "article",
    "header",
    "footer",
    "title",
    "form",
    "center",
    "address",
];

/// The page of `tree`, with what is harmless alone.
pub(super) fn page(tree: &Tree, harmless: &Harmless<'_>) -> String {
    let mut out = String::from(doctype(tree.quirks));
    // What is written when an element ends.
    let mut ends: Vec<String> = Vec::new();
    let mut link: Option<(Note, usize)> = None;
    let mut styles = false;
    let mut charset = false;
    tree.walk(|step| match step {
        Step::Enter(Data::Document) | Step::Leave(Data::Document | Data::Text(_) | Data::Comment(_)) => {
            if matches!(step, Step::Enter(_)) {
                ends.push(String::new());
            } else if matches!(step, Step::Leave(Data::Document)) {
                ends.pop();
            }
            true
        }
        Step::Enter(Data::Comment(_)) => false,
        Step::Enter(Data::Text(text)) => {
            if styles {
                let cleaned = style::clean(text, Style::Sheet);
                harmless.counts.borrow_mut().loads += cleaned.cut;
                out.push_str(&cleaned.text.unwrap_or_default());
            } else {
                out.push_str(&escape(text));
            }
            false
        }
        Step::Enter(Data::Element { name, attributes, contents }) => {
            let name = name.local.to_ascii_lowercase();
            if contents.is_some() {
                return false;
            }
            match harmless.element(&name, attributes) {
                Verdict::Replace(instead) => {
                    out.push_str(&instead);
                    false
                }
                Verdict::Unwrap(before) => {
                    out.push_str(before);
                    ends.push(String::new());
                    true
                }
                Verdict::Verbatim => {
                    out.push_str("<pre>");
                    ends.push("</pre>".to_owned());
                    true
                }
                Verdict::Keep(kept, note) => {
                    if &*name == "meta" && kept.iter().any(|(name, _)| name == "charset") {
                        if charset {
                            return false;
                        }
                        charset = true;
                    }
                    tag(&name, &kept, &mut out);
                    if &*name == "head" && !charset {
                        charset = true;
                        out.push_str("<meta charset=\"utf-8\">");
                    }
                    if VOID.contains(&&*name) {
                        ends.push(String::new());
                        return true;
                    }
                    if let Some(note) = note {
                        link = Some((note, out.len()));
                    }
                    styles |= &*name == "style";
                    ends.push(format!("</{name}>"));
                    true
                }
            }
        }
        Step::Leave(Data::Element { name, .. }) => {
            styles &= !(*name.local).eq_ignore_ascii_case("style");
            let end = ends.pop().unwrap_or_default();
            out.push_str(&end);
            if end == "</a>"
                && let Some((note, from)) = link.take()
            {
                let words = note.words(&inner_text(out.get(from..).unwrap_or_default()));
                out.push_str(&words);
            }
            true
        }
    });
    out
}

/// What makes a browser lay out a page as it did before.
fn doctype(quirks: QuirksMode) -> &'static str {
    match quirks {
        QuirksMode::NoQuirks => "<!DOCTYPE html>\n",
        QuirksMode::LimitedQuirks => {
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \
             \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
        }
        QuirksMode::Quirks => "",
    }
}

/// The text in a piece of a page that was written here: tags left out, no entities but our own.
fn inner_text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    text.push_str(rest);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn tag(name: &str, attributes: &[(String, String)], out: &mut String) {
    out.push('<');
    out.push_str(name);
    for (name, value) in attributes {
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'_')) {
            continue;
        }
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        out.push_str(&escape(value));
        out.push('"');
    }
    out.push('>');
}

/// The text of a page as a reader sees it, a line a block, links with their address behind.
pub(super) fn text(tree: &Tree) -> String {
    let mut out = String::new();
    let mut targets: Vec<Option<String>> = Vec::new();
    tree.walk(|step| match step {
        Step::Enter(Data::Element { name, attributes, .. }) => {
            let name = name.local.to_ascii_lowercase();
            if matches!(&*name, "style" | "script" | "head" | "template" | "noscript" | "iframe" | "noembed")
            {
                return false;
            }
            let href = attributes.iter().find(|(known, _)| &*name == "a" && known == "href");
            targets.push(href.and_then(|(_, href)| match links::target(href) {
                Target::Web(address, _) => Some(address),
                _ => None,
            }));
            if BLOCKS.contains(&&*name) {
                line(&mut out);
            }
            true
        }
        Step::Leave(Data::Element { name, .. }) => {
            if let Some(Some(target)) = targets.pop() {
                out.push_str(&format!(" <{target}>"));
            }
            if BLOCKS.contains(&&*name.local.to_ascii_lowercase()) {
                line(&mut out);
            }
            true
        }
        Step::Enter(Data::Text(text)) => {
            words(text, &mut out);
            false
        }
        Step::Enter(Data::Comment(_)) => false,
        _ => true,
    });
    out.push('\n');
    out
}

/// The text of a page that is beyond the bounds of a parser: what stands between tags.
pub(super) fn rough_text(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        words(&rest[..at], &mut out);
        out.push(' ');
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    words(rest, &mut out);
    out.push('\n');
    out
}

fn line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

fn words(text: &str, out: &mut String) {
    for c in text.chars() {
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.ends_with([' ', '\n']) && !out.is_empty() {
            out.push(' ');
        }
    }
}
