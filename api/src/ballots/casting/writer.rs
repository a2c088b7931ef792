//! The one writer of votes in a process: votes that arrive together share one transaction and one
//! flush to disk.
//!
//! Requests put their sealed vote into a bounded queue and wait. The writer takes all that is
//! queued (no timer: while it commits, the next votes gather), one transaction per ballot, one
//! set-wise insert, and answers everyone only after the commit. Hashing, sealing and signing are the
//! requests' own work. Nothing here knows a choice, and nothing is logged of who votes or how many.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use tokio::sync::{mpsc, oneshot};

use crate::ambient::Ambient;
use crate::ballots::entity::{State, ballot};
use crate::http::{Code, Problem, survived};
use crate::identity::revoked_since;
use crate::store::{Column, Kept, Rows, Store};

/// How much a writer has room for.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Votes that may wait; more are told to come again.
    pub queue: usize,
    /// Votes taken at once.
    pub batch: usize,
}

impl Default for Capacity {
    /// A vote waits for some milliseconds, so this is ample for an opening and little memory.
    fn default() -> Self {
        Self {
            queue: 4096,
            batch: 1024,
        }
    }
}

/// A vote ready to be written.
pub struct Entry {
    pub ballot_id: Uuid,
    pub mark: [u8; 32],
    pub sealed: Vec<u8>,
    /// Whose right to vote is looked at again inside the transaction.
    pub person_id: Uuid,
    pub sign_in_id: Uuid,
    /// The person is on the roll, which is frozen.
    pub listed: bool,
    /// The sign-in was seen a moment ago, and is good unless it was revoked since.
    pub seen: bool,
}

impl Entry {
    /// All that is left to ask of the voter is whether the sign-in was revoked.
    fn known(&self) -> bool {
        self.seen && self.listed
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// On disk.
    Stored,
    /// A vote stands under this mark already.
    Standing,
    /// The ballot takes no votes, or its time is up.
    NotOpen,
    /// The sign-in has ended meanwhile, or the person is not on the roll.
    NotAdmitted,
}

type Waiting = (Entry, oneshot::Sender<Result<Outcome, Code>>);

#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Waiting>,
    undecided: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts the writer on a thread of its own; it ends, everything written, when the last of its handles
    /// is dropped.
    pub fn start(store: Store, ambient: Ambient, capacity: Capacity) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::channel(capacity.queue);
        let pen = Pen {
            kept: store.kept_writer(),
            store,
            ambient,
            all_new: true,
        };
        // On the shared runtime votes would wait behind whatever holds its threads; and each word from the
        // database would wake a second one to look for work, where those who vote need the few cores there are.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("votes".to_owned())
            .spawn(move || runtime.block_on(pen.write_all(waiting, capacity.batch)))?;
        let undecided = Arc::default();
        Ok(Self { queue, undecided })
    }

    /// Returns once the vote's fate is decided and on disk.
    pub async fn write(&self, entry: Entry) -> Result<Outcome, Problem> {
        let (answer, fate) = oneshot::channel();
        let _undecided = Undecided::one(&self.undecided);
        // Full or, at the very end of the process, gone: nothing was stored, and coming again is safe.
        self.queue.try_send((entry, answer)).map_err(|_| Code::Unavailable)?;
        fate.await.map_err(|_| Code::Unavailable)?.map_err(Into::into)
    }

    /// How many votes wait for their fate at this moment.
    pub fn undecided(&self) -> usize {
        self.undecided.load(Ordering::Relaxed)
    }
}

/// Counts itself for as long as it lives, also when whoever asked hangs up.
struct Undecided(Arc<AtomicUsize>);

impl Undecided {
    fn one(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(all.clone())
    }
}

