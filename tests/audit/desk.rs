//! An auditor's own machine: a folder with what they saved, and `palabre verify`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;

use super::election::Election;
use crate::support::Palabre;

pub struct Desk(TempDir);

/// What the program said.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub output: String,
    /// PASSED, FAILED or NOT CHECKED, by name.
    pub checks: BTreeMap<String, String>,
}

impl Desk {
    pub fn new(election: &Election) -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        desk.save("bundle", &election.bundle);
        desk.save("checkpoint", election.checkpoint.as_bytes());
        for (what, texts) in [
            ("receipts", &election.receipts),
            ("promise", &election.promises),
            ("answer", &election.answers),
        ] {
            for (number, text) in texts.iter().enumerate() {
                desk.save(&format!("{what}.{number}"), text.as_bytes());
            }
        }
        desk.save("key", election.instance_key.as_bytes());
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn save(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("written");
    }

    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Arguments that give everything that is saved here.
    pub fn all_anchors(&self) -> Vec<String> {
        let key = std::fs::read_to_string(self.path("key")).expect("a key");
        let mut arguments = vec!["--key".to_owned(), key];
        for name in self.names() {
            let flag = match name.split('.').next() {
                Some("checkpoint") => "--checkpoint",
                Some("receipts") => "--receipt",
                Some("promise" | "answer") => "--promise",
                _ => continue,
            };
            arguments.extend([flag.to_owned(), name]);
        }
        arguments
    }

    pub fn command(&self, arguments: &[&str]) -> Palabre {
        Palabre::new(arguments.iter().copied()).folder(self.0.path())
    }

    /// Of the bundle that is saved here.
    pub async fn verify(&self, arguments: &[impl AsRef<str>]) -> Told {
        let arguments: Vec<&str> = ["verify", "bundle"]
            .into_iter()
            .chain(arguments.iter().map(AsRef::as_ref))
            .collect();
        let finished = self.command(&arguments).run().await;
        assert_eq!(finished.errors, "");
        let checks = finished.output.lines().take_while(|line| !line.is_empty()).map(|line| {
            let (name, rest) = line.split_once(": ").expect("a line of a check");
            let state = rest.split(" (").next().unwrap_or_default();
            assert!(["PASSED", "FAILED", "NOT CHECKED"].contains(&state), "{line}");
            (name.to_owned(), state.to_owned())
        });
        Told {
            checks: checks.collect(),
            code: finished.code,
            output: finished.output,
        }
    }
}

impl Told {
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.output);
        self
    }

    fn named(&self, state: &str) -> Vec<&str> {
        let found = self.checks.iter().filter(|(_, found)| *found == state);
        found.map(|(name, _)| name.as_str()).collect()
    }

    pub fn failed(&self) -> Vec<&str> {
        self.named("FAILED")
    }

    /// All others passed; these were not checked.
    #[track_caller]
    pub fn passes_all_but(&self, unchecked: &[&str]) {
        let mut unchecked = unchecked.to_vec();
        unchecked.sort_unstable();
        assert_eq!(self.named("NOT CHECKED"), unchecked, "{}", self.output);
        assert_eq!(self.failed(), [""; 0], "{}", self.output);
        assert!(self.checks.len() > 20, "{}", self.output);
    }
}
