//! Logos: the images of candidates, normalised when they are uploaded and immutable since.

mod normalise;

use std::sync::LazyLock;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa::IntoParams;

pub use self::normalise::LogoFault;
use self::normalise::{Logo, MAX_BYTES};
use super::candidates::find_locked;
use super::entity::logo;
use super::representation::Candidate;
use crate::app::App;
use crate::http::{self, Answer, Caller, Code, Fault, IfMatch, Problem, Query, Reply};
use crate::journal::{self, Act};
use crate::secrets::hex;

/// Decoding takes memory: so many images at once, the others wait.
static DRAWING: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));

/// Upload the logo of a candidate
///
/// The raw image: PNG, JPEG, WebP or SVG, up to 2 MiB. It is normalised to a PNG on a square of
/// 1024 px with a thumbnail of 256 px, so that all candidates are presented alike; an SVG is drawn
/// once and never served as such. In draft only.
#[utoipa::path(
    put, path = "/v1/candidates/{candidate_id}/logo",
    request_body(description = "The image itself", content(
        (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/svg+xml"), (Vec<u8> = "application/octet-stream")
    )),
    responses((status = 200, body = Candidate))
)]
pub async fn put(
    mut caller: Caller,
    id: Path<Uuid>,
    if_match: IfMatch,
    request: HttpRequest,
    payload: Payload,
) -> Answer<Candidate> {
    let bytes = http::read(&request, payload.into_inner(), MAX_BYTES).await?;
    let image = draw(bytes.to_vec()).await?.map_err(|fault| {
        let fault = Fault::new("", fault.code());
        Problem::from(Code::InvalidImage).faults(vec![fault])
    })?;
    let transaction = caller.begin().await?;
    let (ballot, candidate) = find_locked(&transaction, *id).await?;
    if_match.check(Candidate::of(&caller, candidate.clone()))?;
    ballot.must_be_draft()?;
    let row = logo::ActiveModel {
        digest: Set(image.digest.to_vec()),
        png: Set(image.png),
        thumbnail: Set(image.thumbnail),
        created_at: Set(caller.now()),
    };
    let on_conflict = OnConflict::column(logo::Column::Digest).do_nothing().to_owned();
    logo::Entity::insert(row)
        .on_conflict(on_conflict)
        .exec_without_returning(&transaction)
        .await?;
    let before = candidate.logo_digest.as_deref().map(hex);
    let mut changed: super::entity::candidate::ActiveModel = candidate.into();
    changed.logo_digest = Set(Some(image.digest.to_vec()));
    let candidate = changed.update(&transaction).await?;
    let (before, after) = (json!({ "logo": before }), json!({ "logo": hex(&image.digest) }));
    journal::write(
        &transaction,
        &caller,
        Act::new("upload_logo", "candidate", *id).before(&before).after(&after),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::ok(Candidate::of(&caller, candidate)))
}

async fn draw(bytes: Vec<u8>) -> Result<Result<Logo, LogoFault>, Problem> {
    let _turn = DRAWING.acquire().await.map_err(|_| Code::Internal)?;
    tokio::task::spawn_blocking(move || normalise::normalise(&bytes))
        .await
        .map_err(|_| Code::Internal.into())
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Size {
    /// `256` for the thumbnail; otherwise 1024 px
    #[param(value_type = Option<u32>, example = 256)]
    size: Option<Side>,
}

#[derive(Deserialize)]
enum Side {
    #[serde(rename = "256")]
    Thumbnail,
    #[serde(rename = "1024")]
    Full,
}

/// Fetch a logo
///
/// By the SHA-256 of its normalised PNG, without a token; it never changes.
#[utoipa::path(
    get, path = "/v1/logos/{digest}.png", params(Size),
    responses((status = 200, description = "The image", body = Vec<u8>, content_type = "image/png"))
)]
pub async fn image(app: Data<App>, digest: Path<String>, size: Query<Size>) -> Result<HttpResponse, Problem> {
    let bytes = unhex(&digest).ok_or(Code::NotFound)?;
    let logo = logo::Entity::find_by_id(bytes)
        .one(app.store.reader())
        .await?
        .ok_or(Code::NotFound)?;
    let image = if matches!(size.0.size, Some(Side::Thumbnail)) {
        logo.thumbnail
    } else {
        logo.png
    };
    Ok(HttpResponse::Ok()
        .content_type("image/png")
        .insert_header(("cache-control", "public, max-age=31536000, immutable"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        // A PNG is compressed already.
        .insert_header(("content-encoding", "identity"))
        .body(image))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 64 || !lower {
        return None;
    }
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
