//! A full disk: votes are told to come again, never falsely acknowledged; reads go on; with space
//! all goes on by itself.

use std::future::IntoFuture as _;
use std::sync::Arc;

use palabre::App;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use sea_orm::ConnectionTrait as _;

use super::burst::Burst;
use super::checker::{Attempts, End, Fate, check};
use super::{free_port, moments, open_hall, quiet, tell};
use crate::support::{Backend, Process, World};
use crate::voting::{Hall, Vote, plurality};

/// Leaves the server's file as many pages as it has, or any number.
async fn room(app: &App, any: bool) {
    let transaction = app.store.write().await.expect("the writer");
    // Fewer than there are means as many as there are.
    let pages = if any { "1073741823" } else { "1" };
    let limit = format!("PRAGMA max_page_count = {pages}");
    transaction.execute_unprepared(&limit).await.expect("a limit");
    transaction.commit().await.expect("a limit");
}

/// Votes, one voter after the other, until one is told to come again; who that is.
async fn until_full(hall: &Hall, attempts: &Attempts) -> (usize, Vote) {
    for (voter, person) in hall.voters.iter().enumerate() {
        let vote = hall.vote(voter % hall.candidates.len());
        let sent = person.post(&hall.at("votes"), vote.body()).send().await;
        if attempts.record(&person.email, &vote, &sent) == Fate::Unknown {
            return (voter, vote);
        }
    }
    panic!("there is room for everyone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_votes_and_takes_them_again_with_space() {
    World::with(Backend::Sqlite, async |world| {
        let (hall, auditor) = open_hall(&world, 100).await;
        let (organiser, attempts) = (&hall.workshop.organiser, Arc::new(Attempts::default()));
        world.server().app(async |app| room(app, false).await).await;
        let (voter, vote) = until_full(&hall, &attempts).await;
        // Again and again, whatever is written; reads go on, and a vote that stands is told so.
        let person = &hall.voters[voter];
        for _ in 0..3 {
            person
                .post(&hall.at("votes"), vote.body())
                .await
                .problem(503, "unavailable");
        }
        let mut small = 0;
        loop {
            let answer = organiser.post(&hall.workshop.path("ballots"), plurality()).await;
            if answer.status != 201 {
                answer.problem(503, "unavailable");
                break;
            }
            small += 1;
            assert!(small < 100, "there is room for everything");
        }
        assert_eq!(person.get(&hall.at("participation")).await.expect(200)["voted"], false);
        assert_eq!(organiser.get(&hall.at("turnout")).await.expect(200)["votes"], voter);
        assert!(voter > 0, "nobody could vote");
        let stands = attempts.all()[0].vote.clone();
        hall.voters[0].post(&hall.at("votes"), stands.body()).await.expect(201);

        world.server().app(async |app| room(app, true).await).await;
        for (number, person) in hall.voters.iter().enumerate().skip(voter) {
            let vote = if number == voter {
                vote.clone()
            } else {
                hall.vote(number % 3)
            };
            let sent = person.post(&hall.at("votes"), vote.body()).send().await;
            assert!(
                matches!(attempts.record(&person.email, &vote, &sent), Fate::Ok { .. }),
                "{sent:?}"
            );
        }
        organiser
            .post(&hall.workshop.path("ballots"), plurality())
            .await
            .expect(201);

        // Counting needs space too: it is tried again until there is some.
        world
            .server()
            .app(async |app| {
                let turn = app.counting.lock().await;
                let close = organiser.act(&hall.at("close")).into_future();
                let close = tokio::spawn(close);
                while organiser.get(&hall.path).await.expect(200)["state"] != "closed" {}
                room(app, false).await;
                drop(turn);
                let closed = close.await.expect("an answer").expect(200);
                assert!(
                    closed["counted_at"].is_null() && closed["count_failed"].is_null(),
                    "{closed}"
                );
                auditor.get(&hall.at("tally")).await.problem(409, "ballot_counting");
                room(app, true).await;
            })
            .await;
        world.run_due().await;
        let end = End::read(&auditor, &hall.path, &[world.server().address]).await;
        let attempts = attempts.all().clone();
        check(&attempts, &end).unwrap_or_else(|faults| panic!("{faults:#?}"));
    })
    .await;
}

/// The server writes to no file beyond so many bytes; `None` lifts that.
fn limit(server: &Process, bytes: Option<u64>) {
    let id = i32::try_from(server.id()).ok().and_then(Pid::from_raw);
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(id, Resource::Fsize, limit).expect("a limit");
}

/// As above with the real binary in a burst: it is the system that refuses to write, at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_in_a_burst_costs_no_vote() {
    World::with(Backend::Sqlite, async |world| {
        let (hall, auditor) = open_hall(&world, 100).await;
        world.server().stop().await;
        let (address, mut moments, attempts) = (free_port(), moments(), Arc::new(Attempts::default()));
        let hall = hall.at_address(address);
        // Without this the system would end the process rather than refuse.
        let serve = world
            .command(["serve", "--listen", &address.to_string()])
            .after("trap '' XFSZ");
        let process = quiet(serve).serve().await;
        for voters in hall.voters.chunks(25) {
            let (late, voters) = voters.split_first().expect("voters");
            let burst = Burst::start(&hall, voters, &[address], &attempts, &mut moments);
            burst.answered(10).await;
            limit(&process, Some(1));
            let vote = hall.vote(0);
            let sent = late.post(&hall.at("votes"), vote.body()).send().await;
            attempts.record(&late.email, &vote, &sent);
            sent.expect("an answer").problem(503, "unavailable");
            hall.workshop.organiser.get(&hall.path).await.expect(200);
            late.get(&hall.at("participation")).await.expect(200);
            limit(&process, None);
            burst.ended().await;
        }
        hall.tally().await;
        let end = End::read(&auditor, &hall.path, &[address]).await;
        let attempts = attempts.all().clone();
        let figures = check(&attempts, &end).unwrap_or_else(|faults| panic!("{faults:#?}"));
        tell(&format!("4 full disks: {figures}"));
        assert!(figures.unknown >= 4, "nobody was interrupted: {figures}");
        process.kill().await;
    })
    .await;
}

