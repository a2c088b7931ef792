//! How long the server takes to be ready on a database that exists, how large it is, and how long it
//! takes to build.

use std::path::Path;
use std::time::Instant;

use tokio::process::Command;

use crate::progress;
use crate::server::{Server, binary};

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
    let size = std::fs::metadata(binary()).map_or(0, |binary| binary.len());
    format!(
        "ready on an existing SQLite database after {} ms (of {starts:?}); release binary {:.1} MB",
        starts[starts.len() / 2],
        size as f64 / 1e6
    )
}

/// How long it takes to build the server from nothing, and what comes of it.
pub async fn builds(folder: &Path) -> String {
    let mut lines = Vec::new();
    for (profile, flags) in [("debug", &[][..]), ("release", &["--release"])] {
        progress(&format!("a clean {profile} build"));
        let target = folder.join(profile);
        let began = Instant::now();
        let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--quiet", "--locked", "-p", "palabre"])
            .args(flags)
            .env("CARGO_TARGET_DIR", &target)
            .status()
            .await
            .expect("cargo");
        assert!(built.success(), "a {profile} build");
        let size = std::fs::metadata(target.join(profile).join("palabre")).map_or(0, |binary| binary.len());
        lines.push(format!(
            "clean {profile} build: {:.0} s, binary {:.1} MB",
            began.elapsed().as_secs_f64(),
            size as f64 / 1e6
        ));
        std::fs::remove_dir_all(&target).expect("removed");
    }
    lines.join("\n")
}
