//! Whoever rewrites a bundle from the first line to the last, computes every digest and the tree
//! anew and signs with keys of their own: nothing in the bundle gives them away, the anchors do.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::desk::Desk;
use super::election::Election;
use crate::independent::{Bundle, canonical, hex, root, sha256, unhex, uuid};
use crate::support::World;

pub async fn none_passes(world: &World) {
    let election = Election::hold(world, "plurality", "auditors").await;
    let desk = Desk::new(&election);
    let untouched = Forgery::of(&election);
    let mut stuffed = untouched.clone();
    stuffed.stuff();
    let mut replaced = untouched.clone();
    replaced.replace();
    for (what, forgery) in [
        ("the same story", untouched),
        ("an abstainer voted", stuffed),
        ("a vote replaced", replaced),
    ] {
        let forged = forgery.signed();
        desk.save("bundle", forged.as_bytes());
        // It all fits together, and so both programs say; neither says that it is verified.
        let told = desk.verify(&[""; 0]).await.ends(3);
        assert_eq!(told.failed(), [""; 0], "{what}");
        let bundle = Bundle::read(forged.as_bytes()).expect("a bundle that fits together");
        assert!(bundle.checkpoint(&election.checkpoint).is_err(), "{what}");
        for (arguments, failed) in [
            (["--checkpoint", "checkpoint"], vec!["anchor", "anchor_checkpoint"]),
            (["--receipt", "receipts.0"], vec!["anchor", "anchor_receipt"]),
            (["--promise", "promise.0"], vec!["anchor_promise"]),
            (["--promise", "answer.0"], vec!["anchor_promise"]),
            (["--key", &election.instance_key], vec!["anchor_key"]),
            (["--key", &election.ballot_key], vec!["anchor_key"]),
        ] {
            let told = desk.verify(&arguments).await.ends(1);
            assert_eq!(told.failed(), failed, "{what}");
        }
    }
    // Another ballot of the same server, by the same instance's key.
    let other = Election::hold(world, "plurality", "auditors").await;
    desk.save("bundle", &other.bundle);
    desk.verify(&["--key", &election.instance_key]).await.ends(3);
    for arguments in [
        ["--checkpoint", "checkpoint"],
        ["--receipt", "receipts.0"],
        ["--promise", "promise.0"],
    ] {
        desk.verify(&arguments).await.ends(1);
    }
}

#[derive(Clone)]
struct Forgery {
    manifest: Value,
    record: Value,
    tally: Value,
    /// Leaf and whether they voted.
    roll: Vec<(Vec<u8>, bool)>,
    /// Hash, choice and nonce.
    votes: Vec<(Vec<u8>, Value, Vec<u8>)>,
}

impl Forgery {
    fn of(election: &Election) -> Self {
        let text = std::str::from_utf8(&election.bundle).expect("UTF-8");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let of = |kind: &str| {
            lines
                .iter()
                .filter_map(|line| line.get(kind))
                .cloned()
                .collect::<Vec<_>>()
        };
        let inner = |kind: &str| {
            let held = of(kind)[0].as_str().expect("a text").to_owned();
            serde_json::from_str(held.lines().next().expect("a line")).expect("JSON")
        };
        let bytes = |value: &Value| unhex(value.as_str().expect("hex")).expect("hex");
        let vote = |(hash, opening): (&Value, &Value)| {
            let nonce = URL_SAFE_NO_PAD
                .decode(opening["nonce"].as_str().expect("a nonce"))
                .expect("base64url");
            (bytes(hash), opening["choice"].clone(), nonce)
        };
        Self {
            manifest: inner("manifest"),
            record: inner("closing_record"),
            tally: of("tally")[0].clone(),
            roll: of("roll")
                .iter()
                .map(|line| (bytes(&line["leaf"]), line["voted"] == true))
                .collect(),
            votes: of("vote_hash").iter().zip(&of("opening")).map(vote).collect(),
        }
    }

    fn ballot(&self) -> Vec<u8> {
        uuid(self.manifest["ballot_id"].as_str().expect("an id")).expect("an id")
    }

    fn cast(&mut self, choice: Value) {
        let nonce = vec![7; 32];
        let text = canonical(&choice).expect("a choice");
        let hash = sha256(&[b"palabre/vote/v1\0", &self.ballot(), &nonce, text.as_bytes()]);
        self.votes.push((hash.to_vec(), choice, nonce));
        self.votes.sort_by(|a, b| a.0.cmp(&b.0));
        let blank = |vote: &&(Vec<u8>, Value, Vec<u8>)| !vote.1["blank"].is_null();
        let blanks = self.votes.iter().filter(blank).count();
        let counts = self.tally["working"]["counts"].as_array_mut().expect("counts");
        let mut most = 0;
        for count in counts.iter_mut() {
            let votes = self
                .votes
                .iter()
                .filter(|vote| vote.1["candidate"] == count["candidate"])
                .count();
            count["votes"] = json!(votes);
            most = most.max(votes);
        }
        let winners: Vec<Value> = counts
            .iter()
            .filter(|count| count["votes"] == most)
            .map(|count| count["candidate"].clone())
            .collect();
        self.tally["outcome"] = json!({"tie": winners.len() > 1, "winners": winners});
        self.tally["votes"] = json!(self.votes.len());
        self.tally["blanks"] = json!(blanks);
        self.tally["valid"] = json!(self.votes.len() - blanks);
    }

