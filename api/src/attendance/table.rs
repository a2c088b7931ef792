//! Attendance as tables for people: one line per person, words in their language.

use uuid::Uuid;

use super::arithmetic::h_mm_ss;
use super::sheet::{Listed, Presence, Sheet};
use crate::http::Language;
use crate::http::csv::Cell;
use crate::http::{Problem, csv, xlsx};
use crate::instant::Instant;
use crate::registrations::{Category, Role};
use crate::sessions::{Days, State};

/// The whole list of a session.
pub fn of_session(sheet: &Sheet, people: &[Listed], days: &Days, session_id: Uuid, language: Language) -> Table {
    let words = words(language);
    let header: Vec<String> = [person_header(words), count_header(words), times_header(words, days)].concat();
    let lines = people.iter().filter_map(|person| {
        let presence = sheet.presence(person.id, session_id)?;
        let mut line = person_cells(person, language);
        line.extend(count_cells(presence.seconds));
        line.extend(times_cells(&[presence], days));
        Some(line)
    });
    written(header, lines)
}

/// The whole list of a workshop, with a column of seconds for each session that took place or will.
pub fn of_workshop(sheet: &Sheet, people: &[Listed], days: &Days, language: Language) -> Table {
    let words = words(language);
    let sessions: Vec<_> = sheet
        .sessions
        .iter()
        .filter(|session| session.state != State::Cancelled)
        .collect();
    let mut header = person_header(words);
    header.push(words.sessions.to_owned());
    header.extend(count_header(words));
    header.extend(times_header(words, days));
    header.extend(
        sessions
            .iter()
            .map(|session| format!("{} {} ({})", days.local(session.starts_at), session.title, words.unit)),
    );
    let lines = people.iter().map(|person| {
        let facts = sheet.facts(person.id);
        let mut line = person_cells(person, language);
        line.push(i64::from(facts.sessions).into());
        line.extend(count_cells(facts.seconds));
        let presences: Vec<_> = sheet.presences(person.id).map(|(_, presence)| presence).collect();
        line.extend(times_cells(&presences, days));
        line.extend(sessions.iter().map(|session| {
            let seconds = sheet
                .presence(person.id, session.id)
                .map_or(0, |presence| presence.seconds);
            Cell::from(seconds)
        }));
        line
    });
    written(header, lines)
}

fn written(header: Vec<String>, lines: impl Iterator<Item = Vec<Cell>>) -> Table {
    Table {
        header,
        lines: lines.collect(),
    }
}

/// A table, before it is written in one format or another.
pub struct Table {
    header: Vec<String>,
    lines: Vec<Vec<Cell>>,
}

impl Table {
    pub fn csv(self) -> Vec<u8> {
        csv::table(&self.header(), self.lines.iter().cloned())
    }

    pub fn xlsx(self) -> Result<Vec<u8>, Problem> {
        xlsx::table(&self.header(), self.lines.iter().cloned())
    }

    fn header(&self) -> Vec<&str> {
        self.header.iter().map(String::as_str).collect()
    }
}

struct Words {
    person: [&'static str; 5],
    sessions: &'static str,
    count: [&'static str; 2],
    arrival: &'static str,
    departure: &'static str,
    unit: &'static str,
}

fn words(language: Language) -> &'static Words {
    match language {
        Language::Fr => &Words {
            person: ["Inscription", "Nom", "Organisation", "Catégorie", "Rôle"],
            sessions: "Séances suivies",
            count: ["Secondes de présence", "Durée (h:mm:ss)"],
            arrival: "Première arrivée",
            departure: "Dernier départ",
            unit: "secondes",
        },
        Language::En => &Words {
            person: ["Registration", "Name", "Organisation", "Category", "Role"],
            sessions: "Sessions attended",
            count: ["Seconds present", "Duration (h:mm:ss)"],
            arrival: "First arrival",
            departure: "Last departure",
            unit: "seconds",
        },
    }
}

fn person_header(words: &Words) -> Vec<String> {
    words.person.map(str::to_owned).to_vec()
}

fn count_header(words: &Words) -> Vec<String> {
    words.count.map(str::to_owned).to_vec()
}

fn times_header(words: &Words, days: &Days) -> Vec<String> {
    [words.arrival, words.departure]
        .iter()
        .flat_map(|what| [format!("{what} (UTC)"), format!("{what} ({})", days.zone_name())])
        .collect()
}

fn person_cells(person: &Listed, language: Language) -> Vec<Cell> {
    vec![
        person.id.to_string().into(),
        person.name.as_str().into(),
        person.organisation.as_deref().into(),
        person
            .category()
            .map(|category| category_word(category, language))
            .into(),
        role_word(person.role, language).into(),
    ]
}

fn count_cells(seconds: i64) -> [Cell; 2] {
    [seconds.into(), h_mm_ss(seconds).into()]
}

/// First arrival and last departure as recorded; no departure while the person is present.
fn times_cells(presences: &[&Presence], days: &Days) -> Vec<Cell> {
    let intervals: Vec<_> = presences.iter().flat_map(|presence| &presence.intervals).collect();
    let arrival = intervals.iter().map(|interval| interval.joined_at).min();
    let present = intervals.iter().any(|interval| interval.left_at.is_none());
    let departure = intervals.iter().filter_map(|interval| interval.left_at).max();
    [arrival, departure.filter(|_| !present)]
        .into_iter()
        .flat_map(|time: Option<Instant>| {
            [
                time.map(|time| time.to_string()).into(),
                time.map(|time| days.local(time)).into(),
            ]
        })
        .collect()
}

pub fn role_word(role: Role, language: Language) -> &'static str {
    match (language, role) {
        (Language::Fr, Role::Organiser) => "organisation",
        (Language::Fr, Role::Facilitator) => "animation",
        (Language::Fr, Role::Participant) => "participation",
        (Language::Fr, Role::Auditor) => "audit",
        (Language::En, role) => role.as_str(),
    }
}

pub fn category_word(category: Category, language: Language) -> &'static str {
    match (language, category) {
        (Language::Fr, Category::PublicAdministration) => "administration publique",
        (Language::Fr, Category::Company) => "entreprise",
        (Language::Fr, Category::Startup) => "start-up",
        (Language::Fr, Category::Education) => "éducation",
        (Language::Fr, Category::Association) => "association",
        (Language::Fr, Category::Incubator) => "incubateur",
        (Language::Fr, Category::Donor) => "bailleur",
        (Language::Fr, Category::Other) => "autre",
        (Language::En, Category::PublicAdministration) => "public administration",
        (Language::En, Category::Company) => "company",
        (Language::En, Category::Startup) => "start-up",
        (Language::En, Category::Education) => "education",
        (Language::En, Category::Association) => "association",
        (Language::En, Category::Incubator) => "incubator",
        (Language::En, Category::Donor) => "donor",
        (Language::En, Category::Other) => "other",
    }
}
