//! Zeek's own format: columns between tabs under a header of lines that begin with `#`.
//!
//! The header names the separators and columns, and may come again within a file when logs were
//! joined. Records get the same names, times and log sources as Zeek's JSON.

use std::io::BufRead;

use model::{Event, Kind, Problem};

use crate::json::Records;
use crate::text::{Line, Lines};
use crate::{Collector, Context};

/// Whether a text that begins like `head` is a log in Zeek's own format.
pub(crate) fn recognise(head: &str) -> bool {
    head.trim_start_matches('\u{FEFF}').starts_with("#separator ")
}

/// Reads every record of `input`.
pub(crate) fn read(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut lines = Lines::new(input);
    let mut records = Records::new(context);
    let mut header = Header::default();
    let mut event = Event::default();
    while let Some(line) = lines.next(out) {
        if let Some(directive) = line.text.strip_prefix('#') {
            header.learn(directive);
        } else if !line.text.is_empty() {
            header.record(&line, &mut event, out);
            records.settle(&mut event);
            out.event(&mut event);
        }
    }
}

/// What the lines before the records say.
#[derive(Debug)]
struct Header {
    separator: char,
    set_separator: String,
    empty: String,
    unset: String,
    path: String,
    columns: Vec<Column>,
}

impl Default for Header {
    /// What Zeek writes where nothing else is set.
    fn default() -> Self {
        Self {
            separator: '\t',
            set_separator: ",".to_owned(),
            empty: "(empty)".to_owned(),
            unset: "-".to_owned(),
            path: String::new(),
            columns: Vec::new(),
        }
    }
}

#[derive(Debug)]
struct Column {
    name: String,
    kind: Kind,
    /// Whether it holds several values.
    many: bool,
}

impl Header {
    fn learn(&mut self, directive: &str) {
        if let Some(separator) = directive.strip_prefix("separator ") {
            self.separator = unescape(separator).unwrap_or('\t');
            return;
        }
        let mut parts = directive.split(self.separator);
        let (name, mut values) = (parts.next().unwrap_or_default(), parts);
        match name {
            "set_separator" => self.set_separator = values.next().unwrap_or(",").to_owned(),
            "empty_field" => self.empty = values.next().unwrap_or("(empty)").to_owned(),
            "unset_field" => self.unset = values.next().unwrap_or("-").to_owned(),
            "path" => self.path = values.next().unwrap_or_default().to_owned(),
            "fields" => {
                let column = |name: &str| Column { name: name.to_owned(), kind: Kind::Str, many: false };
                self.columns = values.map(column).collect();
            }
            "types" => {
                for (column, kind) in self.columns.iter_mut().zip(values) {
                    let (many, kind) = element_of(kind);
                    *column = Column { name: std::mem::take(&mut column.name), kind: kind_of(kind), many };
                }
            }
            _ => {}
        }
    }

    fn record(&self, line: &Line<'_>, event: &mut Event, out: &mut dyn Collector) {
        event.clear();
        event.record = line.number;
        event.offset = line.offset;
        event.push_str("_path", &self.path);
        let mut columns = self.columns.iter();
        let mut surplus = 0;
        for value in line.text.split(self.separator) {
            match columns.next() {
                Some(column) => self.push(column, value, event),
                None => surplus += 1,
            }
        }
        let missing = columns.count();
        if surplus + missing > 0 {
            let what =
                format!("{surplus} values too many and {missing} too few for the columns of the header");
            out.problem(Problem::new(line.place(), what));
        }
    }

    fn push(&self, column: &Column, value: &str, event: &mut Event) {
        if value == self.unset {
            return;
        }
        if value == self.empty {
            return event.push_null(&column.name);
        }
        if column.many && !self.set_separator.is_empty() {
            for element in value.split(&self.set_separator) {
                event.push_str_kind(&column.name, column.kind, element);
            }
        } else {
            event.push_str_kind(&column.name, column.kind, value);
        }
    }
}

/// Whether `kind` is of several values, and the kind of each.
fn element_of(kind: &str) -> (bool, &str) {
    let inner = kind.strip_prefix("set[").or_else(|| kind.strip_prefix("vector["));
    inner.and_then(|inner| inner.strip_suffix(']')).map_or((false, kind), |inner| (true, inner))
}

fn kind_of(kind: &str) -> Kind {
    match kind {
        "count" | "int" | "port" => Kind::Int,
        "time" | "interval" | "double" => Kind::Float,
        "bool" => Kind::Bool,
        _ => Kind::Str,
    }
}

/// The character of `\x09`, or of a separator that stands for itself.
fn unescape(text: &str) -> Option<char> {
    match text.strip_prefix("\\x") {
        Some(digits) => u32::from_str_radix(digits.get(..2)?, 16).ok().and_then(char::from_u32),
        None => text.chars().next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::w3c::probe::{expect, probe, source, time, torment};

    const LOG: &str = concat!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#open\t2021-12-01-00-00-00\n",
        "#fields\tts\tuid\tid.orig_h\tid.resp_p\tquery\tanswers\tTTLs\trejected\n",
        "#types\ttime\tstring\taddr\tport\tstring\tvector[string]\tvector[interval]\tbool\n",
        "1638316800.250000\tC1\t10.0.0.1\t53\ta.example\t192.0.2.1,192.0.2.2\t60.0,60.0\tF\n",
        "1638316801.000000\tC2\t10.0.0.1\t53\t-\t(empty)\t-\tT\n",
        "1638316802.000000\tC3\t10.0.0.1\n",
        "#close\t2021-12-01-01-00-00\n",
    );

    #[test]
    fn records_have_the_names_of_the_header() {
        let found = probe(read, LOG.as_bytes());
        assert_eq!((found.events.len(), found.problems.len()), (3, 1));
        let first = &found.events[0];
        assert_eq!(
            (first.record, time(first).as_str(), source(first).as_str()),
            (9, "2021-12-01T00:00:00.25Z", "zeek / dns / dns")
        );
        expect(
            first,
            &[
                ("uid", "C1"),
                ("id.resp_p", "53"),
                ("query", "a.example"),
                ("answers", "192.0.2.1 | 192.0.2.2"),
                ("answer", "192.0.2.1 | 192.0.2.2"),
                ("TTLs", "60.0 | 60.0"),
                ("rejected", "F"),
            ],
        );
        expect(&found.events[1], &[("query", ""), ("answers", "∅"), ("rejected", "T")]);
        assert_eq!(found.problems[0].place, model::Place::Line(11));
    }

    #[test]
    fn damage_does_not_matter_to_the_reader() {
        torment(read, LOG.as_bytes());
        let joined = format!("{LOG}{LOG}");
        assert_eq!(probe(read, joined.as_bytes()).events.len(), 6);
    }

    #[test]
    fn only_its_own_header_is_recognised() {
        assert!(recognise(LOG));
        assert!(!recognise("#Fields: date time\n"));
        assert!(!recognise("#separated by nothing"));
    }
}
