//! Charters: numbered versions of a coalition's text, none of which ever changes.

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::entities::charter;
use super::founding;
use crate::http::{Answer, Caller, Code, Cursor, Etag, Json, Limit, Page, Problem, Query, Reply, resource, rules};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::secrets::{hex, sha256};

/// One version of a coalition's charter.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "coalition_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "number": 1, "text": "test",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_at": "2020-08-28T10:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Charter {
    coalition_id: Uuid,
    /// 1, 2, …; the highest is current
    number: i32,
    text: String,
    /// SHA-256 of the text's UTF-8 bytes exactly as it was given, in hexadecimal
    sha256: String,
    created_at: Instant,
    etag: Etag,
}

resource!(Charter);

impl From<charter::Model> for Charter {
    fn from(row: charter::Model) -> Self {
        Self {
            coalition_id: row.coalition_id,
            number: row.number,
            text: row.text,
            sha256: hex(&row.digest),
            created_at: row.created_at,
            etag: Etag::default(),
        }
    }
}

/// The text of a charter's next version.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Charte de la coalition guinéenne du numérique\n\n1. …"}))]
pub struct CharterInput {
    /// Kept exactly as given: no trimming, no other line breaks, no Unicode normalisation
    #[garde(length(chars, min = 1, max = 100_000), custom(rules::text), custom(not_blank))]
    text: String,
}

fn not_blank(text: &str, (): &()) -> garde::Result {
    if !text.is_empty() && text.trim().is_empty() {
        Err(garde::Error::new("blank"))
    } else {
        Ok(())
    }
}

/// The version that is adhered to now.
pub async fn current(on: &impl ConnectionTrait, coalition_id: Uuid) -> Result<Option<charter::Model>, Problem> {
    let row = charter::Entity::find()
        .filter(charter::Column::CoalitionId.eq(coalition_id))
        .order_by_desc(charter::Column::Number)
        .one(on)
        .await?;
    Ok(row)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Items on one page: 1–200, default 50
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<i32>>,
}

/// List the versions of a charter
///
/// From the first; the last one is current.
#[utoipa::path(get, path = "/v1/coalitions/{coalition_id}/charters", params(Filter), responses((status = 200, body = Page<Charter>)))]
pub async fn list_charters(caller: Caller, id: Path<Uuid>, filter: Query<Filter>) -> Answer<Page<Charter>> {
    let Query(filter) = filter;
    let select = charter::Entity::find().filter(charter::Column::CoalitionId.eq(*id));
    let page = filter.limit.after(filter.cursor, select, charter::Column::Number);
    let rows = page.all(caller.app.store.reader()).await?;
    Ok(Reply::page(Page::of(
        rows,
        filter.limit,
        |row| row.number,
        Charter::from,
    )))
}

/// Give a charter, or its next version
///
/// Versions are numbered from 1 and never change; pledges to an earlier one stay what they are.
/// The same text as the current version again answers 200 with that version.
#[utoipa::path(post, path = "/v1/coalitions/{coalition_id}/charters", request_body = CharterInput,
    responses((status = 201, body = Charter), (status = 200, description = "It is the current version already", body = Charter)))]
pub async fn create_charter(mut caller: Caller, id: Path<Uuid>, body: Json<CharterInput>) -> Answer<Charter> {
    let Json(CharterInput { text }) = body;
    let transaction = caller.begin_lasting().await?;
    // Two versions given at once get two numbers.
    founding::locked(&transaction, *id).await?;
    let current = current(&transaction, *id).await?;
    let digest = sha256(&[text.as_bytes()]);
    let location = |number| format!("/v1/coalitions/{id}/charters/{number}");
    let number = match current {
        Some(row) if row.digest == digest => return Ok(Reply::stands(false, location(row.number), row.into())),
        Some(row) => row.number.saturating_add(1),
        None => 1,
    };
    let row = charter::ActiveModel {
        coalition_id: Set(*id),
        number: Set(number),
        text: Set(text),
        digest: Set(digest.to_vec()),
        created_at: Set(caller.now()),
    };
    let charter = Charter::from(row.insert(&transaction).await?);
    let after = serde_json::json!({"number": number, "sha256": charter.sha256});
    journal::write(
        &transaction,
        &caller,
        Act::new("charter", "coalition", *id).after(&after),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::created(location(number), charter))
}

/// Read one version of a charter
///
/// The text exactly as it was given, with its SHA-256; a version never changes.
#[utoipa::path(get, path = "/v1/coalitions/{coalition_id}/charters/{number}", responses((status = 200, body = Charter)))]
pub async fn read_charter(caller: Caller, path: Path<(Uuid, i32)>) -> Answer<Charter> {
    let row = charter::Entity::find_by_id(path.into_inner())
        .one(caller.app.store.reader())
        .await?;
    Ok(Reply::ok(row.ok_or(Code::NotFound)?.into()))
}
