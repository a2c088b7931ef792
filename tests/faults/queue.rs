//! The writer's queue: full, with doubles in one batch, with voters and ballots that change while
//! votes wait, and at the end of a server. The order is forced by holding what the writer needs.

use std::sync::{Arc, Barrier};

use palabre::Capacity;
use sea_orm::DatabaseTransaction;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{PATIENCE, open_hall};
use crate::faults::{hold, run};
use crate::support::{Answer, Backend, Person, Raw, Server, World, both};
use crate::voting::{Hall, Vote, plurality};

/// A server whose writer is held with a first vote, so that whatever comes next gathers in one batch.
struct Held<'w> {
    world: &'w World,
    server: &'w Server,
    lock: DatabaseTransaction,
    first: JoinHandle<Answer>,
    waiting: usize,
}

impl<'w> Held<'w> {
    async fn with(world: &'w World, server: &'w Server, hall: &Hall, voter: &Person) -> Self {
        let lock = world.sql().await.begin().await;
        run(&lock, &hold(world, hall.id())).await;
        let first = send(&voter.at(server), hall, &hall.vote(0));
        let held = Self {
            world,
            server,
            lock,
            first,
            waiting: 1,
        };
        held.until_taken().await;
        held
    }

    /// Until the writer has the first vote in hand and waits for the lock.
    async fn until_taken(&self) {
        let sql = self.world.sql().await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let held = match self.world.backend() {
                Backend::Postgres => {
                    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
                    sql.number(waiting).await > 0
                }
                Backend::Sqlite => self.server.app(async |app| app.store.idle_writers() == 0).await,
            };
            if held && self.undecided().await == 1 {
                return;
            }
            assert!(Instant::now() < deadline, "the writer is not held");
            tokio::task::yield_now().await;
        }
    }

    async fn undecided(&self) -> usize {
        self.server.app(async |app| app.votes.undecided()).await
    }

    /// One more vote in the queue; it is there before the next comes.
    async fn queue(&mut self, voter: &Person, hall: &Hall, vote: &Vote) -> JoinHandle<Answer> {
        let sent = send(&voter.at(self.server), hall, vote);
        self.waiting += 1;
        let deadline = Instant::now() + PATIENCE;
        while self.undecided().await < self.waiting {
            assert!(Instant::now() < deadline, "the vote does not arrive");
            tokio::task::yield_now().await;
        }
        sent
    }

    /// Lets go; what became of the first vote.
    async fn release(self) -> Answer {
        self.lock.commit().await.expect("the lock is let go");
        self.first.await.expect("an answer")
    }
}

/// Each thread of this runtime, on which servers do all that is neither an answer nor a vote, held.
struct StandStill(Arc<Barrier>);

impl StandStill {
    fn begin() -> Self {
        let threads = tokio::runtime::Handle::current().metrics().num_workers();
        let barrier = Arc::new(Barrier::new(threads + 1));
        for _ in 0..threads {
            let barrier = barrier.clone();
            tokio::spawn(async move {
                barrier.wait();
                barrier.wait();
            });
        }
        barrier.wait();
        Self(barrier)
    }

    fn end(self) {
        self.0.wait();
    }
}

fn send(voter: &Person, hall: &Hall, vote: &Vote) -> JoinHandle<Answer> {
    let (voter, path, body) = (voter.clone(), hall.at("votes"), vote.body());
    tokio::spawn(async move { voter.post(&path, body).await })
}

async fn voted(voter: &Person, hall: &Hall) -> bool {
    voter.get(&hall.at("participation")).await.expect(200)["voted"] == true
}

async fn all(answers: Vec<JoinHandle<Answer>>) -> Vec<Answer> {
    let mut all = Vec::new();
    for answer in answers {
        all.push(answer.await.expect("an answer"));
    }
    all
}

/// The ballot's identifier as the database writes it.
fn literal(world: &World, hall: &Hall) -> String {
    match world.backend() {
        Backend::Postgres => format!("'{}'", hall.id()),
        Backend::Sqlite => format!("x'{}'", hall.id().replace('-', "")),
    }
}

