//! Counting: from the choices of a ballot to its result, with the whole working.
//!
//! Pure: the same paper and votes give the same bytes on the server and in `palabre verify`. All
//! figures are integers. A method is one file that states its definition and source. Nothing here may break a tie, by
//! the order of the ballot or otherwise; that order only says in which order figures are listed.

mod approval;
mod borda;
mod instant_runoff;
#[cfg(test)]
mod known;
mod majority_judgment;
mod plurality;
#[cfg(test)]
mod properties;
mod schulze;
mod score;
#[cfg(test)]
pub mod testing;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::choice::{Choice, Method};
use super::paper::Paper;
pub use borda::BordaPoints;
pub use instant_runoff::{Orders, Round};
pub use majority_judgment::{GaugeTie, Merit};
pub use score::Score;

/// How often each distinct choice was cast.
pub type Votes = BTreeMap<Choice, u64>;

/// The result of a ballot.
///
/// `votes = blanks + valid` whenever every choice was parsed for this ballot. A choice that does
/// not suit the method or the candidates is in `votes` alone, so that it cannot pass unseen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// All votes cast, blank ones included.
    pub votes: u64,
    /// Votes that choose nobody; no method counts them.
    pub blanks: u64,
    /// Votes that the method counted.
    pub valid: u64,
    /// Who won.
    pub outcome: Outcome,
    /// How that was found.
    pub working: Working,
}

/// Who won: one candidate, all those tied, or nobody when there was no valid vote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// In the order of the ballot, which means nothing.
    pub winners: Vec<Uuid>,
    /// Whether several candidates won and the choice among them is still to be made.
    pub tie: bool,
}

/// The steps from the votes to the outcome, by method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Working {
    /// Most votes win.
    Plurality {
        /// Votes for each candidate, in the order of the ballot.
        counts: Vec<CandidateVotes>,
    },
    /// Most approvals win.
    Approval {
        /// Votes that approve each candidate, in the order of the ballot; together they may be
        /// more than the valid votes.
        counts: Vec<CandidateVotes>,
    },
    /// The lowest leave until one has a majority.
    InstantRunoff {
        /// From the first preferences to the majority or the tie; none without valid votes.
        rounds: Vec<Round>,
    },
    /// Pairs, and paths of victories between them.
    Schulze {
        /// The candidates that the rows and columns of both matrices stand for.
        candidates: Vec<Uuid>,
        /// Votes that prefer the candidate of the row to the candidate of the column.
        pairwise: Vec<Vec<u64>>,
        /// Strength of the strongest path from the row to the column: the votes of the weakest
        /// victory on it, 0 where no path leads.
        strongest_paths: Vec<Vec<u64>>,
        /// All candidates in groups, best first: nobody among those left is better than a group's
        /// members. The first group are the winners; no groups without valid votes.
        order: Vec<Vec<Uuid>>,
    },
    /// A point for each candidate that one is ranked above.
    Borda {
        /// Points of each candidate, in the order of the ballot.
        points: Vec<BordaPoints>,
        /// All candidates in groups, most points first; no groups without valid votes.
        order: Vec<Vec<Uuid>>,
    },
    /// The highest mean wins.
    Score {
        /// Grades of each candidate, in the order of the ballot.
        scores: Vec<Score>,
        /// All candidates in groups, highest mean first, those that nobody graded last; no groups
        /// without valid votes.
        order: Vec<Vec<Uuid>>,
    },
    /// The highest median wins.
    MajorityJudgment {
        /// Grades of each candidate, in the order of the ballot.
        merits: Vec<Merit>,
        /// All candidates in groups, best first; no groups without valid votes.
        order: Vec<Vec<Uuid>>,
        /// Where the majority gauges of neighbours in the order tie: what told them apart. Of a
        /// group, its first member stands here.
        gauge_ties: Vec<GaugeTie>,
    },
}

