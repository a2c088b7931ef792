//! Closing, killed at any point: whoever lives repeats it, to the same bytes. Meanwhile retries are
//! answered, results are not, and on PostgreSQL other ballots do not wait.

use std::net::SocketAddr;
use std::time::Duration;

use palabre::settings::Database;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{free_port, moments, open_hall, pause, quiet, tell};
use crate::support::{Answer, Backend, Person, Process, Sql, World, both, copy_of};
use crate::voting::{Hall, Vote, plurality};

const VOTES: usize = 30;
const RANDOM_KILLS: usize = 5;
/// A living process looks every second for what is due.
const TAKEN_OVER: Duration = Duration::from_secs(10);

/// Where a closing can be held: after the first row that fits was written. The first lies in the
/// first transaction, the others in the second, in this order.
const POINTS: [(&str, &str, &str); 6] = [
    ("journal", "INSERT", "NEW.act = 'close'"),
    ("opening", "INSERT", "NEW.position = 15"),
    ("voted", "INSERT", "NEW.flags IS NOT NULL"),
    ("cast", "DELETE", "OLD.mark IS NOT NULL"),
    ("proof", "UPDATE", "NEW.checkpoint IS NOT NULL"),
    ("ballot", "UPDATE", "NEW.counted_at IS NOT NULL"),
];

/// Holds whoever comes by a point, for ever or until released: in PostgreSQL by a lock, in SQLite,
/// which has no other way to wait, by a query without end.
struct Halts {
    sql: Sql,
    backend: Backend,
}

impl Halts {
    async fn set(world: &World) -> Self {
        let (sql, backend) = (world.sql().await, world.backend());
        match backend {
            Backend::Postgres => {
                sql.run(
                    "CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS \
                     'BEGIN PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint); RETURN NULL; END'",
                )
                .await;
            }
            Backend::Sqlite => {
                sql.run(
                    "CREATE TABLE halted (point integer NOT NULL PRIMARY KEY);
                     CREATE VIEW endless AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
                )
                .await;
            }
        }
        for (point, (table, event, when)) in POINTS.iter().enumerate() {
            let head = format!("CREATE TRIGGER halt_{point} AFTER {event} ON \"{table}\" FOR EACH ROW WHEN");
            let rest = match backend {
                Backend::Postgres => format!("({when}) EXECUTE FUNCTION halt('{point}')"),
                Backend::Sqlite => format!(
                    "{when} AND EXISTS (SELECT 1 FROM halted WHERE point = {point}) BEGIN SELECT count(*) FROM endless; END"
                ),
            };
            sql.run(&format!("{head} {rest}")).await;
            if backend == Backend::Sqlite {
                sql.run(&format!("INSERT INTO halted (point) VALUES ({point})")).await;
            }
        }
        let halts = Self { sql, backend };
        halts.hold(0).await;
        halts
    }

    /// Locks go with their connection; these are all from this point on.
    async fn hold(&self, first: usize) {
        match self.backend {
            Backend::Postgres => {
                for point in first..POINTS.len() {
                    self.sql.texts(&format!("SELECT pg_advisory_lock({point})::text")).await;
                }
            }
            // A look at who writes is not to wait.
            Backend::Sqlite => {
                self.sql.run("PRAGMA busy_timeout = 0").await;
            }
        }
    }

