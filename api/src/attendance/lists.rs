//! Attendance as lists: of a session, and of a workshop.

use actix_web::HttpRequest;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::entity::Source;
use super::sheet::{self, Listed, Scope, Sheet};
use super::table::{self, Table};
use crate::http::{Caller, Code, Cursor, Format, Formatted, Language, Limit, Page, Problem, Query, Reply};
use crate::instant::Instant;
use crate::registrations::{Category, Role};
use crate::sessions::Days;
use crate::workshops::entity as workshop;

/// Who was present at a session.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{
        "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "name": "Mariama Diallo",
        "organisation": "Université Gamal Abdel Nasser", "category": "education", "role": "participant",
        "seconds": 5269, "present": false,
        "intervals": [{
            "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "joined_at": "2020-08-27T09:02:11Z",
            "left_at": "2020-08-27T10:30:00Z", "source": "self"
        }]
    }],
    "next_cursor": null, "totals": {"people": 1, "seconds": 5269}
}))]
pub struct SessionAttendance {
    items: Vec<SessionAttendee>,
    /// Give it as `cursor` for the next page; null on the last one
    next_cursor: Option<String>,
    totals: AttendanceTotals,
}

/// One person's presence at a session.
#[derive(Serialize, ToSchema)]
pub struct SessionAttendee {
    registration_id: Uuid,
    name: String,
    organisation: Option<String>,
    /// That of the organisation, or the person's own where there is none
    category: Option<Category>,
    role: Role,
    /// That count: of the union of the intervals what lies in the session, up to now
    seconds: i64,
    /// Checked in at this moment
    present: bool,
    intervals: Vec<AttendanceInterval>,
}

/// As recorded, whether or not all of it counts.
#[derive(Serialize, ToSchema)]
pub struct AttendanceInterval {
    id: Uuid,
    joined_at: Instant,
    /// Null while the person is present
    left_at: Option<Instant>,
    source: Source,
}

/// Of the whole list, not of one page.
#[derive(Default, Serialize, ToSchema)]
pub struct AttendanceTotals {
    /// Who attended at all
    people: u64,
    seconds: i64,
}

/// Who attended a workshop.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{
        "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "name": "Mariama Diallo",
        "organisation": "Université Gamal Abdel Nasser", "category": "education", "role": "participant",
        "sessions_attended": 1, "seconds": 5269,
        "sessions": [{"session_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f", "seconds": 5269}]
    }],
    "next_cursor": null, "totals": {"people": 1, "seconds": 5269}
}))]
pub struct WorkshopAttendance {
    items: Vec<WorkshopAttendee>,
    /// Give it as `cursor` for the next page; null on the last one
    next_cursor: Option<String>,
    totals: AttendanceTotals,
}

/// One person's attendance at a workshop.
#[derive(Serialize, ToSchema)]
pub struct WorkshopAttendee {
    registration_id: Uuid,
    name: String,
    organisation: Option<String>,
    /// That of the organisation, or the person's own where there is none
    category: Option<Category>,
    role: Role,
    /// Sessions with a second that counts, or at which the person is present now
    sessions_attended: u32,
    /// The sum over the sessions; two at the same time count both
    seconds: i64,
    /// Those with any attendance, in order of start
    sessions: Vec<SessionSeconds>,
}

#[derive(Serialize, ToSchema)]
pub struct SessionSeconds {
    session_id: Uuid,
    seconds: i64,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// People on one page of JSON: 1–200, default 50; a CSV holds them all
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(String, Uuid)>>,
    /// `json`, `csv` or `xlsx`; without it, what `Accept` asks for
    #[param(example = "csv")]
    format: Option<String>,
}

/// JSON first: it is for whoever does not say.
const FORMATS: &[Format] = &[Format::Json, Format::Csv, Format::Xlsx];

