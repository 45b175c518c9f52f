//! HTML and plain text that lie within RTF ([MS-OXRTFEX]).

use encoding_rs::Encoding;

use super::item::encoding;

/// What an RTF text was made from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Html(String),
    Text(String),
    /// It is RTF itself.
    Rtf,
}

/// Fonts whose character sets are kept.
const MAX_FONTS: usize = 4_096;
/// How far the mark of the origin may lie behind the beginning.
const MARK: usize = 4 << 10;
/// Groups within groups whose state is kept; deeper ones share one state.
const MAX_DEPTH: usize = 1_000;

/// Takes out of `rtf` what it was made from. Each byte is looked at once, and none gives more than a
/// few out.
pub(super) fn origin(rtf: &[u8]) -> Origin {
    let head = &rtf[..rtf.len().min(MARK)];
    let has = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
    let html = has(b"\\fromhtml");
    if !rtf.starts_with(b"{\\rtf") || !html && !has(b"\\fromtext") {
        return Origin::Rtf;
    }
    let text = Reader::new(rtf, html).read();
    if html { Origin::Html(text) } else { Origin::Text(text) }
}

/// What a group does with its text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Destination {
    /// The text itself.
    Body,
    /// A piece of the HTML, whatever is suppressed around it.
    Tag,
    Fonts,
    /// Not part of it.
    Other,
}

#[derive(Clone, Copy)]
struct State {
    destination: Destination,
    /// Between `\htmlrtf` and `\htmlrtf0`: what RTF readers need and the HTML has elsewhere.
    suppressed: bool,
    font: i32,
    /// Characters that stand behind a `\u` for readers that do not know it.
    fallback: usize,
}

struct Reader<'r> {
    rtf: &'r [u8],
    at: usize,
    html: bool,
    state: State,
    stack: Vec<State>,
    /// Groups beyond those on the stack.
    deeper: usize,
    code_page: &'static Encoding,
    fonts: Vec<(i32, &'static Encoding)>,
    /// A control symbol `\*` came before.
    optional: bool,
    /// Characters still to be passed over.
    skip: usize,
    /// Bytes that are not decoded yet, since a character may have several.
    bytes: Vec<u8>,
    /// The first half of a pair of UTF-16.
    half: Option<u16>,
    out: String,
}

impl<'r> Reader<'r> {
    fn new(rtf: &'r [u8], html: bool) -> Self {
        Self {
            rtf,
            at: 0,
            html,
            state: State { destination: Destination::Body, suppressed: false, font: -1, fallback: 1 },
            stack: Vec::new(),
            deeper: 0,
            code_page: encoding_rs::WINDOWS_1252,
            fonts: Vec::new(),
            optional: false,
            skip: 0,
            bytes: Vec::new(),
            half: None,
            out: String::with_capacity(rtf.len()),
        }
    }

    fn read(mut self) -> String {
        while let Some(&byte) = self.rtf.get(self.at) {
            self.at += 1;
            match byte {
                b'{' => self.open(),
                b'}' => self.close(),
                b'\\' => self.control(),
                b'\r' | b'\n' | 0 => {}
                byte => self.byte(byte),
            }
        }
        self.flush();
        self.out
    }

    fn open(&mut self) {
        self.flush();
        self.skip = 0;
        if self.stack.len() < MAX_DEPTH {
            self.stack.push(self.state);
        } else {
            self.deeper += 1;
        }
    }

    fn close(&mut self) {
        self.flush();
        self.skip = 0;
        self.optional = false;
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(state) = self.stack.pop() {
            self.state = state;
        }
    }

    fn control(&mut self) {
        let Some(&first) = self.rtf.get(self.at) else { return };
        if first.is_ascii_alphabetic() {
            return self.word();
        }
        self.at += 1;
        match first {
            b'\'' => {
                let digit = |at: usize| self.rtf.get(at).and_then(|digit| char::from(*digit).to_digit(16));
                if let (Some(high), Some(low)) = (digit(self.at), digit(self.at + 1)) {
                    self.at += 2;
                    self.byte((high << 4 | low) as u8);
                }
            }
            b'*' => self.optional = true,
            b'~' => self.text(if self.html && self.state.destination == Destination::Body {
                "&nbsp;"
            } else {
                "\u{A0}"
            }),
            b'_' => self.text("\u{2011}"),
            b'-' => self.text("\u{AD}"),
            b'\r' | b'\n' => self.text("\r\n"),
            b'\\' | b'{' | b'}' => self.byte(first),
            _ => {}
        }
    }

