//! Ballots that a backup finds open, or closed and not yet counted. It holds neither their votes nor
//! their keys, so that it ties nobody to a choice; what it does not hold cannot be counted. It says
//! of them what must be true once it is restored: cancelled, at the time of the backup.

use sea_orm::Condition;
use sea_orm::entity::prelude::*;
use serde_json::json;

use super::entity::{State, ballot};
use super::of_person;
use crate::ambient::Ambient;
use crate::http::Problem;
use crate::instant::Instant;
use crate::journal::{self, Act};

/// Why such a ballot is cancelled.
const REASON: &str = "restored_from_backup";

/// The ballot as a backup made at this instant holds it.
pub fn interrupted(mut row: ballot::Model, at: Instant) -> ballot::Model {
    if row.state == State::Open || (row.state == State::Closed && row.counted_at.is_none()) {
        row.state = State::Cancelled;
        row.cancelled_at = Some(at);
        row.reason = Some(REASON.to_owned());
    }
    row.sealed_key = None;
    row
}

/// How many ballots [`interrupted`] would change.
pub async fn number_interrupted(on: &impl ConnectionTrait) -> Result<u64, DbErr> {
    use ballot::Column;
    let uncounted = Condition::any().add(Column::State.eq(State::Open)).add(
        Condition::all()
            .add(Column::State.eq(State::Closed))
            .add(Column::CountedAt.is_null()),
    );
    ballot::Entity::find().filter(uncounted).count(on).await
}

/// After the rows of a backup made at that instant were restored: what a cancellation does besides
/// changing the ballot's row. Says how many there are.
pub async fn settle_interrupted(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    made_at: Instant,
) -> Result<u64, Problem> {
    use ballot::Column;
    let cancelled = ballot::Entity::find()
        .filter(Column::State.eq(State::Cancelled))
        .filter(Column::CancelledAt.eq(made_at))
        .filter(Column::Reason.eq(REASON))
        .all(on)
        .await?;
    for row in &cancelled {
        of_person::forget_erased(on, row.id).await?;
        let after = json!({"state": row.state, "roll_size": row.roll_size, "reason": row.reason});
        let act = Act::new("cancel", "ballot", row.id).after(&after);
        journal::write_as(on, ambient, "operator", Some(row.workshop_id), act).await?;
    }
    Ok(cancelled.len() as u64)
}