impl Drop for Undecided {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the writer writes with.
struct Pen {
    store: Store,
    kept: Kept,
    ambient: Ambient,
    /// All of the last batch were new and good, as they almost always are.
    all_new: bool,
}

impl Pen {
    async fn write_all(mut self, mut waiting: mpsc::Receiver<Waiting>, batch: usize) {
        let mut taken = Vec::with_capacity(batch);
        while waiting.recv_many(&mut taken, batch).await > 0 {
            let mut ballots: BTreeMap<Uuid, Vec<Waiting>> = BTreeMap::new();
            for waiting in taken.drain(..) {
                ballots.entry(waiting.0.ballot_id).or_default().push(waiting);
            }
            for (ballot_id, votes) in ballots {
                // A fault of the program costs these their answer, and not the hall its votes.
                let written = async {
                    self.write(ballot_id, votes).await;
                    Ok(())
                };
                survived("writing votes", written).await.unwrap_or(());
                self.kept.rest(!waiting.is_empty());
            }
        }
    }

    /// One statement stores what is new and good; what it leaves is looked at more closely once the others
    /// have their answer.
    async fn write(&mut self, ballot_id: Uuid, mut votes: Vec<Waiting>) {
        // In order of mark: writers that lock rows in one order do not deadlock. Of equal marks the first counts.
        votes.sort_by_key(|(entry, _)| entry.mark);
        let mut new: Vec<&Entry> = votes.iter().map(|(entry, _)| entry).collect();
        new.dedup_by_key(|entry| entry.mark);
        // After a failed commit nobody knows: the same vote sent again finds out.
        let failed = |problem: Problem| {
            tracing::warn!(ballot = %ballot_id, %problem, "votes could not be written; their senders are told to try again");
            Code::Unavailable
        };
        let mut stored = match self.at_once(ballot_id, &new).await {
            Ok(stored) => stored,
            Err(problem) => return answer_all(votes, &Err(failed(problem))),
        };
        let (done, left): (Vec<_>, Vec<_>) = votes
            .into_iter()
            .partition(|(entry, _)| stored.remove(entry.mark.as_slice()));
        answer_all(done, &Ok(Outcome::Stored));
        self.all_new = left.is_empty();
        if left.is_empty() {
            return;
        }
        self.kept.rest(false);
        let entries: Vec<&Entry> = left.iter().map(|(entry, _)| entry).collect();
        match one_by_one(&self.store, &self.ambient, ballot_id, &entries).await {
            Ok(outcomes) => {
                for (vote, outcome) in left.into_iter().zip(outcomes) {
                    answer_all([vote], &Ok(outcome));
                }
            }
            Err(problem) => answer_all(left, &Err(failed(problem))),
        }
    }

