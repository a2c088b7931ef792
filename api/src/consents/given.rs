//! Who has consented to which version, in which language it was shown, from when to when.

use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, JoinType, QueryOrder, QuerySelect, Select};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::texts;
use crate::http::{Caller, Fault, Language, Problem};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::secrets::hex;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub person_id: Uuid,
    pub number: i32,
    pub language: Language,
    pub given_at: Instant,
    pub withdrawn_at: Option<Instant>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "texts::Entity",
        from = "(Column::Number, Column::Language)",
        to = "(texts::Column::Number, texts::Column::Language)"
    )]
    Text,
}

impl ActiveModelBehavior for ActiveModel {}

/// What I have consented to.
#[derive(Clone, Serialize, ToSchema)]
pub struct Consent {
    #[serde(flatten)]
    pub input: ConsentInput,
    given_at: Instant,
}

/// The version that was shown, as it was shown.
#[derive(Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "number": 1, "language": "fr", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
}))]
pub struct ConsentInput {
    /// The current version of the text
    #[garde(skip)]
    pub number: i32,
    /// The language in which it was shown
    #[garde(skip)]
    pub language: Language,
    /// SHA-256 of the text that was shown, in hexadecimal; refused unless it is that version's
    #[garde(length(chars, min = 64, max = 64))]
    pub sha256: String,
}

/// One of my consents.
#[derive(Serialize, ToSchema)]
pub struct ExportedConsent {
    number: i32,
    language: Language,
    /// Of the text that was shown
    sha256: String,
    given_at: Instant,
    /// Null: it stands
    withdrawn_at: Option<Instant>,
}

#[derive(FromQueryResult)]
struct Row {
    number: i32,
    language: Language,
    digest: Vec<u8>,
    given_at: Instant,
    withdrawn_at: Option<Instant>,
}

fn of(person_id: Uuid) -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns([Column::Number, Column::Language, Column::GivenAt, Column::WithdrawnAt])
        .column(texts::Column::Digest)
        .join(JoinType::InnerJoin, Relation::Text.def())
        .filter(Column::PersonId.eq(person_id))
        .order_by_asc(Column::Id)
}

/// The consent of a person that stands.
pub async fn standing(on: &impl ConnectionTrait, person_id: Uuid) -> Result<Option<Consent>, Problem> {
    let row = of(person_id)
        .filter(Column::WithdrawnAt.is_null())
        .into_model::<Row>()
        .one(on)
        .await?;
    Ok(row.map(|row| Consent {
        input: ConsentInput {
            number: row.number,
            language: row.language,
            sha256: hex(&row.digest),
        },
        given_at: row.given_at,
    }))
}

/// The version that a person has yet to consent to; none when theirs is current, or there is no text.
pub async fn wanted(on: &impl ConnectionTrait, person_id: Uuid) -> Result<Option<i32>, Problem> {
    let current = texts::current_number(on).await?;
    let present: Option<i32> = Entity::find()
        .select_only()
        .column(Column::Number)
        .filter(Column::PersonId.eq(person_id))
        .filter(Column::WithdrawnAt.is_null())
        .into_tuple()
        .one(on)
        .await?;
    Ok(current.filter(|current| present != Some(*current)))
}

/// Brings what stands to what is wished: nothing, or a consent to the current text. The caller's
/// person is held.
pub async fn change(
    on: &impl ConnectionTrait,
    caller: &Caller,
    present: Option<&Consent>,
    wished: Option<&ConsentInput>,
) -> Result<(), Problem> {
    if present.map(|consent| &consent.input) == wished {
        return Ok(());
    }
    if let Some(wished) = wished {
        check(on, wished).await?;
    }
    let person_id = caller.person_id()?;
    // One that replaces another ends it.
    Entity::update_many()
        .col_expr(Column::WithdrawnAt, Expr::value(caller.now()))
        .filter(Column::PersonId.eq(person_id))
        .filter(Column::WithdrawnAt.is_null())
        .exec(on)
        .await?;
    if let Some(wished) = wished {
        let row = ActiveModel {
            id: Set(caller.app.ambient.id()),
            person_id: Set(person_id),
            number: Set(wished.number),
            language: Set(wished.language),
            given_at: Set(caller.now()),
            withdrawn_at: Set(None),
        };
        Entity::insert(row).exec_without_returning(on).await?;
    }
    let name = if wished.is_some() {
        "consent"
    } else {
        "withdraw_consent"
    };
    let mut act = Act::new(name, "person", person_id);
    let before = present.map(|consent| &consent.input);
    if let Some(before) = &before {
        act = act.before(before);
    }
    if let Some(after) = &wished {
        act = act.after(after);
    }
    journal::write(on, caller, act).await
}

/// It is the current text, and what was shown is what it says.
async fn check(on: &impl ConnectionTrait, wished: &ConsentInput) -> Result<(), Problem> {
    let current = texts::current_number(on).await?;
    let text = texts::Entity::find_by_id((wished.number, wished.language))
        .one(on)
        .await?;
    let (Some(current), Some(text)) = (current, text) else {
        return Err(Fault::new("/consent/number", "unknown_consent_text").into());
    };
    if wished.number < current {
        return Err(Fault::new("/consent/number", "superseded_consent_text")
            .with("current", current)
            .into());
    }
    if hex(&text.digest) != wished.sha256 {
        return Err(Fault::new("/consent/sha256", "another_text").into());
    }
    Ok(())
}

/// The consents of a person, oldest first.
pub async fn of_person(on: &impl ConnectionTrait, person_id: Uuid) -> Result<Vec<ExportedConsent>, Problem> {
    let rows = of(person_id).into_model::<Row>().all(on).await?;
    let exported = rows.into_iter().map(|row| ExportedConsent {
        number: row.number,
        language: row.language,
        sha256: hex(&row.digest),
        given_at: row.given_at,
        withdrawn_at: row.withdrawn_at,
    });
    Ok(exported.collect())
}

/// Of a person who is erased in this transaction. That they had consented stays in the journal, under
/// an id that leads to nobody.
pub async fn forget(on: &impl ConnectionTrait, person_id: Uuid) -> Result<(), Problem> {
    Entity::delete_many()
        .filter(Column::PersonId.eq(person_id))
        .exec(on)
        .await?;
    Ok(())
}
