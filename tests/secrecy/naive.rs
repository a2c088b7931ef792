//! The same votes in tables as one might naively make them, so that every attack is seen to work
//! where there is something to find.

use serde_json::{Value, json};
use uuid::Uuid;

use super::chance::Seed;
use super::election::Election;
use super::evidence::{Evidence, Sizes, line_sizes, spans};
use super::sqlite::Follower;
use super::tokens::{Spellings, Subject, Tokens, hex};
use super::{postgres, sqlite};
use crate::support::{Backend, Cluster};
use crate::voting::Vote;

/// `naive_vote` names the voter beside the choice. `naive_voted` and `naive_choice` are the two
/// tables without a link between them, one of which refers to people. `naive_sealed` and
/// `naive_opening` seal votes, but in their own length, and open them in the order of their marks.
const TABLES: &str = "
    CREATE TABLE naive_vote (id {serial}, person_id {uuid} REFERENCES person (id), choice text, at bigint);
    CREATE TABLE naive_voted (person_id {uuid} PRIMARY KEY REFERENCES person (id), receipt text);
    CREATE TABLE naive_choice (id {serial}, choice text, nonce {bytes}, receipt text, at bigint);
    CREATE TABLE naive_sealed (mark {bytes} PRIMARY KEY, sealed {bytes});
    CREATE TABLE naive_opening (position {serial}, choice text, nonce {bytes});
";

struct Vocabulary {
    serial: &'static str,
    uuid: &'static str,
    bytes: &'static str,
    literal: fn(&[u8]) -> String,
    id: fn(Uuid) -> String,
}

fn vocabulary(backend: Backend) -> Vocabulary {
    match backend {
        Backend::Sqlite => Vocabulary {
            serial: "integer PRIMARY KEY",
            uuid: "blob",
            bytes: "blob",
            literal: |bytes| format!("x'{}'", hex(bytes)),
            id: |id| format!("x'{}'", id.simple()),
        },
        Backend::Postgres => Vocabulary {
            serial: "bigserial PRIMARY KEY",
            uuid: "uuid",
            bytes: "bytea",
            literal: |bytes| format!("'\\x{}'", hex(bytes)),
            id: |id| format!("'{id}'"),
        },
    }
}

struct NaiveVote {
    choice: Value,
    nonce: [u8; 32],
    mark: [u8; 32],
}

