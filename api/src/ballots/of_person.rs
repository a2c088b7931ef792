//! One person's part in all ballots: read for their export, and what is forgotten of it once they
//! have erased themself.
//!
//! A line of the roll stays, so that roll, turnout and tally stay. Its salt goes, without which the
//! leaf can no longer be told to stand for an address, but only once nothing rests on the roll any
//! more: until the ballot is counted, its auditors must be able to check every line.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QueryOrder, QuerySelect, QueryTrait as _};
use serde::Serialize;
use utoipa::ToSchema;

use super::casting;
use super::entity::{State, ballot, roll, roll_line};
use crate::app::App;
use crate::http::Problem;
use crate::identity::person;
use crate::registrations::{State as RegistrationState, entity as registration, merges};

/// What is left of a salt.
pub const NO_SALT: [u8; 16] = [0; 16];

/// My part in a ballot. What I chose is not in it: the server does not know.
#[derive(Serialize, ToSchema)]
pub struct ExportedBallot {
    id: Uuid,
    workshop_id: Uuid,
    question: String,
    state: State,
    /// I was entitled to vote
    on_roll: bool,
    /// I have voted; null when that was never established, because the ballot was cancelled
    voted: Option<bool>,
}

/// The ballots that were opened in a person's workshops, oldest first: those of which they are on
/// the roll, and those they see as members.
pub async fn of_person(on: &impl ConnectionTrait, app: &App, person_id: Uuid) -> Result<Vec<ExportedBallot>, Problem> {
    let registrations: HashMap<Uuid, RegistrationState> = registration::Entity::find()
        .select_only()
        .columns([registration::Column::WorkshopId, registration::Column::State])
        .filter(registration::Column::PersonId.eq(person_id))
        .into_tuple::<(Uuid, RegistrationState)>()
        .all(on)
        .await?
        .into_iter()
        .collect();
    // Where their place was merged into another's they see no ballot, but stand on earlier rolls.
    let left = merges::workshops_of(on, person_id).await?;
    let workshops = registrations.keys().copied().chain(left);
    let ballots = ballot::Entity::find()
        .filter(ballot::Column::WorkshopId.is_in(workshops))
        .filter(ballot::Column::OpenedAt.is_not_null())
        .order_by_asc(ballot::Column::Id)
        .all(on)
        .await?;
    let lines: HashMap<Uuid, (Uuid, Option<bool>)> = roll_line::Entity::find()
        .select_only()
        .columns([
            roll_line::Column::BallotId,
            roll_line::Column::UnitId,
            roll_line::Column::Voted,
        ])
        .filter(roll_line::Column::BallotId.is_in(ballots.iter().map(|ballot| ballot.id)))
        .filter(roll_line::Column::PersonId.eq(person_id))
        .into_tuple::<(Uuid, Uuid, Option<bool>)>()
        .all(on)
        .await?
        .into_iter()
        .map(|(ballot_id, unit_id, voted)| (ballot_id, (unit_id, voted)))
        .collect();
    let sealed = ballots.iter().filter_map(|ballot| {
        let (unit_id, _) = lines.get(&ballot.id).filter(|(_, voted)| voted.is_none())?;
        Some((ballot, *unit_id))
    });
    let casts = casting::voted_among(on, app, sealed).await?;
    let exported = ballots.into_iter().filter_map(|ballot| {
        let line = lines.get(&ballot.id).map(|(_, voted)| voted);
        let member = matches!(
            registrations.get(&ballot.workshop_id),
            Some(RegistrationState::Invited | RegistrationState::Confirmed)
        );
        let voted = match line {
            Some(Some(voted)) => Some(*voted),
            Some(None) if ballot.state == State::Cancelled => None,
            Some(None) => Some(casts.contains(&ballot.id)),
            None if member => Some(false),
            None => return None,
        };
        Some(ExportedBallot {
            on_roll: line.is_some(),
            voted,
            id: ballot.id,
            workshop_id: ballot.workshop_id,
            question: ballot.question,
            state: ballot.state,
        })
    });
    Ok(exported.collect())
}

/// Of a person who is about to be erased in this transaction.
pub async fn forget(on: &impl ConnectionTrait, person_id: Uuid) -> Result<(), Problem> {
    let workshops = registration::Entity::find()
        .select_only()
        .column(registration::Column::WorkshopId)
        .filter(registration::Column::PersonId.eq(person_id));
    let left = merges::workshops_of(on, person_id).await?;
    let theirs = Condition::any()
        .add(ballot::Column::WorkshopId.in_subquery(workshops.into_query()))
        .add(ballot::Column::WorkshopId.is_in(left));
    let done = settled(on, theirs).await?;
    let lines = Condition::all()
        .add(roll::Column::BallotId.is_in(done))
        .add(roll::Column::PersonId.eq(person_id));
    wipe_salts(on, lines).await
}

/// Of a ballot that is about to be counted or cancelled in this transaction, which holds it.
pub async fn forget_erased(on: &impl ConnectionTrait, ballot_id: Uuid) -> Result<(), Problem> {
    let lines = Condition::all()
        .add(roll::Column::BallotId.eq(ballot_id))
        .add(roll::Column::PersonId.in_subquery(person::erased()));
    wipe_salts(on, lines).await
}

/// Of a workshop that names nobody any more.
pub async fn forget_rolls(on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<(), Problem> {
    let done = settled(on, ballot::Column::WorkshopId.eq(workshop_id)).await?;
    wipe_salts(on, Condition::all().add(roll::Column::BallotId.is_in(done))).await
}

/// The ballots among these whose rolls nothing rests on any more. Held like a vote holds them: a count
/// or a cancellation comes before, and is seen here, or after, and sees that the person is erased.
async fn settled(on: &impl ConnectionTrait, which: impl sea_orm::sea_query::IntoCondition) -> Result<Vec<Uuid>, DbErr> {
    let ballots = ballot::Entity::find()
        .filter(which)
        .filter(ballot::Column::OpenedAt.is_not_null())
        .order_by_asc(ballot::Column::Id)
        .lock_shared()
        .all(on)
        .await?;
    let done = ballots
        .iter()
        .filter(|ballot| ballot.counted_at.is_some() || ballot.state == State::Cancelled);
    Ok(done.map(|ballot| ballot.id).collect())
}

async fn wipe_salts(on: &impl ConnectionTrait, lines: Condition) -> Result<(), Problem> {
    roll::Entity::update_many()
        .col_expr(roll::Column::Salt, Expr::value(NO_SALT.to_vec()))
        .filter(lines)
        .exec(on)
        .await?;
    Ok(())
}
