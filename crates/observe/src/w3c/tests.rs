use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::probe::{expect, probe, probe_with, source, time, torment, values};
use super::*;
use crate::Settings;

const IIS: &str = "#Software: Microsoft Internet Information Services 10.0\r\n\
    #Version: 1.0\r\n\
    #Date: 2021-08-24 00:00:01\r\n\
    #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) \
    sc-status sc-substatus sc-win32-status time-taken\r\n\
    2021-08-24 09:12:00 10.0.0.5 POST /autodiscover/autodiscover.json @example.org/mapi/nspi/?&Email=a%40example.org \
    443 - 203.0.113.9 Mozilla/5.0+(Windows+NT+10.0) - 200 0 0 187\r\n";

#[test]
fn advanced_logging_may_write_local_time_only() {
    let log = "#Fields: date-local time-local cs-uri-stem cs-method\n2021-08-24 10:12:00.5 /x GET\n";
    let settings = Settings { zone: TimeZone::fixed(jiff::tz::offset(1)), ..Settings::default() };
    assert_eq!(time(&probe_with(read, log.as_bytes(), &settings, None).events[0]), "2021-08-24T09:12:00.5Z");
}

#[test]
fn a_log_without_any_date_says_so() {
    let found = probe(read, b"#Fields: time cs-uri-stem cs-method\n10:12:00 /x GET\n10:12:01 /y GET\n");
    assert_eq!((found.events.len(), found.problems.len()), (2, 1), "{:?}", found.problems);
    assert_eq!(found.events[0].time, None);
}

#[test]
fn an_iis_record_has_the_names_that_rules_use() {
    let found = probe(read, IIS.as_bytes());
    assert!(found.problems.is_empty() && found.assumed.is_empty());
    let [event] = &found.events[..] else { panic!("{} events", found.events.len()) };
    assert_eq!(time(event), "2021-08-24T09:12:00Z");
    assert_eq!(source(event), "windows / webserver / iis");
    assert_eq!((event.record, event.offset as usize), (5, IIS.find("2021-08-24 09").unwrap()));
    expect(
        event,
        &[
            ("date", "2021-08-24"),
            ("cs-method", "POST"),
            ("cs-uri-stem", "/autodiscover/autodiscover.json"),
            (
                "cs-uri",
                "/autodiscover/autodiscover.json?@example.org/mapi/nspi/?&Email=a%40example.org | \
                 /autodiscover/autodiscover.json?@example.org/mapi/nspi/?&Email=a@example.org",
            ),
            (
                "cs-uri-query",
                "@example.org/mapi/nspi/?&Email=a%40example.org | \
                 /autodiscover/autodiscover.json?@example.org/mapi/nspi/?&Email=a%40example.org | \
                 @example.org/mapi/nspi/?&Email=a@example.org | \
                 /autodiscover/autodiscover.json?@example.org/mapi/nspi/?&Email=a@example.org",
            ),
            ("cs-username", "∅"),
            ("cs(User-Agent)", "Mozilla/5.0+(Windows+NT+10.0)"),
            ("cs-user-agent", "Mozilla/5.0 (Windows NT 10.0)"),
            ("cs(Referer)", "∅"),
            ("cs-referer", "∅"),
            ("sc-status", "200"),
        ],
    );
    assert_eq!(event.get("sc-status").unwrap().kind, Kind::Int);
}

#[test]
fn the_fields_may_change_within_a_file() {
    let log = "#Fields: time cs-method cs-uri-stem\n#Date: 2021-12-31 23:00:00\n23:59:59 GET /a\n00:00:01 GET /b\n\
               #Fields: date time sc-status\tcs-uri-stem\n2022-01-02\t00:00:00\t404\t/with blank\n";
    let found = probe(read, log.as_bytes());
    let shown: Vec<_> =
        found.events.iter().map(|event| (time(event), values(event, "cs-uri-stem").join(""))).collect();
    let expected = [
        ("2021-12-31T23:59:59Z", "/a"),
        ("2022-01-01T00:00:01Z", "/b"),
        ("2022-01-02T00:00:00Z", "/with blank"),
    ];
    assert_eq!(shown, expected.map(|(time, stem)| (time.to_owned(), stem.to_owned())));
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    expect(&found.events[2], &[("sc-status", "404"), ("cs-method", "")]);
}

