//! Templates of Binary XML: the shape of an event, of which each record carries the values.

use uuid::Uuid;

use super::value::ValueType;

/// A token of a template definition (MS-EVEN6, section 2.2.12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Start of an element.
    Open { name: String, attributes: bool },
    /// An attribute's name; its value follows.
    Attribute { name: String, last: bool },
    /// Literal text.
    Text(String),
    /// The value of that number, left out together with its attribute where it is null.
    Value { index: u16, kind: ValueType },
    /// End of a start tag whose element has content.
    Begin,
    /// End of an element without content.
    Empty,
    /// End of an element.
    End,
}

/// A template definition. Every chunk that uses it holds a copy.
#[derive(Clone, Debug)]
pub struct Template {
    pub(super) guid: [u8; 16],
    pub(super) tokens: Vec<Token>,
    /// The most bytes that its definition can take, every name written out.
    pub(super) most: usize,
}

impl Template {
    fn new(tokens: Vec<Token>) -> Self {
        let identity = format!("{tokens:?}");
        let guid = Uuid::new_v5(&Uuid::NAMESPACE_OID, identity.as_bytes()).to_bytes_le();
        let most = 24 + 8 + tokens.iter().map(most_bytes).sum::<usize>();
        Self { guid, tokens, most }
    }

    /// What instances call it by: the first part of its GUID.
    pub(super) const fn id(&self) -> u32 {
        u32::from_le_bytes([self.guid[0], self.guid[1], self.guid[2], self.guid[3]])
    }
}

fn most_bytes(token: &Token) -> usize {
    const NAME: usize = 4 + 10;
    match token {
        Token::Open { name, .. } => 11 + NAME + name.len() * 2,
        Token::Attribute { name, .. } => 1 + NAME + name.len() * 2,
        Token::Text(text) => 4 + text.len() * 2,
        Token::Value { .. } => 4,
        Token::Begin | Token::Empty | Token::End => 1,
    }
}

/// How the provider-specific part of an event is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// `<EventData><Data Name="…">` for each field.
    Data(Vec<(String, ValueType)>),
    /// `<EventData><Data>` for each of several unnamed texts, as classic sources write.
    Strings,
    /// `<UserData><element xmlns="…">` with an element for each field.
    User {
        /// Name of the element within `UserData`.
        element: String,
        /// Its namespace.
        namespace: String,
        /// The fields within.
        fields: Vec<(String, ValueType)>,
    },
}

impl Body {
    /// The template that goes with it.
    pub fn template(&self) -> Template {
        let mut tokens = Vec::new();
        match self {
            Self::Data(fields) => {
                element(&mut tokens, "EventData", |tokens| {
                    for (index, (name, kind)) in fields.iter().enumerate() {
                        open(tokens, "Data", &[("Name", Source::Text(name))], true);
                        tokens.push(Token::Value { index: index as u16, kind: *kind });
                        tokens.push(Token::End);
                    }
                });
            }
            Self::Strings => element(&mut tokens, "EventData", |tokens| {
                element(tokens, "Data", |tokens| {
                    tokens.push(Token::Value { index: 0, kind: ValueType::Strings });
                });
            }),
            Self::User { element: name, namespace, fields } => {
                element(&mut tokens, "UserData", |tokens| {
                    open(tokens, name, &[("xmlns", Source::Text(namespace))], true);
                    for (index, (name, kind)) in fields.iter().enumerate() {
                        element(tokens, name, |tokens| {
                            tokens.push(Token::Value { index: index as u16, kind: *kind });
                        });
                    }
                    tokens.push(Token::End);
                });
            }
        }
        Template::new(tokens)
    }
}

/// Where an attribute's value comes from.
enum Source<'a> {
    Text(&'a str),
    Value(u16, ValueType),
}

fn open(tokens: &mut Vec<Token>, name: &str, attributes: &[(&str, Source<'_>)], content: bool) {
    tokens.push(Token::Open { name: name.to_owned(), attributes: !attributes.is_empty() });
    for (number, (attribute, source)) in attributes.iter().enumerate() {
        let last = number + 1 == attributes.len();
        tokens.push(Token::Attribute { name: (*attribute).to_owned(), last });
        tokens.push(match source {
            Source::Text(text) => Token::Text((*text).to_owned()),
            Source::Value(index, kind) => Token::Value { index: *index, kind: *kind },
        });
    }
    tokens.push(if content { Token::Begin } else { Token::Empty });
}

fn element(tokens: &mut Vec<Token>, name: &str, content: impl FnOnce(&mut Vec<Token>)) {
    open(tokens, name, &[], true);
    content(tokens);
    tokens.push(Token::End);
}

/// Numbers of the values of the `System` part, as Windows numbers them.
pub(super) const SYSTEM_VALUES: u32 = 18;

/// The template of a whole event: `System`, and the provider's part as value 17.
pub fn event_template(computer: &str, source: Option<&str>, classic: bool) -> Template {
    use Source::Value;
    use ValueType::{FileTime, Fragment, Guid, Hex64, Sid, Str, U8, U16, U32, U64};
    let mut tokens = Vec::new();
    let xmlns = [("xmlns", Source::Text("http://schemas.microsoft.com/win/2004/08/events/event"))];
    open(&mut tokens, "Event", &xmlns, true);
    element(&mut tokens, "System", |tokens| {
        let mut provider = vec![("Name", Value(14, Str))];
        if !classic {
            provider.push(("Guid", Value(15, Guid)));
        }
        if let Some(source) = source {
            provider.push(("EventSourceName", Source::Text(source)));
        }
        open(tokens, "Provider", &provider, false);
        open(tokens, "EventID", &[("Qualifiers", Value(4, U16))], true);
        tokens.extend([Token::Value { index: 3, kind: U16 }, Token::End]);
        let simple = |tokens: &mut Vec<Token>, name: &str, index: u16, kind: ValueType| {
            element(tokens, name, |tokens| tokens.push(Token::Value { index, kind }));
        };
        if !classic {
            simple(tokens, "Version", 11, U8);
        }
        simple(tokens, "Level", 0, U8);
        simple(tokens, "Task", 2, U16);
        if !classic {
            simple(tokens, "Opcode", 1, U8);
        }
        simple(tokens, "Keywords", 5, Hex64);
        open(tokens, "TimeCreated", &[("SystemTime", Value(6, FileTime))], false);
        simple(tokens, "EventRecordID", 10, U64);
        if !classic {
            open(
                tokens,
                "Correlation",
                &[("ActivityID", Value(7, Guid)), ("RelatedActivityID", Value(13, Guid))],
                false,
            );
            open(tokens, "Execution", &[("ProcessID", Value(8, U32)), ("ThreadID", Value(9, U32))], false);
        }
        simple(tokens, "Channel", 16, Str);
        element(tokens, "Computer", |tokens| tokens.push(Token::Text(computer.to_owned())));
        open(tokens, "Security", &[("UserID", Value(12, Sid))], false);
    });
    tokens.push(Token::Value { index: 17, kind: Fragment });
    tokens.push(Token::End);
    Template::new(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_of_one_shape_have_one_guid() {
        let fields = vec![("param1".to_owned(), ValueType::Str)];
        let first = Body::Data(fields.clone()).template();
        assert_eq!(first.guid, Body::Data(fields).template().guid);
        assert_ne!(first.guid, Body::Strings.template().guid);
        assert_ne!(
            event_template("a.example", None, false).guid,
            event_template("b.example", None, false).guid
        );
    }
}
