//! Whether a page loads anything, judged by a parser that had no part in making it harmless.
//!
//! `html5ever` reads the page as a browser does, with scripting and without; `cssparser` reads its styles.
//! The judge knows what loads, where the rewriting knows what is harmless: what both miss has to be in
//! neither list.

mod css;

use html5ever::ns;

use super::scan::{self, Glance};
use super::tree::{Data, Step, Tree};

/// Conditional comments in conditional comments, and pages in `srcdoc`.
const DEPTH: u32 = 4;
/// What is reported of one page; one is enough to refuse it.
const MOST: usize = 1000;

/// Elements that run or load something by being there.
const LOADERS: &[&str] = &[
    "applet",
    "audio",
    "bgsound",
    "embed",
    "fencedframe",
    "frame",
    "iframe",
    "layer",
    "ilayer",
    "object",
    "portal",
    "script",
    "video",
    "model",
    "animate",
    "set",
    "animatemotion",
    "animatetransform",
    "feimage",
];
/// Attributes whose value is an address that is loaded, on any element.
const ADDRESSES: &[&str] = &[
    "src",
    "srcset",
    "background",
    "poster",
    "data",
    "codebase",
    "archive",
    "classid",
    "code",
    "dynsrc",
    "lowsrc",
    "profile",
    "manifest",
    "ping",
    "imagesrcset",
    "icon",
    "base",
    "implementation",
    "srcdoc",
    "datasrc",
    "pluginspage",
    "altimg",
    "xlink",
    "movie",
    "filename",
];
/// Attributes that are styles: those of drawings.
const STYLES: &[&str] = &[
    "clip-path",
    "cursor",
    "fill",
    "filter",
    "marker",
    "marker-end",
    "marker-mid",
    "marker-start",
    "mask",
    "stroke",
    "style",
];
/// Elements of which an attribute with an address is no surprise and is not loaded.
const KNOWN: &[&str] = &[
    "html",
    "head",
    "body",
    "meta",
    "title",
    "div",
    "span",
    "p",
    "table",
    "tbody",
    "thead",
    "tfoot",
    "tr",
    "td",
    "th",
    "font",
    "img",
    "b",
    "i",
    "u",
    "strong",
    "em",
    "center",
    "blockquote",
    "ul",
    "ol",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "br",
    "hr",
    "style",
    "input",
    "button",
    "select",
    "option",
    "textarea",
    "label",
    "pre",
    "small",
    "big",
    "sup",
    "sub",
    "q",
    "del",
    "ins",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "map",
];

/// What a page holds that has to be disarmed.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What loads, in words.
    pub(super) loads: Vec<String>,
    /// Targets of links, as they stand.
    pub(super) links: Vec<String>,
    /// Forms.
    pub(super) forms: u32,
    /// Whether something in it is drawing or formula.
    foreign: bool,
    /// Whether an attribute holds what would be a tag elsewhere.
    markup: bool,
}

impl Seen {
    fn load(&mut self, what: &str, value: &str) {
        if self.loads.len() < MOST {
            self.loads
                .push(format!("{what} {}", value.chars().take(200).collect::<String>()).trim_end().into());
        }
    }
}

/// What the page `html` loads, each in words; nothing for a harmless one.
pub fn loads(html: &str) -> Vec<String> {
    look(html).map_or_else(|| vec!["beyond the bounds of the judge".to_owned()], |seen| seen.loads)
}

/// What `html` holds; `None` where it is beyond the bounds.
pub(super) fn look(html: &str) -> Option<Seen> {
    let mut seen = Seen::default();
    page(html, DEPTH, &mut seen)?;
    // Programs that read a drawing as a page, or print a page and read it again, take one for the other.
    if seen.foreign && seen.markup {
        seen.load("tags in an attribute", "");
    }
    Some(seen)
}

fn page(html: &str, depth: u32, seen: &mut Seen) -> Option<()> {
    tree(&Tree::read(html, false)?, depth, seen)?;
    // Scripting changes how these alone are read.
    let differs = memchr::memmem::find(html.to_ascii_lowercase().as_bytes(), b"<noscript").is_some();
    if differs {
        tree(&Tree::read(html, true)?, depth, seen)?;
    }
    if seen.loads.is_empty() {
        glanced(html, differs, depth, seen)?;
    }
    Some(())
}

/// What a browser asks for before it has a tree.
fn glanced(html: &str, differs: bool, depth: u32, seen: &mut Seen) -> Option<()> {
    let mut within = Some(());
    let readings: &[bool] = if differs { &[false, true] } else { &[true] };
    for scripting in readings {
        scan::glance(html, *scripting, |glance| match glance {
            Glance::Tag(name, attributes) => within = within.and(element(name, attributes, depth, seen)),
            Glance::Style(text) => css::sheet(text, seen),
        });
    }
    within
}

