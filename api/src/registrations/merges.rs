//! The table of registrations that were merged into others: what a counted roll names still has a
//! name, and a roster imported again does not make the double anew.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{QueryOrder as _, QuerySelect as _};

use super::entity;
use crate::http::Problem;
use crate::instant::Instant;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "registration_merge")]
pub struct Model {
    /// The registration that is gone.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merged_id: Uuid,
    pub workshop_id: Uuid,
    /// Whose place it was.
    pub person_id: Uuid,
    /// The registration that stays.
    pub registration_id: Uuid,
    pub created_at: Instant,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub async fn write(on: &impl ConnectionTrait, goes: &entity::Model, stays: Uuid, now: Instant) -> Result<(), Problem> {
    // What was merged into the one that goes, goes along.
    Entity::update_many()
        .col_expr(Column::RegistrationId, Expr::value(stays))
        .filter(Column::RegistrationId.eq(goes.id))
        .exec(on)
        .await?;
    let row = ActiveModel {
        merged_id: Set(goes.id),
        workshop_id: Set(goes.workshop_id),
        person_id: Set(goes.person_id),
        registration_id: Set(stays),
        created_at: Set(now),
    };
    Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}

/// Was the one merged into the other?
pub async fn into(on: &impl ConnectionTrait, merged: Uuid, stays: Uuid) -> Result<bool, DbErr> {
    let row = Entity::find_by_id(merged)
        .filter(Column::RegistrationId.eq(stays))
        .one(on)
        .await?;
    Ok(row.is_some())
}

/// Of these registrations those that are gone, each with the one that stays.
pub async fn heirs(
    on: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Uuid>, DbErr> {
    let rows: Vec<(Uuid, Uuid)> = Entity::find()
        .select_only()
        .columns([Column::MergedId, Column::RegistrationId])
        .filter(Column::MergedId.is_in(ids))
        .into_tuple()
        .all(on)
        .await?;
    Ok(rows.into_iter().collect())
}

/// By person: where the place went that they had in this workshop, the latest where there were more.
pub async fn of_workshop(on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<HashMap<Uuid, Uuid>, DbErr> {
    let rows: Vec<(Uuid, Uuid)> = Entity::find()
        .select_only()
        .columns([Column::PersonId, Column::RegistrationId])
        .filter(Column::WorkshopId.eq(workshop_id))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::MergedId)
        .into_tuple()
        .all(on)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The workshops in which a person had a place that is merged into another's.
pub async fn workshops_of(on: &impl ConnectionTrait, person_id: Uuid) -> Result<Vec<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::WorkshopId)
        .distinct()
        .filter(Column::PersonId.eq(person_id))
        .into_tuple()
        .all(on)
        .await
}
