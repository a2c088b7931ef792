//! Faults of the program itself: what they hit is told to come again, and whoever was at it goes on with
//! what comes next. They are forced by a clock that breaks in the hands of who looks at it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use palabre::ambient::{Clock, HostClock};
use palabre::instant::Instant as Time;
use serde_json::json;
use tokio::time::Instant;

use super::{PATIENCE, open_hall};
use crate::support::{Backend, World, both};

/// A host's clock that breaks some times in the hands of one kind of thread.
struct Faulty {
    thread: &'static str,
    times: usize,
    broken: AtomicUsize,
}

impl Faulty {
    fn on(thread: &'static str, times: usize) -> Arc<Self> {
        let broken = AtomicUsize::new(0);
        Arc::new(Self { thread, times, broken })
    }
}

impl Clock for Faulty {
    fn now(&self) -> Time {
        let here = std::thread::current().name() == Some(self.thread);
        if here && self.broken.fetch_add(1, Ordering::SeqCst) < self.times {
            std::panic::resume_unwind(Box::new("a fault"));
        }
        HostClock.now()
    }
}

both! {
    async fn a_fault_of_the_writer_costs_an_answer_and_no_vote(world: World) {
        let (hall, _) = open_hall(&world, 3).await;
        let server = world.another_server_by(world.database(), Faulty::on("votes", 1)).await;
        let unlucky = hall.voters[0].at(&server);
        unlucky.post(&hall.at("votes"), hall.vote(0).body()).await.problem(503, "unavailable");
        let participation = unlucky.get(&hall.at("participation")).await.expect(200);
        assert_eq!(participation["voted"], false, "a vote that was not acknowledged stands");
        for voter in &hall.voters {
            voter.at(&server).post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        }
        assert_eq!(hall.tally().await["votes"], 3);
        server.stop().await;
    }
}

/// Each of the three loops breaks at least once: one that ended there would not look a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_in_what_nobody_waits_for_ends_no_loop() {
    World::with(Backend::Sqlite, async |world| {
        let clock = Faulty::on("tokio-rt-worker", 4);
        let server = world.another_server_by(world.database(), clock.clone()).await;
        world.server().end_jobs().await;
        let deadline = Instant::now() + PATIENCE;
        while clock.broken.load(Ordering::SeqCst) <= clock.times {
            assert!(Instant::now() < deadline, "a loop has ended");
            tokio::task::yield_now().await;
        }
        let address = json!({"email": "mariama@example.org"});
        world
            .anonymous()
            .at(&server)
            .post("/v1/auth/codes", address)
            .await
            .expect(202);
        world.mailbox().next_code_to("mariama@example.org").await;
        server.stop().await;
    })
    .await;
}
