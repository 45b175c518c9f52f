//! What a style sheet or a style attribute loads (CSS Syntax Level 3, by `cssparser`).
//!
//! The tokens are read in one flat pass: what an address stands in decides what it is called, and never
//! whether it is found. A sheet that one program takes for broken is whole to another.

use std::ops::Range;

use cssparser::{Parser, ParserInput, Token};

/// Something that a style loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CssLoad {
    /// The bytes of the style that name it, `url(…)` and quotes included; of an `@import` the whole rule.
    /// Ranges are in order and do not overlap.
    pub range: Range<usize>,
    /// The address with its escapes decoded, as it stands: it may be a fragment or carry its picture in it.
    pub url: String,
    /// `css-url`, `css-import`, `css-image-set`, `css-image`, `css-font`, `css-behavior`, `css-binding`,
    /// `css-filter`, or `css-custom`: a string that a custom property holds for others to load.
    pub kind: &'static str,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A whole sheet, as in a `style` element.
    Sheet,
    /// Declarations, as in a `style` attribute.
    Declarations,
}

/// Brackets in brackets that are kept apart. Where there are more, every string counts as an address.
const DEPTH: usize = 64;

/// Functions that load the strings in them, vendor prefix taken off, and what that is called.
const FUNCTIONS: [(&str, &str); 7] = [
    ("url", "css-url"),
    ("src", "css-url"),
    ("image-set", "css-image-set"),
    ("image", "css-image"),
    ("cross-fade", "css-image"),
    ("image-rect", "css-image"),
    // A filter of Internet Explorer, and of programs that show mail with its engine.
    ("alphaimageloader", "css-filter"),
];
/// Functions whose strings load nothing, wherever they stand.
const HARMLESS: [&str; 4] = ["type", "format", "tech", "local"];
/// At-rules whose addresses only name.
const NAMES: [&str; 4] = ["namespace", "charset", "document", "-moz-document"];

/// Everything that `css` loads, in order. What is in doubt counts.
pub fn loads(css: &str, style: Style) -> Vec<CssLoad> {
    // Of each that loads, one of these marks is needed, and none can be written as an escape.
    if !css.bytes().any(|byte| matches!(byte, b'(' | b'@' | b'"' | b'\'')) {
        return Vec::new();
    }
    let mut reader = Reader { sheet: style == Style::Sheet, ..Reader::default() };
    let mut from = 0;
    // A parser skips the block whose opening it gave, so another one goes on behind each.
    while let Some(rest) = css.get(from..).filter(|rest| !rest.is_empty()) {
        from += reader.flat(rest, from);
    }
    reader.end(css.len());
    reader.loads
}

/// A bracket that is open.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    closed_by: u8,
    /// What strings in it load.
    strings: Strings,
    /// Where a function began that takes one address; none once it has it.
    address: Option<usize>,
    /// The at-rule whose block it is.
    rule: Option<Rule>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Strings {
    #[default]
    AsAround,
    Nothing,
    Load(&'static str),
}

/// An at-rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Begins here.
    Import(usize),
    Font,
    Names,
    /// Gives values that others use (`@property`, `@function`).
    Gives,
    Other,
}

/// What a name before a colon is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Property {
    /// What its addresses are called.
    Loads(&'static str),
    /// Its value is used by others.
    Gives,
}

#[derive(Debug, Default)]
struct Reader {
    sheet: bool,
    open: Vec<Open>,
    /// There were more brackets than are kept apart.
    lost: bool,
    /// The at-rule whose prelude is read.
    rule: Option<Rule>,
    /// The last token, if it was a name.
    name: Option<Property>,
    /// What addresses of the property that is read are called, where it is a special one.
    property: Option<&'static str>,
    /// Brackets around the property that gives its value to others.
    gives: Option<usize>,
    /// A `url("…"` whose end was not seen yet: its place in the list, and the brackets around it.
    unclosed: Option<(usize, usize)>,
    /// Place in the list of the `@import` that is read.
    import: Option<usize>,
    loads: Vec<CssLoad>,
}

