//! What happens to a ballot: by an organiser, each act safe to repeat, or by the instance itself
//! when its time has come. The decision lies with the ballot's locked row and the database's clock.
//!
//! What was opened can be closed, published or cancelled even after its workshop was archived.

use actix_web::web::{Data, Path};
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, DatabaseTransaction, QueryOrder, QuerySelect, TransactionTrait};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entity::{State, ballot};
use super::opening::{self, Opened};
use super::representation::Ballot;
use super::{casting, closing, letters, listed, of_person, routes};
use crate::app::App;
use crate::http::{Answer, Caller, Code, Fault, IfMatch, Json, OptionalJson, Problem, Reply, rules};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::mail::{self, Letter};
use crate::registrations::{hold_workshop, organisers};

/// What the journal keeps of where a transition began.
#[derive(Serialize)]
struct Before {
    state: State,
}

/// What the journal keeps of where it led.
#[derive(Serialize)]
struct Transition<'a> {
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    roll_size: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> From<&'a ballot::Model> for Transition<'a> {
    fn from(row: &'a ballot::Model) -> Self {
        Self {
            state: row.state,
            roll_size: row.roll_size,
            reason: row.reason.as_deref(),
        }
    }
}

/// The ballot, locked against any other change, in the version the caller means.
pub async fn take(
    on: &impl ConnectionTrait,
    caller: &Caller,
    id: Uuid,
    if_match: &IfMatch,
) -> Result<ballot::Model, Problem> {
    let row = ballot::lock(on, id).await?;
    if_match.check(routes::show(on, caller, row.clone()).await?)?;
    Ok(row)
}

/// Writes the act's line in the journal, commits both, and shows the ballot as it became.
async fn settle(
    transaction: DatabaseTransaction,
    caller: &Caller,
    act: &'static str,
    before: State,
    row: ballot::Model,
) -> Answer<Ballot> {
    let (before, after) = (Before { state: before }, Transition::from(&row));
    let act = Act::new(act, "ballot", row.id).before(&before).after(&after);
    journal::write(&transaction, caller, act).await?;
    let ballot = routes::show(&transaction, caller, row).await?;
    transaction.commit().await?;
    Ok(Reply::ok(ballot))
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"confirm_small": true}))]
pub struct Opening {
    /// Needed when fewer than 5 people are on the roll: the result may then betray votes
    #[serde(default)]
    #[garde(skip)]
    confirm_small: bool,
}

/// Open a ballot
///
/// Checks it, computes the roll and freezes everything. Needs no body. Safe to repeat.
#[utoipa::path(post, path = "/v1/ballots/{ballot_id}/open", request_body(content = Opening), responses((status = 200, body = Ballot)))]
pub async fn open(
    mut caller: Caller,
    id: Path<Uuid>,
    if_match: IfMatch,
    body: OptionalJson<Opening>,
) -> Answer<Ballot> {
    let transaction = caller.begin().await?;
    let row = take(&transaction, &caller, *id, &if_match).await?;
    if row.state == State::Open {
        return Ok(Reply::ok(routes::show(&transaction, &caller, row).await?));
    }
    row.must_be_draft()?;
    let (transaction, opened) = opening::open(transaction, &caller.app, row, body.0.confirm_small).await?;
    let Opened { ballot, people } = opened;
    let settled = settle(transaction, &caller, "open", State::Draft, ballot.clone()).await?;
    listed::keep(&caller.app, &ballot, people).await;
    Ok(settled)
}

