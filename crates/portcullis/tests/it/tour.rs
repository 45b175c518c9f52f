//! The tour: every command and every option, on a staged incident and on little crafted logs.
//!
//! It is one test of many steps, so that its end can tell from the program's own help whether there
//! is a command or an option that no step has used. A step that fails does not stop the next.

mod answer;
mod exercise;
#[cfg(unix)]
mod gate;
mod mail;
mod outputs;
mod pages;
mod reading;
mod rules;
mod running;
mod scope;

use std::panic::catch_unwind;
use std::time::Instant;

use crate::program::USED;

type Step = (&'static str, fn());

#[test]
fn tour() {
    let steps: Vec<Step> = [
        exercise::STEPS,
        answer::STEPS,
        outputs::STEPS,
        scope::STEPS,
        rules::STEPS,
        reading::STEPS,
        running::STEPS,
        mail::STEPS,
        #[cfg(unix)]
        gate::STEPS,
        pages::STEPS,
        &[("every command and option was used", everything_was_used)],
    ]
    .concat();
    let mut failed = Vec::new();
    for (what, step) in &steps {
        let start = Instant::now();
        let holds = catch_unwind(step).is_ok();
        let verdict = if holds { "holds" } else { "FAILS" };
        println!("{verdict}  {:>5} ms  {what}", start.elapsed().as_millis());
        if !holds {
            failed.push(*what);
        }
    }
    println!("{} of {} steps hold", steps.len() - failed.len(), steps.len());
    assert!(failed.is_empty(), "{failed:#?}");
}

fn everything_was_used() {
    let all = pages::options();
    assert!(all.len() > 40, "{all:?}");
    let used = USED.lock().unwrap();
    let unused: Vec<_> = all.iter().filter(|one| !used.contains(*one)).collect();
    assert!(unused.is_empty(), "no step of the tour uses {unused:#?}");
    println!(
        "{} options of {} commands",
        all.len(),
        all.iter().filter(|(_, option)| option.is_empty()).count()
    );
}
