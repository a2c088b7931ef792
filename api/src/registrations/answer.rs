//! The answers to an invitation and to a request.

use actix_web::web::Path;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::entity;
use super::list::not_theirs;
use super::rules::{check_not_last, hold_registration, hold_workshop};
use super::state::{self, Step};
use super::view::{self, Line, Registration};
use crate::http::{Answer, Caller, Code, IfMatch, Problem, Reply};
use crate::journal::{self, Act};

/// Confirm my registration
///
/// The person themself, once invited; also after having declined. Safe to repeat.
#[utoipa::path(post, path = "/v1/registrations/{registration_id}/confirm", responses((status = 200, body = Registration)))]
pub async fn confirm(caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Registration> {
    take(caller, *id, if_match, Step::Confirm).await
}

/// Decline my registration
///
/// The person themself: an invitation, a place they had confirmed, or their own request, which is
/// thereby withdrawn. Safe to repeat.
#[utoipa::path(post, path = "/v1/registrations/{registration_id}/decline", responses((status = 200, body = Registration)))]
pub async fn decline(caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Registration> {
    take(caller, *id, if_match, Step::Decline).await
}

/// Accept a request to take part
///
/// It is confirmed thereby. Safe to repeat.
#[utoipa::path(post, path = "/v1/registrations/{registration_id}/accept", responses((status = 200, body = Registration)))]
pub async fn accept(caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Registration> {
    take(caller, *id, if_match, Step::Accept).await
}

async fn take(mut caller: Caller, id: Uuid, if_match: IfMatch, step: Step) -> Answer<Registration> {
    let transaction = caller.begin().await?;
    if step != Step::Accept && caller.own()?.registration_id != id {
        return Err(not_theirs(&caller));
    }
    if step == Step::Decline {
        // An organiser who leaves must not cross another who leaves.
        hold_workshop(&transaction, caller.workshop_id()?).await?;
    }
    let row = hold_registration(&transaction, id).await?;
    if_match.check(view::find(&transaction, &caller, id).await?)?;
    let next =
        state::after(row.state, row.admitted, step).ok_or_else(|| Problem::state(Code::WrongState, row.state))?;
    if next != row.state {
        if step == Step::Decline {
            check_not_last(&transaction, &row).await?;
        }
        let mut changed: entity::ActiveModel = row.clone().into();
        changed.state = Set(next);
        if step == Step::Accept {
            changed.admitted = Set(true);
        }
        let changed = changed.update(&transaction).await?;
        if step == Step::Accept {
            let (before, after) = (Line::from(&row), Line::from(&changed));
            let act = Act::new("accept", "registration", id).before(&before).after(&after);
            journal::write(&transaction, &caller, act).await?;
        }
    }
    let registration = view::find(&transaction, &caller, id).await?;
    transaction.commit().await?;
    Ok(Reply::ok(registration))
}
