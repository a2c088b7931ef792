//! What a person sees of their own part in a ballot, and what everyone sees of all.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Path;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, StreamTrait};
use serde::Serialize;
use utoipa::ToSchema;

use super::eligibility::{Facts, Unmet};
use super::entity::{State, ballot, roll_line};
use super::lacking::Lack;
use super::quorum::Quorum;
use super::roll::{self, RollEntry};
use super::{casting, tally};
use crate::http::{Answer, Caller, Etag, Language, Problem, Reply, SUPERVISION, Worded, resource};
use crate::identity::person;
use crate::instant::Instant;
use crate::registrations::is_few;

/// One's own part in a ballot.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "ballot_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "state": "draft", "on_roll": false, "voted": false, "unmet": ["pledge"],
    "lacks": [{"code": "pledge", "detail": "Pas d'adhésion à la charte de la coalition."}], "entry": null, "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Participation {
    pub ballot_id: Uuid,
    pub state: State,
    /// In draft: whether one would be on the roll if it opened now
    pub on_roll: bool,
    pub voted: bool,
    /// What one lacks to be on the roll
    pub unmet: Vec<Unmet>,
    /// The same in sentences, with how far one has come
    lacks: Vec<Lack>,
    /// What stands for one in the frozen roll, so that one can find oneself in the audit bundle
    entry: Option<RollEntry>,
    etag: Etag,
}

resource!(Participation);

/// Read my participation
///
/// In draft too, so that everyone sees in time what they still lack; in words of the language of
/// `Accept-Language`.
#[utoipa::path(get, path = "/v1/ballots/{ballot_id}/participation", responses((status = 200, body = Participation)))]
pub async fn participation(caller: Caller, id: Path<Uuid>, request: HttpRequest) -> Worded<Participation> {
    let language = Language::of(request.headers());
    let snapshot = caller.app.store.snapshot().await?;
    let ballot = ballot::find(&snapshot, *id).await?;
    Reply::ok(of(&snapshot, &caller, &ballot, language).await?).worded(language)
}

async fn of(
    on: &(impl ConnectionTrait + StreamTrait),
    caller: &Caller,
    ballot: &ballot::Model,
    language: Language,
) -> Result<Participation, Problem> {
    let person_id = caller.person_id()?;
    let mut own = stand(on, caller, std::slice::from_ref(ballot)).await?;
    let (stand, line) = own.pop().unwrap_or_default();
    let entry = match line {
        Some(line) => {
            let person = person::Entity::find_by_id(person_id).one(on).await?;
            Some(RollEntry::new(&line, person.map(|person| person.address)))
        }
        None => None,
    };
    Ok(Participation {
        ballot_id: ballot.id,
        state: ballot.state,
        on_roll: stand.on_roll,
        voted: stand.voted,
        lacks: stand.facts.map_or_else(Vec::new, |facts| {
            ballot
                .eligibility
                .explained(&stand.unmet, ballot.unit, &facts, language)
        }),
        unmet: stand.unmet,
        entry,
        etag: Etag::default(),
    })
}

/// How the caller stands in a ballot.
#[derive(Default)]
struct Stand {
    on_roll: bool,
    voted: bool,
    unmet: Vec<Unmet>,
    /// As the rule sees them now; none of those on the frozen roll.
    facts: Option<Facts>,
}

