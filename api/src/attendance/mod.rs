//! Attendance: the intervals during which people were present at sessions, and their exact sums.
//!
//! An interval is `[joined, left)` in whole seconds, with its source: the person, the person with
//! the code shown in the room, a facilitator. Intervals merge, they never toggle: what counts at a
//! session is the union of a person's intervals, clipped to the session's window
//! ([`crate::sessions::running::window`]), each second once. One that is still open counts up to
//! now. Seconds are exact integers, computed whenever they are asked for and never stored.
//!
//! A person's total at a workshop is the sum over its sessions: who is at two sessions that run at
//! the same time has both counted. The arithmetic is pure ([`arithmetic`]); it knows instants only,
//! so what clocks on the wall do in between changes nothing.

mod arithmetic;
mod check;
mod entity;
mod interval;
mod lists;
mod merging;
mod of_person;
mod record;
mod sheet;
mod table;
mod tries;

pub use entity::{Entity, any, close_open};
pub use merging::merge;
pub use of_person::{ExportedAttendance, of_person};
pub use sheet::{Facts, facts};
pub use table::{category_word, role_word};
pub use tries::sweep;

use check::{__path_check_in, __path_check_out, check_in, check_out};
use lists::{__path_of_session, __path_of_workshop, of_session, of_workshop};
use record::{__path_create, __path_delete, __path_read, __path_update, create, delete, read, update};

use crate::http::{Access, EVERY_ROLE, Room, STAFF, route};

pub fn room() -> Room {
    Room::new(
        "Attendance",
        [
            route!(
                check_in,
                Access::Members(EVERY_ROLE),
                [SessionNotRunning, WorkshopNotPublished, TooManyTries]
            ),
            route!(check_out, Access::Members(EVERY_ROLE), [NotCheckedIn]),
            route!(create, Access::Members(STAFF), [WrongState]),
            route!(of_session, Access::Members(EVERY_ROLE), [NotAcceptable]),
            route!(of_workshop, Access::Members(EVERY_ROLE), [NotAcceptable]),
            route!(read, Access::Members(EVERY_ROLE), []),
            route!(update, Access::Members(STAFF), [WrongState, AttendanceExists]),
            route!(delete, Access::Members(STAFF), []),
        ],
    )
}
