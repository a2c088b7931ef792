//! Known runoffs, ties of every kind, and the definition itself as a second count.

use super::super::testing::*;
use super::super::{Count, Method, Votes};
use super::*;
use proptest::prelude::*;

fn run(labels: &str, rankings: &Votes) -> (Outcome, Vec<Round>) {
    let Count { outcome, working, .. } = tally(Method::InstantRunoff, &ids(labels), rankings);
    let Working::InstantRunoff { rounds } = working else {
        panic!()
    };
    (outcome, rounds)
}

fn won(labels: &str) -> Outcome {
    Outcome::of(ids(labels))
}

fn figures(round: &Round) -> Vec<u64> {
    round.counts.iter().map(|count| count.votes).collect()
}

fn moved(from: &str, to: Option<&str>, votes: u64) -> Transfer {
    Transfer {
        from: id(from),
        to: to.map(id),
        votes,
    }
}

fn tie(labels: &str, orders: Orders) -> Option<EliminationTie> {
    Some(EliminationTie {
        candidates: ids(labels),
        orders,
    })
}

#[test]
fn knoxville_wins_in_tennessee() {
    let (outcome, rounds) = run("M N C K", &rankings(TENNESSEE));
    assert_eq!(outcome, won("K"));
    assert_eq!(rounds.len(), 3);
    assert_eq!(figures(&rounds[0]), [42, 26, 15, 17]);
    assert_eq!(rounds[0].eliminated, ids("C"));
    assert_eq!(rounds[0].transfers, [moved("C", Some("K"), 15)]);
    assert_eq!(figures(&rounds[1]), [42, 26, 32]);
    assert_eq!(rounds[1].transfers, [moved("N", Some("K"), 26)]);
    assert_eq!(figures(&rounds[2]), [42, 58]);
    assert_eq!((rounds[2].eliminated.len(), rounds[2].transfers.len()), (0, 0));
}

#[test]
fn kiss_wins_in_burlington_with_exhausted_votes() {
    let (outcome, rounds) = run("K M W", &rankings(BURLINGTON));
    assert_eq!(outcome, won("K"));
    assert_eq!(figures(&rounds[0]), [2982, 2554, 3297]);
    let transfers = [
        moved("M", Some("K"), 1332),
        moved("M", Some("W"), 767),
        moved("M", None, 455),
    ];
    assert_eq!(rounds[0].transfers, transfers);
    assert_eq!((figures(&rounds[1]), rounds[1].exhausted), (vec![4314, 4064], 455));
}

#[test]
fn debian_logo_ends_swirl_77_to_dv_57() {
    let (outcome, rounds) = run("S D O M C A F E", &rankings(DEBIAN_LOGO));
    assert_eq!(outcome, won("S"));
    let last = rounds.last().unwrap();
    assert_eq!(
        last.counts[0],
        CandidateVotes {
            candidate: id("S"),
            votes: 77
        }
    );
    assert_eq!(
        last.counts[1],
        CandidateVotes {
            candidate: id("D"),
            votes: 57
        }
    );
    assert_eq!((last.counts.len(), last.exhausted), (2, 9));
}

#[test]
fn the_last_two_may_tie() {
    let (outcome, rounds) = run("A B C", &rankings("3 A\n 2 B\n 1 C B"));
    assert_eq!(outcome, won("A B"));
    assert_eq!(rounds[1].tied_for_elimination, tie("A B", Orders::Disagree));
    assert!(rounds[1].eliminated.is_empty());
}

#[test]
fn those_who_cannot_catch_up_leave_together() {
    let (outcome, rounds) = run("A B C D E", &rankings("5 A\n 4 B\n 1 C B\n 1 D B"));
    assert_eq!(outcome, won("B"));
    assert_eq!(rounds[0].eliminated, ids("E"));
    assert_eq!(rounds[1].eliminated, ids("C D"));
    assert_eq!(rounds[1].tied_for_elimination, None);
    // C and D together reach F, so F is no bar between them and leaves with them.
    let (_, rounds) = run("A B C D F", &rankings("9 A\n 8 B\n 1 C\n 1 D\n 2 F"));
    assert_eq!(rounds[0].eliminated, ids("C D F"));
}

