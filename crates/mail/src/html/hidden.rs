//! Why a reader does not see an element: its attributes, its style, and simple rules of the page's sheets.

use rustc_hash::FxHashMap;

/// What a style says that decides whether something is seen; `None` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Looks {
    gone: Option<bool>,
    invisible: Option<bool>,
    transparent: Option<bool>,
    away: Option<bool>,
    flat: Option<bool>,
    clips: Option<bool>,
    /// Text has no size or no colour.
    pub(super) blank: Option<bool>,
    width: Option<f32>,
    height: Option<f32>,
}

/// Further than this, in pixels, nothing is on the screen.
const AWAY: f32 = -300.0;
/// A picture of at most these pixels each way is none.
const TINY: f32 = 2.0;

impl Looks {
    /// Of declarations, as in a `style` attribute.
    pub(super) fn of(style: &str) -> Self {
        let mut looks = Self::default();
        for declaration in style.split(';') {
            if let Some((name, value)) = declaration.split_once(':') {
                looks.declare(name.trim(), value.trim());
            }
        }
        looks
    }

    fn declare(&mut self, name: &str, value: &str) {
        // Most declarations are of no interest; their first letter often tells.
        let first = name.bytes().next().unwrap_or_default().to_ascii_lowercase();
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let says = |text: &str| value.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
        match first {
            b'd' if is("display") => self.gone = Some(says("none")),
            b'v' if is("visibility") => self.invisible = Some(says("hidden") || says("collapse")),
            b'o' if is("opacity") => self.transparent = number(value).map(|share| share <= 0.02),
            b'o' if is("overflow") => self.clips = Some(says("hidden") || says("clip")),
            b'f' if is("filter") => {
                let lower = value.to_ascii_lowercase();
                let none =
                    ["opacity(0)", "opacity(0%)", "opacity=0)"].iter().any(|none| lower.contains(none));
                self.transparent = none.then_some(true).or(self.transparent);
            }
            b'f' if is("font-size") => self.blank = number(value).map(|size| size < 0.5),
            b'f' if is("font") => self.blank = says("0/").then_some(true).or(self.blank),
            b'c' if is("color") => self.blank = says("transparent").then_some(true).or(self.blank),
            b'c' if is("clip") => {
                let zeros = value.bytes().filter(|byte| byte.is_ascii_digit()).all(|digit| digit == b'0');
                self.away = (says("rect") && zeros).then_some(true).or(self.away);
            }
            b'm' if is("max-height") => {
                self.flat = number(value).map(|height| height < 0.5);
                self.height = least(self.height, number(value));
            }
            b'm' if is("max-width") => {
                self.width = least(self.width, number(value).filter(|width| *width > 0.0))
            }
            b'w' if is("width") => self.width = least(self.width, number(value)),
            b'h' if is("height") => self.height = least(self.height, number(value)),
            b'l' | b't' | b'r' | b'b' | b'm'
                if ["left", "top", "right", "bottom", "margin-left", "margin-top", "text-indent"]
                    .iter()
                    .any(|other| is(other)) =>
            {
                self.away = number(value).filter(|far| *far <= AWAY).map(|_| true).or(self.away);
            }
            b't' if is("transform") => {
                let nothing =
                    says("scale(0)") || says("scale(0,") || says("translate(-9") || says("translatex(-9");
                self.away = nothing.then_some(true).or(self.away);
            }
            _ => {}
        }
    }

    /// What holds where `stronger` speaks as well.
    pub(super) fn under(self, stronger: Self) -> Self {
        Self {
            gone: stronger.gone.or(self.gone),
            invisible: stronger.invisible.or(self.invisible),
            transparent: stronger.transparent.or(self.transparent),
            away: stronger.away.or(self.away),
            flat: stronger.flat.or(self.flat),
            clips: stronger.clips.or(self.clips),
            blank: stronger.blank.or(self.blank),
            width: stronger.width.or(self.width),
            height: stronger.height.or(self.height),
        }
    }

