//! Wrong check-in codes, counted per person and session in the database: a code that is shown in the
//! room has as few as four characters, and is not to be found by trying.

use sea_orm::ActiveValue::Set;
use sea_orm::Condition;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::http::Problem;
use crate::instant::{Instant, MINUTE};
use crate::retention::{Mode, remove};

/// Wrong codes before a pause.
const TRIES: i32 = 10;
/// From the first of them.
const PAUSE: i64 = 15 * MINUTE;

/// Refuses whoever has tried too often. Hold the registration first: one person's tries come one
/// after the other.
pub async fn check(
    on: &impl ConnectionTrait,
    now: Instant,
    session_id: Uuid,
    registration_id: Uuid,
) -> Result<(), Problem> {
    let ends = match find(on, now, session_id, registration_id).await? {
        Some(tries) if tries.failures >= TRIES => tries.since.plus(PAUSE),
        _ => return Ok(()),
    };
    Err(Problem::pause(ends.micros() - now.micros()))
}

/// Counts one more; the caller commits.
pub async fn count(
    on: &impl ConnectionTrait,
    now: Instant,
    session_id: Uuid,
    registration_id: Uuid,
) -> Result<(), Problem> {
    let before = find(on, now, session_id, registration_id).await?;
    let (failures, since) = before.map_or((0, now), |tries| (tries.failures, tries.since));
    let row = ActiveModel {
        session_id: Set(session_id),
        registration_id: Set(registration_id),
        failures: Set(failures + 1),
        since: Set(since),
    };
    let once_more = OnConflict::columns([Column::SessionId, Column::RegistrationId])
        .update_columns([Column::Failures, Column::Since])
        .to_owned();
    Entity::insert(row)
        .on_conflict(once_more)
        .exec_without_returning(on)
        .await?;
    Ok(())
}

/// Those that still count.
async fn find(
    on: &impl ConnectionTrait,
    now: Instant,
    session_id: Uuid,
    registration_id: Uuid,
) -> Result<Option<Model>, DbErr> {
    let tries = Entity::find_by_id((session_id, registration_id)).one(on).await?;
    Ok(tries.filter(|tries| tries.since.plus(PAUSE) > now))
}

/// Removes counts that count no more.
pub async fn sweep(on: &impl ConnectionTrait, now: Instant, mode: Mode) -> Result<u64, DbErr> {
    let spent = Column::Since.lte(now.plus(-PAUSE));
    remove::<Entity>(on, Condition::all().add(spent), mode).await
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "check_in_try")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub registration_id: Uuid,
    pub failures: i32,
    pub since: Instant,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
