//! Coming in with a code that an organiser handed over, for those whose mail does not arrive.
//!
//! Whoever makes such a code could use it themself. So it opens little: one workshop, for a day, as
//! the participant its holder is there, without the ballots and without the account (see
//! [`Access`](crate::http::Access)); nobody votes as someone else, reads whether they have voted, or
//! learns of their other workshops. What it does open can be undone and is seen: the making, the
//! coming in and every act under it stand in the journal, the person is written to when a code is
//! made, and the next sign-in with a code from the mail ends it all.

use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, EntityTrait as _};

use super::{codes, person, refresh};
use crate::ambient::Ambient;
use crate::http::Problem;
use crate::instant::DAY;
use crate::journal::{self, Act};
use crate::registrations::entity as registration;

/// A sign-in ends after the day it was meant for, however often it is refreshed.
const LIFE: i64 = DAY;

/// Signs in the person of the registration, if they still take part there; `None` where not.
pub async fn come_in(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    registration_id: Uuid,
) -> Result<Option<refresh::SignIn>, Problem> {
    let place = registration::Entity::find_by_id(registration_id).one(on).await?;
    let Some(place) = place.filter(registration::Model::takes_part) else {
        return Ok(None);
    };
    let (person_id, workshop_id) = (place.person_id, place.workshop_id);
    let sign_in = refresh::open(on, ambient, person_id, LIFE, Some(workshop_id)).await?;
    let act = Act::new("sign_in_in_person", "registration", place.id);
    journal::write_entry(on, ambient, workshop_id, person_id, act).await?;
    Ok(Some(sign_in))
}

/// Whoever has the mailbox is the person: what was opened without it ends.
pub async fn end(on: &impl ConnectionTrait, ambient: &Ambient, person: &person::Model) -> Result<(), Problem> {
    codes::void_in_person(on, &person.address).await?;
    refresh::end_in_person(on, ambient, person.id).await
}
