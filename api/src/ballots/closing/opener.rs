//! Opens sealed votes and counts them, page by page: no database, no clock. Memory grows with the
//! roll and the votes by some dozens of bytes each; choices are kept once each.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::prelude::Uuid;

use crate::ballots::casting::SealedVote;
use crate::ballots::choice::Choice;
use crate::ballots::counting::{self, Count, Votes};
use crate::ballots::frozen::Frozen;
use crate::ballots::proof::merkle::Hash;
use crate::ballots::vote::Vote;

/// What stops a count, loudly.
#[derive(Debug)]
pub struct Anomaly(pub &'static str);

pub struct Opened {
    pub hash: Hash,
    pub nonce: [u8; 32],
    /// Which of the distinct choices.
    pub choice: usize,
}

pub struct Counted {
    /// In order of hash.
    pub openings: Vec<Opened>,
    /// The distinct choices, in canonical text.
    pub choices: Vec<String>,
    /// The leaves of the roll in ascending order, with whether they voted.
    pub lines: Vec<(Hash, bool)>,
    pub count: Count,
}

pub struct Opener {
    frozen: Arc<Frozen>,
    lines: Vec<(Hash, bool)>,
    /// Marks of the whole roll in ascending order, and whose they are.
    marks: Vec<(Hash, usize)>,
    /// How many of the marks are behind: sealed votes come in the same order.
    passed: usize,
    openings: Vec<Opened>,
    choices: Vec<(Choice, u64)>,
    by_text: HashMap<String, usize>,
}

/// The roll, and under which mark each of its lines votes.
pub struct Roll {
    frozen: Arc<Frozen>,
    lines: Vec<(Hash, bool)>,
    marks: Vec<(Hash, usize)>,
}

impl Roll {
    /// Of so many lines, for which there is room from the beginning.
    pub fn new(frozen: Arc<Frozen>, size: u64) -> Self {
        let size = usize::try_from(size).unwrap_or_default();
        Self {
            frozen,
            lines: Vec::with_capacity(size),
            marks: Vec::with_capacity(size),
        }
    }

    /// In any order.
    pub fn push(&mut self, unit_id: Uuid, leaf: Hash) {
        self.marks.push((self.frozen.keys.mark(unit_id), self.lines.len()));
        self.lines.push((leaf, false));
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }
}

impl Opener {
    pub fn new(mut roll: Roll) -> Self {
        roll.marks.sort_unstable();
        Self {
            frozen: roll.frozen,
            lines: roll.lines,
            passed: 0,
            openings: Vec::with_capacity(roll.marks.len()),
            marks: roll.marks,
            choices: Vec::new(),
            by_text: HashMap::new(),
        }
    }

    /// The next sealed votes, in ascending order of mark.
    pub fn take(&mut self, page: &[SealedVote]) -> Result<(), Anomaly> {
        page.iter().try_for_each(|vote| self.open(vote))
    }

    fn open(&mut self, sealed: &SealedVote) -> Result<(), Anomaly> {
        let off_the_roll = || Anomaly("mark_off_the_roll");
        let mark: Hash = sealed.mark.as_slice().try_into().map_err(|_| off_the_roll())?;
        let ahead = self.marks.get(self.passed..).unwrap_or_default();
        let found = ahead
            .iter()
            .position(|(known, _)| *known >= mark)
            .ok_or_else(off_the_roll)?;
        let line = match ahead.get(found) {
            Some((known, line)) if *known == mark => *line,
            _ => return Err(off_the_roll()),
        };
        self.passed += found + 1;
        if let Some((_, voted)) = self.lines.get_mut(line) {
            *voted = true;
        }
        let plain = self
            .frozen
            .keys
            .open(&mark, &sealed.sealed)
            .map_err(|_| Anomaly("vote_does_not_open"))?;
        let vote = Vote::read(&plain).ok_or(Anomaly("vote_unreadable"))?;
        let hash = vote.hash(self.frozen.ballot_id());
        let choice = self.choice(vote.canonical)?;
        self.openings.push(Opened {
            hash,
            nonce: vote.nonce,
            choice,
        });
        Ok(())
    }

    fn choice(&mut self, canonical: String) -> Result<usize, Anomaly> {
        let index = match self.by_text.get(&canonical) {
            Some(index) => *index,
            None => {
                let choice =
                    Choice::from_canonical(&canonical, &self.frozen.paper).map_err(|_| Anomaly("vote_unreadable"))?;
                self.choices.push((choice, 0));
                self.by_text.insert(canonical, self.choices.len() - 1);
                self.choices.len() - 1
            }
        };
        if let Some((_, votes)) = self.choices.get_mut(index) {
            *votes += 1;
        }
        Ok(index)
    }

    pub fn finish(mut self) -> Result<Counted, Anomaly> {
        let votes: Votes = self.choices.into_iter().collect();
        let count = counting::count(&self.frozen.paper, &votes);
        if count.votes != self.openings.len() as u64 || count.votes != count.blanks + count.valid {
            return Err(Anomaly("count_does_not_add_up"));
        }
        // Equal hashes stand for equal votes, so this order is one and the same every time.
        self.openings.sort_unstable_by_key(|opening| opening.hash);
        self.lines.sort_unstable();
        let mut choices: Vec<(usize, String)> = self.by_text.into_iter().map(|(text, index)| (index, text)).collect();
        choices.sort_unstable();
        Ok(Counted {
            openings: self.openings,
            choices: choices.into_iter().map(|(_, text)| text).collect(),
            lines: self.lines,
            count,
        })
    }
}
