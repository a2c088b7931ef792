//! Ballots: one person one vote, sealed while open, opened and counted once closed.
//!
//! ```text
//! draft ──open──▶ open ──close──▶ closed ──(counted)──publish──▶ published
//!   └── cancel ──▶ cancelled ◀┘        └──(counted)── annul ──▶ annulled ◀┘
//! ```
//! - [`choice`], [`counting`], [`chart`], [`eligibility`], [`paper`] and [`vote`] are pure: they know no database
//!   and no clock.
//! - [`keys`] makes, seals and derives the keys of a ballot.
//! - [`casting`] holds the transaction of a vote, [`closing`] the two of a closing; nothing else
//!   touches the tables of votes.
//! - [`letters`] go to everyone on the roll or to nobody.
//!
//! Nothing in this room logs or stores what could tie a person to a choice: no time, no sequence
//! and no foreign key stands beside a vote.

mod audit;
mod candidates;
mod casting;
mod chart;
pub mod choice;
mod closing;
pub mod counting;
mod drafting;
mod eligibility;
mod entity;
mod frozen;
mod interrupted;
mod keys;
mod lacking;
mod letters;
mod lifecycle;
mod listed;
mod logos;
mod merging;
mod of_person;
mod opening;
mod page;
pub mod paper;
mod participation;
pub mod proof;
mod quorum;
mod reminding;
mod representation;
mod resealing;
mod roll;
mod routes;
mod tally;
mod vote;

pub use casting::{Capacity, Writer};
#[cfg(test)]
pub use choice::ChoiceFault;
pub use frozen::Cache as Frozen;
pub use interrupted::{interrupted, number_interrupted, settle_interrupted};
pub use keys::Keys;
pub use letters::{announcement, reminded};
pub use lifecycle::run_due;
#[cfg(test)]
pub use logos::LogoFault;
pub use merging::{check_rolls, hold_all, merge};
pub use of_person::{ExportedBallot, forget, forget_rolls, of_person};
pub use page::Pages;
pub use participation::{BallotPart, parts};
pub use proof::manifest::instance as instance_name;
pub use resealing::{keys_open, reseal_keys};

/// Lines of a roll, or votes, read and written at once. In the drivers' hands they take several times
/// what is kept of them; and where processors are scarce, who votes meanwhile in another ballot waits
/// for whoever is at a page: more at once would hardly be faster, and have them wait longer.
const PAGE: usize = 250;

/// What a backup holds of this room.
pub mod tables {
    pub use super::casting::opening;
    pub use super::entity::{announcement, ballot, candidate, logo, proof, roll, voted};
}

use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;

use crate::http::{Access, EVERY_ROLE, ORGANISER, Problem, Room, SUPERVISION, route};

/// What a ballot puts to the vote, for letters about it; nothing when it was deleted.
pub async fn question(on: &impl ConnectionTrait, id: Uuid) -> Result<Option<String>, Problem> {
    use sea_orm::EntityTrait as _;
    let ballot = entity::ballot::Entity::find_by_id(id).one(on).await?;
    Ok(ballot.map(|ballot| ballot.question))
}

pub fn rooms() -> Vec<Room> {
    let members = Access::Members(EVERY_ROLE);
    let organiser = Access::Members(ORGANISER);
    vec![
        Room::new(
            "Ballots",
            [
                route!(routes::list, members, []),
                route!(routes::create, organiser, []),
                route!(routes::read, members, []).deferred(),
                route!(routes::update, organiser, [BallotNotDraft]),
                route!(routes::delete, organiser, [BallotNotDraft]),
                route!(
                    lifecycle::open,
                    organiser,
                    [
                        BallotNotDraft,
                        BallotNeedsCandidates,
                        BallotNeedsLogos,
                        BallotNeedsVoters,
                        BallotSmallRoll,
                        BallotClosingPassed,
                        WorkshopNotPublished
                    ]
                ),
                route!(lifecycle::close, organiser, [BallotNotOpen]).lasting(),
                route!(
                    lifecycle::publish,
                    organiser,
                    [BallotNotClosed, BallotCounting, BallotCountFailed]
                )
                .lasting(),
                route!(lifecycle::cancel, organiser, [WrongState]).lasting(),
                route!(drafting::copy, organiser, []),
                route!(
                    drafting::run_off,
                    organiser,
                    [
                        BallotNotClosed,
                        BallotCounting,
                        BallotCountFailed,
                        BallotWithoutTie,
                        WrongState
                    ]
                ),
                route!(
                    lifecycle::annul,
                    organiser,
                    [BallotNotClosed, BallotCounting, BallotCountFailed]
                )
                .lasting(),
                route!(lifecycle::extend, organiser, [BallotNotOpen, BallotWithoutClosing]),
                route!(reminding::remind, organiser, [BallotNotOpen]),
            ],
        ),
        Room::new(
            "Candidates",
            [
                route!(candidates::list, members, []),
                route!(candidates::create, organiser, [BallotNotDraft, CandidateExists]),
                route!(candidates::read, members, []),
                route!(candidates::update, organiser, [BallotNotDraft, CandidateExists]),
                route!(candidates::delete, organiser, [BallotNotDraft]),
                route!(logos::put, organiser, [BallotNotDraft, InvalidImage]),
                route!(logos::image, Access::Anyone, [NotFound]),
            ],
        ),
        Room::new(
            "Voting",
            [
                // Registered rather than members: whoever is on the frozen roll may vote, whatever
                // became of their registration since.
                route!(
                    casting::cast,
                    Access::Registered,
                    [BallotNotOpen, NotOnRoll, AlreadyVoted]
                )
                .lasting()
                .deferred()
                .uncounted(),
                route!(participation::participation, Access::Registered, []),
                route!(participation::turnout, members, []),
                route!(
                    tally::read_tally,
                    members,
                    [
                        NotAllowed,
                        BallotNotClosed,
                        BallotCounting,
                        BallotCountFailed,
                        NotAcceptable
                    ]
                ),
                route!(roll::read_roll, Access::Members(SUPERVISION), []),
            ],
        ),
        Room::new(
            "Audit",
            [
                route!(audit::read_manifest, Access::Anyone, []),
                route!(
                    audit::read_checkpoint,
                    Access::Anyone,
                    [BallotNotClosed, BallotCounting, BallotCountFailed]
                ),
                route!(
                    audit::read_receipts,
                    Access::Anyone,
                    [BallotNotClosed, BallotCounting, BallotCountFailed]
                ),
                route!(
                    audit::read_audit,
                    members,
                    [NotAllowed, BallotNotClosed, BallotCounting, BallotCountFailed]
                ),
                route!(audit::read_instance_keys, Access::Anyone, []),
            ],
        ),
    ]
}
