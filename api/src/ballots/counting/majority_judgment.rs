//! Majority judgment: each vote gives every candidate a mention, and the highest median wins.
//!
//! Source: M. Balinski and R. Laraki, "A theory of measuring, electing, and ranking", *PNAS* 104
//! (2007), 8720–8725; *Majority Judgment*, MIT Press 2010; "Judge: Don't Vote!", *Operations
//! Research* 62 (2014), 483–511.
//! - **A missing grade is the worst one**, as in the authors' elections: a candidate is not lifted by
//!   those who would not judge it, and all candidates have the same number of grades, which the
//!   comparisons below need. (A blank vote judges nobody and is not counted.)
//! - The *majority grade* α is the median of a candidate's grades; of an even number, the lower of the
//!   two in the middle: at least half of the voters give it or less, more than half give it or more.
//! - The *majority gauge* is (p, α±, q): p votes are above α, q below; the sign is + if p > q and −
//!   otherwise. The higher α is ahead; of equal α, + is ahead of −; of two +, the larger p; of two
//!   −, the smaller q.
//! - Where the gauges tie, the *majority value* decides: one grade equal to the median is taken away
//!   from each, and the new medians are compared, again and again until they differ. (It would give
//!   the same order without the gauge, which only tells sooner.)
//! - Candidates are tied only when each grade was given to both equally often.

use std::cmp::{Ordering, Reverse};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Outcome, Valid, Working, best_first, distributions, named};

/// What one candidate received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Merit {
    /// The candidate's id.
    pub candidate: Uuid,
    /// How many votes gave it each grade, from 0 to the highest; a missing grade is a 0.
    pub distribution: Vec<u64>,
    /// How many of the 0 were missing grades.
    pub missing: u64,
    /// Null without valid votes.
    #[schema(required = true)]
    pub gauge: Option<MajorityGauge>,
}

/// The majority gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MajorityGauge {
    /// The majority grade: the median, the lower one of two.
    pub grade: u8,
    /// How many votes are above the majority grade.
    pub above: u64,
    /// How many votes are below the majority grade.
    pub below: u64,
    /// Plus if more are above than below.
    pub sign: Sign,
}

/// Which way the majority grade leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// As many votes or more are below the majority grade as above.
    Minus,
    /// More votes are above the majority grade than below.
    Plus,
}

/// Two neighbours in the order whose gauges tie, and what told them apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GaugeTie {
    /// Who is ahead.
    pub ahead: Uuid,
    /// Who is behind.
    pub behind: Uuid,
    /// After so many medians taken away from each, the next ones differ.
    pub removed: u64,
    /// The next median of the one ahead.
    pub grade_ahead: u8,
    /// The next median of the one behind.
    pub grade_behind: u8,
}

pub(super) fn count(candidates: &[Uuid], max_grade: u8, votes: &Valid) -> (Outcome, Working) {
    let valid: u64 = votes.iter().map(|(_, votes)| votes).sum();
    let merits: Vec<Merit> = distributions(candidates, max_grade, votes)
        .into_iter()
        .map(|(candidate, mut distribution)| {
            let missing = valid - distribution.iter().sum::<u64>();
            if let Some(worst) = distribution.first_mut() {
                *worst += missing;
            }
            Merit {
                candidate,
                gauge: MajorityGauge::of(&distribution),
                distribution,
                missing,
            }
        })
        .collect();
    let order = best_first(votes, &merits, Merit::compare);
    let neighbours = order.iter().zip(order.iter().skip(1));
    let gauge_ties = neighbours
        .filter_map(|(ahead, behind)| Merit::told_apart(ahead.first()?, behind.first()?))
        .collect();
    let order = named(&order, |merit| merit.candidate);
    let working = Working::MajorityJudgment {
        merits,
        order: order.clone(),
        gauge_ties,
    };
    (Outcome::of_first(&order), working)
}

impl MajorityGauge {
    fn of(distribution: &[u64]) -> Option<Self> {
        let grade = median(distribution)?;
        let (below, rest) = distribution.split_at(grade);
        let (below, above) = (below.iter().sum(), rest.iter().skip(1).sum());
        Some(Self {
            grade: u8::try_from(grade).ok()?,
            above,
            below,
            sign: if above > below { Sign::Plus } else { Sign::Minus },
        })
    }

