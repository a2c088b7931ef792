//! Sign-in codes: eight digits that arrive by mail.
//!
//! Asking only enqueues, so that neither answer nor time tells whether an address is known. The
//! code itself is made when the mail is sent, and kept as a keyed digest only. Older unexpired
//! codes stay good: mail is late.

use actix_web::HttpResponse;
use actix_web::web::Data;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use serde::Deserialize;
use utoipa::ToSchema;

use super::address::EmailAddress;
use crate::ambient::Ambient;
use crate::app::App;
use crate::http::{Code, Fault, Json, Language, Problem};
use crate::instant::MINUTE;
use crate::mail;
use crate::secrets::Key;

/// How long a code is good for.
pub const CODE_LIFE: i64 = 30 * MINUTE;
/// Wrong tries per address, across codes, before a pause of [`CODE_LIFE`].
const TRIES: i32 = 5;
/// Codes per address within [`CODE_LIFE`]; more are not sent, and nobody is told.
const CODES: u64 = 10;

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "mariama@example.org"}))]
pub struct CodeRequest {
    #[garde(skip)]
    email: String,
}

/// Ask for a sign-in code
///
/// Sends a code of 8 digits, good for 30 minutes and one use. The answer is the same whether the
/// address is known or not.
#[utoipa::path(post, path = "/v1/auth/codes", request_body = CodeRequest, responses((status = 202, description = "A code is on its way")))]
pub async fn ask_code(
    app: Data<App>,
    request: actix_web::HttpRequest,
    body: Json<CodeRequest>,
) -> Result<HttpResponse, Problem> {
    let address = parse("/email", &body.0.email)?;
    let transaction = app.store.write().await?;
    let recent = mail::recent(
        &transaction,
        mail::Kind::SignInCode,
        &address,
        app.ambient.now().plus(-CODE_LIFE),
    )
    .await?;
    if recent < CODES {
        let language = Language::of(request.headers());
        mail::enqueue(
            &transaction,
            &app.ambient,
            mail::Letter::sign_in_code(&address, language),
        )
        .await?;
    }
    transaction.commit().await?;
    app.mail.wake();
    Ok(HttpResponse::Accepted().finish())
}

pub fn parse(pointer: &str, email: &str) -> Result<EmailAddress, Problem> {
    EmailAddress::parse(email).map_err(|fault| Fault::new(pointer, fault.code()).with("max", 254).into())
}

/// Makes a code for the address and keeps its digest.
pub async fn new_code(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    secret: &Key,
    address: &EmailAddress,
) -> Result<String, Problem> {
    // 2^64 over 10^8: the bias is below one in 10^11.
    let code = format!("{:08}", u64::from_be_bytes(ambient.bytes()) % 100_000_000);
    let row = sign_in_code::ActiveModel {
        id: Set(ambient.id()),
        address: Set(address.canonical().to_owned()),
        digest: Set(digest(secret, address, &code)),
        expires_at: Set(ambient.now().plus(CODE_LIFE)),
        used_at: Set(None),
    };
    sign_in_code::Entity::insert(row).exec_without_returning(on).await?;
    Ok(code)
}

fn digest(secret: &Key, address: &EmailAddress, code: &str) -> Vec<u8> {
    secret
        .derive("palabre/sign-in-codes/v1")
        .mac(&[address.canonical().as_bytes(), b"\0", code.as_bytes()])
        .to_vec()
}

/// Uses up the code, or counts a wrong try. The caller commits in either case.
pub async fn redeem(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    secret: &Key,
    address: &EmailAddress,
    code: &str,
) -> Result<Result<(), Problem>, Problem> {
    use sign_in_try::{ActiveModel, Column, Entity};
    let now = ambient.now();
    let of_address = || Entity::find().filter(Column::Address.eq(address.canonical()));
    // Writing first takes the row's lock: tries of one address are counted one after the other,
    // whatever the number of processes.
    let row = ActiveModel {
        address: Set(address.canonical().to_owned()),
        failures: Set(0),
        since: Set(now),
    };
    let touch = OnConflict::column(Column::Address)
        .update_column(Column::Address)
        .to_owned();
    Entity::insert(row)
        .on_conflict(touch)
        .exec_without_returning(on)
        .await?;
    let tries = of_address().one(on).await?.ok_or(Code::Internal)?;
    let pause_ends = tries.since.plus(CODE_LIFE);
    let (failures, since) = if pause_ends <= now {
        (0, now)
    } else {
        (tries.failures, tries.since)
    };
    if failures >= TRIES {
        let seconds = (pause_ends.micros() - now.micros()) / crate::instant::SECOND + 1;
        let problem = Problem::from(Code::TooManyTries).with("minutes", (seconds + 59) / 60);
        return Ok(Err(problem.header(actix_web::http::header::RETRY_AFTER, seconds)));
    }
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let used = sign_in_code::Entity::update_many()
        .col_expr(sign_in_code::Column::UsedAt, Expr::value(now))
        .filter(sign_in_code::Column::Address.eq(address.canonical()))
        .filter(sign_in_code::Column::Digest.eq(digest(secret, address, &digits)))
        .filter(sign_in_code::Column::UsedAt.is_null())
        .filter(sign_in_code::Column::ExpiresAt.gt(now))
        .exec(on)
        .await?;
    let right = used.rows_affected > 0;
    let next = if right { 0 } else { failures + 1 };
    Entity::update_many()
        .col_expr(Column::Failures, Expr::value(next))
        .col_expr(Column::Since, Expr::value(since))
        .filter(Column::Address.eq(address.canonical()))
        .exec(on)
        .await?;
    Ok(if right { Ok(()) } else { Err(Code::InvalidCode.into()) })
}

/// Removes the codes of an address and the count of its tries.
pub async fn forget(on: &impl ConnectionTrait, address: &str) -> Result<(), Problem> {
    sign_in_try::Entity::delete_many()
        .filter(sign_in_try::Column::Address.eq(address))
        .exec(on)
        .await?;
    sign_in_code::Entity::delete_many()
        .filter(sign_in_code::Column::Address.eq(address))
        .exec(on)
        .await?;
    Ok(())
}

mod sign_in_code {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_code")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub address: String,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub digest: Vec<u8>,
        pub expires_at: Instant,
        pub used_at: Option<Instant>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
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
