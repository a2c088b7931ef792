//! Casting: a vote is checked, sealed and signed here, written by the one [`writer`] of the process,
//! and acknowledged only once it is on disk.
//!
//! While a ballot is open a vote is one row, `cast(ballot_id, mark, sealed)`, whose primary key
//! makes it single whatever the number of processes. Answers are in the order that the voting page
//! promises: a retry of one's own vote is answered like the first time in every later state, and
//! never tells more than one knew.

mod votes;
mod writer;

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse, Responder};
use garde::Validate;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::choice::Choice;
use super::entity::{State, Unit, ballot, candidate, roll};
use super::frozen::{self, Frozen};
use super::listed;
use super::paper::Paper;
use super::proof::manifest::promise_text;
use super::vote::{self, Vote};
use crate::http::{Caller, Code, Fault, Json, Problem, Reply, Unique};
use crate::secrets::hex;
pub use votes::cast::Model as SealedVote;
pub use votes::{destroy, first_from, number, opening, page, voted_among};
pub use writer::{Capacity, Writer};
use writer::{Entry, Outcome};

/// What a voter sends.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "choice": {"candidate": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51"}, "nonce": "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
}))]
pub struct VoteInput {
    /// By method. `plurality`: `{"candidate": id}`. `approval`: `{"candidates": [id…]}`.
    /// `instant_runoff`, `schulze`, `borda`: `{"ranking": [[id], …]}`, best first; in the last two a
    /// group may hold several, who are level; those left out come last together. `score`,
    /// `majority_judgment`: `{"grades": {id: n, …}}`, integers from 0 to the ballot's `max_grade`; a
    /// candidate left out is not graded in the first, has the worst grade in the second. Any:
    /// `{"blank": true}`
    #[garde(skip)]
    #[schema(value_type = Object)]
    choice: Unique,
    /// 32 random bytes in unpadded base64url, drawn and kept by the voter
    #[garde(skip)]
    nonce: String,
}

/// What a voter keeps, beside the choice and the nonce.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "vote_hash": "5c1c0c9a2f2f0f3bb8a1d9b4c0f5f8f6c8e2f2f8d4f7d3b8c1a0f9e8d7c6b5a4",
    "promise": "palabre.example.org/v1/ballots/01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e/promise\n5c1c0c9a2f2f0f3bb8a1d9b4c0f5f8f6c8e2f2f8d4f7d3b8c1a0f9e8d7c6b5a4\n\n— palabre.example.org/v1/ballots/01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
}))]
pub struct Cast {
    /// SHA-256("palabre/vote/v1" 0x00 ballot_id nonce canonical_choice), in hex
    vote_hash: String,
    /// The server's word, signed with the ballot's key, that this hash will be in the tree; null
    /// once the votes are counted, when the receipt takes its place
    promise: Option<String>,
}

/// The 201 of a vote: one length whatever the choice, and not compressed.
pub struct Acknowledged(Reply<Cast>);

impl Responder for Acknowledged {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = self.0.respond_to(request);
        let identity = actix_web::http::header::HeaderValue::from_static("identity");
        response
            .headers_mut()
            .insert(actix_web::http::header::CONTENT_ENCODING, identity);
        response
    }
}

/// Vote
///
/// The client draws a random `nonce`, keeps it with its choice, and pads the body with spaces to the
/// ballot's `vote_body_length`. Sending the same request again is safe at any time: it gets the same
/// answer. The vote cannot be changed.
#[utoipa::path(
    post, path = "/v1/ballots/{ballot_id}/votes", request_body = VoteInput,
    responses((status = 201, body = Cast, headers(("Location" = String, description = "The caller's participation"))))
)]
pub async fn cast(
    mut caller: Caller,
    id: Path<Uuid>,
    body: Result<Json<VoteInput>, Problem>,
) -> Result<Acknowledged, Problem> {
    let tried = match &body {
        Ok(body) => at_once(&caller, *id, &body.0).await?,
        Err(_) => None,
    };
    if let Some((Outcome::Stored, acknowledged)) = tried {
        return Ok(acknowledged);
    }
    // Anything but a new vote: who asks, then what, then the state of things.
    caller.look_now().await?;
    let person_id = caller.person_id()?;
    let reader = caller.app.store.reader();
    let ballot = ballot::find(reader, *id).await?;
    let paper = paper(&caller, &ballot).await?;
    let vote = read(&paper, &body?.0)?;
    if ballot.opened_at.is_none() {
        return Err(Problem::state(Code::BallotNotOpen, ballot.state));
    }
    // The roll does not change once it is frozen: no lock needed.
    let line = roll::Entity::find()
        .filter(roll::Column::BallotId.eq(*id))
        .filter(roll::Column::PersonId.eq(person_id))
        .one(reader)
        .await?;
    let unit_id = line.ok_or(Code::NotOnRoll)?.unit_id;
    let settled = matches!(tried, Some((Outcome::Standing | Outcome::NotOpen, _)));
    if !settled && ballot.state == State::Open && ballot.sealed_key.is_some() {
        let frozen = frozen::of(reader, &caller.app, &ballot).await?;
        if write(&caller, unit_id, &frozen, &vote).await? == Outcome::Stored {
            return Ok(acknowledge(*id, &vote, Some(&frozen)));
        }
    }
    stands(&caller, *id, unit_id, &vote).await
}

