//! The quorum: how many votes a ballot needs for its result to stand. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the ballot asks for, and whether it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quorum {
    /// Of the roll, in percent
    pub percent: u64,
    /// How many votes that is, rounded up
    pub needed: u64,
    /// Whether blank votes count towards it
    pub blanks_count: bool,
    /// Votes that count towards it; null while blank ones cannot be told apart
    pub votes: Option<u64>,
    /// Null while that cannot be told
    pub reached: Option<bool>,
}

impl Quorum {
    /// `blanks` is unknown until the votes are counted.
    pub fn of(percent: u64, blanks_count: bool, roll: u64, votes: u64, blanks: Option<u64>) -> Self {
        let needed = (roll * percent).div_ceil(100);
        let votes = if blanks_count {
            Some(votes)
        } else {
            blanks.map(|blanks| votes - blanks.min(votes))
        };
        Self {
            percent,
            needed,
            blanks_count,
            votes,
            reached: votes.map(|votes| votes >= needed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_a_vote_is_a_vote_more() {
        let quorum = |votes| Quorum::of(50, true, 5, votes, None);
        assert_eq!(quorum(2).needed, 3);
        assert_eq!(quorum(2).reached, Some(false));
        assert_eq!(quorum(3).reached, Some(true));
        assert_eq!(Quorum::of(100, true, 5, 5, None).reached, Some(true));
        assert_eq!(Quorum::of(1, true, 5, 0, None).reached, Some(false));
    }

    #[test]
    fn blanks_that_do_not_count_are_known_after_the_count_only() {
        let quorum = |blanks| Quorum::of(60, false, 5, 4, blanks);
        assert_eq!((quorum(None).votes, quorum(None).reached), (None, None));
        assert_eq!((quorum(Some(1)).votes, quorum(Some(1)).reached), (Some(3), Some(true)));
        assert_eq!((quorum(Some(2)).votes, quorum(Some(2)).reached), (Some(2), Some(false)));
    }
}
