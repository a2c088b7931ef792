//! Elections of a few lines, and the bundle, receipts and promises that a server would make of them;
//! its parts can be changed before they are signed, as a server that lies would.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Anchors, Report, Saved, verify};
use crate::ballots::choice::{Choice, Method};
use crate::ballots::counting::{Votes, count};
use crate::ballots::eligibility::Eligibility;
use crate::ballots::entity::{Kind, Openings, Unit};
use crate::ballots::paper::Paper;
use crate::ballots::proof::bundle::{Line, Opening, RollLine};
use crate::ballots::proof::canonical::canonical;
use crate::ballots::proof::manifest::{
    CLOSING_FORMAT, ClosingRecord, MANIFEST_FORMAT, Manifest, Nominee, Roll, VotedDigest, checkpoint_text, instance,
    origin, promise_text, roll_root,
};
use crate::ballots::proof::merkle::{BLOCK, Blocks, Hash, leaf, path};
use crate::ballots::proof::note::Signer;
use crate::ballots::vote::{self, Vote, roll_leaf};
use crate::instant::Instant;
use crate::secrets::{base64url, from_hex, hex, sha256};

/// What happened in a ballot.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Election {
    /// Secret halves of the two keys, in hex.
    pub instance_seed: String,
    pub ballot_seed: String,
    pub public_url: String,
    pub ballot_id: Uuid,
    pub workshop_id: Uuid,
    pub question: String,
    pub method: Method,
    #[serde(default)]
    pub max_grade: Option<u8>,
    pub candidates: Vec<Nominee>,
    pub openings: Openings,
    pub opened_at: Instant,
    pub closed_at: Instant,
    pub voters: Vec<Voter>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voter {
    pub unit_id: Uuid,
    pub address: String,
    /// In hex.
    pub salt: String,
    /// Null for who abstained.
    pub vote: Option<Cast>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// As it was sent.
    pub choice: Value,
    pub nonce: String,
}

/// What a server tells of it, unsigned.
#[derive(Clone)]
pub struct Parts {
    instance: Seed,
    ballot: Seed,
    pub manifest: Manifest,
    pub roll: Vec<RollLine>,
    pub hashes: Vec<Hash>,
    pub record: ClosingRecord,
    pub openings: Vec<Opening>,
    pub tally: Value,
    /// In place of what follows from the tree.
    pub checkpoint: Option<String>,
}

#[derive(Clone)]
struct Seed(String, [u8; 32]);

impl Seed {
    fn signer(&self) -> Signer {
        Signer::new(&self.0, &self.1).unwrap()
    }
}

