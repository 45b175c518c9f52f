//! What is linked and what is not, case by case.

#![allow(clippy::unwrap_used, reason = "a test that cannot be staged has failed")]

mod common;

use std::collections::BTreeMap;

use assess::{Answer, Linker, Settings, Volume};
use common::line;
use model::{Finding, Time};

const DAY: i64 = 86_400_000_000;

/// A machine that writes every day from August 2021 to October 2022.
fn every_day(linker: &mut Linker, host: &str) {
    let first = Time::parse("2021-08-01").unwrap().day();
    for day in first..first + 440 {
        let first = Time::from_micros(day * DAY);
        let volume = Volume { records: 1000, first, last: first.plus_micros(DAY - 1) };
        linker.volume(host, "security", volume);
    }
}

fn assess(findings: &[Finding]) -> (Vec<Option<String>>, Answer) {
    let detected = Time::parse("2022-10-15").ok();
    let mut linker = Linker::new(&Settings { detected }).unwrap();
    for host in ["EX01", "FS02", "DC01", "NAS01", "WS1", "WS2", "WS3", "WS4", "WS5", "WS6"] {
        every_day(&mut linker, host);
    }
    for finding in findings {
        linker.see(finding, None);
    }
    let plan = linker.link();
    let mut collector = plan.collect();
    let mut ids = Vec::new();
    for finding in findings {
        let place = collector.add(finding, None);
        let id = plan.incident_of(finding, None).map(str::to_owned);
        assert_eq!(place.and_then(|place| plan.incident_id(place)), id.as_deref());
        ids.push(id);
    }
    (ids, collector.finish())
}

/// Each line begins with a letter: findings with one letter must be one incident, those with
/// different letters different ones; `-` must be in none. `*` may be anything.
fn check(what: &str, lines: &str) -> Answer {
    let mut staged: Vec<(char, Finding)> = lines
        .lines()
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| (text.chars().next().unwrap(), line(&text[1..])))
        .collect();
    staged.sort_by_key(|(_, finding)| finding.time);
    let findings: Vec<Finding> = staged.iter().map(|(_, finding)| finding.clone()).collect();
    let (ids, answer) = assess(&findings);
    let mut names: BTreeMap<char, Option<String>> = BTreeMap::new();
    for ((letter, finding), id) in staged.iter().zip(&ids) {
        match letter {
            '*' => {}
            '-' => assert_eq!(id, &None, "{what}: {}", finding.id),
            _ => {
                assert!(id.is_some(), "{what}: nowhere: {}", finding.id);
                let known = names.entry(*letter).or_insert_with(|| id.clone());
                assert_eq!(known, id, "{what}: apart: {letter} {}", finding.id);
            }
        }
    }
    let mut apart: Vec<&String> = names.values().flatten().collect();
    apart.sort();
    apart.dedup();
    assert_eq!(apart.len(), names.len(), "{what}: {names:#?}");
    answer
}

/// `body` once a day, `days` times.
fn daily(from: &str, days: i64, body: &str) -> String {
    let first = Time::parse(from).unwrap();
    let at = |day| first.plus_micros(day * DAY);
    (0..days).map(|day| body.replace("AT", &at(day).to_string()) + "\n").collect()
}

#[test]
fn a_rare_address_outside_links_over_months() {
    let answer = check(
        "one address, three visits",
        "A 2021-08-24T09:12:00Z high proxyshell initial-access Computer=EX01 c-ip=203.0.113.7
         A 2022-03-02T22:00:00Z medium webshell persistence Computer=EX01 c-ip=203.0.113.7
         A 2022-08-30T03:00:00Z high cloud collection Workload=Exchange ClientIP=203.0.113.7
         B 2022-06-01T10:00:00Z medium export collection Computer=EX01 Caller=adm-smith",
    );
    let link = &answer.incidents[0].links[0];
    assert_eq!((link.kind.as_str(), link.value.as_str(), link.findings), ("address", "203.0.113.7", 3));
    assert!(link.weight > 60, "{link:?}");
    assert_eq!(answer.incidents[0].dwell_days, Some(416));
}

