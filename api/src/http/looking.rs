//! Who asks, and where the path leads: read for each request, since a right that was withdrawn must
//! end at once on every server. Requests that come together are looked up together.
//!
//! Each path leads to at most one workshop; one row tells the caller (if the sign-in lives), the
//! workshop (if the path leads to one), and the caller's place in it. Of a sign-in that was looked up a
//! moment ago it is asked only whether it was revoked since, among those that were.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult, Statement};
use uuid::Uuid;

use super::codes::Code;
use super::problem::Problem;
use super::together::{Respondent, Together};
use crate::ambient::Ambient;
use crate::identity::revoked_since;
use crate::instant::Instant;
use crate::registrations::{Role, State as RegistrationState};
use crate::store::{Column, Kept, Rows, Store, by_index};
use crate::workshops::State as WorkshopState;

/// A parameter of a path that leads to a workshop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub parameter: &'static str,
    /// The table it names a row of; its column `workshop_id` leads on.
    table: &'static str,
}

const PLACES: [Place; 11] = [
    Place::new("workshop_id", "workshop"),
    Place::new("organisation_id", "organisation"),
    Place::new("registration_id", "registration"),
    Place::new("session_id", "session"),
    Place::new("attendance_id", "attendance"),
    Place::new("coalition_id", "coalition"),
    Place::new("pledge_id", "pledge"),
    Place::new("working_group_id", "working_group"),
    Place::new("commitment_id", "commitment"),
    Place::new("ballot_id", "ballot"),
    Place::new("candidate_id", "candidate"),
];

impl Place {
    const fn new(parameter: &'static str, table: &'static str) -> Self {
        Self { parameter, table }
    }

    /// Where this path leads, if to a workshop at all.
    pub fn of(path: &str) -> Option<Self> {
        let mut names = path.split(['{', '}']).skip(1).step_by(2);
        names.find_map(|name| PLACES.into_iter().find(|place| place.parameter == name))
    }

    /// From this id to the workshop, `w`.
    fn joins(self, id: &str) -> String {
        match self.table {
            "workshop" => format!("LEFT JOIN workshop w ON w.id = {id}"),
            "candidate" => format!(
                "LEFT JOIN candidate c ON c.id = {id} LEFT JOIN ballot x ON x.id = c.ballot_id \
                 LEFT JOIN workshop w ON w.id = x.workshop_id"
            ),
            table => format!("LEFT JOIN {table} x ON x.id = {id} LEFT JOIN workshop w ON w.id = x.workshop_id"),
        }
    }

    /// The revision of the row found there, of those that have one.
    fn revision(self) -> &'static str {
        if self.table == "ballot" { "x.revision" } else { "-1" }
    }
}

/// Who asks for what.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub sign_in_id: Option<Uuid>,
    /// Whose it is, where that was seen a moment ago and everything but its end is known.
    pub seen: Option<Uuid>,
    pub place: Option<Place>,
    pub path_id: Option<Uuid>,
}

#[derive(Clone, Debug)]
pub struct SignedIn {
    pub person_id: Uuid,
    /// When the sign-in ends by itself, if that was looked up.
    pub ends: Option<Instant>,
    pub administrator: bool,
    /// Of an in-person sign-in: the only workshop it opens.
    pub only_workshop: Option<Uuid>,
}

/// The workshop a path leads to, and the caller's place in it.
#[derive(Clone, Debug)]
pub struct Scope {
    pub workshop_id: Uuid,
    pub state: WorkshopState,
    pub public: bool,
    pub self_registration: bool,
    /// Of the ballot whose id is in the path: another after every change of it.
    pub ballot_revision: Option<i32>,
    pub own: Option<Own>,
}

#[derive(Clone, Copy, Debug)]
pub struct Own {
    pub registration_id: Uuid,
    pub role: Role,
    pub state: RegistrationState,
    pub organisation_id: Option<Uuid>,
    pub delegate: bool,
}

