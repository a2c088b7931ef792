//! Coalitions: what a workshop founds and what outlives it. Charters in numbered versions, the
//! pledges of those who adhere, working groups and the commitments in them.
//!
//! - A charter is never changed, a pledge only withdrawn; both stay readable.
//! - Nobody takes the last place of a group twice: whoever changes a group or a place in it locks
//!   the group first, and the database refuses what exceeds its capacity.
//! - An archived workshop no longer changes, its coalition does; only who may do so is still
//!   decided by the registrations of the workshop.
//!
//! Other rooms ask this one who adheres ([`adherents`]), not which rows there are.

mod adherence;
mod charters;
mod commitments;
pub mod entities;
mod founding;
mod group_representation;
mod merging;
mod of_person;
mod places;
mod pledge_representation;
mod pledges;
mod working_groups;

pub use adherence::{Adherents, MyCommitment, MyPledge, adherents, mine, of_workshop};
pub use merging::{hold_all, merge};
pub use of_person::{ExportedCommitment, ExportedLead, ExportedPledge, of_person};

use sea_orm::QuerySelect as _;
use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Access, Caller, Code, EVERY_ROLE, ORGANISER, Problem, Room, route};
use crate::registrations::{State, entity as registration};

pub fn rooms() -> Vec<Room> {
    let members = Access::Members(EVERY_ROLE);
    let organiser = Access::Members(ORGANISER);
    vec![
        Room::new(
            "Coalitions",
            [
                route!(founding::list, members, []),
                route!(founding::create, organiser, [CoalitionExists]),
                route!(founding::read, members, []),
                route!(founding::update, organiser, [CoalitionExists]),
                route!(charters::list_charters, members, []),
                route!(charters::create_charter, organiser, []),
                route!(charters::read_charter, members, []),
            ],
        )
        .lasting(),
        Room::new(
            "Pledges",
            [
                route!(pledges::list, Access::Visible, []),
                route!(
                    pledges::create,
                    members,
                    [RegistrationNotConfirmed, CharterMissing, NotDelegate]
                ),
                // Whoever declined since may still see and withdraw what they signed.
                route!(pledges::read, Access::Registered, []),
                route!(pledges::withdraw, Access::Registered, [NotAllowed, NotDelegate]),
            ],
        )
        .lasting(),
        Room::new(
            "Working groups",
            [
                route!(working_groups::list, members, []),
                route!(working_groups::create, organiser, [WorkingGroupExists]),
                route!(working_groups::read, members, []),
                route!(
                    working_groups::update,
                    organiser,
                    [WorkingGroupExists, CapacityBelowCommitments]
                ),
                route!(working_groups::delete, organiser, [WorkingGroupInUse]),
                route!(commitments::list_commitments, members, []),
                route!(
                    commitments::commit,
                    members,
                    [RegistrationNotConfirmed, WorkingGroupFull]
                ),
                route!(commitments::read_commitment, Access::Registered, []),
                route!(commitments::step_back, Access::Registered, []),
            ],
        )
        .lasting(),
    ]
}

/// An organisation, by its name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NamedOrganisation {
    id: Uuid,
    name: String,
}

impl NamedOrganisation {
    /// From the two columns of an outer join.
    fn of(id: Option<Uuid>, name: Option<String>) -> Option<Self> {
        Some(Self { id: id?, name: name? })
    }
}

/// The caller's registration, confirmed, and kept as it is until the transaction ends: who
/// promises something takes part.
pub async fn confirmed(on: &impl ConnectionTrait, caller: &Caller) -> Result<registration::Model, Problem> {
    let own = registration::Entity::find_by_id(caller.own()?.registration_id)
        .lock_shared()
        .one(on)
        .await?
        .ok_or(Code::NotFound)?;
    if own.state == State::Confirmed {
        Ok(own)
    } else {
        Err(Problem::state(Code::RegistrationNotConfirmed, own.state))
    }
}
