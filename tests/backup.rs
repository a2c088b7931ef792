//! `palabre backup`: all that must be kept, at one moment, and nothing that must not leave.

use std::collections::{BTreeMap, HashSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Backend, Elsewhere, Finished, World, both, on_disk};
use crate::voting::{Hall, plurality};

/// A workshop with one ballot that was counted and published, and one that is open; in both some
/// have voted.
pub struct Scene {
    pub counted: Hall,
    pub open: Hall,
}

impl Scene {
    pub async fn new(world: &World) -> Self {
        let counted = Hall::new(world, 3, plurality()).await;
        let organiser = &counted.workshop.organiser;
        counted.open().await;
        for (voter, candidate) in [(0, 1), (1, 1), (2, 0)] {
            let vote = counted.vote(candidate);
            counted.voters[voter]
                .post(&counted.at("votes"), vote.body())
                .await
                .expect(201);
        }
        counted.tally().await;
        organiser.act(&counted.at("publish")).await.expect(200);
        let open = another_ballot(&counted).await;
        open.open().await;
        for voter in [0, 1] {
            let vote = open.vote(voter);
            open.voters[voter]
                .post(&open.at("votes"), vote.body())
                .await
                .expect(201);
        }
        Self { counted, open }
    }
}

/// One more ballot for the same people, in draft.
pub async fn another_ballot(hall: &Hall) -> Hall {
    let organiser = &hall.workshop.organiser;
    let ballots = hall.workshop.path("ballots");
    let created = organiser.post(&ballots, plurality()).await.expect(201);
    let path = format!("/v1/ballots/{}", created.id());
    let mut candidates = Vec::new();
    for name in ["Baobab", "Balafon"] {
        let candidate = organiser
            .post(&format!("{path}/candidates"), json!({"name": name}))
            .await
            .expect(201);
        candidates.push(candidate["id"].clone());
    }
    Hall {
        workshop: hall.workshop.clone(),
        voters: hall.voters.clone(),
        path,
        candidates,
    }
}

/// A backup of the world, in its folder.
pub async fn back_up(world: &World, name: &str) -> (PathBuf, Backup) {
    world.command(["backup", name]).run().await.succeeded();
    let path = world.folder().join(name);
    let backup = Backup::read(&std::fs::read_to_string(&path).expect("a backup"));
    (path, backup)
}

/// What stands in the file.
#[derive(Clone)]
pub struct Backup {
    pub header: Value,
    pub rows: Vec<Value>,
}

impl Backup {
    pub fn read(text: &str) -> Self {
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let last = lines.pop().expect("a last line");
        assert!(last["sha256"].is_string(), "{last}");
        let header = lines.remove(0);
        Self { header, rows: lines }
    }

    /// As a file whose last line is right, whatever the rows.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in std::iter::once(&self.header).chain(&self.rows) {
            text += &format!("{line}\n");
        }
        let tables = self.header["tables"].as_object().expect("tables");
        let count = |table: &String| self.of(table).count();
        let rows: BTreeMap<&String, usize> = tables.keys().map(|table| (table, count(table))).collect();
        let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        text + &format!("{{\"rows\":{},\"sha256\":\"{digest}\"}}\n", json!(rows))
    }

    pub fn of<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a Value> {
        let rows = self.rows.iter().filter(move |line| line["table"] == table);
        rows.map(|line| &line["row"])
    }
}

/// Every way in which bytes may stand in a text.
fn spellings(bytes: &[u8]) -> [String; 4] {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        hex.to_uppercase(),
        hex,
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
    ]
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort_unstable();
    names
}

/// How the database makes an identifier.
fn new_id(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => "gen_random_uuid()",
        Backend::Sqlite => "randomblob(16)",
    }
}

/// A letter in that state, which is not due for a long time.
pub fn letter(backend: Backend, state: &str, to: &str) -> String {
    format!(
        "INSERT INTO mail (id, kind, recipient, address, language, state, attempts, due_at, created_at)
         VALUES ({}, 'sign_in_code', '{to}', '{to}', 'fr', '{state}', 0, 9000000000000000, 0)",
        new_id(backend)
    )
}

/// So many people that their rows fill any pipe.
async fn crowd(world: &World) {
    let id = new_id(world.backend());
    let (numbers, falsehood) = match world.backend() {
        Backend::Postgres => ("generate_series(1, 3000) s(n)", "false"),
        Backend::Sqlite => (
            "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000) SELECT n FROM s)",
            "0",
        ),
    };
    let name = "x".repeat(150);
    let sql = format!(
        "INSERT INTO person (id, address, address_typed, name, language, administrator, created_at)
         SELECT {id}, concat('crowd.', n, '@example.org'), concat('crowd.', n, '@example.org'), '{name}', 'fr', {falsehood}, 0
         FROM {numbers}"
    );
    world.sql().await.run(&sql).await;
}

