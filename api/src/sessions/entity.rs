//! The table of sessions.

use sea_orm::entity::prelude::*;
use sea_orm::{FromJsonQueryResult, QueryOrder as _, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{Code, Problem};
use crate::instant::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[schema(as = SessionState)]
pub enum State {
    Scheduled,
    Running,
    Ended,
    Cancelled,
}

/// Who speaks, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Speakers(pub Vec<String>);

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workshop_id: Uuid,
    pub title: String,
    pub description: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub speakers: Speakers,
    pub join_url: Option<String>,
    /// Shown in the room; whoever gives it checks in with source `code`.
    pub check_in_code: Option<String>,
    pub starts_at: Instant,
    pub ends_at: Instant,
    pub state: State,
    pub started_at: Option<Instant>,
    pub ended_at: Option<Instant>,
    pub created_at: Instant,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub async fn find(on: &impl ConnectionTrait, id: Uuid) -> Result<Model, Problem> {
    Entity::find_by_id(id)
        .one(on)
        .await?
        .ok_or_else(|| Code::NotFound.into())
}

/// As [`find`], and nobody else changes it, checks in or out before this transaction ends.
pub async fn hold(on: &impl ConnectionTrait, id: Uuid) -> Result<Model, Problem> {
    let row = Entity::find_by_id(id).lock_exclusive().one(on).await?;
    row.ok_or_else(|| Code::NotFound.into())
}

/// Every session of the workshop, held as [`hold`] does.
pub async fn hold_all(on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<(), Problem> {
    Entity::find()
        .filter(Column::WorkshopId.eq(workshop_id))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(on)
        .await?;
    Ok(())
}

/// As [`find`], and it stays as it is until this transaction ends.
pub async fn keep(on: &impl ConnectionTrait, id: Uuid) -> Result<Model, Problem> {
    let row = Entity::find_by_id(id).lock_shared().one(on).await?;
    row.ok_or_else(|| Code::NotFound.into())
}
