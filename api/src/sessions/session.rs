//! A session as the API shows and takes it.

use garde::Validate;
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::entity::{self, Speakers, State};
use super::running;
use crate::http::{Caller, Etag, Fault, Problem, STAFF, resource, rules};
use crate::instant::Instant;

const MOST_SPEAKERS: usize = 30;

/// A session of a workshop's programme.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
    "title": "Présentation du plan de la coalition", "description": "", "speakers": ["Mariama Diallo"],
    "join_url": "https://meet.example.org/coalition", "check_in_code": null,
    "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:30:00Z", "cancelled": false, "state": "scheduled",
    "running": false, "code_required": true, "started_at": null, "ended_at": null,
    "created_at": "2020-08-10T09:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Session {
    pub id: Uuid,
    workshop_id: Uuid,
    #[serde(flatten)]
    input: SessionInput,
    state: State,
    /// Whether people can check in now: from `start` to `end` or, where nobody starts it, from 15
    /// minutes before `starts_at` until `ends_at`
    running: bool,
    /// Whether checking in takes the code shown in the room
    code_required: bool,
    started_at: Option<Instant>,
    ended_at: Option<Instant>,
    created_at: Instant,
    etag: Etag,
}

resource!(Session, live: ["running"]);

/// What an organiser says of a session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Présentation du plan de la coalition", "speakers": ["Mariama Diallo"],
    "join_url": "https://meet.example.org/coalition", "check_in_code": "KORA2020",
    "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:30:00Z"
}))]
pub struct SessionInput {
    #[garde(length(chars, min = 1, max = 200), custom(rules::line))]
    title: String,
    #[serde(default)]
    #[garde(length(chars, max = 10_000), custom(rules::text))]
    description: String,
    /// Names, in order
    #[serde(default)]
    #[schema(max_items = 30)]
    #[garde(custom(not_too_many), inner(length(chars, min = 1, max = 200), custom(rules::line)))]
    speakers: Vec<String>,
    /// Where to join it; shown to members of the workshop only, null to anyone else
    #[serde(default)]
    #[garde(inner(length(max = 1000)), custom(rules::optional_url))]
    join_url: Option<String>,
    /// 4–20 letters or digits, shown in the room and asked for at check-in; shown here to
    /// organisers and facilitators only, null to anyone else
    #[serde(default)]
    #[garde(custom(letters_and_digits))]
    check_in_code: Option<String>,
    /// Within the days of the workshop, in its time zone
    #[garde(skip)]
    pub starts_at: Instant,
    #[garde(skip)]
    pub ends_at: Instant,
    /// Only a scheduled session can be cancelled, and it stays so; its attendance no longer counts
    #[serde(default)]
    #[garde(skip)]
    pub cancelled: bool,
}

fn not_too_many(speakers: &[String], _: &()) -> garde::Result {
    if speakers.len() > MOST_SPEAKERS {
        return Err(garde::Error::new(format!("too_many|{MOST_SPEAKERS}")));
    }
    Ok(())
}

fn letters_and_digits(code: &Option<String>, _: &()) -> garde::Result {
    let fits = |code: &String| (4..=20).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if code.as_ref().is_none_or(fits) {
        Ok(())
    } else {
        Err(garde::Error::new("not_a_check_in_code"))
    }
}

impl SessionInput {
    pub fn of(row: entity::Model) -> Self {
        Self {
            title: row.title,
            description: row.description,
            speakers: row.speakers.0,
            join_url: row.join_url,
            check_in_code: row.check_in_code,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            cancelled: row.state == State::Cancelled,
        }
    }

    /// What one field alone cannot tell.
    pub fn check(&self) -> Result<(), Problem> {
        if self.ends_at <= self.starts_at {
            return Err(Fault::new("/ends_at", "ends_before_start").into());
        }
        Ok(())
    }

    pub fn write(self, row: &mut entity::ActiveModel) {
        row.title = Set(self.title);
        row.description = Set(self.description);
        row.speakers = Set(Speakers(self.speakers));
        row.join_url = Set(self.join_url);
        row.check_in_code = Set(self.check_in_code);
        row.starts_at = Set(self.starts_at);
        row.ends_at = Set(self.ends_at);
        if self.cancelled {
            row.state = Set(State::Cancelled);
        }
    }

    pub fn line(&self) -> Line<'_> {
        let there = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        Line {
            title: &self.title,
            description: &self.description,
            speakers: self.speakers.len(),
            join_url: there(&self.join_url),
            check_in_code: there(&self.check_in_code),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            cancelled: self.cancelled,
        }
    }
}

/// What the journal keeps of a session: as it forgets nothing, neither who speaks nor what lets one in.
#[derive(Serialize)]
pub struct Line<'a> {
    title: &'a str,
    description: &'a str,
    /// How many
    speakers: usize,
    join_url: Option<&'static str>,
    check_in_code: Option<&'static str>,
    starts_at: Instant,
    ends_at: Instant,
    cancelled: bool,
}

impl Session {
    /// As this caller may see it now.
    pub fn seen_by(caller: &Caller, row: entity::Model) -> Self {
        let (member, staff) = (caller.role().is_some(), caller.is(STAFF));
        Self {
            id: row.id,
            workshop_id: row.workshop_id,
            state: row.state,
            running: running::runs(&row, caller.now()),
            code_required: row.check_in_code.is_some(),
            started_at: row.started_at,
            ended_at: row.ended_at,
            created_at: row.created_at,
            input: SessionInput::of(entity::Model {
                join_url: row.join_url.filter(|_| member),
                check_in_code: row.check_in_code.filter(|_| staff),
                ..row
            }),
            etag: Etag::default(),
        }
    }
}
