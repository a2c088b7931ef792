//! The key of a ballot: 32 bytes made at opening, stored only sealed under `PALABRE_SECRET`, from
//! which marks and sealing derive; destroyed when the votes are counted.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, QuerySelect as _};
use zeroize::Zeroizing;

use super::entity::ballot;
use crate::ambient::Ambient;
use crate::http::{Code, Problem};
use crate::secrets::{DoesNotOpen, Key};

/// What seals the ballots' keys at rest.
pub struct Keys {
    sealing: Key,
}

/// The keys of one ballot, while in use.
pub struct BallotKeys {
    ballot_id: Uuid,
    mark: Key,
    sealing: Key,
}

impl Keys {
    pub fn new(secret: &Key) -> Self {
        Self {
            sealing: secret.derive("palabre/ballot-keys/v1"),
        }
    }

    /// A new ballot key, sealed for the store.
    pub fn make(&self, ambient: &Ambient, ballot_id: Uuid) -> Vec<u8> {
        let key = Key(ambient.bytes());
        self.sealing.seal(ambient, ballot_id.as_bytes(), &key.0)
    }

    pub fn open(&self, ballot_id: Uuid, sealed: &[u8]) -> Result<BallotKeys, DoesNotOpen> {
        let bytes = Zeroizing::new(self.sealing.open(ballot_id.as_bytes(), sealed)?);
        let key = Key(bytes.as_slice().try_into().map_err(|_| DoesNotOpen)?);
        Ok(BallotKeys {
            ballot_id,
            mark: key.derive("palabre/mark/v1"),
            sealing: key.derive("palabre/seal/v1"),
        })
    }
}

impl BallotKeys {
    /// The keyed pseudonym under which a unit's vote stands.
    pub fn mark(&self, unit_id: Uuid) -> [u8; 32] {
        self.mark.mac(&[unit_id.as_bytes()])
    }

    /// Seals a vote to its place: it opens only in this ballot and under this mark.
    pub fn seal(&self, ambient: &Ambient, mark: &[u8; 32], plain: &[u8]) -> Vec<u8> {
        self.sealing.seal(ambient, &self.place(mark), plain)
    }

    pub fn open(&self, mark: &[u8], sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        self.sealing.open(&self.place(mark), sealed)
    }

    fn place(&self, mark: &[u8]) -> Vec<u8> {
        [self.ballot_id.as_bytes(), mark].concat()
    }
}

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
        ballot::Entity::update_many()
            .col_expr(
                ballot::Column::SealedKey,
                Expr::value(to.seal(ambient, id.as_bytes(), &key)),
            )
            .filter(ballot::Column::Id.eq(*id))
            .exec(on)
            .await?;
    }
    Ok(keys.len() as u64)
}
