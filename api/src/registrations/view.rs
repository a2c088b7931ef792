//! A registration as it is shown, to each what is theirs to know.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, JoinType, QueryOrder, QuerySelect, Select};
use serde::Serialize;
use utoipa::ToSchema;

use super::entity::{self, Category, Role, State};
use crate::http::{Caller, Code, Etag, Language, ORGANISER, Problem, resource};
use crate::identity::person;
use crate::instant::Instant;
use crate::mail::{self, Delivery};
use crate::organisations::entity as organisation;

/// A person's place in a workshop.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
    "person_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "name": "Mariama Diallo", "email": "mariama@example.org",
    "role": "participant", "state": "invited",
    "organisation": {"id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "name": "Société Kora numérique", "category": "startup"},
    "category": "startup", "delegate": true, "language": "fr",
    "invitation": {"state": "sent", "at": "2020-08-10T09:30:00Z", "error": null}, "undelivered_code": null,
    "created_at": "2020-08-01T09:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Registration {
    id: Uuid,
    workshop_id: Uuid,
    person_id: Uuid,
    name: String,
    /// As it was typed; null but to organisers and the person
    email: Option<String>,
    role: Role,
    state: State,
    organisation: Option<OrganisationOf>,
    /// That of the organisation, or where there is none the person's own
    category: Option<Category>,
    /// Speaks for the organisation
    delegate: bool,
    /// Language of mails; null but to organisers and the person
    language: Option<Language>,
    /// The latest letter of invitation; null when there is none, and but to organisers and the person
    invitation: Option<LetterProgress>,
    /// The latest letter with a sign-in code, when it did not arrive or has not yet; null when it was
    /// sent, when there is none, and but to organisers and the person
    undelivered_code: Option<LetterProgress>,
    created_at: Instant,
    etag: Etag,
}

resource!(Registration, live: ["invitation", "undelivered_code"]);

/// The organisation of a registration.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "name": "Société Kora numérique", "category": "startup"}))]
pub struct OrganisationOf {
    id: Uuid,
    name: String,
    category: Category,
}

/// How far a letter has come.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({"state": "bounced", "at": "2020-08-10T09:30:00Z", "error": "SMTP 550 5.1.1"}))]
pub struct LetterProgress {
    state: Delivery,
    /// When it was sent, refused or given up; while queued, when it was asked for
    at: Instant,
    /// Why the latest try failed: the mail server's codes
    error: Option<String>,
}

impl From<mail::Model> for LetterProgress {
    fn from(letter: mail::Model) -> Self {
        Self {
            state: letter.state,
            at: letter.finished_at.unwrap_or(letter.created_at),
            error: letter.last_error,
        }
    }
}

/// A registration with its person and organisation.
#[derive(FromQueryResult)]
pub struct Row {
    pub id: Uuid,
    workshop_id: Uuid,
    person_id: Uuid,
    name: String,
    email: String,
    /// Canonical.
    address: String,
    role: Role,
    state: State,
    organisation_id: Option<Uuid>,
    organisation_name: Option<String>,
    organisation_category: Option<Category>,
    category: Option<Category>,
    delegate: bool,
    language: Language,
    created_at: Instant,
    forgotten_at: Option<Instant>,
}

/// To be narrowed and read as [`Row`].
pub fn select() -> Select<entity::Entity> {
    use entity::Column;
    entity::Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::WorkshopId,
            Column::PersonId,
            Column::Name,
            Column::Role,
            Column::State,
            Column::OrganisationId,
            Column::Category,
            Column::Delegate,
            Column::CreatedAt,
            Column::ForgottenAt,
        ])
        .column_as(person::Column::AddressTyped, "email")
        .columns([person::Column::Address, person::Column::Language])
        .column_as(organisation::Column::Name, "organisation_name")
        .column_as(organisation::Column::Category, "organisation_category")
        .join(JoinType::InnerJoin, entity::Relation::Person.def())
        .join(JoinType::LeftJoin, entity::Relation::Organisation.def())
}

