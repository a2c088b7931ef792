//! The binary: its commands, and the settings it takes and refuses.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{Finished, Palabre, World, both};

const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// `palabre check-config` in an empty environment with these settings.
async fn check(folder: &Path, settings: &[(&str, &str)]) -> Finished {
    let command = Palabre::new(["check-config"]).folder(folder);
    settings
        .iter()
        .fold(command, |command, (name, value)| command.env(name, value))
        .run()
        .await
}

#[tokio::test]
async fn without_any_setting_all_is_in_order() {
    let folder = folder();
    let said = check(folder.path(), &[]).await.succeeded();
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "looking at the settings writes nothing");
    for default in ["palabre.db", "127.0.0.1:8080", "http://127.0.0.1:8080", "outbox"] {
        assert!(said.output.contains(default), "{said:?}");
    }
    // Checking starts nothing.
    assert!(!folder.path().join("palabre.db").exists());
}

#[tokio::test]
async fn a_setting_that_is_not_known_is_refused_by_name() {
    let folder = folder();
    for name in [
        "PALABRE_LISTENS",
        "PALABRE_SMPT_URL",
        "PALABRE_",
        "PALABRE_DATABASE_URL",
    ] {
        let refused = check(folder.path(), &[(name, "hidden-value")]).await.refused(name);
        assert!(
            refused.errors.contains("PALABRE_LISTEN") && !refused.errors.contains("hidden-value"),
            "{refused:?}"
        );
    }
    // In a file as well.
    std::fs::write(folder.path().join("palabre.toml"), "PALABRE_LISTENS = \"127.0.0.1:1\"").expect("written");
    let refused = Palabre::new(["check-config", "--config", "palabre.toml"])
        .folder(folder.path())
        .run()
        .await;
    refused.refused("PALABRE_LISTENS");
    // Other families are none of its business.
    check(folder.path(), &[("PGHOST", "x"), ("LISTEN", "x")])
        .await
        .succeeded();
}

