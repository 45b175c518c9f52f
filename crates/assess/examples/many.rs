use std::sync::Arc;
use assess::{Linker, Settings, Volume};
use model::*;
fn rule(n: u32) -> Arc<RuleInfo> {
    let t = ["attack.initial-access","attack.execution","attack.persistence","attack.discovery","attack.collection"][n as usize % 5];
    Arc::new(RuleInfo { id: format!("rule-{n}"), title: format!("Rule {n}"), tags: vec![t.into()], ..Default::default() })
}
fn main() {
    let mut args = std::env::args().skip(1);
    let count: u64 = args.next().unwrap().parse().unwrap();
    let mode = args.next().unwrap_or_default();
    let rules: Vec<_> = (0..300).map(rule).collect();
    let start = Time::parse("2021-08-01").unwrap();
    let step = 400 * 86_400_000_000i64 / count as i64;
    let make = |n: u64| {
        let r = n.wrapping_mul(0x9E3779B97F4A7C15) ; let h = |k: u64, m: u64| (r.rotate_left(k as u32 * 7) ^ (r >> 23)) % m;
        let rid = (h(1, 300) * h(2, 300) / 300) as usize;
        let ip = if mode == "strangers" { format!("{}.{}.{}.{}", 11 + (n >> 24), (n>>16)&255, (n>>8)&255, n&255) } else { format!("203.0.{}.{}", h(3, 8), h(4, 250)) };
        let fields = [("Computer", format!("HOST{}.commission.example", h(5, 60))), ("EventID", "1".into()), ("Channel","Security".into()), ("IpAddress", ip),
          ("SubjectUserName", format!("user{}", h(6, 400))), ("ProcessGuid", format!("{{{:016x}-{}}}", r, h(1,10))), ("ParentProcessGuid", format!("{{{:016x}}}", h(2, 3000000))),
          ("CommandLine", format!("cmd.exe /c echo {n} and something rather long to make it realistic")), ("Image", r"C:\Windows\System32\cmd.exe".into()),
          ("TargetFilename", format!(r"C:\Users\user{}\Documents\file{}.txt", h(6,400), h(3, 5000000))), ("ShareName", r"\\*\registers".into()), ("A","b".into()),("B","c".into()),("C","d".into()),("D","e".into())];
        let time = Some(start.plus_micros(n as i64 * step));
        Finding { id: format!("{n:032x}"), kind: FindingKind::Rule, time, level: if rid % 3 == 0 { Level::Low } else if rid % 3 == 1 { Level::Medium } else { Level::High }, rule: rules[rid].clone(),
          event_ref: EventRef { time, evidence: EvidenceId::default(), record: n, seq: n }, event: fields.into_iter().map(|(f,t)| Fact { field: f.into(), kind: Kind::Str, text: t }).collect(), matched: vec![], events: vec![], events_total: 0, window: None, group: vec![] }
    };
    let rss = || std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS")).collect::<Vec<_>>().join(" ");
    let t = std::time::Instant::now();
    for n in 0..count { std::hint::black_box(make(n)); }
    println!("make {:?} {}", t.elapsed(), rss());
    let t = std::time::Instant::now();
    let mut linker = Linker::new(&Settings::default()).unwrap();
    for h in 0..60 { for d in 0..400 { let first = start.plus_micros(d * 86_400_000_000); for log in ["security", "sysmon", "system"] { linker.volume(&format!("HOST{h}"), log, Volume { records: 10, first, last: first.plus_micros(9) }); } } }
    println!("volumes {:?} {}", t.elapsed(), rss());
    let t = std::time::Instant::now();
    for n in 0..count { linker.see(&make(n), None); }
    println!("see {:?} {}", t.elapsed(), rss());
    let t = std::time::Instant::now();
    let plan = linker.link();
    println!("link {:?} {}", t.elapsed(), rss());
    let t = std::time::Instant::now();
    let mut c = plan.collect();
    for n in 0..count { c.add(&make(n), None); }
    println!("collect {:?} {}", t.elapsed(), rss());
    let t = std::time::Instant::now();
    let a = c.finish();
    println!("finish {:?} {} incidents {} notes {:?}", t.elapsed(), rss(), a.incidents.len(), a.notes);
    println!("{:?}", a.incidents.first().map(|i| (&i.title, i.findings.clone())));
}
