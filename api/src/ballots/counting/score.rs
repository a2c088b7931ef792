//! Score voting, or range voting: each vote grades candidates, and the highest mean wins.
//!
//! Source: W. D. Smith, "Range voting", 2000, with intentional blanks: only the grades given enter
//! the mean (<https://rangevoting.org/Blanks.html>).
//! - **A missing grade is not zero.** It says nothing, neither for nor against: the mean of a
//!   candidate is that of the votes that grade it. Were it zero, as when totals are compared,
//!   silence would be the worst grade there is, and whoever is less known would lose by that alone.
//!   The price is that few may carry a candidate whom most left out; so the number of grades stands
//!   beside each total. (Smith adds a quorum against that; it is no part of this definition.)
//! - A candidate that nobody grades has no mean and is behind all others.
//! - Means are compared exactly, as fractions: total over number of grades. All candidates that
//!   share the highest are reported as tied.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Outcome, Valid, Working, best_first, distributions, named};

/// What one candidate received; its mean is `total` / `grades`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Score {
    /// The candidate's id.
    pub candidate: Uuid,
    /// The sum of the grades it was given.
    pub total: u64,
    /// How many votes graded it; the others say nothing of it.
    pub grades: u64,
    /// How many votes gave it each grade, from 0 to the highest.
    pub distribution: Vec<u64>,
}

pub(super) fn count(candidates: &[Uuid], max_grade: u8, votes: &Valid) -> (Outcome, Working) {
    let scores: Vec<Score> = distributions(candidates, max_grade, votes)
        .into_iter()
        .map(|(candidate, distribution)| Score {
            candidate,
            total: distribution.iter().zip(0..).map(|(votes, grade)| votes * grade).sum(),
            grades: distribution.iter().sum(),
            distribution,
        })
        .collect();
    let order = best_first(votes, &scores, Score::by_mean);
    let order = named(&order, |score| score.candidate);
    (Outcome::of_first(&order), Working::Score { scores, order })
}

impl Score {
    fn by_mean(&self, other: &Self) -> Ordering {
        let product = |total: u64, grades: u64| u128::from(total) * u128::from(grades);
        match (self.grades, other.grades) {
            (0, _) | (_, 0) => self.grades.min(1).cmp(&other.grades.min(1)),
            _ => product(self.total, other.grades).cmp(&product(other.total, self.grades)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Choice, Method, Votes};
    use super::*;
    use proptest::prelude::*;

    fn run(candidates: &[Uuid], max_grade: u8, votes: &Votes) -> (Outcome, Vec<Score>, Vec<Vec<Uuid>>) {
        let count = graded(Method::Score, candidates, max_grade, votes);
        let Working::Score { scores, order } = count.working else {
            panic!()
        };
        (count.outcome, scores, order)
    }

    #[test]
    fn silence_is_not_a_zero() {
        // A is graded by one only, but better than B by both; D by nobody.
        let votes = grades("1 A:4 B:5 C:0\n 1 B:2");
        let (outcome, scores, order) = run(&ids("A B C D"), 5, &votes);
        assert_eq!((outcome.winners, outcome.tie), (ids("A"), false));
        let figures: Vec<_> = scores.iter().map(|score| (score.total, score.grades)).collect();
        assert_eq!(figures, [(4, 1), (7, 2), (0, 1), (0, 0)]);
        // And nothing is behind the worst grade.
        assert_eq!(order, ["A", "B", "C", "D"].map(ids));
    }

    #[test]
    fn equal_means_tie_whatever_their_fractions() {
        let (outcome, _, _) = run(&ids("A B C"), 5, &grades("1 A:3 B:2 C:1\n 1 B:4 C:2\n 1 A:3"));
        assert_eq!((outcome.winners, outcome.tie), (ids("A B"), true));
        // 1/3 and 2/5 are told apart, 2/6 and 1/3 are not.
        let (outcome, _, order) = run(
            &ids("A B C"),
            1,
            &grades("1 A:1 B:1 C:1\n 1 B:1 C:1\n 2 A:0 B:0 C:0\n 1 B:0 C:0\n 1 C:0"),
        );
        assert_eq!(outcome.winners, ids("B"));
        assert_eq!(order, ["B", "A C"].map(ids));
    }

    proptest! {
        #[test]
        fn the_mean_is_that_of_the_grades_given(votes in any_votes(Method::Score, 4)) {
            let (_, scores, order) = run(&candidates(4), TOP, &votes);
            let given = |id: Uuid| -> Vec<u64> {
                votes.iter().flat_map(|(choice, n)| match choice {
                    Choice::Grades(grades) => grades.get(&id).map(|grade| vec![u64::from(*grade); usize::try_from(*n).unwrap()]),
                    _ => None,
                }).flatten().collect()
            };
            // A multiple of every number of votes there may be: up to 7 choices of up to 3 votes.
            let common: u64 = 232_792_560;
            prop_assert!((1..=21).all(|n| common.is_multiple_of(n)));
            let mean = |id: Uuid| {
                let given = given(id);
                (!given.is_empty()).then(|| given.iter().sum::<u64>() * (common / given.len() as u64))
            };
            for score in &scores {
                prop_assert_eq!((score.total, score.grades), (given(score.candidate).iter().sum(), given(score.candidate).len() as u64));
            }
            for group in &order {
                prop_assert!(group.iter().all(|id| mean(*id) == mean(group[0])));
            }
            prop_assert!(order.windows(2).all(|pair| mean(pair[0][0]) > mean(pair[1][0])));
        }

        #[test]
        fn who_says_nothing_of_a_candidate_changes_nothing_for_it(
            votes in any_votes(Method::Score, 4),
            grade in 0..=TOP,
        ) {
            let candidates = candidates(4);
            let (_, before, _) = run(&candidates, TOP, &votes);
            let mut more = votes;
            *more.entry(Choice::Grades([(candidates[0], grade)].into())).or_default() += 1;
            let (_, after, _) = run(&candidates, TOP, &more);
            prop_assert_eq!(&after[1..], &before[1..]);
        }
    }
}
