//! The electoral roll: the rule applied to everyone of the workshop, set-wise; a preview with
//! reasons in draft, frozen at opening.

use std::collections::{BTreeMap, HashMap};

use actix_web::HttpRequest;
use actix_web::web::Path;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, QueryOrder, QuerySelect, QueryTrait as _, StreamTrait};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::eligibility::{Facts, Unmet};
use super::entity::{State, Unit, ballot, roll_line};
use super::lacking::Lack;
use super::{PAGE, of_person};
use crate::coalitions::Adherents;
use crate::http::{Caller, Cursor, Language, Limit, Page, Problem, Query, Reply, Worded};
use crate::identity::person;
use crate::instant::Instant;
use crate::registrations::{Category, Role, State as RegistrationState, entity as registration, merges};
use crate::secrets::hex;
use crate::store::each_page;
use crate::{attendance, coalitions, organisations};

/// One person as a ballot's rule sees them.
pub struct Elector {
    pub facts: Facts,
    /// Themself, or the organisation they are the delegate of.
    pub unit_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    /// Canonical.
    pub address: String,
}

/// One person of the workshop, with what rules ask about.
#[derive(FromQueryResult)]
struct Someone {
    id: Uuid,
    person_id: Uuid,
    name: String,
    role: Role,
    state: RegistrationState,
    category: Option<Category>,
    organisation_id: Option<Uuid>,
    organisation_category: Option<Category>,
    delegate: bool,
    address: String,
}

type Attended = HashMap<Uuid, attendance::Facts>;

/// Everyone registered in the workshop (or one of them), a page at a time: in a large one most of what
/// is read of them is not to be kept.
async fn people(
    on: &impl ConnectionTrait,
    workshop_id: Uuid,
    only: Option<Uuid>,
    mut each: impl FnMut(Someone),
) -> Result<(), Problem> {
    use registration::{Column, Entity, Relation};
    let mut select = Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::PersonId,
            Column::Name,
            Column::Role,
            Column::State,
            Column::Category,
            Column::OrganisationId,
            Column::Delegate,
        ])
        .column_as(organisations::entity::Column::Category, "organisation_category")
        .column(person::Column::Address)
        .join(sea_orm::JoinType::LeftJoin, Relation::Organisation.def())
        .join(sea_orm::JoinType::InnerJoin, Relation::Person.def())
        .filter(Column::WorkshopId.eq(workshop_id));
    if let Some(id) = only {
        select = select.filter(Column::Id.eq(id));
    }
    // By the index that finds a workshop's people, even while the database does not know yet how many they are.
    let select = select.order_by_asc(Column::PersonId).limit(PAGE as u64);
    let page = |after: Option<Uuid>| {
        // Of both, which are equal: else PostgreSQL may go through everyone before them again for each page.
        let page = select.clone().apply_if(after, |page, after| {
            page.filter(Column::PersonId.gt(after))
                .filter(person::Column::Id.gt(after))
        });
        async move { page.into_model().all(on).await }
    };
    let take = |people: Vec<Someone>| {
        people.into_iter().for_each(&mut each);
        Ok(())
    };
    each_page(PAGE, page, |last| last.person_id, take).await
}

impl Someone {
    fn facts(&self, ballot: &ballot::Model, attended: &Attended, adherents: &Adherents) -> Facts {
        let rule = &ballot.eligibility;
        let attended = attended.get(&self.id);
        let who = match ballot.unit {
            Unit::Person => Some(self.id),
            Unit::Organisation => self.organisation_id,
        };
        let adheres = |any_charter| {
            let pledged = |(coalition, who)| adherents.adheres(who, coalition, any_charter);
            rule.adhered.zip(who).is_some_and(pledged)
        };
        Facts {
            registration_id: self.id,
            role: self.role,
            state: self.state,
            category: self.organisation_category.or(self.category),
            sessions: attended.map_or(0, |facts| facts.sessions),
            seconds: attended.map_or(0, |facts| facts.seconds),
            adheres: adheres(rule.any_charter),
            adhered_before: adheres(true),
            organised: self.organisation_id.is_some(),
            delegate: self.delegate,
            erased: person::is_erased(&self.address),
        }
    }
}

/// What is kept of everyone of the workshop as this ballot's rule sees them; so many queries as there are
/// pages of people.
pub async fn electors<T>(
    on: &(impl ConnectionTrait + StreamTrait),
    ballot: &ballot::Model,
    now: Instant,
    mut keep: impl FnMut(Elector) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let (attended, adherents) = known(on, &[ballot], None, now).await?;
    let elector = |someone: Someone| Elector {
        facts: someone.facts(ballot, &attended, &adherents),
        unit_id: match ballot.unit {
            Unit::Organisation if someone.delegate => someone.organisation_id.unwrap_or(someone.person_id),
            Unit::Organisation | Unit::Person => someone.person_id,
        },
        person_id: someone.person_id,
        name: someone.name,
        address: someone.address,
    };
    let mut kept = Vec::new();
    people(on, ballot.workshop_id, None, |someone| {
        kept.extend(keep(elector(someone)));
    })
    .await?;
    Ok(kept)
}

