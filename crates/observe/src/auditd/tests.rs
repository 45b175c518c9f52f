use model::Place;
use proptest::prelude::*;

use super::*;
use crate::w3c::probe::{expect, probe, source, time, torment};

const EXECVE: &str = "node=nas type=SYSCALL msg=audit(1629796320.123:77): arch=c000003e syscall=59 success=yes exit=0 \
a0=55d0 a1=7f a2=0 a3=8 items=2 ppid=10 pid=11 auid=1000 uid=0 gid=0 tty=pts0 comm=\"tar\" exe=\"/usr/bin/tar\" key=\"exec\"
node=nas type=EXECVE msg=audit(1629796320.123:77): argc=4 a0=\"tar\" a1=\"czf\" a2=\"/dev/shm/x.tgz\" a3=2F7372762F612062
node=nas type=CWD msg=audit(1629796320.123:77): cwd=\"/root\"
node=nas type=PATH msg=audit(1629796320.123:77): item=0 name=\"/usr/bin/tar\" inode=1 mode=0100755 nametype=NORMAL
node=nas type=PATH msg=audit(1629796320.123:77): item=1 name=2F6C69622F6120622E736F inode=2 nametype=NORMAL
node=nas type=PROCTITLE msg=audit(1629796320.123:77): proctitle=74617200637A66
node=nas type=EOE msg=audit(1629796320.123:77):
";

#[test]
fn what_ausearch_puts_between_events_is_passed_over() {
    let log: String = (0..9)
        .map(|n| {
            format!(
                "----\ntime->Tue Aug 24 09:12:00 2021\ntype=USER_CMD msg=audit(1629796320.123:{n}): pid=1\n"
            )
        })
        .collect();
    assert!(recognise(&log) && !recognise("----\ntime->Tue Aug 24 09:12:00 2021\n"));
    let found = probe(read, log.as_bytes());
    assert!(found.problems.is_empty() && found.events.len() == 9, "{:?}", found.problems);
}

#[test]
fn the_records_of_one_serial_become_one_event() {
    let found = probe(read, EXECVE.as_bytes());
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let [event] = &found.events[..] else { panic!("{} events", found.events.len()) };
    assert_eq!(time(event), "2021-08-24T09:12:00.123Z");
    assert_eq!(source(event), "linux / process_creation / auditd");
    assert_eq!((event.record, event.offset), (1, 0));
    expect(
        event,
        &[
            ("host", "nas"),
            ("serial", "77"),
            ("type", "SYSCALL | EXECVE | CWD | PATH | PATH | PROCTITLE"),
            ("a0", "tar"),
            ("a3", "/srv/a b"),
            ("syscall.a0", "55d0"),
            ("CommandLine", "tar czf /dev/shm/x.tgz /srv/a b"),
            ("Image", "/usr/bin/tar"),
            ("CurrentDirectory", "/root"),
            ("User", "root"),
            ("ProcessId", "11"),
            ("name", "/usr/bin/tar | /lib/a b.so"),
            ("proctitle", "tar czf"),
            ("syscall", "59 | execve"),
            ("SYSCALL", "execve"),
            ("key", "exec"),
            ("exe", "/usr/bin/tar"),
        ],
    );
}

#[test]
fn interleaved_records_find_each_other() {
    let log = "type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=2 comm=\"a\"
type=SYSCALL msg=audit(1.001:2): arch=c000003e syscall=2 comm=\"b\"
type=PATH msg=audit(1.000:1): name=\"/a\" nametype=NORMAL
type=USER_LOGIN msg=audit(1.002:3): pid=1 msg='op=login acct=\"ann\" exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.7 terminal=ssh res=failed'
type=PATH msg=audit(1.001:2): name=\"/b\" nametype=NORMAL
type=PROCTITLE msg=audit(1.001:2): proctitle=\"b\"
type=PROCTITLE msg=audit(1.000:1): proctitle=\"a\"
";
    let found = probe(read, log.as_bytes());
    let shown: Vec<_> = found
        .events
        .iter()
        .map(|event| (event.record, event.get("name").map_or("", |name| name.text)))
        .collect();
    assert_eq!(shown, [(4, ""), (2, "/b"), (1, "/a")]);
    expect(
        &found.events[0],
        &[
            ("acct", "ann"),
            ("user", "ann"),
            ("addr", "192.0.2.7"),
            ("src_ip", "192.0.2.7"),
            ("hostname", "∅"),
            ("res", "failed"),
        ],
    );
    assert_eq!(source(&found.events[0]), "linux / auditd");
}

