//! The judgement once everything is read: each check by itself, from what the pass has kept.

use std::collections::BTreeMap;

use sha2::Digest as _;

use super::anchors::{Anchors, Held};
use super::reading::{Frozen, Reading};
use super::{Check, Outcome, Reach, Report, Verdict};
use crate::ballots::choice::Choice;
use crate::ballots::counting::{self, Count, Votes};
use crate::ballots::entity::Openings;
use crate::ballots::proof::canonical::{canonical, canonical_of};
use crate::ballots::proof::manifest::{Checkpoint, ClosingRecord, VotedDigest};
use crate::ballots::proof::note;
use crate::ballots::quorum::Quorum;
use crate::secrets::{hex, sha256};

/// Why a check is not passed.
pub enum Stop {
    Failed(String),
    /// Something is missing that it needs.
    Without(&'static str),
}

pub type Finding = Result<(), Stop>;

pub fn failed<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(why.into()))
}

fn must(holds: bool, else_why: &str) -> Finding {
    if holds { Ok(()) } else { failed(else_why) }
}

struct Judge<'a> {
    reading: Reading,
    /// Of the openings, in canonical JSON; nothing without a manifest.
    recount: Option<String>,
    anchors: &'a Anchors,
}

pub fn judge(mut reading: Reading, anchors: &Anchors) -> Report {
    let mut faults = std::mem::take(&mut reading.faults);
    let recount = recount(&mut reading);
    let judge = Judge {
        reading,
        recount,
        anchors,
    };
    let mut verdicts = BTreeMap::new();
    for check in Check::ALL {
        let verdict = match faults.remove(check) {
            Some(why) => Verdict::Failed(why),
            None => match judge.finding(*check, &verdicts) {
                Ok(()) => Verdict::Passed,
                Err(Stop::Failed(why)) => Verdict::Failed(why),
                Err(Stop::Without(what)) => Verdict::NotChecked(what.to_owned()),
            },
        };
        verdicts.insert(*check, verdict);
    }
    let given = |check, number| match verdicts.get(&check) {
        Some(Verdict::Passed) => number,
        _ => 0,
    };
    let reach = Reach {
        key: given(Check::AnchorKey, 1) > 0,
        checkpoints: given(Check::AnchorCheckpoint, anchors.checkpoints.len()),
        receipts: given(Check::AnchorReceipt, anchors.receipts.len()),
        promises: given(Check::AnchorPromise, anchors.promises.len()),
    };
    let outcome = judge.outcome();
    Report {
        verdicts,
        reach,
        outcome,
    }
}

fn recount(reading: &mut Reading) -> Option<String> {
    let choices = std::mem::take(&mut reading.choices);
    let paper = &reading.frozen()?.paper;
    let votes: Option<Votes> = choices
        .into_iter()
        .map(|(text, votes)| Some((Choice::from_canonical(&text, paper).ok()?, votes)))
        .collect();
    canonical_of(&counting::count(paper, &votes?))
}

