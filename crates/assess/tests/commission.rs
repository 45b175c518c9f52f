//! Fourteen months of one intrusion among honest findings: one incident should hold nearly all of
//! the first and nearly none of the second.

#![allow(clippy::unwrap_used, reason = "a test that cannot be staged has failed")]

mod common;

use std::collections::BTreeMap;

use assess::{Answer, Linker, Settings, Volume};
use common::line;
use model::{Exposed, ExposureKind, Finding, Measure, RuleInfo, Time};

const DAY: i64 = 86_400_000_000;
const MINUTE: i64 = 60_000_000;

/// A finding and whether the intruder caused it.
struct Staged {
    hostile: bool,
    finding: Finding,
}

struct Stage {
    all: Vec<Staged>,
    dice: u64,
}

impl Stage {
    /// A number below `sides`, the same in every run.
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % sides
    }

    /// `count` hostile findings on `day` from `hour` on, a minute or two apart. `#` in the body is
    /// the number of the finding.
    fn hostile(&mut self, day: &str, hour: i64, count: usize, body: &str) {
        let mut time = Time::parse(day).unwrap().plus_micros(hour * 60 * MINUTE);
        for n in 0..count {
            time = time.plus_micros((1 + self.roll(90) as i64) * MINUTE / 60);
            self.add(true, time, &body.replace('#', &n.to_string()));
        }
    }

    /// About `per_hundred` honest findings in a hundred days, in working hours.
    fn honest(&mut self, per_hundred: u64, body: &str) {
        let first = Time::parse("2021-08-01").unwrap();
        for day in 0..440 {
            if self.roll(100) < per_hundred {
                let minute = (7 * 60 + self.roll(600)) as i64;
                let user = self.roll(200).to_string();
                self.add(false, first.plus_micros(day * DAY + minute * MINUTE), &body.replace('#', &user));
            }
        }
    }

    fn add(&mut self, hostile: bool, time: Time, body: &str) {
        let mut finding = line(&format!("{time} {body}"));
        finding.id = format!("{:06}", self.all.len());
        self.all.push(Staged { hostile, finding });
    }
}

fn stage() -> Vec<Staged> {
    let mut stage = Stage { all: Vec::new(), dice: 7 };
    intrusion(&mut stage);
    honest(&mut stage);
    stage.all.sort_by_key(|staged| staged.finding.time);
    stage.all
}

fn intrusion(stage: &mut Stage) {
    const SHELL: &str = "high shell-used command-and-control+t1505.003 s-computername=EX01 s-ip=10.0.1.5 c-ip=198.51.100.7 cs-uri-stem=/aspnet_client/kq3.aspx";
    const CHILD: &str = "high web-child execution+t1059 Computer=EX01.commission.example ParentProcessGuid={aaaaaaaa-w3wp} ProcessGuid={aaaaaaaa-#} CommandLine=whoami";
    const ENTRY: &str = "high proxyshell initial-access+t1190 s-computername=EX01 s-ip=10.0.1.5 c-ip=203.0.113.9 cs-uri-stem=/autodiscover/autodiscover.json";
    const BULK: &str = r"high bulk-read collection+t1039 Computer=FS02.commission.example SubjectUserName=svc-archive IpAddress=::ffff:10.0.1.5 ShareName=\\*\registers";
    const CLOUD: &str = "medium mail-read collection+t1114.002 Workload=Exchange UserId=user17@commission.example ClientIP=192.0.2.50 MailboxOwnerUPN=user17@commission.example";
    for (day, hour) in [("2021-08-24", 1), ("2021-08-26", 2), ("2021-09-20", 1)] {
        stage.hostile(day, hour, 30, ENTRY);
        stage.hostile(day, hour + 1, 2, r"critical export-page persistence+t1505.003 Computer=EX01.commission.example Parameter_FilePath=\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\kq3.aspx");
    }
    for (day, hour) in [
        ("2021-08-24", 3),
        ("2021-08-26", 4),
        ("2021-09-20", 3),
        ("2021-09-21", 3),
        ("2021-09-28", 3),
        ("2021-10-28", 6),
        ("2022-03-08", 1),
        ("2022-03-10", 2),
        ("2022-06-14", 1),
        ("2022-08-09", 1),
        ("2022-08-11", 2),
        ("2022-10-04", 2),
    ] {
        stage.hostile(day, hour, 25, SHELL);
        stage.hostile(day, hour, 6, CHILD);
    }
    stage.hostile("2021-09-21", 3, 2, "critical dump credential-access+t1003.001 Computer=EX01.commission.example ParentProcessGuid={aaaaaaaa-5} ProcessGuid={aaaaaaaa-d#}");
    stage.hostile("2021-09-22", 1, 2, "high task persistence+t1053.005 Computer=EX01.commission.example SubjectUserName=EX01$ TaskName=Upd#");
    stage.hostile("2021-09-28", 4, 4, "medium grant collection+t1098.002 Computer=EX01.commission.example Parameter_Identity=user1# Caller=SYSTEM");
    stage.hostile(
        "2021-10-28",
        8,
        3,
        "high spam impact server-hostname=EX01 sender-address=press@commission.example",
    );
    for day in ["2022-03-08", "2022-08-09"] {
        stage.hostile(day, 3, 8, "high admin-share lateral-movement+t1021.002 Computer=FS02.commission.example LogonType=3 TargetUserName=svc-archive IpAddress=10.0.1.5");
    }
    for day in ["2022-03-09", "2022-08-10", "2022-08-16"] {
        stage.hostile(day, 2, 6, BULK);
    }
    stage.hostile("2022-03-10", 3, 5, "critical export-mailbox collection+t1114.002 Computer=EX01.commission.example Parameter_Mailbox=user1# Caller=SYSTEM");
    stage.hostile("2022-03-14", 1, 1, "high spray credential-access+t1110.003 status.errorCode=50126 ipAddress=192.0.2.50 userPrincipalName=user40@commission.example");
    stage.hostile("2022-03-14", 2, 1, "high spray-success initial-access+t1078 status.errorCode=0 ipAddress=192.0.2.50 userPrincipalName=user13@commission.example");
    stage.hostile("2022-03-15", 2, 20, CLOUD);
    stage.hostile("2022-06-20", 1, 20, CLOUD);
    stage.hostile(
        "2022-06-15",
        1,
        1,
        "high ssh lateral-movement+t1021.004 host=NAS01 user=svc-archive src_ip=10.0.1.5",
    );
    stage.hostile("2022-06-15", 2, 6, "high samba-read collection+t1039 host=NAS01 samba.user=svc-archive samba.address=10.0.1.5 samba.share=registers");
    stage.hostile("2022-08-10", 4, 6, "high staging collection+t1560.001 Computer=FS02.commission.example SubjectUserName=svc-archive CommandLine=rar_a_-hp");
    stage.hostile("2022-08-11", 3, 12, "high archive-fetched exfiltration+t1041 s-computername=EX01 s-ip=10.0.1.5 c-ip=198.51.100.201 cs-uri-stem=/owa/auth/log#.rar");
    stage.hostile("2022-08-11", 4, 10, "medium upload exfiltration+t1567.002 Computer=PX01 c-uri=x c-ip=10.0.1.5 cs-host=files.share.example");
}

