//! What holds for every route: how requests are read, refused and answered.
//!
//! Problems, documented statuses and safe headers are checked on every answer of every test (see
//! `support/document.rs`); here is what takes a request of its own to see.

mod answers;
mod bodies;
mod fields;
mod lists;
mod requests;