    fn rank(&self) -> (u8, Sign, u64, Reverse<u64>) {
        match self.sign {
            Sign::Plus => (self.grade, self.sign, self.above, Reverse(0)),
            Sign::Minus => (self.grade, self.sign, 0, Reverse(self.below)),
        }
    }
}

impl Merit {
    fn compare(&self, other: &Self) -> Ordering {
        let rank = |merit: &Self| merit.gauge.as_ref().map(MajorityGauge::rank);
        rank(self).cmp(&rank(other)).then_with(|| {
            if self.distribution == other.distribution {
                Ordering::Equal
            } else {
                majority_value(&self.distribution).cmp(majority_value(&other.distribution))
            }
        })
    }

    /// What tells two apart that the gauge does not.
    fn told_apart(ahead: &Self, behind: &Self) -> Option<GaugeTie> {
        let rank = |merit: &Self| merit.gauge.as_ref().map(MajorityGauge::rank);
        if rank(ahead) != rank(behind) {
            return None;
        }
        let pairs = majority_value(&ahead.distribution).zip(majority_value(&behind.distribution));
        let (removed, (grade_ahead, grade_behind)) = (0..).zip(pairs).find(|(_, (a, b))| a != b)?;
        Some(GaugeTie {
            ahead: ahead.candidate,
            behind: behind.candidate,
            removed,
            grade_ahead: u8::try_from(grade_ahead).ok()?,
            grade_behind: u8::try_from(grade_behind).ok()?,
        })
    }
}

/// The grade in the middle, the lower one of two; nothing if there are no grades.
fn median(distribution: &[u64]) -> Option<usize> {
    let grades: u64 = distribution.iter().sum();
    let mut passed = 0;
    distribution.iter().position(|votes| {
        passed += votes;
        passed > 0 && passed >= grades - grades / 2
    })
}

