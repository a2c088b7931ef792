//! A pledge as it is shown, and the one query that reads it.

use sea_orm::entity::prelude::*;
use sea_orm::{Condition, FromQueryResult, JoinType, QuerySelect, SelectModel, Selector};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::NamedOrganisation;
use super::entities::pledge;
use crate::http::{Caller, Code, Etag, Own, Problem, SUPERVISION, resource};
use crate::instant::Instant;
use crate::organisations::entity as organisation;
use crate::registrations::entity as registration;

/// A pledge to one version of a coalition's charter.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "coalition_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f", "charter": 1,
    "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "name": "Mariama Diallo",
    "on_behalf_of": {"id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "name": "Incubateur Saboutech"},
    "public": true, "created_at": "2020-08-28T15:00:00Z", "withdrawn_at": null, "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Pledge {
    pub id: Uuid,
    pub coalition_id: Uuid,
    /// Number of the charter's version that was signed
    pub charter: i32,
    /// Who signed
    registration_id: Uuid,
    /// Their name in the workshop
    name: String,
    /// The organisation they signed for; null: for themself
    on_behalf_of: Option<NamedOrganisation>,
    /// Whether the register shows it while it stands
    public: bool,
    created_at: Instant,
    /// When it was withdrawn; null while it stands
    pub withdrawn_at: Option<Instant>,
    etag: Etag,
}

resource!(Pledge);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PledgeState {
    Standing,
    Withdrawn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PledgeKind {
    /// For themself
    Person,
    /// On behalf of an organisation
    Organisation,
}

#[derive(FromQueryResult)]
pub struct Row {
    pub id: Uuid,
    coalition_id: Uuid,
    charter: i32,
    registration_id: Uuid,
    name: String,
    on_behalf_of: Option<Uuid>,
    public: bool,
    organisation_name: Option<String>,
    created_at: Instant,
    withdrawn_at: Option<Instant>,
}

impl From<Row> for Pledge {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            coalition_id: row.coalition_id,
            charter: row.charter,
            registration_id: row.registration_id,
            name: row.name,
            on_behalf_of: NamedOrganisation::of(row.on_behalf_of, row.organisation_name),
            public: row.public,
            created_at: row.created_at,
            withdrawn_at: row.withdrawn_at,
            etag: Etag::default(),
        }
    }
}

/// Pledges with the names of who signed and for whom.
pub fn named(pledges: Select<pledge::Entity>) -> Selector<SelectModel<Row>> {
    pledges
        .select_only()
        .columns([
            pledge::Column::Id,
            pledge::Column::CoalitionId,
            pledge::Column::Charter,
            pledge::Column::RegistrationId,
            pledge::Column::OnBehalfOf,
            pledge::Column::Public,
            pledge::Column::CreatedAt,
            pledge::Column::WithdrawnAt,
        ])
        .column(registration::Column::Name)
        .column_as(organisation::Column::Name, "organisation_name")
        .join(JoinType::InnerJoin, pledge::Relation::Registration.def())
        .join(JoinType::LeftJoin, pledge::Relation::Organisation.def())
        .into_model()
}

pub async fn find(on: &impl ConnectionTrait, id: Uuid) -> Result<Pledge, Problem> {
    let row = named(pledge::Entity::find_by_id(id)).one(on).await?;
    row.map(Pledge::from).ok_or_else(|| Code::NotFound.into())
}

/// The pledges that are the caller's own: those they signed, and those of the organisation whose
/// delegate they are now, whoever signed them.
pub fn own(own: Own) -> Condition {
    let signed = Condition::any().add(pledge::Column::RegistrationId.eq(own.registration_id));
    match own.organisation_id {
        Some(organisation_id) if speaks(own) => signed.add(pledge::Column::OnBehalfOf.eq(organisation_id)),
        _ => signed,
    }
}

fn speaks(own: Own) -> bool {
    own.delegate && own.is_member()
}

impl Pledge {
    pub fn withdrawn(mut self, at: Instant) -> Self {
        self.withdrawn_at = Some(at);
        self
    }

    pub fn is_seen_by(&self, caller: &Caller) -> Result<bool, Problem> {
        let own = caller.own()?;
        let reader = caller.role().is_some() || caller.scope()?.public;
        let in_register = reader && self.public && self.withdrawn_at.is_none();
        Ok(in_register
            || caller.is(SUPERVISION)
            || self.registration_id == own.registration_id
            || self.is_spoken_for_by(own))
    }

    /// Is it of the organisation whose delegate this is?
    fn is_spoken_for_by(&self, own: Own) -> bool {
        let organisation = self.on_behalf_of.as_ref().map(|organisation| organisation.id);
        speaks(own) && organisation.is_some() && organisation == own.organisation_id
    }

    /// Who may take it back: the person what they signed for themself, the present delegate what
    /// was signed for the organisation.
    pub fn check_withdrawal(&self, caller: &Caller) -> Result<(), Problem> {
        let own = caller.own()?;
        match self.on_behalf_of {
            Some(_) if self.is_spoken_for_by(own) => Ok(()),
            Some(_) => Err(Code::NotDelegate.into()),
            None if self.registration_id == own.registration_id => Ok(()),
            None => Err(Code::NotAllowed.into()),
        }
    }
}
