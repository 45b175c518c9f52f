//! A connection with bytes read ahead and answers not yet sent, and the memory that messages may take.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

/// What a connection has to be able to do; TCP, Unix sockets and TLS are.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// How much is asked of the socket at once.
const READ: usize = 16 << 10;

/// Answers beyond this many bytes are sent at once, whatever the peer pipelines.
const HELD: usize = 16 << 10;

/// A connection with its buffers. What is put is sent before the next read, so that answers to pipelined
/// commands leave together.
pub struct Wire {
    io: Box<dyn Io>,
    input: Vec<u8>,
    start: usize,
    output: Vec<u8>,
    patience: Duration,
}

impl Wire {
    /// A connection whose peer must take what is written within `patience`.
    pub fn new(io: Box<dyn Io>, patience: Duration) -> Self {
        Self { io, input: Vec::new(), start: 0, output: Vec::new(), patience }
    }

    /// What was read and not yet consumed.
    pub fn unread(&self) -> &[u8] {
        &self.input[self.start..]
    }

    /// Takes `count` bytes off [`Wire::unread`].
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.input.len());
        if self.start == self.input.len() {
            self.input.clear();
            self.start = 0;
            // A large packet came and went: an idle connection keeps little.
            self.input.shrink_to(READ);
        }
    }

    /// Sends what is held and reads more; 0 is the end of the stream. Nothing is lost when it is dropped half-way
    /// through reading.
    pub async fn fill(&mut self, within: Duration) -> io::Result<usize> {
        self.flush().await?;
        if self.start > 0 {
            self.input.drain(..self.start);
            self.start = 0;
        }
        self.input.reserve(READ);
        timeout(within, self.io.read_buf(&mut self.input)).await.map_err(|_| silent())?
    }

    /// Holds bytes for the peer.
    pub fn put(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    /// Sends what is held if it is much.
    pub async fn spill(&mut self) -> io::Result<()> {
        if self.output.len() >= HELD { self.flush().await } else { Ok(()) }
    }

    /// Sends what is held.
    pub async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let output = std::mem::take(&mut self.output);
        self.send(&output).await
    }

    /// Sends what is held, then `bytes`.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let held = std::mem::take(&mut self.output);
        let io = &mut self.io;
        for part in [&held[..], bytes] {
            // The peer has to take each piece in time, not the whole of a large message.
            for piece in part.chunks(1 << 20) {
                timeout(self.patience, io.write_all(piece)).await.map_err(|_| silent())??;
            }
        }
        timeout(self.patience, io.flush()).await.map_err(|_| silent())?
    }

    /// Sends what is held and closes; errors are of no interest any more. What the peer still sends is taken for
    /// half a second, because a socket that is closed with bytes unread may throw away our last answer.
    pub async fn close(mut self) {
        if self.flush().await.is_ok()
            && matches!(timeout(self.patience, self.io.shutdown()).await, Ok(Ok(())))
        {
            let _ =
                timeout(Duration::from_millis(500), tokio::io::copy(&mut self.io, &mut tokio::io::sink()))
                    .await;
        }
    }

    /// The bare connection, for TLS. What was read ahead is dropped: it came before the encryption.
    pub fn into_io(self) -> Box<dyn Io> {
        self.io
    }
}

fn silent() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the peer was silent for too long")
}

/// Waits until the service is to end; for ever if nobody can say so any more.
pub(crate) async fn ends(shutdown: &mut watch::Receiver<bool>) {
    if shutdown.wait_for(|ends| *ends).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Memory that all messages in flight share, in steps of 64 KiB.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

/// The part of a [`Room`] that one message has.
#[derive(Debug, Default)]
pub struct Share(Option<OwnedSemaphorePermit>);

const STEP: usize = 64 << 10;

impl Room {
    /// A room of `bytes`.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / STEP).clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Lets a share grow to `bytes`; false if there is no room.
    pub fn grow(&self, share: &mut Share, bytes: usize) -> bool {
        let have = share.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = bytes.div_ceil(STEP).saturating_sub(have);
        if more == 0 {
            return true;
        }
        let Some(permit) =
            u32::try_from(more).ok().and_then(|more| self.0.clone().try_acquire_many_owned(more).ok())
        else {
            return false;
        };
        match &mut share.0 {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_and_given_back() {
        let room = Room::new(10 * STEP);
        let (mut one, mut two) = (Share::default(), Share::default());
        assert!(room.grow(&mut one, 5 * STEP + 1));
        assert!(room.grow(&mut one, 6 * STEP), "no more than before");
        assert!(!room.grow(&mut two, 5 * STEP));
        assert!(room.grow(&mut two, 4 * STEP));
        drop(one);
        assert!(room.grow(&mut two, 10 * STEP));
    }

    #[tokio::test]
    async fn answers_leave_before_the_next_read() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut wire = Wire::new(Box::new(near), Duration::from_secs(5));
        far.write_all(b"abc").await.unwrap();
        wire.put(b"hello");
        assert_eq!(wire.fill(Duration::from_secs(5)).await.unwrap(), 3);
        wire.consume(1);
        assert_eq!(wire.unread(), b"bc");
        let mut got = [0; 5];
        far.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"hello");
        assert_eq!(
            wire.fill(Duration::from_millis(10)).await.unwrap_err().kind(),
            io::ErrorKind::TimedOut,
            "silence ends"
        );
        assert_eq!(wire.unread(), b"bc");
    }
}