impl Reader {
    /// Reads `rest`, which begins at byte `from`, until behind its next opening bracket; gives the bytes read.
    fn flat(&mut self, rest: &str, from: usize) -> usize {
        let mut input = ParserInput::new(rest);
        let mut parser = Parser::new(&mut input);
        let mut start = 0;
        while let Ok(token) = parser.next_including_whitespace_and_comments() {
            let token = token.clone();
            let end = parser.position().byte_index();
            if self.token(&token, from + start..from + end) {
                return end;
            }
            start = end;
        }
        rest.len()
    }

    /// Takes one token; whether it opens a bracket.
    fn token(&mut self, token: &Token<'_>, range: Range<usize>) -> bool {
        let mut name = None;
        let mut opens = None;
        match token {
            Token::WhiteSpace(_) | Token::Comment(_) => name = self.name,
            Token::Ident(text) => name = Some(property(text)),
            Token::Colon => self.colon(),
            Token::AtKeyword(name) => self.at_rule(name, range.start),
            Token::UnquotedUrl(url) => self.url(url, range),
            // A browser takes it for nothing, others for what it seems to be.
            Token::BadUrl(url) => self.url(url, range),
            Token::QuotedString(text) | Token::BadString(text) => self.string(text, range),
            Token::Function(name) => opens = Some(function(name, range.start)),
            Token::ParenthesisBlock => opens = Some(Open { closed_by: b')', ..Open::default() }),
            Token::SquareBracketBlock => opens = Some(Open { closed_by: b']', ..Open::default() }),
            Token::CurlyBracketBlock => opens = Some(self.block(range.start)),
            Token::CloseParenthesis => self.closed(b')', range.end),
            Token::CloseSquareBracket => self.closed(b']', range.end),
            Token::CloseCurlyBracket => self.block_closed(&range),
            Token::Semicolon => self.semicolon(&range),
            _ => {}
        }
        self.name = name;
        if let Some(open) = opens {
            self.lost |= self.open.len() >= DEPTH;
            if !self.lost {
                self.open.push(open);
            }
        }
        opens.is_some()
    }

    /// A colon makes a property of the name before it.
    fn colon(&mut self) {
        match self.name {
            Some(Property::Gives) => _ = self.gives.get_or_insert(self.open.len()),
            Some(Property::Loads(kind)) if self.gives.is_none() => self.property = Some(kind),
            _ => {}
        }
    }

    fn at_rule(&mut self, name: &str, start: usize) {
        let name = name.to_ascii_lowercase();
        self.end_import(start);
        self.rule = Some(match name.as_str() {
            "import" => Rule::Import(start),
            "font-face" => Rule::Font,
            "property" | "function" => Rule::Gives,
            name if NAMES.contains(&name) && self.open.is_empty() => Rule::Names,
            _ => Rule::Other,
        });
    }

    fn url(&mut self, url: &str, range: Range<usize>) {
        let font = self.open.iter().any(|open| open.rule == Some(Rule::Font));
        let kind = if font { "css-font" } else { self.property.unwrap_or("css-url") };
        self.found(url, range, kind);
    }

    fn string(&mut self, text: &str, range: Range<usize>) {
        if let Some(open) = self.open.last_mut()
            && let Some(start) = open.address.take()
        {
            let place = self.loads.len();
            self.url(text, start..range.end);
            if self.loads.len() > place {
                self.unclosed = Some((place, self.open.len()));
            }
            return;
        }
        let strings = self.open.iter().rev().map(|open| open.strings);
        let gives = self.gives.is_some() || self.rule == Some(Rule::Gives) || self.lost;
        match strings.into_iter().find(|strings| *strings != Strings::AsAround) {
            Some(Strings::Load(kind)) => self.found(text, range, kind),
            Some(_) if !self.lost => {}
            _ if gives || self.open.iter().any(|open| open.rule == Some(Rule::Gives)) => {
                self.found(text, range, "css-custom");
            }
            _ if matches!(self.rule, Some(Rule::Import(_))) => self.found(text, range, "css-import"),
            _ => {}
        }
    }

    /// Notes an address. The first one in the prelude of an `@import` is that of the rule, the others are
    /// conditions.
    fn found(&mut self, url: &str, mut range: Range<usize>, mut kind: &'static str) {
        let url = url.trim();
        // Of two addresses in one function, the first ends before the second begins.
        self.unclosed = None;
        if self.import.is_some() || self.rule == Some(Rule::Names) || url.is_empty() {
            return;
        }
        if let Some(Rule::Import(start)) = self.rule {
            self.import = Some(self.loads.len());
            range.start = start;
            kind = "css-import";
        }
        self.loads.push(CssLoad { range, url: url.to_owned(), kind });
    }

