//! Pledges: adhering to a charter, and taking that back.

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::entities::{coalition, pledge};
use super::pledge_representation::{Pledge, PledgeKind, PledgeState, find, named, own};
use super::{charters, confirmed};
use crate::http::{
    Answer, Caller, Code, Cursor, Fault, IfMatch, Json, Limit, Page, Problem, Query, Reply, SUPERVISION,
};
use crate::journal::{self, Act};
use crate::organisations::entity as organisation;
use crate::registrations::entity as registration;

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
    /// Only those that stand, or only those withdrawn
    #[param(inline)]
    state: Option<PledgeState>,
    /// Only those of people for themselves, or only those on behalf of organisations
    #[param(inline)]
    kind: Option<PledgeKind>,
    /// Only those to this version of the charter
    charter: Option<i32>,
    /// Only those on behalf of this organisation
    on_behalf_of: Option<Uuid>,
}

impl Filter {
    fn condition(&self) -> Condition {
        let withdrawn = pledge::Column::WithdrawnAt;
        let organisation = pledge::Column::OnBehalfOf;
        Condition::all()
            .add_option(self.state.map(|state| match state {
                PledgeState::Standing => withdrawn.is_null(),
                PledgeState::Withdrawn => withdrawn.is_not_null(),
            }))
            .add_option(self.kind.map(|kind| match kind {
                PledgeKind::Person => organisation.is_null(),
                PledgeKind::Organisation => organisation.is_not_null(),
            }))
            .add_option(self.charter.map(|number| pledge::Column::Charter.eq(number)))
            .add_option(self.on_behalf_of.map(|id| organisation.eq(id)))
            .add_option(self.cursor.as_ref().map(|Cursor(after)| pledge::Column::Id.gt(*after)))
    }
}

/// List pledges
///
/// Oldest first, those withdrawn included. Organisers and auditors see all. Everyone else sees the
/// register (the standing pledges whose signers made them public), their own, and as delegates those
/// of their organisation. In a public workshop anyone can read the register.
#[utoipa::path(get, path = "/v1/coalitions/{coalition_id}/pledges", params(Filter), responses((status = 200, body = Page<Pledge>)))]
pub async fn list(caller: Caller, id: Path<Uuid>, filter: Query<Filter>) -> Answer<Page<Pledge>> {
    let Query(filter) = filter;
    let mut select = pledge::Entity::find()
        .filter(pledge::Column::CoalitionId.eq(*id))
        .filter(filter.condition())
        .order_by_asc(pledge::Column::Id)
        .limit(filter.limit.probe());
    if !caller.is(SUPERVISION) {
        let register = Condition::all()
            .add(pledge::Column::Public.eq(true))
            .add(pledge::Column::WithdrawnAt.is_null());
        select = select.filter(match caller.own() {
            Ok(me) => Condition::any().add(register).add(own(me)),
            Err(_) => register,
        });
    }
    let rows = named(select).all(caller.app.store.reader()).await?;
    Ok(Reply::page(Page::of(rows, filter.limit, |row| row.id, Pledge::from)))
}

/// What is signed, and for whom.
#[derive(Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"charter": 1}))]
pub struct PledgeInput {
    /// Number of the charter's version, which must be the current one
    #[garde(skip)]
    charter: i32,
    /// The organisation whose delegate signs; absent or null: for oneself
    #[serde(default)]
    #[garde(skip)]
    on_behalf_of: Option<Uuid>,
    /// Show it, with the signer's name, in the coalition's register
    #[serde(default)]
    #[garde(skip)]
    public: bool,
}

/// Pledge
///
/// Whoever has confirmed, in any role, adheres to the current version of the charter; a delegate
/// also on behalf of their organisation. Where such a pledge stands already, 200 with it.
#[utoipa::path(post, path = "/v1/coalitions/{coalition_id}/pledges", request_body = PledgeInput,
    responses((status = 201, body = Pledge), (status = 200, description = "It stands already", body = Pledge)))]
pub async fn create(mut caller: Caller, id: Path<Uuid>, body: Json<PledgeInput>) -> Answer<Pledge> {
    let Json(input) = body;
    let transaction = caller.begin_lasting().await?;
    // No new version of the charter comes in between.
    let coalition = coalition::Entity::find_by_id(*id)
        .lock_shared()
        .one(&transaction)
        .await?;
    let coalition = coalition.ok_or(Code::NotFound)?;
    let own = confirmed(&transaction, &caller).await?;
    check_delegate(&transaction, &own, &input).await?;
    let current = charters::current(&transaction, *id)
        .await?
        .ok_or(Code::CharterMissing)?;
    let standing = standing(&input, *id, own.id);
    // Before the version is looked at: what was signed in time is answered in the same way for ever.
    if let Some(row) = standing.clone().one(&transaction).await? {
        let pledge = find(&transaction, row.id).await?;
        return Ok(Reply::ok(pledge));
    }
    if input.charter < 1 || input.charter > current.number {
        return Err(Fault::new("/charter", "unknown_charter").into());
    }
    if input.charter < current.number {
        return Err(Fault::new("/charter", "superseded_charter")
            .with("current", current.number)
            .into());
    }
    let pledge_id = caller.app.ambient.id();
    let row = pledge::ActiveModel {
        id: Set(pledge_id),
        workshop_id: Set(coalition.workshop_id),
        coalition_id: Set(*id),
        charter: Set(input.charter),
        registration_id: Set(own.id),
        on_behalf_of: Set(input.on_behalf_of),
        public: Set(input.public),
        created_at: Set(caller.now()),
        withdrawn_at: Set(None),
    };
    let inserted = pledge::Entity::insert(row)
        .on_conflict(natural_key(&input))
        .exec_without_returning(&transaction)
        .await?;
    if inserted == 0 {
        // The same request won by a moment.
        let row = standing.one(&transaction).await?.ok_or(Code::Unavailable)?;
        return Ok(Reply::ok(find(&transaction, row.id).await?));
    }
    let pledge = find(&transaction, pledge_id).await?;
    let after = serde_json::json!({"coalition_id": *id, "charter": input.charter, "on_behalf_of": input.on_behalf_of, "public": input.public});
    journal::write(
        &transaction,
        &caller,
        Act::new("pledge", "pledge", pledge_id).after(&after),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::created(format!("/v1/pledges/{pledge_id}"), pledge))
}

