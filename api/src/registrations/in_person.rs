//! A code to print and hand over, for someone whose mail does not arrive.
//!
//! What it opens, and why not more, stands in `identity::in_person`.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::{hold_registration, hold_workshop};
use crate::http::{Answer, Caller, Code, Problem, Reply};
use crate::identity::{self, person};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::mail::{self, Letter};
use crate::workshops::State as WorkshopState;

/// Codes that wait to be used in one workshop: a desk makes them one by one, nobody a roomful.
const WAITING: u64 = 50;

/// A code to hand over, shown this once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "name": "Mariama Diallo", "email": "mariama@example.org",
    "code": "12345678", "expires_at": "2020-08-27T20:30:00Z"
}))]
pub struct InPersonCode {
    registration_id: Uuid,
    name: String,
    /// The address to sign in with
    email: String,
    /// Eight digits, for one use
    code: String,
    expires_at: Instant,
}

/// What the journal keeps: not the code.
#[derive(Serialize)]
struct Line {
    expires_at: Instant,
}

/// Make a code to hand over
///
/// For a participant whose mail does not arrive: they type it in place of the code from the mail.
/// Good for 12 hours and one use, and only the latest of each person. It opens this workshop for a
/// day, without its ballots and without the account; the person is written to, the journal keeps it,
/// and a sign-in with a code from the mail ends it. Print it and give it to nobody else.
#[utoipa::path(
    post, path = "/v1/registrations/{registration_id}/in-person-codes", responses((status = 201, body = InPersonCode)),
)]
pub async fn make_in_person_code(mut caller: Caller, id: Path<Uuid>) -> Answer<InPersonCode> {
    let transaction = caller.begin().await?;
    // One at a time in a workshop: so many wait and no more.
    let workshop = hold_workshop(&transaction, caller.workshop_id()?).await?;
    if workshop.state != WorkshopState::Published {
        return Err(Problem::state(Code::WorkshopNotPublished, workshop.state));
    }
    let row = hold_registration(&transaction, *id).await?;
    let person = person::Entity::find_by_id(row.person_id).one(&transaction).await?;
    let person = person.filter(|person| row.takes_part() && !person::is_erased(&person.address));
    let person = person.ok_or(Code::InPersonNotPossible)?;
    let (app, now) = (&caller.app, caller.now());
    // Whoever stands at the desk may have mistyped another code before. Tries before codes, as whoever
    // brings one does.
    identity::forgive_tries(&transaction, &person.address).await?;
    let made = identity::new_in_person_code(
        &transaction,
        &app.ambient,
        &app.settings.secret,
        &person.address,
        row.id,
    );
    let (code, expires_at) = made.await?;
    if identity::waiting_in_person(&transaction, now, workshop.id).await? > WAITING {
        return Err(Problem::from(Code::TooManyInPersonCodes).with("max", WAITING));
    }
    let to = (person.address_typed.as_str(), person.address.as_str());
    let letter = Letter::in_person_code(to, person.language, workshop.id, row.id);
    mail::enqueue(&transaction, &app.ambient, letter).await?;
    let act = Act::new("make_in_person_code", "registration", row.id);
    journal::write(&transaction, &caller, act.after(&Line { expires_at })).await?;
    transaction.commit().await?;
    app.mail.wake();
    let location = format!("/v1/registrations/{}", row.id);
    let code = InPersonCode {
        registration_id: row.id,
        name: row.name,
        email: person.address_typed,
        code,
        expires_at,
    };
    Ok(Reply::plain(code).status(StatusCode::CREATED).location(location))
}
