//! The unified audit log of Microsoft 365.
//!
//! What its records look like is said in `data/json-shapes.toml`, like for every other log of JSON
//! objects; here is what the reader of its CSV export needs, whose column `AuditData` holds the
//! record.

use model::{Event, SourceId};

use crate::Context;
use crate::json::Records;

/// Adds the fields of the record in `json` to `event`, and gives it time and log source. What was
/// read before a fault stays.
pub(crate) fn audit_record(json: &str, context: &Context<'_>, event: &mut Event) -> Result<(), String> {
    let outcome = Records::new(context).add(json, event);
    if event.source == SourceId::default() {
        // A record that is cut may lack the names by which its kind is told; its column says it.
        event.source = context.sources.named("m365-audit");
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogSources, Settings};

    fn read(json: &str) -> (Event, String, Result<(), String>) {
        let (settings, sources) = (Settings::default(), LogSources::builtin());
        let context = Context { settings: &settings, sources: &sources, modified: None, path: "export.csv" };
        let mut event = Event::default();
        event.push_str("Operations", "Set-Mailbox");
        let outcome = audit_record(json, &context, &mut event);
        let source = sources.get(event.source).to_string();
        (event, source, outcome)
    }

    #[test]
    fn the_column_of_an_export_is_a_record() {
        let (event, source, outcome) = read(
            r#"{"CreationTime":"2021-10-28T07:30:05","Operation":"Set-Mailbox","Workload":"Exchange","UserId":"a@example.org",
                "Parameters":[{"Name":"Identity","Value":"b"},{"Name":"ForwardingSmtpAddress","Value":"smtp:c@example.net"}]}"#,
        );
        assert_eq!(outcome, Ok(()));
        assert_eq!(source, "m365 / audit+exchange");
        assert_eq!(event.time.unwrap().to_string(), "2021-10-28T07:30:05Z");
        for (name, value) in [
            ("Operations", "Set-Mailbox"),
            ("Parameters.ForwardingSmtpAddress", "smtp:c@example.net"),
            ("eventName", "Set-Mailbox"),
            ("eventSource", "Exchange"),
        ] {
            assert_eq!(event.get(name).map(|value| value.text), Some(value), "{name}");
        }
    }

    #[test]
    fn a_cut_record_keeps_what_it_has() {
        let (event, source, outcome) = read(r#"{"Operation":"Set-Mailbox","UserId":"a@example.org","Par"#);
        assert!(outcome.is_err());
        assert_eq!(source, "m365 / audit");
        assert_eq!(event.get("UserId").unwrap().text, "a@example.org");
        assert_eq!(event.time, None);
    }
}
