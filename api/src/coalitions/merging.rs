//! Two registrations become one: what both promised is promised once, by the earlier word.

use std::collections::{HashMap, HashSet};

use sea_orm::QueryOrder as _;
use sea_orm::QuerySelect as _;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use super::entities::{Place, coalition, commitment, lead, pledge, working_group};
use super::places;
use crate::http::{Caller, Problem};

/// The working groups of a workshop, in which nobody takes or gives up a place, as nobody pledges,
/// until the transaction ends.
pub struct Held(HashMap<Uuid, working_group::Model>);

pub async fn hold_all(on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<Held, Problem> {
    coalition::Entity::find()
        .filter(coalition::Column::WorkshopId.eq(workshop_id))
        .order_by_asc(coalition::Column::Id)
        .lock_exclusive()
        .all(on)
        .await?;
    let groups = working_group::Entity::find()
        .filter(working_group::Column::WorkshopId.eq(workshop_id))
        .order_by_asc(working_group::Column::Id)
        .lock_exclusive()
        .all(on)
        .await?;
    Ok(Held(groups.into_iter().map(|group| (group.id, group)).collect()))
}

/// What became of the promises.
pub struct Moved {
    pub pledges: u64,
    /// Both had pledged: the later pledge is withdrawn.
    pub withdrawn: Vec<Uuid>,
    pub commitments: u64,
    pub leads: u64,
}

/// The caller holds both registrations, and has written down that the one is merged into the other.
pub async fn merge(
    on: &impl ConnectionTrait,
    caller: &Caller,
    held: &Held,
    from: Uuid,
    to: Uuid,
) -> Result<Moved, Problem> {
    let (pledges, withdrawn) = merge_pledges(on, caller, from, to).await?;
    let commitments = merge_commitments(on, caller, held, from, to).await?;
    Ok(Moved {
        pledges,
        withdrawn,
        commitments,
        leads: merge_leads(on, from, to).await?,
    })
}

async fn merge_pledges(
    on: &impl ConnectionTrait,
    caller: &Caller,
    from: Uuid,
    to: Uuid,
) -> Result<(u64, Vec<Uuid>), Problem> {
    let standing = pledge::Entity::find()
        .filter(pledge::Column::RegistrationId.is_in([from, to]))
        .filter(pledge::Column::OnBehalfOf.is_null())
        .filter(pledge::Column::WithdrawnAt.is_null())
        .order_by_asc(pledge::Column::CreatedAt)
        .order_by_asc(pledge::Column::Id)
        // Nobody withdraws one meanwhile.
        .lock_exclusive()
        .all(on)
        .await?;
    let mut signed = HashSet::new();
    let later = standing
        .iter()
        .filter(|pledge| !signed.insert((pledge.coalition_id, pledge.charter)));
    let withdrawn: Vec<Uuid> = later.map(|pledge| pledge.id).collect();
    pledge::Entity::update_many()
        .col_expr(pledge::Column::WithdrawnAt, Expr::value(caller.now()))
        .filter(pledge::Column::Id.is_in(withdrawn.iter().copied()))
        .exec(on)
        .await?;
    let moved = pledge::Entity::update_many()
        .col_expr(pledge::Column::RegistrationId, Expr::value(to))
        .filter(pledge::Column::RegistrationId.eq(from))
        .exec(on)
        .await?;
    Ok((moved.rows_affected, withdrawn))
}

async fn merge_commitments(
    on: &impl ConnectionTrait,
    caller: &Caller,
    held: &Held,
    from: Uuid,
    to: Uuid,
) -> Result<u64, Problem> {
    let rows = commitment::Entity::find()
        .filter(commitment::Column::RegistrationId.is_in([from, to]))
        .order_by_asc(commitment::Column::CreatedAt)
        .order_by_asc(commitment::Column::Id)
        .all(on)
        .await?;
    let mut first: HashMap<Uuid, commitment::Model> = HashMap::new();
    for row in rows {
        let Some(kept) = first.get(&row.working_group_id) else {
            first.insert(row.working_group_id, row);
            continue;
        };
        commitment::Entity::delete_by_id(row.id).exec(on).await?;
        if kept.state == Place::Waiting && row.state == Place::Committed {
            commitment::Entity::update_many()
                .col_expr(commitment::Column::State, Expr::value(Place::Committed))
                .filter(commitment::Column::Id.eq(kept.id))
                .exec(on)
                .await?;
        }
        // Two had a place, one has it now.
        if let Held(groups) = held
            && let Some(group) = groups.get(&row.working_group_id)
        {
            places::promote(on, caller, group).await?;
        }
    }
    let moved = commitment::Entity::update_many()
        .col_expr(commitment::Column::RegistrationId, Expr::value(to))
        .filter(commitment::Column::RegistrationId.eq(from))
        .exec(on)
        .await?;
    Ok(moved.rows_affected)
}

async fn merge_leads(on: &impl ConnectionTrait, from: Uuid, to: Uuid) -> Result<u64, Problem> {
    let rows = lead::Entity::find()
        .filter(lead::Column::RegistrationId.is_in([from, to]))
        .all(on)
        .await?;
    let led: HashSet<Uuid> = rows
        .iter()
        .filter(|lead| lead.registration_id == to)
        .map(|lead| lead.working_group_id)
        .collect();
    lead::Entity::delete_many()
        .filter(lead::Column::RegistrationId.eq(from))
        .filter(lead::Column::WorkingGroupId.is_in(led))
        .exec(on)
        .await?;
    let moved = lead::Entity::update_many()
        .col_expr(lead::Column::RegistrationId, Expr::value(to))
        .filter(lead::Column::RegistrationId.eq(from))
        .exec(on)
        .await?;
    Ok(moved.rows_affected)
}
