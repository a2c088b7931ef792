//! Servers and databases that die in the middle of a burst.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use tokio::time::Instant;

use super::burst::Burst;
use super::checker::{Attempts, End, Figures, check};
use super::{RECOVERED, free_port, moments, open_hall, pause, serve, tell};
use crate::faults::run;
use crate::support::{Backend, Cluster, Person, World, both};
use crate::voting::Hall;

/// How often, and how many vote each time.
const KILLS: usize = 10;
const VOTERS: usize = 32;

/// Closes the ballot and holds what the server says against what the voters know.
async fn finish(
    what: &str,
    hall: &Hall,
    auditor: &Person,
    attempts: &Attempts,
    servers: &[std::net::SocketAddr],
) -> Figures {
    hall.tally().await;
    let end = End::read(auditor, &hall.path, servers).await;
    let attempts = attempts.all().clone();
    let figures = check(&attempts, &end).unwrap_or_else(|faults| panic!("{what}: {faults:#?}"));
    end.verify(&attempts).await;
    tell(&format!("{what}: {figures}"));
    figures
}

both! {
    async fn a_server_killed_in_a_burst_loses_and_doubles_no_vote(world: World) {
        let (hall, auditor) = open_hall(&world, KILLS * VOTERS).await;
        world.server().stop().await;
        // Under PostgreSQL there are two, one of which dies; the other goes on meanwhile.
        let addresses = match world.backend() {
            Backend::Sqlite => vec![free_port()],
            Backend::Postgres => vec![free_port(), free_port()],
        };
        let (mut moments, attempts) = (moments(), Arc::new(Attempts::default()));
        let hall = hall.at_address(addresses[0]);
        let mut processes = Vec::new();
        for address in &addresses {
            processes.push(serve(&world, *address).await);
        }
        for voters in hall.voters.chunks(VOTERS) {
            let burst = Burst::start(&hall, voters, &addresses, &attempts, &mut moments);
            burst.answered(moments.random_range(0..VOTERS)).await;
            pause(&mut moments, 5).await;
            let whom = moments.random_range(0..processes.len());
            processes.remove(whom).kill().await;
            processes.insert(whom, serve(&world, addresses[whom]).await);
            burst.ended().await;
        }
        let what = format!("{KILLS} kills of a server on {:?}", world.backend());
        let figures = finish(&what, &hall, &auditor, &attempts, &addresses).await;
        assert!(figures.unknown > 0, "nobody was interrupted: {figures}");
    }
}

/// A request that cannot be served says when to come again, and nothing of a vote that stands.
async fn refused(hall: &Hall, voter: usize, attempts: &Attempts) {
    let (person, vote) = (&hall.voters[voter], hall.vote(0));
    let answer = person.post(&hall.at("votes"), vote.body()).send().await;
    attempts.record(&person.email, &vote, &answer);
    let answer = answer.expect("an answer").problem(503, "unavailable");
    assert!(answer.header("retry-after").parse::<u64>().is_ok(), "{answer}");
}

