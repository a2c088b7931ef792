//! Databases of earlier versions, brought up to date with all that is in them.

use palabre::store::Store;

use crate::support::{Backend, Sql, of_before};

/// Words of SQL that the two databases spell differently.
struct Spelling(Backend);

impl Spelling {
    fn uuid(&self, number: u8) -> String {
        match self.0 {
            Backend::Sqlite => format!("x'{number:032x}'"),
            Backend::Postgres => format!("'{number:032x}'::uuid"),
        }
    }

    fn bytes(&self, number: u8, length: usize) -> String {
        let hex = format!("{number:02x}").repeat(length);
        match self.0 {
            Backend::Sqlite => format!("x'{hex}'"),
            Backend::Postgres => format!("'\\x{hex}'::bytea"),
        }
    }

    /// The columns of each row as one text, in order of the rows.
    fn rows(&self, table: &str, columns: &[&str]) -> String {
        let texts: Vec<String> = columns
            .iter()
            .map(|column| match self.0 {
                Backend::Sqlite => format!("quote({column})"),
                Backend::Postgres => format!("coalesce({column}::text, 'NULL')"),
            })
            .collect();
        format!("SELECT {} FROM {table} ORDER BY 1", texts.join(" || ';' || "))
    }

    /// More lines of a roll than one row of flags holds; every third has this salt.
    fn hall(&self, ballot: &str, salt: &str) -> String {
        let line = "INSERT INTO roll (ballot_id, unit_id, registration_id, salt, leaf)";
        let (registration, other) = (self.uuid(1), self.bytes(1, 16));
        let salt = format!("CASE WHEN i % 3 = 0 THEN {salt} ELSE {other} END");
        match self.0 {
            Backend::Sqlite => format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {HALL}) \
                 {line} SELECT {ballot}, randomblob(16), {registration}, {salt}, randomblob(32) FROM n"
            ),
            Backend::Postgres => format!(
                "{line} SELECT {ballot}, gen_random_uuid(), {registration}, {salt}, sha256(i::text::bytea) \
                 FROM generate_series(1, {HALL}) n (i)"
            ),
        }
    }

    fn names(&self, kind: &str) -> &'static str {
        match (self.0, kind) {
            (Backend::Sqlite, "index") => {
                "SELECT name || ' ' || sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            }
            (Backend::Sqlite, _) => "SELECT name FROM sqlite_master WHERE type = 'trigger'",
            (Backend::Postgres, "index") => {
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'seaql_migrations'"
            }
            (Backend::Postgres, _) => "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'",
        }
    }
}

const HALL: usize = 600;

const DRAFT: u8 = 1;
const OPEN: u8 = 2;
const CLOSED: u8 = 3;
const COUNTED: u8 = 4;
const PUBLISHED: u8 = 5;
const CANCELLED: u8 = 6;

