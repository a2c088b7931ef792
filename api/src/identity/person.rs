//! The person: one account per canonical address.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{QuerySelect, QueryTrait as _};

use super::address::EmailAddress;
use crate::ambient::Ambient;
use crate::http::{Caller, Code, Language, Problem};
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

/// Where the people are who erased themselves; no mail arrives under `.invalid` (RFC 2606).
pub const ERASED: &str = "@erased.invalid";

/// What takes the place of the address of someone who erases themself.
pub fn erased_address(id: Uuid) -> String {
    format!("erased-{id}{ERASED}")
}

/// Is this what took the place of an address?
pub fn is_erased(address: &str) -> bool {
    address.ends_with(ERASED)
}

/// Holds for everyone who did not erase themself.
pub fn not_erased() -> Expr {
    Column::Address.not_like(any_erased_address())
}

/// What the address of everyone who erased themself is `LIKE`.
pub fn any_erased_address() -> String {
    format!("%{ERASED}")
}

/// The ids of those who erased themselves, to be asked for within a query.
pub fn erased() -> sea_orm::sea_query::SelectStatement {
    Entity::find()
        .select_only()
        .column(Column::Id)
        // A literal, not a parameter: by it the index of these people is known.
        .filter(Expr::cust(format!("address LIKE '{}'", any_erased_address())))
        .into_query()
}

/// The caller, who does not erase themself before the transaction ends: for whatever writes down
/// something personal of theirs. Not for votes: the lock would leave a trace beside the person.
pub async fn keep(on: &impl ConnectionTrait, caller: &Caller) -> Result<Model, Problem> {
    locked(on, caller, LockType::KeyShare).await
}

/// The caller, of whom nothing changes before the transaction ends but by it: of two changes at once
/// the second sees the first.
pub async fn hold(on: &impl ConnectionTrait, caller: &Caller) -> Result<Model, Problem> {
    locked(on, caller, LockType::Update).await
}

async fn locked(on: &impl ConnectionTrait, caller: &Caller, lock: LockType) -> Result<Model, Problem> {
    let person = Entity::find_by_id(caller.person_id()?).lock(lock).one(on).await?;
    // Erased between the question who it is and this lock.
    person
        .filter(|person| !is_erased(&person.address))
        .ok_or_else(|| Code::SignInRequired.into())
}

pub async fn find(on: &impl ConnectionTrait, address: &EmailAddress) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Address.eq(address.canonical()))
        .one(on)
        .await
}

/// As [`find`], and they do not erase themself before the transaction ends.
async fn find_and_keep(on: &impl ConnectionTrait, address: &EmailAddress) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Address.eq(address.canonical()))
        .lock(LockType::KeyShare)
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
    if let Some(person) = find_and_keep(on, address).await? {
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
    find_and_keep(on, address).await?.ok_or_else(|| Code::Internal.into())
}
