//! How long the server takes to be ready on a database that exists, how large it is, and how long it
//! takes to build. What has become larger than it may fails: look which feature of which
//! dependency it is before moving the limit.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use tokio::process::Command;

use crate::progress;
use crate::server::{Server, binary};

/// In megabytes.
const LARGEST_RELEASE: f64 = 46.0;
const LARGEST_DEBUG: f64 = 120.0;
/// Crates that the server is built from: what build times depend on, whatever the machine.
const MOST_CRATES: usize = 370;

fn megabytes(binary: &Path, limit: f64) -> f64 {
    let size = std::fs::metadata(binary).expect("a binary").len() as f64 / 1e6;
    assert!(
        size <= limit,
        "{} has {size:.1} MB, more than {limit}",
        binary.display()
    );
    size
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

async fn crates() -> usize {
    let arguments = "tree --locked -p palabre --edges normal,build --prefix none --no-dedupe";
    let tree = cargo().args(arguments.split(' ')).output().await.expect("cargo");
    let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
    let crates = tree.lines().collect::<BTreeSet<_>>().len();
    assert!(
        (1..=MOST_CRATES).contains(&crates),
        "{crates} crates, more than {MOST_CRATES}"
    );
    crates
}

pub async fn run(folder: &Path) -> String {
    let database = format!("sqlite://{}", folder.join("start.db").display());
    Server::start(&database, folder).await.stop().await;
    let mut starts = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let server = Server::start(&database, folder).await;
        starts.push(began.elapsed().as_millis());
        server.stop().await;
    }
    starts.sort_unstable();
    format!(
        "ready on an existing SQLite database after {} ms (of {starts:?}); release binary {:.1} MB",
        starts[starts.len() / 2],
        megabytes(&binary(), LARGEST_RELEASE)
    )
}

/// How long it takes to build the server from nothing, and what comes of it.
pub async fn builds(folder: &Path) -> String {
    let mut lines = vec![format!("built from {} crates", crates().await)];
    for (profile, flags, limit) in [
        ("debug", &[][..], LARGEST_DEBUG),
        ("release", &["--release"], LARGEST_RELEASE),
    ] {
        progress(&format!("a clean {profile} build"));
        let target = folder.join(profile);
        let began = Instant::now();
        let built = cargo()
            .args(["build", "--quiet", "--locked", "-p", "palabre"])
            .args(flags)
            .env("CARGO_TARGET_DIR", &target)
            .status()
            .await
            .expect("cargo");
        assert!(built.success(), "a {profile} build");
        lines.push(format!(
            "clean {profile} build: {:.0} s, binary {:.1} MB",
            began.elapsed().as_secs_f64(),
            megabytes(&target.join(profile).join("palabre"), limit)
        ));
        std::fs::remove_dir_all(&target).expect("removed");
    }
    lines.join("\n")
}
