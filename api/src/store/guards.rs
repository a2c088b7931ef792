//! What stands in the way of rows that come back as they were: triggers that refuse what a server may
//! not do, and foreign keys that want parents first. Out of the way within one transaction, and back
//! before its end.

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, Statement};

/// What is out of the way: comes back when the transaction is rolled back, and must be put back before
/// it is committed.
#[must_use = "what is out of the way must be put back"]
pub struct Lifted {
    /// Statements that put it back.
    back: Vec<String>,
}

/// Takes triggers out of the way and leaves the foreign keys for the end. Nobody else writes to these
/// tables meanwhile.
pub async fn lift(on: &DatabaseTransaction) -> Result<Lifted, DbErr> {
    match on.get_database_backend() {
        DatabaseBackend::Postgres => lift_postgres(on).await,
        _ => lift_sqlite(on).await,
    }
}

impl Lifted {
    /// Checks the foreign keys and puts everything back.
    pub async fn put_back(self, on: &DatabaseTransaction) -> Result<(), DbErr> {
        match on.get_database_backend() {
            // Raises the first one that is violated.
            DatabaseBackend::Postgres => {
                on.execute_unprepared("SET CONSTRAINTS ALL IMMEDIATE").await?;
            }
            // A commit would refuse as well, without saying where.
            _ => {
                let violated = texts(on, r#"SELECT DISTINCT "table" AS value FROM pragma_foreign_key_check"#).await?;
                if !violated.is_empty() {
                    return Err(DbErr::Custom(format!(
                        "rows of {} refer to rows that are not there",
                        violated.join(", ")
                    )));
                }
            }
        }
        for statement in self.back {
            on.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

async fn lift_postgres(on: &DatabaseTransaction) -> Result<Lifted, DbErr> {
    let mut back = Vec::new();
    for table in tables(on).await? {
        let table = quoted(&table);
        on.execute_unprepared(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"))
            .await?;
        back.push(format!("ALTER TABLE {table} ENABLE TRIGGER USER"));
    }
    let keys = "SELECT format('ALTER TABLE %s ALTER CONSTRAINT %I', conrelid::regclass, conname) AS value \
                FROM pg_constraint WHERE contype = 'f' AND NOT condeferrable \
                AND connamespace = current_schema()::text::regnamespace ORDER BY 1";
    for key in texts(on, keys).await? {
        on.execute_unprepared(&format!("{key} DEFERRABLE")).await?;
        back.push(format!("{key} NOT DEFERRABLE"));
    }
    on.execute_unprepared("SET CONSTRAINTS ALL DEFERRED").await?;
    Ok(Lifted { back })
}

async fn lift_sqlite(on: &DatabaseTransaction) -> Result<Lifted, DbErr> {
    let triggers = "FROM sqlite_master WHERE type = 'trigger' ORDER BY name";
    let back = texts(on, &format!("SELECT sql AS value {triggers}")).await?;
    for name in texts(on, &format!("SELECT name AS value {triggers}")).await? {
        on.execute_unprepared(&format!("DROP TRIGGER {}", quoted(&name)))
            .await?;
    }
    // Until the end of this transaction.
    on.execute_unprepared("PRAGMA defer_foreign_keys = ON").await?;
    Ok(Lifted { back })
}

/// The tables that hold rows, but that of migrations.
pub async fn filled(on: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let mut filled = Vec::new();
    for table in tables(on).await? {
        let any = format!("SELECT '' AS value FROM {} LIMIT 1", quoted(&table));
        if !texts(on, &any).await?.is_empty() {
            filled.push(table);
        }
    }
    Ok(filled)
}

/// The tables that the database has, but that of migrations.
async fn tables(on: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let sql = match on.get_database_backend() {
        DatabaseBackend::Postgres => {
            "SELECT tablename::text AS value FROM pg_tables \
             WHERE schemaname = current_schema() AND tablename <> 'seaql_migrations' ORDER BY 1"
        }
        _ => {
            "SELECT name AS value FROM sqlite_master \
             WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name <> 'seaql_migrations' ORDER BY 1"
        }
    };
    texts(on, sql).await
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn texts(on: &impl ConnectionTrait, sql: &str) -> Result<Vec<String>, DbErr> {
    let rows = on
        .query_all_raw(Statement::from_string(on.get_database_backend(), sql))
        .await?;
    rows.iter().map(|row| row.try_get("", "value")).collect()
}
