//! The store: connections and transactions, SQLite and PostgreSQL, in one place.
//!
//! SQLite has one writing connection, whose transactions begin IMMEDIATE (a deferred one that
//! reads and then writes fails under load), and a few that only read. PostgreSQL has one pool.
//! Rooms ask this room for a transaction and run their own queries on it; no room names a
//! database but through [`Store::backend`].

pub mod guards;
mod kept;
mod pages;
mod setwise;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{self, Connection as _, Executor as _};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr,
    SqliteTransactionMode, SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait,
};

use crate::ambient::Ambient;
use crate::instant::Instant;
use crate::settings::Database;
pub use kept::Kept;
pub use pages::{each_page, run_each};
pub use setwise::{Column, Rows};

/// First SQLite without the WAL-reset corruption bug.
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];
const OLDEST_POSTGRES: u32 = 150_000;
/// How long a request waits for its turn before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(8);

#[derive(Clone)]
pub struct Store {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    /// Where votes are looked at one by one that could not be written at once; SQLite has one writer anyway.
    caster: DatabaseConnection,
    /// How tasks connect that keep a connection for themselves; see [`Store::kept_reader`].
    own: Own,
    /// The log of SQLite still holds what should be gone from it: somebody read on at the time.
    stale_log: Arc<AtomicBool>,
    waiting: Arc<AtomicUsize>,
}

#[derive(Clone)]
enum Own {
    Postgres(PgConnectOptions),
    /// To read.
    Sqlite(SqliteConnectOptions),
}

