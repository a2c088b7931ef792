//! The price of a durable vote, measured side by side on one machine: `tests/run load`.
//!
//! Starts the release server on PostgreSQL and on SQLite, makes a roll, lets distinct voters vote
//! from a client of its own, and compares with what PostgreSQL itself can do (pgbench) and with the
//! handler one would write first. Rounds are interleaved, figures are medians. Afterwards it checks
//! that the bundle verifies, and that the votes in it are those that were acknowledged, every one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    reason = "a measurement that cannot go on must stop, and it speaks to a person"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "clocks and rounded figures are what it is about"
)]

mod burst;
mod check;
mod client;
mod growth;
mod hall;
mod people;
mod pgbench;
mod reads;
mod rules;
mod server;
mod size;
mod table;
mod textbook;

use std::path::Path;
use std::time::Duration;

use client::Load;
use hall::Hall;
use server::Server;
use table::Table;

/// What may be asked for on the command line.
pub struct Options {
    pub connections: usize,
    pub seconds: u64,
    pub rounds: usize,
    pub voters: usize,
    pub until: usize,
    pub only: Vec<String>,
}

const HELP: &str = "Measures Palabre beside pgbench and a textbook handler, and prints one table.

Usage: tests/run load [--seconds N] [--rounds N] [--connections N] [--voters N] [--until N] [PART…]

  --seconds N      how long each measurement lasts (30)
  --rounds N       how often each is repeated, interleaved (3)
  --connections N  clients at once (64)
  --voters N       people on the roll of each ballot of the casts, more than can vote in time (1000000)
  --until N        people in the last ballot of the growth (1000000)
  PART             casts, reads, pgbench, textbook, burst, rules, growth, start, builds; all of them by default.
                   casts, burst, rules and growth can be had on postgres or sqlite alone

Example:
  tests/run load --seconds 5 --rounds 1 --voters 100000 casts pgbench sqlite";

fn options() -> Options {
    let mut options = Options {
        connections: 64,
        seconds: 30,
        rounds: 3,
        voters: 1_000_000,
        until: 1_000_000,
        only: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let value = arguments.next().and_then(|value| value.parse::<usize>().ok());
            value.unwrap_or_else(|| panic!("{argument} wants a number"))
        };
        match argument.as_str() {
            "--seconds" => options.seconds = number() as u64,
            "--rounds" => options.rounds = number(),
            "--connections" => options.connections = number(),
            "--voters" => options.voters = number(),
            "--until" => options.until = number(),
            part if !part.starts_with('-') => options.only.push(part.to_owned()),
            _ => {
                println!("{HELP}");
                std::process::exit(i32::from(argument != "--help"));
            }
        }
    }
    options
}

impl Options {
    fn names(&self, part: &str) -> bool {
        self.only.iter().any(|only| only == part)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.iter().all(|only| DATABASES.contains(&only.as_str())) || self.names(part)
    }

