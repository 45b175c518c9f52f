//! The published suites for SPF (RFC 7208) and ARC (RFC 8617), and one sealed message for other judges.

mod arc;
mod spf;
mod suite;
