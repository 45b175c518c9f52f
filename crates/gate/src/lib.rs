//! The live mail door: milter, SMTP and LMTP proxy, quarantine.

pub mod door;