/// What these ballots' rules ask beside the registration itself.
async fn known(
    on: &(impl ConnectionTrait + StreamTrait),
    ballots: &[&ballot::Model],
    only: Option<Uuid>,
    now: Instant,
) -> Result<(Attended, Adherents), Problem> {
    let rules = || ballots.iter().map(|ballot| &ballot.eligibility);
    let attended = match ballots.first() {
        Some(ballot) if rules().any(|rule| rule.min_sessions > 0 || rule.min_minutes > 0) => {
            attendance::facts(on, ballot.workshop_id, now, only).await?
        }
        _ => Attended::new(),
    };
    let adherents = coalitions::adherents(on, rules().filter_map(|rule| rule.adhered), only).await?;
    Ok((attended, adherents))
}

/// One person as each of these ballots of one workshop sees them now; nothing when they are not
/// registered at all. A constant number of queries, whatever the number of ballots.
pub async fn facts_of(
    on: &(impl ConnectionTrait + StreamTrait),
    ballots: &[&ballot::Model],
    registration_id: Uuid,
    now: Instant,
) -> Result<Vec<Facts>, Problem> {
    let Some(first) = ballots.first() else {
        return Ok(Vec::new());
    };
    let mut found = None;
    people(on, first.workshop_id, Some(registration_id), |someone| {
        found = Some(someone);
    })
    .await?;
    let Some(someone) = found else {
        return Ok(Vec::new());
    };
    let (attended, adherents) = known(on, ballots, Some(registration_id), now).await?;
    let facts = |ballot: &&ballot::Model| someone.facts(ballot, &attended, &adherents);
    Ok(ballots.iter().map(facts).collect())
}

/// One line of the roll, or of its preview.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "name": "Mariama Diallo", "on_roll": true, "unmet": [], "lacks": [], "voted": null, "entry": null
}))]
pub struct RollLine {
    /// Once merged into another, that one
    registration_id: Uuid,
    /// Null when the registration is gone
    name: Option<String>,
    on_roll: bool,
    /// In draft: what they still lack
    unmet: Vec<Unmet>,
    /// The same in sentences, with how far they have come
    lacks: Vec<Lack>,
    /// Null until the votes are counted
    voted: Option<bool>,
    /// What stands for them in the frozen roll; for auditors
    entry: Option<RollEntry>,
}

/// What stands for one voter in the roll that the manifest commits to:
/// `leaf = SHA-256("palabre/roll/v1" 0x00 ballot_id salt unit_id length(address) address)`.
#[derive(Serialize, ToSchema)]
pub struct RollEntry {
    /// The person, or the organisation they vote for
    unit_id: Uuid,
    /// In canonical form; null once erased
    address: Option<String>,
    /// 16 bytes in hex; null once erased
    salt: Option<String>,
    /// In hex
    leaf: String,
}

impl RollEntry {
    pub fn new(row: &roll_line::Model, address: Option<String>) -> Self {
        Self {
            unit_id: row.unit_id,
            salt: (row.salt != of_person::NO_SALT).then(|| hex(&row.salt)),
            leaf: hex(&row.leaf),
            address: address.filter(|address| !person::is_erased(address)),
        }
    }
}

/// A page of the roll, with what the whole adds up to.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{"registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "name": "Mariama Diallo", "on_roll": false, "unmet": ["sessions"],
        "lacks": [{"code": "sessions", "detail": "Séances suivies : 1 ; il en faut 2."}], "voted": null, "entry": null}],
    "next_cursor": null, "on_roll": 42, "not_on_roll": 18, "lacking": [{"code": "sessions", "people": 11}, {"code": "pledge", "people": 9}]
}))]
pub struct Roll {
    items: Vec<RollLine>,
    /// Give it as `cursor` for the next page; null on the last one
    next_cursor: Option<String>,
    /// How many are on the roll
    on_roll: usize,
    /// In draft: how many registrations are not; 0 once the roll is frozen
    not_on_roll: usize,
    /// In draft: how many people lack each condition that anyone lacks; who lacks several is in each
    lacking: Vec<Lacking>,
}

/// How many people lack one condition.
#[derive(Serialize, ToSchema)]
pub struct Lacking {
    code: Unmet,
    people: usize,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Items on one page: 1–200, default 50
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Uuid>>,
    /// Only those who are on the roll, or only those who are not; the figures stay those of the whole
    on_roll: Option<bool>,
}

