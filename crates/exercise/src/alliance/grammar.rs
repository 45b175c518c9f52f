//! Sentences from pools: `{pool}`, `{^pool}`, `{one|other}`, `{$name}`.

use std::collections::BTreeMap;

use crate::dice::Dice;

/// How deep pools may name pools.
const DEPTH: usize = 12;

/// Pools of sentences.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Pools(BTreeMap<String, Vec<String>>);

/// What a writer fills in.
pub(super) type Vars<'a> = &'a [(&'a str, &'a str)];

impl Pools {
    /// A text from the pool `name`.
    pub(super) fn say(&self, dice: &mut Dice, name: &str, vars: Vars<'_>) -> String {
        let mut out = String::new();
        self.pool(dice, name, vars, &mut out, DEPTH);
        out
    }

    /// A text with its first letter a capital, whatever begins it.
    pub(super) fn title(&self, dice: &mut Dice, name: &str, vars: Vars<'_>) -> String {
        capital(&self.say(dice, name, vars))
    }

    /// `text` with all that stands in braces filled in.
    pub(super) fn fill(&self, dice: &mut Dice, text: &str, vars: Vars<'_>) -> String {
        let mut out = String::new();
        self.expand(dice, text, vars, &mut out, DEPTH);
        out
    }

    /// All texts of a pool.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    fn pool(&self, dice: &mut Dice, name: &str, vars: Vars<'_>, out: &mut String, depth: usize) {
        match self.all(name) {
            [] => out.push_str(name),
            pool => {
                let text = dice.text(pool);
                self.expand(dice, text, vars, out, depth);
            }
        }
    }

    fn expand(&self, dice: &mut Dice, text: &str, vars: Vars<'_>, out: &mut String, depth: usize) {
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let Some(length) = closing(&rest[open..]) else { break };
            let inner = &rest[open + 1..open + length];
            rest = &rest[open + length + 1..];
            if depth == 0 {
                continue;
            }
            if let Some(name) = inner.strip_prefix('$') {
                out.push_str(vars.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
            } else if let Some(name) = inner.strip_prefix('^') {
                out.push_str(&capital(&self.say(dice, name, vars)));
            } else if inner.contains('|') {
                let ways = alternatives(inner);
                let way = *dice.one(&ways);
                self.expand(dice, way, vars, out, depth - 1);
            } else {
                self.pool(dice, inner, vars, out, depth - 1);
            }
        }
        out.push_str(rest);
    }

    /// Names in braces that are no pools; for the test of the data.
    #[cfg(test)]
    pub(super) fn unknown(&self, vars: &[&str]) -> Vec<String> {
        fn look(pools: &Pools, text: &str, vars: &[&str], missing: &mut Vec<String>) {
            let mut rest = text;
            while let Some(open) = rest.find('{') {
                let Some(length) = closing(&rest[open..]) else { return missing.push(text.to_owned()) };
                let inner = &rest[open + 1..open + length];
                rest = &rest[open + length + 1..];
                if let Some(name) = inner.strip_prefix('$') {
                    if !vars.contains(&name) {
                        missing.push(inner.to_owned());
                    }
                } else if inner.contains('|') {
                    alternatives(inner).into_iter().for_each(|way| look(pools, way, vars, missing));
                } else if pools.all(inner.trim_start_matches('^')).is_empty() {
                    missing.push(inner.to_owned());
                }
            }
        }
        let mut missing = Vec::new();
        for text in self.0.values().flatten() {
            look(self, text, vars, &mut missing);
        }
        missing
    }
}

/// Where the brace that begins `text` is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn alternatives(inner: &str) -> Vec<&str> {
    let (mut all, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b'|' if depth == 0 => {
                all.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    all.push(&inner[from..]);
    all
}

/// `text` with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut symbols = text.chars();
    match symbols.next() {
        Some(first) => first.to_uppercase().chain(symbols).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_filled_in() {
        let pools: Pools = toml::from_str("a = [\"x {b}\"]\nb = [\"{y|{z|y}}\"]\n").unwrap();
        let mut dice = Dice::new(1, "grammar");
        for _ in 0..20 {
            let text = pools.fill(&mut dice, "{^a}, {$who}{$none}.", &[("who", "Ann")]);
            assert!(["X y, Ann.", "X z, Ann."].contains(&text.as_str()), "{text}");
        }
    }
}
