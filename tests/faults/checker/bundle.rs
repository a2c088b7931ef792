//! An audit bundle as someone else's program reads it: written from the documentation alone, with
//! no code of the server's.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The lines of a bundle by their kind.
#[derive(Default)]
pub struct Bundle {
    pub manifest: String,
    /// Leaves, and whether they voted.
    pub roll: BTreeMap<String, bool>,
    pub hashes: Vec<String>,
    pub closing_record: String,
    pub checkpoint: String,
    /// Choices and nonces.
    pub openings: Vec<(Value, String)>,
    pub tally: Value,
}

impl Bundle {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut bundle = Self::default();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).map_err(|error| format!("the bundle: {error}"))?;
            let (kind, value) = value
                .as_object()
                .filter(|object| object.len() == 1)
                .and_then(|object| object.iter().next())
                .ok_or("the bundle has a line of no kind")?;
            let text = || value.as_str().unwrap_or_default().to_owned();
            match kind.as_str() {
                "manifest" => bundle.manifest = text(),
                "roll" => {
                    let leaf = value["leaf"].as_str().unwrap_or_default().to_owned();
                    bundle.roll.insert(leaf, value["voted"] == true);
                }
                "vote_hash" => bundle.hashes.push(text()),
                "closing_record" => bundle.closing_record = text(),
                "checkpoint" => bundle.checkpoint = text(),
                "opening" => {
                    let nonce = value["nonce"].as_str().unwrap_or_default().to_owned();
                    bundle.openings.push((value["choice"].clone(), nonce));
                }
                "tally" => bundle.tally = value.clone(),
                other => return Err(format!("the bundle has a line of the unknown kind {other}")),
            }
        }
        Ok(bundle)
    }

    /// What the manifest says; null where it says nothing.
    pub fn manifest(&self) -> Value {
        let text = self.manifest.split("\n\n").next().unwrap_or_default();
        serde_json::from_str(text).unwrap_or_default()
    }

    pub fn record(&self) -> Value {
        serde_json::from_str(&self.closing_record).unwrap_or_default()
    }

    /// The ballot's own key.
    pub fn verifier(&self) -> Option<Verifier> {
        Verifier::parse(self.manifest()["verifier_key"].as_str()?)
    }

    /// Whether the checkpoint is signed over the tree that these lines make.
    pub fn is_what_the_checkpoint_says(&self) -> bool {
        let manifest = self.manifest.split_inclusive("\n\n").next().unwrap_or_default();
        let manifest = manifest.strip_suffix('\n').unwrap_or_default();
        let mut leaves = vec![leaf(manifest.as_bytes())];
        leaves.extend(self.hashes.iter().map(|hash| leaf(&from_hex(hash))));
        leaves.push(leaf(self.closing_record.as_bytes()));
        let size = leaves.len();
        let origin = self.manifest()["origin"].as_str().unwrap_or_default().to_owned();
        let expected = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root(&leaves)));
        let verifier = self.verifier();
        verifier.is_some_and(|verifier| verifier.open(&self.checkpoint) == Some(expected.as_str()))
    }
}

/// The key of signed notes (C2SP signed-note).
pub struct Verifier {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl Verifier {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let key = STANDARD.decode(key).ok()?;
        let (kind, key) = key.split_first()?;
        if *kind != 1 {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            id: from_hex(id).try_into().ok()?,
            key: VerifyingKey::from_bytes(key.try_into().ok()?).ok()?,
        })
    }

    /// The text of a note with this key's signature.
    pub fn open<'n>(&self, note: &'n str) -> Option<&'n str> {
        let (text, signature) = (note.split_inclusive("\n\n").next()?, note.split_once("\n\n")?.1);
        let text = text.strip_suffix('\n')?;
        let line = signature
            .strip_prefix(&format!("— {} ", self.name))?
            .strip_suffix('\n')?;
        let bytes = STANDARD.decode(line).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        let signature = Signature::from_slice(signature).ok()?;
        let valid = *id == self.id && self.key.verify_strict(text.as_bytes(), &signature).is_ok();
        valid.then_some(text)
    }
}

pub fn from_hex(text: &str) -> Vec<u8> {
    let digit = |index: usize| u8::from_str_radix(text.get(index..index + 2)?, 16).ok();
    (0..text.len() / 2).filter_map(|index| digit(index * 2)).collect()
}

pub fn leaf(entry: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// RFC 6962 §2.1.
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::new().finalize().into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            let node = Sha256::new().chain_update([1]).chain_update(root(left));
            node.chain_update(root(right)).finalize().into()
        }
    }
}
