//! Closing: two transactions.
//!
//! The first is short: state and instant, under the lock that no vote passes. The second opens
//! every sealed row, counts, writes the openings in order of vote hash and the `voted` flags in
//! order of roll leaf, deletes the sealed rows and destroys the key. Killed at any point it is
//! repeated by whichever process lives, to the same bytes: nothing in it is random or asks a clock
//! but `counted_at`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use actix_web::web::Data;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseBackend, IntoActiveModel, QueryOrder, Statement};

use super::casting::{self, opening};
use super::choice::Choice;
use super::counting::{self, Votes};
use super::entity::{State, ballot, candidate, roll};
use super::of_person;
use super::vote::Vote;
use crate::app::App;
use crate::http::{Code, Problem};

/// A small ballot is counted before the answer to its closing; a large one goes on by itself.
const COURTESY: Duration = Duration::from_secs(5);

/// First transaction: the caller has locked the ballot and found it open.
pub async fn close(on: &impl ConnectionTrait, app: &App, row: ballot::Model) -> Result<ballot::Model, Problem> {
    let mut closed: ballot::ActiveModel = row.into();
    closed.state = Set(State::Closed);
    closed.closed_at = Set(Some(app.store.ballot_now(on, &app.ambient).await?));
    Ok(closed.update(on).await?)
}

/// Starts the count, and waits for it a little; it goes on even if nobody waits.
pub async fn count_soon(app: &Data<App>, id: Uuid) {
    let app = app.clone();
    let count = tokio::spawn(async move {
        if let Err(problem) = count(&app, id).await {
            tracing::warn!(ballot = %id, %problem, "counting will be tried again");
        }
    });
    // Ran out of patience or finished: the caller reads the ballot's state in either case.
    drop(tokio::time::timeout(COURTESY, count).await);
}

/// What stops a count, loudly.
struct Anomaly(&'static str);

struct Counted {
    openings: Vec<opening::Model>,
    /// Units of the roll in order of leaf, with whether they voted.
    flags: Vec<(Uuid, bool)>,
    count: counting::Count,
}

/// Second transaction, with everything that can be done before it.
async fn count(app: &App, id: Uuid) -> Result<(), Problem> {
    let transaction = app.store.write().await?;
    if !is_ours(&transaction, id).await? {
        return Ok(());
    }
    let row = ballot::find(&transaction, id).await?;
    if row.state != State::Closed || row.counted_at.is_some() {
        return Ok(());
    }
    let candidates: Vec<Uuid> = candidate::of(&transaction, [id])
        .await?
        .into_iter()
        .map(|candidate| candidate.id)
        .collect();
    let casts = casting::all(&transaction, id).await?;
    let lines = roll::Entity::find()
        .filter(roll::Column::BallotId.eq(id))
        .order_by_asc(roll::Column::Leaf)
        .all(&transaction)
        .await?;
    let counted = match open_all(app, &row, &candidates, &casts, &lines) {
        Ok(counted) => counted,
        Err(Anomaly(why)) => {
            tracing::error!(ballot = %id, why, "COUNT FAILED: the ballot stays uncounted and nothing was changed");
            let mut failed: ballot::ActiveModel = row.into();
            failed.count_failed = Set(Some(why.to_owned()));
            failed.update(&transaction).await?;
            transaction.commit().await?;
            return Ok(());
        }
    };
    write(&transaction, app, row, counted).await?;
    transaction.commit().await?;
    app.store.truncate_log().await;
    tracing::info!(ballot = %id, "counted");
    Ok(())
}

/// One process counts a ballot at a time; on SQLite the write transaction says so already.
async fn is_ours(on: &impl ConnectionTrait, id: Uuid) -> Result<bool, Problem> {
    if on.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(true);
    }
    let (high, low) = id.as_u64_pair();
    let sql = "SELECT pg_try_advisory_xact_lock($1) AS ours";
    let key = i64::from_be_bytes((high ^ low).to_be_bytes());
    let row = on
        .query_one_raw(Statement::from_sql_and_values(
            DatabaseBackend::Postgres,
            sql,
            [key.into()],
        ))
        .await?;
    Ok(row.ok_or(Code::Internal)?.try_get("", "ours")?)
}

