//! What the attributes and the content of an element load.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::attributes::{self, By, Value};
use super::element::{Name, Own};
use super::srcset::candidates;
use super::token::Attribute;
use super::url::{self as address, To, decode};
use super::walk::Walk;
use super::{Fires, Load, Place};
use crate::css::{self, Style};

/// What one page may load; what is beyond is not kept.
const MOST: usize = 5000;
/// Candidates of one attribute.
const CANDIDATES: usize = 200;
/// Pages in pages, and styles in pictures in styles.
const DEPTH: usize = 4;
/// Addresses that carry what they stand for are read up to this size.
const MOST_DATA: usize = 1 << 20;

/// Padding or none, and bits left over: browsers forgive as much.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What loads something, for all that it loads.
#[derive(Clone, Copy)]
struct What {
    kind: &'static str,
    hidden: Option<&'static str>,
    by: By,
}

impl Walk<'_, '_> {
    /// Notes what the attributes of an element load. `drawn` says why what it draws is not seen.
    pub(super) fn attributes(
        &mut self,
        name: &str,
        own: &Own<'_>,
        attributes: &[Attribute<'_>],
        drawn: Option<&'static str>,
    ) {
        if let Some(base) = own.xml_base {
            self.xml_base = address::base(&decode(base), self.base.as_ref()).or(self.xml_base.take());
        }
        // Without a prefix that HTML programs know, a name with one is that of XML.
        let (element, is_xml) = match name.split_once(':') {
            Some((prefix, _)) if matches!(prefix, "v" | "o" | "w" | "x") => (name, false),
            Some((_, local)) => (local, true),
            None => (name, false),
        };
        self.special(element, own, drawn);
        let outer = self.base.clone().filter(|_| own.codebase.is_some());
        if let Some(codebase) = own.codebase.filter(|_| matches!(element, "object" | "applet")) {
            self.base = address::base(&decode(codebase), self.base.as_ref()).or(self.base.take());
        }
        let mut anchored = false;
        for &(raw, value) in attributes {
            let attribute = Name::of(raw);
            let mut attribute = attribute.as_str();
            if let Some((prefix, local)) = attribute.split_once(':')
                && !matches!(prefix, "xlink" | "o" | "xml" | "v")
            {
                attribute = local;
            }
            let Some(row) = attributes::find(element, attribute).filter(|_| !value.is_empty()) else {
                continue;
            };
            let value = decode(value);
            let by = if is_xml && row.by == By::All { By::Some } else { row.by };
            let hidden = drawn.filter(|_| !matches!(row.kind, "script" | "form" | "ping" | "manifest"));
            let what = What { kind: row.kind, hidden, by };
            match row.value {
                Value::Url => self.address(&value, what),
                Value::Srcset => candidates(&value, CANDIDATES).for_each(|one| self.address(one, what)),
                Value::Urls => {
                    let all = value.split(|c: char| c.is_ascii_whitespace() || c == ',');
                    all.take(CANDIDATES).for_each(|one| self.address(one, what));
                }
                Value::Values => value.split(';').take(CANDIDATES).for_each(|one| self.address(one, what)),
                Value::Style => self.style(&value, Style::Declarations, what),
                Value::Page => self.inner(&value, by),
                // The first address of an element counts.
                Value::Link if !anchored => anchored = self.link(&value),
                Value::Link => {}
            }
        }
        if own.codebase.is_some() {
            self.base = outer;
        }
    }

    /// Attributes whose meaning depends on others.
    fn special(&mut self, element: &str, own: &Own<'_>, drawn: Option<&'static str>) {
        let what = |kind, by| What { kind, hidden: None, by };
        match element {
            "link" => {
                let kind = own.rel.and_then(|rel| attributes::link(&decode(rel)));
                if let (Some(kind), Some(href)) = (kind, own.href) {
                    self.address(&decode(href), what(kind, By::All));
                }
            }
            "meta" => {
                let refreshes =
                    own.http_equiv.is_some_and(|name| decode(name).trim().eq_ignore_ascii_case("refresh"));
                if let Some(content) = own.content.filter(|_| refreshes) {
                    let content = decode(content);
                    self.address(refresh(&content), what("meta-refresh", By::All));
                }
            }
            "input" if own.image => {
                if let Some(src) = own.src {
                    self.address(&decode(src), What { hidden: drawn, ..what("input-image", By::All) });
                }
            }
            "param" => {
                let name = own.name.map(|name| decode(name).to_ascii_lowercase());
                let names =
                    ["movie", "src", "url", "filename", "data", "href", "code", "archive", "codebase"];
                if let Some(value) =
                    own.value.filter(|_| name.is_some_and(|name| names.contains(&name.trim())))
                {
                    self.address(&decode(value), what("param", By::Some));
                }
            }
            "form" | "isindex" if self.is_main() => self.page.forms += 1,
            _ => {}
        }
    }

    /// Begins a link; whether it leads anywhere.
    fn link(&mut self, value: &str) -> bool {
        match address::to(value, self.base.as_ref()) {
            To::Out(target, _) | To::Other(target) => {
                self.begin_anchor(target);
                true
            }
            To::Script => {
                self.page.scripts += u32::from(self.is_main());
                false
            }
            To::Data(_) | To::Nowhere => false,
        }
    }

    /// Notes what `raw` leads to, if outward.
    fn address(&mut self, raw: &str, mut what: What) {
        let mut to = address::to(raw, self.base.as_ref());
        if to == To::Nowhere
            && let Some(base) = &self.xml_base
        {
            // Browsers know this base no more.
            to = address::to(raw, Some(base));
            what.by = if what.by == By::All { By::Some } else { what.by };
        }
        match to {
            To::Out(url, host) if self.page.loads.len() < MOST => {
                let Place { part, fires, .. } = *self.place;
                let fires = match what.by {
                    By::Act => Fires::Submitted,
                    _ if fires != Fires::Opened => fires,
                    By::Some => Fires::OpenedInSome,
                    By::All if self.for_some() => Fires::OpenedInSome,
                    By::All => Fires::Opened,
                };
                self.places.push(self.at);
                self.page.loads.push(Load { url, host, kind: what.kind, hidden: what.hidden, fires, part });
            }
            To::Script => self.page.scripts += u32::from(self.is_main()),
            To::Data(data) => self.data(&data, what),
            To::Out(..) | To::Other(_) | To::Nowhere => {}
        }
    }

    /// What a style loads.
    fn style(&mut self, style: &str, how: Style, what: What) {
        if !may_load(style) {
            return;
        }
        for load in css::loads(style, how) {
            self.address(&load.url, What { kind: load.kind, ..what });
        }
    }

    /// What a `style` element loads.
    pub(super) fn sheet(&mut self, text: &str) {
        let what = What { kind: "", hidden: None, by: By::All };
        self.style(text, Style::Sheet, what);
        // In SVG, references and sections of characters are read as such.
        if text.contains('&') || text.contains("<![CDATA[") {
            let plain = decode(text).replace("<![CDATA[", "").replace("]]>", "");
            self.style(&plain, Style::Sheet, What { by: By::Some, ..what });
        }
    }

    /// Counts a script, and notes what its rules have a browser load.
    pub(super) fn script(&mut self, own: &Own<'_>, text: &str) {
        let kind = own.kind.map(|kind| decode(kind).trim().to_ascii_lowercase()).unwrap_or_default();
        if kind == "speculationrules" {
            let what = What { kind: "speculation", hidden: None, by: By::All };
            let strings = text.split('"').skip(1).step_by(2).filter(|text| text.contains('/'));
            strings.take(CANDIDATES).for_each(|one| self.address(&one.replace("\\/", "/"), what));
        }
        // What only describes is no script.
        let is_data = kind.ends_with("json") || kind == "speculationrules";
        self.page.scripts += u32::from(!is_data && self.is_main());
    }

    /// Reads a page in this one.
    fn inner(&mut self, html: &str, by: By) {
        if self.depth >= DEPTH {
            return;
        }
        let fires = match self.place.fires {
            Fires::Opened if by != By::All || self.for_some() => Fires::OpenedInSome,
            fires => fires,
        };
        let place = Place { fires, ..*self.place };
        let inner = super::read_in(html, &place, self.depth + 1, self.base.clone());
        self.take_in(inner);
    }

    /// What an address that carries its content loads in turn.
    fn data(&mut self, url: &str, what: What) {
        let Some((head, body)) = url.get(5..).and_then(|rest| rest.split_once(',')) else { return };
        if body.len() > MOST_DATA || self.depth >= DEPTH {
            return;
        }
        let head = head.to_ascii_lowercase();
        let is_page = ["html", "xml"].iter().any(|one| head.contains(one));
        let is_style = head.contains("css") || matches!(what.kind, "stylesheet" | "css-import");
        if !is_page && !is_style {
            return;
        }
        let bytes: Cow<'_, [u8]> = percent_encoding::percent_decode_str(body).into();
        let bytes = if head.trim_end().ends_with("base64") {
            let plain: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            FORGIVING.decode(plain).unwrap_or_default()
        } else {
            bytes.into_owned()
        };
        let text = String::from_utf8_lossy(&bytes);
        self.depth += 1;
        if is_style {
            // A browser would ask for nothing relative to it.
            let outer = self.base.take();
            self.style(&text, Style::Sheet, what);
            self.base = outer;
        } else {
            let shown = matches!(what.kind, "iframe" | "frame" | "object" | "embed" | "meta-refresh");
            let outer = self.base.take();
            self.inner(&text, if shown { what.by } else { By::Some });
            self.base = outer;
        }
        self.depth -= 1;
    }
}

/// Whether a style may load anything: most do not, and need not be taken apart.
fn may_load(style: &str) -> bool {
    static WORDS: std::sync::LazyLock<Option<aho_corasick::AhoCorasick>> = std::sync::LazyLock::new(|| {
        let words = ["url", "src", "image", "fade", "@import", "@property", "@function", "\\", "--"];
        aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
    });
    WORDS.as_ref().is_none_or(|words| words.is_match(style))
}

/// The address in the content of a `meta` that refreshes.
fn refresh(content: &str) -> &str {
    let rest = content.trim_start().trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start();
    let rest = rest.trim_start_matches([';', ',']).trim_start();
    let address = match rest.get(..3) {
        Some(url) if url.eq_ignore_ascii_case("url") => {
            rest.get(3..).and_then(|rest| rest.trim_start().strip_prefix('=')).map_or(rest, str::trim_start)
        }
        _ => rest,
    };
    match address.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            address.get(1..).and_then(|rest| rest.split(quote).next()).unwrap_or_default()
        }
        _ => address,
    }
}
