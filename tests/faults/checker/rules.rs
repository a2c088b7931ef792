//! What must hold in the end: pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::bundle::{Bundle, Verifier};
use super::{Attempt, End, Fate};
use crate::voting::Vote;

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    pub attempts: usize,
    pub ok: usize,
    pub refused: usize,
    pub unknown: usize,
    /// Voters who know that their vote stands.
    pub sure: usize,
    /// Voters who do not know whether it does.
    pub unsure: usize,
    pub votes: usize,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} attempts: {} ok, {} refused, {} unknown; {} voters sure, {} unsure; {} votes",
            self.attempts, self.ok, self.refused, self.unknown, self.sure, self.unsure, self.votes
        )
    }
}

/// What one voter knows: hashes of votes.
#[derive(Default)]
struct Known {
    ok: BTreeSet<String>,
    unknown: BTreeSet<String>,
}

impl Known {
    fn may_stand(&self) -> impl Iterator<Item = &String> {
        self.ok.union(&self.unknown)
    }
}

struct Checker<'a> {
    attempts: &'a [Attempt],
    end: &'a End,
    bundle: Bundle,
    tally: Value,
    /// By voter.
    known: BTreeMap<&'a str, Known>,
    /// The choice behind each hash.
    choices: BTreeMap<String, String>,
    voted: BTreeSet<&'a str>,
    faults: Vec<String>,
}

/// Everything holds, or all that does not.
pub fn check(attempts: &[Attempt], end: &End) -> Result<Figures, Vec<String>> {
    let mut checker = Checker::new(attempts, end).map_err(|why| vec![why])?;
    checker.reads();
    checker.promises();
    checker.voters();
    checker.votes();
    checker.numbers();
    checker.counts();
    if checker.faults.is_empty() {
        Ok(checker.figures())
    } else {
        Err(checker.faults)
    }
}

