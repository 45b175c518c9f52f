//! From parsed Sigma to conditions: modifiers are applied here, once, so that the engine compares.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, Detections, Modifier, Quantifier, SelectorPattern, SigmaString,
    SigmaValue, SpecialChar, StringPart,
};

use crate::pattern::{How, Order, Pattern, Piece, TimePart, fold};
use crate::rule::{Node, Placeholders, Test};

/// Why a rule cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// The rule author combined modifiers that exclude each other.
    #[error("modifiers “{first}” and “{second}” of field “{field}” exclude each other")]
    Conflict {
        /// Field name.
        field: String,
        /// One modifier.
        first: String,
        /// The other one.
        second: String,
    },
    /// The rule author gave a value that the modifier cannot take.
    #[error("“{value}” is no {expected}, which field “{field}” asks for")]
    Value {
        /// Field name.
        field: String,
        /// The value as written.
        value: String,
        /// What it should have been.
        expected: &'static str,
    },
    /// The rule author's regular expression is not one, or needs what a linear-time matcher has not.
    #[error("regular expression “{pattern}” cannot be used: {reason}")]
    Regex {
        /// The expression as written.
        pattern: String,
        /// What the parser said, in one line.
        reason: String,
    },
    /// The person who runs the hunt gave no values for a placeholder.
    #[error("placeholder “%{name}%” has no values; give them with --placeholders")]
    Placeholder {
        /// Its name.
        name: String,
    },
    /// The rule's condition names a detection that it does not have.
    #[error("the condition names “{name}”, which the rule does not define")]
    Unknown {
        /// The name or pattern.
        name: String,
    },
    /// The rule uses something that Sigma 2.1 does not have.
    #[error("{what} is not part of Sigma 2.1")]
    Unsupported {
        /// What.
        what: &'static str,
    },
}

impl LowerError {
    /// A text that stands in the line at fault.
    pub(crate) fn culprit(&self) -> &str {
        match self {
            Self::Conflict { field, .. } | Self::Value { field, .. } => field,
            Self::Regex { pattern, .. } => pattern,
            Self::Placeholder { name } | Self::Unknown { name } => name,
            Self::Unsupported { what } if what.contains("timeframe") => "timeframe",
            Self::Unsupported { .. } => "[",
        }
    }
}

type Result<T> = std::result::Result<T, LowerError>;

/// The condition of a detection section.
pub(crate) fn condition(detections: &Detections, placeholders: &Placeholders) -> Result<Node> {
    if detections.timeframe.is_some() {
        return Err(LowerError::Unsupported { what: "“timeframe” (an aggregation of Sigma 1)" });
    }
    let lowering = Lowering { detections, placeholders };
    let mut nodes =
        detections.conditions.iter().map(|expr| lowering.expression(expr)).collect::<Result<Vec<_>>>()?;
    match nodes.len() {
        0 => Err(LowerError::Unknown { name: "condition".to_owned() }),
        1 => Ok(nodes.remove(0)),
        _ => Ok(Node::Any(nodes)),
    }
}

struct Lowering<'a> {
    detections: &'a Detections,
    placeholders: &'a Placeholders,
}

