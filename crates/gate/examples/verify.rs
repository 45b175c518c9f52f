//! What `mail-auth` alone says of the signatures and ARC sets of messages, by the name server at an address.
//!
//! `verify 127.0.0.1:5353 DIR`: files whose name begins with `dkim` must have a signature that holds and none that does
//! not, those that begin with `arc` a chain that holds. Exit code 1: one does not.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters};

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [server, folder] = words.as_slice() else {
        println!("verify ADDRESS:PORT DIR");
        return ExitCode::from(2);
    };
    let judge = judge(server.parse().unwrap());
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut dkim, mut arc, mut wrong) = (0, 0, 0);
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let raw = std::fs::read(file).unwrap();
        let message = AuthenticatedMessage::parse(&raw).unwrap();
        let said = if name.starts_with("arc") {
            let found = judge.verify_arc(&message).await;
            arc += u32::from(*found.result() == DkimResult::Pass);
            vec![found.result().clone()]
        } else {
            let all: Vec<_> = judge.verify_dkim(Parameters::new(&message)).await;
            let all: Vec<_> = all.iter().map(|one| one.result().clone()).collect();
            dkim += u32::from(all.contains(&DkimResult::Pass));
            all
        };
        if !said.contains(&DkimResult::Pass) {
            wrong += 1;
            println!("  wrong: {name}: {said:?}");
        }
    }
    println!("mail-auth: DKIM holds on {dkim}, ARC on {arc}, of {} messages", files.len());
    ExitCode::from(u8::from(wrong > 0))
}

/// Asks one name server.
fn judge(server: SocketAddr) -> MessageAuthenticator {
    let mut connection = ConnectionConfig::udp();
    connection.port = server.port();
    let servers = vec![NameServerConfig::new(server.ip(), true, vec![connection])];
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    MessageAuthenticator::new(config, ResolverOpts::default()).unwrap()
}
