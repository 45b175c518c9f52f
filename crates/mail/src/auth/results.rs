//! `Authentication-Results` fields (RFC 8601), as servers really write them.

use super::arc::fields;

/// Bytes of one field that are read, and results that are kept of it.
const BYTES: usize = 16 << 10;
const RESULTS: usize = 64;
const PROPERTIES: usize = 16;

/// One field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Results {
    /// The name of the server that speaks, in lower case; empty where a field names none, as those of
    /// one large provider do.
    pub(crate) server: String,
    /// What it says, in order.
    pub(crate) all: Vec<One>,
}

/// One method's result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct One {
    /// `spf`, `dkim`, `dmarc`, `arc`, …, in lower case.
    pub(crate) method: String,
    /// `pass`, `fail`, …, in lower case.
    pub(crate) result: String,
    /// `header.d`, `smtp.mailfrom`, …, in lower case, with their values.
    pub(crate) properties: Vec<(String, String)>,
    /// What stands in parentheses.
    pub(crate) comment: String,
}

impl One {
    pub(crate) fn get(&self, names: &[&str]) -> Option<&str> {
        let found = |name: &&str| self.properties.iter().find(|(found, _)| found == name);
        names.iter().find_map(found).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Comment(String),
    Equals,
    Slash,
    End,
}

/// Reads the value of a field. Junk is passed over; what can be read counts.
pub(crate) fn parse(value: &[u8]) -> Results {
    let text = String::from_utf8_lossy(&value[..value.len().min(BYTES)]);
    let tokens = tokens(&text);
    let mut results = Results::default();
    let mut parts = tokens.split(|token| *token == Token::End);
    // The first part is the server and perhaps a version, unless it is a result already.
    let first = parts.next().unwrap_or_default();
    if first.contains(&Token::Equals) {
        results.all.extend(one(first));
    } else if let Some(Token::Word(server)) = first.iter().find(|token| matches!(token, Token::Word(_))) {
        results.server = server.to_ascii_lowercase();
    }
    results.all.extend(parts.filter_map(one).take(RESULTS));
    results
}

/// Words, comments and signs. Each character is looked at once.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(found) = rest.next() {
        match found {
            ';' => tokens.push(Token::End),
            '=' => tokens.push(Token::Equals),
            '/' => tokens.push(Token::Slash),
            '(' => {
                let mut comment = String::new();
                let mut depth = 1;
                while let Some(found) = rest.next() {
                    match found {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        '\\' => {
                            comment.extend(rest.next());
                            continue;
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                    comment.push(found);
                }
                tokens.push(Token::Comment(comment));
            }
            '"' => {
                let mut word = String::new();
                while let Some(found) = rest.next() {
                    match found {
                        '"' => break,
                        '\\' => word.extend(rest.next()),
                        _ => word.push(found),
                    }
                }
                // A quoted local part goes on with its domain.
                while let Some(next) =
                    rest.next_if(|next| !next.is_whitespace() && !matches!(next, ';' | '(' | '"' | '='))
                {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            found if found.is_whitespace() || found.is_control() => {}
            found => {
                let mut word = String::from(found);
                // A value may hold slashes and equals signs (base64, addresses of lists); a name not.
                let value = tokens.last() == Some(&Token::Equals);
                while let Some(&next) = rest.peek() {
                    let ends = next.is_whitespace() || matches!(next, ';' | '(' | '"');
                    if ends || !value && matches!(next, '=' | '/') {
                        break;
                    }
                    word.push(next);
                    rest.next();
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    tokens
}

/// `method [/ version] = result`, then properties.
fn one(tokens: &[Token]) -> Option<One> {
    let mut one = One::default();
    let mut name: Option<&str> = None;
    let mut last: Option<&str> = None;
    let mut equals = false;
    for token in tokens {
        match token {
            Token::Comment(comment) => {
                if !one.comment.is_empty() {
                    one.comment.push(' ');
                }
                one.comment.push_str(comment);
            }
            Token::Slash => name = last.take().or(name),
            Token::Equals => {
                // With a version before the sign, the method is what stood before the slash.
                name = name.or(last);
                equals = true;
            }
            Token::Word(word) if equals => {
                let known = name.take().unwrap_or_default().to_ascii_lowercase();
                if one.method.is_empty() {
                    one.method = known;
                    one.result = word.to_ascii_lowercase();
                } else if one.properties.len() < PROPERTIES {
                    one.properties.push((known, word.clone()));
                }
                (equals, last) = (false, None);
            }
            Token::Word(word) => last = Some(word),
            Token::End => {}
        }
    }
    let plain = one.method.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (!one.method.is_empty() && plain && !one.result.is_empty()).then_some(one)
}

/// What a message's own fields of the server `authserv_id` say, joined into the value of one field, as
/// a sealer that stands behind that server repeats it (RFC 8617, section 4.1.1). Empty where there are
/// none.
pub fn of_own(raw: &[u8], authserv_id: &str) -> String {
    let (all, _) = fields::split(raw);
    let mut joined = String::new();
    for field in all.iter().filter(|field| field.is("Authentication-Results")) {
        if field.value.len() > BYTES || !parse(field.value).server.eq_ignore_ascii_case(authserv_id) {
            continue;
        }
        let text = String::from_utf8_lossy(field.value);
        let Some((server, rest)) = text.split_once(';') else { continue };
        let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        let rest = rest.trim_end_matches(';').trim_end();
        if rest.is_empty() {
            continue;
        }
        if joined.is_empty() {
            joined.push_str(server.trim());
        }
        joined.push_str("; ");
        joined.push_str(rest);
    }
    joined
}
