use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::Settings;
use crate::w3c::probe::{expect, probe, probe_with, source, time, torment};

/// What one message of `program` becomes.
fn said(program: &str, message: &str) -> Event {
    let line = format!("2021-08-24T09:12:00+00:00 nas {program}: {message}");
    let mut found = probe(read, line.as_bytes());
    assert!(found.problems.is_empty(), "{line}: {:?}", found.problems);
    expect(&found.events[0], &[("host", "nas"), ("message", message)]);
    found.events.remove(0)
}

#[test]
fn what_journalctl_prints_is_read() {
    let log = "-- Logs begin at Tue 2021-08-24 09:00:00 UTC, end at Tue 2021-08-24 10:00:00 UTC. --\n\
               Tue 2021-08-24 09:12:00 UTC mx sshd[1]: hello\n-- Reboot --\n2021-08-24T11:12:00+0200 mx sshd[1]: hello\n";
    assert!(recognise(log));
    let found = probe(read, log.as_bytes());
    assert!(found.problems.is_empty() && found.assumed.is_empty(), "{:?}", found.problems);
    assert_eq!(found.events.iter().map(time).collect::<Vec<_>>(), ["2021-08-24T09:12:00Z"; 2]);
    expect(&found.events[0], &[("host", "mx"), ("program", "sshd"), ("message", "hello")]);
}

#[test]
fn headers_become_fields() {
    for (line, expected_time, expected) in [
        (
            "<38>Aug 24 09:12:00 nas sshd[77]: hello there",
            "2021-08-24T09:12:00Z",
            &[
                ("host", "nas"),
                ("program", "sshd"),
                ("pid", "77"),
                ("facility", "auth"),
                ("severity", "info"),
                ("message", "hello there"),
            ][..],
        ),
        (
            r#"<165>1 2021-08-24T10:12:00.5+01:00 nas app 77 ID47 [x@1 a="1" b="q\"]\n"][y c="2"] text"#,
            "2021-08-24T09:12:00.5Z",
            &[
                ("program", "app"),
                ("msgid", "ID47"),
                ("facility", "local4"),
                ("severity", "notice"),
                ("sd.x@1.a", "1"),
                ("sd.x@1.b", "q\"]\\n"),
                ("sd.y.c", "2"),
                ("message", "text"),
            ],
        ),
        (
            "Aug 24 09:12:00 nas kernel: x",
            "2021-08-24T09:12:00Z",
            &[("program", "kernel"), ("pid", ""), ("facility", "")],
        ),
    ] {
        let settings = Settings { year: Some(2021), ..Settings::default() };
        let found = probe_with(read, line.as_bytes(), &settings, None);
        assert!(found.problems.is_empty(), "{line}: {:?}", found.problems);
        assert_eq!(time(&found.events[0]), expected_time, "{line}");
        expect(&found.events[0], expected);
    }
}

#[test]
fn years_come_from_the_option_or_from_the_last_change() {
    let log = "Aug 24 09:12:00 nas a: 1\nDec 31 23:59:59 nas a: 2\nJan  1 00:00:01 nas a: 3\nOct 15 00:00:00 nas a: 4\n";
    let years = |settings: &Settings, modified: Option<&str>| {
        let found = probe_with(read, log.as_bytes(), settings, modified);
        let years: Vec<_> =
            found.events.iter().map(|event| time(event).chars().take(4).collect::<String>()).collect();
        (years.join(" "), found.assumed.join("; "), found.problems.len())
    };
    let zone = "times without offset read as UTC; ";
    assert_eq!(
        years(&Settings { year: Some(2019), ..Settings::default() }, Some("2022-10-16T00:00:00Z")),
        ("2019 2019 2020 2020".into(), format!("{zone}dates without a year begin in 2019, as set"), 0)
    );
    assert_eq!(
        years(&Settings::default(), Some("2022-10-16T00:00:00Z")),
        (
            "2021 2021 2022 2022".into(),
            format!(
                "{zone}dates without a year begin in 2021, as the file was last changed 2022-10-16T00:00:00Z"
            ),
            0
        )
    );
    assert_eq!(years(&Settings::default(), None), ("- - - -".into(), String::new(), 1));
}

