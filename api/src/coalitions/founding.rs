//! Coalitions themselves.

use std::collections::HashMap;

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict, Query as Select};
use sea_orm::{FromQueryResult, QuerySelect, SqlErr};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entities::{charter, coalition, pledge};
use crate::http::{
    Answer, Caller, Code, Etag, IfMatch, Json, MergePatch, Page, Paging, Problem, Query, Reply, SUPERVISION, resource,
    rules,
};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::registrations::is_few;
use crate::secrets::hex;

/// A coalition.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
    "name": "Coalition guinéenne du numérique", "mission": "Porter ensemble le numérique guinéen.",
    "charter": {
        "number": 1, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "created_at": "2020-08-28T10:00:00Z"
    },
    "pledges": {"people": 48, "organisations": 12},
    "created_at": "2020-08-27T09:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Coalition {
    id: Uuid,
    workshop_id: Uuid,
    #[serde(flatten)]
    input: CoalitionInput,
    /// The version that is adhered to now, the highest; null while there is none
    charter: Option<CurrentCharter>,
    pledges: PledgeCount,
    created_at: Instant,
    etag: Etag,
}

resource!(Coalition, live: ["pledges"]);

/// The current version of a charter, without its text.
#[derive(Clone, Serialize, ToSchema)]
pub struct CurrentCharter {
    number: i32,
    /// SHA-256 of the text's UTF-8 bytes, in hexadecimal
    sha256: String,
    created_at: Instant,
}

/// How many have a standing pledge, to whichever version of the charter; each counts once.
#[derive(Clone, Serialize, ToSchema)]
pub struct PledgeCount {
    /// People for themselves; null when they are fewer than 5, to those who may not see who
    people: Option<i64>,
    /// Organisations, by their delegates
    organisations: i64,
}

/// What an organiser says of a coalition.
#[derive(Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Coalition guinéenne du numérique", "mission": "Porter ensemble le numérique guinéen."}))]
pub struct CoalitionInput {
    /// Unique within the workshop
    #[garde(length(chars, min = 1, max = 200), custom(rules::line))]
    name: String,
    #[serde(default)]
    #[garde(length(chars, max = 10_000), custom(rules::text))]
    mission: String,
}

impl CoalitionInput {
    fn tidy(mut self) -> Self {
        self.name = self.name.trim().to_owned();
        self
    }
}

#[derive(FromQueryResult)]
struct CharterRow {
    coalition_id: Uuid,
    number: i32,
    digest: Vec<u8>,
    created_at: Instant,
}

#[derive(FromQueryResult)]
struct CountRow {
    coalition_id: Uuid,
    people: i64,
    organisations: i64,
}

/// The rows as the caller sees them, in their order, with two queries however many they are.
async fn show(
    on: &impl ConnectionTrait,
    caller: &Caller,
    rows: Vec<coalition::Model>,
) -> Result<Vec<Coalition>, Problem> {
    let sees_who = caller.is(SUPERVISION);
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let highest = Select::select()
        .column(charter::Column::CoalitionId)
        .expr(charter::Column::Number.max())
        .from(charter::Entity)
        .and_where(charter::Column::CoalitionId.is_in(ids.clone()))
        .group_by_col(charter::Column::CoalitionId)
        .to_owned();
    let key = [charter::Column::CoalitionId, charter::Column::Number].map(Expr::column);
    let charters = charter::Entity::find()
        .select_only()
        .columns([
            charter::Column::CoalitionId,
            charter::Column::Number,
            charter::Column::Digest,
            charter::Column::CreatedAt,
        ])
        .filter(Expr::tuple(key).in_subquery(highest))
        .into_model::<CharterRow>()
        .all(on)
        .await?;
    let mut charters: HashMap<Uuid, CharterRow> = charters.into_iter().map(|row| (row.coalition_id, row)).collect();
    let person: Expr = Expr::case(
        pledge::Column::OnBehalfOf.is_null(),
        Expr::col(pledge::Column::RegistrationId),
    )
    .into();
    let counts = pledge::Entity::find()
        .select_only()
        .column(pledge::Column::CoalitionId)
        .expr_as(person.count_distinct(), "people")
        .expr_as(Expr::col(pledge::Column::OnBehalfOf).count_distinct(), "organisations")
        .filter(pledge::Column::CoalitionId.is_in(ids))
        .filter(pledge::Column::WithdrawnAt.is_null())
        .group_by(pledge::Column::CoalitionId)
        .into_model::<CountRow>()
        .all(on)
        .await?;
    let mut counts: HashMap<Uuid, CountRow> = counts.into_iter().map(|row| (row.coalition_id, row)).collect();
    let shown = rows.into_iter().map(|row| Coalition {
        id: row.id,
        workshop_id: row.workshop_id,
        input: CoalitionInput {
            name: row.name,
            mission: row.mission,
        },
        charter: charters.remove(&row.id).map(|charter| CurrentCharter {
            number: charter.number,
            sha256: hex(&charter.digest),
            created_at: charter.created_at,
        }),
        pledges: {
            let (people, organisations) = counts
                .remove(&row.id)
                .map_or((0, 0), |row| (row.people, row.organisations));
            PledgeCount {
                people: (sees_who || !is_few(people)).then_some(people),
                organisations,
            }
        },
        created_at: row.created_at,
        etag: Etag::default(),
    });
    Ok(shown.collect())
}

