//! Counting: from the choices of a ballot to its result, with the whole working.
//!
//! Pure: the same candidates and votes give the same bytes on the server and in `palabre verify`.
//! A method is one file that states its definition and source. Nothing here may break a tie, by
//! the order of the ballot or otherwise; that order only says in which order figures are listed.

mod approval;
mod instant_runoff;
mod plurality;
mod schulze;
#[cfg(test)]
pub mod testing;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::choice::{Choice, Method};
pub use instant_runoff::{Orders, Round};

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

/// Counts the votes. `candidates` are distinct, in the order of the ballot.
pub fn count(method: Method, candidates: &[Uuid], votes: &Votes) -> Count {
    let known: BTreeSet<Uuid> = candidates.iter().copied().collect();
    let valid: Vec<(&Choice, u64)> = votes
        .iter()
        .map(|(choice, votes)| (choice, *votes))
        .filter(|(choice, votes)| *votes > 0 && **choice != Choice::Blank)
        .filter(|(choice, _)| choice.suits(method, &known))
        .collect();
    let (outcome, working) = match method {
        Method::Plurality => plurality::count(candidates, &valid),
        Method::Approval => approval::count(candidates, &valid),
        Method::InstantRunoff => instant_runoff::count(candidates, &valid),
        Method::Schulze => schulze::count(candidates, &valid),
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

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The same election told with other candidates.
    fn renamed(votes: &Votes, rename: &dyn Fn(&Uuid) -> Uuid) -> Votes {
        let set = |ids: &BTreeSet<Uuid>| ids.iter().map(rename).collect();
        let told = |choice: &Choice| match choice {
            Choice::Blank => Choice::Blank,
            Choice::Candidate(id) => Choice::Candidate(rename(id)),
            Choice::Candidates(ids) => Choice::Candidates(set(ids)),
            Choice::Ranking(groups) => Choice::Ranking(groups.iter().map(set).collect()),
        };
        votes.iter().map(|(choice, n)| (told(choice), *n)).collect()
    }

    fn named(ids: &[Uuid]) -> BTreeSet<Uuid> {
        ids.iter().copied().collect()
    }

    #[test]
    fn without_valid_votes_nobody_wins() {
        let votes = Votes::from([(Choice::Blank, 3)]);
        for method in Method::ALL {
            for votes in [&votes, &Votes::new()] {
                let count = count(method, &ids("A B"), votes);
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
        let count = count(Method::Plurality, &ids("A B"), &votes);
        assert_eq!((count.votes, count.blanks, count.valid), (13, 0, 1));
        assert_eq!(count.outcome.winners, ids("A"));
    }

    #[test]
    fn the_json_is_the_promised_one() {
        let votes = Votes::from([(Choice::Candidate(id("A")), 2), (Choice::Blank, 1)]);
        let count = count(Method::Plurality, &ids("B A"), &votes);
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

    proptest! {
        #[test]
        fn the_sums_hold_and_the_json_comes_back((method, votes) in any_election(4)) {
            let candidates = candidates(4);
            let count = count(method, &candidates, &votes);
            prop_assert_eq!(count.votes, votes.values().sum::<u64>());
            prop_assert_eq!(count.votes, count.blanks + count.valid);
            prop_assert_eq!(count.outcome.winners.is_empty(), count.valid == 0);
            prop_assert_eq!(count.outcome.tie, count.outcome.winners.len() > 1);
            let told = json!(count);
            prop_assert_eq!(&told["working"]["method"], method.as_str());
            let back: Count = serde_json::from_str(&told.to_string()).unwrap();
            prop_assert_eq!(back, count);
        }

        #[test]
        fn neither_names_nor_the_order_of_the_ballot_decide(
            (method, votes) in any_election(4),
            ballot in Just(candidates(4)).prop_shuffle(),
            names in Just(candidates(4)).prop_shuffle(),
        ) {
            let original = candidates(4);
            let expected = count(method, &original, &votes).outcome;
            let shuffled = count(method, &ballot, &votes).outcome;
            prop_assert_eq!(named(&shuffled.winners), named(&expected.winners));

            let rename = |id: &Uuid| names[original.iter().position(|c| c == id).unwrap()];
            let told = count(method, &original, &renamed(&votes, &rename)).outcome;
            let expected: BTreeSet<_> = expected.winners.iter().map(rename).collect();
            prop_assert_eq!(named(&told.winners), expected);
        }

        #[test]
        fn one_more_vote_for_a_winner_makes_the_winner(
            (method, mut votes) in any_election(4).prop_filter("runoffs tie", |(method, _)| {
                *method != Method::InstantRunoff
            }),
        ) {
            let candidates = candidates(4);
            for winner in count(method, &candidates, &votes).outcome.winners {
                let vote = vote_for(method, winner);
                *votes.entry(vote.clone()).or_default() += 1;
                let outcome = count(method, &candidates, &votes).outcome;
                prop_assert!(outcome.winners.contains(&winner));
                if method != Method::Schulze {
                    prop_assert_eq!(outcome.winners, vec![winner]);
                }
                *votes.entry(vote).or_default() -= 1;
            }
        }
    }
}
