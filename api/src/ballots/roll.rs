//! The electoral roll: the rule applied to everyone of the workshop, set-wise; a preview with
//! reasons in draft, frozen at opening.

use std::collections::HashMap;

use actix_web::web::Path;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::eligibility::{Eligibility, Facts, Unmet};
use super::entity::{State, ballot, roll};
use super::of_person;
use crate::http::{Answer, Caller, Cursor, Limit, Page, Problem, Query, Reply};
use crate::identity::person;
use crate::instant::Instant;
use crate::registrations::{Category, Role, State as RegistrationState, entity as registration};
use crate::secrets::hex;
use crate::{attendance, coalitions, organisations};

/// One person as the rule sees them.
pub struct Elector {
    pub facts: Facts,
    pub person_id: Uuid,
    pub name: String,
    /// Canonical.
    pub address: String,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    name: String,
    role: Role,
    state: RegistrationState,
    category: Option<Category>,
    organisation_category: Option<Category>,
    address: String,
}

/// Everyone registered in the workshop (or one of them) with what the rule asks about; a constant
/// number of queries. Whoever erased themself can vote no more and is left out.
pub async fn electors(
    on: &impl ConnectionTrait,
    workshop_id: Uuid,
    rule: &Eligibility,
    now: Instant,
    only: Option<Uuid>,
) -> Result<Vec<Elector>, Problem> {
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
        ])
        .column_as(organisations::entity::Column::Category, "organisation_category")
        .column(person::Column::Address)
        .join(sea_orm::JoinType::LeftJoin, Relation::Organisation.def())
        .join(sea_orm::JoinType::InnerJoin, Relation::Person.def())
        .filter(Column::WorkshopId.eq(workshop_id))
        .filter(person::not_erased());
    if let Some(id) = only {
        select = select.filter(Column::Id.eq(id));
    }
    let rows = select.order_by_asc(Column::Id).into_model::<Row>().all(on).await?;
    let attended = if rule.min_sessions > 0 || rule.min_minutes > 0 {
        attendance::facts(on, workshop_id, now, only).await?
    } else {
        HashMap::new()
    };
    let adherents = coalitions::adherents(on, rule.adhered, only).await?;
    let elector = |row: Row| {
        let (sessions, seconds) = attended
            .get(&row.id)
            .map_or((0, 0), |facts| (facts.sessions, facts.seconds));
        Elector {
            facts: Facts {
                registration_id: row.id,
                role: row.role,
                state: row.state,
                category: row.organisation_category.or(row.category),
                sessions,
                seconds,
                adheres: rule.adhered_by(&adherents, row.id),
            },
            person_id: row.person_id,
            name: row.name,
            address: row.address,
        }
    };
    Ok(rows.into_iter().map(elector).collect())
}

/// What one person lacks now by each of these rules; nothing when they are not registered at all. A
/// constant number of queries, whatever the number of rules.
pub async fn unmet_of(
    on: &impl ConnectionTrait,
    workshop_id: Uuid,
    rules: &[&Eligibility],
    registration_id: Uuid,
    now: Instant,
) -> Result<Vec<Vec<Unmet>>, Problem> {
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    // A rule that asks for whatever one of them asks for.
    let needs = Eligibility {
        min_sessions: rules.iter().map(|rule| rule.min_sessions).max().unwrap_or_default(),
        min_minutes: rules.iter().map(|rule| rule.min_minutes).max().unwrap_or_default(),
        ..Eligibility::default()
    };
    let electors = electors(on, workshop_id, &needs, now, Some(registration_id)).await?;
    let Some(elector) = electors.first() else {
        return Ok(vec![Vec::new(); rules.len()]);
    };
    let coalitions = rules.iter().filter_map(|rule| rule.adhered);
    let adherents = coalitions::adherents(on, coalitions, Some(registration_id)).await?;
    let unmet = |rule: &&Eligibility| {
        rule.unmet(&Facts {
            adheres: rule.adhered_by(&adherents, registration_id),
            ..elector.facts
        })
    };
    Ok(rules.iter().map(unmet).collect())
}

impl Eligibility {
    fn adhered_by(&self, adherents: &coalitions::Adherents, registration_id: Uuid) -> bool {
        self.adhered
            .is_some_and(|coalition_id| adherents.adheres(registration_id, coalition_id, self.any_charter))
    }
}