impl Store {
    /// Connects to a database that is migrated already.
    pub async fn connect(database: &Database) -> Result<Self, DbErr> {
        match database {
            Database::Sqlite(path) => {
                let writer = sqlite(sqlite_options(path, false), 1).await?;
                refuse_old_sqlite(&writer).await?;
                let reading = sqlite_options(path, true);
                Ok(Self {
                    caster: writer.clone(),
                    writer,
                    reader: sqlite(reading.clone(), 4).await?,
                    own: Own::Sqlite(reading),
                    stale_log: Arc::default(),
                    waiting: Arc::default(),
                })
            }
            Database::Postgres(url) => {
                let pool = postgres(url, 16).await?;
                refuse_old_postgres(&pool).await?;
                Ok(Self {
                    writer: pool.clone(),
                    reader: pool,
                    caster: set_wise(url).await?,
                    own: Own::Postgres(
                        url.parse()
                            .map_err(|error: sqlx::Error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?,
                    ),
                    stale_log: Arc::default(),
                    waiting: Arc::default(),
                })
            }
        }
    }

    /// Whether there is a database to connect to, as far as that can be told without making one.
    pub fn exists(database: &Database) -> bool {
        match database {
            Database::Sqlite(path) => path.exists(),
            Database::Postgres(_) => true,
        }
    }

    /// Brings the schema up to date on a single connection of its own, closed before any other is
    /// opened: SQLite's statements prepared meanwhile would break.
    pub async fn migrate(database: &Database) -> Result<(), DbErr> {
        let connection = match database {
            Database::Sqlite(path) => sqlite(sqlite_options(path, false), 1).await?,
            Database::Postgres(url) => postgres(url, 1).await?,
        };
        if connection.get_database_backend() == DatabaseBackend::Postgres {
            // Servers that start together migrate one after the other. The lock lives as long as
            // this one connection.
            connection
                .execute_unprepared("SELECT pg_advisory_lock(7226216)")
                .await?;
        }
        let migrated = Migrator::up(&connection, None).await;
        connection.close().await?;
        migrated
    }

    pub async fn is_migrated(&self) -> Result<bool, DbErr> {
        Ok(Migrator::get_pending_migrations(&self.reader).await?.is_empty())
    }

    pub fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// For single queries that only read.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For one task that writes: on PostgreSQL a connection of its own, on SQLite the one that writes.
    pub fn kept_writer(&self) -> Kept {
        match &self.own {
            Own::Postgres(options) => Kept::postgres(options.clone()),
            Own::Sqlite(_) => {
                let pool = self.writer.get_sqlite_connection_pool().clone();
                Kept::sqlite_writer(pool, self.waiting.clone())
            }
        }
    }

    /// For one task that reads: a connection of its own.
    pub fn kept_reader(&self) -> Kept {
        match &self.own {
            Own::Postgres(options) => Kept::postgres(options.clone()),
            Own::Sqlite(options) => Kept::sqlite_reader(options.clone()),
        }
    }

    /// Several reads that must agree with each other.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            isolation_level: (self.backend() == DatabaseBackend::Postgres)
                .then_some(sea_orm::IsolationLevel::RepeatableRead),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
            ..Default::default()
        };
        self.reader.begin_with_options(options).await
    }

    /// A transaction that writes: IMMEDIATE in SQLite, READ COMMITTED in PostgreSQL. Dropped
    /// without commit it leaves no trace.
    pub async fn write(&self) -> Result<DatabaseTransaction, DbErr> {
        let _waits = Waits::one(&self.waiting);
        self.writer.begin_with_options(immediate()).await
    }

    /// As [`Store::write`], for votes that are looked at one by one.
    pub async fn cast(&self) -> Result<DatabaseTransaction, DbErr> {
        self.caster.begin_with_options(immediate()).await
    }

    /// The clock that decides over ballots: PostgreSQL's own at this very moment (`now()` would be
    /// that of the transaction's begin, too early after a wait for a lock), the host's for SQLite,
    /// where there is one host. The host's is told by the way.
    pub async fn ballot_now(&self, on: &impl ConnectionTrait, ambient: &Ambient) -> Result<Instant, DbErr> {
        if self.backend() != DatabaseBackend::Postgres {
            return Ok(ambient.now());
        }
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now";
        let row = on
            .query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql))
            .await?;
        let micros: i64 = row
            .ok_or_else(|| DbErr::RecordNotFound("clock".into()))?
            .try_get("", "now")?;
        let now = Instant::from_micros(micros);
        ambient.told(now);
        Ok(now)
    }

    /// Connections that could begin a write at once; none on SQLite while someone writes.
    pub fn idle_writers(&self) -> usize {
        match self.backend() {
            DatabaseBackend::Postgres => self.writer.get_postgres_connection_pool().num_idle(),
            _ => self.writer.get_sqlite_connection_pool().num_idle(),
        }
    }

    /// How many wait at this moment to begin to write; votes wait with their writer.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Ends a closing, a cancelling, an erasure or a rotation on SQLite: what the write-ahead log still
    /// holds of sealed votes, of a person or of keys goes. Says whether it did; not while somebody
    /// reads on, such as a backup, which does it itself when it is done. See [`Store::tidy_log`].
    pub async fn truncate_log(&self) -> bool {
        self.truncate_within(Duration::from_secs(1)).await
    }

    /// Does later what [`Store::truncate_log`] could not do at once.
    pub async fn tidy_log(&self) {
        if self.stale_log.swap(false, Ordering::Relaxed) {
            self.truncate_within(Duration::from_millis(20)).await;
        }
    }

    /// Everyone who writes waits meanwhile.
    async fn truncate_within(&self, patience: Duration) -> bool {
        if self.backend() != DatabaseBackend::Sqlite {
            return true;
        }
        let _waits = Waits::one(&self.waiting);
        let truncated = truncate(self.writer.get_sqlite_connection_pool(), patience).await;
        let truncated = truncated.unwrap_or_else(|error| {
            tracing::warn!(%error, "the write-ahead log was not truncated");
            false
        });
        if !truncated {
            self.stale_log.store(true, Ordering::Relaxed);
        }
        truncated
    }

    pub async fn close(self) -> Result<(), DbErr> {
        let other = match self.backend() {
            DatabaseBackend::Postgres => self.caster,
            _ => self.reader,
        };
        self.writer.close().await?;
        other.close().await
    }
}

/// A transaction that writes, from its begin on.
fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    }
}

/// The names of our migrations, in order.
pub fn migrations() -> Vec<String> {
    let files = Migrator::get_migration_files();
    files.iter().map(|file| file.name().to_owned()).collect()
}

/// Of those, the ones that the database has.
pub async fn applied_migrations(on: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let applied = Migrator::get_applied_migrations_read_only(on).await?;
    Ok(applied.iter().map(|file| file.name().to_owned()).collect())
}

/// Until the transaction ends nobody else writes to this table or locks a row of it; SQLite has one
/// writer anyway.
pub async fn hold_table(on: &DatabaseTransaction, table: &str) -> Result<(), DbErr> {
    if on.get_database_backend() == DatabaseBackend::Postgres {
        on.execute_unprepared(&format!("LOCK TABLE {table} IN EXCLUSIVE MODE"))
            .await?;
    }
    Ok(())
}

/// Right after the name of a table in `FROM`: what is asked stands in this index. SQLite, which knows
/// nothing of how much stands where, would rather look into the table for each row.
pub fn by_index(backend: DatabaseBackend, index: &str) -> String {
    match backend {
        DatabaseBackend::Sqlite => format!("INDEXED BY {index}"),
        _ => String::new(),
    }
}

