//! The vectors of `openapi/vectors.json`, against this implementation.

use serde_json::{Value, json};

use super::note::{self, Key};
use super::{Bundle, Hash, hash, hex, json::canonical, sha256, tree, unhex, uuid};

fn vectors(section: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../../openapi/vectors.json")).expect("JSON");
    file[section].as_array().expect("a section").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a number")).expect("small")
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().expect("an array")
}

#[test]
fn canonical_json() {
    for vector in vectors("canonical_json") {
        assert_eq!(json!(canonical(&vector["value"])), vector["text"]);
    }
}

#[test]
fn choices() {
    for vector in vectors("choices") {
        let candidates: Vec<String> = array(&vector["candidates"])
            .iter()
            .map(|id| text(id).to_owned())
            .collect();
        let found = super::choice::normalised(
            text(&vector["method"]),
            &vector["max_grade"],
            &candidates,
            &vector["choice"],
        );
        assert_eq!(json!(found), vector["canonical"], "{vector}");
    }
}

#[test]
fn nonces_and_vote_hashes() {
    for vector in vectors("nonces") {
        let bytes = super::nonce(text(&vector["text"])).map(|bytes| hex(&bytes));
        assert_eq!(json!(bytes), vector["bytes"], "{vector}");
    }
    for vector in vectors("vote_hashes") {
        let (ballot, nonce) = (uuid(text(&vector["ballot_id"])), super::nonce(text(&vector["nonce"])));
        let (ballot, nonce) = (ballot.expect("an id"), nonce.expect("a nonce"));
        let hash = sha256(&[
            b"palabre/vote/v1\0",
            &ballot,
            &nonce,
            text(&vector["canonical"]).as_bytes(),
        ]);
        assert_eq!(hex(&hash), vector["vote_hash"]);
    }
}

#[test]
fn vote_bodies() {
    for vector in vectors("vote_bodies") {
        let length = super::choice::body_length(
            text(&vector["method"]),
            &vector["max_grade"],
            number(&vector["candidates"]),
        );
        assert_eq!(json!(length), vector["length"], "{vector}");
    }
}

#[test]
fn rolls() {
    for vector in vectors("rolls") {
        let ballot = uuid(text(&vector["ballot_id"])).expect("an id");
        let mut leaves: Vec<(Vec<u8>, bool)> = array(&vector["voters"])
            .iter()
            .map(|voter| {
                let leaf = super::roll_leaf(&ballot, voter).expect("a line");
                assert_eq!(hex(&leaf), voter["leaf"]);
                (leaf.to_vec(), voter["voted"] == true)
            })
            .collect();
        leaves.sort();
        let voted: Vec<Vec<u8>> = leaves
            .iter()
            .filter(|(_, voted)| *voted)
            .map(|(leaf, _)| leaf.clone())
            .collect();
        assert_eq!(voted.len(), number(&vector["voted"]));
        let digest = sha256(&[b"palabre/voted/v1\0", &ballot, &voted.concat()]);
        assert_eq!(hex(&digest), vector["voted_digest"]);
        let leaves: Vec<Vec<u8>> = leaves.into_iter().map(|(leaf, _)| leaf).collect();
        assert_eq!(hex(&tree::root(&leaves)), vector["root"]);
    }
}

#[test]
fn trees() {
    for vector in vectors("trees") {
        let entries: Vec<Vec<u8>> = array(&vector["entries"])
            .iter()
            .map(|entry| unhex(text(entry)).expect("hex"))
            .collect();
        for (size, root) in array(&vector["roots"]).iter().enumerate() {
            assert_eq!(hex(&tree::root(&entries[..size])), *root);
        }
        for proof in array(&vector["paths"]) {
            let (index, size) = (number(&proof["index"]), number(&proof["size"]));
            let path: Vec<Hash> = array(&proof["path"])
                .iter()
                .map(|step| hash(text(step)).expect("a hash"))
                .collect();
            assert_eq!(tree::path(index, &entries[..size]), path);
            let root = tree::root_from_path(&entries[index], index, size, &path);
            assert_eq!(root, Some(tree::root(&entries[..size])));
            assert_ne!(tree::root_from_path(&entries[index], index + 1, size, &path), root);
        }
    }
}

#[test]
fn notes() {
    for vector in vectors("notes") {
        let key = Key::parse(text(&vector["verifier_key"])).expect("a key");
        let (note, said) = (text(&vector["note"]), text(&vector["text"]));
        assert_eq!(key.open(note), Some(said));
        assert_eq!(
            key.open(&note.replacen(said.split('\n').next().expect("a line"), "x", 1)),
            None
        );
    }
    for vector in vectors("promises") {
        let said = text(&vector["note"])
            .split_once("\n\n")
            .map(|(said, _)| format!("{said}\n"))
            .expect("a note");
        let expected = (
            text(&vector["origin"]),
            hash(text(&vector["vote_hash"])).expect("a hash"),
        );
        assert_eq!(note::promise(&said), Some(expected));
    }
    for vector in vectors("checkpoints") {
        let said = text(&vector["note"])
            .split_once("\n\n")
            .map(|(said, _)| format!("{said}\n"))
            .expect("a note");
        let root = hash(text(&vector["root"])).expect("a hash");
        assert_eq!(
            note::checkpoint(&said),
            Some((text(&vector["origin"]), number(&vector["size"]), root))
        );
    }
}

#[test]
fn elections() {
    for vector in vectors("elections") {
        let lines: Vec<&str> = array(&vector["bundle"]).iter().map(text).collect();
        let bundle = Bundle::read((lines.join("\n") + "\n").as_bytes()).expect("a sound bundle");
        assert_eq!(
            json!(canonical(&bundle.manifest).map(|text| text + "\n")),
            vector["manifest"]
        );
        assert_eq!(json!(canonical(&bundle.tally)), vector["tally"]);
        let proved = bundle.receipts(&vector["receipts"]).expect("sound receipts");
        let promised = array(&vector["promises"]).iter().map(|note| bundle.promise(text(note)));
        assert_eq!(promised.collect::<Result<Vec<_>, _>>(), Ok(proved));
    }
}
