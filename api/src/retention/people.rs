//! Accounts that have no place left in any workshop and were not used for as long: erased as if their
//! holders had done it. Administrators stay.

use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, Statement};

use super::workshops::{OVER, day};
use super::{Mode, Tell};
use crate::app::App;
use crate::http::Problem;
use crate::identity::{self, person::ERASED};
use crate::instant::Instant;

/// How many are told of at once.
const STEP: usize = 100;

/// Of everyone, or of one; `$1` and `$2` say since when workshops and accounts are kept.
async fn idle(
    on: &impl ConnectionTrait,
    before: Instant,
    now: Instant,
    only: Option<Uuid>,
) -> Result<Vec<Uuid>, DbErr> {
    let one = if only.is_some() { "AND p.id = $4" } else { "" };
    let sql = format!(
        "SELECT p.id FROM person p WHERE p.created_at < $2 AND NOT p.administrator \
         AND p.address NOT LIKE '%{ERASED}' {one} \
         AND NOT EXISTS (SELECT 1 FROM sign_in s WHERE s.person_id = p.id \
             AND (s.created_at >= $2 OR (s.revoked_at IS NULL AND s.expires_at > $3))) \
         AND NOT EXISTS (SELECT 1 FROM registration r JOIN workshop w ON w.id = r.workshop_id \
             WHERE r.person_id = p.id AND r.forgotten_at IS NULL AND NOT ({OVER})) ORDER BY p.id"
    );
    let mut values: Vec<sea_orm::Value> = vec![day(before).into(), before.micros().into(), now.micros().into()];
    values.extend(only.map(sea_orm::Value::from));
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    let rows = on.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// How many people are erased, or would be.
pub async fn erase(app: &App, before: Instant, mode: Mode, tell: Tell<'_>) -> Result<u64, Problem> {
    let now = app.ambient.now();
    let idle_now = idle(app.store.reader(), before, now, None).await?;
    if mode == Mode::Count {
        return Ok(idle_now.len() as u64);
    }
    let mut erased = 0;
    for (done, id) in (1..).zip(&idle_now) {
        let transaction = app.store.write().await?;
        let still = async |on: &sea_orm::DatabaseTransaction| Ok(!idle(on, before, now, Some(*id)).await?.is_empty());
        match identity::erase(&transaction, app, *id, still).await {
            Ok(true) => {
                transaction.commit().await?;
                erased += 1;
            }
            Ok(false) => {}
            Err(problem) if problem.code.status() >= 500 => return Err(problem),
            // One who cannot go yet holds up no other; they come round again.
            Err(problem) => tracing::warn!(person = %id, %problem, "someone whose time is over was not erased"),
        }
        if done % STEP == 0 || done == idle_now.len() {
            tell(&format!("people: {done} of {}", idle_now.len()));
        }
    }
    if erased > 0 {
        app.store.truncate_log().await;
    }
    Ok(erased)
}