both! {
    async fn every_table_and_column_is_known_to_backups(world: World) {
        let (_, backup) = back_up(&world, "a.backup").await;
        let sql = world.sql().await;
        let columns = sql.columns().await;
        let left_out: HashSet<&str> = backup.header["left_out"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let tables = backup.header["tables"].as_object().expect("tables");
        let mut known: Vec<String> = tables
            .iter()
            .flat_map(|(table, columns)| columns.as_array().into_iter().flatten().map(move |column| format!("{table}.{}", column.as_str().unwrap_or_default())))
            .collect();
        known.sort_unstable();
        // What is left out is left out on purpose; any other table or column must be listed.
        let (out, kept): (Vec<String>, Vec<String>) = columns.into_iter().partition(|column| left_out.contains(column.split('.').next().unwrap_or_default()));
        assert_eq!(known, kept);
        let really: HashSet<&str> = out.iter().filter_map(|column| column.split('.').next()).collect();
        assert_eq!(really, left_out);
    }

    async fn a_backup_is_one_moment_while_others_write(world: World) {
        crowd(&world).await;
        let workshop = world.workshop().published().await;
        let (acknowledged, writing) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(true)));
        let done = Arc::new(AtomicUsize::new(0));
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (workshop, acknowledged, writing, done) = (workshop.clone(), acknowledged.clone(), writing.clone(), done.clone());
                tokio::spawn(async move {
                    let mut number = 0;
                    while writing.load(Ordering::SeqCst) {
                        number += 1;
                        let name = format!("Organisation {writer}.{number}");
                        let organisation = json!({"name": name, "category": "startup"});
                        let organisation = workshop.organiser.post(&workshop.path("organisations"), organisation).await.expect(201);
                        let registration = json!({
                            "email": format!("member.{writer}.{number}@example.org"), "name": "Membre", "role": "participant",
                            "organisation_id": organisation["id"],
                        });
                        workshop.organiser.post(&workshop.path("registrations"), registration).await.expect(201);
                        acknowledged.lock().expect("a list").push(name);
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        let until = async |number: usize| {
            while done.load(Ordering::SeqCst) < number {
                tokio::task::yield_now().await;
            }
        };
        until(6).await;
        let before = acknowledged.lock().expect("a list").clone();
        let mut backup = world.command(["backup", "-"]).pipe();
        // The header is out; the rest waits for us, behind a crowd of people.
        let header = backup.line().await;
        let late = json!({"name": "Trop tard", "category": "startup"});
        workshop.organiser.post(&workshop.path("organisations"), late).await.expect(201);
        until(done.load(Ordering::SeqCst) + 6).await;
        let text = header + &backup.rest().await;
        writing.store(false, Ordering::SeqCst);
        for writer in writers {
            writer.await.expect("a writer that ends");
        }
        let backup = Backup::read(&text);
        let names: HashSet<&str> = backup.of("organisation").filter_map(|row| row["name"].as_str()).collect();
        for name in &before {
            assert!(names.contains(name.as_str()), "{name} was acknowledged before, and is not there");
        }
        assert!(!names.contains("Trop tard"), "acknowledged later, and is there");
        assert_eq!(backup.of("person").count() - 3000 - 1, backup.of("registration").count() - 1);
        // The database that takes it back checks every reference.
        let elsewhere = Elsewhere::new(world.backend().other()).await;
        let path = world.folder().join("under-load.backup");
        std::fs::write(&path, text).expect("written");
        let restore = elsewhere.command(["restore", path.to_str().expect("UTF-8")]);
        restore.env("PALABRE_SECRET", &world.secret_text()).run().await.succeeded();
        let restored = elsewhere.sql().await.number("SELECT count(*) FROM organisation").await;
        assert_eq!(usize::try_from(restored), Ok(names.len()));
        elsewhere.give_back().await;
    }

    async fn what_ties_a_person_to_a_choice_or_opens_a_door_is_not_in_it(world: World) {
        let scene = Scene::new(&world).await;
        let sql = world.sql().await;
        let tokens = world.tokens("voter.0@example.org").await;
        world.code("voter.1@example.org").await;
        sql.run(&letter(world.backend(), "queued", "waiting@example.org")).await;
        sql.run(&letter(world.backend(), "sent", "reached@example.org")).await;
        let (path, backup) = back_up(&world, "a.backup").await;
        let text = std::fs::read_to_string(path).expect("a backup");
        for query in [
            "SELECT sealed_key FROM ballot WHERE state = 'open'",
            "SELECT mark FROM \"cast\" ORDER BY mark LIMIT 1",
            "SELECT sealed FROM \"cast\" ORDER BY mark LIMIT 1",
            "SELECT digest FROM refresh_token LIMIT 1",
            "SELECT digest FROM sign_in_code WHERE address = 'voter.1@example.org'",
        ] {
            let secret = sql.bytes(query).await;
            assert!(secret.len() >= 32, "{query}");
            for spelling in spellings(&secret) {
                assert!(!text.contains(&spelling), "{query}: it is in the backup");
            }
        }
        // The search finds what is there.
        let public = sql.bytes("SELECT public FROM signing_key WHERE purpose = 'token'").await;
        assert!(spellings(&public).iter().any(|spelling| text.contains(spelling)));
        for door in [tokens.text_of("refresh_token"), tokens.text_of("access_token"), "waiting@example.org".to_owned()] {
            assert!(!text.contains(&door), "{door} is in the backup");
        }
        assert!(text.contains("reached@example.org"));
        // Of the open ballot it says what will be true once restored; of the other nothing is lost.
        let state = |hall: &Hall| {
            let found = backup.of("ballot").find(|row| row["id"]["uuid"] == hall.id()).expect("the ballot");
            (found["state"].clone(), found["reason"].clone(), found["sealed_key"].clone(), found["cancelled_at"].is_i64())
        };
        assert_eq!(state(&scene.open), (json!("cancelled"), json!("restored_from_backup"), Value::Null, true));
        assert_eq!(state(&scene.counted), (json!("published"), Value::Null, Value::Null, false));
        assert_eq!(backup.of("opening").count(), 3);
        // The database itself is as it was.
        assert_eq!(scene.open.workshop.organiser.get(&scene.open.path).await.expect(200)["state"], "open");
        scene.open.voters[2].post(&scene.open.at("votes"), scene.open.vote(0).body()).await.expect(201);
    }

    async fn what_is_counted_during_a_backup_is_gone_from_the_log_after_it(world: World) {
        if world.backend() == Backend::Postgres {
            return;
        }
        crowd(&world).await;
        let hall = Hall::new(&world, 1, plurality()).await;
        hall.open().await;
        hall.voters[0].post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        let sealed = world.sql().await.bytes("SELECT sealed FROM \"cast\"").await;
        let mut backup = world.command(["backup", "-"]).pipe();
        backup.line().await;
        hall.tally().await;
        assert!(on_disk(world.folder(), &sealed).await, "as long as the backup reads, the log cannot be emptied");
        backup.rest().await;
        assert!(!on_disk(world.folder(), &sealed).await, "a sealed vote is still in the log");
    }

    async fn a_ballot_whose_count_stopped_is_cancelled_too(world: World) {
        let scene = Scene::new(&world).await;
        let sql = world.sql().await;
        sql.run("DELETE FROM \"cast\"").await;
        let key = sql.bytes("SELECT sealed_key FROM ballot WHERE state = 'open'").await;
        // Closed, and its count stopped: its key is still there.
        sql.run("UPDATE ballot SET state = 'closed', closed_at = opened_at, count_failed = 'vote_does_not_open' WHERE state = 'open'").await;
        let (path, backup) = back_up(&world, "a.backup").await;
        let text = std::fs::read_to_string(path).expect("a backup");
        assert!(spellings(&key).iter().all(|spelling| !text.contains(spelling)));
        let row = backup.of("ballot").find(|row| row["id"]["uuid"] == scene.open.id()).expect("the ballot");
        assert_eq!((&row["state"], &row["reason"]), (&json!("cancelled"), &json!("restored_from_backup")));
    }

    async fn a_backup_appears_whole_for_its_owner_only_and_never_in_place_of_another(world: World) {
        let (path, _) = back_up(&world, "a.backup").await;
        let mode = std::fs::metadata(&path).expect("a backup").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{mode:o}");
        let made = std::fs::read(&path).expect("a backup");
        world.command(["backup", "a.backup"]).run().await.refused("a.backup exists already");
        assert_eq!(std::fs::read(&path).expect("a backup"), made);
        world.command(["backup", "nowhere/b.backup"]).run().await.refused("nowhere/b.backup");
        // One that cannot be finished leaves nothing behind.
        let before = files(world.folder());
        world.sql().await.run("ALTER TABLE person RENAME COLUMN name TO called").await;
        let failed = world.command(["backup", "c.backup"]).run().await;
        assert!(!failed.success && failed.errors.contains("name"), "{failed:?}");
        assert_eq!(files(world.folder()), before);
    }

    async fn a_backup_is_made_at_the_level_of_the_binary_only(world: World) {
        world.sql().await.run("DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations)").await;
        world.command(["backup", "a.backup"]).run().await.refused("palabre migrate");
        assert!(!world.folder().join("a.backup").exists());
    }
}

#[tokio::test]
async fn where_there_is_no_database_none_is_made() {
    let elsewhere = Elsewhere::nowhere();
    let backup: Finished = elsewhere.command(["backup", "a.backup"]).run().await;
    backup.refused("no database");
    assert!(files(elsewhere.folder()).is_empty());
}
