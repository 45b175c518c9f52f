//! What stands where something remote stood: a box of its size, in its place, that names the host.

use super::escape;
use super::links::{self, Target};

/// Pictures up to this many pixels in both directions are nothing that a reader sees.
const TINY: u32 = 3;
/// A placeholder smaller than this has no room for words.
const ROOM: (u32, u32) = (70, 20);
/// Longest text in place of a picture of unknown size that is not broken: a column is made no wider.
const SHORT: usize = 24;

/// The look of a box with words.
const BOX: &str = "border:1px solid #d5d8dc;border-radius:4px;background:#f4f5f7;color:#444;\
                   font:13px/1.35 sans-serif;text-align:center;text-decoration:none;";

/// The placeholder of an element; nothing, where a reader saw nothing.
pub(super) fn placeholder(element: &str, attributes: &[(String, String)]) -> String {
    let seen = Seen::read(attributes);
    let (width, height) = (seen.width(), seen.height());
    let small = |length: Option<Length>| matches!(length, Some(Length::Pixels(pixels)) if pixels <= TINY);
    let none = |length: Option<Length>| matches!(length, Some(Length::Pixels(0)));
    if seen.hidden() || small(width) && small(height) || none(width) || none(height) {
        return String::new();
    }
    let mut look = seen.place();
    if let Some(width) = width {
        look += &format!("width:{};", width.css());
    }
    let narrow = matches!(width, Some(Length::Pixels(pixels)) if pixels < ROOM.0);
    let low = matches!(height, Some(Length::Pixels(pixels)) if pixels < ROOM.1);
    let alt = seen.of("alt").trim();
    if small(width) || small(height) || (narrow || low) && alt.is_empty() {
        if let Some(height) = height {
            look += &format!("height:{};", height.css());
        }
        // A spacer keeps its space.
        return format!("<span style=\"{look}overflow:hidden\"></span>");
    }
    let what = if matches!(element, "img" | "image" | "amp-img" | "input") { "Picture" } else { "Content" };
    let host = seen.host();
    let from = if host.is_empty() { what.to_owned() } else { format!("{what} from {host}") };
    let title = escape(&format!("{from} not loaded"));
    if narrow || low {
        look += "font:11px/1.2 sans-serif;color:#666;overflow:hidden;";
        return format!("<span style=\"{look}\" title=\"{title}\">{}</span>", escape(alt));
    }
    if width.is_none() && alt.is_empty() {
        // Mostly a spacer or an ornament: a word is enough.
        look += &format!("padding:0 4px;{BOX}font-size:10px;color:#777;white-space:nowrap;");
        return format!("<span style=\"{look}\" title=\"{title}\">{what}</span>");
    }
    if let Some(height) = height {
        // Words may need more.
        look += &format!("min-height:{};", height.css());
    }
    // Where a width is given, words are broken to keep it; where none is, they make no column of letters.
    let wrap = match width {
        Some(_) => "overflow-wrap:anywhere;",
        None if alt.len() <= SHORT => "",
        None => "overflow-wrap:break-word;",
    };
    look += &format!("padding:4px 8px;{BOX}{wrap}");
    let mut text = escape(alt);
    if !text.is_empty() {
        text += "<br>";
    }
    format!(
        "<span style=\"{look}\" title=\"{title}\">{text}<small style=\"font-size:10px;line-height:1.2;color:#777\">{}</small></span>",
        escape(&from)
    )
}

/// What a reader saw of an element.
struct Seen<'a> {
    attributes: &'a [(String, String)],
    /// Its style, in lower case and without spaces.
    style: String,
}

