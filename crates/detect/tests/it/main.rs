//! Rules against events: the oracle, the built-in rules' own samples, the published corpus.

mod builtin;
mod corpus;
mod oracle;
