//! Start and end, by whoever runs the session.

use actix_web::web::Path;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use serde_json::json;

use super::days::Days;
use super::entity::{self, State};
use super::running;
use super::session::Session;
use crate::attendance;
use crate::http::{Answer, Caller, Code, IfMatch, Problem, Reply};
use crate::journal::{self, Act};
use crate::workshops::State as WorkshopState;
use crate::workshops::entity as workshop;

/// Start a session
///
/// From now on people can check in, whatever its times say. Safe to repeat.
#[utoipa::path(post, path = "/v1/sessions/{session_id}/start", responses((status = 200, body = Session)))]
pub async fn start(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Session> {
    let transaction = caller.begin().await?;
    published(&caller)?;
    let row = entity::hold(&transaction, *id).await?;
    if_match.check(Session::seen_by(&caller, row.clone()))?;
    match row.state {
        State::Running => return Ok(Reply::ok(Session::seen_by(&caller, row))),
        State::Ended | State::Cancelled => return Err(Problem::state(Code::WrongState, row.state)),
        State::Scheduled => {}
    }
    let now = caller.now();
    if row.ends_at <= now {
        // Who stayed checked in when it ran by its times was there until they ended, not until now.
        attendance::close_open(&transaction, row.id, running::present_until(&row, now)).await?;
    }
    let mut changed: entity::ActiveModel = row.into();
    changed.state = Set(State::Running);
    changed.started_at = Set(Some(now));
    let row = changed.update(&transaction).await?;
    journal::write(
        &transaction,
        &caller,
        Act::new("start", "session", row.id)
            .before(&json!({ "state": State::Scheduled }))
            .after(&json!({ "state": State::Running })),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::ok(Session::seen_by(&caller, row)))
}

/// End a session
///
/// Whoever is still checked in leaves at that moment. Safe to repeat.
#[utoipa::path(post, path = "/v1/sessions/{session_id}/end", responses((status = 200, body = Session)))]
pub async fn end(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Session> {
    let transaction = caller.begin().await?;
    published(&caller)?;
    let row = entity::hold(&transaction, *id).await?;
    if_match.check(Session::seen_by(&caller, row.clone()))?;
    let now = caller.now();
    match row.state {
        State::Ended => return Ok(Reply::ok(Session::seen_by(&caller, row))),
        State::Cancelled => return Err(Problem::state(Code::WrongState, row.state)),
        State::Scheduled if !running::runs(&row, now) => return Err(not_running(&transaction, &row).await?),
        State::Scheduled | State::Running => {}
    }
    let before = row.state;
    // Another server's clock may have been ahead when it was started.
    let ended_at = row.started_at.map_or(now, |started| started.max(now));
    attendance::close_open(&transaction, row.id, ended_at).await?;
    let mut changed: entity::ActiveModel = row.into();
    changed.state = Set(State::Ended);
    changed.ended_at = Set(Some(ended_at));
    let row = changed.update(&transaction).await?;
    journal::write(
        &transaction,
        &caller,
        Act::new("end", "session", row.id)
            .before(&json!({ "state": before }))
            .after(&json!({ "state": State::Ended })),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::ok(Session::seen_by(&caller, row)))
}

/// Nothing runs in a workshop whose people cannot see it yet.
pub fn published(caller: &Caller) -> Result<(), Problem> {
    match caller.scope()?.state {
        WorkshopState::Draft => Err(Problem::state(Code::WorkshopNotPublished, WorkshopState::Draft)),
        WorkshopState::Published | WorkshopState::Archived => Ok(()),
    }
}

/// 409, with the planned times as the workshop's clocks show them.
pub async fn not_running(on: &impl ConnectionTrait, session: &entity::Model) -> Result<Problem, Problem> {
    let days = Days::of(&workshop::find(on, session.workshop_id).await?)?;
    let ends_at = format!("{} ({})", days.local(session.ends_at), days.zone_name());
    Ok(Problem::state(Code::SessionNotRunning, session.state)
        .with("starts_at", days.local(session.starts_at))
        .with("ends_at", ends_at))
}
