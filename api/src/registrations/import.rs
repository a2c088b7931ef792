//! The import of a roster: all of it or nothing, unless told to skip what is wrong.

mod report;
mod warnings;
mod write;

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{CONTENT_LANGUAGE, VARY};
use actix_web::{CustomizeResponder, HttpMessage as _, HttpRequest, Responder as _, web};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::IntoParams;

use self::report::{ImportReport, count, refused, report, whole_fault};
use self::warnings::warnings;
use super::doubles;
use super::plan::{Outcome, Plan, plan};
use super::roster;
use super::rules::hold_workshop;
use crate::ballots;
use crate::http::csv::Cell;
use crate::http::{Caller, Code, Format, Formatted, Language, Problem, Query, Reply, read, xlsx};
use crate::journal::{self, Act};

const LIMIT: usize = 4 * 1024 * 1024;

/// As what the file may be sent. What it is, it says itself: to some browsers on Windows every CSV is
/// `vnd.ms-excel`.
const CONTENT_TYPES: [&str; 4] = [
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
    "application/octet-stream",
];

/// Reading a workbook takes memory: so many at once, the others wait.
static READING: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Options {
    /// Only tell what the import would do
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    dry_run: bool,
    /// Import the lines that are right, leave out the others
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    skip_invalid: bool,
    /// The sheet of a workbook to read, by its name; without it the first visible one with a column of
    /// addresses
    sheet: Option<String>,
}

/// Import registrations
///
/// From a spreadsheet: an XLSX workbook, of which the first visible sheet with a column of addresses
/// is read, or that named in `sheet` (`other_sheets` of the report tells which could be read too); or
/// CSV (comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252). Which it is is found out from the file, whatever the `Content-Type` and its `charset` say; at most 4 MiB and 20,000 lines.
/// Columns, in French or English: address (required), name, role, organisation, category, delegate,
/// language; see the template. Those who are new are invited; those registered already are updated with what
/// the file says and keep the rest, their state included, so that a file may be imported again. An
/// organiser's role is not changed this way, and a language is that of people without account.
/// Organisations that are named and missing are created, in the category given beside them or `other`.
/// A line whose address was merged into another registration changes nothing. Likely doubles, in the
/// file and of those registered, are told in `warnings` and hinder nothing. Nobody becomes an auditor
/// while on the roll of a ballot that is not counted yet.
///
/// All or nothing: where any line is wrong nothing is stored, and the problem `invalid_roster` names
/// each error by a pointer `/rows/{line}/{column}`, with the line as an editor or spreadsheet counts
/// it; its member `errors_total` tells how many there are where `errors`
/// ends at 1,000. With `skip_invalid=true` the other lines are imported; a dry run always answers
/// with the report.
#[utoipa::path(
    post, path = "/v1/workshops/{workshop_id}/registrations/import", params(Options),
    request_body(description = "The file itself", content(
        (String = "text/csv", example = json!("Courriel;Nom complet;Organisation;Catégorie\r\nmariama@example.org;Mariama Diallo;Kora numérique;startup\r\n")),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.ms-excel"),
        (Vec<u8> = "application/octet-stream")
    )),
    responses((status = 200, body = ImportReport)),
)]
pub async fn import(
    mut caller: Caller,
    request: HttpRequest,
    options: Query<Options>,
    payload: web::Payload,
) -> Result<CustomizeResponder<Reply<ImportReport>>, Problem> {
    let Query(options) = options;
    let language = Language::of(request.headers());
    let essence = request.content_type();
    if !CONTENT_TYPES.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        let expected = format!("Content-Type: {}", CONTENT_TYPES.join(", "));
        return Err(Problem::from(Code::UnsupportedMediaType).with("expected", expected));
    }
    let bytes = read(&request, payload.into_inner(), LIMIT).await?;
    let turn = READING.acquire().await.map_err(|_| Code::Unavailable)?;
    // Reading 20,000 lines takes its time, which others should not wait for.
    let sheet = options.sheet.clone();
    let reading = web::block(move || {
        let roster = roster::read(&bytes, sheet.as_deref());
        // Only now, even where whoever asked has hung up.
        drop(turn);
        roster
    });
    let roster = reading.await;
    let mut roster = roster
        .map_err(|_| Code::Unavailable)?
        .map_err(|fault| Problem::from(Code::InvalidRoster).faults(vec![whole_fault(&fault)]))?;

    let transaction = caller.begin().await?;
    let workshop = hold_workshop(&transaction, caller.workshop_id()?).await?;
    let known = write::Known::load(&transaction, workshop.id, &roster.rows).await?;
    let mut faults = std::mem::take(&mut roster.faults);
    let mut plan = plan(&roster.rows, &known.standing);
    let standing = doubles::standing(&transaction, workshop.id).await?;
    faults.append(&mut plan.faults);
    faults.sort_by_key(|fault| fault.line);
    if !faults.is_empty() && !options.skip_invalid && !options.dry_run {
        return Err(refused(&faults));
    }
    let written = if options.dry_run {
        HashMap::new()
    } else {
        let auditors = plan.new_auditors();
        if !auditors.is_empty() {
            let held = ballots::hold_all(&transaction, workshop.id).await?;
            ballots::check_rolls(&transaction, &held, auditors).await?;
        }
        let written = write::carry_out(&transaction, &caller, &workshop, &known, &plan).await?;
        let summary = Summary::of(&plan, &written);
        if !summary.is_idle() {
            let act = Act::new("import", "workshop", workshop.id).after(&summary);
            journal::write(&transaction, &caller, act).await?;
        }
        transaction.commit().await?;
        written
    };
    let doubts = warnings(&plan, standing);
    let report = report(&roster, &plan, (&faults, doubts), &written, options.dry_run, language);
    Ok(Reply::plain(report)
        .customize()
        .insert_header((CONTENT_LANGUAGE, language.as_str()))
        .insert_header((VARY, "accept-language")))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplateOptions {
    /// `csv` or `xlsx`; without it by `Accept`
    format: Option<String>,
}