    fn block(&mut self, start: usize) -> Open {
        self.unclosed = None;
        self.end_import(start);
        if self.gives.is_none() {
            self.property = None;
        }
        Open { closed_by: b'}', rule: self.rule.take(), ..Open::default() }
    }

    fn closed(&mut self, by: u8, end: usize) {
        if self.open.last().is_none_or(|open| open.closed_by != by) {
            return;
        }
        if let Some((place, depth)) = self.unclosed
            && depth == self.open.len()
        {
            self.unclosed = None;
            self.ends(place, end);
        }
        self.open.pop();
    }

    /// What was left open in a block ends with it, so that strings behind it are no part of it.
    fn block_closed(&mut self, range: &Range<usize>) {
        self.unclosed = None;
        self.end_import(range.start);
        self.rule = None;
        self.property = None;
        if let Some(place) = self.open.iter().rposition(|open| open.closed_by == b'}') {
            self.open.truncate(place);
        }
        let depth = self.open.len();
        if self.gives.is_some_and(|around| depth < around || (around == 0 && self.sheet)) {
            self.gives = None;
        }
    }

    fn semicolon(&mut self, range: &Range<usize>) {
        self.unclosed = None;
        self.end_import(range.end);
        self.rule = None;
        if self.gives.is_none_or(|around| self.open.len() <= around) {
            self.gives = None;
            self.property = None;
        }
    }

    fn end_import(&mut self, end: usize) {
        if let Some(place) = self.import.take() {
            self.unclosed = None;
            self.ends(place, end);
        }
    }

    fn ends(&mut self, place: usize, end: usize) {
        if let Some(load) = self.loads.get_mut(place) {
            load.range.end = end;
        }
    }

    /// At the end of a style everything is closed.
    fn end(&mut self, end: usize) {
        if let Some((place, _)) = self.unclosed.take() {
            self.ends(place, end);
        }
        self.end_import(end);
    }
}

fn property(name: &str) -> Property {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if name.starts_with("--") || is("result") || is("initial-value") {
        Property::Gives
    } else if is("behavior") || is("-ms-behavior") {
        Property::Loads("css-behavior")
    } else if is("-moz-binding") {
        Property::Loads("css-binding")
    } else {
        Property::Loads("css-url")
    }
}

