//! What a person sees and changes of themself.

use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, FromQueryResult, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::person;
use crate::consents::{self, Consent, ConsentInput};
use crate::http::{
    Answer, Caller, Code, Cursor, Etag, IfMatch, Language, MergePatch, Page, Paging, Problem, Query, Reply, resource,
    rules,
};
use crate::instant::Instant;
use crate::registrations::{Role, State, entity as registration};
use crate::workshops::entity as workshop;

/// The person who asks.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "email": "mariama@example.org", "name": "Mariama Diallo",
    "language": "fr", "administrator": false,
    "consent": {"number": 1, "language": "fr", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "given_at": "2020-08-01T09:00:00Z"},
    "current_consent_text": 1, "created_at": "2020-08-01T09:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Me {
    id: Uuid,
    /// As it was typed; sign-in compares its canonical form
    email: String,
    name: String,
    /// Language of mails
    language: Language,
    /// May create workshops
    administrator: bool,
    /// The consent that stands; null when I have given none or withdrawn it
    consent: Option<Consent>,
    /// The version of the text that is consented to now; null when there is none to consent to
    current_consent_text: Option<i32>,
    created_at: Instant,
    etag: Etag,
}

resource!(Me);

#[derive(Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Mariama Diallo", "language": "fr"}))]
pub struct MeInput {
    #[serde(default)]
    #[garde(length(chars, max = 200), custom(rules::line))]
    name: String,
    #[garde(skip)]
    language: Language,
    /// To the current version of the text; null withdraws it
    #[serde(default)]
    #[garde(dive)]
    consent: Option<ConsentInput>,
}

impl Me {
    pub async fn of(on: &impl ConnectionTrait, person: person::Model) -> Result<Self, Problem> {
        Ok(Self {
            consent: consents::standing(on, person.id).await?,
            current_consent_text: consents::current_number(on).await?,
            id: person.id,
            email: person.address_typed,
            name: person.name,
            language: person.language,
            administrator: person.administrator,
            created_at: person.created_at,
            etag: Etag::default(),
        })
    }
}

pub async fn load(on: &impl ConnectionTrait, caller: &Caller) -> Result<person::Model, Problem> {
    let person = person::Entity::find_by_id(caller.person_id()?).one(on).await?;
    person.ok_or_else(|| Code::NotFound.into())
}

/// Read my account
///
/// Who I am here; my places in workshops are my registrations.
#[utoipa::path(get, path = "/v1/me", responses((status = 200, body = Me)))]
pub async fn read_me(caller: Caller) -> Answer<Me> {
    let snapshot = caller.app.store.snapshot().await?;
    let person = load(&snapshot, &caller).await?;
    Ok(Reply::ok(Me::of(&snapshot, person).await?))
}

/// Change my name, language or consent
///
/// The name on the lists of workshops is that of each registration. A consent is to the current
/// version of the text, with the digest of what was shown; null withdraws it.
#[utoipa::path(patch, path = "/v1/me", request_body = MeInput, responses((status = 200, body = Me)))]
pub async fn update_me(mut caller: Caller, if_match: IfMatch, patch: MergePatch) -> Answer<Me> {
    let transaction = caller.begin().await?;
    let person = person::hold(&transaction, &caller).await?;
    let me = Me::of(&transaction, person.clone()).await?;
    let present = me.consent.clone();
    if_match.check(me)?;
    let input: MeInput = patch.apply(&MeInput {
        name: person.name.clone(),
        language: person.language,
        consent: present.as_ref().map(|consent| consent.input.clone()),
    })?;
    consents::change(&transaction, &caller, present.as_ref(), input.consent.as_ref()).await?;
    let mut changed: person::ActiveModel = person.into();
    changed.name = Set(input.name.trim().to_owned());
    changed.language = Set(input.language);
    let person = changed.update(&transaction).await?;
    let me = Me::of(&transaction, person).await?;
    transaction.commit().await?;
    Ok(Reply::ok(me))
}

/// One of my registrations, with its workshop.
#[derive(Serialize, ToSchema, FromQueryResult)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
    "workshop_title": "Atelier de consultation du numérique guinéen", "first_day": "2020-08-27", "last_day": "2020-08-28",
    "role": "participant", "state": "confirmed"
}))]
pub struct MyRegistration {
    id: Uuid,
    workshop_id: Uuid,
    workshop_title: String,
    first_day: String,
    last_day: String,
    role: Role,
    state: State,
}

/// List my registrations
///
/// The workshops I was invited to or asked to join, newest first.
#[utoipa::path(get, path = "/v1/me/registrations", params(Paging), responses((status = 200, body = Page<MyRegistration>)))]
pub async fn list_my_registrations(caller: Caller, filter: Query<Paging>) -> Answer<Page<MyRegistration>> {
    let Query(filter) = filter;
    let mut select = registration::Entity::find()
        .select_only()
        .columns([
            registration::Column::Id,
            registration::Column::WorkshopId,
            registration::Column::Role,
            registration::Column::State,
        ])
        .column_as(workshop::Column::Title, "workshop_title")
        .columns([workshop::Column::FirstDay, workshop::Column::LastDay])
        .join(sea_orm::JoinType::InnerJoin, registration::Relation::Workshop.def())
        .filter(registration::Column::PersonId.eq(caller.person_id()?))
        // A draft is not there yet for those it will invite.
        .filter(
            Condition::any()
                .add(workshop::Column::State.ne(crate::workshops::State::Draft))
                .add(registration::Column::Role.ne(Role::Participant)),
        );
    if let Some(only) = caller.only_workshop() {
        select = select.filter(registration::Column::WorkshopId.eq(only));
    }
    if let Some(Cursor(before)) = filter.cursor {
        select = select.filter(registration::Column::Id.lt(before));
    }
    let rows = select
        .order_by_desc(registration::Column::Id)
        .limit(filter.limit.probe())
        .into_model::<MyRegistration>()
        .all(caller.app.store.reader())
        .await?;
    Ok(Reply::plain(Page::of(rows, filter.limit, |row| row.id, |row| row)))
}
