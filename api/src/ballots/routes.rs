//! Routes of ballots as things to draft; what happens to them then is in `lifecycle`.

use actix_web::web::{Data, Path};
use sea_orm::ActiveValue::Set;
use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;

use super::entity::{State, ballot, candidate};
use super::page::Pages;
use super::paper::USUAL_GRADE;
use super::representation::{Ballot, BallotInput};
use crate::coalitions;
use crate::http::{
    Answer, Caller, Cursor, Fault, IfMatch, Json, Limit, MergePatch, NoContent, Page, Problem, Query, Reply, Written,
};
use crate::journal::{self, Act};
use crate::registrations::entity as registration;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Items on one page: 1–200, default 50
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Uuid>>,
    /// Only ballots in this state
    state: Option<State>,
}

/// List ballots
///
/// Those of the workshop, oldest first, each with its candidates.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}/ballots", params(Filter), responses((status = 200, body = Page<Ballot>)))]
pub async fn list(caller: Caller, filter: Query<Filter>) -> Answer<Page<Ballot>> {
    let Query(filter) = filter;
    let snapshot = caller.app.store.snapshot().await?;
    let mut select = ballot::Entity::find().filter(ballot::Column::WorkshopId.eq(caller.workshop_id()?));
    if let Some(state) = filter.state {
        select = select.filter(ballot::Column::State.eq(state));
    }
    let page = filter.limit.after(filter.cursor, select, ballot::Column::Id);
    let rows = page.all(&snapshot).await?;
    let mut candidates = candidate::of(&snapshot, rows.iter().map(|row| row.id)).await?;
    let mut page = Page::of(
        rows,
        filter.limit,
        |row| row.id,
        |row| {
            let own = candidates
                .extract_if(.., |candidate| candidate.ballot_id == row.id)
                .collect();
            Ballot::of(&caller, &row, own)
        },
    );
    let items = page.items.drain(..).collect::<Result<_, _>>()?;
    Ok(Reply::page(Page {
        items,
        next_cursor: page.next_cursor,
    }))
}

/// Draft a ballot
///
/// It can be changed until it is opened; candidates are added to it next.
#[utoipa::path(post, path = "/v1/workshops/{workshop_id}/ballots", request_body = BallotInput, responses((status = 201, body = Ballot)))]
pub async fn create(mut caller: Caller, body: Json<BallotInput>) -> Answer<Ballot> {
    let Json(mut input) = body;
    settle_scale(&mut input)?;
    let transaction = caller.begin().await?;
    check(&transaction, &caller, &input).await?;
    let id = caller.app.ambient.id();
    journal::write(&transaction, &caller, Act::new("create", "ballot", id).after(&input)).await?;
    let mut row = ballot::ActiveModel {
        id: Set(id),
        workshop_id: Set(caller.workshop_id()?),
        state: Set(State::Draft),
        created_at: Set(caller.now()),
        ..Default::default()
    };
    write(input, &mut row);
    let row = row.insert(&transaction).await?;
    transaction.commit().await?;
    Ok(Reply::created(
        format!("/v1/ballots/{id}"),
        Ballot::of(&caller, &row, Vec::new())?,
    ))
}

fn write(input: BallotInput, row: &mut ballot::ActiveModel) {
    row.kind = Set(input.kind);
    row.question = Set(input.question);
    row.description = Set(input.description);
    row.method = Set(input.method.as_str().to_owned());
    row.max_grade = Set(input.max_grade.map(u32::cast_signed));
    row.eligibility = Set(input.eligibility);
    row.unit = Set(input.unit);
    row.quorum_percent = Set(input.quorum_percent.map(u32::cast_signed));
    row.blanks_count = Set(input.blanks_count);
    row.openings = Set(input.openings);
    row.opens_at = Set(input.opens_at);
    row.closes_at = Set(input.closes_at);
    // Whatever kept it from opening may be mended now.
    row.opening_failed = Set(None);
}

/// A scale for methods with grades, and for no other.
fn settle_scale(input: &mut BallotInput) -> Result<(), Problem> {
    match (input.method.has_grades(), input.max_grade) {
        (true, None) => input.max_grade = Some(USUAL_GRADE.into()),
        (false, Some(_)) => return Err(Fault::new("/max_grade", "method_without_grades").into()),
        (true, Some(_)) | (false, None) => {}
    }
    Ok(())
}

