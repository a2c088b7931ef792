//! From a code or a refresh token to an access token, and back out.

use actix_web::HttpResponse;
use actix_web::web::Data;
use garde::Validate;
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::address::EmailAddress;
use super::codes::Opened;
use super::refresh::SignIn;
use super::{codes, in_person, person, refresh, tries};
use crate::app::App;
use crate::http::{Answer, Code, Fault, Json, Language, Network, NoContent, Problem, Reply};
use crate::instant::SECOND;

/// Seconds an access token lives.
const ACCESS_TOKEN_LIFE: i64 = 15 * 60;

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"grant_type": "email_code", "email": "mariama@example.org", "code": "12345678"}))]
pub struct TokenRequest {
    /// `email_code` (with `email` and `code`) or `refresh_token` (with `refresh_token`)
    #[garde(skip)]
    grant_type: String,
    #[garde(skip)]
    email: Option<String>,
    /// The eight digits; spaces do not matter
    #[garde(inner(length(max = 64)))]
    code: Option<String>,
    #[garde(inner(length(max = 256)))]
    refresh_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIs…", "token_type": "Bearer", "expires_in": 900,
    "refresh_token": "0Hn3bN0Uq2mT5y0qT8oXl1Y2a9m4Vb7c6d5e4f3g2h1", "workshop_id": null
}))]
pub struct Tokens {
    /// JWT for the `Authorization: Bearer` header
    access_token: String,
    /// Always `Bearer`
    token_type: &'static str,
    /// Seconds the access token lives
    expires_in: i64,
    /// Good for one use within 30 days; its answer carries the next one
    refresh_token: String,
    /// With an in-person code: the only workshop that this opens, for a day and without its ballots;
    /// null with a code from the mail
    workshop_id: Option<Uuid>,
}

/// Get an access token
///
/// With the code from the mail or one handed over by an organiser, or with a refresh token. A refresh token rotates: it answers with
/// its successor, the same one again for 60 seconds if the answer was lost, and later reuse signs
/// out everyone who holds one of the family.
#[utoipa::path(post, path = "/v1/auth/tokens", request_body = TokenRequest, responses((status = 200, body = Tokens)))]
pub async fn issue_tokens(app: Data<App>, request: actix_web::HttpRequest, body: Json<TokenRequest>) -> Answer<Tokens> {
    let Json(TokenRequest {
        grant_type,
        email,
        code,
        refresh_token,
    }) = body;
    let required =
        |pointer: &str, value: Option<String>| value.ok_or_else(|| Problem::from(Fault::new(pointer, "required")));
    let network = Network::of(&request, &app.settings.trusted_proxies);
    let language = Language::of(request.headers());
    match grant_type.as_str() {
        "email_code" => {
            refuse("/refresh_token", &refresh_token)?;
            let address = codes::parse("/email", &required("/email", email)?)?;
            let code = required("/code", code)?;
            app.floods.wrong.check(network, app.ambient.now())?;
            let transaction = app.store.write().await?;
            let redeemed = tries::redeem(&transaction, &app.ambient, &app.settings.secret, &address, &code).await?;
            let answer = match redeemed {
                Ok(opened) => come_in(&app, &transaction, &address, opened, language).await?,
                Err(problem) => Err(problem),
            };
            // A wrong try is counted even though the answer is a refusal.
            transaction.commit().await?;
            counted(&app, network, answer)
        }
        "refresh_token" => {
            refuse("/email", &email)?;
            refuse("/code", &code)?;
            let token = required("/refresh_token", refresh_token)?;
            app.floods.wrong.check(network, app.ambient.now())?;
            let transaction = app.store.write().await?;
            let refreshed = refresh::rotate(&transaction, &app.ambient, &app.settings.secret, &token).await?;
            let answer = match refreshed {
                Some(refreshed) => Ok(tokens(&app, &transaction, refreshed.sign_in, refreshed.successor).await?),
                None => Err(Code::InvalidRefreshToken.into()),
            };
            // A reuse that ends the sign-in lasts even though the answer is a refusal.
            transaction.commit().await?;
            counted(&app, network, answer)
        }
        _ => Err(Fault::new("/grant_type", "unknown_grant_type").into()),
    }
}

