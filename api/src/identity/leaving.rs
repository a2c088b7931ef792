//! Leaving: everything about a person in one document, and the end of their personal data.
//!
//! Erasing pseudonymises. Address and name go from every table, and whoever held them comes back as
//! a stranger; what the person did stays under an id that leads to nobody: registrations,
//! attendance, pledges, commitments, the lines of electoral rolls, the acts in the journal. So no
//! total, turnout or tally ever changes.
//!
//! Each room reads and forgets its own; this one only says in what order, which is the order in
//! which everyone else locks: workshops, the person, then the rest.

use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveModelTrait as _, DatabaseTransaction, EntityTrait as _, QuerySelect as _};
use serde::Serialize;
use utoipa::ToSchema;

use super::me::{self, Me};
use super::refresh::{self, ExportedSignIn};
use super::{codes, person};
use crate::app::App;
use crate::attendance::{self, ExportedAttendance};
use crate::ballots::{self, ExportedBallot};
use crate::coalitions::{self, ExportedCommitment, ExportedLead, ExportedPledge};
use crate::consents::{self, ExportedConsent};
use crate::http::{Answer, Caller, IfMatch, Language, NoContent, Problem, Reply};
use crate::instant::Instant;
use crate::journal::{self, Act, ExportedAct};
use crate::mail::{self, ExportedLetter};
use crate::registrations::{self, ExportedRegistration, Places};

/// Everything that is kept about me, but secrets (codes, tokens), which are kept as digests only.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "exported_at": "2020-08-29T08:00:00Z",
    "person": {
        "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "email": "Mariama@example.org", "canonical_email": "mariama@example.org",
        "name": "Mariama Diallo", "language": "fr", "administrator": false, "created_at": "2020-08-01T09:00:00Z"
    },
    "sign_ins": [{
        "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f", "created_at": "2020-08-27T08:55:00Z",
        "expires_at": "2020-09-26T08:55:00Z", "revoked_at": null
    }],
    "consents": [{
        "number": 1, "language": "fr", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "given_at": "2020-08-01T09:00:00Z", "withdrawn_at": null
    }],
    "registrations": [{
        "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51",
        "workshop_title": "Atelier de consultation du numérique guinéen", "name": "Mariama Diallo", "role": "participant",
        "state": "confirmed", "organisation": "Société Kora numérique", "category": "startup", "delegate": true,
        "created_at": "2020-08-01T09:00:00Z"
    }],
    "attendance": [{
        "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d52", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51",
        "session_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d53", "session_title": "Ouverture", "joined_at": "2020-08-27T09:02:11Z",
        "left_at": "2020-08-27T10:30:00Z", "source": "self", "created_at": "2020-08-27T09:02:11Z"
    }],
    "pledges": [{
        "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d55", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51",
        "coalition": "Coalition guinéenne du numérique", "charter": 1, "on_behalf_of": null,
        "created_at": "2020-08-28T15:00:00Z", "withdrawn_at": null
    }],
    "commitments": [{
        "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d56", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51",
        "working_group": "Compétences", "state": "committed", "created_at": "2020-08-28T15:10:00Z"
    }],
    "leads": [{
        "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51",
        "working_group_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d57", "working_group": "Infrastructures et accès"
    }],
    "ballots": [{
        "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d54", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51",
        "question": "Quel logo pour la coalition ?", "state": "published", "on_roll": true, "voted": true
    }],
    "letters": [{
        "kind": "invitation", "recipient": "Mariama@example.org", "language": "fr",
        "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "state": "sent", "attempts": 1,
        "created_at": "2020-08-10T09:30:00Z", "finished_at": "2020-08-10T09:30:01Z", "last_error": null
    }],
    "acts": [{
        "at": "2020-08-28T15:00:00Z", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "actor_role": "participant",
        "act": "pledge", "subject": "pledge", "subject_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d55"
    }]
}))]
pub struct Export {
    exported_at: Instant,
    person: ExportedPerson,
    /// Oldest first, as every list here
    sign_ins: Vec<ExportedSignIn>,
    /// To the versions of the instance's text; those withdrawn or replaced too
    consents: Vec<ExportedConsent>,
    registrations: Vec<ExportedRegistration>,
    attendance: Vec<ExportedAttendance>,
    /// Those withdrawn too
    pledges: Vec<ExportedPledge>,
    /// My places in working groups
    commitments: Vec<ExportedCommitment>,
    /// The working groups I lead
    leads: Vec<ExportedLead>,
    /// That were opened in my workshops
    ballots: Vec<ExportedBallot>,
    letters: Vec<ExportedLetter>,
    /// What the journals keep of what I did
    acts: Vec<ExportedAct>,
}

/// My account.
#[derive(Serialize, ToSchema)]
pub struct ExportedPerson {
    id: Uuid,
    /// As it was typed
    email: String,
    /// As it is compared
    canonical_email: String,
    name: String,
    /// Language of mails
    language: Language,
    /// May create workshops
    administrator: bool,
    created_at: Instant,
}

