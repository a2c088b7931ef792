//! `palabre rotate-keys`: all that is sealed, sealed under a new secret, or nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use serde_json::json;

use crate::backup::another_ballot;
use crate::support::{Backend, Elsewhere, Palabre, World, both, on_disk};
use crate::voting::{Hall, plurality};

const OTHER_SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The world's secret is its operator's; the new one comes to lie in this file of its folder.
fn rotate(world: &World) -> Palabre {
    world.command(["rotate-keys", "--new-secret-file", "new.secret"])
}

/// A server with the secret in that file.
fn serve_anew(world: &World) -> Palabre {
    let command = world
        .command(["serve", "--listen", "127.0.0.1:0"])
        .without("PALABRE_SECRET");
    command.env("PALABRE_SECRET_FILE", "new.secret")
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}

both! {
    async fn an_open_ballot_goes_on_under_the_new_secret(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        hall.open().await;
        let first = hall.vote(1);
        hall.voters[0].post(&hall.at("votes"), first.body()).await.expect(201);
        let sql = world.sql().await;
        let kid = "SELECT kid FROM signing_key ORDER BY kid";
        let keys = sql.texts(kid).await;
        world.server().stop().await;
        let said = rotate(&world).run().await.succeeded().output;
        assert!(said.contains("1 keys of ballots") && said.contains("new.secret"), "{said}");
        let mode = std::fs::metadata(world.folder().join("new.secret")).expect("a secret").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{mode:o}");
        // The keys stay; only their sealing is another.
        assert_eq!(sql.texts(kid).await, keys);
        assert_eq!(sql.number("SELECT count(*) FROM journal WHERE act = 'rotate_keys'").await, 1);

        let old = world.command(["serve", "--listen", "127.0.0.1:0"]).run().await;
        assert!(!old.success && old.errors.contains("PALABRE_SECRET"), "{old:?}");

        let server = serve_anew(&world).serve().await;
        let token = async |email: &str| {
            let command = world.command(["token", email]).without("PALABRE_SECRET").env("PALABRE_SECRET_FILE", "new.secret");
            world.bearer(command.run().await.succeeded().output.trim()).at_address(server.address)
        };
        let voters = [token(&hall.voters[0].email).await, token(&hall.voters[1].email).await];
        // Whoever has voted has, and may ask again; the others vote.
        voters[0].post(&hall.at("votes"), first.body()).await.expect(201);
        voters[0].post(&hall.at("votes"), hall.vote(0).body()).await.problem(409, "already_voted");
        voters[1].post(&hall.at("votes"), hall.vote(1).body()).await.expect(201);
        let organiser = token(&hall.workshop.organiser.email).await;
        organiser.act(&hall.at("close")).await.expect(200);
        let tally = organiser.get(&hall.at("tally")).await.expect(200);
        assert_eq!((&tally["votes"], &tally["outcome"]["winners"]), (&json!(2), &json!([hall.candidates[1]])), "{tally}");
        server.kill().await;
    }

    async fn people_stay_signed_in_and_codes_on_their_way_are_lost(world: World) {
        let email = "mariama@example.org";
        world.command(["admin", "add", email]).run().await.succeeded();
        let process = world.process().await;
        let here = world.anonymous().at_address(process.address);
        let ask = async |at: &crate::support::Person| {
            at.post("/v1/auth/codes", json!({"email": email})).await.expect(202);
            world.mailbox().next_code_to(email).await
        };
        let exchange = |code: &str| json!({"grant_type": "email_code", "email": email, "code": code});
        let code = ask(&here).await;
        let tokens = here.post("/v1/auth/tokens", exchange(&code)).await.expect(200);
        let (access, refresh) = (tokens.text_of("access_token"), tokens.text_of("refresh_token"));
        let late = ask(&here).await;
        process.kill().await;
        rotate(&world).run().await.succeeded();
        let process = serve_anew(&world).serve().await;
        let there = world.bearer(&access).at_address(process.address);
        there.get("/v1/me").await.expect(200);
        let again = json!({"grant_type": "refresh_token", "refresh_token": refresh});
        there.post("/v1/auth/tokens", again).await.expect(200);
        there.post("/v1/auth/tokens", exchange(&late)).await.problem(401, "invalid_code");
        let code = ask(&there).await;
        there.post("/v1/auth/tokens", exchange(&code)).await.expect(200);
        process.kill().await;
    }

    async fn a_server_on_the_old_secret_makes_no_key_that_would_be_lost(world: World) {
        let hall = Hall::new(&world, 1, plurality()).await;
        // It has opened one before, so it is not for want of keys.
        hall.open().await;
        let next = another_ballot(&hall).await;
        rotate(&world).run().await.succeeded();
        let open = json!({"confirm_small": true});
        let organiser = &hall.workshop.organiser;
        organiser.post(&next.at("open"), open.clone()).await.problem(500, "internal");
        assert_eq!(organiser.get(&next.path).await.expect(200)["state"], "draft");
        // Not even where no key of that kind is there yet.
        let sql = world.sql().await;
        sql.run("DELETE FROM signing_key WHERE purpose = 'manifest'").await;
        organiser.post(&next.at("open"), open.clone()).await.problem(500, "internal");
        assert_eq!(sql.number("SELECT count(*) FROM signing_key WHERE purpose = 'manifest'").await, 0);
        let server = serve_anew(&world).serve().await;
        let token = world.command(["token", &organiser.email]).without("PALABRE_SECRET").env("PALABRE_SECRET_FILE", "new.secret");
        let organiser = world.bearer(token.run().await.succeeded().output.trim()).at_address(server.address);
        organiser.post(&next.at("open"), open).await.expect(200);
        server.kill().await;
    }

    async fn the_new_secret_is_a_file_that_is_there_or_is_made(world: World) {
        let secret = |name: &str| world.folder().join(name);
        let hall = Hall::new(&world, 1, plurality()).await;
        hall.open().await;
        let sql = world.sql().await;
        let sealed = async || sql.bytes("SELECT sealed_key FROM ballot").await;
        let before = sealed().await;
        // Nothing happens without saying where, with the same, or with what is none.
        world.command(["rotate-keys"]).run().await.refused("--new-secret-file");
        std::fs::write(secret("same.secret"), world.secret_text()).expect("written");
        world.command(["rotate-keys", "--new-secret-file", "same.secret"]).run().await.refused("the one in use");
        std::fs::write(secret("half.secret"), "half a secr").expect("written");
        world.command(["rotate-keys", "--new-secret-file", "half.secret"]).run().await.refused("half.secret");
        let foreign = rotate(&world).env("PALABRE_SECRET", OTHER_SECRET);
        foreign.run().await.refused("nothing was changed");
        assert!(!secret("new.secret").exists());
        assert_eq!(sealed().await, before);
        // Of the operator's own making.
        std::fs::write(secret("new.secret"), OTHER_SECRET).expect("written");
        rotate(&world).run().await.succeeded();
        assert_eq!(read(&secret("new.secret")), OTHER_SECRET.as_bytes());
        let after = sealed().await;
        assert_ne!(after, before);
        // The same again, as after a lost answer: it is done, and stays so.
        let said = rotate(&world).run().await.succeeded().output;
        assert!(said.contains("already"), "{said}");
        assert_eq!(sealed().await, after);
        let elsewhere = world.command(["rotate-keys", "--new-secret-file", "next.secret"]).env("PALABRE_SECRET", OTHER_SECRET);
        elsewhere.run().await.succeeded();
        assert!(secret("next.secret").exists());
        assert_ne!(sealed().await, after);
    }

    async fn a_rotation_waits_for_an_opening_and_seals_its_key_too(world: World) {
        // SQLite has one writer: there is no meanwhile.
        if world.backend() == Backend::Sqlite {
            return;
        }
        let hall = Hall::new(&world, 1, plurality()).await;
        hall.open().await;
        world.server().stop().await;
        let sql = world.sql().await;
        let key = sql.texts("SELECT encode(sealed_key, 'hex') FROM ballot").await.concat();
        let manifest_key = "SELECT encode(sealed, 'hex') FROM signing_key WHERE purpose = 'manifest'";
        let signing = sql.texts(manifest_key).await.concat();
        // As it was before its opening …
        for statement in [
            "SET session_replication_role = replica",
            "UPDATE ballot SET state = 'draft', opened_at = NULL, sealed_key = NULL",
            "CREATE TEMPORARY TABLE made AS SELECT * FROM signing_key WHERE purpose = 'manifest'",
            "DELETE FROM signing_key WHERE purpose = 'manifest'",
        ] {
            sql.run(statement).await;
        }
        // … which is about to make two keys when the rotation comes, and holds on to a third.
        let opening = sql.begin().await;
        opening.execute_unprepared("SELECT 1 FROM signing_key FOR SHARE").await.expect("a lock");
        let rotation = tokio::spawn(rotate(&world).run());
        let watch = world.sql().await;
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        while watch.number(waiting).await == 0 {
            assert!(tokio::time::Instant::now() < deadline, "the rotation does not wait");
            tokio::task::yield_now().await;
        }
        let open = format!("UPDATE ballot SET state = 'open', opened_at = created_at, sealed_key = decode('{key}', 'hex')");
        for statement in ["INSERT INTO signing_key SELECT * FROM made", &open] {
            opening.execute_unprepared(statement).await.expect(statement);
        }
        opening.commit().await.expect("committed");
        let said = rotation.await.expect("an end").succeeded().output;
        assert!(said.contains("1 keys of ballots"), "{said}");
        assert_ne!(sql.texts("SELECT encode(sealed_key, 'hex') FROM ballot").await.concat(), key);
        assert_ne!(sql.texts(manifest_key).await.concat(), signing);
    }
}