    /// With the sizes that attributes give, where the style gives none.
    pub(super) fn sized(mut self, width: Option<&str>, height: Option<&str>) -> Self {
        self.width = self.width.or(width.and_then(number));
        self.height = self.height.or(height.and_then(number));
        self
    }

    /// Why nothing in the element is seen.
    pub(super) fn hides(&self) -> Option<&'static str> {
        let clips = self.clips == Some(true);
        let reasons = [
            (self.gone, "display:none"),
            (self.invisible, "visibility:hidden"),
            (self.transparent, "opacity:0"),
            (self.away, "off-screen"),
            (self.flat, "max-height:0"),
        ];
        let reason = reasons.into_iter().find(|(holds, _)| *holds == Some(true)).map(|(_, reason)| reason);
        reason.or_else(|| self.tiny().filter(|_| clips))
    }

    /// Whether a style makes visible again what is invisible around it.
    pub(super) fn shows(&self) -> bool {
        self.invisible == Some(false)
    }

    /// Why what the element itself shows is too small to be seen.
    pub(super) fn tiny(&self) -> Option<&'static str> {
        match (self.width, self.height) {
            (Some(width), Some(height)) if width <= TINY && height <= TINY => Some("1x1"),
            (Some(width), _) if width < 0.5 => Some("width:0"),
            (_, Some(height)) if height < 0.5 => Some("height:0"),
            _ => None,
        }
    }
}

fn least(one: Option<f32>, other: Option<f32>) -> Option<f32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The pixels that a value begins with; shares of something are none, save of nothing.
fn number(value: &str) -> Option<f32> {
    let value = value.trim();
    let length = value.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+')).count();
    let (number, unit) = value.split_at(length.min(16));
    let number: f32 = number.parse().ok()?;
    let unit = unit.trim_start();
    let scale = match unit.get(..2) {
        _ if unit.starts_with('%') => return (number == 0.0).then_some(0.0),
        Some(em) if em.eq_ignore_ascii_case("em") || em.eq_ignore_ascii_case("re") => 16.0,
        _ => 1.0,
    };
    Some(number * scale)
}

/// Rules of the page's sheets that decide whether something is seen: of one class, id or element.
#[derive(Debug, Default)]
pub(super) struct Rules {
    looks: FxHashMap<u64, Looks>,
}

/// Rules that are kept, and bytes of sheets that are looked at for them.
const MOST_RULES: usize = 2000;
const MOST_BYTES: usize = 256 << 10;

impl Rules {
    /// Takes in a sheet. Rules that hold on some screens only say nothing of the others.
    pub(super) fn add(&mut self, sheet: &str) {
        let end =
            (0..=MOST_BYTES.min(sheet.len())).rev().find(|&end| sheet.is_char_boundary(end)).unwrap_or(0);
        let mut rest = sheet.get(..end).unwrap_or_default();
        while let Some((head, behind)) = rest.split_once('{') {
            let head = without_comments(head);
            if head.starts_with('@') {
                let always = ["@media screen", "@media all", "@media only screen"];
                if always.iter().any(|media| head.eq_ignore_ascii_case(media)) {
                    rest = behind;
                    continue;
                }
                rest = behind_block(behind);
                continue;
            }
            let (body, behind) = behind.split_once('}').unwrap_or((behind, ""));
            let looks = Looks::of(body);
            if looks != Looks::default() {
                self.insert(head, looks);
            }
            rest = behind;
        }
    }

    fn insert(&mut self, selectors: &str, looks: Looks) {
        for selector in selectors.split(',').map(str::trim) {
            let simple = !selector.is_empty()
                && selector.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.#".contains(&byte))
                && selector.bytes().skip(1).filter(|byte| b".#".contains(byte)).count() <= 1;
            if simple && self.looks.len() < MOST_RULES {
                let (tag, mark) = selector.split_at(selector.find(['.', '#']).unwrap_or(selector.len()));
                let all = self.looks.entry(key(tag, mark)).or_default();
                *all = all.under(looks);
            }
        }
    }