/// Close a ballot
///
/// From this instant no vote is taken. The count follows at once; `counted_at` tells when it is
/// done. Safe to repeat; on a ballot whose count stopped it starts the count again.
#[utoipa::path(post, path = "/v1/ballots/{ballot_id}/close", responses((status = 200, body = Ballot)))]
pub async fn close(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Ballot> {
    let transaction = caller.begin_lasting().await?;
    let row = take(&transaction, &caller, *id, &if_match).await?;
    match row.state {
        State::Open => {
            let row = closing::close(&transaction, &caller.app, row).await?;
            journal::write(
                &transaction,
                &caller,
                Act::new("close", "ballot", *id)
                    .before(&Before { state: State::Open })
                    .after(&Transition::from(&row)),
            )
            .await?;
        }
        State::Closed | State::Published => {}
        State::Draft | State::Cancelled | State::Annulled => {
            return Err(Problem::state(Code::BallotNotOpen, row.state));
        }
    }
    transaction.commit().await?;
    closing::count_soon(&caller.app, *id).await;
    Ok(Reply::ok(
        routes::load(&caller.app.store.snapshot().await?, &caller, *id).await?,
    ))
}

/// Publish the result
///
/// From now on everyone of the workshop sees the tally. Everyone on the roll gets one and the same
/// letter, with the checkpoint that anchors the result. Safe to repeat.
#[utoipa::path(post, path = "/v1/ballots/{ballot_id}/publish", responses((status = 200, body = Ballot)))]
pub async fn publish(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Ballot> {
    let transaction = caller.begin_lasting().await?;
    let row = take(&transaction, &caller, *id, &if_match).await?;
    if row.state == State::Published {
        return Ok(Reply::ok(routes::show(&transaction, &caller, row).await?));
    }
    super::tally::must_be_counted(&row)?;
    if row.state != State::Closed {
        return Err(Problem::state(Code::BallotNotClosed, row.state));
    }
    let mut changed: ballot::ActiveModel = row.into();
    changed.state = Set(State::Published);
    changed.published_at = Set(Some(
        caller.app.store.ballot_now(&transaction, &caller.app.ambient).await?,
    ));
    let row = changed.update(&transaction).await?;
    letters::announce(&transaction, &caller.app, &row).await?;
    let published = settle(transaction, &caller, "publish", State::Closed, row).await?;
    caller.app.mail.wake();
    Ok(published)
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Un logo manquait sur le bulletin."}))]
pub struct Cancellation {
    /// Stays on record for ever
    #[garde(length(chars, min = 1, max = 1000), custom(rules::line))]
    reason: String,
}

/// Cancel a ballot
///
/// In draft or open. Nothing of what was voted is ever shown; the reason stays. Safe to repeat.
#[utoipa::path(post, path = "/v1/ballots/{ballot_id}/cancel", request_body = Cancellation, responses((status = 200, body = Ballot)))]
pub async fn cancel(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, body: Json<Cancellation>) -> Answer<Ballot> {
    let transaction = caller.begin_lasting().await?;
    let row = take(&transaction, &caller, *id, &if_match).await?;
    match row.state {
        State::Cancelled => return Ok(Reply::ok(routes::show(&transaction, &caller, row).await?)),
        State::Closed | State::Published | State::Annulled => {
            return Err(Problem::state(Code::WrongState, row.state));
        }
        State::Draft | State::Open => {}
    }
    let before = row.state;
    casting::destroy(&transaction, *id).await?;
    of_person::forget_erased(&transaction, *id).await?;
    let mut changed: ballot::ActiveModel = row.into();
    changed.state = Set(State::Cancelled);
    changed.cancelled_at = Set(Some(
        caller.app.store.ballot_now(&transaction, &caller.app.ambient).await?,
    ));
    changed.reason = Set(Some(body.0.reason));
    changed.sealed_key = Set(None);
    let row = changed.update(&transaction).await?;
    let cancelled = settle(transaction, &caller, "cancel", before, row).await?;
    caller.app.store.truncate_log().await;
    Ok(cancelled)
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Deux candidats avaient échangé leurs logos."}))]
pub struct Annulment {
    /// Stays on record for ever
    #[garde(length(chars, min = 1, max = 1000), custom(rules::line))]
    reason: String,
}

/// Annul a ballot
///
/// Once counted: the result no longer stands. Tally and audit bundle stay, for everyone of the
/// workshop, so that no result can be seen and buried; so does the reason. Safe to repeat.
#[utoipa::path(post, path = "/v1/ballots/{ballot_id}/annul", request_body = Annulment, responses((status = 200, body = Ballot)))]
pub async fn annul(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, body: Json<Annulment>) -> Answer<Ballot> {
    let transaction = caller.begin_lasting().await?;
    let row = take(&transaction, &caller, *id, &if_match).await?;
    if row.state == State::Annulled {
        return Ok(Reply::ok(routes::show(&transaction, &caller, row).await?));
    }
    super::tally::must_be_counted(&row)?;
    let before = row.state;
    let mut changed: ballot::ActiveModel = row.into();
    changed.state = Set(State::Annulled);
    changed.annulled_at = Set(Some(
        caller.app.store.ballot_now(&transaction, &caller.app.ambient).await?,
    ));
    changed.reason = Set(Some(body.0.reason));
    let row = changed.update(&transaction).await?;
    settle(transaction, &caller, "annul", before, row).await
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"closes_at": "2020-08-28T18:00:00Z", "reason": "Panne de réseau à Kankan."}))]
pub struct Extension {
    /// Later than now planned
    #[garde(skip)]
    closes_at: Instant,
    /// Stays in the journal
    #[garde(length(chars, min = 1, max = 1000), custom(rules::line))]
    reason: String,
}

/// Extend a ballot
///
/// Moves its closing later, never sooner, and only before it has passed. Safe to repeat.
#[utoipa::path(post, path = "/v1/ballots/{ballot_id}/extend", request_body = Extension, responses((status = 200, body = Ballot)))]
pub async fn extend(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, body: Json<Extension>) -> Answer<Ballot> {
    let transaction = caller.begin().await?;
    let row = take(&transaction, &caller, *id, &if_match).await?;
    if row.state != State::Open {
        return Err(Problem::state(Code::BallotNotOpen, row.state));
    }
    let planned = row.closes_at.ok_or(Code::BallotWithoutClosing)?;
    if planned == body.0.closes_at {
        return Ok(Reply::ok(routes::show(&transaction, &caller, row).await?));
    }
    // Asked after the lock: what has passed is closed, even if its closer is late.
    let now = caller.app.store.ballot_now(&transaction, &caller.app.ambient).await?;
    if planned <= now {
        return Err(Problem::state(Code::BallotNotOpen, State::Closed));
    }
    if body.0.closes_at < planned {
        return Err(Fault::new("/closes_at", "not_later").into());
    }
    let before = serde_json::json!({ "closes_at": planned });
    let line = serde_json::json!({ "closes_at": body.0.closes_at, "reason": body.0.reason });
    let mut changed: ballot::ActiveModel = row.into();
    changed.closes_at = Set(Some(body.0.closes_at));
    let row = changed.update(&transaction).await?;
    journal::write(
        &transaction,
        &caller,
        Act::new("extend", "ballot", *id).before(&before).after(&line),
    )
    .await?;
    let ballot = routes::show(&transaction, &caller, row).await?;
    transaction.commit().await?;
    Ok(Reply::ok(ballot))
}

/// Opens and closes what is due and counts what is closed; any process may, exactly one does.
pub async fn run_due(app: &Data<App>) -> Result<(), Problem> {
    use ballot::{Column, Entity};
    let reader = app.store.reader();
    let now = app.store.ballot_now(reader, &app.ambient).await?;
    let due = Condition::any()
        .add(
            Condition::all()
                .add(Column::State.eq(State::Draft))
                .add(Column::OpensAt.lte(now))
                .add(Column::OpeningFailed.is_null()),
        )
        .add(
            Condition::all()
                .add(Column::State.eq(State::Open))
                .add(Column::ClosesAt.lte(now)),
        )
        .add(
            Condition::all()
                .add(Column::State.eq(State::Closed))
                .add(Column::CountedAt.is_null())
                .add(Column::CountFailed.is_null()),
        );
    let due: Vec<(Uuid, Uuid, State)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::WorkshopId, Column::State])
        .filter(due)
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(reader)
        .await?;
    super::frozen::forget_destroyed(reader, app).await?;
    for (id, workshop_id, state) in &due {
        let done = match state {
            State::Draft => open_on_schedule(app, *id, *workshop_id).await,
            State::Open => close_on_schedule(app, *id).await,
            State::Closed | State::Published | State::Cancelled | State::Annulled => Ok(()),
        };
        // One that cannot be handled holds up no other; it comes round again.
        if let Err(problem) = done {
            tracing::error!(ballot = %id, ?state, %problem, "a ballot that is due could not be handled");
        }
    }
    // Counting may take its time, and nothing that is due waits for it.
    for (id, ..) in due.iter().filter(|(.., state)| *state != State::Draft) {
        closing::count_soon(app, *id).await;
    }
    Ok(())
}

