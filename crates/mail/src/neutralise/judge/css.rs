//! What styles load, as the judge reads them.

use cssparser::{Parser, ParserInput, Token};

use super::{Seen, bare, local_address};

/// Blocks in blocks of a style.
const BLOCKS: u32 = 32;

/// Reads the value of a `style` attribute.
pub(super) fn declarations(text: &str, seen: &mut Seen) {
    if text.contains(['(', '\\', '@', ':', '"', '\'']) {
        sheet(text, seen);
    }
}

/// Reads a style sheet.
pub(super) fn sheet(text: &str, seen: &mut Seen) {
    let mut input = ParserInput::new(text);
    blocks(&mut Parser::new(&mut input), false, BLOCKS, seen);
}

/// Reads tokens to the end of a block; in one that takes addresses as strings, `loading`.
fn blocks(parser: &mut Parser<'_, '_>, loading: bool, depth: u32, seen: &mut Seen) {
    if depth == 0 {
        seen.load("css", "blocks in blocks, too deep");
        return;
    }
    loop {
        let mut nested = None;
        match parser.next() {
            Err(_) => return,
            Ok(Token::UnquotedUrl(url)) if !local_address(&bare(url)) => seen.load("css url", url),
            Ok(Token::BadUrl(url)) => seen.load("css url", url),
            Ok(Token::QuotedString(text)) if loading && !local_address(&bare(text)) => {
                seen.load("css url", text);
            }
            Ok(Token::AtKeyword(name)) if name.eq_ignore_ascii_case("import") => seen.load("css import", ""),
            Ok(Token::Ident(name)) => {
                let name = name.to_ascii_lowercase();
                if matches!(&*name, "behavior" | "-moz-binding" | "-ms-behavior") {
                    seen.load("css", &name);
                }
            }
            Ok(Token::Function(name)) => {
                let name = name.to_ascii_lowercase();
                if name == "expression" {
                    seen.load("css", "expression");
                }
                // The address stands elsewhere.
                if loading && matches!(&*name, "var" | "attr" | "env" | "if") {
                    seen.load("css url", &name);
                }
                let loads = name.ends_with("image-set") || name.ends_with("cross-fade");
                nested =
                    Some(loading || loads || matches!(&*name, "url" | "src" | "image" | "alphaimageloader"));
            }
            Ok(Token::ParenthesisBlock | Token::SquareBracketBlock | Token::CurlyBracketBlock) => {
                nested = Some(loading);
            }
            Ok(_) => {}
        }
        if let Some(loading) = nested {
            let read: Result<(), cssparser::ParseError<'_, ()>> = parser.parse_nested_block(|inner| {
                blocks(inner, loading, depth - 1, seen);
                Ok(())
            });
            if read.is_err() {
                // What was left over of the block had no meaning; the next token comes after it.
                continue;
            }
        }
    }
}
