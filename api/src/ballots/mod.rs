//! Ballots: one person one vote, sealed while open, opened and counted once closed.
//!
//! ```text
//! draft ──open──▶ open ──close──▶ closed ──(counted)──publish──▶ published
//!   └── cancel ──▶ cancelled ◀── cancel ──┘
//! ```
//! - [`choice`], [`counting`], [`eligibility`] and [`vote`] are pure: they know no database and no
//!   clock.
//! - [`keys`] makes, seals and derives the keys of a ballot.
//! - [`casting`] holds the transaction of a vote, [`closing`] the two of a closing; nothing else
//!   touches the tables of votes.
//!
//! Nothing in this room logs or stores what could tie a person to a choice: no time, no sequence
//! and no foreign key stands beside a vote.

mod candidates;
mod casting;
pub mod choice;
mod closing;
pub mod counting;
mod eligibility;
mod entity;
mod keys;
mod lifecycle;
mod logos;
mod opening;
mod participation;
mod representation;
mod roll;
mod routes;
mod tally;
mod vote;

pub use keys::Keys;
pub use lifecycle::run_due;

use crate::http::{Access, EVERY_ROLE, ORGANISER, Room, SUPERVISION, route};

pub fn rooms() -> Vec<Room> {
    use candidates::{
        __path_create as __path_add_candidate, __path_delete as __path_remove_candidate,
        __path_list as __path_list_candidates,
    };
    use candidates::{
        __path_read as __path_read_candidate, __path_update as __path_update_candidate, read as read_candidate,
        update as update_candidate,
    };
    use candidates::{create as add_candidate, delete as remove_candidate, list as list_candidates};
    use casting::{__path_cast, cast};
    use lifecycle::{__path_cancel, __path_close, __path_open, __path_publish, cancel, close, open, publish};
    use logos::{__path_image, __path_put, image, put};
    use participation::{__path_participation, __path_turnout, participation, turnout};
    use roll::{__path_read_roll, read_roll};
    use routes::{
        __path_create, __path_delete, __path_list, __path_read, __path_update, create, delete, list, read, update,
    };
    use tally::{__path_read_tally, read_tally};
    let members = Access::Members(EVERY_ROLE);
    let organiser = Access::Members(ORGANISER);
    vec![
        Room::new(
            "Ballots",
            [
                route!(list, members, []),
                route!(create, organiser, []),
                route!(read, members, []),
                route!(update, organiser, [BallotNotDraft]),
                route!(delete, organiser, [BallotNotDraft]),
                route!(
                    open,
                    organiser,
                    [
                        BallotNotDraft,
                        BallotNeedsCandidates,
                        BallotNeedsLogos,
                        BallotNeedsVoters,
                        BallotSmallRoll,
                        BallotClosingPassed
                    ]
                ),
                route!(close, organiser, [BallotNotOpen]),
                route!(publish, organiser, [BallotNotClosed, BallotCounting, BallotCountFailed]),
                route!(cancel, organiser, [WrongState]),
            ],
        ),
        Room::new(
            "Candidates",
            [
                route!(list_candidates, members, []),
                route!(add_candidate, organiser, [BallotNotDraft, CandidateExists]),
                route!(read_candidate, members, []),
                route!(update_candidate, organiser, [BallotNotDraft, CandidateExists]),
                route!(remove_candidate, organiser, [BallotNotDraft]),
                route!(put, organiser, [BallotNotDraft, InvalidImage]),
                route!(image, Access::Anyone, [NotFound]),
            ],
        ),
        Room::new(
            "Voting",
            [
                // Registered rather than members: whoever is on the frozen roll may vote, whatever
                // became of their registration since.
                route!(cast, Access::Registered, [BallotNotOpen, NotOnRoll, AlreadyVoted]),
                route!(participation, Access::Registered, []),
                route!(turnout, members, []),
                route!(
                    read_tally,
                    members,
                    [NotAllowed, BallotNotClosed, BallotCounting, BallotCountFailed]
                ),
                route!(read_roll, Access::Members(SUPERVISION), []),
            ],
        ),
    ]
}