async fn open_on_schedule(app: &Data<App>, id: Uuid, workshop_id: Uuid) -> Result<(), Problem> {
    let transaction = app.store.write().await?;
    // As everyone locks: the workshop, whose organisers may be written to, then the rest.
    hold_workshop(&transaction, workshop_id).await?;
    let row = ballot::lock(&transaction, id).await?;
    let now = app.store.ballot_now(&transaction, &app.ambient).await?;
    let due =
        row.state == State::Draft && row.opening_failed.is_none() && row.opens_at.is_some_and(|opens| opens <= now);
    if !due {
        return Ok(());
    }
    // What was begun of an opening that is refused goes; that it was refused is written in its place,
    // under the same lock, so that one scheduler alone refuses.
    let attempt = transaction.begin().await?;
    match opening::open(attempt, app, row, false).await {
        Ok((attempt, Opened { ballot, people })) => {
            attempt.commit().await?;
            let after = Transition::from(&ballot);
            by_schedule(
                &transaction,
                app,
                workshop_id,
                Act::new("open", "ballot", id)
                    .before(&Before { state: State::Draft })
                    .after(&after),
            )
            .await?;
            transaction.commit().await?;
            listed::keep(app, &ballot, people).await;
        }
        // Too busy is no refusal: it comes round again.
        Err(problem) if problem.code.status() >= 500 => return Err(problem),
        Err(problem) => {
            let code = problem.code.as_str();
            let refused = ballot::ActiveModel {
                id: Set(id),
                opening_failed: Set(Some(code.to_owned())),
                ..Default::default()
            };
            ballot::Entity::update(refused).exec(&transaction).await?;
            by_schedule(
                &transaction,
                app,
                workshop_id,
                Act::new("opening_refused", "ballot", id).after(&code),
            )
            .await?;
            tell_organisers(&transaction, app, workshop_id, id, code).await?;
            transaction.commit().await?;
            app.mail.wake();
            tracing::warn!(ballot = %id, code, "a scheduled opening was refused");
        }
    }
    Ok(())
}

