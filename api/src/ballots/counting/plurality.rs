//! Plurality, or first past the post: each vote names one candidate, and whoever is named most
//! often wins, with or without a majority.
//!
//! Source: N. Tideman, *Collective Decisions and Voting*, Ashgate 2006.
//! All candidates that share the highest number are reported as tied.

use uuid::Uuid;

use super::{Choice, Outcome, Valid, Working, add_up};

pub(super) fn count(candidates: &[Uuid], votes: &Valid) -> (Outcome, Working) {
    let named = votes.iter().filter_map(|(choice, votes)| match choice {
        Choice::Candidate(id) => Some((id, *votes)),
        _ => None,
    });
    let counts = add_up(candidates, named);
    (Outcome::of_most_votes(&counts), Working::Plurality { counts })
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Method, Votes, Working};
    use super::*;
    use proptest::prelude::*;

    fn first_choices(rankings: &Votes) -> Votes {
        let mut votes = Votes::new();
        for (choice, n) in rankings {
            let Choice::Ranking(groups) = choice else { panic!() };
            let first = Choice::Candidate(*groups[0].first().unwrap());
            *votes.entry(first).or_default() += n;
        }
        votes
    }

    #[test]
    fn memphis_has_most_first_choices() {
        let votes = first_choices(&rankings(TENNESSEE));
        let count = tally(Method::Plurality, &ids("M N C K"), &votes);
        assert_eq!(
            count.outcome,
            Outcome {
                winners: ids("M"),
                tie: false
            }
        );
    }

    #[test]
    fn debian_logo_by_first_choice() {
        let votes = first_choices(&rankings(DEBIAN_LOGO));
        let count = tally(Method::Plurality, &ids("S D O M C A F E"), &votes);
        let Working::Plurality { counts } = count.working else {
            panic!()
        };
        let figures: Vec<u64> = counts.iter().map(|c| c.votes).collect();
        assert_eq!(figures, [43, 36, 21, 16, 11, 8, 7, 1]);
        assert_eq!(count.votes, 143);
        assert_eq!(count.outcome.winners, ids("S"));
    }

    #[test]
    fn equal_numbers_tie() {
        let votes = Votes::from([
            (Choice::Candidate(id("A")), 2),
            (Choice::Candidate(id("B")), 1),
            (Choice::Candidate(id("C")), 2),
        ]);
        let count = tally(Method::Plurality, &ids("C B A"), &votes);
        assert_eq!(
            count.outcome,
            Outcome {
                winners: ids("C A"),
                tie: true
            }
        );
    }

    proptest! {
        #[test]
        fn every_valid_vote_is_in_one_count(votes in any_votes(Method::Plurality, 4)) {
            let count = tally(Method::Plurality, &candidates(4), &votes);
            let Working::Plurality { counts } = count.working else { panic!() };
            prop_assert_eq!(counts.iter().map(|c| c.votes).sum::<u64>(), count.valid);
        }
    }
}
