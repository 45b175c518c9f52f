//! What Samba's module `full_audit` says: `PREFIX|OPERATION|RESULT|ARGUMENTS`.
//!
//! The operator chooses the prefix, of any number of parts; what is known are the operations, which
//! vary by version and lie in `data/samba-operations.txt`. The prefix ends before the first part
//! that names an operation and is followed by a result.

use std::net::IpAddr;
use std::sync::LazyLock;

use model::Event;
use rustc_hash::FxHashSet;

const OPERATIONS: &str = include_str!("../../data/samba-operations.txt");

/// The names of `full_audit`'s operations.
#[derive(Debug)]
pub(super) struct Operations(FxHashSet<&'static str>);

impl Operations {
    /// The built-in table.
    pub(super) fn shared() -> &'static Self {
        static SHARED: LazyLock<Operations> = LazyLock::new(|| {
            let lines = OPERATIONS.lines().map(str::trim);
            Operations(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect())
        });
        &SHARED
    }
}

/// More parts than a prefix has; further marks belong to the path.
const MAX_PARTS: usize = 24;

/// Adds what `message` says, if it is one of `full_audit`.
pub(super) fn push(event: &mut Event, operations: &Operations, message: &str) {
    let message = message.trim_start();
    let mut ends = [0; MAX_PARTS];
    let mut count = 0;
    for end in memchr::memchr_iter(b'|', message.as_bytes()).take(MAX_PARTS) {
        ends[count] = end;
        count += 1;
    }
    let part = |index: usize| {
        let start = if index == 0 { 0 } else { ends[index - 1] + 1 };
        &message[start..ends[index]]
    };
    for at in 0..count {
        // The result is followed by a mark, unless there is nothing more to say.
        let result = if at + 1 < count { part(at + 1) } else { &message[ends[at] + 1..] };
        if operations.0.contains(part(at)) && (result == "ok" || result.starts_with("fail")) {
            push_prefix(event, (0..at).map(part));
            let arguments = ends[..count].get(at + 1).map_or("", |end| &message[end + 1..]);
            return push_operation(event, part(at), result, arguments);
        }
    }
}

/// Adds the prefix: every part by its place, the address by its shape, and the others in the order
/// of `%u|%I|%m|%S`, which is the one in general use.
fn push_prefix<'m>(event: &mut Event, parts: impl Iterator<Item = &'m str> + Clone) {
    const NAMES: [&str; MAX_PARTS] = [
        "samba.prefix1",
        "samba.prefix2",
        "samba.prefix3",
        "samba.prefix4",
        "samba.prefix5",
        "samba.prefix6",
        "samba.prefix7",
        "samba.prefix8",
        "samba.prefix9",
        "samba.prefix10",
        "samba.prefix11",
        "samba.prefix12",
        "samba.prefix13",
        "samba.prefix14",
        "samba.prefix15",
        "samba.prefix16",
        "samba.prefix17",
        "samba.prefix18",
        "samba.prefix19",
        "samba.prefix20",
        "samba.prefix21",
        "samba.prefix22",
        "samba.prefix23",
        "samba.prefix24",
    ];
    for (name, part) in NAMES.iter().zip(parts.clone()) {
        event.push_str(name, part);
    }
    let is_address = |part: &str| part.parse::<IpAddr>().is_ok();
    let address = parts.clone().find(|part| is_address(part));
    if let Some(address) = address {
        let plain = address.strip_prefix("::ffff:").unwrap_or(address);
        event.push_str("samba.address", plain);
        event.also("client_ip");
    }
    let others = parts.clone().filter(|part| !is_address(part)).count();
    let mut named = parts.filter(|part| !is_address(part));
    if let Some(user) = named.next() {
        event.push_str("samba.user", user);
        event.also("user");
    }
    // Of two names the second is more often the share than the machine.
    if others > 2
        && let Some(machine) = named.next()
    {
        event.push_str("samba.machine", machine);
    }
    if let Some(share) = named.next().filter(|_| address.is_some()) {
        event.push_str("samba.share", share);
    }
}

fn push_operation(event: &mut Event, operation: &str, result: &str, arguments: &str) {
    event.push_str("samba.operation", operation);
    event.push_str("samba.result", if result == "ok" { "ok" } else { "fail" });
    if let Some((_, error)) = result.split_once('(') {
        event.push_str("samba.error", error.strip_suffix(')').unwrap_or(error));
    }
    let path = match operation {
        "open" | "openat" => match arguments.split_once('|') {
            Some((mode, path)) => {
                event.push_str("samba.mode", mode);
                path
            }
            None => arguments,
        },
        "create_file" => create_file(event, arguments),
        // Two paths; where they hold marks of their own it cannot be told which mark divides them.
        "rename" | "renameat" | "link" | "linkat" | "symlink" | "symlinkat" if one_mark(arguments) => {
            let (path, target) = arguments.split_once('|').unwrap_or_default();
            event.push_str("samba.target", target);
            path
        }
        _ => arguments,
    };
    if !path.is_empty() {
        event.push_str("samba.path", path);
    }
}

/// `0x100081|file|open|PATH`: access mask, kind, disposition.
fn create_file<'a>(event: &mut Event, arguments: &'a str) -> &'a str {
    let mut parts = arguments.splitn(4, '|');
    let (Some(mask), Some(kind), Some(disposition), Some(path)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return arguments;
    };
    event.push_str("samba.mode", mask);
    event.push_str("samba.kind", kind);
    event.push_str("samba.disposition", disposition);
    path
}

fn one_mark(text: &str) -> bool {
    memchr::memchr_iter(b'|', text.as_bytes()).count() == 1
}
