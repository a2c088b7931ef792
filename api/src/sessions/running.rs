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

/// The time that counts as attendance, in whole seconds: from the earlier of the planned and the
/// real start, to the real end if someone ended it, else to the planned end or, while it overruns,
/// to now. A cancelled session did not take place: its window is empty.
pub fn window(session: &Model, now: Instant) -> (Instant, Instant) {
    let from = session
        .started_at
        .map_or(session.starts_at, |started| started.min(session.starts_at));
    let to = match session.state {
        State::Cancelled => from,
        State::Running => session.ends_at.max(now),
        State::Scheduled | State::Ended => session.ended_at.unwrap_or(session.ends_at),
    };
    (from.floor_second(), to.floor_second())
}

/// Until when someone who did not check out was there: now, or the end of the session.
pub fn present_until(session: &Model, now: Instant) -> Instant {
    window(session, now).1.min(now.floor_second())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::sessions::entity::Speakers;
    use uuid::Uuid;

    pub fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    pub fn session(starts_at: &str, ends_at: &str) -> Model {
        Model {
            id: Uuid::nil(),
            workshop_id: Uuid::nil(),
            title: "Ouverture".into(),
            description: String::new(),
            speakers: Speakers::default(),
            join_url: None,
            check_in_code: None,
            starts_at: at(starts_at),
            ends_at: at(ends_at),
            state: State::Scheduled,
            started_at: None,
            ended_at: None,
            created_at: at(starts_at),
        }
    }

    #[test]
    fn runs_by_its_times_from_a_quarter_of_an_hour_before() {
        let session = session("2020-08-27T09:00:00Z", "2020-08-27T10:00:00Z");
        for (now, running) in [
            ("2020-08-27T08:44:59.999999Z", false),
            ("2020-08-27T08:45:00Z", true),
            ("2020-08-27T09:59:59.999999Z", true),
            ("2020-08-27T10:00:00Z", false),
        ] {
            assert_eq!(runs(&session, at(now)), running, "{now}");
        }
    }

    #[test]
    fn runs_from_start_to_end_whatever_its_times() {
        let mut session = session("2020-08-27T09:00:00Z", "2020-08-27T10:00:00Z");
        let (early, late) = (at("2020-08-27T08:00:00.7Z"), at("2020-08-27T12:00:00.9Z"));
        session.state = State::Running;
        session.started_at = Some(early);
        assert!(runs(&session, early) && runs(&session, late));
        assert_eq!(
            window(&session, late),
            (at("2020-08-27T08:00:00Z"), at("2020-08-27T12:00:00Z"))
        );
        session.state = State::Ended;
        session.ended_at = Some(at("2020-08-27T09:30:00.5Z"));
        assert!(!runs(&session, early) && !runs(&session, late));
        assert_eq!(
            window(&session, late),
            (at("2020-08-27T08:00:00Z"), at("2020-08-27T09:30:00Z"))
        );
    }

    #[test]
    fn a_cancelled_session_counts_for_nothing() {
        let mut session = session("2020-08-27T09:00:00Z", "2020-08-27T10:00:00Z");
        session.state = State::Cancelled;
        let (from, to) = window(&session, at("2020-08-27T09:30:00Z"));
        assert_eq!(from, to);
        assert!(!runs(&session, at("2020-08-27T09:30:00Z")));
    }
}
