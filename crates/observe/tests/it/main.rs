//! The frame of the reader: recognition, containers, bounds, and evidence that is damaged.

// Helpers of tests may fail as tests may.
#![allow(clippy::unwrap_used)]

mod containers;
mod corpus;
mod damage;
mod files;
mod formats;
mod judged;
mod names;
mod outlook;
mod pack;
mod seen;
