//! The election that is attacked: a thousand people sign in and vote one after another, through the
//! real server, while its files are copied.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Value, json};
use uuid::Uuid;

use super::chance::Seed;
use super::evidence::{Copy, Sizes};
use super::sqlite::Follower;
use super::tokens::{Spellings, Subject, unhex};
use super::{postgres, sqlite};
use crate::support::{Backend, Cluster, Person, Sql, World, cluster};
use crate::voting::Vote;

/// How many choose what; the last is chosen by one voter only.
const CHOSEN: [usize; 5] = [300, 270, 230, 199, 1];
pub const SENTINEL: usize = CHOSEN.len() - 1;
const VOTERS: usize = 1000;
/// On the roll, but they stay away.
const ABSENT: usize = 24;
/// Codes that are asked for ahead of the sign-in, as people do while others vote.
const AHEAD: usize = 12;
/// After so many votes somebody copies the files.
const COPIES: [usize; 6] = [1, 2, 10, 100, 500, VOTERS];
/// Every so many voters also vote in a second ballot, which stays open.
const ALSO: usize = 12;
/// What `palabre backup` wrote.
pub const BACKUP: &str = "palabre.backup";
/// How often the log of SQLite is looked at: often enough that it cannot start over twice.
const LOOK: usize = 10;

pub struct Voter {
    pub person: Uuid,
    pub registration: Uuid,
    pub email: String,
}

pub struct Election {
    pub world: World,
    pub sql: Sql,
    pub organiser: Person,
    pub auditor: Person,
    pub ballot: Ballot,
    /// Open beside it, so that votes of both share pages; cancelled in the end.
    pub other: Ballot,
    /// In the order in which they vote.
    pub voters: Vec<Voter>,
    /// Which choice each of them makes.
    pub truth: Vec<usize>,
    nonces: Vec<[u8; 32]>,
    before: SystemTime,
    /// Where the log of PostgreSQL begins to be about this election, and no longer about naive tables.
    pub log_from: usize,
    /// SQLite's.
    pub file: PathBuf,
}

pub struct Ballot {
    pub path: String,
    pub id: Uuid,
    /// Each of another length, from a blank vote to one that approves of everybody.
    pub choices: Vec<Value>,
    body_length: usize,
}

/// What was seen while the votes were cast.
pub struct Cast {
    pub copies: Vec<Copy>,
    pub sizes: Vec<Sizes>,
    pub follower: Option<Follower>,
    /// Whose votes the server answered, in order; of another ballot: nobody's.
    pub answered: Vec<Option<usize>>,
    /// What each voter was told.
    pub hashes: Vec<String>,
}

impl Ballot {
    async fn open(organiser: &Person, workshop: &str) -> Self {
        let ballot = json!({"question": "Quel logo ?", "method": "approval"});
        let path = format!("{workshop}/ballots");
        let id = organiser.post(&path, ballot).await.expect(201).id();
        let path = format!("/v1/ballots/{id}");
        let mut candidates = Vec::new();
        for name in ["Arbre", "Delta", "Kora", "Pirogue"] {
            let candidate = json!({"name": name});
            let candidate = organiser.post(&format!("{path}/candidates"), candidate).await;
            candidates.push(candidate.expect(201).id());
        }
        candidates.sort();
        let opened = organiser.act(&format!("{path}/open")).await.expect(200);
        let body_length = opened["vote_body_length"].as_u64().expect("a length");
        let approved = |count: usize| json!({"candidates": candidates[..count]});
        Self {
            path,
            id: id.parse().expect("an id"),
            choices: vec![
                json!({"blank": true}),
                approved(1),
                approved(2),
                approved(3),
                approved(4),
            ],
            body_length: usize::try_from(body_length).expect("small"),
        }
    }
}

