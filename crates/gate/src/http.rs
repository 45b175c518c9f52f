//! A few pages over HTTP/1.1 on a local address: GET alone, one request a connection, small and quick.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::wire::ends as ended;

/// Bytes of a request.
const LONGEST: usize = 8 << 10;
/// Requests at once.
const AT_ONCE: usize = 64;
/// For a request and its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) status: &'static str,
    pub(crate) kind: &'static str,
    /// Header fields beyond those that every answer has.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn text(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", headers: Vec::new(), body: body.into() }
    }
}

/// Answers until `end` says true. `page` is asked with the path.
pub(crate) async fn serve<F, R>(listener: TcpListener, page: F, mut end: watch::Receiver<bool>)
where
    F: Fn(String) -> R + Send + Sync + 'static,
    R: Future<Output = Page> + Send,
{
    let page = Arc::new(page);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let accepted = tokio::select! {
            () = ended(&mut end) => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Without descriptors the listener would say the same at once for ever.
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let page = page.clone();
        tokio::spawn(async move {
            let _ = tokio::time::timeout(PATIENCE, answer(stream, &*page)).await;
            drop(place);
        });
    }
}

async fn answer<S, F, R>(mut stream: S, page: &F) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(String) -> R,
    R: Future<Output = Page>,
{
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !ends(&request) && request.len() < LONGEST {
        match stream.read(&mut buffer).await? {
            0 => break,
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    let (head_only, page) = match line(&request) {
        Ok((head_only, path)) => (head_only, page(path).await),
        Err(status) => (false, Page::text(status, format!("{status}\n"))),
    };
    let mut out = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n",
        page.status,
        page.kind,
        page.body.len()
    );
    for (name, value) in &page.headers {
        out += &format!("{name}: {value}\r\n");
    }
    out += "\r\n";
    if !head_only {
        out += &page.body;
    }
    stream.write_all(out.as_bytes()).await?;
    stream.shutdown().await
}

fn ends(request: &[u8]) -> bool {
    request.windows(4).any(|four| four == b"\r\n\r\n")
}

/// Whether only the head is asked for, and the path without its query; or the status that says what is wrong.
fn line(request: &[u8]) -> Result<(bool, String), &'static str> {
    if !ends(request) {
        return Err(if request.len() >= LONGEST {
            "431 Request Header Fields Too Large"
        } else {
            "400 Bad Request"
        });
    }
    let end = memchr::memchr(b'\r', request).unwrap_or(0);
    let text = std::str::from_utf8(&request[..end]).map_err(|_| "400 Bad Request")?;
    let mut words = text.split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    if !version.is_some_and(|version| version.starts_with("HTTP/1.")) || words.next().is_some() {
        return Err("400 Bad Request");
    }
    let head_only = match method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Err("405 Method Not Allowed"),
    };
    let path = target.unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    Ok((head_only, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(request: &[u8]) -> String {
        let (mut near, far) = tokio::io::duplex(64 << 10);
        near.write_all(request).await.unwrap();
        near.shutdown().await.unwrap();
        let page = |path: String| async move { Page::text("200 OK", format!("at {path}")) };
        answer(far, &page).await.unwrap();
        let mut text = String::new();
        near.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn pages_are_served_and_nonsense_is_refused() {
        for (request, status, body) in [
            ("GET /live?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "at /live"),
            ("HEAD /live HTTP/1.0\r\n\r\n", "200 OK", ""),
            ("POST /live HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "405 Method Not Allowed\n"),
            ("GET /live\r\n\r\n", "400 Bad Request", "400 Bad Request\n"),
            ("GET /live HTTP/1.1\r\n", "400 Bad Request", "400 Bad Request\n"),
            ("\r\n\r\n", "400 Bad Request", "400 Bad Request\n"),
        ] {
            let answer = ask(request.as_bytes()).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request} {answer}");
            assert_eq!(answer.split_once("\r\n\r\n").unwrap().1, body, "{request}");
        }
        let long = [b"GET /".to_vec(), vec![b'a'; 20_000]].concat();
        assert!(ask(&long).await.starts_with("HTTP/1.1 431"));
    }
}
