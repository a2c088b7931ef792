//! Servers on one PostgreSQL whose hosts disagree about the time by days: ballots open and close by
//! the database's clock, and so does everything else; nobody is signed out.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use palabre::ambient::{Clock, HostClock, SharedClock};
use palabre::instant::Instant;
use serde_json::json;

use crate::support::{Answer, BallotClock, DAY, HOUR, Server, World};
use crate::voting::{Hall, counted, plurality};

/// A host's clock that is wrong by so many microseconds.
#[derive(Clone)]
struct Wrong(Arc<AtomicI64>);

impl Wrong {
    fn by(micros: i64) -> Self {
        Self(Arc::new(AtomicI64::new(micros)))
    }

    fn jump(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for Wrong {
    fn now(&self) -> Instant {
        HostClock.now().plus(self.0.load(Ordering::SeqCst))
    }
}

/// Three servers that only the database keeps together, and the clock of one of them.
async fn servers(world: &World, clock: &BallotClock) -> ([Server; 3], Wrong) {
    let (ahead, behind) = (Wrong::by(2 * DAY), Wrong::by(-2 * DAY));
    let start = async |host: Wrong| {
        let host = Arc::new(SharedClock::new(host));
        world.another_server_by(&clock.database(), host).await
    };
    let servers = [
        start(Wrong::by(0)).await,
        start(ahead.clone()).await,
        start(behind).await,
    ];
    (servers, ahead)
}

async fn a_wrong_host_clock_signs_nobody_out(world: World) {
    let clock = BallotClock::of(&world).await;
    world.server().stop().await;
    let (servers, jumping) = servers(&world, &clock).await;
    let [right, ahead, behind] = &servers;
    let email = "mariama@example.org";
    let anonymous = world.anonymous();
    anonymous
        .at(ahead)
        .post("/v1/auth/codes", json!({"email": email}))
        .await
        .expect(202);
    let code = world.mailbox().next_code_to(email).await;
    let exchange = json!({"grant_type": "email_code", "email": email, "code": code});
    let mut tokens = anonymous.at(behind).post("/v1/auth/tokens", exchange).await.expect(200);
    let refresh = async |tokens: &Answer, at: &Server| {
        let refresh = json!({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]});
        anonymous.at(at).post("/v1/auth/tokens", refresh).await.expect(200)
    };
    for at in [ahead, right, behind, ahead] {
        let person = world.bearer(&tokens.text_of("access_token"));
        for server in &servers {
            person.at(server).get("/v1/me").await.expect(200);
        }
        let next = refresh(&tokens, at).await;
        // The answer was lost: asked for again elsewhere, it is no theft.
        for server in &servers {
            assert_eq!(refresh(&tokens, server).await["refresh_token"], next["refresh_token"]);
        }
        tokens = next;
    }
    // A clock that jumps while its server runs.
    for days in [40, -80] {
        jumping.jump(days * DAY);
        let person = world.bearer(&tokens.text_of("access_token"));
        person.at(ahead).get("/v1/me").await.expect(200);
        tokens = refresh(&tokens, ahead).await;
        let person = world.bearer(&tokens.text_of("access_token"));
        person.at(right).get("/v1/me").await.expect(200);
    }
    for server in &servers {
        server.stop().await;
    }
}

async fn a_wrong_host_clock_opens_and_closes_nothing(world: World) {
    let hall = Hall::new(&world, 5, plurality()).await;
    let clock = BallotClock::of(&world).await;
    world.server().stop().await;
    let (servers, _) = servers(&world, &clock).await;
    let [right, ahead, behind] = &servers;
    // Its token is of the world's time, at which the database stands.
    let organiser = hall.workshop.organiser.at(right);
    let now = clock.now().await;
    let times = json!({"opens_at": now.plus(HOUR), "closes_at": now.plus(2 * HOUR)});
    let draft = organiser.get(&hall.path).await.expect(200);
    organiser.patch(&hall.path, &draft.etag(), times).await.expect(200);
    let state = async || organiser.get(&hall.path).await.expect(200)["state"].clone();

    ahead.run_due().await;
    assert_eq!(state().await, "draft", "not by the clock that is ahead");
    clock.set(now.plus(HOUR)).await;
    behind.run_due().await;
    assert_eq!(state().await, "open", "although one is behind");

    let votes = hall.at("votes");
    let cast = async |voter: usize, at: &Server| hall.voters[voter].at(at).post(&votes, hall.vote(0).body()).await;
    ahead.run_due().await;
    assert_eq!(state().await, "open");
    cast(0, ahead).await.expect(201);
    cast(1, behind).await.expect(201);
    clock.set(now.plus(2 * HOUR)).await;
    cast(2, behind).await.problem(409, "ballot_not_open");
    behind.run_due().await;
    assert_eq!(state().await, "closed");
    counted(&organiser, &hall.path).await;
    assert_eq!(organiser.get(&hall.at("tally")).await.expect(200)["votes"], 2);
    for server in &servers {
        server.stop().await;
    }
}

mod postgres {
    use crate::support::{Backend, World};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_wrong_host_clock_signs_nobody_out() {
        World::with(Backend::Postgres, super::a_wrong_host_clock_signs_nobody_out).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_wrong_host_clock_opens_and_closes_nothing() {
        World::with(Backend::Postgres, super::a_wrong_host_clock_opens_and_closes_nothing).await;
    }
}
