//! Registrations: a person's place in a workshop, from invitation or request to confirmation.
//!
//! ```text
//! (import, organiser) ──▶ invited ──confirm──▶ confirmed ◀──accept── requested ◀── (self-registration)
//!                           │  ▲                 │
//!                         decline └──confirm── declined
//! ```
//! The name on a workshop's lists is that of the registration; the address is the person's alone.

pub mod entity;
pub mod roster;
mod routes;

pub use entity::{Category, Role, State, add_first_organiser};
pub use routes::room;