impl Election {
    /// Everything up to the opened ballot, by a server of the world's own, which then makes way.
    pub async fn prepare(world: World, file: PathBuf, seed: u64) -> Self {
        let mut seed = Seed::new(seed);
        world.clock().set(&now());
        let workshop = world.workshop().published().await;
        let auditor = workshop.member("auditor", "auditor@example.org").await;
        let mut roster = String::from("email;name\n");
        for number in 0..VOTERS + ABSENT {
            roster.push_str(&format!("voter.{number:04}@example.org;Voter {number:04}\n"));
        }
        let import = workshop.path("registrations/import");
        workshop
            .organiser
            .post_bytes(&import, "text/csv", roster)
            .await
            .expect(200);
        let sql = world.sql().await;
        sql.run("UPDATE registration SET state = 'confirmed' WHERE role = 'participant'")
            .await;
        let ballot = Ballot::open(&workshop.organiser, &workshop.path).await;
        let other = Ballot::open(&workshop.organiser, &workshop.path).await;
        world.server().stop().await;

        let mut voters = voters(&world, &sql).await;
        seed.shuffle(&mut voters);
        voters.truncate(VOTERS);
        let mut truth: Vec<usize> = CHOSEN
            .iter()
            .enumerate()
            .flat_map(|(choice, votes)| vec![choice; *votes])
            .collect();
        seed.shuffle(&mut truth);
        Self {
            sql,
            organiser: workshop.organiser.clone(),
            auditor,
            ballot,
            other,
            voters,
            truth,
            nonces: (0..VOTERS).map(|_| seed.bytes()).collect(),
            before: SystemTime::now(),
            log_from: 0,
            file,
            world,
        }
    }

    pub fn choice(&self, voter: usize) -> &Value {
        &self.ballot.choices[self.truth[voter]]
    }

    /// Everybody votes, one after another.
    pub async fn cast(&self, server: std::net::SocketAddr, cluster: Option<&Cluster>) -> Cast {
        let mut follower = (self.world.backend() == Backend::Sqlite)
            .then(|| Follower::new(&self.file, self.world.folder().join("followed")));
        let mut cast = Cast {
            copies: Vec::new(),
            sizes: ["request", "answer", "rest of the answer"].map(sizes).into(),
            follower: None,
            answered: Vec::new(),
            hashes: Vec::new(),
        };
        let mut codes = self.codes(server);
        let nobody = self.world.anonymous().at_address(server);
        for number in 0..VOTERS {
            let code = codes.recv().await.expect("a code");
            let email = &self.voters[number].email;
            let exchange = json!({"grant_type": "email_code", "email": email, "code": code});
            let exchange = nobody.post("/v1/auth/tokens", exchange).via(&at_home(number));
            let tokens = exchange.await.expect(200);
            let voter = self.world.bearer(&tokens.text_of("access_token")).at_address(server);
            let vote = Vote::with_nonce(self.choice(number).clone(), self.nonces[number]);
            let answer = send(&voter, &self.ballot, &vote).await;
            let head: usize = answer
                .headers
                .iter()
                .map(|(name, value)| name.as_str().len() + value.len())
                .sum();
            let measured = [self.ballot.body_length, answer.body.len(), head];
            for (sizes, size) in cast.sizes.iter_mut().zip(measured) {
                sizes.sizes.push((number, size as i64));
            }
            cast.hashes.push(answer.text_of("vote_hash"));
            cast.answered.push(Some(number));
            if number % ALSO == 0 {
                let vote = Vote::new(self.other.choices[1].clone());
                send(&voter, &self.other, &vote).await;
                cast.answered.push(None);
            }
            let votes = number + 1;
            if let Some(follower) = follower.as_mut().filter(|_| votes % LOOK == 0) {
                follower.look();
            }
            // The files of a cluster are many, and of its pages nothing is overwritten meanwhile.
            let wanted = COPIES.contains(&votes) && (cluster.is_none() || votes >= VOTERS / 2);
            if wanted {
                cast.copies
                    .push(self.copy(&format!("open after {votes}"), cluster).await);
            }
        }
        cast.follower = follower;
        cast
    }

    /// Codes for the voters in their order, asked for while others vote.
    fn codes(&self, server: std::net::SocketAddr) -> tokio::sync::mpsc::Receiver<String> {
        let (sender, codes) = tokio::sync::mpsc::channel(AHEAD);
        let (world, nobody) = (self.world.clone(), self.world.anonymous().at_address(server));
        let emails: Vec<String> = self.voters.iter().map(|voter| voter.email.clone()).collect();
        tokio::spawn(async move {
            for (number, email) in emails.into_iter().enumerate() {
                let ask = nobody.post("/v1/auth/codes", json!({"email": email}));
                ask.via(&at_home(number)).await.expect(202);
                let code = world.mailbox().next_code_to(&email).await;
                if sender.send(code).await.is_err() {
                    return;
                }
            }
        });
        codes
    }

