//! Every format by a small sample: what it is recognised as, and what its first record says.

use observe::LogSources;

use crate::seen::read;

/// A sample, and what is to be read from it.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    pub(crate) format: &'static str,
    pub(crate) records: usize,
    pub(crate) source: &'static str,
    pub(crate) time: &'static str,
    /// Fields of the first record.
    pub(crate) fields: &'static [(&'static str, &'static str)],
}

pub(crate) const SAMPLES: &[Sample] = &[
    Sample {
        name: "iis",
        text: "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2021-08-24 09:12:00\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken\r\n2021-08-24 09:12:00 10.0.0.5 POST /autodiscover/autodiscover.json a=b@c.example/mapi/nspi/ 443 - 192.0.2.7 python-requests/2.25 200 15\r\n2021-08-24 09:12:01 10.0.0.5 GET /owa/ - 443 - 192.0.2.8 Mozilla/5.0 302 1\r\n",
        format: "w3c",
        records: 2,
        source: "iis",
        time: "2021-08-24T09:12:00Z",
        fields: &[
            ("cs-method", "POST"),
            ("cs-uri-stem", "/autodiscover/autodiscover.json"),
            ("c-ip", "192.0.2.7"),
            ("sc-status", "200"),
        ],
    },
    Sample {
        name: "combined",
        text: "192.0.2.7 - - [24/Aug/2021:09:12:00 +0000] \"GET /a.php?x=1 HTTP/1.1\" 200 512 \"-\" \"curl/7.68\"\n192.0.2.7 - - [24/Aug/2021:09:12:01 +0000] \"GET / HTTP/1.1\" 404 12 \"-\" \"curl/7.68\"\n",
        format: "combined",
        records: 2,
        source: "webserver-combined",
        time: "2021-08-24T09:12:00Z",
        fields: &[("cs-method", "GET"), ("c-ip", "192.0.2.7"), ("sc-status", "200")],
    },
    Sample {
        name: "httpproxy",
        text: "#Software: Microsoft Exchange Server\r\n#Version: 15.01.2308.008\r\n#Log-type: HttpProxy Logs\r\n#Date: 2021-08-24T09:12:00.000Z\r\n#Fields: DateTime,RequestId,Method,UrlStem,UrlQuery,HttpStatus,ClientIpAddress,UserAgent,AuthenticatedUser\r\n2021-08-24T09:12:00.123Z,1,POST,/autodiscover/autodiscover.json,a=b,200,192.0.2.7,python,\r\n",
        format: "exchange",
        records: 1,
        source: "exchange-httpproxy",
        time: "2021-08-24T09:12:00.123Z",
        fields: &[
            ("UrlStem", "/autodiscover/autodiscover.json"),
            ("c-ip", "192.0.2.7"),
            ("cs-method", "POST"),
        ],
    },
    Sample {
        name: "messagetracking",
        text: "\u{FEFF}#Software: Microsoft Exchange Server\r\n#Version: 15.01.2308.008\r\n#Log-type: Message Tracking Log\r\n#Date: 2021-10-28T09:12:00.000Z\r\n#Fields: date-time,client-ip,event-id,source,message-id,recipient-address,sender-address,message-subject\r\n2021-10-28T09:12:00.001Z,192.0.2.7,SEND,SMTP,<1@a.example>,b@b.example,a@a.example,Hello\r\n",
        format: "exchange",
        records: 1,
        source: "exchange-messagetracking",
        time: "2021-10-28T09:12:00.001Z",
        fields: &[("event-id", "SEND"), ("sender-address", "a@a.example")],
    },
    Sample {
        name: "cloudtrail",
        text: "{\"Records\":[{\"eventVersion\":\"1.08\",\"eventTime\":\"2021-08-24T09:12:00Z\",\"eventSource\":\"cloudtrail.amazonaws.com\",\"eventName\":\"StopLogging\",\"awsRegion\":\"eu-west-2\",\"sourceIPAddress\":\"192.0.2.7\",\"userIdentity\":{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::1:user/x\"}}]}",
        format: "json",
        records: 1,
        source: "aws-cloudtrail",
        time: "2021-08-24T09:12:00Z",
        fields: &[("eventName", "StopLogging"), ("userIdentity.type", "IAMUser")],
    },
    Sample {
        name: "m365",
        text: "{\"CreationTime\":\"2021-08-24T09:12:00\",\"Id\":\"1\",\"Operation\":\"New-InboxRule\",\"Workload\":\"Exchange\",\"RecordType\":1,\"UserId\":\"a@a.example\",\"ClientIP\":\"192.0.2.7\",\"Parameters\":[{\"Name\":\"ForwardTo\",\"Value\":\"x@x.example\"}]}\n{\"CreationTime\":\"2021-08-24T09:12:01\",\"Id\":\"2\",\"Operation\":\"UserLoggedIn\",\"Workload\":\"AzureActiveDirectory\",\"RecordType\":15,\"UserId\":\"a@a.example\"}\n",
        format: "json",
        records: 2,
        source: "m365-exchange",
        time: "2021-08-24T09:12:00Z",
        fields: &[("Operation", "New-InboxRule"), ("Parameters.ForwardTo", "x@x.example")],
    },
    Sample {
        name: "csv",
        text: "time,host,user,action\n2021-08-24T09:12:00Z,fs1,alice,read\n2021-08-24T09:12:05Z,fs1,\"bob, the second\",write\n",
        format: "csv",
        records: 2,
        source: "",
        time: "2021-08-24T09:12:00Z",
        fields: &[("host", "fs1"), ("user", "alice")],
    },
    Sample {
        name: "syslog",
        text: "Aug 24 09:12:00 nas sshd[812]: Accepted password for svc_backup from 10.0.0.5 port 50122 ssh2\nAug 24 09:12:09 nas sudo: svc_backup : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/bin/tar czf /tmp/r.tgz /srv/registers\n",
        format: "syslog",
        records: 2,
        source: "linux-sshd",
        time: "2021-08-24T09:12:00Z",
        fields: &[("sshd.result", "accepted"), ("user", "svc_backup"), ("src_ip", "10.0.0.5")],
    },
    Sample {
        name: "auditd",
        text: "type=SYSCALL msg=audit(1629796320.123:42): arch=c000003e syscall=59 success=yes exit=0 pid=9 uid=0 auid=1000 comm=\"tar\" exe=\"/usr/bin/tar\" key=\"exec\"\ntype=EXECVE msg=audit(1629796320.123:42): argc=3 a0=\"tar\" a1=\"czf\" a2=\"/tmp/x.tgz\"\n",
        format: "auditd",
        records: 1,
        source: "linux-auditd-execve",
        time: "2021-08-24T09:12:00.123Z",
        fields: &[("type", "SYSCALL"), ("exe", "/usr/bin/tar"), ("CommandLine", "tar czf /tmp/x.tgz")],
    },
    Sample {
        name: "message",
        text: "Return-Path: <a@a.example>\r\nReceived: from mx.a.example (192.0.2.7) by gw.example; Tue, 24 Aug 2021 09:12:00 +0000\r\nFrom: Alice <a@a.example>\r\nTo: b@b.example\r\nSubject: Hello\r\nDate: Tue, 24 Aug 2021 09:11:58 +0000\r\nMessage-ID: <1@a.example>\r\n\r\nHello.\r\n",
        format: "message",
        records: 1,
        source: "mail",
        time: "",
        fields: &[("subject", "Hello")],
    },
    Sample {
        name: "mbox",
        text: "From a@a.example Tue Aug 24 09:12:00 2021\nFrom: Alice <a@a.example>\nTo: b@b.example\nSubject: One\nDate: Tue, 24 Aug 2021 09:12:00 +0000\n\nHello.\n\nFrom a@a.example Tue Aug 24 09:13:00 2021\nFrom: Alice <a@a.example>\nTo: b@b.example\nSubject: Two\nDate: Tue, 24 Aug 2021 09:13:00 +0000\n\nHello again.\n",
        format: "mbox",
        records: 2,
        source: "mail",
        time: "",
        fields: &[("subject", "One")],
    },
    Sample {
        name: "zeek",
        text: "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.resp_p\n#types\ttime\tstring\taddr\tport\n1629796320.5\tC1\t192.0.2.7\t443\n",
        format: "zeek",
        records: 1,
        source: "zeek-conn",
        time: "2021-08-24T09:12:00.5Z",
        fields: &[("id.orig_h", "192.0.2.7"), ("id.resp_p", "443")],
    },
    Sample {
        name: "dated",
        text: "[2021-08-24 09:12:00,250] WARN something\n[2021-08-24 09:12:01] and more\n",
        format: "text",
        records: 2,
        source: "",
        time: "2021-08-24T09:12:00.25Z",
        fields: &[("message", "[2021-08-24 09:12:00,250] WARN something")],
    },
    Sample {
        name: "text",
        text: "Notes of the meeting.\nNothing was decided.\n",
        format: "text",
        records: 2,
        source: "",
        time: "",
        fields: &[("message", "Notes of the meeting.")],
    },
];

