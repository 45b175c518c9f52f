//! From the records of one serial number to one event.

use model::{Event, Kind, SourceId, Time};

use super::decode::{self, Socket};
use super::record::{Pairs, Value};
use super::syscalls;
use super::window::Open;
use crate::LogSources;
use crate::w3c::clock;

/// Turns joined records into events.
pub(super) struct Filler {
    plain: SourceId,
    process: SourceId,
    file: SourceId,
    network: SourceId,
    bytes: Vec<u8>,
    /// The arguments of a program start so far, and the number of the last one.
    arguments: String,
    argument: Option<u32>,
    /// Whether the event at hand starts a program, and what was found of it.
    starts: bool,
    image: bool,
    user: bool,
    root: bool,
}

impl Filler {
    pub(super) fn new(table: &LogSources) -> Self {
        Self {
            plain: table.named("linux-auditd"),
            process: table.named("linux-auditd-execve"),
            file: table.named("linux-auditd-file"),
            network: table.named("linux-auditd-network"),
            bytes: Vec::new(),
            arguments: String::new(),
            argument: None,
            starts: false,
            image: false,
            user: false,
            root: false,
        }
    }

    /// Makes `event` the one that `open` holds.
    pub(super) fn fill(&mut self, open: &Open, event: &mut Event) {
        event.clear();
        event.time = Some(Time::from_micros(open.time));
        event.record = open.line;
        event.offset = open.offset;
        event.source = self.plain;
        self.arguments.clear();
        self.argument = None;
        if !open.node.is_empty() {
            event.push_str("host", &open.node);
        }
        event.push_uint("serial", open.serial);
        for (kind, _) in open.records() {
            event.push_str("type", kind);
        }
        self.starts = open.records().any(|(kind, _)| kind == "EXECVE");
        (self.image, self.user, self.root) = (false, false, false);
        for (kind, body) in open.records() {
            self.push_record(event, kind, body);
        }
        if self.starts {
            self.push_start(event);
        } else {
            self.push_access(event);
        }
    }

    fn push_record(&mut self, event: &mut Event, kind: &str, body: &str) {
        let mut arch = "";
        for (key, value) in Pairs::new(body) {
            match (kind, key, value) {
                ("EXECVE", _, Value::Quoted(text)) if decode::is_argument(key) => {
                    self.push_argument(event, key, text)
                }
                ("EXECVE", _, Value::Bare(text)) if decode::is_argument(key) => {
                    let decoded = self.decoded(text);
                    self.push_argument(event, key, &decoded);
                }
                // Of a program start these are addresses in memory, and the names belong to its arguments.
                ("SYSCALL", "a0" | "a1" | "a2" | "a3", Value::Bare(text)) if self.starts => {
                    let name = ["syscall.a0", "syscall.a1", "syscall.a2", "syscall.a3"]
                        [decode::argument(key).map_or(0, |number| number.min(3) as usize)];
                    event.push_str(name, text);
                }
                ("SYSCALL", "arch", Value::Bare(text)) => {
                    arch = text;
                    event.push_str(key, text);
                }
                ("SYSCALL", "syscall", Value::Bare(number)) => {
                    push_bare(event, key, number);
                    if let Some(name) = syscalls::name(arch, number).filter(|_| !body.contains("\u{1d}")) {
                        event.push_str(key, name);
                        event.also("SYSCALL");
                    }
                }
                (_, "SYSCALL", Value::Bare(name)) => {
                    event.push_str(key, name);
                    event.also("syscall");
                }
                ("SOCKADDR", "saddr", Value::Bare(digits)) => self.push_socket(event, digits),
                (_, "msg", Value::Nested(inner)) => {
                    for (key, value) in Pairs::new(inner) {
                        self.push(event, kind, key, value);
                    }
                }
                _ => self.push(event, kind, key, value),
            }
        }
    }

