//! What an auditor holds against the server: canonical bytes, signed notes, the tree, the manifest,
//! the closing record and the bundle made of them; and the check of it all, for `palabre verify`.
//!
//! Pure: no database, no clock, no randomness, no network. The bytes are specified for other
//! implementations in `api/docs/bytes.md`, with vectors that the tests run; a change here is a
//! change there, and a new version in the text that is hashed.

pub mod bundle;
pub mod canonical;
pub mod manifest;
pub mod merkle;
pub mod note;
#[cfg(test)]
mod vectors;
pub mod verify;
