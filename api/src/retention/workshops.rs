//! An old workshop names nobody any more: names go from its lists, letters about it go, the salts of
//! its rolls go, and it is archived, so that nobody puts names back. All of it stays as it was counted.
//!
//! A workshop waits while one of its ballots is open or not counted yet.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Statement};
use serde_json::json;

use super::{Mode, Tell};
use crate::app::App;
use crate::http::Problem;
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::workshops::{State, entity as workshop};
use crate::{ballots, mail, registrations};

/// Of a workshop `w`: its time is over. `$1` is the first day that is not.
pub const OVER: &str = "w.last_day < $1 AND NOT EXISTS (SELECT 1 FROM ballot b WHERE b.workshop_id = w.id \
    AND (b.state = 'open' OR (b.state = 'closed' AND b.counted_at IS NULL)))";

#[derive(FromQueryResult)]
struct Due {
    id: Uuid,
    named: i64,
}

/// The first day whose workshops are kept.
pub fn day(before: Instant) -> String {
    before.timestamp().strftime("%Y-%m-%d").to_string()
}

async fn due(on: &impl ConnectionTrait, before: Instant) -> Result<Vec<Due>, DbErr> {
    let sql = format!(
        "SELECT w.id, count(*) AS named FROM workshop w JOIN registration r ON r.workshop_id = w.id \
         WHERE r.forgotten_at IS NULL AND {OVER} GROUP BY w.id ORDER BY w.id"
    );
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, [day(before).into()]);
    Due::find_by_statement(statement).all(on).await
}

/// How many registrations are named no more, or would be.
pub async fn forget(app: &App, before: Instant, mode: Mode, tell: Tell<'_>) -> Result<u64, Problem> {
    let due = due(app.store.reader(), before).await?;
    let count = |due: &Due| u64::try_from(due.named).unwrap_or_default();
    if mode == Mode::Count {
        return Ok(due.iter().map(count).sum());
    }
    let mut rows = 0;
    for (done, workshop) in (1..).zip(&due) {
        let transaction = app.store.write().await?;
        rows += forget_one(&transaction, app, workshop.id, before).await?;
        transaction.commit().await?;
        tell(&format!("workshops: {done} of {}", due.len()));
    }
    if rows > 0 {
        app.store.truncate_log().await;
    }
    Ok(rows)
}

async fn forget_one(on: &DatabaseTransaction, app: &App, id: Uuid, before: Instant) -> Result<u64, Problem> {
    let workshop = registrations::hold_workshop(on, id).await?;
    // Held: it is looked at once more.
    let named = due(on, before).await?.into_iter().any(|due| due.id == id);
    if !named {
        return Ok(0);
    }
    if workshop.state == State::Published {
        let mut changed: workshop::ActiveModel = workshop.clone().into();
        changed.state = Set(State::Archived);
        changed.archived_at = Set(Some(app.ambient.now()));
        changed.update(on).await?;
        let (before, after) = (
            json!({ "state": State::Published }),
            json!({ "state": State::Archived }),
        );
        let act = Act::new("archive", "workshop", id).before(&before).after(&after);
        journal::write_as(on, &app.ambient, "retention", Some(id), act).await?;
    }
    mail::forget_workshop(on, id).await?;
    let rows = registrations::forget_all(on, &workshop, app.ambient.now()).await?;
    ballots::forget_rolls(on, id).await?;
    let after = json!({ "registrations": rows });
    let act = Act::new("forget", "workshop", id).after(&after);
    journal::write_as(on, &app.ambient, "retention", Some(id), act).await?;
    Ok(rows)
}
