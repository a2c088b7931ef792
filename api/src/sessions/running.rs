//! When a session runs, and the window within which attendance counts: pure.

use super::entity::{Model, State};
use crate::instant::{Instant, MINUTE};

/// Doors open this long before a session that nobody starts.
pub const DOORS: i64 = 15 * MINUTE;

/// Whether people can check in now.
pub fn runs(session: &Model, now: Instant) -> bool {
    match session.state {
        State::Running => true,
        State::Scheduled => session.starts_at.plus(-DOORS) <= now && now < session.ends_at,
        State::Ended | State::Cancelled => false,
    }
}

/// The time that counts as attendance: from the earlier of the planned and the real start, to the
/// real end if someone ended it, else to the planned end or, while it overruns, to now.
pub fn window(session: &Model, now: Instant) -> (Instant, Instant) {
    let from = session
        .started_at
        .map_or(session.starts_at, |started| started.min(session.starts_at));
    let to = match (session.ended_at, session.state) {
        (Some(ended), _) => ended,
        (None, State::Running) => session.ends_at.max(now),
        (None, _) => session.ends_at,
    };
    (from, to)
}
