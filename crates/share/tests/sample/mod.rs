//! A made-up case of fourteen months with two incidents, small enough to read and rich enough to
//! show every part of the report. All names are invented.

// Each user takes a part of it; a fault in it should stop the test.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    Activity, Case, EventRef, Evidence, EvidenceId, Exposed, Exposure, ExposureKind, Fact, Finding,
    FindingKind, Gap, Incident, KeyFinding, Kind, Level, Link, Manifest, Matched, Place, Problem, RuleCount,
    RuleInfo, Stage, Time, Touched, Window,
};

pub const MAIN: &str = "5f1c9a0e77d24b18";
pub const SECOND: &str = "b80e1f2d9c6a4471";

struct Row {
    rule: &'static str,
    level: Level,
    tactic: &'static str,
    technique: &'static str,
    author: &'static str,
    host: &'static str,
    evidence: u32,
    /// First day and how many findings on it.
    days: &'static [(&'static str, u64)],
    facts: &'static [(&'static str, &'static str)],
}

const ROWS: &[Row] = &[
    Row {
        rule: "ProxyShell request to the Autodiscover front end",
        level: Level::Critical,
        tactic: "initial-access",
        technique: "T1190",
        author: "Portcullis",
        host: "EX01",
        evidence: 1,
        days: &[("2021-08-24", 46), ("2021-09-14", 12)],
        facts: &[
            ("c-ip", "203.0.113.57"),
            ("cs-method", "POST"),
            ("cs-uri-stem", "/autodiscover/autodiscover.json"),
            (
                "cs-uri-query",
                "@evil.example/powershell/?X-Rps-CAT=VgEAVAdXaW5kb3dz&Email=autodiscover/autodiscover.json%3F@evil.example",
            ),
            ("cs-username", "-"),
            ("sc-status", "200"),
        ],
    },
    Row {
        rule: "Mailbox export written into a web directory",
        level: Level::Critical,
        tactic: "persistence",
        technique: "T1505.003",
        author: "Portcullis",
        host: "EX01",
        evidence: 3,
        days: &[("2021-08-24", 2)],
        facts: &[
            ("Computer", "EX01.commission.example"),
            ("Cmdlet", "New-MailboxExportRequest"),
            ("Parameter_Mailbox", "registrar@commission.example"),
            ("Parameter_FilePath", r"\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\kqzvd.aspx"),
        ],
    },
    Row {
        rule: "Web shell page used by one outside client",
        level: Level::High,
        tactic: "persistence",
        technique: "T1505.003",
        author: "Portcullis",
        host: "EX01",
        evidence: 1,
        days: &[
            ("2021-08-24", 18),
            ("2021-08-25", 31),
            ("2021-09-14", 9),
            ("2021-09-16", 22),
            ("2022-03-08", 14),
            ("2022-03-09", 27),
            ("2022-06-21", 11),
            ("2022-08-02", 36),
            ("2022-08-04", 8),
        ],
        facts: &[
            ("c-ip", "203.0.113.57"),
            ("cs-method", "POST"),
            ("cs-uri-stem", "/aspnet_client/kqzvd.aspx"),
            ("sc-status", "200"),
        ],
    },
    Row {
        rule: "Command shell started by an Exchange application pool",
        level: Level::High,
        tactic: "execution",
        technique: "T1059.003",
        author: "Nobody Example (SigmaHQ)",
        host: "EX01",
        evidence: 4,
        days: &[
            ("2021-08-24", 21),
            ("2021-08-25", 40),
            ("2021-09-16", 13),
            ("2022-03-08", 9),
            ("2022-08-02", 17),
        ],
        facts: &[
            ("Computer", "EX01.commission.example"),
            ("User", r"NT AUTHORITY\SYSTEM"),
            ("ParentImage", r"C:\Windows\System32\inetsrv\w3wp.exe"),
            ("Image", r"C:\Windows\System32\cmd.exe"),
            (
                "CommandLine",
                r#"cmd.exe /c whoami & net group "domain admins" /domain > C:\inetpub\wwwroot\aspnet_client\<script>alert(1)</script>.txt"#,
            ),
            (
                "Hashes",
                "SHA256=B99D61D874728EDC0918CA0EB10EAB93D381E7367E377406E65963366C874450,MD5=8A2122E8162DBEF04694B9C3E0B6CDEE",
            ),
        ],
    },
    Row {
        rule: "Memory of LSASS written to a file",
        level: Level::Critical,
        tactic: "credential-access",
        technique: "T1003.001",
        author: "Nobody Example (SigmaHQ)",
        host: "EX01",
        evidence: 4,
        days: &[("2021-08-25", 2), ("2022-03-09", 1)],
        facts: &[
            ("Computer", "EX01.commission.example"),
            (
                "CommandLine",
                r"rundll32.exe C:\windows\system32\comsvcs.dll, MiniDump 704 C:\ProgramData\d.dmp full",
            ),
        ],
    },
    Row {
        rule: "Domain groups and controllers listed",
        level: Level::Medium,
        tactic: "discovery",
        technique: "T1069.002",
        author: "Portcullis",
        host: "EX01",
        evidence: 4,
        days: &[("2021-08-24", 6), ("2021-08-25", 14), ("2021-09-16", 3), ("2022-03-08", 5)],
        facts: &[("Computer", "EX01.commission.example"), ("CommandLine", "nltest /dclist:commission")],
    },
    Row {
        rule: "Service account logs on to a file server from the mail server",
        level: Level::High,
        tactic: "lateral-movement",
        technique: "T1021.002",
        author: "Portcullis",
        host: "FS01",
        evidence: 5,
        days: &[
            ("2021-08-26", 4),
            ("2021-09-16", 3),
            ("2022-03-09", 6),
            ("2022-06-21", 2),
            ("2022-08-03", 5),
        ],
        facts: &[
            ("Computer", "FS01.commission.example"),
            ("TargetUserName", "svc-backup"),
            ("IpAddress", "10.20.0.11"),
            ("LogonType", "3"),
        ],
    },
    Row {
        rule: "Many files of one share read in a short time",
        level: Level::High,
        tactic: "collection",
        technique: "T1039",
        author: "Portcullis",
        host: "FS01",
        evidence: 5,
        days: &[("2021-08-26", 3), ("2022-03-09", 2), ("2022-08-03", 4)],
        facts: &[
            ("Computer", "FS01.commission.example"),
            ("SubjectUserName", "svc-backup"),
            ("ShareName", r"\\*\registers"),
            ("RelativeTargetName", r"2021\full\district-014.csv"),
        ],
    },
    Row {
        rule: "Bulk read of a Samba share",
        level: Level::Medium,
        tactic: "collection",
        technique: "T1039",
        author: "Portcullis",
        host: "NAS02",
        evidence: 7,
        days: &[("2022-03-09", 2), ("2022-08-03", 3)],
        facts: &[
            ("host", "nas02"),
            ("samba.user", "svc-backup"),
            ("samba.path", "registers/2021/full/district-014.csv"),
        ],
    },
    Row {
        rule: "Archive with a password made in a web directory",
        level: Level::High,
        tactic: "collection",
        technique: "T1560.001",
        author: "Portcullis",
        host: "EX01",
        evidence: 4,
        days: &[("2021-08-26", 3), ("2022-08-03", 5)],
        facts: &[
            ("Computer", "EX01.commission.example"),
            (
                "CommandLine",
                r"7z.exe a -hpXXXX -v200m C:\inetpub\wwwroot\aspnet_client\i.7z \\fs01\registers\2021",
            ),
        ],
    },
    Row {
        rule: "Archive fetched from a web directory by an outside client",
        level: Level::Critical,
        tactic: "exfiltration",
        technique: "T1041",
        author: "Portcullis",
        host: "EX01",
        evidence: 1,
        days: &[("2021-08-27", 4), ("2022-08-04", 9)],
        facts: &[
            ("c-ip", "198.51.100.23"),
            ("cs-method", "GET"),
            ("cs-uri-stem", "/aspnet_client/i.7z.001"),
            ("sc-bytes", "209715200"),
        ],
    },
    Row {
        rule: "Burst of mail to strangers from one mailbox of the house",
        level: Level::Medium,
        tactic: "impact",
        technique: "T1672",
        author: "Portcullis",
        host: "EX01",
        evidence: 6,
        days: &[("2021-10-28", 7)],
        facts: &[
            ("server-hostname", "EX01"),
            ("sender-address", "press.office@commission.example"),
            ("message-subject", "=HYPERLINK(\"http://evil.example\")"),
        ],
    },
    Row {
        rule: "Security event log cleared",
        level: Level::High,
        tactic: "defense-evasion",
        technique: "T1070.001",
        author: "Portcullis",
        host: "FS01",
        evidence: 5,
        days: &[("2021-08-27", 1), ("2022-08-04", 2)],
        facts: &[("Computer", "FS01.commission.example"), ("SubjectUserName", "svc-backup")],
    },
];