#[test]
fn an_event_without_its_last_record_ends_when_the_log_moves_on() {
    let log = "type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=103 a0=4
type=SYSCALL msg=audit(9.000:2): a0=1
type=SYSCALL msg=audit(9.000:1): a0=2
";
    let found = probe(read, log.as_bytes());
    let shown: Vec<_> = found.events.iter().map(|event| event.record).collect();
    assert_eq!(shown, [1, 2, 3]);
    expect(&found.events[0], &[("SYSCALL", "syslog"), ("a0", "4")]);
    let many: String =
        (0..200).map(|serial| format!("type=SYSCALL msg=audit(1.0:{serial}): a0=1\n")).collect();
    assert_eq!(probe(read, many.as_bytes()).events.len(), 200);
}

#[test]
fn resolved_names_are_taken() {
    let log = "type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=59 uid=33 exe=\"/bin/sh\" key=6B316B32\u{1d}ARCH=x86_64 SYSCALL=execve UID=\"www-data\"
type=EXECVE msg=audit(1.000:1): argc=2 a0=\"sh\" a1_len=6 a1[0]=616263 a1[1]=\"def\"
type=PROCTITLE msg=audit(1.000:1): proctitle=(null)
";
    let found = probe(read, log.as_bytes());
    expect(
        &found.events[0],
        &[
            ("SYSCALL", "execve"),
            ("syscall", "59 | execve"),
            ("User", "www-data"),
            ("CommandLine", "sh abcdef"),
            ("a1", "abc | def"),
            ("proctitle", "∅"),
        ],
    );
}

#[test]
fn files_and_connections_have_their_categories() {
    for (log, expected_source, expected) in [
        (
            "type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=257 exe=\"/bin/sh\"\n\
             type=CWD msg=audit(1.000:1): cwd=\"/etc\"\n\
             type=PATH msg=audit(1.000:1): item=0 name=\"cron.d\" nametype=PARENT\n\
             type=PATH msg=audit(1.000:1): item=1 name=\"cron.d/x\" nametype=CREATE\n",
            "linux / file_event / auditd",
            &[("TargetFilename", "/etc/cron.d/x"), ("Image", "/bin/sh"), ("name", "cron.d | cron.d/x")][..],
        ),
        (
            "type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=42 exe=\"/bin/sh\"\n\
             type=SOCKADDR msg=audit(1.000:1): saddr=020001BBC0000207\n",
            "linux / network_connection / auditd",
            &[
                ("DestinationIp", "192.0.2.7"),
                ("DestinationPort", "443"),
                ("Initiated", "true"),
                ("Image", "/bin/sh"),
            ],
        ),
        (
            "type=SERVICE_STOP msg=audit(1.000:1): pid=1 uid=0 msg='unit=firewalld comm=\"systemd\" res=success'\n",
            "linux / auditd",
            &[("unit", "firewalld"), ("type", "SERVICE_STOP")],
        ),
    ] {
        let found = probe(read, log.as_bytes());
        assert_eq!(source(&found.events[0]), expected_source);
        expect(&found.events[0], expected);
    }
}

#[test]
fn what_is_no_record_is_told() {
    let found = probe(read, format!("{EXECVE}garbage\n").as_bytes());
    assert_eq!(found.events.len(), 1);
    assert_eq!(found.problems[0].place, Place::Line(8));
}

#[test]
fn it_is_recognised_by_its_content() {
    for (head, expected) in [
        (EXECVE, true),
        ("Aug 24 09:12:00 nas audispd: type=EOE msg=audit(1.0:1):\n", true),
        ("type=SYSCALL without a stamp\n", false),
        ("", false),
    ] {
        assert_eq!(recognise(head), expected, "{head}");
    }
}

#[test]
fn damage_is_survived() {
    torment(read, EXECVE.as_bytes());
}

#[test]
fn hostile_lines_take_no_longer_than_honest_ones() {
    for part in ["a={", "a=' ", "a=\" ", "a0= ", "="] {
        let line = format!("type=EXECVE msg=audit(1.0:1): {}\n", part.repeat(300_000));
        assert_eq!(probe(read, line.as_bytes()).events.len(), 1, "{part}");
    }
}

proptest! {
    #[test]
    fn any_records_are_read(
        lines in proptest::collection::vec(
            "type=(SYSCALL|EXECVE|PATH|PROCTITLE|EOE|SOCKADDR|USER_X) msg=audit\\([1-9]\\.0:[1-3]\\): \
             ((a[0-9]|name|nametype|cwd|saddr|key|msg|syscall|arch)=(\"|'|CREATE|6162|02000101|é|\u{1d}| ){0,3} ){0,5}", 0..12),
    ) {
        let log = lines.join("\n");
        let events = probe(read, log.as_bytes()).events.len();
        prop_assert!(events <= lines.len());
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        probe(read, &[b"type=SYSCALL msg=audit(1.0:1): ", &bytes[..]].concat());
    }
}
