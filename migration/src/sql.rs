//! One text of DDL for SQLite and PostgreSQL, and the triggers that refuse.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Runs `ddl` after replacing the type words in braces by those of the database.
///
/// `{instant}` is microseconds since the Unix epoch, UTC: exact in both databases, and arithmetic
/// on it is plain integer arithmetic. `{options}` closes every `CREATE TABLE`.
pub async fn run(manager: &SchemaManager<'_>, ddl: &str) -> Result<(), DbErr> {
    let words: [(&str, &str); 6] = match manager.get_database_backend() {
        DbBackend::Postgres => [
            ("{uuid}", "uuid"),
            ("{instant}", "bigint"),
            ("{json}", "jsonb"),
            ("{bytes}", "bytea"),
            ("{bool}", "boolean"),
            ("{options}", ""),
        ],
        // STRICT makes SQLite hold the column types that PostgreSQL holds anyway.
        _ => [
            ("{uuid}", "BLOB"),
            ("{instant}", "INTEGER"),
            ("{json}", "TEXT"),
            ("{bytes}", "BLOB"),
            ("{bool}", "INTEGER"),
            ("{options}", "STRICT, WITHOUT ROWID"),
        ],
    };
    let ddl = words
        .iter()
        .fold(ddl.to_owned(), |ddl, (word, meaning)| ddl.replace(word, meaning));
    manager.get_connection().execute_unprepared(&ddl).await?;
    Ok(())
}

/// A trigger that refuses `event` (`INSERT`, `UPDATE`, `DELETE`) on `table` for each row where
/// `condition` (over `OLD` and `NEW`, subqueries allowed) holds. `{share}` at the end of a subquery
/// keeps what it read from changing under PostgreSQL; SQLite has one writer anyway.
pub async fn refuse(
    manager: &SchemaManager<'_>,
    name: &str,
    event: &str,
    table: &str,
    condition: &str,
) -> Result<(), DbErr> {
    let ddl = match manager.get_database_backend() {
        DbBackend::Postgres => {
            let condition = condition.replace("{share}", "FOR SHARE");
            let row = if event == "DELETE" { "OLD" } else { "NEW" };
            format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                   IF {condition} THEN RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; END IF; \
                   RETURN {row}; END $$; \
                 CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();"
            )
        }
        _ => {
            let condition = condition.replace("{share}", "");
            format!(
                "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {condition} \
                 BEGIN SELECT RAISE(ABORT, '{name}'); END;"
            )
        }
    };
    manager.get_connection().execute_unprepared(&ddl).await?;
    Ok(())
}

/// Declares one migration from its DDL and its refusals; a released schema is never rolled back.
macro_rules! migration {
    ($ddl:expr, $refusals:expr) => {
        #[derive(sea_orm_migration::prelude::DeriveMigrationName)]
        pub struct Migration;

        #[sea_orm_migration::async_trait::async_trait]
        impl sea_orm_migration::MigrationTrait for Migration {
            async fn up(
                &self,
                manager: &sea_orm_migration::SchemaManager,
            ) -> Result<(), sea_orm_migration::sea_orm::DbErr> {
                crate::sql::run(manager, $ddl).await?;
                for (name, event, table, condition) in $refusals {
                    crate::sql::refuse(manager, name, event, table, condition).await?;
                }
                Ok(())
            }

            // Only PostgreSQL is transactional by default; half a migration helps nobody.
            fn use_transaction(&self) -> Option<bool> {
                Some(true)
            }
        }
    };
}
pub(crate) use migration;
