//! Message tracking logs of Exchange.

use crate::batch::{Batch, put};
use crate::calendar::Stamp;
use crate::dice::Dice;

const COLUMNS: &str = "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,\
    connector-id,source,event-id,internal-message-id,message-id,network-message-id,recipient-address,\
    recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,\
    sender-address,return-path,message-info,directionality,tenant-id,original-client-ip,\
    original-server-ip,custom-data,transport-traffic-type,log-id,schema-version";

/// What stands before the records.
pub(crate) fn head(micros: i64) -> String {
    format!(
        "\u{feff}#Software: Microsoft Exchange Server\r\n#Version: 15.01.2176.014\r\n\
         #Log-type: Message Tracking Log\r\n#Date: {}\r\n#Fields: {COLUMNS}\r\n",
        Stamp::new(micros).iso_millis()
    )
}

/// A message on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub id: &'a str,
    pub network_id: uuid::Uuid,
    pub internal_id: u64,
    pub sender: &'a str,
    pub recipients: &'a [&'a str],
    pub subject: &'a str,
    pub bytes: u64,
    /// `Originating` or `Incoming`.
    pub directionality: &'a str,
    /// From where the message was handed in.
    pub original_client: &'a str,
}

/// Something that happened to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    /// Address and name of the client and of the server.
    pub client: (&'a str, &'a str),
    pub server: (&'a str, &'a str),
    pub context: &'a str,
    pub connector: &'a str,
    pub source: &'a str,
    pub event: &'a str,
    /// Status of each recipient.
    pub status: &'a str,
}

/// Adds what happened to `message`.
pub(crate) fn add(out: &mut Batch, dice: &mut Dice, micros: i64, message: &Message<'_>, step: &Step<'_>) {
    let log = dice.guid();
    out.add(micros, |out| {
        put!(
            out,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},,,{},{},{},{},{},,{},,S:E2ELatency={}.{:03};\
             S:MsgRecipCount={};S:IncludeInSla=True,Email,{log},15.01.2176.014",
            Stamp::new(micros).iso_millis(),
            step.client.0,
            step.client.1,
            step.server.0,
            step.server.1,
            quoted(step.context),
            quoted(step.connector),
            step.source,
            step.event,
            message.internal_id,
            message.id,
            message.network_id,
            message.recipients.join(";"),
            repeated(step.status, message.recipients.len()),
            message.bytes,
            message.recipients.len(),
            quoted(message.subject),
            message.sender,
            message.sender,
            Stamp::new(micros - 900_000).iso_millis(),
            message.directionality,
            message.original_client,
            message.bytes % 3,
            message.bytes % 1000,
            message.recipients.len(),
        );
    });
}

fn repeated(status: &str, times: usize) -> String {
    if status.is_empty() { String::new() } else { vec![status; times].join(";") }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
