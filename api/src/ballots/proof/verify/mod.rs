//! `palabre verify`: the check of an audit bundle by someone who trusts nobody.
//!
//! One pass over the lines, in memory that does not grow with the roll or the votes but only with
//! the choices that differ. Nothing is believed because the file says it: no size, no digest, no
//! order. What is read was perhaps written by an enemy, so every bound is set here.
//!
//! Whether everything in a bundle fits together shows only that someone made it carefully. That it
//! is *the* bundle of the ballot shows in an anchor: something signed that was obtained elsewhere.

mod anchors;
mod judging;
mod lines;
mod reading;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use super::manifest::Manifest;
use crate::ballots::counting::Count;
use crate::ballots::quorum::Quorum;
pub use anchors::{Anchors, Saved};
use lines::Lines;
use reading::Reading;

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $check:ident = $name:literal,)+) => {
        /// One thing that is checked, in the order of what is printed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check {
            $($(#[doc = $doc])+ $check,)+
        }

        impl Check {
            pub const ALL: &[Self] = &[$(Self::$check,)+];

            /// Stable: programs look for it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$check => $name,)+
                }
            }
        }
    };
}

checks! {
    /// Every line is a line of a bundle, in canonical JSON, and ends with a newline.
    Format = "format",
    /// The kinds of lines come in their order.
    Order = "order",
    /// Manifest, closing record, checkpoint and tally are there once, and an opening for each vote
    /// or none at all.
    Complete = "complete",
    /// The manifest is one, in canonical JSON, and agrees with itself.
    Manifest = "manifest",
    /// It is signed with the instance's key that it names.
    ManifestSignature = "manifest_signature",
    /// The leaves of the roll ascend, so that none is there twice.
    RollOrder = "roll_order",
    /// They are as many as the manifest says.
    RollSize = "roll_size",
    /// Their tree has the root that the manifest names.
    RollRoot = "roll_root",
    /// The vote hashes ascend; equal ones may follow each other.
    VoteOrder = "vote_order",
    /// There are as many votes as people who voted.
    OneVoteEach = "one_vote_each",
    /// The closing record is one, in canonical JSON, of this ballot and of these votes.
    ClosingRecord = "closing_record",
    /// Those who voted are those whose number and digest the closing record holds.
    VotedDigest = "voted_digest",
    /// The checkpoint has its three lines.
    Checkpoint = "checkpoint",
    /// It is signed with the ballot's key that the manifest names.
    CheckpointSignature = "checkpoint_signature",
    /// It is of the ballot of the manifest.
    CheckpointOrigin = "checkpoint_origin",
    /// The tree is as large as the checkpoint says.
    TreeSize = "tree_size",
    /// The tree over manifest, votes and closing record has the root that the checkpoint names.
    TreeRoot = "tree_root",
    /// Every opening hashes to its vote hash.
    Openings = "openings",
    /// Every opened choice is one that this ballot allows, in its canonical form.
    Choices = "choices",
    /// The openings, counted anew by the manifest's method, give the tally.
    Count = "count",
    /// The tally adds up, and has the votes and blanks of the closing record.
    Tally = "tally",
    /// It has the digest that the closing record holds.
    TallyDigest = "tally_digest",
    /// Manifest or checkpoint is signed with the key given.
    AnchorKey = "anchor_key",
    /// Every checkpoint given is signed with the ballot's key, and is the one of this tree.
    AnchorCheckpoint = "anchor_checkpoint",
    /// Every receipt given is signed with the ballot's key, and leads to the root of this tree.
    AnchorReceipt = "anchor_receipt",
    /// Every promise given is signed with the ballot's key, and its vote hash is in this tree.
    AnchorPromise = "anchor_promise",
    /// A checkpoint or a receipt obtained elsewhere holds all of the bundle.
    Anchor = "anchor",
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// Why, without a word of the file: it is printed.
    Failed(String),
    NotChecked(String),
}

/// What it all comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything is checked, and anchored.
    Verified,
    /// At least one check failed.
    Failed,
    /// Everything fits together, but nothing obtained elsewhere holds it.
    NotAnchored,
    /// Anchored, but without openings: the votes could not be counted anew.
    NotRecounted,
}

#[derive(Debug)]
pub struct Report {
    pub verdicts: BTreeMap<Check, Verdict>,
    pub reach: Reach,
    /// What the bundle says came out, true or not.
    pub outcome: Option<Outcome>,
}

/// The anchors that were given and hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    pub key: bool,
    pub checkpoints: usize,
    pub receipts: usize,
    pub promises: usize,
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub manifest: Manifest,
    pub count: Count,
    pub quorum: Option<Quorum>,
    pub voters: u64,
}

impl Report {
    pub fn conclusion(&self) -> Conclusion {
        let of = |check: Check| self.verdicts.get(&check);
        let failed = |verdict: &Verdict| matches!(verdict, Verdict::Failed(_));
        if self.verdicts.len() < Check::ALL.len() || self.verdicts.values().any(failed) {
            Conclusion::Failed
        } else if of(Check::Anchor) != Some(&Verdict::Passed) {
            Conclusion::NotAnchored
        } else if of(Check::Count) != Some(&Verdict::Passed) {
            Conclusion::NotRecounted
        } else {
            Conclusion::Verified
        }
    }
}

/// Lines between two calls of `progress`.
const STRIDE: u64 = 100_000;

/// Reads a bundle to its end and checks it; an error is one of reading. `progress` is told the
/// number of lines now and then.
pub fn verify(bundle: impl BufRead, anchors: &Anchors, mut progress: impl FnMut(u64)) -> io::Result<Report> {
    let mut lines = Lines::new(bundle);
    let mut reading = Reading::new(anchors.promised());
    while let Some(line) = lines.next()? {
        reading.take(line);
        if reading.lines.is_multiple_of(STRIDE) {
            progress(reading.lines);
        }
    }
    Ok(judging::judge(reading, anchors))
}
