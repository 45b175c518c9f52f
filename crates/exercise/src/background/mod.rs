//! Ordinary traffic: what a few hundred people and their machines leave in the logs.

mod cloud;
mod directory;
mod linux;
mod office;
mod services;
mod shares;
mod sysmon;
mod tracking;
mod web;

use crate::batch::Batch;
use crate::calendar::Rhythm;
use crate::context::Context;
use crate::dice::Dice;
use crate::scenario::StreamSpec;
use crate::world::Person;

/// A day of one stream.
pub(crate) struct Day<'a> {
    pub cx: Context<'a>,
    pub dice: &'a mut Dice,
    pub rhythm: Rhythm,
    /// Its first moment.
    pub start: i64,
    pub out: &'a mut Batch,
}

impl<'a> Day<'a> {
    /// A moment of the day, after the stream's rhythm.
    fn moment(&mut self) -> i64 {
        self.rhythm.moment(self.dice, self.start)
    }

    /// Somebody who works there.
    fn anybody(&mut self) -> &'a Person {
        self.dice.one(&self.cx.world.people)
    }

    /// Where somebody is seen from outside; now and then a network that many share.
    fn outside(&mut self, person: &'a Person) -> &'a str {
        if self.dice.once_in(12) { self.dice.text(&self.cx.world.outside) } else { &person.home }
    }
}

/// Adds about `due` ordinary records of a day.
pub(crate) fn fill(
    spec: &StreamSpec,
    cx: &Context<'_>,
    dice: &mut Dice,
    start: i64,
    due: usize,
    out: &mut Batch,
) {
    let mut day = Day { cx: *cx, dice, rhythm: spec.rhythm, start, out };
    let one: fn(&mut Day<'_>) = match spec.id.as_str() {
        "ex-security" => directory::mail_server,
        "fs-security" => shares::one,
        "dc-security" => directory::controller,
        "ws-security" => directory::workstation,
        "ex-sysmon" => sysmon::mail_server,
        "fs-sysmon" => sysmon::file_server,
        "ws-sysmon" => sysmon::workstation,
        "ex-system" | "fs-system" | "dc-system" => services::system,
        "ex-application" => services::application,
        "ex-management" => services::management,
        "ex-powershell" => services::powershell,
        "ex-classicps" => services::classic_powershell,
        "ex-iis" => web::iis,
        "ex-autodiscover" => web::autodiscover,
        "ex-ews" => web::ews,
        "ex-mapi" => web::mapi,
        "ex-rps" => web::remote_powershell,
        "ex-owa" => web::owa,
        "ex-ecp" => web::ecp,
        "ex-tracking" => tracking::one,
        "nas-smb" => linux::samba,
        "nas-auth" => linux::auth,
        "nas-audit" => linux::audit,
        "gw-mail" => linux::postfix,
        "px-web" => office::proxy,
        "m365" => cloud::m365,
        "entra" => cloud::sign_ins,
        "entra-audit" => cloud::directory,
        "cloudtrail" => cloud::trail,
        "mbox" => office::mbox,
        "maildir" => office::maildir,
        _ => return,
    };
    while day.out.entries.len() < due {
        one(&mut day);
    }
}