both! {
    async fn a_full_queue_refuses_stores_nothing_and_takes_the_vote_later(world: World) {
        let (hall, _) = open_hall(&world, 8).await;
        let server = world.another_server_with(Capacity { queue: 4, batch: 2 }).await;
        let mut held = Held::with(&world, &server, &hall, &hall.voters[0]).await;
        let votes: Vec<Vote> = (0..8).map(|voter| hall.vote(voter % 3)).collect();
        let mut queued = Vec::new();
        let everyone: Vec<(&Person, &Vote)> = hall.voters.iter().zip(&votes).collect();
        for (person, vote) in &everyone[1..5] {
            queued.push(held.queue(person, &hall, vote).await);
        }
        for (person, vote) in &everyone[5..] {
            let full = person.at(&server).post(&hall.at("votes"), vote.body()).await.problem(503, "unavailable");
            assert!(full.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0), "{full}");
        }
        held.release().await.expect(201);
        for answer in all(queued).await {
            answer.expect(201);
        }
        for (person, vote) in &everyone[5..] {
            assert!(!voted(person, &hall).await, "a vote that was refused stands");
            person.at(&server).post(&hall.at("votes"), vote.body()).await.expect(201);
        }
        assert_eq!(hall.tally().await["votes"], 8);
        server.stop().await;
    }

    async fn doubles_inside_one_batch_are_one_vote(world: World) {
        let (hall, _) = open_hall(&world, 3).await;
        let mut held = Held::with(&world, world.server(), &hall, &hall.voters[0]).await;
        let same = hall.vote(1);
        let (one, other) = (hall.vote(1), hall.vote(2));
        let mut queued = Vec::new();
        for (voter, vote) in [(1, &same), (2, &one), (1, &same), (2, &other)] {
            queued.push(held.queue(&hall.voters[voter], &hall, vote).await);
        }
        held.release().await.expect(201);
        let answers = all(queued).await;
        assert_eq!((answers[0].status, answers[2].status), (201, 201), "{} and {}", answers[0], answers[2]);
        assert_eq!(answers[0].body, answers[2].body);
        // Of two different ones the first that came stands.
        answers[1].clone().expect(201);
        answers[3].clone().problem(409, "already_voted");
        assert_eq!(answers[1]["vote_hash"], one.hash(hall.id()));
        let tally = hall.tally().await;
        let counts: Vec<i64> = tally["working"]["counts"].as_array().expect("counts").iter()
            .map(|count| count["votes"].as_i64().expect("a number")).collect();
        assert_eq!((&tally["votes"], counts), (&3.into(), vec![1, 2, 0]));
    }

    async fn a_sign_in_that_ends_while_its_vote_waits_does_not_vote(world: World) {
        let (hall, _) = open_hall(&world, 4).await;
        let mut held = Held::with(&world, world.server(), &hall, &hall.voters[0]).await;
        let mut queued = Vec::new();
        for voter in 1..4 {
            queued.push(held.queue(&hall.voters[voter], &hall, &hall.vote(0)).await);
        }
        let ends = "UPDATE sign_in SET revoked_at = created_at WHERE person_id = \
                    (SELECT id FROM person WHERE address = 'voter.2@example.org')";
        run(&held.lock, ends).await;
        held.release().await.expect(201);
        let answers = all(queued).await;
        answers[0].clone().expect(201);
        answers[1].clone().problem(401, "sign_in_required");
        answers[2].clone().expect(201);
        // She signs in anew, and votes.
        let again = world.person("voter.2@example.org").await;
        assert!(!voted(&again, &hall).await);
        again.post(&hall.at("votes"), hall.vote(1).body()).await.expect(201);
        assert_eq!(hall.tally().await["votes"], 4);
    }

    async fn a_batch_for_two_ballots_of_which_one_closes_is_taken_for_the_other(world: World) {
        let (hall, _) = open_hall(&world, 3).await;
        let other = Hall::of(hall.workshop.clone(), hall.voters.clone(), plurality()).await;
        other.open().await;
        let mut held = Held::with(&world, world.server(), &hall, &hall.voters[0]).await;
        let (mut late, mut in_time) = (Vec::new(), Vec::new());
        for voter in 1..3 {
            late.push(held.queue(&hall.voters[voter], &hall, &hall.vote(0)).await);
            in_time.push(held.queue(&other.voters[voter], &other, &other.vote(0)).await);
        }
        let close = format!(
            "UPDATE ballot SET state = 'closed', closed_at = opened_at + 1 WHERE id = {}",
            literal(&world, &hall)
        );
        run(&held.lock, &close).await;
        held.release().await.problem(409, "ballot_not_open");
        for answer in all(late).await {
            answer.problem(409, "ballot_not_open");
        }
        for answer in all(in_time).await {
            answer.expect(201);
        }
        assert_eq!((&hall.tally().await["votes"], &other.tally().await["votes"]), (&0.into(), &2.into()));
    }

    async fn a_closing_waits_for_no_queue_and_loses_nothing_of_it(world: World) {
        let (hall, _) = open_hall(&world, 8).await;
        let other = Hall::of(hall.workshop.clone(), hall.voters.clone(), plurality()).await;
        other.open().await;
        hall.voters[7].post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        // The writer is held at the other ballot.
        let mut held = Held::with(&world, world.server(), &other, &hall.voters[0]).await;
        let mut queued = Vec::new();
        for voter in 0..6 {
            queued.push(held.queue(&hall.voters[voter], &hall, &hall.vote(0)).await);
        }
        let tally = match world.backend() {
            // Closed and counted while the queue waits; nothing is acknowledged afterwards.
            Backend::Postgres => {
                let tally = hall.tally().await;
                assert_eq!(tally["votes"], 1);
                held.release().await.expect(201);
                tally
            }
            // One writer: the closing takes its turn after the batch at hand, not after the queue.
            Backend::Sqlite => {
                let close = {
                    let hall = hall.clone();
                    tokio::spawn(async move { hall.tally().await })
                };
                held.release().await.expect(201);
                close.await.expect("a tally")
            }
        };
        let mut acknowledged = 1;
        for answer in all(queued).await {
            match answer.status {
                201 => acknowledged += 1,
                _ => drop(answer.problem(409, "ballot_not_open")),
            }
        }
        assert_eq!(tally["votes"], acknowledged);
        assert_eq!(other.tally().await["votes"], 1);
    }

    async fn votes_are_written_while_everything_else_a_server_does_stands_still(world: World) {
        let (hall, _) = open_hall(&world, 2).await;
        // What is read once for a ballot is at hand from here on.
        hall.voters[0].post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        let (voter, body) = (&hall.voters[1], hall.vote(1).body().to_string());
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: l\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            hall.at("votes"), voter.token.as_deref().expect("a token"), body.len()
        );
        let address = world.server().address;
        let vote = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut connection = Raw::connect(address).await;
                connection.send(request.as_bytes()).await;
                connection.answer().await
            })
        };
        let standing = StandStill::begin();
        let answer = std::thread::spawn(vote).join();
        standing.end();
        answer.expect("an answer in time").expect("an answer").expect(201);
        assert_eq!(hall.tally().await["votes"], 2);
    }

    async fn a_server_that_is_told_to_stop_answers_every_vote_that_waits(world: World) {
        let (hall, _) = open_hall(&world, 6).await;
        let server = world.another_server().await;
        let mut held = Held::with(&world, &server, &hall, &hall.voters[0]).await;
        let mut queued = Vec::new();
        for voter in 1..6 {
            queued.push(held.queue(&hall.voters[voter], &hall, &hall.vote(voter % 3)).await);
        }
        let stop = {
            let server = server.clone();
            tokio::spawn(async move { server.stop().await })
        };
        // It takes nobody new any more.
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(server.address).await.is_ok() {
            assert!(Instant::now() < deadline, "it does not begin to stop");
            tokio::task::yield_now().await;
        }
        held.release().await.expect(201);
        for answer in all(queued).await {
            answer.expect(201);
        }
        stop.await.expect("stopped");
        assert_eq!(hall.tally().await["votes"], 6);
    }
}

