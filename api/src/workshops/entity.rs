//! The table of workshops.

use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{Code, Language, Problem};
use crate::instant::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[schema(as = WorkshopState)]
pub enum State {
    Draft,
    Published,
    Archived,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "workshop")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub title: String,
    pub initiative: String,
    pub host: String,
    pub funder: String,
    pub description: String,
    pub language: Language,
    pub time_zone: String,
    pub first_day: String,
    pub last_day: String,
    pub public: bool,
    pub self_registration: bool,
    pub front_end_url: Option<String>,
    pub follows_id: Option<Uuid>,
    pub state: State,
    pub created_at: Instant,
    pub published_at: Option<Instant>,
    pub archived_at: Option<Instant>,
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

/// As [`find`], and nobody else changes it before this transaction ends: its days are what its
/// sessions are held against.
pub async fn hold(on: &impl ConnectionTrait, id: Uuid) -> Result<Model, Problem> {
    let row = Entity::find_by_id(id).lock_exclusive().one(on).await?;
    row.ok_or_else(|| Code::NotFound.into())
}