/// List the attendance of a session
///
/// Who was there, by name; a participant sees their own line. As CSV or XLSX one line per person, with
/// words in the language of `Accept-Language` and times in UTC and in the workshop's time zone.
#[utoipa::path(get, path = "/v1/sessions/{session_id}/attendance", params(Filter), responses((status = 200, description = "The list",
    content((SessionAttendance = "application/json"), (String = "text/csv", example = "Inscription,Nom,Organisation,Catégorie,Rôle,Secondes de présence,Durée (h:mm:ss),…"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
pub async fn of_session(caller: Caller, filter: Query<Filter>, request: HttpRequest) -> Formatted<SessionAttendance> {
    let Query(filter) = filter;
    let format = Format::of(filter.format.as_deref(), request.headers(), FORMATS)?;
    let session_id = caller.path_id()?;
    let Read { sheet, people, days } = Read::of(&caller, Some(session_id)).await?;
    if format != Format::Json {
        let language = Language::of(request.headers());
        let table = table::of_session(&sheet, &people, &days, session_id, language);
        return file(table, format, language);
    }
    let mut totals = AttendanceTotals::default();
    for presence in people.iter().filter_map(|person| sheet.presence(person.id, session_id)) {
        totals.people += u64::from(presence.attended());
        totals.seconds += presence.seconds;
    }
    let page = page(people, &filter, |person| {
        let presence = sheet.presence(person.id, session_id).cloned().unwrap_or_default();
        SessionAttendee {
            registration_id: person.id,
            category: person.category(),
            name: person.name,
            organisation: person.organisation,
            role: person.role,
            seconds: presence.seconds,
            present: presence.present,
            intervals: presence
                .intervals
                .into_iter()
                .map(|interval| AttendanceInterval {
                    id: interval.id,
                    joined_at: interval.joined_at,
                    left_at: interval.left_at,
                    source: interval.source,
                })
                .collect(),
        }
    });
    Reply::plain(SessionAttendance {
        items: page.items,
        next_cursor: page.next_cursor,
        totals,
    })
    .or_file()
}

/// List the attendance of a workshop
///
/// Everyone invited or confirmed, by name, those who never came too; a participant sees their own
/// line. As CSV or XLSX one line per person, with words in the language of `Accept-Language`.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}/attendance", params(Filter), responses((status = 200, description = "The list",
    content((WorkshopAttendance = "application/json"), (String = "text/csv", example = "Inscription,Nom,Organisation,Catégorie,Rôle,Séances suivies,Secondes de présence,Durée (h:mm:ss),…"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
pub async fn of_workshop(caller: Caller, filter: Query<Filter>, request: HttpRequest) -> Formatted<WorkshopAttendance> {
    let Query(filter) = filter;
    let format = Format::of(filter.format.as_deref(), request.headers(), FORMATS)?;
    let Read { sheet, people, days } = Read::of(&caller, None).await?;
    if format != Format::Json {
        let language = Language::of(request.headers());
        let table = table::of_workshop(&sheet, &people, &days, language);
        return file(table, format, language);
    }
    let mut totals = AttendanceTotals::default();
    for facts in people.iter().map(|person| sheet.facts(person.id)) {
        totals.people += u64::from(facts.sessions > 0);
        totals.seconds += facts.seconds;
    }
    let page = page(people, &filter, |person| {
        let facts = sheet.facts(person.id);
        let sessions = sheet.presences(person.id).map(|(session, presence)| SessionSeconds {
            session_id: session.id,
            seconds: presence.seconds,
        });
        WorkshopAttendee {
            registration_id: person.id,
            category: person.category(),
            name: person.name,
            organisation: person.organisation,
            role: person.role,
            sessions_attended: facts.sessions,
            seconds: facts.seconds,
            sessions: sessions.collect(),
        }
    });
    Reply::plain(WorkshopAttendance {
        items: page.items,
        next_cursor: page.next_cursor,
        totals,
    })
    .or_file()
}

/// What both lists are made of, read at one moment.
struct Read {
    sheet: Sheet,
    people: Vec<Listed>,
    days: Days,
}

impl Read {
    async fn of(caller: &Caller, session_id: Option<Uuid>) -> Result<Self, Problem> {
        let workshop_id = caller.workshop_id()?;
        let registration_id = match caller.role().ok_or(Code::NotFound)? {
            Role::Participant => Some(caller.own()?.registration_id),
            Role::Organiser | Role::Facilitator | Role::Auditor => None,
        };
        let scope = Scope {
            workshop_id,
            session_id,
            registration_id,
        };
        let snapshot = caller.app.store.snapshot().await?;
        Ok(Self {
            days: Days::of(&workshop::find(&snapshot, workshop_id).await?)?,
            sheet: Sheet::load(&snapshot, scope, caller.now()).await?,
            people: sheet::listed(&snapshot, scope).await?,
        })
    }
}

fn page<T>(mut people: Vec<Listed>, filter: &Filter, item: impl FnMut(Listed) -> T) -> Page<T> {
    if let Some(Cursor((name, id))) = &filter.cursor {
        people.retain(|person| (&person.folded_name, person.id) > (name, *id));
    }
    Page::of(
        people,
        filter.limit,
        |person| (person.folded_name.clone(), person.id),
        item,
    )
}

fn file<T: Serialize>(table: Table, format: Format, language: Language) -> Formatted<T> {
    let name = match language {
        Language::Fr => "presences",
        Language::En => "attendance",
    };
    let bytes = if format == Format::Xlsx {
        table.xlsx()?
    } else {
        table.csv()
    };
    format.file(name, bytes, language)
}
