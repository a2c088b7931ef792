//! Reading the journal: in pages for programs, as a table for people.

use std::collections::HashMap;

use actix_web::HttpRequest;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect, Select};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{Column, Entity, Model};
use crate::http::csv::{self, Cell};
use crate::http::{Caller, Cursor, Format, Formatted, Language, Limit, Page, Query, Reply, xlsx};
use crate::instant::Instant;
use crate::registrations::entity as registration;

/// A line of the journal.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "at": "2020-08-28T16:00:00Z",
    "actor_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f", "actor_role": "organiser",
    "act": "open", "subject": "ballot", "subject_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50",
    "before": {"state": "draft"}, "after": {"state": "open"}
}))]
pub struct JournalLine {
    id: Uuid,
    at: Instant,
    /// The person who did it (`person_id` of their registration); null when the instance did, on schedule
    actor_id: Option<Uuid>,
    /// The role in which it was done; `participant_in_person` after signing in with an in-person code
    actor_role: String,
    act: String,
    /// The kind of thing it was done to
    subject: String,
    subject_id: Uuid,
    /// What it was before; null where it was not there
    before: Option<Value>,
    /// What it became; null where it is gone
    after: Option<Value>,
}

impl From<Model> for JournalLine {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            at: row.at,
            actor_id: row.actor_id,
            actor_role: row.actor_role,
            act: row.act,
            subject: row.subject,
            subject_id: row.subject_id,
            before: row.before,
            after: row.after,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Lines on one page of JSON: 1–200, default 50; a CSV or XLSX holds them all
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Uuid>>,
    /// Only this act, for example `open`
    act: Option<String>,
    /// Only this kind of subject, for example `ballot`
    subject: Option<String>,
    /// Only what was done to this one
    subject_id: Option<Uuid>,
    /// Only what this person did, by the `person_id` of their registration
    actor_id: Option<Uuid>,
    /// Only what was done in this role, for example `schedule`
    actor_role: Option<String>,
    /// Only from this instant on
    #[param(value_type = Option<Instant>)]
    from: Option<Instant>,
    /// Only before this instant
    #[param(value_type = Option<Instant>)]
    until: Option<Instant>,
    /// `json`, `csv` or `xlsx`; without it, what `Accept` asks for
    #[param(example = "csv")]
    format: Option<String>,
}

impl Filter {
    fn of(&self, workshop_id: Uuid) -> Select<Entity> {
        let mut select = Entity::find().filter(Column::WorkshopId.eq(workshop_id));
        let texts = [
            (Column::Act, &self.act),
            (Column::Subject, &self.subject),
            (Column::ActorRole, &self.actor_role),
        ];
        for (column, text) in texts {
            if let Some(text) = text {
                select = select.filter(column.eq(text.as_str()));
            }
        }
        for (column, id) in [(Column::SubjectId, self.subject_id), (Column::ActorId, self.actor_id)] {
            if let Some(id) = id {
                select = select.filter(column.eq(id));
            }
        }
        if let Some(from) = self.from {
            select = select.filter(Column::At.gte(from));
        }
        if let Some(until) = self.until {
            select = select.filter(Column::At.lt(until));
        }
        select.order_by_asc(Column::Id)
    }
}

/// JSON first: it is for whoever does not say.
const FORMATS: &[Format] = &[Format::Json, Format::Csv, Format::Xlsx];

/// Read the journal
///
/// Who did what in the workshop, oldest first. It keeps no names: as CSV or XLSX, with words in the
/// language of `Accept-Language`, the name is the one that the person has in the workshop today.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}/journal", params(Filter), responses((status = 200, description = "The journal",
    content((Page<JournalLine> = "application/json"), (String = "text/csv", example = "Instant (UTC),Personne,Nom,Rôle,Acte,Objet,Identifiant,Avant,Après"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
pub async fn read(caller: Caller, filter: Query<Filter>, request: HttpRequest) -> Formatted<Page<JournalLine>> {
    let Query(filter) = filter;
    let format = Format::of(filter.format.as_deref(), request.headers(), FORMATS)?;
    let select = filter.of(caller.workshop_id()?);
    if format != Format::Json {
        return file(&caller, select, format, Language::of(request.headers())).await;
    }
    let mut select = select.limit(filter.limit.probe());
    if let Some(Cursor(after)) = filter.cursor {
        select = select.filter(Column::Id.gt(after));
    }
    let rows = select.all(caller.app.store.reader()).await?;
    Reply::plain(Page::of(rows, filter.limit, |row| row.id, JournalLine::from)).or_file()
}

async fn file<T: Serialize>(
    caller: &Caller,
    select: Select<Entity>,
    format: Format,
    language: Language,
) -> Formatted<T> {
    let snapshot = caller.app.store.snapshot().await?;
    let names: HashMap<Uuid, String> = registration::Entity::find()
        .select_only()
        .columns([registration::Column::PersonId, registration::Column::Name])
        .filter(registration::Column::WorkshopId.eq(caller.workshop_id()?))
        .into_tuple()
        .all(&snapshot)
        .await?
        .into_iter()
        .collect();
    let lines = select.all(&snapshot).await?.into_iter().map(|row| cells(row, &names));
    let (name, header) = match language {
        Language::Fr => (
            "journal",
            [
                "Instant (UTC)",
                "Personne",
                "Nom",
                "Rôle",
                "Acte",
                "Objet",
                "Identifiant",
                "Avant",
                "Après",
            ],
        ),
        Language::En => (
            "journal",
            [
                "Instant (UTC)",
                "Person",
                "Name",
                "Role",
                "Act",
                "Subject",
                "Identifier",
                "Before",
                "After",
            ],
        ),
    };
    let bytes = match format {
        Format::Xlsx => xlsx::table(&header, lines)?,
        _ => csv::table(&header, lines),
    };
    format.file(name, bytes, language)
}

/// Acts and roles by the names they have in the API, so that one finds them there.
fn cells(row: Model, names: &HashMap<Uuid, String>) -> Vec<Cell> {
    let name = row.actor_id.and_then(|id| names.get(&id));
    let json = |value: Option<Value>| value.map(|value| value.to_string());
    vec![
        row.at.to_string().into(),
        row.actor_id.map(|id| id.to_string()).into(),
        name.map(String::as_str).into(),
        row.actor_role.into(),
        row.act.into(),
        row.subject.into(),
        row.subject_id.to_string().into(),
        json(row.before).into(),
        json(row.after).into(),
    ]
}
