use serde::{Deserialize, Serialize};

/// An index into the table of log sources; 0 is “unknown”.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceId(pub u16);

/// What kind of log a record is of, in the words of a Sigma rule's `logsource`.
///
/// One record may belong to several categories or services: a Sysmon event 13 is both
/// `registry_set` and `registry_event`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSource {
    /// `windows`, `linux`, `m365`, ...; `None` for records of unknown origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// `process_creation`, `webserver`, ...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
    /// `security`, `sysmon`, `auditd`, ...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<String>,
}

impl LogSource {
    /// Whether a rule that asks for these applies to records of this source. What the rule leaves
    /// out does not matter (Sigma specification, “Log source”).
    pub fn serves(&self, product: Option<&str>, category: Option<&str>, service: Option<&str>) -> bool {
        product.is_none_or(|wanted| self.product.as_deref() == Some(wanted))
            && category.is_none_or(|wanted| self.category.iter().any(|c| c == wanted))
            && service.is_none_or(|wanted| self.service.iter().any(|s| s == wanted))
    }
}

impl std::fmt::Display for LogSource {
    /// `product / category / service`, leaving out what is not known.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = [
            self.product.clone(),
            (!self.category.is_empty()).then(|| self.category.join("+")),
            (!self.service.is_empty()).then(|| self.service.join("+")),
        ]
        .into_iter()
        .flatten()
        .collect();
        f.write_str(if parts.is_empty() { "unknown" } else { "" })?;
        f.write_str(&parts.join(" / "))
    }
}
