//! What holds of every election, by all methods or by those of which it is known.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::testing::*;
use super::{Choice, Count, Method, Votes, Working};
use crate::ballots::proof::canonical::canonical_of;

/// Those in which no support ever harms. (In instant runoff it may.)
const MONOTONE: [Method; 6] = [
    Method::Plurality,
    Method::Approval,
    Method::Schulze,
    Method::Borda,
    Method::Score,
    Method::MajorityJudgment,
];

fn election_by(methods: &'static [Method], n: u128) -> impl Strategy<Value = (Method, Votes)> {
    let method = prop::sample::select(methods);
    method.prop_flat_map(move |method| (Just(method), any_votes(method, n)))
}

fn winners(count: &Count) -> BTreeSet<Uuid> {
    count.outcome.winners.iter().copied().collect()
}

fn told(votes: &Votes, tell: impl Fn(&Choice) -> Choice) -> Votes {
    let mut told = Votes::new();
    for (choice, n) in votes {
        *told.entry(tell(choice)).or_default() += n;
    }
    told
}

/// The same choice about other candidates.
fn renamed(choice: &Choice, rename: &dyn Fn(&Uuid) -> Uuid) -> Choice {
    let set = |ids: &BTreeSet<Uuid>| ids.iter().map(rename).collect();
    match choice {
        Choice::Blank => Choice::Blank,
        Choice::Candidate(id) => Choice::Candidate(rename(id)),
        Choice::Candidates(ids) => Choice::Candidates(set(ids)),
        Choice::Ranking(groups) => Choice::Ranking(groups.iter().map(set).collect()),
        Choice::Grades(grades) => Choice::Grades(grades.iter().map(|(id, grade)| (rename(id), *grade)).collect()),
    }
}

/// The same choice but for this candidate, who is put before all others.
fn raised(choice: &Choice, id: Uuid) -> Choice {
    match choice {
        Choice::Blank => Choice::Blank,
        Choice::Candidate(_) => Choice::Candidate(id),
        Choice::Candidates(ids) => Choice::Candidates(ids.iter().copied().chain([id]).collect()),
        Choice::Ranking(groups) => {
            let others = groups
                .iter()
                .map(|group| group.iter().copied().filter(|other| *other != id).collect());
            let groups = [BTreeSet::from([id])].into_iter().chain(others);
            Choice::Ranking(groups.filter(|group| !group.is_empty()).collect())
        }
        Choice::Grades(grades) => {
            let mut grades = grades.clone();
            grades.insert(id, TOP);
            Choice::Grades(grades)
        }
    }
}

