//! The comparison expressions between the brackets of a STIX pattern (STIX 2.1, section 9.5).
//!
//! `rstix` has parsed the whole pattern before and vouches for its form, but gives no name to the
//! types of what stands between brackets; so that text is read once more, into what can be looked
//! up or evaluated.

use std::cmp::Ordering::{Equal, Greater, Less};

use model::Time;

use super::evaluate::{Constant, Op, Test, Tree, network};
use super::index::{Key, Sought};
use super::load::What;
use super::path::{Scope, Share, keys};
use super::text::{self, Like};

/// What comparisons come to: each alternative that OR leaves open, or why it is not evaluated.
pub(super) fn alternatives(text: &str) -> Result<Vec<Result<Vec<What>, String>>, String> {
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let expression = parser.any()?;
    if parser.at < parser.tokens.len() {
        return Err(parser.unexpected());
    }
    let branches = match expression {
        Expression::Any(branches) => branches,
        one => vec![one],
    };
    Ok(branches.into_iter().map(alternative).collect())
}

fn alternative(branch: Expression) -> Result<Vec<What>, String> {
    if let Expression::Test(comparison) = &branch
        && let Some(sought) = looked_up(comparison)
    {
        return sought.map(|sought| sought.into_iter().map(What::Key).collect());
    }
    tree(branch).map(|tree| vec![What::Tree(tree)])
}

#[derive(Debug)]
enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Test(Comparison),
}

#[derive(Debug)]
struct Comparison {
    /// As it stands in the pattern.
    text: String,
    /// `type:property.property`, without list indices.
    path: String,
    operator: String,
    negated: bool,
    constants: Vec<Literal>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    /// Of a `t'…'`, `h'…'` or `b'…'`.
    Special(char, String),
    Number(f64),
    Sign(&'static str),
}

type Literal = Token;

const SIGNS: [&str; 14] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", "[", "]", ",", ".", ":"];

/// Tokens with where they begin and end.
fn tokens(text: &str) -> Result<Vec<(Token, usize, usize)>, String> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        let rest = &text[at..];
        let token = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if c == '\'' {
            Token::Text(quoted(text, &mut at)?)
        } else if matches!(c, 't' | 'h' | 'b') && rest[1..].starts_with('\'') {
            at += 1;
            Token::Special(c, quoted(text, &mut at)?)
        } else if c.is_ascii_digit() || c == '-' || c == '+' {
            let length = rest[1..]
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .map_or(rest.len(), |length| length + 1);
            at += length;
            Token::Number(rest[..length].parse().map_err(|_| format!("“{}” is no number", &rest[..length]))?)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            at += sign.len();
            Token::Sign(sign)
        } else if c == '*' {
            at += 1;
            Token::Sign("*")
        } else {
            let name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            let length = rest.find(|c| !name(c)).unwrap_or(rest.len());
            if length == 0 {
                return Err(format!("“{c}” has no place in a pattern"));
            }
            at += length;
            Token::Word(rest[..length].to_owned())
        };
        out.push((token, start, at));
    }
    Ok(out)
}

