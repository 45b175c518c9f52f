//! The unified audit log of Microsoft 365.
//!
//! What its records look like is said in `data/json-shapes.toml`, like for every other log of JSON
//! objects; here is what the reader of its CSV export needs, whose column `AuditData` holds the
//! record.

use model::Event;

use crate::Context;
use crate::json::Records;

/// Adds the fields of the record in `json` to `event`, and gives it time and log source. What was
/// read before a fault stays.
pub(crate) fn audit_record(json: &str, context: &Context<'_>, event: &mut Event) -> Result<(), String> {
    Records::new(context).add(json, event)
}