#[test]
fn without_fields_the_default_of_iis_is_tried() {
    let record =
        "2021-08-24 09:12:00 10.0.0.5 GET /owa/ - 443 EXAMPLE\\ann 198.51.100.7 curl/7.68 - 200 0 0 15\n";
    assert!(recognise(record));
    let found = probe(read, record.as_bytes());
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    assert_eq!(found.problems[0].place, Place::Line(1));
    expect(
        &found.events[0],
        &[
            ("cs-username", r"EXAMPLE\ann"),
            ("c-ip", "198.51.100.7"),
            ("time-taken", "15"),
            ("cs-uri", "/owa/"),
        ],
    );
}

#[test]
fn a_record_with_too_few_or_too_many_values_is_kept_and_told() {
    let log =
        "#Fields: date time cs-method cs-uri-stem\n2021-08-24 09:12:00 GET\n2021-08-24 09:12:00 GET /a b c\n";
    let found = probe(read, log.as_bytes());
    let told: Vec<_> = found.problems.iter().map(|problem| (problem.place, problem.what.as_str())).collect();
    assert_eq!(told, [(Place::Line(2), "3 values for 4 fields"), (Place::Line(3), "6 values for 4 fields")]);
    expect(&found.events[0], &[("cs-method", "GET"), ("cs-uri-stem", "")]);
    expect(&found.events[1], &[("cs-uri-stem", "/a"), ("surplus", "b | c")]);
}

#[test]
fn a_proxy_log_has_whole_uris() {
    let log = "#Software: SGOS 6.7\n#Fields: date time c-ip cs-username cs-method cs-uri-scheme cs-host cs-uri-port \
               cs-uri-path cs-uri-query cs(User-Agent) s-action sc-status sc-bytes cs-bytes\n\
               2021-08-24 09:12:00 10.0.0.9 ann PUT https files.example.com 8443 /up/x.rar ?a=1 \"Mozilla/5.0 (X11)\" \
               TCP_MISS 200 300 99000\n\
               2021-08-24 09:12:01 10.0.0.9 - GET http \"files.example.com\" 80 / - - TCP_HIT 200 300 90\n";
    let found = probe(read, log.as_bytes());
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!(source(&found.events[0]), "proxy");
    expect(
        &found.events[0],
        &[
            ("c-uri", "https://files.example.com:8443/up/x.rar?a=1"),
            ("cs-uri", "https://files.example.com:8443/up/x.rar?a=1"),
            ("c-uri-extension", "rar"),
            ("c-useragent", "Mozilla/5.0 (X11)"),
            ("cs-bytes", "99000"),
        ],
    );
    expect(&found.events[1], &[("c-uri", "http://files.example.com/"), ("cs-host", "files.example.com")]);
}

