//! Sessions: the items of a workshop's programme, within its days.
//!
//! ```text
//! scheduled ──start──▶ running ──end──▶ ended
//!     │  └────────────end─────────────────▲
//!     └── cancelled (by PATCH)
//! ```
//! A session runs from `start` to `end`, or, when nobody starts it, by its times: from 15 minutes
//! before to its end. This room knows of attendance only whether there is any, and that nobody
//! stays present at a session that no longer runs.

mod change;
mod days;
pub mod entity;
mod routes;
mod run;
pub mod running;
mod session;

pub use days::Days;
pub use entity::{State, hold_all};
pub use routes::room;
pub use run::{not_running, published};
