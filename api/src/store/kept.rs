//! A connection that one task keeps for itself, for what a hall asks all at once: votes, who asks, the
//! ballot's page. A statement is one way to the database and back, where a pool asks before and after
//! it whether the connection still lives.

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sea_orm::sqlx::{self, Connection as _, Executor as _};
use sea_orm::{
    ConnectionTrait as _, DatabaseBackend, DatabaseConnection, DbErr, QueryResult, RuntimeErr, Statement, Values,
};
use sea_query_sqlx::SqlxValues;

use super::PATIENCE;

/// Prepared statements whose plan holds from the first vote to the millionth: always by index, never
/// thought out anew; and whoever waited to hold a row has it as it is by then.
pub const PLANS: &str = "SET plan_cache_mode = force_generic_plan; \
                         SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
                         SET default_transaction_isolation = 'read committed'";

pub struct Kept(Way);

enum Way {
    Postgres {
        options: Box<PgConnectOptions>,
        open: Option<PgConnection>,
    },
    Sqlite {
        pool: DatabaseConnection,
    },
}

impl Kept {
    pub(super) fn postgres(options: PgConnectOptions) -> Self {
        Self(Way::Postgres {
            options: Box::new(options),
            open: None,
        })
    }

    pub(super) fn sqlite(pool: DatabaseConnection) -> Self {
        Self(Way::Sqlite { pool })
    }

    pub fn backend(&self) -> DatabaseBackend {
        match self.0 {
            Way::Postgres { .. } => DatabaseBackend::Postgres,
            Way::Sqlite { .. } => DatabaseBackend::Sqlite,
        }
    }

    /// A statement that does no harm if it is run twice, each time a transaction of its own.
    pub async fn run(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &mut self.0 {
            Way::Sqlite { pool } => pool.query_all_raw(statement).await,
            Way::Postgres { options, open } => {
                let mut connection = match open.take() {
                    Some(connection) => connection,
                    None => connect(options).await?,
                };
                let mut rows = fetch(&mut connection, statement.clone()).await;
                if rows.as_ref().is_err_and(is_gone) {
                    // Perhaps since the last time; whether it was run nobody knows.
                    connection = connect(options).await?;
                    rows = fetch(&mut connection, statement).await;
                }
                // After any error the next statement finds a new one.
                let rows = rows.map_err(failed)?;
                *open = Some(connection);
                Ok(rows.into_iter().map(QueryResult::from).collect())
            }
        }
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
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
    connected.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}

async fn fetch(connection: &mut PgConnection, statement: Statement) -> Result<Vec<PgRow>, sqlx::Error> {
    let values = statement.values.unwrap_or(Values(Vec::new()));
    sqlx::query_with(sqlx::AssertSqlSafe(statement.sql), SqlxValues(values))
        .fetch_all(connection)
        .await
}
