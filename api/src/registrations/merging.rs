//! Two registrations of one person become one. The one that stays keeps its person; the other
//! person has no place in the workshop any more, and keeps their account.

mod united;

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LockType;
use sea_orm::{QueryOrder as _, QuerySelect as _};
use serde::Deserialize;
use utoipa::ToSchema;

use self::united::united;
use super::entity::{self, Role, State};
use super::merges;
use super::rules::{check_not_last, hold_workshop_alone};
use super::view::{self, Line, Registration};
use crate::http::{Answer, Caller, Code, Fault, IfMatch, Json, Problem, Reply};
use crate::identity::person;
use crate::journal::{self, Act};
use crate::{attendance, ballots, coalitions, mail, sessions};

/// Which registration goes.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51"}))]
pub struct MergeInput {
    /// Another registration of the same workshop, whose everything moves here before it goes
    #[garde(skip)]
    registration_id: Uuid,
}

/// Merge a double
///
/// The registration in the path stays, with its person, its address, its name and its role; the one
/// in the body goes. Attendance, pledges, working groups and what they lead, and their places in lists
/// of ballots in draft move; organisation, category and speaking for it are taken over where the one
/// that stays has none, and whoever of the two has confirmed, both have. What both had counts once: of
/// two pledges to one charter the later is withdrawn, of two places in a group the earlier stays. Not
/// while either is on the roll of a ballot that is open or not counted yet; rolls of counted ballots
/// stay as they are. Whoever signs in with the address that goes has no place here any more. It cannot
/// be undone; safe to repeat.
#[utoipa::path(
    post, path = "/v1/registrations/{registration_id}/merge", request_body = MergeInput,
    responses((status = 200, body = Registration)),
)]
pub async fn merge(
    mut caller: Caller,
    id: Path<Uuid>,
    if_match: IfMatch,
    body: Json<MergeInput>,
) -> Answer<Registration> {
    let (to, from) = (*id, body.0.registration_id);
    if from == to {
        return Err(Fault::new("/registration_id", "same_registration").into());
    }
    let transaction = caller.begin().await?;
    let workshop_id = caller.workshop_id()?;
    // In the order in which everyone locks; nothing new of the workshop comes in meanwhile.
    hold_workshop_alone(&transaction, workshop_id).await?;
    sessions::hold_all(&transaction, workshop_id).await?;
    let groups = coalitions::hold_all(&transaction, workshop_id).await?;
    let held = ballots::hold_all(&transaction, workshop_id).await?;
    let (stays, goes) = hold_both(&transaction, workshop_id, to, from).await?;
    let stays = stays.ok_or(Code::NotFound)?;
    let present = view::find(&transaction, &caller, to).await?;
    let Some(goes) = goes else {
        return if merges::into(&transaction, from, to).await? {
            Ok(Reply::ok(present))
        } else {
            Err(Fault::new("/registration_id", "not_of_this_workshop").into())
        };
    };
    if_match.check(present)?;
    let after = united(&stays, &goes);
    check(&transaction, &stays, &goes, &after).await?;
    ballots::check_rolls(&transaction, &held, [to, from]).await?;

    merges::write(&transaction, &goes, to, caller.now()).await?;
    let attended = attendance::merge(&transaction, from, to).await?;
    let promised = coalitions::merge(&transaction, &caller, &groups, from, to).await?;
    let drafts = ballots::merge(&transaction, held, from, to).await?;
    mail::drop_queued(&transaction, from).await?;
    // Whoever spoke for an organisation gives that back before the other takes it.
    entity::Entity::delete_by_id(from).exec(&transaction).await?;
    let (was, is) = (Line::from(&stays), Line::from(&after));
    let gone = Line::from(&goes);
    write(&transaction, after).await?;
    let before = serde_json::json!({"stays": was, "goes": gone, "merged_id": from});
    let after = serde_json::json!({
        "stays": is,
        "attendance": attended.moved, "attendance_dropped": attended.dropped,
        "pledges": promised.pledges, "pledges_withdrawn": promised.withdrawn,
        "commitments": promised.commitments, "leads": promised.leads, "ballots": drafts,
    });
    let act = Act::new("merge", "registration", to).before(&before).after(&after);
    journal::write(&transaction, &caller, act).await?;
    let registration = view::find(&transaction, &caller, to).await?;
    transaction.commit().await?;
    Ok(Reply::ok(registration))
}

/// The one that stays and the one that goes, as far as there are such in the workshop; nothing comes
/// to refer to either meanwhile.
async fn hold_both(
    on: &impl ConnectionTrait,
    workshop_id: Uuid,
    stays: Uuid,
    goes: Uuid,
) -> Result<(Option<entity::Model>, Option<entity::Model>), Problem> {
    let rows = entity::Entity::find()
        .filter(entity::Column::WorkshopId.eq(workshop_id))
        .filter(entity::Column::Id.is_in([stays, goes]))
        .order_by_asc(entity::Column::Id)
        .lock_exclusive()
        .all(on)
        .await?;
    let find = |id| rows.iter().find(|row| row.id == id).cloned();
    Ok((find(stays), find(goes)))
}

async fn check(
    on: &impl ConnectionTrait,
    stays: &entity::Model,
    goes: &entity::Model,
    after: &entity::Model,
) -> Result<(), Problem> {
    let people = person::Entity::find()
        .filter(person::Column::Id.is_in([stays.person_id, goes.person_id]))
        .order_by_asc(person::Column::Id)
        // Whoever erases themself waits; nobody's acts are put under another's name afterwards.
        .lock(LockType::KeyShare)
        .all(on)
        .await?;
    if people.iter().any(|person| person::is_erased(&person.address)) {
        return Err(Code::PersonErased.into());
    }
    let roles = [stays.role, goes.role];
    if roles.contains(&Role::Organiser) && roles.contains(&Role::Auditor) {
        return Err(Code::OrganiserAndAuditor.into());
    }
    if after.role != Role::Organiser || after.state != State::Confirmed {
        check_not_last(on, goes).await?;
    }
    Ok(())
}

async fn write(on: &impl ConnectionTrait, after: entity::Model) -> Result<(), Problem> {
    let row = entity::ActiveModel {
        id: Set(after.id),
        state: Set(after.state),
        admitted: Set(after.admitted),
        organisation_id: Set(after.organisation_id),
        category: Set(after.category),
        delegate: Set(after.delegate),
        ..Default::default()
    };
    entity::Entity::update(row).exec(on).await?;
    Ok(())
}
