//! The kinds of Windows events, read from `exercises/windows.toml`, and how one is composed.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::ExerciseError;
use crate::batch::Batch;
use crate::evtx_writer::{Body, Layout, Sid, ValueType, event_template, guid_bytes, put_utf16};

const FILE: &str = "windows.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    provider: BTreeMap<String, Provider>,
    event: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    name: String,
    guid: Option<String>,
    source: Option<String>,
    channel: String,
    keywords: String,
    user: Option<String>,
    #[serde(default)]
    classic: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: String,
    provider: String,
    id: u16,
    version: u8,
    level: u8,
    task: u16,
    #[serde(default)]
    opcode: u8,
    keywords: Option<String>,
    qualifiers: Option<u16>,
    channel: Option<String>,
    user_data: Option<[String; 2]>,
    #[serde(default)]
    strings: bool,
    #[serde(default)]
    fields: Vec<String>,
}

/// One kind of event.
struct Kind {
    row: Row,
    fields: Vec<(String, ValueType)>,
    /// The values that a field has unless it is set, as bytes.
    defaults: Vec<Vec<u8>>,
}

/// All kinds of events.
pub(crate) struct Catalogue {
    providers: BTreeMap<String, Provider>,
    kinds: Vec<Kind>,
    index: BTreeMap<String, u16>,
}

impl Catalogue {
    /// Reads the table that is built in.
    pub(crate) fn built_in() -> Result<Self, ExerciseError> {
        Self::parse(include_str!("../../../exercises/windows.toml"))
    }

    fn parse(text: &str) -> Result<Self, ExerciseError> {
        let table: Table = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let mut kinds = Vec::new();
        let mut index = BTreeMap::new();
        for row in table.event {
            if !table.provider.contains_key(&row.provider) {
                return Err(wrong(format!("{} names the provider {}", row.kind, row.provider)));
            }
            let mut fields = Vec::new();
            let mut defaults = Vec::new();
            for text in &row.fields {
                let (name, kind, default) = field(text).ok_or_else(|| wrong(format!("field “{text}”")))?;
                fields.push((name, kind));
                defaults.push(default);
            }
            index.insert(row.kind.clone(), kinds.len() as u16);
            kinds.push(Kind { row, fields, defaults });
        }
        Ok(Self { providers: table.provider, kinds, index })
    }

    /// The layouts of all kinds as `computer` logs them, in the order of kinds.
    pub(crate) fn layouts(&self, computer: &str) -> Vec<Layout> {
        self.kinds.iter().filter_map(|kind| self.layout(kind, computer)).collect()
    }

    fn layout(&self, kind: &Kind, computer: &str) -> Option<Layout> {
        let row = &kind.row;
        let provider = self.providers.get(&row.provider)?;
        let body = match &row.user_data {
            Some([element, namespace]) => Body::User {
                element: element.clone(),
                namespace: namespace.clone(),
                fields: kind.fields.clone(),
            },
            None if row.strings => Body::Strings,
            None => Body::Data(kind.fields.clone()),
        };
        Some(Layout {
            event: event_template(computer, provider.source.as_deref(), provider.classic),
            body: body.template(),
            provider: provider.name.clone(),
            provider_guid: provider.guid.as_deref().and_then(guid_bytes),
            channel: row.channel.clone().unwrap_or_else(|| provider.channel.clone()),
            user: provider.user.as_deref().and_then(|text| text.parse().ok()),
            id: row.id,
            qualifiers: row.qualifiers,
            version: row.version,
            level: row.level,
            opcode: row.opcode,
            task: row.task,
            keywords: hex(row.keywords.as_ref().unwrap_or(&provider.keywords)).unwrap_or(0),
        })
    }

    /// The name of a kind.
    pub(crate) fn name(&self, kind: u16) -> &str {
        self.kinds.get(usize::from(kind)).map_or("", |kind| &kind.row.kind)
    }

    /// Begins an event of the kind `name`. A kind that the table lacks becomes a fault of `out`.
    pub(crate) fn event<'a>(&'a self, out: &'a mut Batch, micros: i64, name: &str) -> Composer<'a> {
        let index = self.index.get(name).copied().unwrap_or_else(|| {
            out.fault = Some(format!("there is no event kind {name}"));
            0
        });
        let kind = &self.kinds[usize::from(index)];
        Composer {
            kind,
            index,
            micros,
            out,
            values: Vec::with_capacity(512),
            slots: [(0, 0); SLOTS],
            next: 0,
        }
    }
}

/// The most fields that any kind has.
const SLOTS: usize = 32;

/// A value for a field.
pub(crate) enum Field<'a> {
    /// Text.
    Text(&'a str),
    /// A number of whatever width the field has.
    Number(u64),
    /// A security identifier.
    Sid(&'a Sid),
    /// A GUID.
    Guid(uuid::Uuid),
    /// Several texts.
    Texts(&'a [&'a str]),
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Field<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Sid> for Field<'a> {
    fn from(sid: &'a Sid) -> Self {
        Self::Sid(sid)
    }
}

