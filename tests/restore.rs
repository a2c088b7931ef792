//! `palabre restore`: all of a backup or nothing of it, into an empty database of either kind.

use std::path::Path;

use palabre::settings::Database;
use serde_json::{Value, json};

use crate::backup::{Backup, Scene, back_up, letter};
use crate::support::{Backend, Elsewhere, Finished, Palabre, Sql, World, both};
use crate::voting::Hall;

const OTHER_SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// All that must be, byte for byte, what it was: rows of a table in order, each as text.
async fn rows(sql: &Sql, backend: Backend, query: &str) -> Vec<String> {
    let hex = match backend {
        Backend::Postgres => "encode($, 'hex')",
        Backend::Sqlite => "lower(hex($))",
    };
    let query = query.split('#').enumerate();
    let query: String = query
        .map(|(index, part)| {
            if index % 2 == 1 {
                hex.replace('$', part)
            } else {
                part.to_owned()
            }
        })
        .collect();
    sql.texts(&query).await
}

/// No row anywhere, or for SQLite perhaps not even a file.
async fn holds_nothing(elsewhere: &Elsewhere) {
    let sql = elsewhere.sql().await;
    let tables = sql.columns().await;
    let mut tables: Vec<&str> = tables.iter().filter_map(|column| column.split('.').next()).collect();
    tables.dedup();
    for table in tables {
        assert_eq!(
            sql.number(&format!("SELECT count(*) FROM \"{table}\"")).await,
            0,
            "{table}"
        );
    }
}

/// Restores with the world's secret.
fn restore(world: &World, elsewhere: &Elsewhere, path: &Path) -> Palabre {
    let command = elsewhere.command(["restore", text(path)]);
    command.env("PALABRE_SECRET", &world.secret_text())
}

/// A command that had begun to tell how far it is before it failed.
fn failed(finished: Finished, words: &str) {
    assert!(
        !finished.success && finished.errors.contains(words),
        "no {words:?} in {finished:?}"
    );
}