impl Lowering<'_> {
    fn expression(&self, expr: &ConditionExpr) -> Result<Node> {
        let all =
            |exprs: &[ConditionExpr]| exprs.iter().map(|e| self.expression(e)).collect::<Result<Vec<_>>>();
        Ok(match expr {
            ConditionExpr::And(exprs) => Node::All(all(exprs)?),
            ConditionExpr::Or(exprs) => Node::Any(all(exprs)?),
            ConditionExpr::Not(expr) => Node::Not(Box::new(self.expression(expr)?)),
            ConditionExpr::Identifier(name) => self.named(name)?,
            ConditionExpr::Selector { quantifier, pattern } => self.selector(quantifier, pattern)?,
        })
    }

    fn named(&self, name: &str) -> Result<Node> {
        match self.detections.named.get(name) {
            Some(detection) => self.detection(detection),
            None => Err(LowerError::Unknown { name: name.to_owned() }),
        }
    }

    fn selector(&self, quantifier: &Quantifier, pattern: &SelectorPattern) -> Result<Node> {
        let mut names: Vec<&String> = self
            .detections
            .named
            .keys()
            .filter(|name| match pattern {
                // By convention a name that begins with an underscore is not one of “them”.
                SelectorPattern::Them => !name.starts_with('_'),
                SelectorPattern::Pattern(pattern) => selects(pattern, name),
            })
            .collect();
        names.sort_unstable();
        if names.is_empty() {
            return Err(LowerError::Unknown { name: pattern.to_string() });
        }
        let nodes = names.into_iter().map(|name| self.named(name)).collect::<Result<Vec<_>>>()?;
        Ok(match quantifier {
            Quantifier::Any => Node::Any(nodes),
            Quantifier::All => Node::All(nodes),
            Quantifier::Count(count) => Node::AtLeast(u32::try_from(*count).unwrap_or(u32::MAX), nodes),
        })
    }

    fn detection(&self, detection: &Detection) -> Result<Node> {
        Ok(match detection {
            Detection::AllOf(items) => {
                Node::All(items.iter().map(|item| self.item(item)).collect::<Result<_>>()?)
            }
            Detection::AnyOf(parts) => {
                Node::Any(parts.iter().map(|part| self.detection(part)).collect::<Result<_>>()?)
            }
            Detection::And(parts) => {
                Node::All(parts.iter().map(|part| self.detection(part)).collect::<Result<_>>()?)
            }
            Detection::Keywords(values) => {
                let item = DetectionItem {
                    field: rsigma_parser::FieldSpec::new(None, Vec::new()),
                    values: values.clone(),
                };
                self.item(&item)?
            }
            Detection::ArrayMatch { .. } | Detection::Conditional { .. } => {
                return Err(LowerError::Unsupported { what: "matching within arrays" });
            }
        })
    }

    fn item(&self, item: &DetectionItem) -> Result<Node> {
        let modifiers = Modifiers::of(item)?;
        let field = item.field.name.as_deref().map(unescape_brackets);
        if modifiers.exists {
            let wanted = !matches!(item.values.first(), Some(value) if is_false(value));
            return Ok(Node::Test(Test { field, any: vec![Pattern::Exists(wanted)] }));
        }
        let mut values = Vec::new();
        for value in &item.values {
            values.push(self.value(value, &modifiers)?);
        }
        let node = if modifiers.all {
            Node::All(values.into_iter().map(|any| Node::Test(Test { field: field.clone(), any })).collect())
        } else {
            Node::Test(Test { field: field.clone(), any: values.concat() })
        };
        if modifiers.neq {
            let present = Node::Test(Test { field, any: vec![Pattern::Exists(true)] });
            return Ok(Node::All(vec![present, Node::Not(Box::new(node))]));
        }
        Ok(node)
    }

    /// The patterns of which one must hold for this value.
    fn value(&self, value: &SigmaValue, modifiers: &Modifiers) -> Result<Vec<Pattern>> {
        if modifiers.expand {
            return self.expanded(value, modifiers);
        }
        modifiers.patterns(value)
    }

    fn expanded(&self, value: &SigmaValue, modifiers: &Modifiers) -> Result<Vec<Pattern>> {
        let SigmaValue::String(text) = value else { return modifiers.patterns(value) };
        let mut texts = vec![String::new()];
        let mut parts = text.original.split('%');
        append(&mut texts, &[parts.next().unwrap_or_default().to_owned()]);
        while let Some(name) = parts.next() {
            let Some(rest) = parts.next() else {
                append(&mut texts, &[format!("%{name}")]);
                break;
            };
            let values = self
                .placeholders
                .get(name)
                .ok_or_else(|| LowerError::Placeholder { name: name.to_owned() })?;
            append(&mut texts, values);
            append(&mut texts, &[rest.to_owned()]);
        }
        let mut out = Vec::new();
        for text in texts {
            out.extend(modifiers.patterns(&SigmaValue::String(SigmaString::new(&text)))?);
        }
        Ok(out)
    }
}

/// Every text so far, continued by every one of `with`.
fn append(texts: &mut Vec<String>, with: &[String]) {
    *texts = texts.iter().flat_map(|text| with.iter().map(move |more| format!("{text}{more}"))).collect();
}

fn selects(pattern: &str, name: &str) -> bool {
    let mut pieces = Vec::new();
    for (place, part) in pattern.split('*').enumerate() {
        if place > 0 {
            pieces.push(Piece::Many);
        }
        if !part.is_empty() {
            pieces.push(Piece::Text(part.to_owned()));
        }
    }
    crate::pattern::glob(&pieces, name)
}

/// The parser escapes brackets in field names, which later Sigma versions read as array selectors.
fn unescape_brackets(name: &str) -> String {
    name.replace("\\[", "[").replace("\\]", "]")
}

fn is_false(value: &SigmaValue) -> bool {
    match value {
        SigmaValue::Bool(value) => !value,
        SigmaValue::String(text) => matches!(text.original.to_ascii_lowercase().as_str(), "false" | "no"),
        _ => false,
    }
}

