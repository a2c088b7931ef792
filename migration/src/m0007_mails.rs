//! Letters that tell organisers why a ballot did not open.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, DbErr};

/// SQLite cannot change a check: the table is made anew. Nothing refers to it.
const SQLITE: &str = r#"
CREATE TABLE mail_new (
    id {uuid} NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('sign_in_code', 'invitation', 'opening_refused')),
    recipient text NOT NULL,
    address text NOT NULL,
    language text NOT NULL CHECK (language IN ('fr', 'en')),
    workshop_id {uuid},
    registration_id {uuid},
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts integer NOT NULL,
    due_at {instant} NOT NULL,
    last_error text,
    created_at {instant} NOT NULL,
    finished_at {instant},
    ballot_id {uuid},
    reason text,
    CHECK (kind <> 'opening_refused' OR (ballot_id IS NOT NULL AND reason IS NOT NULL))
) {options};
INSERT INTO mail_new (id, kind, recipient, address, language, workshop_id, registration_id, state, attempts, due_at,
                      last_error, created_at, finished_at)
    SELECT id, kind, recipient, address, language, workshop_id, registration_id, state, attempts, due_at,
           last_error, created_at, finished_at FROM mail;
DROP TABLE mail;
ALTER TABLE mail_new RENAME TO mail;
CREATE INDEX mail_due ON mail (state, due_at);
CREATE INDEX mail_registration ON mail (registration_id, created_at);
CREATE INDEX mail_address ON mail (address, created_at);
"#;

/// In place, so that a server of the version before goes on writing letters meanwhile.
const POSTGRES: &str = r#"
ALTER TABLE mail
    ADD COLUMN ballot_id {uuid},
    ADD COLUMN reason text,
    DROP CONSTRAINT mail_kind_check,
    ADD CONSTRAINT mail_kind_check CHECK (kind IN ('sign_in_code', 'invitation', 'opening_refused')),
    ADD CONSTRAINT mail_refusal_check CHECK (kind <> 'opening_refused' OR (ballot_id IS NOT NULL AND reason IS NOT NULL));
"#;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ddl = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        crate::sql::run(manager, ddl).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
