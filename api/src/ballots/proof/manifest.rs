//! What was frozen at opening, and what was found at closing: the first and the last entry of the
//! tree, in canonical JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::canonical::canonical_of;
use super::merkle::{Frontier, Hash, leaf};
use crate::ballots::choice::Method;
use crate::ballots::counting::Count;
use crate::ballots::eligibility::Eligibility;
use crate::ballots::entity::{Kind, Openings, Unit};
use crate::ballots::paper::Paper;
use crate::instant::Instant;
use crate::secrets::{from_hex, hex, sha256};

pub const MANIFEST_FORMAT: &str = "palabre/manifest/v1";
pub const CLOSING_FORMAT: &str = "palabre/closing/v1";

/// The ballot as it was opened. Its text is the canonical JSON and a newline; it is signed with the
/// instance's key, and is the first entry of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: String,
    /// Public address of the ballot without scheme: name of its key and of its checkpoint.
    pub origin: String,
    pub ballot_id: Uuid,
    pub workshop_id: Uuid,
    pub kind: Kind,
    pub question: String,
    pub description: String,
    pub method: Method,
    /// Grades run from 0 to it; null for methods without grades.
    pub max_grade: Option<u8>,
    /// In order of id.
    pub candidates: Vec<Nominee>,
    pub eligibility: Eligibility,
    pub unit: Unit,
    /// Of the roll; nothing asks for none.
    pub quorum_percent: Option<u32>,
    /// Whether blank votes count towards the quorum.
    pub blanks_count: bool,
    pub openings: Openings,
    pub opened_at: Instant,
    /// As announced at opening; it may be extended.
    pub closes_at: Option<Instant>,
    pub roll: Roll,
    /// Of the ballot's own key, which signs promises and the checkpoint.
    pub verifier_key: String,
    /// Of the instance's key, which signs this manifest.
    pub instance_key: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nominee {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    /// SHA-256 of the image (PNG, 1024 × 1024 px) as voters were shown it, in hex.
    pub logo: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roll {
    pub size: u64,
    /// Root of the tree (RFC 6962) over the roll's leaves in ascending order, in hex.
    pub root: String,
}

/// What was found when the ballot was counted: the last entry of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosingRecord {
    pub format: String,
    pub ballot_id: Uuid,
    pub opened_at: Instant,
    pub closed_at: Instant,
    /// How many of the roll voted.
    pub voted: u64,
    /// SHA-256 over the leaves that voted, in ascending order, in hex.
    pub voted_digest: String,
    pub votes: u64,
    pub blanks: u64,
    /// SHA-256 of the tally in canonical JSON, in hex.
    pub tally_digest: String,
}

impl Manifest {
    /// What is signed and hashed.
    pub fn text(&self) -> Option<String> {
        canonical_of(self).map(|text| text + "\n")
    }

    /// Nothing unless it is a manifest in its one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let manifest: Self = serde_json::from_str(text).ok()?;
        (manifest.format == MANIFEST_FORMAT && manifest.text()? == text).then_some(manifest)
    }

    /// What votes may say, and how they are counted; nothing if the scale does not fit the method.
    pub fn paper(&self) -> Option<Paper> {
        let candidates = self.candidates.iter().map(|nominee| nominee.id);
        Paper::new(self.method, candidates, self.max_grade)
    }
}

impl ClosingRecord {
    pub fn text(&self) -> Option<String> {
        canonical_of(self)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let record: Self = serde_json::from_str(text).ok()?;
        (record.format == CLOSING_FORMAT && record.text()? == text).then_some(record)
    }
}

/// Of the leaves in ascending order.
pub fn roll_root<'l>(leaves: impl IntoIterator<Item = &'l Hash>) -> Hash {
    let mut frontier = Frontier::default();
    leaves.into_iter().for_each(|entry| frontier.push(leaf(entry)));
    frontier.root()
}

/// Digest of the leaves that voted, given in ascending order.
#[derive(Clone)]
pub struct VotedDigest(Sha256, u64);

impl VotedDigest {
    pub fn new(ballot_id: Uuid) -> Self {
        Self(
            Sha256::new()
                .chain_update(b"palabre/voted/v1\0")
                .chain_update(ballot_id.as_bytes()),
            0,
        )
    }

    pub fn push(&mut self, leaf: &Hash) {
        self.0.update(leaf);
        self.1 += 1;
    }

    /// How many voted, and their digest in hex.
    pub fn finish(self) -> (u64, String) {
        (self.1, hex(&self.0.finalize()))
    }
}

pub fn tally_digest(count: &Count) -> Option<String> {
    Some(hex(&sha256(&[canonical_of(count)?.as_bytes()])))
}

/// The text of a checkpoint (C2SP tlog-checkpoint).
pub fn checkpoint_text(origin: &str, size: u64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", STANDARD.encode(root))
}

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

impl Checkpoint {
    /// Nothing unless it is a checkpoint in its one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let checkpoint = Self {
            origin: lines.next()?.to_owned(),
            size: lines.next()?.parse().ok()?,
            root: STANDARD.decode(lines.next()?).ok()?.try_into().ok()?,
        };
        let spelt = checkpoint_text(&checkpoint.origin, checkpoint.size, &checkpoint.root);
        (spelt == text).then_some(checkpoint)
    }
}

/// The text of a promise: what a vote's 201 answers, signed with the ballot's key.
pub fn promise_text(origin: &str, vote_hash: &Hash) -> String {
    format!("{origin}/promise\n{}\n", hex(vote_hash))
}

/// Origin and vote hash of a promise's text; nothing unless it is in its one spelling.
pub fn parse_promise(text: &str) -> Option<(&str, Hash)> {
    let (origin, rest) = text.split_once("/promise\n")?;
    Some((origin, from_hex(rest.strip_suffix('\n')?)?))
}

/// `host[:port][/path]/v1/ballots/<id>` of a public address.
pub fn origin(public_url: &str, ballot_id: Uuid) -> String {
    format!("{}/v1/ballots/{ballot_id}", instance(public_url))
}

/// The instance that an origin of this ballot is of.
pub fn instance_of(origin: &str, ballot_id: Uuid) -> Option<&str> {
    origin.strip_suffix(&format!("/v1/ballots/{ballot_id}"))
}

/// The name of an instance: its public address without scheme.
pub fn instance(public_url: &str) -> &str {
    public_url.split_once("://").map_or(public_url, |(_, rest)| rest)
}
