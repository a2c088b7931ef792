//! Workshops: the event itself, from draft to archive, and the day it spans in its own time zone.
//!
//! What happens inside a workshop (sessions, people, ballots) has rooms of its own; they ask this
//! one only for [`entity`] and [`calendar`].
//!
//! ```text
//! draft ──publish──▶ published ──archive──▶ archived
//!   └── delete
//! ```

pub mod calendar;
pub mod entity;
mod routes;

pub use entity::State;
pub use routes::room;