const SPRAY: Row = Row {
    rule: "One address fails to sign in to many accounts",
    level: Level::High,
    tactic: "credential-access",
    technique: "T1110.003",
    author: "Portcullis",
    host: "Entra ID",
    evidence: 9,
    days: &[("2022-05-03", 2), ("2022-05-04", 1)],
    facts: &[("ipAddress", "192.0.2.200"), ("userPrincipalName", "j.doe@commission.example")],
};

/// The evidence of the case, by file.
pub fn origin(id: EvidenceId) -> (&'static str, &'static str) {
    const PATHS: [(&str, &str); 10] = [
        ("evidence/iis-2021.zip", "0a1f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605"),
        (
            "evidence/iis-2021.zip!W3SVC1/u_ex210824.log",
            "1b2f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605",
        ),
        (
            "evidence/iis-2021.zip!W3SVC1/u_ex210825.log",
            "2c3f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605",
        ),
        (
            "evidence/ex01/MSExchange Management.evtx",
            "3d4f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605",
        ),
        (
            "evidence/ex01/Microsoft-Windows-Sysmon%4Operational.evtx",
            "4e5f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605",
        ),
        ("evidence/fs01/Security.evtx", "5f6f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605"),
        ("evidence/ex01/MSGTRK.LOG", "6a7f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605"),
        (
            "evidence/nas02/syslog.gz!syslog",
            "7b8f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605",
        ),
        (
            "evidence/mail/<img src=x onerror=alert(1)>.mbox",
            "8c9f5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605",
        ),
        ("evidence/cloud/signins.json", "9daf5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a2918070605"),
    ];
    PATHS.get(id.file as usize).copied().unwrap_or(("unknown", ""))
}

