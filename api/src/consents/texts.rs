//! The text that is consented to, in numbered versions, each in one language or two.

use actix_web::web::{Data, Path};
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::http::{
    Answer, Caller, Code, Cursor, Etag, Fault, Json, Language, Limit, Page, Problem, Query, Reply, resource, rules,
};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::secrets::{hex, sha256};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent_text")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub language: Language,
    pub text: String,
    pub digest: Vec<u8>,
    pub created_at: Instant,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// One version of the text on personal data that people consent to.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "number": 1,
    "fr": {"text": "test", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}, "en": null,
    "created_at": "2020-08-01T09:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct ConsentText {
    /// 1, 2, …; the highest is current
    number: i32,
    /// Null where this version has no French text
    fr: Option<Wording>,
    /// Null where this version has no English text
    en: Option<Wording>,
    created_at: Instant,
    etag: Etag,
}

resource!(ConsentText);

/// A text in one language.
#[derive(Serialize, ToSchema)]
pub struct Wording {
    text: String,
    /// SHA-256 of the text's UTF-8 bytes exactly as it was given, in hexadecimal
    sha256: String,
}

/// The text of the next version, in at least one language.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"fr": "Nous gardons votre nom et votre adresse pour…", "en": "We keep your name and address to…"}))]
pub struct ConsentTextInput {
    /// Kept exactly as given
    #[serde(default)]
    #[garde(
        length(chars, min = 1, max = 50_000),
        inner(custom(rules::text)),
        inner(custom(not_blank))
    )]
    fr: Option<String>,
    /// Kept exactly as given
    #[serde(default)]
    #[garde(
        length(chars, min = 1, max = 50_000),
        inner(custom(rules::text)),
        inner(custom(not_blank))
    )]
    en: Option<String>,
}

fn not_blank(text: &str, (): &()) -> garde::Result {
    match !text.is_empty() && text.trim().is_empty() {
        true => Err(garde::Error::new("blank")),
        false => Ok(()),
    }
}

impl ConsentText {
    /// From the rows of one version.
    fn of(rows: Vec<Model>) -> Option<Self> {
        let (number, created_at) = rows.first().map(|row| (row.number, row.created_at))?;
        let (mut fr, mut en) = (None, None);
        for row in rows {
            let wording = Some(Wording {
                sha256: hex(&row.digest),
                text: row.text,
            });
            match row.language {
                Language::Fr => fr = wording,
                Language::En => en = wording,
            }
        }
        Some(Self {
            number,
            fr,
            en,
            created_at,
            etag: Etag::default(),
        })
    }
}

/// The number of the version that is consented to now; none while there is no text.
pub async fn current_number(on: &impl ConnectionTrait) -> Result<Option<i32>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Number)
        .order_by_desc(Column::Number)
        .limit(1)
        .into_tuple()
        .one(on)
        .await
}

async fn version(on: &impl ConnectionTrait, number: i32) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Number.eq(number)).all(on).await
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

/// List the versions of the consent text
///
/// The latest first, which is the current one: `?limit=1` gives just that. Empty where the
/// administrators have given no text.
#[utoipa::path(get, path = "/v1/consent-texts", params(Filter), responses((status = 200, body = Page<ConsentText>)))]
pub async fn list_consent_texts(app: Data<App>, filter: Query<Filter>) -> Answer<Page<ConsentText>> {
    let Query(filter) = filter;
    let snapshot = app.store.snapshot().await?;
    let mut select = Entity::find().select_only().column(Column::Number).distinct();
    if let Some(Cursor(before)) = filter.cursor {
        select = select.filter(Column::Number.lt(before));
    }
    let numbers: Vec<i32> = select
        .order_by_desc(Column::Number)
        .limit(filter.limit.probe())
        .into_tuple()
        .all(&snapshot)
        .await?;
    let page = Page::of(numbers, filter.limit, |number| *number, |number| number);
    let mut rows = Entity::find()
        .filter(Column::Number.is_in(page.items.iter().copied()))
        .all(&snapshot)
        .await?;
    let items = page.items.iter().filter_map(|number| {
        let (of_version, others) = rows.drain(..).partition(|row| row.number == *number);
        rows = others;
        ConsentText::of(of_version)
    });
    Ok(Reply::page(Page {
        items: items.collect(),
        next_cursor: page.next_cursor,
    }))
}

/// Give the consent text, or its next version
///
/// By an administrator. Versions are numbered from 1 and never change; whoever consented to an
/// earlier one has consented to that one. The same texts as the current version again answer 200 with
/// that version.
#[utoipa::path(post, path = "/v1/consent-texts", request_body = ConsentTextInput,
    responses((status = 201, body = ConsentText), (status = 200, description = "It is the current version already", body = ConsentText)))]
pub async fn create_consent_text(mut caller: Caller, body: Json<ConsentTextInput>) -> Answer<ConsentText> {
    let Json(input) = body;
    let texts: Vec<(Language, String)> = [(Language::Fr, input.fr), (Language::En, input.en)]
        .into_iter()
        .filter_map(|(language, text)| Some((language, text?)))
        .collect();
    if texts.is_empty() {
        return Err(Fault::new("/fr", "required").into());
    }
    let transaction = caller.begin().await?;
    // Two versions given at once get two numbers.
    crate::store::hold_table(&transaction, "consent_text").await?;
    let current = current_number(&transaction).await?;
    let location = |number| format!("/v1/consent-texts/{number}");
    if let Some(number) = current {
        let rows = version(&transaction, number).await?;
        let same = |row: &Model| {
            texts
                .iter()
                .any(|(language, text)| (*language, text) == (row.language, &row.text))
        };
        if rows.len() == texts.len() && rows.iter().all(same) {
            let text = ConsentText::of(rows).ok_or(Code::Internal)?;
            return Ok(Reply::stands(false, location(number), text));
        }
    }
    let number = current.unwrap_or_default().saturating_add(1);
    let rows: Vec<Model> = texts
        .into_iter()
        .map(|(language, text)| Model {
            number,
            language,
            digest: sha256(&[text.as_bytes()]).to_vec(),
            text,
            created_at: caller.now(),
        })
        .collect();
    let digests = rows.iter().map(|row| (row.language.as_str(), hex(&row.digest)));
    let after = serde_json::json!({"number": number, "sha256": digests.collect::<std::collections::BTreeMap<_, _>>()});
    let act = Act::new("create", "consent_text", Uuid::nil()).after(&after);
    journal::write(&transaction, &caller, act).await?;
    let models = rows.iter().cloned().map(|row| ActiveModel {
        number: Set(row.number),
        language: Set(row.language),
        text: Set(row.text),
        digest: Set(row.digest),
        created_at: Set(row.created_at),
    });
    Entity::insert_many(models).exec_without_returning(&transaction).await?;
    transaction.commit().await?;
    Ok(Reply::created(
        location(number),
        ConsentText::of(rows).ok_or(Code::Internal)?,
    ))
}

/// Read one version of the consent text
///
/// The text exactly as it was given, with its SHA-256; a version never changes.
#[utoipa::path(get, path = "/v1/consent-texts/{number}", responses((status = 200, body = ConsentText)))]
pub async fn read_consent_text(app: Data<App>, number: Path<i32>) -> Answer<ConsentText> {
    let text = ConsentText::of(version(app.store.reader(), *number).await?);
    let text: Result<_, Problem> = text.ok_or_else(|| Code::NotFound.into());
    Ok(Reply::ok(text?))
}
