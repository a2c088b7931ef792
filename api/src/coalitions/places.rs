//! Places in working groups: how many are taken, and who moves up when one comes free.
//!
//! Whoever counts here in order to act has locked the group before.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{QueryOrder, QuerySelect, QueryTrait as _};

use super::entities::{Place, commitment, working_group};
use crate::http::{Caller, Code, Problem};
use crate::journal::{self, Act};

/// How many people a group has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    pub committed: i64,
    pub waiting: i64,
}

impl Taken {
    /// Places left under a capacity; none for no limit.
    pub fn free(self, capacity: Option<i32>) -> Option<i64> {
        capacity.map(|capacity| Ord::max(i64::from(capacity) - self.committed, 0))
    }
}

/// The group, in which nobody else takes or gives up a place until the transaction ends.
pub async fn locked(on: &impl ConnectionTrait, id: Uuid) -> Result<working_group::Model, Problem> {
    let row = working_group::Entity::find_by_id(id).lock_exclusive().one(on).await?;
    row.ok_or_else(|| Code::NotFound.into())
}

/// Of several groups at once; those without anyone are left out.
pub async fn taken(on: &impl ConnectionTrait, groups: Vec<Uuid>) -> Result<HashMap<Uuid, Taken>, Problem> {
    let rows: Vec<(Uuid, Place, i64)> = commitment::Entity::find()
        .select_only()
        .columns([commitment::Column::WorkingGroupId, commitment::Column::State])
        .column_as(Expr::col(commitment::Column::Id).count(), "people")
        .filter(commitment::Column::WorkingGroupId.is_in(groups))
        .group_by(commitment::Column::WorkingGroupId)
        .group_by(commitment::Column::State)
        .into_tuple()
        .all(on)
        .await?;
    let mut taken: HashMap<Uuid, Taken> = HashMap::new();
    for (group, place, people) in rows {
        let taken = taken.entry(group).or_default();
        match place {
            Place::Committed => taken.committed = people,
            Place::Waiting => taken.waiting = people,
        }
    }
    Ok(taken)
}

pub async fn taken_in(on: &impl ConnectionTrait, group: Uuid) -> Result<Taken, Problem> {
    Ok(taken(on, vec![group]).await?.remove(&group).unwrap_or_default())
}

/// Gives free places to those who wait, in their order.
pub async fn promote(on: &impl ConnectionTrait, caller: &Caller, group: &working_group::Model) -> Result<(), Problem> {
    let taken = taken_in(on, group.id).await?;
    let free = Ord::min(taken.free(group.capacity).unwrap_or(taken.waiting), taken.waiting);
    let Some(free) = u64::try_from(free).ok().filter(|free| *free > 0) else {
        return Ok(());
    };
    let next = commitment::Entity::find()
        .select_only()
        .column(commitment::Column::Id)
        .filter(commitment::Column::WorkingGroupId.eq(group.id))
        .filter(commitment::Column::State.eq(Place::Waiting))
        .order_by_asc(commitment::Column::Id)
        .limit(free);
    let promoted: Vec<Uuid> = next.clone().into_tuple().all(on).await?;
    commitment::Entity::update_many()
        .col_expr(commitment::Column::State, Expr::value(Place::Committed))
        .filter(commitment::Column::Id.in_subquery(next.into_query()))
        .exec(on)
        .await?;
    let after = serde_json::json!({ "commitments": promoted });
    let act = Act::new("promote", "working_group", group.id).after(&after);
    // The rule does it, not the person who made room.
    journal::write_as(on, &caller.app.ambient, "instance", Some(group.workshop_id), act).await
}
