//! Opening a ballot: one transaction, on a thread of its own, that checks, computes the roll, freezes
//! everything, makes the ballot's keys and signs the manifest.

use actix_web::web::Data;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, Statement, StreamTrait};

use super::entity::{Kind, State, ballot, candidate, proof};
use super::proof::manifest::{self, MANIFEST_FORMAT, Manifest, Nominee, Roll};
use super::proof::merkle::Hash;
use super::proof::note::Signer;
use super::{PAGE, roll, vote};
use crate::app::App;
use crate::aside::{Aside, aside};
use crate::http::{Code, Problem};
use crate::secrets::hex;
use crate::signing_keys::{self, Purpose};
use crate::store::{Column, Rows, run_each, take_stock};

/// Below this many voters a result betrays people.
const SMALL: usize = 5;

/// A ballot that is opened as soon as the transaction is committed.
pub struct Opened {
    pub ballot: ballot::Model,
    /// Who is on the roll, in ascending order, for [`super::listed::keep`].
    pub people: Box<[u128]>,
}

/// Opens the ballot, which the caller has locked in this transaction and found in draft. If it is
/// refused, all of the transaction goes.
pub async fn open(
    transaction: DatabaseTransaction,
    app: &Data<App>,
    row: ballot::Model,
    confirm_small: bool,
) -> Result<(DatabaseTransaction, Opened), Problem> {
    let shared = app.clone();
    let opening = async move |aside| match freeze(&aside, &transaction, &shared, row, confirm_small).await {
        Ok(opened) => Ok((transaction, opened)),
        Err(problem) => {
            transaction.rollback().await?;
            Err(problem)
        }
    };
    aside(&app.runtime, "opening", opening).await?
}

async fn freeze(
    _: &Aside,
    on: &(impl ConnectionTrait + StreamTrait),
    app: &App,
    row: ballot::Model,
    confirm_small: bool,
) -> Result<Opened, Problem> {
    let workshop = crate::workshops::entity::find(on, row.workshop_id).await?;
    if workshop.state != crate::workshops::State::Published {
        return Err(Problem::state(Code::WorkshopNotPublished, workshop.state));
    }
    let candidates = candidate::of(on, [row.id]).await?;
    if candidates.len() < 2 {
        return Err(Code::BallotNeedsCandidates.into());
    }
    let faceless: Vec<&str> = candidates
        .iter()
        .filter(|candidate| candidate.logo_digest.is_none())
        .map(|candidate| candidate.name.as_str())
        .collect();
    if row.kind == Kind::Logo && !faceless.is_empty() {
        return Err(Problem::from(Code::BallotNeedsLogos).with("names", faceless.join(", ")));
    }
    let now = app.store.ballot_now(on, &app.ambient).await?;
    if row.closes_at.is_some_and(|closes| closes <= now) {
        return Err(Code::BallotClosingPassed.into());
    }
    let line = |elector: roll::Elector| {
        let admitted = row.eligibility.unmet(row.unit, &elector.facts).is_empty();
        admitted.then(|| Line::of(row.id, app.ambient.bytes(), &elector))
    };
    let lines = roll::electors(on, &row, app.ambient.now(), line).await?;
    let size = lines.len();
    if size == 0 {
        return Err(Code::BallotNeedsVoters.into());
    }
    if size < SMALL && !confirm_small {
        return Err(Problem::from(Code::BallotSmallRoll).with("roll", size));
    }
    let Ordered { lines, root, people } = Ordered::of(lines);
    freeze_roll(on, row.id, &lines).await?;
    let paper = row.paper(&candidates)?;
    let origin = manifest::origin(&app.settings.public_url, row.id);
    let (keys, sealed_key) = app
        .ballot_keys
        .make(&app.ambient, row.id, &origin)
        .map_err(|_| Code::Internal)?;
    // Read inside this transaction: a rotation of the secret comes wholly before or after.
    let name = manifest::instance(&app.settings.public_url);
    let instance = signing_keys::current(on, &app.ambient, &app.settings.secret, Purpose::Manifest, name).await?;
    let instance = Signer::new(name, &instance.seed).ok_or(Code::Internal)?;
    let vote_body_length = vote::body_length(&paper);
    let manifest = Manifest {
        format: MANIFEST_FORMAT.to_owned(),
        origin,
        ballot_id: row.id,
        workshop_id: row.workshop_id,
        kind: row.kind,
        question: row.question.clone(),
        description: row.description.clone(),
        method: paper.method(),
        max_grade: paper.max_grade(),
        candidates: candidates.into_iter().map(Nominee::of).collect(),
        eligibility: row.eligibility.clone(),
        unit: row.unit,
        quorum_percent: row.quorum_percent.map(i32::unsigned_abs),
        blanks_count: row.blanks_count,
        openings: row.openings,
        opened_at: now,
        closes_at: row.closes_at,
        roll: Roll {
            size: size as u64,
            root: hex(&root),
        },
        verifier_key: keys.signer.verifier.to_string(),
        instance_key: instance.verifier.to_string(),
    };
    let signed = instance.sign(&manifest.text().ok_or(Code::Internal)?);
    let frozen = proof::ActiveModel {
        ballot_id: Set(row.id),
        manifest: Set(signed),
        closing_record: Set(None),
        checkpoint: Set(None),
        blocks: Set(None),
    };
    proof::Entity::insert(frozen).exec_without_returning(on).await?;
    let mut opened: ballot::ActiveModel = row.into();
    opened.state = Set(State::Open);
    opened.opened_at = Set(Some(now));
    opened.roll_size = Set(Some(i32::try_from(size).map_err(|_| Code::Internal)?));
    opened.vote_body_length = Set(Some(i32::try_from(vote_body_length).map_err(|_| Code::Internal)?));
    opened.sealed_key = Set(Some(sealed_key));
    opened.opening_failed = Set(None);
    let ballot = opened.update(on).await?;
    Ok(Opened { ballot, people })
}

