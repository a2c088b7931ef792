//! Candidates: what can be chosen; edited in draft only.

use actix_web::web::Path;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use serde::Deserialize;
use utoipa::IntoParams;

use super::entity::{ballot, candidate};
use super::representation::{Candidate, CandidateInput, in_order};
use crate::http::{Answer, Caller, Code, IfMatch, Json, MergePatch, NoContent, Page, Problem, Query, Reply};
use crate::journal::{self, Act};
use crate::registrations::roster::fold_name;

/// A ballot with more choices than this helps no voter, and its rankings would not fit a request.
const MOST: u64 = 200;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// All candidates come on one page; taken for uniformity
    #[serde(default, rename = "limit")]
    #[param(value_type = Option<u32>)]
    _limit: crate::http::Limit,
}

/// List the candidates of a ballot
///
/// All on one page: in order of creation in draft, then in the reader's own random order.
#[utoipa::path(get, path = "/v1/ballots/{ballot_id}/candidates", params(Filter), responses((status = 200, body = Page<Candidate>)))]
pub async fn list(caller: Caller, id: Path<Uuid>, _: Query<Filter>) -> Answer<Page<Candidate>> {
    let snapshot = caller.app.store.snapshot().await?;
    let ballot = ballot::find(&snapshot, *id).await?;
    let rows = candidate::of(&snapshot, [*id]).await?;
    let items: Vec<_> = rows.into_iter().map(|row| Candidate::of(&caller, row)).collect();
    Ok(Reply::page(Page {
        items: in_order(&caller, &ballot, &items),
        next_cursor: None,
    }))
}

/// Add a candidate
///
/// A candidate of the same name and description that stands already is answered with 200.
#[utoipa::path(
    post, path = "/v1/ballots/{ballot_id}/candidates", request_body = CandidateInput,
    responses((status = 201, body = Candidate), (status = 200, description = "It stands already", body = Candidate))
)]
pub async fn create(mut caller: Caller, ballot_id: Path<Uuid>, body: Json<CandidateInput>) -> Answer<Candidate> {
    let Json(input) = body;
    let transaction = caller.begin().await?;
    let ballot = ballot::lock(&transaction, *ballot_id).await?;
    ballot.must_be_draft()?;
    let folded_name = fold_name(&input.name);
    let rows = candidate::of(&transaction, [*ballot_id]).await?;
    if let Some(row) = rows.iter().find(|row| row.folded_name == folded_name) {
        if row.description != input.description {
            return Err(Code::CandidateExists.into());
        }
        return Ok(Reply::ok(Candidate::of(&caller, row.clone())));
    }
    if rows.len() as u64 >= MOST {
        return Err(crate::http::Fault::new("", "too_many_candidates")
            .with("max", MOST)
            .into());
    }
    let id = caller.app.ambient.id();
    let row = candidate::ActiveModel {
        id: Set(id),
        ballot_id: Set(*ballot_id),
        folded_name: Set(folded_name),
        name: Set(input.name),
        description: Set(input.description),
        logo_digest: Set(None),
        created_at: Set(caller.now()),
    };
    let on_conflict = OnConflict::columns([candidate::Column::BallotId, candidate::Column::FoldedName])
        .do_nothing()
        .to_owned();
    candidate::Entity::insert(row)
        .on_conflict(on_conflict)
        .exec_without_returning(&transaction)
        .await?;
    let candidate = Candidate::of(&caller, find_locked(&transaction, id).await?.1);
    journal::write(
        &transaction,
        &caller,
        Act::new("create", "candidate", id).after(&candidate.input),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::created(format!("/v1/candidates/{id}"), candidate))
}

/// The candidate, and its ballot locked against any change.
pub async fn find_locked(on: &impl ConnectionTrait, id: Uuid) -> Result<(ballot::Model, candidate::Model), Problem> {
    let find = || candidate::Entity::find_by_id(id).one(on);
    let ballot_id = find().await?.ok_or(Code::NotFound)?.ballot_id;
    let ballot = ballot::lock(on, ballot_id).await?;
    // Read again under the lock.
    Ok((ballot, find().await?.ok_or(Code::NotFound)?))
}

/// Read a candidate
///
/// With the addresses of its logo, which need no token.
#[utoipa::path(get, path = "/v1/candidates/{candidate_id}", responses((status = 200, body = Candidate)))]
pub async fn read(caller: Caller, id: Path<Uuid>) -> Answer<Candidate> {
    let row = candidate::Entity::find_by_id(*id)
        .one(caller.app.store.reader())
        .await?
        .ok_or(Code::NotFound)?;
    Ok(Reply::ok(Candidate::of(&caller, row)))
}

/// Change a candidate
///
/// While the ballot is in draft: what can be chosen is frozen at opening.
#[utoipa::path(patch, path = "/v1/candidates/{candidate_id}", request_body = CandidateInput, responses((status = 200, body = Candidate)))]
pub async fn update(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, patch: MergePatch) -> Answer<Candidate> {
    let transaction = caller.begin().await?;
    let (ballot, row) = find_locked(&transaction, *id).await?;
    let before = Candidate::of(&caller, row.clone());
    if_match.check(before.clone())?;
    ballot.must_be_draft()?;
    let input: CandidateInput = patch.apply(&before.input)?;
    let folded_name = fold_name(&input.name);
    let others = candidate::of(&transaction, [ballot.id]).await?;
    if others
        .iter()
        .any(|other| other.id != *id && other.folded_name == folded_name)
    {
        return Err(Code::CandidateExists.into());
    }
    journal::write(
        &transaction,
        &caller,
        Act::new("update", "candidate", *id).before(&before.input).after(&input),
    )
    .await?;
    let mut changed: candidate::ActiveModel = row.into();
    changed.folded_name = Set(folded_name);
    changed.name = Set(input.name);
    changed.description = Set(input.description);
    let row = changed.update(&transaction).await?;
    transaction.commit().await?;
    Ok(Reply::ok(Candidate::of(&caller, row)))
}

/// Remove a candidate
///
/// While the ballot is in draft.
#[utoipa::path(delete, path = "/v1/candidates/{candidate_id}", responses((status = 204, description = "Removed")))]
pub async fn delete(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin().await?;
    let (ballot, row) = find_locked(&transaction, *id).await?;
    let before = Candidate::of(&caller, row);
    if_match.check(before.clone())?;
    ballot.must_be_draft()?;
    candidate::Entity::delete_by_id(*id).exec(&transaction).await?;
    journal::write(
        &transaction,
        &caller,
        Act::new("delete", "candidate", *id).before(&before.input),
    )
    .await?;
    transaction.commit().await?;
    Ok(NoContent)
}