pub fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

/// A rule that held on one event without fields.
pub fn finding(id: &str, time: &str, level: Level, rule: RuleInfo) -> Finding {
    Finding {
        id: id.into(),
        kind: FindingKind::Rule,
        time: Some(at(time)),
        level,
        rule: Arc::new(rule),
        event_ref: EventRef {
            time: Some(at(time)),
            evidence: EvidenceId { file: 1, member: 0 },
            record: 7,
            seq: 7,
        },
        event: model::Facts::default(),
        matched: Vec::new(),
        events: Vec::new(),
        events_total: 0,
        window: None,
        group: Vec::new(),
    }
}

/// An incident without anything, to be filled.
pub fn incident(id: &str, fill: impl FnOnce(&mut Incident)) -> Incident {
    let mut incident = Incident {
        id: id.into(),
        title: String::new(),
        level: Level::High,
        score: 1,
        first: None,
        last: None,
        dwell_days: None,
        findings: BTreeMap::new(),
        hosts: Vec::new(),
        accounts: Vec::new(),
        mailboxes: Vec::new(),
        addresses: Vec::new(),
        files: Vec::new(),
        stages: Vec::new(),
        key: Vec::new(),
        first_actionable: None,
        links: Vec::new(),
        exposure: Vec::new(),
        gaps: Vec::new(),
    };
    fill(&mut incident);
    incident
}

