//! Sending what is in the outbox: over SMTP, or into files where there is no SMTP server.

use std::path::PathBuf;

use futures_util::StreamExt as _;
use lettre::message::{Mailbox, SinglePart};
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::{Column, Delivery, Entity, Kind, Model, texts};
use crate::app::App;
use crate::ballots;
use crate::http::Problem;
use crate::identity::address::EmailAddress;
use crate::instant::{Instant, MINUTE, SECOND};
use crate::registrations::entity as registration;
use crate::settings;
use crate::workshops::entity as workshop;

/// Tries over some hours: 30 s, 1 min, 2 min, … between them.
const ATTEMPTS: i32 = 9;
/// For how long a process that took a letter keeps it from the others.
const LEASE: i64 = 5 * MINUTE;

/// How many letters are taken in hand before looking again what is due.
const BATCH: u64 = 50;

pub enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(PathBuf),
}

impl Transport {
    pub fn new(mail: &settings::Mail) -> Result<Self, settings::Invalid> {
        match mail {
            settings::Mail::Smtp(url) => AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                .map(|builder| Self::Smtp(builder.timeout(Some(std::time::Duration::from_secs(30))).build()))
                .map_err(|_| settings::Invalid("PALABRE_SMTP_URL: not a usable SMTP address".into())),
            settings::Mail::Files(folder) => Ok(Self::Files(folder.clone())),
        }
    }