impl From<person::Model> for ExportedPerson {
    fn from(person: person::Model) -> Self {
        Self {
            id: person.id,
            email: person.address_typed,
            canonical_email: person.address,
            name: person.name,
            language: person.language,
            administrator: person.administrator,
            created_at: person.created_at,
        }
    }
}

/// Export my data
///
/// Everything about me in one document. Of ballots it says whether I voted, never what: the server
/// does not know.
#[utoipa::path(get, path = "/v1/me/export", responses((status = 200, body = Export)))]
pub async fn export_me(caller: Caller) -> Answer<Export> {
    let (app, now) = (&caller.app, caller.now());
    let snapshot = app.store.snapshot().await?;
    let person = me::load(&snapshot, &caller).await?;
    let promised = coalitions::of_person(&snapshot, person.id).await?;
    Ok(Reply::plain(Export {
        exported_at: now,
        sign_ins: refresh::of_person(&snapshot, person.id).await?,
        consents: consents::of_person(&snapshot, person.id).await?,
        registrations: registrations::of_person(&snapshot, person.id).await?,
        attendance: attendance::of_person(&snapshot, person.id, now).await?,
        pledges: promised.pledges,
        commitments: promised.commitments,
        leads: promised.leads,
        ballots: ballots::of_person(&snapshot, app, person.id).await?,
        letters: mail::of_person(&snapshot, &person.address).await?,
        acts: journal::of_person(&snapshot, person.id).await?,
        person: person.into(),
    }))
}

/// Erase my account
///
/// For good: address and name go from everywhere, all sign-ins end, and signing in again with the
/// same address makes a new account that knows nothing of this one. What counts stays, without a
/// name: registrations, attendance, pledges, commitments, the electoral rolls, turnouts and tallies.
/// Refused while a workshop that is not archived would be left without an organiser; the member
/// `workshop_ids` says which.
#[utoipa::path(delete, path = "/v1/me", responses((status = 204, description = "Erased")))]
pub async fn erase_me(mut caller: Caller, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin().await?;
    let standing = me::load(&transaction, &caller).await?;
    let places = part(&transaction, &standing).await?;
    let person = person::hold(&transaction, &caller).await?;
    if_match.check(Me::of(&transaction, person.clone()).await?)?;
    let id = person.id;
    wipe(&transaction, &caller.app, person, &places).await?;
    journal::write(&transaction, &caller, Act::new("erase", "person", id)).await?;
    transaction.commit().await?;
    caller.app.store.truncate_log().await;
    Ok(NoContent)
}

/// Erases someone whose time is over, if that is still so once nothing of theirs changes any more.
pub async fn erase(
    on: &DatabaseTransaction,
    app: &App,
    id: Uuid,
    still: impl AsyncFnOnce(&DatabaseTransaction) -> Result<bool, Problem>,
) -> Result<bool, Problem> {
    let found = |row: Option<person::Model>| row.filter(|row| !person::is_erased(&row.address));
    let Some(standing) = found(person::Entity::find_by_id(id).one(on).await?) else {
        return Ok(false);
    };
    let places = part(on, &standing).await?;
    let held = person::Entity::find_by_id(id).lock(LockType::Update).one(on).await?;
    let Some(person) = found(held) else {
        return Ok(false);
    };
    if !still(on).await? {
        return Ok(false);
    }
    wipe(on, app, person, &places).await?;
    journal::write_as(on, &app.ambient, "retention", None, Act::new("erase", "person", id)).await?;
    Ok(true)
}

/// Holds what must be held before the person is.
async fn part(on: &DatabaseTransaction, standing: &person::Model) -> Result<Places, Problem> {
    let places = registrations::hold_places(on, standing.id).await?;
    // Letters before codes: one that is being sent makes a code. Both before the person, as whoever
    // brings a code touches its count of tries first.
    mail::forget(on, &standing.address).await?;
    codes::forget(on, &standing.address).await?;
    Ok(places)
}

/// Everything but the journal's line, of a person who is held.
async fn wipe(on: &DatabaseTransaction, app: &App, person: person::Model, places: &Places) -> Result<(), Problem> {
    let (id, address) = (person.id, person.address.clone());
    let mut erased: person::ActiveModel = person.into();
    erased.address = Set(person::erased_address(id));
    erased.address_typed = Set(person::erased_address(id));
    erased.name = Set(String::new());
    erased.administrator = Set(false);
    erased.update(on).await?;
    registrations::forget(on, places, id).await?;
    consents::forget(on, id).await?;
    refresh::end_all(on, &app.ambient, id).await?;
    ballots::forget(on, id).await?;
    // Who writes to a roll holds its ballot, and saw the address until these were held here.
    mail::forget_about_ballots(on, &address).await
}
