//! A small election, held through the API, and what its people take home.

use serde_json::{Value, json};

use crate::support::{Person, World};
use crate::voting::{Hall, Vote};

pub const METHODS: [&str; 7] = [
    "plurality",
    "approval",
    "instant_runoff",
    "schulze",
    "borda",
    "score",
    "majority_judgment",
];

/// Five vote, the sixth and the organiser abstain: one vote is blank, and two are the very same, nonce and all.
pub struct Election {
    pub hall: Hall,
    member: Person,
    pub auditor: Person,
    pub votes: Vec<Vote>,
    /// As the votes were answered.
    pub answers: Vec<String>,
    pub promises: Vec<String>,
    /// As auditors get it.
    pub bundle: Vec<u8>,
    pub checkpoint: String,
    /// The answers for the first digits of each vote's hash.
    pub receipts: Vec<String>,
    pub instance_key: String,
    pub ballot_key: String,
}

fn choice(method: &str, candidates: &[Value], number: usize) -> Value {
    let candidate = &candidates[number];
    match method {
        "plurality" => json!({ "candidate": candidate }),
        "approval" => json!({ "candidates": [candidate] }),
        "score" | "majority_judgment" => {
            let grade = |id: &Value| {
                let name = id.as_str().expect("an id").to_owned();
                (name, json!(if id == candidate { 5 } else { 1 }))
            };
            json!({ "grades": candidates.iter().map(grade).collect::<serde_json::Map<_, _>>() })
        }
        _ => json!({ "ranking": [[candidate]] }),
    }
}

impl Election {
    pub async fn hold(world: &World, method: &str, openings: &str) -> Self {
        let ballot = json!({"question": "Quel logo ?", "method": method, "openings": openings, "quorum_percent": 50});
        let hall = Hall::new(world, 6, ballot).await;
        let auditor = hall.workshop.member("auditor", "auditor@example.org").await;
        hall.open().await;
        let mut votes: Vec<Vote> = [1, 0, 1]
            .map(|number| Vote::new(choice(method, &hall.candidates, number)))
            .into();
        votes.push(votes[2].clone());
        votes.push(Vote::new(json!({"blank": true})));
        let (mut answers, mut promises) = (Vec::new(), Vec::new());
        for (voter, vote) in hall.voters.iter().zip(&votes) {
            let answer = voter.post(&hall.at("votes"), vote.body()).await.expect(201);
            assert_eq!(answer["vote_hash"], vote.hash(hall.id()));
            promises.push(answer.text_of("promise"));
            answers.push(answer.text());
        }
        hall.workshop.organiser.act(&hall.at("close")).await.expect(200);
        let anyone = world.anonymous();
        let mut receipts = Vec::new();
        for vote in &votes {
            let prefix: String = vote.hash(hall.id()).chars().take(4).collect();
            let path = hall.at(&format!("receipts?prefix={prefix}"));
            receipts.push(anyone.get(&path).await.expect(200).text());
        }
        let manifest = anyone.get(&hall.at("manifest")).await.expect(200).text();
        let manifest: Value = serde_json::from_str(manifest.lines().next().expect("a line")).expect("JSON");
        let keys = anyone.get("/.well-known/palabre-keys").await.expect(200).json();
        let key = |key: &Value| key.as_str().expect("a key").to_owned();
        Self {
            bundle: auditor.get(&hall.at("audit")).await.expect(200).body,
            checkpoint: anyone.get(&hall.at("checkpoint")).await.expect(200).text(),
            instance_key: key(&keys["keys"][0]["verifier_key"]),
            ballot_key: key(&manifest["verifier_key"]),
            member: hall.voters[5].clone(),
            auditor,
            receipts,
            answers,
            promises,
            votes,
            hall,
        }
    }

    /// What members get once the result is published.
    pub async fn published(&self) -> Vec<u8> {
        let audit = self.hall.at("audit");
        self.member.get(&audit).await.problem(403, "not_allowed");
        self.hall
            .workshop
            .organiser
            .act(&self.hall.at("publish"))
            .await
            .expect(200);
        self.member.get(&audit).await.expect(200).body
    }
}