/// Palabre keeps the secret itself, beside a SQLite file with an administrator in it.
async fn kept_beside() -> Elsewhere {
    let elsewhere = Elsewhere::nowhere();
    let add = elsewhere.command(["admin", "add", "mariama@example.org"]);
    add.run().await.succeeded();
    elsewhere
}

fn beside(elsewhere: &Elsewhere, name: &str) -> std::path::PathBuf {
    elsewhere.folder().join(name)
}

#[tokio::test]
async fn beside_a_sqlite_file_the_new_secret_takes_the_place_of_the_old() {
    let here = kept_beside().await;
    let (secret, waiting) = (beside(&here, "palabre.secret"), beside(&here, "palabre.secret.new"));
    let old = read(&secret);
    let sealed = here.sql().await.bytes("SELECT sealed FROM signing_key").await;
    assert!(on_disk(here.folder(), &sealed).await, "the search finds what is there");
    // It reads now and then, and keeps the log in being.
    let server = here.command(["serve", "--listen", "127.0.0.1:0"]).serve().await;
    here.command(["rotate-keys"]).run().await.succeeded();
    assert_ne!(read(&secret), old);
    assert!(!waiting.exists());
    let mode = std::fs::metadata(&secret).expect("a secret").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    // Neither in the database nor in its log anything is left of the old sealing.
    assert!(!on_disk(here.folder(), &sealed).await, "the old sealing is still there");
    server.kill().await;
    here.command(["token", "mariama@example.org"]).run().await.succeeded();
}