/// Until votes are taken again, in time; whoever this is may have voted already.
async fn recovers(hall: &Hall, voter: usize, attempts: &Attempts) -> Duration {
    let back = Instant::now();
    let (person, vote) = (&hall.voters[voter], hall.vote(0));
    loop {
        let ready = person.get("/readyz").await;
        let sent = person.post(&hall.at("votes"), vote.body()).send().await;
        attempts.record(&person.email, &vote, &sent);
        // Either answer has been at the disk.
        let taken = matches!(sent.expect("an answer").status, 201 | 409);
        assert!(back.elapsed() < RECOVERED, "not recovered in time");
        if taken && ready.status == 204 {
            return back.elapsed();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_stopped_in_a_burst_costs_no_vote() {
    let cluster = Cluster::start(&[]).await;
    let world = World::on(cluster.database("postgres")).await;
    let (hall, auditor) = open_hall(&world, KILLS * VOTERS + 3).await;
    let (mut moments, attempts) = (moments(), Arc::new(Attempts::default()));
    let server = world.server().address;

    // First in the very middle of a vote, the connection lost when there is no way to another one,
    // and for so long that whoever tries again and again comes to wait for long in between.
    let (sql, other, vote) = (world.sql().await, world.sql().await, hall.vote(1));
    let lock = sql.begin().await;
    run(&lock, "LOCK TABLE \"cast\" IN SHARE MODE").await;
    let cast = hall.voters[2].post(&hall.at("votes"), vote.body());
    let cast = tokio::spawn(cast.send());
    let pid = casting_backend(&world, None).await;
    cluster.take_nobody_new();
    other.texts(&format!("SELECT pg_terminate_backend({pid})::text")).await;
    let sent = cast.await.expect("no panic");
    attempts.record(&hall.voters[2].email, &vote, &sent);
    sent.expect("an answer").problem(503, "unavailable");
    cluster.stop_immediate().await;
    drop(lock);
    for _ in 0..3 {
        let ready = async { world.anonymous().get("/readyz").await.problem(503, "unavailable") };
        tokio::join!(refused(&hall, 0, &attempts), refused(&hall, 1, &attempts), ready);
    }
    cluster.start_again().await;
    let mut slowest = recovers(&hall, 2, &attempts).await;

    for voters in hall.voters[3..].chunks(VOTERS) {
        let burst = Burst::start(&hall, voters, &[server], &attempts, &mut moments);
        burst.answered(moments.random_range(0..VOTERS)).await;
        pause(&mut moments, 5).await;
        cluster.stop_immediate().await;
        cluster.start_again().await;
        slowest = slowest.max(recovers(&hall, 2, &attempts).await);
        burst.ended().await;
    }
    let what = format!("{KILLS} stops of PostgreSQL and a long one, recovered within {slowest:?}");
    let figures = finish(&what, &hall, &auditor, &attempts, &[server]).await;
    assert!(figures.unknown > 7, "nobody was interrupted: {figures}");
    world.server().stop().await;
}

/// The backend that votes are written on, after that one, once it waits for a lock on their table.
async fn casting_backend(world: &World, after: Option<i64>) -> i64 {
    let sql = world.sql().await;
    let waiting = "SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
                   AND query ~ '^(INSERT INTO \"cast\"|SELECT votes_at_once)'";
    let deadline = Instant::now() + Duration::from_secs(7);
    loop {
        let found = sql.texts(&waiting.replace("bigint", "text")).await;
        let mut pids = found.iter().map(|pid| pid.parse().expect("a process"));
        if let Some(pid) = pids.find(|pid| after != Some(*pid)) {
            return pid;
        }
        assert!(Instant::now() < deadline, "no vote waits for the table");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_killed_under_a_vote_is_replaced() {
    World::with(Backend::Postgres, async |world| {
        let (hall, _) = open_hall(&world, 2).await;
        let (sql, other) = (world.sql().await, world.sql().await);
        let lock = sql.begin().await;
        run(&lock, "LOCK TABLE \"cast\" IN SHARE MODE").await;
        let vote = hall.vote(0);
        let cast = {
            let (person, path, body) = (hall.voters[0].clone(), hall.at("votes"), vote.body());
            tokio::spawn(async move { person.post(&path, body).await })
        };
        // Killed once, the vote is written on another connection; killed again, its sender is told.
        let pid = casting_backend(&world, None).await;
        let kill = async |pid| other.texts(&format!("SELECT pg_terminate_backend({pid})::text")).await;
        kill(pid).await;
        kill(casting_backend(&world, Some(pid)).await).await;
        let answer = cast.await.expect("an answer").problem(503, "unavailable");
        assert!(answer.header("retry-after").parse::<u64>().is_ok(), "{answer}");
        assert_eq!(
            hall.voters[0].get(&hall.at("participation")).await.expect(200)["voted"],
            false
        );
        let again = {
            let (person, path, body) = (hall.voters[0].clone(), hall.at("votes"), vote.body());
            tokio::spawn(async move { person.post(&path, body).await })
        };
        let pid = casting_backend(&world, None).await;
        kill(pid).await;
        casting_backend(&world, Some(pid)).await;
        lock.commit().await.expect("the lock is let go");
        again.await.expect("an answer").expect(201);
        // All of them, while they rest: nobody notices.
        other
            .texts(
                "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        hall.voters[1]
            .post(&hall.at("votes"), hall.vote(1).body())
            .await
            .expect(201);
        assert_eq!(hall.tally().await["votes"], 2);
    })
    .await;
}
