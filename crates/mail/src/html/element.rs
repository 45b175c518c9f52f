//! One start tag: its name, and what of its attributes is needed beside what they load.

use super::token::Attribute;

/// A name in lower case; empty where it is longer than any that means something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    bytes: [u8; 32],
    length: usize,
}

impl Name {
    pub(super) fn of(raw: &str) -> Self {
        let mut bytes = [0; 32];
        let Some(place) = bytes.get_mut(..raw.len()) else { return Self { bytes, length: 0 } };
        place.copy_from_slice(raw.as_bytes());
        place.make_ascii_lowercase();
        Self { bytes, length: raw.len() }
    }

    pub(super) fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// What of the attributes decides how the element is seen, or what others of its attributes mean.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Own<'h> {
    pub(super) style: Option<&'h str>,
    pub(super) class: Option<&'h str>,
    pub(super) id: Option<&'h str>,
    pub(super) width: Option<&'h str>,
    pub(super) height: Option<&'h str>,
    pub(super) hidden: bool,
    pub(super) href: Option<&'h str>,
    pub(super) src: Option<&'h str>,
    pub(super) rel: Option<&'h str>,
    pub(super) content: Option<&'h str>,
    pub(super) http_equiv: Option<&'h str>,
    /// Whether any of its types is that of a picture button.
    pub(super) image: bool,
    pub(super) kind: Option<&'h str>,
    pub(super) name: Option<&'h str>,
    pub(super) value: Option<&'h str>,
    pub(super) codebase: Option<&'h str>,
    pub(super) xml_base: Option<&'h str>,
    /// A template whose content is shown.
    pub(super) shadow: bool,
    /// Event handlers.
    pub(super) handlers: u32,
    /// A hash of the names.
    pub(super) names: u32,
}

impl<'h> Own<'h> {
    pub(super) fn of(element: &str, attributes: &[Attribute<'h>]) -> Self {
        let mut own = Self { names: chain(hash(""), element), ..Self::default() };
        for &(raw, value) in attributes {
            let name = Name::of(raw);
            let name = name.as_str();
            own.names = chain(own.names, name);
            let place = match name {
                "style" => &mut own.style,
                "class" => &mut own.class,
                "id" => &mut own.id,
                "width" => &mut own.width,
                "height" => &mut own.height,
                "href" => &mut own.href,
                "src" => &mut own.src,
                "rel" => &mut own.rel,
                "content" => &mut own.content,
                "http-equiv" => &mut own.http_equiv,
                "name" => &mut own.name,
                "value" => &mut own.value,
                "codebase" => &mut own.codebase,
                "xml:base" => &mut own.xml_base,
                "type" => {
                    own.image |= value.trim().eq_ignore_ascii_case("image");
                    &mut own.kind
                }
                "hidden" => {
                    own.hidden = true;
                    continue;
                }
                "shadowrootmode" | "shadowroot" => {
                    own.shadow = true;
                    continue;
                }
                _ => {
                    own.handlers += u32::from(name.len() > 4 && name.starts_with("on") && !value.is_empty());
                    continue;
                }
            };
            place.get_or_insert(value);
        }
        own
    }
}

/// Goes on with a hash, and with an end after each text.
fn chain(all: u32, text: &str) -> u32 {
    let step = |all: u32, byte: u8| (all ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().chain([0xff]).fold(all, step)
}

/// Elements without content.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "br"
            | "col"
            | "command"
            | "embed"
            | "frame"
            | "hr"
            | "image"
            | "img"
            | "input"
            | "isindex"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Elements that begin a line and end a paragraph.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "html"
            | "li"
            | "listing"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "option"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
            | "xmp"
            | "plaintext"
    )
}

/// Elements that an end tag from within does not close.
pub(super) fn is_wall(name: &str) -> bool {
    matches!(name, "table" | "td" | "th" | "caption" | "object" | "template" | "html" | "applet" | "marquee")
}

/// A number for a name in lower case (FNV-1a).
pub(super) const fn hash(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let mut all = 0x811c_9dc5u32;
    let mut at = 0;
    while at < bytes.len() {
        all = (all ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    all
}

pub(super) const TABLE: u32 = hash("table");
const ITEM: [u32; 2] = [hash("li"), hash("p")];
const TERM: [u32; 3] = [hash("dd"), hash("dt"), hash("p")];
const OPTION: [u32; 1] = [hash("option")];
const CELL: [u32; 2] = [hash("td"), hash("th")];
const ROW: [u32; 3] = [hash("tr"), hash("td"), hash("th")];
const ROWS: [u32; 6] = [hash("tbody"), hash("thead"), hash("tfoot"), hash("tr"), hash("td"), hash("th")];
const PARAGRAPH: [u32; 1] = [hash("p")];

/// Which open elements of the same group a start tag closes.
pub(super) fn closes(name: &str) -> &'static [u32] {
    match name {
        "li" => &ITEM,
        "dd" | "dt" => &TERM,
        "option" | "optgroup" => &OPTION,
        "td" | "th" => &CELL,
        "tr" => &ROW,
        "tbody" | "thead" | "tfoot" => &ROWS,
        _ if is_block(name) => &PARAGRAPH,
        _ => &[],
    }
}

/// Elements of HTML that end SVG and MathML around them.
pub(super) fn breaks_out(name: &str) -> bool {
    matches!(
        name,
        "b" | "big"
            | "blockquote"
            | "body"
            | "br"
            | "center"
            | "code"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "em"
            | "embed"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "head"
            | "hr"
            | "i"
            | "img"
            | "li"
            | "listing"
            | "menu"
            | "meta"
            | "nobr"
            | "ol"
            | "p"
            | "pre"
            | "ruby"
            | "s"
            | "small"
            | "span"
            | "strong"
            | "strike"
            | "sub"
            | "sup"
            | "table"
            | "tt"
            | "u"
            | "ul"
            | "var"
    )
}

/// Elements of SVG and MathML whose content is HTML again.
pub(super) fn is_integration_point(name: &str) -> bool {
    matches!(
        name,
        "foreignobject" | "desc" | "title" | "mi" | "mo" | "mn" | "ms" | "mtext" | "annotation-xml"
    )
}

/// Elements whose content is text, whatever it looks like.
pub(super) fn raw(name: &str) -> Option<&'static str> {
    const RAW: [&str; 8] = ["style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes"];
    RAW.into_iter().find(|raw| *raw == name)
}