/// The text in quotes that begins at `at`, which moves behind it.
fn quoted(text: &str, at: &mut usize) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text[*at + 1..].char_indices();
    let from = *at + 1;
    while let Some((place, c)) = chars.next() {
        match c {
            '\'' => {
                *at = from + place + 1;
                return Ok(out);
            }
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            c => out.push(c),
        }
    }
    Err("a text is not closed".to_owned())
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, usize, usize)>,
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, ..)| token)
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.peek().cloned().ok_or("a pattern ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let takes = matches!(self.peek(), Some(Token::Word(found)) if found == word);
        self.at += usize::from(takes);
        takes
    }

    fn takes(&mut self, sign: &str) -> bool {
        let takes = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(takes);
        takes
    }

    fn unexpected(&self) -> String {
        let from = self.tokens.get(self.at).map_or(self.text.len(), |(_, start, _)| *start);
        let rest: String = self.text[from..].chars().take(24).collect();
        format!("the pattern is not understood from “{rest}” on")
    }

    fn any(&mut self) -> Result<Expression, String> {
        self.joined("OR", Self::all, Expression::Any)
    }

    fn all(&mut self) -> Result<Expression, String> {
        self.joined("AND", Self::one, Expression::All)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Expression, String>,
        join: fn(Vec<Expression>) -> Expression,
    ) -> Result<Expression, String> {
        let first = part(self)?;
        let mut parts = vec![first];
        while self.takes_word(word) {
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { join(parts) })
    }

    fn one(&mut self) -> Result<Expression, String> {
        const DEEPEST: u32 = 64;
        if self.takes("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("its brackets nest deeper than {DEEPEST}"));
            }
            let inner = self.any()?;
            self.depth -= 1;
            return if self.takes(")") { Ok(inner) } else { Err(self.unexpected()) };
        }
        self.comparison().map(Expression::Test)
    }

    fn comparison(&mut self) -> Result<Comparison, String> {
        let first = self.at;
        let not = self.takes_word("NOT");
        let exists = self.takes_word("EXISTS");
        if not && !exists {
            return Err("NOT before a comparison is not STIX 2.1; it stands before the operator".to_owned());
        }
        let path = self.path()?;
        let mut out = Comparison {
            text: String::new(),
            path,
            operator: "EXISTS".to_owned(),
            negated: not,
            constants: Vec::new(),
        };
        if !exists {
            out.negated = self.takes_word("NOT");
            out.operator = match self.next()? {
                Token::Word(word) => word,
                Token::Sign(sign) => sign.to_owned(),
                _ => return Err(self.unexpected()),
            };
            out.constants = self.constants()?;
        }
        let (start, end) = (self.tokens[first].1, self.tokens[self.at - 1].2);
        self.text[start..end].clone_into(&mut out.text);
        Ok(out)
    }

    fn constants(&mut self) -> Result<Vec<Literal>, String> {
        if !self.takes("(") {
            return Ok(vec![self.next()?]);
        }
        let mut out = Vec::new();
        while !self.takes(")") {
            out.push(self.next()?);
            self.takes(",");
        }
        Ok(out)
    }

    fn path(&mut self) -> Result<String, String> {
        let Token::Word(mut out) = self.next()? else { return Err(self.unexpected()) };
        if !self.takes(":") {
            return Err(self.unexpected());
        }
        out.push(':');
        loop {
            match self.next()? {
                Token::Word(name) | Token::Text(name) => out += &name,
                _ => return Err(self.unexpected()),
            }
            while self.takes("[") {
                match self.next()? {
                    Token::Sign("*") => {}
                    Token::Number(0.0) => {}
                    _ => return Err(format!("an event does not tell the order of what {out} lists")),
                }
                self.takes("]");
            }
            if !self.takes(".") {
                return Ok(out);
            }
            out.push('.');
        }
    }
}

/// The keys that a comparison asks for; `None` when it has to be evaluated.
fn looked_up(comparison: &Comparison) -> Option<Result<Vec<Sought>, String>> {
    let path = comparison.path.as_str();
    let equality = matches!(comparison.operator.as_str(), "=" | "IN");
    let addresses = matches!(path, "ipv4-addr:value" | "ipv6-addr:value") || is_reference(path);
    if comparison.negated || !(equality || addresses && comparison.operator == "ISSUBSET") {
        return None;
    }
    let mut out = Vec::new();
    for constant in &comparison.constants {
        let sought = match constant {
            Token::Text(text) => text_sought(path, text.trim())?,
            Token::Number(number) => number_sought(path, *number)?,
            _ => return None,
        };
        match sought {
            Ok(sought) => out.extend(sought),
            Err(reason) => return Some(Err(reason)),
        }
    }
    Some(Ok(out))
}

/// The value of an object to which another one refers, such as `network-traffic:dst_ref.value`.
fn is_reference(path: &str) -> bool {
    path.ends_with("_ref.value") || path.ends_with("_refs.value")
}

fn text_sought(path: &str, text: &str) -> Option<Result<Vec<Sought>, String>> {
    if text.is_empty() {
        return Some(Err(format!("{path} is compared with nothing")));
    }
    let lower = text.to_lowercase();
    let key = match path {
        "ipv4-addr:value" | "ipv6-addr:value" => match network(text) {
            Some(net) => address(net),
            None => Err(format!("“{text}” is no address")),
        },
        "domain-name:value" => Ok(Key::Domain(lower.trim_matches('.').to_owned())),
        "url:value" => Ok(Key::Url(lower.trim_end_matches(['/', '.']).to_owned())),
        "email-addr:value" => Ok(Key::Email(lower)),
        "mac-addr:value" => Ok(Key::Mac(lower.replace('-', ":"))),
        "file:name" => Ok(Key::FileName(lower)),
        _ if is_digest(path, &lower) => Ok(Key::Hash(lower)),
        _ => return scoped_sought(path, text, &lower),
    };
    Some(key.map(|key| vec![key.into()]))
}

