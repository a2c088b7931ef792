//! The instance's own signing keys at rest: one that signs access tokens, one that signs the
//! manifests of ballots. Made when first asked for, sealed under `PALABRE_SECRET`.
//!
//! The private half leaves this room only to whoever signs with it at once.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, QuerySelect as _};
use zeroize::Zeroizing;

use crate::ambient::Ambient;
use crate::http::{Code, Problem};
use crate::secrets::{Key, base64url, sha256};

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Purpose {
    Token,
    Manifest,
}

/// A key in use.
pub struct SigningKey {
    pub kid: String,
    pub public: [u8; 32],
    pub seed: Zeroizing<[u8; 32]>,
}

/// What seals them at rest.
pub fn sealing(secret: &Key) -> Key {
    secret.derive("palabre/signing-keys/v1")
}

/// The key in use for a purpose under a name, made if there is none: inside a transaction that
/// writes, so that processes that start together agree on one.
pub async fn current(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    secret: &Key,
    purpose: Purpose,
    name: &str,
) -> Result<SigningKey, Problem> {
    let sealing = sealing(secret);
    let row = loop {
        if let Some(row) = find(on, purpose, name).await? {
            break row;
        }
        refuse_other_secret(on, &sealing).await?;
        // Or somebody else makes one; whoever waited for a rotation looks again, and perhaps for the next.
        make(on, ambient, &sealing, purpose, name).await?;
    };
    let seed = open(&row, &sealing).ok_or_else(|| does_not_open(&row))?;
    let seed = <[u8; 32]>::try_from(seed.as_slice()).map_err(|_| does_not_open(&row))?;
    Ok(SigningKey {
        kid: row.kid,
        public: row.public.try_into().map_err(|_| Code::Internal)?,
        seed: Zeroizing::new(seed),
    })
}

fn open(row: &table::Model, sealing: &Key) -> Option<Zeroizing<Vec<u8>>> {
    let sealed = row.sealed.as_deref()?;
    sealing.open(row.kid.as_bytes(), sealed).ok().map(Zeroizing::new)
}

fn does_not_open(row: &table::Model) -> Code {
    tracing::error!(
        kid = row.kid,
        "a signing key does not open: PALABRE_SECRET is not the one this database was sealed with \
         (was it being rotated? then run `palabre rotate-keys` again)"
    );
    Code::Internal
}

/// A new key under a secret that the others do not open with would be lost at the next start: the
/// secret was rotated since this process read it.
async fn refuse_other_secret(on: &impl ConnectionTrait, sealing: &Key) -> Result<(), Problem> {
    let another = table::Entity::find()
        .filter(table::Column::Sealed.is_not_null())
        .order_by_asc(table::Column::Kid)
        .lock_shared()
        .one(on)
        .await?;
    match another {
        Some(row) if open(&row, sealing).is_none() => Err(does_not_open(&row).into()),
        _ => Ok(()),
    }
}

async fn find(on: &impl ConnectionTrait, purpose: Purpose, name: &str) -> Result<Option<table::Model>, DbErr> {
    table::Entity::find()
        .filter(table::Column::Purpose.eq(purpose))
        .filter(table::Column::Name.eq(name))
        .filter(table::Column::RetiredAt.is_null())
        // Against a rotation that runs meanwhile.
        .lock_shared()
        .one(on)
        .await
}

/// Puts a new key in the place of the present one, of which only the public half stays. Whoever
/// signs reads the key in their own transaction ([`current`]), so nobody does with the old one after
/// this is committed.
pub async fn rotate(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    secret: &Key,
    purpose: Purpose,
    name: &str,
) -> Result<SigningKey, Problem> {
    let before = current(on, ambient, secret, purpose, name).await?;
    let retired = table::Entity::update_many()
        .col_expr(table::Column::RetiredAt, Expr::value(ambient.now()))
        .col_expr(table::Column::Sealed, Expr::value(None::<Vec<u8>>))
        .filter(table::Column::Kid.eq(&before.kid))
        .filter(table::Column::RetiredAt.is_null())
        .exec(on)
        .await?;
    if retired.rows_affected != 1 {
        // Somebody else rotates it at this moment.
        return Err(Code::Unavailable.into());
    }
    make(on, ambient, &sealing(secret), purpose, name).await?;
    current(on, ambient, secret, purpose, name).await
}

