//! What a chart is made of: independent of how the methods count.
//!
//! Candidates are spoken of by their place in [`Chart::candidates`].

use uuid::Uuid;

use super::figures::Ratio;
use crate::http::Language;

/// Everything that the chart and the table say.
#[derive(Debug)]
pub struct Chart {
    /// The ballot's, for identifiers that do not meet those of another chart on the same page.
    pub id: Uuid,
    pub language: Language,
    pub question: String,
    pub candidates: Vec<Candidate>,
    pub turnout: Turnout,
    /// Several are a tie; none when there was no valid vote.
    pub winners: Vec<usize>,
    pub drawing: Drawing,
    /// Whole sentences on why the result does not stand, such as a missed quorum or an annulment;
    /// they come before the outcome, and with any of them nobody is called the winner.
    pub warnings: Vec<String>,
    /// Whole sentences to stand under the chart.
    pub notes: Vec<String>,
}

#[derive(Debug)]
pub struct Candidate {
    pub id: Uuid,
    pub name: String,
    /// A square PNG.
    pub picture: Option<Vec<u8>>,
}

/// `votes` may exceed `blanks + valid` by votes that the count did not recognise.
#[derive(Clone, Copy, Debug)]
pub struct Turnout {
    pub roll: u64,
    pub votes: u64,
    pub blanks: u64,
    pub valid: u64,
}

#[derive(Debug)]
pub enum Drawing {
    /// A bar for each candidate, the longest first.
    Bars(Bars),
    /// Candidates who leave, round by round.
    Rounds(Rounds),
    /// An order, and the comparison of each two.
    Pairs(Pairs),
    /// A bar of the same length for each candidate, cut up by grade.
    Stacked(Stacked),
}

#[derive(Debug)]
pub struct Bars {
    pub unit: Unit,
    pub bars: Vec<Bar>,
}

/// What a bar's length stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Shares of the valid votes that add up.
    Votes,
    /// Shares of the valid votes that each stand alone.
    Approvals,
    /// One for each candidate ranked lower, in each vote.
    Points,
    /// Of grades from 0 to `best`: their sum over their number, which may be 0 and then says nothing.
    Mean { best: u64 },
}

#[derive(Debug)]
pub struct Bar {
    pub candidate: usize,
    pub value: Ratio,
}

#[derive(Debug)]
pub struct Rounds {
    pub rounds: Vec<Round>,
}

#[derive(Debug)]
pub struct Round {
    /// From 1.
    pub number: u32,
    /// Of those continuing.
    pub votes: Vec<(usize, u64)>,
    /// Votes that name nobody continuing.
    pub exhausted: u64,
    pub leaving: Vec<usize>,
    /// Votes of those who leave, and to whom they go; to nobody when they are exhausted.
    pub transfers: Vec<(Option<usize>, u64)>,
    pub tie: Option<Tie>,
}

/// A tie for the fewest votes.
#[derive(Debug)]
pub struct Tie {
    pub candidates: Vec<usize>,
    pub orders: Orders,
}

/// What letting one or another of the tied leave first leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    Agree,
    Disagree,
    TooMany,
}

#[derive(Debug)]
pub struct Pairs {
    /// Whom the rows and columns of the matrix stand for.
    pub candidates: Vec<usize>,
    /// Votes that prefer the row to the column.
    pub preferring: Vec<Vec<u64>>,
    /// Votes of the weakest victory on the strongest chain of them from the row to the column.
    pub chains: Vec<Vec<u64>>,
    /// Best first, those of one group level; empty without valid votes.
    pub order: Vec<Vec<usize>>,
}

#[derive(Debug)]
pub struct Stacked {
    /// Names of the grades, best first.
    pub grades: Vec<String>,
    /// In the order in which they are to be shown.
    pub rows: Vec<Grades>,
    /// What told neighbours apart who have the same median and lean alike.
    pub told_apart: Vec<ToldApart>,
}

/// Two candidates of whom medians are taken away until the next ones differ.
#[derive(Clone, Copy, Debug)]
pub struct ToldApart {
    pub ahead: usize,
    pub behind: usize,
    /// How many medians were taken away from each.
    pub removed: u64,
    /// The next medians, as places among the grades.
    pub next: [usize; 2],
}

#[derive(Debug)]
pub struct Grades {
    pub candidate: usize,
    /// Votes by grade, as many as there are grades.
    pub votes: Vec<u64>,
    /// How many of the lowest stand for a grade that was not given.
    pub missing: u64,
    pub median: Option<Median>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    /// Its place among the grades.
    pub grade: usize,
    /// Whether more votes are above than below.
    pub plus: bool,
}

impl Grades {
    /// How many votes are above the median, and how many below.
    pub fn around_median(&self) -> Option<[u64; 2]> {
        let sum = |votes: &[u64]| votes.iter().fold(0, |sum: u64, votes| sum.saturating_add(*votes));
        let (above, rest) = self.votes.split_at_checked(self.median?.grade)?;
        Some([sum(above), sum(rest.get(1..).unwrap_or_default())])
    }
}

impl Pairs {
    /// Votes that prefer one to the other, by their places in [`Pairs::candidates`].
    pub fn votes(&self, row: usize, column: usize) -> u64 {
        figure(&self.preferring, row, column)
    }

    /// How strong the strongest chain from one to the other is, by their places as well.
    pub fn chain(&self, row: usize, column: usize) -> u64 {
        figure(&self.chains, row, column)
    }

    pub fn wins(&self, row: usize, column: usize) -> bool {
        self.votes(row, column) > self.votes(column, row)
    }

    /// Places in [`Pairs::candidates`], best first.
    pub fn ranked(&self) -> Vec<usize> {
        let rank = |candidate: &usize| self.rank(*candidate).unwrap_or(usize::MAX);
        let mut places: Vec<usize> = (0..self.candidates.len()).collect();
        places.sort_by_key(|place| self.candidates.get(*place).map(rank));
        places
    }

    /// Whether the pairs alone explain the order: each beats all those after it, and is even with those
    /// it is level with. If not, chains do.
    pub fn pairs_suffice(&self) -> bool {
        let rank = |place: &usize| self.candidates.get(*place).and_then(|candidate| self.rank(*candidate));
        let ranked = self.ranked();
        let explained = |one: &usize, other: &usize| {
            if rank(one) == rank(other) {
                self.votes(*one, *other) == self.votes(*other, *one)
            } else {
                self.wins(*one, *other)
            }
        };
        let mut pairs = ranked.iter().enumerate();
        pairs.all(|(index, one)| ranked.iter().skip(index + 1).all(|other| explained(one, other)))
    }

    /// From 1; those of one group share it.
    pub fn rank(&self, candidate: usize) -> Option<usize> {
        let group = self.order.iter().position(|group| group.contains(&candidate))?;
        Some(1 + self.order.iter().take(group).map(Vec::len).sum::<usize>())
    }
}

fn figure(matrix: &[Vec<u64>], row: usize, column: usize) -> u64 {
    let cells = matrix.get(row);
    cells.and_then(|cells| cells.get(column)).copied().unwrap_or(0)
}