/// Every state a ballot can be in after the fifth migration, each with candidates and what belongs to
/// it: roll, manifest, sealed votes or openings.
async fn fill(sql: &Sql, spelling: &Spelling) {
    let (uuid, bytes) = (|n| spelling.uuid(n), |n, length| spelling.bytes(n, length));
    let workshop = uuid(200);
    sql.run(&format!(
        "INSERT INTO workshop (id, title, initiative, host, funder, description, language, time_zone, first_day, \
         last_day, public, self_registration, state, created_at, published_at) VALUES ({workshop}, 'Atelier', '', '', \
         '', '', 'fr', 'Africa/Conakry', '2020-08-27', '2020-08-28', false, false, 'published', 1, 1)"
    ))
    .await;
    for n in DRAFT..=CANCELLED {
        let ballot = uuid(n);
        let method = if n == OPEN { "schulze" } else { "plurality" };
        sql.run(&format!(
            "INSERT INTO ballot (id, workshop_id, kind, question, description, method, eligibility, closes_at, state, \
             created_at, openings) VALUES ({ballot}, {workshop}, 'general', 'Question {n} ?', 'Où ?', '{method}', \
             '{{\"roles\": []}}', 90, 'draft', {n}, 'public')"
        ))
        .await;
        for candidate in [10 * n, 10 * n + 1] {
            sql.run(&format!(
                "INSERT INTO candidate (id, ballot_id, name, folded_name, description, created_at) \
                 VALUES ({}, {ballot}, 'Nom {candidate}', 'nom {candidate}', '', 1)",
                uuid(candidate)
            ))
            .await;
        }
        if n == DRAFT {
            continue;
        }
        for voter in [100 + 10 * n, 101 + 10 * n] {
            let (unit, registration) = (uuid(voter), uuid(voter + 5));
            let (salt, leaf) = (bytes(voter, 16), bytes(voter, 32));
            sql.run(&format!(
                "INSERT INTO roll (ballot_id, unit_id, registration_id, salt, leaf) \
                 VALUES ({ballot}, {unit}, {registration}, {salt}, {leaf})"
            ))
            .await;
            let sealed = format!(
                "INSERT INTO \"cast\" VALUES ({ballot}, {}, {})",
                bytes(voter, 32),
                bytes(9, 80)
            );
            sql.run(&sealed).await;
        }
        if n == PUBLISHED {
            sql.run(&spelling.hall(&ballot, &bytes(101 + 10 * n, 16))).await;
        }
        for step in steps(n, &bytes(7, 60), &bytes(8, 32), &bytes(101 + 10 * n, 16)) {
            sql.run(&step.replace("{ballot}", &ballot)).await;
        }
    }
}

/// From draft to the state that a ballot is to have, as the server of that time took them.
/// Whoever has this salt did not vote.
fn steps(n: u8, key: &str, blocks: &str, absent: &str) -> Vec<String> {
    let opening = [
        "INSERT INTO proof (ballot_id, manifest) VALUES ({ballot}, 'signed')".to_owned(),
        format!(
            "UPDATE ballot SET state = 'open', opened_at = 10, roll_size = 2, vote_body_length = 128, sealed_key = {key} WHERE id = {{ballot}}"
        ),
    ];
    let closing = ["UPDATE ballot SET state = 'closed', closed_at = 20 WHERE id = {ballot}".to_owned()];
    let counting = [
        format!("INSERT INTO opening VALUES ({{ballot}}, 1, {blocks}, '{{\"blank\":true}}', {blocks})"),
        format!("UPDATE roll SET voted = (salt <> {absent}) WHERE ballot_id = {{ballot}}"),
        "DELETE FROM \"cast\" WHERE ballot_id = {ballot}".to_owned(),
        format!(
            "UPDATE proof SET closing_record = '{{}}', checkpoint = 'signed', blocks = {blocks} WHERE ballot_id = {{ballot}}"
        ),
        "UPDATE ballot SET counted_at = 30, sealed_key = NULL, tally = '{\"votes\": 1}' WHERE id = {ballot}".to_owned(),
    ];
    let publishing = ["UPDATE ballot SET state = 'published', published_at = 40 WHERE id = {ballot}".to_owned()];
    let cancelling = [
        "DELETE FROM \"cast\" WHERE ballot_id = {ballot}".to_owned(),
        "UPDATE ballot SET state = 'cancelled', cancelled_at = 15, reason = 'Un logo manquait', sealed_key = NULL WHERE id = {ballot}".to_owned(),
    ];
    let mut steps = opening.to_vec();
    if n == CANCELLED {
        steps.extend(cancelling);
    }
    if (CLOSED..=PUBLISHED).contains(&n) {
        steps.extend(closing);
    }
    if (COUNTED..=PUBLISHED).contains(&n) {
        steps.extend(counting);
    }
    if n == PUBLISHED {
        steps.extend(publishing);
    }
    steps
}

