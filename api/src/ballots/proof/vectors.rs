//! The vectors for other implementations, `openapi/vectors.json`: every output in that file is what
//! this code makes of the inputs beside it. The black-box tests run the same file through an
//! implementation that shares no code with this one.

use serde_json::{Value, json};
use uuid::Uuid;

use super::bundle::Line;
use super::canonical::canonical;
use super::manifest::{VotedDigest, checkpoint_text, parse_promise, promise_text, roll_root};
use super::merkle::{Frontier, Hash, leaf, path};
use super::note::{self, Signer, Verifier};
use super::verify::testing::{Election, check};
use super::verify::{Anchors, Conclusion};
use crate::ballots::choice::{Choice, Method};
use crate::ballots::paper::Paper;
use crate::ballots::vote::{self, Vote};
use crate::secrets::{from_hex, hex};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/vectors.json");

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn id(value: &Value) -> Uuid {
    text(value).parse().unwrap()
}

fn paper(vector: &Value, candidates: Vec<Uuid>) -> Paper {
    let max_grade = vector["max_grade"].as_u64().map(|grade| u8::try_from(grade).unwrap());
    Paper::new(text(&vector["method"]).parse().unwrap(), candidates, max_grade).unwrap()
}

fn hash(value: &Value) -> Hash {
    from_hex(text(value)).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let digits = text(value).as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn hexes(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| hex(hash)).collect()
}

/// The vector with the outputs that follow from its inputs.
fn fill(section: &str, vector: &mut Value) {
    match section {
        "canonical_json" => vector["text"] = json!(canonical(&vector["value"])),
        "choices" => {
            let candidates = vector["candidates"].as_array().unwrap().iter().map(id).collect();
            let choice = Choice::parse(&paper(vector, candidates), &vector["choice"]);
            vector["canonical"] = json!(choice.ok().map(|choice| choice.canonical()));
        }
        "nonces" => vector["bytes"] = json!(vote::nonce(text(&vector["text"])).map(|nonce| hex(&nonce))),
        "vote_hashes" => {
            let vote = Vote {
                canonical: text(&vector["canonical"]).to_owned(),
                nonce: vote::nonce(text(&vector["nonce"])).unwrap(),
            };
            vector["vote_hash"] = json!(hex(&vote.hash(id(&vector["ballot_id"]))));
        }
        "vote_bodies" => {
            let candidates = vector["candidates"].as_u64().unwrap().into();
            let candidates = (0..candidates).map(Uuid::from_u128).collect();
            vector["length"] = json!(vote::body_length(&paper(vector, candidates)));
        }
        "rolls" => fill_roll(vector),
        "trees" => fill_tree(vector),
        "notes" => fill_note(vector),
        "promises" => {
            let (origin, hash) = (text(&vector["origin"]), hash(&vector["vote_hash"]));
            let signer = Signer::new(origin, &from_hex(text(&vector["seed"])).unwrap()).unwrap();
            let promise = promise_text(origin, &hash);
            assert_eq!(parse_promise(&promise), Some((origin, hash)));
            vector["note"] = json!(signer.sign(&promise));
        }
        "checkpoints" => {
            let origin = text(&vector["origin"]);
            let signer = Signer::new(origin, &from_hex(text(&vector["seed"])).unwrap()).unwrap();
            let checkpoint = checkpoint_text(origin, vector["size"].as_u64().unwrap(), &hash(&vector["root"]));
            vector["note"] = json!(signer.sign(&checkpoint));
        }
        "elections" => fill_election(vector),
        other => panic!("no such section: {other}"),
    }
}

