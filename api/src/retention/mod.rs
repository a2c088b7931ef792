//! Retention: what has served its time goes, kind by kind, by itself every hour or by `palabre purge`.
//!
//! The rooms know what of theirs is over; this one says in what order and for how long, and does the
//! one thing that concerns them all: that an old workshop names nobody any more ([`workshops`]).
//! Nothing that adds people up may change by it: no tally, turnout, total of attendance, audit bundle
//! or line of the journal.

mod people;
mod workshops;

use futures_util::future::BoxFuture;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, DatabaseTransaction};

use crate::app::App;
use crate::http::Problem;
use crate::instant::{DAY, Instant};
use crate::{attendance, identity, mail};

/// Whether to remove, or only to count what would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Count,
    Remove,
}

/// What went, or would go.
pub struct Purged {
    pub kind: &'static str,
    /// For how long it is kept, in words.
    pub kept: String,
    pub rows: u64,
}

/// Who is told how far long work has come.
pub type Tell<'a> = &'a (dyn Fn(&str) + Sync);

type Step = for<'a> fn(&'a DatabaseTransaction, Instant, Mode) -> BoxFuture<'a, Result<u64, DbErr>>;

/// Rows that are over by themselves: what is not removed yet counts for nothing already.
const SPENT: [(&str, &str, Step); 6] = [
    ("sign_in_codes", "a day after they expire", |on, now, mode| {
        Box::pin(identity::sweep_codes(on, now, mode))
    }),
    ("sign_in_tries", "while they count", |on, now, mode| {
        Box::pin(identity::sweep_tries(on, now, mode))
    }),
    ("refresh_tokens", "until they expire", |on, now, mode| {
        Box::pin(identity::sweep_tokens(on, now, mode))
    }),
    ("retired_token_keys", "while their tokens live", |on, now, mode| {
        Box::pin(identity::sweep_keys(on, now, mode))
    }),
    ("letters_with_codes", "30 days", |on, now, mode| {
        Box::pin(mail::sweep_codes(on, now, mode))
    }),
    ("check_in_tries", "while they count", |on, now, mode| {
        Box::pin(attendance::sweep(on, now, mode))
    }),
];

/// Removes, or counts, everything whose time is over. Any process may at any time.
pub async fn purge(app: &App, mode: Mode, tell: Tell<'_>) -> Result<Vec<Purged>, Problem> {
    let now = app.ambient.now();
    let mut purged = Vec::new();
    for (kind, kept, step) in SPENT {
        let rows = apart(app, async |on| step(on, now, mode).await).await?;
        let kept = kept.to_owned();
        purged.push(Purged { kind, kept, rows });
    }
    let keeping = app.settings.keeping;
    let mut kept_for = |kind, days: Option<u32>, rows| {
        let kept = days.map_or_else(|| "for good".to_owned(), |days| format!("{days} days"));
        purged.push(Purged { kind, kept, rows });
    };
    let letters = match before(now, keeping.letters) {
        Some(before) => apart(app, async |on| mail::sweep(on, before, mode).await).await?,
        None => 0,
    };
    kept_for("letters", keeping.letters, letters);
    let sign_ins = match before(now, keeping.sign_ins) {
        Some(before) => apart(app, async |on| identity::sweep_sign_ins(on, before, mode).await).await?,
        None => 0,
    };
    kept_for("sign_ins", keeping.sign_ins, sign_ins);
    let (registrations, people) = match before(now, keeping.workshops) {
        // In this order: whoever has no place left goes.
        Some(before) => (
            workshops::forget(app, before, mode, tell).await?,
            people::erase(app, before, mode, tell).await?,
        ),
        None => (0, 0),
    };
    kept_for("registrations", keeping.workshops, registrations);
    kept_for("people", keeping.workshops, people);
    Ok(purged)
}

/// [`purge`] as the job does it.
pub async fn sweep(app: &App) -> Result<(), Problem> {
    purge(app, Mode::Remove, &|_| {}).await?;
    Ok(())
}

fn before(now: Instant, days: Option<u32>) -> Option<Instant> {
    days.map(|days| now.plus(-i64::from(days) * DAY))
}

/// In a transaction of its own, so that it waits for nobody while it holds another table's rows.
async fn apart<T>(app: &App, step: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, DbErr>) -> Result<T, Problem> {
    let transaction = app.store.write().await?;
    let done = step(&transaction).await?;
    transaction.commit().await?;
    Ok(done)
}

/// The rows that are meant: removed, or only counted.
pub async fn remove<E>(on: &impl ConnectionTrait, which: Condition, mode: Mode) -> Result<u64, DbErr>
where
    E: EntityTrait<Model: Send + Sync>,
{
    match mode {
        Mode::Count => E::find().filter(which).count(on).await,
        Mode::Remove => Ok(E::delete_many().filter(which).exec(on).await?.rows_affected),
    }
}
