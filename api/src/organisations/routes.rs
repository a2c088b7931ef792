//! Routes of organisations.

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::entity;
use crate::http::{
    Access, Answer, Caller, Code, Cursor, EVERY_ROLE, Etag, IfMatch, Json, Limit, MergePatch, NoContent, ORGANISER,
    Page, Problem, Query, Reply, Room, Search, resource, route,
};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::registrations::roster::{fold_name, tidy};
use crate::registrations::{Category, hold_workshop, name_rule, refers};

pub fn room() -> Room {
    Room::new(
        "Organisations",
        [
            route!(list, Access::Members(EVERY_ROLE), []),
            route!(create, Access::Members(ORGANISER), [OrganisationExists]),
            route!(read, Access::Members(EVERY_ROLE), []),
            route!(update, Access::Members(ORGANISER), [OrganisationExists]),
            route!(delete, Access::Members(ORGANISER), [OrganisationInUse]),
        ],
    )
}

/// A body that people of the workshop speak for.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
    "name": "Ministère des Postes et Télécommunications", "category": "public_administration",
    "created_at": "2020-08-01T09:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Organisation {
    id: Uuid,
    workshop_id: Uuid,
    #[serde(flatten)]
    input: OrganisationInput,
    created_at: Instant,
    etag: Etag,
}

resource!(Organisation);

/// What an organiser says of an organisation.
#[derive(Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Ministère des Postes et Télécommunications", "category": "public_administration"}))]
pub struct OrganisationInput {
    /// Once per workshop, whatever its accents, capitals and spaces
    #[garde(length(chars, min = 1, max = 200), custom(name_rule))]
    name: String,
    #[garde(skip)]
    category: Category,
}

impl From<entity::Model> for Organisation {
    fn from(row: entity::Model) -> Self {
        Self {
            id: row.id,
            workshop_id: row.workshop_id,
            input: OrganisationInput {
                name: row.name,
                category: row.category,
            },
            created_at: row.created_at,
            etag: Etag::default(),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Items on one page: 1–200, default 50
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<String>>,
    /// Only names that contain this, whatever its accents and capitals
    #[param(value_type = Option<String>)]
    q: Option<Search>,
    /// Only this category
    category: Option<Category>,
}

/// List organisations
///
/// By name.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}/organisations", params(Filter), responses((status = 200, body = Page<Organisation>)))]
async fn list(caller: Caller, filter: Query<Filter>) -> Answer<Page<Organisation>> {
    let Query(filter) = filter;
    let mut select = entity::Entity::find().filter(entity::Column::WorkshopId.eq(caller.workshop_id()?));
    if let Some(q) = filter.q {
        select = select.filter(entity::Column::FoldedName.like(Search::containing(&fold_name(q.as_str()))));
    }
    if let Some(category) = filter.category {
        select = select.filter(entity::Column::Category.eq(category));
    }
    let page = filter.limit.after(filter.cursor, select, entity::Column::FoldedName);
    let rows = page.all(caller.app.store.reader()).await?;
    Ok(Reply::page(Page::of(
        rows,
        filter.limit,
        |row| row.folded_name.clone(),
        Organisation::from,
    )))
}

async fn named(on: &impl ConnectionTrait, workshop_id: Uuid, folded: &str) -> Result<Option<entity::Model>, DbErr> {
    entity::Entity::find()
        .filter(entity::Column::WorkshopId.eq(workshop_id))
        .filter(entity::Column::FoldedName.eq(folded))
        .one(on)
        .await
}

/// Add an organisation
///
/// One that stands already under this name, in the same category, is answered with 200.
#[utoipa::path(
    post, path = "/v1/workshops/{workshop_id}/organisations", request_body = OrganisationInput,
    responses((status = 201, body = Organisation), (status = 200, description = "It stood already", body = Organisation)),
)]
async fn create(mut caller: Caller, body: Json<OrganisationInput>) -> Answer<Organisation> {
    let Json(input) = body;
    let transaction = caller.begin().await?;
    let workshop_id = caller.workshop_id()?;
    hold_workshop(&transaction, workshop_id).await?;
    let folded_name = fold_name(&input.name);
    let standing = named(&transaction, workshop_id, &folded_name).await?;
    let new = standing.is_none();
    let organisation = match standing {
        Some(row) if row.category != input.category => return Err(Code::OrganisationExists.into()),
        Some(row) => Organisation::from(row),
        None => {
            let row = entity::ActiveModel {
                id: Set(caller.app.ambient.id()),
                workshop_id: Set(workshop_id),
                name: Set(tidy(&input.name)),
                folded_name: Set(folded_name),
                category: Set(input.category),
                created_at: Set(caller.now()),
            };
            let organisation = Organisation::from(row.insert(&transaction).await?);
            let act = Act::new("create", "organisation", organisation.id).after(&organisation.input);
            journal::write(&transaction, &caller, act).await?;
            transaction.commit().await?;
            organisation
        }
    };
    let location = format!("/v1/organisations/{}", organisation.id);
    Ok(Reply::stands(new, location, organisation))
}

