//! From the working of a count to the drawing that shows it: one arm for each method.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::figures::Ratio;
use super::model::{
    Bar, Bars, Candidate, Drawing, Grades, Median, Orders, Pairs, Round, Rounds, Stacked, Tie, ToldApart, Unit,
};
use crate::ballots::counting::{self, CandidateVotes, GaugeTie, Merit, Working};

/// Those who are not among the candidates are left out; a count has none.
pub fn drawing(working: &Working, candidates: &[Candidate]) -> Drawing {
    let places = Places::of(candidates);
    match working {
        Working::Plurality { counts } => Drawing::Bars(places.votes_as(Unit::Votes, counts)),
        Working::Approval { counts } => Drawing::Bars(places.votes_as(Unit::Approvals, counts)),
        Working::InstantRunoff { rounds } => Drawing::Rounds(Rounds {
            rounds: rounds.iter().map(|round| places.round(round)).collect(),
        }),
        Working::Schulze {
            candidates,
            pairwise,
            strongest_paths,
            order,
        } => Drawing::Pairs(Pairs {
            candidates: places.all(candidates),
            preferring: pairwise.clone(),
            chains: strongest_paths.clone(),
            order: order.iter().map(|group| places.all(group)).collect(),
        }),
        Working::Borda { points, .. } => Drawing::Bars(Bars {
            unit: Unit::Points,
            bars: places.bars(points, |given| (given.candidate, Ratio::new(given.half_points, 2))),
        }),
        Working::Score { scores, .. } => Drawing::Bars(Bars {
            unit: Unit::Mean {
                best: scores.first().map_or(0, |score| highest(&score.distribution)),
            },
            bars: places.bars(scores, |score| (score.candidate, Ratio::new(score.total, score.grades))),
        }),
        Working::MajorityJudgment {
            merits,
            order,
            gauge_ties,
        } => Drawing::Stacked(places.stacked(merits, order, gauge_ties)),
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

    fn bars<T>(&self, figures: &[T], figure: impl Fn(&T) -> (Uuid, Ratio)) -> Vec<Bar> {
        let placed = figures.iter().map(figure).filter_map(|(id, value)| {
            let candidate = *self.0.get(&id)?;
            Some(Bar { candidate, value })
        });
        placed.collect()
    }

    fn votes_as(&self, unit: Unit, counts: &[CandidateVotes]) -> Bars {
        Bars {
            unit,
            bars: self.bars(counts, |count| (count.candidate, count.votes.into())),
        }
    }

    /// The grades best first, the candidates in their order, or in that of the ballot without any.
    fn stacked(&self, merits: &[Merit], order: &[Vec<Uuid>], gauge_ties: &[GaugeTie]) -> Stacked {
        let best = merits.first().map_or(0, |merit| highest(&merit.distribution));
        let place = |grade: u8| usize::try_from(best.saturating_sub(grade.into())).unwrap_or(usize::MAX);
        let row = |merit: &Merit| {
            let median = merit.gauge.map(|gauge| Median {
                grade: place(gauge.grade),
                plus: gauge.above > gauge.below,
            });
            Some(Grades {
                candidate: *self.0.get(&merit.candidate)?,
                votes: merit.distribution.iter().rev().copied().collect(),
                missing: merit.missing,
                median,
            })
        };
        let mut rows: Vec<Grades> = merits.iter().filter_map(row).collect();
        let told_apart = |tie: &GaugeTie| {
            Some(ToldApart {
                ahead: *self.0.get(&tie.ahead)?,
                behind: *self.0.get(&tie.behind)?,
                removed: tie.removed,
                next: [place(tie.grade_ahead), place(tie.grade_behind)],
            })
        };
        let order: Vec<usize> = order.iter().flat_map(|group| self.all(group)).collect();
        rows.sort_by_key(|row| order.iter().position(|candidate| *candidate == row.candidate));
        Stacked {
            grades: (0..=best).rev().map(|grade| grade.to_string()).collect(),
            rows,
            told_apart: gauge_ties.iter().filter_map(told_apart).collect(),
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

/// Of the grades from 0 that these are the numbers of.
fn highest(distribution: &[u64]) -> u64 {
    u64::try_from(distribution.len().saturating_sub(1)).unwrap_or(u64::MAX)
}