#[tokio::test]
async fn what_a_crash_interrupted_is_finished_by_the_next_run() {
    let here = kept_beside().await;
    let (secret, waiting) = (beside(&here, "palabre.secret"), beside(&here, "palabre.secret.new"));
    let old = read(&secret);
    // Killed before the database was changed: half a file is there, or a whole one.
    for left in ["0011", OTHER_SECRET] {
        std::fs::write(&waiting, left).expect("written");
        here.command(["token", "mariama@example.org"]).run().await.succeeded();
    }
    here.command(["rotate-keys"]).run().await.succeeded();
    let new = read(&secret);
    assert!(new != old && new != OTHER_SECRET.as_bytes() && !waiting.exists());
    // Killed between the commit and the renaming.
    std::fs::rename(&secret, &waiting).expect("renamed");
    std::fs::write(&secret, &old).expect("written");
    let refused = here.command(["serve", "--listen", "127.0.0.1:0"]).run().await;
    assert!(
        !refused.success && refused.errors.contains("rotate-keys"),
        "{refused:?}"
    );
    let sealed = here.sql().await.bytes("SELECT sealed FROM signing_key").await;
    let said = here.command(["rotate-keys"]).run().await.succeeded().output;
    assert!(said.contains("already"), "{said}");
    assert_eq!(here.sql().await.bytes("SELECT sealed FROM signing_key").await, sealed);
    assert_eq!(read(&secret), new);
    assert!(!waiting.exists());
    here.command(["token", "mariama@example.org"]).run().await.succeeded();
    // A secret that is neither: nothing is touched.
    std::fs::write(&secret, OTHER_SECRET).expect("written");
    here.command(["rotate-keys"]).run().await.refused("nothing was changed");
    assert_eq!(read(&secret), OTHER_SECRET.as_bytes());
    assert!(!waiting.exists());
}
