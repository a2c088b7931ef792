//! What PostgreSQL itself does with a durable vote, by its own benchmark program: the transaction
//! one would write, and the fewest statements it can be said in.

use std::process::Stdio;

use sea_orm::ConnectionTrait as _;
use tokio::process::Command;

use crate::Options;

/// A mark and an unlinked vote.
pub const TWO_INSERTS: &str = "BEGIN;
INSERT INTO bench_mark (voter) VALUES (gen_random_uuid());
INSERT INTO bench_vote (id, choice) VALUES (gen_random_uuid(), repeat('x', 120));
COMMIT;
";
pub const ONE_STATEMENT: &str = "WITH mark AS (INSERT INTO bench_mark (voter) VALUES (gen_random_uuid()) RETURNING voter) \
     INSERT INTO bench_vote (id, choice) SELECT gen_random_uuid(), repeat('x', 120) FROM mark;\n";

/// Transactions per second.
pub async fn run(database: &str, script: &str, options: &Options) -> f64 {
    let connection = sea_orm::Database::connect(database).await.expect("a database");
    let tables = "DROP TABLE IF EXISTS bench_mark, bench_vote; \
                  CREATE TABLE bench_mark (voter uuid PRIMARY KEY); \
                  CREATE TABLE bench_vote (id uuid PRIMARY KEY, choice text NOT NULL);";
    connection.execute_unprepared(tables).await.expect("tables");
    connection.close().await.expect("closed");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), script).expect("a script");
    let program = std::env::var("PALABRE_TEST_PGBENCH").unwrap_or_else(|_| "pgbench".to_owned());
    let output = Command::new(program)
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .args([
            "--client",
            &options.connections.to_string(),
            "--time",
            &options.seconds.to_string(),
        ])
        .arg("--file")
        .arg(file.path())
        .arg(database)
        .stderr(Stdio::null())
        .output()
        .await
        .expect("pgbench");
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("pgbench said: {text}"))
}
