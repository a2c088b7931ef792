//! A bundle, a receipt, a promise.

use serde_json::{Value, json};

use super::choice::normalised;
use super::note::{self, Key};
use super::{Checked, Hash, count, fault, hash, hex, json, nonce, sha256, tree, uuid};

/// A bundle in which everything was found to fit together.
pub struct Bundle {
    origin: String,
    ballot_key: Key,
    hashes: Vec<Hash>,
    size: usize,
    root: Hash,
    pub tally: Value,
    pub manifest: Value,
}

fn must(holds: bool, else_why: &str) -> Checked<()> {
    if holds { Ok(()) } else { fault(else_why) }
}

/// The members of these kinds that come next, in lines `{"<kind>": …}`.
fn take<'l>(lines: &mut std::iter::Peekable<impl Iterator<Item = &'l Value>>, kind: &str) -> Vec<&'l Value> {
    let mut taken = Vec::new();
    while let Some(value) = lines.peek().and_then(|line| line.get(kind)) {
        taken.push(value);
        lines.next();
    }
    taken
}

fn text(value: &Value) -> Checked<&str> {
    value.as_str().ok_or("not a text".into())
}

fn hash_of(value: &Value) -> Checked<Hash> {
    value.as_str().and_then(hash).ok_or("not a hash".into())
}

fn only(members: &Value, names: &[&str]) -> Checked<()> {
    let found: Option<Vec<&String>> = members.as_object().map(|members| members.keys().collect());
    must(
        found.is_some_and(|found| found == names),
        "other members than those specified",
    )
}

impl Bundle {
    pub fn read(bytes: &[u8]) -> Checked<Self> {
        let all = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
        let all = all.strip_suffix('\n').ok_or("cut short")?;
        let lines: Option<Vec<Value>> = all.split('\n').map(json::parse).collect();
        let lines = lines.ok_or("a line that is not canonical JSON")?;
        let one_member = |line: &Value| line.as_object().is_some_and(|members| members.len() == 1);
        must(lines.iter().all(one_member), "a line of another shape")?;
        let mut lines = lines.iter().peekable();
        let manifests = take(&mut lines, "manifest");
        let roll = take(&mut lines, "roll");
        let hashes = take(&mut lines, "vote_hash");
        let records = take(&mut lines, "closing_record");
        let checkpoints = take(&mut lines, "checkpoint");
        let openings = take(&mut lines, "opening");
        let tallies = take(&mut lines, "tally");
        must(lines.next().is_none(), "lines out of order")?;
        let ([manifest], [record], [checkpoint], [tally]) =
            (&manifests[..], &records[..], &checkpoints[..], &tallies[..])
        else {
            return fault("something is missing or there twice");
        };

        let (manifest_text, manifest, ballot_key) = read_manifest(text(manifest)?)?;
        let ballot_id = manifest["ballot_id"].as_str().and_then(uuid).ok_or("no ballot")?;
        let hashes: Vec<Hash> = hashes.into_iter().map(hash_of).collect::<Checked<_>>()?;
        must(hashes.is_sorted(), "votes out of order")?;
        let (voted, voted_digest) = read_roll(&roll, &manifest, &ballot_id)?;
        must(voted == hashes.len(), "not one vote each")?;

        let record_text = text(record)?;
        let record = json::parse(record_text).ok_or("no closing record")?;
        let tally_text = json::canonical(tally).ok_or("no tally")?;
        let expected = json!({
            "format": "palabre/closing/v1", "ballot_id": manifest["ballot_id"], "opened_at": manifest["opened_at"],
            "closed_at": record["closed_at"], "voted": voted, "voted_digest": hex(&voted_digest), "votes": hashes.len(),
            "blanks": tally["blanks"], "tally_digest": hex(&sha256(&[tally_text.as_bytes()])),
        });
        must(
            record == expected && record["closed_at"].is_string(),
            "another closing record",
        )?;
        must(tally["votes"] == hashes.len(), "another number of votes")?;

        let mut entries = vec![manifest_text.as_bytes().to_vec()];
        entries.extend(hashes.iter().map(|hash| hash.to_vec()));
        entries.push(record_text.as_bytes().to_vec());
        let origin = text(&manifest["origin"])?.to_owned();
        let bundle = Self {
            ballot_key,
            size: entries.len(),
            root: tree::root(&entries),
            hashes,
            tally: (*tally).clone(),
            origin,
            manifest,
        };
        bundle.checkpoint(text(checkpoint)?)?;
        if !openings.is_empty() || bundle.hashes.is_empty() {
            bundle.recount(&openings, &ballot_id)?;
        }
        Ok(bundle)
    }

