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
const AROUND: [&str; 15] = [
    "exchange",
    "primary",
    "psts",
    "items",
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

/// Below these lie the folders of a mailbox in exports of Exchange and of Purview, by their names.
const TOPS: [&str; 4] =
    ["top of information store", "top of outlook data file", "ipm_subtree", "recoverable items"];
/// Names of mailbox files that tell nothing of an owner, in lower case.
const FILES: [&str; 9] =
    ["outlook", "mail", "mailbox", "backup", "export", "exchange", "personal folders", "data", "results"];
/// What names of mailboxes and messages end in.
const ENDS: [&str; 7] = [".mbox", ".mbx", ".eml", ".emlx", ".msg", ".pst", ".ost"];
/// What names of archives end in; an archive may bear an address, else its name says nothing of an owner.
const ARCHIVES: [&str; 6] = [".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".gz"];

/// Owner and folder of what lies at `path`, whose parts are divided by `/`, `\` and, in containers, `!`.
pub(super) fn place(path: &str) -> (Option<&str>, Option<&str>) {
    let mut parts: Vec<&str> =
        path.split(['/', '\\', '!']).filter(|part| !part.is_empty() && *part != ".").collect();
    let Some(file) = parts.pop() else { return (None, None) };
    let address = parts.iter().rev().copied().find_map(address);
    if parts.last().is_some_and(|parent| matches!(*parent, "cur" | "new" | "tmp")) {
        parts.pop();
        let folder = parts.last().copied().filter(|name| name.starts_with('.') && !is_around(name));
        if folder.is_some() {
            parts.pop();
        }
        let owner = address.or_else(|| owner(&parts));
        return (owner, Some(folder.map_or("INBOX", |name| name.trim_start_matches('.'))));
    }
    if let Some(top) = parts.iter().rposition(|part| is_one_of(part, &TOPS)) {
        let folder = match &parts[top + 1..] {
            [] => None,
            [first, .., last] => between(path, first, last),
            [folder] => Some(*folder),
        };
        return (address.or_else(|| owner(&parts[..top])), folder);
    }
    let stem = stem(file);
    if let Some(owner) = self::address(file) {
        return (Some(owner), None);
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

/// Whose mailbox a file is that holds a whole one, by its name.
pub(super) fn of_file(path: &str) -> Option<&str> {
    let file = path.rsplit(['/', '\\', '!']).next()?;
    let stem = stem(file);
    let tells = stem.len() < file.len()
        && !stem.is_empty()
        && !is_folder(stem)
        && !is_around(stem)
        && !is_one_of(stem, &FILES);
    tells.then_some(stem)
}

/// The piece of `path` from its part `first` to its part `last`.
fn between<'p>(path: &'p str, first: &str, last: &str) -> Option<&'p str> {
    let at = |part: &str| (part.as_ptr() as usize).checked_sub(path.as_ptr() as usize);
    path.get(at(first)?..at(last)? + last.len())
}

fn owner<'p>(parts: &[&'p str]) -> Option<&'p str> {
    let tells =
        |part: &&&str| !is_around(part) && !is_folder(part) && bare(part, &ARCHIVES).len() == part.len();
    let name = parts.iter().rev().find(tells).copied();
    name.map(|name| name.trim_end_matches(".sbd"))
}

fn stem(file: &str) -> &str {
    bare(file, &ENDS)
}

fn bare<'n>(name: &'n str, ends: &[&str]) -> &'n str {
    let end = |end: &&&str| {
        name.len() > end.len()
            && name.is_char_boundary(name.len() - end.len())
            && name[name.len() - end.len()..].eq_ignore_ascii_case(end)
    };
    ends.iter().find(end).map_or(name, |end| &name[..name.len() - end.len()])
}

/// The address that a name is or begins with, as in `ann@parl.example (Archive).002.pst`.
fn address(name: &str) -> Option<&str> {
    let name = bare(bare(name, &ARCHIVES), &ENDS);
    let name = name.split([' ', ',', '(', ';']).next().unwrap_or(name);
    let name = match name.rsplit_once('.') {
        Some((before, part)) if part.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    };
    is_address(name).then_some(name)
}

pub(super) fn is_address(name: &str) -> bool {
    name.split_once('@').is_some_and(|(local, domain)| {
        let is_plain = |part: &str| !part.contains(|c: char| c.is_whitespace() || c.is_control());
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        !local.is_empty()
            && domain.contains('.')
            && !domain.contains('@')
            && is_plain(local)
            && is_plain(domain)
    })
}

fn is_folder(name: &str) -> bool {
    is_one_of(name.trim_end_matches(".sbd"), &FOLDERS)
}

pub(super) fn is_around(name: &str) -> bool {
    is_one_of(name, &AROUND)
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.contains(&name.to_lowercase().as_str())
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
            ("takeout-20250415T013642Z-001.zip!Takeout/Mail/Inbox.mbox", None, Some("Inbox")),
            ("ann@parl.example.zip!Takeout/Mail/Sent.mbox", Some("ann@parl.example"), Some("Sent")),
            ("PSTs.001.zip!Exchange/ann@parl.example.pst", Some("ann@parl.example"), None),
            ("Exchange/ann@parl.example (Archive).002.pst", Some("ann@parl.example"), None),
            (
                "Items.zip!Exchange/ann@parl.example, Primary/Top of Information Store/Inbox/Projects/1.eml",
                Some("ann@parl.example"),
                Some("Inbox/Projects"),
            ),
            (
                "x\\Exchange\\Ann Example\\Recoverable Items\\Deletions\\1.msg",
                Some("Ann Example"),
                Some("Deletions"),
            ),
            ("Exchange/ann@parl.example/Top of Information Store/1.msg", Some("ann@parl.example"), None),
            ("spam-1/0001.txt", None, None),
            ("", None, None),
        ] {
            assert_eq!(place(path), (owner, folder), "{path}");
        }
    }
}
