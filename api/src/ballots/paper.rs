//! The voting paper: what a vote in one ballot may say, fixed at its opening. Pure.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::choice::{self, Method};

/// The highest `max_grade` a ballot may have.
pub const HIGHEST_GRADE: u8 = 100;

/// The `max_grade` of a ballot that names none: six mentions, as majority judgment has them.
pub const USUAL_GRADE: u8 = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    method: Method,
    candidates: Vec<Uuid>,
    known: BTreeSet<Uuid>,
    max_grade: Option<u8>,
    longest: usize,
}

impl Paper {
    /// `candidates` are distinct, in the order of the ballot. Nothing unless a scale stands exactly
    /// where the method has grades.
    pub fn new(method: Method, candidates: impl IntoIterator<Item = Uuid>, max_grade: Option<u8>) -> Option<Self> {
        let fits = match max_grade {
            Some(max_grade) => method.has_grades() && (1..=HIGHEST_GRADE).contains(&max_grade),
            None => !method.has_grades(),
        };
        let candidates: Vec<Uuid> = candidates.into_iter().collect();
        fits.then(|| Self {
            longest: choice::longest_canonical(method, &candidates, max_grade.unwrap_or_default()),
            known: candidates.iter().copied().collect(),
            method,
            candidates,
            max_grade,
        })
    }

    pub fn method(&self) -> Method {
        self.method
    }

    /// In the order of the ballot, which says in what order results are listed and nothing else.
    pub fn candidates(&self) -> &[Uuid] {
        &self.candidates
    }

    pub fn knows(&self, candidate: &Uuid) -> bool {
        self.known.contains(candidate)
    }

    /// Grades run from 0 to it; nothing for methods without grades.
    pub fn max_grade(&self) -> Option<u8> {
        self.max_grade
    }

    /// Bytes of the longest canonical choice: every sealed vote of the ballot is padded to them.
    pub fn longest(&self) -> usize {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_stands_exactly_where_there_are_grades() {
        for method in Method::ALL {
            let graded = matches!(method, Method::Score | Method::MajorityJudgment);
            let paper = |max_grade| Paper::new(method, [Uuid::nil()], max_grade);
            assert_eq!(paper(None).is_some(), !graded);
            for max_grade in [1, USUAL_GRADE, HIGHEST_GRADE] {
                assert_eq!(paper(Some(max_grade)).is_some(), graded);
            }
            for max_grade in [0, HIGHEST_GRADE + 1] {
                assert_eq!(paper(Some(max_grade)), None);
            }
        }
    }
}