    /// Until somebody is held at the point; the name of their connection.
    async fn reached(&self, point: usize) -> String {
        let deadline = Instant::now() + TAKEN_OVER;
        let mut looks = 0;
        loop {
            match self.backend {
                Backend::Postgres => {
                    let held = format!(
                        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                         WHERE l.locktype = 'advisory' AND NOT l.granted AND l.objid = {point} AND l.classid = 0 \
                         AND a.datname = current_database()"
                    );
                    if let Some(name) = self.sql.texts(&held).await.pop() {
                        return name;
                    }
                }
                Backend::Sqlite => {
                    // Whoever writes for long is held.
                    if self.sql.takes("BEGIN IMMEDIATE").await {
                        self.sql.run("ROLLBACK").await;
                        looks = 0;
                    } else {
                        looks += 1;
                    }
                    if looks == 20 {
                        return String::new();
                    }
                }
            }
            assert!(Instant::now() < deadline, "nobody comes by {:?}", POINTS[point]);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Once the one who was held is dead.
    async fn release(&self, point: usize) {
        match self.backend {
            Backend::Postgres => {
                self.sql
                    .texts(&format!("SELECT pg_advisory_unlock({point})::text"))
                    .await;
            }
            Backend::Sqlite => {
                let release = format!("DELETE FROM halted WHERE point = {point}");
                let deadline = Instant::now() + TAKEN_OVER;
                while !self.sql.takes(&release).await {
                    assert!(Instant::now() < deadline, "the dead still write");
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

/// A server, or two under PostgreSQL, on a database.
struct Servers<'w> {
    world: &'w World,
    database: Database,
    running: Vec<(String, SocketAddr, Option<Process>)>,
}

impl<'w> Servers<'w> {
    async fn start(world: &'w World, database: &Database) -> Self {
        let names: &[&str] = match world.backend() {
            Backend::Postgres => &["one", "another"],
            Backend::Sqlite => &[""],
        };
        let running = names.iter().map(|name| ((*name).to_owned(), free_port(), None));
        let mut servers = Self {
            world,
            database: database.clone(),
            running: running.collect(),
        };
        servers.revive().await;
        servers
    }

    /// Starts those that are dead.
    async fn revive(&mut self) {
        for (name, address, process) in &mut self.running {
            if process.is_none() {
                let database = match &self.database {
                    Database::Postgres(url) => Database::Postgres(format!("{url}?application_name={name}")),
                    Database::Sqlite(path) => Database::Sqlite(path.clone()),
                };
                let serve = ["serve", "--listen", &address.to_string()];
                *process = Some(quiet(self.world.command_on(&database, serve)).serve().await);
            }
        }
    }

    /// Those of this name, or all.
    async fn kill(&mut self, whom: Option<&str>) {
        for (name, _, process) in &mut self.running {
            if whom.is_none_or(|whom| whom == name)
                && let Some(process) = process.take()
            {
                process.kill().await;
            }
        }
    }

    fn alive(&self) -> Vec<SocketAddr> {
        let alive = self.running.iter().filter(|(_, _, process)| process.is_some());
        alive.map(|(_, address, _)| *address).collect()
    }
}

/// All that must be the same bytes however often the count was broken off.
#[derive(Debug, PartialEq)]
struct Sealed {
    bundle: String,
    notes: [String; 2],
    receipts: Vec<String>,
    tally: Value,
    blocks: Vec<String>,
    left: i64,
}

/// Of a ballot that is counted in time, or was.
async fn sealed(database: &Database, server: SocketAddr, hall: &Hall, auditor: &Person) -> Sealed {
    let (hall, auditor) = (hall.at_address(server), auditor.at_address(server));
    let deadline = Instant::now() + TAKEN_OVER;
    while hall.workshop.organiser.get(&hall.path).await.expect(200)["counted_at"].is_null() {
        assert!(Instant::now() < deadline, "nobody counts");
        tokio::task::yield_now().await;
    }
    let text = async |path: &str| auditor.get(&hall.at(path)).await.expect(200).text();
    let mut tally = auditor.get(&hall.at("tally")).await.expect(200).json();
    // When it was counted at last is all that may differ, and the tag that follows from it.
    for varies in ["counted_at", "etag"] {
        assert_ne!(tally[varies].take(), Value::Null);
    }
    let bundle = text("audit").await;
    let mut receipts = Vec::new();
    for line in bundle.lines() {
        if let Some(hash) = line.strip_prefix("{\"vote_hash\":\"") {
            let prefix: String = hash.chars().take(2).collect();
            receipts.push(text(&format!("receipts?prefix={prefix}")).await);
        }
    }
    assert!(receipts.len() >= VOTES, "{bundle}");
    let sql = Sql::open(database).await;
    let (hex, of) = match database {
        Database::Postgres(_) => ("encode(blocks, 'hex')", format!("'{}'", hall.id())),
        Database::Sqlite(_) => ("lower(hex(blocks))", format!("x'{}'", hall.id().replace('-', ""))),
    };
    let sealed = Sealed {
        bundle,
        notes: [text("manifest").await, text("checkpoint").await],
        receipts,
        tally,
        blocks: sql
            .texts(&format!("SELECT {hex} FROM proof WHERE ballot_id = {of}"))
            .await,
        left: sql
            .number(&format!("SELECT count(*) FROM \"cast\" WHERE ballot_id = {of}"))
            .await,
    };
    let keys = format!("SELECT count(*) FROM ballot WHERE id = {of} AND sealed_key IS NOT NULL");
    assert_eq!(sql.number(&keys).await, 0, "the key is destroyed");
    sql.close().await;
    assert_eq!(sealed.left, 0, "the sealed votes are destroyed");
    sealed
}

/// Votes that stand, with their voters and their answers.
struct Stood(Vec<(usize, Vote, Answer)>);

impl Stood {
    async fn cast(hall: &Hall, voters: std::ops::Range<usize>) -> Self {
        let mut stood = Vec::new();
        for voter in voters {
            let vote = hall.vote(voter % hall.candidates.len());
            let answer = hall.voters[voter]
                .post(&hall.at("votes"), vote.body())
                .await
                .expect(201);
            stood.push((voter, vote, answer));
        }
        Self(stood)
    }

    /// What holds between the two transactions, at every server.
    async fn hold_meanwhile(&self, hall: &Hall, auditor: &Person) {
        for (voter, vote, answer) in &self.0 {
            let again = hall.voters[*voter]
                .post(&hall.at("votes"), vote.body())
                .await
                .expect(201);
            assert_eq!(again.body, answer.body, "the same promise");
        }
        let (voter, ..) = self.0[0];
        let own = hall.voters[voter].get(&hall.at("participation")).await.expect(200);
        assert_eq!((&own["state"], &own["voted"]), (&json!("closed"), &json!(true)));
        for voter in [voter, hall.voters.len() - 1] {
            let late = hall.voters[voter].post(&hall.at("votes"), hall.vote(0).body()).await;
            late.problem(409, "ballot_not_open");
        }
        for result in ["tally", "checkpoint", "receipts?prefix=00", "audit"] {
            auditor.get(&hall.at(result)).await.problem(409, "ballot_counting");
        }
        let turnout = auditor.get(&hall.at("turnout")).await.expect(200);
        assert_eq!(turnout["votes"], self.0.len());
    }

    /// Once counted, a retry is answered from the openings, for ever.
    async fn hold_counted(&self, hall: &Hall) {
        for (voter, vote, answer) in &self.0 {
            let again = hall.voters[*voter]
                .post(&hall.at("votes"), vote.body())
                .await
                .expect(201);
            assert_eq!(
                (&again["vote_hash"], &again["promise"]),
                (&answer["vote_hash"], &Value::Null)
            );
        }
        let (voter, ..) = self.0[0];
        for voter in [voter, hall.voters.len() - 1] {
            let late = hall.voters[voter].post(&hall.at("votes"), hall.vote(0).body()).await;
            late.problem(409, "ballot_not_open");
        }
    }
}

fn closing(hall: &Hall) -> tokio::task::JoinHandle<Result<Answer, reqwest::Error>> {
    let (organiser, path) = (hall.workshop.organiser.clone(), hall.at("close"));
    tokio::spawn(async move { organiser.act(&path).send().await })
}

/// A vote in a ballot whose neighbour is being counted waits for nobody.
async fn passes(other: &Hall, voter: usize) {
    let vote = other.voters[voter].post(&other.at("votes"), other.vote(0).body());
    let taken = tokio::time::timeout(TAKEN_OVER, vote).await;
    taken.expect("another ballot waits for the count").expect(201);
}

both! {
    async fn a_closing_killed_at_every_point_ends_with_the_same_bytes(world: World) {
        let (hall, auditor) = open_hall(&world, VOTES + 3).await;
        let other = Hall::of(hall.workshop.clone(), hall.voters.clone(), plurality()).await;
        other.open().await;
        let mut stood = Stood::cast(&hall, 0..VOTES).await;
        world.server().stop().await;
        let mut halts = Halts::set(&world).await;
        let mut servers = Servers::start(&world, world.database()).await;
        let at = servers.alive()[0];
        let (here, there) = (hall.at_address(at), hall.at_address(*servers.alive().last().expect("a server")));

        // The first transaction, broken off: the ballot is open as before, and takes a vote.
        let close = closing(&here);
        let name = halts.reached(0).await;
        servers.kill(Some(&name)).await;
        assert!(close.await.expect("no panic").is_err(), "nobody was told of a closing");
        halts.release(0).await;
        servers.revive().await;
        assert_eq!(here.workshop.organiser.get(&hall.path).await.expect(200)["state"], "open");
        stood.0.extend(Stood::cast(&there, VOTES..VOTES + 1).await.0);

        // Closed, and held in the second one at each of its points.
        drop(closing(&here));
        let mut undisturbed = None;
        for (point, (table, ..)) in POINTS.iter().enumerate().skip(1) {
            let name = halts.reached(point).await;
            for server in servers.alive() {
                stood.hold_meanwhile(&hall.at_address(server), &auditor.at_address(server)).await;
                // SQLite has one writer, which has other things to do.
                if world.backend() == Backend::Postgres {
                    let voter = point * 2 + usize::from(server == at);
                    passes(&other.at_address(server), voter).await;
                    // Those who decide over the ballot itself wait for its very last moment only.
                    if *table != "ballot" && *table != "proof" {
                        let organiser = hall.workshop.organiser.at_address(server);
                        organiser.act(&hall.at("publish")).await.problem(409, "ballot_counting");
                    }
                }
            }
            if point == 1 {
                // Nobody else is at it: the moment for a copy, whose count goes through at once.
                servers.kill(None).await;
                halts.sql.close().await;
                let copy = copy_of(world.database()).await;
                halts = Halts { sql: world.sql().await, backend: world.backend() };
                halts.hold(point + 1).await;
                undisturbed = Some(copy);
            }
            servers.kill(Some(&name)).await;
            halts.release(point).await;
            servers.revive().await;
        }
        let ended = sealed(world.database(), servers.alive()[0], &hall, &auditor).await;
        for server in servers.alive() {
            assert_eq!(sealed(world.database(), server, &hall, &auditor).await, ended);
            stood.hold_counted(&hall.at_address(server)).await;
        }
        servers.kill(None).await;

        let copy = undisturbed.expect("a copy");
        if world.backend() == Backend::Sqlite {
            let sql = Sql::open(&copy).await;
            sql.run("DELETE FROM halted").await;
            sql.close().await;
        }
        let (mut moments, mut broken_off) = (moments(), 0);
        for _ in 0..RANDOM_KILLS {
            let (database, address) = (copy_of(&copy).await, free_port());
            count_on(&world, &database, address, Some(&mut moments)).await;
            let sql = Sql::open(&database).await;
            broken_off += sql.number("SELECT count(*) FROM ballot WHERE state = 'closed' AND counted_at IS NULL").await;
            sql.close().await;
            let process = count_on(&world, &database, address, None).await;
            assert_eq!(sealed(&database, address, &hall, &auditor).await, ended);
            drop(process);
        }
        let on = world.backend();
        tell(&format!("of {RANDOM_KILLS} counts killed at random moments on {on:?}, {broken_off} were not finished"));
        let address = free_port();
        let undisturbed = count_on(&world, &copy, address, None).await;
        assert_eq!(sealed(&copy, address, &hall, &auditor).await, ended);
        drop(undisturbed);
    }

    async fn while_votes_are_counted_retries_are_answered_and_results_are_not(world: World) {
        let (hall, auditor) = open_hall(&world, 6).await;
        let other = Hall::of(hall.workshop.clone(), hall.voters.clone(), plurality()).await;
        other.open().await;
        let stood = Stood::cast(&hall, 0..4).await;
        let organiser = hall.workshop.organiser.clone();
        world.server().app(async |app| {
            // Someone else's count goes first.
            let turn = app.counting.lock().await;
            let close = closing(&hall);
            let deadline = Instant::now() + TAKEN_OVER;
            while organiser.get(&hall.path).await.expect(200)["state"] != "closed" {
                assert!(Instant::now() < deadline, "not closed");
            }
            passes(&other, 5).await;
            stood.hold_meanwhile(&hall, &auditor).await;
            organiser.act(&hall.at("publish")).await.problem(409, "ballot_counting");
            drop(turn);
            close.await.expect("no panic").expect("an answer").expect(200);
        }).await;
        let tally = hall.tally().await;
        assert_eq!(tally["votes"], 4);
        stood.hold_counted(&hall).await;
        organiser.act(&hall.at("publish")).await.expect(200);
        stood.hold_counted(&hall).await;
    }
}

/// A server on a database that counts what is closed there as soon as it runs; killed at once, or
/// some milliseconds later, where moments are given.
async fn count_on(world: &World, database: &Database, at: SocketAddr, kill: Option<&mut StdRng>) -> Option<Process> {
    let serve = ["serve", "--listen", &at.to_string()];
    let process = quiet(world.command_on(database, serve)).serve().await;
    let Some(moments) = kill else {
        return Some(process);
    };
    pause(moments, 40).await;
    process.kill().await;
    None
}
