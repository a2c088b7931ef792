//! The first screen of a phone: everything a member needs, in one answer.
//!
//! This room owns no table; it asks the others, on one snapshot, so that what it shows agrees with
//! itself.

use actix_web::web::Path;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ballots::{self, BallotPart};
use crate::coalitions::{self, MyCommitment, MyPledge};
use crate::http::{Access, Answer, Caller, EVERY_ROLE, Etag, Reply, Room, resource, route};
use crate::instant::Instant;
use crate::registrations::{Role, State as RegistrationState, entity as registration};
use crate::sessions::{self, entity as session};
use crate::{attendance, consents, workshops};

pub fn room() -> Room {
    Room::new("Workshops", [route!(first_screen, Access::Members(EVERY_ROLE), [])])
}

/// Everything a member needs to see first.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "workshop": {"id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f", "title": "Atelier de consultation du numérique guinéen", "time_zone": "Africa/Conakry",
                 "first_day": "2020-08-27", "last_day": "2020-08-28", "state": "published"},
    "registration": {"id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "name": "Mariama Diallo", "role": "participant", "state": "confirmed", "delegate": false},
    "next_session": {"id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d60", "title": "Plan de la coalition", "starts_at": "2020-08-27T14:00:00Z",
                     "ends_at": "2020-08-27T16:00:00Z", "running": true, "join_url": "https://visio.example.org/plan"},
    "consent_wanted": null, "attendance": {"sessions": 2, "seconds": 9000}, "pledges": [], "commitments": [],
    "ballots": [{"ballot_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d61", "question": "Quel logo pour la coalition ?", "state": "open",
                 "closes_at": null, "on_roll": true, "voted": false, "unmet": []}],
    "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
struct FirstScreen {
    workshop: WorkshopSummary,
    registration: MyPlace,
    /// The version of the instance's text that I have yet to consent to; null when there is none to
    /// ask for, and for an in-person sign-in, which cannot
    consent_wanted: Option<i32>,
    /// The session that runs or comes next; null after the last
    next_session: Option<NextSession>,
    attendance: MyAttendance,
    pledges: Vec<MyPledge>,
    commitments: Vec<MyCommitment>,
    /// Every ballot but cancelled ones, with my part in it; none for an in-person sign-in
    ballots: Vec<BallotPart>,
    etag: Etag,
}

resource!(FirstScreen);

#[derive(Serialize, ToSchema)]
struct WorkshopSummary {
    id: Uuid,
    title: String,
    time_zone: String,
    first_day: String,
    last_day: String,
    state: workshops::State,
}

#[derive(Serialize, ToSchema)]
struct MyPlace {
    id: Uuid,
    name: String,
    role: Role,
    state: RegistrationState,
    delegate: bool,
}

#[derive(Serialize, ToSchema)]
struct NextSession {
    id: Uuid,
    title: String,
    starts_at: Instant,
    ends_at: Instant,
    /// Whether one can check in now
    running: bool,
    join_url: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct MyAttendance {
    /// Sessions attended so far
    sessions: u32,
    /// Seconds attended so far, over all sessions
    seconds: i64,
}

/// Read my first screen
///
/// My registration, the next session, my attendance so far, what I promised, and each ballot with
/// whether I am on its roll, have voted, or what I still lack.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}/me", responses((status = 200, body = FirstScreen)))]
async fn first_screen(caller: Caller, id: Path<Uuid>) -> Answer<FirstScreen> {
    let own = caller.own()?;
    let now = caller.now();
    let snapshot = caller.app.store.snapshot().await?;
    let workshop = workshops::entity::find(&snapshot, *id).await?;
    let place = registration::find(&snapshot, own.registration_id).await?;
    let coming = session::Entity::find()
        .filter(session::Column::WorkshopId.eq(*id))
        .filter(session::Column::State.is_in([sessions::State::Scheduled, sessions::State::Running]))
        // One that runs late counts until someone ends it.
        .filter(
            sea_orm::Condition::any()
                .add(session::Column::EndsAt.gt(now))
                .add(session::Column::State.eq(sessions::State::Running)),
        )
        .order_by_asc(session::Column::StartsAt)
        .order_by_asc(session::Column::Id)
        .limit(1)
        .one(&snapshot)
        .await?;
    let attended = attendance::facts(&snapshot, *id, now, Some(own.registration_id)).await?;
    let promised = coalitions::mine(&snapshot, *id, own.registration_id).await?;
    // Whether somebody has voted is theirs alone to know while a ballot is open.
    let ballots = match caller.only_workshop() {
        Some(_) => Vec::new(),
        None => ballots::parts(&snapshot, &caller).await?,
    };
    let consent_wanted = match caller.only_workshop() {
        Some(_) => None,
        None => consents::wanted(&snapshot, caller.person_id()?).await?,
    };
    Ok(Reply::ok(FirstScreen {
        consent_wanted,
        workshop: WorkshopSummary {
            id: workshop.id,
            title: workshop.title,
            time_zone: workshop.time_zone,
            first_day: workshop.first_day,
            last_day: workshop.last_day,
            state: workshop.state,
        },
        registration: MyPlace {
            id: place.id,
            name: place.name,
            role: place.role,
            state: place.state,
            delegate: place.delegate,
        },
        next_session: coming.map(|session| NextSession {
            running: sessions::running::runs(&session, now),
            id: session.id,
            title: session.title,
            starts_at: session.starts_at,
            ends_at: session.ends_at,
            join_url: session.join_url,
        }),
        attendance: attended.get(&own.registration_id).map_or(
            MyAttendance {
                sessions: 0,
                seconds: 0,
            },
            |facts| MyAttendance {
                sessions: facts.sessions,
                seconds: facts.seconds,
            },
        ),
        pledges: promised.pledges,
        commitments: promised.commitments,
        ballots,
        etag: Etag::default(),
    }))
}
