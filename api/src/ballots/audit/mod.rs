//! What auditors and voters take home: manifest, checkpoint, receipts, the bundle that `palabre
//! verify` reads, and the instance's keys. Nothing here exists before it was signed, and nothing
//! says who asks for which hash.

mod bundle;
mod receipts;

pub use bundle::{__path_read_audit, read_audit};
pub use receipts::{__path_read_receipts, read_receipts};

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, EntityTrait as _};
use serde::Serialize;
use utoipa::ToSchema;

use super::entity::{State, ballot, proof};
use super::proof::note::Verifier;
use crate::app::App;
use crate::http::{Code, Problem};
use crate::instant::Instant;
use crate::signing_keys::{self, Purpose};

const NOTE: &str = "text/plain; charset=utf-8";

/// A ballot that was opened at some time, with what was signed for it.
async fn find(on: &impl ConnectionTrait, id: Uuid) -> Result<(ballot::Model, proof::Model), Problem> {
    let ballot = ballot::find(on, id).await?;
    // A draft is not for everyone to know of.
    let proof = proof::Entity::find_by_id(id).one(on).await?.ok_or(Code::NotFound)?;
    Ok((ballot, proof))
}

/// What was signed at counting, or why there is nothing yet.
struct Sealed {
    manifest: String,
    closing_record: String,
    checkpoint: String,
    blocks: Vec<u8>,
}

fn sealed(ballot: &ballot::Model, proof: proof::Model) -> Result<Sealed, Problem> {
    match (proof.closing_record, proof.checkpoint, proof.blocks) {
        (Some(closing_record), Some(checkpoint), Some(blocks)) => Ok(Sealed {
            manifest: proof.manifest,
            closing_record,
            checkpoint,
            blocks,
        }),
        _ if ballot.count_failed.is_some() => {
            let why = ballot.count_failed.as_deref().unwrap_or_default();
            Err(Problem::from(Code::BallotCountFailed).with("why", why))
        }
        _ if ballot.state == State::Closed => Err(Code::BallotCounting.into()),
        _ => Err(Problem::state(Code::BallotNotClosed, ballot.state)),
    }
}

fn note(text: String, cache: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(NOTE)
        .insert_header(("cache-control", cache))
        .body(text)
}

/// Never changes once it is there.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Read the manifest
///
/// What was frozen at opening, signed with the instance's key (C2SP signed-note): one line of
/// canonical JSON, an empty line, the signature. For anyone who has the link.
#[utoipa::path(
    get, path = "/v1/ballots/{ballot_id}/manifest",
    responses((status = 200, description = "A signed note", body = String, content_type = "text/plain"))
)]
pub async fn read_manifest(app: Data<App>, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let (_, proof) = find(app.store.reader(), *id).await?;
    Ok(note(proof.manifest, FOR_EVER))
}

/// Read the checkpoint
///
/// Size and root of the tree over manifest, vote hashes and closing record, signed with the ballot's
/// key (C2SP tlog-checkpoint). Keep it: a checkpoint obtained once anchors every later audit.
#[utoipa::path(
    get, path = "/v1/ballots/{ballot_id}/checkpoint",
    responses((status = 200, description = "A signed note", body = String, content_type = "text/plain"))
)]
pub async fn read_checkpoint(app: Data<App>, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let (ballot, proof) = find(app.store.reader(), *id).await?;
    Ok(note(sealed(&ballot, proof)?.checkpoint, FOR_EVER))
}

/// The keys that sign manifests, in use and retired.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"keys": [{
    "verifier_key": "palabre.example.org+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "created_at": "2020-08-01T08:00:00Z", "retired_at": null
}]}))]
pub struct InstanceKeys {
    keys: Vec<InstanceKey>,
}

#[derive(Serialize, ToSchema)]
pub struct InstanceKey {
    /// Name, id and Ed25519 public key, as in C2SP signed-note
    verifier_key: String,
    created_at: Instant,
    /// Null while it signs
    retired_at: Option<Instant>,
}

/// Read the manifest-signing keys
///
/// Compare them with those you obtained elsewhere: what a server says of its own key proves nothing.
#[utoipa::path(get, path = "/.well-known/palabre-keys", responses((status = 200, body = InstanceKeys)))]
pub async fn read_instance_keys(app: Data<App>) -> Result<HttpResponse, Problem> {
    let rows = signing_keys::all(app.store.reader(), Purpose::Manifest).await?;
    let key = |row: signing_keys::table::Model| {
        let verifier = Verifier {
            public: row.public.try_into().ok()?,
            name: row.name,
        };
        Some(InstanceKey {
            verifier_key: verifier.to_string(),
            created_at: row.created_at,
            retired_at: row.retired_at,
        })
    };
    let keys = InstanceKeys {
        keys: rows.into_iter().filter_map(key).collect(),
    };
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "public, max-age=300"))
        .json(keys))
}
