//! Making a backup, in one snapshot and while servers write.

use std::io::Write;

use futures_util::TryStreamExt as _;

use super::format::{Header, Writer};
use super::{Outcome, tables};
use crate::ambient::Ambient;
use crate::ballots;
use crate::store::{self, Store};

/// So many rows of one table are told in between.
const STEP: u64 = 100_000;

pub struct Made {
    pub rows: u64,
    /// Ballots whose votes are not in it.
    pub interrupted: u64,
}

pub async fn make(store: &Store, ambient: &Ambient, out: impl Write, tell: impl Fn(&str)) -> Outcome<Made> {
    let snapshot = store.snapshot().await?;
    let migrations = store::applied_migrations(&snapshot).await?;
    if migrations != store::migrations() {
        return Err(
            "the database is not at the level of this version: make the backup with the version that serves it, \
             or run `palabre migrate` first"
                .into(),
        );
    }
    let interrupted = ballots::number_interrupted(&snapshot).await?;
    let made_at = store.ballot_now(&snapshot, ambient).await?;
    let tables = tables::kept();
    let left_out = tables::LEFT_OUT.map(str::to_owned).to_vec();
    let mut writer = Writer::begin(
        out,
        &Header::new(made_at, migrations, tables::columns(&tables), left_out),
    )?;
    for table in tables {
        let mut number = 0;
        let mut rows = table.read(&snapshot, made_at).await?;
        while let Some(row) = rows.try_next().await? {
            writer.row(table.name(), &row)?;
            number += 1;
            if number % STEP == 0 {
                tell(&format!("{number:>10}  {} …", table.name()));
            }
        }
        if number > 0 {
            tell(&format!("{number:>10}  {}", table.name()));
        }
    }
    let rows = writer.finish()?;
    snapshot.commit().await?;
    // While SQLite was read its log could not be emptied of what closings wanted gone.
    store.truncate_log().await;
    Ok(Made { rows, interrupted })
}
