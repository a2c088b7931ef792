//! Casting: the transaction of a vote.
//!
//! While a ballot is open a vote is one row, `cast(ballot_id, mark, sealed)`, whose primary key
//! makes it single whatever the number of processes. The transaction first takes the ballot's row
//! `FOR SHARE`, so that any number of votes pass together but none passes a closing, cancelling or
//! extending, which take it `FOR UPDATE`; then asks the database's clock; then inserts `ON CONFLICT
//! DO NOTHING`. A plain read in place of the lock would let a vote be acknowledged after the count.
//!
//! Answers are in the order that the voting page promises: a retry of one's own vote is answered
//! like the first time in every later state, and never tells more than one knew.

use std::collections::HashSet;

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse, Responder};
use garde::Validate;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::choice::{self, Choice};
use super::entity::{State, ballot, candidate, roll};
use super::keys::BallotKeys;
use super::vote::{self, Vote};
use crate::app::App;
use crate::http::{Caller, Code, Fault, Json, Problem, Reply, Unique};
use crate::secrets::hex;

/// What a voter sends.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "choice": {"candidate": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51"}, "nonce": "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
}))]
pub struct VoteInput {
    /// By method: `{"candidate": id}`, `{"candidates": [id…]}`, `{"ranking": [[id, …ties], …]}`; any: `{"blank": true}`
    #[garde(skip)]
    #[schema(value_type = Object)]
    choice: Unique,
    /// 32 random bytes in unpadded base64url, drawn and kept by the voter
    #[garde(skip)]
    nonce: String,
}