/// The modifiers of one field, sorted out.
#[derive(Debug, Default)]
struct Modifiers {
    field: String,
    keyword: bool,
    how: Option<How>,
    all: bool,
    cased: bool,
    exists: bool,
    expand: bool,
    fieldref: bool,
    neq: bool,
    windash: bool,
    cidr: bool,
    regex: bool,
    flags: String,
    order: Option<Order>,
    part: Option<TimePart>,
    /// UTF-16 and Base64 steps, in the order in which they are written.
    encodings: Vec<Modifier>,
}

impl Modifiers {
    fn of(item: &DetectionItem) -> Result<Self> {
        let mut out = Self {
            field: item.field.name.clone().unwrap_or_else(|| "keywords".to_owned()),
            keyword: item.field.name.is_none(),
            ..Self::default()
        };
        let mut operator: Option<Modifier> = None;
        for &modifier in &item.field.modifiers {
            if out.add(modifier)
                && let Some(first) = operator.replace(modifier)
            {
                // `fieldref` goes together with the texts' operators.
                if first != Modifier::FieldRef && modifier != Modifier::FieldRef {
                    let (first, second) = (name(first), name(modifier));
                    return Err(LowerError::Conflict { field: out.field, first, second });
                }
            }
        }
        Ok(out)
    }

    /// Takes one modifier in; `true` when it says how values are compared.
    fn add(&mut self, modifier: Modifier) -> bool {
        match modifier {
            Modifier::Contains => self.how = Some(How::Contains),
            Modifier::StartsWith => self.how = Some(How::StartsWith),
            Modifier::EndsWith => self.how = Some(How::EndsWith),
            Modifier::Re => self.regex = true,
            Modifier::Cidr => self.cidr = true,
            Modifier::Exists => self.exists = true,
            Modifier::FieldRef => self.fieldref = true,
            Modifier::Gt => self.order = Some(Order::Above),
            Modifier::Gte => self.order = Some(Order::AtLeast),
            Modifier::Lt => self.order = Some(Order::Below),
            Modifier::Lte => self.order = Some(Order::AtMost),
            Modifier::Minute => self.part = Some(TimePart::Minute),
            Modifier::Hour => self.part = Some(TimePart::Hour),
            Modifier::Day => self.part = Some(TimePart::Day),
            Modifier::Week => self.part = Some(TimePart::Week),
            Modifier::Month => self.part = Some(TimePart::Month),
            Modifier::Year => self.part = Some(TimePart::Year),
            other => {
                self.add_aside(other);
                return false;
            }
        }
        true
    }

    fn add_aside(&mut self, modifier: Modifier) {
        match modifier {
            Modifier::All => self.all = true,
            Modifier::Cased => self.cased = true,
            Modifier::Expand => self.expand = true,
            Modifier::Neq => self.neq = true,
            Modifier::WindAsh => self.windash = true,
            Modifier::IgnoreCase => self.flags.push('i'),
            Modifier::Multiline => self.flags.push('m'),
            Modifier::DotAll => self.flags.push('s'),
            encoding => self.encodings.push(encoding),
        }
    }

    fn bad(&self, value: &SigmaValue, expected: &'static str) -> LowerError {
        LowerError::Value { field: self.field.clone(), value: value.to_string(), expected }
    }