/// How the caller stands in each of these ballots of one workshop, with their line of the roll: a
/// constant number of queries, whatever the number of ballots.
async fn stand(
    on: &(impl ConnectionTrait + StreamTrait),
    caller: &Caller,
    ballots: &[ballot::Model],
) -> Result<Vec<(Stand, Option<roll_line::Model>)>, Problem> {
    let (own, person_id) = (caller.own()?, caller.person_id()?);
    let opened = ballots.iter().filter(|ballot| ballot.opened_at.is_some());
    let mut lines: HashMap<Uuid, roll_line::Model> = roll_line::Entity::find()
        .filter(roll_line::Column::BallotId.is_in(opened.map(|ballot| ballot.id)))
        .filter(roll_line::Column::PersonId.eq(person_id))
        .all(on)
        .await?
        .into_iter()
        .map(|line| (line.ballot_id, line))
        .collect();
    let sealed = ballots.iter().filter_map(|ballot| {
        let line = lines.get(&ballot.id).filter(|line| line.voted.is_none())?;
        Some((ballot, line.unit_id))
    });
    let casts = casting::voted_among(on, &caller.app, sealed).await?;
    let elsewhere: Vec<&ballot::Model> = ballots
        .iter()
        .filter(|ballot| !lines.contains_key(&ballot.id))
        .collect();
    let facts = roll::facts_of(on, &elsewhere, own.registration_id, caller.now()).await?;
    let facts: HashMap<Uuid, Facts> = elsewhere.iter().map(|ballot| ballot.id).zip(facts).collect();
    let stand = |ballot: &ballot::Model| {
        if let Some(line) = lines.remove(&ballot.id) {
            let stand = Stand {
                on_roll: true,
                voted: line.voted.unwrap_or_else(|| casts.contains(&ballot.id)),
                ..Stand::default()
            };
            return (stand, Some(line));
        }
        let facts = facts.get(&ballot.id).copied();
        let lacking = |facts: &Facts| ballot.eligibility.unmet(ballot.unit, facts);
        let mut unmet = facts.as_ref().map(lacking).unwrap_or_default();
        if ballot.opened_at.is_some() && unmet.is_empty() {
            unmet.push(Unmet::Frozen);
        }
        let stand = Stand {
            on_roll: unmet.is_empty(),
            voted: false,
            unmet,
            facts,
        };
        (stand, None)
    };
    Ok(ballots.iter().map(stand).collect())
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
pub async fn parts(on: &(impl ConnectionTrait + StreamTrait), caller: &Caller) -> Result<Vec<BallotPart>, Problem> {
    let ballots = ballot::Entity::find()
        .filter(ballot::Column::WorkshopId.eq(caller.workshop_id()?))
        .filter(ballot::Column::State.ne(State::Cancelled))
        .order_by_asc(ballot::Column::Id)
        .all(on)
        .await?;
    let stands = stand(on, caller, &ballots).await?;
    let part = |(ballot, (stand, _)): (ballot::Model, (Stand, _))| BallotPart {
        ballot_id: ballot.id,
        question: ballot.question,
        state: ballot.state,
        closes_at: ballot.closes_at,
        on_roll: stand.on_roll,
        voted: stand.voted,
        unmet: stand.unmet,
    };
    Ok(ballots.into_iter().zip(stands).map(part).collect())
}

/// How many have voted out of how many.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"ballot_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "state": "open", "roll": 42, "votes": 17, "quorum": null, "etag": "q1w2e3r4t5y6u7i8o9p0aA"}))]
pub struct Turnout {
    ballot_id: Uuid,
    state: State,
    /// How many are entitled to vote; in draft, how many would be if it opened now, and then null when
    /// they are fewer than 5, to those who may not see who
    roll: Option<u64>,
    /// How many have voted
    votes: u64,
    /// Null when the ballot asks for none
    quorum: Option<Quorum>,
    etag: Etag,
}

resource!(Turnout);

/// Read the turnout
///
/// How many are entitled to vote and how many have voted; never for what. In draft a roll of fewer than
/// 5 is told to organisers and auditors only.
#[utoipa::path(get, path = "/v1/ballots/{ballot_id}/turnout", responses((status = 200, body = Turnout)))]
pub async fn turnout(caller: Caller, id: Path<Uuid>) -> Answer<Turnout> {
    let snapshot = caller.app.store.snapshot().await?;
    let ballot = ballot::find(&snapshot, *id).await?;
    let roll = match ballot.roll_size {
        Some(_) => ballot.roll(),
        None if ballot.state == State::Cancelled => 0,
        None => {
            let admitted = |elector: roll::Elector| {
                let unmet = ballot.eligibility.unmet(ballot.unit, &elector.facts);
                unmet.is_empty().then_some(())
            };
            roll::electors(&snapshot, &ballot, caller.now(), admitted).await?.len() as u64
        }
    };
    // What few have done, say, shows in how many a rule would let vote. Opened, the roll is public.
    let few = i64::try_from(roll).is_ok_and(is_few);
    let withheld = few && ballot.roll_size.is_none() && !caller.is(SUPERVISION);
    let (votes, blanks) = match tally::must_be_counted(&ballot) {
        Ok(count) => (count.votes, Some(count.blanks)),
        Err(_) => (casting::number(&snapshot, *id).await?, None),
    };
    Ok(Reply::ok(Turnout {
        ballot_id: ballot.id,
        state: ballot.state,
        roll: (!withheld).then_some(roll),
        votes,
        quorum: ballot.quorum(roll, votes, blanks),
        etag: Etag::default(),
    }))
}