/// What is wrong is counted against the network it came from; what is right is not.
fn counted(app: &App, network: Network, answer: Answer<Tokens>) -> Answer<Tokens> {
    let guessed = [Code::InvalidCode, Code::InvalidRefreshToken, Code::TooManyTries];
    if let Err(problem) = &answer
        && guessed.contains(&problem.code)
    {
        app.floods.wrong.count(network, app.ambient.now());
    }
    answer
}

/// What the code opens, or why it opens nothing any more.
async fn come_in(
    app: &App,
    on: &impl ConnectionTrait,
    address: &EmailAddress,
    opened: Opened,
    language: Language,
) -> Result<Answer<Tokens>, Problem> {
    let sign_in = match opened {
        Opened::ByMail => {
            let person = person::find_or_create(on, &app.ambient, address, "", language).await?;
            in_person::end(on, &app.ambient, &person).await?;
            refresh::open(on, &app.ambient, person.id, refresh::REFRESH_LIFE, None).await?
        }
        Opened::InPerson { registration_id } => match in_person::come_in(on, &app.ambient, registration_id).await? {
            Some(sign_in) => sign_in,
            None => return Ok(Err(Code::InvalidCode.into())),
        },
    };
    let refresh_token = refresh::first(on, &app.ambient, sign_in.id).await?;
    Ok(Ok(tokens(app, on, sign_in, refresh_token).await?))
}

/// A field of the other grant is unknown to this one.
fn refuse(pointer: &str, value: &Option<String>) -> Result<(), Problem> {
    if value.is_some() {
        Err(Fault::new(pointer, "unknown_field").into())
    } else {
        Ok(())
    }
}

async fn tokens(app: &App, on: &impl ConnectionTrait, sign_in: SignIn, refresh_token: String) -> Answer<Tokens> {
    let access_token = app.tokens.issue(on, sign_in, ACCESS_TOKEN_LIFE).await?;
    Ok(Reply::plain(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_LIFE,
        refresh_token,
        workshop_id: sign_in.only_workshop,
    }))
}

/// Signs a person in on the operator's word: `palabre token` and the demo.
pub async fn start(app: &App, person_id: Uuid, seconds: i64) -> Result<String, Problem> {
    let transaction = app.store.write().await?;
    let sign_in = refresh::open(&transaction, &app.ambient, person_id, seconds * SECOND, None).await?;
    let token = app.tokens.issue(&transaction, sign_in, seconds).await?;
    transaction.commit().await?;
    Ok(token)
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "0Hn3bN0Uq2mT5y0qT8oXl1Y2a9m4Vb7c6d5e4f3g2h1"}))]
pub struct RevocationRequest {
    /// A refresh token or an access token
    #[garde(length(max = 4096))]
    token: String,
}

/// Sign out
///
/// Ends the sign-in that the token belongs to, at once and on every server. An unknown token gets
/// the same answer (RFC 7009).
#[utoipa::path(post, path = "/v1/auth/revocations", request_body = RevocationRequest, responses((status = 204, description = "Signed out")))]
pub async fn revoke_token(app: Data<App>, body: Json<RevocationRequest>) -> Result<NoContent, Problem> {
    let transaction = app.store.write().await?;
    let sign_in_id = match app.tokens.verify(&app.store, &body.0.token).await? {
        Some(word) => Some(word.bearer.sign_in_id),
        None => refresh::sign_in_of(&transaction, &body.0.token).await?,
    };
    if let Some(id) = sign_in_id {
        refresh::revoke(&transaction, &app.ambient, id).await?;
    }
    transaction.commit().await?;
    Ok(NoContent)
}

/// Keys of access tokens
///
/// The public keys that access tokens are signed with, as a JWK set (RFC 7517): the present one, and
/// those before it until their tokens have expired.
#[utoipa::path(get, path = "/.well-known/jwks.json", responses((status = 200, body = serde_json::Value, example = json!({
    "keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "pV5o1xq1cT9lW2sN", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]
}))))]
pub async fn token_keys(app: Data<App>) -> Result<HttpResponse, Problem> {
    let keys = app.tokens.jwks(&app.store).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "public, max-age=300"))
        .json(keys))
}
