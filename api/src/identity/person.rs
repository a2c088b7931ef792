//! The person: one account per canonical address.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::address::EmailAddress;
use crate::ambient::Ambient;
use crate::http::{Language, Problem};
use crate::instant::Instant;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub address: String,
    pub address_typed: String,
    pub name: String,
    pub language: Language,
    pub administrator: bool,
    pub created_at: Instant,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The mailbox's name until the person says theirs.
    pub fn known_as(&self) -> String {
        if self.name.is_empty() {
            self.address_typed.split('@').next().unwrap_or_default().to_owned()
        } else {
            self.name.clone()
        }
    }
}

pub async fn find(on: &impl ConnectionTrait, address: &EmailAddress) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Address.eq(address.canonical()))
        .one(on)
        .await
}

/// The person of that address, made if there is none yet; two at once agree on one.
pub async fn find_or_create(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    address: &EmailAddress,
    name: &str,
    language: Language,
) -> Result<Model, Problem> {
    if let Some(person) = find(on, address).await? {
        return Ok(person);
    }
    let person = ActiveModel {
        id: Set(ambient.id()),
        address: Set(address.canonical().to_owned()),
        address_typed: Set(address.typed().to_owned()),
        name: Set(name.to_owned()),
        language: Set(language),
        administrator: Set(false),
        created_at: Set(ambient.now()),
    };
    let on_conflict = OnConflict::column(Column::Address).do_nothing().to_owned();
    Entity::insert(person)
        .on_conflict(on_conflict)
        .exec_without_returning(on)
        .await?;
    find(on, address)
        .await?
        .ok_or_else(|| crate::http::Code::Internal.into())
}
