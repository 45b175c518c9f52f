use std::time::Duration;

use detect::{Loader, Placeholders};
use model::Time;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

fn outside() -> Outside {
    Outside {
        now: || Time::parse("2026-03-25T12:00:00Z").unwrap(),
        random: |bytes| bytes.fill(7),
        rules: |builtin, paths| {
            if builtin || !paths.is_empty() {
                Err("no rules here".to_owned())
            } else {
                Ok(Loader::new(Placeholders::default()).finish())
            }
        },
    }
}

fn free() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn config(http: u16, more: &str) -> String {
    format!(
        "{more}\n[rules]\nbuiltin = false\n[[milter]]\nlisten = \"127.0.0.1:0\"\n[dns]\noff = true\n\
         [quarantine]\ndir = \"q\"\n[http]\nlisten = \"127.0.0.1:{http}\"\n"
    )
}

async fn ask(port: u16, path: &str) -> String {
    // A door opens in its own time.
    for _ in 0..500 {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
            stream.write_all(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            return text;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody answers");
}

async fn until(port: u16, line: &str) {
    for _ in 0..500 {
        if ask(port, "/metrics").await.lines().any(|found| found == line) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_opens_reloads_and_drains() {
    let folder = tempfile::tempdir().unwrap();
    let (path, http) = (folder.path().join("gate.toml"), free());
    std::fs::write(&path, config(http, "")).unwrap();
    let (tell, signals) = mpsc::channel(4);
    let own = path.clone();
    let gate = tokio::spawn(async move { run(&own, outside(), signals).await });
    assert!(ask(http, "/ready").await.starts_with("HTTP/1.1 200 OK"));
    assert!(ask(http, "/live").await.ends_with("alive\n"));
    assert!(ask(http, "/notice").await.starts_with("HTTP/1.1 404"));

    std::fs::write(&path, config(http, "dry_run = true")).unwrap();
    tell.send(Signal::Reload).await.unwrap();
    until(http, "portcullis_gate_reloads_total 1").await;
    std::fs::write(&path, config(http, "dry_rum = true")).unwrap();
    tell.send(Signal::Reload).await.unwrap();
    until(http, "portcullis_gate_reloads_failed_total 1").await;

    std::fs::write(&path, config(free(), "")).unwrap();
    let (_tell, signals) = mpsc::channel(4);
    let second = run(&path, outside(), signals).await;
    assert!(matches!(second, Err(RunError::Quarantine(QuarantineError::Taken(_)))), "{second:?}");

    tell.send(Signal::Drain).await.unwrap();
    gate.await.unwrap().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", http)).await.is_err());
}

#[test]
fn a_check_says_what_a_configuration_comes_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.toml");
    std::fs::write(&path, config(1, "dry_run = true")).unwrap();
    let told = check(&path, &outside()).unwrap();
    assert!(told.remarks.iter().any(|remark| remark.starts_with("dry run")), "{told:?}");
    std::fs::write(&path, config(1, "").replace("builtin = false", "builtin = true")).unwrap();
    assert!(check(&path, &outside()).unwrap_err().to_string().contains("no rules here"));
    let keyless = config(1, "") + "[notice]\nurl = \"https://gate.example/notice\"\nkey = \"none.pem\"\n";
    std::fs::write(&path, keyless).unwrap();
    assert!(check(&path, &outside()).unwrap_err().to_string().contains("none.pem"));
    assert!(!folder.path().join("q").exists(), "a check makes nothing");
}