async fn show_one(on: &impl ConnectionTrait, caller: &Caller, row: coalition::Model) -> Result<Coalition, Problem> {
    let shown = show(on, caller, vec![row]).await?.pop();
    shown.ok_or_else(|| Code::Internal.into())
}

/// List coalitions
///
/// Those the workshop founded, oldest first.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}/coalitions", params(Paging), responses((status = 200, body = Page<Coalition>)))]
pub async fn list(caller: Caller, filter: Query<Paging>) -> Answer<Page<Coalition>> {
    let Query(filter) = filter;
    let snapshot = caller.app.store.snapshot().await?;
    let select = coalition::Entity::find().filter(coalition::Column::WorkshopId.eq(caller.workshop_id()?));
    let page = filter.limit.after(filter.cursor, select, coalition::Column::Id);
    let rows = page.all(&snapshot).await?;
    let page = Page::of(rows, filter.limit, |row| row.id, |row| row);
    Ok(Reply::page(Page {
        items: show(&snapshot, &caller, page.items).await?,
        next_cursor: page.next_cursor,
    }))
}

/// Found a coalition
///
/// It outlives its workshop. Its charter is given apart. One of the same name and mission answers
/// 200 with the one that stands.
#[utoipa::path(post, path = "/v1/workshops/{workshop_id}/coalitions", request_body = CoalitionInput,
    responses((status = 201, body = Coalition), (status = 200, description = "It stands already", body = Coalition)))]
pub async fn create(mut caller: Caller, body: Json<CoalitionInput>) -> Answer<Coalition> {
    let input = body.0.tidy();
    let transaction = caller.begin_lasting().await?;
    let workshop_id = caller.workshop_id()?;
    let row = coalition::ActiveModel {
        id: Set(caller.app.ambient.id()),
        workshop_id: Set(workshop_id),
        name: Set(input.name.clone()),
        mission: Set(input.mission.clone()),
        created_at: Set(caller.now()),
    };
    let natural_key = OnConflict::columns([coalition::Column::WorkshopId, coalition::Column::Name])
        .do_nothing()
        .to_owned();
    let inserted = coalition::Entity::insert(row)
        .on_conflict(natural_key)
        .exec_without_returning(&transaction)
        .await?;
    let row = coalition::Entity::find()
        .filter(coalition::Column::WorkshopId.eq(workshop_id))
        .filter(coalition::Column::Name.eq(input.name.as_str()))
        .one(&transaction)
        .await?
        .ok_or(Code::Internal)?;
    if row.mission != input.mission {
        return Err(Code::CoalitionExists.into());
    }
    let new = inserted == 1;
    if new {
        journal::write(
            &transaction,
            &caller,
            Act::new("create", "coalition", row.id).after(&input),
        )
        .await?;
    }
    let coalition = show_one(&transaction, &caller, row).await?;
    transaction.commit().await?;
    Ok(Reply::stands(
        new,
        format!("/v1/coalitions/{}", coalition.id),
        coalition,
    ))
}

/// Read a coalition
///
/// With its current charter and how many adhere. How many people, when they are fewer than 5, is shown
/// to organisers and auditors only.
#[utoipa::path(get, path = "/v1/coalitions/{coalition_id}", responses((status = 200, body = Coalition)))]
pub async fn read(caller: Caller, id: Path<Uuid>) -> Answer<Coalition> {
    let snapshot = caller.app.store.snapshot().await?;
    let row = coalition::Entity::find_by_id(*id).one(&snapshot).await?;
    Ok(Reply::ok(
        show_one(&snapshot, &caller, row.ok_or(Code::NotFound)?).await?,
    ))
}

/// Change a coalition's name or mission
///
/// The charter is not changed but followed by its next version.
#[utoipa::path(patch, path = "/v1/coalitions/{coalition_id}", request_body = CoalitionInput, responses((status = 200, body = Coalition)))]
pub async fn update(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, patch: MergePatch) -> Answer<Coalition> {
    let transaction = caller.begin_lasting().await?;
    let row = locked(&transaction, *id).await?;
    let before = show_one(&transaction, &caller, row.clone()).await?;
    if_match.check(before.clone())?;
    let input: CoalitionInput = patch.apply(&before.input)?;
    let input = input.tidy();
    let mut changed: coalition::ActiveModel = row.into();
    changed.name = Set(input.name);
    changed.mission = Set(input.mission);
    let row = changed.update(&transaction).await.map_err(|error| {
        // Nothing follows in this transaction: it is dropped with the error.
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Code::CoalitionExists.into(),
            _ => Problem::from(error),
        }
    })?;
    let after = show_one(&transaction, &caller, row).await?;
    let act = Act::new("update", "coalition", after.id);
    journal::write(&transaction, &caller, act.before(&before.input).after(&after.input)).await?;
    transaction.commit().await?;
    Ok(Reply::ok(after))
}

/// The coalition, which nobody else changes or gives a new charter until the transaction ends.
pub async fn locked(on: &impl ConnectionTrait, id: Uuid) -> Result<coalition::Model, Problem> {
    let row = coalition::Entity::find_by_id(id).lock_exclusive().one(on).await?;
    row.ok_or_else(|| Code::NotFound.into())
}
