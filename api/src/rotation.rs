//! Rotating the secret: all that is sealed under one `PALABRE_SECRET` is sealed under another, in one
//! transaction, so that neither a crash nor a second rotation leaves a mixture.
//!
//! Only the sealing changes. The keys themselves stay: tokens, manifests, marks and sealed votes are
//! good as before. Of what derives from the secret without being stored sealed, codes on their way
//! are no longer taken (a new one is asked for), and people stay signed in.
//!
//! A server that still runs on the old secret makes no key that would be lost: whatever makes one
//! reads another inside its transaction, and either comes before the rotation, which then waits for
//! it, or finds a key that it cannot open and fails.
//!
//! The new secret is on disk before the database is sealed under it. Where Palabre itself keeps the
//! secret, it takes the old one's place after that; a run that finds the database sealed under a
//! secret still waiting beside the old one finishes that.

use std::path::{Path, PathBuf};

use sea_orm::DatabaseTransaction;
use sea_orm::prelude::Uuid;
use serde::Serialize;

use crate::ambient::Ambient;
use crate::journal::{self, Act};
use crate::secrets::Key;
use crate::settings::Settings;
use crate::settings::secret_file::{self, Keeper};
use crate::store::{self, Store};
use crate::{ballots, signing_keys};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Where the new secret comes to lie.
pub enum Place {
    /// In this file, in place of the old one.
    Beside(PathBuf),
    /// In a file of the operator's, who also sees to the old one.
    Named(PathBuf),
}

#[derive(Serialize)]
pub struct Resealed {
    pub signing_keys: u64,
    pub ballot_keys: u64,
}

pub struct Rotated {
    /// Nothing when the database was sealed under the new secret already.
    pub resealed: Option<Resealed>,
    /// Whether SQLite's log is rid of the old sealing.
    pub clean: bool,
}

impl Place {
    pub fn of(keeper: Keeper, new_secret_file: Option<PathBuf>) -> Outcome<Self> {
        match (new_secret_file, keeper) {
            (Some(path), _) => Ok(Self::Named(path)),
            (None, Keeper::Beside(path)) => Ok(Self::Beside(path)),
            (None, Keeper::Operator) => Err(
                "the secret is kept by you (PALABRE_SECRET or PALABRE_SECRET_FILE): name the file of the new one with \
                 --new-secret-file"
                    .into(),
            ),
        }
    }

    /// The file that holds the new secret while it is not the only one.
    fn file(&self) -> PathBuf {
        match self {
            Self::Named(path) => path.clone(),
            Self::Beside(path) => {
                let mut waiting = path.as_os_str().to_owned();
                waiting.push(".new");
                waiting.into()
            }
        }
    }

    /// The new secret, on disk: the operator's own, or a fresh one.
    fn provide(&self, ambient: &Ambient) -> Outcome<Key> {
        let file = self.file();
        if file.try_exists()? {
            match self {
                Self::Named(_) => return Ok(secret_file::read(&file)?),
                // Left by a run that never came to use it, and perhaps not whole.
                Self::Beside(_) => std::fs::remove_file(&file)?,
            }
        }
        let fresh = Key(ambient.bytes());
        secret_file::create(&file, &fresh)?;
        Ok(fresh)
    }

    /// The database is sealed under this secret for good.
    fn settle(&self, secret: &Key) -> Outcome<()> {
        let Self::Beside(path) = self else { return Ok(()) };
        match std::fs::rename(self.file(), path) {
            Ok(()) => {}
            // Another run was here first.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && holds(path, secret) => {}
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        }
        Ok(secret_file::sync_folder_of(path)?)
    }
}

fn holds(path: &Path, secret: &Key) -> bool {
    secret_file::read(path).is_ok_and(|held| held.0 == secret.0)
}

pub async fn rotate(settings: &Settings, place: &Place, ambient: &Ambient) -> Outcome<Rotated> {
    if !Store::exists(&settings.database) {
        return Err("there is no database here whose keys could be sealed anew".into());
    }
    let store = Store::connect(&settings.database).await?;
    let rotated = within(&store, settings, place, ambient).await;
    store.close().await?;
    rotated
}

async fn within(store: &Store, settings: &Settings, place: &Place, ambient: &Ambient) -> Outcome<Rotated> {
    let transaction = store.write().await?;
    if store::applied_migrations(&transaction).await? != store::migrations() {
        return Err("the database is not at the level of this version: run `palabre migrate` first".into());
    }
    // Whoever makes a key holds a row of this table until it is stored; see `signing_keys::current`.
    store::hold_table(&transaction, "signing_key").await?;
    let old = &settings.secret;
    let resealed = if opens(&transaction, old).await? {
        let new = place.provide(ambient)?;
        if new.0 == old.0 {
            return Err("the new secret is the one in use".into());
        }
        let resealed = Resealed {
            signing_keys: signing_keys::reseal(&transaction, ambient, old, &new).await?,
            ballot_keys: ballots::reseal_keys(&transaction, ambient, old, &new).await?,
        };
        let act = Act::new("rotate_keys", "instance", Uuid::nil()).after(&resealed);
        journal::write_as(&transaction, ambient, "operator", None, act).await?;
        transaction.commit().await?;
        place.settle(&new)?;
        Some(resealed)
    } else {
        let waiting = secret_file::read(&place.file()).ok();
        let new = match waiting {
            Some(new) if opens(&transaction, &new).await? => new,
            _ => {
                return Err("this secret is not the one that the database is sealed under; nothing was changed".into());
            }
        };
        transaction.rollback().await?;
        place.settle(&new)?;
        None
    };
    let clean = store.truncate_log().await;
    Ok(Rotated { resealed, clean })
}

async fn opens(on: &DatabaseTransaction, secret: &Key) -> Outcome<bool> {
    Ok(signing_keys::all_open(on, secret).await? && ballots::keys_open(on, secret).await?)
}