    pub fn server_log(&self) -> PathBuf {
        self.world.folder().join("server.log")
    }

    /// All files as they are now, the server's log included.
    pub async fn copy(&self, moment: &str, cluster: Option<&Cluster>) -> Copy {
        let copy = Copy::new(
            moment,
            self.world.folder().join("copies").join(moment.replace(' ', "-")),
        );
        copy.keep(&self.server_log(), "server.log");
        match cluster {
            Some(cluster) => {
                self.sql.run("CHECKPOINT").await;
                postgres::copy(cluster, self.before, self.log_from, &copy);
            }
            None => sqlite::copy(&self.file, &copy),
        }
        copy
    }

    /// What backups made at this moment hold: the database's own, and Palabre's.
    pub async fn backup(&self, cluster: Option<&Cluster>) -> Copy {
        let copy = Copy::new("backup", self.world.folder().join("copies").join("backup"));
        match cluster {
            Some(of) if cluster::available("pg_dump") => {
                let mut dump = cluster::command("pg_dump");
                dump.arg(of.url("postgres"));
                let dump = tokio::process::Command::from(dump).output().await.expect("pg_dump");
                assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
                copy.keep_bytes("pg_dump.sql", &dump.stdout);
            }
            Some(_) => {}
            None => {
                let into = self.world.folder().join("vacuumed.db");
                self.sql.run(&format!("VACUUM INTO '{}'", into.display())).await;
                copy.keep(&into, "vacuumed.db");
            }
        }
        let file = self.world.folder().join(BACKUP);
        let backup = self.world.command(["backup", &file.to_string_lossy()]);
        backup.run().await.succeeded();
        copy.keep(&file, BACKUP);
        copy
    }

    /// What names voters and votes, as far as the database tells; marks come from elsewhere.
    pub async fn spellings(&self, hashes: &[String]) -> Spellings {
        let mut spellings = Spellings::default();
        let mut numbers = HashMap::new();
        for (number, voter) in self.voters.iter().enumerate() {
            let subject = Subject::Voter(number);
            spellings.id(subject, "person", voter.person);
            spellings.id(subject, "registration", voter.registration);
            spellings.text(subject, "address", &voter.email);
            numbers.insert(voter.person, number);
        }
        let (id, hex) = columns(&self.world);
        let sign_ins = format!("SELECT {} || ' ' || {} FROM sign_in", id("person_id"), id("id"));
        for line in self.sql.texts(&sign_ins).await {
            let (person, sign_in) = line.split_once(' ').expect("two identifiers");
            if let Some(number) = numbers.get(&uuid(person)) {
                spellings.id(Subject::Voter(*number), "sign-in", uuid(sign_in));
            }
        }
        let roll = format!(
            "SELECT {} || ' ' || {} || ' ' || {} FROM roll WHERE {} = '{}'",
            id("unit_id"),
            hex("leaf"),
            hex("salt"),
            id("ballot_id"),
            spelled(&self.world, self.ballot.id),
        );
        for line in self.sql.texts(&roll).await {
            let parts: Vec<&str> = line.split(' ').collect();
            if let Some(number) = numbers.get(&uuid(parts[0])) {
                spellings.bytes(Subject::Voter(*number), "leaf", &unhex(parts[1]));
                spellings.bytes(Subject::Voter(*number), "salt", &unhex(parts[2]));
            }
        }
        for (number, hash) in hashes.iter().enumerate() {
            spellings.bytes(Subject::Vote(number), "hash", &unhex(hash));
            spellings.bytes(Subject::Vote(number), "nonce", &self.nonces[number]);
        }
        for (number, choice) in self.ballot.choices.iter().enumerate() {
            spellings.text(Subject::Choice(number), "choice", &choice.to_string());
        }
        spellings
    }