/// Read the electoral roll
///
/// In draft a preview: every registration with what it still lacks, and how far it has come, in words
/// of the language of `Accept-Language`. From opening on the frozen roll; who voted is shown once the
/// votes are counted.
#[utoipa::path(get, path = "/v1/ballots/{ballot_id}/roll", params(Filter), responses((status = 200, body = Roll)))]
pub async fn read_roll(caller: Caller, id: Path<Uuid>, filter: Query<Filter>, request: HttpRequest) -> Worded<Roll> {
    let language = Language::of(request.headers());
    let Query(filter) = filter;
    let snapshot = caller.app.store.snapshot().await?;
    let ballot = ballot::find(&snapshot, *id).await?;
    if let Some(size) = ballot.roll_size {
        let page = frozen(&snapshot, &ballot, filter, caller.is(&[Role::Auditor])).await?;
        return Reply::plain(Roll {
            items: page.items,
            next_cursor: page.next_cursor,
            on_roll: usize::try_from(size).unwrap_or_default(),
            not_on_roll: 0,
            lacking: Vec::new(),
        })
        .worded(language);
    }
    let mut lines = preview(&snapshot, &ballot, caller.now(), language).await?;
    let on_roll = lines.iter().filter(|line| line.on_roll).count();
    let not_on_roll = lines.len() - on_roll;
    let mut people: BTreeMap<Unmet, usize> = BTreeMap::new();
    for unmet in lines.iter().flat_map(|line| &line.unmet) {
        *people.entry(*unmet).or_default() += 1;
    }
    if let Some(wanted) = filter.on_roll {
        lines.retain(|line| line.on_roll == wanted);
    }
    if let Some(Cursor(after)) = filter.cursor {
        lines.retain(|line| line.registration_id > after);
    }
    let page = Page::of(lines, filter.limit, |line| line.registration_id, |line| line);
    Reply::plain(Roll {
        items: page.items,
        next_cursor: page.next_cursor,
        on_roll,
        not_on_roll,
        lacking: people
            .into_iter()
            .map(|(code, people)| Lacking { code, people })
            .collect(),
    })
    .worded(language)
}

async fn preview(
    on: &(impl ConnectionTrait + StreamTrait),
    ballot: &ballot::Model,
    now: Instant,
    language: Language,
) -> Result<Vec<RollLine>, Problem> {
    if ballot.state == State::Cancelled {
        return Ok(Vec::new());
    }
    let line = |elector: Elector| {
        let unmet = ballot.eligibility.unmet(ballot.unit, &elector.facts);
        let registration_id = elector.facts.registration_id;
        Some(RollLine {
            registration_id,
            name: Some(elector.name),
            on_roll: unmet.is_empty(),
            lacks: ballot
                .eligibility
                .explained(&unmet, ballot.unit, &elector.facts, language),
            unmet,
            voted: None,
            entry: None,
        })
    };
    let mut lines = electors(on, ballot, now, line).await?;
    lines.sort_unstable_by_key(|line| line.registration_id);
    Ok(lines)
}

async fn frozen(
    on: &impl ConnectionTrait,
    ballot: &ballot::Model,
    filter: Filter,
    annex: bool,
) -> Result<Page<RollLine>, Problem> {
    let select = roll_line::Entity::find().filter(roll_line::Column::BallotId.eq(ballot.id));
    let page = filter.limit.after(filter.cursor, select, roll_line::Column::UnitId);
    let rows = if filter.on_roll == Some(false) {
        Vec::new()
    } else {
        page.all(on).await?
    };
    // Who was merged into another since is found there; their line is that of their own address.
    let heirs = merges::heirs(on, rows.iter().map(|row| row.registration_id)).await?;
    let now_of = |row: &roll_line::Model| *heirs.get(&row.registration_id).unwrap_or(&row.registration_id);
    let names: HashMap<Uuid, (String, Option<Instant>)> = registration::Entity::find()
        .select_only()
        .columns([
            registration::Column::Id,
            registration::Column::Name,
            registration::Column::ForgottenAt,
        ])
        .filter(registration::Column::Id.is_in(rows.iter().map(now_of)))
        .into_tuple::<(Uuid, String, Option<Instant>)>()
        .all(on)
        .await?
        .into_iter()
        .map(|(id, name, forgotten)| (id, (name, forgotten)))
        .collect();
    let addresses: HashMap<Uuid, String> = person::Entity::find()
        .select_only()
        .columns([person::Column::Id, person::Column::Address])
        .filter(person::Column::Id.is_in(rows.iter().map(|row| row.person_id)))
        .into_tuple::<(Uuid, String)>()
        .all(on)
        .await?
        .into_iter()
        .collect();
    let line = |row: roll_line::Model| {
        let registration_id = now_of(&row);
        let (name, forgotten) = names.get(&registration_id).cloned().unzip();
        let named = forgotten.flatten().is_none();
        let address = addresses.get(&row.person_id).filter(|_| named).cloned();
        RollLine {
            registration_id,
            name,
            on_roll: true,
            unmet: Vec::new(),
            lacks: Vec::new(),
            voted: row.voted,
            entry: annex.then(|| RollEntry::new(&row, address)),
        }
    };
    Ok(Page::of(rows, filter.limit, |row| row.unit_id, line))
}
