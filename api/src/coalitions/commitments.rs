//! Commitments: a person's place in a working group or on its waiting list.

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, JoinType, QuerySelect, SelectModel, Selector};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::entities::{Place, commitment, lead};
use super::{NamedOrganisation, confirmed, places};
use crate::http::{
    Answer, Caller, Code, Cursor, Etag, IfMatch, Limit, NoContent, ORGANISER, OptionalJson, Page, Problem, Query,
    Reply, resource,
};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::organisations::entity as organisation;
use crate::registrations::{Role, entity as registration};

/// A person's place in a working group.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "working_group_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
    "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "name": "Mariama Diallo",
    "organisation": {"id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "name": "Incubateur Saboutech"},
    "state": "committed", "created_at": "2020-08-28T15:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Commitment {
    id: Uuid,
    working_group_id: Uuid,
    registration_id: Uuid,
    /// Their name in the workshop
    name: String,
    /// Their organisation, where they have one
    organisation: Option<NamedOrganisation>,
    /// `waiting`: on the waiting list, and moves up by itself
    state: Place,
    created_at: Instant,
    etag: Etag,
}

resource!(Commitment);

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    working_group_id: Uuid,
    registration_id: Uuid,
    name: String,
    organisation_id: Option<Uuid>,
    organisation_name: Option<String>,
    state: Place,
    created_at: Instant,
}

impl From<Row> for Commitment {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            working_group_id: row.working_group_id,
            registration_id: row.registration_id,
            name: row.name,
            organisation: NamedOrganisation::of(row.organisation_id, row.organisation_name),
            state: row.state,
            created_at: row.created_at,
            etag: Etag::default(),
        }
    }
}

/// Commitments with the names of people and organisations.
fn named(commitments: Select<commitment::Entity>) -> Selector<SelectModel<Row>> {
    commitments
        .select_only()
        .columns([
            commitment::Column::Id,
            commitment::Column::WorkingGroupId,
            commitment::Column::RegistrationId,
            commitment::Column::State,
            commitment::Column::CreatedAt,
        ])
        .columns([registration::Column::Name, registration::Column::OrganisationId])
        .column_as(organisation::Column::Name, "organisation_name")
        .join(JoinType::InnerJoin, commitment::Relation::Registration.def())
        .join(JoinType::LeftJoin, registration::Relation::Organisation.def())
        .into_model()
}

async fn find(on: &impl ConnectionTrait, id: Uuid) -> Result<Option<Commitment>, Problem> {
    let row = named(commitment::Entity::find_by_id(id)).one(on).await?;
    Ok(row.map(Commitment::from))
}

/// For the person and for organisers; others do not know of it.
fn known_to(commitment: Option<Commitment>, caller: &Caller) -> Result<Commitment, Problem> {
    let own = caller.own()?.registration_id;
    commitment
        .filter(|commitment| commitment.registration_id == own || caller.is(ORGANISER))
        .ok_or_else(|| Code::NotFound.into())
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
    /// Only those committed, or only those waiting
    state: Option<Place>,
}

/// List commitments
///
/// In the order in which they were made, which is that of the waiting list. Organisers,
/// facilitators, auditors and the group's leads see all; everyone else their own.
#[utoipa::path(get, path = "/v1/working-groups/{working_group_id}/commitments", params(Filter), responses((status = 200, body = Page<Commitment>)))]
pub async fn list_commitments(caller: Caller, id: Path<Uuid>, filter: Query<Filter>) -> Answer<Page<Commitment>> {
    let Query(filter) = filter;
    let snapshot = caller.app.store.snapshot().await?;
    let own = caller.own()?;
    let mut select = commitment::Entity::find().filter(commitment::Column::WorkingGroupId.eq(*id));
    let sees_all = own.role != Role::Participant
        || lead::Entity::find_by_id((*id, own.registration_id))
            .one(&snapshot)
            .await?
            .is_some();
    if !sees_all {
        select = select.filter(commitment::Column::RegistrationId.eq(own.registration_id));
    }
    if let Some(state) = filter.state {
        select = select.filter(commitment::Column::State.eq(state));
    }
    let page = filter.limit.after(filter.cursor, select, commitment::Column::Id);
    let rows = named(page).all(&snapshot).await?;
    Ok(Reply::page(Page::of(
        rows,
        filter.limit,
        |row| row.id,
        Commitment::from,
    )))
}

