//! The Schulze method, or beatpath: candidates are compared in pairs, and a defeat counts only as
//! far as no path of victories leads back as strongly.
//!
//! Source: M. Schulze, "A new monotonic, clone-independent, reversal symmetric, and
//! Condorcet-consistent single-winner election method", *Social Choice and Welfare* 36 (2011),
//! 267–303.
//! - A vote prefers a candidate to all those of later groups and to all it leaves out; it prefers
//!   nobody among those of one group, nor among those left out.
//! - A beats B if more votes prefer A to B than B to A; the strength of that victory is the number
//!   of votes that prefer A. (The paper leaves the measure open; this is the usual one, winning
//!   votes alone: between equal victories the votes against decide nothing.) A path is as strong
//!   as its weakest victory.
//! - A is better than B if the strongest path from A to B is stronger than the one back. This
//!   relation is transitive, so some candidate always has none better: these win, and several are
//!   a tie. (The paper goes on to break such ties by votes drawn at random; here nothing does.)

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Choice, Outcome, Valid, Working};

type Matrix = Vec<Vec<u64>>;

pub(super) fn count(candidates: &[Uuid], votes: &Valid) -> (Outcome, Working) {
    let pairwise = compare(candidates, votes);
    let strongest_paths = widest(&pairwise);
    let groups = if votes.is_empty() {
        vec![]
    } else {
        layers(&strongest_paths)
    };
    let names = |group: &Vec<usize>| group.iter().map(|place| candidates[*place]).collect();
    let order: Vec<Vec<Uuid>> = groups.iter().map(names).collect();
    let outcome = Outcome::of_first(&order);
    let working = Working::Schulze {
        candidates: candidates.to_vec(),
        pairwise,
        strongest_paths,
        order,
    };
    (outcome, working)
}

/// How many votes prefer the row to the column.
fn compare(candidates: &[Uuid], votes: &Valid) -> Matrix {
    let size = candidates.len();
    let place: BTreeMap<_, _> = candidates.iter().zip(0..size).collect();
    let mut pairwise = vec![vec![0; size]; size];
    for (choice, votes) in votes {
        let Choice::Ranking(groups) = choice else {
            continue;
        };
        let mut ranks = vec![groups.len(); size];
        for (rank, group) in groups.iter().enumerate() {
            for place in group.iter().filter_map(|id| place.get(id)) {
                ranks[*place] = rank;
            }
        }
        for (row, rank) in pairwise.iter_mut().zip(&ranks) {
            for (cell, other) in row.iter_mut().zip(&ranks) {
                *cell += if rank < other { *votes } else { 0 };
            }
        }
    }
    pairwise
}

/// The strongest path between each two, by Floyd and Warshall: after each turn of `via`, paths may
/// also pass through it. The diagonal stays 0: a path from a candidate to itself says nothing.
fn widest(pairwise: &Matrix) -> Matrix {
    let size = pairwise.len();
    let victory = |a: usize, b: usize| {
        let votes = pairwise[a][b];
        if votes > pairwise[b][a] { votes } else { 0 }
    };
    let mut paths: Matrix = (0..size).map(|a| (0..size).map(|b| victory(a, b)).collect()).collect();
    for via in 0..size {
        for from in 0..size {
            for to in (0..size).filter(|to| *to != from) {
                let through = paths[from][via].min(paths[via][to]);
                paths[from][to] = paths[from][to].max(through);
            }
        }
    }
    paths
}

