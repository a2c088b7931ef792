//! Anchors: what was signed and obtained elsewhere, held against what is in the bundle.

use std::collections::HashMap;

use serde::Deserialize;

use super::judging::{Finding, Stop, failed};
use crate::ballots::proof::manifest::{Checkpoint, parse_promise};
use crate::ballots::proof::merkle::{self, Hash, leaf};
use crate::ballots::proof::note::{self, Verifier};
use crate::secrets::from_hex;

/// What was given beside the bundle.
#[derive(Default)]
pub struct Anchors {
    pub key: Option<Verifier>,
    pub checkpoints: Vec<Saved>,
    pub receipts: Vec<Saved>,
    pub promises: Vec<Saved>,
}

/// A file as it was saved, and its name.
pub struct Saved {
    pub name: String,
    pub text: String,
}

/// What they are held against.
pub struct Held<'r> {
    pub ballot_key: &'r Verifier,
    pub origin: &'r str,
    /// Manifest and checkpoint.
    pub notes: [Option<&'r str>; 2],
    pub size: u64,
    pub root: Hash,
    /// Promised vote hashes, and whether they are in the bundle.
    pub promised: &'r HashMap<Hash, bool>,
}

/// The answer of `GET …/receipts`.
#[derive(Deserialize)]
struct Receipts {
    checkpoint: String,
    receipts: Vec<Receipt>,
}

#[derive(Deserialize)]
struct Receipt {
    vote_hash: String,
    index: u64,
    path: Vec<String>,
}

/// The answer of a vote.
#[derive(Deserialize)]
struct Cast {
    vote_hash: String,
    promise: Option<String>,
}

impl Saved {
    /// The note, with the newlines that mail and editors take away or double.
    fn note(&self) -> String {
        self.text.replace("\r\n", "\n").trim().to_owned() + "\n"
    }

    fn failed<T>(&self, why: &str) -> Result<T, Stop> {
        failed(format!("{} {why}", self.name))
    }

    fn checkpoint(&self, note: &str, held: &Held) -> Finding {
        let Some(text) = held.ballot_key.open_among(note) else {
            return self.failed("is not signed with the ballot's key that this bundle names");
        };
        let expected = Checkpoint {
            origin: held.origin.to_owned(),
            size: held.size,
            root: held.root,
        };
        match Checkpoint::parse(text) {
            Some(checkpoint) if checkpoint == expected => Ok(()),
            Some(_) => self.failed("is of another tree than this bundle's, signed with the same key"),
            None => self.failed("is signed, but is not a checkpoint"),
        }
    }

    fn receipts(&self, held: &Held) -> Finding {
        let Ok(answer) = serde_json::from_str::<Receipts>(&self.text) else {
            return self.failed("is not an answer with receipts");
        };
        if answer.receipts.is_empty() {
            return self.failed("has no receipt: no vote has such a hash");
        }
        self.checkpoint(&answer.checkpoint, held)?;
        if answer.receipts.iter().all(|receipt| receipt.leads(held) == Some(true)) {
            Ok(())
        } else {
            self.failed("has a receipt that does not lead to the root")
        }
    }

    /// Of a note, or of the answer that holds it.
    fn promise(&self) -> Option<(String, Hash)> {
        if !self.text.trim_start().starts_with('{') {
            let note = self.note();
            let (_, hash) = parse_promise(note::text(&note)?)?;
            return Some((note, hash));
        }
        let cast: Cast = serde_json::from_str(&self.text).ok()?;
        let note = cast.promise?;
        let (_, hash) = parse_promise(note::text(&note)?)?;
        (from_hex(&cast.vote_hash) == Some(hash)).then_some((note, hash))
    }

    fn promised(&self, held: &Held) -> Finding {
        let Some((note, hash)) = self.promise() else {
            return self.failed("holds no promise");
        };
        let text = held.ballot_key.open_among(&note);
        if text.and_then(parse_promise) != Some((held.origin, hash)) {
            return self.failed("is not signed with the ballot's key that this bundle names");
        }
        if held.promised.get(&hash) != Some(&true) {
            return self.failed("promises a vote that is not there");
        }
        Ok(())
    }
}

impl Receipt {
    fn leads(&self, held: &Held) -> Option<bool> {
        let hash: Hash = from_hex(&self.vote_hash)?;
        let path: Vec<Hash> = self.path.iter().map(|step| from_hex(step)).collect::<Option<_>>()?;
        // First and last are manifest and closing record.
        let a_vote = (1..held.size.saturating_sub(1)).contains(&self.index);
        let root = merkle::root_from_path(leaf(&hash), self.index, held.size, &path)?;
        Some(a_vote && root == held.root)
    }
}

impl Anchors {
    /// The vote hashes to look out for.
    pub fn promised(&self) -> impl Iterator<Item = Hash> {
        self.promises.iter().filter_map(|saved| Some(saved.promise()?.1))
    }

    pub fn key(&self, held: &Held) -> Finding {
        let Some(key) = &self.key else {
            return Err(Stop::Without("no key was given"));
        };
        let signed = |note: &Option<&str>| note.is_some_and(|note| key.open(note).is_some());
        if held.notes.iter().any(signed) {
            Ok(())
        } else {
            failed("neither manifest nor checkpoint is signed with it")
        }
    }

    pub fn checkpoints(&self, held: &Held) -> Finding {
        all(&self.checkpoints, "no checkpoint was given", |saved| {
            saved.checkpoint(&saved.note(), held)
        })
    }

    pub fn receipts(&self, held: &Held) -> Finding {
        all(&self.receipts, "no receipt was given", |saved| saved.receipts(held))
    }

    pub fn promises(&self, held: &Held) -> Finding {
        all(&self.promises, "no promise was given", |saved| saved.promised(held))
    }
}

fn all(given: &[Saved], without: &'static str, check: impl Fn(&Saved) -> Finding) -> Finding {
    if given.is_empty() {
        return Err(Stop::Without(without));
    }
    given.iter().try_for_each(check)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ballots::proof::note::Signer;
    use crate::secrets::hex;

    #[test]
    fn neither_the_first_nor_the_last_entry_is_a_vote() {
        let entries: [Hash; 3] = [[1; 32], [2; 32], [3; 32]];
        let leaves = entries.map(|entry| leaf(&entry));
        let key = Signer::new("example.org", &[7; 32]).unwrap().verifier;
        let held = Held {
            ballot_key: &key,
            origin: "example.org",
            notes: [None; 2],
            size: 3,
            root: merkle::root(&leaves),
            promised: &HashMap::new(),
        };
        let leads = |index: usize| {
            let receipt = Receipt {
                vote_hash: hex(&entries[index]),
                index: index as u64,
                path: merkle::path(&[], &leaves, index).iter().map(|step| hex(step)).collect(),
            };
            receipt.leads(&held)
        };
        assert_eq!([0, 1, 2].map(leads), [Some(false), Some(true), Some(false)]);
    }
}
