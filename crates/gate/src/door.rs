//! What the protocols hand to the door, and what they are told to do.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

/// Whoever decides what becomes of a message: the door itself, or a test.
pub trait Judge: Send + Sync + 'static {
    /// Says what is to be done with each recipient's copy of `raw`, the message as it came with line ends CRLF.
    /// What is quarantined is synced to disk before this returns. A judge that fails says so by
    /// [`Action::Defer`] (or [`Action::Deliver`], where it was told to fail open). A recipient that the
    /// decision forgets is deferred.
    fn judge(&self, envelope: &Envelope, raw: Arc<[u8]>) -> impl Future<Output = Decision> + Send;

    /// Sends a copy on by a way of its own, because a milter can give a message one content only. `envelope`
    /// names the copy's recipients alone; `copy` is whole, with all header fields. It returns when another
    /// server has taken the copy over; on an error the sender is told to come again.
    fn deliver(&self, envelope: &Envelope, copy: Vec<u8>) -> impl Future<Output = io::Result<()>> + Send;
}

/// What is known of a delivery besides the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The address outside that the message came from, by XFORWARD, XCLIENT or macro; `None` where the gate
    /// was told nothing and has to read it off the first hop outside the relays.
    pub client: Option<IpAddr>,
    /// The client's name, as the mail server found it.
    pub client_name: Option<String>,
    /// What the client called itself.
    pub helo: String,
    /// The envelope sender without brackets; empty for a bounce.
    pub mail_from: String,
    /// The envelope recipients without brackets.
    pub recipients: Vec<String>,
    /// The sender asked for SMTPUTF8, so that addresses and header fields may be in UTF-8.
    pub utf8: bool,
    /// The mail server's name for the delivery, for the log.
    pub queue_id: Option<String>,
}

/// What is to be done with a message, for each group of its recipients. Every recipient is in one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// A name for the delivery, which stands in logs and answers.
    pub id: String,
    /// Groups of recipients that are treated alike.
    pub copies: Vec<Copy>,
}

/// One way of treating a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Places in [`Envelope::recipients`].
    pub recipients: Vec<usize>,
    /// What is done.
    pub action: Action,
}

/// What is done with a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It goes on.
    Deliver {
        /// Header fields to put above all others, the first one on top: name, value without line end.
        prepend: Vec<(String, String)>,
        /// Header fields that bear our name and are not ours: name, and the how-manieth of that name from 1 in
        /// the message as it came. They are no longer in `changed`.
        remove: Vec<(String, u32)>,
        /// The message that goes on in its place, without `prepend`; `None`: as it came, byte for byte.
        changed: Option<Vec<u8>>,
    },
    /// It lies in quarantine, synced to disk, under this id; the sender is told that it was accepted.
    Quarantined {
        /// The id.
        id: String,
    },
    /// The sender is told that it is not wanted.
    Reject {
        /// The enhanced status code, such as `5.7.1`.
        code: &'static str,
        /// One line of text.
        text: String,
    },
    /// The sender is told to come again.
    Defer {
        /// One line of text.
        text: String,
    },
}
