use model::Time;

use super::Mailing;

/// What a mailing is, in three sentences for somebody who does not know what a token is: who sent
/// what to how many, what it told the sender, and what to do.
pub fn explain(mailing: &Mailing) -> String {
    let senders = match mailing.senders.len() {
        0 => "An unknown sender".to_owned(),
        1 => mailing.senders.first().cloned().unwrap_or_default(),
        count => {
            format!("{count} senders, among them {}", mailing.senders.first().cloned().unwrap_or_default())
        }
    };
    let outlet = match mailing.outlets.first() {
        Some(outlet) => format!(" in the name of {outlet}, to which neither sender nor links belong"),
        None => String::new(),
    };
    let when = match (mailing.first, mailing.last) {
        (Some(first), Some(last)) if day(first) == day(last) => format!(" on {}", day(first)),
        (Some(first), Some(last)) => format!(" between {} and {}", day(first), day(last)),
        _ => String::new(),
    };
    let mailboxes =
        plural(mailing.mailboxes(), "mailbox of this institution", "mailboxes of this institution");
    let messages = plural(mailing.messages, "message", "messages");
    format!(
        "{senders} wrote {messages} to {mailboxes}{when}{outlet}. Each copy holds a mark of its own ({} in \
         all), so that whoever opens it tells the sender who they are, when, from which network and on what \
         device. Please do not open it again, do not answer, and tell your security team if you opened it.",
        mailing.tokens()
    )
}

/// `15 February 2021`
fn day(time: Time) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let date = time.civil().date();
    let month = MONTHS.get(usize::from(date.month().unsigned_abs()).wrapping_sub(1));
    format!("{} {} {}", date.day(), month.unwrap_or(&""), date.year())
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