/// What one candidate received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CandidateVotes {
    /// The candidate's id.
    pub candidate: Uuid,
    /// How many votes count for it.
    pub votes: u64,
}

/// Valid choices with their numbers: what a method is given.
type Valid<'a> = [(&'a Choice, u64)];

/// Counts the votes.
pub fn count(paper: &Paper, votes: &Votes) -> Count {
    let valid: Vec<(&Choice, u64)> = votes
        .iter()
        .map(|(choice, votes)| (choice, *votes))
        .filter(|(choice, votes)| *votes > 0 && **choice != Choice::Blank)
        .filter(|(choice, _)| choice.suits(paper))
        .collect();
    let candidates = paper.candidates();
    let max_grade = paper.max_grade().unwrap_or_default();
    let (outcome, working) = match paper.method() {
        Method::Plurality => plurality::count(candidates, &valid),
        Method::Approval => approval::count(candidates, &valid),
        Method::InstantRunoff => instant_runoff::count(candidates, &valid),
        Method::Schulze => schulze::count(candidates, &valid),
        Method::Borda => borda::count(candidates, &valid),
        Method::Score => score::count(candidates, max_grade, &valid),
        Method::MajorityJudgment => majority_judgment::count(candidates, max_grade, &valid),
    };
    Count {
        votes: votes.values().sum(),
        blanks: votes.get(&Choice::Blank).copied().unwrap_or(0),
        valid: valid.iter().map(|(_, votes)| votes).sum(),
        outcome,
        working,
    }
}

impl Outcome {
    fn of(winners: Vec<Uuid>) -> Self {
        let tie = winners.len() > 1;
        Self { winners, tie }
    }

    /// All of the first group.
    fn of_first(order: &[Vec<Uuid>]) -> Self {
        Self::of(order.first().cloned().unwrap_or_default())
    }

    /// All those who have the most votes, if anyone has any.
    fn of_most_votes(counts: &[CandidateVotes]) -> Self {
        let most = counts.iter().map(|count| count.votes).max().unwrap_or(0);
        let has_most = |count: &&CandidateVotes| most > 0 && count.votes == most;
        Self::of(counts.iter().filter(has_most).map(|count| count.candidate).collect())
    }
}

/// Adds up the votes of each named candidate, in the order of the ballot.
fn add_up<'a>(candidates: &[Uuid], named: impl Iterator<Item = (&'a Uuid, u64)>) -> Vec<CandidateVotes> {
    let mut sums: BTreeMap<&Uuid, u64> = BTreeMap::new();
    for (candidate, votes) in named {
        *sums.entry(candidate).or_default() += votes;
    }
    let votes_of = |candidate| sums.get(candidate).copied().unwrap_or(0);
    candidates
        .iter()
        .map(|candidate| CandidateVotes {
            candidate: *candidate,
            votes: votes_of(candidate),
        })
        .collect()
}

/// How many votes gave each candidate each grade from 0 to the highest; in the order of the ballot.
fn distributions(candidates: &[Uuid], max_grade: u8, votes: &Valid) -> Vec<(Uuid, Vec<u64>)> {
    let place: BTreeMap<_, usize> = candidates.iter().zip(0..).collect();
    let mut given = vec![vec![0; usize::from(max_grade) + 1]; candidates.len()];
    for (choice, votes) in votes {
        let Choice::Grades(grades) = choice else {
            continue;
        };
        for (id, grade) in grades {
            if let Some(place) = place.get(id) {
                given[*place][usize::from(*grade)] += votes;
            }
        }
    }
    candidates.iter().copied().zip(given).collect()
}

/// Everyone in groups of equals, the greatest first, each group in the order of the ballot; no groups
/// without valid votes.
fn best_first<'a, T>(votes: &Valid, standings: &'a [T], compare: impl Fn(&T, &T) -> Ordering) -> Vec<Vec<&'a T>> {
    let mut sorted: Vec<&T> = if votes.is_empty() {
        vec![]
    } else {
        standings.iter().collect()
    };
    sorted.sort_by(|a, b| compare(b, a));
    sorted
        .chunk_by(|a, b| compare(a, b).is_eq())
        .map(<[&T]>::to_vec)
        .collect()
}

