//! The table of registrations.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::roster::fold_name;
use crate::http::{Caller, Code, Language, Problem};
use crate::identity::person;
use crate::instant::Instant;

#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    EnumIter,
    DeriveActiveEnum,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Role {
    Organiser,
    Facilitator,
    #[default]
    Participant,
    Auditor,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organiser => "organiser",
            Self::Facilitator => "facilitator",
            Self::Participant => "participant",
            Self::Auditor => "auditor",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[schema(as = RegistrationState)]
pub enum State {
    Requested,
    Invited,
    Confirmed,
    Declined,
}

/// The categories of the digital sector's actors.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    EnumIter,
    DeriveActiveEnum,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Category {
    PublicAdministration,
    Company,
    Startup,
    Education,
    Association,
    Incubator,
    Donor,
    Other,
}

impl Category {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PublicAdministration => "public_administration",
            Self::Company => "company",
            Self::Startup => "startup",
            Self::Education => "education",
            Self::Association => "association",
            Self::Incubator => "incubator",
            Self::Donor => "donor",
            Self::Other => "other",
        }
    }
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "registration")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workshop_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    pub folded_name: String,
    pub role: Role,
    pub state: State,
    pub organisation_id: Option<Uuid>,
    pub category: Option<Category>,
    pub delegate: bool,
    /// Invited by an organiser, or a request accepted; nobody confirms without.
    pub admitted: bool,
    pub created_at: Instant,
    /// When the time for which the workshop names people was over.
    pub forgotten_at: Option<Instant>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "crate::workshops::entity::Entity",
        from = "Column::WorkshopId",
        to = "crate::workshops::entity::Column::Id"
    )]
    Workshop,
    #[sea_orm(
        belongs_to = "crate::identity::person::Entity",
        from = "Column::PersonId",
        to = "crate::identity::person::Column::Id"
    )]
    Person,
    #[sea_orm(
        belongs_to = "crate::organisations::entity::Entity",
        from = "Column::OrganisationId",
        to = "crate::organisations::entity::Column::Id"
    )]
    Organisation,
}

impl Related<person::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Person.def()
    }
}

impl Related<crate::organisations::entity::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Organisation.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// A participant who is invited or has confirmed.
    pub fn takes_part(&self) -> bool {
        self.role == Role::Participant && matches!(self.state, State::Invited | State::Confirmed)
    }
}

pub async fn find(on: &impl ConnectionTrait, id: Uuid) -> Result<Model, Problem> {
    Entity::find_by_id(id)
        .one(on)
        .await?
        .ok_or_else(|| Code::NotFound.into())
}

/// Whoever creates a workshop organises it.
pub async fn add_first_organiser(on: &impl ConnectionTrait, caller: &Caller, workshop_id: Uuid) -> Result<(), Problem> {
    let person = person::keep(on, caller).await?;
    let name = person.known_as();
    let row = ActiveModel {
        id: Set(caller.app.ambient.id()),
        workshop_id: Set(workshop_id),
        person_id: Set(person.id),
        folded_name: Set(fold_name(&name)),
        name: Set(name),
        role: Set(Role::Organiser),
        state: Set(State::Confirmed),
        organisation_id: Set(None),
        category: Set(None),
        delegate: Set(false),
        admitted: Set(true),
        created_at: Set(caller.now()),
        forgotten_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}

/// Where and in what language someone is written to.
#[derive(FromQueryResult)]
pub struct Addressee {
    /// The address as typed.
    pub recipient: String,
    pub address: String,
    pub language: Language,
}

/// Everyone who organises the workshop, invited or confirmed. Whoever writes to them holds the
/// workshop, so that nobody erases themself meanwhile.
pub async fn organisers(on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<Vec<Addressee>, DbErr> {
    Entity::find()
        .select_only()
        .column_as(person::Column::AddressTyped, "recipient")
        .columns([person::Column::Address, person::Column::Language])
        .inner_join(person::Entity)
        .filter(Column::WorkshopId.eq(workshop_id))
        .filter(Column::Role.eq(Role::Organiser))
        .filter(Column::State.is_in([State::Invited, State::Confirmed]))
        .order_by_asc(Column::Id)
        .into_model()
        .all(on)
        .await
}
