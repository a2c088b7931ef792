//! The fault checker: what clients know against what the servers say in the end.
//!
//! Every attempt to vote is recorded as acknowledged, refused or unknown. Once the fault is healed
//! and the ballot counted, [`check`] names whatever does not fit: a vote lost, doubled or from
//! nowhere, a miscount, a tally that changes, a promise that is not kept. It believes no server: the
//! bundle is read and its tree and signatures are checked here, and `palabre verify` has its say too.

mod bundle;
mod rules;
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::support::{Answer, Palabre, Person};
use crate::voting::Vote;
use bundle::Bundle;
pub use rules::{Figures, check};

/// What an attempt came to, as far as its sender knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// 201: this is given out.
    Ok { vote_hash: String, promise: Option<String> },
    /// The server says that this attempt stored nothing.
    Refused,
    /// No answer, or one that only says to come again: it may stand or not.
    Unknown,
}

impl Fate {
    pub fn of(sent: &Result<Answer, reqwest::Error>) -> Self {
        match sent {
            Ok(answer) if answer.status == 201 => Self::Ok {
                vote_hash: answer.text_of("vote_hash"),
                promise: answer["promise"].as_str().map(str::to_owned),
            },
            // A batch whose commit broke off may stand.
            Ok(answer) if answer.status == 503 => {
                assert_eq!(answer["code"], "unavailable", "{answer}");
                assert!(!answer.header("retry-after").is_empty(), "{answer}");
                Self::Unknown
            }
            Ok(answer) if answer.status < 500 => Self::Refused,
            Ok(answer) => panic!("no fault excuses this: {answer}"),
            Err(_) => Self::Unknown,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Attempt {
    /// The voter's address.
    pub voter: String,
    pub vote: Vote,
    pub fate: Fate,
}

/// Every attempt of a test, from as many tasks as it likes.
#[derive(Default)]
pub struct Attempts(Mutex<Vec<Attempt>>);

impl Attempts {
    pub fn record(&self, voter: &str, vote: &Vote, sent: &Result<Answer, reqwest::Error>) -> Fate {
        let fate = Fate::of(sent);
        self.all().push(Attempt {
            voter: voter.to_owned(),
            vote: vote.clone(),
            fate: fate.clone(),
        });
        fate
    }

    pub fn all(&self) -> MutexGuard<'_, Vec<Attempt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the servers say once all is over.
pub struct End {
    pub ballot: String,
    /// By address: the leaf, and whether it voted.
    pub roll: BTreeMap<String, (String, bool)>,
    /// Bodies of the tally, as often as it was read.
    pub tallies: Vec<String>,
    /// The bundle, as often as it was read.
    pub bundles: Vec<String>,
}

impl End {
    /// Read from every server, as an auditor of the workshop, of a ballot that is counted.
    pub async fn read(auditor: &Person, path: &str, servers: &[SocketAddr]) -> Self {
        let (mut tallies, mut bundles, mut roll) = (Vec::new(), Vec::new(), BTreeMap::new());
        for server in servers {
            let auditor = auditor.at_address(*server);
            for _ in 0..2 {
                tallies.push(auditor.get(&format!("{path}/tally")).await.expect(200).text());
                bundles.push(auditor.get(&format!("{path}/audit")).await.expect(200).text());
            }
            for line in auditor.list(&format!("{path}/roll?limit=200")).await {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let of = (text(&line["entry"]["leaf"]), line["voted"] == true);
                roll.insert(text(&line["entry"]["address"]), of);
            }
        }
        Self {
            ballot: path.rsplit('/').next().unwrap_or_default().to_owned(),
            roll,
            tallies,
            bundles,
        }
    }

    /// What `palabre verify` says of the bundle, against the checkpoint and one of the promises.
    pub async fn verify(&self, attempts: &[Attempt]) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let bundle = Bundle::parse(&self.bundles[0]).expect("a bundle");
        let promise = attempts.iter().find_map(|attempt| match &attempt.fate {
            Fate::Ok { promise, .. } => promise.as_deref(),
            Fate::Refused | Fate::Unknown => None,
        });
        let mut arguments = vec!["verify", "bundle"];
        let files = [
            ("bundle", Some(self.bundles[0].as_str())),
            ("checkpoint", Some(bundle.checkpoint.as_str())),
            ("promise", promise),
        ];
        for (name, content) in files {
            let Some(content) = content else { continue };
            std::fs::write(folder.path().join(name), content).expect("written");
            match name {
                "checkpoint" => arguments.extend(["--checkpoint", name]),
                "promise" => arguments.extend(["--promise", name]),
                _ => {}
            }
        }
        Palabre::new(arguments).folder(folder.path()).run().await.succeeded();
    }
}
