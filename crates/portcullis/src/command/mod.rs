//! One file a command; its doc comments are its help and its manual page.

pub(crate) mod answer;
pub(crate) mod exercise;
pub(crate) mod gate;
pub(crate) mod hunt;
pub(crate) mod mail;
pub(crate) mod output;
pub(crate) mod pages;
pub(crate) mod quarantine;
pub(crate) mod rules;