impl<'a> From<&'a [&'a str]> for Field<'a> {
    fn from(texts: &'a [&'a str]) -> Self {
        Self::Texts(texts)
    }
}

impl From<u64> for Field<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<uuid::Uuid> for Field<'_> {
    fn from(guid: uuid::Uuid) -> Self {
        Self::Guid(guid)
    }
}

/// An event whose fields are being set.
#[must_use = "an event is added by `done`"]
pub(crate) struct Composer<'a> {
    kind: &'a Kind,
    index: u16,
    micros: i64,
    out: &'a mut Batch,
    values: Vec<u8>,
    /// Where the value of each field lies, one past the start so that nought is “not set”.
    slots: [(u32, u32); SLOTS],
    next: usize,
}

impl Composer<'_> {
    /// Sets a field. Fields set in their order in the table are found at once; one that the kind
    /// lacks, or that has another type, becomes a fault of the batch.
    pub(crate) fn set<'v>(mut self, name: &str, value: impl Into<Field<'v>>) -> Self {
        let fields = &self.kind.fields;
        let found = (self.next..fields.len()).chain(0..self.next).find(|at| fields[*at].0 == name);
        let Some(at) = found else {
            self.out.fault = Some(format!("{} has no field {name}", self.kind.row.kind));
            return self;
        };
        self.next = at + 1;
        let start = self.values.len();
        if !encode(&mut self.values, fields[at].1, &value.into()) {
            self.out.fault = Some(format!("{} {name} is of another type", self.kind.row.kind));
        }
        self.slots[at] = (start as u32 + 1, (self.values.len() - start) as u32);
        self
    }

    /// Adds the event, logged by process 4 or whatever `process` and `thread` say.
    pub(crate) fn done_by(self, process: u32, thread: u32) {
        let start = self.out.bytes.len();
        let bytes = &mut self.out.bytes;
        bytes.extend_from_slice(&process.to_le_bytes());
        bytes.extend_from_slice(&thread.to_le_bytes());
        bytes.extend_from_slice(&(self.kind.fields.len() as u32).to_le_bytes());
        let value = |at: usize| match self.slots[at] {
            (0, _) => self.kind.defaults[at].as_slice(),
            (from, len) => &self.values[from as usize - 1..(from - 1 + len) as usize],
        };
        for (at, (_, kind)) in self.kind.fields.iter().enumerate() {
            bytes.extend_from_slice(&(value(at).len() as u16).to_le_bytes());
            bytes.extend_from_slice(&[kind.code(), 0]);
        }
        for at in 0..self.kind.fields.len() {
            bytes.extend_from_slice(value(at));
        }
        self.out.close(start, self.micros, self.index);
    }

    /// Adds the event.
    pub(crate) fn done(self) {
        let thread = 100 + (self.micros / 977 % 1200) as u32 * 4;
        let process = if self.kind.row.id >= 5140 || self.kind.row.id == 4663 { 4 } else { 652 };
        self.done_by(process, thread);
    }
}

fn encode(out: &mut Vec<u8>, kind: ValueType, value: &Field<'_>) -> bool {
    match (kind, value) {
        (ValueType::Str, Field::Text(text)) => put_utf16(out, text),
        (ValueType::Sid, Field::Sid(sid)) => out.extend_from_slice(sid.as_bytes()),
        (ValueType::Guid, Field::Guid(guid)) => out.extend_from_slice(&guid.to_bytes_le()),
        (ValueType::Strings, Field::Texts(texts)) => texts.iter().for_each(|text| {
            put_utf16(out, text);
            out.extend_from_slice(&[0, 0]);
        }),
        (kind, Field::Number(number)) => match kind.width() {
            Some(width) => out.extend_from_slice(&number.to_le_bytes()[..width]),
            None => return false,
        },
        _ => return false,
    }
    true
}

fn field(text: &str) -> Option<(String, ValueType, Vec<u8>)> {
    let mut parts = text.splitn(3, ' ');
    let name = parts.next()?;
    let kind: ValueType = parts.next()?.parse().ok()?;
    let text = parts.next().unwrap_or_default();
    let mut bytes = Vec::new();
    match kind {
        ValueType::Str => put_utf16(&mut bytes, text),
        ValueType::Sid => bytes.extend_from_slice(text.parse::<Sid>().ok()?.as_bytes()),
        ValueType::Guid => bytes.extend_from_slice(&guid_bytes(text)?),
        ValueType::Strings => {}
        kind => bytes.extend_from_slice(&hex(text)?.to_le_bytes()[..kind.width()?]),
    }
    Some((name.to_owned(), kind, bytes))
}