impl Own {
    /// Invited people are members: signing in proved whose mailbox was invited.
    pub fn is_member(&self) -> bool {
        matches!(self.state, RegistrationState::Invited | RegistrationState::Confirmed)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Found {
    pub signed_in: Option<SignedIn>,
    pub scope: Option<Scope>,
}

/// Looks up on this connection or transaction, as things stand there.
pub async fn look(on: &impl ConnectionTrait, question: Question, now: Instant) -> Result<Found, Problem> {
    let statement = statement(on.get_database_backend(), question.place, &[(0, &question)]);
    let row = on.query_one_raw(statement).await?.ok_or(Code::Internal)?;
    Ok(Found::read(&row, &question, now)?)
}

/// Looks up for all requests of one worker.
pub struct Looks(Together<Looker>);

struct Looker {
    kept: Kept,
    ambient: Ambient,
}

impl Looks {
    pub fn start(store: &Store, ambient: Ambient) -> Self {
        let kept = store.kept_reader();
        Self(Together::start(Looker { kept, ambient }))
    }

    pub async fn ask(&self, question: Question) -> Result<Found, Problem> {
        self.0.ask(question).await
    }
}

impl Respondent for Looker {
    type Question = Question;
    type Answer = Found;

    async fn answer(&mut self, questions: Vec<Question>) -> Result<Vec<Found>, Problem> {
        let mut places: BTreeMap<Option<Place>, Vec<(usize, &Question)>> = BTreeMap::new();
        for (index, question) in questions.iter().enumerate() {
            places.entry(question.place).or_default().push((index, question));
        }
        let mut found = vec![Found::default(); questions.len()];
        let (backend, now) = (self.kept.backend(), self.ambient.now());
        for (place, asked) in places {
            let statement = statement(backend, place, &asked);
            for row in self.kept.run(statement).await? {
                let number: i32 = row.try_get_by_index(0)?;
                let number = usize::try_from(number).map_err(|_| Code::Internal)?;
                if let (Some(question), Some(found)) = (questions.get(number), found.get_mut(number)) {
                    *found = Found::read(&row, question, now)?;
                }
            }
        }
        Ok(found)
    }
}

/// One row for each of the questions, which have their numbers and all lead to that place. A hall was
/// mostly seen a moment ago, and nothing but its places is read then.
fn statement(backend: DatabaseBackend, place: Option<Place>, asked: &[(usize, &Question)]) -> Statement {
    // Nobody is the sign-in of nobody.
    let ids = |of: fn(&Question) -> Option<Uuid>| {
        let ids = asked.iter().map(|(_, question)| of(question).unwrap_or_default());
        Column::Uuid(ids.collect())
    };
    // A hall asks for one thing: where that leads is looked up once.
    let paths: BTreeSet<Uuid> = asked.iter().filter_map(|(_, question)| question.path_id).collect();
    let paths: Vec<Uuid> = paths.into_iter().collect();
    let path = |question: &Question| question.path_id.and_then(|id| paths.binary_search(&id).ok());
    let mut rows = vec![
        (
            "number",
            Column::Int(asked.iter().map(|(index, _)| number(Some(*index))).collect()),
        ),
        ("sign_in_id", ids(|question| question.sign_in_id)),
        ("person_id", ids(|question| question.seen)),
        (
            "path",
            Column::Int(asked.iter().map(|(_, question)| number(path(question))).collect()),
        ),
    ];
    let revoked_since = revoked_since(backend);
    let all_seen = asked.iter().all(|(_, question)| question.seen.is_some());
    let (person, revoked, sign_in, its) = if all_seen {
        ("s.person_id", revoked_since, "", "")
    } else {
        let seen = asked.iter().map(|(_, question)| question.seen.is_some());
        rows.push(("seen", Column::Bool(seen.collect())));
        (
            "CASE WHEN s.seen THEN s.person_id ELSE i.person_id END",
            format!("CASE WHEN s.seen THEN {revoked_since} ELSE i.revoked_at IS NOT NULL END"),
            "LEFT JOIN sign_in i ON i.id = CASE WHEN s.seen THEN NULL ELSE s.sign_in_id END",
            ", i.person_id, i.expires_at, i.workshop_id",
        )
    };
    let (source, mut values) = Rows(rows).source(backend, 1);
    let (with, joins, revision) = match place {
        // Not `false`, for which SQLite would go through all workshops.
        None => (String::new(), "LEFT JOIN workshop w ON w.id = NULL", "-1"),
        Some(place) => {
            let numbers = (0..paths.len()).map(|index| number(Some(index)));
            let (places, more) = Rows(vec![
                ("path", Column::Int(numbers.collect())),
                ("path_id", Column::Uuid(paths)),
            ])
            .source(backend, values.len() + 1);
            values.extend(more);
            let with = format!(
                "WITH place AS MATERIALIZED \
                 (SELECT s.path, w.id, w.state, w.public, w.self_registration, {} AS revision FROM {places} {}) ",
                place.revision(),
                place.joins("s.path_id")
            );
            (with, "LEFT JOIN place w ON w.path = s.path", "w.revision")
        }
    };
    let [administrators, registered] =
        ["person_administrator", "registration_place"].map(|index| by_index(backend, index));
    // In the order in which `Found` reads it.
    let sql = format!(
        "{with}SELECT s.number, {revoked}, \
         (SELECT true FROM person p {administrators} WHERE p.id = {person} AND p.administrator) IS NOT NULL, \
         w.id, w.state, w.public, w.self_registration, {revision}, \
         r.id, r.role, r.state, r.organisation_id, r.delegate{its} \
         FROM {source} {sign_in} {joins} \
         LEFT JOIN registration r {registered} ON r.workshop_id = w.id AND r.person_id = {person}"
    );
    Statement::from_sql_and_values(backend, sql, values)
}

/// What no row has is -1.
fn number(index: Option<usize>) -> i32 {
    index.and_then(|index| i32::try_from(index).ok()).unwrap_or(-1)
}

impl Found {
    /// From a row of what such a question asks.
    fn read(row: &QueryResult, question: &Question, now: Instant) -> Result<Self, DbErr> {
        let signed_in = signed_in(row, question, now)?;
        let mut scope = scope(row)?;
        // In person one sees one workshop, and that as a participant.
        if let (Some(only), Some(scope)) = (signed_in.as_ref().and_then(|person| person.only_workshop), &mut scope) {
            let elsewhere = scope.workshop_id != only;
            scope.own = scope.own.filter(|own| !elsewhere && own.role == Role::Participant);
        }
        Ok(Self { signed_in, scope })
    }
}

fn signed_in(row: &QueryResult, question: &Question, now: Instant) -> Result<Option<SignedIn>, DbErr> {
    let (person_id, ends, only_workshop): (_, _, Option<Uuid>) = match question.seen {
        Some(person_id) => (Some(person_id), None, None),
        None => (
            row.try_get_by_index(13)?,
            row.try_get_by_index::<Option<i64>>(14)?.map(Instant::from_micros),
            row.try_get_by_index(15)?,
        ),
    };
    let Some(person_id) = person_id else {
        return Ok(None);
    };
    if row.try_get_by_index(1)? || ends.is_some_and(|ends| ends <= now) {
        return Ok(None);
    }
    let administrator: bool = row.try_get_by_index(2)?;
    Ok(Some(SignedIn {
        person_id,
        ends,
        administrator: administrator && only_workshop.is_none(),
        only_workshop,
    }))
}

fn scope(row: &QueryResult) -> Result<Option<Scope>, DbErr> {
    let Some(workshop_id) = row.try_get_by_index(3)? else {
        return Ok(None);
    };
    let own = match row.try_get_by_index(8)? {
        Some(registration_id) => Some(Own {
            registration_id,
            role: row.try_get_by_index(9)?,
            state: row.try_get_by_index(10)?,
            organisation_id: row.try_get_by_index(11)?,
            delegate: row.try_get_by_index(12)?,
        }),
        None => None,
    };
    Ok(Some(Scope {
        workshop_id,
        state: row.try_get_by_index(4)?,
        public: row.try_get_by_index(5)?,
        self_registration: row.try_get_by_index(6)?,
        ballot_revision: Some(row.try_get_by_index(7)?).filter(|revision| *revision >= 0),
        own,
    }))
}

#[cfg(test)]
mod tests {
    use migration::{Migrator, MigratorTrait as _};
    use sea_orm::{ConnectOptions, Database};

    use super::*;

    #[tokio::test]
    async fn sqlite_looks_into_the_indexes_that_hold_what_is_asked() {
        let mut one = ConnectOptions::new("sqlite::memory:");
        one.max_connections(1);
        let connection = Database::connect(one).await.unwrap();
        Migrator::up(&connection, None).await.unwrap();
        let places = || PLACES.map(Some).into_iter().chain([None]);
        let seen = [None, Some(Uuid::max())].into_iter();
        for (place, seen) in seen.flat_map(|seen| places().map(move |place| (place, seen))) {
            let question = Question {
                sign_in_id: Some(Uuid::max()),
                seen,
                place,
                path_id: place.map(|_| Uuid::max()),
            };
            let mut statement = statement(DatabaseBackend::Sqlite, place, &[(0, &question)]);
            statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
            let steps = connection.query_all_raw(statement).await.unwrap();
            let steps: Vec<String> = steps.iter().map(|step| step.try_get("", "detail").unwrap()).collect();
            for index in ["sign_in_revoked", "person_administrator", "registration_place"] {
                let used = |step: &String| step.contains(&format!("INDEX {index} "));
                assert!(steps.iter().any(used), "{index}, {place:?}: {steps:#?}");
            }
            // But what is asked itself, a list of JSON.
            let whole = |step: &String| step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
            assert!(!steps.iter().any(whole), "{place:?}: {steps:#?}");
        }
    }
}
