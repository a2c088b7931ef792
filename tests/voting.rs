//! What a voter's program does: draws a nonce, computes the hash, sends the choice; written from
//! the documentation alone. And a hall of voters in front of a ballot.

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Person, Workshop, World};

#[derive(Clone, Debug)]
pub struct Vote {
    pub choice: Value,
    pub nonce: [u8; 32],
}

impl Vote {
    pub fn new(choice: Value) -> Self {
        Self {
            choice,
            nonce: rand::random(),
        }
    }

    /// By a voter whose nonces can be foretold, which only a test should be.
    pub fn with_nonce(choice: Value, nonce: [u8; 32]) -> Self {
        Self { choice, nonce }
    }

    pub fn for_candidate(id: &Value) -> Self {
        Self::new(json!({ "candidate": id }))
    }

    /// As it stands among the openings of a bundle.
    pub fn opened(choice: &Value, nonce: &str) -> Self {
        let nonce = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(nonce);
        Self {
            choice: choice.clone(),
            nonce: nonce.expect("base64url").try_into().expect("32 bytes"),
        }
    }

    pub fn body(&self) -> Value {
        let nonce = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.nonce);
        json!({"choice": self.choice, "nonce": nonce})
    }

    /// Of a choice that is canonical as it was written.
    pub fn hash(&self, ballot_id: &str) -> String {
        let ballot = uuid::Uuid::parse_str(ballot_id).expect("a ballot's id");
        let mut hash = Sha256::new();
        hash.update(b"palabre/vote/v1\0");
        hash.update(ballot.as_bytes());
        hash.update(self.nonce);
        hash.update(self.choice.to_string());
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

pub fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A small logo, each number a drawing of its own.
pub fn logo(number: u8) -> String {
    let hue = u16::from(number) * 47 % 360;
    let radius = 120 + u16::from(number) * 10;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 512 512\">\
         <circle cx=\"256\" cy=\"256\" r=\"{radius}\" fill=\"hsl({hue},70%,45%)\"/></svg>"
    )
}

/// A workshop with confirmed participants and a ballot among them.
#[derive(Clone)]
pub struct Hall {
    pub workshop: Workshop,
    pub voters: Vec<Person>,
    pub path: String,
    pub candidates: Vec<Value>,
}

impl Hall {
    pub async fn new(world: &World, voters: usize, ballot: Value) -> Self {
        let workshop = world.workshop().published().await;
        let mut people = Vec::new();
        for number in 0..voters {
            let person = workshop
                .member("participant", &format!("voter.{number}@example.org"))
                .await;
            let own = person.list("/v1/me/registrations").await[0]["id"]
                .as_str()
                .expect("an id")
                .to_owned();
            person
                .act(&format!("/v1/registrations/{own}/confirm"))
                .await
                .expect(200);
            people.push(person);
        }
        Self::of(workshop, people, ballot).await
    }

    /// As [`Hall::new`] for many: invited by a roster, and all of them confirmed at one stroke.
    pub async fn crowd(world: &World, voters: usize, ballot: Value) -> Self {
        let workshop = world.workshop().published().await;
        let email = |number: usize| format!("voter.{number}@example.org");
        let mut roster = String::from("email;name\n");
        for number in 0..voters {
            roster.push_str(&format!("{};Voter {number}\n", email(number)));
        }
        let import = workshop.path("registrations/import");
        workshop
            .organiser
            .post_bytes(&import, "text/csv", roster)
            .await
            .expect(200);
        let confirm = "UPDATE registration SET state = 'confirmed' WHERE state = 'invited'";
        assert_eq!(world.sql().await.run(confirm).await, voters as u64);
        let mut people = Vec::new();
        for number in 0..voters {
            people.push(world.person(&email(number)).await);
        }
        Self::of(workshop, people, ballot).await
    }

    /// A ballot in draft among these people.
    pub async fn of(workshop: Workshop, voters: Vec<Person>, ballot: Value) -> Self {
        let created = workshop
            .organiser
            .post(&workshop.path("ballots"), ballot)
            .await
            .expect(201);
        let path = format!("/v1/ballots/{}", created.id());
        let mut candidates = Vec::new();
        for name in ["Arbre", "Kora", "Delta"] {
            let candidate = workshop
                .organiser
                .post(&format!("{path}/candidates"), json!({"name": name}))
                .await
                .expect(201);
            candidates.push(candidate["id"].clone());
        }
        Self {
            workshop,
            voters,
            path,
            candidates,
        }
    }

    /// The same people in front of another server.
    pub fn at_address(&self, server: std::net::SocketAddr) -> Self {
        let mut moved = self.clone();
        moved.workshop.organiser = self.workshop.organiser.at_address(server);
        moved.voters = self.voters.iter().map(|voter| voter.at_address(server)).collect();
        moved
    }

    pub fn at(&self, rest: &str) -> String {
        format!("{}/{rest}", self.path)
    }

    /// The ballot's identifier.
    pub fn id(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Closed, and counted.
    pub async fn tally(&self) -> Value {
        close_and_count(&self.workshop.organiser, &self.path).await;
        self.workshop.organiser.get(&self.at("tally")).await.expect(200).json()
    }

    pub async fn open(&self) {
        self.workshop
            .organiser
            .post(&self.at("open"), json!({"confirm_small": true}))
            .await
            .expect(200);
    }

    pub fn vote(&self, candidate: usize) -> Vote {
        Vote::for_candidate(&self.candidates[candidate])
    }
}

pub fn plurality() -> Value {
    json!({"question": "Quel logo ?", "method": "plurality"})
}

/// Nobody asks for it; any server's round may be the one that counts.
pub async fn counted(organiser: &Person, path: &str) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while organiser.get(path).await.expect(200)["counted_at"].is_null() {
        assert!(tokio::time::Instant::now() < deadline, "{path} is not counted");
        tokio::task::yield_now().await;
    }
}

/// A closing may be answered before the count is done, on a busy machine or while another server
/// counts; it may be asked for again.
pub async fn close_and_count(organiser: &Person, path: &str) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while organiser.act(&format!("{path}/close")).await.expect(200)["counted_at"].is_null() {
        assert!(tokio::time::Instant::now() < deadline, "{path} is not counted");
    }
}
