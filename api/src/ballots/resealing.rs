//! The keys of all ballots that have one, sealed under another secret. What they seal stays as it is.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, QuerySelect as _};
use zeroize::Zeroizing;

use super::entity::ballot;
use super::keys::Keys;
use crate::ambient::Ambient;
use crate::http::{Code, Problem};
use crate::secrets::Key;

/// The sealed keys of all ballots, held until the transaction ends.
async fn sealed_keys(on: &impl ConnectionTrait) -> Result<Vec<(Uuid, Vec<u8>)>, DbErr> {
    let rows = ballot::Entity::find()
        .filter(ballot::Column::SealedKey.is_not_null())
        .order_by_asc(ballot::Column::Id)
        .lock_exclusive()
        .all(on)
        .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((row.id, row.sealed_key?)))
        .collect())
}

/// Whether this secret opens the key of every ballot that has one.
pub async fn keys_open(on: &impl ConnectionTrait, secret: &Key) -> Result<bool, DbErr> {
    let sealing = Keys::new(secret).sealing;
    let keys = sealed_keys(on).await?;
    Ok(keys
        .iter()
        .all(|(id, sealed)| sealing.open(id.as_bytes(), sealed).is_ok()))
}

/// Seals every ballot's key under another secret; says how many there are. The keys stay what they
/// are, and with them marks and votes.
pub async fn reseal_keys(on: &impl ConnectionTrait, ambient: &Ambient, from: &Key, to: &Key) -> Result<u64, Problem> {
    let (from, to) = (Keys::new(from).sealing, Keys::new(to).sealing);
    let keys = sealed_keys(on).await?;
    for (id, sealed) in &keys {
        let key = Zeroizing::new(from.open(id.as_bytes(), sealed).map_err(|_| Code::Internal)?);
        let sealed = to.seal(ambient, id.as_bytes(), &key).ok_or(Code::Internal)?;
        ballot::Entity::update_many()
            .col_expr(ballot::Column::SealedKey, Expr::value(sealed))
            .filter(ballot::Column::Id.eq(*id))
            .exec(on)
            .await?;
    }
    Ok(keys.len() as u64)
}