/// Download a roster to fill in
///
/// A header and two examples to write over, in the language asked for.
#[utoipa::path(
    get, path = "/v1/workshops/{workshop_id}/registrations/template", params(TemplateOptions),
    responses((status = 200, description = "A file", content(
        (String = "text/csv", example = json!("Courriel;Nom complet;Rôle;Organisation;Catégorie;Délégué;Langue\r\n")),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    ))),
)]
pub async fn template(_caller: Caller, request: HttpRequest, options: Query<TemplateOptions>) -> Formatted<()> {
    let Query(options) = options;
    let offered = &[Format::Csv, Format::Xlsx];
    let format = Format::of(options.format.as_deref(), request.headers(), offered)?;
    let language = Language::of(request.headers());
    let name = match language {
        Language::Fr => "inscriptions",
        Language::En => "registrations",
    };
    let rows = roster::template(language);
    let bytes = match rows.split_first() {
        Some((header, examples)) if format == Format::Xlsx => {
            let cells = examples
                .iter()
                .map(|row| row.iter().map(|cell| Cell::from(*cell)).collect());
            xlsx::table(header, cells)?
        }
        _ => roster::as_csv(&rows),
    };
    format.file(name, bytes, language)
}

/// What the journal keeps of an import: no name and no address.
#[derive(Serialize)]
struct Summary {
    created: usize,
    updated: usize,
    organisations_created: usize,
    /// Those who came to more than participant by it.
    roles: HashMap<Uuid, super::Role>,
}

impl Summary {
    fn of(plan: &Plan<'_>, written: &HashMap<u64, Uuid>) -> Self {
        let roles = plan.changes.iter().filter_map(|change| {
            let before = change
                .before
                .as_ref()
                .map_or(super::Role::Participant, |place| place.role);
            let role = (change.after.role != before).then_some(change.after.role)?;
            Some((*written.get(&change.row.line)?, role))
        });
        Self {
            created: count(plan, Outcome::Created),
            updated: count(plan, Outcome::Updated),
            organisations_created: plan.organisations.len(),
            roles: roles.collect(),
        }
    }

    fn is_idle(&self) -> bool {
        self.created + self.updated + self.organisations_created == 0
    }
}
