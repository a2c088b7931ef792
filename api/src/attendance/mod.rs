//! Attendance: the intervals during which people were present at sessions, and their exact sums.

use crate::http::Room;

pub fn room() -> Room {
    Room::new("Attendance", [])
}
