//! What the protocols hand to the door, and what they are told to do.

use std::net::IpAddr;

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
        /// Header fields that bear our name and are not ours: name, and the how-manieth of that name from 1.
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
