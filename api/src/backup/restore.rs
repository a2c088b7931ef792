//! Restoring a backup into an empty database of either kind: all of it or nothing.
//!
//! The file is read twice. The first time only checks it, so that a file that was cut or altered is
//! refused before anything is touched; the second time, inside one transaction, checks it again.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::format::{Damaged, Header, Reader, Row};
use super::tables::{self, Table};
use super::{Outcome, cell};
use crate::ambient::Ambient;
use crate::ballots;
use crate::journal::{self, Act};
use crate::settings::Settings;
use crate::signing_keys;
use crate::store::{self, Store, guards};

/// What goes to the database at once, well within its limit of parameters.
const CELLS: usize = 20_000;
const BYTES: usize = 4 << 20;

pub struct Restored {
    pub rows: u64,
    /// Ballots that this restore cancelled, for the backup does not hold their votes.
    pub interrupted: u64,
    /// Signing keys that do not open under this secret.
    pub disowned: u64,
}

fn open(path: &Path) -> Outcome<(Header, Reader<BufReader<File>>)> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Reader::begin(BufReader::new(file)).map_err(|damaged| named(path, &damaged))
}

fn named(path: &Path, damaged: &Damaged) -> Box<dyn std::error::Error> {
    format!("{}: {damaged}", path.display()).into()
}

/// Refuses a file that is no backup, was cut or altered, or is not of this version's tables.
pub fn check(path: &Path) -> Outcome<()> {
    let (header, mut reader) = open(path)?;
    while reader.next().map_err(|damaged| named(path, &damaged))?.is_some() {}
    refuse_other_level(path, &header)
}

fn refuse_other_level(path: &Path, header: &Header) -> Outcome<()> {
    let ours = store::migrations();
    let newer = header.migrations.iter().find(|name| !ours.contains(name));
    if let Some(name) = newer {
        return Err(format!(
            "{}: made by a newer version, for it has {name}: restore it with {} or later",
            path.display(),
            header.made_by
        )
        .into());
    }
    if !ours.starts_with(&header.migrations) || header.tables != tables::columns(&tables::kept()) {
        return Err(format!(
            "{}: made by {}, whose tables are not those of this version: restore it with that version, then upgrade",
            path.display(),
            header.made_by
        )
        .into());
    }
    Ok(())
}

async fn refuse_filled(on: &impl ConnectionTrait) -> Outcome<()> {
    let filled = guards::filled(on).await?;
    if filled.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the database is not empty (there are rows in {}): a backup is restored into a new one, which no server has used yet",
        filled.join(", ")
    )
    .into())
}

/// Restores a file that [`check`] let pass.
pub async fn restore(path: &Path, settings: &Settings, ambient: &Ambient, tell: impl Fn(&str)) -> Outcome<Restored> {
    if Store::exists(&settings.database) {
        // Before anything is migrated.
        let store = Store::connect(&settings.database).await?;
        let empty = refuse_filled(store.reader()).await;
        store.close().await?;
        empty?;
    }
    Store::migrate(&settings.database).await?;
    let store = Store::connect(&settings.database).await?;
    let restored = within(&store, path, settings, ambient, tell).await;
    store.close().await?;
    restored
}

async fn within(
    store: &Store,
    path: &Path,
    settings: &Settings,
    ambient: &Ambient,
    tell: impl Fn(&str),
) -> Outcome<Restored> {
    let (header, mut reader) = open(path)?;
    let transaction = store.write().await?;
    let lifted = guards::lift(&transaction).await?;
    refuse_filled(&transaction).await?;
    let tables = tables::kept();
    let mut load = Load::new(&transaction, &tables, &tell);
    while let Some((table, row)) = reader.next().map_err(|damaged| named(path, &damaged))? {
        load.row(&table, row).await?;
    }
    let rows = load.finish().await?;
    let interrupted = ballots::settle_interrupted(&transaction, ambient, header.made_at).await?;
    let disowned = signing_keys::disown(&transaction, ambient, &settings.secret).await?;
    let after = serde_json::json!({
        "made_at": header.made_at, "made_by": header.made_by, "rows": rows, "cancelled": interrupted,
    });
    let act = Act::new("restored", "instance", Uuid::nil()).after(&after);
    journal::write_as(&transaction, ambient, "operator", None, act).await?;
    lifted.put_back(&transaction).await?;
    transaction.commit().await?;
    Ok(Restored {
        rows,
        interrupted,
        disowned,
    })
}

/// Rows on their way into the database, those of one table together.
struct Load<'a, T> {
    to: &'a DatabaseTransaction,
    tables: &'a [Box<dyn Table>],
    tell: &'a T,
    /// Which table the rows in hand are of.
    current: Option<&'a dyn Table>,
    rows: Vec<Row>,
    bytes: usize,
    written: u64,
    total: u64,
}

impl<'a, T: Fn(&str)> Load<'a, T> {
    fn new(to: &'a DatabaseTransaction, tables: &'a [Box<dyn Table>], tell: &'a T) -> Self {
        Self {
            to,
            tables,
            tell,
            current: None,
            rows: Vec::new(),
            bytes: 0,
            written: 0,
            total: 0,
        }
    }

    async fn row(&mut self, table: &str, row: Row) -> Outcome<()> {
        if self.current.is_none_or(|current| current.name() != table) {
            self.end_table().await?;
            let known = self.tables.iter().find(|known| known.name() == table);
            self.current = Some(known.ok_or_else(|| format!("{table} is no table"))?.as_ref());
        }
        self.bytes += row.values().map(cell::weight).sum::<usize>();
        let width = row.len();
        self.rows.push(row);
        if (self.rows.len() + 1) * width > CELLS || self.bytes > BYTES {
            self.write().await?;
        }
        Ok(())
    }

    async fn write(&mut self) -> Outcome<()> {
        if let Some(table) = self.current
            && !self.rows.is_empty()
        {
            let written = table.write(self.to, &self.rows).await?;
            if written != self.rows.len() as u64 {
                return Err(format!("not every row of {} was taken", table.name()).into());
            }
            self.written += written;
        }
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }

    async fn end_table(&mut self) -> Outcome<()> {
        self.write().await?;
        if let Some(table) = self.current.take() {
            (self.tell)(&format!("{:>10}  {}", self.written, table.name()));
        }
        self.total += std::mem::take(&mut self.written);
        Ok(())
    }

    async fn finish(mut self) -> Outcome<u64> {
        self.end_table().await?;
        Ok(self.total)
    }
}
