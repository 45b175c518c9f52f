//! The gate's protocols, talked to over real sockets.

#![allow(clippy::unwrap_used, reason = "tests may; the setting for tests does not reach helpers")]

mod dialogue;
mod lmtp;
mod load;
mod milter;
mod smuggling;
mod support;
mod tls;
