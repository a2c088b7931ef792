//! What an operator does at the machine, without a code: `palabre admin add`, `palabre token`,
//! `palabre rotate-token-key`, the demo.

use sea_orm::prelude::Uuid;
use serde::Serialize;

use super::address::EmailAddress;
use super::{person, sign_in, token_keys};
use crate::app::App;
use crate::http::Language;
use crate::journal::{self, Act};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn address(email: &str) -> Outcome<EmailAddress> {
    EmailAddress::parse(email).map_err(|fault| format!("{email}: {}", fault.code()).into())
}

/// Makes the person of this address an administrator, who can create workshops.
pub async fn add_administrator(app: &App, email: &str) -> Outcome<()> {
    use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
    let address = address(email)?;
    let transaction = app.store.write().await?;
    let person = person::find_or_create(&transaction, &app.ambient, &address, "", Language::Fr).await?;
    if !person.administrator {
        let mut changed: person::ActiveModel = person.clone().into();
        changed.administrator = Set(true);
        changed.update(&transaction).await?;
        let act = Act::new("add_administrator", "person", person.id);
        journal::write_as(&transaction, &app.ambient, "operator", None, act).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// An access token for the person of this address, who must be known.
pub async fn token(app: &App, email: &str, seconds: i64) -> Outcome<String> {
    let person = person::find(app.store.reader(), &address(email)?)
        .await?
        .ok_or_else(|| format!("nobody here has the address {email}"))?;
    Ok(sign_in::start(app, person.id, seconds).await?)
}

/// As [`token`], for someone who may be new.
pub async fn token_for_anyone(app: &App, email: &str, name: &str, seconds: i64) -> Outcome<String> {
    let transaction = app.store.write().await?;
    let person = person::find_or_create(&transaction, &app.ambient, &address(email)?, name, Language::Fr).await?;
    transaction.commit().await?;
    Ok(sign_in::start(app, person.id, seconds).await?)
}

/// What the journal keeps of a new key.
#[derive(Serialize)]
struct RotatedKey<'a> {
    kid: &'a str,
    at_once: bool,
}

/// A new key for access tokens; gives back its name.
pub async fn rotate_token_key(app: &App, at_once: bool) -> Outcome<String> {
    let transaction = app.store.write().await?;
    let key = token_keys::rotate(&transaction, &app.ambient, &app.settings.secret, at_once).await?;
    // Subjects of the journal have UUIDs; half of a public key is one of its own.
    let id = Uuid::from_bytes(key.public.first_chunk().copied().unwrap_or_default());
    let line = RotatedKey { kid: &key.kid, at_once };
    let act = Act::new("rotate_token_key", "token_key", id).after(&line);
    journal::write_as(&transaction, &app.ambient, "operator", None, act).await?;
    transaction.commit().await?;
    Ok(key.kid)
}