fn tree(tree: &Tree, depth: u32, seen: &mut Seen) -> Option<()> {
    let mut styles = 0_u32;
    let mut within = Some(());
    tree.walk(|step| {
        match step {
            Step::Enter(Data::Element { name, attributes, .. }) => {
                seen.foreign |= name.ns != ns!(html);
                let name = name.local.to_ascii_lowercase();
                styles += u32::from(&*name == "style");
                within = within.and(element(&name, attributes, depth, seen));
            }
            Step::Leave(Data::Element { name, .. }) => {
                styles -= u32::from((*name.local).eq_ignore_ascii_case("style"));
            }
            Step::Enter(Data::Text(text)) if styles > 0 => css::sheet(text, seen),
            Step::Enter(Data::Comment(text)) => within = within.and(comment(text, depth, seen)),
            _ => {}
        }
        true
    });
    within
}

fn element(name: &str, attributes: &[(String, String)], depth: u32, seen: &mut Seen) -> Option<()> {
    let of = |wanted: &str| {
        attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    if LOADERS.contains(&name) {
        seen.load(name, of("src").or(of("data")).unwrap_or_default());
    }
    match name {
        "form" => seen.forms += 1,
        "meta" => {
            let equiv = of("http-equiv").unwrap_or_default().trim().to_ascii_lowercase();
            if matches!(&*equiv, "refresh" | "link" | "set-cookie" | "content-security-policy") {
                seen.load("meta", of("content").unwrap_or_default());
            }
        }
        _ => {}
    }
    let link = matches!(name, "a" | "area");
    let loose = !link && !KNOWN.contains(&name);
    for (full, value) in attributes {
        let full = full.to_ascii_lowercase();
        let local = full.rsplit(':').next().unwrap_or_default();
        let bare = bare(value);
        seen.markup |= markup(value);
        match local {
            _ if STYLES.contains(&local) => css::declarations(value, seen),
            "srcdoc" if depth > 0 => page(value, depth - 1, seen)?,
            "href" if link && !bare.is_empty() && !bare.starts_with('#') => {
                seen.links.push(value.clone());
            }
            "href" if !bare.is_empty() && !bare.starts_with('#') => {
                seen.load(&format!("{name} {full}"), value);
            }
            "action" | "formaction" if !bare.is_empty() => {
                seen.forms += 1;
            }
            _ if full.starts_with("on") && full.len() > 2 => seen.load(&format!("{name} {full}"), value),
            _ if ADDRESSES.contains(&local) && !local_address(&bare) => {
                seen.load(&format!("{name} {full}"), value);
            }
            _ if loose && !full.starts_with("xmlns") && remote(&bare) => {
                seen.load(&format!("{name} {full}"), value);
            }
            _ => {}
        }
    }
    Some(())
}

/// Whether a value holds what would be a tag elsewhere.
fn markup(value: &str) -> bool {
    let tag = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!' | b'?');
    memchr::memchr_iter(b'<', value.as_bytes()).any(|at| value.as_bytes().get(at + 1).is_some_and(tag))
}

/// Comments that some client reads as a page, or as an instruction.
fn comment(text: &str, depth: u32, seen: &mut Seen) -> Option<()> {
    let trimmed = text.trim_start();
    if trimmed.starts_with('?') {
        let lower = trimmed.to_ascii_lowercase();
        if ["?import", "?xml-stylesheet", "?mso"].iter().any(|start| lower.starts_with(start)) {
            seen.load("instruction", text);
        }
        return Some(());
    }
    if !trimmed.starts_with('[') {
        return Some(());
    }
    let Some(end) = trimmed.find('>') else { return Some(()) };
    let inner = trimmed[end + 1..].trim_end();
    let inner = inner.strip_suffix("<![endif]").unwrap_or(inner);
    // `<!--[if !mso]><!-->` begins a part that all others read, and holds nothing itself.
    if matches!(inner.trim(), "" | "<!" | "<!--" | "-->") {
        return Some(());
    }
    if depth == 0 {
        seen.load("comment", "in comments, too deep");
        return Some(());
    }
    // One that leaves a tag open would swallow what comes after it, in the clients that read it.
    if inner.rfind('<') > inner.rfind('>') || inner.matches('"').count() % 2 == 1 {
        seen.load("comment", inner);
    }
    let before = seen.loads.len();
    page(inner, depth - 1, seen)?;
    for load in &mut seen.loads[before..] {
        load.insert_str(0, "conditional comment: ");
    }
    Some(())
}

/// An address as a browser takes it: without spaces and controls around it and line breaks in it.
fn bare(value: &str) -> String {
    value
        .trim_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .collect::<String>()
        .to_ascii_lowercase()
}

/// Whether an address, bare, is within the message.
fn local_address(bare: &str) -> bool {
    const DATA: &[&str] = &[
        "data:image/png",
        "data:image/gif",
        "data:image/jpeg",
        "data:image/jpg",
        "data:image/webp",
        "data:image/bmp",
        "data:font/",
        "data:application/font-",
        "data:application/x-font-",
    ];
    bare.is_empty()
        || bare.starts_with('#')
        || bare.starts_with("cid:")
        || DATA.iter().any(|start| bare.starts_with(start))
}

/// Whether a value, bare, looks like an address elsewhere.
fn remote(bare: &str) -> bool {
    ["http:", "https:", "ftp:", "file:", "//", "\\\\", "/\\", "\\/"]
        .iter()
        .any(|start| bare.starts_with(start))
}
