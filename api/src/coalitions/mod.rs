//! Coalitions, charters, pledges, working groups and commitments.

use crate::http::Room;

pub fn rooms() -> Vec<Room> {
    Vec::new()
}

pub async fn adherents(
    _: &impl sea_orm::ConnectionTrait,
    _: uuid::Uuid,
    _: Option<uuid::Uuid>,
) -> Result<std::collections::HashSet<uuid::Uuid>, crate::http::Problem> {
    Ok(Default::default())
}
pub async fn of_workshop(
    _: &impl sea_orm::ConnectionTrait,
    _: uuid::Uuid,
    _: uuid::Uuid,
) -> Result<bool, crate::http::Problem> {
    Ok(true)
}
