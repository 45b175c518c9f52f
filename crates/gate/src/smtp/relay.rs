//! A judged message on its way to the next hop: each group of recipients in a transaction of its own, and for each
//! recipient the answer that the sender is given.

use std::io;

use super::client::Client;
use super::data;
use super::reply::Reply;
use super::settings::{Protocol, Settings};
use super::transaction::Transaction;
use crate::copies::{self, FORGOTTEN, Going, Verdict};
use crate::door::{Action, Decision};

/// The next hop with the sender's transaction open on it, or what is left of it.
pub(crate) struct Hop {
    /// The connection; `None` after it broke.
    pub(crate) client: Option<Client>,
    /// The transaction on it is the sender's, with all recipients and no message yet.
    open: bool,
}

impl Hop {
    pub(crate) fn open(client: Client) -> Self {
        Self { client: Some(client), open: true }
    }
}

/// The answer to a sender that has to come again, when the next hop cannot be reached.
pub(crate) fn unreachable() -> Reply {
    Reply::new(451, "4.4.1", "The next hop cannot be reached, please try again later")
}

/// Does what was decided and returns an answer for each recipient, in order. To a sender with one answer for all
/// (SMTP) they all are the same.
pub(crate) async fn carry_out(
    hop: &mut Hop,
    settings: &Settings,
    transaction: &Transaction,
    decision: &Decision,
    raw: &[u8],
    chunked: bool,
) -> Vec<Reply> {
    let count = transaction.recipients.len();
    let of = copies::of_each(decision, count);
    let one_answer = settings.protocol == Protocol::Smtp;
    if one_answer {
        let refusal = match copies::weigh(decision, count) {
            Verdict::Reject { code, text } => Some(Reply::new(550, code, text)),
            Verdict::Defer { text } => Some(Reply::new(451, "4.7.1", text)),
            Verdict::Go { .. } => None,
        };
        if let Some(reply) = refusal {
            clear(hop).await;
            return vec![reply; count];
        }
    }
    let mut replies: Vec<Option<Reply>> = vec![None; count];
    for going in copies::going(decision, &of) {
        let trouble = || Reply::new(451, "4.4.2", "The next hop broke off, please try again later");
        let outcome = match send(hop, settings, transaction, &going, raw, chunked).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(id = decision.id, %error, "the next hop failed");
                *hop = Hop { client: None, open: false };
                vec![trouble(); going.recipients.len()]
            }
        };
        let failed = outcome.iter().any(|reply| !reply.is_positive());
        for (recipient, reply) in going.recipients.iter().zip(outcome) {
            replies[*recipient] = Some(reply.relayed());
        }
        // The sender will be told of a failure whatever else happens; more copies would only be doubled.
        if one_answer && failed {
            break;
        }
    }
    clear(hop).await;
    if one_answer {
        return vec![combined(replies, decision); count];
    }
    let each = replies.into_iter().zip(of);
    each.map(|(reply, at)| reply.unwrap_or_else(|| undelivered(decision, at))).collect()
}

/// The answer to a recipient whose copy does not go on.
fn undelivered(decision: &Decision, at: Option<usize>) -> Reply {
    match at.map(|at| &decision.copies[at].action) {
        Some(Action::Quarantined { id }) => Reply::new(250, "2.0.0", &format!("Accepted as {id}")),
        Some(Action::Reject { code, text }) => Reply::new(550, code, text),
        Some(Action::Defer { text }) => Reply::new(451, "4.7.1", text),
        Some(Action::Deliver { .. }) | None => Reply::new(451, "4.7.1", FORGOTTEN),
    }
}

/// One answer for all: if one has to come again all have to, else if one is refused all are. A refusal after another
/// copy went on makes the sender write a report, so that nobody's mail is lost without a word.
fn combined(replies: Vec<Option<Reply>>, decision: &Decision) -> Reply {
    let told: Vec<Reply> = replies.into_iter().flatten().collect();
    let first = |wanted: fn(&Reply) -> bool| told.iter().find(|reply| wanted(reply)).cloned();
    first(|reply| !reply.is_positive() && !reply.is_permanent())
        .or_else(|| first(Reply::is_permanent))
        .or_else(|| first(|_| true))
        .unwrap_or_else(|| Reply::new(250, "2.0.0", &format!("Accepted as {}", decision.id)))
}

/// Ends a transaction that is still open, so that the connection can serve the next.
async fn clear(hop: &mut Hop) {
    if hop.open {
        hop.open = false;
        let reset = match &mut hop.client {
            Some(client) => client.rset().await.is_ok_and(|reply| reply.is_positive()),
            None => false,
        };
        if !reset {
            hop.client = None;
        }
    }
}

/// Sends one copy; an answer for each recipient of the group.
async fn send(
    hop: &mut Hop,
    settings: &Settings,
    transaction: &Transaction,
    going: &Going<'_>,
    raw: &[u8],
    chunked: bool,
) -> io::Result<Vec<Reply>> {
    let bytes = copies::bytes(raw, &going.copy.action);
    let bytes = data::paired(&bytes);
    let mut mail = transaction.mail.clone();
    let needs_eight = !mail.eight_bit && !bytes.is_ascii() && raw.is_ascii();
    let all = going.recipients.len() == transaction.recipients.len();
    if hop.open && all && !needs_eight {
        hop.open = false;
        let client = hop.client.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let replies = client.message(&bytes, chunked, all_of(going)).await?;
        return Ok(spread(replies, all_of(going)));
    }
    clear(hop).await;
    if hop.client.is_none() {
        hop.client = Some(Client::connect(&settings.next_hop, &settings.hostname, &settings.timeouts).await?);
    }
    let client = hop.client.as_mut().ok_or(io::ErrorKind::NotConnected)?;
    mail.eight_bit |= needs_eight;
    mail.size = Some(bytes.len() as u64);
    client.xforward(&transaction.attributes).await?;
    // From here on an early return leaves a transaction open that has to be ended before the next.
    hop.open = true;
    let reply = client.mail(&mail).await?;
    if !reply.is_positive() {
        return Ok(vec![reply; going.recipients.len()]);
    }
    let mut answers = Vec::with_capacity(going.recipients.len());
    for &recipient in &going.recipients {
        answers.push(client.rcpt(&transaction.recipients[recipient]).await?);
    }
    let accepted = answers.iter().filter(|reply| reply.is_positive()).count();
    let refused = accepted < answers.len();
    if accepted == 0 || refused && settings.protocol == Protocol::Smtp {
        return Ok(answers);
    }
    hop.open = false;
    let mut replies = spread(client.message(&bytes, chunked, accepted).await?, accepted).into_iter();
    for answer in &mut answers {
        if answer.is_positive() {
            *answer = replies.next().ok_or(io::ErrorKind::UnexpectedEof)?;
        }
    }
    Ok(answers)
}

fn all_of(going: &Going<'_>) -> usize {
    going.recipients.len()
}

/// One answer for all as an answer for each.
fn spread(mut replies: Vec<Reply>, count: usize) -> Vec<Reply> {
    if replies.len() == 1 && count > 1 {
        replies = vec![replies.remove(0); count];
    }
    replies
}
