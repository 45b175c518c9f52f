//! The room from outside.

mod mail_auth;
