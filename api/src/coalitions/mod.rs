//! Coalitions, charters, pledges, working groups and commitments.

use crate::http::Room;

pub fn rooms() -> Vec<Room> {
    Vec::new()
}