    fn word(&mut self) {
        let rest = &self.rtf[self.at..];
        let name = &rest[..rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count()];
        let mut end = name.len();
        let negative = rest.get(end) == Some(&b'-');
        let digits_from = end + usize::from(negative);
        let digits =
            rest.get(digits_from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit());
        let (count, number) = digits.fold((0, 0_i32), |(count, number), digit| {
            (count + 1, number.saturating_mul(10).saturating_add(i32::from(digit - b'0')))
        });
        let number = (count > 0).then_some(if negative { -number } else { number });
        if count > 0 {
            end = digits_from + count;
        }
        // One space ends a word and is no text.
        self.at += end + usize::from(rest.get(end) == Some(&b' '));
        let optional = std::mem::take(&mut self.optional);
        self.act(name, number, optional);
    }

    fn act(&mut self, name: &[u8], number: Option<i32>, optional: bool) {
        match name {
            b"htmltag" if optional => self.enter(Destination::Tag),
            b"fonttbl" => self.enter(Destination::Fonts),
            b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"object" | b"header" | b"footer"
            | b"listtable" | b"footnote" => self.enter(Destination::Other),
            b"bin" => {
                self.at = self.at.saturating_add(usize::try_from(number.unwrap_or(0)).unwrap_or(0));
            }
            b"u" => self.unicode(number.unwrap_or(0)),
            b"uc" => self.state.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(100),
            b"htmlrtf" => {
                self.flush();
                self.state.suppressed = number != Some(0);
            }
            b"ansicpg" => self.code_page = encoding(i64::from(number.unwrap_or(1252))),
            b"f" => {
                self.flush();
                self.state.font = number.unwrap_or(0);
            }
            b"plain" => {
                self.flush();
                self.state.font = -1;
            }
            b"fcharset" if self.state.destination == Destination::Fonts => {
                if let Some(set) = charset(number.unwrap_or(0))
                    && self.fonts.len() < MAX_FONTS
                {
                    self.fonts.push((self.state.font, set));
                }
            }
            b"par" | b"line" | b"row" => self.text("\r\n"),
            b"tab" | b"cell" => self.text("\t"),
            b"lquote" => self.symbol("&lsquo;", "\u{2018}"),
            b"rquote" => self.symbol("&rsquo;", "\u{2019}"),
            b"ldblquote" => self.symbol("&ldquo;", "\u{201C}"),
            b"rdblquote" => self.symbol("&rdquo;", "\u{201D}"),
            b"bullet" => self.symbol("&bull;", "\u{2022}"),
            b"endash" => self.symbol("&ndash;", "\u{2013}"),
            b"emdash" => self.symbol("&mdash;", "\u{2014}"),
            b"emspace" => self.symbol("&emsp;", "\u{2003}"),
            b"enspace" => self.symbol("&ensp;", "\u{2002}"),
            // What a reader does not know and may pass over.
            _ if optional => self.enter(Destination::Other),
            _ => {}
        }
    }

    fn enter(&mut self, destination: Destination) {
        self.flush();
        if self.state.destination != Destination::Other {
            self.state.destination = destination;
        }
    }

    fn symbol(&mut self, html: &str, plain: &str) {
        self.text(if self.html { html } else { plain });
    }

    fn is_shown(&self) -> bool {
        match self.state.destination {
            Destination::Body => !self.state.suppressed,
            Destination::Tag => true,
            Destination::Fonts | Destination::Other => false,
        }
    }

    fn byte(&mut self, byte: u8) {
        self.optional = false;
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.is_shown() {
            self.half = None;
            self.bytes.push(byte);
        }
    }

    fn text(&mut self, text: &str) {
        self.optional = false;
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.is_shown() {
            self.flush();
            self.half = None;
            self.out.push_str(text);
        }
    }

    fn unicode(&mut self, number: i32) {
        self.flush();
        if self.is_shown() {
            let unit = number as u16;
            let pair = [self.half.take().unwrap_or(unit), unit];
            match unit {
                0xD800..=0xDBFF => self.half = Some(unit),
                0xDC00..=0xDFFF => self.out.push(
                    char::decode_utf16(pair)
                        .next()
                        .and_then(Result::ok)
                        .unwrap_or(char::REPLACEMENT_CHARACTER),
                ),
                unit => self.out.extend(char::from_u32(u32::from(unit))),
            }
        }
        self.skip = self.state.fallback;
    }

    /// Decodes the bytes that are due, in the character set of their font.
    fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        // Fonts are few, and a text of one font is flushed as one.
        let font = self.fonts.iter().find(|(font, _)| *font == self.state.font).map(|(_, set)| *set);
        let set = font.unwrap_or(self.code_page);
        self.out.push_str(&set.decode_without_bom_handling(&self.bytes).0);
        self.bytes.clear();
    }
}

