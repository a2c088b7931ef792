//! The outbox: letters are rows, written in the transaction of the act that causes them, and sent
//! by a job that tries again.
//!
//! A letter says what it is about; its text is made when it is sent, so that no code ever rests in
//! the outbox. (That of a published result is written down beforehand, as it is the same for all.)
//! Addresses stand in no log in clear.
//!
//! `sent` means that the next mail server took the letter. What that server finds out later it
//! reports to the mailbox of `PALABRE_MAIL_FROM`, which people read and Palabre does not.

pub mod delivery;
pub mod texts;

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, FromQueryResult, QueryOrder, Statement};
use serde::Serialize;
use tokio::sync::Notify;
use utoipa::ToSchema;

use crate::ambient::Ambient;
use crate::http::{Language, Problem};
use crate::identity::address::EmailAddress;
use crate::identity::person;
use crate::instant::{DAY, Instant};
use crate::retention::{Mode, remove};
use crate::store::{self, Rows};
pub use delivery::ballot_link;
pub use texts::Text;

/// How long it is remembered that a sign-in code was sent, for those whose mail does not arrive.
const KEPT: i64 = 30 * DAY;

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[schema(as = LetterKind)]
pub enum Kind {
    SignInCode,
    /// That an organiser made a code to hand over; without the code
    InPersonCode,
    Invitation,
    OpeningRefused,
    /// That a ballot is open; to everyone on its roll, whether they voted or not
    Reminder,
    /// That a result is published, with its checkpoint; the same to everyone on the roll
    Result,
}

/// How far a letter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Delivery {
    /// To be sent, for the first time or again
    Queued,
    /// Taken by the next mail server
    Sent,
    /// Refused for good by a mail server: the address is most likely wrong or closed
    Bounced,
    /// Given up after hours of trying
    Failed,
}

impl Delivery {
    /// Neither sent nor about to be.
    pub const LOST: [Self; 2] = [Self::Bounced, Self::Failed];

    pub fn is_lost(self) -> bool {
        Self::LOST.contains(&self)
    }
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mail")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: Kind,
    pub recipient: String,
    /// The canonical form of the recipient.
    pub address: String,
    pub language: Language,
    pub workshop_id: Option<Uuid>,
    pub registration_id: Option<Uuid>,
    pub ballot_id: Option<Uuid>,
    /// The code of why something was refused.
    pub reason: Option<String>,
    pub state: Delivery,
    pub attempts: i32,
    pub due_at: Instant,
    pub last_error: Option<String>,
    pub created_at: Instant,
    pub finished_at: Option<Instant>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A letter to be written.
pub struct Letter<'a> {
    kind: Kind,
    recipient: &'a str,
    address: &'a str,
    language: Language,
    workshop_id: Option<Uuid>,
    registration_id: Option<Uuid>,
    ballot_id: Option<Uuid>,
    reason: Option<&'a str>,
}

impl<'a> Letter<'a> {
    pub fn sign_in_code(address: &'a EmailAddress, language: Language) -> Self {
        Self {
            kind: Kind::SignInCode,
            recipient: address.typed(),
            address: address.canonical(),
            language,
            workshop_id: None,
            registration_id: None,
            ballot_id: None,
            reason: None,
        }
    }

    /// To whom it concerns, by their address as typed and its canonical form.
    pub fn invitation(to: (&'a str, &'a str), language: Language, workshop_id: Uuid, registration_id: Uuid) -> Self {
        Self::about_place(Kind::Invitation, to, language, workshop_id, registration_id)
    }

    /// As [`Letter::invitation`]: that a code was made to be handed over.
    pub fn in_person_code(
        to: (&'a str, &'a str),
        language: Language,
        workshop_id: Uuid,
        registration_id: Uuid,
    ) -> Self {
        Self::about_place(Kind::InPersonCode, to, language, workshop_id, registration_id)
    }