#[test]
fn other_logs_of_the_same_shape_have_their_sources() {
    for (log, expected_source, expected) in [
        (
            "#Software: Microsoft HTTP API 2.0\n#Fields: date time c-ip cs-method cs-uri sc-status s-reason\n\
             2021-08-24 09:12:00 192.0.2.4 GET /a%2e?b=1 400 BadRequest\n",
            "windows / webserver / httperr",
            &[
                ("cs-uri-stem", "/a%2e | /a."),
                ("cs-uri-query", "b=1 | /a%2e?b=1 | /a.?b=1"),
                ("cs-uri", "/a%2e?b=1 | /a.?b=1"),
            ][..],
        ),
        (
            "#Software: Microsoft Windows Firewall\n#Time Format: Local\n\
             #Fields: date time action protocol src-ip dst-ip src-port dst-port\n\
             2021-08-24 09:12:00 ALLOW TCP 10.0.0.5 192.0.2.4 5000 443\n",
            "windows / firewall / firewall",
            &[("dst_ip", "192.0.2.4"), ("dst_port", "443"), ("action", "ALLOW")],
        ),
        (
            "#Version: 1.0\n#Fields: date time x-edge-location c-ip cs-method cs(Host) cs-uri-stem cs(User-Agent)\n\
             2021-08-24\t09:12:00\tLHR1\t192.0.2.4\tGET\tw.example.org\t/\tMozilla/5.0%20(X11)\n",
            "windows / webserver / iis",
            &[("cs-host", "w.example.org"), ("cs-user-agent", "Mozilla/5.0 (X11)")],
        ),
    ] {
        let found = probe(read, log.as_bytes());
        assert_eq!(source(&found.events[0]), expected_source);
        expect(&found.events[0], expected);
        assert!(found.problems.is_empty(), "{:?}", found.problems);
    }
}

#[test]
fn only_a_log_that_says_so_is_in_local_time() {
    let settings = Settings { zone: TimeZone::get("Europe/London").unwrap(), ..Settings::default() };
    let record = "#Fields: date time cs-method\n2021-08-24 09:12:00 GET\n";
    let found = probe_with(read, record.as_bytes(), &settings, None);
    assert_eq!(time(&found.events[0]), "2021-08-24T09:12:00Z");
    assert!(found.assumed.is_empty());
    let found = probe_with(read, format!("#Time Format: Local\n{record}").as_bytes(), &settings, None);
    assert_eq!(time(&found.events[0]), "2021-08-24T08:12:00Z");
    assert_eq!(found.assumed, ["times without offset read as Europe/London"]);
}

#[test]
fn a_mark_in_a_user_agent_does_not_shift_the_columns() {
    let log = "#Fields: date time cs(User-Agent) cs(Referer) sc-status\n2021-08-24 09:12:00 \"a x\" 200\n";
    expect(
        &probe(read, log.as_bytes()).events[0],
        &[("cs(User-Agent)", "\"a"), ("cs(Referer)", "x\""), ("sc-status", "200")],
    );
}

#[test]
fn it_is_recognised_by_its_content() {
    for (head, expected) in [
        (IIS, true),
        ("#Fields: date time\n", true),
        ("#Software: Microsoft Exchange Server\n#Fields: date-time,client-ip\n", false),
        ("#Fields: date-time,client-ip\n", false),
        ("GET / HTTP/1.1\n", false),
        ("", false),
    ] {
        assert_eq!(recognise(head), expected, "{head}");
    }
}

#[test]
fn utf_16_and_nul_bytes_are_read() {
    let wide: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(IIS.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(probe(read, &wide).events.len(), 1);
    let found = probe(read, format!("{IIS}{}", "\0".repeat(5000)).as_bytes());
    assert_eq!(found.events.len(), 1);
    assert_eq!(values(&found.events[0], "time-taken"), ["187"]);
}

#[test]
fn damage_is_survived() {
    torment(read, IIS.as_bytes());
}

#[test]
fn a_hostile_line_takes_no_longer_than_an_honest_one() {
    for part in ["\"a ", "% ", " ", "\t"] {
        let log = format!("#Fields: date time cs-uri-stem\n{}a\n", part.repeat(400_000));
        let found = probe(read, log.as_bytes());
        assert!(found.events.len() <= 1 && !found.problems.is_empty());
    }
}

proptest! {
    #[test]
    fn any_text_is_read(lines in proptest::collection::vec("(#Fields: |#Date: )?(date|time|cs-uri|cs-uri-stem|-|\"|%2e|[ \t]|\\PC){0,12}", 0..8)) {
        let log = lines.join("\n");
        recognise(&log);
        probe(read, log.as_bytes());
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        probe(read, &[IIS.as_bytes(), &bytes].concat());
    }
}