/// Fills the naive tables in the order of the votes, collects what an attacker finds, and leaves
/// nothing behind but what the database itself keeps. Also says where votes were found.
pub async fn evidence(election: &Election, cluster: Option<&Cluster>) -> (Evidence, Vec<String>) {
    let words = vocabulary(election.world.backend());
    let sql = &election.sql;
    let mut seed = Seed::new(1);
    let choices = choices(&mut seed);
    let votes: Vec<NaiveVote> = election
        .truth
        .iter()
        .map(|choice| NaiveVote {
            choice: choices[*choice].clone(),
            nonce: seed.bytes(),
            mark: seed.bytes(),
        })
        .collect();
    sql.run(
        &TABLES
            .replace("{serial}", words.serial)
            .replace("{uuid}", words.uuid)
            .replace("{bytes}", words.bytes),
    )
    .await;
    let mut follower = cluster
        .is_none()
        .then(|| Follower::new(&election.file, election.world.folder().join("followed-naively")));
    let begin = match cluster {
        Some(_) => postgres::log_end(sql).await,
        None => 0,
    };

    let mut log = String::new();
    for (number, (vote, voter)) in votes.iter().zip(&election.voters).enumerate() {
        let choice = vote.choice.to_string();
        let (person, nonce, mark) = (
            (words.id)(voter.person),
            (words.literal)(&vote.nonce),
            (words.literal)(&vote.mark),
        );
        let receipt = Vote::with_nonce(vote.choice.clone(), vote.nonce).hash(&voter.registration.to_string());
        let sealed = (words.literal)(&vec![0xa5; choice.len()]);
        let at = 1_600_000_000_000_000_u64 + number as u64 * 1_000_000;
        sql.run(&format!(
            "BEGIN;
             INSERT INTO naive_vote (person_id, choice, at) VALUES ({person}, '{choice}', {at});
             INSERT INTO naive_voted VALUES ({person}, '{receipt}');
             INSERT INTO naive_choice (choice, nonce, receipt, at) VALUES ('{choice}', {nonce}, '{receipt}', {at});
             INSERT INTO naive_sealed VALUES ({mark}, {sealed});
             COMMIT;"
        ))
        .await;
        let line = format!("{} voted {choice} with {}\n", voter.email, hex(&vote.nonce));
        log.push_str(&line);
        if let Some(follower) = follower.as_mut().filter(|_| number % 20 == 19) {
            follower.look();
        }
    }
    let mut tables = Vec::new();
    let tokens = tokens(election, &choices, &votes).await;
    tables.extend(look(election, cluster, "open", &tokens).await);
    // As the ordinary closing does; without it the rows are spread over file and log.
    if let Some(follower) = &mut follower {
        follower.look();
        sql.run("PRAGMA wal_checkpoint(TRUNCATE)").await;
    }
    let copy = election.copy("naive", cluster).await;
    copy.keep_bytes("naive.log", log.as_bytes());
    let mut by_mark: Vec<&NaiveVote> = votes.iter().collect();
    by_mark.sort_by_key(|vote| vote.mark);
    let opened = by_mark
        .iter()
        .map(|vote| format!("('{}', {})", vote.choice, (words.literal)(&vote.nonce)));
    let opened: Vec<String> = opened.collect();
    sql.run(&format!(
        "INSERT INTO naive_opening (choice, nonce) VALUES {}",
        opened.join(", ")
    ))
    .await;
    tables.extend(look(election, cluster, "closed", &tokens).await);
    let places = copy.places(&tokens);
    let found = places.iter().filter(|place| {
        let mut subjects = place.hits.iter().map(|hit| hit.subject);
        subjects.any(|subject| subject == Subject::Choice(super::election::SENTINEL))
    });
    let found = found.map(|place| place.name.clone()).collect();
    let mut sizes = line_sizes("a log", log.as_bytes(), &tokens);
    let whose: Vec<Option<usize>> = (0..votes.len()).map(Some).collect();
    sizes.extend(spans("a log", log.as_bytes(), " voted ", &whose));
    sizes.push(Sizes {
        attack: "size on the line",
        of: "a body without padding".to_owned(),
        sizes: votes
            .iter()
            .map(|vote| vote.choice.to_string().len() as i64)
            .enumerate()
            .collect(),
    });
    let commits = match (cluster, &mut follower) {
        (Some(cluster), _) => postgres::commits(cluster, (begin, postgres::log_end(sql).await), &tokens).await,
        (None, Some(follower)) => follower.commits(&tokens),
        (None, None) => Vec::new(),
    };
    for table in [
        "naive_vote",
        "naive_voted",
        "naive_choice",
        "naive_sealed",
        "naive_opening",
    ] {
        sql.run(&format!("DROP TABLE {table}")).await;
    }
    let evidence = Evidence {
        truth: election.truth.clone(),
        lengths: choices.iter().map(|choice| choice.to_string().len()).collect(),
        page: if cluster.is_some() {
            postgres::PAGE
        } else {
            sqlite::PAGE
        },
        tables,
        places,
        commits,
        sizes,
    };
    (evidence, found)
}

/// Choices of the same lengths as the real ones, among candidates that are not theirs.
fn choices(seed: &mut Seed) -> Vec<Value> {
    let mut id = || {
        let bytes = seed.bytes();
        uuid::Builder::from_random_bytes(bytes[..16].try_into().expect("16 bytes")).into_uuid()
    };
    let candidates: Vec<String> = (0..4).map(|_| id().to_string()).collect();
    let approved = |count: usize| json!({"candidates": candidates[..count]});
    // Blank votes are all the same wherever they are cast, and would be found as real ones.
    vec![
        json!({"blank": candidates[0][..8]}),
        approved(1),
        approved(2),
        approved(3),
        approved(4),
    ]
}

async fn tokens(election: &Election, choices: &[Value], votes: &[NaiveVote]) -> Tokens {
    let mut spellings: Spellings = election.spellings(&[]).await;
    for (number, vote) in votes.iter().enumerate() {
        spellings.bytes(Subject::Vote(number), "nonce", &vote.nonce);
        spellings.bytes(Subject::Voter(number), "mark", &vote.mark);
    }
    for (number, choice) in choices.iter().enumerate() {
        spellings.text(Subject::Choice(number), "choice", &choice.to_string());
    }
    spellings.ready()
}

async fn look(
    election: &Election,
    cluster: Option<&Cluster>,
    moment: &str,
    tokens: &Tokens,
) -> Vec<super::evidence::Table> {
    let sql = &election.sql;
    match cluster {
        Some(cluster) => {
            let mut tables = postgres::tables(sql, "naive", moment, tokens).await;
            tables.extend(postgres::tables(sql, "person", moment, tokens).await);
            tables.extend(postgres::heaps(sql, cluster, "naive", moment, tokens).await);
            tables
        }
        None => sqlite::tables(sql, "naive", moment, tokens).await,
    }
}