/// Checks one sample as `bytes`, which may be encoded otherwise or lie behind something.
fn check(sample: &Sample, bytes: &[u8], how: &str) {
    let seen = read(bytes, "sample");
    let piece = &seen.pieces[0];
    let (name, format) = (sample.name, piece.format.map(observe::Format::name));
    assert_eq!(format, Some(sample.format), "{name} {how}: {:?}", seen.problems());
    assert_eq!(piece.events.len(), sample.records, "{name} {how}: {:#?}", piece.events);
    let first = &piece.events[0];
    assert_eq!(first.time.map(|time| time.to_string()).unwrap_or_default(), sample.time, "{name} {how}");
    assert_eq!(first.source, LogSources::builtin().named(sample.source).0, "{name} {how}");
    for (field, value) in sample.fields {
        assert_eq!(first.get(field), Some(*value), "{name} {how}: {field} in {:#?}", first.fields);
    }
}

#[test]
fn each_format_is_told_by_its_content() {
    for sample in SAMPLES {
        check(sample, sample.text.as_bytes(), "as it is");
        let seen = read(sample.text.as_bytes(), "sample");
        assert_eq!(seen.problems(), Vec::<String>::new(), "{}", sample.name);
    }
}

#[test]
fn the_encoding_does_not_matter() {
    for sample in SAMPLES {
        let text = sample.text.trim_start_matches('\u{FEFF}');
        check(sample, &[b"\xEF\xBB\xBF", text.as_bytes()].concat(), "with a mark");
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(sample, &[b"\xFF\xFE", &little[..]].concat(), "in UTF-16LE with a mark");
        check(sample, &little, "in UTF-16LE");
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        check(sample, &[b"\xFE\xFF", &big[..]].concat(), "in UTF-16BE with a mark");
        check(sample, &big, "in UTF-16BE");
    }
}

