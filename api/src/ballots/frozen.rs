//! What does not change while votes are taken and counted: the manifest, what follows from it, and
//! the ballot's keys. Read once per process, kept while the ballot's key exists.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::QuerySelect as _;
use sea_orm::entity::prelude::*;

use super::entity::{State, ballot, proof};
use super::keys::BallotKeys;
use super::listed::Listed;
use super::paper::Paper;
use super::proof::manifest::Manifest;
use super::proof::note;
use crate::app::App;
use crate::http::{Code, Problem};

pub struct Frozen {
    pub manifest: Manifest,
    pub paper: Paper,
    pub keys: BallotKeys,
    pub listed: Listed,
    /// This process has seen the ballot closed; its votes need no writer any more.
    closed: AtomicBool,
}

impl Frozen {
    pub fn ballot_id(&self) -> Uuid {
        self.manifest.ballot_id
    }
}

impl Frozen {
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

/// What this process has read so far.
#[derive(Default)]
pub struct Cache(RwLock<HashMap<Uuid, Arc<Frozen>>>);

/// If this process has read it. Its key may have been destroyed meanwhile, by any process.
pub fn known(app: &App, id: Uuid) -> Option<Arc<Frozen>> {
    let cache = app.frozen.0.read().unwrap_or_else(PoisonError::into_inner);
    cache.get(&id).cloned()
}

/// The ballot takes no votes any more, or is about to.
pub fn close(app: &App, id: Uuid) {
    if let Some(frozen) = known(app, id) {
        frozen.closed.store(true, Ordering::Relaxed);
    }
}

/// Of a ballot whose key is not destroyed yet.
pub async fn of(on: &impl ConnectionTrait, app: &App, ballot: &ballot::Model) -> Result<Arc<Frozen>, Problem> {
    let mut all = of_all(on, app, &[ballot]).await?;
    all.pop().ok_or_else(|| Code::Internal.into())
}

/// Of several such ballots, in their order; those that this process has not read yet are read at once.
pub async fn of_all(
    on: &impl ConnectionTrait,
    app: &App,
    ballots: &[&ballot::Model],
) -> Result<Vec<Arc<Frozen>>, Problem> {
    let mut all: HashMap<Uuid, Arc<Frozen>> = ballots
        .iter()
        .filter_map(|ballot| Some((ballot.id, known(app, ballot.id)?)))
        .collect();
    let unread: Vec<_> = ballots.iter().filter(|ballot| !all.contains_key(&ballot.id)).collect();
    if !unread.is_empty() {
        let manifests: Vec<(Uuid, String)> = proof::Entity::find()
            .select_only()
            .columns([proof::Column::BallotId, proof::Column::Manifest])
            .filter(proof::Column::BallotId.is_in(unread.iter().map(|ballot| ballot.id)))
            .into_tuple()
            .all(on)
            .await?;
        let manifests: HashMap<Uuid, String> = manifests.into_iter().collect();
        for ballot in unread {
            let manifest = manifests.get(&ballot.id).ok_or(Code::Internal)?;
            let frozen = Arc::new(open(app, ballot, manifest)?);
            let mut cache = app.frozen.0.write().unwrap_or_else(PoisonError::into_inner);
            // Of all who read it at once one is first, and theirs is everyone's.
            all.insert(ballot.id, cache.entry(ballot.id).or_insert(frozen).clone());
        }
    }
    let found = |ballot: &&ballot::Model| all.get(&ballot.id).cloned().ok_or_else(|| Code::Internal.into());
    ballots.iter().map(found).collect()
}

fn open(app: &App, ballot: &ballot::Model, signed: &str) -> Result<Frozen, Problem> {
    let manifest = note::text(signed).and_then(Manifest::parse).ok_or(Code::Internal)?;
    let sealed = ballot.sealed_key.as_deref().unwrap_or_default();
    match app.ballot_keys.open(ballot.id, sealed, &manifest.origin) {
        Ok(keys) => Ok(Frozen {
            closed: AtomicBool::new(ballot.state != State::Open),
            paper: manifest.paper().ok_or(Code::Internal)?,
            manifest,
            keys,
            listed: Listed::default(),
        }),
        Err(_) => {
            tracing::error!(ballot = %ballot.id, "the ballot's key does not open: PALABRE_SECRET is not the one it was made with");
            Err(Code::Internal.into())
        }
    }
}

/// Lets go of the keys of ballots that were counted or cancelled, whichever process did that.
pub async fn forget_destroyed(on: &impl ConnectionTrait, app: &App) -> Result<(), Problem> {
    let known: Vec<Uuid> = {
        let cache = app.frozen.0.read().unwrap_or_else(PoisonError::into_inner);
        cache.keys().copied().collect()
    };
    if known.is_empty() {
        return Ok(());
    }
    let alive: HashSet<Uuid> = ballot::Entity::find()
        .select_only()
        .column(ballot::Column::Id)
        .filter(ballot::Column::Id.is_in(known.iter().copied()))
        .filter(ballot::Column::SealedKey.is_not_null())
        .into_tuple()
        .all(on)
        .await?
        .into_iter()
        .collect();
    let mut cache = app.frozen.0.write().unwrap_or_else(PoisonError::into_inner);
    cache.retain(|id, _| alive.contains(id) || !known.contains(id));
    Ok(())
}