    /// Of a ballot with openings.
    fn recount(&self, openings: &[&Value], ballot_id: &[u8]) -> Checked<()> {
        must(openings.len() == self.hashes.len(), "not an opening for each vote")?;
        let method = text(&self.manifest["method"])?;
        let candidates: Vec<String> = self.manifest["candidates"]
            .as_array()
            .ok_or("no candidates")?
            .iter()
            .map(|candidate| text(&candidate["id"]).map(str::to_owned))
            .collect::<Checked<_>>()?;
        let mut chosen = Vec::new();
        for (opening, hash) in openings.iter().zip(&self.hashes) {
            only(opening, &["choice", "nonce"])?;
            let choice = json::canonical(&opening["choice"]).ok_or("no choice")?;
            let nonce = opening["nonce"].as_str().and_then(nonce).ok_or("no nonce")?;
            must(
                sha256(&[b"palabre/vote/v1\0", ballot_id, &nonce, choice.as_bytes()]) == *hash,
                "an opening of another vote",
            )?;
            let allowed = normalised(method, &self.manifest["max_grade"], &candidates, &opening["choice"]);
            must(allowed == Some(choice), "a choice that is not allowed")?;
            if opening["choice"]["blank"].is_null() {
                chosen.push(opening["choice"].clone());
            }
        }
        must(self.tally["valid"] == chosen.len(), "another number of valid votes")?;
        must(
            self.tally["blanks"] == self.hashes.len() - chosen.len(),
            "another number of blank votes",
        )?;
        count::check(method, &candidates, &chosen, &self.tally)
    }

    pub fn checkpoint(&self, note: &str) -> Checked<()> {
        let text = self
            .ballot_key
            .open(note)
            .ok_or("a checkpoint that the ballot's key has not signed")?;
        let expected = (self.origin.as_str(), self.size, self.root);
        must(
            note::checkpoint(text) == Some(expected),
            "the checkpoint of another tree",
        )
    }

    /// The answer of `GET …/receipts`: whose hashes it proves.
    pub fn receipts(&self, answer: &Value) -> Checked<Vec<Hash>> {
        self.checkpoint(text(&answer["checkpoint"])?)?;
        let receipts = answer["receipts"].as_array().ok_or("no receipts")?;
        let prove = |receipt: &Value| {
            let hash = hash_of(&receipt["vote_hash"])?;
            let index = receipt["index"].as_u64().ok_or("no index")?;
            let index = usize::try_from(index).map_err(|_| "no index")?;
            let path = receipt["path"].as_array().ok_or("no path")?;
            let path: Vec<Hash> = path.iter().map(hash_of).collect::<Checked<_>>()?;
            must(
                1 <= index && index + 2 <= self.size,
                "the place of manifest or closing record",
            )?;
            let root = tree::root_from_path(&hash, index, self.size, &path);
            must(root == Some(self.root), "a path that leads elsewhere")?;
            Ok(hash)
        };
        receipts.iter().map(prove).collect()
    }

    pub fn promise(&self, note: &str) -> Checked<Hash> {
        let text = self
            .ballot_key
            .open(note)
            .ok_or("a promise that the ballot's key has not signed")?;
        match note::promise(text) {
            Some((origin, hash)) if origin == self.origin && self.hashes.contains(&hash) => Ok(hash),
            _ => fault("a promise that is not kept"),
        }
    }
}

/// Its text as it was signed, what it says, and the ballot's key.
fn read_manifest(note: &str) -> Checked<(String, Value, Key)> {
    let said = note.split('\n').next().and_then(json::parse).ok_or("no manifest")?;
    only(
        &said,
        &[
            "ballot_id",
            "blanks_count",
            "candidates",
            "closes_at",
            "description",
            "eligibility",
            "format",
            "instance_key",
            "kind",
            "max_grade",
            "method",
            "opened_at",
            "openings",
            "origin",
            "question",
            "quorum_percent",
            "roll",
            "unit",
            "verifier_key",
            "workshop_id",
        ],
    )?;
    let instance_key = Key::parse(text(&said["instance_key"])?).ok_or("no instance's key")?;
    let ballot_key = Key::parse(text(&said["verifier_key"])?).ok_or("no ballot's key")?;
    let signed = instance_key
        .open(note)
        .ok_or("a manifest that the instance has not signed")?;
    must(
        signed.trim_end_matches('\n').lines().count() == 1,
        "a manifest of several lines",
    )?;
    must(said["format"] == "palabre/manifest/v1", "another format")?;
    let ballot = text(&said["ballot_id"])?;
    must(
        said["origin"] == json!(format!("{}/v1/ballots/{ballot}", instance_key.name)),
        "the origin of another ballot",
    )?;
    must(said["origin"] == json!(ballot_key.name), "the key of another ballot")?;
    let candidates = said["candidates"].as_array().ok_or("no candidates")?;
    let ids: Vec<&str> = candidates.iter().map(|one| text(&one["id"])).collect::<Checked<_>>()?;
    must(
        ids.len() > 1 && ids.is_sorted_by(|a, b| a < b),
        "candidates out of order",
    )?;
    Ok((signed.to_owned(), said, ballot_key))
}

/// How many voted, and the digest of their leaves.
fn read_roll(roll: &[&Value], manifest: &Value, ballot_id: &[u8]) -> Checked<(usize, Hash)> {
    let mut leaves = Vec::new();
    let mut voted = vec![b"palabre/voted/v1\0".to_vec(), ballot_id.to_vec()];
    for line in roll {
        only(line, &["leaf", "voted"])?;
        let leaf = hash_of(&line["leaf"])?.to_vec();
        match line["voted"] {
            Value::Bool(true) => voted.push(leaf.clone()),
            Value::Bool(false) => {}
            _ => return fault("neither voted nor not"),
        }
        leaves.push(leaf);
    }
    must(leaves.is_sorted_by(|a, b| a < b), "the roll out of order")?;
    let expected = json!({"size": leaves.len(), "root": hex(&tree::root(&leaves))});
    must(manifest["roll"] == expected, "another roll")?;
    Ok((voted.len() - 2, sha256(&[&voted.concat()])))
}