/// How to commit.
#[derive(Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"waiting_list": true}))]
pub struct CommitmentInput {
    /// Wait for a place when the group is full
    #[serde(default)]
    #[garde(skip)]
    waiting_list: bool,
}

/// Commit to a working group
///
/// Whoever has confirmed takes a place; in a full group one on the waiting list, if they ask for
/// it. Whoever has a place already gets 200 with it, as it stands. The body may be absent.
#[utoipa::path(post, path = "/v1/working-groups/{working_group_id}/commitments", request_body = CommitmentInput,
    responses((status = 201, body = Commitment), (status = 200, description = "It stands already", body = Commitment)))]
pub async fn commit(mut caller: Caller, id: Path<Uuid>, body: OptionalJson<CommitmentInput>) -> Answer<Commitment> {
    let OptionalJson(CommitmentInput { waiting_list }) = body;
    let transaction = caller.begin_lasting().await?;
    let group = places::locked(&transaction, *id).await?;
    let own = confirmed(&transaction, &caller).await?;
    let standing = commitment::Entity::find()
        .filter(commitment::Column::WorkingGroupId.eq(group.id))
        .filter(commitment::Column::RegistrationId.eq(own.id));
    if let Some(row) = named(standing).one(&transaction).await? {
        return Ok(Reply::ok(row.into()));
    }
    let free = places::taken_in(&transaction, group.id).await?.free(group.capacity);
    let state = match group.capacity {
        Some(capacity) if free == Some(0) && !waiting_list => {
            return Err(Problem::from(Code::WorkingGroupFull).with("capacity", capacity));
        }
        Some(_) if free == Some(0) => Place::Waiting,
        _ => Place::Committed,
    };
    let commitment_id = caller.app.ambient.id();
    let row = commitment::ActiveModel {
        id: Set(commitment_id),
        workshop_id: Set(group.workshop_id),
        working_group_id: Set(group.id),
        registration_id: Set(own.id),
        state: Set(state),
        created_at: Set(caller.now()),
    };
    commitment::Entity::insert(row)
        .exec_without_returning(&transaction)
        .await?;
    let commitment = find(&transaction, commitment_id).await?.ok_or(Code::Internal)?;
    let after = serde_json::json!({"working_group_id": group.id, "registration_id": own.id, "state": state});
    let act = Act::new("commit", "commitment", commitment_id).after(&after);
    journal::write(&transaction, &caller, act).await?;
    transaction.commit().await?;
    Ok(Reply::created(format!("/v1/commitments/{commitment_id}"), commitment))
}

/// Read a commitment
///
/// For the person and for organisers.
#[utoipa::path(get, path = "/v1/commitments/{commitment_id}", responses((status = 200, body = Commitment)))]
pub async fn read_commitment(caller: Caller, id: Path<Uuid>) -> Answer<Commitment> {
    let commitment = find(caller.app.store.reader(), *id).await?;
    Ok(Reply::ok(known_to(commitment, &caller)?))
}

/// Step back from a working group
///
/// By the person, or by an organiser. The place goes to the first on the waiting list at once.
#[utoipa::path(delete, path = "/v1/commitments/{commitment_id}", responses((status = 204, description = "Stepped back")))]
pub async fn step_back(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin_lasting().await?;
    let commitment = known_to(find(&transaction, *id).await?, &caller)?;
    let group = places::locked(&transaction, commitment.working_group_id).await?;
    // Again under the lock: it may have moved up or gone meanwhile.
    let commitment = known_to(find(&transaction, *id).await?, &caller)?;
    if_match.check(commitment.clone())?;
    commitment::Entity::delete_by_id(*id).exec(&transaction).await?;
    let act = if commitment.registration_id == caller.own()?.registration_id {
        "step_back"
    } else {
        "remove"
    };
    let before = serde_json::json!({
        "working_group_id": group.id, "registration_id": commitment.registration_id, "state": commitment.state,
    });
    let act = Act::new(act, "commitment", *id).before(&before);
    journal::write(&transaction, &caller, act).await?;
    places::promote(&transaction, &caller, &group).await?;
    transaction.commit().await?;
    Ok(NoContent)
}
