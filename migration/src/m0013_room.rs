//! Room beside each line of the roll for its flag: under PostgreSQL the line with the flag then takes
//! its place on the same page, and no index is touched. SQLite writes in place anyway.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            let room = "ALTER TABLE roll SET (fillfactor = 50)";
            manager.get_connection().execute_unprepared(room).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