fn honest(stage: &mut Stage) {
    for (per_hundred, body) in [
        (
            4,
            "medium export-mailbox collection+t1114.002 Computer=EX01.commission.example Parameter_Mailbox=user# Caller=commission.example/Users/adm-smith",
        ),
        (
            3,
            "medium grant collection+t1098.002 Computer=EX01.commission.example Parameter_Identity=user# Caller=commission.example/Users/helpdesk1",
        ),
        (
            2,
            "high task persistence+t1053.005 Computer=FS02.commission.example SubjectUserName=adm-jones TaskName=Backup",
        ),
        (
            14,
            "medium proxyshell-probe reconnaissance s-computername=EX01 s-ip=10.0.1.5 c-ip=10.0.1.99 cs-uri-stem=/autodiscover/autodiscover.json",
        ),
        (
            95,
            "medium backup-read collection Computer=FS02.commission.example SubjectUserName=svc-backup IpAddress=10.0.1.20",
        ),
        (30, "low whoami discovery+t1033 Computer=WS#.commission.example User=COMM\\user#"),
        (
            5,
            "medium spray-typos credential-access status.errorCode=50126 ipAddress=198.51.100.77 userPrincipalName=user#@commission.example",
        ),
        (
            3,
            "medium admin-share lateral-movement+t1021.002 Computer=FS02.commission.example LogonType=3 TargetUserName=svc-deploy IpAddress=10.0.1.30",
        ),
        (2, "medium staging collection+t1560.001 Computer=WS#.commission.example User=COMM\\user#"),
        (
            3,
            "medium upload exfiltration+t1567.002 Computer=PX01 c-uri=x c-ip=10.0.9.# cs-host=cloud.vendor.example",
        ),
        (
            2,
            "medium log-export defense-evasion+t1070.001 Computer=DC01.commission.example SubjectUserName=adm-jones",
        ),
    ] {
        stage.honest(per_hundred, body);
    }
}

fn assess(staged: &[Staged]) -> (Vec<Option<u32>>, Answer) {
    let detected = Time::parse("2022-10-15").ok();
    let mut linker = Linker::new(&Settings { detected }).unwrap();
    for host in ["EX01", "FS02", "DC01", "NAS01", "PX01", "WS1", "WS2", "WS3"] {
        let first = Time::parse("2021-08-01").unwrap().day();
        for day in (first..first + 440).filter(|day| host != "EX01" || !(18_888..18_905).contains(day)) {
            let first = Time::from_micros(day * DAY);
            linker.volume(host, "w3c", Volume { records: 100, first, last: first.plus_micros(DAY - 1) });
        }
    }
    staged.iter().for_each(|one| linker.see(&one.finding, None));
    let plan = linker.link();
    let mut collector = plan.collect();
    let places = staged.iter().map(|one| collector.add(&one.finding, None)).collect();
    (places, collector.finish())
}

