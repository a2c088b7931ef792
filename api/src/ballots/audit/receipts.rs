//! Receipts: proofs that vote hashes are in the tree. Asked by a prefix, so that the request does
//! not say whose hash it is; never logged with an address.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, QuerySelect as _};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{FOR_EVER, Sealed, find, sealed};
use crate::app::App;
use crate::ballots::casting::{first_from, opening};
use crate::ballots::proof::manifest::Manifest;
use crate::ballots::proof::merkle::{self, BLOCK, Hash};
use crate::ballots::proof::note;
use crate::http::{Code, Fault, Problem, Query};
use crate::secrets::hex;

/// Proofs for every vote hash with one prefix.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "checkpoint": "palabre.example.org/v1/ballots/01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e\n42\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— palabre.example.org/v1/ballots/01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n",
    "receipts": [{
        "vote_hash": "5c1c0c9a2f2f0f3bb8a1d9b4c0f5f8f6c8e2f2f8d4f7d3b8c1a0f9e8d7c6b5a4", "index": 17,
        "path": ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"]
    }]
}))]
pub struct Receipts {
    /// The signed head of the tree (C2SP tlog-checkpoint)
    checkpoint: String,
    /// In order of hash; none when no vote hash has this prefix
    receipts: Vec<Receipt>,
}

#[derive(Serialize, ToSchema)]
pub struct Receipt {
    vote_hash: String,
    /// Place in the tree, from 0, the manifest's; a vote's is at least 1 and at most size − 2
    index: u64,
    /// Audit path of RFC 6962 §2.1.1, from the leaf upwards, in hex
    path: Vec<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The first 2 to 6 hex digits of the vote hash
    #[param(example = "5c1c")]
    prefix: String,
}

/// Read receipts
///
/// The proof, once the votes are counted, that a vote hash is in the tree. Ask with the first digits
/// of your hash and look for it among the answers. For anyone who has the link.
#[utoipa::path(
    get, path = "/v1/ballots/{ballot_id}/receipts", params(Asked), responses((status = 200, body = Receipts))
)]
pub async fn read_receipts(app: Data<App>, id: Path<Uuid>, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    let Some((low, high)) = range(&asked.0.prefix) else {
        return Err(Problem::from(Code::MalformedQuery).faults(vec![Fault::new("?prefix", "not_a_prefix")]));
    };
    let snapshot = app.store.snapshot().await?;
    let (ballot, proof) = find(&snapshot, *id).await?;
    let sealed = sealed(&ballot, proof)?;
    let mut select = opening::Entity::find()
        .select_only()
        .columns([opening::Column::Position, opening::Column::VoteHash])
        .filter(opening::Column::BallotId.eq(*id))
        .filter(opening::Column::Position.gte(first_from(&snapshot, *id, &low).await?));
    if let Some(high) = high {
        let end = first_from(&snapshot, *id, &high).await?;
        select = select.filter(opening::Column::Position.lt(end));
    }
    let wanted: Vec<(i32, Vec<u8>)> = select
        .order_by_asc(opening::Column::Position)
        .into_tuple()
        .all(&snapshot)
        .await?;
    let receipts = prove(&snapshot, *id, &sealed, wanted).await?;
    let answer = Receipts {
        checkpoint: sealed.checkpoint,
        receipts,
    };
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", FOR_EVER))
        .json(answer))
}

/// Equal hashes and equal prefixes are neighbours in the tree, so few blocks are read.
async fn prove(
    on: &impl ConnectionTrait,
    id: Uuid,
    sealed: &Sealed,
    wanted: Vec<(i32, Vec<u8>)>,
) -> Result<Vec<Receipt>, Problem> {
    let roots: Vec<Hash> = sealed.blocks.as_chunks::<32>().0.to_vec();
    let mut receipts = Vec::with_capacity(wanted.len());
    let mut block: Option<(usize, Vec<Hash>)> = None;
    for (position, hash) in wanted {
        let index = usize::try_from(position).map_err(|_| Code::Internal)?;
        if block.as_ref().is_none_or(|(number, _)| *number != index / BLOCK) {
            block = Some((index / BLOCK, leaves(on, id, sealed, index / BLOCK).await?));
        }
        let leaves = block.as_ref().map_or(&[][..], |(_, leaves)| leaves);
        let path = merkle::path(&roots, leaves, index);
        receipts.push(Receipt {
            vote_hash: hex(&hash),
            index: index as u64,
            path: path.iter().map(|hash| hex(hash)).collect(),
        });
    }
    Ok(receipts)
}

/// Leaf hashes of one block of the tree.
async fn leaves(on: &impl ConnectionTrait, id: Uuid, sealed: &Sealed, block: usize) -> Result<Vec<Hash>, Problem> {
    let first = block * BLOCK;
    let bound = |index: usize| i32::try_from(index).map_err(|_| Code::Internal);
    let hashes: Vec<Vec<u8>> = opening::Entity::find()
        .select_only()
        .column(opening::Column::VoteHash)
        .filter(opening::Column::BallotId.eq(id))
        .filter(opening::Column::Position.gte(bound(first)?))
        .filter(opening::Column::Position.lt(bound(first + BLOCK)?))
        .order_by_asc(opening::Column::Position)
        .into_tuple()
        .all(on)
        .await?;
    let mut leaves: Vec<Hash> = hashes.iter().map(|hash| merkle::leaf(hash)).collect();
    if block == 0 {
        let manifest = note::text(&sealed.manifest)
            .and_then(Manifest::parse)
            .ok_or(Code::Internal)?;
        leaves.insert(0, merkle::leaf(manifest.text().ok_or(Code::Internal)?.as_bytes()));
    }
    // The closing record is the last entry of the last block, or alone in a block of its own.
    if leaves.len() < BLOCK {
        leaves.push(merkle::leaf(sealed.closing_record.as_bytes()));
    }
    Ok(leaves)
}

/// The hashes with a prefix: from the first value to, exclusively, the second, if there is one.
fn range(prefix: &str) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    if !(2..=6).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(prefix, 16).ok()?;
    let shift = 4 * (6 - u32::try_from(prefix.len()).ok()?);
    let bytes = |value: u32| {
        let [_, rest @ ..] = value.to_be_bytes();
        rest.to_vec()
    };
    let next = (value + 1) << shift;
    Some((bytes(value << shift), (next < 1 << 24).then(|| bytes(next))))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn a_prefix_is_a_range_of_hashes() {
        assert_eq!(range("ab"), Some((vec![0xab, 0, 0], Some(vec![0xac, 0, 0]))));
        assert_eq!(range("aBc"), Some((vec![0xab, 0xc0, 0], Some(vec![0xab, 0xd0, 0]))));
        assert_eq!(range("00ffff"), Some((vec![0, 0xff, 0xff], Some(vec![1, 0, 0]))));
        assert_eq!(range("ff"), Some((vec![0xff, 0, 0], None)));
        for wrong in ["", "a", "abcdef0", "xy", "+1"] {
            assert_eq!(range(wrong), None);
        }
    }
}
