//! A registration made by hand: an organiser's invitation, or a person's own request.

use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use serde::Deserialize;
use utoipa::ToSchema;

use super::entity::{self, Category, Role, State};
use super::roster::{fold_name, tidy};
use super::rules::{Place, hold_registration, hold_workshop, hold_workshop_shared, optional_name_rule};
use super::state::{self, Step};
use super::view::{self, Line, Registration};
use crate::http::{Answer, Caller, Code, Fault, Json, Language, ORGANISER, Problem, Reply};
use crate::identity::address::EmailAddress;
use crate::identity::{parse_address, person};
use crate::journal::{self, Act};
use crate::workshops::State as WorkshopState;

/// Whom to invite; or, from someone who asks to take part, what they say of themself.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "mariama@example.org", "name": "Mariama Diallo", "role": "participant",
    "organisation_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "delegate": true, "language": "fr"
}))]
pub struct NewRegistration {
    /// An organiser must say whom to invite; who registers themself may leave it out
    #[garde(skip)]
    email: Option<String>,
    /// An organiser must say it; who registers themself is known by their account's name
    #[garde(inner(length(chars, min = 1, max = 200)), custom(optional_name_rule))]
    name: Option<String>,
    /// Who registers themself is a participant
    #[serde(default)]
    #[garde(skip)]
    role: Role,
    #[garde(skip)]
    organisation_id: Option<Uuid>,
    /// Only where there is no organisation, which has its own
    #[garde(skip)]
    category: Option<Category>,
    /// Speaks for the organisation; nobody makes themself a delegate
    #[serde(default)]
    #[garde(skip)]
    delegate: bool,
    /// Language of mails to someone who has no account yet; that of the workshop unless said
    #[garde(skip)]
    language: Option<Language>,
}

/// Register someone, or oneself
///
/// An organiser invites a person by their address. Anyone else registers themself, where the
/// workshop is published and open to self-registration: they ask (`requested`) and an organiser
/// accepts. A registration that stands already is answered with 200 and not changed, but that a
/// request which was withdrawn is made again.
#[utoipa::path(
    post, path = "/v1/workshops/{workshop_id}/registrations", request_body = NewRegistration,
    responses((status = 201, body = Registration), (status = 200, description = "It stood already", body = Registration)),
)]
pub async fn create(mut caller: Caller, body: Json<NewRegistration>) -> Answer<Registration> {
    let Json(input) = body;
    let address = match &input.email {
        Some(email) => Some(parse_address("/email", email)?),
        None => None,
    };
    let transaction = caller.begin().await?;
    let (id, new) = if caller.is(ORGANISER) {
        let address = address.ok_or_else(|| Fault::new("/email", "required"))?;
        invite(&transaction, &caller, input, &address).await?
    } else {
        let own = person::Entity::find_by_id(caller.person_id()?)
            .one(&transaction)
            .await?;
        let own = own.ok_or(Code::NotFound)?;
        if address.is_some_and(|address| address.canonical() != own.address) {
            return Err(Code::NotAllowed.into());
        }
        ask(&transaction, &caller, input, own).await?
    };
    let registration = view::find(&transaction, &caller, id).await?;
    transaction.commit().await?;
    Ok(Reply::stands(new, format!("/v1/registrations/{id}"), registration))
}

/// By an organiser. Says also whether it is new.
async fn invite(
    on: &impl ConnectionTrait,
    caller: &Caller,
    input: NewRegistration,
    address: &EmailAddress,
) -> Result<(Uuid, bool), Problem> {
    let workshop = hold_workshop(on, caller.workshop_id()?).await?;
    if let Some(person) = person::find(on, address).await?
        && let Some(standing) = find_place(on, workshop.id, person.id).await?
    {
        return Ok((standing.id, false));
    }
    let name = input.name.ok_or_else(|| Fault::new("/name", "required"))?;
    let name = tidy(&name);
    let place = Place {
        organisation_id: input.organisation_id,
        category: input.category,
        delegate: input.delegate,
    };
    place.check(on, workshop.id, None).await?;
    let language = input.language.unwrap_or(workshop.language);
    let person = person::find_or_create(on, &caller.app.ambient, address, &name, language).await?;
    let row = row(
        caller,
        workshop.id,
        person.id,
        name,
        place,
        (input.role, State::Invited),
    );
    let row = row.insert(on).await?;
    let act = Act::new("create", "registration", row.id);
    journal::write(on, caller, act.after(&Line::from(&row))).await?;
    Ok((row.id, true))
}

/// By the person. Says also whether it is new.
async fn ask(
    on: &impl ConnectionTrait,
    caller: &Caller,
    input: NewRegistration,
    person: person::Model,
) -> Result<(Uuid, bool), Problem> {
    let workshop = hold_workshop_shared(on, caller.workshop_id()?).await?;
    let open = workshop.self_registration && workshop.state == WorkshopState::Published;
    if let Some(standing) = find_place(on, workshop.id, person.id).await? {
        if open {
            ask_again(on, standing.id).await?;
        }
        return Ok((standing.id, false));
    }
    if !open {
        return Err(Code::SelfRegistrationClosed.into());
    }
    if input.role != Role::Participant || input.delegate {
        return Err(Code::NotAllowed.into());
    }
    let place = Place {
        organisation_id: input.organisation_id,
        category: input.category,
        delegate: false,
    };
    place.check(on, workshop.id, None).await?;
    let person = person::keep(on, caller).await?;
    let name = match input.name {
        Some(name) => tidy(&name),
        None => person.known_as(),
    };
    let row = row(
        caller,
        workshop.id,
        person.id,
        name,
        place,
        (Role::Participant, State::Requested),
    );
    // The same request twice at once makes one registration.
    let once = OnConflict::columns([entity::Column::WorkshopId, entity::Column::PersonId])
        .do_nothing()
        .to_owned();
    let inserted = entity::Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(on)
        .await?;
    let standing = find_place(on, workshop.id, person.id).await?.ok_or(Code::Internal)?;
    Ok((standing.id, inserted == 1))
}

/// A request that was withdrawn is made again; anything else stays.
async fn ask_again(on: &impl ConnectionTrait, id: Uuid) -> Result<(), Problem> {
    let row = hold_registration(on, id).await?;
    if let Some(next) = state::after(row.state, row.admitted, Step::AskAgain)
        && next != row.state
    {
        let mut changed: entity::ActiveModel = row.into();
        changed.state = Set(next);
        changed.update(on).await?;
    }
    Ok(())
}

async fn find_place(
    on: &impl ConnectionTrait,
    workshop_id: Uuid,
    person_id: Uuid,
) -> Result<Option<entity::Model>, DbErr> {
    entity::Entity::find()
        .filter(entity::Column::WorkshopId.eq(workshop_id))
        .filter(entity::Column::PersonId.eq(person_id))
        .one(on)
        .await
}

fn row(
    caller: &Caller,
    workshop_id: Uuid,
    person_id: Uuid,
    name: String,
    place: Place,
    (role, state): (Role, State),
) -> entity::ActiveModel {
    entity::ActiveModel {
        id: Set(caller.app.ambient.id()),
        workshop_id: Set(workshop_id),
        person_id: Set(person_id),
        folded_name: Set(fold_name(&name)),
        name: Set(name),
        role: Set(role),
        state: Set(state),
        organisation_id: Set(place.organisation_id),
        category: Set(place.category),
        delegate: Set(place.delegate),
        admitted: Set(state != State::Requested),
        forgotten_at: Set(None),
        created_at: Set(caller.now()),
    }
}
