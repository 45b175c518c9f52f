//! A page made harmless in its own bytes: only what has to change is changed.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, Token, TokenSink, TokenSinkResult, Tokenizer};
use lol_html::html_content::{ContentType, Element};
use lol_html::{HtmlRewriter, MemorySettings, Settings, comments, doc_comments, doc_text, element, text};

use super::harmless::{Counts, Harmless, Note, Verdict};
use super::links::Wrapper;
use super::tree::Tree;
use super::{escape, judge, rebuild, style};
use crate::css::Style;

/// Memory that rewriting may take.
const MEMORY: usize = 64 << 20;
/// Bytes of a page that is read at all; of a longer one the text is delivered.
const LONGEST: usize = 8 << 20;

/// A page, made harmless.
pub(super) enum Page {
    /// It was harmless.
    Same,
    /// A page again.
    Html(String, Counts),
    /// No page could be made of it.
    Text(String, Counts),
}

/// Makes `html` harmless. `sure` says whether its bytes mean the same to every reader; where they do not, a
/// page is written anew even where nothing is found in it.
pub(super) fn neutralise(html: &str, links: &Wrapper<'_>, sure: bool) -> Page {
    if html.len() > LONGEST {
        return Page::Text(rebuild::rough_text(html), Counts { loads: 1, ..Counts::default() });
    }
    let Some(seen) = judge::look(html) else {
        return Page::Text(rebuild::rough_text(html), Counts { loads: 1, ..Counts::default() });
    };
    let passes = |seen: &judge::Seen| {
        seen.loads.is_empty() && seen.forms == 0 && seen.links.iter().all(|href| links.may_stay(href))
    };
    if sure && passes(&seen) {
        return Page::Same;
    }
    let fits = |page: &str| judge::look(page).is_some_and(|seen| passes(&seen));
    let harmless = Harmless { links, counts: RefCell::default() };
    if let Some(page) = rewrite(html, &harmless)
        && fits(&page)
    {
        return Page::Html(page, counted(&harmless, &seen));
    }
    let harmless = Harmless { links, counts: RefCell::default() };
    let Some(tree) = Tree::read(html, false) else {
        return Page::Text(rebuild::rough_text(html), Counts { loads: 1, ..Counts::default() });
    };
    let page = rebuild::page(&tree, &harmless);
    if fits(&page) {
        return Page::Html(page, counted(&harmless, &seen));
    }
    Page::Text(rebuild::text(&tree), counted(&harmless, &seen))
}

/// What was taken out; where that was done by leaving something out, what the judge had seen.
fn counted(harmless: &Harmless<'_>, seen: &judge::Seen) -> Counts {
    let mut counts = *harmless.counts.borrow();
    if counts.loads == 0 && !seen.loads.is_empty() {
        counts.loads = seen.loads.len() as u32;
    }
    counts
}

/// What the handlers share while a page is rewritten.
#[derive(Default)]
struct State {
    /// The text of the link that is open.
    link: String,
    open: bool,
    style: String,
}

/// Rewrites the spans of `html` that need it; `None` where the rewriter is not sure of what it reads.
fn rewrite(html: &str, harmless: &Harmless<'_>) -> Option<String> {
    let state = Rc::new(RefCell::new(State::default()));
    let mut out = Vec::with_capacity(html.len() + html.len() / 2);
    let settings = Settings::new()
        .append_element_content_handler(element!("*", |el| decide(el, harmless, &state)))
        .append_element_content_handler(text!("style", |chunk| {
            let mut state = state.borrow_mut();
            state.style.push_str(chunk.as_str());
            if chunk.last_in_text_node() {
                let cleaned = style::clean(&state.style, Style::Sheet);
                harmless.counts.borrow_mut().loads += cleaned.cut;
                chunk.replace(&cleaned.text.unwrap_or_default(), ContentType::Html);
                state.style.clear();
            } else {
                chunk.remove();
            }
            Ok(())
        }))
        .append_document_content_handler(doc_text!(|chunk| {
            let mut state = state.borrow_mut();
            if state.open {
                state.link.push_str(chunk.as_str());
            }
            Ok(())
        }))
        .append_document_content_handler(doc_comments!(|comment| {
            if !quiet(&comment.text()) {
                comment.remove();
            }
            Ok(())
        }))
        .append_element_content_handler(comments!("*", |comment| {
            if !quiet(&comment.text()) {
                comment.remove();
            }
            Ok(())
        }))
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(MEMORY))
        .with_strict(true);
    let mut rewriter = HtmlRewriter::new(settings, |piece: &[u8]| out.extend_from_slice(piece));
    rewriter.write(html.as_bytes()).ok()?;
    rewriter.end().ok()?;
    String::from_utf8(out).ok()
}