/// One line of the roll, or of its preview.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "name": "Mariama Diallo", "on_roll": true, "unmet": [], "voted": null, "entry": null
}))]
pub struct RollLine {
    registration_id: Uuid,
    /// Null when the registration is gone
    name: Option<String>,
    on_roll: bool,
    /// In draft: what they still lack
    unmet: Vec<Unmet>,
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
    pub fn new(row: &roll::Model, address: Option<String>) -> Self {
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
    "items": [{"registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "name": "Mariama Diallo", "on_roll": true, "unmet": [], "voted": null, "entry": null}],
    "next_cursor": null, "on_roll": 42, "not_on_roll": 18
}))]
pub struct Roll {
    items: Vec<RollLine>,
    /// Give it as `cursor` for the next page; null on the last one
    next_cursor: Option<String>,
    /// How many are on the roll
    on_roll: usize,
    /// In draft: how many registrations are not; 0 once the roll is frozen
    not_on_roll: usize,
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
}

/// Read the electoral roll
///
/// In draft a preview: every registration with what it still lacks. From opening on the frozen
/// roll; who voted is shown once the votes are counted.
#[utoipa::path(get, path = "/v1/ballots/{ballot_id}/roll", params(Filter), responses((status = 200, body = Roll)))]
pub async fn read_roll(caller: Caller, id: Path<Uuid>, filter: Query<Filter>) -> Answer<Roll> {
    let Query(filter) = filter;
    let snapshot = caller.app.store.snapshot().await?;
    let ballot = ballot::find(&snapshot, *id).await?;
    if let Some(size) = ballot.roll_size {
        let page = frozen(&snapshot, &ballot, &filter, caller.is(&[Role::Auditor])).await?;
        return Ok(Reply::plain(Roll {
            items: page.items,
            next_cursor: page.next_cursor,
            on_roll: usize::try_from(size).unwrap_or_default(),
            not_on_roll: 0,
        }));
    }
    let mut lines = preview(&snapshot, &ballot, caller.now()).await?;
    let on_roll = lines.iter().filter(|line| line.on_roll).count();
    let not_on_roll = lines.len() - on_roll;
    if let Some(Cursor(after)) = filter.cursor {
        lines.retain(|line| line.registration_id > after);
    }
    let page = Page::of(lines, filter.limit, |line| line.registration_id, |line| line);
    Ok(Reply::plain(Roll {
        items: page.items,
        next_cursor: page.next_cursor,
        on_roll,
        not_on_roll,
    }))
}

async fn preview(on: &impl ConnectionTrait, ballot: &ballot::Model, now: Instant) -> Result<Vec<RollLine>, Problem> {
    if ballot.state == State::Cancelled {
        return Ok(Vec::new());
    }
    let electors = electors(on, ballot.workshop_id, &ballot.eligibility, now, None).await?;
    let line = |elector: Elector| {
        let unmet = ballot.eligibility.unmet(&elector.facts);
        let registration_id = elector.facts.registration_id;
        RollLine {
            registration_id,
            name: Some(elector.name),
            on_roll: unmet.is_empty(),
            unmet,
            voted: None,
            entry: None,
        }
    };
    Ok(electors.into_iter().map(line).collect())
}

async fn frozen(
    on: &impl ConnectionTrait,
    ballot: &ballot::Model,
    filter: &Filter,
    annex: bool,
) -> Result<Page<RollLine>, Problem> {
    let mut select = roll::Entity::find().filter(roll::Column::BallotId.eq(ballot.id));
    if let Some(Cursor(after)) = filter.cursor {
        select = select.filter(roll::Column::UnitId.gt(after));
    }
    let rows = select
        .order_by_asc(roll::Column::UnitId)
        .limit(filter.limit.probe())
        .all(on)
        .await?;
    let names: HashMap<Uuid, (String, String)> = registration::Entity::find()
        .select_only()
        .columns([registration::Column::Id, registration::Column::Name])
        .column(person::Column::Address)
        .join(sea_orm::JoinType::InnerJoin, registration::Relation::Person.def())
        .filter(registration::Column::Id.is_in(rows.iter().map(|row| row.registration_id)))
        .into_tuple::<(Uuid, String, String)>()
        .all(on)
        .await?
        .into_iter()
        .map(|(id, name, address)| (id, (name, address)))
        .collect();
    let line = |row: roll::Model| {
        let (name, address) = names.get(&row.registration_id).cloned().unzip();
        RollLine {
            registration_id: row.registration_id,
            name,
            on_roll: true,
            unmet: Vec::new(),
            voted: row.voted,
            entry: annex.then(|| RollEntry::new(&row, address)),
        }
    };
    Ok(Page::of(rows, filter.limit, |row| row.unit_id, line))
}
