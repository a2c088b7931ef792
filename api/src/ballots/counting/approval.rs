//! Approval voting: each vote names every candidate it approves, and whoever is approved by most
//! votes wins.
//!
//! Source: S. J. Brams and P. C. Fishburn, "Approval Voting", *American Political Science Review*
//! 72 (1978), 831–847. All candidates that share the highest number are reported as tied.

use uuid::Uuid;

use super::{Choice, Outcome, Valid, Working, add_up};

pub(super) fn count(candidates: &[Uuid], votes: &Valid) -> (Outcome, Working) {
    let named = votes.iter().flat_map(|(choice, votes)| {
        let approved = match choice {
            Choice::Candidates(ids) => Some(ids),
            _ => None,
        };
        approved.into_iter().flatten().map(|id| (id, *votes))
    });
    let counts = add_up(candidates, named);
    (Outcome::of_most_votes(&counts), Working::Approval { counts })
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Method, Votes};
    use super::*;
    use proptest::prelude::*;

    fn approve(labels: &str) -> Choice {
        Choice::Candidates(ids(labels).into_iter().collect())
    }

    #[test]
    fn every_approval_counts_once() {
        let votes = Votes::from([
            (approve("A B"), 3),
            (approve("B C"), 2),
            (approve("C"), 4),
            (Choice::Blank, 9),
        ]);
        let count = tally(Method::Approval, &ids("A B C D"), &votes);
        assert_eq!((count.votes, count.blanks, count.valid), (18, 9, 9));
        assert_eq!(
            count.outcome,
            Outcome {
                winners: ids("C"),
                tie: false
            }
        );
        let Working::Approval { counts } = count.working else {
            panic!()
        };
        assert_eq!(counts.iter().map(|c| c.votes).collect::<Vec<_>>(), [3, 5, 6, 0]);
    }

    #[test]
    fn equal_numbers_tie() {
        let votes = Votes::from([(approve("A B"), 2), (approve("C"), 1)]);
        let count = tally(Method::Approval, &ids("A B C"), &votes);
        assert_eq!(
            count.outcome,
            Outcome {
                winners: ids("A B"),
                tie: true
            }
        );
    }

    proptest! {
        #[test]
        fn the_counts_are_all_approvals(votes in any_votes(Method::Approval, 4)) {
            let approvals: u64 = votes.iter().map(|(choice, n)| match choice {
                Choice::Candidates(ids) => ids.len() as u64 * n,
                _ => 0,
            }).sum();
            let count = tally(Method::Approval, &candidates(4), &votes);
            let Working::Approval { counts } = count.working else { panic!() };
            prop_assert_eq!(counts.iter().map(|c| c.votes).sum::<u64>(), approvals);
        }
    }
}
