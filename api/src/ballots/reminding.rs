//! Reminding: one letter to everyone on the roll of an open ballot, those who have voted included,
//! and so seldom that nobody is pestered. That it is seldom is decided under the ballot's lock and by
//! the database's clock, like all that happens to a ballot.

use actix_web::web::Path;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::entity::{State, ballot};
use super::{letters, lifecycle};
use crate::http::{Answer, Caller, Code, IfMatch, Problem, Reply};
use crate::instant::{HOUR, Instant};
use crate::journal::{self, Act};
use crate::mail::Kind;

/// From one reminder to the next.
const PAUSE: i64 = HOUR;

/// A reminder of a ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"recipients": 42, "reminded_at": "2020-08-28T15:30:00Z", "next_possible_at": "2020-08-28T16:30:00Z"}))]
pub struct Reminder {
    /// How many people were written to: all of the roll, but those who have erased their account
    recipients: i32,
    /// When the letters were put in the outbox
    reminded_at: Instant,
    /// An hour later; until then, asking again answers with this reminder and writes to nobody
    next_possible_at: Instant,
}

impl Reminder {
    fn new(recipients: i32, reminded_at: Instant) -> Self {
        Self {
            recipients,
            reminded_at,
            next_possible_at: reminded_at.plus(PAUSE),
        }
    }

    /// The latest one of a ballot.
    fn latest(row: &ballot::Model) -> Option<Self> {
        Some(Self::new(row.reminded?, row.reminded_at?))
    }

    /// Whether it is too early for another.
    fn stands(&self, now: Instant) -> bool {
        now < self.next_possible_at
    }
}

/// Remind of a ballot
///
/// While it is open: one letter to everyone on the roll, in the language of each, whether they have
/// voted or not, so that no letter tells who has. At most once an hour; asked again within that hour,
/// it answers with the reminder that was sent, and writes to nobody. Needs no body.
#[utoipa::path(post, path = "/v1/ballots/{ballot_id}/remind", responses((status = 200, body = Reminder)))]
pub async fn remind(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Reminder> {
    let transaction = caller.begin().await?;
    let row = lifecycle::take(&transaction, &caller, *id, &if_match).await?;
    if row.state != State::Open {
        return Err(Problem::state(Code::BallotNotOpen, row.state));
    }
    // Asked after the lock: what has passed is closed, even if its closer is late.
    let now = caller.app.store.ballot_now(&transaction, &caller.app.ambient).await?;
    if row.closes_at.is_some_and(|closes| closes <= now) {
        return Err(Problem::state(Code::BallotNotOpen, State::Closed));
    }
    if let Some(reminder) = Reminder::latest(&row).filter(|latest| latest.stands(now)) {
        return Ok(Reply::plain(reminder));
    }
    let recipients = letters::to_roll(&transaction, &caller.app, &row, Kind::Reminder).await?;
    let reminder = Reminder::new(i32::try_from(recipients).map_err(|_| Code::Internal)?, now);
    let changed = ballot::ActiveModel {
        id: Set(row.id),
        reminded_at: Set(Some(reminder.reminded_at)),
        reminded: Set(Some(reminder.recipients)),
        ..Default::default()
    };
    ballot::Entity::update(changed).exec(&transaction).await?;
    let act = Act::new("remind", "ballot", *id).after(&reminder);
    journal::write(&transaction, &caller, act).await?;
    transaction.commit().await?;
    caller.app.mail.wake();
    Ok(Reply::plain(reminder))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_reminder_stands_for_an_hour_to_the_microsecond(at in 0..1_i64 << 55, early in 1..PAUSE, late in 0..1_i64 << 55) {
            let reminder = Reminder::new(1, Instant::from_micros(at));
            let end = Instant::from_micros(at).plus(PAUSE);
            prop_assert!(reminder.stands(end.plus(-1)) && reminder.stands(end.plus(-early)));
            prop_assert!(!reminder.stands(end) && !reminder.stands(end.plus(late)));
            // A clock that was set back writes to nobody either.
            prop_assert!(reminder.stands(Instant::from_micros(at - 1)));
        }
    }
}