/// Tables of ballots and the columns they had after the fifth migration.
const TABLES: [(&str, &[&str]); 6] = [
    (
        "ballot",
        &[
            "id",
            "workshop_id",
            "kind",
            "question",
            "description",
            "method",
            "eligibility",
            "opens_at",
            "closes_at",
            "state",
            "opened_at",
            "closed_at",
            "counted_at",
            "published_at",
            "cancelled_at",
            "reason",
            "roll_size",
            "vote_body_length",
            "sealed_key",
            "opening_failed",
            "count_failed",
            "tally",
            "created_at",
            "openings",
        ],
    ),
    (
        "candidate",
        &[
            "id",
            "ballot_id",
            "name",
            "folded_name",
            "description",
            "logo_digest",
            "created_at",
        ],
    ),
    (
        "roll",
        &["ballot_id", "unit_id", "registration_id", "salt", "leaf", "voted"],
    ),
    (
        "proof",
        &["ballot_id", "manifest", "closing_record", "checkpoint", "blocks"],
    ),
    ("opening", &["ballot_id", "position", "vote_hash", "choice", "nonce"]),
    ("\"cast\"", &["ballot_id", "mark", "sealed"]),
];

/// Of what stands in them; the roll is read with its flags, wherever those are by now.
async fn contents(sql: &Sql, spelling: &Spelling, roll: &str) -> Vec<Vec<String>> {
    let mut contents = Vec::new();
    for (table, columns) in TABLES {
        let table = if table == "roll" { roll } else { table };
        contents.push(sql.texts(&spelling.rows(table, columns)).await);
    }
    contents
}

async fn ballots_survive(backend: Backend) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spelling = Spelling(backend);
    let database = of_before(backend, folder.path(), 5).await;
    let sql = Sql::open(&database).await;
    fill(&sql, &spelling).await;
    let before = contents(&sql, &spelling, "roll").await;
    let (triggers, indexes) = (
        sql.texts(spelling.names("trigger")).await,
        sql.texts(spelling.names("index")).await,
    );
    // SQLite's schema changes under no open connection.
    sql.close().await;
    assert_eq!(
        before.iter().map(Vec::len).collect::<Vec<_>>(),
        [6, 12, 10 + HALL, 5, 2, 4]
    );

    Store::migrate(&database).await.expect("a migrated database");

    let sql = Sql::open(&database).await;
    assert_eq!(contents(&sql, &spelling, "roll_line").await, before);
    let (now, indexes_now) = (
        sql.texts(spelling.names("trigger")).await,
        sql.texts(spelling.names("index")).await,
    );
    assert!(
        triggers.len() > 20 && triggers.iter().all(|name| now.contains(name)),
        "of {triggers:?} remain {now:?}"
    );
    assert!(
        indexes
            .iter()
            .all(|index| indexes_now.contains(index) || index.contains("opening_hash")),
        "of {indexes:?} remain {indexes_now:?}"
    );
    assert_eq!(
        sql.number("SELECT count(*) FROM roll WHERE person_id = unit_id").await,
        10 + HALL as i64
    );
    let usual =
        "unit = 'person' AND quorum_percent IS NULL AND blanks_count AND max_grade IS NULL AND annulled_at IS NULL";
    assert_eq!(
        sql.number(&format!("SELECT count(*) FROM ballot WHERE {usual}")).await,
        6
    );
    refusals_of_before(&sql, &spelling).await;
    rules_of_now(&sql, &spelling).await;
    sql.close().await;
}

#[track_caller]
fn about<'a>(act: &'a str, words: &'a str, refusal: &str) {
    assert!(words.to_lowercase().contains(refusal), "{act}: {words}");
}

