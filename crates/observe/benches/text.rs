//! How fast the readers of text logs are, from bytes to events that nobody judges, with the
//! SHA-256 of the bytes: `cargo bench -p observe --bench text`.

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::BytesCount;
use model::{Event, Problem};
use observe::{Collector, Format, LogSources, Settings};

fn main() {
    divan::main();
}

/// Looks at every event once, as a rule engine would, and forgets it.
#[derive(Default)]
struct Glance(usize);

impl Collector for Glance {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: Format) {}
    fn event(&mut self, event: &mut Event) {
        self.0 += event.text().len() + event.raw_fields().len();
    }
    fn problem(&mut self, problem: Problem) {
        panic!("{problem:?}");
    }
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}

/// Lines of a log.
const LINES: usize = 40_000;

fn measure(bencher: Bencher<'_, '_>, log: &str) {
    let sources = LogSources::builtin();
    let settings = Settings { year: Some(2021), ..Settings::default() };
    bencher.counter(BytesCount::of_str(log)).bench_local(|| {
        let mut glance = Glance::default();
        observe::read_bytes(log.as_bytes(), "bench", &settings, &sources, &mut glance);
        glance.0
    });
}

#[divan::bench]
fn w3c(bencher: Bencher<'_, '_>) {
    let mut log = String::from(
        "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2021-08-24 00:00:00\r\n\
         #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
         cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\r\n",
    );
    for line in 0..LINES {
        let _ = write!(
            log,
            "2021-08-24 09:{:02}:{:02} 10.20.0.5 POST /Microsoft-Server-ActiveSync/default.eas \
             Cmd=Ping&User=example%5Cuser{line}&DeviceId=8FA1{line}&DeviceType=iPhone 443 EXAMPLE\\user{line} \
             198.51.100.{} Apple-iPhone12C1/1807.83+(iOS;+de-DE) - 200 0 0 {} 1102 {}\r\n",
            line / 60 % 60,
            line % 60,
            line % 250,
            line % 5000,
            line % 900
        );
    }
    measure(bencher, &log);
}

#[divan::bench]
fn combined(bencher: Bencher<'_, '_>) {
    let mut log = String::new();
    for line in 0..LINES {
        let _ = writeln!(
            log,
            "198.51.100.{} - - [24/Aug/2021:09:{:02}:{:02} +0100] \"GET /news/{line}/index.html?page=3 HTTP/1.1\" 200 {} \
             \"https://www.example.org/news/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:91.0) Gecko/20100101 Firefox/91.0\"",
            line % 250,
            line / 60 % 60,
            line % 60,
            line % 90_000
        );
    }
    measure(bencher, &log);
}

#[divan::bench]
fn syslog(bencher: Bencher<'_, '_>) {
    let mut log = String::new();
    for line in 0..LINES / 3 {
        let (minute, second) = (line / 60 % 60, line % 60);
        let _ = write!(
            log,
            "Aug 24 09:{minute:02}:{second:02} nas1 smbd_audit[2231]: EXAMPLE\\user{line}|10.20.3.{}|ws{line}|registers|\
             openat|ok|r|2021/ward-{line}/list.csv\n\
             Aug 24 09:{minute:02}:{second:02} gw1 postfix/smtp[{line}]: 3F1A2B{line:04}: to=<user{line}@example.com>, \
             relay=mx.example.com[192.0.2.8]:25, delay=1.2, delays=0.1/0/1/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n\
             Aug 24 09:{minute:02}:{second:02} nas1 sshd[{line}]: Accepted publickey for backup from 10.20.0.9 port 50{:03} \
             ssh2: ED25519 SHA256:abcdefghijklmnopqrstuvwxyz\n",
            line % 250,
            line % 1000
        );
    }
    measure(bencher, &log);
}

#[divan::bench]
fn csv(bencher: Bencher<'_, '_>) {
    let mut log = String::from(
        "time,c-ip,cs-username,cs-method,c-uri,cs-host,sc-status,sc-bytes,cs-bytes,c-useragent\n",
    );
    for line in 0..LINES {
        let _ = writeln!(
            log,
            "2021-08-24T09:{:02}:{:02}Z,10.20.3.{},user{line},GET,https://www.example.org/news/{line}.html,www.example.org,\
             200,{line},512,\"Mozilla/5.0 (X11, like Gecko)\"",
            line / 60 % 60,
            line % 60,
            line % 250
        );
    }
    measure(bencher, &log);
}

#[divan::bench]
fn auditd(bencher: Bencher<'_, '_>) {
    let mut log = String::new();
    for line in 0..LINES / 4 {
        let stamp = format!("msg=audit({}.{:03}:{line}):", 1_629_796_320 + line / 10, line % 1000);
        let _ = write!(
            log,
            "type=SYSCALL {stamp} arch=c000003e syscall=59 success=yes exit=0 a0=55d0c0de a1=7ffd0001 a2=7ffd0002 a3=8 \
             items=2 ppid=10 pid={line} auid=1000 uid=0 gid=0 euid=0 tty=pts0 ses=3 comm=\"tar\" exe=\"/usr/bin/tar\" \
             key=\"exec\"\n\
             type=EXECVE {stamp} argc=4 a0=\"tar\" a1=\"czf\" a2=\"/backup/{line}.tgz\" a3=\"/srv\"\n\
             type=CWD {stamp} cwd=\"/root\"\n\
             type=PATH {stamp} item=0 name=\"/usr/bin/tar\" inode=131 dev=08:01 mode=0100755 ouid=0 nametype=NORMAL\n\
             type=PROCTITLE {stamp} proctitle=74617200637A66002F6261636B7570\n",
        );
    }
    measure(bencher, &log);
}