fn is_digest(path: &str, lower: &str) -> bool {
    const SHORTEST_HASH: usize = 32;
    (path.contains(":hashes.") || path.contains(".hashes."))
        && lower.len() >= SHORTEST_HASH
        && lower.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What counts only in the fields that stand for a path.
fn scoped_sought(path: &str, text: &str, lower: &str) -> Option<Result<Vec<Sought>, String>> {
    let scope = match meaning(path) {
        Ok(scope) => scope,
        Err(reason) => return Some(Err(reason)),
    };
    let within = |key| Sought { key, scope: Some(scope) };
    if is_reference(path) {
        let key = match network(text) {
            Some(net) => address(net),
            None if lower.contains("://") => Ok(Key::Url(lower.trim_end_matches(['/', '.']).to_owned())),
            None if lower.contains('@') => Ok(Key::Email(lower.to_owned())),
            None => Ok(Key::Domain(lower.trim_matches('.').to_owned())),
        };
        return Some(key.map(|key| vec![within(key)]));
    }
    let text = scope.meaning.plain(text);
    let texts = match scope.meaning.part {
        Share::Key => keys(text),
        // A word of a longer value, or something about it, is not what an index finds.
        Share::Word | Share::Type => return None,
        _ => vec![text.to_owned()],
    };
    Some(Ok(texts.into_iter().map(|text| within(Key::Text(text.to_lowercase()))).collect()))
}

/// A whole number, in decimal and as Windows writes process ids.
fn number_sought(path: &str, number: f64) -> Option<Result<Vec<Sought>, String>> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let scope = match meaning(path) {
        Ok(scope) => scope,
        Err(reason) => return Some(Err(reason)),
    };
    if number.fract() != 0.0 || !(0.0..EXACT).contains(&number) || scope.meaning.part != Share::Whole {
        return None;
    }
    let texts = [format!("{}", number as u64), format!("{:#x}", number as u64)];
    Some(Ok(texts.map(|text| Sought { key: Key::Text(text), scope: Some(scope) }).to_vec()))
}

/// The key of an address or network.
pub(super) fn address(net: ipnet::IpNet) -> Result<Key, String> {
    if net.prefix_len() == 0 {
        return Err(format!("{net} holds every address"));
    }
    Ok(if net.prefix_len() == net.max_prefix_len() { Key::Address(net.addr()) } else { Key::Network(net) })
}

/// What a path means in an event; of all hashes of an object, the same.
fn meaning(path: &str) -> Result<Scope, String> {
    let general = path.find("hashes.").map_or(path, |at| &path[..at + "hashes".len()]);
    Scope::of(general).ok_or_else(|| format!("no field of an event stands for {path}"))
}

fn tree(expression: Expression) -> Result<Tree, String> {
    let all = |parts: Vec<Expression>| parts.into_iter().map(tree).collect::<Result<Vec<_>, _>>();
    Ok(match expression {
        Expression::All(parts) => Tree::All(all(parts)?),
        Expression::Any(parts) => Tree::Any(all(parts)?),
        Expression::Test(comparison) => match looked_up(&comparison) {
            Some(sought) => {
                let mut values: Vec<Tree> = sought?.into_iter().map(Tree::Value).collect();
                if values.len() == 1 { values.swap_remove(0) } else { Tree::Any(values) }
            }
            None => Tree::Test(test(comparison)?),
        },
    })
}

fn test(comparison: Comparison) -> Result<Test, String> {
    let scope = meaning(&comparison.path)?;
    let operator = comparison.operator.as_str();
    let differs = matches!(operator, "!=" | "<>");
    Ok(Test {
        op: op(operator, &comparison.constants, scope)?,
        negated: comparison.negated != differs,
        wanted: comparison.text,
        scope,
    })
}

fn op(operator: &str, constants: &[Literal], scope: Scope) -> Result<Op, String> {
    let constant = |literal| constant(literal, scope);
    let one = || constant(constants.first().ok_or("a comparison lacks its constant")?);
    let text = || match constants.first() {
        Some(Token::Text(text)) => Ok(text.as_str()),
        _ => Err(format!("{operator} needs a text")),
    };
    let net = || network(text()?).ok_or_else(|| format!("{operator} needs an address or a network"));
    Ok(match operator {
        "=" | "!=" | "<>" | "IN" => Op::In(constants.iter().map(constant).collect::<Result<_, _>>()?),
        "<" => Op::Order(&[Less], one()?),
        "<=" => Op::Order(&[Less, Equal], one()?),
        ">" => Op::Order(&[Greater], one()?),
        ">=" => Op::Order(&[Greater, Equal], one()?),
        "LIKE" => Op::Like(Like::new(text()?)),
        "MATCHES" => Op::Fits(text::Expression::new(text()?)?),
        "ISSUBSET" => Op::Within(net()?),
        "ISSUPERSET" => Op::Holds(net()?),
        "EXISTS" => Op::Exists,
        _ => return Err(format!("the operator {operator} is unknown")),
    })
}

fn constant(literal: &Literal, scope: Scope) -> Result<Constant, String> {
    Ok(match literal {
        Token::Text(text) => Constant::Text(scope.meaning.plain(text).to_owned()),
        Token::Number(number) => Constant::Number(*number),
        Token::Word(word) if word == "true" || word == "false" => Constant::Bool(word == "true"),
        Token::Special('t', text) => Constant::Time(Time::parse(text).map_err(|error| error.to_string())?),
        Token::Special(..) => return Err("bytes are not compared with events".to_owned()),
        Token::Word(word) => return Err(format!("“{word}” is no constant")),
        Token::Sign(sign) => return Err(format!("“{sign}” is no constant")),
    })
}
