//! A page as a browser first glances over it: tags one after the other, before there is a tree.
//!
//! Browsers ask early for what a page is going to need. That glance knows no namespaces: to it, what stands
//! behind `<svg><title>` is text up to `</title>`, and `<svg><title><style></title><img src=…>` has a
//! picture that no tree has. Chromium asks for it.

use std::cell::RefCell;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

/// What the glance sees.
pub(super) enum Glance<'g> {
    /// A tag that opens an element: its name, and its attributes.
    Tag(&'g str, &'g [(String, String)]),
    /// A piece of a style.
    Style(&'g str),
}

struct Sink<F> {
    see: RefCell<F>,
    scripting: bool,
    style: RefCell<String>,
    within: RefCell<bool>,
}

/// Hands `see` each tag and style of `html`.
pub(super) fn glance(html: &str, scripting: bool, see: impl FnMut(Glance<'_>)) {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let sink =
        Sink { see: RefCell::new(see), scripting, style: RefCell::default(), within: RefCell::default() };
    let tokenizer = Tokenizer::new(sink, Default::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.styled();
}

impl<F: FnMut(Glance<'_>)> Sink<F> {
    /// Hands over the style that has ended.
    fn styled(&self) {
        *self.within.borrow_mut() = false;
        let text = self.style.take();
        if !text.is_empty() {
            (self.see.borrow_mut())(Glance::Style(&text));
        }
    }

    fn tag(&self, tag: Tag) -> TokenSinkResult<()> {
        self.styled();
        if tag.kind == TagKind::EndTag {
            return TokenSinkResult::Continue;
        }
        let attributes: Vec<_> =
            tag.attrs.into_iter().map(|one| (one.name.local.to_string(), one.value.to_string())).collect();
        (self.see.borrow_mut())(Glance::Tag(&tag.name, &attributes));
        match &*tag.name {
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            "style" => {
                *self.within.borrow_mut() = true;
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "noscript" if self.scripting => TokenSinkResult::RawData(RawKind::Rawtext),
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }
}

impl<F: FnMut(Glance<'_>)> TokenSink for Sink<F> {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => return self.tag(tag),
            Token::CharacterTokens(text) if *self.within.borrow() => self.style.borrow_mut().push_str(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(html: &str) -> Vec<String> {
        let mut seen = Vec::new();
        glance(html, true, |glance| match glance {
            Glance::Tag(name, attributes) => seen.push(format!("{name} {}", attributes.len())),
            Glance::Style(text) => seen.push(format!("style: {text}")),
        });
        seen
    }

    #[test]
    fn tags_are_seen_whatever_the_tree_is() {
        for (html, wanted) in [
            ("<p a=1 b>x", vec!["p 2"]),
            ("<svg><title><style></title><img src=x>", vec!["svg 0", "title 0", "img 1"]),
            ("<title><img></title><b>", vec!["title 0", "b 0"]),
            ("<style>a<b></style><i>", vec!["style 0", "style: a<b>", "i 0"]),
            ("<svg><style>@import 'x'", vec!["svg 0", "style 0", "style: @import 'x'"]),
            (
                "<noscript><img></noscript><script><img></script><!-- <img> -->",
                vec!["noscript 0", "script 0"],
            ),
            ("<![CDATA[ > <img> ]]>", vec!["img 0"]),
        ] {
            assert_eq!(seen(html), wanted, "{html}");
        }
    }
}
