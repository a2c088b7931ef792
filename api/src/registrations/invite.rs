//! Letters of invitation, asked for by an organiser.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use garde::Validate;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait as _, Query};
use sea_orm::{FromQueryResult, QueryOrder, QuerySelect, Select};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entity::{self, State};
use super::rules::hold_workshop;
use crate::http::{Answer, Caller, Code, Fault, Language, OptionalJson, Problem, Reply};
use crate::identity::person;
use crate::instant::MINUTE;
use crate::journal::{self, Act};
use crate::mail::{self, Delivery, Letter};
use crate::workshops::State as WorkshopState;

/// For how long a letter just asked for is not asked for again: a retry writes nobody twice.
const PAUSE: i64 = MINUTE;

/// Whom to write to.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"registration_ids": ["01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e"]}))]
pub struct InvitationsInput {
    /// These, whether they were written to before or not; without it all who are invited and have
    /// no letter sent or queued
    #[garde(skip)]
    registration_ids: Option<Vec<Uuid>>,
}

/// How many letters are on their way.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"queued": 60, "passed_over": 0}))]
pub struct Invitations {
    /// Letters put in the outbox
    queued: usize,
    /// Of those named, who have a letter queued already or written within the last minute
    passed_over: usize,
}

#[derive(FromQueryResult)]
struct Invitee {
    id: Uuid,
    admitted: bool,
    recipient: String,
    address: String,
    language: Language,
}

/// Send invitations
///
/// By mail, in the language of each person. The workshop must be published. A request sent again
/// writes nobody twice.
#[utoipa::path(
    post, path = "/v1/workshops/{workshop_id}/invitations", request_body = InvitationsInput,
    responses((status = 202, body = Invitations)),
)]
pub async fn invite(mut caller: Caller, body: OptionalJson<InvitationsInput>) -> Answer<Invitations> {
    let OptionalJson(input) = body;
    let transaction = caller.begin().await?;
    let workshop = hold_workshop(&transaction, caller.workshop_id()?).await?;
    if workshop.state != WorkshopState::Published {
        return Err(Problem::state(Code::WorkshopNotPublished, workshop.state));
    }
    let (invitees, passed_over) = match input.registration_ids {
        Some(ids) => named(&transaction, &caller, workshop.id, &ids).await?,
        None => (unwritten(&transaction, workshop.id).await?, 0),
    };
    let letters = invitees.iter().map(|invitee| {
        let to = (invitee.recipient.as_str(), invitee.address.as_str());
        Letter::invitation(to, invitee.language, workshop.id, invitee.id)
    });
    mail::enqueue_all(&transaction, &caller.app.ambient, letters).await?;
    let invitations = Invitations {
        queued: invitees.len(),
        passed_over,
    };
    if invitations.queued > 0 {
        let act = Act::new("invite", "workshop", workshop.id).after(&invitations);
        journal::write(&transaction, &caller, act).await?;
    }
    transaction.commit().await?;
    caller.app.mail.wake();
    Ok(Reply::plain(invitations).status(StatusCode::ACCEPTED))
}

fn select(workshop_id: Uuid) -> Select<entity::Entity> {
    entity::Entity::find()
        .select_only()
        .columns([entity::Column::Id, entity::Column::Admitted])
        .column_as(person::Column::AddressTyped, "recipient")
        .columns([person::Column::Address, person::Column::Language])
        .join(sea_orm::JoinType::InnerJoin, entity::Relation::Person.def())
        .filter(entity::Column::WorkshopId.eq(workshop_id))
        .order_by_asc(entity::Column::Id)
}

/// Those named, without those who were written to just now, and how many these are.
async fn named(
    on: &impl ConnectionTrait,
    caller: &Caller,
    workshop_id: Uuid,
    ids: &[Uuid],
) -> Result<(Vec<Invitee>, usize), Problem> {
    let mut invitees: HashMap<Uuid, Invitee> = HashMap::with_capacity(ids.len());
    let mut recent = Vec::new();
    for chunk in ids.chunks(1_000) {
        let found = select(workshop_id)
            .filter(entity::Column::Id.is_in(chunk.iter().copied()))
            .into_model::<Invitee>()
            .all(on)
            .await?;
        invitees.extend(found.into_iter().map(|invitee| (invitee.id, invitee)));
        let letters = mail::Entity::find()
            .filter(mail::Column::RegistrationId.is_in(chunk.iter().copied()))
            .filter(mail::Column::Kind.eq(mail::Kind::Invitation))
            .filter(
                sea_orm::Condition::any()
                    .add(mail::Column::State.eq(Delivery::Queued))
                    .add(mail::Column::CreatedAt.gt(caller.now().plus(-PAUSE))),
            )
            .all(on)
            .await?;
        // What was lost may be tried again at once.
        let letters = letters.into_iter().filter(|letter| !letter.state.is_lost());
        recent.extend(letters.filter_map(|letter| letter.registration_id));
    }
    let faults: Vec<Fault> = ids
        .iter()
        .enumerate()
        .filter_map(|(index, id)| {
            let code = match invitees.get(id) {
                None => "not_of_this_workshop",
                Some(invitee) if !invitee.admitted || person::is_erased(&invitee.address) => "not_invited",
                Some(_) => return None,
            };
            Some(Fault::new(format!("/registration_ids/{index}"), code))
        })
        .collect();
    if !faults.is_empty() {
        return Err(Problem::from(Code::Invalid).faults(faults));
    }
    let all = invitees.len();
    for id in recent {
        invitees.remove(&id);
    }
    let passed_over = all - invitees.len();
    Ok((invitees.into_values().collect(), passed_over))
}

/// Everyone invited who has no letter that was sent or is about to be.
async fn unwritten(on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<Vec<Invitee>, DbErr> {
    let letter = Query::select()
        .expr(Expr::val(1))
        .from(mail::Entity)
        .and_where(Expr::col((mail::Entity, mail::Column::RegistrationId)).equals((entity::Entity, entity::Column::Id)))
        .and_where(Expr::col((mail::Entity, mail::Column::Kind)).eq(mail::Kind::Invitation))
        .and_where(Expr::col((mail::Entity, mail::Column::State)).is_not_in(Delivery::LOST))
        .to_owned();
    select(workshop_id)
        .filter(entity::Column::State.eq(State::Invited))
        .filter(person::not_erased())
        .filter(Expr::not_exists(letter))
        .into_model::<Invitee>()
        .all(on)
        .await
}
