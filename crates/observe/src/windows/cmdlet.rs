//! Commands of Exchange's administrators, out of the unnamed values of “MSExchange Management”
//! records: the command, its parameters as text, who gave it, and more.

use model::Event;

/// Parameters of one command; real ones have a few dozen.
const MAX_PARAMETERS: usize = 256;

/// Adds `Cmdlet`, `Parameters`, `Caller` and a `Parameter_<Name>` for each parameter.
pub(super) fn derive(event: &mut Event) {
    let values: Vec<String> = event.get_all("Data").take(64).map(|value| value.text.to_owned()).collect();
    let Some(at) = values.iter().position(|value| is_cmdlet(value)) else { return };
    event.push_str("Cmdlet", values[at].trim());
    if let Some(text) = values.get(at + 1) {
        event.push_str("Parameters", text);
        for (name, value) in parameters(text) {
            let name = format!("Parameter_{name}");
            let items = items(value);
            if items.is_empty() {
                // A switch, or a parameter that was emptied.
                event.push_str(&name, if value.trim().is_empty() { "true" } else { "" });
            }
            for item in items {
                event.push_str(&name, item);
            }
        }
    }
    if let Some(caller) = values.get(at + 2).filter(|caller| !caller.trim().is_empty()) {
        event.push_str("Caller", caller.trim());
    }
}

/// Whether `text` is a command such as `New-MailboxExportRequest`.
fn is_cmdlet(text: &str) -> bool {
    text.trim().split_once('-').is_some_and(|(verb, noun)| {
        let word = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_uppercase())
                && part.chars().all(|char| char.is_ascii_alphanumeric())
        };
        word(verb) && word(noun)
    })
}

/// The parameters of a command, as `-Name "value" -Switch` (Exchange 2013 and later) or as
/// `{Name=value, Name=value}` (2010).
fn parameters(text: &str) -> Vec<(&str, &str)> {
    let text = text.trim();
    let found = match text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
        Some(inner) => parts(inner, |rest| rest.starts_with(", "))
            .into_iter()
            .filter_map(|part| part.trim_start_matches(',').trim().split_once('='))
            .collect::<Vec<_>>(),
        None => parts(text, begins_parameter)
            .into_iter()
            .filter_map(|part| {
                let part = part.trim().strip_prefix('-')?;
                let end = part.find([' ', ':', '\t']).unwrap_or(part.len());
                Some((&part[..end], part[end..].trim_start_matches(':')))
            })
            .collect(),
    };
    let name_of_one_word =
        |name: &str| !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    found.into_iter().filter(|(name, _)| name_of_one_word(name)).take(MAX_PARAMETERS).collect()
}

/// Whether a parameter's name begins here: a blank, a dash, a letter.
fn begins_parameter(rest: &str) -> bool {
    matches!(rest.as_bytes(), [b' ' | b'\t', b'-', letter, ..] if letter.is_ascii_alphabetic())
}

/// Cuts `text` wherever `begins` holds outside of quotes and brackets; each part keeps what it
/// begins with.
fn parts(text: &str, begins: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut depth, mut quote) = (0, 0u32, None);
    for (at, char) in text.char_indices() {
        if quote.is_none() && depth == 0 && at > from && begins(&text[at..]) {
            parts.push(&text[from..at]);
            from = at;
        }
        match (char, quote) {
            ('"' | '\'', None) => quote = Some(char),
            (_, Some(open)) if open == char => quote = None,
            ('(' | '{' | '[', None) => depth += 1,
            (')' | '}' | ']', None) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// The values of a parameter: `"a"`, `a,b`, `("a","b")`, `@{Add="a"}`.
fn items(value: &str) -> Vec<&str> {
    let value = value.trim().trim_start_matches('@');
    let inner = [('(', ')'), ('{', '}')]
        .into_iter()
        .find_map(|(open, close)| value.strip_prefix(open)?.strip_suffix(close))
        .unwrap_or(value);
    parts(inner, |rest| rest.starts_with(','))
        .into_iter()
        .map(|item| item.trim_start_matches(',').trim())
        .map(|item| {
            [('"', '"'), ('\'', '\'')]
                .into_iter()
                .find_map(|(open, close)| item.strip_prefix(open)?.strip_suffix(close))
                .unwrap_or(item)
        })
        .filter(|item| !item.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(data: &[&str]) -> Vec<(String, String)> {
        let mut event = Event::default();
        for value in data {
            event.push_str("Data", value);
        }
        derive(&mut event);
        let facts = event.fields().skip(data.len());
        facts.map(|(name, value)| (name.to_owned(), value.text.to_owned())).collect()
    }

    fn check(parameters: &str, expected: &[(&str, &str)]) {
        let found = derived(&["Set-Mailbox", parameters, "example.org/Users/Adm"]);
        let found: Vec<(&str, &str)> = found
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("Parameter_")?, value.as_str())))
            .collect();
        assert_eq!(found, expected, "{parameters}");
    }

    #[test]
    fn a_command_is_taken_apart() {
        let text =
            r#"-Mailbox "a.b" -FilePath "\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\x - y.aspx" -Force"#;
        assert_eq!(
            derived(&["New-MailboxExportRequest", text, "example.org/Users/Adm", "", "S-1-5-21"]),
            [
                ("Cmdlet", "New-MailboxExportRequest"),
                ("Parameters", text),
                ("Parameter_Mailbox", "a.b"),
                ("Parameter_FilePath", r"\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\x - y.aspx"),
                ("Parameter_Force", "true"),
                ("Caller", "example.org/Users/Adm"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(derived(&["no command", "-x 1"]), []);
        assert_eq!(derived(&["Get-Mailbox"]), [("Cmdlet".to_owned(), "Get-Mailbox".to_owned())]);
    }

    #[test]
    fn parameters_come_in_several_spellings() {
        check(
            r#"-Identity "x" -AccessRights ("FullAccess","SendAs")"#,
            &[("Identity", "x"), ("AccessRights", "FullAccess"), ("AccessRights", "SendAs")],
        );
        check(r"-Confirm:$false -User:'j -d'", &[("Confirm", "$false"), ("User", "j -d")]);
        check(
            "{Identity=x, ForwardingSmtpAddress=smtp:a@b.example}",
            &[("Identity", "x"), ("ForwardingSmtpAddress", "smtp:a@b.example")],
        );
        check(
            r#"-EmailAddresses @{Add="a@b.example"} -Note """#,
            &[("EmailAddresses", r#"Add="a@b.example""#), ("Note", "")],
        );
        check("", &[]);
        check(r#"-Name "open -Other x"#, &[("Name", r#""open -Other x"#)]);
    }
}