/// Takes away those who have none better among those left, again and again.
fn layers(paths: &Matrix) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..paths.len()).collect();
    let mut layers = Vec::new();
    while !left.is_empty() {
        let unbeaten = |a: &usize| left.iter().all(|b| paths[*a][*b] >= paths[*b][*a]);
        let (best, rest): (Vec<_>, Vec<_>) = left.iter().copied().partition(unbeaten);
        // Never so, since the relation is transitive; but a count must end.
        if best.is_empty() {
            layers.push(rest);
            break;
        }
        layers.push(best);
        left = rest;
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Method, Votes};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    struct Shown {
        outcome: Outcome,
        pairwise: Matrix,
        paths: Matrix,
        order: Vec<Vec<Uuid>>,
    }

    fn run(candidates: &[Uuid], rankings: &Votes) -> Shown {
        let count = tally(Method::Schulze, candidates, rankings);
        let Working::Schulze {
            pairwise,
            strongest_paths: paths,
            order,
            ..
        } = count.working
        else {
            panic!()
        };
        Shown {
            outcome: count.outcome,
            pairwise,
            paths,
            order,
        }
    }

    fn groups(labels: &[&str]) -> Vec<Vec<Uuid>> {
        labels.iter().map(|group| ids(group)).collect()
    }

    #[test]
    fn the_45_voters_of_the_textbook_elect_e() {
        let votes = "5 A C B E D\n 5 A D E C B\n 8 B E D A C\n 3 C A B E D\n 7 C A E B D
            2 C B A D E\n 7 D C E B A\n 8 E B A D C";
        let shown = run(&ids("A B C D E"), &rankings(votes));
        assert_eq!(
            shown.pairwise,
            [
                [0, 20, 26, 30, 22],
                [25, 0, 16, 33, 18],
                [19, 29, 0, 17, 24],
                [15, 12, 28, 0, 14],
                [23, 27, 21, 31, 0]
            ]
        );
        assert_eq!(
            shown.paths,
            [
                [0, 28, 28, 30, 24],
                [25, 0, 28, 33, 24],
                [25, 29, 0, 29, 24],
                [25, 28, 28, 0, 24],
                [25, 28, 28, 31, 0]
            ]
        );
        assert_eq!(shown.order, groups(&["E", "A", "C", "B", "D"]));
        assert_eq!(
            shown.outcome,
            Outcome {
                winners: ids("E"),
                tie: false
            }
        );
    }

    /// Schulze 2011, examples 1 and 4.
    #[test]
    fn examples_of_the_paper() {
        let first = "8 A C D B\n 2 B A D C\n 4 C D B A\n 4 D B A C\n 3 D C B A";
        let shown = run(&ids("A B C D"), &rankings(first));
        assert_eq!(
            shown.pairwise,
            [[0, 8, 14, 10], [13, 0, 6, 2], [7, 15, 0, 12], [11, 19, 9, 0]]
        );
        assert_eq!(shown.order, groups(&["D", "A", "C", "B"]));

        let partial = "3 A B C D\n 2 D A B C\n 2 D B C A\n 2 C B D A";
        let shown = run(&ids("A B C D"), &rankings(partial));
        assert_eq!(
            shown.outcome,
            Outcome {
                winners: ids("B D"),
                tie: true
            }
        );
    }

    #[test]
    fn nashville_wins_in_tennessee_and_montroll_in_burlington() {
        let tennessee = run(&ids("M N C K"), &rankings(TENNESSEE));
        assert_eq!(tennessee.order, groups(&["N", "C", "K", "M"]));
        let burlington = run(&ids("K M W"), &rankings(BURLINGTON));
        assert_eq!(burlington.pairwise, [[0, 3477, 4314], [4067, 0, 4597], [4064, 3668, 0]]);
        assert_eq!(burlington.outcome.winners, ids("M"));
    }

    #[test]
    fn debian_logo_elects_the_swirl() {
        let shown = run(&ids("S D O M C A F E"), &rankings(DEBIAN_LOGO));
        assert_eq!(
            shown.outcome,
            Outcome {
                winners: ids("S"),
                tie: false
            }
        );
        assert_eq!((shown.pairwise[0][1], shown.pairwise[1][0]), (77, 57));
    }

    #[test]
    fn ties_and_those_left_out_prefer_nobody() {
        let shown = run(&ids("A B C D"), &rankings("1 A=B"));
        assert_eq!(shown.pairwise, [[0, 0, 1, 1], [0, 0, 1, 1], [0; 4], [0; 4]]);
        assert_eq!(shown.order, groups(&["A B", "C D"]));
    }

    /// Every path that passes nobody twice, one after the other.
    fn strongest(pairwise: &Matrix, from: usize, to: usize, passed: &[usize]) -> u64 {
        let victory = |a: usize, b: usize| match pairwise[a][b] {
            votes if votes > pairwise[b][a] => votes,
            _ => 0,
        };
        let mut best = victory(from, to);
        for via in (0..pairwise.len()).filter(|via| *via != to && !passed.contains(via)) {
            let rest = strongest(pairwise, via, to, &[passed, &[via]].concat());
            best = best.max(victory(from, via).min(rest));
        }
        best
    }

    /// The same rankings with `twin` beside `original`, above it in those votes that `above` picks.
    fn with_twin(votes: &Votes, original: Uuid, twin: Uuid, above: &[bool]) -> Votes {
        let mut cloned = Votes::new();
        for ((choice, n), above) in votes.iter().zip(above.iter().cycle()) {
            let Choice::Ranking(groups) = choice else {
                continue;
            };
            let mut told = Vec::new();
            for group in groups {
                let mut group = group.clone();
                if group == BTreeSet::from([original]) {
                    let pair = if *above { [twin, original] } else { [original, twin] };
                    told.extend(pair.map(|id| BTreeSet::from([id])));
                    continue;
                }
                if group.contains(&original) {
                    group.insert(twin);
                }
                told.push(group);
            }
            *cloned.entry(Choice::Ranking(told)).or_default() += n;
        }
        cloned
    }

    proptest! {
        #[test]
        fn paths_are_the_strongest_there_are(votes in any_votes(Method::Schulze, 5)) {
            let shown = run(&candidates(5), &votes);
            for from in 0..5 {
                for to in (0..5).filter(|to| *to != from) {
                    let expected = strongest(&shown.pairwise, from, to, &[from]);
                    prop_assert_eq!(shown.paths[from][to], expected);
                }
            }
        }

        #[test]
        fn who_beats_everyone_wins(votes in any_votes(Method::Schulze, 4)) {
            let candidates = candidates(4);
            let shown = run(&candidates, &votes);
            let beats_all = |a: usize| (0..4).all(|b| a == b || shown.pairwise[a][b] > shown.pairwise[b][a]);
            if let Some(winner) = (0..4).find(|a| beats_all(*a)) {
                prop_assert_eq!(shown.outcome.winners, vec![candidates[winner]]);
            }
        }

        #[test]
        fn the_order_holds_everyone_once(votes in any_votes(Method::Schulze, 5)) {
            let shown = run(&candidates(5), &votes);
            let mut all = shown.order.concat();
            all.sort_unstable();
            prop_assert!(all == candidates(5) || shown.outcome.winners.is_empty());
        }

        #[test]
        fn a_clone_changes_nothing_for_the_others(
            votes in any_votes(Method::Schulze, 4),
            above in prop::collection::vec(any::<bool>(), 8),
        ) {
            let (before, original, twin) = (candidates(4), candidates(4)[0], candidates(5)[4]);
            let expected: BTreeSet<_> = run(&before, &votes).outcome.winners.into_iter().collect();
            let cloned = with_twin(&votes, original, twin, &above);
            let found = run(&candidates(5), &cloned).outcome.winners;
            let merged = found.into_iter().map(|id| if id == twin { original } else { id });
            prop_assert_eq!(merged.collect::<BTreeSet<_>>(), expected);
        }
    }
}
