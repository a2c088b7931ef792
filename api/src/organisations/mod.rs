//! Organisations: the bodies that people of a workshop speak for.

pub mod entity;
mod routes;

pub use routes::room;
