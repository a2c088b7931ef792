//! What must hold after any load: the votes in the bundle are those that were acknowledged, and the
//! bundle verifies, with the promises that were given.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::Command;

use crate::hall::{Ballot, Hall, request};
use crate::progress;
use crate::server::{Server, binary, peak};

/// Seconds until everyone saw a ballot closed, and until it was counted and its bundle could be had.
pub struct Counted {
    pub closed: f64,
    pub counted: f64,
}

/// What `palabre verify` took: seconds, and MiB at its peak as far as looks in between tell.
pub struct Verified {
    pub seconds: f64,
    pub memory: f64,
}

impl Hall {
    /// The end of a ballot, and that nothing is wrong with it.
    pub async fn check(&self, server: &Server, ballot: &Ballot, answers: &[Vec<u8>]) {
        self.count(server, ballot, answers).await;
        self.verify(server, ballot, answers).await;
    }

    /// Closes the ballot and waits for its count, which finds as many votes as were acknowledged.
    pub async fn count(&self, server: &Server, ballot: &Ballot, answers: &[Vec<u8>]) -> Counted {
        let began = Instant::now();
        let close = format!("{}/close", ballot.path);
        let close = self.act(server, "POST", &close, None);
        let seen = async {
            while self.act(server, "GET", &ballot.path, None).await["state"] == "open" {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            began.elapsed().as_secs_f64()
        };
        let (_, closed) = tokio::join!(close, seen);
        let tally = loop {
            let path = format!("{}/tally", ballot.path);
            let (status, answer) = request(server, &self.auditor, "GET", &path, None).await;
            match status {
                200 => break serde_json::from_slice::<Value>(&answer).expect("JSON"),
                409 => tokio::time::sleep(Duration::from_millis(100)).await,
                _ => panic!("{status}: {}", String::from_utf8_lossy(&answer)),
            }
        };
        let counted = began.elapsed().as_secs_f64();
        assert_eq!(tally["votes"], answers.len(), "every acknowledged vote is counted");
        progress(&format!(
            "{} votes: closed after {closed:.2} s, counted after {counted:.1} s",
            answers.len()
        ));
        Counted { closed, counted }
    }

    /// Holds the bundle against what was acknowledged: the votes in it are those of the answers, and
    /// `palabre verify` finds nothing wrong and every promise kept.
    pub async fn verify(&self, server: &Server, ballot: &Ballot, answers: &[Vec<u8>]) -> Verified {
        let folder = tempfile::tempdir().expect("a folder");
        let began = Instant::now();
        for (name, route) in [("bundle", "audit"), ("checkpoint", "checkpoint")] {
            let path = format!("{}/{route}", ballot.path);
            download(server, &self.auditor, &path, &folder.path().join(name)).await;
        }
        let fetched = began.elapsed().as_secs_f64();
        votes_are(&folder.path().join("bundle"), answers);
        let verified = verify(folder.path(), answers).await;
        progress(&format!(
            "bundle of {} votes fetched in {fetched:.1} s, verified in {:.1} s with {:.0} MiB and {} promises",
            answers.len(),
            verified.seconds,
            verified.memory,
            answers.len().min(PROMISES)
        ));
        verified
    }
}

/// As many as one command line takes.
const PROMISES: usize = 10_000;

fn votes_are(bundle: &Path, answers: &[Vec<u8>]) {
    let mut acknowledged: Vec<String> = answers
        .iter()
        .map(|answer| {
            let answer: Value = serde_json::from_slice(answer).expect("JSON");
            answer["vote_hash"].as_str().expect("a hash").to_owned()
        })
        .collect();
    acknowledged.sort_unstable();
    let lines = BufReader::new(File::open(bundle).expect("a bundle")).lines();
    let found = lines.map(|line| line.expect("UTF-8")).filter_map(|line| {
        let hash = line.strip_prefix("{\"vote_hash\":\"")?.strip_suffix("\"}")?;
        Some(hash.to_owned())
    });
    assert!(found.eq(acknowledged), "the votes in the bundle are those acknowledged");
}

async fn verify(folder: &Path, answers: &[Vec<u8>]) -> Verified {
    let mut command = Command::new(binary());
    command.args(["verify", "bundle", "--checkpoint", "checkpoint"]);
    for (number, answer) in answers.iter().take(PROMISES).enumerate() {
        let name = format!("p{number}");
        std::fs::write(folder.join(&name), answer).expect("a promise");
        command.args(["--promise", &name]);
    }
    let began = Instant::now();
    let mut child = command
        .current_dir(folder)
        .env_clear()
        .stdout(File::create(folder.join("said")).expect("a file"))
        .spawn()
        .expect("palabre verify");
    let (id, mut memory) = (child.id(), 0.0);
    let ended = loop {
        match tokio::time::timeout(Duration::from_millis(50), child.wait()).await {
            Ok(ended) => break ended.expect("an end"),
            Err(_) => memory = id.map_or(memory, |id| peak(id).max(memory)),
        }
    };
    let said = std::fs::read_to_string(folder.join("said")).unwrap_or_default();
    assert!(ended.success(), "palabre verify: {said}");
    Verified {
        seconds: began.elapsed().as_secs_f64(),
        memory,
    }
}

async fn download(server: &Server, token: &str, path: &str, file: &Path) {
    let url = format!("http://{}{path}", server.address);
    let asked = reqwest::Client::new().get(url).bearer_auth(token).send().await;
    let mut answer = asked.and_then(reqwest::Response::error_for_status).expect("a download");
    let mut file = File::create(file).expect("a file");
    while let Some(bytes) = answer.chunk().await.expect("the whole of it") {
        file.write_all(&bytes).expect("room on disk");
    }
}