async fn check_delegate(
    on: &impl ConnectionTrait,
    own: &registration::Model,
    input: &PledgeInput,
) -> Result<(), Problem> {
    let Some(organisation_id) = input.on_behalf_of else {
        return Ok(());
    };
    if own.delegate && own.organisation_id == Some(organisation_id) {
        return Ok(());
    }
    let known = organisation::Entity::find_by_id(organisation_id)
        .filter(organisation::Column::WorkshopId.eq(own.workshop_id))
        .one(on)
        .await?;
    match known {
        Some(_) => Err(Code::NotDelegate.into()),
        None => Err(Fault::new("/on_behalf_of", "not_of_this_workshop").into()),
    }
}

/// The pledge that stands for the same person or organisation, if there is one.
fn standing(input: &PledgeInput, coalition_id: Uuid, registration_id: Uuid) -> Select<pledge::Entity> {
    let select = pledge::Entity::find()
        .filter(pledge::Column::CoalitionId.eq(coalition_id))
        .filter(pledge::Column::Charter.eq(input.charter))
        .filter(pledge::Column::WithdrawnAt.is_null());
    match input.on_behalf_of {
        Some(organisation_id) => select.filter(pledge::Column::OnBehalfOf.eq(organisation_id)),
        None => select
            .filter(pledge::Column::OnBehalfOf.is_null())
            .filter(pledge::Column::RegistrationId.eq(registration_id)),
    }
}

/// The partial index that holds it to one.
fn natural_key(input: &PledgeInput) -> OnConflict {
    let (whose, kind) = match input.on_behalf_of {
        Some(_) => (pledge::Column::OnBehalfOf, pledge::Column::OnBehalfOf.is_not_null()),
        None => (pledge::Column::RegistrationId, pledge::Column::OnBehalfOf.is_null()),
    };
    OnConflict::columns([pledge::Column::CoalitionId, pledge::Column::Charter, whose])
        .target_and_where(kind)
        .target_and_where(pledge::Column::WithdrawnAt.is_null())
        .do_nothing()
        .to_owned()
}

/// Read a pledge
///
/// For organisers, auditors, whoever signed it and the present delegate of the organisation.
#[utoipa::path(get, path = "/v1/pledges/{pledge_id}", responses((status = 200, body = Pledge)))]
pub async fn read(caller: Caller, id: Path<Uuid>) -> Answer<Pledge> {
    let pledge = find(caller.app.store.reader(), *id).await?;
    if pledge.is_seen_by(&caller)? {
        Ok(Reply::ok(pledge))
    } else {
        Err(Code::NotFound.into())
    }
}

/// Withdraw a pledge
///
/// By the person, or by the present delegate where it was signed for an organisation. It stays
/// readable as withdrawn; pledging again makes a new one. Safe to repeat.
#[utoipa::path(post, path = "/v1/pledges/{pledge_id}/withdraw", responses((status = 200, body = Pledge)))]
pub async fn withdraw(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Pledge> {
    let transaction = caller.begin_lasting().await?;
    let row = pledge::Entity::find_by_id(*id)
        .lock_exclusive()
        .one(&transaction)
        .await?;
    let row = row.ok_or(Code::NotFound)?;
    let pledge = find(&transaction, *id).await?;
    if !pledge.is_seen_by(&caller)? {
        return Err(Code::NotFound.into());
    }
    pledge.check_withdrawal(&caller)?;
    if pledge.withdrawn_at.is_some() {
        return Ok(Reply::ok(pledge));
    }
    if_match.check(pledge.clone())?;
    let now = caller.now();
    let mut changed: pledge::ActiveModel = row.into();
    changed.withdrawn_at = Set(Some(now));
    changed.update(&transaction).await?;
    let before = serde_json::json!({"coalition_id": pledge.coalition_id, "charter": pledge.charter});
    let after = serde_json::json!({ "withdrawn_at": now });
    journal::write(
        &transaction,
        &caller,
        Act::new("withdraw", "pledge", *id).before(&before).after(&after),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::ok(pledge.withdrawn(now)))
}
