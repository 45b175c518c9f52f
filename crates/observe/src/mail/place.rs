//! Whose mailbox a message lies in, and in which folder of it, by where it lies.
//!
//! A message says whom it was delivered to, and that counts more; the copy in a folder of sent mail and
//! the export of a mailbox say it by their place alone.

/// Folders that mail programs make, in lower case and several languages; a name that is none of them
/// is taken for the owner's.
const FOLDERS: [&str; 28] = [
    "inbox",
    "sent",
    "sent items",
    "sent mail",
    "sent messages",
    "drafts",
    "templates",
    "trash",
    "deleted items",
    "deleted messages",
    "junk",
    "junk e-mail",
    "junk email",
    "spam",
    "archive",
    "archives",
    "outbox",
    "all mail",
    "all mail including spam and trash",
    "important",
    "starred",
    "posteingang",
    "gesendet",
    "gesendete objekte",
    "entwürfe",
    "papierkorb",
    "éléments envoyés",
    "boîte de réception",
];
/// Folders around mailboxes that name nobody.
const AROUND: [&str; 11] = [
    "maildir",
    ".maildir",
    "mail",
    "mails",
    "takeout",
    "folders",
    "top of information store",
    "top of outlook data file",
    "top of personal folders",
    "ipm_subtree",
    "root - mailbox",
];

/// Owner and folder of what lies at `path`, whose parts are divided by `/`, `\` and, in containers, `!`.
pub(super) fn place(path: &str) -> (Option<&str>, Option<&str>) {
    let mut parts: Vec<&str> =
        path.split(['/', '\\', '!']).filter(|part| !part.is_empty() && *part != ".").collect();
    let Some(file) = parts.pop() else { return (None, None) };
    let address = parts.iter().rev().copied().find(|part| is_address(part));
    if parts.last().is_some_and(|parent| matches!(*parent, "cur" | "new" | "tmp")) {
        parts.pop();
        let folder = parts.last().copied().filter(|name| name.starts_with('.') && !is_around(name));
        if folder.is_some() {
            parts.pop();
        }
        let owner = address.or_else(|| owner(&parts));
        return (owner, Some(folder.map_or("INBOX", |name| name.trim_start_matches('.'))));
    }
    let stem = stem(file);
    if is_address(stem) {
        return (Some(stem), None);
    }
    if is_folder(stem) {
        return (address.or_else(|| owner(&parts)), Some(stem));
    }
    let folder = parts.iter().rev().copied().find(|part| is_folder(part));
    match folder {
        Some(folder) => {
            let above = parts.iter().position(|part| *part == folder).unwrap_or(0);
            (address.or_else(|| owner(&parts[..above])), Some(folder))
        }
        None => (address, None),
    }
}

fn owner<'p>(parts: &[&'p str]) -> Option<&'p str> {
    let name = parts.iter().rev().copied().find(|part| !is_around(part) && !is_folder(part));
    name.map(|name| name.trim_end_matches(".sbd"))
}

/// Names of mailbox files that tell nothing of an owner, in lower case.
const FILES: [&str; 9] =
    ["outlook", "mail", "mailbox", "backup", "export", "exchange", "personal folders", "data", "results"];

/// Whose mailbox a file is that holds a whole one, by its name.
pub(super) fn of_file(path: &str) -> Option<&str> {
    let file = path.rsplit(['/', '\\', '!']).next()?;
    let stem = stem(file);
    let tells = stem.len() < file.len()
        && !stem.is_empty()
        && !is_folder(stem)
        && !is_around(stem)
        && !FILES.contains(&stem.to_lowercase().as_str());
    tells.then_some(stem)
}

fn stem(file: &str) -> &str {
    let known = [".mbox", ".mbx", ".eml", ".emlx", ".msg", ".pst", ".ost"];
    known.iter().find_map(|end| file.strip_suffix(end)).unwrap_or(file)
}

pub(super) fn is_address(name: &str) -> bool {
    name.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
}

fn is_folder(name: &str) -> bool {
    FOLDERS.contains(&name.trim_end_matches(".sbd").to_lowercase().as_str())
}

pub(super) fn is_around(name: &str) -> bool {
    AROUND.contains(&name.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_told_by_their_place() {
        for (path, owner, folder) in [
            ("evidence/mail/ann.example/cur/1.a:2,S", Some("ann.example"), Some("INBOX")),
            ("home/ann/Maildir/.Sent.2021/cur/1.a", Some("ann"), Some("Sent.2021")),
            ("home/ann/Maildir/new/1.a", Some("ann"), Some("INBOX")),
            ("x/ann@parl.example/mail/Sent", Some("ann@parl.example"), Some("Sent")),
            ("x/ann@parl.example.mbox", Some("ann@parl.example"), None),
            ("export.zip!ann/Inbox/0001.eml", Some("ann"), Some("Inbox")),
            (
                "Takeout/Mail/All mail Including Spam and Trash.mbox",
                None,
                Some("All mail Including Spam and Trash"),
            ),
            ("profile/Mail/ann/Inbox.sbd/Projects", Some("ann"), Some("Inbox.sbd")),
            ("spam-1/0001.txt", None, None),
            ("", None, None),
        ] {
            assert_eq!(place(path), (owner, folder), "{path}");
        }
    }
}
