//! Registrations merged into others: where what was theirs went, and pledges that go with them.

use sea_orm_migration::prelude::*;

const DDL: &str = r#"
CREATE TABLE registration_merge (
    -- The registration that is gone; frozen rolls still name it.
    merged_id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL,
    -- Whose place it was.
    person_id {uuid} NOT NULL REFERENCES person (id),
    -- The registration that stays.
    registration_id {uuid} NOT NULL,
    created_at {instant} NOT NULL,
    FOREIGN KEY (registration_id, workshop_id) REFERENCES registration (id, workshop_id) ON DELETE CASCADE,
    CHECK (merged_id <> registration_id)
) {options};
CREATE INDEX registration_merge_person ON registration_merge (person_id);
CREATE INDEX registration_merge_registration ON registration_merge (registration_id);
"#;

const REFUSALS: [(&str, &str, &str, &str); 3] = [
    (
        "registration_merge_is_kept",
        "UPDATE",
        "registration_merge",
        "NEW.merged_id <> OLD.merged_id OR NEW.workshop_id <> OLD.workshop_id OR NEW.person_id <> OLD.person_id",
    ),
    (
        "registration_on_an_open_roll_stays",
        "DELETE",
        "registration",
        "EXISTS (SELECT 1 FROM ballot b JOIN roll r ON r.ballot_id = b.id WHERE b.workshop_id = OLD.workshop_id \
         AND (b.state = 'open' OR (b.state = 'closed' AND b.counted_at IS NULL)) AND r.registration_id = OLD.id)",
    ),
    // As before, but that a pledge goes to the registration that its signer's was merged into.
    (
        "pledge_is_only_withdrawn",
        "UPDATE",
        "pledge",
        "(OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at) \
         OR NEW.id <> OLD.id OR NEW.charter <> OLD.charter OR NEW.created_at <> OLD.created_at \
         OR NEW.public <> OLD.public OR NEW.coalition_id <> OLD.coalition_id \
         OR NEW.on_behalf_of IS DISTINCT FROM OLD.on_behalf_of \
         OR (NEW.registration_id <> OLD.registration_id AND NOT EXISTS (SELECT 1 FROM registration_merge m \
         WHERE m.merged_id = OLD.registration_id AND m.registration_id = NEW.registration_id))",
    ),
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::sql::run(manager, DDL).await?;
        crate::sql::withdraw(manager, "pledge_is_only_withdrawn", "pledge").await?;
        for (name, event, table, condition) in REFUSALS {
            crate::sql::refuse(manager, name, event, table, condition).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