#[test]
fn a_tie_that_changes_nothing_is_passed_and_said() {
    // Whether B or C leaves first, the other's votes cannot outweigh A.
    let (outcome, rounds) = run("A B C", &rankings("4 A\n 2 B A\n 2 C A"));
    assert_eq!(outcome, won("A"));
    assert_eq!(rounds[0].tied_for_elimination, tie("B C", Orders::Agree));
    assert_eq!(rounds[0].eliminated, ids("B"));
}

#[test]
fn a_tie_that_decides_names_all_who_may_win() {
    // If B leaves, its votes lift C past A; if C leaves, its votes go to A.
    let (outcome, rounds) = run("A B C D", &rankings("4 A\n 3 B C\n 3 C A\n 1 D"));
    assert_eq!(rounds[0].eliminated, ids("D"));
    assert_eq!(rounds[1].tied_for_elimination, tie("B C", Orders::Disagree));
    assert_eq!(outcome, won("A C"));
}

#[test]
fn ten_tied_candidates_are_followed_and_eleven_are_too_many() {
    for (n, orders) in [(10, Orders::Disagree), (11, Orders::TooMany)] {
        let candidates = candidates(n);
        let votes = candidates
            .iter()
            .map(|c| (vote_for(Method::InstantRunoff, *c), 1))
            .collect();
        let count = tally(Method::InstantRunoff, &candidates, &votes);
        assert_eq!(count.outcome, Outcome::of(candidates.clone()));
        let Working::InstantRunoff { rounds } = count.working else {
            panic!()
        };
        assert_eq!(
            rounds[0].tied_for_elimination,
            Some(EliminationTie { candidates, orders })
        );
    }
}

/// The definition and nothing else: one leaves at a time, until one remains.
fn by_definition(votes: &Votes, left: &BTreeSet<Uuid>) -> BTreeSet<Uuid> {
    if left.len() == 1 {
        return left.clone();
    }
    let mut counts: BTreeMap<Uuid, u64> = left.iter().map(|c| (*c, 0)).collect();
    for (choice, n) in votes {
        let Choice::Ranking(groups) = choice else {
            continue;
        };
        if let Some(first) = groups.iter().flatten().find(|c| left.contains(c)) {
            *counts.get_mut(first).unwrap() += n;
        }
    }
    let fewest = *counts.values().min().unwrap();
    let lowest = counts.into_iter().filter(|(_, n)| *n == fewest);
    lowest
        .flat_map(|(out, _)| {
            let left = left.iter().copied().filter(|c| *c != out).collect();
            by_definition(votes, &left)
        })
        .collect()
}

proptest! {
    #[test]
    fn the_winners_are_those_of_the_definition(votes in any_votes(Method::InstantRunoff, 5)) {
        let candidates = candidates(5);
        let count = tally(Method::InstantRunoff, &candidates, &votes);
        let winners: BTreeSet<_> = count.outcome.winners.into_iter().collect();
        if count.valid > 0 {
            prop_assert_eq!(winners, by_definition(&votes, &candidates.into_iter().collect()));
        }
    }

    #[test]
    fn no_vote_is_lost_between_rounds(votes in any_votes(Method::InstantRunoff, 5)) {
        let count = tally(Method::InstantRunoff, &candidates(5), &votes);
        let Working::InstantRunoff { rounds } = count.working else { panic!() };
        for (index, round) in rounds.iter().enumerate() {
            prop_assert_eq!(round.round as usize, index + 1);
            prop_assert_eq!(figures(round).iter().sum::<u64>() + round.exhausted, count.valid);
            let Some(next) = rounds.get(index + 1) else {
                prop_assert!(round.eliminated.is_empty() && round.transfers.is_empty());
                continue;
            };
            let given = |to: Option<Uuid>| -> u64 {
                round.transfers.iter().filter(|t| t.to == to).map(|t| t.votes).sum()
            };
            prop_assert_eq!(next.exhausted, round.exhausted + given(None));
            for CandidateVotes { candidate, votes } in &round.counts {
                let after = next.counts.iter().find(|c| c.candidate == *candidate);
                let gone: u64 = round.transfers.iter()
                    .filter(|t| t.from == *candidate).map(|t| t.votes).sum();
                match after {
                    Some(after) => prop_assert_eq!(after.votes, votes + given(Some(*candidate))),
                    None => prop_assert_eq!(gone, *votes),
                }
                prop_assert_eq!(after.is_none(), round.eliminated.contains(candidate));
            }
        }
    }
}
