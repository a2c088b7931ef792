//! Changing and deleting a registration.

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entity::{self, Category, Role};
use super::list::not_theirs;
use super::roster::{fold_name, tidy};
use super::rules::{Place, check_not_last, hold_registration, hold_workshop, name_rule, refers};
use super::view::{self, Line, Registration};
use crate::ballots;
use crate::http::{Answer, Caller, Code, IfMatch, MergePatch, NoContent, ORGANISER, Problem, Reply};
use crate::identity::person;
use crate::journal::{self, Act};

/// What can be changed of a registration: all of it by an organiser, the name by the person.
#[derive(Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Mariama Diallo", "role": "facilitator", "organisation_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "delegate": true
}))]
pub struct RegistrationInput {
    /// The name on the lists of this workshop
    #[garde(length(chars, min = 1, max = 200), custom(name_rule))]
    name: String,
    #[garde(skip)]
    role: Role,
    #[garde(skip)]
    organisation_id: Option<Uuid>,
    /// Only where there is no organisation, which has its own; who joins one leaves theirs behind
    #[garde(skip)]
    category: Option<Category>,
    /// Speaks for the organisation, which has one delegate at most
    #[serde(default)]
    #[garde(skip)]
    delegate: bool,
}

impl From<&entity::Model> for RegistrationInput {
    fn from(row: &entity::Model) -> Self {
        Self {
            name: row.name.clone(),
            role: row.role,
            organisation_id: row.organisation_id,
            category: row.category,
            delegate: row.delegate,
        }
    }
}

impl RegistrationInput {
    fn after(mut self, before: &Self) -> Self {
        self.name = tidy(&self.name);
        if self.organisation_id.is_some() && before.organisation_id.is_none() && self.category == before.category {
            self.category = None;
        }
        self
    }
}

/// Change a registration
///
/// An organiser changes any; the person their own name there. Auditors never vote: whoever is on the
/// roll of a ballot becomes one only once it is counted.
#[utoipa::path(patch, path = "/v1/registrations/{registration_id}", request_body = RegistrationInput, responses((status = 200, body = Registration)))]
pub async fn update(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, patch: MergePatch) -> Answer<Registration> {
    let transaction = caller.begin().await?;
    let organiser = caller.is(ORGANISER);
    let own = caller.own()?.registration_id == *id;
    if !organiser && !own {
        return Err(not_theirs(&caller));
    }
    if organiser {
        hold_workshop(&transaction, caller.workshop_id()?).await?;
    }
    if own {
        person::keep(&transaction, &caller).await?;
    }
    let held = if organiser && patch.names("role") {
        Some(ballots::hold_all(&transaction, caller.workshop_id()?).await?)
    } else {
        None
    };
    let row = hold_registration(&transaction, *id).await?;
    if_match.check(view::find(&transaction, &caller, *id).await?)?;
    let before = RegistrationInput::from(&row);
    let after = patch.apply(&before)?.after(&before);
    if after != before {
        check(&transaction, &row, &before, &after, organiser, own).await?;
        if let Some(held) = held.filter(|_| after.role == Role::Auditor && before.role != Role::Auditor) {
            ballots::check_rolls(&transaction, &held, [row.id]).await?;
        }
        let renamed = after.name != before.name;
        let mut changed: entity::ActiveModel = row.clone().into();
        changed.folded_name = Set(fold_name(&after.name));
        changed.name = Set(after.name);
        changed.role = Set(after.role);
        changed.organisation_id = Set(after.organisation_id);
        changed.category = Set(after.category);
        changed.delegate = Set(after.delegate);
        let changed = changed.update(&transaction).await?;
        if organiser {
            // That the name changed is told, not the name: the journal forgets nothing.
            let act = if renamed { "rename" } else { "update" };
            let (before, after) = (Line::from(&row), Line::from(&changed));
            let act = Act::new(act, "registration", *id).before(&before).after(&after);
            journal::write(&transaction, &caller, act).await?;
        }
    }
    let registration = view::find(&transaction, &caller, *id).await?;
    transaction.commit().await?;
    Ok(Reply::ok(registration))
}

async fn check(
    on: &impl ConnectionTrait,
    row: &entity::Model,
    before: &RegistrationInput,
    after: &RegistrationInput,
    organiser: bool,
    own: bool,
) -> Result<(), Problem> {
    let only_name = RegistrationInput {
        name: after.name.clone(),
        ..before.clone()
    };
    if *after == only_name {
        return Ok(());
    }
    if !organiser {
        return Err(Code::NotAllowed.into());
    }
    if own && after.role == Role::Auditor {
        return Err(Code::OrganiserAsAuditor.into());
    }
    if after.role != Role::Organiser {
        check_not_last(on, row).await?;
    }
    let place = Place {
        organisation_id: after.organisation_id,
        category: after.category,
        delegate: after.delegate,
    };
    place.check(on, row.workshop_id, Some(row.id)).await
}

/// Delete a registration
///
/// Only while nothing refers to it; who has attended, pledged, committed or stands on an electoral
/// roll stays.
#[utoipa::path(delete, path = "/v1/registrations/{registration_id}", responses((status = 204, description = "Deleted")))]
pub async fn delete(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin().await?;
    hold_workshop(&transaction, caller.workshop_id()?).await?;
    // Whoever adds something that refers to the row holds it until that can be seen here.
    let row = hold_registration(&transaction, *id).await?;
    if_match.check(view::find(&transaction, &caller, *id).await?)?;
    check_not_last(&transaction, &row).await?;
    let references = "SELECT 1 AS one FROM attendance WHERE registration_id = $1 \
                      UNION ALL SELECT 1 FROM pledge WHERE registration_id = $1 \
                      UNION ALL SELECT 1 FROM commitment WHERE registration_id = $1 \
                      UNION ALL SELECT 1 FROM working_group_lead WHERE registration_id = $1 \
                      UNION ALL SELECT 1 FROM roll WHERE registration_id = $1 \
                      UNION ALL SELECT 1 FROM registration_merge m JOIN roll r ON r.registration_id = m.merged_id \
                      WHERE m.registration_id = $1 LIMIT 1";
    if refers(&transaction, references, *id).await? {
        return Err(Code::RegistrationInUse.into());
    }
    let act = Act::new("delete", "registration", *id);
    journal::write(&transaction, &caller, act.before(&Line::from(&row))).await?;
    entity::Entity::delete_by_id(*id).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(NoContent)
}