/// The encoding of a character set of Windows; `None` for the default one.
fn charset(number: i32) -> Option<&'static Encoding> {
    Some(encoding(match number {
        0 => 1252,
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "{\\rtf1\\ansi\\ansicpg1251\\fromhtml1 \\deff0{\\fonttbl{\\f0\\fswiss Arial;}{\\f1\\fnil\\fcharset128 Gothic;}{\\f2\\fcharset0 X;}}{\\colortbl\\red0\\green0\\blue0;}\\uc1\\pard\\plain\\deftab360 \\f0\\fs24 ";

    fn html(body: &str) -> String {
        match origin(format!("{HEAD}{body}}}").as_bytes()) {
            Origin::Html(html) => html,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn html_is_taken_out() {
        for (rtf, expected) in [
            // The example of [MS-OXRTFEX], 4, in short.
            (
                "{\\*\\htmltag18 <html>}{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 Hello{\\*\\htmltag84 <b>}\\htmlrtf {\\b\\htmlrtf0 you{\\*\\htmltag92 </b>}\\htmlrtf }\\htmlrtf0 !\\htmlrtf }\\htmlrtf0 {\\*\\htmltag72 </p>}",
                "<html><p>Hello<b>you</b>!</p>",
            ),
            ("{\\*\\mhtmltag84 <a href=\"x\">}{\\*\\htmltag84 <a href=\"y\">}z", "<a href=\"y\">z"),
            (
                "{\\*\\htmltag241 <style>p \\{ color: red \\}</style>\\par}",
                "<style>p { color: red }</style>\r\n",
            ),
            ("\\'cf\\'f0\\'e8", "При"),
            ("{\\f1 \\'93\\'fa\\'96\\'7b}", "日本"),
            ("{\\f2 \\'e9}", "é"),
            ("\\u8364?\\u-10179 ?\\u-8704 ?.", "€\u{1F600}."),
            ("\\uc2\\u233 e'x", "éx"),
            ("a\\~b\\lquote c\\tab d\\line e", "a&nbsp;b&lsquo;c\td\r\ne"),
            ("{\\pict\\bin4 }}}}ff}{\\*\\generator Word;}x", "x"),
        ] {
            assert_eq!(html(rtf), expected, "{rtf}");
        }
    }

    #[test]
    fn plain_text_is_taken_out() {
        let rtf = b"{\\rtf1\\ansi\\fromtext {\\fonttbl{\\f0 A;}}\\f0 one\\par two \\{x\\}\\par}";
        assert_eq!(origin(rtf), Origin::Text("one\r\ntwo {x}\r\n".to_owned()));
        assert_eq!(origin(b"{\\rtf1\\ansi one}"), Origin::Rtf);
        assert_eq!(origin(b"\\fromhtml1"), Origin::Rtf);
    }

    #[test]
    fn groups_of_any_depth() {
        let deep = format!("{}x{}y", "{".repeat(100_000), "}".repeat(100_000));
        assert_eq!(html(&deep), "xy");
    }

    #[test]
    fn a_cut_text_gives_what_there_is() {
        let rtf = format!(
            "{HEAD}{{\\*\\htmltag18 <html>}}\\'cf\\u8364?{{\\f1 \\'93\\'fa}}\\htmlrtf x\\htmlrtf0 end}}"
        );
        let whole = rtf.as_bytes();
        for end in 0..whole.len() {
            match origin(&whole[..end]) {
                Origin::Html(html) => assert!(html.len() <= end * 3, "{end}"),
                Origin::Rtf => assert!(end < 40, "{end}"),
                Origin::Text(_) => panic!("{end}"),
            }
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(parts in prop::collection::vec(prop_oneof![
            Just("{".to_owned()), Just("}".to_owned()), Just("\\*".to_owned()), Just("\\htmltag1 ".to_owned()),
            Just("\\bin99999999999 ".to_owned()), Just("\\bin3 ".to_owned()), Just("\\u-1 ".to_owned()), Just("\\uc0 ".to_owned()),
            Just("\\f1 ".to_owned()), Just("\\'".to_owned()), Just("\\".to_owned()), Just("\\htmlrtf".to_owned()), ".{0,5}",
        ], 0..60)) {
            let rtf = format!("{HEAD}{}", parts.concat());
            let Origin::Html(html) = origin(rtf.as_bytes()) else { panic!() };
            prop_assert!(html.len() <= rtf.len() * 8);
        }
    }
}
