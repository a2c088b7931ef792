//! What one person's attendance comes to in the export of everything about them.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect, QueryTrait as _};
use serde::Serialize;
use utoipa::ToSchema;

use super::entity::{self, Source};
use super::interval;
use crate::http::Problem;
use crate::instant::Instant;
use crate::registrations::entity as registration;
use crate::sessions::entity as session;

/// An interval during which I was present at a session.
#[derive(Serialize, ToSchema)]
pub struct ExportedAttendance {
    id: Uuid,
    workshop_id: Uuid,
    session_id: Uuid,
    session_title: String,
    joined_at: Instant,
    /// Null while I am present
    left_at: Option<Instant>,
    source: Source,
    /// When it was recorded
    created_at: Instant,
}

/// The intervals of a person in all their workshops, oldest first.
pub async fn of_person(
    on: &impl ConnectionTrait,
    person_id: Uuid,
    now: Instant,
) -> Result<Vec<ExportedAttendance>, Problem> {
    let registrations = registration::Entity::find()
        .select_only()
        .column(registration::Column::Id)
        .filter(registration::Column::PersonId.eq(person_id));
    let rows = entity::Entity::find()
        .filter(entity::Column::RegistrationId.in_subquery(registrations.into_query()))
        .order_by_asc(entity::Column::JoinedAt)
        .order_by_asc(entity::Column::Id)
        .all(on)
        .await?;
    let sessions: HashMap<Uuid, session::Model> = session::Entity::find()
        .filter(session::Column::Id.is_in(rows.iter().map(|row| row.session_id)))
        .all(on)
        .await?
        .into_iter()
        .map(|session| (session.id, session))
        .collect();
    let exported = rows.into_iter().filter_map(|row| {
        let session = sessions.get(&row.session_id)?;
        Some(ExportedAttendance {
            left_at: interval::left_at(&row, session, now),
            id: row.id,
            workshop_id: row.workshop_id,
            session_id: row.session_id,
            session_title: session.title.clone(),
            joined_at: row.joined_at,
            source: row.source,
            created_at: row.created_at,
        })
    });
    Ok(exported.collect())
}
