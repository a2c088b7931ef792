//! What organisers do to the programme.

use actix_web::web::Path;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::days::Days;
use super::entity::{self, Column, State};
use super::running;
use super::session::{Session, SessionInput};
use crate::attendance;
use crate::http::{Answer, Caller, Code, IfMatch, Json, MergePatch, NoContent, Problem, Reply};
use crate::journal::{self, Act};
use crate::workshops::entity as workshop;

/// Create a session
///
/// Within the days of the workshop, in its time zone. Sent again unchanged, it answers with the
/// session that stands.
#[utoipa::path(post, path = "/v1/workshops/{workshop_id}/sessions", request_body = SessionInput,
    responses((status = 200, description = "Stands already", body = Session), (status = 201, body = Session)))]
pub async fn create(mut caller: Caller, body: Json<SessionInput>) -> Answer<Session> {
    let Json(input) = body;
    input.check()?;
    let transaction = caller.begin().await?;
    // Its days do not move meanwhile, and the same request twice at once makes one session.
    let workshop = workshop::hold(&transaction, caller.workshop_id()?).await?;
    Days::of(&workshop)?.check(input.starts_at, input.ends_at)?;
    let standing = entity::Entity::find()
        .filter(Column::WorkshopId.eq(workshop.id))
        .filter(Column::StartsAt.eq(input.starts_at))
        .filter(Column::EndsAt.eq(input.ends_at))
        .all(&transaction)
        .await?;
    if let Some(row) = standing.into_iter().find(|row| SessionInput::of(row.clone()) == input) {
        return Ok(Reply::ok(Session::seen_by(&caller, row)));
    }
    let mut row = entity::ActiveModel {
        id: Set(caller.app.ambient.id()),
        workshop_id: Set(workshop.id),
        state: Set(State::Scheduled),
        started_at: Set(None),
        ended_at: Set(None),
        created_at: Set(caller.now()),
        ..Default::default()
    };
    input.clone().write(&mut row);
    let row = row.insert(&transaction).await?;
    journal::write(
        &transaction,
        &caller,
        Act::new("create", "session", row.id).after(&input.line()),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::created(
        format!("/v1/sessions/{}", row.id),
        Session::seen_by(&caller, row),
    ))
}

/// Change or cancel a session
///
/// Once it was started or ended its times stand. Only a scheduled session can be cancelled, for good.
#[utoipa::path(patch, path = "/v1/sessions/{session_id}", request_body = SessionInput, responses((status = 200, body = Session)))]
pub async fn update(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, patch: MergePatch) -> Answer<Session> {
    let transaction = caller.begin().await?;
    let workshop = workshop::hold(&transaction, caller.workshop_id()?).await?;
    let row = entity::hold(&transaction, *id).await?;
    if_match.check(Session::seen_by(&caller, row.clone()))?;
    let before = SessionInput::of(row.clone());
    let input: SessionInput = patch.apply(&before)?;
    input.check()?;
    let moved = (input.starts_at, input.ends_at) != (row.starts_at, row.ends_at);
    let begun = matches!(row.state, State::Running | State::Ended);
    let switched = input.cancelled != before.cancelled;
    if (moved && begun) || (switched && row.state != State::Scheduled) {
        return Err(Problem::state(Code::WrongState, row.state));
    }
    if moved {
        Days::of(&workshop)?.check(input.starts_at, input.ends_at)?;
    }
    let mut changed: entity::ActiveModel = row.clone().into();
    input.clone().write(&mut changed);
    let after = changed.update(&transaction).await?;
    let now = caller.now();
    // Nobody stays present at what was called off, put off, or over before it was moved.
    if (moved || switched) && !(running::runs(&row, now) && running::runs(&after, now)) {
        attendance::close_open(&transaction, row.id, running::present_until(&row, now)).await?;
    }
    journal::write(
        &transaction,
        &caller,
        Act::new("update", "session", row.id)
            .before(&before.line())
            .after(&input.line()),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::ok(Session::seen_by(&caller, after)))
}

/// Delete a session
///
/// Only one without attendance; cancel any other.
#[utoipa::path(delete, path = "/v1/sessions/{session_id}", responses((status = 204, description = "Deleted")))]
pub async fn delete(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin().await?;
    let row = entity::hold(&transaction, *id).await?;
    if_match.check(Session::seen_by(&caller, row.clone()))?;
    if attendance::any(&transaction, row.id).await? {
        return Err(Code::SessionInUse.into());
    }
    journal::write(
        &transaction,
        &caller,
        Act::new("delete", "session", row.id).before(&SessionInput::of(row).line()),
    )
    .await?;
    entity::Entity::delete_by_id(*id).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(NoContent)
}
