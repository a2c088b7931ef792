//! The table of attendance.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{QuerySelect, UpdateMany};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{Code, Problem};
use crate::instant::Instant;

/// Where an interval comes from.
// Not `DeriveActiveEnum`: it makes a name in Rust of each value, and `self` cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, DeriveValueType)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String", from_str = "Source::parse", to_str = "Source::as_str")]
#[schema(as = AttendanceSource)]
pub enum Source {
    /// The person checked in
    #[serde(rename = "self")]
    Own,
    /// The person checked in with the code shown in the room
    Code,
    /// A facilitator or organiser recorded or corrected it
    Facilitator,
    /// The video conference reported it
    Video,
}

impl Source {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Code => "code",
            Self::Facilitator => "facilitator",
            Self::Video => "video",
        }
    }

    fn parse(text: &str) -> Result<Self, DbErr> {
        [Self::Own, Self::Code, Self::Facilitator, Self::Video]
            .into_iter()
            .find(|source| source.as_str() == text)
            .ok_or_else(|| DbErr::Type(text.to_owned()))
    }
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "attendance")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workshop_id: Uuid,
    pub session_id: Uuid,
    pub registration_id: Uuid,
    /// Whole seconds, as `left_at`; null while the person is present.
    pub joined_at: Instant,
    pub left_at: Option<Instant>,
    pub source: Source,
    pub created_at: Instant,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub async fn find(on: &impl ConnectionTrait, id: Uuid) -> Result<Model, Problem> {
    Entity::find_by_id(id)
        .one(on)
        .await?
        .ok_or_else(|| Code::NotFound.into())
}

/// Whoever is still checked in to the session leaves at that moment. The caller holds the session.
pub async fn close_open(on: &impl ConnectionTrait, session_id: Uuid, at: Instant) -> Result<(), Problem> {
    let at = at.floor_second();
    // Servers' clocks differ a little: nobody leaves before they came.
    let left_at = Expr::case(Column::JoinedAt.gt(at), Expr::col(Column::JoinedAt)).finally(Expr::val(at));
    let close: UpdateMany<Entity> = Entity::update_many().col_expr(Column::LeftAt, left_at.into());
    close
        .filter(Column::SessionId.eq(session_id))
        .filter(Column::LeftAt.is_null())
        .exec(on)
        .await?;
    Ok(())
}

/// Whether anything is recorded for the session.
pub async fn any(on: &impl ConnectionTrait, session_id: Uuid) -> Result<bool, Problem> {
    let one: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::SessionId.eq(session_id))
        .limit(1)
        .into_tuple()
        .one(on)
        .await?;
    Ok(one.is_some())
}