#[tokio::test]
async fn a_setting_that_makes_no_sense_is_refused_by_name() {
    let folder = folder();
    for (name, value) in [
        ("PALABRE_LISTEN", "localhost"),
        ("PALABRE_LISTEN", "8080"),
        ("PALABRE_LISTEN", "127.0.0.1:99999"),
        ("PALABRE_PUBLIC_URL", "api.example.org"),
        ("PALABRE_PUBLIC_URL", "ftp://api.example.org"),
        ("PALABRE_PUBLIC_URL", "https://api.example.org/a b"),
        ("PALABRE_PUBLIC_URL", "https://api.example.org/a\u{a0}b"),
        ("PALABRE_PUBLIC_URL", "https://api.example.org/a+b"),
        ("PALABRE_PUBLIC_URL", "https://a+b.example.org"),
        ("PALABRE_FRONT_END_URL", "javascript:alert(1)"),
        ("PALABRE_SMTP_URL", "mail.example.org:25"),
        ("PALABRE_MAIL_FROM", "nobody"),
        ("PALABRE_LOG", "palabre=loud=very"),
        ("PALABRE_METRICS_LISTEN", "9100"),
        ("PALABRE_TRUSTED_PROXIES", "proxy.example.org"),
        ("PALABRE_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.0/33"),
        ("PALABRE_SECRET", "short"),
        (
            "PALABRE_SECRET",
            "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        ),
        ("DATABASE_URL", "mysql://root@localhost/palabre"),
        ("DATABASE_URL", "sqlite::memory:"),
        ("DATABASE_URL", ""),
    ] {
        check(folder.path(), &[(name, value)]).await.refused(name);
    }
}

#[tokio::test]
async fn no_refusal_repeats_a_password_or_a_secret() {
    let folder = folder();
    for (name, value) in [
        ("DATABASE_URL", "mysql://root:tell-nobody@localhost/palabre"),
        ("PALABRE_SMTP_URL", "http://user:tell-nobody@mail.example.org"),
        ("PALABRE_SECRET", "tell-nobody"),
    ] {
        let refused = check(folder.path(), &[(name, value)]).await.refused(name);
        assert!(!refused.errors.contains("tell-nobody"), "{refused:?}");
    }
    let told = check(
        folder.path(),
        &[
            ("DATABASE_URL", "postgres://p:tell-nobody@localhost/p"),
            ("PALABRE_SECRET", SECRET),
        ],
    )
    .await
    .succeeded();
    assert!(
        !told.output.contains("tell-nobody") && !told.output.contains(SECRET),
        "{told:?}"
    );
    let helped = Palabre::new(["serve", "--help"])
        .env("DATABASE_URL", "postgres://p:tell-nobody@localhost/p")
        .env("PALABRE_SMTP_URL", "smtp://u:tell-nobody@x");
    let helped = helped.run().await.succeeded();
    assert!(!helped.output.contains("tell-nobody"), "{helped:?}");
}

#[tokio::test]
async fn flags_come_before_the_environment_and_that_before_the_file() {
    let folder = folder();
    std::fs::write(
        folder.path().join("palabre.toml"),
        "PALABRE_LISTEN = \"127.0.0.1:1111\"\nPALABRE_PUBLIC_URL = \"https://file.example.org/\"",
    )
    .expect("written");
    let run = async |flags: &[&'static str], environment: Option<&str>| {
        let mut command = Palabre::new(
            ["check-config", "--config", "palabre.toml"]
                .into_iter()
                .chain(flags.iter().copied()),
        )
        .folder(folder.path());
        if let Some(value) = environment {
            command = command.env("PALABRE_LISTEN", value);
        }
        command.run().await.succeeded().output
    };
    let all = run(&["--listen", "127.0.0.1:3333"], Some("127.0.0.1:2222")).await;
    assert!(
        all.contains("127.0.0.1:3333") && all.contains("https://file.example.org\n"),
        "{all}"
    );
    assert!(run(&[], Some("127.0.0.1:2222")).await.contains("127.0.0.1:2222"));
    assert!(run(&[], None).await.contains("127.0.0.1:1111"));
}

#[tokio::test]
async fn the_secret_is_made_once_beside_a_sqlite_file_for_its_owner_only() {
    let folder = folder();
    let migrate = async || {
        let command = Palabre::new(["migrate", "--database-url", "sqlite://here.db"]).folder(folder.path());
        command.run().await.succeeded();
    };
    migrate().await;
    let path = folder.path().join("here.secret");
    let mode = std::fs::metadata(&path).expect("a secret").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    let secret = std::fs::read(&path).expect("a secret");
    migrate().await;
    assert_eq!(std::fs::read(&path).expect("a secret"), secret);
    // One that does not fit is not replaced.
    std::fs::write(&path, "half a secr").expect("written");
    let refused = Palabre::new(["migrate", "--database-url", "sqlite://here.db"])
        .folder(folder.path())
        .run()
        .await;
    refused.refused("here.secret");
    // A file that was named and is not there is not made.
    check(folder.path(), &[("PALABRE_SECRET_FILE", "missing.secret")])
        .await
        .refused("missing.secret");
    assert!(!folder.path().join("missing.secret").exists());
}

#[tokio::test]
async fn postgresql_without_a_secret_is_refused() {
    let folder = folder();
    let url = ("DATABASE_URL", "postgres://palabre@localhost/palabre");
    check(folder.path(), &[url]).await.refused("PALABRE_SECRET");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    check(folder.path(), &[url, ("PALABRE_SECRET", SECRET)])
        .await
        .succeeded();
    std::fs::write(folder.path().join("file"), SECRET).expect("written");
    check(folder.path(), &[url, ("PALABRE_SECRET_FILE", "file")])
        .await
        .succeeded();
}

/// The commands under `Commands:` in a help text.
fn commands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_command_has_help_with_an_example() {
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(command) = waiting.pop() {
        let arguments = command.iter().map(String::as_str).chain(["--help"]);
        let help = Palabre::new(arguments).run().await.succeeded().output;
        for name in commands(&help) {
            waiting.push([command.clone(), vec![name]].concat());
        }
        let example = help
            .split_once("Example")
            .map(|(_, example)| example)
            .unwrap_or_default();
        assert!(
            example.contains("palabre "),
            "palabre {} has no example:\n{help}",
            command.join(" ")
        );
        seen += 1;
    }
    assert!(seen > 7, "only {seen} commands");
}

#[tokio::test]
async fn the_document_is_printed_without_any_database() {
    let folder = folder();
    let printed = Palabre::new(["openapi"]).folder(folder.path()).run().await.succeeded();
    assert_eq!(printed.output, palabre::openapi());
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

both! {
    async fn an_operator_makes_an_administrator_and_a_token(world: World) {
        let email = "mariama@example.org";
        world.command(["token", email]).run().await.refused("nobody here");
        for _ in 0..2 {
            world
                .command(["admin", "add", "Mariama@Example.org"])
                .run()
                .await
                .succeeded();
        }
        world
            .command(["admin", "add", "mariama"])
            .run()
            .await
            .refused("mariama");
        assert_eq!(
            world
                .sql()
                .await
                .number("SELECT count(*) FROM journal WHERE act = 'add_administrator'")
                .await,
            1
        );
        // The commands go by the host's clock, and so does the server they are for.
        let process = world.process().await;
        let token = world
            .command(["token", email, "--minutes", "60"])
            .run()
            .await
            .succeeded()
            .output;
        let mariama = world.bearer(token.trim()).at_address(process.address);
        assert_eq!(mariama.get("/v1/me").await.expect(200)["administrator"], true);
        for minutes in ["0", "1441", "-1", "x"] {
            let refused = world.command(["token", email, "--minutes", minutes]).run().await;
            assert!(!refused.success, "{refused:?}");
        }
        process.kill().await;
    }

    async fn an_operator_changes_the_key_of_tokens_under_a_running_server(world: World) {
        world.command(["admin", "add", "mariama@example.org"]).run().await.succeeded();
        let process = world.process().await;
        let token = async || {
            let printed = world.command(["token", "mariama@example.org"]).run().await.succeeded().output;
            world.bearer(printed.trim()).at_address(process.address)
        };
        let keys = async || {
            let answer = world.anonymous().at_address(process.address).get("/.well-known/jwks.json").await;
            let keys = answer.expect(200)["keys"].as_array().expect("keys").clone();
            keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect::<Vec<_>>()
        };
        let before = token().await;
        before.get("/v1/me").await.expect(200);
        let first = keys().await;
        let said = world.command(["rotate-token-key"]).run().await.succeeded();
        let after = token().await;
        before.get("/v1/me").await.expect(200);
        after.get("/v1/me").await.expect(200);
        let second = keys().await;
        assert_eq!((first.len(), second.len()), (1, 2));
        assert!(second[0] == first[0] && said.output.contains(&second[1]), "{said:?}");
        let said = world.command(["rotate-token-key", "--at-once"]).run().await.succeeded();
        let third = keys().await;
        assert!(third.len() == 1 && said.output.contains(&third[0]), "{third:?} {said:?}");
        let line = "SELECT count(*) FROM journal WHERE act = 'rotate_token_key' AND actor_role = 'operator'";
        assert_eq!(world.sql().await.number(line).await, 2);
        process.kill().await;
    }

    async fn a_health_check_tells_a_ready_server_from_none(world: World) {
        let process = world.process().await;
        let address = process.address.to_string();
        world
            .command(["healthcheck", "--listen", &address])
            .run()
            .await
            .succeeded();
        process.kill().await;
        world
            .command(["healthcheck", "--listen", &address])
            .run()
            .await
            .refused(&address);
    }

    async fn a_server_with_another_secret_refuses_to_start(world: World) {
        let other = world
            .command(["serve", "--listen", "127.0.0.1:0"])
            .env("PALABRE_SECRET", SECRET)
            .run()
            .await;
        assert!(!other.success, "{other:?}");
        assert!(other.errors.contains("PALABRE_SECRET"), "{other:?}");
        assert!(!other.errors.contains(SECRET), "{other:?}");
    }

    async fn migrating_twice_changes_nothing(world: World) {
        let before = world.sql().await.number("SELECT count(*) FROM seaql_migrations").await;
        world.command(["migrate"]).run().await.succeeded();
        assert_eq!(
            world.sql().await.number("SELECT count(*) FROM seaql_migrations").await,
            before
        );
        world
            .person("mariama@example.org")
            .await
            .get("/v1/me")
            .await
            .expect(200);
    }

    async fn mail_without_a_mail_server_lies_in_files(world: World) {
        let outbox = world.folder().join("letters");
        let command = world
            .command(["serve", "--listen", "127.0.0.1:0"])
            .without("PALABRE_SMTP_URL");
        let process = command.env("PALABRE_OUTBOX_DIR", "letters").serve().await;
        let anonymous = world.anonymous().at_address(process.address);
        anonymous
            .post("/v1/auth/codes", serde_json::json!({"email": "mariama@example.org"}))
            .await
            .expect(202);
        let letters = || {
            std::fs::read_dir(&outbox)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
        };
        while letters().next().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(letters().all(|path| path.extension().is_some_and(|kind| kind == "eml")));
        process.kill().await;
    }
}