fn kind_of(text: &str) -> Kind {
    if text == "-" {
        Kind::Null
    } else if text.parse::<u64>().is_ok() {
        Kind::Int
    } else {
        Kind::Str
    }
}

fn row_findings(number: usize, row: &Row) -> Vec<Finding> {
    let rule = Arc::new(RuleInfo {
        id: format!("00000000-0000-4000-8000-{number:012}"),
        title: row.rule.into(),
        level: Some(row.level),
        tags: vec![format!("attack.{}", row.tactic), format!("attack.{}", row.technique.to_lowercase())],
        author: row.author.into(),
        source: format!("builtin/sample/{number}.yml"),
        description: format!("Finds: {}.", row.rule.to_lowercase()),
        falsepositives: vec!["None that is known".into()],
        references: vec!["https://attack.mitre.org/".into()],
        exposes: Vec::new(),
    });
    let mut findings = Vec::new();
    for (day, count) in row.days {
        for n in 0..*count {
            let micros = (n * 1_471 + number as u64 * 613) % 50_000 * 1_000_000;
            let time = at(day).plus_micros(8 * 3_600_000_000 + micros as i64);
            let record = 10_000 + number as u64 * 1_000 + findings.len() as u64;
            let place = EventRef {
                time: Some(time),
                evidence: EvidenceId { file: row.evidence, member: 0 },
                record,
                seq: record,
            };
            let fact = |&(field, text): &(&'static str, &'static str)| {
                let text = if text == "-" { "" } else { text };
                Fact { field, kind: kind_of(if text.is_empty() { "-" } else { text }), text }
            };
            let (field, value) = row.facts[row.facts.len() - 1];
            let counted =
                row.rule.starts_with("Many") || row.rule.starts_with("One") || row.rule.starts_with("Burst");
            findings.push(Finding {
                id: format!("{number:02x}{:014x}", record * 7_919),
                kind: if counted { FindingKind::Correlation } else { FindingKind::Rule },
                time: Some(time),
                level: row.level,
                rule: Arc::clone(&rule),
                event_ref: place.clone(),
                event: row.facts.iter().map(fact).collect(),
                matched: vec![Matched {
                    field: field.into(),
                    value: value.into(),
                    wanted: format!("contains {}", value.chars().take(12).collect::<String>()),
                }],
                events: if counted {
                    vec![place.clone(), EventRef { record: record + 1, ..place }]
                } else {
                    Vec::new()
                },
                events_total: if counted { 240 } else { 0 },
                window: counted.then_some(Window { first: time.plus_micros(-3_600_000_000), last: time }),
                group: if counted {
                    vec![(row.facts[0].0.to_owned(), row.facts[0].1.to_owned())]
                } else {
                    Vec::new()
                },
            });
        }
    }
    findings
}

