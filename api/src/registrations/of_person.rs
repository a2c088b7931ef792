//! One person's registrations in all their workshops: read for their export, nameless once they
//! have erased themself.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LockType;
use sea_orm::{FromQueryResult, JoinType, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;

use super::entity::{self, Category, Role, State};
use super::roster::fold_name;
use super::rules::organised_without;
use crate::http::{Code, Language, Problem};
use crate::instant::Instant;
use crate::organisations::entity as organisation;
use crate::workshops::{State as WorkshopState, entity as workshop};

/// One of my registrations.
#[derive(Serialize, ToSchema, FromQueryResult)]
pub struct ExportedRegistration {
    id: Uuid,
    workshop_id: Uuid,
    /// Null while the workshop is a draft, unless I am of its staff
    workshop_title: Option<String>,
    /// My name on the lists of that workshop
    name: String,
    role: Role,
    state: State,
    organisation: Option<String>,
    /// That of the organisation, or where there is none my own
    category: Option<Category>,
    /// I speak for the organisation
    delegate: bool,
    created_at: Instant,
    #[serde(skip)]
    workshop_state: WorkshopState,
    #[serde(skip)]
    organisation_category: Option<Category>,
}

/// The registrations of a person, oldest first.
pub async fn of_person(on: &impl ConnectionTrait, person_id: Uuid) -> Result<Vec<ExportedRegistration>, Problem> {
    use entity::{Column, Entity, Relation};
    let mut rows: Vec<ExportedRegistration> = Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::WorkshopId,
            Column::Name,
            Column::Role,
            Column::State,
            Column::Category,
            Column::Delegate,
            Column::CreatedAt,
        ])
        .column_as(workshop::Column::Title, "workshop_title")
        .column_as(workshop::Column::State, "workshop_state")
        .column_as(organisation::Column::Name, "organisation")
        .column_as(organisation::Column::Category, "organisation_category")
        .join(JoinType::InnerJoin, Relation::Workshop.def())
        .join(JoinType::LeftJoin, Relation::Organisation.def())
        .filter(Column::PersonId.eq(person_id))
        .order_by_asc(Column::Id)
        .into_model()
        .all(on)
        .await?;
    for row in &mut rows {
        row.category = row.organisation_category.or(row.category);
        // A draft is not there yet for those it will invite.
        if row.workshop_state == WorkshopState::Draft && row.role == Role::Participant {
            row.workshop_title = None;
        }
    }
    Ok(rows)
}

/// The workshops a person has a place in, held so that nobody comes or goes there meanwhile.
pub struct Places(Vec<workshop::Model>);

/// Refuses whoever is the last to organise a workshop that goes on.
pub async fn hold_places(on: &impl ConnectionTrait, person_id: Uuid) -> Result<Places, Problem> {
    let rows = rows(on, person_id).await?;
    let workshops = workshop::Entity::find()
        .filter(workshop::Column::Id.is_in(rows.iter().map(|row| row.workshop_id)))
        .order_by_asc(workshop::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(on)
        .await?;
    Ok(Places(workshops))
}

/// Takes the person's name off every list; what it stood for stays and is counted as before. The
/// caller holds the places, then the person.
pub async fn forget(on: &impl ConnectionTrait, places: &Places, person_id: Uuid) -> Result<(), Problem> {
    let Places(workshops) = places;
    let rows = rows(on, person_id).await?;
    if rows
        .iter()
        .any(|row| workshops.iter().all(|held| held.id != row.workshop_id))
    {
        // Registered just now by someone who came first: from the start, once more.
        return Err(Code::Unavailable.into());
    }
    check_organised(on, workshops, &rows, person_id).await?;
    for language in [Language::Fr, Language::En] {
        let name = nameless(language);
        let spoken = workshops.iter().filter(|workshop| workshop.language == language);
        entity::Entity::update_many()
            .col_expr(entity::Column::Name, Expr::value(name))
            .col_expr(entity::Column::FoldedName, Expr::value(fold_name(name)))
            .filter(entity::Column::PersonId.eq(person_id))
            .filter(entity::Column::WorkshopId.is_in(spoken.map(|workshop| workshop.id)))
            .exec(on)
            .await?;
    }
    Ok(())
}

/// Takes every name off the lists of a workshop that is held; says how many there were.
pub async fn forget_all(on: &impl ConnectionTrait, workshop: &workshop::Model, now: Instant) -> Result<u64, DbErr> {
    let name = nameless(workshop.language);
    let forgotten = entity::Entity::update_many()
        .col_expr(entity::Column::Name, Expr::value(name))
        .col_expr(entity::Column::FoldedName, Expr::value(fold_name(name)))
        .col_expr(entity::Column::ForgottenAt, Expr::value(now))
        .filter(entity::Column::WorkshopId.eq(workshop.id))
        .filter(entity::Column::ForgottenAt.is_null())
        .exec(on)
        .await?;
    Ok(forgotten.rows_affected)
}

fn nameless(language: Language) -> &'static str {
    match language {
        Language::Fr => "Personne effacée",
        Language::En => "Erased person",
    }
}

async fn rows(on: &impl ConnectionTrait, person_id: Uuid) -> Result<Vec<entity::Model>, DbErr> {
    entity::Entity::find()
        .filter(entity::Column::PersonId.eq(person_id))
        .all(on)
        .await
}

/// A workshop that still changes always has someone who organises it.
async fn check_organised(
    on: &impl ConnectionTrait,
    workshops: &[workshop::Model],
    rows: &[entity::Model],
    person_id: Uuid,
) -> Result<(), Problem> {
    let organises = |id: Uuid| {
        rows.iter()
            .filter(|row| row.forgotten_at.is_none())
            .any(|row| row.workshop_id == id && row.role == Role::Organiser && row.state == State::Confirmed)
    };
    let mut left: Vec<Uuid> = workshops
        .iter()
        .filter(|workshop| workshop.state != WorkshopState::Archived && organises(workshop.id))
        .map(|workshop| workshop.id)
        .collect();
    let organised = organised_without(on, left.iter().copied(), person_id).await?;
    left.retain(|id| !organised.contains(id));
    if left.is_empty() {
        Ok(())
    } else {
        Err(Problem::from(Code::LastOrganiser).member("workshop_ids", left))
    }
}
