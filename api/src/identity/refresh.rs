//! Refresh tokens and the sign-ins they keep alive.
//!
//! A refresh token is used once; its successor is derived from it, so that whoever lost the answer
//! gets the same successor again for 60 seconds, without the store holding any token. Reuse after
//! that means that two hold it, and ends the sign-in.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, FromQueryResult, QueryOrder, QuerySelect, QueryTrait as _};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ambient::Ambient;
use crate::http::Problem;
use crate::instant::{DAY, Instant, SECOND};
use crate::retention::{Mode, remove};
use crate::secrets::{Key, base64url, sha256};

pub const REFRESH_LIFE: i64 = 30 * DAY;
const GRACE: i64 = 60 * SECOND;

/// Someone who is signed in.
#[derive(Clone, Copy)]
pub struct SignIn {
    pub id: Uuid,
    pub person_id: Uuid,
    /// In person: the only workshop it opens.
    pub only_workshop: Option<Uuid>,
}

/// Opens a sign-in for the person; it ends when it is not refreshed in time, and one that opens only
/// one workshop in any case.
pub async fn open(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    person_id: Uuid,
    life: i64,
    only_workshop: Option<Uuid>,
) -> Result<SignIn, Problem> {
    let id = ambient.id();
    let now = ambient.now();
    let row = sign_in::ActiveModel {
        id: Set(id),
        person_id: Set(person_id),
        created_at: Set(now),
        expires_at: Set(now.plus(life)),
        revoked_at: Set(None),
        workshop_id: Set(only_workshop),
    };
    sign_in::Entity::insert(row).exec_without_returning(on).await?;
    Ok(SignIn {
        id,
        person_id,
        only_workshop,
    })
}

/// The first refresh token of a sign-in.
pub async fn first(on: &impl ConnectionTrait, ambient: &Ambient, sign_in_id: Uuid) -> Result<String, Problem> {
    let token = base64url::encode(ambient.bytes::<32>());
    store(on, ambient, sign_in_id, &token).await?;
    Ok(token)
}

async fn store(on: &impl ConnectionTrait, ambient: &Ambient, sign_in_id: Uuid, token: &str) -> Result<(), Problem> {
    let now = ambient.now();
    let row = refresh_token::ActiveModel {
        digest: Set(sha256(&[token.as_bytes()]).to_vec()),
        sign_in_id: Set(sign_in_id),
        issued_at: Set(now),
        expires_at: Set(now.plus(REFRESH_LIFE)),
        used_at: Set(None),
    };
    let on_conflict = OnConflict::column(refresh_token::Column::Digest)
        .do_nothing()
        .to_owned();
    refresh_token::Entity::insert(row)
        .on_conflict(on_conflict)
        .exec_without_returning(on)
        .await?;
    Ok(())
}

pub struct Refreshed {
    pub sign_in: SignIn,
    pub successor: String,
}

/// The successor, or nothing when the token is good for nothing (any more). The caller commits in
/// either case: a reuse that ends the sign-in must last.
pub async fn rotate(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    secret: &Key,
    token: &str,
) -> Result<Option<Refreshed>, Problem> {
    use refresh_token::{Column, Entity};
    let now = ambient.now();
    let digest = sha256(&[token.as_bytes()]).to_vec();
    // Marks it used if it was not: of two at once only one is first, the other finds it used.
    Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .filter(Column::Digest.eq(digest.clone()))
        .filter(Column::UsedAt.is_null())
        .exec(on)
        .await?;
    let Some(row) = Entity::find_by_id(digest).one(on).await? else {
        return Ok(None);
    };
    let Some(sign_in) = sign_in::Entity::find_by_id(row.sign_in_id).one(on).await? else {
        return Ok(None);
    };
    if row.expires_at <= now || sign_in.revoked_at.is_some() || sign_in.expires_at <= now {
        return Ok(None);
    }
    if row.used_at.is_some_and(|used| used.plus(GRACE) <= now) {
        revoke(on, ambient, row.sign_in_id).await?;
        return Ok(None);
    }
    let successor = base64url::encode(secret.derive("palabre/refresh-tokens/v1").mac(&[token.as_bytes()]));
    store(on, ambient, row.sign_in_id, &successor).await?;
    sign_in::Entity::update_many()
        .col_expr(sign_in::Column::ExpiresAt, Expr::value(now.plus(REFRESH_LIFE)))
        .filter(sign_in::Column::Id.eq(row.sign_in_id))
        .filter(sign_in::Column::WorkshopId.is_null())
        .exec(on)
        .await?;
    Ok(Some(Refreshed {
        sign_in: SignIn {
            id: row.sign_in_id,
            person_id: sign_in.person_id,
            only_workshop: sign_in.workshop_id,
        },
        successor,
    }))
}