/// A letter to everyone who organises the workshop, in the language of each.
async fn tell_organisers(
    on: &impl ConnectionTrait,
    app: &App,
    workshop_id: Uuid,
    ballot_id: Uuid,
    reason: &str,
) -> Result<(), Problem> {
    let organisers = organisers(on, workshop_id).await?;
    let letters = organisers.iter().map(|organiser| {
        let to = (organiser.recipient.as_str(), organiser.address.as_str());
        Letter::opening_refused(to, organiser.language, workshop_id, ballot_id, reason)
    });
    mail::enqueue_all(on, &app.ambient, letters).await
}

async fn close_on_schedule(app: &App, id: Uuid) -> Result<(), Problem> {
    let transaction = app.store.write().await?;
    let row = ballot::lock(&transaction, id).await?;
    let now = app.store.ballot_now(&transaction, &app.ambient).await?;
    if row.state != State::Open || row.closes_at.is_none_or(|closes| now < closes) {
        return Ok(());
    }
    let workshop_id = row.workshop_id;
    let row = closing::close(&transaction, app, row).await?;
    let after = Transition::from(&row);
    by_schedule(
        &transaction,
        app,
        workshop_id,
        Act::new("close", "ballot", id)
            .before(&Before { state: State::Open })
            .after(&after),
    )
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// The journal's line of an act by the instance itself.
async fn by_schedule(on: &impl ConnectionTrait, app: &App, workshop_id: Uuid, act: Act<'_>) -> Result<(), Problem> {
    journal::write_as(on, &app.ambient, "schedule", Some(workshop_id), act).await
}