/// The ordinary case without a single query of its own: the ballot is known to this process, the
/// vote is well-formed, and the writer's transaction finds the sign-in alive, the person on the roll,
/// the ballot open, and no vote of theirs. Otherwise nothing, and the order of answers decides.
async fn at_once(caller: &Caller, id: Uuid, input: &VoteInput) -> Result<Option<(Outcome, Acknowledged)>, Problem> {
    let Some(frozen) = frozen::known(&caller.app, id) else {
        return Ok(None);
    };
    let Ok(vote) = read(&frozen.paper, input) else {
        return Ok(None);
    };
    // Whom a delegate votes for stands in the roll alone.
    if frozen.manifest.unit != Unit::Person || frozen.is_closed() {
        return Ok(None);
    }
    listed::read_soon(&caller.app, &frozen);
    // Signed while the vote is on its way, and given out only if it arrived.
    let written = write(caller, caller.bearer()?.person_id, &frozen, &vote);
    let signed = async { acknowledge(id, &vote, Some(&frozen)) };
    let (outcome, acknowledged) = futures_util::future::join(written, signed).await;
    Ok(Some((outcome?, acknowledged)))
}

async fn write(caller: &Caller, unit_id: Uuid, frozen: &Frozen, vote: &Vote) -> Result<Outcome, Problem> {
    let (mark, bearer) = (frozen.keys.mark(unit_id), caller.bearer()?);
    let padded = vote.padded(frozen.paper.longest());
    let entry = Entry {
        ballot_id: frozen.ballot_id(),
        mark,
        sealed: frozen
            .keys
            .seal(&caller.app.ambient, &mark, &padded)
            .ok_or(Code::Internal)?,
        person_id: bearer.person_id,
        sign_in_id: bearer.sign_in_id,
        listed: frozen.listed.has(bearer.person_id),
        seen: caller.seen(),
    };
    caller.app.votes.write(entry).await
}

/// The answer when nothing new was written: one's own vote stands as sent, or the reason why not.
async fn stands(caller: &Caller, id: Uuid, unit_id: Uuid, vote: &Vote) -> Result<Acknowledged, Problem> {
    let snapshot = caller.app.store.snapshot().await?;
    let ballot = ballot::find(&snapshot, id).await?;
    if ballot.counted_at.is_some() {
        return if votes::stands_counted(&snapshot, id, unit_id, vote).await? {
            Ok(acknowledge(id, vote, None))
        } else {
            refuse(&ballot)
        };
    }
    if ballot.sealed_key.is_none() {
        return refuse(&ballot);
    }
    let frozen = frozen::of(&snapshot, &caller.app, &ballot).await?;
    let now = caller.app.store.ballot_now(&snapshot, &caller.app.ambient).await?;
    let open = ballot.state == State::Open && ballot.closes_at.is_none_or(|closes| now < closes);
    match votes::standing(&snapshot, &frozen, &frozen.keys.mark(unit_id)).await? {
        Some(standing) if standing == *vote => Ok(acknowledge(id, vote, Some(&frozen))),
        Some(_) if open => Err(Code::AlreadyVoted.into()),
        // It was refused when it came, for a reason that no longer holds: it may come again.
        None if open => Err(Code::Unavailable.into()),
        Some(_) | None => refuse(&ballot),
    }
}

/// The promise is signed anew every time, to the same bytes.
fn acknowledge(id: Uuid, vote: &Vote, frozen: Option<&Frozen>) -> Acknowledged {
    let hash = vote.hash(id);
    let promise = frozen.map(|frozen| frozen.keys.signer.sign(&promise_text(&frozen.manifest.origin, &hash)));
    let cast = Cast {
        vote_hash: hex(&hash),
        promise,
    };
    Acknowledged(
        Reply::plain(cast)
            .status(StatusCode::CREATED)
            .location(format!("/v1/ballots/{id}/participation")),
    )
}

/// What a vote in a ballot may say, read from the database.
async fn paper(caller: &Caller, ballot: &ballot::Model) -> Result<Paper, Problem> {
    let candidates = candidate::of(caller.app.store.reader(), [ballot.id]).await?;
    ballot.paper(&candidates)
}

/// The vote as it will be sealed.
fn read(paper: &Paper, input: &VoteInput) -> Result<Vote, Problem> {
    let mut faults = Vec::new();
    let nonce = vote::nonce(&input.nonce);
    if nonce.is_none() {
        faults.push(Fault::new("/nonce", "not_a_nonce"));
    }
    match (Choice::parse(paper, &input.choice.0), nonce) {
        (Ok(choice), Some(nonce)) => Ok(Vote {
            canonical: choice.canonical(),
            nonce,
        }),
        (parsed, _) => {
            let wrong = parsed.err().unwrap_or_default();
            faults.extend(
                wrong
                    .into_iter()
                    .map(|fault| Fault::new(format!("/choice{}", fault.pointer), fault.code)),
            );
            Err(Problem::from(Code::Invalid).faults(faults))
        }
    }
}

/// Too late, or cancelled. A ballot whose time is up counts as closed even before its closer comes.
fn refuse<T>(ballot: &ballot::Model) -> Result<T, Problem> {
    let state = if ballot.state == State::Open {
        State::Closed
    } else {
        ballot.state
    };
    Err(Problem::state(Code::BallotNotOpen, state))
}
