//! People check in and out themselves.

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::ToSchema;

use super::entity::{self, Column, Source};
use super::interval::Attendance;
use super::tries;
use crate::http::{Answer, Caller, Code, Fault, OptionalJson, Problem, Reply};
use crate::registrations::entity as registration;
use crate::sessions::entity as session;
use crate::sessions::{not_running, published, running};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "KORA2020"}))]
pub struct CheckInInput {
    /// Shown in the room, where the session has one; case does not matter
    #[serde(default)]
    #[garde(inner(length(chars, max = 100)))]
    code: Option<String>,
}

/// Nothing to say but that one leaves.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct CheckOutInput {}

/// Check in to a session
///
/// While it runs; with the code shown in the room, where the session has one: ten wrong ones, and one
/// has to wait. Who is checked in already gets that interval again.
#[utoipa::path(post, path = "/v1/sessions/{session_id}/check-ins", request_body = Option<CheckInInput>,
    responses((status = 200, description = "Checked in already", body = Attendance), (status = 201, body = Attendance)))]
pub async fn check_in(
    mut caller: Caller,
    session_id: Path<Uuid>,
    body: OptionalJson<CheckInInput>,
) -> Answer<Attendance> {
    let OptionalJson(input) = body;
    let transaction = caller.begin().await?;
    published(&caller)?;
    // The session does not end meanwhile, and one person's two requests wait for each other.
    let session = session::keep(&transaction, *session_id).await?;
    let registration_id = hold_own(&transaction, &caller).await?;
    let now = caller.now();
    if !running::runs(&session, now) {
        return Err(not_running(&transaction, &session).await?);
    }
    if let Some(row) = open(&transaction, session.id, registration_id).await? {
        return Ok(Reply::ok(Attendance::of(&row, &session, now)));
    }
    let source = match (session.check_in_code.as_deref(), input.code.as_deref().map(str::trim)) {
        (None, _) => Source::Own,
        (Some(_), None | Some("")) => return Err(Fault::new("/code", "required").into()),
        (Some(code), Some(given)) => {
            tries::check(&transaction, now, session.id, registration_id).await?;
            if !given.eq_ignore_ascii_case(code) {
                // The try is counted even though the answer is a refusal.
                tries::count(&transaction, now, session.id, registration_id).await?;
                transaction.commit().await?;
                return Err(Fault::new("/code", "wrong_code").into());
            }
            Source::Code
        }
    };
    let row = entity::ActiveModel {
        id: Set(caller.app.ambient.id()),
        workshop_id: Set(session.workshop_id),
        session_id: Set(session.id),
        registration_id: Set(registration_id),
        joined_at: Set(now.floor_second()),
        left_at: Set(None),
        source: Set(source),
        created_at: Set(now),
    };
    let row = row.insert(&transaction).await?;
    transaction.commit().await?;
    let location = format!("/v1/attendance/{}", row.id);
    Ok(Reply::created(location, Attendance::of(&row, &session, now)))
}

/// Check out of a session
///
/// Ends the caller's presence now, or at the end of a session that is over. Who has left already
/// gets their latest interval again.
#[utoipa::path(post, path = "/v1/sessions/{session_id}/check-outs", request_body = Option<CheckOutInput>, responses((status = 200, body = Attendance)))]
pub async fn check_out(
    mut caller: Caller,
    session_id: Path<Uuid>,
    _body: OptionalJson<CheckOutInput>,
) -> Answer<Attendance> {
    let transaction = caller.begin().await?;
    let session = session::keep(&transaction, *session_id).await?;
    let registration_id = hold_own(&transaction, &caller).await?;
    let now = caller.now();
    if let Some(row) = open(&transaction, session.id, registration_id).await? {
        // Another server's clock may have been ahead at check-in.
        let left_at = running::present_until(&session, now).max(row.joined_at);
        let mut closed: entity::ActiveModel = row.into();
        closed.left_at = Set(Some(left_at));
        let row = closed.update(&transaction).await?;
        transaction.commit().await?;
        return Ok(Reply::ok(Attendance::of(&row, &session, now)));
    }
    let latest = of_person(session.id, registration_id)
        .order_by_desc(Column::LeftAt)
        .order_by_desc(Column::Id)
        .one(&transaction)
        .await?;
    let row = latest.ok_or(Code::NotCheckedIn)?;
    Ok(Reply::ok(Attendance::of(&row, &session, now)))
}

fn of_person(session_id: Uuid, registration_id: Uuid) -> Select<entity::Entity> {
    entity::Entity::find()
        .filter(Column::SessionId.eq(session_id))
        .filter(Column::RegistrationId.eq(registration_id))
}

async fn open(
    on: &impl ConnectionTrait,
    session_id: Uuid,
    registration_id: Uuid,
) -> Result<Option<entity::Model>, Problem> {
    let select = of_person(session_id, registration_id).filter(Column::LeftAt.is_null());
    Ok(select.one(on).await?)
}

async fn hold_own(on: &impl ConnectionTrait, caller: &Caller) -> Result<Uuid, Problem> {
    let own = registration::Entity::find_by_id(caller.own()?.registration_id)
        .lock_exclusive()
        .one(on)
        .await?;
    let own = own.ok_or(Code::NotFound)?;
    // Declined between the question who it is and this lock.
    match own.state {
        registration::State::Invited | registration::State::Confirmed => Ok(own.id),
        registration::State::Requested | registration::State::Declined => Err(Code::NotFound.into()),
    }
}
