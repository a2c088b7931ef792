//! The Borda count: each vote gives a candidate one point for every candidate it ranks below it,
//! and whoever has most points wins.
//!
//! Source: J.-C. de Borda, "Mémoire sur les élections au scrutin", *Histoire de l'Académie royale
//! des sciences, année 1781*, Paris 1784, 657–665. With n candidates a first place is worth n − 1
//! points and a last one none; Borda's own scale, which starts at one, elects the same.
//! - Candidates of one group share the points of their places, each getting the mean; so do those
//!   that a vote leaves out, in the places after its last group. Thus a candidate gets one point
//!   for each that it is preferred to and half a point for each that it is level with, and every
//!   vote gives away the same sum whatever it leaves out: naming one candidate alone carries no
//!   further than ranking them all. (This is the count by pairs of D. Black, "Partial
//!   justification of the Borda count", *Public Choice* 28 (1976), 1–15. Other rules for partial
//!   rankings are in use: no points for those left out, or fewer for those named.)
//! - So that all figures are integers, they are in **half-points**.
//! - All candidates that share the highest number are reported as tied.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Choice, Outcome, Valid, Working, best_first, named};

/// What one candidate received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BordaPoints {
    /// The candidate's id.
    pub candidate: Uuid,
    /// The sum, in half-points.
    pub half_points: u64,
    /// How many votes gave it 0, 1, 2… half-points, up to two for each other candidate.
    pub distribution: Vec<u64>,
}

pub(super) fn count(candidates: &[Uuid], votes: &Valid) -> (Outcome, Working) {
    let most = 2 * candidates.len().saturating_sub(1);
    let place: BTreeMap<_, _> = candidates.iter().zip(0..).collect();
    let mut received = vec![vec![0; most + 1]; candidates.len()];
    for (choice, votes) in votes {
        let Choice::Ranking(groups) = choice else {
            continue;
        };
        // Those not passed yet: the group's own members and all below.
        let mut left = candidates.len();
        let mut shares = vec![None; candidates.len()];
        for group in groups {
            let share = shared(group.len(), left - group.len());
            for place in group.iter().filter_map(|id| place.get(id)) {
                shares[*place] = Some(share);
            }
            left -= group.len();
        }
        for (received, share) in received.iter_mut().zip(shares) {
            received[share.unwrap_or_else(|| shared(left, 0))] += votes;
        }
    }
    let points: Vec<BordaPoints> = candidates
        .iter()
        .zip(received)
        .map(|(candidate, distribution)| BordaPoints {
            candidate: *candidate,
            half_points: distribution.iter().zip(0..).map(|(votes, share)| votes * share).sum(),
            distribution,
        })
        .collect();
    let order = best_first(votes, &points, |a, b| a.half_points.cmp(&b.half_points));
    let order = named(&order, |points| points.candidate);
    (Outcome::of_first(&order), Working::Borda { points, order })
}

/// Half-points of each of `level` candidates that are level with each other and above `below` more.
fn shared(level: usize, below: usize) -> usize {
    2 * below + level.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Method, Votes};
    use super::*;
    use proptest::prelude::*;

    fn run(candidates: &[Uuid], rankings: &Votes) -> (Outcome, Vec<BordaPoints>) {
        let count = tally(Method::Borda, candidates, rankings);
        let Working::Borda { points, .. } = count.working else {
            panic!()
        };
        (count.outcome, points)
    }

    fn halves(labels: &str, rankings: &Votes) -> Vec<u64> {
        let (_, points) = run(&ids(labels), rankings);
        points.iter().map(|points| points.half_points).collect()
    }

    #[test]
    fn level_candidates_share_the_points_of_their_places() {
        assert_eq!(halves("A B C D", &rankings("1 A B C D")), [6, 4, 2, 0]);
        assert_eq!(halves("A B C D", &rankings("1 A B=C D")), [6, 3, 3, 0]);
        assert_eq!(halves("A B C D", &rankings("1 A=B=C=D")), [3, 3, 3, 3]);
        // Left out: the last places together.
        assert_eq!(halves("A B C D", &rankings("1 A B")), [6, 4, 1, 1]);
        assert_eq!(halves("A B C D", &rankings("1 A=B")), [5, 5, 1, 1]);
        assert_eq!(halves("A B C D", &rankings("1 A")), [6, 2, 2, 2]);
        assert_eq!(
            halves("A B C D", &rankings("1 A B")),
            halves("A B C D", &rankings("1 A B C=D"))
        );
    }

    #[test]
    fn equal_points_tie() {
        let (outcome, _) = run(&ids("A B C"), &rankings("1 A B C\n 1 B A C"));
        assert_eq!((outcome.winners, outcome.tie), (ids("A B"), true));
    }

    proptest! {
        #[test]
        fn points_are_those_of_all_pairs_together(votes in any_votes(Method::Borda, 5)) {
            let candidates = candidates(5);
            let count = tally(Method::Schulze, &candidates, &votes);
            let Working::Schulze { pairwise, .. } = count.working else { panic!() };
            let (_, points) = run(&candidates, &votes);
            for (a, points) in points.iter().enumerate() {
                let pairs = (0..5).filter(|b| *b != a).map(|b| count.valid + pairwise[a][b] - pairwise[b][a]);
                prop_assert_eq!(points.half_points, pairs.sum::<u64>());
            }
        }

        #[test]
        fn every_vote_gives_away_the_same_sum(votes in any_votes(Method::Borda, 5)) {
            let valid = tally(Method::Borda, &candidates(5), &votes).valid;
            let (_, points) = run(&candidates(5), &votes);
            prop_assert_eq!(points.iter().map(|points| points.half_points).sum::<u64>(), valid * 5 * 4);
            for points in points {
                prop_assert_eq!(points.distribution.iter().sum::<u64>(), valid);
            }
        }
    }
}