#[test]
fn the_zone_serves_times_without_offset_only() {
    let settings =
        Settings { zone: TimeZone::get("Europe/London").unwrap(), year: Some(2021), ..Settings::default() };
    let found =
        probe_with(read, b"Aug 24 09:12:00 nas a: 1\n2021-08-24T09:12:00Z nas a: 2\n", &settings, None);
    assert_eq!(time(&found.events[0]), "2021-08-24T08:12:00Z");
    assert_eq!(time(&found.events[1]), "2021-08-24T09:12:00Z");
    assert_eq!(found.assumed[0], "times without offset read as Europe/London");
}

#[test]
fn frames_with_a_length_are_cut() {
    let found =
        probe(read, b"36 <38>1 2021-08-24T09:12:00Z h a - - -36 <38>1 2021-08-24T09:12:01Z h b - - -\n");
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let programs: Vec<_> = found.events.iter().map(|event| event.get("program").unwrap().text).collect();
    assert_eq!(programs, ["a", "b"]);
}

#[test]
fn what_is_no_syslog_line_is_kept_and_told() {
    let found = probe(read, b"2021-08-24T09:12:00Z nas a: 1\n  at Foo.bar\n\n");
    assert_eq!(found.problems.len(), 1);
    assert_eq!(found.problems[0].place, Place::Line(2));
    expect(&found.events[1], &[("message", "  at Foo.bar")]);
    assert_eq!(source(&found.events[1]), "linux / syslog");
}

#[test]
fn sshd_is_understood() {
    for (message, expected) in [
        (
            "Accepted password for svc_backup from 10.0.0.5 port 50111 ssh2",
            &[
                ("sshd.result", "accepted"),
                ("sshd.method", "password"),
                ("user", "svc_backup"),
                ("src_ip", "10.0.0.5"),
                ("src_port", "50111"),
            ][..],
        ),
        (
            "Accepted publickey for ann from 2001:db8::7 port 22 ssh2: ED25519 SHA256:abc/d",
            &[("sshd.method", "publickey"), ("src_ip", "2001:db8::7"), ("sshd.key", "SHA256:abc/d")],
        ),
        (
            "Failed password for invalid user x from 198.51.100.1 port 1 ssh2 from 192.0.2.7 port 5 ssh2",
            &[
                ("sshd.result", "failed"),
                ("user", "x from 198.51.100.1 port 1 ssh2"),
                ("src_ip", "192.0.2.7"),
                ("sshd.invalid_user", "true"),
            ],
        ),
        (
            "Invalid user admin from 192.0.2.7 port 5",
            &[("sshd.result", "invalid_user"), ("user", "admin"), ("src_port", "5")],
        ),
        (
            "Invalid user admin from 192.0.2.7",
            &[("user", "admin"), ("src_ip", "192.0.2.7"), ("src_port", "")],
        ),
        (
            "Connection closed by authenticating user root 192.0.2.7 port 5 [preauth]",
            &[("sshd.result", "closed"), ("user", "root"), ("src_ip", "192.0.2.7"), ("src_port", "5")],
        ),
        ("Disconnected from user ann 192.0.2.7 port 5", &[("sshd.result", "disconnected"), ("user", "ann")]),
        (
            "Received disconnect from 192.0.2.7 port 5:11: bye",
            &[("src_ip", "192.0.2.7"), ("src_port", "5"), ("user", "")],
        ),
        (
            "message repeated 3 times: [ Failed password for root from 192.0.2.7 port 5 ssh2]",
            &[("repeated", "3"), ("sshd.result", "failed"), ("user", "root")],
        ),
        (
            "User bob from 192.0.2.7 not allowed because not listed in AllowUsers",
            &[("sshd.result", "not_allowed"), ("user", "bob"), ("src_ip", "192.0.2.7")],
        ),
        (
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=ann",
            &[
                ("pam.result", "failed"),
                ("pam.service", "sshd"),
                ("src_ip", "192.0.2.7"),
                ("user", "ann"),
                ("pam.ruser", ""),
            ],
        ),
        (
            "pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)",
            &[("pam.result", "opened"), ("pam.type", "session"), ("user", "ann")],
        ),
        ("fatal: buffer_get_string: bad string", &[("sshd.result", ""), ("user", "")]),
    ] {
        let event = said("sshd[77]", message);
        assert_eq!(source(&event), "linux / sshd+auth+syslog");
        expect(&event, expected);
    }
}