/// Whether a comment is a plain remark, which no client takes for anything else.
fn quiet(text: &str) -> bool {
    !text.contains("--")
        && text.chars().all(|c| c.is_alphanumeric() || " \t\r\n.,:;/_*=()#'\"|+-&".contains(c))
}

fn decide(
    el: &mut Element<'_, '_>,
    harmless: &Harmless<'_>,
    state: &Rc<RefCell<State>>,
) -> lol_html::HandlerResult {
    if el.removed() {
        return Ok(());
    }
    let name = el.tag_name();
    let before: Vec<(String, String)> =
        el.attributes().iter().map(|one| (one.name(), decode(&one.value()).into_owned())).collect();
    match harmless.element(&name, &before) {
        Verdict::Verbatim => return Err("parsers differ on its content".into()),
        Verdict::Replace(instead) => el.replace(&instead, ContentType::Html),
        Verdict::Unwrap(said) => {
            el.before(said, ContentType::Html);
            el.remove_and_keep_content();
        }
        Verdict::Keep(kept, note) => {
            for (name, _) in &before {
                if !kept.iter().any(|(known, _)| known == name) {
                    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'_')) {
                        return Err("an attribute that cannot be taken out".into());
                    }
                    el.remove_attribute(name);
                }
            }
            for (name, value) in &kept {
                if before.iter().find(|(known, _)| known == name).is_none_or(|(_, old)| old != value) {
                    el.set_attribute(name, &escape(value))?;
                }
            }
            if name == "a" {
                follow(el, note, state)?;
            }
        }
    }
    Ok(())
}

/// Says behind a link where it leads, once its text is known.
fn follow(
    el: &mut Element<'_, '_>,
    note: Option<Note>,
    state: &Rc<RefCell<State>>,
) -> lol_html::HandlerResult {
    let mut now = state.borrow_mut();
    now.link.clear();
    now.open = note.is_some();
    let Some(note) = note else { return Ok(()) };
    if let Some(handlers) = el.end_tag_handlers() {
        let state = Rc::clone(state);
        handlers.push(Box::new(move |end| {
            let mut state = state.borrow_mut();
            let words = note.words(&decode(&state.link));
            state.open = false;
            if !words.is_empty() {
                end.after(&words, ContentType::Html);
            }
            Ok(())
        }));
    }
    Ok(())
}

/// What a value of an attribute means: its character references decoded, by the parser of the judge.
fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return Cow::Borrowed(value);
    }
    struct Value(RefCell<Option<String>>);
    impl TokenSink for Value {
        type Handle = ();
        fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
            if let Token::TagToken(Tag { attrs, .. }) = token
                && let Some(first) = attrs.into_iter().next()
            {
                *self.0.borrow_mut() = Some(first.value.into());
            }
            TokenSinkResult::Continue
        }
    }
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(format!("<a x=\"{}\">", value.replace('"', "&quot;"))));
    let tokenizer = Tokenizer::new(Value(RefCell::new(None)), Default::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().map_or(Cow::Borrowed(value), Cow::Owned)
}