/// The receipt for now: the hash that stands for the vote.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"vote_hash": "5c1c0c9a2f2f0f3bb8a1d9b4c0f5f8f6c8e2f2f8d4f7d3b8c1a0f9e8d7c6b5a4"}))]
pub struct Cast {
    /// SHA-256("palabre/vote/v1" 0x00 ballot_id nonce canonical_choice), in hex
    vote_hash: String,
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
pub async fn cast(mut caller: Caller, id: Path<Uuid>, body: Json<VoteInput>) -> Result<Acknowledged, Problem> {
    let person_id = caller.person_id()?;
    let (ballot, vote, longest) = read(&caller, *id, body.0).await?;
    if ballot.opened_at.is_none() {
        return Err(Problem::state(Code::BallotNotOpen, ballot.state));
    }
    // The roll does not change once it is frozen: no lock needed.
    if roll::Entity::find_by_id((*id, person_id))
        .one(caller.app.store.reader())
        .await?
        .is_none()
    {
        return Err(Code::NotOnRoll.into());
    }
    let acknowledged = Acknowledged(
        Reply::plain(Cast {
            vote_hash: hex(&vote.hash(*id)),
        })
        .status(StatusCode::CREATED)
        .location(format!("/v1/ballots/{id}/participation")),
    );
    let transaction = caller.begin_lasting().await?;
    let ballot = ballot::lock_shared(&transaction, *id).await?;
    if ballot.counted_at.is_some() {
        return if stands_counted(&transaction, &ballot, person_id, &vote).await? {
            Ok(acknowledged)
        } else {
            refuse(&ballot)
        };
    }
    let Some(keys) = keys(&caller.app, &ballot)? else {
        return refuse(&ballot);
    };
    let mark = keys.mark(person_id);
    let now = caller.app.store.ballot_now(&transaction, &caller.app.ambient).await?;
    let open = ballot.state == State::Open && ballot.closes_at.is_none_or(|closes| now < closes);
    if open {
        let sealed = keys.seal(&caller.app.ambient, &mark, &vote.padded(longest));
        if insert(&transaction, *id, &mark, sealed).await? {
            transaction.commit().await?;
            return Ok(acknowledged);
        }
    }
    match standing(&transaction, &keys, *id, &mark).await? {
        Some(standing) if standing == vote => Ok(acknowledged),
        Some(_) if open => Err(Code::AlreadyVoted.into()),
        Some(_) | None => refuse(&ballot),
    }
}

/// The ballot, the vote as it will be sealed, and the longest a choice can be.
async fn read(caller: &Caller, id: Uuid, input: VoteInput) -> Result<(ballot::Model, Vote, usize), Problem> {
    let reader = caller.app.store.reader();
    let ballot = ballot::find(reader, id).await?;
    let candidates: std::collections::BTreeSet<Uuid> = candidate::of(reader, [id])
        .await?
        .into_iter()
        .map(|candidate| candidate.id)
        .collect();
    let method = ballot.method()?;
    let value: Value = input.choice.into();
    let mut faults = Vec::new();
    let nonce = vote::nonce(&input.nonce);
    if nonce.is_none() {
        faults.push(Fault::new("/nonce", "not_a_nonce"));
    }
    match (Choice::parse(method, &candidates, &value), nonce) {
        (Ok(choice), Some(nonce)) => {
            let vote = Vote {
                canonical: choice.canonical(),
                nonce,
            };
            Ok((ballot, vote, choice::longest_canonical(method, candidates.len())))
        }
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

fn keys(app: &App, ballot: &ballot::Model) -> Result<Option<BallotKeys>, Problem> {
    let Some(sealed) = &ballot.sealed_key else {
        return Ok(None);
    };
    app.ballot_keys.open(ballot.id, sealed).map(Some).map_err(|_| {
        tracing::error!(ballot = %ballot.id, "the ballot's key does not open: PALABRE_SECRET is not the one it was made with");
        Code::Internal.into()
    })
}

/// Whether the vote was written just now; otherwise one stands under this mark already.
async fn insert(on: &impl ConnectionTrait, ballot_id: Uuid, mark: &[u8; 32], sealed: Vec<u8>) -> Result<bool, Problem> {
    let row = table::ActiveModel {
        ballot_id: Set(ballot_id),
        mark: Set(mark.to_vec()),
        sealed: Set(sealed),
    };
    // Named columns and no error: PostgreSQL would log the values of a violated constraint.
    let on_conflict = OnConflict::columns([table::Column::BallotId, table::Column::Mark])
        .do_nothing()
        .to_owned();
    let rows = table::Entity::insert(row)
        .on_conflict(on_conflict)
        .exec_without_returning(on)
        .await?;
    Ok(rows == 1)
}

async fn standing(
    on: &impl ConnectionTrait,
    keys: &BallotKeys,
    ballot_id: Uuid,
    mark: &[u8; 32],
) -> Result<Option<Vote>, Problem> {
    let Some(row) = table::Entity::find_by_id((ballot_id, mark.to_vec())).one(on).await? else {
        return Ok(None);
    };
    let vote = keys.open(mark, &row.sealed).ok().as_deref().and_then(Vote::read);
    vote.map(Some).ok_or_else(|| {
        tracing::error!(ballot = %ballot_id, "a sealed vote does not open");
        Code::Internal.into()
    })
}

/// Once counted: one's own `voted` flag, and the hash among the openings.
async fn stands_counted(
    on: &impl ConnectionTrait,
    ballot: &ballot::Model,
    person_id: Uuid,
    vote: &Vote,
) -> Result<bool, Problem> {
    let line = roll::Entity::find_by_id((ballot.id, person_id)).one(on).await?;
    if line.and_then(|line| line.voted) != Some(true) {
        return Ok(false);
    }
    let hash = vote.hash(ballot.id).to_vec();
    let select = opening::Entity::find()
        .filter(opening::Column::BallotId.eq(ballot.id))
        .filter(opening::Column::VoteHash.eq(hash));
    Ok(select.one(on).await?.is_some())
}

/// Whether the person has voted, asked while the votes are sealed.
pub async fn has_voted(
    on: &impl ConnectionTrait,
    app: &App,
    ballot: &ballot::Model,
    person_id: Uuid,
) -> Result<bool, Problem> {
    let Some(keys) = keys(app, ballot)? else {
        return Ok(false);
    };
    Ok(table::Entity::find_by_id((ballot.id, keys.mark(person_id).to_vec()))
        .one(on)
        .await?
        .is_some())
}

/// In which of these ballots the person has voted, asked at once and while the votes are sealed.
pub async fn voted_among(
    on: &impl ConnectionTrait,
    app: &App,
    ballots: impl IntoIterator<Item = &ballot::Model>,
    person_id: Uuid,
) -> Result<HashSet<Uuid>, Problem> {
    let mut marks = Vec::new();
    for ballot in ballots {
        if let Some(keys) = keys(app, ballot)? {
            marks.push((ballot.id, keys.mark(person_id).to_vec()));
        }
    }
    // A mark is of one ballot alone; naming the ballots too lets the primary key be used.
    let voted: Vec<Uuid> = table::Entity::find()
        .select_only()
        .column(table::Column::BallotId)
        .filter(table::Column::BallotId.is_in(marks.iter().map(|(ballot_id, _)| *ballot_id)))
        .filter(table::Column::Mark.is_in(marks.iter().map(|(_, mark)| mark.clone())))
        .into_tuple()
        .all(on)
        .await?;
    Ok(voted.into_iter().collect())
}

/// How many have voted, while the votes are sealed.
pub async fn number(on: &impl ConnectionTrait, ballot_id: Uuid) -> Result<u64, Problem> {
    use sea_orm::PaginatorTrait as _;
    Ok(table::Entity::find()
        .filter(table::Column::BallotId.eq(ballot_id))
        .count(on)
        .await?)
}

/// Every sealed vote of a ballot, by mark.
pub async fn all(on: &impl ConnectionTrait, ballot_id: Uuid) -> Result<Vec<table::Model>, Problem> {
    Ok(table::Entity::find()
        .filter(table::Column::BallotId.eq(ballot_id))
        .order_by_asc(table::Column::Mark)
        .all(on)
        .await?)
}

/// Removes the sealed votes: they are counted, or the ballot is cancelled.
pub async fn destroy(on: &impl ConnectionTrait, ballot_id: Uuid) -> Result<(), Problem> {
    table::Entity::delete_many()
        .filter(table::Column::BallotId.eq(ballot_id))
        .exec(on)
        .await?;
    Ok(())
}

pub mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "cast")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ballot_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false, column_type = "VarBinary(StringLen::None)")]
        pub mark: Vec<u8>,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub sealed: Vec<u8>,
    }

    /// No mark and no vote in any log, not even by mistake.
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cast(…)")
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod opening {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "opening")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ballot_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i32,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub vote_hash: Vec<u8>,
        pub choice: String,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub nonce: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
