//! From the working of a count to the drawing that shows it: one arm for each method.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::model::{Bar, Bars, Candidate, Drawing, Orders, Pairs, Round, Rounds, Tie, Unit};
use crate::ballots::counting::{self, CandidateVotes, Working};

/// Those who are not among the candidates are left out; a count has none.
pub fn drawing(working: &Working, candidates: &[Candidate]) -> Drawing {
    let places = Places::of(candidates);
    match working {
        Working::Plurality { counts } => Drawing::Bars(places.bars(Unit::Votes, counts)),
        Working::Approval { counts } => Drawing::Bars(places.bars(Unit::Approvals, counts)),
        Working::InstantRunoff { rounds } => Drawing::Rounds(Rounds {
            rounds: rounds.iter().map(|round| places.round(round)).collect(),
        }),
        Working::Schulze {
            candidates,
            pairwise,
            order,
            ..
        } => Drawing::Pairs(Pairs {
            candidates: places.all(candidates),
            preferring: pairwise.clone(),
            order: order.iter().map(|group| places.all(group)).collect(),
        }),
    }
}

/// Where among the candidates these are.
pub fn places(ids: &[Uuid], candidates: &[Candidate]) -> Vec<usize> {
    Places::of(candidates).all(ids)
}

struct Places(HashMap<Uuid, usize>);

impl Places {
    fn of(candidates: &[Candidate]) -> Self {
        Self(candidates.iter().map(|candidate| candidate.id).zip(0..).collect())
    }

    fn all(&self, ids: &[Uuid]) -> Vec<usize> {
        ids.iter().filter_map(|id| self.0.get(id).copied()).collect()
    }

    fn votes(&self, counts: &[CandidateVotes]) -> Vec<(usize, u64)> {
        let placed = |count: &CandidateVotes| Some((*self.0.get(&count.candidate)?, count.votes));
        counts.iter().filter_map(placed).collect()
    }

    fn bars(&self, unit: Unit, counts: &[CandidateVotes]) -> Bars {
        let bar = |(candidate, votes): (usize, u64)| Bar {
            candidate,
            value: votes.into(),
        };
        Bars {
            unit,
            bars: self.votes(counts).into_iter().map(bar).collect(),
        }
    }

    fn round(&self, round: &counting::Round) -> Round {
        // The exhausted last, which have no place.
        let mut transfers: BTreeMap<(bool, Option<usize>), u64> = BTreeMap::new();
        for transfer in &round.transfers {
            let to = transfer.to.and_then(|id| self.0.get(&id).copied());
            *transfers.entry((to.is_none(), to)).or_default() += transfer.votes;
        }
        Round {
            number: round.round,
            votes: self.votes(&round.counts),
            exhausted: round.exhausted,
            leaving: self.all(&round.eliminated),
            transfers: transfers.into_iter().map(|((_, to), votes)| (to, votes)).collect(),
            tie: round.tied_for_elimination.as_ref().map(|tie| Tie {
                candidates: self.all(&tie.candidates),
                orders: match tie.orders {
                    counting::Orders::Agree => Orders::Agree,
                    counting::Orders::Disagree => Orders::Disagree,
                    counting::Orders::TooMany => Orders::TooMany,
                },
            }),
        }
    }
}
