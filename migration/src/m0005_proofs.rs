//! What auditors hold against the server (`proof`), the keys that sign it, and when openings may be
//! seen by everyone.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, Statement};

const DDL: &str = r#"
-- Signed at opening and completed at counting.
CREATE TABLE proof (
    ballot_id {uuid} NOT NULL PRIMARY KEY REFERENCES ballot (id),
    manifest text NOT NULL,
    closing_record text,
    checkpoint text,
    -- Roots of the tree's blocks of 256 leaves, one after the other: what receipts are made from.
    blocks {bytes},
    CHECK ((closing_record IS NULL) = (checkpoint IS NULL)),
    CHECK ((closing_record IS NULL) = (blocks IS NULL))
) {options};

ALTER TABLE ballot ADD COLUMN openings text NOT NULL DEFAULT 'auditors' CHECK (openings IN ('auditors', 'public'));

DROP INDEX signing_key_purpose;
ALTER TABLE signing_key RENAME TO signing_key_before;
CREATE TABLE signing_key (
    kid text NOT NULL PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('token', 'manifest')),
    -- Of a key that signs manifests: the instance's public address at that time.
    name text NOT NULL,
    public {bytes} NOT NULL CHECK (length(public) = 32),
    -- Sealed under PALABRE_SECRET; gone once the key signs no more and its public half suffices.
    sealed {bytes},
    created_at {instant} NOT NULL,
    retired_at {instant},
    CHECK (sealed IS NOT NULL OR retired_at IS NOT NULL)
) {options};
INSERT INTO signing_key (kid, purpose, name, public, sealed, created_at)
    SELECT kid, purpose, '', public, sealed, created_at FROM signing_key_before;
DROP TABLE signing_key_before;
-- Processes that start at once agree on one key.
CREATE UNIQUE INDEX signing_key_current ON signing_key (purpose, name) WHERE retired_at IS NULL;
"#;

const REFUSALS: [(&str, &str, &str, &str); 7] = [
    (
        "ballot_opens_with_its_manifest",
        "UPDATE",
        "ballot",
        "OLD.state = 'draft' AND NEW.state = 'open' AND NOT EXISTS (SELECT 1 FROM proof p WHERE p.ballot_id = NEW.id)",
    ),
    (
        "ballot_is_counted_with_its_checkpoint",
        "UPDATE",
        "ballot",
        "OLD.counted_at IS NULL AND NEW.counted_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM proof p WHERE p.ballot_id = NEW.id AND p.checkpoint IS NOT NULL)",
    ),
    (
        "ballot_is_extended_only",
        "UPDATE",
        "ballot",
        "OLD.state <> 'draft' AND ((OLD.closes_at IS NULL) <> (NEW.closes_at IS NULL) OR NEW.closes_at < OLD.closes_at)",
    ),
    (
        "ballot_openings_are_frozen",
        "UPDATE",
        "ballot",
        "OLD.state <> 'draft' AND NEW.openings <> OLD.openings",
    ),
    (
        "proof_precedes_the_opening",
        "INSERT",
        "proof",
        "(SELECT b.state FROM ballot b WHERE b.id = NEW.ballot_id {share}) <> 'draft'",
    ),
    (
        "proof_is_final",
        "UPDATE",
        "proof",
        "NEW.ballot_id <> OLD.ballot_id OR NEW.manifest <> OLD.manifest OR (OLD.checkpoint IS NOT NULL AND \
         (NEW.checkpoint IS NULL OR NEW.checkpoint <> OLD.checkpoint OR NEW.closing_record <> OLD.closing_record \
         OR NEW.blocks <> OLD.blocks))",
    ),
    ("proof_stays", "DELETE", "proof", "true"),
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let uncounted = "SELECT id FROM ballot WHERE state = 'open' OR (state = 'closed' AND counted_at IS NULL)";
        let statement = Statement::from_string(connection.get_database_backend(), uncounted);
        if connection.query_one_raw(statement).await?.is_some() {
            return Err(DbErr::Custom(
                "a ballot that was opened without a manifest is not counted yet: close or cancel it with the version \
                 that opened it, then upgrade"
                    .to_owned(),
            ));
        }
        crate::sql::run(manager, DDL).await?;
        for (name, event, table, condition) in REFUSALS {
            crate::sql::refuse(manager, name, event, table, condition).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
