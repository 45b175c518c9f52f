//! Sockets: where a service listens, and the loop that takes connections in until it is told to end.
//!
//! A listener outlives every change of configuration: sessions ask for the settings of the day when they begin.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::wire::{Io, ends};

/// Where to listen or to connect to: `inet:HOST:PORT` (an IPv6 address in brackets) or `unix:/PATH`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// Host and port.
    Inet(String),
    /// The path of a socket.
    Unix(PathBuf),
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address; write inet:HOST:PORT or unix:/PATH")]
pub struct BadAddress(String);

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        match text.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') && path.len() > 1 => Ok(Self::Unix(path.into())),
            Some(("inet", rest)) => {
                let (host, port) = rest.rsplit_once(':').ok_or_else(bad)?;
                let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
                let clear = bare.is_some() || !host.contains(':');
                if host.is_empty() || !clear || port.parse::<u16>().is_err() {
                    return Err(bad());
                }
                Ok(Self::Inet(rest.to_owned()))
            }
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(text) => write!(f, "inet:{text}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Address {
    /// Connects to it.
    pub async fn connect(&self) -> io::Result<Box<dyn Io>> {
        Ok(match self {
            Self::Inet(text) => {
                let stream = TcpStream::connect(text.as_str()).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
        })
    }
}

/// Who connected: an address, or somebody on this machine through a Unix socket.
pub type Peer = Option<SocketAddr>;

/// A socket that listens.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Listens. A Unix socket gets mode 0660 before it can be seen under its name; one that a dead process left
    /// behind is replaced, one that still answers is not.
    pub async fn bind(address: &Address) -> io::Result<Self> {
        Ok(Self(match address {
            Address::Inet(text) => Kind::Tcp(TcpListener::bind(text.as_str()).await?),
            Address::Unix(path) => Kind::Unix(bind_unix(path).await?),
        }))
    }

    /// The address that was bound, when it is not a path.
    pub fn local(&self) -> Option<SocketAddr> {
        match &self.0 {
            Kind::Tcp(listener) => listener.local_addr().ok(),
            Kind::Unix(_) => None,
        }
    }

    async fn accept(&self) -> io::Result<(Box<dyn Io>, Peer)> {
        match &self.0 {
            Kind::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Box::new(stream), Some(peer)))
            }
            Kind::Unix(listener) => Ok((Box::new(listener.accept().await?.0), None)),
        }
    }
}

async fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            let text = format!("{} is there and is no socket", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        Ok(_) if UnixStream::connect(path).await.is_ok() => {
            let text = format!("another process listens at {}", path.display());
            return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
        }
        Ok(_) => {}
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&beside)?;
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o660))?;
    std::fs::rename(&beside, path)?;
    Ok(listener)
}

/// How many connections are open, for whoever counts them.
#[derive(Clone, Debug, Default)]
pub struct Open(Arc<AtomicU64>);

impl Open {
    /// How many there are now.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn one(&self) -> OpenOne {
        self.0.fetch_add(1, Ordering::Relaxed);
        OpenOne(self.0.clone())
    }
}

/// A connection as long as it is open, also where its session is cut off.
struct OpenOne(Arc<AtomicU64>);

impl Drop for OpenOne {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a service takes connections in.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Connections at once.
    pub connections: usize,
    /// What a connection beyond that is told before it is closed.
    pub busy: Vec<u8>,
    /// How long open sessions have, once the service is to end.
    pub drain: Duration,
    /// Counts the connections.
    pub open: Open,
}

/// Takes connections in until `shutdown` turns true, then waits for the sessions until [`Bounds::drain`] is over and
/// cuts off the rest; returns how many those were. A session is told of the end by its own receiver.
pub async fn accept<F, S>(
    listener: Listener,
    bounds: Bounds,
    mut shutdown: watch::Receiver<bool>,
    session: F,
) -> usize
where
    F: Fn(Box<dyn Io>, Peer) -> S,
    S: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(bounds.connections.clamp(1, Semaphore::MAX_PERMITS)));
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = ends(&mut shutdown) => break,
            Some(ended) = sessions.join_next(), if !sessions.is_empty() => {
                note(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((io, peer)) => match places.clone().try_acquire_owned() {
                Ok(place) => {
                    let work = session(io, peer);
                    let open = bounds.open.one();
                    sessions.spawn(async move {
                        work.await;
                        drop((place, open));
                    });
                }
                Err(_) => {
                    tracing::warn!(?peer, limit = bounds.connections, "too many connections");
                    turn_away(io, &bounds.busy).await;
                }
            },
            // No descriptors or no memory are left: a connection has to end before another can begin, and the
            // listener would report the same at once for ever.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    drop(listener);
    let all = async {
        while let Some(ended) = sessions.join_next().await {
            note(ended);
        }
    };
    if tokio::time::timeout(bounds.drain, all).await.is_err() {
        let left = sessions.len();
        tracing::warn!(left, "sessions were cut off");
        sessions.shutdown().await;
        return left;
    }
    0
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a session broke; its sender was told nothing and comes again");
    }
}

/// Tells a peer that there is no place. Its socket is new, so that the line fits into its buffer.
async fn turn_away(mut io: Box<dyn Io>, busy: &[u8]) {
    use tokio::io::AsyncWriteExt;
    let _ = tokio::time::timeout(Duration::from_millis(100), async {
        io.write_all(busy).await?;
        io.shutdown().await
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for text in ["inet:127.0.0.1:25", "inet:[::1]:10025", "inet:mail.example:24", "unix:/run/gate.sock"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in
            ["", "25", "inet:25", "inet::25", "inet:::1:25", "inet:a:70000", "unix:", "unix:/", "unix:a"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let address = Address::Unix(path.clone());
        let first = Listener::bind(&address).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert_eq!(Listener::bind(&address).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        let second = Listener::bind(&address).await.unwrap();
        let (near, far) = tokio::join!(address.connect(), second.accept());
        assert!(near.is_ok() && far.unwrap().1.is_none());
        std::fs::write(dir.path().join("f"), "x").unwrap();
        let file = Address::Unix(dir.path().join("f"));
        assert_eq!(Listener::bind(&file).await.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