impl<'a> Checker<'a> {
    fn new(attempts: &'a [Attempt], end: &'a End) -> Result<Self, String> {
        let bundle = Bundle::parse(end.bundles.first().ok_or("there is no bundle")?)?;
        let tally = end.tallies.first().ok_or("there is no tally")?;
        let mut known: BTreeMap<&str, Known> = BTreeMap::new();
        let mut choices = BTreeMap::new();
        for attempt in attempts {
            let hash = attempt.vote.hash(&end.ballot);
            choices.insert(hash.clone(), attempt.vote.choice.to_string());
            let of = known.entry(&attempt.voter).or_default();
            match attempt.fate {
                Fate::Ok { .. } => of.ok.insert(hash),
                Fate::Unknown => of.unknown.insert(hash),
                Fate::Refused => false,
            };
        }
        let voted = end.roll.iter().filter(|(_, (_, voted))| *voted);
        Ok(Self {
            attempts,
            end,
            bundle,
            tally: serde_json::from_str(tally).map_err(|error| format!("the tally: {error}"))?,
            known,
            choices,
            voted: voted.map(|(address, _)| address.as_str()).collect(),
            faults: Vec::new(),
        })
    }

    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(what());
        }
    }

    /// One truth, whoever tells it and however often; and it is signed.
    fn reads(&mut self) {
        let same = |texts: &[String]| texts.iter().all(|text| *text == texts[0]);
        self.must(same(&self.end.tallies), || "the tally changes from read to read".into());
        self.must(same(&self.end.bundles), || {
            "the bundle changes from read to read".into()
        });
        self.must(self.bundle.is_what_the_checkpoint_says(), || {
            "the checkpoint is not signed over this tree".into()
        });
        let leaves: BTreeMap<String, bool> = self.end.roll.values().cloned().collect();
        self.must(leaves == self.bundle.roll, || {
            "the roll is not that of the bundle".into()
        });
    }

    /// Signed with the ballot's key, over a hash that is in the tree.
    fn promises(&mut self) {
        let verifier = self.bundle.verifier();
        let manifest = self.bundle.manifest();
        let origin = manifest["origin"].as_str().unwrap_or_default();
        let hashes: BTreeSet<String> = self.bundle.hashes.iter().cloned().collect();
        let opens = |verifier: &Verifier, promise: &str, text: &str| verifier.open(promise) == Some(text);
        for attempt in self.attempts {
            let Fate::Ok { vote_hash, promise } = &attempt.fate else {
                continue;
            };
            let voter = &attempt.voter;
            self.must(*vote_hash == attempt.vote.hash(&self.end.ballot), || {
                format!("{voter} was given the hash of another vote")
            });
            self.must(hashes.contains(vote_hash), || {
                format!("the vote of {voter} is not in the tree as promised")
            });
            let Some(promise) = promise else { continue };
            let text = format!("{origin}/promise\n{vote_hash}\n");
            let signed = verifier
                .as_ref()
                .is_some_and(|verifier| opens(verifier, promise, &text));
            self.must(signed, || format!("the promise to {voter} is not signed by the ballot"));
        }
    }

    /// ok ⊆ voted ⊆ ok ∪ unknown.
    fn voters(&mut self) {
        let mut faults = Vec::new();
        for (voter, known) in &self.known {
            if !known.ok.is_empty() && !self.voted.contains(voter) {
                faults.push(format!("{voter} was told that a vote stands and has not voted"));
            }
            if known.ok.len() > 1 {
                faults.push(format!("{voter} was told of two votes that each stands"));
            }
        }
        for voter in &self.voted {
            if self
                .known
                .get(voter)
                .is_none_or(|known| known.may_stand().next().is_none())
            {
                faults.push(format!("{voter} has voted without knowing"));
            }
        }
        self.faults.extend(faults);
    }

    /// Each vote is somebody's, and nobody has two.
    fn votes(&mut self) {
        let mut owners = BTreeMap::new();
        for (voter, known) in &self.known {
            owners.extend(known.may_stand().map(|hash| (hash.as_str(), *voter)));
        }
        let mut standing: BTreeMap<&str, usize> = BTreeMap::new();
        let mut faults = Vec::new();
        for hash in &self.bundle.hashes {
            match owners.get(hash.as_str()) {
                Some(voter) => *standing.entry(voter).or_default() += 1,
                None => faults.push(format!("nobody knows of the vote {hash}")),
            }
        }
        for (voter, votes) in standing {
            if votes > 1 {
                faults.push(format!("{voter} has voted {votes} times"));
            }
            if !self.voted.contains(voter) {
                faults.push(format!("{voter} has a vote and has not voted"));
            }
        }
        self.faults.extend(faults);
    }

    /// Voters = votes = what was counted.
    fn numbers(&mut self) {
        let votes = self.bundle.hashes.len();
        let record = self.bundle.record();
        for (what, number) in [
            ("voters", json!(self.voted.len())),
            ("openings", json!(self.bundle.openings.len())),
            ("in the tally", self.tally["votes"].clone()),
            ("in the bundle's tally", self.bundle.tally["votes"].clone()),
            ("in the closing record", record["votes"].clone()),
            ("voters in the closing record", record["voted"].clone()),
        ] {
            self.must(number == json!(votes), || format!("{votes} votes, but {number} {what}"));
        }
        let openings = self.bundle.openings.iter();
        let opened: Vec<String> = openings
            .map(|(choice, nonce)| Vote::opened(choice, nonce).hash(&self.end.ballot))
            .collect();
        self.must(opened == self.bundle.hashes, || {
            "the openings are not those of the vote hashes".into()
        });
    }

    /// For each choice: ok ≤ counted ≤ ok + unknown.
    fn counts(&mut self) {
        let mut bounds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for known in self.known.values() {
            let of = |hashes: &BTreeSet<String>| -> BTreeSet<&str> {
                hashes.iter().map(|hash| self.choices[hash].as_str()).collect()
            };
            let (low, high) = if known.ok.is_empty() {
                (0, of(&known.unknown))
            } else {
                (1, of(&known.ok))
            };
            for choice in high {
                let bound = bounds.entry(choice).or_default();
                *bound = (bound.0 + low, bound.1 + 1);
            }
        }
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for (choice, _) in &self.bundle.openings {
            *counted.entry(choice.to_string()).or_default() += 1;
        }
        let mut faults = Vec::new();
        for choice in counted.keys().map(String::as_str).chain(bounds.keys().copied()) {
            let (low, high) = bounds.get(choice).copied().unwrap_or_default();
            let counted = counted.get(choice).copied().unwrap_or_default();
            if !(low..=high).contains(&counted) {
                faults.push(format!("{choice}: {counted} counted, but {low} to {high} were cast"));
            }
        }
        // Other methods count no votes by candidate; their working follows from the openings.
        for count in self.tally["working"]["counts"].as_array().into_iter().flatten() {
            let choice = json!({"candidate": count["candidate"]}).to_string();
            let opened = counted.get(&choice).copied().unwrap_or_default();
            if self.tally["method"] == "plurality" && count["votes"] != json!(opened) {
                faults.push(format!(
                    "the tally gives {} votes to {choice}, not {opened}",
                    count["votes"]
                ));
            }
        }
        self.faults.extend(faults);
    }

    fn figures(&self) -> Figures {
        let of_fate = |is: fn(&Fate) -> bool| self.attempts.iter().filter(|attempt| is(&attempt.fate)).count();
        let sure = self.known.values().filter(|known| !known.ok.is_empty()).count();
        let may = self.known.values().filter(|known| known.may_stand().next().is_some());
        Figures {
            attempts: self.attempts.len(),
            ok: of_fate(|fate| matches!(fate, Fate::Ok { .. })),
            refused: of_fate(|fate| *fate == Fate::Refused),
            unknown: of_fate(|fate| *fate == Fate::Unknown),
            sure,
            unsure: may.count() - sure,
            votes: self.bundle.hashes.len(),
        }
    }
}
