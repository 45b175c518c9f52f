//! What looks like a technique and is not, so that a tool is measured by what it leaves alone.

mod accounts;
mod cloud;
mod mail;
mod reads;
mod table;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::calendar::{HOUR, is_free, midnight};
use crate::scenario::Scenario;
use crate::story::Desk;

/// Working days of the exercise, from which look-alikes draw theirs.
pub(crate) struct Days(Vec<Date>);

impl Days {
    fn new(scenario: &Scenario) -> Self {
        let days = scenario.begin.series(1.day()).take_while(|day| *day < scenario.end);
        Self(days.filter(|day| !is_free(*day, &scenario.holidays)).collect())
    }

    /// Sets the desk's clock to working hours of some day.
    fn some(&self, desk: &mut Desk<'_>) {
        let day = *desk.dice.one(&self.0);
        desk.now = midnight(day) + 8 * HOUR + desk.dice.within(0..(9 * HOUR) as u64) as i64;
    }

    /// Sets the desk's clock to the night of some day.
    fn night(&self, desk: &mut Desk<'_>) {
        let day = *desk.dice.one(&self.0);
        desk.now = midnight(day) + HOUR + desk.dice.within(0..(3 * HOUR) as u64) as i64;
    }

    /// The first working day of each month.
    fn months(&self) -> Vec<Date> {
        let mut months: Vec<Date> = Vec::new();
        for day in &self.0 {
            if months.last().is_none_or(|last| last.month() != day.month()) {
                months.push(*day);
            }
        }
        months
    }
}

/// Stages all look-alikes.
pub(crate) fn stage(desk: &mut Desk<'_>, scenario: &Scenario) -> Result<(), crate::ExerciseError> {
    let days = Days::new(scenario);
    table::stage(desk, &days)?;
    accounts::stage(desk, &days);
    reads::stage(desk, &days);
    mail::stage(desk, &days);
    cloud::stage(desk, &days);
    Ok(())
}