#[test]
fn sudo_is_understood() {
    for (message, expected) in [
        (
            "     ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/tar czf /tmp/x.tgz /srv ; y",
            &[
                ("sudo.user", "ann"),
                ("sudo.target", "root"),
                ("USER", "root"),
                ("sudo.pwd", "/home/ann"),
                ("sudo.command", "/usr/bin/tar czf /tmp/x.tgz /srv ; y"),
                ("sudo.result", "allowed"),
                ("user", "ann"),
            ][..],
        ),
        (
            "bob : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
            &[
                ("sudo.reason", "user NOT in sudoers"),
                ("sudo.result", "refused"),
                ("sudo.command", "/bin/sh"),
            ],
        ),
        (
            "pam_unix(sudo:session): session closed for user root",
            &[("pam.result", "closed"), ("user", "root")],
        ),
    ] {
        let event = said("sudo", message);
        assert_eq!(source(&event), "linux / sudo+auth+syslog");
        expect(&event, expected);
    }
}

#[test]
fn postfix_is_understood() {
    for (program, message, expected) in [
        (
            "postfix/smtpd[9]",
            "3F1A2B4C5D: client=mx.example.com[192.0.2.7], sasl_method=LOGIN, sasl_username=ann",
            &[
                ("postfix.daemon", "smtpd"),
                ("postfix.queue_id", "3F1A2B4C5D"),
                ("postfix.client", "mx.example.com"),
                ("postfix.client_ip", "192.0.2.7"),
                ("postfix.sasl_username", "ann"),
            ][..],
        ),
        (
            "postfix/qmgr[9]",
            "3F1A2B4C5D: from=<ann@example.org>, size=2048, nrcpt=40 (queue active)",
            &[("postfix.from", "ann@example.org"), ("postfix.size", "2048"), ("postfix.nrcpt", "40")],
        ),
        (
            "postfix/smtp[9]",
            "4Xyz12AbcdzQ: to=<a@example.com>, orig_to=<x>, relay=mx.example.com[192.0.2.8]:25, delay=1.2, \
             delays=0/0/1/0.2, dsn=5.1.1, status=bounced (host said: 550 to=<fake@x>, status=sent (in reply))",
            &[
                ("postfix.to", "a@example.com"),
                ("postfix.relay", "mx.example.com[192.0.2.8]:25"),
                ("postfix.relay_ip", "192.0.2.8"),
                ("postfix.dsn", "5.1.1"),
                ("postfix.status", "bounced"),
                ("postfix.reason", "host said: 550 to=<fake@x>, status=sent (in reply)"),
            ],
        ),
        (
            "postfix/cleanup[9]",
            "3F1A2B4C5D: message-id=<1@example.org>",
            &[("postfix.message_id", "1@example.org")],
        ),
        ("postfix/qmgr[9]", "3F1A2B4C5D: removed", &[("postfix.action", "removed")]),
        (
            "postfix/smtpd[9]",
            "connect from unknown[2001:db8::7]",
            &[("postfix.action", "connect"), ("postfix.client_ip", "2001:db8::7"), ("postfix.queue_id", "")],
        ),
        (
            "postfix/submission/smtpd[9]",
            "lost connection after AUTH from unknown[192.0.2.7]",
            &[
                ("postfix.action", "lost connection"),
                ("postfix.daemon", "smtpd"),
                ("postfix.client_ip", "192.0.2.7"),
            ],
        ),
        (
            "postfix/smtpd[9]",
            "NOQUEUE: reject: RCPT from x[192.0.2.7]: 550 5.1.1 <b@c>: User unknown; from=<a@b> to=<b@c> proto=ESMTP helo=<x>",
            &[
                ("postfix.action", "reject"),
                ("postfix.client_ip", "192.0.2.7"),
                ("postfix.reason", "550 5.1.1 <b@c>: User unknown"),
                ("postfix.from", "a@b"),
                ("postfix.to", "b@c"),
                ("postfix.helo", "x"),
            ],
        ),
        (
            "postfix/smtpd[9]",
            "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=ann",
            &[
                ("postfix.action", "sasl_failed"),
                ("postfix.client_ip", "192.0.2.7"),
                ("postfix.sasl_method", "LOGIN"),
                ("postfix.sasl_username", "ann"),
            ],
        ),
        (
            "postfix/cleanup[9]",
            "3F1A2B4C5D: warning: header Subject: Hello from us from x[192.0.2.7]; from=<a@b> to=<c@d> proto=ESMTP helo=<x>",
            &[("postfix.subject", "Hello from us"), ("postfix.from", "a@b"), ("postfix.to", "c@d")],
        ),
        (
            "postfix/bounce[9]",
            "3F1A2B4C5D: sender non-delivery notification: 4A5B6C7D8E",
            &[("postfix.queue_id", "3F1A2B4C5D")],
        ),
        ("postfix/smtp[9]", "3F1A2B4C5D: from=<>, size=1", &[("postfix.from", "")]),
    ] {
        let event = said(program, message);
        assert_eq!(source(&event), "linux / postfix+syslog");
        expect(&event, expected);
    }
}

