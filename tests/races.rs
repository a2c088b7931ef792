//! Races that could cost a vote, with their order forced by holding the locks that matter.

use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use serde_json::json;

use crate::support::{Backend, Person, World, both};
use crate::voting::{Hall, Vote, plurality};

/// A hall with an open ballot.
async fn open_hall(world: &World, voters: usize) -> Hall {
    let hall = Hall::new(world, voters, plurality()).await;
    hall.open().await;
    hall
}

/// What takes the lock that the race is about: the ballot's row in PostgreSQL, the one writer's
/// place in SQLite.
pub fn hold(world: &World, ballot: &str) -> String {
    match world.backend() {
        Backend::Postgres => format!("SELECT 1 FROM ballot WHERE id = '{ballot}' FOR UPDATE"),
        Backend::Sqlite => "UPDATE ballot SET question = question".to_owned(),
    }
}

pub async fn run(on: &DatabaseTransaction, sql: &str) {
    on.execute_unprepared(sql).await.expect(sql);
}

/// Until so many requests wait for what the test holds: seen in PostgreSQL's own list of who waits
/// for a lock; in SQLite requests queue for the one writing connection, and it is enough that
/// somebody has taken it.
pub async fn until_waiting(world: &World, number: i64) {
    let sql = world.sql().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(7);
    loop {
        let waiting = match world.backend() {
            Backend::Postgres => {
                let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
                sql.number(waiting).await >= number
            }
            Backend::Sqlite => world.server().app(async |app| app.store.idle_writers() == 0).await,
        };
        if waiting {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "nobody waits for the lock");
        tokio::task::yield_now().await;
    }
}

/// Until so many votes have reached the server's writer and wait for their fate.
pub async fn until_undecided(world: &World, number: usize) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(7);
    while world.server().app(async |app| app.votes.undecided()).await < number {
        assert!(tokio::time::Instant::now() < deadline, "the votes do not arrive");
        tokio::task::yield_now().await;
    }
}

both! {
    async fn two_different_votes_of_one_person_at_once_leave_one(world: World) {
        let hall = open_hall(&world, 1).await;
        let second = match world.backend() {
            Backend::Postgres => Some(world.another_server().await),
            Backend::Sqlite => None,
        };
        // Both votes have arrived and wait for the same lock when it is let go.
        let sql = world.sql().await;
        let lock = sql.begin().await;
        run(&lock, &hold(&world, hall.id())).await;
        let attempt = |index: usize, person: Person| {
            let vote = Vote::for_candidate(&hall.candidates[index]);
            let path = hall.at("votes");
            tokio::spawn(async move { (person.post(&path, vote.body()).await, vote) })
        };
        let here = hall.voters[0].clone();
        let there = second.as_ref().map_or_else(|| here.clone(), |server| here.at(server));
        let (one, other) = (attempt(0, here), attempt(1, there));
        until_waiting(&world, 2).await;
        lock.commit().await.expect("the lock is let go");
        let (one, other) = (one.await.expect("an answer"), other.await.expect("an answer"));
        let mut statuses = [one.0.status, other.0.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} and {}", one.0, other.0);
        let stands = if one.0.status == 201 { &one } else { &other };
        let refused = if one.0.status == 201 { &other } else { &one };
        assert_eq!(refused.0["code"], "already_voted");
        // Sent again, each gets the same answer as before.
        hall.voters[0].post(&hall.at("votes"), stands.1.body()).await.expect(201);
        hall.voters[0].post(&hall.at("votes"), refused.1.body()).await.problem(409, "already_voted");
        assert_eq!(hall.tally().await["votes"], 1);
    }

    async fn the_same_vote_sent_twice_at_once_stands_once(world: World) {
        let hall = open_hall(&world, 1).await;
        let sql = world.sql().await;
        let lock = sql.begin().await;
        run(&lock, &hold(&world, hall.id())).await;
        let vote = Vote::for_candidate(&hall.candidates[0]);
        let attempt = || {
            let (person, path, body) = (hall.voters[0].clone(), hall.at("votes"), vote.body());
            tokio::spawn(async move { person.post(&path, body).await })
        };
        let (one, other) = (attempt(), attempt());
        until_undecided(&world, 2).await;
        until_waiting(&world, 1).await;
        lock.commit().await.expect("the lock is let go");
        let one = one.await.expect("an answer").expect(201);
        let other = other.await.expect("an answer").expect(201);
        assert_eq!(one.json(), other.json());
        assert_eq!(hall.tally().await["votes"], 1);
    }

    async fn a_vote_that_waits_for_a_closing_is_refused_and_not_counted(world: World) {
        let hall = open_hall(&world, 2).await;
        let early = Vote::for_candidate(&hall.candidates[0]);
        hall.voters[0].post(&hall.at("votes"), early.body()).await.expect(201);
        // A closing holds the ballot's row; the vote arrives meanwhile; then the closing commits.
        let sql = world.sql().await;
        let closing = sql.begin().await;
        run(&closing, &hold(&world, hall.id())).await;
        let late = {
            let vote = Vote::for_candidate(&hall.candidates[1]);
            let (person, path, body) = (hall.voters[1].clone(), hall.at("votes"), vote.body());
            tokio::spawn(async move { person.post(&path, body).await })
        };
        until_waiting(&world, 1).await;
        run(&closing, "UPDATE ballot SET state = 'closed', closed_at = opened_at + 1 WHERE state = 'open'").await;
        closing.commit().await.expect("the closing commits");
        late.await.expect("an answer").problem(409, "ballot_not_open");
        let tally = hall.tally().await;
        assert_eq!((&tally["votes"], &tally["working"]["counts"][1]["votes"]), (&json!(1), &json!(0)));
        // The vote that stood is still acknowledged.
        hall.voters[0].post(&hall.at("votes"), early.body()).await.expect(201);
    }

    async fn a_closing_that_waits_for_a_vote_counts_it(world: World) {
        let hall = open_hall(&world, 1).await;
        let sql = world.sql().await;
        // The vote is stopped half-way: in PostgreSQL between its look at the ballot and its row, so
        // that the closing finds the ballot taken; in SQLite before its turn as the one writer.
        let stop = match world.backend() {
            Backend::Postgres => "LOCK TABLE \"cast\" IN SHARE MODE".to_owned(),
            Backend::Sqlite => hold(&world, hall.id()),
        };
        let lock = sql.begin().await;
        run(&lock, &stop).await;
        let vote = Vote::for_candidate(&hall.candidates[0]);
        let cast = {
            let (person, path, body) = (hall.voters[0].clone(), hall.at("votes"), vote.body());
            tokio::spawn(async move { person.post(&path, body).await })
        };
        until_waiting(&world, 1).await;
        let close = {
            let (organiser, path) = (hall.workshop.organiser.clone(), hall.at("close"));
            tokio::spawn(async move { organiser.act(&path).await })
        };
        until_waiting(&world, 2).await;
        lock.commit().await.expect("the lock is let go");
        cast.await.expect("an answer").expect(201);
        close.await.expect("an answer").expect(200);
        let tally = hall.workshop.organiser.get(&hall.at("tally")).await.expect(200);
        assert_eq!(tally["votes"], 1, "what is acknowledged is counted");
        hall.voters[0].post(&hall.at("votes"), vote.body()).await.expect(201);
    }
}