/// A log that was cut when it was rotated, or recovered from a disk.
#[test]
fn what_stands_before_the_first_record_does_not_matter() {
    let logs = SAMPLES.iter().filter(|sample| !matches!(sample.format, "text" | "message" | "csv"));
    for sample in logs {
        let text = sample.text.trim_start_matches('\u{FEFF}').as_bytes();
        check(sample, &[b"\n\r\n\n", text].concat(), "behind blank lines");
        check(sample, &[&[0; 4096], text].concat(), "behind a hole");
        check(sample, &[&[0; 300_000], text].concat(), "behind a large hole");
    }
}

#[test]
fn a_torn_first_line_does_not_matter() {
    let logs = SAMPLES.iter().filter(|sample| !matches!(sample.format, "text" | "message" | "csv" | "zeek"));
    for sample in logs {
        let text = sample.text.trim_start_matches('\u{FEFF}').trim_end();
        let last = text.lines().last().unwrap();
        let torn = last[last.len() / 2..].trim();
        // Enough lines to vote; a real log has more than two.
        let records = text.lines().filter(|line| !line.starts_with('#'));
        let more = records.cycle().take(8).map(|line| format!("{line}\n")).collect::<String>();
        let bytes = format!("{torn}\n{text}\n{more}");
        let seen = read(bytes.as_bytes(), "sample");
        assert_eq!(seen.shape()[0].1, sample.format, "{}: {torn}", sample.name);
        let events = &seen.pieces[0].events;
        assert!(events.len() >= sample.records, "{}: {events:#?}", sample.name);
    }
}

/// A small event log: a process, a cmdlet with unnamed values, a cleared log under `UserData`.
const EVENT_LOG: &[u8] = include_bytes!("../../../../fuzz/corpus/evtx/seed-file");

#[test]
fn an_event_log_whole_and_carved() {
    let carved = [&[0; 1024], &EVENT_LOG[4096..]].concat();
    for (bytes, how) in
        [(EVENT_LOG, "whole"), (&EVENT_LOG[4096..], "without its header"), (&carved, "carved")]
    {
        let seen = read(bytes, "x");
        assert_eq!(seen.shape(), [("x", "evtx", 5)], "{how}: {:?}", seen.problems());
        let first = &seen.pieces[0].events[0];
        assert_eq!(first.get("NewProcessName"), Some(r"C:\Windows\System32\cmd.exe"));
        assert_eq!(first.time.unwrap().to_string(), "2021-08-24T09:12:00Z");
        let source = LogSources::builtin();
        assert!(source.get(model::SourceId(first.source)).serves(
            Some("windows"),
            Some("process_creation"),
            None
        ));
    }
}
