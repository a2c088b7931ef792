//! The one pass over a bundle: what shows on the way, and what is kept for the judgement.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Check;
use super::lines::Fault;
use crate::ballots::choice::Choice;
use crate::ballots::paper::Paper;
use crate::ballots::proof::bundle::{Line, Opening, RollLine};
use crate::ballots::proof::canonical::canonical;
use crate::ballots::proof::manifest::{ClosingRecord, Manifest, VotedDigest, instance_of};
use crate::ballots::proof::merkle::{Frontier, Hash, leaf};
use crate::ballots::proof::note::{self, Verifier};
use crate::ballots::vote::Vote;
use crate::secrets::from_hex;

/// A file may name any number of candidates, and some methods take the cube of it.
const MOST_CANDIDATES: usize = 1000;

#[derive(Default)]
pub struct Reading {
    /// The first fault of each check.
    pub faults: BTreeMap<Check, String>,
    pub lines: u64,
    /// Place of the line before in the order of kinds.
    place: u8,
    pub manifest: Option<(String, Result<Frozen, &'static str>)>,
    /// The tree over the roll.
    pub roll: Frontier,
    last_leaf: Option<Hash>,
    pub voters: u64,
    pub voted: Option<VotedDigest>,
    /// The tree over manifest, votes and closing record.
    pub tree: Frontier,
    pub votes: u64,
    last_hash: Option<Hash>,
    /// Over the vote hashes in their order, and over what the openings hash to in theirs.
    pub hashes: Sha256,
    pub opened: Sha256,
    pub openings: u64,
    /// How often each valid choice was cast, by its canonical text.
    pub choices: HashMap<String, u64>,
    pub record: Option<Option<ClosingRecord>>,
    pub checkpoint: Option<String>,
    pub tally: Option<Value>,
    /// Vote hashes that were promised, and whether they have come.
    pub promised: HashMap<Hash, bool>,
}

/// A manifest that agrees with itself.
pub struct Frozen {
    pub manifest: Manifest,
    pub instance_key: Verifier,
    pub ballot_key: Verifier,
    pub paper: Paper,
}

impl Frozen {
    /// Or what is wrong with it.
    fn read(note: &str) -> Result<Self, &'static str> {
        let text = note::text(note).ok_or("is not a signed note")?;
        let manifest = Manifest::parse(text).ok_or("is not a manifest in canonical JSON")?;
        let instance = instance_of(&manifest.origin, manifest.ballot_id).ok_or("has the origin of another ballot")?;
        let key = |text: &str, name: &str| Verifier::parse(text).filter(|key| key.name == name);
        let instance_key = key(&manifest.instance_key, instance).ok_or("names no key of its instance")?;
        let ballot_key = key(&manifest.verifier_key, &manifest.origin).ok_or("names no key of its ballot")?;
        let candidates = &manifest.candidates;
        if !(2..=MOST_CANDIDATES).contains(&candidates.len()) || !candidates.is_sorted_by(|a, b| a.id < b.id) {
            return Err("has too few or too many candidates, or has them out of order");
        }
        from_hex::<32>(&manifest.roll.root).ok_or("names no root of its roll")?;
        Ok(Self {
            paper: manifest.paper().ok_or("has a scale that does not fit its method")?,
            manifest,
            instance_key,
            ballot_key,
        })
    }
}

/// Place of a kind of line in the order of a bundle.
fn place(line: &Line) -> u8 {
    match line {
        Line::Manifest(_) => 0,
        Line::Roll(_) => 1,
        Line::VoteHash(_) => 2,
        Line::ClosingRecord(_) => 3,
        Line::Checkpoint(_) => 4,
        Line::Opening(_) => 5,
        Line::Tally(_) => 6,
    }
}

impl Reading {
    pub fn new(promised: impl IntoIterator<Item = Hash>) -> Self {
        Self {
            promised: promised.into_iter().map(|hash| (hash, false)).collect(),
            ..Self::default()
        }
    }

    pub fn frozen(&self) -> Option<&Frozen> {
        self.manifest.as_ref()?.1.as_ref().ok()
    }