fn hex(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn wrong(what: String) -> ExerciseError {
    ExerciseError::Data { file: FILE, what }
}

#[cfg(test)]
mod tests {
    use evtx::{EvtxParser, ParserSettings};
    use serde_json::Value;

    use super::*;
    use crate::evtx_writer::{EvtxWriter, Record};

    /// A value for a field, and how it reads in JSON.
    fn sample(kind: ValueType, at: usize) -> (Field<'static>, Value) {
        const SID: &str = "S-1-5-21-1-2-3-1104";
        match kind {
            ValueType::Str => {
                (Field::Text("Grüße, \\\\*\\share\r\n\t<&>"), "Grüße, \\\\*\\share\r\n\t<&>".into())
            }
            ValueType::Sid => {
                let sid: &'static Sid = Box::leak(Box::new(SID.parse().unwrap()));
                (Field::Sid(sid), SID.into())
            }
            ValueType::Guid => {
                let guid = uuid::Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cd00 + at as u128);
                (Field::Guid(guid), guid.braced().to_string().into())
            }
            ValueType::Hex32 | ValueType::Hex64 => {
                (Field::Number(0x1f_0000 + at as u64), format!("0x{:x}", 0x1f_0000 + at).into())
            }
            ValueType::Bool => (Field::Number(1), true.into()),
            ValueType::Strings => (Field::Texts(&["one", "two", ""]), Value::Null),
            _ => (Field::Number(100 + at as u64), (100 + at).into()),
        }
    }

    fn written(catalogue: &Catalogue) -> (Vec<u8>, Batch) {
        let layouts = catalogue.layouts("host.example");
        let mut batch = Batch::default();
        for (number, kind) in catalogue.kinds.iter().enumerate() {
            let micros = 1_629_796_327_123_456 + number as i64;
            let mut event = catalogue.event(&mut batch, micros, &kind.row.kind);
            for (at, (name, kind)) in kind.fields.iter().enumerate() {
                event = event.set(name, sample(*kind, at).0);
            }
            event.done();
        }
        let mut log = EvtxWriter::new(77);
        for (number, entry) in batch.entries.iter().enumerate() {
            let layout = &layouts[usize::from(entry.kind)];
            let values = &batch.payload(entry)[8..];
            let record = Record { micros: entry.micros, process: 4, thread: 8, layout, values };
            assert_eq!(log.push(&record).unwrap(), 77 + number as u64);
        }
        (log.finish(), batch)
    }

    #[test]
    fn every_kind_reads_back_with_every_field() {
        let catalogue = Catalogue::built_in().unwrap();
        let (bytes, batch) = written(&catalogue);
        assert_eq!(batch.fault, None);
        let settings = ParserSettings::default().validate_checksums(true);
        let mut parser = EvtxParser::from_buffer(bytes).unwrap().with_configuration(settings);
        assert!(parser.header().validate_checksum());
        let records: Vec<_> = parser.records_json_value().map(Result::unwrap).collect();
        assert_eq!(records.len(), catalogue.kinds.len());
        for (kind, record) in catalogue.kinds.iter().zip(&records) {
            let event = &record.data["Event"];
            let system = &event["System"];
            assert_eq!(system["EventRecordID"], record.event_record_id);
            assert_eq!(system["Computer"], "host.example");
            let id = system["EventID"].get("#text").unwrap_or(&system["EventID"]);
            assert_eq!(id, kind.row.id, "{}", kind.row.kind);
            if kind.row.strings {
                assert_eq!(
                    event["EventData"]["Data"]["#text"],
                    serde_json::json!(["one", "two", ""]),
                    "{}",
                    kind.row.kind
                );
                continue;
            }
            let data = match &kind.row.user_data {
                Some([element, _]) => &event["UserData"][element],
                None => &event["EventData"],
            };
            for (at, (name, value)) in kind.fields.iter().enumerate() {
                assert_eq!(data[name], sample(*value, at).1, "{} {name}", kind.row.kind);
            }
        }
    }

    #[test]
    fn a_wrong_name_or_type_is_a_fault() {
        let catalogue = Catalogue::built_in().unwrap();
        let mut batch = Batch::default();
        catalogue.event(&mut batch, 0, "security-4624").set("NoSuchField", "x").done();
        assert_eq!(batch.fault.take().unwrap(), "security-4624 has no field NoSuchField");
        catalogue.event(&mut batch, 0, "security-4624").set("LogonType", "x").done();
        assert_eq!(batch.fault.take().unwrap(), "security-4624 LogonType is of another type");
    }

    #[test]
    fn a_table_that_does_not_hold_together_is_refused() {
        let text = "[provider.a]\nname='A'\nchannel='C'\nkeywords='0x0'\n\n[[event]]\nkind='x'\nprovider='b'\nid=1\nversion=0\nlevel=0\ntask=0";
        assert!(Catalogue::parse(text).is_err());
        let text = text.replace("provider='b'", "provider='a'\nfields=['Name kind']");
        assert!(Catalogue::parse(&text).is_err());
    }
}
