//! Internet Information Services, W3C extended.

use crate::batch::{Batch, put};
use crate::calendar::Stamp;
use crate::sink::PART;

/// From when on the server logs sizes as well: 14 February 2022, half past one.
pub(crate) const WIDE_FROM: i64 = 1_644_845_400_000_000;

/// The directives before the records.
pub(crate) fn head(micros: i64, wide: bool) -> String {
    let stamp = Stamp::new(micros);
    let more = if wide { " sc-bytes cs-bytes" } else { "" };
    format!(
        "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: {} {}\r\n\
         #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
         cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken{more}\r\n",
        stamp.date(),
        stamp.time()
    )
}

/// A request to the web server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub server: &'a str,
    pub method: &'a str,
    pub stem: &'a str,
    pub query: &'a str,
    pub user: &'a str,
    pub client: &'a str,
    pub agent: &'a str,
    pub status: (u16, u16, u32),
    /// Milliseconds.
    pub taken: u64,
    /// Bytes to the client.
    pub sent: u64,
    /// Bytes from the client.
    pub received: u64,
}

impl Request<'_> {
    /// Adds it.
    pub(crate) fn add(&self, out: &mut Batch, micros: i64) {
        out.add(micros, |out| {
            let stamp = Stamp::new(micros);
            put!(
                out,
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02} {} {} {} {} 443 {} {} ",
                stamp.year,
                stamp.month,
                stamp.day,
                stamp.hour,
                stamp.minute,
                stamp.second,
                self.server,
                self.method,
                self.stem,
                dash(self.query),
                dash(self.user),
                self.client,
            );
            out.extend(dash(self.agent).bytes().map(|byte| if byte == b' ' { b'+' } else { byte }));
            let (status, sub, win32) = self.status;
            put!(out, " - {status} {sub} {win32} {}", self.taken);
            out.push(PART);
            put!(out, "{} {}", self.sent, self.received);
        });
    }
}

fn dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
