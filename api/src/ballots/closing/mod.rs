//! Closing: two transactions.
//!
//! The first is short: state and instant, under the lock that no vote passes. The second opens
//! every sealed row, counts, writes the openings in order of vote hash and the `voted` flags in
//! order of leaf, true and false alike, builds and signs the tree, deletes the sealed rows and
//! destroys the key.
//! Killed at any point it is repeated by whichever process lives, to the same bytes: nothing in it
//! is random or asks a clock but `counted_at`.
//!
//! What was cast does not change any more once the ballot is closed, so rows are read and opened
//! before anything is locked; the ballot itself is locked only at the very end. All of it is done on
//! a thread of its own, so that nobody who votes elsewhere waits for a page of it.

mod opener;

use std::time::Duration;

use actix_web::web::Data;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseBackend, DatabaseTransaction, QueryOrder, QuerySelect, Statement};

use super::entity::{State, ballot, proof, roll, voted};
use super::frozen::{self, Frozen};
use super::of_person;
use super::proof::manifest::{CLOSING_FORMAT, ClosingRecord, VotedDigest, checkpoint_text, tally_digest};
use super::proof::merkle::{Blocks, Hash};
use super::{PAGE, casting};
use crate::app::App;
use crate::aside::{Aside, aside};
use crate::http::{Code, Problem};
use crate::instant::Instant;
use crate::store::{Column, Rows, each_page, run_each, take_stock};
use casting::SealedVote;
use opener::{Anomaly, Counted, Opener, Roll};

/// A small ballot is counted before the answer to its closing; a large one goes on by itself.
const COURTESY: Duration = Duration::from_secs(5);

/// First transaction: the caller has locked the ballot and found it open.
pub async fn close(on: &impl ConnectionTrait, app: &App, row: ballot::Model) -> Result<ballot::Model, Problem> {
    frozen::close(app, row.id);
    let mut closed: ballot::ActiveModel = row.into();
    closed.state = Set(State::Closed);
    closed.closed_at = Set(Some(app.store.ballot_now(on, &app.ambient).await?));
    Ok(closed.update(on).await?)
}

/// Starts the count, and waits for it a little; it goes on even if nobody waits.
pub async fn count_soon(app: &Data<App>, id: Uuid) {
    let app = app.clone();
    let count = app.runtime.clone().spawn(async move {
        // One count at a time in a process, which bounds its memory; one process per ballot.
        let _turn = app.counting.clone().lock_owned().await;
        let counts = app.clone();
        let counted = aside(&app.runtime, "count", async move |aside| {
            count(&aside, &counts, id).await
        });
        if let Err(problem) = counted.await.and_then(|counted| counted) {
            tracing::warn!(ballot = %id, %problem, "counting will be tried again");
        }
    });
    // Ran out of patience or finished: the caller reads the ballot's state in either case.
    drop(tokio::time::timeout(COURTESY, count).await);
}

/// Second transaction, with everything that can be done before it.
async fn count(_: &Aside, app: &App, id: Uuid) -> Result<(), Problem> {
    let Some(claim) = claim(app, id).await? else {
        return Ok(());
    };
    let row = ballot::find(app.store.reader(), id).await?;
    if row.state != State::Closed || row.counted_at.is_some() {
        return Ok(());
    }
    // Where there is a transaction already: its connection need not be asked each time whether it lives.
    let opened = match &claim {
        Some(claim) => open_all(claim, app, &row).await,
        None => open_all(app.store.reader(), app, &row).await,
    };
    let outcome = match opened {
        Err(Stopped::For(problem)) => return Err(problem),
        Err(Stopped::By(anomaly)) => Err(anomaly),
        Ok(counted) => Ok(counted),
    };
    let transaction = match claim {
        Some(claim) => claim,
        None => app.store.write().await?,
    };
    let mut written = 0;
    match outcome {
        Ok((counted, end)) => {
            written = counted.openings.len();
            write(&transaction, app, id, counted, end).await?;
        }
        Err(Anomaly(why)) => {
            tracing::error!(ballot = %id, why, "COUNT FAILED: the ballot stays uncounted and nothing was changed");
            let mut failed: ballot::ActiveModel = ballot::lock(&transaction, id).await?.into();
            failed.count_failed = Set(Some(why.to_owned()));
            failed.update(&transaction).await?;
        }
    }
    transaction.commit().await?;
    app.store.truncate_log().await;
    tracing::info!(ballot = %id, "counting has ended");
    // After the commit: another ballot's count would wait for it.
    if let Err(error) = take_stock(app.store.reader(), "opening", written).await {
        tracing::warn!(ballot = %id, %error, "counted, but the database took no stock of the openings: auditors may wait longer");
    }
    Ok(())
}