/// Candidates of samples: 1, 2, 3.
pub fn candidate(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

impl Election {
    /// Three candidates, and for each voter what they sent.
    pub fn sample(method: Method, choices: impl IntoIterator<Item = Option<Value>>) -> Self {
        let names = ["Arbre à palabres", "Kora \u{1f3b6}", "Delta\n\"du Niger\""];
        let candidates = names.iter().zip(1..).map(|(name, number)| Nominee {
            id: candidate(number),
            name: (*name).to_owned(),
            description: String::new(),
            logo: None,
        });
        let voter = |(index, choice): (usize, Option<Value>)| {
            let drawn = |what: &str| sha256(&[what.as_bytes(), &index.to_be_bytes()]);
            Voter {
                unit_id: Uuid::from_u128(0x1000 + index as u128),
                address: format!("voter.{index}@example.org"),
                salt: hex(&drawn("salt")[..16]),
                vote: choice.map(|choice| Cast {
                    choice,
                    nonce: base64url::encode(drawn("nonce")),
                }),
            }
        };
        Self {
            instance_seed: hex(&[1; 32]),
            ballot_seed: hex(&[2; 32]),
            public_url: "https://vote.example.org/api".into(),
            ballot_id: Uuid::from_u128(0x0174_1a3e_8b00_7c1f_9d5e_3f6a_2b1c_0d4e),
            workshop_id: Uuid::from_u128(0x0174_1a3e_8b00_7000_8000_0000_0000_0001),
            question: "Quel logo ?".into(),
            method,
            max_grade: method.has_grades().then_some(5),
            candidates: candidates.collect(),
            openings: Openings::Auditors,
            opened_at: "2020-08-28T10:00:00Z".parse().unwrap(),
            closed_at: "2020-08-28T16:00:00.25Z".parse().unwrap(),
            voters: choices.into_iter().enumerate().map(voter).collect(),
        }
    }

    pub fn parts(&self) -> Parts {
        let id = self.ballot_id;
        let seed = |name: String, hex: &str| Seed(name, from_hex(hex).unwrap());
        let origin = origin(&self.public_url, id);
        let instance = seed(instance(&self.public_url).to_owned(), &self.instance_seed);
        let ballot = seed(origin.clone(), &self.ballot_seed);
        let ids = self.candidates.iter().map(|nominee| nominee.id);
        let paper = Paper::new(self.method, ids, self.max_grade).unwrap();
        let mut roll = Vec::new();
        let mut openings = Vec::new();
        let mut votes = Votes::new();
        for voter in &self.voters {
            let leaf = roll_leaf(id, &from_hex(&voter.salt).unwrap(), voter.unit_id, &voter.address);
            let voted = voter.vote.is_some();
            roll.push(RollLine { leaf, voted });
            if let Some(cast) = &voter.vote {
                let choice = Choice::parse(&paper, &cast.choice).unwrap();
                let (canonical, nonce) = (choice.canonical(), vote::nonce(&cast.nonce).unwrap());
                *votes.entry(choice).or_default() += 1;
                openings.push(Vote { canonical, nonce });
            }
        }
        roll.sort_by_key(|line| line.leaf);
        openings.sort_by_key(|vote| vote.hash(id));
        let tally = json!(count(&paper, &votes));
        let manifest = Manifest {
            format: MANIFEST_FORMAT.into(),
            origin,
            ballot_id: id,
            workshop_id: self.workshop_id,
            kind: Kind::General,
            question: self.question.clone(),
            description: String::new(),
            method: self.method,
            max_grade: self.max_grade,
            candidates: self.candidates.clone(),
            eligibility: Eligibility::default(),
            unit: Unit::Person,
            quorum_percent: Some(50),
            blanks_count: true,
            openings: self.openings,
            opened_at: self.opened_at,
            closes_at: None,
            roll: Roll {
                size: roll.len() as u64,
                root: hex(&roll_root(roll.iter().map(|line| &line.leaf))),
            },
            verifier_key: ballot.signer().verifier.to_string(),
            instance_key: instance.signer().verifier.to_string(),
        };
        let record = ClosingRecord {
            format: CLOSING_FORMAT.into(),
            ballot_id: id,
            opened_at: self.opened_at,
            closed_at: self.closed_at,
            voted: 0,
            voted_digest: String::new(),
            votes: openings.len() as u64,
            blanks: tally["blanks"].as_u64().unwrap(),
            tally_digest: String::new(),
        };
        let mut parts = Parts {
            instance,
            ballot,
            manifest,
            roll,
            hashes: openings.iter().map(|vote| vote.hash(id)).collect(),
            record,
            openings: openings
                .into_iter()
                .map(|Vote { canonical, nonce }| Opening {
                    choice: canonical,
                    nonce,
                })
                .collect(),
            tally,
            checkpoint: None,
        };
        parts.record_voted();
        parts.record_tally();
        parts
    }
}

impl Parts {
    pub fn record_voted(&mut self) {
        let mut digest = VotedDigest::new(self.manifest.ballot_id);
        let voted = self.roll.iter().filter(|line| line.voted);
        voted.for_each(|line| digest.push(&line.leaf));
        (self.record.voted, self.record.voted_digest) = digest.finish();
    }

    pub fn record_tally(&mut self) {
        self.record.tally_digest = hex(&sha256(&[canonical(&self.tally).unwrap().as_bytes()]));
    }

    pub fn record_roll(&mut self) {
        let leaves: Vec<Hash> = self.roll.iter().map(|line| line.leaf).collect();
        let (size, root) = (leaves.len() as u64, hex(&roll_root(&leaves)));
        self.manifest.roll = Roll { size, root };
    }

    fn entries(&self) -> Vec<Vec<u8>> {
        let manifest = self.manifest.text().unwrap().into_bytes();
        let record = self.record.text().unwrap().into_bytes();
        let hashes = self.hashes.iter().map(|hash| hash.to_vec());
        std::iter::once(manifest).chain(hashes).chain([record]).collect()
    }

    fn tree(&self) -> Blocks {
        let mut tree = Blocks::default();
        self.entries().iter().for_each(|entry| tree.push(entry));
        tree
    }

    pub fn root(&self) -> Hash {
        self.tree().root()
    }

    pub fn manifest_note(&self) -> String {
        self.instance.signer().sign(&self.manifest.text().unwrap())
    }

    pub fn checkpoint_note(&self) -> String {
        let tree = self.tree();
        let text = checkpoint_text(&self.manifest.origin, tree.size(), &tree.root());
        self.ballot.signer().sign(self.checkpoint.as_ref().unwrap_or(&text))
    }

    pub fn promise(&self, hash: &Hash) -> String {
        self.ballot.signer().sign(&promise_text(&self.manifest.origin, hash))
    }

    fn path(&self, index: usize) -> Vec<String> {
        let leaves: Vec<Hash> = self.entries().iter().map(|entry| leaf(entry)).collect();
        let own = leaves.chunks(BLOCK).nth(index / BLOCK).unwrap();
        let path = path(&self.tree().into_roots(), own, index);
        path.iter().map(|step| hex(step)).collect()
    }

    /// The answer for a prefix.
    pub fn receipts(&self, prefix: &str) -> Value {
        let receipts: Vec<Value> = (1..)
            .zip(&self.hashes)
            .filter(|(_, hash)| hex(*hash).starts_with(prefix))
            .map(|(index, hash)| json!({"vote_hash": hex(hash), "index": index, "path": self.path(index)}))
            .collect();
        json!({"checkpoint": self.checkpoint_note(), "receipts": receipts})
    }

    pub fn lines(&self) -> Vec<Line> {
        let mut lines = vec![Line::Manifest(self.manifest_note())];
        lines.extend(self.roll.iter().cloned().map(Line::Roll));
        lines.extend(self.hashes.iter().copied().map(Line::VoteHash));
        lines.push(Line::ClosingRecord(self.record.text().unwrap()));
        lines.push(Line::Checkpoint(self.checkpoint_note()));
        lines.extend(self.openings.iter().cloned().map(Line::Opening));
        lines.push(Line::Tally(self.tally.clone()));
        lines
    }

    pub fn texts(&self) -> Vec<String> {
        self.lines().iter().map(|line| line.text().unwrap()).collect()
    }

    /// What an auditor obtained elsewhere: everything, with a promise and a receipt of each vote.
    pub fn anchors(&self) -> Anchors {
        Anchors {
            key: Some(self.instance.signer().verifier),
            checkpoints: vec![saved(self.checkpoint_note())],
            receipts: match self.hashes[..] {
                [] => Vec::new(),
                _ => vec![saved(self.receipts("").to_string())],
            },
            promises: self.hashes.iter().map(|hash| saved(self.promise(hash))).collect(),
        }
    }
}

pub fn saved(text: impl Into<String>) -> Saved {
    let (name, text) = ("a file".to_owned(), text.into());
    Saved { name, text }
}

pub fn check(lines: &[String], anchors: &Anchors) -> Report {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    verify(text.as_bytes(), anchors, |_| ()).unwrap()
}
