//! The tally: what was counted, as stored when it was; for programs, and for people as a chart and
//! a table.

mod picture;

use actix_web::HttpRequest;
use actix_web::web::Path;
use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::choice::Method;
use super::counting::{Count, Outcome, Working};
use super::entity::{State, ballot};
use super::quorum::Quorum;
use crate::http::{Caller, Code, Etag, Format, Formatted, Language, Problem, Query, Reply, SUPERVISION, csv, resource};
use crate::instant::Instant;

/// The count of a closed ballot, with its whole working.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "ballot_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "state": "published", "reason": null, "method": "plurality", "roll": 42, "votes": 40, "blanks": 1, "valid": 39,
    "outcome": {"winners": ["01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51"], "tie": false},
    "working": {"method": "plurality", "counts": [
        {"candidate": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "votes": 22}, {"candidate": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d52", "votes": 17}]},
    "quorum": {"percent": 25, "needed": 11, "blanks_count": true, "votes": 40, "reached": true},
    "closed_at": "2020-08-28T16:00:00Z", "counted_at": "2020-08-28T16:00:01Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Tally {
    ballot_id: Uuid,
    state: State,
    /// Why it was annulled
    reason: Option<String>,
    method: Method,
    /// How many were entitled to vote
    roll: i32,
    /// How many voted
    votes: u64,
    /// How many of these were blank
    blanks: u64,
    /// How many chose something
    valid: u64,
    outcome: Outcome,
    working: Working,
    /// Null when the ballot asks for none
    quorum: Option<Quorum>,
    closed_at: Option<Instant>,
    counted_at: Option<Instant>,
    etag: Etag,
}

resource!(Tally);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Form {
    /// `json`, `svg` or `csv`; without it, what `Accept` asks for
    #[param(example = "svg")]
    format: Option<String>,
}

/// JSON first: it is for whoever does not say.
const FORMATS: &[Format] = &[Format::Json, Format::Svg, Format::Csv];

/// Read the tally
///
/// For organisers and auditors once the ballot is closed and counted, for everyone of the workshop
/// once it is published or annulled. Nobody sees any count before. As SVG it is a chart that shows
/// the result and tells it in words, to be put on a page as it is; as CSV a table with a line for
/// each candidate, for each candidate of each round, or for each pair; both with words in the
/// language of `Accept-Language`.
#[utoipa::path(get, path = "/v1/ballots/{ballot_id}/tally", params(Form), responses((status = 200, description = "The tally",
    content((Tally = "application/json"),
        (String = "image/svg+xml", example = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 360 412\" width=\"100%\" role=\"img\" …"),
        (String = "text/csv", example = "Candidat,Nom,Voix,% des exprimés,Résultat,Inscrits,Votes,Blancs,Exprimés,Réserves")))))]
pub async fn read_tally(caller: Caller, id: Path<Uuid>, form: Query<Form>, request: HttpRequest) -> Formatted<Tally> {
    let format = Format::of(form.0.format.as_deref(), request.headers(), FORMATS)?;
    let snapshot = caller.app.store.snapshot().await?;
    let row = ballot::find(&snapshot, *id).await?;
    if matches!(row.state, State::Draft | State::Open | State::Cancelled) {
        return Err(Problem::state(Code::BallotNotClosed, row.state));
    }
    if !row.is_public() && !caller.is(SUPERVISION) {
        return Err(Code::NotAllowed.into());
    }
    let count = must_be_counted(&row)?;
    if format != Format::Json {
        let language = Language::of(request.headers());
        let name = picture::name(&row, language);
        let chart = picture::chart(&snapshot, row, count, format, language).await?;
        let bytes = if format == Format::Svg {
            chart.svg().into_bytes()
        } else {
            let table = chart.table();
            let header: Vec<&str> = table.header.iter().map(String::as_str).collect();
            csv::table(&header, table.lines)
        };
        return format.file(&name, bytes, language);
    }
    Reply::ok(Tally {
        quorum: row.quorum(row.roll(), count.votes, Some(count.blanks)),
        ballot_id: row.id,
        state: row.state,
        reason: row.reason.clone(),
        method: row.method()?,
        roll: row.roll_size.unwrap_or_default(),
        votes: count.votes,
        blanks: count.blanks,
        valid: count.valid,
        outcome: count.outcome,
        working: count.working,
        closed_at: row.closed_at,
        counted_at: row.counted_at,
        etag: Etag::default(),
    })
    .or_file()
}

/// The count, or the problem that says why there is none yet.
pub fn must_be_counted(row: &ballot::Model) -> Result<Count, Problem> {
    if !matches!(row.state, State::Closed | State::Published | State::Annulled) {
        return Err(Problem::state(Code::BallotNotClosed, row.state));
    }
    if let Some(why) = &row.count_failed {
        return Err(Problem::from(Code::BallotCountFailed).with("why", why));
    }
    let Some(tally) = row.tally.clone().filter(|_| row.counted_at.is_some()) else {
        return Err(Code::BallotCounting.into());
    };
    serde_json::from_value(tally).map_err(|_| Code::Internal.into())
}