fn named<T>(order: &[Vec<&T>], candidate: impl Fn(&T) -> Uuid) -> Vec<Vec<Uuid>> {
    let names = |group: &Vec<&T>| group.iter().map(|standing| candidate(standing)).collect();
    order.iter().map(names).collect()
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;
    use serde_json::json;

    #[test]
    fn without_valid_votes_nobody_wins() {
        let votes = Votes::from([(Choice::Blank, 3)]);
        for method in Method::ALL {
            for votes in [&votes, &Votes::new()] {
                let count = tally(method, &ids("A B"), votes);
                assert_eq!(
                    count.outcome,
                    Outcome {
                        winners: vec![],
                        tie: false
                    }
                );
                assert_eq!((count.votes, count.valid), (count.blanks, 0));
            }
        }
    }

    #[test]
    fn a_foreign_choice_counts_for_nobody_and_shows() {
        let votes = Votes::from([
            (Choice::Candidate(id("A")), 1),
            (Choice::Candidate(id("Z")), 5),
            (Choice::Candidates([id("B")].into()), 7),
        ]);
        let count = tally(Method::Plurality, &ids("A B"), &votes);
        assert_eq!((count.votes, count.blanks, count.valid), (13, 0, 1));
        assert_eq!(count.outcome.winners, ids("A"));
    }

    #[test]
    fn the_json_is_the_promised_one() {
        let votes = Votes::from([(Choice::Candidate(id("A")), 2), (Choice::Blank, 1)]);
        let count = tally(Method::Plurality, &ids("B A"), &votes);
        assert_eq!(
            json!(count),
            json!({
                "votes": 3, "blanks": 1, "valid": 2,
                "outcome": { "winners": [id("A")], "tie": false },
                "working": { "method": "plurality", "counts": [
                    { "candidate": id("B"), "votes": 0 },
                    { "candidate": id("A"), "votes": 2 },
                ] },
            })
        );
    }

    #[test]
    fn no_working_holds_anything_but_integers() {
        let grades = grades("2 A:3 B:1\n 1 A:2\n 1 B:3");
        let working = |method| json!(graded(method, &ids("A B"), 3, &grades).working);
        assert_eq!(
            working(Method::Score),
            json!({ "method": "score", "scores": [
                { "candidate": id("A"), "total": 8, "grades": 3, "distribution": [0, 0, 1, 2] },
                { "candidate": id("B"), "total": 5, "grades": 3, "distribution": [0, 2, 0, 1] },
            ], "order": [[id("A")], [id("B")]] })
        );
        assert_eq!(
            working(Method::MajorityJudgment),
            json!({ "method": "majority_judgment", "merits": [
                { "candidate": id("A"), "distribution": [1, 0, 1, 2], "missing": 1,
                  "gauge": { "grade": 2, "above": 2, "below": 1, "sign": "plus" } },
                { "candidate": id("B"), "distribution": [1, 2, 0, 1], "missing": 1,
                  "gauge": { "grade": 1, "above": 1, "below": 1, "sign": "minus" } },
            ], "order": [[id("A")], [id("B")]], "gauge_ties": [] })
        );
        assert_eq!(
            json!(tally(Method::Borda, &ids("A B C"), &rankings("1 A\n 1 B=C A")).working),
            json!({ "method": "borda", "points": [
                { "candidate": id("A"), "half_points": 4, "distribution": [1, 0, 0, 0, 1] },
                { "candidate": id("B"), "half_points": 4, "distribution": [0, 1, 0, 1, 0] },
                { "candidate": id("C"), "half_points": 4, "distribution": [0, 1, 0, 1, 0] },
            ], "order": [[id("A"), id("B"), id("C")]] })
        );
    }
}
