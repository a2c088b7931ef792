//! Staff record, correct and remove intervals of others; each leaves a line in the journal.

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entity::{self, Column, Source};
use super::interval::{self, Attendance};
use crate::http::{Answer, Caller, Code, Fault, IfMatch, Json, MergePatch, NoContent, Problem, Reply};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::registrations::{Role, entity as registration};
use crate::sessions::entity as session;

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50",
    "joined_at": "2020-08-27T09:02:11Z", "left_at": "2020-08-27T10:30:00Z"
}))]
pub struct AttendanceInput {
    #[garde(skip)]
    registration_id: Uuid,
    /// From 15 minutes before the session to its end; fractions of a second are dropped
    #[garde(skip)]
    joined_at: Instant,
    /// After `joined_at` and not in the future; what lies after the session does not count
    #[garde(skip)]
    left_at: Instant,
}

/// What a correction may change.
#[derive(Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"joined_at": "2020-08-27T09:02:11Z", "left_at": "2020-08-27T10:30:00Z"}))]
pub struct AttendanceTimesInput {
    /// From 15 minutes before the session to its end; fractions of a second are dropped
    #[garde(skip)]
    joined_at: Instant,
    /// After `joined_at` and not in the future; cannot be taken back once it is there
    #[serde(default)]
    #[garde(skip)]
    left_at: Option<Instant>,
}

/// Record attendance
///
/// For anyone invited or confirmed, during a session or long after: this is also how a workshop of
/// the past is entered. The same interval again answers with the one that stands.
#[utoipa::path(post, path = "/v1/sessions/{session_id}/attendance", request_body = AttendanceInput,
    responses((status = 200, description = "Recorded already", body = Attendance), (status = 201, body = Attendance)))]
pub async fn create(mut caller: Caller, session_id: Path<Uuid>, body: Json<AttendanceInput>) -> Answer<Attendance> {
    let Json(input) = body;
    let (joined_at, left_at) = (input.joined_at.floor_second(), input.left_at.floor_second());
    let transaction = caller.begin().await?;
    let session = session::hold(&transaction, *session_id).await?;
    check_member(&transaction, session.workshop_id, input.registration_id).await?;
    let now = caller.now();
    interval::check(&session, joined_at, Some(left_at), now)?;
    let standing = recorded(&transaction, session.id, input.registration_id, joined_at, left_at).await?;
    if let Some(row) = standing {
        return Ok(Reply::ok(Attendance::of(&row, &session, now)));
    }
    let row = entity::ActiveModel {
        id: Set(caller.app.ambient.id()),
        workshop_id: Set(session.workshop_id),
        session_id: Set(session.id),
        registration_id: Set(input.registration_id),
        joined_at: Set(joined_at),
        left_at: Set(Some(left_at)),
        source: Set(Source::Facilitator),
        created_at: Set(now),
    };
    let attendance = Attendance::of(&row.insert(&transaction).await?, &session, now);
    journal::write(
        &transaction,
        &caller,
        Act::new("create", "attendance", attendance.id).after(&attendance.facts()),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::created(format!("/v1/attendance/{}", attendance.id), attendance))
}

async fn check_member(on: &impl ConnectionTrait, workshop_id: Uuid, registration_id: Uuid) -> Result<(), Problem> {
    let registration = registration::Entity::find_by_id(registration_id)
        .filter(registration::Column::WorkshopId.eq(workshop_id))
        .lock_shared()
        .one(on)
        .await?;
    match registration.map(|registration| registration.state) {
        Some(registration::State::Invited | registration::State::Confirmed) => Ok(()),
        Some(registration::State::Requested | registration::State::Declined) => {
            Err(Fault::new("/registration_id", "not_a_member").into())
        }
        None => Err(Fault::new("/registration_id", "not_of_this_workshop").into()),
    }
}

