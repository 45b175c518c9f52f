//! Many connections, the end of the service, and change of settings.

use std::sync::Arc;
use std::time::Duration;

use gate::smtp::Protocol;
use tokio::net::TcpStream;

use crate::support::{OFFERS, Proxy, Talk, Told};

#[tokio::test]
async fn a_storm_of_connections_is_served() {
    let proxy = Arc::new(Proxy::start(Told::open()).await);
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..200 {
        let proxy = proxy.clone();
        clients.spawn(async move {
            let mut talk = proxy.hello().await;
            talk.mail(&["a@b.example"], format!("N: {number}\r\n\r\n.\r\n"), 250).await;
            talk.ask("QUIT", 221).await;
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    let mut contents: Vec<_> = proxy.sink.taken().into_iter().map(|mail| mail.content).collect();
    contents.sort();
    contents.dedup();
    assert_eq!(contents.len(), 200, "each once");
}

#[tokio::test]
async fn beyond_the_limit_a_connection_is_turned_away_and_a_place_comes_free() {
    let set = |settings: &mut gate::smtp::Settings| settings.limits.connections = 2;
    let proxy = Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, OFFERS, set).await;
    let one = proxy.talk().await;
    let _two = proxy.talk().await;
    let mut three = Talk::new(TcpStream::connect(proxy.at).await.unwrap());
    three.code(421).await;
    three.ended().await;
    drop(one);
    for attempt in 0.. {
        let mut four = Talk::new(TcpStream::connect(proxy.at).await.unwrap());
        if four.answer().await.starts_with("220") {
            break;
        }
        assert!(attempt < 500);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_end_waits_for_open_transactions_and_loses_none() {
    let mut judge = Told::open();
    judge.slow = Duration::from_millis(200);
    let proxy = Proxy::start(judge).await;
    let mut idle = proxy.hello().await;
    let mut open = proxy.hello().await;
    open.ask("MAIL FROM:<a@b.example>", 250).await;
    open.ask("RCPT TO:<a@b.example>", 250).await;
    let mut busy = proxy.hello().await;
    busy.ask("MAIL FROM:<a@b.example>", 250).await;
    busy.ask("RCPT TO:<a@b.example>", 250).await;
    busy.ask("DATA", 354).await;
    busy.send("N: busy\r\n.\r\n").await;
    proxy.end.send(true).unwrap();
    idle.code(421).await;
    idle.ended().await;
    busy.code(250).await;
    busy.code(421).await;
    open.ask("DATA", 354).await;
    open.send("N: open\r\n.\r\n").await;
    open.code(250).await;
    open.code(421).await;
    assert_eq!(proxy.work.await.unwrap(), 0, "nothing was cut off");
    assert_eq!(proxy.sink.taken().len(), 2);
    assert!(TcpStream::connect(proxy.at).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_session_that_does_not_end_is_cut_off_without_an_answer() {
    let set = |settings: &mut gate::smtp::Settings| settings.timeouts.drain = Duration::from_millis(200);
    let proxy = Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, OFFERS, set).await;
    let mut open = proxy.hello().await;
    open.ask("MAIL FROM:<a@b.example>", 250).await;
    proxy.end.send(true).unwrap();
    assert_eq!(proxy.work.await.unwrap(), 1);
    open.ended().await;
}

#[tokio::test]
async fn new_settings_are_for_new_sessions_and_drop_none() {
    let proxy = Proxy::start(Told::open()).await;
    let mut old = proxy.hello().await;
    let mut changed = (**proxy.settings.borrow()).clone();
    changed.limits.message = 777;
    proxy.settings.send(Arc::new(changed)).unwrap();
    let mut new = proxy.talk().await;
    assert!(new.ask("EHLO x", 250).await.contains("SIZE 777"));
    assert!(!old.ask("EHLO x", 250).await.contains("SIZE 777"));
    old.mail(&["a@b.example"], ".\r\n", 250).await;
}