#[test]
fn a_scanner_that_is_always_there_links_nothing() {
    let scans = daily(
        "2021-08-02T02:00:00Z",
        400,
        "B AT medium probe reconnaissance Computer=EX01 c-ip=198.51.100.9",
    );
    check(
        "the scanner knocks on the day of the break-in too",
        &(scans
            + "A 2021-08-24T02:00:00Z high proxyshell initial-access Computer=EX01 c-ip=203.0.113.7
               A 2022-03-02T02:10:00Z high webshell persistence Computer=EX01 c-ip=203.0.113.7"),
    );
}

#[test]
fn a_noisy_rule_glues_nothing() {
    let mut lines = String::new();
    for (place, host) in ["WS1", "WS2", "WS3", "WS4", "WS5", "WS6"].iter().enumerate() {
        let body = format!("* AT medium noise execution Computer={host} SubjectUserName=svc-agent");
        lines += &daily("2021-08-02T08:00:00Z", 400, &body);
        let letter = char::from(b'A' + place as u8);
        lines += &format!(
            "{letter} 2021-10-0{}T08:05:00Z high quiet-{place} persistence Computer={host} User=user{place}\n",
            place + 1
        );
    }
    check("six machines with the same agent", &lines);
}

#[test]
fn a_host_alone_is_no_link_but_one_hour_of_different_tactics_is() {
    check(
        "the same host, two days apart",
        "A 2021-09-01T10:00:00Z medium one execution Computer=EX01
         B 2021-09-03T10:00:00Z medium two persistence Computer=EX01",
    );
    check(
        "the same host, ten minutes apart, same tactic",
        "A 2021-09-01T10:00:00Z medium one execution Computer=EX01
         B 2021-09-01T10:10:00Z medium two execution Computer=EX01",
    );
    let answer = check(
        "the same host, ten minutes apart, another tactic",
        "A 2021-09-01T10:00:00Z medium one execution Computer=EX01
         A 2021-09-01T10:10:00Z medium two persistence Computer=EX01",
    );
    assert_eq!(answer.incidents[0].links[0].kind, "time");
}

#[test]
fn processes_and_pages_are_threads_to_follow() {
    check(
        "a process tree, and another process at the same time",
        "A 2021-09-01T10:00:00Z high child execution Computer=EX01 ProcessGuid={aaaaaaaa-0001} ParentProcessGuid={aaaaaaaa-0000}
         A 2021-09-01T13:00:00Z high dump execution Computer=EX01 ProcessGuid={aaaaaaaa-0002} ParentProcessGuid={aaaaaaaa-0001}
         B 2021-09-01T13:00:00Z medium other execution Computer=EX01 ProcessGuid={bbbbbbbb-0002} ParentProcessGuid={bbbbbbbb-0001}",
    );
    check(
        "a page as written and as used",
        r"A 2021-09-01T10:00:00Z high written persistence Computer=EX01.commission.example TargetFilename=C:\inetpub\wwwroot\aspnet_client\kq3.aspx
          A 2021-11-05T10:00:00Z medium used command-and-control s-computername=EX01 cs-uri-stem=/aspnet_client/kq3.aspx c-ip=203.0.113.7
          B 2021-11-05T10:00:00Z medium used command-and-control s-computername=EX01 cs-uri-stem=/monitor/check.aspx c-ip=10.1.0.77",
    );
}

#[test]
fn a_stolen_account_links_and_a_common_one_does_not() {
    check(
        "an account that is seldom in findings",
        r"A 2021-09-01T10:00:00Z high dump credential-access Computer=EX01 SubjectUserName=jane.doe
          A 2022-01-20T10:00:00Z high logon initial-access status.errorCode=0 userPrincipalName=jane.doe@commission.example ipAddress=203.0.113.90
          B 2022-01-20T10:00:00Z high logon initial-access status.errorCode=0 userPrincipalName=john@commission.example ipAddress=198.51.100.90",
    );
    let service = daily(
        "2021-08-02T01:00:00Z",
        400,
        "* AT medium backup collection Computer=FS02 SubjectUserName=svc-backup IpAddress=10.1.0.20",
    );
    check(
        "an account that is in findings every day",
        &(service
            + "A 2021-09-01T10:00:00Z high task persistence Computer=FS02 SubjectUserName=svc-backup
               B 2022-01-20T10:00:00Z high clear defense-evasion Computer=NAS01 user=svc-backup"),
    );
}

#[test]
fn a_machine_is_known_by_its_address() {
    let answer = check(
        "from the mail server to the file server",
        "A 2021-09-01T10:00:00Z high proxyshell initial-access s-computername=EX01 s-ip=10.1.0.5 c-ip=203.0.113.7
         A 2021-09-01T10:20:00Z high child execution Computer=EX01
         A 2021-09-02T01:00:00Z high bulk collection Computer=FS02 SubjectUserName=svc-archive IpAddress=10.1.0.5
         A 2021-09-02T02:00:00Z high samba collection host=NAS01 samba.user=svc-archive samba.address=10.1.0.5
         B 2021-09-02T02:00:00Z medium bulk collection Computer=FS02 SubjectUserName=indexer IpAddress=10.1.0.30",
    );
    let main = &answer.incidents[0];
    let hosts: Vec<&str> = main.hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(hosts, ["EX01", "FS02", "NAS01"]);
    assert_eq!(
        main.title,
        "EX01 entered and made to run commands, then FS02 read, then NAS01 read, 2021-09-01 to 2021-09-02"
    );
}

#[test]
fn gaps_keys_and_accounts_go_by_the_names_that_other_records_tell() {
    let mut findings = [
        "2021-09-01T10:00:00Z high proxyshell initial-access s-computername=EX01 s-ip=10.1.0.5 c-ip=203.0.113.7",
        "2021-09-01T10:05:00Z high page persistence s-ip=10.1.0.5 c-ip=203.0.113.7 cs-uri-stem=/a/b.aspx",
        "2021-09-01T10:10:00Z high made persistence Computer=EX01 TargetSid=S-1-5-21-1-2-3-1010 TargetUserName=support1",
        "2021-09-01T10:12:00Z high raised persistence Computer=EX01 sid=S-1-5-21-1-2-3-1010",
    ]
    .map(line);
    let what = model::Exposed::Account;
    let exposes =
        vec![model::Measure { what, how: model::ExposureKind::Taken, fields: vec!["sid".to_owned()] }];
    let raised = (*findings[3].rule).clone();
    findings[3].rule = std::sync::Arc::new(model::RuleInfo { exposes, ..raised });
    let mut linker = Linker::new(&Settings { detected: Time::parse("2021-10-01").ok() }).unwrap();
    let first = Time::parse("2021-08-01").unwrap().day();
    for day in (first..first + 60).filter(|day| !(first + 40..first + 50).contains(day)) {
        let first = Time::from_micros(day * DAY);
        linker.volume("10.1.0.5", "iis", Volume { records: 10, first, last: first });
    }
    findings.iter().for_each(|finding| linker.see(finding, None));
    let plan = linker.link();
    let mut collector = plan.collect();
    for finding in &findings {
        collector.add(finding, None);
    }
    let answer = collector.finish();
    assert_eq!(answer.gaps[0].source, "EX01 iis");
    let main = &answer.incidents[0];
    assert!(main.key.iter().any(|key| key.what == "EX01, 203.0.113.7: /a/b.aspx"), "{:?}", main.key);
    assert_eq!(main.exposure[0].name, "support1");
    assert_eq!(main.dwell_days, Some(29));
    let first = main.first_actionable.as_ref().unwrap();
    assert!(first.why.ends_with("it came 29 days before detection."), "{}", first.why);
}

#[test]
fn a_held_machine_draws_in_what_is_serious_and_rare() {
    let entry = "A 2021-09-01T10:00:00Z high entry initial-access Computer=EX01 c-ip=203.0.113.7
                 A 2021-09-01T10:10:00Z high child execution Computer=EX01
                 A 2021-09-01T10:20:00Z high dump credential-access Computer=EX01\n";
    check(
        "spam two months later",
        &(entry.to_owned()
            + "A 2021-10-28T09:00:00Z high spam impact server-hostname=EX01 sender-address=press@commission.example
               B 2021-10-26T09:00:00Z medium export collection Computer=EX01 Caller=adm-smith
               C 2021-10-28T09:00:00Z high task persistence Computer=FS02 SubjectUserName=helpdesk"),
    );
    check(
        "nothing draws in where only one tactic was shown",
        "A 2021-09-01T10:00:00Z high entry initial-access Computer=EX01 c-ip=203.0.113.7
         B 2021-10-28T09:00:00Z high spam impact server-hostname=EX01 sender-address=press@commission.example",
    );
}

#[test]
fn what_is_low_follows_and_brings_nothing_together() {
    check(
        "a low finding on both addresses",
        "A 2021-09-01T10:00:00Z high entry initial-access Computer=EX01 c-ip=203.0.113.7
         B 2021-09-01T10:00:00Z high entry initial-access Computer=WS1 c-ip=198.51.100.4
         * 2021-09-01T12:00:00Z low ping discovery Computer=DC01 SourceIp=203.0.113.7 DestinationIp=198.51.100.4
         A 2021-08-20T10:00:00Z low scan reconnaissance Computer=EX01 c-ip=203.0.113.7
         - 2021-08-20T10:00:00Z low scan reconnaissance Computer=EX01 c-ip=198.51.100.200",
    );
}

#[test]
fn many_unlinked_findings_of_one_rule_are_told_as_one() {
    let lines: String = (0..9)
        .map(|n| format!("A 2021-09-0{}T10:00:00Z medium typos credential-access Computer=WS{} TargetUserName=user{n}\n", n + 1, n % 3))
        .collect();
    let answer = check("typing errors", &lines);
    assert_eq!(
        answer.incidents[0].title,
        "Rule typos: 9 occurrences without a link, 2021-09-01 to 2021-09-09"
    );
}

#[test]
fn mail_led_to_one_address_links_the_house_and_the_cloud() {
    let answer = check(
        "the same mailbox outside, three months apart",
        "A 2022-03-11T02:00:00Z high forward collection Computer=EX01 Parameter_Identity=jane Parameter_ForwardingSmtpAddress=smtp:drop7@outside.example
         A 2022-06-20T02:00:00Z medium rule collection Workload=Exchange UserId=john@commission.example Parameters.ForwardTo=drop7@outside.example
         B 2022-06-20T02:00:00Z medium rule collection Workload=Exchange UserId=mary@commission.example Parameters.ForwardTo=mary@home.example",
    );
    assert_eq!(answer.incidents[0].links[0].value, "drop7@outside.example");
    assert_eq!(answer.incidents[0].addresses[0].name, "drop7@outside.example");
}

#[test]
fn two_rules_on_one_record_are_one_story() {
    let mut findings = [
        line("2021-09-01T10:00:00Z medium one execution Computer=EX01 TaskName=x"),
        line("2021-09-01T10:00:00Z medium two execution Computer=EX01 TaskName=x"),
        line("2021-09-01T10:00:00Z medium two execution Computer=EX01 TaskName=y"),
    ];
    findings[1].event_ref = findings[0].event_ref.clone();
    let (ids, answer) = assess(&findings[..2]);
    assert_eq!(ids[0], ids[1]);
    assert_eq!(answer.incidents[0].links[0].kind, "record");
    findings[1].event_ref = findings[2].event_ref.clone();
    assert_eq!(assess(&findings).1.incidents.len(), 2);
}

#[test]
fn what_the_caller_calls_a_machine_counts_where_records_say_the_same() {
    let web =
        |time: &str| line(&format!("{time} medium web command-and-control s-ip=10.0.1.5 c-ip=203.0.113.7"));
    let events = line("2021-09-01T10:10:00Z medium child execution Computer=EX01.commission.example");
    let hosts = |folder: &str| {
        let mut linker = Linker::new(&Settings::default()).unwrap();
        let findings = [web("2021-09-01T10:00:00Z"), events.clone()];
        findings.iter().for_each(|finding| linker.see(finding, Some(folder)));
        let plan = linker.link();
        let mut collector = plan.collect();
        findings.iter().for_each(|finding| _ = collector.add(finding, Some(folder)));
        let incidents = collector.finish().incidents;
        let names =
            |found: &model::Incident| found.hosts.iter().map(|host| host.name.clone()).collect::<Vec<_>>();
        incidents.iter().map(names).collect::<Vec<_>>()
    };
    assert_eq!(hosts("EX01"), [["EX01"]]);
    assert_eq!(hosts("weblogs"), [["10.0.1.5"], ["EX01"]]);
}