/// The right to count a ballot, or nothing when another process is at it. Under PostgreSQL it is the
/// transaction that will write; SQLite has one process, which need not hold up its writer meanwhile.
async fn claim(app: &App, id: Uuid) -> Result<Option<Option<DatabaseTransaction>>, Problem> {
    if app.store.backend() != DatabaseBackend::Postgres {
        return Ok(Some(None));
    }
    let transaction = app.store.write().await?;
    let (high, low) = id.as_u64_pair();
    let key = i64::from_be_bytes((high ^ low).to_be_bytes());
    let sql = "SELECT pg_try_advisory_xact_lock($1) AS ours";
    let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, [key.into()]);
    let row = transaction.query_one_raw(statement).await?.ok_or(Code::Internal)?;
    let ours: bool = row.try_get("", "ours")?;
    Ok(ours.then_some(Some(transaction)))
}

/// Why votes were not opened to the last one.
enum Stopped {
    /// Something is wrong with what was cast.
    By(Anomaly),
    /// It will be tried again.
    For(Problem),
}

impl From<Anomaly> for Stopped {
    fn from(anomaly: Anomaly) -> Self {
        Self::By(anomaly)
    }
}

impl<P: Into<Problem>> From<P> for Stopped {
    fn from(problem: P) -> Self {
        Self::For(problem.into())
    }
}

/// Every vote opened and counted.
async fn open_all(on: &impl ConnectionTrait, app: &App, ballot: &ballot::Model) -> Result<(Counted, End), Stopped> {
    if ballot.sealed_key.is_none() {
        return Err(Anomaly("key_missing").into());
    }
    let frozen = match frozen::of(on, app, ballot).await {
        Ok(frozen) => frozen,
        Err(problem) if problem.code == Code::Unavailable => return Err(problem.into()),
        Err(_) => return Err(Anomaly("key_does_not_open").into()),
    };
    let mut roll = Roll::new(frozen.clone(), ballot.roll());
    let lines = |after| roll_page(on, ballot.id, after);
    let enlist = |lines: Vec<(Uuid, Vec<u8>)>| {
        lines.into_iter().try_for_each(|(unit_id, leaf)| {
            let leaf = leaf.try_into().map_err(|_| Code::Internal)?;
            roll.push(unit_id, leaf);
            Ok::<_, Stopped>(())
        })
    };
    each_page(PAGE, lines, |(unit_id, _)| *unit_id, enlist).await?;
    // Not in the transaction, which would keep others from taking stock until it ends.
    take_stock(app.store.reader(), "cast", roll.len()).await?;
    let mut opener = Opener::new(roll);
    let votes = |after: Option<Vec<u8>>| casting::page(on, ballot.id, after.unwrap_or_default(), PAGE as u64);
    let open = |votes: Vec<SealedVote>| Ok::<_, Stopped>(opener.take(&votes)?);
    each_page(PAGE, votes, |vote| vote.mark.clone(), open).await?;
    let counted = opener.finish()?;
    let end = end(&frozen, ballot.closed_at.ok_or(Code::Internal)?, &counted)?;
    Ok((counted, end))
}

/// How the log ends: the record of the closing, and the root over all of it.
struct End {
    record: String,
    checkpoint: String,
    blocks: Vec<u8>,
}

fn end(frozen: &Frozen, closed_at: Instant, counted: &Counted) -> Result<End, Problem> {
    let manifest = &frozen.manifest;
    let mut voted = VotedDigest::new(manifest.ballot_id);
    let voters = counted.lines.iter().filter(|(_, voted)| *voted);
    voters.for_each(|(leaf, _)| voted.push(leaf));
    let (voted, voted_digest) = voted.finish();
    let record = ClosingRecord {
        format: CLOSING_FORMAT.to_owned(),
        ballot_id: manifest.ballot_id,
        opened_at: manifest.opened_at,
        closed_at,
        voted,
        voted_digest,
        votes: counted.count.votes,
        blanks: counted.count.blanks,
        tally_digest: tally_digest(&counted.count).ok_or(Code::Internal)?,
    };
    let record = record.text().ok_or(Code::Internal)?;
    let mut tree = Blocks::default();
    tree.push(manifest.text().ok_or(Code::Internal)?.as_bytes());
    counted.openings.iter().for_each(|opening| tree.push(&opening.hash));
    tree.push(record.as_bytes());
    let checkpoint = checkpoint_text(&manifest.origin, tree.size(), &tree.root());
    Ok(End {
        record,
        checkpoint: frozen.keys.signer.sign(&checkpoint),
        blocks: tree.into_roots().concat(),
    })
}

