//! Who a message says it is from, and whether that fits.

pub(crate) mod domain;
mod outlets;

pub use outlets::{Outlet, Outlets};

use mail_parser::Message;
use model::Event;

use crate::Settings;

/// The sender as the message states it, for the modules that compare with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// The address in `From`, in lower case.
    pub address: String,
    /// The registered domain of that address.
    pub domain: String,
    /// The display name, decoded.
    pub name: String,
    /// Addresses that the message was written or delivered to, in lower case.
    pub recipients: Vec<String>,
}

/// What a message claims to come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// The outlet whose name the sender uses.
    pub outlet: Option<String>,
    /// Whether neither the sender nor the links belong to it.
    pub unfit: bool,
}

/// Adds every address header and what its names and domains say (`mail.from.address`, …), the texts of
/// the other header fields (`mail.subject`, …), alignment, look-alikes and bulk-mail services.
pub(crate) fn read(message: &Message<'_>, directory: &Directory<'_>, event: &mut Event) -> Sender {
    let _ = (message, directory, event);
    Sender::default()
}

/// Adds which outlet the message claims in name, subject, signature or text, against the sender's domain and
/// the registered domains that its links and beacons lead to.
pub(crate) fn claim(
    sender: &Sender,
    subject: &str,
    text: &str,
    domains: &[String],
    directory: &Directory<'_>,
    event: &mut Event,
) -> Claim {
    let _ = (sender, subject, text, domains, directory, event);
    Claim::default()
}

#[derive(Debug)]
pub(crate) struct Directory<'a>(&'a Settings);
impl<'a> Directory<'a> {
    pub(crate) fn new(s: &'a Settings) -> Self { Self(s) }
}