fn function(name: &str, start: usize) -> Open {
    let lower = name.to_ascii_lowercase();
    // `-webkit-image-set` is `image-set`.
    let plain = match lower.strip_prefix('-').and_then(|rest| rest.split_once('-')) {
        Some((vendor, plain)) if !vendor.is_empty() => plain,
        _ => lower.as_str(),
    };
    let strings = match FUNCTIONS.iter().find(|(name, _)| *name == plain) {
        Some((_, kind)) => Strings::Load(kind),
        None if HARMLESS.contains(&plain) => Strings::Nothing,
        None => Strings::AsAround,
    };
    let address = matches!(plain, "url" | "src").then_some(start);
    Open { closed_by: b')', strings, address, rule: None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is loaded, as `kind url`, and the bytes that name it.
    fn found(css: &str, style: Style) -> Vec<(String, &str)> {
        loads(css, style).into_iter().map(|l| (format!("{} {}", l.kind, l.url), &css[l.range])).collect()
    }

    #[test]
    fn everything_that_loads_is_found_with_its_bytes() {
        // (style, what is loaded, the bytes that name it)
        let table: &[(&str, &[&str], &[&str])] = &[
            (
                "a{background:url(http://x.example/a)}",
                &["css-url http://x.example/a"],
                &["url(http://x.example/a)"],
            ),
            ("a{background:url( 'b' )}", &["css-url b"], &["url( 'b' )"]),
            ("a{background:URL(\"b\"/**/) c}", &["css-url b"], &["URL(\"b\"/**/)"]),
            ("a{b:\\75 rl(c)}", &["css-url c"], &["\\75 rl(c)"]),
            ("a{b:u\\r\\l(c)}", &["css-url c"], &["u\\r\\l(c)"]),
            ("a{b:u\\000072l('c')}", &["css-url c"], &["u\\000072l('c')"]),
            (
                "a{b:url(\\68ttp:\\2f/x.example\\/a)}",
                &["css-url http://x.example/a"],
                &["url(\\68ttp:\\2f/x.example\\/a)"],
            ),
            ("a{b:url('ht\\\ntp://x')}", &["css-url http://x"], &["url('ht\\\ntp://x')"]),
            ("a{b:url/**/(c)}", &[], &[]),
            ("a{b:url(\n\tc\n)}", &["css-url c"], &["url(\n\tc\n)"]),
            ("a{b:url(c", &["css-url c"], &["url(c"]),
            ("a{b:url('c", &["css-url c"], &["url('c"]),
            ("a{b:url('c' ", &["css-url c"], &["url('c' "]),
            ("a{b:url('c' d(e) f)}", &["css-url c"], &["url('c' d(e) f)"]),
            ("a{b:url('c';}d{e:url(f)}", &["css-url c", "css-url f"], &["url('c'", "url(f)"]),
            ("a{b:url('c' 'd')}", &["css-url c", "css-url d"], &["url('c'", "'d'"]),
            ("a{b:url(c d)}", &["css-url c d"], &["url(c d)"]),
            ("a{b:url(c\"d);e:url(f)}", &["css-url c\"d", "css-url f"], &["url(c\"d)", "url(f)"]),
            ("a{b:url('c\n);d:url(e)}", &["css-url c", "css-url e"], &["url('c\n)", "url(e)"]),
            ("a{b:src('c')}", &["css-url c"], &["src('c')"]),
            (
                "a{b:image-set('c' 1x, \"d\" 2x type('image/png'))}",
                &["css-image-set c", "css-image-set d"],
                &["'c'", "\"d\""],
            ),
            ("a{b:-webkit-image-set(url(c) 1x)}", &["css-url c"], &["url(c)"]),
            ("a{b:-WEBKIT-image-set('c' 1x)}", &["css-image-set c"], &["'c'"]),
            ("a{b:image('c', red)}", &["css-image c"], &["'c'"]),
            ("a{b:image(ltr if(x: 'c'))}", &["css-image c"], &["'c'"]),
            ("a{b:cross-fade(url(c), 'd', 50%)}", &["css-url c", "css-image d"], &["url(c)", "'d'"]),
            ("@import 'c';", &["css-import c"], &["@import 'c';"]),
            (
                "@\\69mport/**/url(c) layer(x) supports(background:url(d)) screen;e{}",
                &["css-import c"],
                &["@\\69mport/**/url(c) layer(x) supports(background:url(d)) screen;"],
            ),
            ("@IMPORT url('c') print", &["css-import c"], &["@IMPORT url('c') print"]),
            ("@import src('c');", &["css-import c"], &["@import src('c');"]),
            ("@import 'c' {d:url(e)}", &["css-import c", "css-url e"], &["@import 'c' ", "url(e)"]),
            ("@import 'c' @import 'd'", &["css-import c", "css-import d"], &["@import 'c' ", "@import 'd'"]),
            ("@import supports(;a{b:url(c)}", &["css-url c"], &["url(c)"]),
            ("@media x{@import 'c'}", &["css-import c"], &["@import 'c'"]),
            ("@namespace x url(http://www.w3.org/);a{b:url(c)}", &["css-url c"], &["url(c)"]),
            ("@charset 'utf-8';", &[], &[]),
            ("@font-face{font-family:'A';src:local('B'),url(c)format('woff')}", &["css-font c"], &["url(c)"]),
            ("@font-face{src:url(c)}a{b:url(d)}", &["css-font c", "css-url d"], &["url(c)", "url(d)"]),
            (
                "a{cursor:url(c),auto;list-style:url(d);content:url(e)'f'}",
                &["css-url c", "css-url d", "css-url e"],
                &["url(c)", "url(d)", "url(e)"],
            ),
            ("a{filter:url(c#d)}", &["css-url c#d"], &["url(c#d)"]),
            ("a{behavior:url(c);b:url(d)}", &["css-behavior c", "css-url d"], &["url(c)", "url(d)"]),
            ("a{-moz-binding:url(c)}", &["css-binding c"], &["url(c)"]),
            (
                "a{filter:progid:DXImageTransform.Microsoft.AlphaImageLoader(src='c',x='y')}",
                &["css-filter c", "css-filter y"],
                &["'c'", "'y'"],
            ),
            ("a{--b:url(c)}", &["css-url c"], &["url(c)"]),
            ("a{--b:'c';content:'d'}", &["css-custom c"], &["'c'"]),
            ("a{--b:'c'}d{content:'e'}", &["css-custom c"], &["'c'"]),
            ("a{\\2d-b:{'c'}}", &["css-custom c"], &["'c'"]),
            (
                "@property --b{syntax:'*';inherits:false;initial-value:'c'}",
                &["css-custom *", "css-custom c"],
                &["'*'", "'c'"],
            ),
            ("@function --f(--b:'c'){result:'d'}", &["css-custom c", "css-custom d"], &["'c'", "'d'"]),
            ("a[href='c']{font-family:'D';content:'e';quotes:'f' 'g'}", &[], &[]),
            ("/*url(c)*/a{b:'url(d)'}", &[], &[]),
            ("/*url(c)", &[], &[]),
            ("<!--a{b:url(c)}-->", &["css-url c"], &["url(c)"]),
            ("a{b:url()}", &[], &[]),
            ("]})a{b:url(c)}", &["css-url c"], &["url(c)"]),
            ("a{b:c(d(e[f{g(url(h))}]))}", &["css-url h"], &["url(h)"]),
            ("a{b:url(ö)}", &["css-url ö"], &["url(ö)"]),
        ];
        for (css, urls, bytes) in table {
            let got = found(css, Style::Sheet);
            let (got_urls, got_bytes): (Vec<String>, Vec<&str>) = got.into_iter().unzip();
            assert_eq!(
                (got_urls, got_bytes),
                (urls.iter().map(|u| (*u).to_owned()).collect(), bytes.to_vec()),
                "{css}"
            );
        }
    }

    #[test]
    fn an_attribute_is_read_like_a_block() {
        assert_eq!(
            found("background:url(a);--b:'c';content:'d'", Style::Declarations),
            [("css-url a".to_owned(), "url(a)"), ("css-custom c".to_owned(), "'c'")]
        );
    }

    #[test]
    fn brackets_in_brackets_end_neither_the_stack_nor_the_search() {
        let css = format!("a{{b:{}url(c) image-set('d')", "(".repeat(100_000));
        assert_eq!(loads(&css, Style::Sheet).iter().map(|l| l.url.as_str()).collect::<Vec<_>>(), ["c", "d"]);
    }

    const RICH: &str = "@import/**/'a' layer(b);@font-face{src:url(c)format('d')}a{--b:'c';b:\\75rl( 'é\\\n' x(y));\
        d:image-set('e' type('f'),url(g\"h)}i{j:'k\n;l:src(\"m\")}@namespace url(n);o{p:url(q";

    #[test]
    fn every_prefix_can_be_read() {
        for end in (0..=RICH.len()).filter(|&end| RICH.is_char_boundary(end)) {
            check(&RICH[..end]);
        }
    }

    /// What is promised of all ranges.
    fn check(css: &str) {
        for style in [Style::Sheet, Style::Declarations] {
            let mut last = 0;
            for load in loads(css, style) {
                assert!(load.range.start >= last && load.range.start < load.range.end, "{css:?} {load:?}");
                assert!(css.get(load.range.clone()).is_some() && !load.url.is_empty(), "{css:?} {load:?}");
                last = load.range.end;
            }
        }
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_apart(css in "([@a-zé(){}\\[\\]'\";:, /*\\\\\n]|url\\(|@import |--x:|image-set\\(|@font-face\\{){0,60}") {
            check(&css);
        }

        #[test]
        fn an_address_is_found_whatever_stands_before_it(css in "([a-z(){}\\[\\];:, ]|@media |--x:|image-set\\(|@font-face\\{){0,40}") {
            let css = format!("{css} url(http://x.example/t)");
            // What `@namespace` or `@import` names is theirs; nothing else hides an address.
            prop_assert!(loads(&css, Style::Sheet).iter().any(|load| load.url == "http://x.example/t"), "{}", css);
        }
    }
}