    /// Mark and sealed vote of every vote, in the order in which the table gives them.
    pub async fn sealed(&self, ballot: &Ballot) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (id, hex) = columns(&self.world);
        // By place within the table, where that is told.
        let order = match self.world.backend() {
            Backend::Postgres => "ctid",
            Backend::Sqlite => "mark",
        };
        let select = format!(
            "SELECT {} || ' ' || {} FROM \"cast\" WHERE {} = '{}' ORDER BY {order}",
            hex("mark"),
            hex("sealed"),
            id("ballot_id"),
            spelled(&self.world, ballot.id),
        );
        let lines = self.sql.texts(&select).await;
        let pair = |line: &String| {
            let (mark, sealed) = line.split_once(' ').expect("mark and sealed vote");
            (unhex(mark), unhex(sealed))
        };
        lines.iter().map(pair).collect()
    }

    pub async fn sealed_key(&self, ballot: &Ballot) -> Vec<u8> {
        let (id, _) = columns(&self.world);
        let key = format!(
            "SELECT sealed_key FROM ballot WHERE {} = '{}'",
            id("id"),
            spelled(&self.world, ballot.id)
        );
        self.sql.bytes(&key).await
    }

    /// On SQLite, until the log is empty.
    pub async fn until_truncated(&self) {
        let log = PathBuf::from(format!("{}-wal", self.file.display()));
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
        while std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            assert!(tokio::time::Instant::now() < deadline, "the log keeps what was sealed");
            tokio::task::yield_now().await;
        }
    }

    /// How long each choice is, written down.
    pub fn lengths(&self) -> Vec<usize> {
        self.ballot
            .choices
            .iter()
            .map(|choice| choice.to_string().len())
            .collect()
    }

    /// The hash of a vote, as its voter computes it.
    pub fn hash(&self, voter: usize) -> String {
        Vote::with_nonce(self.choice(voter).clone(), self.nonces[voter]).hash(&self.ballot.id.to_string())
    }
}

fn sizes(of: &str) -> Sizes {
    Sizes {
        attack: "size on the line",
        of: of.to_owned(),
        sizes: Vec::new(),
    }
}

/// As a voter's program sends it: padded to the ballot's length.
async fn send(voter: &Person, ballot: &Ballot, vote: &Vote) -> crate::support::Answer {
    let body = format!("{:width$}", vote.body().to_string(), width = ballot.body_length);
    assert_eq!(
        body.len(),
        ballot.body_length,
        "no vote is longer than what is announced"
    );
    let path = format!("{}/votes", ballot.path);
    let request = voter.request(reqwest::Method::POST, &path);
    request.bytes("application/json", body).await.expect(201)
}

fn now() -> String {
    use palabre::ambient::Clock as _;
    palabre::ambient::HostClock.now().to_string()
}

/// How a column of identifiers and one of bytes are read as text.
fn columns(world: &World) -> (fn(&str) -> String, fn(&str) -> String) {
    match world.backend() {
        Backend::Sqlite => (
            |name| format!("lower(hex({name}))"),
            |name| format!("lower(hex({name}))"),
        ),
        Backend::Postgres => (|name| format!("{name}::text"), |name| format!("encode({name}, 'hex')")),
    }
}

/// An identifier as a query of [`columns`] gives it.
fn spelled(world: &World, id: Uuid) -> String {
    match world.backend() {
        Backend::Sqlite => id.simple().to_string(),
        Backend::Postgres => id.to_string(),
    }
}

fn uuid(text: &str) -> Uuid {
    text.parse().expect("an identifier")
}

/// Everybody on the roll.
async fn voters(world: &World, sql: &Sql) -> Vec<Voter> {
    let (id, _) = columns(world);
    let select = format!(
        "SELECT {} || ' ' || {} || ' ' || p.address FROM registration r JOIN person p ON p.id = r.person_id \
         WHERE r.role = 'participant' ORDER BY p.address",
        id("p.id"),
        id("r.id"),
    );
    let lines = sql.texts(&select).await;
    let voter = |line: &String| {
        let parts: Vec<&str> = line.split(' ').collect();
        Voter {
            person: uuid(parts[0]),
            registration: uuid(parts[1]),
            email: parts[2].to_owned(),
        }
    };
    lines.iter().map(voter).collect()
}

/// Each voter signs in from a network of their own: a thousand within a minute from one would be a flood.
fn at_home(number: usize) -> String {
    format!("10.1.{}.{}", number / 250, number % 250)
}
