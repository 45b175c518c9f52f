//! Styles that load nothing: what loads is cut out, and what is left is looked at again.

use std::borrow::Cow;

use crate::css::{self, Style};

/// A style, made harmless.
#[derive(Debug)]
pub(super) struct Cleaned<'c> {
    /// What is left of it; `None` where it has to go as a whole.
    pub(super) text: Option<Cow<'c, str>>,
    /// What was cut.
    pub(super) cut: u32,
}

/// Cuts what `text` loads.
pub(super) fn clean(text: &str, style: Style) -> Cleaned<'_> {
    // Most styles have nothing in which an address could stand.
    if !text.contains(['(', '\\', '@', '<']) && !contains_word(&text.to_ascii_lowercase()) {
        return Cleaned { text: Some(Cow::Borrowed(text)), cut: 0 };
    }
    let mut out = String::new();
    let mut done = 0;
    let mut cut = 0;
    for load in css::loads(text, style) {
        if within(&load.url) || load.range.start < done || load.range.end > text.len() {
            continue;
        }
        let (Some(kept), Some(_)) = (text.get(done..load.range.start), text.get(load.range.clone())) else {
            continue;
        };
        out.push_str(kept);
        // Where an address stood in a declaration, `none` leaves the rest of it valid.
        if !matches!(load.kind, "css-import") {
            out.push_str("none");
        }
        done = load.range.end;
        cut += 1;
    }
    let text = if cut == 0 {
        Cow::Borrowed(text)
    } else {
        out.push_str(&text[done..]);
        Cow::Owned(out)
    };
    if suspicious(&text) {
        return Cleaned { text: None, cut: cut + 1 };
    }
    Cleaned { text: Some(text), cut }
}

/// Words that load or run something without brackets.
fn contains_word(lower: &str) -> bool {
    ["behavior:", "-moz-binding", "expression", "javascript:"].iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            // `scroll-behavior` and `overscroll-behavior` are harmless.
            *word != "behavior:" || !lower[..at].ends_with("scroll-")
        })
    })
}

/// Whether a style, escapes decoded and comments taken out, still has anything in it that may load.
fn suspicious(text: &str) -> bool {
    let plain = plain(text);
    // Styles stand in a comment since there were browsers that knew none.
    let plain = plain.trim();
    let plain = plain.strip_prefix("<!--").unwrap_or(plain);
    let plain = plain.strip_suffix("-->").unwrap_or(plain);
    if contains_word(plain) || plain.contains("</") || plain.contains("<!") {
        return true;
    }
    if ["src(", "image-set(", "image(", "cross-fade(", "@import", "alphaimageloader"]
        .iter()
        .any(|word| plain.contains(word))
    {
        return true;
    }
    plain.match_indices("url(").any(|(at, _)| {
        let value = plain[at + 4..].trim_start_matches(|c: char| c <= ' ' || c == '"' || c == '\'');
        let end = value.find([')', '"', '\'']).unwrap_or(value.len());
        !within(&value[..end])
    })
}

/// Whether an address in a style is within the message.
fn within(url: &str) -> bool {
    const WITHIN: &[&str] = &[
        "cid:",
        "data:image/png",
        "data:image/gif",
        "data:image/jp",
        "data:image/webp",
        "data:image/bmp",
        "data:font/",
        "data:application/font-",
        "data:application/x-font-",
        "#",
    ];
    let url = url.trim().to_ascii_lowercase();
    url.is_empty() || WITHIN.iter().any(|start| url.starts_with(start))
}

/// The style in lower case as a lax client might read it: no comments, no escapes, no controls.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("/*") {
            rest = after.find("*/").map_or("", |end| &after[end + 2..]);
        } else if let Some(after) = rest.strip_prefix('\\') {
            let digits = after.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
            rest = &after[digits..];
            if digits == 0 {
                // An escaped character is itself; an escaped line break is nothing.
                rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
                continue;
            }
            let code = u32::from_str_radix(&after[..digits], 16).unwrap_or_default();
            out.extend(char::from_u32(code));
            rest = rest.strip_prefix([' ', '\t', '\n', '\r']).unwrap_or(rest);
        } else {
            out.push('/');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out.retain(|c| c != '\0');
    out.make_ascii_lowercase();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_may_load_is_left() {
        for text in [
            "background: u\\72l(http://a.example/x)",
            "background: \\75\\72\\6c (http://a.example/x)",
            "background: url( 'http://a.example/x' )",
            "background: u/**/rl(http://a.example/x)",
            "background: image-set('http://a.example/x' 1x)",
            "@import 'http://a.example/x';",
            "@\\69mport \"http://a.example/x\";",
            "width: expression(alert(1))",
            "width: exp/**/ression(alert(1))",
            "behavior: url(#default#x)",
            "-moz-binding: url(http://a.example/x)",
            "filter: progid:DXImageTransform.Microsoft.AlphaImageLoader(src='http://a.example/x')",
            "a{}</style><img src=x>",
            "src: url(data:image/svg+xml,<svg/>)",
            "background: url(//a.example",
        ] {
            let cleaned = clean(text, Style::Sheet);
            let left = cleaned.text.unwrap_or_default();
            assert!(cleaned.cut > 0, "{text}");
            assert!(!suspicious(&left), "{text} → {left}");
        }
    }

    #[test]
    fn harmless_styles_stay() {
        for text in [
            "color: red; width: calc(100% - 2px)",
            "background: url(cid:a@b)",
            "background: url(\"data:image/png;base64,AAAA\")",
            "@media (max-width: 600px) { a { scroll-behavior: smooth } }",
            "@font-face { font-family: \"\\@SimSun\"; panose-1: 2 1 }",
            "<!--\n a { color: red } \n-->",
            "p.MsoNormal, li.MsoNormal { margin: 0cm; /* see http://a.example */ }",
        ] {
            let cleaned = clean(text, Style::Sheet);
            assert_eq!((cleaned.text.as_deref(), cleaned.cut), (Some(text), 0));
        }
    }
}