fn fill_roll(vector: &mut Value) {
    let ballot_id = id(&vector["ballot_id"]);
    let mut leaves = Vec::new();
    for voter in vector["voters"].as_array_mut().unwrap() {
        let salt = from_hex(text(&voter["salt"])).unwrap();
        let leaf = vote::roll_leaf(ballot_id, &salt, id(&voter["unit_id"]), text(&voter["address"]));
        voter["leaf"] = json!(hex(&leaf));
        leaves.push((leaf, voter["voted"] == true));
    }
    leaves.sort_unstable();
    let mut digest = VotedDigest::new(ballot_id);
    let voted = leaves.iter().filter(|(_, voted)| *voted);
    voted.for_each(|(leaf, _)| digest.push(leaf));
    let (voted, digest) = digest.finish();
    vector["root"] = json!(hex(&roll_root(leaves.iter().map(|(leaf, _)| leaf))));
    vector["voted"] = json!(voted);
    vector["voted_digest"] = json!(digest);
}

fn fill_tree(vector: &mut Value) {
    let entries = vector["entries"].as_array().unwrap();
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf(&bytes(entry))).collect();
    let mut tree = Frontier::default();
    let mut roots = vec![tree.root()];
    for leaf in &leaves {
        tree.push(*leaf);
        roots.push(tree.root());
    }
    vector["roots"] = json!(hexes(&roots));
    for proof in vector["paths"].as_array_mut().unwrap() {
        let number = |name: &str| usize::try_from(proof[name].as_u64().unwrap()).unwrap();
        let (index, size) = (number("index"), number("size"));
        proof["path"] = json!(hexes(&path(&[], &leaves[..size], index)));
    }
}

fn fill_note(vector: &mut Value) {
    if let Some(seed) = vector.get("seed") {
        let signer = Signer::new(text(&vector["name"]), &from_hex(text(seed)).unwrap()).unwrap();
        vector["note"] = json!(signer.sign(text(&vector["text"])));
        vector["verifier_key"] = json!(signer.verifier.to_string());
    }
    let key = Verifier::parse(text(&vector["verifier_key"])).unwrap();
    assert_eq!(key.open(text(&vector["note"])), Some(text(&vector["text"])));
}

fn fill_election(vector: &mut Value) {
    let election: Election = serde_json::from_value(vector["election"].clone()).unwrap();
    let parts = election.parts();
    let lines = parts.texts();
    assert_eq!(check(&lines, &parts.anchors()).conclusion(), Conclusion::Verified);
    assert_eq!(check(&lines, &Anchors::default()).conclusion(), Conclusion::NotAnchored);
    for line in parts.lines() {
        match line {
            Line::Manifest(note) => vector["manifest"] = json!(note::text(&note)),
            Line::ClosingRecord(record) => vector["closing_record"] = json!(record),
            Line::Tally(tally) => vector["tally"] = json!(canonical(&tally)),
            _ => {}
        }
    }
    vector["bundle"] = json!(lines);
    vector["receipts"] = parts.receipts("");
    vector["promises"] = parts.hashes.iter().map(|hash| json!(parts.promise(hash))).collect();
}

#[test]
fn the_vectors_are_what_this_code_makes() {
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let mut filled = committed.clone();
    for (section, vectors) in filled.as_object_mut().unwrap() {
        if section != "about" {
            let vectors = vectors.as_array_mut().unwrap();
            assert!(!vectors.is_empty(), "{section}");
            vectors.iter_mut().for_each(|vector| fill(section, vector));
        }
    }
    if std::env::var_os("WRITE_VECTORS").is_some() {
        std::fs::write(FILE, serde_json::to_string_pretty(&filled).unwrap() + "\n").unwrap();
        return;
    }
    for (section, vectors) in filled.as_object().unwrap() {
        assert_eq!(vectors, &committed[section], "{section}: see \"about\" in {FILE}");
    }
}

/// Every method has its form, its blank and its election among the vectors.
#[test]
fn the_vectors_know_every_method() {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    for method in Method::ALL {
        let of_method = |vector: &&Value| vector["method"] == method.as_str() && vector["canonical"].is_string();
        let choices = file["choices"].as_array().unwrap().iter().filter(of_method);
        assert!(choices.count() >= 2, "{method:?}: choices");
        let held = |vector: &Value| vector["election"]["method"] == method.as_str();
        assert!(
            file["elections"].as_array().unwrap().iter().any(held),
            "{method:?}: elections"
        );
    }
}
