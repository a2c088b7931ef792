//! Drafting a ballot from another: a copy of it, or the run-off among those who tied in it. The old
//! one stays what it is; the new one is a draft like any other.

use actix_web::web::Path;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel as _;
use sea_orm::entity::prelude::*;

use super::entity::{DraftedAs, State, ballot, candidate};
use super::representation::Ballot;
use super::{routes, tally};
use crate::http::{Answer, Caller, Code, Problem, Reply};
use crate::journal::{self, Act};
use crate::registrations::merges;

/// Copy a ballot
///
/// Drafts a new ballot with the same question, method, rule and candidates, logos included, to be
/// changed before it opens; opening and closing times are left out. While that draft stands, asking
/// again answers with it.
#[utoipa::path(
    post, path = "/v1/ballots/{ballot_id}/copy",
    responses((status = 201, body = Ballot), (status = 200, description = "It stands already", body = Ballot))
)]
pub async fn copy(mut caller: Caller, id: Path<Uuid>) -> Answer<Ballot> {
    let transaction = caller.begin().await?;
    let row = ballot::lock(&transaction, *id).await?;
    let candidates = candidate::of(&transaction, [*id]).await?;
    let (new, ballot) = draft(&transaction, &caller, row, DraftedAs::Copy, candidates).await?;
    let location = format!("/v1/ballots/{}", ballot.id());
    transaction.commit().await?;
    Ok(Reply::stands(new, location, ballot))
}

/// Draft a run-off
///
/// A ballot among those who tied, with the same question and rule. Only after a count that ended in a
/// tie, and not once that result is annulled: a copy begins again. While that draft stands, asking
/// again answers with it.
#[utoipa::path(
    post, path = "/v1/ballots/{ballot_id}/run-off",
    responses((status = 201, body = Ballot), (status = 200, description = "It stands already", body = Ballot))
)]
pub async fn run_off(mut caller: Caller, id: Path<Uuid>) -> Answer<Ballot> {
    let transaction = caller.begin().await?;
    let row = ballot::lock(&transaction, *id).await?;
    let outcome = tally::must_be_counted(&row)?.outcome;
    if row.state == State::Annulled {
        return Err(Problem::state(Code::WrongState, row.state));
    }
    if !outcome.tie {
        return Err(Code::BallotWithoutTie.into());
    }
    let mut candidates = candidate::of(&transaction, [*id]).await?;
    candidates.retain(|candidate| outcome.winners.contains(&candidate.id));
    let (new, ballot) = draft(&transaction, &caller, row, DraftedAs::RunOff, candidates).await?;
    let location = format!("/v1/ballots/{}", ballot.id());
    transaction.commit().await?;
    Ok(Reply::stands(new, location, ballot))
}

/// The draft that stands already, or a new one; the caller holds the ballot it comes from.
async fn draft(
    on: &impl ConnectionTrait,
    caller: &Caller,
    from: ballot::Model,
    drafted_as: DraftedAs,
    candidates: Vec<candidate::Model>,
) -> Result<(bool, Ballot), Problem> {
    let standing = ballot::Entity::find()
        .filter(ballot::Column::DraftedFrom.eq(from.id))
        .filter(ballot::Column::DraftedAs.eq(drafted_as))
        .filter(ballot::Column::State.eq(State::Draft))
        .one(on)
        .await?;
    if let Some(row) = standing {
        return Ok((false, routes::show(on, caller, row).await?));
    }
    let id = caller.app.ambient.id();
    let origin = from.id;
    let mut eligibility = from.eligibility.clone();
    let heirs = merges::heirs(on, eligibility.registration_ids.iter().copied()).await?;
    eligibility.follow(&heirs);
    let row = ballot::Model {
        id,
        state: State::Draft,
        opens_at: None,
        closes_at: None,
        opened_at: None,
        closed_at: None,
        counted_at: None,
        published_at: None,
        cancelled_at: None,
        annulled_at: None,
        reason: None,
        roll_size: None,
        vote_body_length: None,
        sealed_key: None,
        opening_failed: None,
        count_failed: None,
        tally: None,
        created_at: caller.now(),
        drafted_from: Some(origin),
        drafted_as: Some(drafted_as),
        reminded_at: None,
        reminded: None,
        eligibility,
        ..from
    };
    let row = row.into_active_model().insert(on).await?;
    // The order of the ballot is that of these, which of one millisecond come in any order.
    let mut ids: Vec<Uuid> = candidates.iter().map(|_| caller.app.ambient.id()).collect();
    ids.sort_unstable();
    let copies = candidates
        .into_iter()
        .zip(ids)
        .map(|(candidate, copied)| candidate::ActiveModel {
            id: Set(copied),
            ballot_id: Set(id),
            created_at: Set(caller.now()),
            ..candidate.into_active_model().reset_all()
        });
    candidate::Entity::insert_many(copies)
        .exec_without_returning(on)
        .await?;
    let ballot = routes::show(on, caller, row).await?;
    let line = serde_json::json!({ "drafted_from": origin, "drafted_as": drafted_as });
    journal::write(on, caller, Act::new("create", "ballot", id).after(&line)).await?;
    Ok((true, ballot))
}
