//! Who attended what and for how long: read set-wise, in a constant number of queries.

use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, FromQueryResult, JoinType, QueryOrder, QuerySelect, QueryTrait as _, StreamTrait};

use super::arithmetic::{self, Span};
use super::entity::{self, Column, Source};
use super::interval;
use crate::http::Problem;
use crate::instant::Instant;
use crate::organisations::entity as organisation;
use crate::registrations::entity as registration;
use crate::registrations::{Category, Role};
use crate::sessions::entity as session;
use crate::sessions::running;

/// The part of a workshop to read.
#[derive(Clone, Copy)]
pub struct Scope {
    pub workshop_id: Uuid,
    pub session_id: Option<Uuid>,
    pub registration_id: Option<Uuid>,
}

/// What one person's presence at one session comes to.
#[derive(Clone, Default)]
pub struct Presence {
    pub seconds: i64,
    /// Present at this moment.
    pub present: bool,
    /// As recorded, in order of arrival; open ones of sessions that are over end with them.
    pub intervals: Vec<Interval>,
}

#[derive(Clone)]
pub struct Interval {
    pub id: Uuid,
    pub joined_at: Instant,
    pub left_at: Option<Instant>,
    pub source: Source,
}

impl Presence {
    fn of(session: &session::Model, rows: &[entity::Model], now: Instant) -> Self {
        let window = running::window(session, now);
        let intervals: Vec<Interval> = rows
            .iter()
            .map(|row| Interval {
                id: row.id,
                joined_at: row.joined_at,
                left_at: interval::left_at(row, session, now),
                source: row.source,
            })
            .collect();
        let spans = intervals
            .iter()
            .map(|interval| Span::between(interval.joined_at, interval.left_at.unwrap_or(now)));
        Self {
            seconds: arithmetic::counted(spans, Span::between(window.0, window.1)),
            present: intervals.iter().any(|interval| interval.left_at.is_none()),
            intervals,
        }
    }

    pub fn attended(&self) -> bool {
        self.seconds > 0 || self.present
    }
}

/// Presences by registration and session.
pub struct Sheet {
    /// In order of start.
    pub sessions: Vec<session::Model>,
    presences: HashMap<Uuid, HashMap<Uuid, Presence>>,
}

impl Sheet {
    /// Two queries, whatever the number of people and sessions.
    pub async fn load(on: &impl ConnectionTrait, scope: Scope, now: Instant) -> Result<Self, Problem> {
        let sessions = sessions(on, scope).await?;
        let rows = rows(scope)
            .order_by_asc(Column::JoinedAt)
            .order_by_asc(Column::Id)
            .all(on)
            .await?;
        let mut grouped: HashMap<(Uuid, Uuid), Vec<entity::Model>> = HashMap::new();
        for row in rows {
            grouped
                .entry((row.registration_id, row.session_id))
                .or_default()
                .push(row);
        }
        let by_id: HashMap<Uuid, &session::Model> = sessions.iter().map(|session| (session.id, session)).collect();
        let mut presences: HashMap<Uuid, HashMap<Uuid, Presence>> = HashMap::new();
        for ((registration_id, session_id), rows) in grouped {
            if let Some(session) = by_id.get(&session_id) {
                let presence = Presence::of(session, &rows, now);
                presences
                    .entry(registration_id)
                    .or_default()
                    .insert(session_id, presence);
            }
        }
        Ok(Self { sessions, presences })
    }

    pub fn presence(&self, registration_id: Uuid, session_id: Uuid) -> Option<&Presence> {
        self.presences.get(&registration_id)?.get(&session_id)
    }

    /// A person's presences, in order of the sessions' start.
    pub fn presences(&self, registration_id: Uuid) -> impl Iterator<Item = (&session::Model, &Presence)> {
        let of_person = self.presences.get(&registration_id);
        self.sessions
            .iter()
            .filter_map(move |session| Some((session, of_person?.get(&session.id)?)))
    }

    pub fn facts(&self, registration_id: Uuid) -> Facts {
        let mut facts = Facts::default();
        self.presences(registration_id)
            .for_each(|(_, presence)| facts.add(presence));
        facts
    }
}

/// In order of start.
async fn sessions(on: &impl ConnectionTrait, scope: Scope) -> Result<Vec<session::Model>, DbErr> {
    let mut sessions = session::Entity::find().filter(session::Column::WorkshopId.eq(scope.workshop_id));
    if let Some(id) = scope.session_id {
        sessions = sessions.filter(session::Column::Id.eq(id));
    }
    sessions
        .order_by_asc(session::Column::StartsAt)
        .order_by_asc(session::Column::Id)
        .all(on)
        .await
}

