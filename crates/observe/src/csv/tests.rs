use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::Settings;
use crate::w3c::probe::{expect, probe, probe_with, source, time, torment, values};

const TABLE: &str = "\u{feff}Time, User Name ,Count,Note\r\n2021-08-24 09:12:00,ann,7,\"a, \"\"b\"\"\r\nc\"\r\n\
                     2021-08-24T09:12:01Z,bob,007,\r\n";

#[test]
fn names_come_from_the_header() {
    let found = probe(read, TABLE.as_bytes());
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let [first, second] = &found.events[..] else { panic!("{} events", found.events.len()) };
    expect(
        first,
        &[("User Name", "ann"), ("Count", "7"), ("Note", "a, \"b\"\nc"), ("Time", "2021-08-24 09:12:00")],
    );
    assert_eq!((first.record, second.record), (2, 4));
    assert_eq!(second.offset as usize, TABLE.find("2021-08-24T").unwrap());
    expect(second, &[("Count", "007"), ("Note", "∅")]);
    assert_eq!(first.get("Count").unwrap().kind, Kind::Int);
    assert_eq!(second.get("Count").unwrap().kind, Kind::Str);
    assert_eq!((time(first), time(second)), ("2021-08-24T09:12:00Z".into(), "2021-08-24T09:12:01Z".into()));
    assert_eq!(source(first), "unknown");
    assert_eq!(found.assumed, ["times without offset read as UTC"]);
}

#[test]
fn delimiters_are_found_out() {
    for log in [
        "a;b;c\n1;2,5;3\n",
        "a\tb\tc\n1\t2,5\t3\n",
        "a|b|c\n1|2,5|3\n",
        "a,b,c\n1,\"2,5\",3\n",
        "sep=;\na;b;c\n1;2,5;3\n",
    ] {
        assert!(recognise(log), "{log}");
        expect(&probe(read, log.as_bytes()).events[0], &[("a", "1"), ("b", "2,5"), ("c", "3")]);
    }
}

#[test]
fn the_zone_serves_times_that_have_none() {
    let settings = Settings { zone: TimeZone::get("Europe/London").unwrap(), ..Settings::default() };
    for (log, expected) in [
        ("id,timestamp\n1,2021-08-24 09:12:00\n", "2021-08-24T08:12:00Z"),
        ("id,UtcTime\n1,2021-08-24 09:12:00\n", "2021-08-24T09:12:00Z"),
        ("id,Date (UTC)\n1,24/08/2021 09:12\n", "2021-08-24T09:12:00Z"),
        ("Date,Time,id\n24/08/2021,09:12:00,1\n", "2021-08-24T08:12:00Z"),
        ("id,time\n1,1629796320\n", "2021-08-24T09:12:00Z"),
        ("id,when\n1,2021-08-24 09:12:00\n", "-"),
        ("time,created\nsoon,2021-08-24T09:12:00Z\n", "2021-08-24T09:12:00Z"),
    ] {
        let found = probe_with(read, log.as_bytes(), &settings, None);
        assert_eq!(time(&found.events[0]), expected, "{log}");
    }
}

#[test]
fn what_was_assumed_of_dates_is_told() {
    let found = probe(read, b"date,x\n03/04/2021,1\n");
    assert_eq!(
        found.assumed,
        ["times without offset read as UTC", "dates such as 03/04/2021 read day before month"]
    );
    let found = probe(read, b"date,x\n03/04/2021,1\n04/13/2021,2\n");
    assert_eq!(found.problems.len(), 1);
    assert_eq!(found.problems[0].place, Place::Line(3));
}

#[test]
fn ragged_rows_are_filled_and_told() {
    let found = probe(read, b"a,b,c\n1,2\n1,2,3,4\n1,2,3,\na,b,c\n");
    let told: Vec<_> = found.problems.iter().map(|problem| (problem.place, problem.what.as_str())).collect();
    assert_eq!(
        told,
        [(Place::Line(2), "2 values for 3 columns"), (Place::Line(3), "4 values for 3 columns")]
    );
    assert_eq!(found.events.len(), 3);
    expect(&found.events[0], &[("b", "2"), ("c", "∅")]);
    expect(&found.events[1], &[("c", "3"), ("surplus", "4")]);
}

