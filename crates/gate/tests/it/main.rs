//! The gate's protocols, talked to over real sockets.

mod dialogue;
mod lmtp;
mod load;
mod milter;
mod smuggling;
mod support;
mod tls;
