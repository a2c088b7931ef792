//! Opening a ballot: one transaction that checks, computes the roll, freezes everything and makes
//! the key.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::entity::{Kind, State, ballot, candidate, roll as roll_table};
use super::{roll, vote};
use crate::app::App;
use crate::http::{Code, Problem};

/// Below this many voters a result betrays people.
const SMALL: usize = 5;

/// Opens the ballot, which the caller has locked in this transaction and found in draft.
pub async fn open(
    on: &impl ConnectionTrait,
    app: &App,
    row: ballot::Model,
    confirm_small: bool,
) -> Result<ballot::Model, Problem> {
    let workshop = crate::workshops::entity::find(on, row.workshop_id).await?;
    if workshop.state != crate::workshops::State::Published {
        return Err(Problem::state(Code::WorkshopNotPublished, workshop.state));
    }
    let candidates = candidate::of(on, [row.id]).await?;
    if candidates.len() < 2 {
        return Err(Code::BallotNeedsCandidates.into());
    }
    let faceless: Vec<&str> = candidates
        .iter()
        .filter(|candidate| candidate.logo_digest.is_none())
        .map(|candidate| candidate.name.as_str())
        .collect();
    if row.kind == Kind::Logo && !faceless.is_empty() {
        return Err(Problem::from(Code::BallotNeedsLogos).with("names", faceless.join(", ")));
    }
    let now = app.store.ballot_now(on, &app.ambient).await?;
    if row.closes_at.is_some_and(|closes| closes <= now) {
        return Err(Code::BallotClosingPassed.into());
    }
    let mut electors = roll::electors(on, row.workshop_id, &row.eligibility, app.ambient.now(), None).await?;
    electors.retain(|elector| row.eligibility.unmet(&elector.facts).is_empty());
    let size = electors.len();
    if size == 0 {
        return Err(Code::BallotNeedsVoters.into());
    }
    if size < SMALL && !confirm_small {
        return Err(Problem::from(Code::BallotSmallRoll).with("roll", size));
    }
    let mut lines: Vec<roll_table::ActiveModel> = electors
        .into_iter()
        .map(|elector| {
            let salt: [u8; 16] = app.ambient.bytes();
            roll_table::ActiveModel {
                ballot_id: Set(row.id),
                unit_id: Set(elector.person_id),
                registration_id: Set(elector.facts.registration_id),
                leaf: Set(vote::roll_leaf(row.id, &salt, elector.person_id, &elector.address).to_vec()),
                salt: Set(salt.to_vec()),
                voted: Set(None),
            }
        })
        .collect();
    // In order of leaf, which is random: no order of the table says anything.
    lines.sort_by(|a, b| a.leaf.as_ref().cmp(b.leaf.as_ref()));
    for lines in lines.chunks(1000) {
        roll_table::Entity::insert_many(lines.iter().cloned())
            .exec_without_returning(on)
            .await?;
    }
    let method = row.method()?;
    let sealed_key = app.ballot_keys.make(&app.ambient, row.id);
    let mut opened: ballot::ActiveModel = row.into();
    opened.state = Set(State::Open);
    opened.opened_at = Set(Some(now));
    opened.roll_size = Set(Some(i32::try_from(size).map_err(|_| Code::Internal)?));
    opened.vote_body_length = Set(Some(
        i32::try_from(vote::body_length(method, candidates.len())).map_err(|_| Code::Internal)?,
    ));
    opened.sealed_key = Set(Some(sealed_key));
    opened.opening_failed = Set(None);
    Ok(opened.update(on).await?)
}