    pub fn length(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

const DATABASES: [&str; 2] = ["postgres", "sqlite"];

/// To the person who waits.
pub fn progress(text: &str) {
    eprintln!("load: {text}");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let options = options();
    let cluster = std::env::var("PALABRE_TEST_POSTGRES").expect("start me with tests/run load");
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = Table::new(&options);
    side_by_side(&options, &cluster, folder.path(), &mut table).await;
    println!("{}", table.text());
    for (part, url) in databases(&options, &cluster, folder.path(), "burst").await {
        burst(&part, &url, folder.path()).await;
    }
    for (part, url) in databases(&options, &cluster, folder.path(), "rules").await {
        println!("{}\n", rules::run(&part, &url, folder.path()).await);
    }
    for (part, url) in databases(&options, &cluster, folder.path(), "growth").await {
        growth(&part, &url, folder.path(), &options).await;
    }
    if options.wants("start") {
        println!("{}\n", size::run(folder.path()).await);
    }
    if options.wants("builds") {
        println!("{}\n", size::builds(folder.path()).await);
    }
}

/// Fresh ones for a scene, if it is wanted: PostgreSQL and SQLite, unless only one of them is named.
async fn databases(options: &Options, cluster: &str, folder: &Path, scene: &str) -> Vec<(String, String)> {
    let mut databases = Vec::new();
    let named = DATABASES.iter().any(|part| options.names(part));
    for part in DATABASES {
        if options.wants(scene) && (!named || options.names(part)) {
            let url = match part {
                "postgres" => server::create_database(cluster, &format!("palabre_{scene}")).await,
                _ => format!("sqlite://{}", folder.join(format!("{scene}.db")).display()),
            };
            databases.push((part.to_owned(), url));
        }
    }
    databases
}

/// Rounds of casts and reads, of pgbench and of the textbook, one after the other.
async fn side_by_side(options: &Options, cluster: &str, folder: &Path, table: &mut Table) {
    let mut halls = Vec::new();
    for (part, url) in databases(options, cluster, folder, "casts").await {
        progress(&format!("{part}: {} people", options.voters));
        let server = Server::start(&url, folder).await;
        let hall = Hall::make(&url, &server, options.voters).await;
        halls.push((part, hall, server));
    }
    let bench = server::create_database(cluster, "palabre_bench").await;
    for round in 1..=options.rounds {
        progress(&format!("round {round} of {}", options.rounds));
        for (part, hall, server) in &halls {
            let load = Load::new(server.address, options.connections);
            let ballot = hall.open_ballot(server).await;
            let warm = hall.cast(&load, &ballot, options.length(), true).await;
            table.add(&format!("casts, {part}"), &warm);
            if options.wants("reads") {
                reads::run(table, part, server, hall, &ballot, options).await;
            }
            hall.check(server, &ballot, &warm.created).await;
            let ballot = hall.open_ballot(server).await;
            let cold = hall.cast(&load, &ballot, options.length() / 3, false).await;
            table.add(&format!("casts, {part}, tokens never seen"), &cold);
            hall.check(server, &ballot, &cold.created).await;
            table.memory(part, server.memory());
        }
        if let Some((_, _, server)) = halls.first() {
            let load = Load::new(server.address, options.connections);
            let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: l\r\n\r\n").into_bytes();
            table.add(
                "no store (GET /livez)",
                &load.repeat(get("/livez"), options.length() / 3).await,
            );
        }
        if options.wants("pgbench") {
            for (name, form) in [
                ("two inserts", pgbench::TWO_INSERTS),
                ("one statement", pgbench::ONE_STATEMENT),
            ] {
                table.rate(&format!("pgbench, {name}"), pgbench::run(&bench, form, options).await);
            }
        }
        if options.wants("textbook") {
            let textbook = textbook::Textbook::start(&bench).await;
            let load = Load::new(textbook.address, options.connections);
            table.add("textbook handler", &textbook.cast(&load, options.length()).await);
            textbook.stop().await;
        }
    }
    for (_, _, server) in halls {
        server.stop().await;
    }
}

async fn burst(part: &str, url: &str, folder: &Path) {
    const PEOPLE: usize = 10_000;
    progress(&format!("burst, {part}: {PEOPLE} people"));
    let server = Server::start(url, folder).await;
    let hall = Hall::make(url, &server, PEOPLE).await;
    let ballot = hall.open_ballot(&server).await;
    let burst = burst::run(&server, &hall, &ballot, Duration::from_secs(55)).await;
    let seconds = burst.votes.seconds;
    hall.check(&server, &ballot, &burst.votes.created).await;
    println!(
        "burst, {part}: {PEOPLE} people read and voted within {seconds:.0} s, {} requests to vote; p99 of a vote {:.1} ms \
         (longest {:.0}), of a read {:.1} ms (longest {:.0}); told to come again {} times; server memory at its peak {:.0} MiB\n",
        burst.votes.done,
        burst.votes.p99(),
        burst.votes.longest(),
        burst.reads.p99(),
        burst.reads.longest(),
        burst.unavailable,
        server.memory()
    );
    server.stop().await;
}

async fn growth(part: &str, url: &str, folder: &Path, options: &Options) {
    println!("growth, {part}\n{}", growth::HEAD);
    let server = Server::start(url, folder).await;
    let load = Load::new(server.address, options.connections);
    let mut size = 1000;
    while size <= options.until {
        progress(&format!("growth, {part}: {size} people"));
        let hall = Hall::make(url, &server, size).await;
        let other = match part {
            "postgres" if size * 10 > options.until => {
                let hall = Hall::make(url, &server, 150_000).await;
                Some(growth::Other::open(&server, hall).await)
            }
            _ => None,
        };
        println!("{}", growth::line(&server, &hall, &load, other).await);
        size *= 10;
    }
    println!();
    server.stop().await;
}
