//! Syslog of Linux hosts: RFC 3164 with Samba and Postfix, RFC 5424 with OpenSSH and sudo.

use std::fmt::Arguments;

use crate::batch::{Batch, put};
use crate::calendar::Stamp;

/// Adds a line of RFC 3164: `Aug 24 09:12:07 host program[pid]: message`.
pub(crate) fn bsd(out: &mut Batch, micros: i64, host: &str, program: &str, pid: u64, message: Arguments<'_>) {
    out.add(micros, |out| {
        put!(out, "{} {host} {program}[{pid}]: {message}", Stamp::new(micros).bsd());
    });
}

/// Adds a line of RFC 5424 from facility `authpriv`.
pub(crate) fn modern(
    out: &mut Batch,
    micros: i64,
    host: &str,
    program: &str,
    pid: u64,
    message: Arguments<'_>,
) {
    out.add(micros, |out| {
        put!(out, "<86>1 {} {host} {program} {pid} - - {message}", Stamp::new(micros).iso_millis());
    });
}

/// One operation that Samba's `full_audit` logged, with the prefix `%u|%I|%m|%S`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Samba<'a> {
    pub host: &'a str,
    pub pid: u64,
    pub user: &'a str,
    pub address: &'a str,
    pub machine: &'a str,
    pub share: &'a str,
    pub operation: &'a str,
    pub result: &'a str,
    /// What follows the result, such as `r|Minutes/2021-08.docx`.
    pub rest: &'a str,
}

impl Samba<'_> {
    /// Adds it.
    pub(crate) fn add(&self, out: &mut Batch, micros: i64) {
        let Self { host, pid, user, address, machine, share, operation, result, rest } = self;
        let prefix = format_args!("{user}|{address}|{machine}|{share}").to_string();
        bsd(out, micros, host, "smbd_audit", *pid, format_args!("{prefix}|{operation}|{result}|{rest}"));
    }
}
