//! The journal: who did what, when, on which, as organiser, facilitator, auditor or operator.
//!
//! A line is written in the transaction of the act itself, so that there is no act without its
//! line. It is append-only in the database, has no foreign key to people, and holds no secret and
//! nothing of anyone's vote. Nor does it hold a name or an address: whoever erases themself must leave
//! it as it is.

mod read;

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue::Set, FromQueryResult, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ambient::Ambient;
use crate::http::{Access, Caller, Problem, Room, SUPERVISION, route};
use crate::instant::Instant;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: Instant,
    pub workshop_id: Option<Uuid>,
    pub actor_id: Option<Uuid>,
    pub actor_role: String,
    pub act: String,
    pub subject: String,
    pub subject_id: Uuid,
    pub before: Option<Json>,
    pub after: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// One act, before it is written.
pub struct Act<'a> {
    pub act: &'static str,
    pub subject: &'static str,
    pub subject_id: Uuid,
    pub before: Option<&'a (dyn erased::Json + Sync)>,
    pub after: Option<&'a (dyn erased::Json + Sync)>,
}

mod erased {
    /// Anything that serialises, so that callers hand over what they have.
    pub trait Json {
        fn value(&self) -> serde_json::Value;
    }

    impl<T: serde::Serialize> Json for T {
        fn value(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap_or_default()
        }
    }
}

impl Act<'_> {
    pub fn new(act: &'static str, subject: &'static str, subject_id: Uuid) -> Self {
        Self {
            act,
            subject,
            subject_id,
            before: None,
            after: None,
        }
    }
}

impl<'a> Act<'a> {
    pub fn before(mut self, value: &'a (impl Serialize + Sync)) -> Self {
        self.before = Some(value);
        self
    }

    pub fn after(mut self, value: &'a (impl Serialize + Sync)) -> Self {
        self.after = Some(value);
        self
    }
}

/// The role of a participant who came in with an in-person code.
const IN_PERSON: &str = "participant_in_person";

/// Writes the line of an act by the caller.
pub async fn write(on: &impl ConnectionTrait, caller: &Caller, act: Act<'_>) -> Result<(), Problem> {
    let role = match caller.role() {
        // So that whoever reads it knows by whose word the person was let in.
        Some(_) if caller.only_workshop().is_some() => IN_PERSON,
        Some(role) => role.as_str(),
        None if caller.person()?.administrator => "administrator",
        None => "person",
    };
    let workshop_id = caller.workshop_id().ok();
    line(
        on,
        &caller.app.ambient,
        workshop_id,
        Some(caller.person_id()?),
        role,
        act,
    )
    .await
}

/// Writes the line of an act by the instance itself (a scheduled closing) or its operator.
pub async fn write_as(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    role: &str,
    workshop_id: Option<Uuid>,
    act: Act<'_>,
) -> Result<(), Problem> {
    line(on, ambient, workshop_id, None, role, act).await
}

/// Writes the line of a participant's coming in with an in-person code.
pub async fn write_entry(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    workshop_id: Uuid,
    person_id: Uuid,
    act: Act<'_>,
) -> Result<(), Problem> {
    line(on, ambient, Some(workshop_id), Some(person_id), IN_PERSON, act).await
}

async fn line(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    workshop_id: Option<Uuid>,
    actor_id: Option<Uuid>,
    role: &str,
    act: Act<'_>,
) -> Result<(), Problem> {
    let line = ActiveModel {
        id: Set(ambient.id()),
        at: Set(ambient.now()),
        workshop_id: Set(workshop_id.or((act.subject == "workshop").then_some(act.subject_id))),
        actor_id: Set(actor_id),
        actor_role: Set(role.to_owned()),
        act: Set(act.act.to_owned()),
        subject: Set(act.subject.to_owned()),
        subject_id: Set(act.subject_id),
        before: Set(act.before.map(erased::Json::value)),
        after: Set(act.after.map(erased::Json::value)),
    };
    Entity::insert(line).exec_without_returning(on).await?;
    Ok(())
}

/// Something I did that the journal keeps.
#[derive(Serialize, ToSchema, FromQueryResult)]
pub struct ExportedAct {
    at: Instant,
    /// Null: in no workshop
    workshop_id: Option<Uuid>,
    /// The role in which I did it
    actor_role: String,
    act: String,
    /// The kind of thing I did it to
    subject: String,
    subject_id: Uuid,
}

/// What a person did, oldest first.
pub async fn of_person(on: &impl ConnectionTrait, person_id: Uuid) -> Result<Vec<ExportedAct>, Problem> {
    let acts = Entity::find()
        .filter(Column::ActorId.eq(person_id))
        .order_by_asc(Column::Id)
        .into_model();
    Ok(acts.all(on).await?)
}

pub fn room() -> Room {
    Room::new(
        "Journal",
        [route!(read::read, Access::Members(SUPERVISION), [NotAcceptable])],
    )
}
