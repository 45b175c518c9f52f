//! The walk over the tags of a page.
//!
//! It follows the HTML standard where that decides what is loaded. Where programs read the same bytes
//! differently (raw text in SVG, comments that close early, `noscript`, what never closes), the other
//! reading is followed as well, until it meets a tag that was already read as such.

use url::Url;

use super::element::{self, Name, Own, TABLE, hash};
use super::hidden::{Looks, Rules};
use super::text::Text;
use super::token::{Attribute, Token, Tokens};
use super::url::{self as address};
use super::{Anchor, Page, Place};

/// Elements in elements; browsers stop at this depth too.
const DEPTH: usize = 512;
/// How far an end tag is looked for among the open elements.
const REACH: usize = 64;
/// Other readings of one page.
const READINGS: usize = 32;
/// Elements whose shape is kept.
const SKELETON: usize = 512;
/// Links that are kept, and text of each.
const ANCHORS: usize = 5000;
const SHOWN: usize = 300;

pub(super) struct Walk<'h, 'p> {
    pub(super) html: &'h str,
    pub(super) place: &'p Place<'p>,
    /// Pages in pages around this one.
    pub(super) depth: usize,
    pub(super) page: Page,
    pub(super) base: Option<Url>,
    pub(super) xml_base: Option<Url>,
    pub(super) rules: Rules,
    /// The reading that is followed.
    pub(super) way: Way,
    /// Where the tag that is read begins.
    pub(super) at: usize,
    /// Where what loads stands, for each.
    pub(super) places: Vec<usize>,
    text: Text,
    hidden_text: Text,
    anchor: Option<Shown>,
    open: Vec<Open>,
    /// SVG or MathML was seen, and with it doubt about raw text.
    foreign: bool,
    ways: Vec<Way>,
    /// How many of them are other readings.
    others: usize,
    /// Where a tag was read by a reading for all programs, and by one for some.
    read: [Vec<u64>; 2],
}

/// A way to read some of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    start: usize,
    end: usize,
    /// The one whose text and links count.
    main: bool,
    /// Only some programs read so.
    pub(super) some: bool,
    /// The content of a conditional comment, whose links count.
    conditional: bool,
}

/// The text of the link that is open.
#[derive(Debug)]
struct Shown {
    /// Its place in the list.
    place: usize,
    /// The element that it is.
    name: u32,
    text: Text,
}

/// An open element.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    name: u32,
    wall: bool,
    block: bool,
    hidden: Option<&'static str>,
    /// Its text has no size or no colour.
    blank: bool,
    /// Its text is no text.
    mute: bool,
    /// What it holds is loaded by some only.
    some: bool,
    /// Its content is SVG or MathML.
    foreign: bool,
}

impl<'h, 'p> Walk<'h, 'p> {
    pub(super) fn new(html: &'h str, place: &'p Place<'p>, depth: usize, base: Option<Url>) -> Self {
        let mut walk = Self {
            html,
            place,
            depth,
            page: Page::default(),
            base,
            xml_base: None,
            rules: Rules::default(),
            way: Way { start: 0, end: html.len(), main: true, some: false, conditional: false },
            at: 0,
            places: Vec::new(),
            text: Text::default(),
            hidden_text: Text::default(),
            anchor: None,
            open: Vec::new(),
            foreign: false,
            ways: Vec::new(),
            others: 0,
            read: [Vec::new(), Vec::new()],
        };
        walk.look_ahead();
        walk
    }

