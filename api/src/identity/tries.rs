//! Wrong codes, counted per address in the database: exact across codes and processes.
//!
//! After five there is a pause; it ends by itself, so that nobody is locked out for good by whoever
//! types wrong codes under their address.

use sea_orm::ActiveValue::Set;
use sea_orm::Condition;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::address::EmailAddress;
use super::codes::{self, Opened};
use crate::ambient::Ambient;
use crate::http::{Code, Problem};
use crate::instant::{Instant, MINUTE};
use crate::retention::{Mode, remove};
use crate::secrets::Key;

/// Wrong tries per address, across codes, before a pause.
const TRIES: i32 = 5;
/// From the first of them.
const PAUSE: i64 = 30 * MINUTE;

/// Uses up the code, or counts a wrong try. The caller commits in either case.
pub async fn redeem(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    secret: &Key,
    address: &EmailAddress,
    code: &str,
) -> Result<Result<Opened, Problem>, Problem> {
    use sign_in_try::{Column, Entity};
    let tries = hold(on, ambient, address).await?;
    let now = ambient.now();
    let pause_ends = tries.since.plus(PAUSE);
    let (failures, since) = if tries.failures == 0 || pause_ends <= now {
        (0, now)
    } else {
        (tries.failures, tries.since)
    };
    if failures >= TRIES {
        return Ok(Err(Problem::pause(pause_ends.micros() - now.micros())));
    }
    match codes::take(on, now, secret, address, code).await? {
        Some(opened) => {
            // The slate is wiped, and nothing is left to tell an address that was ever good.
            Entity::delete_by_id(address.canonical()).exec(on).await?;
            Ok(Ok(opened))
        }
        None => {
            Entity::update_many()
                .col_expr(Column::Failures, Expr::value(failures + 1))
                .col_expr(Column::Since, Expr::value(since))
                .filter(Column::Address.eq(address.canonical()))
                .exec(on)
                .await?;
            Ok(Err(Code::InvalidCode.into()))
        }
    }
}

/// The count of the address's wrong tries, with its row locked: tries and codes of one address are
/// counted one after the other, whatever the number of processes. Writing first takes the lock.
pub async fn hold(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    address: &EmailAddress,
) -> Result<sign_in_try::Model, Problem> {
    use sign_in_try::{ActiveModel, Column, Entity};
    let row = ActiveModel {
        address: Set(address.canonical().to_owned()),
        failures: Set(0),
        since: Set(ambient.now()),
    };
    let touch = OnConflict::column(Column::Address)
        .update_column(Column::Address)
        .to_owned();
    Entity::insert(row)
        .on_conflict(touch)
        .exec_without_returning(on)
        .await?;
    let tries = Entity::find_by_id(address.canonical()).one(on).await?;
    tries.ok_or_else(|| Code::Internal.into())
}

pub async fn forget(on: &impl ConnectionTrait, address: &str) -> Result<(), DbErr> {
    sign_in_try::Entity::delete_by_id(address).exec(on).await?;
    Ok(())
}

/// Removes counts that count no more.
pub async fn sweep(on: &impl ConnectionTrait, now: Instant, mode: Mode) -> Result<u64, DbErr> {
    let spent = sign_in_try::Column::Since.lte(now.plus(-PAUSE));
    remove::<sign_in_try::Entity>(on, Condition::all().add(spent), mode).await
}

mod sign_in_try {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_try")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub address: String,
        pub failures: i32,
        pub since: Instant,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
