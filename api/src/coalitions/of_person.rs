//! What one person promised, in all their workshops, for the export of everything about them.

use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, JoinType, QueryOrder, QuerySelect, QueryTrait as _};
use serde::Serialize;
use utoipa::ToSchema;

use super::entities::{Place, coalition, commitment, lead, pledge, working_group};
use crate::http::Problem;
use crate::instant::Instant;
use crate::organisations::entity as organisation;
use crate::registrations::entity as registration;

/// A pledge I signed.
#[derive(Serialize, ToSchema, FromQueryResult)]
pub struct ExportedPledge {
    id: Uuid,
    workshop_id: Uuid,
    /// Name of the coalition
    coalition: String,
    /// Number of the charter's version
    charter: i32,
    /// The organisation I signed for; null: for myself
    on_behalf_of: Option<String>,
    created_at: Instant,
    /// When it was withdrawn; null while it stands
    withdrawn_at: Option<Instant>,
}

/// My place in a working group.
#[derive(Serialize, ToSchema, FromQueryResult)]
pub struct ExportedCommitment {
    id: Uuid,
    workshop_id: Uuid,
    /// Name of the group
    working_group: String,
    state: Place,
    created_at: Instant,
}

/// A working group that I lead.
#[derive(Serialize, ToSchema, FromQueryResult)]
pub struct ExportedLead {
    workshop_id: Uuid,
    working_group_id: Uuid,
    /// Name of the group
    working_group: String,
}

/// What a person promised, oldest first.
pub struct OfPerson {
    pub pledges: Vec<ExportedPledge>,
    pub commitments: Vec<ExportedCommitment>,
    pub leads: Vec<ExportedLead>,
}

pub async fn of_person(on: &impl ConnectionTrait, person_id: Uuid) -> Result<OfPerson, Problem> {
    let registrations = registration::Entity::find()
        .select_only()
        .column(registration::Column::Id)
        .filter(registration::Column::PersonId.eq(person_id))
        .into_query();
    let pledges = pledge::Entity::find()
        .select_only()
        .columns([
            pledge::Column::Id,
            pledge::Column::WorkshopId,
            pledge::Column::Charter,
            pledge::Column::CreatedAt,
            pledge::Column::WithdrawnAt,
        ])
        .column_as(coalition::Column::Name, "coalition")
        .column_as(organisation::Column::Name, "on_behalf_of")
        .join(JoinType::InnerJoin, pledge::Relation::Coalition.def())
        .join(JoinType::LeftJoin, pledge::Relation::Organisation.def())
        .filter(pledge::Column::RegistrationId.in_subquery(registrations.clone()))
        .order_by_asc(pledge::Column::Id)
        .into_model()
        .all(on)
        .await?;
    let commitments = commitment::Entity::find()
        .select_only()
        .columns([
            commitment::Column::Id,
            commitment::Column::WorkshopId,
            commitment::Column::State,
            commitment::Column::CreatedAt,
        ])
        .column_as(working_group::Column::Name, "working_group")
        .join(JoinType::InnerJoin, commitment::Relation::WorkingGroup.def())
        .filter(commitment::Column::RegistrationId.in_subquery(registrations.clone()))
        .order_by_asc(commitment::Column::Id)
        .into_model()
        .all(on)
        .await?;
    let led = lead::Entity::find()
        .select_only()
        .column(lead::Column::WorkingGroupId)
        .filter(lead::Column::RegistrationId.in_subquery(registrations));
    let leads = working_group::Entity::find()
        .select_only()
        .column(working_group::Column::WorkshopId)
        .column_as(working_group::Column::Id, "working_group_id")
        .column_as(working_group::Column::Name, "working_group")
        .filter(working_group::Column::Id.in_subquery(led.into_query()))
        .order_by_asc(working_group::Column::Id)
        .into_model()
        .all(on)
        .await?;
    Ok(OfPerson {
        pledges,
        commitments,
        leads,
    })
}