fn open_all(
    app: &App,
    ballot: &ballot::Model,
    candidates: &[Uuid],
    casts: &[casting::table::Model],
    lines: &[roll::Model],
) -> Result<Counted, Anomaly> {
    let method = ballot.method().map_err(|_| Anomaly("unknown_method"))?;
    let sealed_key = ballot.sealed_key.as_deref().ok_or(Anomaly("key_missing"))?;
    let keys = app
        .ballot_keys
        .open(ballot.id, sealed_key)
        .map_err(|_| Anomaly("key_does_not_open"))?;
    let known: BTreeSet<Uuid> = candidates.iter().copied().collect();
    let mut marks: HashMap<[u8; 32], Uuid> = lines
        .iter()
        .map(|line| (keys.mark(line.unit_id), line.unit_id))
        .collect();
    let mut voters = HashSet::with_capacity(casts.len());
    let mut votes = Votes::new();
    let mut openings = Vec::with_capacity(casts.len());
    for cast in casts {
        let mark: [u8; 32] = cast
            .mark
            .as_slice()
            .try_into()
            .map_err(|_| Anomaly("mark_off_the_roll"))?;
        voters.insert(marks.remove(&mark).ok_or(Anomaly("mark_off_the_roll"))?);
        let plain = keys
            .open(&mark, &cast.sealed)
            .map_err(|_| Anomaly("vote_does_not_open"))?;
        let vote = Vote::read(&plain).ok_or(Anomaly("vote_unreadable"))?;
        let choice = Choice::from_canonical(&vote.canonical, method, &known).map_err(|_| Anomaly("vote_unreadable"))?;
        *votes.entry(choice).or_default() += 1;
        openings.push((vote.hash(ballot.id), vote));
    }
    let count = counting::count(method, candidates, &votes);
    if count.votes != casts.len() as u64 || count.votes != count.blanks + count.valid {
        return Err(Anomaly("count_does_not_add_up"));
    }
    // Equal hashes stand for equal votes, so this order is one and the same every time.
    openings.sort();
    let opening = |(index, (hash, vote)): (usize, ([u8; 32], Vote))| {
        let position = i32::try_from(index + 1).map_err(|_| Anomaly("too_many_votes"))?;
        Ok(opening::Model {
            ballot_id: ballot.id,
            position,
            vote_hash: hash.to_vec(),
            choice: vote.canonical,
            nonce: vote.nonce.to_vec(),
        })
    };
    let openings = openings
        .into_iter()
        .enumerate()
        .map(opening)
        .collect::<Result<_, Anomaly>>()?;
    let flags = lines
        .iter()
        .map(|line| (line.unit_id, voters.contains(&line.unit_id)))
        .collect();
    Ok(Counted { openings, flags, count })
}

async fn write(on: &impl ConnectionTrait, app: &App, row: ballot::Model, counted: Counted) -> Result<(), Problem> {
    let id = row.id;
    for openings in counted.openings.chunks(1000) {
        let rows = openings.iter().cloned().map(IntoActiveModel::into_active_model);
        opening::Entity::insert_many(rows).exec_without_returning(on).await?;
    }
    for flags in counted.flags.chunks(1000) {
        for voted in [true, false] {
            let units: Vec<Uuid> = flags
                .iter()
                .filter(|(_, flag)| *flag == voted)
                .map(|(unit, _)| *unit)
                .collect();
            if units.is_empty() {
                continue;
            }
            roll::Entity::update_many()
                .col_expr(roll::Column::Voted, Expr::value(voted))
                .filter(roll::Column::BallotId.eq(id))
                .filter(roll::Column::UnitId.is_in(units))
                .exec(on)
                .await?;
        }
    }
    let row = ballot::lock(on, id).await?;
    casting::destroy(on, id).await?;
    of_person::forget_erased(on, id).await?;
    let mut done: ballot::ActiveModel = row.into();
    done.sealed_key = Set(None);
    done.count_failed = Set(None);
    done.tally = Set(Some(serde_json::to_value(&counted.count).map_err(|_| Code::Internal)?));
    done.counted_at = Set(Some(app.store.ballot_now(on, &app.ambient).await?));
    done.update(on).await?;
    Ok(())
}