fn rows(scope: Scope) -> Select<entity::Entity> {
    let mut select = entity::Entity::find().filter(Column::WorkshopId.eq(scope.workshop_id));
    if let Some(id) = scope.session_id {
        select = select.filter(Column::SessionId.eq(id));
    }
    if let Some(id) = scope.registration_id {
        select = select.filter(Column::RegistrationId.eq(id));
    }
    select
}

/// What one person's attendance at a workshop comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Sessions with a second that counts, or at which the person is present now.
    pub sessions: u32,
    /// Over all sessions; two at the same time count both.
    pub seconds: i64,
}

impl Facts {
    fn add(&mut self, presence: &Presence) {
        self.sessions += u32::from(presence.attended());
        self.seconds += presence.seconds;
    }
}

/// The facts of everyone in the workshop with any attendance, or of one person. Of what they are made
/// of, no more than one presence is in memory at a time.
pub async fn facts(
    on: &(impl ConnectionTrait + StreamTrait),
    workshop_id: Uuid,
    now: Instant,
    registration_id: Option<Uuid>,
) -> Result<HashMap<Uuid, Facts>, Problem> {
    let scope = Scope {
        workshop_id,
        session_id: None,
        registration_id,
    };
    let sessions = sessions(on, scope).await?;
    let by_id: HashMap<Uuid, &session::Model> = sessions.iter().map(|session| (session.id, session)).collect();
    let mut facts: HashMap<Uuid, Facts> = HashMap::new();
    let mut add = |intervals: &[entity::Model]| {
        if let Some(first) = intervals.first()
            && let Some(session) = by_id.get(&first.session_id)
        {
            let of_person = facts.entry(first.registration_id).or_default();
            of_person.add(&Presence::of(session, intervals, now));
        }
    };
    let mut rows = rows(scope)
        .order_by_asc(Column::RegistrationId)
        .order_by_asc(Column::SessionId)
        .order_by_asc(Column::JoinedAt)
        .order_by_asc(Column::Id)
        .stream(on)
        .await?;
    let whose = |row: &entity::Model| (row.registration_id, row.session_id);
    let mut intervals: Vec<entity::Model> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if intervals.first().is_some_and(|first| whose(first) != whose(&row)) {
            add(&intervals);
            intervals.clear();
        }
        intervals.push(row);
    }
    add(&intervals);
    Ok(facts)
}

/// A person on the list.
#[derive(FromQueryResult)]
pub struct Listed {
    pub id: Uuid,
    pub name: String,
    pub folded_name: String,
    pub role: Role,
    category: Option<Category>,
    pub organisation: Option<String>,
    organisation_category: Option<Category>,
}

impl Listed {
    /// The organisation's, or one's own where there is none.
    pub fn category(&self) -> Option<Category> {
        self.organisation_category.or(self.category)
    }
}

/// The people of the scope by name: of a session those with attendance there, of a workshop its
/// members too.
pub async fn listed(on: &impl ConnectionTrait, scope: Scope) -> Result<Vec<Listed>, Problem> {
    let attending = rows(scope).select_only().column(Column::RegistrationId).into_query();
    let mut whom = Condition::any().add(registration::Column::Id.in_subquery(attending));
    if scope.session_id.is_none() {
        whom =
            whom.add(registration::Column::State.is_in([registration::State::Invited, registration::State::Confirmed]));
    }
    let mut select = registration::Entity::find()
        .select_only()
        .columns([
            registration::Column::Id,
            registration::Column::Name,
            registration::Column::FoldedName,
            registration::Column::Role,
            registration::Column::Category,
        ])
        .column_as(organisation::Column::Name, "organisation")
        .column_as(organisation::Column::Category, "organisation_category")
        .join(JoinType::LeftJoin, registration::Relation::Organisation.def())
        .filter(registration::Column::WorkshopId.eq(scope.workshop_id))
        .filter(whom);
    if let Some(id) = scope.registration_id {
        select = select.filter(registration::Column::Id.eq(id));
    }
    let mut people: Vec<Listed> = select.into_model().all(on).await?;
    // Here, because each database has an order of its own for text.
    people.sort_by(|a, b| (&a.folded_name, a.id).cmp(&(&b.folded_name, b.id)));
    Ok(people)
}
