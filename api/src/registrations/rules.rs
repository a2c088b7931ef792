//! What every change of a registration keeps to.

use std::collections::HashSet;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LockType;
use sea_orm::{QuerySelect, Statement};

use super::entity::{self, Role, State};
use super::roster::{MAX_NAME, fold_name, is_unprintable, tidy};
use crate::http::{Code, Fault, Problem};
use crate::identity::person;
use crate::organisations::entity as organisation;
use crate::workshops::entity as workshop;

/// Holds the workshop's row until the end of the transaction: those who change places or
/// organisations in it come one after the other, so that what one of them has checked stays true.
pub async fn hold_workshop(on: &impl ConnectionTrait, id: Uuid) -> Result<workshop::Model, Problem> {
    hold(on, id, LockType::NoKeyUpdate).await
}

/// As [`hold_workshop`], but side by side with others who only add themselves.
pub async fn hold_workshop_shared(on: &impl ConnectionTrait, id: Uuid) -> Result<workshop::Model, Problem> {
    hold(on, id, LockType::Share).await
}

/// As [`hold_workshop`], and nothing that belongs to it is added meanwhile.
pub async fn hold_workshop_alone(on: &impl ConnectionTrait, id: Uuid) -> Result<workshop::Model, Problem> {
    hold(on, id, LockType::Update).await
}

async fn hold(on: &impl ConnectionTrait, id: Uuid, lock: LockType) -> Result<workshop::Model, Problem> {
    let row = workshop::Entity::find_by_id(id).lock(lock).one(on).await?;
    row.ok_or_else(|| Code::NotFound.into())
}

/// The registration, held until the end of the transaction.
pub async fn hold_registration(on: &impl ConnectionTrait, id: Uuid) -> Result<entity::Model, Problem> {
    let row = entity::Entity::find_by_id(id).lock_exclusive().one(on).await?;
    row.ok_or_else(|| Code::NotFound.into())
}

/// Whether these are so few that one might guess who they are: how many is told to those only who may
/// see who.
pub fn is_few(people: i64) -> bool {
    (1..5).contains(&people)
}

/// Does any row refer to the id? `sql` selects one where one does.
pub async fn refers(on: &impl ConnectionTrait, sql: &str, id: Uuid) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, [id.into()]);
    Ok(on.query_one_raw(statement).await?.is_some())
}

/// A name of a person or a body: one line that can be seen, and that is still a name once folded.
pub fn name_rule<T: AsRef<str>>(name: &T, context: &()) -> garde::Result {
    crate::http::rules::line(name, context)?;
    let name = tidy(name.as_ref());
    if name.chars().any(is_unprintable) {
        return Err(garde::Error::new("control_characters"));
    }
    let folded = fold_name(&name);
    if folded.is_empty() && !name.is_empty() {
        return Err(garde::Error::new("blank"));
    }
    // Composing can lengthen a text; and an index takes no more than 2,700 bytes.
    if name.chars().count() > MAX_NAME || folded.len() > 2_000 {
        return Err(garde::Error::new(format!("too_long|{MAX_NAME}")));
    }
    Ok(())
}

/// As [`name_rule`], where there is one.
pub fn optional_name_rule<T: AsRef<str>>(name: &Option<T>, context: &()) -> garde::Result {
    name.as_ref().map_or(Ok(()), |name| name_rule(name, context))
}

/// What a registration says beside its name.
#[derive(Clone, Copy)]
pub struct Place {
    pub organisation_id: Option<Uuid>,
    pub category: Option<super::Category>,
    pub delegate: bool,
}

impl Place {
    /// The organisation is of this workshop, and nobody else speaks for it. Hold the workshop first.
    pub async fn check(&self, on: &impl ConnectionTrait, workshop_id: Uuid, own: Option<Uuid>) -> Result<(), Problem> {
        let Some(organisation_id) = self.organisation_id else {
            return if self.delegate {
                Err(Fault::new("/delegate", "delegate_needs_organisation").into())
            } else {
                Ok(())
            };
        };
        if self.category.is_some() {
            return Err(Fault::new("/category", "category_with_organisation").into());
        }
        organisation::Entity::find_by_id(organisation_id)
            .filter(organisation::Column::WorkshopId.eq(workshop_id))
            .one(on)
            .await?
            .ok_or_else(|| Fault::new("/organisation_id", "not_of_this_workshop"))?;
        if self.delegate {
            let delegate = entity::Entity::find()
                .filter(entity::Column::OrganisationId.eq(organisation_id))
                .filter(entity::Column::Delegate.eq(true))
                .one(on)
                .await?;
            if delegate.is_some_and(|delegate| Some(delegate.id) != own) {
                return Err(Code::DelegateExists.into());
            }
        }
        Ok(())
    }
}

/// Refuses that the last confirmed organiser leaves. Hold the workshop first, so that two cannot
/// leave at once.
pub async fn check_not_last(on: &impl ConnectionTrait, leaving: &entity::Model) -> Result<(), Problem> {
    if leaving.role != Role::Organiser {
        return Ok(());
    }
    let kept = organised_without(on, [leaving.workshop_id], leaving.person_id).await?;
    if kept.is_empty() {
        return Err(Code::LastOrganiser.into());
    }
    Ok(())
}

/// Which of these workshops have a confirmed organiser beside this person. Whoever erased
/// themself keeps their line, but organises nothing any more.
pub async fn organised_without(
    on: &impl ConnectionTrait,
    workshops: impl IntoIterator<Item = Uuid>,
    person_id: Uuid,
) -> Result<HashSet<Uuid>, DbErr> {
    let organised: Vec<Uuid> = entity::Entity::find()
        .select_only()
        .column(entity::Column::WorkshopId)
        .inner_join(person::Entity)
        .filter(entity::Column::WorkshopId.is_in(workshops))
        .filter(entity::Column::PersonId.ne(person_id))
        .filter(entity::Column::Role.eq(Role::Organiser))
        .filter(entity::Column::State.eq(State::Confirmed))
        .filter(person::not_erased())
        .into_tuple()
        .all(on)
        .await?;
    Ok(organised.into_iter().collect())
}