impl<'a> Seen<'a> {
    fn read(attributes: &'a [(String, String)]) -> Self {
        let style = attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case("style"));
        let style =
            style.map_or("", |(_, value)| value).to_ascii_lowercase().replace(char::is_whitespace, "");
        Self { attributes, style }
    }

    fn of(&self, wanted: &str) -> &'a str {
        self.attributes
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map_or("", |(_, value)| value)
    }

    fn declared(&self, name: &str) -> &str {
        self.style
            .split(';')
            .rev()
            .find_map(|one| one.strip_prefix(name)?.strip_prefix(':'))
            .map_or("", |value| value.trim_end_matches("!important"))
    }

    fn width(&self) -> Option<Length> {
        Length::read(self.declared("width")).or_else(|| Length::read(self.of("width")))
    }

    fn height(&self) -> Option<Length> {
        Length::read(self.declared("height")).or_else(|| Length::read(self.of("height")))
    }

    fn hidden(&self) -> bool {
        self.declared("display") == "none"
            || self.declared("visibility") == "hidden"
            || matches!(self.declared("opacity"), "0" | "0.0" | "0%")
            || self.attributes.iter().any(|(name, _)| name.eq_ignore_ascii_case("hidden"))
    }

    /// Where it stood: text goes around it, or it is on a line of its own.
    fn place(&self) -> String {
        let align = self.of("align").trim().to_ascii_lowercase();
        let side =
            [self.declared("float"), &align].into_iter().find(|side| matches!(*side, "left" | "right"));
        let space = |name: &str| match Length::read(self.of(name)) {
            Some(Length::Pixels(pixels)) => pixels.min(100),
            _ => 0,
        };
        let (aside, above) = (space("hspace"), space("vspace"));
        let mut look = String::from("box-sizing:border-box;max-width:100%;");
        look += match side {
            Some("left") => "float:left;",
            Some(_) => "float:right;",
            None if self.declared("display") == "block" && self.width().is_some() => "display:block;",
            None => "display:inline-block;",
        };
        if side.is_none() {
            look += match &*align {
                "top" | "texttop" => "vertical-align:top;",
                "bottom" | "absbottom" => "vertical-align:bottom;",
                _ => "vertical-align:middle;",
            };
        }
        let centred = side.is_none() && self.style.contains("margin") && self.style.contains("auto");
        match (centred, side) {
            (true, _) => look += "margin:0 auto;",
            (_, Some(side)) => {
                // Text that goes around it keeps a distance.
                let (right, left) =
                    if side == "left" { (aside.max(8), aside) } else { (aside, aside.max(8)) };
                look += &format!("margin:{above}px {right}px {}px {left}px;", above.max(4));
            }
            _ if aside + above > 0 => look += &format!("margin:{above}px {aside}px;"),
            _ => {}
        }
        look
    }

    fn host(&self) -> String {
        match links::target(if self.of("src").is_empty() { self.of("data") } else { self.of("src") }) {
            Target::Web(_, host) => host,
            _ => String::new(),
        }
    }
}

/// A length of an attribute or a style.
#[derive(Clone, Copy, Debug)]
enum Length {
    Pixels(u32),
    Percent(u32),
}

impl Length {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let number: u32 = text[..digits].parse().ok()?;
        match text[digits..].trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()) {
            "%" => Some(Self::Percent(number.min(100))),
            "" | "px" => Some(Self::Pixels(number.min(4000))),
            _ => None,
        }
    }

    fn css(self) -> String {
        match self {
            Self::Pixels(pixels) => format!("{pixels}px"),
            Self::Percent(percent) => format!("{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(element: &str, attributes: &[(&str, &str)]) -> String {
        let owned: Vec<_> = attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        placeholder(element, &owned)
    }

    const SRC: (&str, &str) = ("src", "http://cdn.example/a.png");

    #[test]
    fn what_nobody_sees_leaves_nothing() {
        for more in
            [("style", "display: none"), ("hidden", ""), ("width", "0"), ("style", "opacity:0!important")]
        {
            assert_eq!(of("img", &[SRC, more]), "", "{more:?}");
        }
        assert_eq!(of("img", &[SRC, ("width", "1"), ("height", "1")]), "");
    }

    #[test]
    fn a_picture_keeps_its_size_and_its_place() {
        let left = of("img", &[SRC, ("width", "200"), ("height", "90"), ("ALIGN", "Left"), ("hspace", "5")]);
        assert!(left.contains("float:left;margin:0px 8px 4px 5px;width:200px;min-height:90px;"), "{left}");
        assert!(left.contains("title=\"Picture from cdn.example not loaded\""), "{left}");
        let middle = of("img", &[SRC, ("width", "50%"), ("style", "display:block;margin:0 auto")]);
        assert!(middle.contains("display:block;vertical-align:middle;margin:0 auto;width:50%;"), "{middle}");
        let top = of("iframe", &[SRC, ("height", "90"), ("align", "top"), ("alt", "News")]);
        assert!(top.contains("vertical-align:top;") && top.contains(">News<br><small"), "{top}");
    }

    #[test]
    fn spacers_and_ornaments_say_little() {
        let spacer = of("img", &[SRC, ("width", "40"), ("height", "1")]);
        assert!(spacer.ends_with("width:40px;height:1px;overflow:hidden\"></span>"), "{spacer}");
        let ornament = of("img", &[SRC]);
        assert!(
            ornament.contains("white-space:nowrap") && ornament.ends_with(">Picture</span>"),
            "{ornament}"
        );
        let narrow = of("img", &[SRC, ("width", "40"), ("alt", "<b>")]);
        assert!(narrow.ends_with(">&lt;b&gt;</span>"), "{narrow}");
    }
}