/// Every finding of the case with its incident, in order of time.
pub fn findings() -> Vec<(Finding, Option<&'static str>)> {
    let mut all: Vec<(Finding, Option<&'static str>)> = Vec::new();
    for (number, row) in ROWS.iter().enumerate() {
        all.extend(row_findings(number, row).into_iter().map(|finding| (finding, Some(MAIN))));
    }
    all.extend(row_findings(ROWS.len(), &SPRAY).into_iter().map(|finding| (finding, Some(SECOND))));
    for n in 0..40_i64 {
        let day = at("2021-08-03").plus_micros(n * 11 * 86_400_000_000 + n * 977_000_000);
        let rule = RuleInfo {
            id: "name:Scheduled task made by an administrator".into(),
            title: "Scheduled task made by an administrator".into(),
            tags: vec!["attack.execution".into(), "attack.t1053.005".into()],
            author: "Nobody Example (SigmaHQ)".into(),
            ..RuleInfo::default()
        };
        let mut stray = finding(&format!("ff{n:014x}"), &day.to_string(), Level::Low, rule);
        let computer = if n % 3 == 0 { "DC01" } else { "WS117" };
        stray.event = [Fact { field: "Computer", kind: Kind::Str, text: computer }].into_iter().collect();
        all.push((stray, None));
    }
    all.sort_by(|a, b| (a.0.time, &a.0.id).cmp(&(b.0.time, &b.0.id)));
    all
}

fn touched(name: &str, first: &str, last: &str, findings: u64) -> Touched {
    Touched { name: name.into(), first: Some(at(first)), last: Some(at(last)), findings }
}

fn key(findings: &[(Finding, Option<&'static str>)], rule: &str, what: &str, why: &str) -> KeyFinding {
    let (finding, _) = findings.iter().find(|(finding, _)| finding.rule.title == rule).unwrap();
    KeyFinding {
        finding: finding.id.clone(),
        time: finding.time,
        level: finding.level,
        title: finding.rule.title.clone(),
        author: finding.rule.author.clone(),
        what: what.into(),
        why: why.into(),
        event: finding.event_ref.clone(),
    }
}

fn stages(rows: &[&Row], findings: &[(Finding, Option<&'static str>)]) -> Vec<Stage> {
    let mut stages: BTreeMap<&str, Stage> = BTreeMap::new();
    for row in rows {
        for (finding, _) in findings.iter().filter(|(finding, _)| finding.rule.title == row.rule) {
            let stage = stages.entry(row.tactic).or_insert_with(|| Stage {
                tactic: row.tactic.into(),
                first: finding.time,
                last: finding.time,
                techniques: BTreeMap::new(),
                findings: 0,
            });
            stage.first = stage.first.min(finding.time);
            stage.last = stage.last.max(finding.time);
            stage.findings += 1;
            *stage.techniques.entry(row.technique.into()).or_default() += 1;
        }
    }
    let mut stages: Vec<Stage> = stages.into_values().collect();
    stages.sort_by_key(|stage| stage.first);
    stages
}

fn levels(findings: &[(Finding, Option<&'static str>)], incident: Option<&str>) -> BTreeMap<Level, u64> {
    let mut levels = BTreeMap::new();
    for (finding, of) in findings {
        if incident.is_none() || *of == incident {
            *levels.entry(finding.level).or_default() += 1;
        }
    }
    levels
}

fn exposed(what: Exposed, name: String, how: ExposureKind, first: &str, last: &str, total: u64) -> Exposure {
    Exposure {
        what,
        name,
        how,
        first: Some(at(first)),
        last: Some(at(last)),
        findings: vec!["0700000000ff12ab".into()],
        findings_total: total,
    }
}

fn exposure() -> Vec<Exposure> {
    let mut list: Vec<Exposure> = (1..=26)
        .map(|n| {
            exposed(
                Exposed::File,
                format!(r"\\fs01\registers\2021\full\district-{n:03}.csv"),
                ExposureKind::Taken,
                "2021-08-26T21:10:00Z",
                "2022-08-03T22:04:00Z",
                3,
            )
        })
        .collect();
    list.push(exposed(
        Exposed::Mailbox,
        "registrar@commission.example".into(),
        ExposureKind::Taken,
        "2021-08-24T10:02:00Z",
        "2021-08-24T10:02:00Z",
        2,
    ));
    list.push(exposed(
        Exposed::Share,
        r"\\fs01\registers".into(),
        ExposureKind::Read,
        "2021-08-26T20:00:00Z",
        "2022-08-03T22:04:00Z",
        9,
    ));
    list.push(exposed(
        Exposed::Share,
        "nas02:registers".into(),
        ExposureKind::Read,
        "2022-03-09T20:00:00Z",
        "2022-08-03T22:04:00Z",
        5,
    ));
    list.push(exposed(
        Exposed::Account,
        "svc-backup".into(),
        ExposureKind::Taken,
        "2021-08-25T11:00:00Z",
        "2022-03-09T11:00:00Z",
        3,
    ));
    list.push(exposed(
        Exposed::Mailbox,
        "press.office@commission.example".into(),
        ExposureKind::CouldRead,
        "2021-10-28T08:00:00Z",
        "2021-10-28T12:00:00Z",
        7,
    ));
    list
}

fn main_incident(findings: &[(Finding, Option<&'static str>)]) -> Incident {
    incident(MAIN, |i| {
        i.title =
            "EX01 entered from outside by ProxyShell, then FS01 and NAS02 read and archives taken out".into();
        i.level = Level::Critical;
        i.score = 9_412;
        let times: Vec<Time> =
            findings.iter().filter(|(_, of)| *of == Some(MAIN)).filter_map(|(f, _)| f.time).collect();
        i.first = times.iter().min().copied();
        i.last = times.iter().max().copied();
        i.dwell_days = Some(417);
        i.findings = levels(findings, Some(MAIN));
        i.hosts = vec![
            touched("EX01", "2021-08-24T08:00:00Z", "2022-08-04T15:00:00Z", 362),
            touched("FS01", "2021-08-26T08:00:00Z", "2022-08-04T15:00:00Z", 32),
            touched("NAS02", "2022-03-09T08:00:00Z", "2022-08-03T15:00:00Z", 5),
        ];
        i.accounts = vec![
            touched("svc-backup", "2021-08-26T08:00:00Z", "2022-08-04T15:00:00Z", 37),
            touched(r"NT AUTHORITY\SYSTEM", "2021-08-24T08:00:00Z", "2022-08-02T15:00:00Z", 100),
        ];
        i.mailboxes = vec![
            touched("registrar@commission.example", "2021-08-24T10:02:00Z", "2021-08-24T10:02:00Z", 2),
            touched("press.office@commission.example", "2021-10-28T08:00:00Z", "2021-10-28T12:00:00Z", 7),
        ];
        i.addresses = vec![
            touched("203.0.113.57", "2021-08-24T08:00:00Z", "2022-08-04T15:00:00Z", 234),
            touched("198.51.100.23", "2021-08-27T08:00:00Z", "2022-08-04T15:00:00Z", 13),
            touched("10.20.0.11", "2021-08-26T08:00:00Z", "2022-08-03T15:00:00Z", 20),
        ];
        i.files = vec![
            touched(
                r"C:\inetpub\wwwroot\aspnet_client\kqzvd.aspx",
                "2021-08-24T10:02:00Z",
                "2022-08-04T15:00:00Z",
                178,
            ),
            touched(r"C:\ProgramData\d.dmp", "2021-08-25T10:02:00Z", "2022-03-09T15:00:00Z", 3),
            touched("/aspnet_client/i.7z.001", "2021-08-27T10:02:00Z", "2022-08-04T15:00:00Z", 13),
        ];
        i.stages = stages(&ROWS.iter().collect::<Vec<_>>(), findings);
        i.key = vec![
            key(
                findings,
                ROWS[0].rule,
                "203.0.113.57 reaches the PowerShell back end of EX01 through Autodiscover",
                "first trace of the incident; critical; seen on no other host",
            ),
            key(
                findings,
                ROWS[1].rule,
                r"EX01: the mailbox registrar@commission.example is exported to \\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\kqzvd.aspx",
                "critical; puts a web page where a mailbox export never belongs",
            ),
            key(
                findings,
                ROWS[3].rule,
                r#"EX01: w3wp.exe starts cmd.exe /c whoami & net group "domain admins" /domain > <script>alert(1)</script>.txt"#,
                "follows the web shell within a minute",
            ),
            key(
                findings,
                ROWS[4].rule,
                r"EX01: rundll32.exe comsvcs.dll, MiniDump of LSASS to C:\ProgramData\d.dmp",
                "every password used on EX01 must be taken as known",
            ),
            key(
                findings,
                ROWS[7].rule,
                r"FS01: svc-backup reads 240 files of \\*\registers within an hour",
                "a burst that this account shows on four days of fourteen months",
            ),
            key(
                findings,
                ROWS[10].rule,
                "198.51.100.23 fetches /aspnet_client/i.7z.001 (210 MB) from EX01",
                "what was staged left the house",
            ),
            key(
                findings,
                ROWS[12].rule,
                "FS01: the Security log is cleared by svc-backup",
                "hides what went before",
            ),
        ];
        i.first_actionable = Some(key(
            findings,
            ROWS[11].rule,
            "EX01: 240 messages to strangers from press.office@commission.example within an hour",
            "noticeable without special knowledge, and reported by staff in such cases",
        ));
        i.links = vec![
            Link { kind: "address".into(), value: "203.0.113.57".into(), weight: 96, findings: 234 },
            Link {
                kind: "file".into(),
                value: r"C:\inetpub\wwwroot\aspnet_client\kqzvd.aspx".into(),
                weight: 94,
                findings: 178,
            },
            Link { kind: "account".into(), value: "svc-backup".into(), weight: 61, findings: 37 },
            Link { kind: "host".into(), value: "EX01".into(), weight: 28, findings: 362 },
        ];
        i.exposure = exposure();
        i.gaps = vec![0, 1];
    })
}

fn second_incident(findings: &[(Finding, Option<&'static str>)]) -> Incident {
    incident(SECOND, |i| {
        i.title = "Password spray against Entra ID from 192.0.2.200, without a sign of success".into();
        i.level = Level::High;
        i.score = 310;
        i.first = Some(at("2022-05-03T10:12:00Z"));
        i.last = Some(at("2022-05-04T10:12:00Z"));
        i.dwell_days = Some(165);
        i.findings = levels(findings, Some(SECOND));
        i.accounts =
            vec![touched("j.doe@commission.example", "2022-05-03T08:00:00Z", "2022-05-04T15:00:00Z", 3)];
        i.addresses = vec![touched("192.0.2.200", "2022-05-03T08:00:00Z", "2022-05-04T15:00:00Z", 3)];
        i.stages = stages(&[&SPRAY], findings);
        i.key = vec![key(
            findings,
            SPRAY.rule,
            "192.0.2.200 fails to sign in to 240 accounts within an hour",
            "one address, many accounts",
        )];
        i.links = vec![Link { kind: "address".into(), value: "192.0.2.200".into(), weight: 97, findings: 3 }];
    })
}

fn manifest() -> Manifest {
    const FACTS: [(&str, u64, u64, &str, &str); 10] = [
        ("zip", 91_442_110, 0, "", ""),
        ("w3c", 604_411_902, 1_804_233, "2021-08-01T00:00:02Z", "2022-10-14T23:59:58Z"),
        ("w3c", 0, 0, "", ""),
        ("evtx", 20_975_616, 31_220, "2021-08-01T04:12:00Z", "2022-10-14T22:40:00Z"),
        ("evtx", 188_812_288, 402_118, "2021-08-01T00:00:11Z", "2022-10-14T23:58:00Z"),
        ("evtx", 151_060_480, 318_774, "2021-08-01T00:01:00Z", "2022-10-14T23:58:41Z"),
        ("message-tracking", 88_101_220, 211_003, "2021-08-01T00:10:00Z", "2022-10-14T21:00:00Z"),
        ("syslog", 41_800_100, 388_120, "2021-08-01T00:00:00Z", "2022-10-14T23:59:00Z"),
        ("mbox", 12_400_771, 2_204, "2021-08-02T07:00:00Z", "2022-10-13T17:12:00Z"),
        ("json", 33_010_500, 70_418, "2021-08-01T00:03:00Z", "2022-10-14T23:51:00Z"),
    ];
    let evidence = FACTS
        .iter()
        .enumerate()
        .map(|(n, &(format, size, records, first, last))| {
            let (path, sha256) = origin(EvidenceId { file: n as u32, member: 0 });
            let mut evidence = Evidence {
                path: path.into(),
                sha256: sha256.into(),
                format: format.into(),
                size,
                records,
                first: Time::parse(first).ok(),
                last: Time::parse(last).ok(),
                ..Evidence::default()
            };
            if n == 5 {
                evidence.problem(Problem::new(
                    Place::Offset(4_198_400),
                    "the chunk's checksum is wrong; 41 records were read from it all the same",
                ));
            }
            if n == 2 {
                evidence.problem(Problem::new(Place::Whole, "the member is encrypted and was left out"));
            }
            if n == 7 {
                evidence.assumed.push("year 2021 from the file's date, zone UTC".into());
            }
            evidence
        })
        .collect();
    Manifest {
        program: "portcullis 0.1.0".into(),
        rules_sha256: "c0ffee5d3c9e8b7a6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a29180706".into(),
        rules: 3_812,
        settings: BTreeMap::from(
            [("detected", "2022-10-15"), ("min-level", "low"), ("timezone", "UTC"), ("clock-offset", "none")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        ),
        evidence,
        unreadable: BTreeMap::from([("evidence/locked.evtx".to_owned(), "permission denied".to_owned())]),
    }
}

fn gap(source: &str, from: &str, until: &str) -> Gap {
    let (from, until) = (at(from), at(until));
    Gap { source: source.into(), from, until, days: until.day() - from.day(), usual: 4_100 }
}

/// The whole case.
pub fn case() -> Case {
    let findings = findings();
    let mut rules: BTreeMap<String, RuleCount> = BTreeMap::new();
    let mut activity: BTreeMap<(i64, &str), (Level, u64)> = BTreeMap::new();
    let hosts: BTreeMap<&str, &str> = ROWS.iter().chain([&SPRAY]).map(|row| (row.rule, row.host)).collect();
    for (finding, _) in &findings {
        rules
            .entry(finding.rule.id.clone())
            .or_insert_with(|| RuleCount {
                title: finding.rule.title.clone(),
                level: finding.level,
                author: finding.rule.author.clone(),
                tags: finding.rule.tags.clone(),
                count: 0,
            })
            .count += 1;
        let host = hosts.get(finding.rule.title.as_str()).copied();
        let host = host
            .or_else(|| finding.get("Computer").map(|name| if name == "DC01" { "DC01" } else { "WS117" }));
        let day = activity.entry((finding.time.unwrap().day(), host.unwrap())).or_insert((finding.level, 0));
        day.0 = day.0.max(finding.level);
        day.1 += 1;
    }
    Case {
        schema: 1,
        detected: Some(at("2022-10-15")),
        detected_given: true,
        findings: levels(&findings, None),
        suppressed: BTreeMap::from([("INC-88: penetration test of May 2022".to_owned(), 212)]),
        rules,
        incidents: vec![main_incident(&findings), second_incident(&findings)],
        activity: activity
            .into_iter()
            .map(|((day, host), (level, count))| Activity { day, host: host.into(), level, count })
            .collect(),
        gaps: vec![
            gap("EX01 w3c", "2021-10-03T23:59:00Z", "2021-10-19T06:00:00Z"),
            gap("FS01 evtx", "2022-03-12T04:00:00Z", "2022-03-15T09:00:00Z"),
            gap("NAS02 syslog", "2021-12-24T00:00:00Z", "2022-01-03T00:00:00Z"),
        ],
        notes: vec!["Of correlations at most 1,000 events are listed; their totals are exact.".into()],
        manifest: manifest(),
    }
}

/// The same evidence without a finding.
pub fn quiet_case() -> Case {
    Case { manifest: manifest(), schema: 1, ..Case::default() }
}
