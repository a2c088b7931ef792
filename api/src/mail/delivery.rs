//! Sending what is in the outbox: over SMTP, or into files where there is no SMTP server.

use std::path::PathBuf;

use futures_util::StreamExt as _;
use lettre::message::Mailbox;
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
            Self::Smtp(smtp) => smtp.send(message).await.map(|_| ()).map_err(|error| Failure {
                lasting: error.is_permanent(),
                // The server's words may repeat the address; its code says enough.
                why: error.status().map_or_else(
                    || "no connection to the SMTP server".to_owned(),
                    |code| format!("SMTP {code}"),
                ),
            }),
            Self::Files(folder) => {
                let failed = |_| Failure {
                    lasting: false,
                    why: "the outbox folder cannot be written".to_owned(),
                };
                tokio::fs::create_dir_all(folder).await.map_err(failed)?;
                let files = AsyncFileTransport::<Tokio1Executor>::new(folder);
                files.send(message).await.map(|_| ()).map_err(|_| Failure {
                    lasting: false,
                    why: "the outbox folder cannot be written".to_owned(),
                })
            }
        }
    }
}

struct Failure {
    lasting: bool,
    why: String,
}

/// Sends what is due; says whether there was anything.
pub async fn run_due(app: &App) -> Result<bool, Problem> {
    let now = app.ambient.now();
    let due = Entity::find()
        .filter(Column::State.eq(Delivery::Queued))
        .filter(Column::DueAt.lte(now))
        .order_by_asc(Column::DueAt)
        .limit(50)
        .all(app.store.reader())
        .await?;
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
        None => Err(Failure {
            lasting: true,
            why: "what it was about is gone".to_owned(),
        }),
    };
    let attempts = letter.attempts + 1;
    let (state, due_at, error) = match outcome {
        Ok(()) => (Delivery::Sent, now, None),
        Err(failure) if failure.lasting || attempts >= ATTEMPTS => (Delivery::Failed, now, Some(failure.why)),
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
        Kind::Invitation => {
            let Some(registration) = registration::Entity::find_by_id(letter.registration_id.unwrap_or_default())
                .one(on)
                .await?
            else {
                return Ok(None);
            };
            let Some(workshop) = workshop::Entity::find_by_id(registration.workshop_id).one(on).await? else {
                return Ok(None);
            };
            Ok(Some(texts::invitation(
                letter.language,
                &texts::Invitation {
                    name: &registration.name,
                    title: &workshop.title,
                    host: &workshop.host,
                    first_day: &workshop.first_day,
                    last_day: &workshop.last_day,
                    link: &link(app, &workshop),
                },
            )))
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
                    link: &link(app, &workshop),
                },
            )))
        }
    }
}

/// Where the workshop is seen.
fn link(app: &App, workshop: &workshop::Model) -> String {
    let front_end = workshop.front_end_url.as_deref().unwrap_or(&app.settings.front_end_url);
    format!("{}/workshops/{}", front_end.trim_end_matches('/'), workshop.id)
}

async fn send(app: &App, letter: &Model, text: texts::Text) -> Result<(), Failure> {
    let unusable = || Failure {
        lasting: true,
        why: "the address cannot be written to".to_owned(),
    };
    let from: Mailbox = app.settings.mail_from.parse().map_err(|_| unusable())?;
    let to = Mailbox::new(None, letter.recipient.parse().map_err(|_| unusable())?);
    let message = Message::builder()
        .from(from)
        .to(to)
        .subject(text.subject)
        .body(text.body)
        .map_err(|_| unusable())?;
    app.transport.send(message).await
}
