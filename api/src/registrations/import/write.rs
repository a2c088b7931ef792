//! Reading what stands and writing what a plan says, set-wise: a few statements for thousands of
//! lines. The workshop is held meanwhile, so that what was read stays true.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{QuerySelect as _, Statement, Value};

use super::super::entity::{self, State};
use super::super::merges;
use super::super::plan::{Change, Outcome, Person, Place, Plan, Standing};
use super::super::roster::{Row, fold_name};
use crate::http::{Caller, Code, Problem};
use crate::identity::person;
use crate::organisations::entity as organisation;
use crate::workshops::entity as workshop;

/// Rows of one statement: at most eleven values each, far below what either database binds.
const CHUNK: usize = 500;

/// What stands, with the identifiers that a plan does without.
pub struct Known {
    pub standing: Standing,
    /// By canonical address.
    people: HashMap<String, Uuid>,
    /// By folded name.
    organisations: HashMap<String, Uuid>,
}

impl Known {
    pub async fn load(on: &impl ConnectionTrait, workshop_id: Uuid, rows: &[Row]) -> Result<Self, Problem> {
        let organisations = organisation::Entity::find()
            .filter(organisation::Column::WorkshopId.eq(workshop_id))
            .all(on)
            .await?;
        let names: HashMap<Uuid, &str> = organisations
            .iter()
            .map(|organisation| (organisation.id, organisation.folded_name.as_str()))
            .collect();
        let registrations = entity::Entity::find()
            .filter(entity::Column::WorkshopId.eq(workshop_id))
            .all(on)
            .await?;
        let mut standing = Standing::default();
        let mut places: HashMap<Uuid, (Uuid, Place)> = HashMap::with_capacity(registrations.len());
        for row in registrations {
            let organisation = row
                .organisation_id
                .and_then(|id| names.get(&id))
                .map(|name| (*name).to_owned());
            if let Some(organisation) = organisation.as_ref().filter(|_| row.delegate) {
                standing.delegates.insert(organisation.clone(), row.id);
            }
            let place = Place {
                name: row.name,
                role: row.role,
                organisation,
                category: row.category,
                delegate: row.delegate,
            };
            places.insert(row.person_id, (row.id, place));
        }
        let addresses: Vec<&str> = rows.iter().map(|row| row.email.canonical()).collect();
        let mut people = HashMap::with_capacity(addresses.len());
        let merged = merges::of_workshop(on, workshop_id).await?;
        for person in find_people(on, &addresses).await? {
            if let Some(heir) = merged.get(&person.id).filter(|_| !places.contains_key(&person.id)) {
                standing.merged.insert(person.address.clone(), *heir);
            }
            people.insert(person.address.clone(), person.id);
            let known = Person {
                name: person.known_as(),
                registration: places.remove(&person.id),
            };
            standing.people.insert(person.address, known);
        }
        let mut ids = HashMap::with_capacity(organisations.len());
        for organisation in organisations {
            ids.insert(organisation.folded_name.clone(), organisation.id);
            standing
                .organisations
                .insert(organisation.folded_name, organisation.category);
        }
        Ok(Self {
            standing,
            people,
            organisations: ids,
        })
    }
}

async fn find_people(on: &impl ConnectionTrait, addresses: &[&str]) -> Result<Vec<person::Model>, DbErr> {
    let mut people = Vec::with_capacity(addresses.len());
    for chunk in addresses.chunks(CHUNK) {
        let found = person::Entity::find()
            .filter(person::Column::Address.is_in(chunk.iter().copied()))
            // Nobody erases themself while their name is being written down again.
            .lock(LockType::KeyShare)
            .all(on)
            .await?;
        people.extend(found);
    }
    Ok(people)
}

/// Writes it all; gives back the registration of each line.
pub async fn carry_out(
    on: &impl ConnectionTrait,
    caller: &Caller,
    workshop: &workshop::Model,
    known: &Known,
    plan: &Plan<'_>,
) -> Result<HashMap<u64, Uuid>, Problem> {
    let added = add_organisations(on, caller, workshop, plan).await?;
    let organisation_of = |place: &Place| -> Result<Option<Uuid>, Problem> {
        match &place.organisation {
            None => Ok(None),
            Some(name) => {
                let id = known.organisations.get(name).or_else(|| added.get(name));
                Ok(Some(*id.ok_or(Code::Internal)?))
            }
        }
    };
    let mut lines = HashMap::with_capacity(plan.changes.len());
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for change in &plan.changes {
        match (change.outcome, change.registration) {
            (Outcome::Created, _) => new.push(change),
            (Outcome::Updated, Some(id)) => changed.push((id, change, organisation_of(&change.after)?)),
            _ => {}
        }
        lines.extend(change.registration.map(|id| (change.row.line, id)));
    }
    update(on, &changed).await?;
    let added = add_people(on, caller, workshop, known, &new).await?;
    let mut rows = Vec::with_capacity(new.len());
    for change in new {
        let address = change.row.email.canonical();
        let person_id = known.people.get(address).or_else(|| added.get(address));
        let id = caller.app.ambient.id();
        lines.insert(change.row.line, id);
        let place = change.after.clone();
        rows.push(entity::ActiveModel {
            id: Set(id),
            workshop_id: Set(workshop.id),
            person_id: Set(*person_id.ok_or(Code::Internal)?),
            folded_name: Set(fold_name(&place.name)),
            organisation_id: Set(organisation_of(&place)?),
            name: Set(place.name),
            role: Set(place.role),
            state: Set(State::Invited),
            category: Set(place.category),
            delegate: Set(place.delegate),
            admitted: Set(true),
            forgotten_at: Set(None),
            created_at: Set(caller.now()),
        });
    }
    insert::<entity::Entity, _>(on, rows).await?;
    Ok(lines)
}