#[test]
fn samba_is_understood_whatever_the_prefix() {
    for (message, expected) in [
        (
            r"EXAMPLE\ann|10.0.0.5|ws7|registers|open|ok|r|2021/a|b.csv",
            &[
                ("samba.user", r"EXAMPLE\ann"),
                ("user", r"EXAMPLE\ann"),
                ("samba.address", "10.0.0.5"),
                ("client_ip", "10.0.0.5"),
                ("samba.machine", "ws7"),
                ("samba.share", "registers"),
                ("samba.operation", "open"),
                ("samba.result", "ok"),
                ("samba.mode", "r"),
                ("samba.path", "2021/a|b.csv"),
            ][..],
        ),
        (
            "10.0.0.5|ann|pread|ok|2021/a.csv",
            &[
                ("samba.user", "ann"),
                ("samba.address", "10.0.0.5"),
                ("samba.share", ""),
                ("samba.path", "2021/a.csv"),
            ],
        ),
        (
            "ann|::ffff:10.0.0.5|registers|unlinkat|fail (Permission denied)|a.csv",
            &[
                ("samba.address", "10.0.0.5"),
                ("samba.share", "registers"),
                ("samba.result", "fail"),
                ("samba.error", "Permission denied"),
                ("samba.prefix2", "::ffff:10.0.0.5"),
            ],
        ),
        (
            "ann|10.0.0.5|ws7|s|create_file|ok|0x100081|file|open|a.csv",
            &[
                ("samba.mode", "0x100081"),
                ("samba.kind", "file"),
                ("samba.disposition", "open"),
                ("samba.path", "a.csv"),
            ],
        ),
        ("ann|10.0.0.5|renameat|ok|a|b", &[("samba.path", "a"), ("samba.target", "b")]),
        ("ann|10.0.0.5|renameat|ok|a|b|c", &[("samba.path", "a|b|c"), ("samba.target", "")]),
        ("open|10.0.0.5|disconnect|ok|s", &[("samba.user", "open"), ("samba.operation", "disconnect")]),
        ("connect|ok|s", &[("samba.operation", "connect"), ("samba.user", "")]),
        ("no operation|here|at all", &[("samba.operation", ""), ("samba.user", "")]),
    ] {
        let event = said("smbd_audit[5]", message);
        assert_eq!(source(&event), "linux / samba+syslog");
        expect(&event, expected);
    }
}

