//! Routes of registrations.

use crate::http::Room;

pub fn room() -> Room {
    Room::new("Registrations", [])
}