    fn push(&mut self, event: &mut Event, kind: &str, key: &str, value: Value<'_>) {
        match value {
            Value::Bare("(null)" | "?" | "(none)" | "") | Value::Quoted("?" | "") => {
                return event.push_null(key);
            }
            Value::Bare(text) if decode::is_encoded(kind, key) && decode::decode(text, &mut self.bytes) => {
                let text = String::from_utf8_lossy(&self.bytes);
                match key {
                    // Several keys are divided by a control character, arguments by NUL.
                    "key" => text.split('\u{1}').for_each(|key_of_rule| event.push_str(key, key_of_rule)),
                    "proctitle" => {
                        event.push_str(key, text.trim_end_matches('\0').replace('\0', " ").trim_end())
                    }
                    _ => event.push_str(key, &text),
                }
            }
            Value::Bare(text) => push_bare(event, key, text),
            Value::Quoted(text) | Value::Nested(text) => event.push_str(key, text),
        }
        self.push_aliases(event, key, value);
    }

    /// Gives the field that was added last the names that rules use for it.
    fn push_aliases(&mut self, event: &mut Event, key: &str, value: Value<'_>) {
        match key {
            "acct" => event.also("user"),
            "addr" => event.also("src_ip"),
            "exe" => {
                self.image = true;
                event.also("Image");
            }
            "cwd" if self.starts => event.also("CurrentDirectory"),
            "pid" if self.starts => event.also("ProcessId"),
            "ppid" if self.starts => event.also("ParentProcessId"),
            "UID" if self.starts => {
                self.user = true;
                event.also("User");
            }
            "uid" => self.root = value == Value::Bare("0"),
            _ => {}
        }
    }

    fn decoded(&mut self, digits: &str) -> String {
        if decode::decode(digits, &mut self.bytes) {
            String::from_utf8_lossy(&self.bytes).into_owned()
        } else {
            digits.to_owned()
        }
    }

    /// Adds an argument, whole or the next part of a long one, which then stands in parts.
    fn push_argument(&mut self, event: &mut Event, key: &str, text: &str) {
        let number = decode::argument(key);
        if self.argument.is_some() && self.argument != number {
            self.arguments.push(' ');
        }
        self.argument = number;
        self.arguments.push_str(text);
        let whole = key.split_once('[').map_or(key, |(whole, _)| whole);
        event.push_str(whole, text);
    }

    fn push_socket(&mut self, event: &mut Event, digits: &str) {
        event.push_str("saddr", digits);
        if !decode::decode(digits, &mut self.bytes) {
            return;
        }
        match decode::socket(&self.bytes) {
            Some(Socket::Internet(address, port)) => {
                event.push_str("saddr.address", &address);
                event.push_uint("saddr.port", port.into());
            }
            Some(Socket::Local(path)) => event.push_str("saddr.path", &path),
            None => {}
        }
    }

    /// Gives the start of a program the names that rules for `process_creation` use.
    fn push_start(&mut self, event: &mut Event) {
        event.source = self.process;
        event.push_str("CommandLine", &self.arguments);
        if !self.image {
            event.alias("Image", "a0");
        }
        if self.root && !self.user {
            event.push_str("User", "root");
        }
    }

    /// Gives the creation of a file and an outgoing connection the names that their rules use.
    fn push_access(&mut self, event: &mut Event) {
        let creates = event.get_all("nametype").any(|kind| kind.text == "CREATE");
        let connects = event.get("saddr.address").is_some()
            && event.get("SYSCALL").is_some_and(|name| name.text == "connect");
        if creates {
            event.source = self.file;
            self.push_created(event);
        } else if connects {
            event.source = self.network;
            event.alias("DestinationIp", "saddr.address");
            event.alias("DestinationPort", "saddr.port");
            event.push_bool("Initiated", true);
        }
    }

    /// Adds the path of every file that was created, in full where the record has it relative.
    fn push_created(&mut self, event: &mut Event) {
        let mut created = String::new();
        let names = event.get_all("name").map(|name| name.text);
        let kinds = event.get_all("nametype").map(|kind| kind.text);
        let folder = event.get("cwd").map_or("", |cwd| cwd.text);
        for (name, _) in names.zip(kinds).filter(|(_, kind)| *kind == "CREATE") {
            if !name.starts_with('/') && !folder.is_empty() {
                created.push_str(folder.trim_end_matches('/'));
                created.push('/');
            }
            created.push_str(name);
            created.push('\0');
        }
        for path in created.split_terminator('\0') {
            event.push_str("TargetFilename", path);
        }
    }
}

fn push_bare(event: &mut Event, key: &str, text: &str) {
    let number = clock::number(text.as_bytes()).is_some();
    event.push_str_kind(key, if number { Kind::Int } else { Kind::Str }, text);
}
