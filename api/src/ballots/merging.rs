//! Two registrations become one: not while a roll that counts names either, and drafts that chose
//! the one that goes choose the one that stays. What was counted is never touched.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, QuerySelect as _};

use super::entity::{State, ballot, roll};
use crate::http::{Code, Problem};

/// The ballots of a workshop, of which none opens, closes or is counted until the transaction ends;
/// votes go on.
pub struct Held {
    drafts: Vec<ballot::Model>,
    others: Vec<ballot::Model>,
}

pub async fn hold_all(on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<Held, Problem> {
    let of_workshop = ballot::Entity::find()
        .filter(ballot::Column::WorkshopId.eq(workshop_id))
        .order_by_asc(ballot::Column::Id);
    let drafts = of_workshop
        .clone()
        .filter(ballot::Column::State.eq(State::Draft))
        .lock_exclusive()
        .all(on)
        .await?;
    // One that was just opened is no draft any more, and is found here.
    let others = of_workshop
        .filter(ballot::Column::State.ne(State::Draft))
        .lock_shared()
        .all(on)
        .await?;
    Ok(Held { drafts, others })
}

/// Refuses while any of these stands on the roll of a ballot that is not counted yet.
pub async fn check_rolls(
    on: &impl ConnectionTrait,
    held: &Held,
    registrations: impl IntoIterator<Item = Uuid>,
) -> Result<(), Problem> {
    let uncounted = held.others.iter().filter(|ballot| match ballot.state {
        State::Open => true,
        State::Closed => ballot.counted_at.is_none(),
        State::Draft | State::Published | State::Cancelled | State::Annulled => false,
    });
    let ballots: Vec<Uuid> = roll::Entity::find()
        .select_only()
        .column(roll::Column::BallotId)
        .distinct()
        .filter(roll::Column::BallotId.is_in(uncounted.map(|ballot| ballot.id)))
        .filter(roll::Column::RegistrationId.is_in(registrations))
        .order_by_asc(roll::Column::BallotId)
        .into_tuple()
        .all(on)
        .await?;
    if ballots.is_empty() {
        Ok(())
    } else {
        Err(Problem::from(Code::RegistrationOnOpenRoll).member("ballot_ids", ballots))
    }
}

/// Says which drafts chose the registration that goes.
pub async fn merge(on: &impl ConnectionTrait, held: Held, from: Uuid, to: Uuid) -> Result<Vec<Uuid>, Problem> {
    let heir = HashMap::from([(from, to)]);
    let mut changed = Vec::new();
    for draft in held.drafts {
        let mut rule = draft.eligibility.clone();
        rule.follow(&heir);
        if rule == draft.eligibility {
            continue;
        }
        changed.push(draft.id);
        let mut draft: ballot::ActiveModel = draft.into();
        draft.eligibility = Set(rule);
        draft.update(on).await?;
    }
    Ok(changed)
}