/// Two servers write the same votes, which came to each in another order: neither waits for what the
/// other has written while the other waits for its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_the_same_votes_do_not_deadlock() {
    World::with(Backend::Postgres, async |world| {
        let (hall, _) = open_hall(&world, 4).await;
        let other = Hall::of(hall.workshop.clone(), hall.voters.clone(), plurality()).await;
        other.open().await;
        // Whoever has written one vote of a batch is held before the next.
        let sql = world.sql().await;
        sql.run(
            "CREATE FUNCTION hold_second() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN \
             IF current_setting(''tests.wrote'', true) = ''one'' THEN PERFORM pg_advisory_xact_lock_shared(1); END IF; \
             PERFORM set_config(''tests.wrote'', ''one'', true); RETURN NEW; END'; \
             CREATE TRIGGER hold_second BEFORE INSERT ON \"cast\" FOR EACH ROW EXECUTE FUNCTION hold_second()",
        )
        .await;
        sql.texts("SELECT pg_advisory_lock(1)::text").await;
        let another = world.another_server().await;
        let mut here = Held::with(&world, world.server(), &hall, &hall.voters[0]).await;
        let mut there = Held::with(&world, &another, &other, &hall.voters[3]).await;
        let (votes, mut queued) = ([hall.vote(0), hall.vote(1)], Vec::new());
        for (first, second) in [(0, 1), (1, 0)] {
            queued.push(here.queue(&hall.voters[first + 1], &hall, &votes[first]).await);
            queued.push(there.queue(&hall.voters[second + 1], &hall, &votes[second]).await);
        }
        here.release().await.expect(201);
        there.release().await.expect(201);
        let held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND wait_event_type = 'Lock' AND query ~ '^(INSERT INTO \"cast\"|SELECT votes_at_once)'";
        let deadline = Instant::now() + PATIENCE;
        while sql.number(held).await < 2 {
            assert!(Instant::now() < deadline, "the writers do not meet");
        }
        sql.texts("SELECT pg_advisory_unlock(1)::text").await;
        for answer in all(queued).await {
            answer.expect(201);
        }
        assert_eq!(
            (&hall.tally().await["votes"], &other.tally().await["votes"]),
            (&3.into(), &1.into())
        );
        another.stop().await;
    })
    .await;
}