#[test]
fn a_mark_that_is_never_closed_does_not_swallow_the_rest() {
    let log = format!("a,b\n1,\"open\n{}", "2,3\n".repeat(300_000));
    let found = probe(read, log.as_bytes());
    assert_eq!(found.events.len(), 300_001);
    let places: Vec<_> = found.problems.iter().map(|problem| problem.place).collect();
    assert_eq!(places, [Place::Line(2), Place::Line(2)]);
    let torn = probe(read, b"a,b\n1,2\n3,\"4");
    assert_eq!(values(&torn.events[1], "b"), ["4"]);
    assert_eq!(torn.problems.len(), 1);
}

#[test]
fn a_row_of_too_many_values_is_left_out_and_told() {
    let log = format!("a,b\n{}\n1,2\n", ",".repeat(900_000));
    let found = probe(read, log.as_bytes());
    assert_eq!(found.events.len(), 1);
    assert_eq!(found.problems[0].place, Place::Line(2));
}

#[test]
fn some_headers_tell_what_the_rows_are() {
    for (log, expected_source, expected) in [
        (
            "time,c-ip,cs-method,cs-host,c-uri\n2021-08-24T09:12:00Z,10.0.0.9,PUT,h,https://h/a.rar?b\n",
            "proxy",
            &[("c-uri-extension", "rar"), ("cs-host", "h")][..],
        ),
        (
            "time,cs-uri-stem,cs-uri-query\n2021-08-24T09:12:00Z,/a,b=1\n",
            "webserver",
            &[("cs-uri", "/a?b=1"), ("cs-uri-query", "b=1 | /a?b=1")],
        ),
        (
            "TimeCreated,EventID,Channel,Provider_Name,ServiceName\n\
             2021-08-24T09:12:00Z,7045,System,Service Control Manager,x\n",
            "windows / system",
            &[("ServiceName", "x"), ("EventID", "7045")],
        ),
        (
            "\"TimeCreated\",\"Id\",\"ProviderName\",\"LogName\",\"MachineName\"\n\
             24/08/2021 09:12:00,1102,Microsoft-Windows-Eventlog,Security,FS1\n",
            "windows / security",
            &[("EventID", "1102"), ("Channel", "Security"), ("Computer", "FS1"), ("Id", "1102")],
        ),
        (
            "Level,Date and Time,Source,Event ID,Task Category\n\
             Information,24/08/2021 09:12:00,Service Control Manager,7045,None,\"A service\nwas installed\"\n",
            "windows / system",
            &[("Message", "A service\nwas installed"), ("Provider_Name", "Service Control Manager")],
        ),
        (
            "eventTime,eventName,eventSource,awsRegion,eventVersion\n2021-08-24T09:12:00Z,StopLogging,\
             cloudtrail.amazonaws.com,eu-west-2,1.08\n",
            "aws / cloudtrail",
            &[("eventName", "StopLogging")],
        ),
    ] {
        let found = probe(read, log.as_bytes());
        assert_eq!(source(&found.events[0]), expected_source, "{log}");
        assert_eq!(time(&found.events[0]), "2021-08-24T09:12:00Z", "{log}");
        assert!(found.problems.is_empty(), "{log}: {:?}", found.problems);
        expect(&found.events[0], expected);
    }
}

