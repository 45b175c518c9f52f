//! The program as people use it: a tour of every command and option on a small staged incident.

mod tour;
