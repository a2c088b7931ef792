//! What a vote must survive: servers and databases killed in the middle of a burst, answers that
//! are lost, queues that are full, disks that are full. In the end the [`checker`] has its say.

mod burst;
pub mod checker;
mod closing;
mod disk;
mod kills;
mod lost;
mod program;
mod queue;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use palabre::instant::Instant;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::support::{HOUR, Person, Process, World};
use crate::voting::{Hall, plurality};

/// How long what must happen may take.
const PATIENCE: Duration = Duration::from_secs(7);
/// How soon a server is there again after its own death, and after its database's.
const READY: Duration = Duration::from_secs(5);
const RECOVERED: Duration = Duration::from_secs(10);

/// A crowd in front of an open ballot, and its auditor. The world's clock is set to an hour ago, so
/// that what it makes is good for processes, which look at the host's.
async fn open_hall(world: &World, voters: usize) -> (Hall, Person) {
    let host = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = i64::try_from(host.expect("a host's clock").as_micros()).expect("microseconds");
    world.clock().set(&Instant::from_micros(micros - HOUR).to_string());
    let hall = Hall::crowd(world, voters, plurality()).await;
    let auditor = hall.workshop.member("auditor", "auditor@example.org").await;
    hall.open().await;
    (hall, auditor)
}

/// A port of this machine's that nobody has, and that no outgoing connection gets.
pub fn free_port() -> SocketAddr {
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], rand::random_range(10_000..20_000)));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// The real server on the world's database, always at the same address, and ready in time.
async fn serve(world: &World, listen: SocketAddr) -> Process {
    let started = tokio::time::Instant::now();
    let process = quiet(world.command(["serve", "--listen", &listen.to_string()]))
        .serve()
        .await;
    let ready = world.anonymous().at_address(listen);
    while !matches!(ready.get("/readyz").send().await, Ok(answer) if answer.status == 204) {
        assert!(started.elapsed() < READY, "not ready in time");
        tokio::task::yield_now().await;
    }
    assert!(started.elapsed() < READY, "not ready in time");
    process
}

fn quiet(command: crate::support::Palabre) -> crate::support::Palabre {
    command.env("PALABRE_LOG", "off")
}

/// Random moments that can be had again: the seed is printed, and taken from `PALABRE_TEST_SEED`.
fn moments() -> StdRng {
    let given = std::env::var("PALABRE_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(rand::random);
    tell(&format!("PALABRE_TEST_SEED={seed}"));
    StdRng::seed_from_u64(seed)
}

/// For whoever runs the tests with `--nocapture`, or sees one fail.
#[expect(clippy::print_stdout, reason = "what a run came to is worth seeing")]
pub fn tell(what: &str) {
    println!("{what}");
}

/// A moment some milliseconds away.
async fn pause(moments: &mut StdRng, milliseconds: u64) {
    let micros = moments.random_range(0..=milliseconds * 1000);
    tokio::time::sleep(Duration::from_micros(micros)).await;
}

/// What takes the lock that a race is about: the ballot's row in PostgreSQL, the one writer's place in
/// SQLite.
pub fn hold(world: &crate::support::World, ballot: &str) -> String {
    match world.backend() {
        crate::support::Backend::Postgres => format!("SELECT 1 FROM ballot WHERE id = '{ballot}' FOR UPDATE"),
        crate::support::Backend::Sqlite => "UPDATE ballot SET question = question".to_owned(),
    }
}

pub async fn run(on: &sea_orm::DatabaseTransaction, sql: &str) {
    sea_orm::ConnectionTrait::execute_unprepared(on, sql).await.expect(sql);
}