    /// Reads everything.
    pub(super) fn run(mut self) -> Page {
        let mut tokens = Tokens::new(self.html);
        self.follow(&mut tokens);
        self.end_anchor();
        let mut next = 0;
        // Each way is bounded by the page, and their number by `READINGS` and the comments of the page.
        while let Some(&way) = self.ways.get(next) {
            self.way = way;
            self.open.clear();
            self.anchor = None;
            self.follow(&mut tokens);
            self.end_anchor();
            next += 1;
        }
        if next > 0 {
            let mut loads: Vec<_> = self.places.drain(..).zip(self.page.loads.drain(..)).collect();
            loads.sort_by_key(|(place, _)| *place);
            self.page.loads = loads.into_iter().map(|(_, load)| load).collect();
        }
        self.page.text = self.text.finish();
        let inner = std::mem::take(&mut self.page.hidden_text);
        self.page.hidden_text = self.hidden_text.finish();
        self.page.hidden_text += &inner;
        self.page
    }

    /// The base and the sheets hold for all of a page, wherever they stand.
    fn look_ahead(&mut self) {
        let bytes = self.html.as_bytes();
        let is = |at: usize, name: &[u8]| {
            bytes.get(at + 1..=at + name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name))
        };
        let mut has_base = false;
        let mut from = 0;
        while let Some(at) = memchr::memchr(b'<', bytes.get(from..).unwrap_or_default()).map(|i| from + i) {
            from = at + 1;
            has_base |= is(at, b"base");
            if is(at, b"style") {
                // Up to the next end tag: sheets hold none.
                let rest = self.html.get(at..).unwrap_or_default();
                from = at + memchr::memmem::find(rest.as_bytes(), b"</").unwrap_or(rest.len());
                let sheet = self.html.get(at..from).and_then(|style| style.split_once('>'));
                self.rules.add(sheet.map_or("", |(_, sheet)| sheet));
            }
        }
        if has_base {
            let mut tokens = Tokens::new(self.html);
            while let Some(token) = tokens.next(bytes.len()) {
                let Token::Start { name, .. } = token else { continue };
                let href = Own::of("base", &tokens.attributes).href;
                if let Some(href) = href.filter(|_| name.eq_ignore_ascii_case("base")) {
                    let base = address::base(&address::decode(href), self.base.as_ref());
                    self.base = base.or(self.base.take());
                    break;
                }
            }
        }
    }

    /// Follows the current way to its end, or to a tag that was read before.
    fn follow(&mut self, tokens: &mut Tokens<'h>) {
        let way = self.way;
        tokens.at = way.start;
        loop {
            let at = tokens.at;
            let Some(token) = tokens.next(way.end) else { return };
            self.at = at;
            if !matches!(token, Token::Text(_)) && self.was_read(at) {
                return;
            }
            match token {
                Token::Text(text) => self.text(text),
                Token::Start { name, closes_itself } => self.start(name, closes_itself, tokens),
                Token::End(name) => self.end(Name::of(name).as_str()),
                Token::Comment { text, or_ends, closed } => {
                    self.conditional(text);
                    if let Some(other) = or_ends {
                        self.also(other, !closed);
                    }
                }
                Token::Data(text_end) if self.top().foreign => {
                    let text = self.html.get(at + 9..text_end.saturating_sub(3)).unwrap_or_default();
                    self.text(text);
                    self.also(std::mem::replace(&mut tokens.at, text_end), false);
                }
                Token::Data(text_end) if self.foreign => self.also(text_end, false),
                Token::Data(_) => {}
                Token::Other(text) => self.instruction(text),
            }
        }
    }

    /// Marks that a tag was read at `at`; whether it was before.
    fn was_read(&mut self, at: usize) -> bool {
        let (place, mark) = (at / 64, 1u64 << (at % 64));
        let [all, some] = &mut self.read;
        // What all load need not be told of some.
        let by_all = all.get(place).is_some_and(|word| word & mark != 0);
        let marks = if self.way.some { some } else { all };
        if marks.is_empty() {
            marks.resize(self.html.len() / 64 + 1, 0);
        }
        let Some(word) = marks.get_mut(place) else { return true };
        let before = *word & mark != 0;
        *word |= mark;
        before || by_all
    }

    /// Notes that some read on at `at`.
    fn also(&mut self, at: usize, some: bool) {
        if self.others < READINGS && at < self.way.end {
            let some = some || self.way.some;
            self.ways.push(Way { start: at, end: self.way.end, some, main: false, conditional: false });
            self.others += 1;
        }
    }

    /// What a conditional comment holds is read by the programs that it is for.
    fn conditional(&mut self, text: &'h str) {
        let is = text.trim_start().get(..3).is_some_and(|start| start.eq_ignore_ascii_case("[if"));
        // Comments of the main reading do not overlap, so reading each once more costs no more than the page.
        let bounded = self.way.main || self.ways.len() < READINGS;
        if let Some(begin) = memchr::memmem::find(text.as_bytes(), b"]>").filter(|_| is && bounded) {
            let start = self.at + 4 + begin + 2;
            let end = self.at + 4 + text.len();
            self.ways.push(Way { start, end, main: false, some: true, conditional: true });
        }
    }

    fn top(&self) -> Open {
        self.open.last().copied().unwrap_or_default()
    }

    /// Whether what the current element loads is loaded by some programs only.
    pub(super) fn for_some(&self) -> bool {
        self.way.some || self.top().some
    }

    fn text(&mut self, raw: &str) {
        let top = self.top();
        if !self.way.main && !self.way.conditional || top.mute {
            return;
        }
        let hidden = top.hidden.is_some() || top.blank;
        if self.way.main {
            if hidden { &mut self.hidden_text } else { &mut self.text }.push(raw, usize::MAX);
        }
        if let Some(shown) = self.anchor.as_mut().filter(|_| !hidden) {
            shown.text.push(raw, SHOWN);
        }
    }

    fn start(&mut self, raw: &'h str, closes_itself: bool, tokens: &mut Tokens<'h>) {
        let attributes = std::mem::take(&mut tokens.attributes);
        let name = Name::of(raw);
        let name = name.as_str();
        let own = Own::of(name, &attributes);
        if self.top().foreign && element::breaks_out(name) {
            while self.open.last().is_some_and(|open| open.foreign) {
                self.open.pop();
            }
        }
        self.imply(name);
        let in_foreign = self.top().foreign;
        let (opened, drawn) = self.seen(name, &own);
        if name == "a" {
            self.end_anchor();
        }
        if self.way.main {
            self.page.scripts += own.handlers;
            if self.page.skeleton.len() < SKELETON {
                self.page.skeleton.push(own.names);
            }
            if opened.block || name == "br" {
                self.text.line();
                self.hidden_text.line();
            } else if matches!(name, "td" | "th" | "img") {
                self.text.gap();
                self.hidden_text.gap();
            }
        }
        // What an element loads goes by its own place, so that it is open while its attributes are read.
        let fits = self.open.len() < DEPTH;
        let is_void = element::is_void(name) && !in_foreign
            || closes_itself && (in_foreign || opened.foreign || name.contains(':'));
        if fits {
            self.open.push(opened);
        }
        self.attributes(name, &own, &attributes, drawn);
        if is_void {
            self.open.truncate(self.open.len() - usize::from(fits));
            if name != "br" && self.anchor.as_ref().is_some_and(|shown| shown.name == opened.name) {
                self.end_anchor();
            }
        }
        tokens.attributes = attributes;
        self.content(name, &own, in_foreign, tokens);
    }

    /// Closes what a start tag closes without saying so.
    fn imply(&mut self, name: &str) {
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
    fn seen(&mut self, name: &str, own: &Own<'_>) -> (Open, Option<&'static str>) {
        let around = self.top();
        let mut looks = self.rules.of(name, own.class, own.id);
        if let Some(style) = own.style {
            looks = looks.under(Looks::of(&address::decode(style)));
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

    /// Takes the content of an element whose content is text.
    fn content(&mut self, name: &str, own: &Own<'h>, in_foreign: bool, tokens: &mut Tokens<'h>) {
        let at = tokens.at;
        if name == "noscript" {
            // To a program with scripts, what stands here is text.
            if let Some(end) = tokens.raw_end("noscript", self.way.end) {
                self.also(end, false);
            }
            return;
        }
        if name == "plaintext" && !in_foreign {
            self.also(at, true);
            let rest = self.html.get(at..self.way.end).unwrap_or_default();
            self.text(rest);
            tokens.at = self.way.end;
            return;
        }
        let Some(raw) = element::raw(name) else { return };
        let closed = tokens.raw_end(raw, self.way.end);
        let end = closed.unwrap_or(self.way.end);
        let mut text = self.html.get(at..end).unwrap_or_default();
        let mut end = end;
        if raw == "script" && text.contains("<!--") {
            // A script in a comment in a script does not end with the inner one's end.
            if let Some(behind) = closed.map(|end| end + 2) {
                tokens.at = behind;
                let outer = tokens.raw_end("script", self.way.end).unwrap_or(self.way.end);
                let nests =
                    text.to_ascii_lowercase().rsplit("<!--").next().is_some_and(|in_comment| {
                        in_comment.contains("<script") && !in_comment.contains("-->")
                    });
                if nests {
                    self.also(end, false);
                    end = outer;
                    text = self.html.get(at..end).unwrap_or_default();
                }
                tokens.at = at;
            }
        }
        match raw {
            "style" => self.sheet(text),
            "script" => self.script(own, text),
            "textarea" | "xmp" if !in_foreign => self.text(text),
            _ => {}
        }
        if in_foreign {
            self.also(end, false);
            return;
        }
        if self.foreign {
            self.also(at, false);
        } else if matches!(raw, "iframe" | "noembed" | "noframes" | "xmp")
            || (closed.is_none() && raw != "script")
        {
            self.also(at, true);
        }
        tokens.at = end;
    }

    fn end(&mut self, name: &str) {
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

    /// Begins a link to `target`, which ends the one before.
    pub(super) fn begin_anchor(&mut self, target: String) {
        self.end_anchor();
        if (self.way.main || self.way.conditional) && self.page.anchors.len() < ANCHORS {
            let (place, name) = (self.page.anchors.len(), self.top().name);
            self.anchor = Some(Shown { place, name, text: Text::default() });
            self.page.anchors.push(Anchor { target, shown: String::new(), part: self.place.part });
        }
    }

    fn end_anchor(&mut self) {
        if let Some(shown) = self.anchor.take()
            && let Some(anchor) = self.page.anchors.get_mut(shown.place)
        {
            anchor.shown = shown.text.finish();
        }
    }

    /// `<?xml-stylesheet …?>`, and those of Internet Explorer.
    fn instruction(&mut self, text: &'h str) {
        let name = Name::of(text.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default());
        let name = name.as_str();
        if matches!(name, "xml-stylesheet" | "import") {
            let tag = format!("<{text}>");
            let mut tokens = Tokens::new(&tag);
            tokens.next(tag.len());
            let attributes: Vec<Attribute<'_>> = std::mem::take(&mut tokens.attributes);
            self.attributes(name, &Own::of(name, &attributes), &attributes, None);
        }
    }

    /// Takes in what a page in this one holds.
    pub(super) fn take_in(&mut self, inner: Page) {
        self.places.extend(inner.loads.iter().map(|_| self.at));
        self.page.loads.extend(inner.loads);
        self.page.anchors.extend(inner.anchors);
        self.page.hidden_text += &inner.hidden_text;
        self.page.forms += inner.forms;
        self.page.scripts += inner.scripts;
        if self.way.main && !inner.text.is_empty() {
            self.text.line();
            for line in inner.text.lines() {
                self.text.plain(line, usize::MAX);
                self.text.line();
            }
        }
    }

    /// Whether the text and the links of the current reading count.
    pub(super) fn is_main(&self) -> bool {
        self.way.main
    }
}