both! {
    async fn what_was_closed_is_the_same_and_what_was_open_is_cancelled(world: World) {
        let Scene { counted, open } = Scene::new(&world).await;
        let organiser = &counted.workshop.organiser;
        let erased = open.voters[1].clone();
        erased.delete("/v1/me").await.expect(204);
        let salt = format!("SELECT salt FROM roll WHERE ballot_id = (SELECT id FROM ballot WHERE state = '{{}}') AND unit_id NOT IN (SELECT id FROM person WHERE address NOT LIKE '{}')", "%@erased.invalid");
        assert_ne!(world.sql().await.bytes(&salt.replace("{}", "open")).await, [0; 16], "kept while the ballot is open");
        world.sql().await.run(&letter(world.backend(), "sent", "voter.2@example.org")).await;
        let (path, _) = back_up(&world, "a.backup").await;
        let shown = async |hall: &Hall, rest: &str| organiser.get(&hall.at(rest)).await.expect(200).text();
        let (tally, roll) = (shown(&counted, "tally").await, shown(&counted, "roll").await);
        let sql = world.sql().await;
        let queries = [
            "SELECT concat(position, ' ', #vote_hash#, ' ', choice, ' ', #nonce#) FROM opening ORDER BY position",
            "SELECT concat(manifest, ' ', closing_record, ' ', checkpoint, ' ', #blocks#) FROM proof WHERE checkpoint IS NOT NULL",
            "SELECT concat(subject, ' ', body) FROM announcement",
            "SELECT concat(#unit_id::bytea#, ' ', #salt#, ' ', #leaf#, ' ', voted) FROM roll_line ORDER BY leaf",
        ];
        let mut before = Vec::new();
        for query in &queries[..3] {
            before.push(rows(&sql, world.backend(), query).await);
        }
        assert!(before.iter().all(|rows| !rows.is_empty()), "{before:?}");

        let backend = world.backend().other();
        let elsewhere = Elsewhere::new(backend).await;
        let schema = elsewhere.sql().await.schema().await;
        let said = restore(&world, &elsewhere, &path).run().await.succeeded().output;
        assert!(said.contains("1 ballots") && !said.contains("PALABRE_SECRET"), "{said}");
        let sql = elsewhere.sql().await;
        assert_eq!(sql.schema().await, schema, "what guards the rows is back as it was");
        for (query, before) in queries.iter().zip(before) {
            assert_eq!(rows(&sql, backend, query).await, before);
        }
        assert_eq!(sql.number("SELECT count(*) FROM mail WHERE address = 'voter.2@example.org' AND kind = 'sign_in_code'").await, 1);
        assert_eq!(sql.number("SELECT count(*) FROM \"cast\"").await, 0);
        assert_eq!(sql.number("SELECT count(*) FROM ballot WHERE sealed_key IS NOT NULL").await, 0);
        // As any cancellation does: whoever had erased themself is forgotten on the roll.
        assert_eq!(sql.bytes(&salt.replace("{}", "cancelled")).await, [0; 16]);
        // The database guards its rows again.
        let refused = sql.refused("UPDATE opening SET choice = 'x'").await;
        assert!(refused.contains("opening_is_final_update"), "{refused}");

        let server = elsewhere.serve(&world.secret_text()).await;
        let token = elsewhere.command(["token", &organiser.email]).env("PALABRE_SECRET", &world.secret_text());
        let organiser = world.bearer(token.run().await.succeeded().output.trim()).at_address(server.address);
        let shown = async |hall: &Hall, rest: &str| organiser.get(&hall.at(rest)).await.expect(200).text();
        assert_eq!(shown(&counted, "tally").await, tally);
        assert_eq!(shown(&counted, "roll").await, roll);
        let cancelled = organiser.get(&open.path).await.expect(200);
        assert_eq!((&cancelled["state"], &cancelled["reason"]), (&json!("cancelled"), &json!("restored_from_backup")));
        organiser.get(&open.at("tally")).await.problem(409, "ballot_not_closed");
        // Nothing disappears quietly.
        let lines = organiser.list(&open.workshop.path("journal?act=cancel")).await;
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["actor_role"], &lines[0]["subject_id"]), (&json!("operator"), &json!(open.id())));
        assert_eq!(lines[0]["after"]["reason"], "restored_from_backup");
        assert_eq!(sql.number("SELECT count(*) FROM journal WHERE act = 'restored'").await, 1);
        server.kill().await;
        elsewhere.give_back().await;
    }

    async fn whoever_was_signed_in_signs_in_anew(world: World) {
        // By the host's clock, as the restored server goes.
        let email = "mariama@example.org";
        world.command(["admin", "add", email]).run().await.succeeded();
        let process = world.process().await;
        let anonymous = world.anonymous().at_address(process.address);
        anonymous.post("/v1/auth/codes", json!({"email": email})).await.expect(202);
        let code = world.mailbox().next_code_to(email).await;
        let exchange = json!({"grant_type": "email_code", "email": email, "code": code});
        let tokens = anonymous.post("/v1/auth/tokens", exchange).await.expect(200);
        let (access, refresh) = (tokens.text_of("access_token"), tokens.text_of("refresh_token"));
        world.bearer(&access).at_address(process.address).get("/v1/me").await.expect(200);
        let (path, _) = back_up(&world, "a.backup").await;
        process.kill().await;

        let elsewhere = Elsewhere::new(world.backend()).await;
        restore(&world, &elsewhere, &path).run().await.succeeded();
        let server = elsewhere.serve(&world.secret_text()).await;
        let there = world.bearer(&access).at_address(server.address);
        there.get("/v1/me").await.problem(401, "sign_in_required");
        let again = json!({"grant_type": "refresh_token", "refresh_token": refresh});
        there.post("/v1/auth/tokens", again).await.problem(401, "invalid_refresh_token");
        // Everything is there for them to do so.
        let token = elsewhere.command(["token", email]).env("PALABRE_SECRET", &world.secret_text());
        let token = token.run().await.succeeded().output;
        let mariama = world.bearer(token.trim()).at_address(server.address);
        assert_eq!(mariama.get("/v1/me").await.expect(200)["administrator"], true);
        server.kill().await;
        elsewhere.give_back().await;
    }

    async fn a_file_that_was_cut_or_altered_is_refused_and_nothing_is_written(world: World) {
        Scene::new(&world).await;
        let (path, backup) = back_up(&world, "a.backup").await;
        let whole = std::fs::read_to_string(&path).expect("a backup");
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        let middle = lines.len() / 2;
        let damaged = [
            ("no backup", String::new()),
            ("no backup", "{}\n".to_owned()),
            ("cut", whole.chars().take(whole.len() / 2).collect()),
            ("cut", whole.trim_end().to_owned()),
            ("cut", lines[..lines.len() - 1].concat()),
            ("altered", whole.replacen("voter.0@example.org", "voter.9@example.org", 1)),
            ("altered", whole.replacen("m0004", "m0003", 1)),
            ("altered", [&lines[..middle], &lines[middle + 1..]].concat().concat()),
            ("altered", [&lines[..middle], &lines[middle - 1..]].concat().concat()),
            ("altered", whole.clone() + "{}\n"),
        ];
        for (index, (words, damaged)) in damaged.into_iter().enumerate() {
            let elsewhere = match world.backend() {
                Backend::Sqlite => Elsewhere::nowhere(),
                Backend::Postgres => Elsewhere::new(Backend::Postgres).await,
            };
            let path = world.folder().join(format!("{index}.backup"));
            std::fs::write(&path, damaged).expect("written");
            let command = elsewhere.command(["restore", text(&path)]);
            let command = match world.backend() {
                Backend::Sqlite => command,
                Backend::Postgres => command.env("PALABRE_SECRET", &world.secret_text()),
            };
            command.run().await.refused(words);
            match world.backend() {
                // Neither a database nor a secret.
                Backend::Sqlite => assert_eq!(std::fs::read_dir(elsewhere.folder()).expect("a folder").count(), 0),
                Backend::Postgres => holds_nothing(&elsewhere).await,
            }
            elsewhere.give_back().await;
        }
        // Rewritten with a right last line, the same rows are taken: what was refused was the damage.
        let rewritten = world.folder().join("rewritten.backup");
        std::fs::write(&rewritten, backup.text()).expect("written");
        let elsewhere = Elsewhere::new(world.backend()).await;
        restore(&world, &elsewhere, &rewritten).run().await.succeeded();
        elsewhere.give_back().await;
    }

    async fn rows_that_the_database_does_not_take_undo_all_the_others(world: World) {
        Scene::new(&world).await;
        let (_, backup) = back_up(&world, "a.backup").await;
        let change = |table: &str, column: &str, value: Value| {
            let mut changed = backup.clone();
            let line = changed.rows.iter_mut().find(|line| line["table"] == table).expect("a row");
            line["row"][column] = value;
            changed
        };
        let nobody = json!({"uuid": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e"});
        let dangling = match world.backend() {
            Backend::Postgres => "foreign key",
            Backend::Sqlite => "not there",
        };
        for (words, changed) in [
            (dangling, change("candidate", "ballot_id", nobody)),
            ("purpose", change("signing_key", "purpose", json!("nothing"))),
            ("person.name", change("person", "name", json!(7))),
            ("person.id", change("person", "id", json!({"bytes": "AAAA"}))),
            ("journal.act", change("journal", "act", Value::Null)),
        ] {
            let elsewhere = Elsewhere::new(world.backend()).await;
            let schema = elsewhere.sql().await.schema().await;
            let path = world.folder().join("changed.backup");
            std::fs::write(&path, changed.text()).expect("written");
            failed(restore(&world, &elsewhere, &path).run().await, words);
            holds_nothing(&elsewhere).await;
            assert_eq!(elsewhere.sql().await.schema().await, schema);
            elsewhere.give_back().await;
        }
    }

    async fn a_database_that_holds_anything_is_refused(world: World) {
        let (path, _) = back_up(&world, "a.backup").await;
        // The key that a server makes at its first start is enough.
        world.command(["restore", text(&path)]).run().await.refused("signing_key");
        assert_eq!(world.sql().await.number("SELECT count(*) FROM signing_key WHERE purpose = 'token'").await, 1);
        let elsewhere = Elsewhere::new(world.backend()).await;
        let sql = elsewhere.sql().await;
        sql.run("INSERT INTO sign_in_try (address, failures, since) VALUES ('a@example.org', 0, 0)").await;
        restore(&world, &elsewhere, &path).run().await.refused("sign_in_try");
        assert_eq!(sql.number("SELECT count(*) FROM signing_key").await, 0);
        elsewhere.give_back().await;
    }

    async fn a_backup_of_other_tables_is_refused(world: World) {
        let (_, backup) = back_up(&world, "a.backup").await;
        let elsewhere = Elsewhere::new(world.backend()).await;
        let attempt = async |header: Value| {
            let path = world.folder().join("other.backup");
            let other = Backup { header, rows: backup.rows.clone() };
            std::fs::write(&path, other.text()).expect("written");
            restore(&world, &elsewhere, &path).run().await
        };
        let mut newer = backup.header.clone();
        newer["migrations"].as_array_mut().expect("a list").push(json!("m9999_later"));
        newer["made_by"] = json!("palabre 9.9.9");
        attempt(newer).await.refused("m9999_later").refused("palabre 9.9.9");
        let mut older = backup.header.clone();
        older["migrations"].as_array_mut().expect("a list").pop();
        let mut narrower = older.clone();
        narrower["tables"]["person"].as_array_mut().expect("a list").pop();
        attempt(narrower).await.refused("then upgrade");
        let mut skipping = backup.header.clone();
        skipping["migrations"].as_array_mut().expect("a list").remove(0);
        attempt(skipping).await.refused("then upgrade");
        holds_nothing(&elsewhere).await;
        // An older one whose tables were the same is as good.
        attempt(older).await.succeeded();
        elsewhere.give_back().await;
    }

    async fn with_another_secret_keys_are_given_up_but_not_what_they_signed(world: World) {
        let Scene { counted, .. } = Scene::new(&world).await;
        let (path, backup) = back_up(&world, "a.backup").await;
        let keys = |purpose: &'static str| backup.of("signing_key").filter(move |key| key["purpose"] == purpose);
        assert!(keys("token").count() == 1 && keys("manifest").count() >= 1);
        let elsewhere = Elsewhere::new(world.backend()).await;
        let command = elsewhere.command(["restore", text(&path)]).env("PALABRE_SECRET", OTHER_SECRET);
        let said = command.run().await.succeeded().output;
        assert!(said.contains("PALABRE_SECRET"), "{said}");
        let sql = elsewhere.sql().await;
        assert_eq!(sql.number("SELECT count(*) FROM signing_key WHERE purpose = 'token'").await, 0);
        let retired = "SELECT count(*) FROM signing_key WHERE purpose = 'manifest' AND sealed IS NULL AND retired_at IS NOT NULL";
        assert_eq!(usize::try_from(sql.number(retired).await), Ok(keys("manifest").count()));
        let public = sql.texts("SELECT kid FROM signing_key WHERE purpose = 'manifest' ORDER BY kid").await;
        let mut before: Vec<&str> = keys("manifest").filter_map(|key| key["kid"].as_str()).collect();
        before.sort_unstable();
        assert_eq!(public, before);
        // A server starts on it, with a new token key.
        let server = elsewhere.serve(OTHER_SECRET).await;
        let token = elsewhere.command(["token", &counted.workshop.organiser.email]).env("PALABRE_SECRET", OTHER_SECRET);
        let organiser = world.bearer(token.run().await.succeeded().output.trim()).at_address(server.address);
        organiser.get(&counted.at("tally")).await.expect(200);
        server.kill().await;
        elsewhere.give_back().await;
    }
}

/// The lines of a backup that a restore does not add.
fn of_old(path: &Path) -> Vec<Value> {
    let backup = Backup::read(&std::fs::read_to_string(path).expect("a backup"));
    let added = |line: &Value| {
        line["table"] == "journal" && line["row"]["actor_role"] == "operator" && {
            let act = line["row"]["act"].as_str();
            matches!(act, Some("restored" | "cancel"))
        }
    };
    backup.rows.into_iter().filter(|line| !added(line)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_one_kind_of_database_to_the_other_and_back_nothing_changes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The whole workshop of August 2020.
    let demo = Palabre::new(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .folder(folder.path())
        .env("TMPDIR", text(folder.path()))
        .serve()
        .await;
    let entries = std::fs::read_dir(folder.path()).expect("a folder");
    let found = entries
        .map(|entry| entry.expect("an entry").path())
        .find(|path| text(path).contains("palabre-demo-"));
    let there = found.expect("the demo's folder");
    let url = format!("sqlite://{}", there.join("palabre.db").display());
    // And what it does not have.
    let sql = Sql::open(&Database::Sqlite(there.join("palabre.db"))).await;
    sql.run(&letter(Backend::Sqlite, "sent", "reached@example.org")).await;
    let lead =
        "INSERT INTO working_group_lead SELECT working_group_id, workshop_id, registration_id FROM commitment LIMIT 1";
    sql.run(lead).await;
    let merge = "INSERT INTO registration_merge SELECT workshop_id, workshop_id, person_id, id, created_at FROM registration LIMIT 1";
    sql.run(merge).await;
    sql.run("INSERT INTO consent_text VALUES (1, 'fr', 'Texte', randomblob(32), 1)")
        .await;
    sql.run("INSERT INTO consent SELECT randomblob(16), id, 1, 'fr', 1, NULL FROM person LIMIT 1")
        .await;
    sql.run("UPDATE registration SET forgotten_at = 1 WHERE id = (SELECT id FROM registration LIMIT 1)")
        .await;
    let first = folder.path().join("1.backup");
    let backup = Palabre::new(["backup", text(&first)]).folder(folder.path());
    backup.env("DATABASE_URL", &url).run().await.succeeded();
    let secret = there.join("palabre.secret");
    let mut path = first.clone();
    for (number, backend) in [(2, Backend::Postgres), (3, Backend::Sqlite)] {
        let elsewhere = Elsewhere::new(backend).await;
        let restore = elsewhere.command(["restore", text(&path)]);
        let said = restore
            .env("PALABRE_SECRET_FILE", text(&secret))
            .run()
            .await
            .succeeded()
            .output;
        assert!(!said.contains("PALABRE_SECRET"), "{said}");
        path = folder.path().join(format!("{number}.backup"));
        elsewhere.command(["backup", text(&path)]).run().await.succeeded();
        let (before, after) = (of_old(&first), of_old(&path));
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before, after);
        }
        elsewhere.give_back().await;
    }
    // There was something to lose.
    let backup = Backup::read(&std::fs::read_to_string(&path).expect("a backup"));
    let tables = backup.header["tables"].as_object().expect("tables").keys();
    for table in tables {
        assert!(backup.of(table).next().is_some(), "the demo has nothing in {table}");
    }
    demo.kill().await;
}