/// So few new rows mislead nobody.
const FEW: usize = 1000;

/// Tells PostgreSQL what is in a table into which so many rows were written just now. Until it knows, it
/// may think that a new ballot has one line, and sort a whole roll to give a page of it. Nobody else
/// takes stock of the table until a transaction that did so ends: let that be soon.
pub async fn take_stock(on: &impl ConnectionTrait, table: &str, written: usize) -> Result<(), DbErr> {
    if written >= FEW && on.get_database_backend() == DatabaseBackend::Postgres {
        on.execute_unprepared(&format!("ANALYZE \"{table}\"")).await?;
    }
    Ok(())
}

async fn truncate(writer: &sqlx::SqlitePool, patience: Duration) -> Result<bool, sqlx::Error> {
    let mut connection = writer.acquire().await?;
    set_patience(&mut connection, patience).await?;
    let busy: Result<i32, _> = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(&mut *connection)
        .await;
    set_patience(&mut connection, PATIENCE).await?;
    Ok(busy? == 0)
}

async fn set_patience(connection: &mut sqlx::SqliteConnection, patience: Duration) -> Result<(), sqlx::Error> {
    let pragma = format!("PRAGMA busy_timeout = {}", patience.as_millis());
    sqlx::query(sqlx::AssertSqlSafe(pragma)).execute(connection).await?;
    Ok(())
}

/// Counts itself for as long as it lives, also when whoever waited hangs up.
struct Waits(Arc<AtomicUsize>);

impl Waits {
    fn one(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(all.clone())
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn sqlite_options(path: &Path, read_only: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(!read_only)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Freed pages are overwritten, so that a vote that was moved leaves nothing behind.
        .pragma("secure_delete", "ON")
        .pragma("query_only", if read_only { "ON" } else { "OFF" })
        // Votes come in no order, so each is in a page of its own: many of those go to the log before they
        // are put in their place together. More at hand than this would not make them faster; nor those who
        // read: what a hall asks lies all over the file.
        .pragma("cache_size", if read_only { "-1024" } else { "-8192" })
        .pragma("wal_autocheckpoint", "8192")
        .busy_timeout(PATIENCE)
}

async fn sqlite(options: SqliteConnectOptions, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file does not hang up.
        .test_before_acquire(false)
        // A commit that the disk refuses leaves a transaction begun in sqlx's books, or in fact. What
        // came next would be nested in it as savepoints: acknowledged, and never committed.
        .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))))
        .connect_with(options)
        .await
        .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

async fn postgres(url: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
    sea_orm::Database::connect(postgres_options(url, connections)).await
}

/// One connection for set-wise statements.
async fn set_wise(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = postgres_options(url, 1);
    options.map_sqlx_postgres_pool_opts(|pool| {
        pool.after_connect(|connection, _| Box::pin(async { connection.execute(kept::PLANS).await.map(|_| ()) }))
    });
    sea_orm::Database::connect(options).await
}

fn postgres_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        // Whoever needs a connection makes it, within their patience. A pool that kept one of its own
        // accord would, after an outage, try for it ever more seldom, up to once a minute, and where
        // it is the only one nobody else may meanwhile.
        .min_connections(0)
        .idle_timeout(None)
        .acquire_timeout(PATIENCE)
        .sqlx_logging(false);
    options
}

async fn refuse_old_sqlite(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let version: String = scalar(connection, "SELECT sqlite_version() AS value").await?;
    let parts: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    if parts.as_slice() < OLDEST_SQLITE.as_slice() {
        return Err(DbErr::Custom(format!(
            "SQLite {version} is older than 3.51.3 and can corrupt its log"
        )));
    }
    Ok(())
}

async fn refuse_old_postgres(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let version: String = scalar(connection, "SELECT current_setting('server_version_num') AS value").await?;
    if version.parse::<u32>().unwrap_or_default() < OLDEST_POSTGRES {
        return Err(DbErr::Custom(format!("PostgreSQL {version} is older than 15")));
    }
    Ok(())
}

async fn scalar(connection: &DatabaseConnection, sql: &str) -> Result<String, DbErr> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.into()))?
        .try_get("", "value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_to_sqlite_share_no_lock() {
        let connection = sea_orm::Database::connect("sqlite::memory:").await.unwrap();
        let pragma = Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA compile_options");
        let rows = connection.query_all_raw(pragma).await.unwrap();
        let options: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert!(
            options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"),
            "{options:?}"
        );
        assert!(
            !options.iter().any(|option| option == "ENABLE_MEMORY_MANAGEMENT"),
            "{options:?}"
        );
    }
}
