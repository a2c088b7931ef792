//! Palabre from the outside: every test starts the real server in a world of its own and speaks
//! to it as front-ends do.
//!
//! `tests/run` runs them all; `tests/run identity` only those with that word in their name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "voters draw nonces and wait as programs do that are not ours"
)]
#![allow(
    clippy::cast_possible_wrap,
    clippy::string_slice,
    clippy::type_complexity,
    reason = "figures of an attack and texts of our own are small and ASCII"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "bodies are literals at the place where they are sent"
)]

mod access;
mod audit;
mod backup;
mod ballots;
mod consent;
mod conventions;
mod debian;
mod document;
mod faults;
mod groups;
mod identity;
mod in_person;
mod independent;
mod interleavings;
mod journal;
mod journey;
mod leaving;
mod letters;
mod limits;
mod logs;
mod merging;
mod methods;
mod metrics;
mod migrating;
mod notices;
mod queries;
mod readme;
mod restore;
mod results;
mod retention;
mod roster;
mod rotation;
mod secrecy;
mod settings;
mod story;
mod support;
mod terms;
mod tokens;
mod voting;
mod wrong;
