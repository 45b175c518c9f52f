//! A gate that runs between its clients and a next hop, over Unix sockets in a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::program::portcullis;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Treatments that a message asks for by the selector of its signature, and the levels of the rules for them.
const RULES: [(&str, &str); 4] =
    [("tag", "medium"), ("neutralise", "high"), ("quarantine", "critical"), ("reject", "low")];

/// Recipients and content of what the next hop took.
type Taken = Arc<Mutex<Vec<(Vec<String>, Vec<u8>)>>>;

/// A gate with an LMTP door and a milter door, and a next hop that takes everything.
pub(crate) struct Door {
    pub(crate) dir: TempDir,
    process: Option<Child>,
    taken: Taken,
}

impl Door {
    /// A folder with configuration and rules, and a next hop; `extra` goes below the configuration's last table.
    pub(crate) fn new(head: &str, extra: &str) -> Self {
        // The path of a socket has a hundred bytes, so that the folder of the tests will not do.
        let dir = tempfile::tempdir().unwrap();
        let door = Self { process: None, taken: next_hop(&dir.path().join("next")), dir };
        fs::create_dir(door.path("rules")).unwrap();
        for (number, (treatment, level)) in RULES.iter().enumerate() {
            let rule = format!(
                "title: Test {treatment}\nid: 00000000-0000-4000-8000-00000000000{number}\nstatus: test\n\
                 logsource:\n    product: mail\n    category: mail\ndetection:\n    selection:\n        \
                 mail.dkim.selector: gate-{treatment}\n    condition: selection\nlevel: {level}\n"
            );
            fs::write(door.path("rules").join(format!("{treatment}.yml")), rule).unwrap();
        }
        door.configure(head, extra);
        door
    }

