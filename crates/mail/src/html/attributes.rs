//! Which attribute of which element loads something, as a table.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// How the value of an attribute names what is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// One address.
    Url,
    /// Candidates with descriptors.
    Srcset,
    /// Addresses with spaces between them.
    Urls,
    /// A style.
    Style,
    /// A page.
    Page,
    /// A link.
    Link,
    /// Values of an animation, with `;` between them.
    Values,
}

/// Who loads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Browsers.
    All,
    /// Certain mail programs, old browsers, or other readings of the same bytes.
    Some,
    /// Whoever sends a form or follows a link.
    Act,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    elements: &'static str,
    attributes: &'static str,
    pub(super) kind: &'static str,
    pub(super) value: Value,
    pub(super) by: By,
}

const fn row(
    elements: &'static str,
    attributes: &'static str,
    kind: &'static str,
    value: Value,
    by: By,
) -> Row {
    Row { elements, attributes, kind, value, by }
}

/// Elements (`*` any, `v:` any with that prefix) and attributes, in lower case. The first row that fits
/// counts. What depends on other attributes of the element (`link`, `meta`, `input`, `param`) is read in
/// `walk`.
#[rustfmt::skip]
const ROWS: [Row; 56] = [
    row("img image", "src", "img", Value::Url, By::All),
    row("img", "srcset", "srcset", Value::Srcset, By::All),
    row("source", "srcset", "picture", Value::Srcset, By::All),
    row("img", "lowsrc dynsrc", "img", Value::Url, By::Some),
    row("input", "lowsrc dynsrc", "input-image", Value::Url, By::Some),
    row("*", "background", "background", Value::Url, By::All),
    row("*", "style", "", Value::Style, By::All),
    row("*", "fill stroke filter mask clip-path cursor marker marker-start marker-mid marker-end", "", Value::Style, By::All),
    row("video", "poster", "poster", Value::Url, By::All),
    row("video", "src", "video", Value::Url, By::All),
    row("audio", "src", "audio", Value::Url, By::All),
    row("source", "src", "source", Value::Url, By::All),
    row("track", "src", "track", Value::Url, By::All),
    row("bgsound", "src", "bgsound", Value::Url, By::All),
    row("object", "data", "object", Value::Url, By::All),
    row("object applet", "classid codebase archive code src", "object", Value::Urls, By::Some),
    row("applet object", "object", "object", Value::Url, By::Some),
    row("embed", "src code pluginspage", "embed", Value::Url, By::All),
    row("iframe", "src", "iframe", Value::Url, By::All),
    row("iframe", "srcdoc", "", Value::Page, By::All),
    row("frame", "src", "frame", Value::Url, By::All),
    row("fencedframe portal", "src", "iframe", Value::Url, By::All),
    row("layer ilayer", "src", "iframe", Value::Url, By::Some),
    row("script", "src", "script", Value::Url, By::All),
    row("html", "manifest", "manifest", Value::Url, By::Some),
    row("xml", "src", "xml", Value::Url, By::Some),
    row("table td th tr body div", "datasrc", "xml", Value::Url, By::Some),
    row("link", "imagesrcset", "preload", Value::Srcset, By::All),
    row("*", "attributionsrc", "attribution", Value::Urls, By::All),
    row("a area", "ping", "ping", Value::Urls, By::Act),
    row("a area", "href xlink:href", "", Value::Link, By::All),
    row("form isindex", "action action-xhr", "form", Value::Url, By::Act),
    row("*", "formaction", "form", Value::Url, By::Act),
    // SVG
    row("image", "href xlink:href", "svg-image", Value::Url, By::All),
    row("feimage", "href xlink:href src", "svg-image", Value::Url, By::All),
    row("use", "href xlink:href", "svg-use", Value::Url, By::All),
    row("script", "href xlink:href", "script", Value::Url, By::All),
    row("set animate animatemotion animatetransform animatecolor", "to from by values href xlink:href", "svg-animate", Value::Values, By::All),
    row("tref font-face-uri color-profile cursor mpath textpath filter lineargradient radialgradient pattern altglyph glyphref handler foreignobject", "href xlink:href src", "svg-ref", Value::Url, By::Some),
    // MathML
    row("mglyph annotation annotation-xml", "src", "mathml", Value::Url, By::Some),
    row("math maction mrow mtext mi mn mo ms mstyle msup msub mfrac semantics merror mpadded mphantom msqrt mroot mtable mtr mtd", "href xlink:href", "", Value::Link, By::All),
    // AMP
    row("amp-img amp-anim", "src", "amp-img", Value::Url, By::Some),
    row("amp-img amp-anim", "srcset", "amp-img", Value::Srcset, By::Some),
    row("amp-video amp-audio amp-ad amp-story-player", "src", "amp-video", Value::Url, By::Some),
    row("amp-video", "poster placeholder", "amp-video", Value::Url, By::Some),
    row("amp-list amp-state amp-iframe amp-pixel amp-autocomplete amp-render amp-script", "src", "amp-list", Value::Url, By::Some),
    // VML, Office
    row("v:roundrect v:rect v:shape v:oval v:group v:line v:arc v:polyline", "href", "", Value::Link, By::All),
    row("v:*", "src o:href href background", "vml", Value::Url, By::Some),
    row("*", "o:href", "vml", Value::Url, By::Some),
    // XML
    row("include import", "href", "xml-include", Value::Url, By::Some),
    row("import", "implementation", "htc", Value::Url, By::Some),
    row("xml-stylesheet", "href", "xml-stylesheet", Value::Url, By::Some),
    row("video audio source track embed iframe object", "xlink:href href", "svg-ref", Value::Url, By::Some),
    row("input", "srcset", "input-image", Value::Srcset, By::Some),
    row("picture", "src srcset", "picture", Value::Srcset, By::Some),
    row("command menuitem", "icon", "icon", Value::Url, By::Some),
];

static TABLE: LazyLock<FxHashMap<&'static str, Vec<Row>>> = LazyLock::new(|| {
    let mut table: FxHashMap<&str, Vec<Row>> = FxHashMap::default();
    for row in ROWS {
        for attribute in row.attributes.split(' ') {
            table.entry(attribute).or_default().push(row);
        }
    }
    table
});

/// What `attribute` of `element` loads, both in lower case.
pub(super) fn find(element: &str, attribute: &str) -> Option<Row> {
    let rows = TABLE.get(attribute)?;
    rows.iter()
        .find(|row| row.elements == "*" || row.elements.split(' ').any(|one| fits(one, element)))
        .copied()
}

fn fits(row: &str, element: &str) -> bool {
    row == element
        || row.strip_suffix('*').is_some_and(|prefix| !prefix.is_empty() && element.starts_with(prefix))
}

/// What a `link` loads, by its relation; none where it only names.
pub(super) fn link(relation: &str) -> Option<&'static str> {
    relation.split_ascii_whitespace().find_map(|one| {
        Some(match one.to_ascii_lowercase().as_str() {
            "stylesheet" => "stylesheet",
            "preload" | "subresource" => "preload",
            "prefetch" => "prefetch",
            "preconnect" => "preconnect",
            "dns-prefetch" => "dns-prefetch",
            "modulepreload" => "modulepreload",
            "prerender" => "prerender",
            "manifest" => "manifest",
            "import" => "import",
            "compression-dictionary" => "prefetch",
            icon if icon.ends_with("icon") || icon.starts_with("apple-touch-") => "icon",
            _ => return None,
        })
    })
}
