//! The README's walk-through, pasted into a shell in front of the demo.

use std::process::Stdio;

use tokio::process::Command;

use crate::support::Palabre;

/// Every `sh` block of the README, in order.
fn walk_through() -> String {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in include_str!("../README.md").lines() {
        match (line, inside) {
            ("```sh", _) => inside = true,
            ("```", true) => inside = false,
            (line, true) => lines.push(line),
            (_, false) => {}
        }
    }
    lines.join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_walk_through_works_as_pasted() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Palabre::new(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .folder(folder.path())
        .env("TMPDIR", folder.path().to_str().expect("UTF-8"))
        .serve()
        .await;
    let shell = Command::new("bash")
        .args(["-eu", "-o", "pipefail", "-c", &walk_through()])
        .current_dir(folder.path())
        .env("API", format!("http://{}", demo.address))
        .env("PALABRE", env!("CARGO_BIN_EXE_palabre-under-test"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(60), shell)
        .await
        .expect("a walk of under a minute")
        .expect("bash, curl and jq");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for words in [
        "Participant 012",
        "\"on_roll\": true",
        "\"vote_hash\"",
        "\"code\": \"ballot_not_closed\"",
        "\"state\": \"closed\"",
        "\"counts\"",
        "\"voted\": true",
        "\"published\"",
        "\"tie\": false",
        "count: PASSED",
        "winner: ",
        "VERIFIED.",
    ] {
        assert!(said.contains(words), "no {words} in:\n{said}");
    }
    // The retry of the vote was answered like the vote.
    let hashes: Vec<&str> = said.lines().filter(|line| line.contains("vote_hash")).collect();
    assert!(hashes.len() == 2 && hashes[0] == hashes[1], "{hashes:?}");
    demo.kill().await;
}