#[test]
fn others_are_told_by_their_program() {
    for (program, message, expected_source, expected) in [
        (
            "CRON[5]",
            "(root) CMD (   tar czf /backup/x.tgz /srv)",
            "linux / cron+syslog",
            &[("cron.user", "root"), ("cron.action", "CMD"), ("cron.command", "tar czf /backup/x.tgz /srv")]
                [..],
        ),
        ("crontab[5]", "(ann) REPLACE (ann)", "linux / cron+syslog", &[("cron.action", "REPLACE")]),
        (
            "su[5]",
            "FAILED SU (to root) ann on pts/0",
            "linux / auth+syslog",
            &[("su.result", "failed"), ("su.target", "root"), ("user", "ann")],
        ),
        (
            "su[5]",
            "Successful su for root by ann",
            "linux / auth+syslog",
            &[("su.result", "accepted"), ("user", "ann")],
        ),
        (
            "useradd[5]",
            "new user: name=eve, UID=0, GID=0, home=/home/eve, shell=/bin/sh, from=/dev/pts/1",
            "linux / auth+syslog",
            &[("account.user", "eve"), ("account.uid", "0")],
        ),
        (
            "vsftpd[5]",
            "[ann] OK DOWNLOAD: Client \"::ffff:192.0.2.7\", \"/a b.csv\", 12 bytes, 1.00Kbyte/sec",
            "linux / vsftpd+syslog",
            &[
                ("user", "ann"),
                ("src_ip", "192.0.2.7"),
                ("vsftpd.action", "OK DOWNLOAD"),
                ("vsftpd.path", "/a b.csv"),
                ("vsftpd.bytes", "12"),
            ],
        ),
        ("clamd[5]", "/x: Webshell.A FOUND", "linux / clamav+syslog", &[]),
        ("named[5]", "client denied AXFR from 192.0.2.7", "linux / syslog", &[]),
    ] {
        let event = said(program, message);
        assert_eq!(source(&event), expected_source, "{program}");
        expect(&event, expected);
    }
    let by_facility = probe(read, b"<86>1 2021-08-24T09:12:00Z h odd - - - x");
    assert_eq!(source(&by_facility.events[0]), "linux / auth+syslog");
}

#[test]
fn it_is_recognised_by_its_content() {
    for (head, expected) in [
        ("Aug 24 09:12:00 nas sshd[1]: x\n", true),
        ("<34>1 2021-08-24T09:12:00Z nas a - - - x\n", true),
        ("83 <34>1 2021-08-24T09:12:00Z nas a - - - x\n", true),
        ("2021-08-24T09:12:00+01:00 nas a: x\n", true),
        ("2021-08-24 09:12:00 INFO started\n", false),
        ("May the force\nbe with you\n", false),
        ("a,b\n1,2\n", false),
        ("", false),
    ] {
        assert_eq!(recognise(head), expected, "{head}");
    }
}

#[test]
fn damage_is_survived() {
    torment(
        read,
        br#"<165>1 2021-08-24T10:12:00.5+01:00 nas sshd 77 - [x a="1"] Failed password for a from b port 1"#,
    );
    torment(read, b"Aug 24 09:12:00 nas smbd_audit[1]: ann|10.0.0.5|open|ok|r|a.csv\n");
    torment(
        read,
        b"Aug 24 09:12:00 gw postfix/smtp[1]: 3F1A2B: to=<a@b>, relay=c[192.0.2.7]:25, status=sent (ok)\n",
    );
}

proptest! {
    #[test]
    fn any_message_is_read(
        program in "sshd|sudo|su|CRON|postfix/smtpd|smbd_audit|vsftpd|useradd|x",
        words in proptest::collection::vec(
            "Failed password for |Accepted |Invalid user |from |port |COMMAND=| : | ; |=|NOQUEUE: |reject: |warning: |header Subject: \
             |; from=<|\\[|\\]|open\\|ok|\\||pam_unix\\(|session |\\)|: |\"|\\PC", 0..14),
    ) {
        let line = format!("Aug 24 09:12:00 nas {program}: {}", words.concat());
        probe(read, line.as_bytes());
        recognise(&line);
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let settings = Settings { tmp: std::env::temp_dir(), ..Settings::default() };
        probe_with(read, &[b"Aug 24 09:12:00 nas a: ", &bytes[..]].concat(), &settings, Some("2022-01-01T00:00:00Z"));
    }
}
