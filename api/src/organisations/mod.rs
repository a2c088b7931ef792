//! Organisations: the bodies that people of a workshop speak for.
//!
//! A name, folded, stands once per workshop. Whoever changes organisations or places in a workshop
//! holds its row meanwhile ([`crate::registrations::hold_workshop`]), so that nobody joins an
//! organisation that is just being deleted.

pub mod entity;
mod routes;

pub use routes::room;