    fn patterns(&self, value: &SigmaValue) -> Result<Vec<Pattern>> {
        if self.regex {
            return Ok(vec![self.expression(value)?]);
        }
        if self.cidr {
            let text = value.to_string();
            let net = text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from));
            return Ok(vec![Pattern::Cidr(net.map_err(|_| self.bad(value, "network such as 10.0.0.0/8"))?)]);
        }
        if self.fieldref {
            let how = self.how.unwrap_or(How::Equals);
            return Ok(vec![Pattern::FieldRef { field: value.to_string(), how, cased: self.cased }]);
        }
        if let Some(order) = self.order {
            return Ok(vec![Pattern::Order(order, self.number(value)?)]);
        }
        if let Some(part) = self.part {
            return Ok(vec![Pattern::Part(part, self.number(value)? as i64)]);
        }
        match value {
            SigmaValue::Null => Ok(vec![Pattern::Null]),
            SigmaValue::Integer(wanted) if self.plain() => Ok(vec![Pattern::Int(*wanted)]),
            SigmaValue::Float(wanted) if self.plain() => Ok(vec![Pattern::Number(*wanted)]),
            SigmaValue::String(text) => self.texts(text),
            other => self.texts(&SigmaString::from_raw(&other.to_string())),
        }
    }

    fn plain(&self) -> bool {
        self.how.is_none() && !self.keyword && self.encodings.is_empty()
    }

    fn number(&self, value: &SigmaValue) -> Result<f64> {
        match value {
            SigmaValue::Integer(number) => Ok(*number as f64),
            SigmaValue::Float(number) => Ok(*number),
            other => other.to_string().trim().parse().map_err(|_| self.bad(value, "number")),
        }
    }

    fn expression(&self, value: &SigmaValue) -> Result<Pattern> {
        let written = value.to_string();
        let pattern =
            if self.flags.is_empty() { written.clone() } else { format!("(?{}){written}", self.flags) };
        match crate::engine::regex(&pattern) {
            Ok(_) => Ok(Pattern::Regex(pattern)),
            Err(error) => Err(LowerError::Regex {
                pattern: written,
                reason: error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
            }),
        }
    }

    fn texts(&self, text: &SigmaString) -> Result<Vec<Pattern>> {
        let how = match self.how {
            Some(how) => how,
            // A keyword is looked for anywhere in a value.
            None if self.keyword => How::Contains,
            None => How::Equals,
        };
        if self.encodings.is_empty() {
            return Ok(vec![self.text(how, pieces(text, self.windash))]);
        }
        let plain = text.as_plain().unwrap_or_else(|| text.original.clone());
        let dashed = if self.windash { dash_variants(&plain) } else { vec![plain] };
        let mut out = Vec::new();
        for plain in dashed {
            for encoded in encode(plain.into_bytes(), &self.encodings) {
                out.push(self.text(how, vec![Piece::Text(encoded)]));
            }
        }
        Ok(out)
    }

    fn text(&self, how: How, mut pieces: Vec<Piece>) -> Pattern {
        let cased = self.cased;
        if !cased {
            for piece in &mut pieces {
                if let Piece::Text(text) = piece {
                    *text = fold(text);
                }
            }
        }
        if matches!(how, How::Contains | How::EndsWith) && pieces.first() != Some(&Piece::Many) {
            pieces.insert(0, Piece::Many);
        }
        if matches!(how, How::Contains | How::StartsWith) && pieces.last() != Some(&Piece::Many) {
            pieces.push(Piece::Many);
        }
        simplest(pieces, cased)
    }
}

fn name(modifier: Modifier) -> String {
    format!("{modifier:?}").to_lowercase()
}

fn pieces(text: &SigmaString, windash: bool) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for part in &text.parts {
        match part {
            StringPart::Special(SpecialChar::WildcardMulti) => {
                if out.last() != Some(&Piece::Many) {
                    out.push(Piece::Many);
                }
            }
            StringPart::Special(SpecialChar::WildcardSingle) => out.push(Piece::One),
            StringPart::Plain(text) if windash => out.extend(dashed(text)),
            StringPart::Plain(text) => out.push(Piece::Text(text.clone())),
        }
    }
    out
}

/// Splits a text at the dashes that begin a word, as a command's flags do.
fn dashed(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut before: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if matches!(c, '-' | '/') && !before.is_some_and(word) && chars.peek().copied().is_some_and(word) {
            if !plain.is_empty() {
                out.push(Piece::Text(std::mem::take(&mut plain)));
            }
            out.push(Piece::Dash);
        } else {
            plain.push(c);
        }
        before = Some(c);
    }
    if !plain.is_empty() {
        out.push(Piece::Text(plain));
    }
    out
}

/// The texts that `windash` stands for, where they have to be written out before an encoding. The
/// same dash is used throughout: mixed ones would be 5ⁿ texts that nobody types.
fn dash_variants(text: &str) -> Vec<String> {
    let pieces = dashed(text);
    let with = |dash: char| {
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                _ => dash.to_string(),
            })
            .collect()
    };
    if pieces.contains(&Piece::Dash) {
        crate::pattern::DASHES.map(with).to_vec()
    } else {
        vec![text.to_owned()]
    }
}

/// The cheapest pattern that means the same.
fn simplest(mut pieces: Vec<Piece>, cased: bool) -> Pattern {
    let starts = pieces.first() == Some(&Piece::Many);
    let ends = pieces.last() == Some(&Piece::Many) && pieces.len() > 1;
    let (how, middle) = match (starts, ends) {
        (true, true) => (How::Contains, 1..pieces.len() - 1),
        (true, false) => (How::EndsWith, 1..pieces.len()),
        (false, true) => (How::StartsWith, 0..pieces.len() - 1),
        (false, false) => (How::Equals, 0..pieces.len()),
    };
    match &pieces[middle] {
        [] if pieces.is_empty() => Pattern::Text { how: How::Equals, text: String::new(), cased },
        [Piece::Text(text)] => Pattern::Text { how, text: text.clone(), cased },
        _ => {
            pieces.dedup_by(|a, b| *a == Piece::Many && *b == Piece::Many);
            Pattern::Glob { pieces, cased }
        }
    }
}

