//! Sign-in codes: eight digits that arrive by mail, or that an organiser hands over.
//!
//! Asking only enqueues, so that neither answer nor time tells whether an address is known. The
//! code itself is made when the mail is sent, and kept as a keyed digest only. Older unexpired
//! codes stay good: mail is late. What each address may ask for and get wrong is counted in the
//! database, exactly, whatever the number of processes; what each network may, in memory.

use actix_web::HttpResponse;
use actix_web::web::Data;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QuerySelect as _, QueryTrait as _};
use serde::Deserialize;
use utoipa::ToSchema;

use super::address::EmailAddress;
use super::tries;
use crate::ambient::Ambient;
use crate::app::App;
use crate::http::{Fault, Flood, Json, Language, Network, Problem};
use crate::instant::{DAY, HOUR, Instant, MINUTE, SECOND};
use crate::mail;
use crate::registrations::entity as registration;
use crate::retention::{Mode, remove};
use crate::secrets::Key;

/// How long a code is good for.
pub const CODE_LIFE: i64 = 30 * MINUTE;
/// A printed one is handed over in the morning and typed in during the day.
const IN_PERSON_LIFE: i64 = 12 * HOUR;
/// Codes per address within [`CODE_LIFE`]; more are not sent, and nobody is told.
const CODES: u64 = 10;

/// What comes from one network, which may be a hall of hundreds: in each process, in memory.
pub struct Floods {
    /// Codes asked for: 400 at once, then 30 a minute.
    asked: Flood,
    /// Codes and refresh tokens that were wrong: 300 at once, then 30 a minute. What is right is not
    /// limited.
    pub wrong: Flood,
}

impl Default for Floods {
    fn default() -> Self {
        Self {
            asked: Flood::new(400, 2 * SECOND),
            wrong: Flood::new(300, 2 * SECOND),
        }
    }
}

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
/// address is known or not. A network that asks for hundreds at once has to wait.
#[utoipa::path(post, path = "/v1/auth/codes", request_body = CodeRequest, responses((status = 202, description = "A code is on its way")))]
pub async fn ask_code(
    app: Data<App>,
    request: actix_web::HttpRequest,
    body: Json<CodeRequest>,
) -> Result<HttpResponse, Problem> {
    let address = parse("/email", &body.0.email)?;
    let network = Network::of(&request, &app.settings.trusted_proxies);
    app.floods.asked.take(network, app.ambient.now())?;
    let transaction = app.store.write().await?;
    // Those who ask for one address at once are counted one after the other.
    tries::hold(&transaction, &app.ambient, &address).await?;
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
    let expires_at = ambient.now().plus(CODE_LIFE);
    make(on, ambient, secret, address.canonical(), expires_at, None).await
}

/// As [`new_code`], to be handed over to the person of this registration; takes the place of one
/// that was not used.
pub async fn new_in_person_code(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    secret: &Key,
    address: &str,
    registration_id: Uuid,
) -> Result<(String, Instant), Problem> {
    sign_in_code::Entity::delete_many()
        .filter(sign_in_code::Column::RegistrationId.eq(registration_id))
        .filter(sign_in_code::Column::UsedAt.is_null())
        .exec(on)
        .await?;
    let expires_at = ambient.now().plus(IN_PERSON_LIFE);
    let code = make(on, ambient, secret, address, expires_at, Some(registration_id)).await?;
    Ok((code, expires_at))
}

async fn make(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    secret: &Key,
    address: &str,
    expires_at: Instant,
    registration_id: Option<Uuid>,
) -> Result<String, Problem> {
    // 2^64 over 10^8: the bias is below one in 10^11.
    let code = format!("{:08}", u64::from_be_bytes(ambient.bytes()) % 100_000_000);
    let row = sign_in_code::ActiveModel {
        id: Set(ambient.id()),
        address: Set(address.to_owned()),
        digest: Set(digest(secret, address, &code)),
        expires_at: Set(expires_at),
        used_at: Set(None),
        registration_id: Set(registration_id),
    };
    sign_in_code::Entity::insert(row).exec_without_returning(on).await?;
    Ok(code)
}

fn digest(secret: &Key, address: &str, code: &str) -> Vec<u8> {
    secret
        .derive("palabre/sign-in-codes/v1")
        .mac(&[address.as_bytes(), b"\0", code.as_bytes()])
        .to_vec()
}

/// Where a right code leads.
pub enum Opened {
    /// It came by mail: whoever brings it has the mailbox.
    ByMail,
    /// It was handed over to the person of this registration, or should have been.
    InPerson { registration_id: Uuid },
}

/// Marks a good code used; of two who bring it at once the second finds none.
pub async fn take(
    on: &impl ConnectionTrait,
    now: Instant,
    secret: &Key,
    address: &EmailAddress,
    code: &str,
) -> Result<Option<Opened>, Problem> {
    use sign_in_code::{Column, Entity};
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let found = Entity::find()
        .filter(Column::Address.eq(address.canonical()))
        .filter(Column::Digest.eq(digest(secret, address.canonical(), &digits)))
        .filter(Column::UsedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .one(on)
        .await?;
    let Some(code) = found else { return Ok(None) };
    let used = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .filter(Column::Id.eq(code.id))
        .filter(Column::UsedAt.is_null())
        .exec(on)
        .await?;
    Ok((used.rows_affected > 0).then_some(match code.registration_id {
        Some(registration_id) => Opened::InPerson { registration_id },
        None => Opened::ByMail,
    }))
}

/// How many codes handed out in a workshop wait to be used.
pub async fn waiting_in_person(on: &impl ConnectionTrait, now: Instant, workshop_id: Uuid) -> Result<u64, DbErr> {
    let here = registration::Entity::find()
        .select_only()
        .column(registration::Column::Id)
        .filter(registration::Column::WorkshopId.eq(workshop_id));
    sign_in_code::Entity::find()
        .filter(sign_in_code::Column::RegistrationId.in_subquery(here.into_query()))
        .filter(sign_in_code::Column::UsedAt.is_null())
        .filter(sign_in_code::Column::ExpiresAt.gt(now))
        .count(on)
        .await
}

/// Makes void the codes that were handed out for an address and not used.
pub async fn void_in_person(on: &impl ConnectionTrait, address: &str) -> Result<(), DbErr> {
    sign_in_code::Entity::delete_many()
        .filter(sign_in_code::Column::Address.eq(address))
        .filter(sign_in_code::Column::RegistrationId.is_not_null())
        .filter(sign_in_code::Column::UsedAt.is_null())
        .exec(on)
        .await?;
    Ok(())
}

/// Removes codes that expired a day ago.
pub async fn sweep(on: &impl ConnectionTrait, now: Instant, mode: Mode) -> Result<u64, DbErr> {
    let spent = sign_in_code::Column::ExpiresAt.lte(now.plus(-DAY));
    remove::<sign_in_code::Entity>(on, Condition::all().add(spent), mode).await
}

/// Removes the codes of an address and the count of its tries.
pub async fn forget(on: &impl ConnectionTrait, address: &str) -> Result<(), Problem> {
    tries::forget(on, address).await?;
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
        /// Of a code that is handed over: whom it lets in.
        pub registration_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