#[test]
fn exports_of_powershell_and_of_evtxecmd_are_read() {
    let log = "#TYPE System.Object\r\n\"Id\",\"ProviderName\",\"LogName\",\"TimeCreated\"\r\n\"4688\",\"P\",\"Security\",\"2021-08-24 10:00:00\"\r\n";
    assert!(recognise(log));
    let found = probe(read, log.as_bytes());
    assert!(found.problems.is_empty() && found.events.len() == 1, "{:?}", found.problems);
    expect(&found.events[0], &[("EventID", "4688"), ("Channel", "Security")]);
    let log = "EventId,TimeCreated,Provider,Channel,Payload\r\n4688,2021-08-24 10:00:00.1,Microsoft-Windows-Security-Auditing,Security,\
        \"{\"\"EventData\"\":{\"\"Data\"\":[{\"\"@Name\"\":\"\"NewProcessName\"\",\"\"#text\"\":\"\"C:\\\\x.exe\"\"}]}}\"\r\n";
    let settings = Settings { zone: TimeZone::fixed(jiff::tz::offset(5)), ..Settings::default() };
    let found = probe_with(read, log.as_bytes(), &settings, None);
    assert_eq!(source(&found.events[0]), "windows / process_creation / security");
    assert_eq!(time(&found.events[0]), "2021-08-24T10:00:00.1Z");
    expect(&found.events[0], &[("Image", r"C:\x.exe")]);
}

#[test]
fn audit_data_becomes_the_record() {
    let log = "RecordId,CreationDate,Operation,AuditData\n\
               1,2021-08-24T09:12:00.0000000Z,New-InboxRule,\"{\"\"CreationTime\"\":\"\"2021-08-24T09:11:59\"\",\
               \"\"Workload\"\":\"\"Exchange\"\",\"\"RecordType\"\":1,\"\"Operation\"\":\"\"New-InboxRule\"\",\
               \"\"UserId\"\":\"\"ann@example.org\"\"}\"\n\
               2,2021-08-24T09:13:00.0000000Z,x,broken\n";
    let found = probe(read, log.as_bytes());
    expect(
        &found.events[0],
        &[("Operation", "New-InboxRule"), ("UserId", "ann@example.org"), ("AuditData", "")],
    );
    assert!(source(&found.events[0]).starts_with("m365"));
    assert_eq!(found.events[0].record, 2);
    assert!(found.events[0].time.is_some());
    expect(&found.events[1], &[("AuditData", "broken"), ("RecordId", "2")]);
    assert_eq!(time(&found.events[1]), "2021-08-24T09:13:00Z");
    assert_eq!(found.problems.len(), 1);
}

#[test]
fn it_is_recognised_by_its_content() {
    for (head, expected) in [
        (TABLE.trim_start_matches('\u{feff}'), true),
        ("a,b\n", true),
        ("1,2\n3,4\n", false),
        ("2021-08-24 09:12:00,b\n", false),
        ("one column\nx\n", false),
        ("{\"a\":1,\"b\":2}\n", false),
        ("Dear all, this is\na letter, with, commas\nand, more\nand\nnone\n", false),
        ("", false),
    ] {
        assert_eq!(recognise(head), expected, "{head}");
    }
}

#[test]
fn damage_is_survived() {
    torment(read, TABLE.as_bytes());
}

proptest! {
    #[test]
    fn any_text_is_read(text in "((time|date|AuditData|c-uri|EventID|Channel)[,;])?[a1,;|\t\"\n/: é]{0,80}") {
        recognise(&text);
        probe(read, text.as_bytes());
    }

    #[test]
    fn what_is_written_as_csv_is_read_back(rows in proptest::collection::vec(proptest::collection::vec("[a-c\"\n, é]{0,6}", 3), 1..6)) {
        let quoted = |row: &Vec<String>| {
            row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",")
        };
        let log = format!("x,y,z\n{}\n", rows.iter().map(quoted).collect::<Vec<_>>().join("\n"));
        let found = probe(read, log.as_bytes());
        prop_assert_eq!(found.events.len(), rows.len());
        for (event, row) in found.events.iter().zip(&rows) {
            let read: Vec<&str> = ["x", "y", "z"].iter().map(|name| event.get(name).unwrap().text).collect();
            prop_assert_eq!(read, row.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
