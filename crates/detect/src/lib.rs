//! Events and rules to findings.
//!
//! A [`Loader`] reads Sigma rules into a [`RuleSet`]; an [`Engine`] evaluates the set on
//! [`model::Event`]s. Parsing is that of `rsigma-parser`; evaluation is our own, because a hunt reads
//! a hundred thousand events a second and most rules say nothing about most events: fields are looked
//! up without copying, every event is routed to the rules of its log source, and a rule is evaluated
//! only when one of its witnesses is seen.
//!
//! ```
//! use std::sync::Arc;
//! use detect::{Engine, Loader, Scratch};
//! use model::{Event, LogSource, SourceId};
//!
//! let mut loader = Loader::default();
//! loader.add("shell.yml", r"
//! title: Web server starts a shell
//! logsource:
//!   product: windows
//!   category: process_creation
//! detection:
//!   selection:
//!     ParentImage|endswith: '\w3wp.exe'
//!     Image|endswith: '\cmd.exe'
//!   condition: selection
//! ");
//! let windows = LogSource {
//!     product: Some("windows".into()),
//!     category: vec!["process_creation".into()],
//!     service: vec!["sysmon".into()],
//! };
//! let engine = Engine::new(Arc::new(loader.finish()), &[LogSource::default(), windows]);
//!
//! let mut event = Event::default();
//! event.source = SourceId(1);
//! event.push_str("ParentImage", r"C:\Windows\System32\inetsrv\w3wp.exe");
//! event.push_str("Image", r"C:\Windows\System32\cmd.exe");
//! let mut held = Vec::new();
//! engine.scan(&event, &mut Scratch::default(), |rule, _| held.push(rule));
//! assert_eq!(held, [0]);
//! ```

mod correlate;
mod engine;
mod indicator;
mod load;
mod lower;
mod pattern;
mod rule;
mod suppress;
mod witness;

pub use correlate::{Burst, Correlator, Input, MAX_EVENTS, MAX_VALUES};
pub use engine::{Engine, Explanation, Scratch, View};
pub use indicator::{Combined, Combiner, IndicatorLoader, Indicators, Observed, Partial, Sightings};
pub use load::Loader;
pub use lower::LowerError;
pub use rule::{Correlation, MENTION, Placeholders, Rejected, Rule, RuleSet, RuleSource, Target};
pub use suppress::{Suppression, SuppressionError, Suppressor};