/// What triggers, keys and checks held, they hold.
async fn refusals_of_before(sql: &Sql, spelling: &Spelling) {
    let ballot = |n| spelling.uuid(n);
    let update = |n: u8, set: &str| format!("UPDATE ballot SET {set} WHERE id = {}", ballot(n));
    for (act, refusal) in [
        (update(PUBLISHED, "state = 'closed'"), "ballot_moves_forward"),
        (update(OPEN, "state = 'published'"), "ballot_moves_forward"),
        (update(CANCELLED, "state = 'draft'"), "ballot_moves_forward"),
        (update(OPEN, "question = 'Autre ?'"), "ballot_is_frozen"),
        (update(OPEN, "method = 'approval'"), "ballot_is_frozen"),
        (update(COUNTED, "tally = '{}'"), "ballot_is_counted_once"),
        (update(OPEN, "closes_at = 80"), "ballot_is_extended_only"),
        (update(OPEN, "openings = 'auditors'"), "ballot_openings_are_frozen"),
        (
            update(
                DRAFT,
                &format!(
                    "state = 'open', opened_at = 1, roll_size = 1, sealed_key = {}",
                    spelling.bytes(1, 9)
                ),
            ),
            "ballot_opens_with_its_manifest",
        ),
        (
            update(CLOSED, "counted_at = 30, sealed_key = NULL, tally = '{}'"),
            "ballot_is_counted_with_its_checkpoint",
        ),
        (
            format!("DELETE FROM ballot WHERE id = {}", ballot(OPEN)),
            "ballot_is_deleted_in_draft",
        ),
        (
            format!("DELETE FROM candidate WHERE ballot_id = {}", ballot(OPEN)),
            "candidate_is_frozen_delete",
        ),
        (
            format!("UPDATE candidate SET name = 'X' WHERE ballot_id = {}", ballot(OPEN)),
            "candidate_is_frozen_update",
        ),
        ("DELETE FROM roll".to_owned(), "roll_is_frozen_delete"),
        ("UPDATE roll SET leaf = salt".to_owned(), "roll_is_frozen_update"),
        (
            "UPDATE voted SET flags = first_leaf".to_owned(),
            "voted_is_final_update",
        ),
        (
            format!(
                "INSERT INTO roll (ballot_id, unit_id, person_id, registration_id, salt, leaf) \
                 VALUES ({}, {1}, {1}, {1}, {2}, {3})",
                ballot(OPEN),
                ballot(250),
                spelling.bytes(1, 16),
                spelling.bytes(250, 32)
            ),
            "roll_is_frozen_insert",
        ),
        ("DELETE FROM opening".to_owned(), "opening_is_final_delete"),
        ("UPDATE proof SET manifest = 'other'".to_owned(), "proof_is_final"),
        ("DELETE FROM proof".to_owned(), "proof_stays"),
        // Checks.
        (
            update(DRAFT, "state = 'elsewhere'"),
            if spelling.0 == Backend::Sqlite {
                "moves_forward"
            } else {
                "ballot_moves_forward"
            },
        ),
        (update(DRAFT, "kind = 'other'"), "check"),
        (update(DRAFT, "method = 'dice'"), "check"),
        (update(DRAFT, "opens_at = 91"), "check"),
        (update(DRAFT, "opened_at = 1"), "check"),
        (update(DRAFT, "question = ''"), "check"),
        (update(OPEN, "state = 'closed'"), "check"),
        (update(COUNTED, "state = 'published'"), "check"),
        (
            update(OPEN, "state = 'cancelled', cancelled_at = 1, sealed_key = NULL"),
            "check",
        ),
        // Foreign keys, both ways.
        (
            format!("DELETE FROM ballot WHERE id = {}", ballot(DRAFT)),
            "foreign key",
        ),
        (
            format!(
                "INSERT INTO ballot (id, workshop_id, kind, question, description, method, eligibility, state, created_at) \
                 VALUES ({0}, {0}, 'general', '?', '', 'borda', '{{}}', 'draft', 1)",
                ballot(251)
            ),
            "foreign key",
        ),
        (
            format!(
                "INSERT INTO roll (ballot_id, unit_id, person_id, registration_id, salt, leaf) \
                 VALUES ({0}, {0}, {0}, {0}, {1}, {2})",
                ballot(250),
                spelling.bytes(1, 16),
                spelling.bytes(250, 32)
            ),
            "foreign key",
        ),
    ] {
        about(&act, &sql.refused(&act).await, refusal);
    }
}