    pub(crate) fn configure(&self, head: &str, extra: &str) {
        let here = self.dir.path().display();
        let text = format!(
            "{head}\n[dns]\noff = true\n[institution]\ndomains = [\"parl.example\"]\n[policy]\nlow = \"reject\"\n\
             [rules]\nbuiltin = false\npaths = [\"rules\"]\n[release]\nnext_hop = \"unix:{here}/next\"\n\
             [[smtp]]\nlisten = \"unix:{here}/lmtp\"\nnext_hop = \"unix:{here}/next\"\nlmtp = true\n\
             [[milter]]\nlisten = \"unix:{here}/milter\"\n[quarantine]\ndir = \"quarantine\"\n{extra}"
        );
        fs::write(self.config(), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("gate.toml")
    }

    /// Starts the gate and waits until it answers.
    pub(crate) fn start(&mut self) {
        let mut command = portcullis();
        command.args(["gate", "--log", "json", "--config"]).arg(self.config());
        self.spawn(command);
    }

    /// Starts the gate in a shell that sets `limits` first.
    pub(crate) fn start_limited(&mut self, limits: &str) {
        let program = portcullis().get_program().to_owned();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{limits}; exec \"$0\" gate --log json --config \"$1\"")]);
        command.arg(program).arg(self.config());
        self.spawn(command);
    }

    fn spawn(&mut self, mut command: Command) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("gate.log")).unwrap();
        let mut child = command.stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let end = Instant::now() + PATIENCE;
        while UnixStream::connect(self.path("lmtp")).is_err() {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "{ended:?}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(child);
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("gate.log")).unwrap_or_default()
    }

    /// Waits until the log has `text`.
    pub(crate) fn logged(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(Instant::now() < end, "{text} is not in {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for the end of the gate; whether it ended well.
    pub(crate) fn ended(&mut self) -> bool {
        let mut child = self.process.take().unwrap();
        let end = Instant::now() + PATIENCE;
        loop {
            match child.try_wait().unwrap() {
                Some(status) => return status.success(),
                None if Instant::now() > end => panic!("the gate does not end: {}", self.log()),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Stops the gate, which has to end well and without a panic on its way.
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        assert!(self.ended(), "{}", self.log());
        assert!(!self.log().contains("panicked"), "{}", self.log());
    }

    pub(crate) fn lmtp(&self) -> Talk {
        let mut talk = Talk::connect(&self.path("lmtp"));
        talk.code(220);
        talk.ask("LHLO client.example", 250);
        talk
    }

    pub(crate) fn milter(&self) -> UnixStream {
        let stream = UnixStream::connect(self.path("milter")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// What the next hop took.
    pub(crate) fn taken(&self) -> Vec<(Vec<String>, Vec<u8>)> {
        self.taken.lock().unwrap().clone()
    }

    /// Paths in the quarantine that others than their owner may do anything with.
    pub(crate) fn open_to_others(&self) -> Vec<PathBuf> {
        let mut open = vec![self.path("quarantine")];
        let mut found = Vec::new();
        while let Some(path) = open.pop() {
            let data = fs::metadata(&path).unwrap();
            if data.permissions().mode() & 0o077 != 0 {
                found.push(path.clone());
            }
            if data.is_dir() {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
        found
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(child) = &mut self.process {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A message that the rules of [`Door`] treat in that way; without one it is clean.
pub(crate) fn message(treatment: &str) -> String {
    let signed = match treatment {
        "" => String::new(),
        _ => format!(
            "DKIM-Signature: v=1; a=rsa-sha256; d=press.example; s=gate-{treatment}; h=from; bh=AA; b=AA\r\n"
        ),
    };
    format!(
        "{signed}From: Ann <ann@press.example>\r\nTo: mp@parl.example\r\nSubject: a {treatment}\r\nMessage-ID: <{treatment}@\
         press.example>\r\nContent-Type: text/html\r\n\r\n<p>Dear colleague</p><img src=http://img.press.example/o?t=4f>\r\n"
    )
}

/// A client.
pub(crate) struct Talk(BufReader<UnixStream>);

impl Talk {
    pub(crate) fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        self.0.get_ref()
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// The next answer with all its lines; empty where the stream ends.
    pub(crate) fn answer(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            // A reset is an end as well; what waits too long is none.
            match self.0.read_line(&mut line) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("no answer in time"),
                Ok(0) | Err(_) => return all,
                Ok(_) => all.push_str(&line),
            }
            if line.as_bytes().get(3) == Some(&b' ') {
                return all;
            }
        }
    }

    pub(crate) fn code(&mut self, code: u16) -> String {
        let answer = self.answer();
        assert!(answer.starts_with(&code.to_string()), "expected {code}, got {answer:?}");
        answer
    }

    pub(crate) fn ask(&mut self, command: &str, code: u16) -> String {
        self.send(format!("{command}\r\n"));
        self.code(code)
    }

    /// Hands a message over; the answers, one for each recipient.
    pub(crate) fn mail(&mut self, to: &[&str], raw: impl AsRef<[u8]>) -> Vec<String> {
        self.ask("MAIL FROM:<ann@press.example>", 250);
        for to in to {
            self.ask(&format!("RCPT TO:<{to}>"), 250);
        }
        self.ask("DATA", 354);
        let mut wire = Vec::with_capacity(raw.as_ref().len() + 1024);
        for line in raw.as_ref().split_inclusive(|byte| *byte == b'\n') {
            wire.extend(line.starts_with(b".").then_some(b'.'));
            wire.extend_from_slice(line);
        }
        if !wire.ends_with(b"\n") {
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
        self.send(wire);
        to.iter().map(|_| self.answer()).collect()
    }
}

/// A next hop at `path`, for as long as the tests run.
fn next_hop(path: &Path) -> Taken {
    let listener = UnixListener::bind(path).unwrap();
    let taken = Taken::default();
    let here = taken.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let taken = here.clone();
            // A client that goes away ends its thread.
            std::thread::spawn(move || _ = serve(stream, &taken));
        }
    });
    taken
}

fn serve(stream: UnixStream, taken: &Taken) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    out.write_all(b"220 next.example\r\n")?;
    let (mut to, mut each) = (Vec::new(), false);
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line).into_owned();
        match text.get(..4).unwrap_or_default() {
            "LHLO" | "EHLO" => {
                each = text.starts_with('L');
                out.write_all(b"250-next.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")?;
                continue;
            }
            "MAIL" => to.clear(),
            "RCPT" => to.push(text.split(['<', '>']).nth(1).unwrap_or_default().to_owned()),
            "DATA" => {
                out.write_all(b"354 go\r\n")?;
                let content = content(&mut lines)?;
                taken.lock().unwrap().push((to.clone(), content));
                let answers = if each { to.len() } else { 1 };
                out.write_all("250 taken\r\n".repeat(answers).as_bytes())?;
                continue;
            }
            "QUIT" => return out.write_all(b"221 bye\r\n"),
            _ => {}
        }
        out.write_all(b"250 ok\r\n")?;
    }
}

fn content(lines: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(content);
        }
        content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