    fn about_place(
        kind: Kind,
        (recipient, address): (&'a str, &'a str),
        language: Language,
        workshop_id: Uuid,
        registration_id: Uuid,
    ) -> Self {
        Self {
            kind,
            recipient,
            address,
            language,
            workshop_id: Some(workshop_id),
            registration_id: Some(registration_id),
            ballot_id: None,
            reason: None,
        }
    }

    /// To an organiser, by their address as typed and its canonical form.
    pub fn opening_refused(
        (recipient, address): (&'a str, &'a str),
        language: Language,
        workshop_id: Uuid,
        ballot_id: Uuid,
        reason: &'a str,
    ) -> Self {
        Self {
            kind: Kind::OpeningRefused,
            recipient,
            address,
            language,
            workshop_id: Some(workshop_id),
            registration_id: None,
            ballot_id: Some(ballot_id),
            reason: Some(reason),
        }
    }
}

/// Puts a letter in the outbox; wake the delivery after the commit.
pub async fn enqueue(on: &impl ConnectionTrait, ambient: &Ambient, letter: Letter<'_>) -> Result<(), Problem> {
    enqueue_all(on, ambient, [letter]).await
}

pub async fn enqueue_all<'a>(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    letters: impl IntoIterator<Item = Letter<'a>>,
) -> Result<(), Problem> {
    let now = ambient.now();
    let rows: Vec<ActiveModel> = letters
        .into_iter()
        // Whoever erased themself is written to no more, whatever still counts them.
        .filter(|letter| !person::is_erased(letter.address))
        .map(|letter| ActiveModel {
            id: Set(ambient.id()),
            kind: Set(letter.kind),
            recipient: Set(letter.recipient.to_owned()),
            address: Set(letter.address.to_owned()),
            language: Set(letter.language),
            workshop_id: Set(letter.workshop_id),
            registration_id: Set(letter.registration_id),
            ballot_id: Set(letter.ballot_id),
            reason: Set(letter.reason.map(str::to_owned)),
            state: Set(Delivery::Queued),
            attempts: Set(0),
            due_at: Set(now),
            last_error: Set(None),
            created_at: Set(now),
            finished_at: Set(None),
        })
        .collect();
    for rows in rows.chunks(500) {
        Entity::insert_many(rows.iter().cloned())
            .exec_without_returning(on)
            .await?;
    }
    Ok(())
}

/// How many letters one statement puts in the outbox.
const PAGE: usize = 10_000;

/// Puts a letter about a ballot of a workshop in the outbox for each of these people, in the language
/// of each, and says for how many: whoever erased themself is written to no more. No address leaves the
/// database, and many people take few statements. Wake the delivery after the commit.
pub async fn enqueue_to_people(
    on: &impl ConnectionTrait,
    ambient: &Ambient,
    kind: Kind,
    (workshop_id, ballot_id): (Uuid, Uuid),
    people: &[Uuid],
) -> Result<u64, Problem> {
    let backend = on.get_database_backend();
    let now = ambient.now();
    let mut written = 0;
    for people in people.chunks(PAGE) {
        let rows = Rows(vec![
            ("id", store::Column::Uuid(people.iter().map(|_| ambient.id()).collect())),
            ("person_id", store::Column::Uuid(people.to_vec())),
        ]);
        let (source, cells) = rows.source(backend, 6);
        let sql = format!(
            "INSERT INTO mail (id, kind, recipient, address, language, workshop_id, ballot_id, state, attempts, due_at, created_at) \
             SELECT s.id, $1, p.address_typed, p.address, p.language, $2, $3, 'queued', 0, $4, $4 \
             FROM {source} JOIN person p ON p.id = s.person_id WHERE p.address NOT LIKE $5"
        );
        let values: [sea_orm::Value; 5] = [
            kind.to_value().into(),
            workshop_id.into(),
            ballot_id.into(),
            now.micros().into(),
            person::any_erased_address().into(),
        ];
        let statement = Statement::from_sql_and_values(backend, sql, values.into_iter().chain(cells));
        written += on.execute_raw(statement).await?.rows_affected();
    }
    Ok(written)
}