    /// What the rules say of an element; a class is stronger than an element, an id than a class.
    pub(super) fn of(&self, tag: &str, class: Option<&str>, id: Option<&str>) -> Looks {
        let mut looks = Looks::default();
        if self.looks.is_empty() {
            return looks;
        }
        let mut take = |tag: &str, mark: &str, name: &str| {
            if let Some(more) = self.looks.get(&key(tag, mark).wrapping_add(spread(name))) {
                looks = looks.under(*more);
            }
        };
        take(tag, "", "");
        for class in class.unwrap_or_default().split_ascii_whitespace().take(16) {
            take("", ".", class);
            take(tag, ".", class);
        }
        if let Some(id) = id {
            take("", "#", id);
            take(tag, "#", id);
        }
        looks
    }
}

/// A number for `tag` with `mark`, a class or an id with its sign or the sign alone.
fn key(tag: &str, mark: &str) -> u64 {
    let (sign, name) = mark.split_at(mark.len().min(1));
    spread(sign).wrapping_mul(3).wrapping_add(spread(tag).wrapping_mul(5)).wrapping_add(spread(name))
}

/// FNV-1a of a text in lower case; nothing of nothing.
fn spread(text: &str) -> u64 {
    let step =
        |all: u64, byte: u8| (all ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
    if text.is_empty() { 0 } else { text.bytes().fold(0xcbf2_9ce4_8422_2325, step) }
}

fn without_comments(mut head: &str) -> &str {
    // What stands before the last end of a comment, and before statements without a block, is no selector.
    for mark in ["*/", ";", "<!--", "}"] {
        head = head.rsplit_once(mark).map_or(head, |(_, behind)| behind);
    }
    head.trim()
}

/// What stands behind the block whose opening was read.
fn behind_block(text: &str) -> &str {
    let mut depth = 1u32;
    for at in memchr::memchr2_iter(b'{', b'}', text.as_bytes()) {
        depth = if text.as_bytes().get(at) == Some(&b'{') { depth.saturating_add(1) } else { depth - 1 };
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_says_why_nothing_is_seen() {
        let table = [
            ("display:none", Some("display:none")),
            ("color:red; DISPLAY : None !important", Some("display:none")),
            ("visibility:hidden", Some("visibility:hidden")),
            ("opacity:0", Some("opacity:0")),
            ("opacity:0.9", None),
            ("filter:alpha(opacity=0)", Some("opacity:0")),
            ("position:absolute;left:-9999px", Some("off-screen")),
            ("text-indent:-99em", Some("off-screen")),
            ("margin-left:-20px", None),
            ("clip:rect(0 0 0 0)", Some("off-screen")),
            ("clip:rect(0 10px 10px 0)", None),
            ("max-height:0;overflow:hidden", Some("max-height:0")),
            ("width:0;height:0;overflow:hidden", Some("1x1")),
            ("width:0;height:0", None),
            ("width:100%;max-width:600px", None),
            ("font-size:0", None),
            ("display:block;width:1px", None),
            ("", None),
        ];
        for (style, reason) in table {
            assert_eq!(Looks::of(style).hides(), reason, "{style}");
        }
        assert_eq!(Looks::of("font-size:0").blank, Some(true));
    }

    #[test]
    fn sheets_count_where_they_always_hold() {
        let mut rules = Rules::default();
        rules.add(
            "/* a */ .x , p.y{display:none}#z{opacity:0}@media (max-width:1px){.m{display:none}.n{color:red}}\
             @media screen{.s{display:none}}.after{visibility:hidden}div > .deep{display:none}",
        );
        let of = |tag, class, id| rules.of(tag, class, id).hides();
        assert_eq!(of("div", Some("a x"), None), Some("display:none"));
        assert_eq!((of("p", Some("y"), None), of("div", Some("y"), None)), (Some("display:none"), None));
        assert_eq!(of("div", None, Some("z")), Some("opacity:0"));
        assert_eq!((of("div", Some("m"), None), of("div", Some("deep"), None)), (None, None));
        assert_eq!(
            (of("div", Some("s"), None), of("p", Some("after"), None)),
            (Some("display:none"), Some("visibility:hidden"))
        );
    }
}
