//! The room from outside.

#![allow(clippy::unwrap_used)]

mod mail_auth;