/// The median, then that of the grades left when it is taken away, and so on to the last.
fn majority_value(distribution: &[u64]) -> impl Iterator<Item = usize> {
    let mut left = distribution.to_vec();
    std::iter::from_fn(move || {
        let median = median(&left)?;
        left[median] -= 1;
        Some(median)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Choice, Method, Votes};
    use super::*;
    use proptest::prelude::*;

    struct Shown {
        outcome: Outcome,
        merits: Vec<Merit>,
        order: Vec<Vec<Uuid>>,
        gauge_ties: Vec<GaugeTie>,
    }

    fn run(candidates: &[Uuid], max_grade: u8, votes: &Votes) -> Shown {
        let count = graded(Method::MajorityJudgment, candidates, max_grade, votes);
        let Working::MajorityJudgment {
            merits,
            order,
            gauge_ties,
        } = count.working
        else {
            panic!()
        };
        Shown {
            outcome: count.outcome,
            merits,
            order,
            gauge_ties,
        }
    }

    fn gauge(above: u64, grade: u8, sign: Sign, below: u64) -> Option<MajorityGauge> {
        Some(MajorityGauge {
            grade,
            above,
            below,
            sign,
        })
    }

    fn order(labels: &[&str]) -> Vec<Vec<Uuid>> {
        labels.iter().map(|group| ids(group)).collect()
    }

    #[test]
    fn of_two_grades_in_the_middle_the_lower_one_counts() {
        let shown = run(&ids("A B"), 5, &distributed("A 0 0 2 0 0 2\nB 0 1 0 2 1 0"));
        assert_eq!(shown.merits[0].gauge, gauge(2, 2, Sign::Plus, 0));
        assert_eq!(shown.merits[1].gauge, gauge(1, 3, Sign::Minus, 1));
        assert_eq!(shown.outcome.winners, ids("B"));
    }

    #[test]
    fn a_missing_grade_is_the_worst_and_a_blank_vote_is_none() {
        let mut votes = grades("1 A:3 B:2\n 1 A:3 B:2\n 1 B:2\n 1 B:2\n 1 B:1");
        votes.insert(Choice::Blank, 7);
        let shown = run(&ids("A B"), 5, &votes);
        let a = &shown.merits[0];
        assert_eq!((&a.distribution[..], a.missing), (&[3, 0, 0, 2, 0, 0][..], 3));
        assert_eq!(a.gauge, gauge(2, 0, Sign::Plus, 0));
        assert_eq!(shown.outcome.winners, ids("B"));
    }

    #[test]
    fn the_gauge_is_plus_before_minus_then_more_above_or_fewer_below() {
        // All have the majority grade 2.
        let votes = distributed(
            "A 1 1 4 2 1
             B 0 2 4 3 0
             C 2 1 3 3 0
             D 1 1 4 3 0
             E 2 1 4 2 0",
        );
        let shown = run(&ids("A B C D E"), 4, &votes);
        let gauges: Vec<_> = shown.merits.iter().map(|merit| merit.gauge).collect();
        assert_eq!(
            gauges,
            [
                gauge(3, 2, Sign::Plus, 2),
                gauge(3, 2, Sign::Plus, 2),
                gauge(3, 2, Sign::Minus, 3),
                gauge(3, 2, Sign::Plus, 2),
                gauge(2, 2, Sign::Minus, 3),
            ]
        );
        assert_eq!(shown.order, order(&["B", "A", "D", "C", "E"]));
    }

    #[test]
    fn equal_gauges_are_told_apart_by_taking_medians_away() {
        // 2 2 | 1 | 1 0 and 3 2 | 1 | 1 0: medians 1, 1, 2, 0, and then 2 or 3.
        let shown = run(&ids("A B"), 3, &distributed("A 1 2 2 0\nB 1 2 1 1"));
        assert_eq!(shown.merits[0].gauge, shown.merits[1].gauge);
        assert_eq!(shown.order, order(&["B", "A"]));
        let told_apart = GaugeTie {
            ahead: id("B"),
            behind: id("A"),
            removed: 4,
            grade_ahead: 3,
            grade_behind: 2,
        };
        assert_eq!(shown.gauge_ties, [told_apart]);
    }

    #[test]
    fn the_same_grades_tie() {
        let shown = run(&ids("A B C"), 3, &grades("1 A:3 B:0 C:0\n 1 A:1 B:3\n 1 B:1"));
        assert_eq!((shown.outcome.winners, shown.outcome.tie), (ids("A B"), true));
        assert_eq!((shown.order, shown.gauge_ties), (order(&["A B", "C"]), vec![]));
    }

    /// The grades one by one, and the definition of 2007 to the letter.
    fn by_definition(mut grades: Vec<u8>) -> Vec<u8> {
        grades.sort_unstable();
        let mut value = Vec::new();
        while !grades.is_empty() {
            value.push(grades.remove((grades.len() - 1) / 2));
        }
        value
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_majority_values(votes in any_votes(Method::MajorityJudgment, 4)) {
            let shown = run(&candidates(4), TOP, &votes);
            let value = |id: Uuid| {
                by_definition(votes.iter().flat_map(|(choice, n)| match choice {
                    Choice::Grades(grades) => vec![grades.get(&id).copied().unwrap_or(0); usize::try_from(*n).unwrap()],
                    _ => vec![],
                }).collect())
            };
            for group in &shown.order {
                prop_assert!(group.iter().all(|id| value(*id) == value(group[0])));
            }
            prop_assert!(shown.order.windows(2).all(|pair| value(pair[0][0]) > value(pair[1][0])));
            for tie in &shown.gauge_ties {
                let (ahead, behind, removed) = (value(tie.ahead), value(tie.behind), usize::try_from(tie.removed).unwrap());
                prop_assert_eq!(&ahead[..removed], &behind[..removed]);
                prop_assert_eq!((ahead[removed], behind[removed]), (tie.grade_ahead, tie.grade_behind));
            }
        }

        #[test]
        fn every_valid_vote_grades_every_candidate(votes in any_votes(Method::MajorityJudgment, 4)) {
            let valid = tally(Method::MajorityJudgment, &candidates(4), &votes).valid;
            for merit in run(&candidates(4), TOP, &votes).merits {
                prop_assert_eq!(merit.distribution.iter().sum::<u64>(), valid);
                prop_assert!(merit.missing <= merit.distribution[0]);
                let Some(gauge) = merit.gauge else {
                    prop_assert_eq!(valid, 0);
                    continue;
                };
                let at = merit.distribution[usize::from(gauge.grade)];
                prop_assert_eq!(gauge.below + at + gauge.above, valid);
                // More than half give it or better, at least half give it or worse.
                prop_assert!(2 * (at + gauge.above) > valid && 2 * (at + gauge.below) >= valid);
            }
        }
    }
}