impl Nominee {
    fn of(row: candidate::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            description: row.description,
            logo: row.logo_digest.map(|digest| hex(&digest)),
        }
    }
}

/// A line of the roll to be: all that is kept of an elector, of whom there may be a million.
struct Line {
    leaf: Hash,
    salt: [u8; 16],
    unit_id: Uuid,
    person_id: Uuid,
    registration_id: Uuid,
}

impl Line {
    fn of(ballot_id: Uuid, salt: [u8; 16], elector: &roll::Elector) -> Self {
        Self {
            leaf: vote::roll_leaf(ballot_id, &salt, elector.unit_id, &elector.address),
            salt,
            unit_id: elector.unit_id,
            person_id: elector.person_id,
            registration_id: elector.facts.registration_id,
        }
    }
}

/// A roll that is complete.
struct Ordered {
    /// In order of unit, as SQLite keeps them: where a line lies says no more than its unit does.
    lines: Vec<Line>,
    root: Hash,
    people: Box<[u128]>,
}

impl Ordered {
    fn of(mut lines: Vec<Line>) -> Self {
        lines.sort_unstable_by_key(|line| line.leaf);
        let root = manifest::roll_root(lines.iter().map(|line| &line.leaf));
        let mut people: Box<[u128]> = lines.iter().map(|line| line.person_id.as_u128()).collect();
        people.sort_unstable();
        lines.sort_unstable_by_key(|line| line.unit_id);
        Self { lines, root, people }
    }
}

async fn freeze_roll(on: &impl ConnectionTrait, ballot_id: Uuid, lines: &[Line]) -> Result<(), Problem> {
    let backend = on.get_database_backend();
    let pages = lines.chunks(PAGE).map(|lines| {
        let ids = |of: fn(&Line) -> Uuid| Column::Uuid(lines.iter().map(of).collect());
        let bytes = |of: fn(&Line) -> Vec<u8>| Column::Bytes(lines.iter().map(of).collect());
        let rows = Rows(vec![
            ("unit_id", ids(|line| line.unit_id)),
            ("person_id", ids(|line| line.person_id)),
            ("registration_id", ids(|line| line.registration_id)),
            ("salt", bytes(|line| line.salt.to_vec())),
            ("leaf", bytes(|line| line.leaf.to_vec())),
        ]);
        let (source, values) = rows.source(backend, 2);
        let sql = format!(
            "INSERT INTO roll (ballot_id, unit_id, person_id, registration_id, salt, leaf) \
             SELECT $1, s.unit_id, s.person_id, s.registration_id, s.salt, s.leaf FROM {source} ORDER BY s.unit_id"
        );
        let values = std::iter::once(ballot_id.into()).chain(values);
        Ok::<_, Problem>(Statement::from_sql_and_values(backend, sql, values))
    });
    run_each(on, pages).await?;
    Ok(take_stock(on, "roll", lines.len()).await?)
}
