//! What a style sheet or a style attribute loads (CSS Syntax Level 3, by `cssparser`).

use std::ops::Range;

/// Something that a style loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CssLoad {
    /// The bytes of the style that name it, `url(…)` and quotes included; of an `@import` the whole rule.
    pub range: Range<usize>,
    /// The address, escapes decoded.
    pub url: String,
    /// `css-url`, `css-import`, `css-image-set`, `css-font`, …
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

/// Everything that `css` loads, in order.
pub fn loads(css: &str, style: Style) -> Vec<CssLoad> {
    let _ = (css, style);
    Vec::new()
}
