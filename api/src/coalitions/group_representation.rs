//! A working group as it is shown and as it is given.

use std::collections::{HashMap, HashSet};

use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{JoinType, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entities::{lead, working_group};
use super::places;
use crate::http::{Code, Etag, Fault, Problem, resource, rules};
use crate::instant::Instant;
use crate::registrations::{entity as registration, is_few};

const MOST_LEADS: usize = 20;

/// A thematic group of a coalition.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "coalition_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
    "name": "Infrastructures et accès", "description": "", "capacity": 12,
    "leads": [{"registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "name": "Mariama Diallo"}],
    "committed": 11, "waiting": 0, "free": 1, "full": false, "created_at": "2020-08-28T10:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct WorkingGroup {
    pub id: Uuid,
    coalition_id: Uuid,
    name: String,
    description: String,
    /// How many people can commit; null: no limit
    capacity: Option<i32>,
    /// By name
    leads: Vec<Lead>,
    /// How many people have committed; null when they are fewer than 5, to those who may not see who
    pub committed: Option<i64>,
    /// How many are on the waiting list; null as `committed` is
    pub waiting: Option<i64>,
    /// Places left; null: no limit, or as `committed` is
    free: Option<i64>,
    /// No place is left
    full: bool,
    created_at: Instant,
    etag: Etag,
}

resource!(WorkingGroup, live: ["committed", "waiting", "free", "full"]);

/// Who leads a group.
#[derive(Clone, Serialize, ToSchema)]
pub struct Lead {
    registration_id: Uuid,
    name: String,
}

/// What an organiser says of a working group.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Infrastructures et accès", "capacity": 12, "leads": ["01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50"]
}))]
pub struct WorkingGroupInput {
    /// Unique within the coalition
    #[garde(length(chars, min = 1, max = 200), custom(rules::line))]
    pub name: String,
    #[serde(default)]
    #[garde(length(chars, max = 10_000), custom(rules::text))]
    pub description: String,
    /// How many people can commit; absent or null: no limit
    #[serde(default)]
    #[garde(range(min = 1, max = 1_000_000))]
    pub capacity: Option<i32>,
    /// Registrations of the workshop, at most 20
    #[serde(default)]
    #[garde(skip)]
    pub leads: Vec<Uuid>,
}

impl WorkingGroupInput {
    /// What one field alone cannot tell; the leads are kept from leaving until the transaction ends.
    pub async fn check(&self, on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<(), Problem> {
        if self.leads.len() > MOST_LEADS {
            return Err(Fault::new("/leads", "too_many").with("max", MOST_LEADS).into());
        }
        let known: HashSet<Uuid> = registration::Entity::find()
            .filter(registration::Column::WorkshopId.eq(workshop_id))
            .filter(registration::Column::Id.is_in(self.leads.iter().copied()))
            .lock_shared()
            .all(on)
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect();
        let mut seen = HashSet::new();
        let mut faults = Vec::new();
        for (index, id) in self.leads.iter().enumerate() {
            let code = if !known.contains(id) {
                "not_of_this_workshop"
            } else if !seen.insert(*id) {
                "duplicate"
            } else {
                continue;
            };
            faults.push(Fault::new(format!("/leads/{index}"), code));
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::from(Code::Invalid).faults(faults))
        }
    }

    pub fn tidy(mut self) -> Self {
        self.name = self.name.trim().to_owned();
        self
    }

    /// The same group, whatever the order of its leads?
    pub fn is_same_as(&self, other: &Self) -> bool {
        let leads = |input: &Self| -> HashSet<Uuid> { input.leads.iter().copied().collect() };
        self.name == other.name
            && self.description == other.description
            && self.capacity == other.capacity
            && leads(self) == leads(other)
    }

    pub async fn write_leads(&self, on: &impl ConnectionTrait, group: &working_group::Model) -> Result<(), Problem> {
        lead::Entity::delete_many()
            .filter(lead::Column::WorkingGroupId.eq(group.id))
            .exec(on)
            .await?;
        if self.leads.is_empty() {
            return Ok(());
        }
        let rows = self.leads.iter().map(|id| lead::ActiveModel {
            working_group_id: Set(group.id),
            workshop_id: Set(group.workshop_id),
            registration_id: Set(*id),
        });
        lead::Entity::insert_many(rows).exec_without_returning(on).await?;
        Ok(())
    }
}

