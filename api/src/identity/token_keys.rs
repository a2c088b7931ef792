//! The keys that access tokens are signed with: one signs, those before it are known until the last
//! token they signed has expired.
//!
//! Whoever signs reads the present key from the store in the same transaction, so that from a
//! rotation on nobody signs with the one before, whose private half is gone. Whoever verifies keeps
//! the public halves in memory, and looks again after a minute, or at once for a key not seen yet.

use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::DecodingKey;
use sea_orm::Condition;
use sea_orm::entity::prelude::*;

use crate::ambient::Ambient;
use crate::http::{Code, Flood, Network, Problem};
use crate::instant::{DAY, Instant, MINUTE, SECOND};
use crate::retention::{Mode, remove};
use crate::secrets::{Key, base64url};
use crate::signing_keys::{self, Purpose, SigningKey, table};
use crate::store::Store;

/// How long a token may live at most (`palabre token`), and a little for clocks that differ.
const KEPT: i64 = DAY + 2 * MINUTE;
/// How old the keys in memory may be: a key that was taken away is refused from then on.
const FRESH: i64 = MINUTE;
/// How often unknown keys make a process look: so many times at once, then once a second.
const LOOKS: i64 = 10;

pub struct KnownKey {
    pub kid: Arc<str>,
    pub decoding: DecodingKey,
}

/// The keys as they were in the store at some moment.
#[derive(Clone)]
pub struct Ring {
    keys: Arc<[KnownKey]>,
    read_at: Instant,
}

impl Ring {
    pub fn get(&self, kid: &str) -> Option<&KnownKey> {
        self.keys.iter().find(|key| *key.kid == *kid)
    }

    fn age(&self, now: Instant) -> i64 {
        (now.micros() - self.read_at.micros()).abs()
    }
}

pub struct TokenKeys {
    ambient: Ambient,
    ring: RwLock<Ring>,
    /// Held by whoever looks.
    looking: tokio::sync::Mutex<()>,
    looks: Flood,
}

/// The key to sign with, made at the first start.
pub async fn signing(on: &impl ConnectionTrait, ambient: &Ambient, secret: &Key) -> Result<SigningKey, Problem> {
    signing_keys::current(on, ambient, secret, Purpose::Token, "").await
}

/// A new key signs from now on. At once: the tokens of all keys before are refused, within a minute
/// by every process, and their holders refresh; otherwise they live to their end. Nobody is signed
/// out.
pub async fn rotate(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    secret: &Key,
    at_once: bool,
) -> Result<SigningKey, Problem> {
    let key = signing_keys::rotate(on, ambient, secret, Purpose::Token, "").await?;
    if at_once {
        table::Entity::delete_many()
            .filter(table::Column::Purpose.eq(Purpose::Token))
            .filter(table::Column::RetiredAt.is_not_null())
            .exec(on)
            .await?;
    }
    Ok(key)
}

/// Removes the keys whose last token has expired.
pub async fn sweep(on: &impl ConnectionTrait, now: Instant, mode: Mode) -> Result<u64, DbErr> {
    let spent = Condition::all()
        .add(table::Column::Purpose.eq(Purpose::Token))
        .add(table::Column::RetiredAt.lte(now.plus(-KEPT)));
    remove::<table::Entity>(on, spent, mode).await
}

/// The keys whose tokens are good, the oldest first.
async fn good(on: &impl ConnectionTrait, now: Instant) -> Result<Vec<table::Model>, DbErr> {
    let mut rows = signing_keys::all(on, Purpose::Token).await?;
    rows.retain(|row| row.retired_at.is_none_or(|retired| retired.plus(KEPT) > now));
    Ok(rows)
}

async fn read(store: &Store, now: Instant) -> Result<Ring, Problem> {
    let rows = good(store.reader(), now).await?;
    let known = rows.into_iter().map(|row| {
        let decoding = DecodingKey::from_ed_components(&base64url::encode(&row.public));
        Ok(KnownKey {
            kid: row.kid.into(),
            decoding: decoding.map_err(|_| Code::Internal)?,
        })
    });
    Ok(Ring {
        keys: known.collect::<Result<_, Code>>()?,
        read_at: now,
    })
}

impl TokenKeys {
    pub async fn load(store: &Store, ambient: &Ambient, secret: &Key) -> Result<Self, Problem> {
        let transaction = store.write().await?;
        signing(&transaction, ambient, secret).await?;
        transaction.commit().await?;
        Ok(Self {
            ring: RwLock::new(read(store, ambient.now()).await?),
            ambient: ambient.clone(),
            looking: tokio::sync::Mutex::default(),
            looks: Flood::new(LOOKS, SECOND),
        })
    }

    /// As they were a minute ago at most; older when the store cannot be read, which whoever asks
    /// will find out by themself.
    pub async fn ring(&self, store: &Store) -> Ring {
        let ring = self.present();
        let now = self.ambient.now();
        if ring.age(now) < FRESH {
            return ring;
        }
        // One looks, the others go on with what there is.
        let Ok(_looking) = self.looking.try_lock() else {
            return ring;
        };
        match read(store, now).await {
            Ok(fresh) => self.replace(fresh),
            Err(problem) => {
                tracing::warn!(%problem, "the keys of access tokens could not be read again");
                ring
            }
        }
    }

    /// As they are, for someone with a key that was not known at that time; unless too many came with
    /// such keys just now.
    pub async fn look_again(&self, store: &Store, asked_at: Instant) -> Result<Ring, Problem> {
        let _looking = self.looking.lock().await;
        let (ring, now) = (self.present(), self.ambient.now());
        if ring.read_at > asked_at || self.looks.take(Network::OTHERS, now).is_err() {
            return Ok(ring);
        }
        Ok(self.replace(read(store, now).await?))
    }

    fn present(&self) -> Ring {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, ring: Ring) -> Ring {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring.clone();
        ring
    }

    /// JWK set (RFC 7517, RFC 8037).
    pub async fn jwks(&self, store: &Store) -> Result<serde_json::Value, Problem> {
        let rows = good(store.reader(), self.ambient.now()).await?;
        let keys: Vec<_> = rows
            .into_iter()
            .map(|row| {
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                    "kid": row.kid, "x": base64url::encode(&row.public),
                })
            })
            .collect();
        Ok(serde_json::json!({ "keys": keys }))
    }
}