    fn fault(&mut self, check: Check, why: impl FnOnce(u64) -> String) {
        let line = self.lines;
        self.faults.entry(check).or_insert_with(|| why(line));
    }

    pub fn take(&mut self, line: Result<&str, Fault>) {
        self.lines += 1;
        let line = match line {
            Ok(text) => Line::parse(text).ok_or("is not a line of a bundle in canonical JSON"),
            Err(fault) => Err(fault.words()),
        };
        match line {
            Ok(line) => self.take_line(line),
            Err(why) => self.fault(Check::Format, |line| format!("line {line} {why}")),
        }
    }

    fn take_line(&mut self, line: Line) {
        let place = place(&line);
        if place < self.place {
            self.fault(Check::Order, |line| format!("line {line} comes too late"));
        }
        self.place = place;
        match line {
            Line::Manifest(_) if self.manifest.is_some() => self.second("manifests"),
            Line::ClosingRecord(_) if self.record.is_some() => self.second("closing records"),
            Line::Checkpoint(_) if self.checkpoint.is_some() => self.second("checkpoints"),
            Line::Tally(_) if self.tally.is_some() => self.second("tallies"),
            Line::Manifest(note) => {
                let frozen = Frozen::read(&note);
                self.tree.push(leaf(note::text(&note).unwrap_or_default().as_bytes()));
                self.voted = frozen
                    .as_ref()
                    .ok()
                    .map(|frozen| VotedDigest::new(frozen.manifest.ballot_id));
                self.manifest = Some((note, frozen));
            }
            Line::Roll(line) => self.take_roll(&line),
            Line::VoteHash(hash) => self.take_hash(hash),
            Line::ClosingRecord(text) => {
                self.tree.push(leaf(text.as_bytes()));
                self.record = Some(ClosingRecord::parse(&text));
            }
            Line::Checkpoint(note) => self.checkpoint = Some(note),
            Line::Opening(opening) => self.take_opening(opening),
            Line::Tally(tally) => self.tally = Some(tally),
        }
    }

    fn second(&mut self, several: &str) {
        self.fault(Check::Complete, |line| {
            format!("there are several {several}: line {line}")
        });
    }

    fn take_roll(&mut self, line: &RollLine) {
        if self.last_leaf.is_some_and(|last| last >= line.leaf) {
            self.fault(Check::RollOrder, |line| {
                format!("the leaf on line {line} is not greater than the one before")
            });
        }
        self.last_leaf = Some(line.leaf);
        self.roll.push(leaf(&line.leaf));
        if line.voted {
            self.voters += 1;
            if let Some(voted) = &mut self.voted {
                voted.push(&line.leaf);
            }
        }
    }

    fn take_hash(&mut self, hash: Hash) {
        if self.last_hash.is_some_and(|last| last > hash) {
            self.fault(Check::VoteOrder, |line| {
                format!("the vote hash on line {line} is smaller than the one before")
            });
        }
        self.last_hash = Some(hash);
        self.votes += 1;
        self.tree.push(leaf(&hash));
        self.hashes.update(hash);
        if let Some(come) = self.promised.get_mut(&hash) {
            *come = true;
        }
    }

    fn take_opening(&mut self, opening: Opening) {
        self.openings += 1;
        let Opening { choice, nonce } = opening;
        let known = self.choices.get_mut(&choice).map(|votes| *votes += 1).is_some();
        if !known && canonical_json(&choice).is_none() {
            return self.fault(Check::Format, |line| {
                format!("line {line} has a choice that is not canonical JSON")
            });
        }
        let Some(frozen) = self.frozen() else { return };
        let valid = known || Choice::from_canonical(&choice, &frozen.paper).is_ok();
        let ballot_id = frozen.manifest.ballot_id;
        let vote = Vote {
            canonical: choice,
            nonce,
        };
        self.opened.update(vote.hash(ballot_id));
        if !valid {
            self.fault(Check::Choices, |line| {
                format!("line {line} has a choice that this ballot does not allow")
            });
        } else if !known {
            self.choices.insert(vote.canonical, 1);
        }
    }
}

fn canonical_json(text: &str) -> Option<()> {
    let value = serde_json::from_str(text).ok()?;
    (canonical(&value)? == text).then_some(())
}
