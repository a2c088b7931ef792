//! What other rooms may know: who adheres, and what one person has promised.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt as _;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait as _, Query};
use sea_orm::{FromQueryResult, JoinType, QueryOrder, QuerySelect, StreamTrait};
use serde::Serialize;
use utoipa::ToSchema;

use super::entities::{Place, charter, coalition, commitment, pledge, working_group};
use crate::http::Problem;
use crate::instant::Instant;

/// Who adheres to which coalition (a registration, or an organisation by its delegate), and whether
/// to its current charter.
#[derive(Default)]
pub struct Adherents(HashMap<(Uuid, Uuid), bool>);

impl Adherents {
    pub fn adheres(&self, who: Uuid, coalition_id: Uuid, any_charter: bool) -> bool {
        let current = self.0.get(&(who, coalition_id));
        current.is_some_and(|current| *current || any_charter)
    }
}

/// Those with a standing pledge to one of these coalitions; of one registration only, where one is
/// given, and then of all organisations. One query, whatever their number.
pub async fn adherents(
    on: &(impl ConnectionTrait + StreamTrait),
    coalitions: impl IntoIterator<Item = Uuid>,
    only: Option<Uuid>,
) -> Result<Adherents, Problem> {
    let coalitions: HashSet<Uuid> = coalitions.into_iter().collect();
    if coalitions.is_empty() {
        return Ok(Adherents::default());
    }
    let current = Query::select()
        .expr(charter::Column::Number.max())
        .from(charter::Entity)
        .and_where(
            Expr::col((charter::Entity, charter::Column::CoalitionId))
                .equals((pledge::Entity, pledge::Column::CoalitionId)),
        )
        .to_owned();
    let current = Expr::col((pledge::Entity, pledge::Column::Charter)).in_subquery(current);
    let mut select = pledge::Entity::find()
        .select_only()
        .columns([
            pledge::Column::RegistrationId,
            pledge::Column::OnBehalfOf,
            pledge::Column::CoalitionId,
        ])
        .column_as(current, "current")
        .filter(pledge::Column::CoalitionId.is_in(coalitions))
        .filter(pledge::Column::WithdrawnAt.is_null());
    if let Some(registration_id) = only {
        // Someone else may have signed for their organisation before them.
        let own = pledge::Column::RegistrationId.eq(registration_id);
        select = select.filter(own.or(pledge::Column::OnBehalfOf.is_not_null()));
    }
    let mut rows = select
        .into_tuple::<(Uuid, Option<Uuid>, Uuid, bool)>()
        .stream(on)
        .await?;
    let mut adherents = Adherents::default();
    while let Some((registration_id, on_behalf_of, coalition_id, current)) = rows.try_next().await? {
        let who = on_behalf_of.unwrap_or(registration_id);
        *adherents.0.entry((who, coalition_id)).or_default() |= current;
    }
    Ok(adherents)
}

/// Is it a coalition of this workshop?
pub async fn of_workshop(on: &impl ConnectionTrait, workshop_id: Uuid, coalition_id: Uuid) -> Result<bool, Problem> {
    let found = coalition::Entity::find_by_id(coalition_id)
        .filter(coalition::Column::WorkshopId.eq(workshop_id))
        .one(on)
        .await?;
    Ok(found.is_some())
}

/// What a person has promised and not taken back.
#[derive(Debug, Default, Serialize)]
pub struct Mine {
    pub pledges: Vec<MyPledge>,
    pub commitments: Vec<MyCommitment>,
}

/// A standing pledge of mine.
#[derive(Debug, Serialize, ToSchema, FromQueryResult)]
pub struct MyPledge {
    id: Uuid,
    coalition_id: Uuid,
    /// Name of the coalition
    coalition: String,
    /// Number of the charter's version
    charter: i32,
    /// The organisation I signed for; null: for myself
    on_behalf_of: Option<Uuid>,
    created_at: Instant,
}

/// My place in a working group.
#[derive(Debug, Serialize, ToSchema, FromQueryResult)]
pub struct MyCommitment {
    id: Uuid,
    working_group_id: Uuid,
    /// Name of the group
    working_group: String,
    state: Place,
    created_at: Instant,
}

/// Standing pledges and places of one registration, oldest first.
pub async fn mine(on: &impl ConnectionTrait, workshop_id: Uuid, registration_id: Uuid) -> Result<Mine, Problem> {
    let pledges = pledge::Entity::find()
        .select_only()
        .columns([
            pledge::Column::Id,
            pledge::Column::CoalitionId,
            pledge::Column::Charter,
            pledge::Column::OnBehalfOf,
            pledge::Column::CreatedAt,
        ])
        .column_as(coalition::Column::Name, "coalition")
        .join(JoinType::InnerJoin, pledge::Relation::Coalition.def())
        .filter(pledge::Column::WorkshopId.eq(workshop_id))
        .filter(pledge::Column::RegistrationId.eq(registration_id))
        .filter(pledge::Column::WithdrawnAt.is_null())
        .order_by_asc(pledge::Column::Id)
        .into_model::<MyPledge>()
        .all(on)
        .await?;
    let commitments = commitment::Entity::find()
        .select_only()
        .columns([
            commitment::Column::Id,
            commitment::Column::WorkingGroupId,
            commitment::Column::State,
            commitment::Column::CreatedAt,
        ])
        .column_as(working_group::Column::Name, "working_group")
        .join(JoinType::InnerJoin, commitment::Relation::WorkingGroup.def())
        .filter(commitment::Column::WorkshopId.eq(workshop_id))
        .filter(commitment::Column::RegistrationId.eq(registration_id))
        .order_by_asc(commitment::Column::Id)
        .into_model::<MyCommitment>()
        .all(on)
        .await?;
    Ok(Mine { pledges, commitments })
}
