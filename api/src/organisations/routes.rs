//! Routes of organisations.

use crate::http::Room;

pub fn room() -> Room {
    Room::new("Organisations", [])
}
