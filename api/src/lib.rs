//! Palabre: the backend of a virtual workshop that ends in commitments and a vote.
//!
//! Data flows one way: a route asks a rule (pure code) and the store; rooms are named after what a
//! user would name. See the map in the README.

pub mod ambient;
pub mod app;
mod aside;
mod attendance;
mod backup;
mod ballots;
pub mod cli;
mod coalitions;
mod consents;
mod demo;
mod first_screen;
mod http;
mod identity;
pub mod instant;
mod jobs;
mod journal;
mod mail;
pub mod metrics;
mod organisations;
mod registrations;
mod retention;
mod rotation;
mod secrets;
mod sessions;
pub mod settings;
mod signing_keys;
pub mod store;
mod workshops;

/// Of every program that this library is in.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use app::{App, Running, openapi, rooms, serve};
pub use ballots::{Capacity, Writer, run_due};
pub use identity::operator;
pub use retention::sweep;
pub use secrets::Key;