async fn insert<E: EntityTrait, A: ActiveModelTrait<Entity = E>>(
    on: &impl ConnectionTrait,
    rows: Vec<A>,
) -> Result<(), DbErr> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        E::insert_many(rows.by_ref().take(CHUNK))
            .exec_without_returning(on)
            .await?;
    }
    Ok(())
}

async fn add_organisations(
    on: &impl ConnectionTrait,
    caller: &Caller,
    workshop: &workshop::Model,
    plan: &Plan<'_>,
) -> Result<HashMap<String, Uuid>, Problem> {
    let mut ids = HashMap::with_capacity(plan.organisations.len());
    let mut rows = Vec::with_capacity(plan.organisations.len());
    for new in &plan.organisations {
        let id = caller.app.ambient.id();
        ids.insert(new.folded.clone(), id);
        rows.push(organisation::ActiveModel {
            id: Set(id),
            workshop_id: Set(workshop.id),
            name: Set(new.name.clone()),
            folded_name: Set(new.folded.clone()),
            category: Set(new.category),
            created_at: Set(caller.now()),
        });
    }
    insert::<organisation::Entity, _>(on, rows).await?;
    Ok(ids)
}

/// Accounts for those who have none, by canonical address.
async fn add_people(
    on: &impl ConnectionTrait,
    caller: &Caller,
    workshop: &workshop::Model,
    known: &Known,
    new: &[&Change<'_>],
) -> Result<HashMap<String, Uuid>, Problem> {
    let mut missing: Vec<&Change<'_>> = new
        .iter()
        .copied()
        .filter(|change| !known.people.contains_key(change.row.email.canonical()))
        .collect();
    // Imports into two workshops wait for each other in one order, never in a circle.
    missing.sort_by_key(|change| change.row.email.canonical());
    for chunk in missing.chunks(CHUNK) {
        let rows = chunk.iter().map(|change| person::ActiveModel {
            id: Set(caller.app.ambient.id()),
            address: Set(change.row.email.canonical().to_owned()),
            address_typed: Set(change.row.email.typed().to_owned()),
            name: Set(change.row.name.clone()),
            language: Set(change.row.language.unwrap_or(workshop.language)),
            administrator: Set(false),
            created_at: Set(caller.now()),
        });
        let once = OnConflict::column(person::Column::Address).do_nothing().to_owned();
        person::Entity::insert_many(rows)
            .on_conflict(once)
            .exec_without_returning(on)
            .await?;
    }
    let addresses: Vec<&str> = missing.iter().map(|change| change.row.email.canonical()).collect();
    let people = find_people(on, &addresses).await?;
    Ok(people.into_iter().map(|person| (person.address, person.id)).collect())
}

async fn update(on: &impl ConnectionTrait, changed: &[(Uuid, &Change<'_>, Option<Uuid>)]) -> Result<(), DbErr> {
    // Delegates give back before others take: no organisation has two, not even for a moment.
    let leaving: Vec<Uuid> = changed
        .iter()
        .filter(|(_, change, _)| change.before.as_ref().is_some_and(|before| before.delegate))
        .map(|(id, _, _)| *id)
        .collect();
    for chunk in leaving.chunks(CHUNK) {
        entity::Entity::update_many()
            .col_expr(entity::Column::Delegate, Expr::value(false))
            .filter(entity::Column::Id.is_in(chunk.iter().copied()))
            .exec(on)
            .await?;
    }
    for chunk in changed.chunks(CHUNK) {
        let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * 7);
        let mut rows = Vec::with_capacity(chunk.len());
        for (id, change, organisation_id) in chunk {
            let place = &change.after;
            let from = values.len();
            values.extend([
                Value::from(*id),
                place.name.clone().into(),
                fold_name(&place.name).into(),
                place.role.as_str().into(),
                (*organisation_id).into(),
                place.category.map(super::super::Category::as_str).into(),
                place.delegate.into(),
            ]);
            let marks: Vec<String> = (from + 1..=values.len()).map(|mark| format!("${mark}")).collect();
            rows.push(format!("({})", marks.join(", ")));
        }
        let sql = format!(
            "UPDATE registration SET name = v.column2, folded_name = v.column3, role = v.column4, \
             organisation_id = v.column5, category = v.column6, delegate = v.column7 \
             FROM (VALUES {}) AS v WHERE registration.id = v.column1",
            rows.join(", ")
        );
        on.execute_raw(Statement::from_sql_and_values(on.get_database_backend(), sql, values))
            .await?;
    }
    Ok(())
}
