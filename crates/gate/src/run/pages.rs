//! What the gate serves over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::RunError;
use crate::http::{self, Page};
use crate::judge::Room;
use crate::metrics::Sizes;

pub(super) async fn open(
    room: &Arc<Room>,
    tasks: &mut JoinSet<()>,
    ends: &watch::Receiver<bool>,
) -> Result<(), RunError> {
    let setup = room.setup();
    if let Some(http) = &setup.config.http {
        let listener = bind(http.listen).await?;
        let (room, ends_of_page) = (room.clone(), ends.clone());
        let page = move |path: String| watched(room.clone(), path, *ends_of_page.borrow());
        tasks.spawn(http::serve(listener, page, ends.clone()));
    }
    if let Some(listen) = setup.config.notice.as_ref().and_then(|notice| notice.listen) {
        let listener = bind(listen).await?;
        let room = room.clone();
        let page = move |_| {
            let page = notice(&room);
            async { page }
        };
        tasks.spawn(http::serve(listener, page, ends.clone()));
    }
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, RunError> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| RunError::Listen { address: address.to_string(), source })?;
    tracing::info!(address = %listener.local_addr().unwrap_or(address), "serving pages");
    Ok(listener)
}

async fn watched(room: Arc<Room>, path: String, draining: bool) -> Page {
    match path.as_str() {
        "/live" => Page::text("200 OK", "alive\n"),
        "/ready" if draining => Page::text("503 Service Unavailable", "closing\n"),
        "/ready" => {
            // Ready is who can keep what it must keep.
            let asked = tokio::task::spawn_blocking(move || room.quarantine().size().is_ok()).await;
            if asked.unwrap_or(false) {
                Page::text("200 OK", "ready\n")
            } else {
                Page::text("503 Service Unavailable", "the quarantine cannot be used\n")
            }
        }
        "/metrics" => {
            let text = tokio::task::spawn_blocking(move || {
                let quarantine = room.quarantine().size().unwrap_or_default();
                room.metrics.text(&Sizes { quarantine, mailings: room.memory.taken() })
            });
            let mut page = Page::text("200 OK", text.await.unwrap_or_default());
            page.kind = "text/plain; version=0.0.4; charset=utf-8";
            page
        }
        "/notice" => notice(&room),
        _ => Page::text("404 Not Found", "there is /live, /ready, /metrics and /notice\n"),
    }
}

/// The page that links lead through. It asks nobody for anything: the target stands behind the `#`, which no
/// browser sends.
fn notice(room: &Room) -> Page {
    let setup = room.setup();
    let Some(page) = &setup.notice else { return Page::text("404 Not Found", "no notice page is set\n") };
    Page {
        status: "200 OK",
        kind: "text/html; charset=utf-8",
        headers: vec![
            ("Content-Security-Policy", page.content_security_policy.clone()),
            ("X-Frame-Options", "DENY".to_owned()),
            ("Cache-Control", "no-store".to_owned()),
        ],
        body: page.html.clone(),
    }
}