/// The sign-in a refresh token belongs to.
pub async fn sign_in_of(on: &impl ConnectionTrait, token: &str) -> Result<Option<Uuid>, Problem> {
    let row = refresh_token::Entity::find_by_id(sha256(&[token.as_bytes()]).to_vec())
        .one(on)
        .await?;
    Ok(row.map(|row| row.sign_in_id))
}

pub async fn revoke(on: &impl ConnectionTrait, ambient: &Ambient, sign_in_id: Uuid) -> Result<(), Problem> {
    sign_in::Entity::update_many()
        .col_expr(sign_in::Column::RevokedAt, Expr::value(ambient.now()))
        .filter(sign_in::Column::Id.eq(sign_in_id))
        .filter(sign_in::Column::RevokedAt.is_null())
        .exec(on)
        .await?;
    Ok(())
}

/// One of my sign-ins.
#[derive(Serialize, ToSchema, FromQueryResult)]
pub struct ExportedSignIn {
    id: Uuid,
    created_at: Instant,
    /// When it ends by itself
    expires_at: Instant,
    /// When it was ended before
    revoked_at: Option<Instant>,
    /// With an in-person code: the only workshop it opens; null with a code from the mail
    workshop_id: Option<Uuid>,
}

/// The sign-ins of a person, oldest first.
pub async fn of_person(on: &impl ConnectionTrait, person_id: Uuid) -> Result<Vec<ExportedSignIn>, Problem> {
    let sign_ins = sign_in::Entity::find()
        .filter(sign_in::Column::PersonId.eq(person_id))
        .order_by_asc(sign_in::Column::Id)
        .into_model();
    Ok(sign_ins.all(on).await?)
}

/// Ends every sign-in of a person. Tokens first, as [`rotate`] does: so the two wait in turn.
pub async fn end_all(on: &impl ConnectionTrait, ambient: &Ambient, person_id: Uuid) -> Result<(), Problem> {
    let of_person = sign_in::Entity::find()
        .select_only()
        .column(sign_in::Column::Id)
        .filter(sign_in::Column::PersonId.eq(person_id));
    refresh_token::Entity::delete_many()
        .filter(refresh_token::Column::SignInId.in_subquery(of_person.into_query()))
        .exec(on)
        .await?;
    sign_in::Entity::update_many()
        .col_expr(sign_in::Column::RevokedAt, Expr::value(ambient.now()))
        .filter(sign_in::Column::PersonId.eq(person_id))
        .filter(sign_in::Column::RevokedAt.is_null())
        .exec(on)
        .await?;
    Ok(())
}

/// Ends the sign-ins of a person that were opened in person.
pub async fn end_in_person(on: &impl ConnectionTrait, ambient: &Ambient, person_id: Uuid) -> Result<(), Problem> {
    sign_in::Entity::update_many()
        .col_expr(sign_in::Column::RevokedAt, Expr::value(ambient.now()))
        .filter(sign_in::Column::PersonId.eq(person_id))
        .filter(sign_in::Column::WorkshopId.is_not_null())
        .filter(sign_in::Column::RevokedAt.is_null())
        .exec(on)
        .await?;
    Ok(())
}

/// Removes refresh tokens that are good for nothing any more.
pub async fn sweep(on: &impl ConnectionTrait, now: Instant, mode: Mode) -> Result<u64, DbErr> {
    let spent = refresh_token::Column::ExpiresAt.lte(now);
    remove::<refresh_token::Entity>(on, Condition::all().add(spent), mode).await
}

/// Removes sign-ins that ended before this instant, and their refresh tokens with them. That is a day
/// ago or more: whoever saw one alive must be able to find for a while that it was revoked.
pub async fn sweep_sign_ins(on: &impl ConnectionTrait, before: Instant, mode: Mode) -> Result<u64, DbErr> {
    let ended = Condition::any()
        .add(sign_in::Column::ExpiresAt.lt(before))
        .add(sign_in::Column::RevokedAt.lt(before));
    remove::<sign_in::Entity>(on, ended, mode).await
}

mod sign_in {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub person_id: Uuid,
        pub created_at: Instant,
        pub expires_at: Instant,
        pub revoked_at: Option<Instant>,
        pub workshop_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod refresh_token {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "refresh_token")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false, column_type = "VarBinary(StringLen::None)")]
        pub digest: Vec<u8>,
        pub sign_in_id: Uuid,
        pub issued_at: Instant,
        pub expires_at: Instant,
        pub used_at: Option<Instant>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
