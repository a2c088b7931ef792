//! From a code or a refresh token to an access token, and back out.

use actix_web::HttpResponse;
use actix_web::web::Data;
use garde::Validate;
use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{codes, person, refresh};
use crate::app::App;
use crate::http::{Answer, Code, Fault, Json, Language, NoContent, Problem, Reply};
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
    /// The eight digits from the mail; spaces do not matter
    #[garde(inner(length(max = 64)))]
    code: Option<String>,
    #[garde(inner(length(max = 256)))]
    refresh_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIs…", "token_type": "Bearer", "expires_in": 900,
    "refresh_token": "0Hn3bN0Uq2mT5y0qT8oXl1Y2a9m4Vb7c6d5e4f3g2h1"
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
}

/// Get an access token
///
/// With the code from the mail, or with a refresh token. A refresh token rotates: it answers with
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
    match grant_type.as_str() {
        "email_code" => {
            refuse("/refresh_token", &refresh_token)?;
            let address = codes::parse("/email", &required("/email", email)?)?;
            let code = required("/code", code)?;
            let transaction = app.store.write().await?;
            let redeemed = codes::redeem(&transaction, &app.ambient, &app.settings.secret, &address, &code).await?;
            let answer = match redeemed {
                Ok(()) => {
                    let language = Language::of(request.headers());
                    let person = person::find_or_create(&transaction, &app.ambient, &address, "", language).await?;
                    let sign_in_id =
                        refresh::open(&transaction, &app.ambient, person.id, refresh::REFRESH_LIFE).await?;
                    let refresh_token = refresh::first(&transaction, &app.ambient, sign_in_id).await?;
                    tokens(&app, person.id, sign_in_id, refresh_token)
                }
                Err(problem) => Err(problem),
            };
            // A wrong try is counted even though the answer is a refusal.
            transaction.commit().await?;
            answer
        }
        "refresh_token" => {
            refuse("/email", &email)?;
            refuse("/code", &code)?;
            let token = required("/refresh_token", refresh_token)?;
            let transaction = app.store.write().await?;
            let refreshed = refresh::rotate(&transaction, &app.ambient, &app.settings.secret, &token).await?;
            transaction.commit().await?;
            let refreshed = refreshed.ok_or(Code::InvalidRefreshToken)?;
            tokens(&app, refreshed.person_id, refreshed.sign_in_id, refreshed.successor)
        }
        _ => Err(Fault::new("/grant_type", "unknown_grant_type").into()),
    }
}

/// A field of the other grant is unknown to this one.
fn refuse(pointer: &str, value: &Option<String>) -> Result<(), Problem> {
    if value.is_some() {
        Err(Fault::new(pointer, "unknown_field").into())
    } else {
        Ok(())
    }
}

fn tokens(app: &App, person_id: Uuid, sign_in_id: Uuid, refresh_token: String) -> Answer<Tokens> {
    let access_token = app
        .tokens
        .issue(&app.ambient, person_id, sign_in_id, ACCESS_TOKEN_LIFE)?;
    Ok(Reply::plain(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_LIFE,
        refresh_token,
    }))
}

/// Signs a person in on the operator's word: `palabre token` and the demo.
pub async fn start(app: &App, person_id: Uuid, seconds: i64) -> Result<String, Problem> {
    let transaction = app.store.write().await?;
    let sign_in_id = refresh::open(&transaction, &app.ambient, person_id, seconds * SECOND).await?;
    transaction.commit().await?;
    app.tokens.issue(&app.ambient, person_id, sign_in_id, seconds)
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
    let sign_in_id = match app.tokens.verify(&body.0.token, app.ambient.now()) {
        Some(bearer) => Some(bearer.sign_in_id),
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
/// The public keys that access tokens are signed with, as a JWK set (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", responses((status = 200, body = serde_json::Value, example = json!({
    "keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "pV5o1xq1cT9lW2sN", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]
}))))]
pub async fn token_keys(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "public, max-age=300"))
        .json(app.tokens.jwks())
}