/// The opposite mind. Those left out of a ranking come last in it, and so first here.
fn reversed(choice: &Choice, candidates: &[Uuid]) -> Choice {
    match choice {
        Choice::Ranking(groups) => {
            let left_out: BTreeSet<Uuid> = candidates
                .iter()
                .copied()
                .filter(|id| !groups.iter().flatten().any(|named| named == id))
                .collect();
            let all = groups
                .iter()
                .cloned()
                .chain([left_out])
                .filter(|group| !group.is_empty());
            let mut all: Vec<_> = all.collect();
            all.reverse();
            Choice::Ranking(all)
        }
        Choice::Grades(grades) => Choice::Grades(grades.iter().map(|(id, grade)| (*id, TOP - grade)).collect()),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn the_sums_hold_and_the_json_comes_back((method, votes) in any_election(4)) {
        let count = tally(method, &candidates(4), &votes);
        prop_assert_eq!(count.votes, votes.values().sum::<u64>());
        prop_assert_eq!(count.votes, count.blanks + count.valid);
        prop_assert_eq!(count.outcome.winners.is_empty(), count.valid == 0);
        prop_assert_eq!(count.outcome.tie, count.outcome.winners.len() > 1);
        let told = json!(count);
        prop_assert_eq!(&told["working"]["method"], method.as_str());
        let back: Count = serde_json::from_str(&told.to_string()).unwrap();
        prop_assert_eq!(&back, &count);
        // It can be hashed: canonical JSON knows integers only.
        prop_assert!(canonical_of(&count).is_some());
    }

    #[test]
    fn an_order_names_everyone_once_and_the_winners_first((method, votes) in any_election(4)) {
        let count = tally(method, &candidates(4), &votes);
        let order = match &count.working {
            Working::Schulze { order, .. }
            | Working::Borda { order, .. }
            | Working::Score { order, .. }
            | Working::MajorityJudgment { order, .. } => order,
            Working::Plurality { .. } | Working::Approval { .. } | Working::InstantRunoff { .. } => return Ok(()),
        };
        prop_assert_eq!(order.first().cloned().unwrap_or_default(), count.outcome.winners);
        let mut all = order.concat();
        all.sort_unstable();
        prop_assert_eq!(all, if count.valid > 0 { candidates(4) } else { vec![] });
    }

    #[test]
    fn the_same_votes_in_any_order_give_the_same_bytes(
        (method, votes, shuffled) in any_election(4).prop_flat_map(|(method, votes)| {
            let one_by_one: Vec<Choice> =
                votes.iter().flat_map(|(choice, n)| vec![choice.clone(); usize::try_from(*n).unwrap()]).collect();
            (Just(method), Just(votes), Just(one_by_one).prop_shuffle())
        }),
    ) {
        let mut gathered = Votes::new();
        for choice in shuffled {
            *gathered.entry(choice).or_default() += 1;
        }
        let bytes = |votes| canonical_of(&tally(method, &candidates(4), votes)).unwrap();
        prop_assert_eq!(bytes(&gathered), bytes(&votes));
    }

    #[test]
    fn neither_names_nor_the_order_of_the_ballot_decide(
        (method, votes) in any_election(4),
        ballot in Just(candidates(4)).prop_shuffle(),
        names in Just(candidates(4)).prop_shuffle(),
    ) {
        let original = candidates(4);
        let expected = winners(&tally(method, &original, &votes));
        prop_assert_eq!(winners(&tally(method, &ballot, &votes)), expected.clone());

        let rename = |id: &Uuid| names[original.iter().position(|c| c == id).unwrap()];
        let votes = told(&votes, |choice| renamed(choice, &rename));
        let expected: BTreeSet<_> = expected.iter().map(rename).collect();
        prop_assert_eq!(winners(&tally(method, &original, &votes)), expected);
    }

    #[test]
    fn one_more_vote_for_a_winner_makes_the_winner((method, votes) in election_by(&MONOTONE, 4)) {
        let candidates = candidates(4);
        let before = winners(&tally(method, &candidates, &votes));
        for winner in &before {
            let mut more = votes.clone();
            *more.entry(vote_for(method, *winner)).or_default() += 1;
            let after = winners(&tally(method, &candidates, &more));
            prop_assert!(after.contains(winner) && after.is_subset(&before));
            // In Schulze's method a tie may be of more than one vote; means at the top cannot rise.
            if !matches!(method, Method::Schulze | Method::Score) {
                prop_assert_eq!(after.len(), 1);
            }
        }
    }

    #[test]
    fn whoever_wins_still_does_when_a_voter_raises_them((method, votes) in election_by(&MONOTONE, 4)) {
        let candidates = candidates(4);
        for winner in tally(method, &candidates, &votes).outcome.winners {
            for choice in votes.keys() {
                let mut changed = votes.clone();
                *changed.get_mut(choice).unwrap() -= 1;
                *changed.entry(raised(choice, winner)).or_default() += 1;
                prop_assert!(winners(&tally(method, &candidates, &changed)).contains(&winner));
            }
        }
    }

    #[test]
    fn nobody_wins_alone_both_ways_round(
        (method, votes) in election_by(&[Method::Schulze, Method::Borda, Method::Score], 4),
    ) {
        let candidates = candidates(4);
        let count = tally(method, &candidates, &votes);
        let rivals = match &count.working {
            Working::Score { scores, .. } => scores.iter().filter(|score| score.grades > 0).count() > 1,
            _ => true,
        };
        if let ([winner], true) = (&count.outcome.winners[..], rivals) {
            let votes = told(&votes, |choice| reversed(choice, &candidates));
            prop_assert!(!winners(&tally(method, &candidates, &votes)).contains(winner));
        }
    }
}