/// One registration as the caller sees it.
pub async fn find(on: &impl ConnectionTrait, caller: &Caller, id: Uuid) -> Result<Registration, Problem> {
    let row = select()
        .filter(entity::Column::Id.eq(id))
        .into_model::<Row>()
        .one(on)
        .await?;
    let shown = show(on, caller, row.into_iter().collect()).await?;
    shown.into_iter().next().ok_or_else(|| Code::NotFound.into())
}

/// Registrations as the caller sees them.
pub async fn show(on: &impl ConnectionTrait, caller: &Caller, rows: Vec<Row>) -> Result<Vec<Registration>, Problem> {
    let (organiser, own) = (caller.is(ORGANISER), caller.person_id()?);
    // Once its time is over, a workshop names nobody but to themself.
    let whole = |row: &Row| organiser && row.forgotten_at.is_none() || row.person_id == own;
    let shown = || rows.iter().filter(|row| whole(row));
    let mut invitations = latest_invitations(on, shown().map(|row| row.id).collect()).await?;
    let mut undelivered = undelivered_codes(on, shown().map(|row| row.address.clone()).collect()).await?;
    let shown = rows.into_iter().map(|row| {
        let whole = whole(&row);
        let organisation = match (row.organisation_id, row.organisation_name, row.organisation_category) {
            (Some(id), Some(name), Some(category)) => Some(OrganisationOf { id, name, category }),
            _ => None,
        };
        Registration {
            invitation: invitations.remove(&row.id),
            undelivered_code: undelivered.remove(&row.address),
            id: row.id,
            workshop_id: row.workshop_id,
            person_id: row.person_id,
            name: row.name,
            email: whole.then_some(row.email),
            role: row.role,
            state: row.state,
            category: row.organisation_category.or(row.category),
            organisation,
            delegate: row.delegate,
            language: whole.then_some(row.language),
            created_at: row.created_at,
            etag: Etag::default(),
        }
    });
    Ok(shown.collect())
}

async fn latest_invitations(on: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<HashMap<Uuid, LetterProgress>, DbErr> {
    let which = mail::Column::RegistrationId.is_in(ids.iter().copied());
    let letters = letters(on, ids.is_empty(), mail::Kind::Invitation, which).await?;
    // The last of each remains.
    let latest = letters
        .into_iter()
        .filter_map(|letter| Some((letter.registration_id?, letter.into())));
    Ok(latest.collect())
}

/// By canonical address.
async fn undelivered_codes(
    on: &impl ConnectionTrait,
    addresses: Vec<String>,
) -> Result<HashMap<String, LetterProgress>, DbErr> {
    let which = mail::Column::Address.is_in(&addresses);
    let letters = letters(on, addresses.is_empty(), mail::Kind::SignInCode, which).await?;
    let mut latest: HashMap<String, mail::Model> = letters
        .into_iter()
        .map(|letter| (letter.address.clone(), letter))
        .collect();
    latest
        .retain(|_, letter| letter.state.is_lost() || letter.state == Delivery::Queued && letter.last_error.is_some());
    Ok(latest
        .into_iter()
        .map(|(address, letter)| (address, letter.into()))
        .collect())
}

/// Letters of a kind, oldest first.
async fn letters(
    on: &impl ConnectionTrait,
    none: bool,
    kind: mail::Kind,
    which: Expr,
) -> Result<Vec<mail::Model>, DbErr> {
    if none {
        return Ok(Vec::new());
    }
    mail::Entity::find()
        .filter(which)
        .filter(mail::Column::Kind.eq(kind))
        .order_by_asc(mail::Column::CreatedAt)
        .all(on)
        .await
}

/// What the journal keeps of a registration: no name and no address, as it forgets nothing.
#[derive(Serialize)]
pub struct Line {
    role: Role,
    state: State,
    organisation_id: Option<Uuid>,
    category: Option<Category>,
    delegate: bool,
}

impl From<&entity::Model> for Line {
    fn from(row: &entity::Model) -> Self {
        Self {
            role: row.role,
            state: row.state,
            organisation_id: row.organisation_id,
            category: row.category,
            delegate: row.delegate,
        }
    }
}