/// What PostgreSQL answers when a tablespace is full, at the row that does not fit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_without_space_refuses_a_vote_and_takes_it_again() {
    World::with(Backend::Postgres, async |world| {
        let (hall, _) = open_hall(&world, 2).await;
        let sql = world.sql().await;
        sql.run(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN RAISE EXCEPTION USING ERRCODE = ''disk_full'', MESSAGE = ''could not extend file''; END'; \
             CREATE TRIGGER full_disk BEFORE INSERT ON \"cast\" FOR EACH ROW EXECUTE FUNCTION full_disk()",
        )
        .await;
        let vote = hall.vote(0);
        let full = hall.voters[0]
            .post(&hall.at("votes"), vote.body())
            .await
            .problem(503, "unavailable");
        assert!(full.header("retry-after").parse::<u64>().is_ok(), "{full}");
        // And where no writer of votes stands in between.
        sql.run("CREATE TRIGGER full_disk BEFORE INSERT ON ballot FOR EACH ROW EXECUTE FUNCTION full_disk()")
            .await;
        let organiser = &hall.workshop.organiser;
        organiser
            .post(&hall.workshop.path("ballots"), plurality())
            .await
            .problem(503, "unavailable");
        assert_eq!(
            hall.voters[0].get(&hall.at("participation")).await.expect(200)["voted"],
            false
        );
        sql.run("DROP FUNCTION full_disk CASCADE").await;
        hall.voters[0].post(&hall.at("votes"), vote.body()).await.expect(201);
        assert_eq!(hall.tally().await["votes"], 1);
    })
    .await;
}
