//! One text of DDL for SQLite and PostgreSQL, the triggers that refuse, and what SQLite needs to
//! change a table that stands.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};

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

/// Takes back a refusal, so that another of that name can be put in its place.
pub async fn withdraw(manager: &SchemaManager<'_>, name: &str, table: &str) -> Result<(), DbErr> {
    let ddl = match manager.get_database_backend() {
        DbBackend::Postgres => format!("DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();"),
        _ => format!("DROP TRIGGER {name};"),
    };
    manager.get_connection().execute_unprepared(&ddl).await?;
    Ok(())
}

/// SQLite only, which cannot alter a constraint: makes `table` anew from `ddl`, its complete
/// `CREATE TABLE`, and fills `columns` of it with `values`, columns of before; none may be left behind.
/// Its indexes and triggers are those of before. Whatever refers to it goes on doing so: foreign keys
/// wait for the end of the migration's transaction, and are checked here already.
pub async fn rebuild(
    manager: &SchemaManager<'_>,
    table: &str,
    ddl: &str,
    columns: &str,
    values: &str,
) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    for column in texts(
        manager,
        &format!("SELECT name AS value FROM pragma_table_info('{table}')"),
    )
    .await?
    {
        if !values.split(", ").any(|value| value == column) {
            return Err(DbErr::Custom(format!("{table}.{column} would be lost")));
        }
    }
    let own = format!(
        "SELECT sql AS value FROM sqlite_master WHERE tbl_name = '{table}' AND type IN ('index', 'trigger') \
         AND sql IS NOT NULL"
    );
    let replay = texts(manager, &own).await?;
    let before = number(manager, &format!("SELECT count(*) AS value FROM {table}")).await?;
    connection
        .execute_unprepared(&format!(
            "PRAGMA defer_foreign_keys = ON; CREATE TEMP TABLE kept AS SELECT * FROM {table}; DROP TABLE {table};"
        ))
        .await?;
    run(manager, ddl).await?;
    connection
        .execute_unprepared(&format!(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM temp.kept; DROP TABLE temp.kept;"
        ))
        .await?;
    // Only now: a trigger may refuse rows as they were written long ago.
    for sql in replay {
        connection.execute_unprepared(&sql).await?;
    }
    let after = number(manager, &format!("SELECT count(*) AS value FROM {table}")).await?;
    let dangling = all(manager, "PRAGMA foreign_key_check").await?;
    if after == before && dangling.is_empty() {
        Ok(())
    } else {
        Err(DbErr::Custom(format!(
            "{table} was not rebuilt as it was: nothing is changed"
        )))
    }
}

/// Lets a text column hold one more value than its check named so far: `CHECK (column IN (…))`, with
/// whatever values are there already.
pub async fn admit(manager: &SchemaManager<'_>, table: &str, column: &str, value: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let unknown = || DbErr::Custom(format!("{table}.{column} has no list of values to add to"));
    if manager.get_database_backend() == DbBackend::Postgres {
        let name = format!("{table}_{column}_check");
        let present = format!(
            "SELECT pg_get_constraintdef(oid) AS value FROM pg_constraint \
             WHERE conname = '{name}' AND conrelid = '{table}'::regclass"
        );
        let check = texts(manager, &present).await?.pop().ok_or_else(unknown)?;
        let (before, values) = check.split_once("ARRAY[").ok_or_else(unknown)?;
        let ddl = format!(
            "ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {before}ARRAY['{value}'::text, {values}"
        );
        connection.execute_unprepared(&ddl).await?;
        return Ok(());
    }
    let present = format!("SELECT sql AS value FROM sqlite_master WHERE type = 'table' AND name = '{table}'");
    let ddl = texts(manager, &present).await?.pop().ok_or_else(unknown)?;
    let list = format!("({column} IN (");
    let (before, values) = ddl.split_once(&list).ok_or_else(unknown)?;
    let columns = texts(
        manager,
        &format!("SELECT name AS value FROM pragma_table_info('{table}')"),
    )
    .await?
    .join(", ");
    rebuild(
        manager,
        table,
        &format!("{before}{list}'{value}', {values}"),
        &columns,
        &columns,
    )
    .await
}

async fn all(manager: &SchemaManager<'_>, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    let statement = Statement::from_string(manager.get_database_backend(), sql);
    manager.get_connection().query_all_raw(statement).await
}

async fn texts(manager: &SchemaManager<'_>, sql: &str) -> Result<Vec<String>, DbErr> {
    let rows = all(manager, sql).await?;
    rows.iter().map(|row| row.try_get("", "value")).collect()
}

async fn number(manager: &SchemaManager<'_>, sql: &str) -> Result<i64, DbErr> {
    let rows = all(manager, sql).await?;
    rows.first()
        .ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?
        .try_get("", "value")
}

/// Declares one migration by what it does; a released schema is never rolled back.
macro_rules! migrates {
    (|$manager:ident| $up:block) => {
        #[derive(sea_orm_migration::prelude::DeriveMigrationName)]
        pub struct Migration;

        #[sea_orm_migration::async_trait::async_trait]
        impl sea_orm_migration::MigrationTrait for Migration {
            async fn up(
                &self,
                $manager: &sea_orm_migration::SchemaManager,
            ) -> Result<(), sea_orm_migration::sea_orm::DbErr> {
                $up
            }

            // Only PostgreSQL is transactional by default; half a migration helps nobody.
            fn use_transaction(&self) -> Option<bool> {
                Some(true)
            }
        }
    };
}
pub(crate) use migrates;

/// Declares one migration from its DDL and its refusals, if any.
macro_rules! migration {
    ($ddl:expr $(, $refusals:expr)?) => {
        crate::sql::migrates!(|manager| {
            crate::sql::run(manager, $ddl).await?;
            $(for (name, event, table, condition) in $refusals {
                crate::sql::refuse(manager, name, event, table, condition).await?;
            })?
            Ok(())
        });
    };
}
pub(crate) use migration;

/// Declares one migration that changes nothing but how PostgreSQL goes about what it holds anyway.
macro_rules! of_postgres {
    ($ddl:expr) => {
        crate::sql::migrates!(|manager| {
            use sea_orm_migration::sea_orm::{ConnectionTrait as _, DbBackend};
            if manager.get_database_backend() == DbBackend::Postgres {
                manager.get_connection().execute_unprepared($ddl).await?;
            }
            Ok(())
        });
    };
}
pub(crate) use of_postgres;