impl WorkingGroup {
    /// As those see it who may not see who is in it. There is no total over groups from which one
    /// could take away the others. That a group of fewer than 5 places is full says how many they are:
    /// whoever would join must know.
    pub fn withheld(mut self) -> Self {
        let few = |count: Option<i64>| count.is_some_and(is_few);
        if few(self.waiting) || few(self.committed) {
            self.waiting = None;
        }
        if few(self.committed) {
            self.committed = None;
            self.free = None;
        }
        self
    }

    pub fn leads(&self, registration_id: Uuid) -> bool {
        self.leads.iter().any(|lead| lead.registration_id == registration_id)
    }

    pub fn input(&self) -> WorkingGroupInput {
        WorkingGroupInput {
            name: self.name.clone(),
            description: self.description.clone(),
            capacity: self.capacity,
            leads: self.leads.iter().map(|lead| lead.registration_id).collect(),
        }
    }
}

/// The rows as they are shown, in their order, with two queries however many they are.
pub async fn show(on: &impl ConnectionTrait, rows: Vec<working_group::Model>) -> Result<Vec<WorkingGroup>, Problem> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut taken = places::taken(on, ids.clone()).await?;
    let names: Vec<(Uuid, Uuid, String)> = lead::Entity::find()
        .select_only()
        .columns([lead::Column::WorkingGroupId, lead::Column::RegistrationId])
        .column(registration::Column::Name)
        .join(JoinType::InnerJoin, lead::Relation::Registration.def())
        .filter(lead::Column::WorkingGroupId.is_in(ids))
        .into_tuple()
        .all(on)
        .await?;
    let mut leads: HashMap<Uuid, Vec<Lead>> = HashMap::new();
    for (group, registration_id, name) in names {
        leads.entry(group).or_default().push(Lead { registration_id, name });
    }
    let shown = rows.into_iter().map(|row| {
        let taken = taken.remove(&row.id).unwrap_or_default();
        let mut leads = leads.remove(&row.id).unwrap_or_default();
        // Here, not in the database: the two sort names differently.
        leads.sort_by(|a, b| (&a.name, a.registration_id).cmp(&(&b.name, b.registration_id)));
        WorkingGroup {
            id: row.id,
            coalition_id: row.coalition_id,
            name: row.name,
            description: row.description,
            capacity: row.capacity,
            leads,
            committed: Some(taken.committed),
            waiting: Some(taken.waiting),
            free: taken.free(row.capacity),
            full: taken.free(row.capacity) == Some(0),
            created_at: row.created_at,
            etag: Etag::default(),
        }
    });
    Ok(shown.collect())
}

pub async fn show_one(on: &impl ConnectionTrait, row: working_group::Model) -> Result<WorkingGroup, Problem> {
    let shown = show(on, vec![row]).await?.pop();
    shown.ok_or_else(|| Code::Internal.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn group(committed: i64, waiting: i64, capacity: Option<i32>) -> WorkingGroup {
        let taken = places::Taken { committed, waiting };
        WorkingGroup {
            id: Uuid::nil(),
            coalition_id: Uuid::nil(),
            name: String::new(),
            description: String::new(),
            capacity,
            leads: Vec::new(),
            committed: Some(committed),
            waiting: Some(waiting),
            free: taken.free(capacity),
            full: taken.free(capacity) == Some(0),
            created_at: Instant::from_micros(0),
            etag: Etag::default(),
        }
    }

    fn shown(group: WorkingGroup) -> serde_json::Value {
        serde_json::to_value(group.withheld()).unwrap()
    }

    proptest! {
        #[test]
        fn small_groups_look_alike(one in 1_i64..5, other in 1_i64..5, capacity in prop::option::of(5..50)) {
            prop_assert_eq!(shown(group(one, 0, capacity)), shown(group(other, 0, capacity)));
        }

        #[test]
        fn short_waiting_lists_look_alike(one in 1_i64..5, other in 1_i64..5, capacity in 1..50) {
            let full = i64::from(capacity);
            prop_assert_eq!(shown(group(full, one, Some(capacity))), shown(group(full, other, Some(capacity))));
        }

        #[test]
        fn nothing_is_withheld_of_many_or_of_nobody(committed in 5..50_i64, capacity in 5..100) {
            let shown = shown(group(committed, 0, Some(capacity)));
            prop_assert_eq!(&shown["committed"], committed);
            prop_assert_eq!(&shown["waiting"], 0);
            prop_assert_eq!(&group(0, 0, Some(capacity)).withheld().committed, &Some(0));
        }
    }
}
