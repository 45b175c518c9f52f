use model::{Event, Problem};
use observe::*;
#[derive(Default)]
struct C { dir: Option<String>, n: usize }
impl Collector for C {
    fn begin(&mut self, p: &str) { println!("BEGIN {p}"); }
    fn format(&mut self, f: Format) { println!("FORMAT {f}"); }
    fn event(&mut self, _: &mut Event) {}
    fn message(&mut self, m: &Message<'_>, _: &mut Event) {
        self.n += 1;
        let t = mail_parser::MessageParser::new().parse(m.raw).unwrap();
        println!("{:?} {:?} {:?} from={:?} att={} len={}", m.mailbox, m.folder, t.subject(), t.from().and_then(|f| f.first()).and_then(|a| a.address()), t.attachment_count(), m.raw.len());
        if let Some(d) = &self.dir { std::fs::write(format!("{d}/{}.eml", self.n), m.raw).unwrap(); }
    }
    fn problem(&mut self, p: Problem) { println!("PROBLEM {} {}", p.place, p.what); }
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) { println!("END {}", self.n); }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut c = C { dir: a.get(2).cloned(), n: 0 };
    let s = Settings { tmp: std::env::temp_dir(), ..Default::default() };
    read_file(a[1].as_ref(), &a[1], None, &s, &LogSources::builtin(), &mut c).unwrap();
}
