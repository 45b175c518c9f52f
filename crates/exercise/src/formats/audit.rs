//! Linux audit: a program start is several records of one serial.

use crate::batch::{Batch, put};
use crate::calendar::SECOND;

/// A program that was started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exec<'a> {
    pub serial: u64,
    pub pid: u64,
    pub parent: u64,
    /// The account that logged in, and the one that it runs as.
    pub login: u32,
    pub user: u32,
    pub exe: &'a str,
    pub arguments: &'a [&'a str],
    pub directory: &'a str,
    /// Session number.
    pub session: u64,
}

impl Exec<'_> {
    /// Adds its records.
    pub(crate) fn add(&self, out: &mut Batch, micros: i64) {
        let (seconds, millis) = (micros.div_euclid(SECOND), micros.rem_euclid(SECOND) / 1000);
        let stamp = format!("msg=audit({seconds}.{millis:03}:{}):", self.serial);
        let short = self.exe.rsplit('/').next().unwrap_or(self.exe);
        let Self { pid, parent, login, user, exe, directory, session, arguments, .. } = self;
        out.add(micros, |out| {
            put!(
                out,
                "type=SYSCALL {stamp} arch=c000003e syscall=59 success=yes exit=0 a0=55d0{pid:08x} a1=55d1{pid:08x} \
                 a2=55d2{pid:08x} a3=8 items=2 ppid={parent} pid={pid} auid={login} uid={user} gid={user} euid={user} \
                 suid={user} fsuid={user} egid={user} sgid={user} fsgid={user} tty=(none) ses={session} comm=\"{short}\" \
                 exe=\"{exe}\" key=\"exec\"\n"
            );
            put!(out, "type=EXECVE {stamp} argc={}", arguments.len());
            for (number, argument) in arguments.iter().enumerate() {
                put!(out, " a{number}={}", encoded(argument));
            }
            put!(out, "\ntype=CWD {stamp} cwd={}\n", encoded(directory));
            put!(
                out,
                "type=PATH {stamp} item=0 name=\"{exe}\" inode={} dev=fd:00 mode=0100755 ouid=0 ogid=0 rdev=00:00 \
                 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0\n",
                131_072 + super::fixed(exe) % 90_000
            );
            let title = arguments.join("\0");
            put!(out, "type=PROCTITLE {stamp} proctitle={}", hexadecimal(&title));
        });
    }
}

/// In quotes, or in hexadecimal where it holds what quotes would not keep.
fn encoded(text: &str) -> String {
    if text.bytes().any(|byte| byte <= b' ' || byte == b'"' || byte > b'~') {
        hexadecimal(text)
    } else {
        format!("\"{text}\"")
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}
