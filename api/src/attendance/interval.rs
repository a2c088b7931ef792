//! One interval as the API shows it, and what staff may say of one.

use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::entity::{self, Source};
use crate::http::{Code, Etag, Fault, Problem, resource};
use crate::instant::Instant;
use crate::sessions::entity::Model as Session;
use crate::sessions::running::{self, DOORS};

/// An interval during which a person was present at a session.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "session_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
    "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "joined_at": "2020-08-27T09:02:11Z",
    "left_at": "2020-08-27T10:30:00Z", "source": "self", "created_at": "2020-08-27T09:02:11Z",
    "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Attendance {
    pub id: Uuid,
    pub session_id: Uuid,
    pub registration_id: Uuid,
    /// Whole seconds
    pub joined_at: Instant,
    /// Whole seconds; null while the person is present
    pub left_at: Option<Instant>,
    pub source: Source,
    /// When it was recorded
    created_at: Instant,
    etag: Etag,
}

resource!(Attendance);

impl Attendance {
    pub fn of(row: &entity::Model, session: &Session, now: Instant) -> Self {
        Self {
            left_at: left_at(row, session, now),
            id: row.id,
            session_id: row.session_id,
            registration_id: row.registration_id,
            joined_at: row.joined_at,
            source: row.source,
            created_at: row.created_at,
            etag: Etag::default(),
        }
    }

    /// What the journal keeps.
    pub fn facts(&self) -> serde_json::Value {
        serde_json::json!({
            "session_id": self.session_id,
            "registration_id": self.registration_id,
            "joined_at": self.joined_at,
            "left_at": self.left_at,
            "source": self.source,
        })
    }
}

/// When the person left. Who never checked out of a session that nobody ended left with its end.
pub fn left_at(row: &entity::Model, session: &Session, now: Instant) -> Option<Instant> {
    let over = !running::runs(session, now);
    row.left_at
        .or_else(|| over.then(|| running::present_until(session, now).max(row.joined_at)))
}

/// Whether staff may state this interval of a session, now.
pub fn check(session: &Session, joined_at: Instant, left_at: Option<Instant>, now: Instant) -> Result<(), Problem> {
    if session.state == crate::sessions::State::Cancelled {
        return Err(Problem::state(Code::WrongState, session.state));
    }
    let mut faults = Vec::new();
    let (from, to) = running::window(session, now);
    let doors = from.plus(-DOORS);
    if joined_at > now {
        faults.push(Fault::new("/joined_at", "in_the_future"));
    } else if joined_at < doors || joined_at >= to {
        let fault = Fault::new("/joined_at", "outside_session");
        faults.push(fault.with("from", doors).with("to", to));
    }
    if let Some(left_at) = left_at {
        if left_at > now {
            faults.push(Fault::new("/left_at", "in_the_future"));
        } else if left_at <= joined_at {
            faults.push(Fault::new("/left_at", "ends_before_start"));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::from(Code::Invalid).faults(faults))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::running::tests::{at, session};

    fn faults(joined_at: &str, left_at: &str, now: &str) -> Vec<(String, String)> {
        let morning = session("2020-08-27T09:00:00Z", "2020-08-27T10:00:00Z");
        let Err(problem) = check(&morning, at(joined_at), Some(at(left_at)), at(now)) else {
            return Vec::new();
        };
        let body = problem.body(crate::http::Language::En, "", "");
        body.errors
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect()
    }

    #[test]
    fn an_interval_begins_between_doors_and_end() {
        let later = "2020-08-28T00:00:00Z";
        let outside = [("/joined_at".to_owned(), "outside_session".to_owned())];
        assert_eq!(faults("2020-08-27T08:45:00Z", "2020-08-27T12:00:00Z", later), []);
        assert_eq!(faults("2020-08-27T09:59:59Z", "2020-08-27T10:00:00Z", later), []);
        assert_eq!(faults("2020-08-27T08:44:59Z", "2020-08-27T09:30:00Z", later), outside);
        assert_eq!(faults("2020-08-27T10:00:00Z", "2020-08-27T10:30:00Z", later), outside);
        let reversed = [("/left_at".to_owned(), "ends_before_start".to_owned())];
        assert_eq!(faults("2020-08-27T09:10:00Z", "2020-08-27T09:10:00Z", later), reversed);
    }

    #[test]
    fn nothing_is_recorded_before_it_happened() {
        let now = "2020-08-27T09:30:00.5Z";
        let future = |pointer: &str| [(pointer.to_owned(), "in_the_future".to_owned())];
        assert_eq!(faults("2020-08-27T09:00:00Z", "2020-08-27T09:30:00Z", now), []);
        assert_eq!(
            faults("2020-08-27T09:00:00Z", "2020-08-27T09:30:01Z", now),
            future("/left_at")
        );
    }

    #[test]
    fn who_never_checked_out_left_with_the_end() {
        let morning = session("2020-08-27T09:00:00Z", "2020-08-27T10:00:00Z");
        let row = entity::Model {
            id: Uuid::nil(),
            workshop_id: Uuid::nil(),
            session_id: Uuid::nil(),
            registration_id: Uuid::nil(),
            joined_at: at("2020-08-27T09:05:00Z"),
            left_at: None,
            source: Source::Own,
            created_at: at("2020-08-27T09:05:00Z"),
        };
        assert_eq!(left_at(&row, &morning, at("2020-08-27T09:59:59Z")), None);
        assert_eq!(
            left_at(&row, &morning, at("2020-08-29T00:00:00Z")),
            Some(at("2020-08-27T10:00:00Z"))
        );
    }
}