/// Read an organisation
///
/// The category of its people is its own.
#[utoipa::path(get, path = "/v1/organisations/{organisation_id}", responses((status = 200, body = Organisation)))]
async fn read(caller: Caller, id: Path<Uuid>) -> Answer<Organisation> {
    let row = entity::find(caller.app.store.reader(), *id).await?;
    Ok(Reply::ok(row.into()))
}

/// Change an organisation
///
/// Its name stays unique in the workshop, however it is written.
#[utoipa::path(patch, path = "/v1/organisations/{organisation_id}", request_body = OrganisationInput, responses((status = 200, body = Organisation)))]
async fn update(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, patch: MergePatch) -> Answer<Organisation> {
    let transaction = caller.begin().await?;
    let workshop_id = caller.workshop_id()?;
    hold_workshop(&transaction, workshop_id).await?;
    let row = entity::find(&transaction, *id).await?;
    let before = Organisation::from(row.clone());
    if_match.check(before.clone())?;
    let mut input: OrganisationInput = patch.apply(&before.input)?;
    input.name = tidy(&input.name);
    if input == before.input {
        return Ok(Reply::ok(before));
    }
    let folded_name = fold_name(&input.name);
    if named(&transaction, workshop_id, &folded_name)
        .await?
        .is_some_and(|other| other.id != *id)
    {
        return Err(Code::OrganisationExists.into());
    }
    let mut changed: entity::ActiveModel = row.into();
    changed.name = Set(input.name);
    changed.folded_name = Set(folded_name);
    changed.category = Set(input.category);
    let after = Organisation::from(changed.update(&transaction).await?);
    let act = Act::new("update", "organisation", *id)
        .before(&before.input)
        .after(&after.input);
    journal::write(&transaction, &caller, act).await?;
    transaction.commit().await?;
    Ok(Reply::ok(after))
}

/// Delete an organisation
///
/// Only while no registration and no pledge refers to it.
#[utoipa::path(delete, path = "/v1/organisations/{organisation_id}", responses((status = 204, description = "Deleted")))]
async fn delete(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin().await?;
    hold_workshop(&transaction, caller.workshop_id()?).await?;
    // A pledge that is being made holds this row until it is there to be seen.
    let row = entity::Entity::find_by_id(*id)
        .lock_exclusive()
        .one(&transaction)
        .await?;
    let organisation = Organisation::from(row.ok_or(Code::NotFound)?);
    if_match.check(organisation.clone())?;
    let references = "SELECT 1 AS one FROM registration WHERE organisation_id = $1 \
                      UNION ALL SELECT 1 FROM pledge WHERE on_behalf_of = $1 LIMIT 1";
    if refers(&transaction, references, *id).await? {
        return Err(Code::OrganisationInUse.into());
    }
    let act = Act::new("delete", "organisation", *id).before(&organisation.input);
    journal::write(&transaction, &caller, act).await?;
    entity::Entity::delete_by_id(*id).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(NoContent)
}
