//! Consent to the instance's text in numbered versions; registrations whose time is over; a journal
//! that is not overwritten by the back door either.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};

const DDL: &str = r#"
CREATE TABLE consent_text (
    number integer NOT NULL CHECK (number >= 1),
    language text NOT NULL CHECK (language IN ('fr', 'en')),
    text text NOT NULL CHECK (length(text) >= 1),
    -- SHA-256 of the text's UTF-8 bytes.
    digest {bytes} NOT NULL CHECK (length(digest) = 32),
    created_at {instant} NOT NULL,
    PRIMARY KEY (number, language)
) {options};

CREATE TABLE consent (
    id {uuid} NOT NULL PRIMARY KEY,
    person_id {uuid} NOT NULL REFERENCES person (id),
    -- What was shown: this version in this language.
    number integer NOT NULL,
    language text NOT NULL,
    given_at {instant} NOT NULL,
    withdrawn_at {instant},
    FOREIGN KEY (number, language) REFERENCES consent_text (number, language),
    CHECK (withdrawn_at IS NULL OR given_at <= withdrawn_at)
) {options};
CREATE INDEX consent_person ON consent (person_id, id);
-- One stands at most.
CREATE UNIQUE INDEX consent_standing ON consent (person_id) WHERE withdrawn_at IS NULL;

-- When the time for which personal data are kept was over; the line stays and is counted as before.
ALTER TABLE registration ADD COLUMN forgotten_at {instant};
"#;

const REFUSALS: [(&str, &str, &str, &str); 3] = [
    ("consent_text_is_final_update", "UPDATE", "consent_text", "true"),
    ("consent_text_is_final_delete", "DELETE", "consent_text", "true"),
    (
        "consent_is_only_withdrawn",
        "UPDATE",
        "consent",
        "OLD.withdrawn_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.person_id <> OLD.person_id \
         OR NEW.number <> OLD.number OR NEW.language <> OLD.language OR NEW.given_at <> OLD.given_at",
    ),
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::sql::run(manager, DDL).await?;
        for (name, event, table, condition) in REFUSALS {
            crate::sql::refuse(manager, name, event, table, condition).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            // Triggers on rows do not see a TRUNCATE.
            let refusal = "CREATE FUNCTION journal_is_append_only_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                   RAISE EXCEPTION 'journal_is_append_only_truncate' USING ERRCODE = 'integrity_constraint_violation'; END $$; \
                 CREATE TRIGGER journal_is_append_only_truncate BEFORE TRUNCATE ON journal \
                   FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only_truncate();";
            manager.get_connection().execute_unprepared(refusal).await?;
            return Ok(());
        }
        // Nor do those on deletions see what an INSERT OR REPLACE takes away.
        let stands = "EXISTS (SELECT 1 FROM journal j WHERE j.id = NEW.id)";
        crate::sql::refuse(manager, "journal_is_append_only_replace", "INSERT", "journal", stands).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
