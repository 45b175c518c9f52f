//! The frame of the reader: recognition, containers, bounds, and evidence that is damaged.

mod containers;
mod damage;
mod files;
mod formats;
mod pack;
mod seen;
