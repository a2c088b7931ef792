//! Routes of sessions.

use crate::http::Room;

pub fn room() -> Room {
    Room::new("Sessions", [])
}