/// Lines of the roll, unit and leaf, in order of unit, as they lie.
async fn roll_page(
    on: &impl ConnectionTrait,
    ballot_id: Uuid,
    after: Option<Uuid>,
) -> Result<Vec<(Uuid, Vec<u8>)>, DbErr> {
    roll::Entity::find()
        .select_only()
        .columns([roll::Column::UnitId, roll::Column::Leaf])
        .filter(roll::Column::BallotId.eq(ballot_id))
        .filter(roll::Column::UnitId.gt(after.unwrap_or_default()))
        .order_by_asc(roll::Column::UnitId)
        .limit(PAGE as u64)
        .into_tuple()
        .all(on)
        .await
}

async fn write(on: &DatabaseTransaction, app: &App, id: Uuid, counted: Counted, end: End) -> Result<(), Problem> {
    if ballot::find(on, id).await?.counted_at.is_some() {
        return Ok(());
    }
    write_openings(on, id, &counted).await?;
    write_flags(on, id, &counted.lines).await?;
    if casting::destroy(on, id).await? != counted.openings.len() as u64 {
        tracing::error!(ballot = %id, "votes came or went while they were counted");
        return Err(Code::Internal.into());
    }

    let row = ballot::lock(on, id).await?;
    // Only now: whoever erases themself holds the ballot too, so each sees what the other has done.
    of_person::forget_erased(on, id).await?;
    let sealed = proof::ActiveModel {
        ballot_id: Set(id),
        closing_record: Set(Some(end.record)),
        checkpoint: Set(Some(end.checkpoint)),
        blocks: Set(Some(end.blocks)),
        ..Default::default()
    };
    proof::Entity::update(sealed).exec(on).await?;
    let mut done: ballot::ActiveModel = row.into();
    done.sealed_key = Set(None);
    done.count_failed = Set(None);
    done.tally = Set(Some(serde_json::to_value(&counted.count).map_err(|_| Code::Internal)?));
    done.counted_at = Set(Some(app.store.ballot_now(on, &app.ambient).await?));
    done.update(on).await?;
    Ok(())
}

async fn write_openings(on: &impl ConnectionTrait, id: Uuid, counted: &Counted) -> Result<(), Problem> {
    let backend = on.get_database_backend();
    let pages = counted.openings.chunks(PAGE).enumerate().map(|(page, openings)| {
        let position = |index: usize| i32::try_from(page * PAGE + index + 1).map_err(|_| Code::Internal);
        let choice = |index: usize| counted.choices.get(index).cloned().unwrap_or_default();
        let rows = Rows(vec![
            (
                "position",
                Column::Int((0..openings.len()).map(position).collect::<Result<_, _>>()?),
            ),
            (
                "vote_hash",
                Column::Bytes(openings.iter().map(|opening| opening.hash.to_vec()).collect()),
            ),
            (
                "choice",
                Column::Text(openings.iter().map(|opening| choice(opening.choice)).collect()),
            ),
            (
                "nonce",
                Column::Bytes(openings.iter().map(|opening| opening.nonce.to_vec()).collect()),
            ),
        ]);
        let (source, values) = rows.source(backend, 2);
        let sql = format!(
            "INSERT INTO opening (ballot_id, position, vote_hash, choice, nonce) \
             SELECT $1, s.position, s.vote_hash, s.choice, s.nonce FROM {source} ORDER BY s.position"
        );
        let values = std::iter::once(id.into()).chain(values);
        Ok(Statement::from_sql_and_values(backend, sql, values))
    });
    run_each(on, pages).await
}

/// Of leaves in ascending order, as `roll_line` reads them.
async fn write_flags(on: &impl ConnectionTrait, id: Uuid, lines: &[(Hash, bool)]) -> Result<(), Problem> {
    let row = |lines: &[(Hash, bool)]| voted::ActiveModel {
        ballot_id: Set(id),
        first_leaf: Set(lines.first().map(|(leaf, _)| leaf.to_vec()).unwrap_or_default()),
        flags: Set(lines.iter().map(|(_, voted)| u8::from(*voted)).collect()),
    };
    for lines in lines.chunks(PAGE * voted::LINES) {
        let rows = lines.chunks(voted::LINES).map(row);
        voted::Entity::insert_many(rows).exec_without_returning(on).await?;
    }
    Ok(())
}