/// Applies the encodings in order; Base64 at an unknown offset gives three texts.
fn encode(bytes: Vec<u8>, encodings: &[Modifier]) -> Vec<String> {
    let mut bytes = bytes;
    for encoding in encodings {
        bytes = match encoding {
            Modifier::Wide => utf16(&bytes, u16::to_le_bytes),
            Modifier::Utf16be => utf16(&bytes, u16::to_be_bytes),
            Modifier::Utf16 => [vec![0xff, 0xfe], utf16(&bytes, u16::to_le_bytes)].concat(),
            Modifier::Base64 => STANDARD.encode(&bytes).into_bytes(),
            Modifier::Base64Offset => return (0..3).map(|offset| base64_at(&bytes, offset)).collect(),
            _ => bytes,
        };
    }
    vec![String::from_utf8_lossy(&bytes).into_owned()]
}

fn utf16(bytes: &[u8], order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).encode_utf16().flat_map(order).collect()
}

/// The characters of the Base64 text that depend on `bytes` alone when they stand `offset` bytes
/// (modulo 3) into the encoded data.
fn base64_at(bytes: &[u8], offset: usize) -> String {
    let padded = [vec![b' '; offset], bytes.to_vec()].concat();
    let text = STANDARD.encode(&padded);
    let start = [0, 2, 3][offset];
    let cut = [0, 3, 2][padded.len() % 3];
    text.get(start..text.len() - cut).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowered(detection: &str) -> Result<Node> {
        let yaml = format!("title: t\nlogsource:\n  product: windows\ndetection:\n{detection}\n");
        let collection = rsigma_parser::parse_sigma_yaml(&yaml).unwrap();
        assert!(collection.errors.is_empty(), "{:?}", collection.errors);
        let placeholders =
            Placeholders::from([("admins".to_owned(), vec!["ann".to_owned(), "bob".to_owned()])]);
        condition(&collection.rules[0].detection, &placeholders)
    }

    fn wanted(node: &Node) -> Vec<String> {
        match node {
            Node::All(nodes) | Node::Any(nodes) | Node::AtLeast(_, nodes) => {
                nodes.iter().flat_map(wanted).collect()
            }
            Node::Not(node) => wanted(node),
            Node::Test(test) => test.any.iter().map(Pattern::wanted).collect(),
        }
    }

    #[test]
    fn modifiers_become_patterns() {
        for (item, expected) in [
            ("Image|endswith: '\\Cmd.exe'", vec!["endswith \\cmd.exe"]),
            ("Image: '*\\cmd.exe'", vec!["endswith \\cmd.exe"]),
            ("Image|cased: Cmd", vec!["Cmd"]),
            ("CommandLine|contains|all: [a, b]", vec!["contains a", "contains b"]),
            ("CommandLine|windash|contains: ' -f'", vec!["* -f*"]),
            ("CommandLine|base64offset|contains: foo", vec!["contains zm9v", "contains zvb", "contains mb2"]),
            (
                "CommandLine|wide|base64offset|contains: ab",
                vec!["contains yqbia", "contains eayg", "contains hagia"],
            ),
            ("User|expand: '%admins%'", vec!["ann", "bob"]),
            ("Port|gte: 1024", vec!["gte 1024"]),
            ("Ip|cidr: 10.0.0.0/8", vec!["cidr 10.0.0.0/8"]),
            ("A|fieldref: B", vec!["fieldref B"]),
            ("A|re|i: '^x'", vec!["re (?i)^x"]),
            ("A|exists: false", vec!["exists false"]),
            ("A: null", vec!["null"]),
            ("Time|hour: 3", vec!["hour 3"]),
        ] {
            let node = lowered(&format!("  s:\n    {item}\n  condition: s")).unwrap();
            assert_eq!(wanted(&node), expected, "{item}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_says_why() {
        for (item, part) in [
            ("User|expand: '%nobody%'", "%nobody%"),
            ("A|re: '(?=x)'", "look-around"),
            ("A|cidr: house", "network"),
            ("A|re|contains: x", "exclude"),
            ("A|gt: many", "number"),
        ] {
            let error = lowered(&format!("  s:\n    {item}\n  condition: s")).unwrap_err();
            assert!(error.to_string().contains(part), "{item}: {error}");
        }
        let error = lowered("  s:\n    A: b\n  condition: s and t").unwrap_err();
        assert!(error.to_string().contains('t'), "{error}");
    }
}
