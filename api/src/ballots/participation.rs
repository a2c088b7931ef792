//! What a person sees of their own part in a ballot, and what everyone sees of all.

use actix_web::web::Path;
use sea_orm::QueryOrder as _;
use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::eligibility::Unmet;
use super::entity::{State, ballot, roll as roll_table};
use super::roll::{self, RollEntry};
use super::{casting, tally};
use crate::http::{Answer, Caller, Etag, Problem, Reply, resource};
use crate::identity::person;
use crate::instant::Instant;

/// One's own part in a ballot.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "ballot_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "state": "draft", "on_roll": false, "voted": false, "unmet": ["pledge"], "entry": null, "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Participation {
    pub ballot_id: Uuid,
    pub state: State,
    /// In draft: whether one would be on the roll if it opened now
    pub on_roll: bool,
    pub voted: bool,
    /// What one lacks to be on the roll
    pub unmet: Vec<Unmet>,
    /// What stands for one in the frozen roll, so that one can find oneself in the audit bundle
    entry: Option<RollEntry>,
    etag: Etag,
}

resource!(Participation);

/// Read my participation
///
/// In draft too, so that everyone sees in time what they still lack.
#[utoipa::path(get, path = "/v1/ballots/{ballot_id}/participation", responses((status = 200, body = Participation)))]
pub async fn participation(caller: Caller, id: Path<Uuid>) -> Answer<Participation> {
    let snapshot = caller.app.store.snapshot().await?;
    let ballot = ballot::find(&snapshot, *id).await?;
    Ok(Reply::ok(of(&snapshot, &caller, &ballot).await?))
}

pub async fn of(on: &impl ConnectionTrait, caller: &Caller, ballot: &ballot::Model) -> Result<Participation, Problem> {
    let own = caller.own()?;
    let person_id = caller.person_id()?;
    let answer = |on_roll, voted, unmet| Participation {
        ballot_id: ballot.id,
        state: ballot.state,
        on_roll,
        voted,
        unmet,
        entry: None,
        etag: Etag::default(),
    };
    if ballot.opened_at.is_some()
        && let Some(line) = roll_table::Entity::find_by_id((ballot.id, person_id)).one(on).await?
    {
        let voted = match line.voted {
            Some(voted) => voted,
            None => casting::has_voted(on, &caller.app, ballot, person_id).await?,
        };
        let address = person::Entity::find_by_id(person_id)
            .one(on)
            .await?
            .map(|person| person.address);
        let entry = Some(RollEntry::new(&line, address));
        return Ok(Participation {
            entry,
            ..answer(true, voted, Vec::new())
        });
    }
    let unmet = roll::unmet_of(on, ballot, own.registration_id, caller.now()).await?;
    Ok(match (ballot.opened_at, unmet.is_empty()) {
        (None, on_roll) => answer(on_roll, false, unmet),
        (Some(_), true) => answer(false, false, vec![Unmet::Frozen]),
        (Some(_), false) => answer(false, false, unmet),
    })
}

/// A ballot on the first screen, with one's own part in it.
#[derive(Serialize, ToSchema)]
pub struct BallotPart {
    ballot_id: Uuid,
    question: String,
    state: State,
    closes_at: Option<Instant>,
    /// In draft: whether I would be on the roll if it opened now
    on_roll: bool,
    voted: bool,
    /// What I lack to be on the roll
    unmet: Vec<Unmet>,
}

/// Every ballot of the caller's workshop but cancelled ones, oldest first.
pub async fn parts(on: &impl ConnectionTrait, caller: &Caller) -> Result<Vec<BallotPart>, Problem> {
    let ballots = ballot::Entity::find()
        .filter(ballot::Column::WorkshopId.eq(caller.workshop_id()?))
        .filter(ballot::Column::State.ne(State::Cancelled))
        .order_by_asc(ballot::Column::Id)
        .all(on)
        .await?;
    let mut parts = Vec::with_capacity(ballots.len());
    for ballot in ballots {
        let part = of(on, caller, &ballot).await?;
        parts.push(BallotPart {
            ballot_id: ballot.id,
            question: ballot.question,
            state: ballot.state,
            closes_at: ballot.closes_at,
            on_roll: part.on_roll,
            voted: part.voted,
            unmet: part.unmet,
        });
    }
    Ok(parts)
}

/// How many have voted out of how many.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"ballot_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "state": "open", "roll": 42, "votes": 17, "etag": "q1w2e3r4t5y6u7i8o9p0aA"}))]
pub struct Turnout {
    ballot_id: Uuid,
    state: State,
    /// How many are entitled to vote; in draft, how many would be if it opened now
    roll: u64,
    /// How many have voted
    votes: u64,
    etag: Etag,
}

resource!(Turnout);

/// Read the turnout
///
/// How many are entitled to vote and how many have voted; never for what.
#[utoipa::path(get, path = "/v1/ballots/{ballot_id}/turnout", responses((status = 200, body = Turnout)))]
pub async fn turnout(caller: Caller, id: Path<Uuid>) -> Answer<Turnout> {
    let snapshot = caller.app.store.snapshot().await?;
    let ballot = ballot::find(&snapshot, *id).await?;
    let roll = match ballot.roll_size {
        Some(size) => u64::try_from(size).unwrap_or_default(),
        None if ballot.state == State::Cancelled => 0,
        None => {
            let electors =
                roll::electors(&snapshot, ballot.workshop_id, &ballot.eligibility, caller.now(), None).await?;
            electors
                .iter()
                .filter(|elector| ballot.eligibility.unmet(&elector.facts).is_empty())
                .count() as u64
        }
    };
    let votes = match tally::must_be_counted(&ballot) {
        Ok(count) => count.votes,
        Err(_) => casting::number(&snapshot, *id).await?,
    };
    Ok(Reply::ok(Turnout {
        ballot_id: ballot.id,
        state: ballot.state,
        roll,
        votes,
        etag: Etag::default(),
    }))
}
