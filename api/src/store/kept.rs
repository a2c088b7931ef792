//! A connection that one task keeps for itself, for what a hall asks all at once: votes, who asks, the
//! ballot's page. A statement is one way to the database and back, where a pool asks before and after
//! it whether the connection still lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgQueryResult, Postgres};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection, SqlitePool, SqliteQueryResult};
use sea_orm::sqlx::{self, Connection as _, Database, Either, Executor as _, IntoArguments};
use sea_orm::{DatabaseBackend, DbErr, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;

use super::PATIENCE;

/// Prepared statements whose plan holds from the first vote to the millionth: always by index, never
/// thought out anew; and whoever waited to hold a row has it as it is by then.
pub const PLANS: &str = "SET plan_cache_mode = force_generic_plan; \
                         SET enable_seqscan = off; SET enable_bitmapscan = off; \
                         SET enable_hashjoin = off; SET enable_mergejoin = off; \
                         SET default_transaction_isolation = 'read committed'";

pub struct Kept(Way);

enum Way {
    Postgres {
        options: Box<PgConnectOptions>,
        open: Option<PgConnection>,
    },
    /// A connection of its own.
    SqliteReader {
        options: Box<SqliteConnectOptions>,
        open: Option<SqliteConnection>,
    },
    /// The one that writes, held while more is to be written and nobody else waits for it.
    SqliteWriter {
        pool: SqlitePool,
        held: Option<PoolConnection<Sqlite>>,
        waiting: Arc<AtomicUsize>,
    },
}

/// What became of a statement: the rows it gave, and how many it wrote.
type Done = (Vec<QueryResult>, u64);

impl Kept {
    pub(super) fn postgres(options: PgConnectOptions) -> Self {
        Self(Way::Postgres {
            options: Box::new(options),
            open: None,
        })
    }

    pub(super) fn sqlite_reader(options: SqliteConnectOptions) -> Self {
        Self(Way::SqliteReader {
            options: Box::new(options),
            open: None,
        })
    }

    /// `waiting` is how many others wait to write.
    pub(super) fn sqlite_writer(pool: SqlitePool, waiting: Arc<AtomicUsize>) -> Self {
        let held = None;
        Self(Way::SqliteWriter { pool, held, waiting })
    }

    pub fn backend(&self) -> DatabaseBackend {
        match self.0 {
            Way::Postgres { .. } => DatabaseBackend::Postgres,
            Way::SqliteReader { .. } | Way::SqliteWriter { .. } => DatabaseBackend::Sqlite,
        }
    }

    /// The rows of a statement that does no harm if it is run twice, each time a transaction of its own.
    pub async fn run(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.carry_out(statement).await?.0)
    }

    /// Of such a statement, how many rows it wrote.
    pub async fn change(&mut self, statement: Statement) -> Result<usize, DbErr> {
        Ok(usize::try_from(self.carry_out(statement).await?.1).unwrap_or(usize::MAX))
    }

    /// Nothing more is to be written for now, or others wait: the one connection that writes is theirs.
    pub fn rest(&mut self, more: bool) {
        if let Way::SqliteWriter { held, waiting, .. } = &mut self.0
            && (!more || waiting.load(Ordering::Relaxed) > 0)
        {
            *held = None;
        }
    }

    async fn carry_out(&mut self, statement: Statement) -> Result<Done, DbErr> {
        match &mut self.0 {
            Way::SqliteReader { options, open } => {
                let mut connection = match open.take() {
                    Some(connection) => connection,
                    None => SqliteConnection::connect_with(options).await.map_err(unconnected)?,
                };
                let done = on_sqlite(&mut connection, statement).await.map_err(failed)?;
                *open = Some(connection);
                Ok(done)
            }
            Way::SqliteWriter { pool, held, .. } => {
                let mut connection = match held.take() {
                    Some(connection) => connection,
                    None => pool.acquire().await.map_err(unconnected)?,
                };
                // After any error the pool sees to it.
                let done = on_sqlite(&mut connection, statement).await.map_err(failed)?;
                *held = Some(connection);
                Ok(done)
            }
            Way::Postgres { options, open } => {
                let mut connection = match open.take() {
                    Some(connection) => connection,
                    None => connect(options).await?,
                };
                let mut done = on_postgres(&mut connection, statement.clone()).await;
                if done.as_ref().is_err_and(is_gone) {
                    // Perhaps since the last time; whether it was run nobody knows.
                    connection = connect(options).await?;
                    done = on_postgres(&mut connection, statement).await;
                }
                // After any error the next statement finds a new one.
                let done = done.map_err(failed)?;
                *open = Some(connection);
                Ok(done)
            }
        }
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn unconnected(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

/// Whether the connection is at fault, not the statement.
fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        // Ended by an operator, or by a crash of another's.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        error => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_)),
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, DbErr> {
    let connected = tokio::time::timeout(PATIENCE, async {
        let mut connection = PgConnection::connect_with(options).await?;
        connection.execute(PLANS).await?;
        Ok(connection)
    });
    let connected = connected.await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    connected.map_err(unconnected)
}

async fn on_postgres(connection: &mut PgConnection, statement: Statement) -> Result<Done, sqlx::Error> {
    let steps = connection.fetch_many(query::<Postgres>(statement));
    gather(steps, PgQueryResult::rows_affected).await
}

async fn on_sqlite(connection: &mut SqliteConnection, statement: Statement) -> Result<Done, sqlx::Error> {
    let steps = connection.fetch_many(query::<Sqlite>(statement));
    gather(steps, SqliteQueryResult::rows_affected).await
}

fn query<D: Database>(statement: Statement) -> Query<'static, D, SqlxValues>
where
    SqlxValues: IntoArguments<D>,
{
    let values = statement.values.unwrap_or(Values(Vec::new()));
    sqlx::query_with(sqlx::AssertSqlSafe(statement.sql), SqlxValues(values))
}

async fn gather<D, R: Into<QueryResult>>(
    mut steps: BoxStream<'_, Result<Either<D, R>, sqlx::Error>>,
    changed: fn(&D) -> u64,
) -> Result<Done, sqlx::Error> {
    let mut all = Done::default();
    while let Some(step) = steps.try_next().await? {
        match step {
            Either::Left(done) => all.1 += changed(&done),
            Either::Right(row) => all.0.push(row.into()),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use sea_orm::sqlx::sqlite::SqlitePoolOptions;

    use super::*;

    #[tokio::test]
    async fn the_one_that_writes_is_held_until_others_wait_or_nothing_more_comes() {
        let options = SqlitePoolOptions::new().max_connections(1);
        let pool = options.connect("sqlite::memory:").await.unwrap();
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut kept = Kept::sqlite_writer(pool.clone(), waiting.clone());
        let statement = |sql: &str| Statement::from_string(DatabaseBackend::Sqlite, sql);

        kept.change(statement("CREATE TABLE vote (mark PRIMARY KEY)"))
            .await
            .unwrap();
        kept.rest(true);
        assert!(pool.try_acquire().is_none());

        waiting.store(1, Ordering::Relaxed);
        kept.rest(true);
        drop(pool.acquire().await.unwrap());

        waiting.store(0, Ordering::Relaxed);
        let three = statement("INSERT INTO vote VALUES (1), (2), (1) ON CONFLICT DO NOTHING");
        assert_eq!(kept.change(three).await.unwrap(), 2);
        kept.rest(false);
        drop(pool.acquire().await.unwrap());
    }
}
