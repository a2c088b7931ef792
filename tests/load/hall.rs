//! A hall full of voters who are signed in already.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use palabre::ambient::{Ambient, HostClock};
use palabre::settings::{Flags, NewSecret};
use palabre::{App, operator};
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Connection, Figures, Load};
use crate::people::{insert, issue};
use crate::progress;
use crate::server::{SECRET, Server};

pub struct Hall {
    organiser: String,
    /// Who may have the openings.
    pub auditor: String,
    pub workshop: String,
    /// Access tokens, in the order in which people come to vote.
    pub tokens: Arc<Vec<String>>,
}

#[derive(Clone)]
pub struct Ballot {
    pub path: String,
    candidates: Vec<String>,
    body_length: usize,
}

impl Hall {
    /// On the database that a running server has migrated.
    pub async fn make(database: &str, server: &Server, voters: usize) -> Self {
        let flags = Flags {
            database_url: Some(database.to_owned()),
            ..Flags::default()
        };
        let environment = [("PALABRE_SECRET".to_owned(), SECRET.to_owned())];
        let settings = flags
            .resolve(environment.into_iter(), NewSecret::Forget([0; 32]))
            .expect("settings");
        let app = App::prepare(settings, Ambient::new(Arc::new(HostClock)))
            .await
            .expect("a migrated database");
        operator::add_administrator(&app, "organiser@example.org")
            .await
            .expect("an administrator");
        let organiser = operator::token(&app, "organiser@example.org", 24 * 3600)
            .await
            .expect("a token");
        let mut hall = Self {
            organiser,
            auditor: String::new(),
            workshop: String::new(),
            tokens: Arc::default(),
        };
        let workshop = json!({
            "title": "Atelier", "initiative": "INTEGRA", "time_zone": "Africa/Conakry",
            "first_day": "2020-08-27", "last_day": "2020-08-28"
        });
        let made = hall.act(server, "POST", "/v1/workshops", Some(workshop)).await;
        hall.workshop = made["id"].as_str().expect("an id").to_owned();
        hall.act(
            server,
            "POST",
            &format!("/v1/workshops/{}/publish", hall.workshop),
            None,
        )
        .await;
        let auditor = json!({"email": "auditor@example.org", "name": "Auditor", "role": "auditor"});
        let registrations = format!("/v1/workshops/{}/registrations", hall.workshop);
        hall.act(server, "POST", &registrations, Some(auditor)).await;
        hall.auditor = operator::token(&app, "auditor@example.org", 24 * 3600)
            .await
            .expect("a token");
        let workshop = Uuid::parse_str(&hall.workshop).expect("an id");
        let mut tokens = Vec::with_capacity(voters);
        while tokens.len() < voters {
            let size = 20_000.min(voters - tokens.len());
            let people = insert(&app, workshop, tokens.len(), size).await;
            tokens.extend(issue(&app, people).await);
            if tokens.len() % 200_000 == 0 {
                progress(&format!("{} people", tokens.len()));
            }
        }
        tokens.shuffle(&mut rand::rng());
        hall.tokens = Arc::new(tokens);
        app.store.clone().close().await.expect("closed connections");
        hall
    }

    /// The same hall without those who voted first.
    pub fn after(&self, first: usize) -> Self {
        Self {
            organiser: self.organiser.clone(),
            auditor: self.auditor.clone(),
            workshop: self.workshop.clone(),
            tokens: Arc::new(self.tokens[first..].to_vec()),
        }
    }

    pub async fn act(&self, server: &Server, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = request(server, &self.organiser, method, path, body).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub async fn open_ballot(&self, server: &Server) -> Ballot {
        let ballots = format!("/v1/workshops/{}/ballots", self.workshop);
        let ballot = json!({"question": "Quel logo ?", "method": "plurality"});
        let id = self.act(server, "POST", &ballots, Some(ballot)).await["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let path = format!("/v1/ballots/{id}");
        let mut candidates = Vec::new();
        for name in ["Arbre", "Kora", "Delta", "Fibre", "Mains"] {
            let made = self
                .act(
                    server,
                    "POST",
                    &format!("{path}/candidates"),
                    Some(json!({"name": name})),
                )
                .await;
            candidates.push(made["id"].as_str().expect("an id").to_owned());
        }
        let began = Instant::now();
        let opened = self.act(server, "POST", &format!("{path}/open"), Some(json!({}))).await;
        progress(&format!(
            "a roll of {} opened in {:.1} s",
            opened["roll_size"],
            began.elapsed().as_secs_f64()
        ));
        Ballot {
            body_length: opened["vote_body_length"].as_u64().expect("a length") as usize,
            path,
            candidates,
        }
    }

    /// People vote for so long, each once. Warm: in waves, each of which has read the ballot before,
    /// as people do; only the voting is timed.
    pub async fn cast(&self, load: &Load, ballot: &Ballot, length: Duration, warm: bool) -> Figures {
        let mut figures = Figures::default();
        let mut from = 0;
        let wave = if warm { 20_000 } else { usize::MAX };
        while from < self.tokens.len() && figures.seconds < length.as_secs_f64() {
            let until = self.tokens.len().min(from.saturating_add(wave));
            if warm {
                let (tokens, ballot) = (self.tokens.clone(), ballot.clone());
                let read = move |number: usize, bytes: &mut Vec<u8>| ballot.read(&tokens[number], bytes);
                load.each(from..until, Duration::from_secs(600), 200, read).await;
            }
            let (tokens, ballot) = (self.tokens.clone(), ballot.clone());
            let vote = move |number: usize, bytes: &mut Vec<u8>| ballot.vote(&tokens[number], number, bytes);
            let left = length.saturating_sub(Duration::from_secs_f64(figures.seconds));
            let votes = load.each(from..until, left, 201, vote).await;
            let all = votes.done == until - from;
            figures.merge(votes);
            from = until;
            if !all {
                break;
            }
        }
        figures
    }
}

impl Ballot {
    /// A request that reads the ballot's page.
    pub fn read(&self, token: &str, bytes: &mut Vec<u8>) {
        let path = &self.path;
        let head = format!("GET {path} HTTP/1.1\r\nHost: l\r\nAuthorization: Bearer {token}\r\n\r\n");
        bytes.extend_from_slice(head.as_bytes());
    }

    /// A vote for one of the candidates, as a front-end sends it: with a nonce, and padded.
    pub fn vote(&self, token: &str, choice: usize, bytes: &mut Vec<u8>) {
        let nonce = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let candidate = &self.candidates[choice % self.candidates.len()];
        let body = format!("{{\"choice\":{{\"candidate\":\"{candidate}\"}},\"nonce\":\"{nonce}\"}}");
        let (path, length) = (&self.path, self.body_length);
        let head = format!(
            "POST {path}/votes HTTP/1.1\r\nHost: l\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body:<length$}"
        );
        bytes.extend_from_slice(head.as_bytes());
    }
}

pub async fn request(server: &Server, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Vec<u8>) {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: l\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    Connection::open(server.address).await.ask(head.as_bytes()).await
}
