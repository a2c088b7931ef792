//! Letters about a ballot to everyone on its roll: reminders, and the one at publication.

use sea_orm_migration::prelude::*;

const DDL: &str = r#"
-- When everyone on the roll was last reminded, and how many people that was.
ALTER TABLE ballot ADD COLUMN reminded_at {instant};
ALTER TABLE ballot ADD COLUMN reminded integer CHECK ((reminded IS NULL) = (reminded_at IS NULL));

-- The letter at publication, as everyone on the roll gets it: to the letter the same.
CREATE TABLE announcement (
    ballot_id {uuid} NOT NULL PRIMARY KEY REFERENCES ballot (id),
    subject text NOT NULL,
    body text NOT NULL
) {options};

-- Nobody gets it twice.
CREATE UNIQUE INDEX mail_result ON mail (ballot_id, address) WHERE kind = 'result';
-- What somebody waits for is found beneath a wave of letters.
CREATE INDEX mail_kind_due ON mail (kind, state, due_at);
"#;

const REFUSALS: [(&str, &str, &str, &str); 5] = [
    (
        "ballot_reminds_while_open",
        "UPDATE",
        "ballot",
        "NEW.reminded_at IS NOT NULL AND (OLD.reminded_at IS NULL OR NEW.reminded_at <> OLD.reminded_at) \
         AND (OLD.state <> 'open' OR NEW.state <> 'open')",
    ),
    (
        "ballot_reminds_once_an_hour",
        "UPDATE",
        "ballot",
        "OLD.reminded_at IS NOT NULL AND (NEW.reminded_at IS NULL OR (NEW.reminded_at <> OLD.reminded_at \
         AND NEW.reminded_at < OLD.reminded_at + 3600000000))",
    ),
    (
        "announcement_is_of_the_counted",
        "INSERT",
        "announcement",
        "(SELECT b.counted_at FROM ballot b WHERE b.id = NEW.ballot_id) IS NULL",
    ),
    ("announcement_is_final", "UPDATE", "announcement", "true"),
    ("announcement_stays", "DELETE", "announcement", "true"),
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for kind in ["reminder", "result"] {
            crate::sql::admit(manager, "mail", "kind", kind).await?;
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