/// What one field alone cannot tell.
async fn check(on: &impl ConnectionTrait, caller: &Caller, input: &BallotInput) -> Result<(), Problem> {
    let workshop_id = caller.workshop_id()?;
    if let (Some(opens), Some(closes)) = (input.opens_at, input.closes_at)
        && closes <= opens
    {
        return Err(Fault::new("/closes_at", "ends_before_start").into());
    }
    if let Some(coalition_id) = input.eligibility.adhered
        && !coalitions::of_workshop(on, workshop_id, coalition_id).await?
    {
        return Err(Fault::new("/eligibility/adhered", "not_of_this_workshop").into());
    }
    let chosen = &input.eligibility.registration_ids;
    let known: std::collections::HashSet<Uuid> = registration::Entity::find()
        .select_only()
        .column(registration::Column::Id)
        .filter(registration::Column::WorkshopId.eq(workshop_id))
        .filter(registration::Column::Id.is_in(chosen.iter().copied()))
        .into_tuple::<Uuid>()
        .all(on)
        .await?
        .into_iter()
        .collect();
    match chosen.iter().position(|id| !known.contains(id)) {
        Some(index) => Err(Fault::new(format!("/eligibility/registration_ids/{index}"), "not_of_this_workshop").into()),
        None => Ok(()),
    }
}

/// Read a ballot, with its candidates
///
/// Draft ballots are seen by every member, so that each can tell in time what they still lack.
#[utoipa::path(get, path = "/v1/ballots/{ballot_id}", responses((status = 200, body = Ballot)))]
pub async fn read(mut caller: Caller, id: Path<Uuid>, pages: Data<Pages>) -> Result<Written, Problem> {
    pages.of(&mut caller, *id).await
}

/// The ballot as the caller sees it.
pub async fn load(on: &impl ConnectionTrait, caller: &Caller, id: Uuid) -> Result<Ballot, Problem> {
    let row = ballot::find(on, id).await?;
    show(on, caller, row).await
}

pub async fn show(on: &impl ConnectionTrait, caller: &Caller, row: ballot::Model) -> Result<Ballot, Problem> {
    let candidates = candidate::of(on, [row.id]).await?;
    Ballot::of(caller, &row, candidates)
}

/// Change a ballot
///
/// In draft only: what is put to the vote is frozen at opening.
#[utoipa::path(patch, path = "/v1/ballots/{ballot_id}", request_body = BallotInput, responses((status = 200, body = Ballot)))]
pub async fn update(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, patch: MergePatch) -> Answer<Ballot> {
    let transaction = caller.begin().await?;
    let row = ballot::lock(&transaction, *id).await?;
    let before = show(&transaction, &caller, row.clone()).await?;
    if_match.check(before.clone())?;
    row.must_be_draft()?;
    let says_scale = patch.names("max_grade");
    let mut input: BallotInput = patch.apply(&before.input)?;
    if !says_scale && !input.method.has_grades() {
        // What is left over from the method before goes with it.
        input.max_grade = None;
    }
    settle_scale(&mut input)?;
    check(&transaction, &caller, &input).await?;
    journal::write(
        &transaction,
        &caller,
        Act::new("update", "ballot", *id).before(&before.input).after(&input),
    )
    .await?;
    let mut changed: ballot::ActiveModel = row.into();
    write(input, &mut changed);
    let row = changed.update(&transaction).await?;
    let after = show(&transaction, &caller, row).await?;
    transaction.commit().await?;
    Ok(Reply::ok(after))
}

/// Delete a ballot
///
/// In draft only; an open one can be cancelled, which stays on record.
#[utoipa::path(delete, path = "/v1/ballots/{ballot_id}", responses((status = 204, description = "Deleted")))]
pub async fn delete(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin().await?;
    let row = ballot::lock(&transaction, *id).await?;
    let before = show(&transaction, &caller, row.clone()).await?;
    if_match.check(before.clone())?;
    row.must_be_draft()?;
    candidate::Entity::delete_many()
        .filter(candidate::Column::BallotId.eq(*id))
        .exec(&transaction)
        .await?;
    ballot::Entity::delete_by_id(*id).exec(&transaction).await?;
    journal::write(
        &transaction,
        &caller,
        Act::new("delete", "ballot", *id).before(&before.input),
    )
    .await?;
    transaction.commit().await?;
    Ok(NoContent)
}
