//! Working groups: their names, leads and capacities.

use actix_web::web::Path;
use sea_orm::ActiveValue::Set;
use sea_orm::SqlErr;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::entities::working_group;
use super::group_representation::{WorkingGroup, WorkingGroupInput, show, show_one};
use super::places;
use crate::http::{
    Answer, Caller, Code, IfMatch, Json, MergePatch, NoContent, Own, Page, Paging, Problem, Query, Reply,
};
use crate::journal::{self, Act};
use crate::registrations::Role;

/// List working groups
///
/// Oldest first. How many there are of fewer than 5 people is shown to organisers, facilitators,
/// auditors and the group's leads only.
#[utoipa::path(get, path = "/v1/coalitions/{coalition_id}/working-groups", params(Paging), responses((status = 200, body = Page<WorkingGroup>)))]
pub async fn list(caller: Caller, id: Path<Uuid>, filter: Query<Paging>) -> Answer<Page<WorkingGroup>> {
    let Query(filter) = filter;
    let snapshot = caller.app.store.snapshot().await?;
    let select = working_group::Entity::find().filter(working_group::Column::CoalitionId.eq(*id));
    let page = filter.limit.after(filter.cursor, select, working_group::Column::Id);
    let rows = page.all(&snapshot).await?;
    let page = Page::of(rows, filter.limit, |row| row.id, |row| row);
    let groups = show(&snapshot, page.items).await?.into_iter();
    let own = caller.own()?;
    Ok(Reply::page(Page {
        items: groups.map(|group| seen_by(&own, group)).collect(),
        next_cursor: page.next_cursor,
    }))
}

/// Create a working group
///
/// The same one again answers 200 with what stands.
#[utoipa::path(post, path = "/v1/coalitions/{coalition_id}/working-groups", request_body = WorkingGroupInput,
    responses((status = 201, body = WorkingGroup), (status = 200, description = "It stands already", body = WorkingGroup)))]
pub async fn create(mut caller: Caller, id: Path<Uuid>, body: Json<WorkingGroupInput>) -> Answer<WorkingGroup> {
    let input = body.0.tidy();
    let transaction = caller.begin_lasting().await?;
    let workshop_id = caller.workshop_id()?;
    input.check(&transaction, workshop_id).await?;
    let row = working_group::ActiveModel {
        id: Set(caller.app.ambient.id()),
        workshop_id: Set(workshop_id),
        coalition_id: Set(*id),
        name: Set(input.name.clone()),
        description: Set(input.description.clone()),
        capacity: Set(input.capacity),
        created_at: Set(caller.now()),
    };
    let natural_key = OnConflict::columns([working_group::Column::CoalitionId, working_group::Column::Name])
        .do_nothing()
        .to_owned();
    let inserted = working_group::Entity::insert(row)
        .on_conflict(natural_key)
        .exec_without_returning(&transaction)
        .await?;
    let row = working_group::Entity::find()
        .filter(working_group::Column::CoalitionId.eq(*id))
        .filter(working_group::Column::Name.eq(input.name.as_str()))
        .one(&transaction)
        .await?
        // Deleted by another organiser in this very moment.
        .ok_or(Code::Unavailable)?;
    let new = inserted == 1;
    if new {
        input.write_leads(&transaction, &row).await?;
        journal::write(
            &transaction,
            &caller,
            Act::new("create", "working_group", row.id).after(&input),
        )
        .await?;
    }
    let group = show_one(&transaction, row).await?;
    if !new && !input.is_same_as(&group.input()) {
        return Err(Code::WorkingGroupExists.into());
    }
    transaction.commit().await?;
    Ok(Reply::stands(new, format!("/v1/working-groups/{}", group.id), group))
}

/// Read a working group
///
/// With its leads and how many places are left. How many there are of fewer than 5 people is shown to
/// organisers, facilitators, auditors and the group's leads only.
#[utoipa::path(get, path = "/v1/working-groups/{working_group_id}", responses((status = 200, body = WorkingGroup)))]
pub async fn read(caller: Caller, id: Path<Uuid>) -> Answer<WorkingGroup> {
    let snapshot = caller.app.store.snapshot().await?;
    let row = working_group::Entity::find_by_id(*id).one(&snapshot).await?;
    let group = show_one(&snapshot, row.ok_or(Code::NotFound)?).await?;
    Ok(Reply::ok(seen_by(&caller.own()?, group)))
}

/// To each what they could count themselves from the list of commitments.
fn seen_by(own: &Own, group: WorkingGroup) -> WorkingGroup {
    if own.role != Role::Participant || group.leads(own.registration_id) {
        group
    } else {
        group.withheld()
    }
}

/// Change a working group
///
/// Places that a larger capacity makes go to the waiting list at once, in its order.
#[utoipa::path(patch, path = "/v1/working-groups/{working_group_id}", request_body = WorkingGroupInput, responses((status = 200, body = WorkingGroup)))]
pub async fn update(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, patch: MergePatch) -> Answer<WorkingGroup> {
    let transaction = caller.begin_lasting().await?;
    let row = places::locked(&transaction, *id).await?;
    let present = show_one(&transaction, row.clone()).await?;
    if_match.check(present.clone())?;
    let before = present.input();
    let input: WorkingGroupInput = patch.apply(&before)?;
    let input = input.tidy();
    input.check(&transaction, row.workshop_id).await?;
    let committed = present.committed.unwrap_or_default();
    if input.capacity.is_some_and(|capacity| i64::from(capacity) < committed) {
        return Err(Problem::from(Code::CapacityBelowCommitments).with("committed", committed));
    }
    input.write_leads(&transaction, &row).await?;
    let mut changed: working_group::ActiveModel = row.into();
    changed.name = Set(input.name.clone());
    changed.description = Set(input.description.clone());
    changed.capacity = Set(input.capacity);
    let row = changed.update(&transaction).await.map_err(|error| {
        // Nothing follows in this transaction: it is dropped with the error.
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Code::WorkingGroupExists.into(),
            _ => Problem::from(error),
        }
    })?;
    let act = Act::new("update", "working_group", *id);
    journal::write(&transaction, &caller, act.before(&before).after(&input)).await?;
    places::promote(&transaction, &caller, &row).await?;
    let after = show_one(&transaction, row).await?;
    transaction.commit().await?;
    Ok(Reply::ok(after))
}

/// Delete a working group
///
/// Only while nobody has committed to it or waits.
#[utoipa::path(delete, path = "/v1/working-groups/{working_group_id}", responses((status = 204, description = "Deleted")))]
pub async fn delete(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin_lasting().await?;
    let row = places::locked(&transaction, *id).await?;
    let group = show_one(&transaction, row).await?;
    if_match.check(group.clone())?;
    if group.committed.max(group.waiting) > Some(0) {
        return Err(Code::WorkingGroupInUse.into());
    }
    // Its leads go with it.
    working_group::Entity::delete_by_id(*id).exec(&transaction).await?;
    let act = Act::new("delete", "working_group", *id);
    journal::write(&transaction, &caller, act.before(&group.input())).await?;
    transaction.commit().await?;
    Ok(NoContent)
}
