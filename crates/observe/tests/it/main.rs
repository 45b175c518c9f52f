//! The frame of the reader: recognition, containers, bounds, and evidence that is damaged.

mod containers;
mod corpus;
mod damage;
mod files;
mod formats;
mod names;
mod pack;
mod seen;