/// The interval as staff have stated it already.
async fn recorded(
    on: &impl ConnectionTrait,
    session_id: Uuid,
    registration_id: Uuid,
    joined_at: Instant,
    left_at: Instant,
) -> Result<Option<entity::Model>, Problem> {
    let select = entity::Entity::find()
        .filter(Column::SessionId.eq(session_id))
        .filter(Column::RegistrationId.eq(registration_id))
        .filter(Column::JoinedAt.eq(joined_at))
        .filter(Column::LeftAt.eq(left_at))
        .filter(Column::Source.eq(Source::Facilitator));
    Ok(select.one(on).await?)
}

/// Read an interval of attendance
///
/// One's own, or anyone's for organisers, facilitators and auditors.
#[utoipa::path(get, path = "/v1/attendance/{attendance_id}", responses((status = 200, body = Attendance)))]
pub async fn read(caller: Caller, id: Path<Uuid>) -> Answer<Attendance> {
    let snapshot = caller.app.store.snapshot().await?;
    let row = entity::find(&snapshot, *id).await?;
    if caller.is(&[Role::Participant]) && row.registration_id != caller.own()?.registration_id {
        return Err(Code::NotFound.into());
    }
    let session = session::find(&snapshot, row.session_id).await?;
    Ok(Reply::ok(Attendance::of(&row, &session, caller.now())))
}

/// Correct an interval of attendance
///
/// It takes the source `facilitator`; the journal keeps what it was.
#[utoipa::path(patch, path = "/v1/attendance/{attendance_id}", request_body = AttendanceTimesInput, responses((status = 200, body = Attendance)))]
pub async fn update(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, patch: MergePatch) -> Answer<Attendance> {
    let transaction = caller.begin().await?;
    let (row, session) = held(&transaction, *id).await?;
    let now = caller.now();
    let before = Attendance::of(&row, &session, now);
    if_match.check(before.clone())?;
    let input: AttendanceTimesInput = patch.apply(&AttendanceTimesInput {
        joined_at: before.joined_at,
        left_at: before.left_at,
    })?;
    let (joined_at, left_at) = (input.joined_at.floor_second(), input.left_at.map(Instant::floor_second));
    if (joined_at, left_at) == (before.joined_at, before.left_at) {
        return Ok(Reply::ok(before));
    }
    if before.left_at.is_some() && left_at.is_none() {
        return Err(Fault::new("/left_at", "required").into());
    }
    interval::check(&session, joined_at, left_at, now)?;
    if let Some(left_at) = left_at {
        let other = recorded(&transaction, session.id, row.registration_id, joined_at, left_at).await?;
        if other.is_some_and(|other| other.id != row.id) {
            return Err(Code::AttendanceExists.into());
        }
    }
    let mut changed: entity::ActiveModel = row.into();
    changed.joined_at = Set(joined_at);
    changed.left_at = Set(left_at);
    changed.source = Set(Source::Facilitator);
    let after = Attendance::of(&changed.update(&transaction).await?, &session, now);
    journal::write(
        &transaction,
        &caller,
        Act::new("update", "attendance", after.id)
            .before(&before.facts())
            .after(&after.facts()),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::ok(after))
}

/// Remove an interval of attendance
///
/// The journal keeps what it was.
#[utoipa::path(delete, path = "/v1/attendance/{attendance_id}", responses((status = 204, description = "Removed")))]
pub async fn delete(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin().await?;
    let (row, session) = held(&transaction, *id).await?;
    let before = Attendance::of(&row, &session, caller.now());
    if_match.check(before.clone())?;
    journal::write(
        &transaction,
        &caller,
        Act::new("delete", "attendance", before.id).before(&before.facts()),
    )
    .await?;
    entity::Entity::delete_by_id(before.id).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(NoContent)
}

/// An interval with its session, of which nothing changes meanwhile.
async fn held(on: &impl ConnectionTrait, id: Uuid) -> Result<(entity::Model, session::Model), Problem> {
    // The session first, as everyone else; then the interval as it is by now.
    let session_id = entity::find(on, id).await?.session_id;
    let session = session::hold(on, session_id).await?;
    Ok((entity::find(on, id).await?, session))
}