/// How many letters of a kind the address was written since, however it was typed.
pub async fn recent(
    on: &impl ConnectionTrait,
    kind: Kind,
    address: &EmailAddress,
    since: Instant,
) -> Result<u64, Problem> {
    use sea_orm::PaginatorTrait as _;
    let select = Entity::find()
        .filter(Column::Kind.eq(kind))
        .filter(Column::Address.eq(address.canonical()))
        .filter(Column::CreatedAt.gt(since));
    Ok(select.count(on).await?)
}

/// A letter that was sent to me, or is about to be; without its text, which is not kept.
#[derive(Serialize, ToSchema, FromQueryResult)]
pub struct ExportedLetter {
    kind: Kind,
    /// As the address was typed
    recipient: String,
    language: Language,
    /// The workshop it is about, if it is about one
    workshop_id: Option<Uuid>,
    state: Delivery,
    /// How often it was tried
    attempts: i32,
    created_at: Instant,
    /// When it was sent or given up; null while it is queued
    finished_at: Option<Instant>,
    /// Why the latest try failed
    last_error: Option<String>,
}

/// The letters to an address, oldest first.
pub async fn of_person(on: &impl ConnectionTrait, address: &str) -> Result<Vec<ExportedLetter>, Problem> {
    let letters = Entity::find()
        .filter(Column::Address.eq(address))
        .order_by_asc(Column::Id)
        .into_model();
    Ok(letters.all(on).await?)
}

/// Removes what is not sent yet about a registration that goes.
pub async fn drop_queued(on: &impl ConnectionTrait, registration_id: Uuid) -> Result<(), Problem> {
    Entity::delete_many()
        .filter(Column::RegistrationId.eq(registration_id))
        .filter(Column::State.eq(Delivery::Queued))
        .exec(on)
        .await?;
    Ok(())
}

/// Removes the letters to an address. One that is being sent waits to be found gone.
pub async fn forget(on: &impl ConnectionTrait, address: &str) -> Result<(), Problem> {
    Entity::delete_many()
        .filter(Column::Address.eq(address))
        .exec(on)
        .await?;
    Ok(())
}

/// Removes those about ballots, once whoever writes such can see that the person is erased: written
/// while [`forget`] had been and the erasure was not there yet to be seen.
pub async fn forget_about_ballots(on: &impl ConnectionTrait, address: &str) -> Result<(), Problem> {
    Entity::delete_many()
        .filter(Column::Address.eq(address))
        .filter(Column::BallotId.is_not_null())
        .exec(on)
        .await?;
    Ok(())
}

/// Removes letters that carried a sign-in code once they are of no more interest.
pub async fn sweep_codes(on: &impl ConnectionTrait, now: Instant, mode: Mode) -> Result<u64, DbErr> {
    let spent = Condition::all()
        .add(Column::Kind.eq(Kind::SignInCode))
        .add(Column::FinishedAt.lte(now.plus(-KEPT)));
    remove::<Entity>(on, spent, mode).await
}

/// Removes letters of other kinds that were sent or given up before this instant.
pub async fn sweep(on: &impl ConnectionTrait, before: Instant, mode: Mode) -> Result<u64, DbErr> {
    let old = Condition::all()
        .add(Column::Kind.ne(Kind::SignInCode))
        .add(Column::FinishedAt.lt(before));
    remove::<Entity>(on, old, mode).await
}

/// Removes the letters about a workshop, sent or not.
pub async fn forget_workshop(on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::WorkshopId.eq(workshop_id))
        .exec(on)
        .await?;
    Ok(())
}

/// Wakes the delivery when a letter was put in; other processes find it by looking now and then.
#[derive(Default)]
pub struct Bell(Notify);

impl Bell {
    pub fn wake(&self) {
        self.0.notify_one();
    }

    pub async fn rung(&self) {
        self.0.notified().await;
    }
}
