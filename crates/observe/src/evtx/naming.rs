//! Names of facts: which field of an event an element or attribute of the XML becomes.
//!
//! Both ways of reading a record, by its template and through JSON, ask here, so that a fact has
//! one name however it was read.

/// Where in an event's XML a stream of BinXML stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The whole record.
    Document,
    /// Directly within `Event`.
    Event,
    /// Directly within `System`.
    System,
    /// Directly within `EventData`.
    EventData,
    /// Directly within `UserData`.
    UserData,
    /// Directly within the one element that `UserData` holds.
    UserElement,
}

impl Place {
    /// The place directly within the element at `path`, which names the elements below `Event`;
    /// `None` deeper down.
    pub(super) fn within(path: &[String]) -> Option<Self> {
        match path {
            [] => Some(Self::Event),
            [section] if section == "System" => Some(Self::System),
            [section] if section == "EventData" => Some(Self::EventData),
            [section] if section == "UserData" => Some(Self::UserData),
            [section, _] if section == "UserData" => Some(Self::UserElement),
            _ => None,
        }
    }

    /// The names of the elements below `Event` that it stands in.
    pub(super) const fn path(self) -> &'static [&'static str] {
        match self {
            Self::Document | Self::Event => &[],
            Self::System => &["System"],
            Self::EventData => &["EventData"],
            Self::UserData => &["UserData"],
            Self::UserElement => &["UserData", "*"],
        }
    }
}

/// What a fact is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// The name that rules use.
    pub(super) name: String,
    /// Further names.
    pub(super) also: Vec<String>,
}

/// Whether the element at `path` holds a datum of the event: a child `Data` of `EventData` or
/// `UserData`, which stands for itself even when empty.
pub(super) fn is_datum(path: &[String]) -> bool {
    matches!(path, [section, element] if (section == "EventData" || section == "UserData") && element == "Data")
}

/// The names of the text of the element at `path` (the elements below `Event`), or of its
/// attribute; `None` for what is no fact.
pub(super) fn names(path: &[String], attribute: Option<&str>) -> Option<Names> {
    let ([section, ..], [.., leaf]) = (path, path) else { return None };
    if attribute.is_some_and(|name| name == "xmlns" || name.starts_with("xmlns:")) {
        return None;
    }
    if is_datum(path) && attribute.is_some() {
        return None;
    }
    // How many leading names say nothing: the section, and in `UserData` its one element.
    let known = match section.as_str() {
        "System" if path.len() == 1 => return None,
        "System" | "EventData" => 1,
        "UserData" => 2,
        _ => 0,
    };
    let of = |element: &str| match attribute {
        Some("Qualifiers") if element == "EventID" => "Qualifiers".to_owned(),
        Some(attribute) => format!("{element}_{attribute}"),
        None => element.to_owned(),
    };
    let dotted = || of(&path[known.min(path.len() - 1)..].join("."));
    let mut names = if known == 0 {
        Names { name: dotted(), also: Vec::new() }
    } else {
        let also = if path.len() > known + 1 { vec![dotted()] } else { Vec::new() };
        Names { name: of(leaf), also }
    };
    if section == "RenderingInfo" && leaf == "Message" && attribute.is_none() {
        names.also.push(leaf.clone());
    }
    Some(names.without_blanks())
}

/// The names of a `Data` element that is called `name`.
pub(super) fn datum(name: &str) -> Names {
    Names { name: name.to_owned(), also: Vec::new() }.without_blanks()
}

impl Names {
    /// Adds the spellings that rules use for names with blanks: without them, and with `_`.
    fn without_blanks(mut self) -> Self {
        if self.name.contains(' ') {
            self.also.push(self.name.replace(' ', ""));
            self.also.push(self.name.replace(' ', "_"));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, attribute: Option<&str>, expected: &[&str]) {
        let path: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let found = names(&path, attribute);
        let found: Vec<&str> = found
            .iter()
            .flat_map(|names| std::iter::once(&names.name).chain(&names.also))
            .map(String::as_str)
            .collect();
        assert_eq!(found, expected, "{path:?} {attribute:?}");
    }

    #[test]
    fn facts_have_the_names_that_rules_use() {
        check("", None, &[]);
        check("System/EventID", None, &["EventID"]);
        check("System/EventID", Some("Qualifiers"), &["Qualifiers"]);
        check("System/Provider", Some("Name"), &["Provider_Name"]);
        check("System", None, &[]);
        check("EventData", Some("Name"), &["EventData_Name"]);
        check("EventData/Data", None, &["Data"]);
        check("EventData/Data", Some("Name"), &[]);
        check("EventData/Binary", None, &["Binary"]);
        check("UserData/LogFileCleared", Some("xmlns:auto-ns3"), &[]);
        check("UserData/LogFileCleared/SubjectUserName", None, &["SubjectUserName"]);
        check("UserData/EventXML/Param/Name", None, &["Name", "Param.Name"]);
        check("UserData/EventXML/Param", Some("Kind"), &["Param_Kind"]);
        check("RenderingInfo/Message", None, &["RenderingInfo.Message", "Message"]);
        check("RenderingInfo/Level", None, &["RenderingInfo.Level"]);
        check("ProcessingErrorData/ErrorCode", None, &["ProcessingErrorData.ErrorCode"]);
        assert_eq!(datum("Threat Name").also, ["ThreatName", "Threat_Name"]);
    }
}