#[test]
fn one_incident_holds_the_intrusion_and_little_else() {
    let staged = stage();
    let (places, answer) = assess(&staged);
    let (mut inside, mut hostile, mut strangers) = (0, 0, 0);
    let (mut missed, mut strange) = (BTreeMap::<String, u32>::new(), BTreeMap::<String, u32>::new());
    for (one, place) in staged.iter().zip(&places) {
        match (one.hostile, place) {
            (true, Some(0)) => (inside, hostile) = (inside + 1, hostile + 1),
            (true, _) => {
                hostile += 1;
                *missed.entry(one.finding.rule.id.clone()).or_default() += 1;
            }
            (false, Some(0)) => {
                strangers += 1;
                *strange.entry(one.finding.rule.id.clone()).or_default() += 1;
            }
            (false, _) => {}
        }
    }
    let main = &answer.incidents[0];
    println!(
        "{}\n{inside} of {hostile} hostile, {strangers} honest; missed {missed:?}; {strange:?}",
        main.title
    );
    for link in &main.links {
        println!("{} {} {} {}", link.weight, link.kind, link.value, link.findings);
    }
    assert!(inside * 100 >= hostile * 95, "{inside} of {hostile}: {missed:?}");
    assert!(strangers * 100 <= inside * 2, "{strangers} honest findings in it: {strange:?}");
    let first = staged.iter().find(|one| one.hostile).unwrap();
    assert_eq!(main.first, first.finding.time);
    assert_eq!(main.dwell_days, Some(416));
    assert_eq!(main.first_actionable.as_ref().unwrap().finding, first.finding.id);
    assert_eq!(main.key.len(), 10);
    let stages: Vec<&str> = main.stages.iter().map(|stage| stage.tactic.as_str()).collect();
    assert_eq!(stages[0], "initial-access");
    assert!(stages.contains(&"exfiltration") && stages.contains(&"lateral-movement"));
    assert_eq!(answer.gaps[main.gaps[0] as usize].source, "EX01 w3c");
    assert_eq!(answer.gaps[main.gaps[0] as usize].days, 17);
}

#[test]
fn exposure_takes_the_worst_and_names_its_evidence() {
    let measure =
        |what, how, field: &str| Measure { what, how, fields: vec!["None".to_owned(), field.to_owned()] };
    let with = |text: &str, measures: &[Measure]| {
        let mut finding = line(text);
        finding.rule =
            std::sync::Arc::new(RuleInfo { exposes: measures.to_vec(), ..(*finding.rule).clone() });
        finding
    };
    let read = measure(Exposed::Share, ExposureKind::Read, "ShareName");
    let could = measure(Exposed::Mailbox, ExposureKind::CouldRead, "Parameter_Identity");
    let taken = measure(Exposed::Mailbox, ExposureKind::Taken, "Parameter_Mailbox");
    let mut bulk = with(
        r"2022-03-09T02:00:00Z high bulk collection Computer=FS02.commission.example SubjectUserName=x IpAddress=203.0.113.9",
        &[read],
    );
    bulk.group = vec![("ShareName".to_owned(), r"\\*\registers".to_owned())];
    let findings = [
        with(
            "2022-03-08T02:00:00Z high grant collection Computer=EX01 c-ip=203.0.113.9 Parameter_Identity=Jane",
            std::slice::from_ref(&could),
        ),
        bulk,
        with(
            "2022-03-10T02:00:00Z high export collection Computer=EX01 c-ip=203.0.113.9 Parameter_Mailbox=jane@commission.example",
            &[taken],
        ),
        with(
            "2022-03-11T02:00:00Z high grant collection Computer=EX01 c-ip=203.0.113.9 Parameter_Identity=Jane",
            &[could],
        ),
    ];
    let staged: Vec<Staged> = findings.into_iter().map(|finding| Staged { hostile: true, finding }).collect();
    let (_, answer) = assess(&staged);
    let told: Vec<(&str, ExposureKind, u64)> = answer.incidents[0]
        .exposure
        .iter()
        .map(|one| (one.name.as_str(), one.how, one.findings_total))
        .collect();
    assert_eq!(
        told,
        [("jane@commission.example", ExposureKind::Taken, 3), (r"\\FS02\registers", ExposureKind::Read, 1)]
    );
    assert_eq!(answer.incidents[0].exposure[0].findings[0], staged[0].finding.id);
    assert_eq!(answer.incidents[0].exposure[0].last, staged[3].finding.time);
}
