use model::Time;
use serde::{Deserialize, Serialize};

use super::Signature;

/// What is kept of a message to find the others of its mailing. The lists are as short as a message
/// makes sense; whoever makes it bounds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// When it was received.
    pub time: Option<Time>,
    /// Whose mailbox it lies in, in lower case: the owner, else the address it was delivered to.
    pub mailbox: String,
    /// The sender's address, in lower case.
    pub sender: String,
    /// The registered domain of the sender.
    pub domain: String,
    /// Whom it was written to, where it lies in the mailbox of its own sender.
    pub written_to: Vec<String>,
    /// What its visible text is like.
    pub text: Signature,
    /// Tokens that may name the recipient, of beacons and links, without repetition.
    pub tokens: Vec<String>,
    /// The shapes of these tokens (`hex32`, `uuid`, …), without repetition, in order.
    pub shapes: Vec<String>,
    /// Registered domains that beacons and links lead to.
    pub hosts: Vec<String>,
    /// Addresses of beacons and links with the tokens masked, without repetition.
    pub urls: Vec<String>,
    /// The outlet that the sender claims to be or to write for.
    pub outlet: Option<String>,
    /// Whether neither sender nor links fit the outlet that is claimed.
    pub unfit: bool,
    /// Whether it was written by somebody of the institution: what members hand on is not of their making.
    pub own: bool,
    /// Whether something loads by itself when it is opened, or when its attachment is.
    pub loads: bool,
}

impl Trace {
    /// Whether it could tell its sender who opened it.
    pub fn reports_back(&self) -> bool {
        self.loads || !self.tokens.is_empty()
    }
}
