//! Sessions: the items of a workshop's programme, within its days.
//!
//! ```text
//! scheduled ──start──▶ running ──end──▶ ended
//!     └── cancelled (by PATCH)
//! ```
//! A session runs from `start` to `end`, or, when nobody starts it, by its times: from 15 minutes
//! before to its end.

pub mod entity;
mod routes;
pub mod running;

pub use entity::State;
pub use routes::room;