async fn make(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    sealing: &Key,
    purpose: Purpose,
    name: &str,
) -> Result<(), DbErr> {
    let seed = Zeroizing::new(ambient.bytes::<32>());
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let kid = base64url::encode(&sha256(&[&public])[..12]);
    let sealed = sealing.seal(ambient, kid.as_bytes(), seed.as_slice());
    let row = table::ActiveModel {
        sealed: Set(Some(
            sealed.ok_or_else(|| DbErr::Custom("the key does not seal".to_owned()))?,
        )),
        kid: Set(kid),
        purpose: Set(purpose),
        name: Set(name.to_owned()),
        public: Set(public.to_vec()),
        created_at: Set(ambient.now()),
        retired_at: Set(None),
    };
    let on_conflict = sea_orm::sea_query::OnConflict::new().do_nothing().to_owned();
    table::Entity::insert(row)
        .on_conflict(on_conflict)
        .exec_without_returning(on)
        .await?;
    Ok(())
}

/// Every key that ever served a purpose, the oldest first.
pub async fn all(on: &impl ConnectionTrait, purpose: Purpose) -> Result<Vec<table::Model>, DbErr> {
    table::Entity::find()
        .filter(table::Column::Purpose.eq(purpose))
        .order_by_asc(table::Column::CreatedAt)
        .order_by_asc(table::Column::Kid)
        .all(on)
        .await
}

/// Every key that is sealed, retired ones too.
async fn all_sealed(on: &impl ConnectionTrait) -> Result<Vec<table::Model>, DbErr> {
    table::Entity::find()
        .filter(table::Column::Sealed.is_not_null())
        .order_by_asc(table::Column::Kid)
        .all(on)
        .await
}

/// Whether this secret opens all of them.
pub async fn all_open(on: &impl ConnectionTrait, secret: &Key) -> Result<bool, DbErr> {
    let sealing = sealing(secret);
    Ok(all_sealed(on).await?.iter().all(|row| open(row, &sealing).is_some()))
}

/// Seals them under another secret; says how many there are. The keys stay what they are. Whoever
/// calls holds the table, lest a key be made under the old secret meanwhile.
pub async fn reseal(on: &impl ConnectionTrait, ambient: &Ambient, from: &Key, to: &Key) -> Result<u64, Problem> {
    let (from, to) = (sealing(from), sealing(to));
    let rows = all_sealed(on).await?;
    for row in &rows {
        let seed = open(row, &from).ok_or_else(|| does_not_open(row))?;
        let sealed = to.seal(ambient, row.kid.as_bytes(), &seed).ok_or(Code::Internal)?;
        table::Entity::update_many()
            .col_expr(table::Column::Sealed, Expr::value(sealed))
            .filter(table::Column::Kid.eq(&row.kid))
            .exec(on)
            .await?;
    }
    Ok(rows.len() as u64)
}

/// Gives up the private halves that this secret does not open; says how many. What a manifest key
/// signed can be checked for ever, so its public half stays; a token key is of no more use.
pub async fn disown(on: &impl ConnectionTrait, ambient: &Ambient, secret: &Key) -> Result<u64, DbErr> {
    let sealing = sealing(secret);
    let mut lost = all_sealed(on).await?;
    lost.retain(|row| open(row, &sealing).is_none());
    for row in &lost {
        let this = table::Column::Kid.eq(&row.kid);
        match row.purpose {
            Purpose::Token => {
                table::Entity::delete_many().filter(this).exec(on).await?;
            }
            Purpose::Manifest => {
                table::Entity::update_many()
                    .col_expr(table::Column::Sealed, Expr::value(None::<Vec<u8>>))
                    .col_expr(
                        table::Column::RetiredAt,
                        Expr::value(row.retired_at.unwrap_or_else(|| ambient.now())),
                    )
                    .filter(this)
                    .exec(on)
                    .await?;
            }
        }
    }
    Ok(lost.len() as u64)
}

pub mod table {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "signing_key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kid: String,
        pub purpose: super::Purpose,
        pub name: String,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub public: Vec<u8>,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub sealed: Option<Vec<u8>>,
        pub created_at: Instant,
        pub retired_at: Option<Instant>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
