//! Instant-runoff voting (the alternative vote, the single transferable vote for one seat).
//!
//! A vote counts for its highest candidate still continuing; one that names none is exhausted.
//! Whoever has more than half of the votes not exhausted wins; otherwise the candidate with the
//! fewest leaves, and the count is taken again. Source: N. Tideman, *Collective Decisions and
//! Voting*, Ashgate 2006.
//!
//! **Ties for the fewest votes.** A candidate wins if some order of breaking the ties makes it
//! win ("parallel universes": Conitzer, Rognlie and Xia, IJCAI 2009; Wang et al., arXiv
//! 1805.06992), and several such winners are a tie. Of that definition:
//! - The lowest candidates leave together if their votes, all added, are fewer than those of the
//!   next one up. Each of them would have to leave before that one in every order, so nothing but
//!   the number of rounds changes. Only the fewest candidates that satisfy this leave.
//! - If none do, every order is followed. If all make the same candidate win, the count goes on
//!   with the first of the tied on the ballot leaving, and the round says that the orders agree.
//!   If not, it stops, and all who may win are tied.
//! - Finding all winners is NP-complete, so following stops beyond [`MOST_STATES`] different sets
//!   of continuing candidates; then all who continue are reported as tied. With ten candidates or
//!   fewer there are never so many. The bound decides results, so it is part of the definition.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CandidateVotes, Choice, Outcome, Valid, Working};

const MOST_STATES: usize = 1024;

/// One count of the continuing candidates, and what followed from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Round {
    /// From 1.
    pub round: u32,
    /// Votes of each continuing candidate, in the order of the ballot.
    pub counts: Vec<CandidateVotes>,
    /// Valid votes that name no continuing candidate.
    pub exhausted: u64,
    /// Who leaves after this round; nobody after the last.
    pub eliminated: Vec<Uuid>,
    /// Where the votes of those who leave go.
    pub transfers: Vec<Transfer>,
    /// Set when a tie for the fewest votes could have mattered.
    #[schema(required = true)]
    pub tied_for_elimination: Option<EliminationTie>,
}

/// Votes that pass from a candidate who leaves to one who stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Transfer {
    /// The candidate who leaves.
    pub from: Uuid,
    /// Null when the votes name nobody further and are exhausted.
    #[schema(required = true)]
    pub to: Option<Uuid>,
    /// How many votes pass.
    pub votes: u64,
}

/// A tie for the fewest votes that could have mattered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EliminationTie {
    /// Who share the fewest votes, in the order of the ballot.
    pub candidates: Vec<Uuid>,
    /// What comes of letting one or another leave first.
    pub orders: Orders,
}

/// What the orders of breaking a tie for the fewest votes lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Orders {
    /// Every order makes the same candidate win: the count goes on with one of them.
    Agree,
    /// Different orders make different candidates win: these are tied.
    Disagree,
    /// Too many orders to follow: all who continue are reported as tied.
    TooMany,
}

pub(super) fn count(candidates: &[Uuid], votes: &Valid) -> (Outcome, Working) {
    let race = Race::new(candidates, votes);
    let mut rounds = Vec::new();
    if race.rankings.is_empty() {
        return (Outcome::of(vec![]), Working::InstantRunoff { rounds });
    }
    let mut continuing = vec![true; candidates.len()];
    let names = |places: &[usize]| places.iter().map(|place| candidates[*place]).collect();
    let mut round = 0;
    let winners = loop {
        round += 1;
        let counts = race.first_choices(&continuing);
        let (leaving, tie, winners) = match step(&continuing, &counts) {
            Step::Won(winner) => (vec![], None, Some(vec![winner])),
            Step::Leave(lowest) => (lowest, None, None),
            Step::Tied(tied) => {
                let (leaving, orders, winners) = match race.winners_over_all_orders(&continuing) {
                    Some(winners) if winners.len() == 1 => (vec![tied[0]], Orders::Agree, None),
                    Some(winners) => (vec![], Orders::Disagree, Some(winners)),
                    None => (vec![], Orders::TooMany, Some(places(&continuing).collect())),
                };
                let candidates = names(&tied);
                (leaving, Some(EliminationTie { candidates, orders }), winners)
            }
        };
        let next = without(&continuing, &leaving);
        let listed = places(&continuing).map(|place| CandidateVotes {
            candidate: candidates[place],
            votes: counts[place],
        });
        rounds.push(Round {
            round,
            counts: listed.collect(),
            exhausted: race.votes() - counts.iter().sum::<u64>(),
            eliminated: names(&leaving),
            transfers: race.transfers(candidates, &continuing, &next),
            tied_for_elimination: tie,
        });
        if let Some(winners) = winners {
            break winners;
        }
        continuing = next;
    };
    (Outcome::of(names(&winners)), Working::InstantRunoff { rounds })
}