    /// Stores those of which everything is in order, and tells their marks.
    async fn at_once(&mut self, ballot_id: Uuid, entries: &[&Entry]) -> Result<HashSet<Vec<u8>>, Problem> {
        // Whoever sends the same vote over and over costs every second batch a second statement, not each.
        let known = self.all_new && entries.iter().all(|entry| entry.known());
        let stored = if known && self.kept.backend() == DatabaseBackend::Postgres {
            all_or_none(&mut self.kept, ballot_id, entries).await?
        } else {
            0
        };
        if stored == entries.len()
            || new_ones(&mut self.kept, &self.ambient, ballot_id, entries).await? == entries.len()
        {
            return Ok(entries.iter().map(|entry| entry.mark.to_vec()).collect());
        }
        found(&mut self.kept, ballot_id, entries).await
    }
}

/// Whoever hung up asks again.
fn answer_all(votes: impl IntoIterator<Item = Waiting>, fate: &Result<Outcome, Code>) {
    for (_, answer) in votes {
        answer.send(*fate).unwrap_or(());
    }
}

/// Votes that are new by all appearances, of people whose sign-in was seen a moment ago and who are on the
/// roll: PostgreSQL has a function for them, which stores them all or none.
async fn all_or_none(kept: &mut Kept, ballot_id: Uuid, entries: &[&Entry]) -> Result<usize, Problem> {
    let mut rows = votes(entries);
    let sign_ins = entries.iter().map(|entry| entry.sign_in_id);
    rows.0.push(("sign_in_id", Column::Uuid(sign_ins.collect())));
    let (_, arrays) = rows.source(kept.backend(), 2);
    let sql = "SELECT votes_at_once($1, $2, $3, $4) AS stored";
    let values = std::iter::once(ballot_id.into()).chain(arrays);
    let rows = kept
        .run(Statement::from_sql_and_values(kept.backend(), sql, values))
        .await?;
    let stored: Option<i32> = rows.first().map(|row| row.try_get("", "stored")).transpose()?;
    Ok(stored.map_or(0, i32::unsigned_abs) as usize)
}

/// Stores those of which everything is in order, and tells how many. One statement and so one
/// transaction: it locks the ballot as every vote locks it, and with the lock has the ballot as it is by
/// then; only after that it looks at the state and at the clock. Run twice it stores nothing more.
///
/// Each sign-in is looked up, and each voter on the roll. Of a sign-in that was seen a moment ago it is
/// asked only whether it was revoked since, among the few that were, and nothing of a voter who is
/// listed: two large indexes that are not gone through, which were half the work of storing a vote.
async fn new_ones(kept: &mut Kept, ambient: &Ambient, ballot_id: Uuid, entries: &[&Entry]) -> Result<usize, Problem> {
    let backend = kept.backend();
    let revoked = revoked_since(backend);
    let flags = |of: fn(&Entry) -> bool| Column::Bool(entries.iter().map(|entry| of(entry)).collect());
    let ids = |of: fn(&Entry) -> Uuid| Column::Uuid(entries.iter().map(|entry| of(entry)).collect());
    let mut rows = votes(entries);
    rows.0.push(("sign_in_id", ids(|entry| entry.sign_in_id)));
    let admitted = if entries.iter().all(|entry| entry.known()) {
        format!("NOT {revoked}")
    } else {
        rows.0.extend([
            ("person_id", ids(|entry| entry.person_id)),
            ("seen", flags(|entry| entry.seen)),
            ("listed", flags(|entry| entry.listed)),
        ]);
        format!(
            "CASE WHEN s.seen THEN NOT {revoked} \
             ELSE (SELECT true FROM sign_in i WHERE i.id = s.sign_in_id AND i.person_id = s.person_id \
             AND i.revoked_at IS NULL AND i.expires_at > $2 AND i.workshop_id IS NULL) END \
             AND (s.listed OR (SELECT true FROM roll r WHERE r.ballot_id = $1 AND r.person_id = s.person_id))"
        )
    };
    let (clock, share) = match backend {
        DatabaseBackend::Postgres => ("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint", "FOR SHARE"),
        _ => ("$2", ""),
    };
    let (source, rows) = rows.source(backend, 3);
    // No joins: of a ballot that is new PostgreSQL may think that it has one line, and would begin with the roll.
    let sql = format!(
        "INSERT INTO \"cast\" (ballot_id, mark, sealed) \
         WITH taking AS MATERIALIZED (SELECT state, closes_at FROM ballot WHERE id = $1 {share}) \
         SELECT $1, s.mark, s.sealed FROM {source} \
         WHERE EXISTS (SELECT 1 FROM taking WHERE state = 'open' AND (closes_at IS NULL OR closes_at > {clock})) \
         AND {admitted} ORDER BY s.mark ON CONFLICT (ballot_id, mark) DO NOTHING"
    );
    let values = [ballot_id.into(), ambient.now().micros().into()];
    let statement = Statement::from_sql_and_values(backend, sql, values.into_iter().chain(rows));
    Ok(kept.change(statement).await?)
}

/// The marks under which exactly these votes stand, written just now: no two are sealed to the same bytes.
async fn found(kept: &mut Kept, ballot_id: Uuid, entries: &[&Entry]) -> Result<HashSet<Vec<u8>>, Problem> {
    let backend = kept.backend();
    let (source, values) = votes(entries).source(backend, 2);
    let sql = format!(
        "SELECT s.mark FROM {source} WHERE EXISTS \
         (SELECT 1 FROM \"cast\" c WHERE c.ballot_id = $1 AND c.mark = s.mark AND c.sealed = s.sealed)"
    );
    let values = std::iter::once(ballot_id.into()).chain(values);
    let rows = kept.run(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.into_iter().map(|row| Ok(row.try_get("", "mark")?)).collect()
}

/// As they are written.
fn votes(entries: &[&Entry]) -> Rows {
    let marks = entries.iter().map(|entry| entry.mark.to_vec());
    let sealed = entries.iter().map(|entry| entry.sealed.clone());
    Rows(vec![
        ("mark", Column::Bytes(marks.collect())),
        ("sealed", Column::Bytes(sealed.collect())),
    ])
}

/// What becomes of each, in the order of the entries.
async fn one_by_one(
    store: &Store,
    ambient: &Ambient,
    ballot_id: Uuid,
    entries: &[&Entry],
) -> Result<Vec<Outcome>, Problem> {
    let transaction = store.cast().await?;
    // Held shared until the commit: any number of votes pass together, none passes a closing,
    // cancelling or extending. Only then is the clock asked, which a wait may have moved.
    let ballot = ballot::lock_shared(&transaction, ballot_id).await?;
    let now = store.ballot_now(&transaction, ambient).await?;
    if ballot.state != State::Open || ballot.closes_at.is_some_and(|closes| closes <= now) {
        return Ok(vec![Outcome::NotOpen; entries.len()]);
    }
    let refused = refused(&transaction, ambient, ballot_id, entries).await?;
    let admitted = |entry: &Entry| !refused.contains(&(entry.sign_in_id, entry.person_id));
    // Of equal marks the first counts.
    let mut marks = HashSet::with_capacity(entries.len());
    let new: Vec<&Entry> = entries
        .iter()
        .filter(|entry| admitted(entry) && marks.insert(entry.mark))
        .copied()
        .collect();
    let mut stored = insert(&transaction, ballot_id, &new).await?;
    transaction.commit().await?;
    let outcome = |entry: &&Entry| {
        if !admitted(entry) {
            Outcome::NotAdmitted
        } else if stored.remove(entry.mark.as_slice()) {
            Outcome::Stored
        } else {
            Outcome::Standing
        }
    };
    Ok(entries.iter().map(outcome).collect())
}

/// Who may not vote, as things stand in this transaction: their sign-in has ended or was with an
/// in-person code, or they are not on the roll. It is those that are told, since almost always
/// there are none.
async fn refused(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    ballot_id: Uuid,
    entries: &[&Entry],
) -> Result<HashSet<(Uuid, Uuid)>, Problem> {
    let backend = on.get_database_backend();
    let mut people: Vec<(Uuid, Uuid)> = entries
        .iter()
        .map(|entry| (entry.sign_in_id, entry.person_id))
        .collect();
    people.sort_unstable();
    let (sign_ins, persons) = people.into_iter().unzip();
    let rows = Rows(vec![
        ("sign_in_id", Column::Uuid(sign_ins)),
        ("person_id", Column::Uuid(persons)),
    ]);
    let (source, values) = rows.source(backend, 3);
    let sql = format!(
        "SELECT s.sign_in_id, s.person_id FROM {source} \
         LEFT JOIN sign_in i ON i.id = s.sign_in_id AND i.person_id = s.person_id \
         AND i.revoked_at IS NULL AND i.expires_at > $2 AND i.workshop_id IS NULL \
         LEFT JOIN roll r ON r.ballot_id = $1 AND r.person_id = s.person_id \
         WHERE i.id IS NULL OR r.person_id IS NULL"
    );
    let values = [ballot_id.into(), ambient.now().micros().into()]
        .into_iter()
        .chain(values);
    let rows = on
        .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    let pair = |row: sea_orm::QueryResult| Ok((row.try_get("", "sign_in_id")?, row.try_get("", "person_id")?));
    rows.into_iter().map(pair).collect()
}

/// The marks under which a vote was written just now. No error for those that stand already:
/// PostgreSQL would log the values of a violated constraint.
async fn insert(on: &impl ConnectionTrait, ballot_id: Uuid, entries: &[&Entry]) -> Result<HashSet<Vec<u8>>, Problem> {
    if entries.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = on.get_database_backend();
    let (source, values) = votes(entries).source(backend, 2);
    let sql = format!(
        "INSERT INTO \"cast\" (ballot_id, mark, sealed) SELECT $1, s.mark, s.sealed FROM {source} WHERE true \
         ORDER BY s.mark ON CONFLICT (ballot_id, mark) DO NOTHING RETURNING mark"
    );
    let values = std::iter::once(ballot_id.into()).chain(values);
    let rows = on
        .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    rows.into_iter().map(|row| Ok(row.try_get("", "mark")?)).collect()
}