    async fn send(&self, message: Message) -> Result<(), Failure> {
        match self {
            Self::Smtp(smtp) => smtp.send(message).await.map(|_| ()).map_err(|error| refusal(&error)),
            Self::Files(folder) => {
                let failed = || Failure::passing("the outbox folder cannot be written");
                tokio::fs::create_dir_all(folder).await.map_err(|_| failed())?;
                let files = AsyncFileTransport::<Tokio1Executor>::new(folder);
                files.send(message).await.map(|_| ()).map_err(|_| failed())
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Failure {
    /// What becomes of the letter: queued, it is tried again.
    state: Delivery,
    why: String,
}

impl Failure {
    fn passing(why: impl Into<String>) -> Self {
        Self {
            state: Delivery::Queued,
            why: why.into(),
        }
    }

    fn lasting(why: impl Into<String>) -> Self {
        Self {
            state: Delivery::Failed,
            why: why.into(),
        }
    }
}

/// What an SMTP server's refusal means for the letter.
fn refusal(error: &lettre::transport::smtp::Error) -> Failure {
    // The server's words may repeat the address; its codes say enough.
    let words = std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default();
    let Some(code) = error.status() else {
        // Trying again would not help a mailbox with letters that the server does not know (RFC 6531).
        return if error.is_client() && words.contains("SMTPUTF8") {
            Failure {
                state: Delivery::Bounced,
                why: "SMTP server without SMTPUTF8".into(),
            }
        } else {
            Failure::passing("no connection to the SMTP server")
        };
    };
    judge(code.into(), &words)
}

fn judge(code: u16, words: &str) -> Failure {
    // `5.1.1` and the like (RFC 3463).
    let is_status = |word: &&str| {
        let mut parts = word.split('.');
        let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        word.split('.').count() == 3 && parts.all(number)
    };
    let why = match words.split_whitespace().next().filter(is_status) {
        Some(status) => format!("SMTP {code} {status}"),
        None => format!("SMTP {code}"),
    };
    match code {
        // It does not let Palabre in (RFC 4954): the operator's to mend, no letter's fault.
        530 | 534 | 535 | 538 => Failure::passing(why),
        500.. => Failure {
            state: Delivery::Bounced,
            why,
        },
        _ => Failure::passing(why),
    }
}

/// Sends what is due; says whether there was anything.
pub async fn run_due(app: &App) -> Result<bool, Problem> {
    let now = app.ambient.now();
    let oldest = |kinds| {
        Entity::find()
            .filter(Column::State.eq(Delivery::Queued))
            .filter(Column::DueAt.lte(now))
            .filter(kinds)
            .order_by_asc(Column::DueAt)
    };
    let reader = app.store.reader();
    // Somebody waits for a code, and shall not wait for a letter to everyone to have gone out.
    let mut due = oldest(Column::Kind.eq(Kind::SignInCode))
        .limit(BATCH)
        .all(reader)
        .await?;
    let room = BATCH.saturating_sub(due.len() as u64);
    due.extend(
        oldest(Column::Kind.ne(Kind::SignInCode))
            .limit(room)
            .all(reader)
            .await?,
    );
    let any = !due.is_empty();
    futures_util::stream::iter(due)
        .for_each_concurrent(8, |letter| async move {
            if let Err(problem) = deliver(app, letter, now).await {
                tracing::warn!(%problem, "a letter could not be handled");
            }
        })
        .await;
    Ok(any)
}

async fn deliver(app: &App, letter: Model, now: Instant) -> Result<(), Problem> {
    // Whoever moves `due_at` has the letter; another process finds it moved and leaves it.
    let taken = app.store.write().await?;
    let claimed = Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(now.plus(LEASE)))
        .col_expr(Column::Attempts, Expr::value(letter.attempts + 1))
        .filter(Column::Id.eq(letter.id))
        .filter(Column::DueAt.eq(letter.due_at))
        .filter(Column::State.eq(Delivery::Queued))
        .exec(&taken)
        .await?;
    if claimed.rows_affected == 0 {
        return Ok(());
    }
    let text = compose(app, &taken, &letter).await?;
    taken.commit().await?;
    let outcome = match text {
        Some(text) => send(app, &letter, text).await,
        None => Err(Failure::lasting("what it was about is gone")),
    };
    let attempts = letter.attempts + 1;
    let (state, due_at, error) = match outcome {
        Ok(()) => (Delivery::Sent, now, None),
        Err(failure) if failure.state != Delivery::Queued => (failure.state, now, Some(failure.why)),
        Err(failure) if attempts >= ATTEMPTS => (Delivery::Failed, now, Some(failure.why)),
        Err(failure) => (
            Delivery::Queued,
            now.plus((30 * SECOND) << (attempts - 1).min(8)),
            Some(failure.why),
        ),
    };
    if let Some(error) = &error {
        tracing::warn!(letter = %letter.id, attempts, error, "a letter was not sent");
    }
    let done = app.store.write().await?;
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::DueAt, Expr::value(due_at))
        .col_expr(Column::LastError, Expr::value(error))
        .col_expr(
            Column::FinishedAt,
            Expr::value((state != Delivery::Queued).then_some(now)),
        )
        .filter(Column::Id.eq(letter.id))
        .exec(&done)
        .await?;
    done.commit().await?;
    Ok(())
}

async fn compose(app: &App, on: &impl ConnectionTrait, letter: &Model) -> Result<Option<texts::Text>, Problem> {
    match letter.kind {
        Kind::SignInCode => {
            let Ok(address) = EmailAddress::parse(&letter.recipient) else {
                return Ok(None);
            };
            let code = crate::identity::new_code(on, &app.ambient, &app.settings.secret, &address).await?;
            Ok(Some(texts::sign_in_code(letter.language, &code)))
        }
        Kind::InPersonCode | Kind::Invitation => {
            let Some(registration) = registration::Entity::find_by_id(letter.registration_id.unwrap_or_default())
                .one(on)
                .await?
            else {
                return Ok(None);
            };
            let Some(workshop) = workshop::Entity::find_by_id(registration.workshop_id).one(on).await? else {
                return Ok(None);
            };
            let place = texts::Place {
                name: &registration.name,
                title: &workshop.title,
                host: &workshop.host,
                first_day: &workshop.first_day,
                last_day: &workshop.last_day,
                link: &link(app, &workshop),
            };
            Ok(Some(match letter.kind {
                Kind::Invitation => texts::invitation(letter.language, &place),
                _ => texts::in_person_code(letter.language, &place),
            }))
        }
        Kind::OpeningRefused => {
            let (Some(ballot_id), Some(reason)) = (letter.ballot_id, &letter.reason) else {
                return Ok(None);
            };
            let Some(question) = ballots::question(on, ballot_id).await? else {
                return Ok(None);
            };
            let id = letter.workshop_id.unwrap_or_default();
            let Some(workshop) = workshop::Entity::find_by_id(id).one(on).await? else {
                return Ok(None);
            };
            Ok(Some(texts::opening_refused(
                letter.language,
                &texts::OpeningRefused {
                    question: &question,
                    title: &workshop.title,
                    reason,
                    link: &ballot_link(app, &workshop, ballot_id),
                },
            )))
        }
        Kind::Reminder => {
            let ballot_id = letter.ballot_id.unwrap_or_default();
            let Some(ballot) = ballots::reminded(on, ballot_id).await? else {
                return Ok(None);
            };
            let id = letter.workshop_id.unwrap_or_default();
            let Some(workshop) = workshop::Entity::find_by_id(id).one(on).await? else {
                return Ok(None);
            };
            Ok(Some(texts::reminder(
                letter.language,
                &texts::Reminder {
                    question: &ballot.question,
                    title: &workshop.title,
                    closing: ballot.closes_at.map(|closes| (closes, workshop.time_zone.as_str())),
                    link: &ballot_link(app, &workshop, ballot_id),
                },
            )))
        }
        Kind::Result => ballots::announcement(on, letter.ballot_id.unwrap_or_default()).await,
    }
}

/// Where one of its ballots is seen, and the result.
pub fn ballot_link(app: &App, workshop: &workshop::Model, ballot_id: Uuid) -> String {
    format!("{}/ballots/{ballot_id}", link(app, workshop))
}

/// Where the workshop is seen.
fn link(app: &App, workshop: &workshop::Model) -> String {
    let front_end = workshop.front_end_url.as_deref().unwrap_or(&app.settings.front_end_url);
    format!("{}/workshops/{}", front_end.trim_end_matches('/'), workshop.id)
}

async fn send(app: &App, letter: &Model, text: texts::Text) -> Result<(), Failure> {
    let unusable = || Failure::lasting("the address cannot be written to");
    let from: Mailbox = app.settings.mail_from.parse().map_err(|_| unusable())?;
    let to = EmailAddress::parse(&letter.recipient).map_err(|_| unusable())?;
    let to = Mailbox::new(None, to.deliverable().parse().map_err(|_| unusable())?);
    let message = Message::builder()
        .from(from)
        .to(to)
        .subject(text.subject)
        // Says that it is UTF-8; and is packed so that every byte of the text arrives.
        .singlepart(SinglePart::plain(text.body))
        .map_err(|_| unusable())?;
    app.transport.send(message).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounce_is_told_from_what_passes() {
        let judged = |code, words| {
            let failure = judge(code, words);
            (failure.state, failure.why)
        };
        let (queued, bounced) = (Delivery::Queued, Delivery::Bounced);
        for (code, words, expected) in [
            (
                550,
                "5.1.1 <mariama@example.org>: no such user",
                (bounced, "SMTP 550 5.1.1"),
            ),
            (550, "mariama@example.org unknown", (bounced, "SMTP 550")),
            (552, "5.2.2 mailbox full", (bounced, "SMTP 552 5.2.2")),
            (554, "", (bounced, "SMTP 554")),
            (450, "4.2.1 try later", (queued, "SMTP 450 4.2.1")),
            (421, "bye", (queued, "SMTP 421")),
            // Wrong credentials: every letter in the outbox waits for the operator.
            (535, "5.7.8 authentication failed", (queued, "SMTP 535 5.7.8")),
            (530, "5.7.0 authentication required", (queued, "SMTP 530 5.7.0")),
            // Nothing of an address gets into what organisers read and logs keep.
            (550, "1.2.3.mariama@example.org", (bounced, "SMTP 550")),
            (550, "1.2.3456 x", (bounced, "SMTP 550")),
        ] {
            assert_eq!(
                judged(code, words),
                (expected.0, expected.1.to_owned()),
                "{code} {words}"
            );
        }
    }
}