impl Judge<'_> {
    fn manifest(&self) -> Result<&Frozen, Stop> {
        self.reading
            .frozen()
            .ok_or(Stop::Without("there is no manifest to be read"))
    }

    fn record(&self) -> Result<&ClosingRecord, Stop> {
        let record = self.reading.record.as_ref().and_then(Option::as_ref);
        record.ok_or(Stop::Without("there is no closing record to be read"))
    }

    fn checkpoint_note(&self) -> Result<&str, Stop> {
        let note = self.reading.checkpoint.as_deref();
        note.ok_or(Stop::Without("there is no checkpoint"))
    }

    fn checkpoint(&self) -> Result<Checkpoint, Stop> {
        let text = note::text(self.checkpoint_note()?);
        text.and_then(Checkpoint::parse)
            .ok_or(Stop::Without("there is no checkpoint to be read"))
    }

    fn tally(&self) -> Result<&serde_json::Value, Stop> {
        self.reading.tally.as_ref().ok_or(Stop::Without("there is no tally"))
    }

    fn opened(&self) -> Finding {
        if self.reading.openings == 0 && self.reading.votes > 0 {
            return Err(Stop::Without("this bundle has no openings"));
        }
        Ok(())
    }

    fn finding(&self, check: Check, before: &BTreeMap<Check, Verdict>) -> Finding {
        let reading = &self.reading;
        match check {
            // Their faults show on the way.
            Check::Format | Check::Order | Check::RollOrder | Check::VoteOrder => Ok(()),
            Check::Complete => self.complete(),
            Check::Manifest => match &reading.manifest {
                None => Err(Stop::Without("there is no manifest")),
                Some((_, Err(why))) => failed(format!("it {why}")),
                Some((_, Ok(_))) => Ok(()),
            },
            Check::ManifestSignature => {
                let key = &self.manifest()?.instance_key;
                let note = reading.manifest.as_ref().map(|(note, _)| note.as_str());
                let signed = note.and_then(|note| key.open(note)).is_some();
                must(signed, "it is not signed with the instance's key that it names")
            }
            Check::RollSize => {
                let (found, said) = (reading.roll.size(), self.manifest()?.manifest.roll.size);
                must(found == said, &format!("the manifest says {said}, here are {found}"))
            }
            Check::RollRoot => must(
                hex(&reading.roll.root()) == self.manifest()?.manifest.roll.root,
                "the leaves are not those that the manifest was signed over",
            ),
            Check::OneVoteEach => must(
                reading.voters == reading.votes,
                &format!("{} voted, there are {} votes", reading.voters, reading.votes),
            ),
            Check::ClosingRecord => self.closing_record(),
            Check::VotedDigest => self.voted_digest(),
            Check::Checkpoint => match self.checkpoint() {
                Err(Stop::Without(_)) if reading.checkpoint.is_some() => {
                    failed("it is not a signed note over origin, size and root")
                }
                other => other.map(|_| ()),
            },
            Check::CheckpointSignature => {
                let (note, key) = (self.checkpoint_note()?, &self.manifest()?.ballot_key);
                must(
                    key.open(note).is_some(),
                    "it is not signed with the ballot's key that the manifest names",
                )
            }
            Check::CheckpointOrigin => must(
                self.checkpoint()?.origin == self.manifest()?.manifest.origin,
                "it is of another ballot than the manifest",
            ),
            Check::TreeSize => {
                let (found, said) = (reading.tree.size(), self.checkpoint()?.size);
                must(
                    found == said,
                    &format!("the checkpoint says {said} entries, here are {found}"),
                )
            }
            Check::TreeRoot => must(
                self.checkpoint()?.root == reading.tree.root(),
                "manifest, votes and closing record are not those that the checkpoint was signed over",
            ),
            Check::Openings => self.openings(),
            Check::Choices => self.opened().and(self.manifest().map(|_| ())),
            Check::Count => self.count(),
            Check::Tally => self.adds_up(),
            Check::TallyDigest => {
                let text = canonical(self.tally()?).unwrap_or_default();
                must(
                    hex(&sha256(&[text.as_bytes()])) == self.record()?.tally_digest,
                    "it is not the tally of the closing record",
                )
            }
            Check::AnchorKey => self.anchors.key(&self.held()?),
            Check::AnchorCheckpoint => self.anchors.checkpoints(&self.held()?),
            Check::AnchorReceipt => self.anchors.receipts(&self.held()?),
            Check::AnchorPromise => self.anchors.promises(&self.held()?),
            Check::Anchor => anchor(before),
        }
    }

    fn complete(&self) -> Finding {
        let reading = &self.reading;
        must(reading.manifest.is_some(), "there is no manifest")?;
        must(reading.record.is_some(), "there is no closing record")?;
        must(reading.checkpoint.is_some(), "there is no checkpoint")?;
        must(reading.tally.is_some(), "there is no tally")?;
        let public = reading.frozen().map(|frozen| frozen.manifest.openings) == Some(Openings::Public);
        let (votes, openings) = (reading.votes, reading.openings);
        must(
            openings == votes || openings == 0 && !public,
            &format!("there are {votes} votes and {openings} openings"),
        )
    }

    fn closing_record(&self) -> Finding {
        if let Some(None) = self.reading.record {
            return failed("it is not a closing record in canonical JSON");
        }
        let (record, manifest) = (self.record()?, &self.manifest()?.manifest);
        let same = record.ballot_id == manifest.ballot_id && record.opened_at == manifest.opened_at;
        must(same, "it is of another ballot than the manifest")?;
        must(record.closed_at >= record.opened_at, "it closes before it opens")?;
        let (votes, said) = (self.reading.votes, record.votes);
        must(votes == said, &format!("it says {said} votes, here are {votes}"))
    }

    fn voted_digest(&self) -> Finding {
        let record = self.record()?;
        self.manifest()?;
        let found = self.reading.voted.clone().map(VotedDigest::finish);
        must(
            found == Some((record.voted, record.voted_digest.clone())),
            "those who voted are not those of the closing record",
        )
    }

    fn openings(&self) -> Finding {
        self.opened()?;
        self.manifest()?;
        let reading = &self.reading;
        let (votes, openings) = (reading.votes, reading.openings);
        must(
            votes == openings,
            &format!("there are {votes} votes and {openings} openings"),
        )?;
        must(
            reading.hashes.clone().finalize() == reading.opened.clone().finalize(),
            "they do not hash to the vote hashes",
        )
    }

    fn count(&self) -> Finding {
        self.opened()?;
        self.manifest()?;
        let tally = canonical(self.tally()?);
        must(
            tally.is_some() && self.recount == tally,
            "the openings, counted anew, give another tally",
        )
    }

    fn adds_up(&self) -> Finding {
        let count: Count = match serde_json::from_value(self.tally()?.clone()) {
            Ok(count) => count,
            Err(_) => return failed("it is not a tally"),
        };
        let sum = count.blanks.checked_add(count.valid);
        must(sum == Some(count.votes), "blank and valid votes are not all votes")?;
        let record = self.record()?;
        must(
            (count.votes, count.blanks) == (record.votes, record.blanks),
            "its votes and blanks are not those of the closing record",
        )
    }

    fn held(&self) -> Result<Held<'_>, Stop> {
        let frozen = self.manifest()?;
        Ok(Held {
            ballot_key: &frozen.ballot_key,
            origin: &frozen.manifest.origin,
            notes: [
                self.reading.manifest.as_ref().map(|(note, _)| note.as_str()),
                self.reading.checkpoint.as_deref(),
            ],
            size: self.reading.tree.size(),
            root: self.reading.tree.root(),
            promised: &self.reading.promised,
        })
    }

    fn outcome(self) -> Option<Outcome> {
        let voters = self.reading.voters;
        let manifest = self.reading.manifest?.1.ok()?.manifest;
        let count: Count = serde_json::from_value(self.reading.tally?).ok()?;
        let quorum = manifest.quorum_percent.map(|percent| {
            let roll = self.reading.roll.size();
            Quorum::of(
                percent.into(),
                manifest.blanks_count,
                roll,
                count.votes,
                Some(count.blanks),
            )
        });
        Some(Outcome {
            manifest,
            count,
            quorum,
            voters,
        })
    }
}

/// What holds the whole bundle, from the verdicts on what was given.
fn anchor(before: &BTreeMap<Check, Verdict>) -> Finding {
    let of = |check| before.get(&check);
    let whole = [of(Check::AnchorCheckpoint), of(Check::AnchorReceipt)];
    if whole.iter().any(|verdict| matches!(verdict, Some(Verdict::Failed(_)))) {
        failed("this is not the bundle that the checkpoint or receipt is of")
    } else if whole.contains(&Some(&Verdict::Passed)) {
        Ok(())
    } else if of(Check::AnchorPromise) == Some(&Verdict::Passed) {
        Err(Stop::Without(
            "a promise holds one vote; a checkpoint or a receipt holds everything",
        ))
    } else if of(Check::AnchorKey) == Some(&Verdict::Passed) {
        Err(Stop::Without(
            "a key shuts out outsiders only; a checkpoint or a receipt holds everything",
        ))
    } else {
        Err(Stop::Without("no checkpoint and no receipt was given"))
    }
}