/// What a count of the continuing candidates leads to.
enum Step {
    Won(usize),
    /// All of them leave in every order, before anyone else does.
    Leave(Vec<usize>),
    /// The fewest votes are shared, and who leaves first may matter.
    Tied(Vec<usize>),
}

fn step(continuing: &[bool], counts: &[u64]) -> Step {
    let all: u64 = counts.iter().sum();
    if let Some(winner) = places(continuing).find(|place| counts[*place] > all - counts[*place]) {
        return Step::Won(winner);
    }
    let mut levels: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for place in places(continuing) {
        levels.entry(counts[place]).or_default().push(place);
    }
    let (mut lowest, mut together) = (Vec::new(), 0);
    for (votes, level) in &levels {
        if !lowest.is_empty() && together < *votes {
            lowest.sort_unstable();
            return Step::Leave(lowest);
        }
        lowest.extend(level);
        together += votes * level.len() as u64;
    }
    Step::Tied(levels.into_values().next().unwrap_or_default())
}

/// The rankings, with each candidate as its place on the ballot.
struct Race {
    rankings: Vec<(Vec<usize>, u64)>,
}

impl Race {
    fn new(candidates: &[Uuid], votes: &Valid) -> Self {
        let place: BTreeMap<_, _> = candidates.iter().zip(0..).collect();
        let rankings = votes.iter().filter_map(|(choice, votes)| match choice {
            Choice::Ranking(groups) => {
                let ids = groups.iter().flatten();
                Some((ids.filter_map(|id| place.get(id).copied()).collect(), *votes))
            }
            _ => None,
        });
        Self {
            rankings: rankings.collect(),
        }
    }

    fn votes(&self) -> u64 {
        self.rankings.iter().map(|(_, votes)| votes).sum()
    }

    fn first_choices(&self, continuing: &[bool]) -> Vec<u64> {
        let mut counts = vec![0; continuing.len()];
        for (ranking, votes) in &self.rankings {
            if let Some(place) = first(ranking, continuing) {
                counts[place] += votes;
            }
        }
        counts
    }

    fn transfers(&self, candidates: &[Uuid], before: &[bool], after: &[bool]) -> Vec<Transfer> {
        // Beyond the last place, so that the exhausted come last and have no name.
        let nobody = candidates.len();
        let mut moved: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for (ranking, votes) in &self.rankings {
            if let Some(from) = first(ranking, before).filter(|from| !after[*from]) {
                let to = first(ranking, after).unwrap_or(nobody);
                *moved.entry((from, to)).or_default() += votes;
            }
        }
        let transfers = moved.into_iter().map(|((from, to), votes)| Transfer {
            from: candidates[from],
            to: candidates.get(to).copied(),
            votes,
        });
        transfers.collect()
    }

    /// Everyone who wins in some order of breaking the ties; `None` if there is too much to follow.
    fn winners_over_all_orders(&self, continuing: &[bool]) -> Option<Vec<usize>> {
        let mut winners = BTreeSet::new();
        let mut seen = BTreeSet::from([continuing.to_vec()]);
        let mut open = vec![continuing.to_vec()];
        while let Some(continuing) = open.pop() {
            let branches = match step(&continuing, &self.first_choices(&continuing)) {
                Step::Won(winner) => {
                    winners.insert(winner);
                    continue;
                }
                Step::Leave(lowest) => vec![lowest],
                Step::Tied(tied) => tied.into_iter().map(|place| vec![place]).collect(),
            };
            for leaving in branches {
                let next = without(&continuing, &leaving);
                if seen.insert(next.clone()) {
                    open.push(next);
                }
            }
            if seen.len() > MOST_STATES {
                return None;
            }
        }
        Some(winners.into_iter().collect())
    }
}

fn places(continuing: &[bool]) -> impl Iterator<Item = usize> {
    (0..continuing.len()).filter(|place| continuing[*place])
}

fn first(ranking: &[usize], continuing: &[bool]) -> Option<usize> {
    ranking.iter().copied().find(|place| continuing[*place])
}

fn without(continuing: &[bool], leaving: &[usize]) -> Vec<bool> {
    let mut next = continuing.to_vec();
    for place in leaving {
        next[*place] = false;
    }
    next
}

#[cfg(test)]
mod tests;
