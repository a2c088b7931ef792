//! What may be asked, and of whom: all seven methods and the scale of grades, the unit that votes and
//! the person who votes for it, the quorum; and results that are annulled.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, DbErr};

/// All that a row of `ballot` must satisfy, each by its name.
const RULES: [(&str, &str); 21] = [
    ("ballot_kind", "kind IN ('logo', 'general')"),
    ("ballot_question", "length(question) BETWEEN 1 AND 500"),
    (
        "ballot_method",
        "method IN ('plurality', 'approval', 'instant_runoff', 'schulze', 'borda', 'score', 'majority_judgment')",
    ),
    (
        "ballot_scale",
        "(max_grade IS NOT NULL) = (method IN ('score', 'majority_judgment'))",
    ),
    ("ballot_max_grade", "max_grade BETWEEN 1 AND 100"),
    ("ballot_openings", "openings IN ('auditors', 'public')"),
    ("ballot_unit", "unit IN ('person', 'organisation')"),
    ("ballot_quorum", "quorum_percent BETWEEN 1 AND 100"),
    (
        "ballot_state",
        "state IN ('draft', 'open', 'closed', 'published', 'cancelled', 'annulled')",
    ),
    (
        "ballot_schedule",
        "opens_at IS NULL OR closes_at IS NULL OR opens_at < closes_at",
    ),
    ("ballot_draft", "state <> 'draft' OR opened_at IS NULL"),
    (
        "ballot_opened",
        "state NOT IN ('open', 'closed', 'published', 'annulled') OR (opened_at IS NOT NULL AND roll_size IS NOT NULL)",
    ),
    (
        "ballot_open",
        "state <> 'open' OR (sealed_key IS NOT NULL AND closed_at IS NULL)",
    ),
    (
        "ballot_closed",
        "state NOT IN ('closed', 'published', 'annulled') OR closed_at IS NOT NULL",
    ),
    (
        "ballot_counted",
        "counted_at IS NULL OR (closed_at IS NOT NULL AND sealed_key IS NULL AND tally IS NOT NULL)",
    ),
    ("ballot_tally", "tally IS NULL OR counted_at IS NOT NULL"),
    (
        "ballot_published",
        "state <> 'published' OR (counted_at IS NOT NULL AND published_at IS NOT NULL)",
    ),
    ("ballot_cancelled", "(state = 'cancelled') = (cancelled_at IS NOT NULL)"),
    (
        "ballot_cancelled_why",
        "state <> 'cancelled' OR (reason IS NOT NULL AND sealed_key IS NULL)",
    ),
    ("ballot_annulled", "(state = 'annulled') = (annulled_at IS NOT NULL)"),
    (
        "ballot_annulled_why",
        "state <> 'annulled' OR (reason IS NOT NULL AND counted_at IS NOT NULL)",
    ),
];

/// New columns of `ballot`.
const COLUMNS: [&str; 5] = [
    // Of methods with grades, which run from 0 to it.
    "max_grade integer",
    "unit text NOT NULL DEFAULT 'person'",
    "quorum_percent integer",
    // Whether blank votes count towards the quorum.
    "blanks_count {bool} NOT NULL DEFAULT true",
    "annulled_at {instant}",
];

/// Those of before.
const BALLOT: &str = "
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL REFERENCES workshop (id),
    kind text NOT NULL,
    question text NOT NULL,
    description text NOT NULL,
    method text NOT NULL,
    eligibility {json} NOT NULL,
    opens_at {instant},
    closes_at {instant},
    state text NOT NULL,
    opened_at {instant},
    closed_at {instant},
    counted_at {instant},
    published_at {instant},
    cancelled_at {instant},
    reason text,
    roll_size integer,
    vote_body_length integer,
    sealed_key {bytes},
    opening_failed text,
    count_failed text,
    tally {json},
    created_at {instant} NOT NULL,
    openings text NOT NULL DEFAULT 'auditors'";

const BALLOT_KEPT: &str = "id, workshop_id, kind, question, description, method, eligibility, opens_at, closes_at, \
    state, opened_at, closed_at, counted_at, published_at, cancelled_at, reason, roll_size, vote_body_length, \
    sealed_key, opening_failed, count_failed, tally, created_at, openings";

