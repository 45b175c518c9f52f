//! XML without entities: elements, attributes and text, in order.

use std::borrow::Cow;

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// What stands in a document, in order.
pub(super) enum Item<'a> {
    /// An element begins.
    Open(Element<'a>),
    /// An element with this name ends.
    Close(&'a str),
    /// Text.
    Text(Cow<'a, str>),
}

/// An element.
pub(super) struct Element<'a> {
    start: &'a BytesStart<'a>,
}

impl Element<'_> {
    /// Its name without the namespace.
    pub(super) fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    /// Its attributes: name without the namespace, value.
    pub(super) fn attributes(&self) -> Vec<(&str, Cow<'_, str>)> {
        let mut all = self.start.attributes();
        let attributes = all.with_checks(false).filter_map(Result::ok);
        attributes
            .map(|attribute| (attribute.key.local_name().into_inner(), decoded(attribute.value)))
            .collect()
    }

    /// The value of the attribute `name`, whatever its namespace.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut all = self.start.attributes();
        let mut attributes = all.with_checks(false).filter_map(Result::ok);
        let found = attributes.find(|attribute| attribute.key.local_name().into_inner() == name)?;
        Some(decoded(found.value))
    }
}

/// A value with XML's own entities in the clear. Any other stays as it is written: nothing is expanded.
fn decoded(value: Cow<'_, str>) -> Cow<'_, str> {
    if !value.contains('&') {
        return value;
    }
    let clear = unescape(&value).map(Cow::into_owned);
    clear.map_or(value, Cow::Owned)
}

/// Hands what stands in `text` to `see`. Ends at the first thing that is no XML. Whether entities are
/// declared.
pub(super) fn read(text: &str, mut see: impl FnMut(Item<'_>)) -> bool {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut entities = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => see(Item::Open(Element { start: &start })),
            Ok(Event::Empty(start)) => {
                see(Item::Open(Element { start: &start }));
                see(Item::Close(start.local_name().into_inner()));
            }
            Ok(Event::End(end)) => see(Item::Close(end.local_name().into_inner())),
            Ok(Event::Text(text)) => see(Item::Text(text.into_inner())),
            Ok(Event::CData(text)) => see(Item::Text(text.into_inner())),
            Ok(Event::GeneralRef(name)) => {
                let decoded = match name.resolve_char_ref() {
                    Ok(Some(one)) => one.to_string(),
                    _ => unescape(&format!("&{};", &*name)).map_or_else(|_| String::new(), Cow::into_owned),
                };
                see(Item::Text(decoded.into()));
            }
            Ok(Event::DocType(text)) => entities |= text.contains("<!ENTITY"),
            Ok(Event::Eof) | Err(_) => return entities,
            Ok(_) => {}
        }
    }
}

/// Bytes of XML or HTML as text: by their mark, by how they begin, else UTF-8.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [b'<', 0, ..] => UTF_16LE.decode_without_bom_handling(bytes).0,
        [0, b'<', ..] => UTF_16BE.decode_without_bom_handling(bytes).0,
        _ => UTF_8.decode(bytes).0,
    }
}
