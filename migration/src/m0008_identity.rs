//! In-person codes and the sign-ins they open, letters that bounce, wrong check-in codes.

use sea_orm_migration::prelude::*;

const DDL: &str = r#"
-- Of a code that an organiser hands over: whom it lets in, and nowhere else.
ALTER TABLE sign_in_code ADD COLUMN registration_id {uuid} REFERENCES registration (id) ON DELETE CASCADE;
CREATE INDEX sign_in_code_registration ON sign_in_code (registration_id) WHERE registration_id IS NOT NULL;
-- Of a sign-in with such a code: the only workshop it opens.
ALTER TABLE sign_in ADD COLUMN workshop_id {uuid} REFERENCES workshop (id) ON DELETE CASCADE;

-- Wrong check-in codes of one person at one session, counted across processes.
CREATE TABLE check_in_try (
    session_id {uuid} NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    registration_id {uuid} NOT NULL REFERENCES registration (id) ON DELETE CASCADE,
    failures integer NOT NULL CHECK (failures BETWEEN 0 AND 10),
    since {instant} NOT NULL,
    PRIMARY KEY (session_id, registration_id)
) {options};
CREATE INDEX check_in_try_registration ON check_in_try (registration_id);
"#;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::sql::run(manager, DDL).await?;
        crate::sql::admit(manager, "mail", "kind", "in_person_code").await?;
        crate::sql::admit(manager, "mail", "state", "bounced").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