const ROLL: &str = "
CREATE TABLE roll (
    ballot_id {uuid} NOT NULL REFERENCES ballot (id),
    unit_id {uuid} NOT NULL,
    -- Who votes for the unit; no foreign key, like the unit.
    person_id {uuid} NOT NULL,
    registration_id {uuid} NOT NULL,
    salt {bytes} NOT NULL CHECK (length(salt) = 16),
    leaf {bytes} NOT NULL CHECK (length(leaf) = 32),
    voted {bool},
    PRIMARY KEY (ballot_id, unit_id),
    UNIQUE (ballot_id, person_id),
    UNIQUE (ballot_id, leaf)
) {options};";

const REFUSALS: [(&str, &str, &str, &str); 3] = [
    (
        "ballot_moves_forward",
        "UPDATE",
        "ballot",
        "OLD.state <> NEW.state AND NOT ((OLD.state = 'draft' AND NEW.state IN ('open', 'cancelled')) \
         OR (OLD.state = 'open' AND NEW.state IN ('closed', 'cancelled')) \
         OR (OLD.state = 'closed' AND NEW.state IN ('published', 'annulled')) \
         OR (OLD.state = 'published' AND NEW.state = 'annulled'))",
    ),
    (
        "ballot_terms_are_frozen",
        "UPDATE",
        "ballot",
        "OLD.state <> 'draft' AND (NEW.max_grade IS DISTINCT FROM OLD.max_grade OR NEW.unit <> OLD.unit \
         OR NEW.quorum_percent IS DISTINCT FROM OLD.quorum_percent OR NEW.blanks_count <> OLD.blanks_count)",
    ),
    (
        "roll_person_is_frozen",
        "UPDATE",
        "roll",
        "NEW.person_id <> OLD.person_id",
    ),
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::sql::withdraw(manager, "ballot_moves_forward", "ballot").await?;
        match manager.get_database_backend() {
            DbBackend::Postgres => alter(manager).await?,
            _ => rebuild(manager).await?,
        }
        for (name, event, table, condition) in REFUSALS {
            crate::sql::refuse(manager, name, event, table, condition).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn rules() -> impl Iterator<Item = String> {
    RULES
        .into_iter()
        .map(|(name, rule)| format!("CONSTRAINT {name} CHECK ({rule})"))
}

/// PostgreSQL.
async fn alter(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // Most of the checks of before have no name of ours.
    let forget = "DO $$ DECLARE rule text; BEGIN
         FOR rule IN SELECT conname FROM pg_constraint WHERE conrelid = 'ballot'::regclass AND contype = 'c'
         LOOP EXECUTE format('ALTER TABLE ballot DROP CONSTRAINT %I', rule); END LOOP;
     END $$;";
    let columns = COLUMNS.map(|column| format!("ADD COLUMN {column}")).into_iter();
    let changes: Vec<String> = columns.chain(rules().map(|rule| format!("ADD {rule}"))).collect();
    let ballot = format!("{forget} ALTER TABLE ballot {};", changes.join(", "));
    crate::sql::run(manager, &ballot).await?;
    let roll = "ALTER TABLE roll ADD COLUMN person_id {uuid};
         UPDATE roll SET person_id = unit_id;
         ALTER TABLE roll ALTER COLUMN person_id SET NOT NULL, ADD UNIQUE (ballot_id, person_id);";
    crate::sql::run(manager, roll).await
}

/// SQLite.
async fn rebuild(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut parts = vec![BALLOT.to_owned()];
    parts.extend(COLUMNS.map(str::to_owned));
    parts.push("UNIQUE (id, workshop_id)".to_owned());
    parts.extend(rules());
    let ballot = format!("CREATE TABLE ballot ({}) {{options}};", parts.join(",\n    "));
    crate::sql::rebuild(manager, "ballot", &ballot, BALLOT_KEPT, BALLOT_KEPT).await?;
    let columns = "ballot_id, unit_id, person_id, registration_id, salt, leaf, voted";
    let values = "ballot_id, unit_id, unit_id, registration_id, salt, leaf, voted";
    crate::sql::rebuild(manager, "roll", ROLL, columns, values).await
}
