//! Registrations: a person's place in a workshop, from invitation or request to confirmation.
//!
//! ```text
//! (import, organiser) ──▶ invited ──confirm──▶ confirmed ◀──accept── requested ◀── (self-registration)
//!                            │                 ▲       │                 │  ▲
//!                         decline           confirm  decline          decline └─ (asks again)
//!                            └────▶ declined ──┘◀──────┘                 └────▶ declined (withdrawn)
//! ```
//! A request that was withdrawn is declined too, but never [admitted](entity::Model::admitted): it
//! cannot be confirmed, only made again.
//!
//! The name on a workshop's lists is that of the registration; the address is the person's alone,
//! and only organisers and the person see it.

mod answer;
mod create;
mod doubles;
pub mod entity;
mod import;
mod in_person;
mod invite;
mod list;
pub mod merges;
mod merging;
mod of_person;
mod plan;
pub mod roster;
mod rules;
mod state;
mod update;
mod view;

pub use entity::{Category, Role, State, add_first_organiser, organisers};
pub use of_person::{ExportedRegistration, Places, forget, forget_all, hold_places, of_person};
pub use rules::{hold_workshop, is_few, name_rule, refers};

use crate::http::{Access, ORGANISER, Room, route};

/// Who may see everybody's registration; participants see their own.
const READERS: &[Role] = &[Role::Organiser, Role::Facilitator, Role::Auditor];

pub fn room() -> Room {
    Room::new(
        "Registrations",
        [
            route!(list::list, Access::Members(READERS), []),
            route!(
                create::create,
                Access::Joinable,
                [NotAllowed, SelfRegistrationClosed, DelegateExists]
            ),
            route!(list::read, Access::Registered, [NotAllowed]),
            route!(
                update::update,
                Access::Registered,
                [
                    NotAllowed,
                    LastOrganiser,
                    OrganiserAsAuditor,
                    DelegateExists,
                    RegistrationOnOpenRoll
                ]
            ),
            route!(
                update::delete,
                Access::Members(ORGANISER),
                [LastOrganiser, RegistrationInUse]
            ),
            route!(answer::confirm, Access::Registered, [NotAllowed, WrongState, StaleEtag]),
            route!(
                answer::decline,
                Access::Registered,
                [NotAllowed, LastOrganiser, StaleEtag]
            ),
            route!(answer::accept, Access::Members(ORGANISER), [WrongState, StaleEtag]),
            route!(
                merging::merge,
                Access::Members(ORGANISER),
                [RegistrationOnOpenRoll, OrganiserAndAuditor, LastOrganiser, PersonErased]
            ),
            route!(doubles::list_doubles, Access::Members(ORGANISER), []),
            route!(
                import::import,
                Access::Members(ORGANISER),
                [InvalidRoster, RegistrationOnOpenRoll]
            ),
            route!(import::template, Access::Members(ORGANISER), [NotAcceptable]),
            route!(invite::invite, Access::Members(ORGANISER), [WorkshopNotPublished]),
            route!(
                in_person::make_in_person_code,
                Access::Members(ORGANISER),
                [WorkshopNotPublished, InPersonNotPossible, TooManyInPersonCodes]
            ),
        ],
    )
}
