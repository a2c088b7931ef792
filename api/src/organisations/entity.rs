//! The table of organisations.

use sea_orm::entity::prelude::*;

use crate::http::{Code, Problem};
use crate::instant::Instant;
use crate::registrations::Category;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "organisation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workshop_id: Uuid,
    pub name: String,
    /// For comparing: one organisation of a name per workshop.
    pub folded_name: String,
    pub category: Category,
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
