//! The import of a roster: all of it or nothing, unless told to skip what is wrong.

mod report;
mod write;

use std::collections::HashMap;

use actix_web::http::header::{CONTENT_LANGUAGE, VARY};
use actix_web::{CustomizeResponder, HttpMessage as _, HttpRequest, Responder as _, web};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use self::report::{ImportReport, count, refused, report, whole_fault};
use super::plan::{Outcome, Plan, plan};
use super::roster;
use super::rules::hold_workshop;
use crate::http::{Caller, Code, File, Language, Problem, Query, Reply, read};
use crate::journal::{self, Act};

const LIMIT: usize = 4 * 1024 * 1024;

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
}

/// Import registrations
///
/// From a spreadsheet saved as CSV (comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252, found
/// out from the file whatever the `charset` says), at most 4 MiB and 20,000 lines. Columns, in
/// French or English: address (required), name, role, organisation, category, delegate, language;
/// see the template. Those who are new are invited; those registered already are updated with what
/// the file says and keep the rest, their state included, so that a file may be imported again. An
/// organiser's role is not changed this way, and a language is that of people without account.
/// Organisations that are named and missing are created, in the category given beside them or `other`.
///
/// All or nothing: where any line is wrong nothing is stored, and the problem `invalid_roster` names
/// each error by a pointer `/rows/{line}/{column}`, with the line as an editor or spreadsheet counts
/// it, the header being line 1; its member `errors_total` tells how many there are where `errors`
/// ends at 1,000. With `skip_invalid=true` the other lines are imported; a dry run always answers
/// with the report.
#[utoipa::path(
    post, path = "/v1/workshops/{workshop_id}/registrations/import", params(Options),
    request_body(content = String, content_type = "text/csv", example = json!("Courriel;Nom complet;Organisation;Catégorie\r\nmariama@example.org;Mariama Diallo;Kora numérique;startup\r\n")),
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
    if !request.content_type().eq_ignore_ascii_case("text/csv") {
        return Err(Problem::from(Code::UnsupportedMediaType).with("expected", "Content-Type: text/csv"));
    }
    let bytes = read(&request, payload.into_inner(), LIMIT).await?;
    // Reading 20,000 lines takes its time, which others should not wait for.
    let roster = web::block(move || roster::read(&bytes)).await;
    let mut roster = roster
        .map_err(|_| Code::Unavailable)?
        .map_err(|fault| Problem::from(Code::InvalidRoster).faults(vec![whole_fault(&fault)]))?;

    let transaction = caller.begin().await?;
    let workshop = hold_workshop(&transaction, caller.workshop_id()?).await?;
    let known = write::Known::load(&transaction, workshop.id, &roster.rows).await?;
    let mut faults = std::mem::take(&mut roster.faults);
    let mut plan = plan(&roster.rows, &known.standing);
    faults.append(&mut plan.faults);
    faults.sort_by_key(|fault| fault.line);
    if !faults.is_empty() && !options.skip_invalid && !options.dry_run {
        return Err(refused(&faults));
    }
    let written = if options.dry_run {
        HashMap::new()
    } else {
        let written = write::carry_out(&transaction, &caller, &workshop, &known, &plan).await?;
        let summary = Summary::of(&plan, &written);
        if !summary.is_idle() {
            let act = Act::new("import", "workshop", workshop.id).after(&summary);
            journal::write(&transaction, &caller, act).await?;
        }
        transaction.commit().await?;
        written
    };
    let report = report(&roster, &plan, &faults, &written, options.dry_run, language);
    Ok(Reply::plain(report)
        .customize()
        .insert_header((CONTENT_LANGUAGE, language.as_str()))
        .insert_header((VARY, "accept-language")))
}

/// Download a roster to fill in
///
/// A header and two examples to write over, in the language asked for.
#[utoipa::path(
    get, path = "/v1/workshops/{workshop_id}/registrations/template",
    responses((status = 200, description = "A CSV file", body = String, content_type = "text/csv", example = json!("Courriel;Nom complet;Rôle;Organisation;Catégorie;Délégué;Langue\r\n"))),
)]
pub async fn template(_caller: Caller, request: HttpRequest) -> CustomizeResponder<File> {
    let language = Language::of(request.headers());
    let name = match language {
        Language::Fr => "inscriptions.csv",
        Language::En => "registrations.csv",
    };
    let file = File {
        content_type: "text/csv; charset=utf-8",
        name: name.to_owned(),
        bytes: roster::template(language),
    };
    file.customize()
        .insert_header((CONTENT_LANGUAGE, language.as_str()))
        .insert_header((VARY, "accept-language"))
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