/// What the sixth migration added.
async fn rules_of_now(sql: &Sql, spelling: &Spelling) {
    let ballot = |n| spelling.uuid(n);
    let update = |n: u8, set: &str| format!("UPDATE ballot SET {set} WHERE id = {}", ballot(n));
    for (act, refusal) in [
        (update(DRAFT, "method = 'score'"), "check"),
        (update(DRAFT, "max_grade = 5"), "check"),
        (update(DRAFT, "method = 'score', max_grade = 0"), "check"),
        (update(DRAFT, "method = 'majority_judgment', max_grade = 101"), "check"),
        (update(DRAFT, "unit = 'family'"), "check"),
        (update(DRAFT, "quorum_percent = 0"), "check"),
        (update(DRAFT, "quorum_percent = 101"), "check"),
        (update(OPEN, "max_grade = 5"), "ballot_terms_are_frozen"),
        (update(OPEN, "unit = 'organisation'"), "ballot_terms_are_frozen"),
        (update(OPEN, "quorum_percent = 50"), "ballot_terms_are_frozen"),
        (update(OPEN, "blanks_count = false"), "ballot_terms_are_frozen"),
        (
            "UPDATE roll SET person_id = registration_id".to_owned(),
            "roll_person_is_frozen",
        ),
        (update(DRAFT, "annulled_at = 50"), "check"),
        (
            update(OPEN, "state = 'annulled', annulled_at = 50, reason = 'Tort'"),
            "ballot_moves_forward",
        ),
        (
            update(CLOSED, "state = 'annulled', annulled_at = 50, reason = 'Tort'"),
            "check",
        ),
        (update(COUNTED, "state = 'annulled', annulled_at = 50"), "check"),
        (update(COUNTED, "state = 'annulled', reason = 'Tort'"), "check"),
    ] {
        about(&act, &sql.refused(&act).await, refusal);
    }
    for set in [
        "method = 'borda'",
        "method = 'score', max_grade = 100",
        "method = 'majority_judgment', max_grade = 1",
        "unit = 'organisation', quorum_percent = 100, blanks_count = false",
    ] {
        assert_eq!(sql.run(&update(DRAFT, set)).await, 1);
    }
    // Two units, one person.
    let line = |unit: u8| {
        let (person, salt, leaf) = (ballot(250), spelling.bytes(1, 16), spelling.bytes(unit, 32));
        format!(
            "INSERT INTO roll (ballot_id, unit_id, person_id, registration_id, salt, leaf) \
             VALUES ({}, {}, {person}, {person}, {salt}, {leaf})",
            ballot(DRAFT),
            ballot(unit)
        )
    };
    sql.run(&line(251)).await;
    let twice = line(252);
    about(&twice, &sql.refused(&twice).await, "unique");
    // What is annulled stays so, with tally and openings.
    for n in [COUNTED, PUBLISHED] {
        sql.run(&update(
            n,
            "state = 'annulled', annulled_at = 50, reason = 'Une candidature manquait'",
        ))
        .await;
        let back = update(n, "state = 'published', published_at = 60, annulled_at = NULL");
        about(&back, &sql.refused(&back).await, "ballot_moves_forward");
        let kept = format!(
            "SELECT count(*) FROM ballot WHERE tally IS NOT NULL AND id = {}",
            ballot(n)
        );
        assert_eq!(sql.number(&kept).await, 1);
    }
}

mod sqlite {
    #[tokio::test]
    async fn ballots_of_an_earlier_version_survive_with_their_rules() {
        super::ballots_survive(crate::support::Backend::Sqlite).await;
    }
}

mod postgres {
    #[tokio::test]
    async fn ballots_of_an_earlier_version_survive_with_their_rules() {
        super::ballots_survive(crate::support::Backend::Postgres).await;
    }
}