    /// A vote for who did not come.
    fn stuff(&mut self) {
        let abstainer = self.roll.iter_mut().find(|line| !line.1);
        abstainer.expect("an abstainer").1 = true;
        self.cast(json!({ "candidate": self.manifest["candidates"][2]["id"] }));
    }

    /// A winner's vote becomes another's.
    fn replace(&mut self) {
        let winner = self.tally["outcome"]["winners"][0].clone();
        let place = self
            .votes
            .iter()
            .position(|vote| vote.1["candidate"] == winner)
            .expect("a vote");
        self.votes.remove(place);
        self.cast(json!({ "candidate": self.manifest["candidates"][2]["id"] }));
    }

    fn signed(mut self) -> String {
        let origin = self.manifest["origin"].as_str().expect("an origin").to_owned();
        let name = origin.split("/v1/").next().expect("a name").to_owned();
        let (instance, ballot) = (Pen::new(&name, [1; 32]), Pen::new(&origin, [2; 32]));
        let leaves: Vec<Vec<u8>> = self.roll.iter().map(|line| line.0.clone()).collect();
        self.manifest["roll"] = json!({"size": leaves.len(), "root": hex(&root(&leaves))});
        self.manifest["instance_key"] = json!(instance.verifier_key());
        self.manifest["verifier_key"] = json!(ballot.verifier_key());
        let voted: Vec<Vec<u8>> = self
            .roll
            .iter()
            .filter(|line| line.1)
            .map(|line| line.0.clone())
            .collect();
        let digest = sha256(&[b"palabre/voted/v1\0", &self.ballot(), &voted.concat()]);
        let tally = canonical(&self.tally).expect("a tally");
        self.record["voted"] = json!(voted.len());
        self.record["voted_digest"] = json!(hex(&digest));
        self.record["votes"] = json!(self.votes.len());
        self.record["blanks"] = self.tally["blanks"].clone();
        self.record["tally_digest"] = json!(hex(&sha256(&[tally.as_bytes()])));
        let manifest = canonical(&self.manifest).expect("a manifest") + "\n";
        let record = canonical(&self.record).expect("a record");
        let mut entries = vec![manifest.as_bytes().to_vec()];
        entries.extend(self.votes.iter().map(|vote| vote.0.clone()));
        entries.push(record.as_bytes().to_vec());
        let checkpoint = format!("{origin}\n{}\n{}\n", entries.len(), STANDARD.encode(root(&entries)));

        let mut lines = vec![json!({"manifest": instance.sign(&manifest)})];
        lines.extend(
            self.roll
                .iter()
                .map(|(leaf, voted)| json!({"roll": {"leaf": hex(leaf), "voted": voted}})),
        );
        lines.extend(self.votes.iter().map(|vote| json!({"vote_hash": hex(&vote.0)})));
        lines.push(json!({ "closing_record": record }));
        lines.push(json!({"checkpoint": ballot.sign(&checkpoint)}));
        lines.extend(
            self.votes.iter().map(
                |(_, choice, nonce)| json!({"opening": {"choice": choice, "nonce": URL_SAFE_NO_PAD.encode(nonce)}}),
            ),
        );
        lines.push(json!({"tally": self.tally}));
        lines
            .iter()
            .map(|line| canonical(line).expect("a line") + "\n")
            .collect()
    }
}

/// What signs notes.
pub struct Pen(String, Ed25519KeyPair);

impl Pen {
    pub fn new(name: &str, seed: [u8; 32]) -> Self {
        Self(name.into(), Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key"))
    }

    fn key(&self) -> Vec<u8> {
        [&[1], self.1.public_key().as_ref()].concat()
    }

    fn id(&self) -> Vec<u8> {
        sha256(&[self.0.as_bytes(), b"\n", &self.key()])[..4].to_vec()
    }

    fn verifier_key(&self) -> String {
        format!("{}+{}+{}", self.0, hex(&self.id()), STANDARD.encode(self.key()))
    }

    pub fn sign(&self, text: &str) -> String {
        let signature = [self.id(), self.1.sign(text.as_bytes()).as_ref().to_vec()].concat();
        format!("{text}\n— {} {}\n", self.0, STANDARD.encode(signature))
    }
}
