//! A hall full of voters who are signed in already.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use palabre::ambient::{Ambient, HostClock};
use palabre::settings::{Flags, NewSecret};
use palabre::store::{Column, Rows};
use palabre::{App, operator};
use rand::seq::SliceRandom as _;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Connection, Figures, Load};
use crate::progress;
use crate::server::{SECRET, Server};

pub struct Hall {
    organiser: String,
    workshop: String,
    /// Access tokens, in the order in which people come to vote.
    tokens: Arc<Vec<String>>,
}

pub struct Ballot {
    path: String,
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

    async fn act(&self, server: &Server, method: &str, path: &str, body: Option<Value>) -> Value {
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
                let (tokens, path) = (self.tokens.clone(), ballot.path.clone());
                let read = move |number: usize, bytes: &mut Vec<u8>| {
                    let head = format!(
                        "GET {path} HTTP/1.1\r\nHost: l\r\nAuthorization: Bearer {}\r\n\r\n",
                        tokens[number]
                    );
                    bytes.extend_from_slice(head.as_bytes());
                };
                load.each(from..until, Duration::from_secs(600), 200, read).await;
            }
            let (tokens, path, candidates) = (self.tokens.clone(), ballot.path.clone(), ballot.candidates.clone());
            let body_length = ballot.body_length;
            let vote = move |number: usize, bytes: &mut Vec<u8>| {
                let nonce = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
                let candidate = &candidates[number % candidates.len()];
                let body = format!("{{\"choice\":{{\"candidate\":\"{candidate}\"}},\"nonce\":\"{nonce}\"}}");
                let head = format!(
                    "POST {path}/votes HTTP/1.1\r\nHost: l\r\nAuthorization: Bearer {}\r\n\
                     Content-Type: application/json\r\nContent-Length: {body_length}\r\n\r\n{body:<body_length$}",
                    tokens[number]
                );
                bytes.extend_from_slice(head.as_bytes());
            };
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

    /// Closes the ballot and finds every acknowledged vote in the tally.
    pub async fn check(&self, server: &Server, ballot: &Ballot, acknowledged: usize) {
        let began = Instant::now();
        self.act(server, "POST", &format!("{}/close", ballot.path), None).await;
        let closed = began.elapsed().as_secs_f64();
        let tally = loop {
            let path = format!("{}/tally", ballot.path);
            let (status, answer) = request(server, &self.organiser, "GET", &path, None).await;
            match status {
                200 => break serde_json::from_slice::<Value>(&answer).expect("JSON"),
                409 => tokio::time::sleep(Duration::from_millis(100)).await,
                _ => panic!("{status}: {}", String::from_utf8_lossy(&answer)),
            }
        };
        progress(&format!(
            "{acknowledged} votes counted {:.1} s after the closing was asked, which answered after {closed:.1} s",
            began.elapsed().as_secs_f64()
        ));
        assert_eq!(tally["votes"], acknowledged, "every acknowledged vote is counted");
    }
}

async fn request(server: &Server, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Vec<u8>) {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: l\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    Connection::open(server.address).await.ask(head.as_bytes()).await
}

/// People who are confirmed and signed in: their ids and those of their sign-ins.
async fn insert(app: &App, workshop: Uuid, first: usize, size: usize) -> Vec<(Uuid, Uuid)> {
    let store = &app.store;
    let people: Vec<(Uuid, Uuid)> = (0..size).map(|_| (app.ambient.id(), app.ambient.id())).collect();
    let rows = || {
        Rows(vec![
            ("id", Column::Uuid(people.iter().map(|(person, _)| *person).collect())),
            (
                "other",
                Column::Uuid(people.iter().map(|(_, sign_in)| *sign_in).collect()),
            ),
            (
                "name",
                Column::Text(
                    (first..first + size)
                        .map(|number| format!("voter.{number}@example.org"))
                        .collect(),
                ),
            ),
        ])
    };
    let now = app.ambient.now().micros();
    let later = now + 24 * 3600 * 1_000_000;
    let no = match store.backend() {
        sea_orm::DatabaseBackend::Postgres => "false",
        _ => "0",
    };
    let yes = no.replace("false", "true").replace('0', "1");
    let transaction = store.write().await.expect("a transaction");
    for insert in [
        format!(
            "INSERT INTO person (id, address, address_typed, name, language, administrator, created_at) \
             SELECT s.id, s.name, s.name, 'Someone', 'fr', {no}, {now} FROM SOURCE"
        ),
        format!(
            "INSERT INTO sign_in (id, person_id, created_at, expires_at) SELECT s.other, s.id, {now}, {later} FROM SOURCE"
        ),
        format!(
            "INSERT INTO registration (id, workshop_id, person_id, name, folded_name, role, state, delegate, admitted, created_at) \
             SELECT s.other, $4, s.id, 'Someone', 'someone', 'participant', 'confirmed', {no}, {yes}, {now} FROM SOURCE"
        ),
    ] {
        let (source, mut values) = rows().source(store.backend(), 1);
        let mut sql = insert.replace("SOURCE", &source);
        if sql.contains("$4") {
            sql = sql.replace("$4", &format!("${}", values.len() + 1));
            values.push(workshop.into());
        }
        let statement = Statement::from_sql_and_values(store.backend(), sql, values);
        transaction.execute_raw(statement).await.expect("inserted people");
    }
    transaction.commit().await.expect("a commit");
    people
}

async fn issue(app: &actix_web::web::Data<App>, people: Vec<(Uuid, Uuid)>) -> Vec<String> {
    let signer = app.tokens.signer(app.store.reader()).await;
    let signer = std::sync::Arc::new(signer.unwrap_or_else(|_| panic!("a key")));
    let halves: Vec<Vec<(Uuid, Uuid)>> = people.chunks(people.len().div_ceil(2)).map(<[_]>::to_vec).collect();
    let issue = |half: Vec<(Uuid, Uuid)>| {
        let signer = signer.clone();
        tokio::task::spawn_blocking(move || {
            let token = |(person, sign_in)| {
                let issued = signer.token(person, sign_in, None, 24 * 3600);
                issued.unwrap_or_else(|_| panic!("a token"))
            };
            half.into_iter().map(token).collect::<Vec<_>>()
        })
    };
    let mut tokens = Vec::new();
    for half in halves.into_iter().map(issue).collect::<Vec<_>>() {
        tokens.extend(half.await.expect("tokens"));
    }
    tokens
}
