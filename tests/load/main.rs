//! The price of a durable vote, measured side by side on one machine: `tests/run load`.
//!
//! Starts the release server on PostgreSQL and on SQLite, makes a roll, lets distinct voters vote
//! from a client of its own, and compares with what PostgreSQL itself can do (pgbench) and with the
//! handler one would write first. Rounds are interleaved, figures are medians. Afterwards it checks
//! that every vote acknowledged was counted.
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

mod client;
mod hall;
mod pgbench;
mod server;
mod table;
mod textbook;

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
    pub only: Vec<String>,
}

const HELP: &str = "Measures Palabre beside pgbench and a textbook handler, and prints one table.

Usage: tests/run load [--seconds N] [--rounds N] [--connections N] [--voters N] [PART…]

  --seconds N      how long each measurement lasts (30)
  --rounds N       how often each is repeated, interleaved (3)
  --connections N  clients at once (64)
  --voters N       people on the roll of each ballot (1000000)
  PART             postgres, sqlite, pgbench, textbook, http; all of them by default

Example:
  tests/run load --seconds 5 --rounds 1 --voters 100000 postgres";

fn options() -> Options {
    let mut options = Options {
        connections: 64,
        seconds: 30,
        rounds: 3,
        voters: 1_000_000,
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
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    pub fn length(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// To the person who waits.
pub fn progress(text: &str) {
    eprintln!("load: {text}");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let options = options();
    let cluster = std::env::var("PALABRE_TEST_POSTGRES").expect("start me with tests/run load");
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = Table::new(&options);
    let mut halls = Vec::new();
    for (part, url) in [
        ("postgres", server::create_database(&cluster, "palabre_load").await),
        (
            "sqlite",
            format!("sqlite://{}", folder.path().join("palabre.db").display()),
        ),
    ] {
        if options.wants(part) {
            progress(&format!("{part}: {} people", options.voters));
            let server = Server::start(&url, folder.path()).await;
            let hall = Hall::make(&url, &server, options.voters).await;
            halls.push((part, hall, server));
        }
    }
    let bench = server::create_database(&cluster, "palabre_bench").await;
    for round in 1..=options.rounds {
        progress(&format!("round {round} of {}", options.rounds));
        for (part, hall, server) in &mut halls {
            let load = Load::new(server.address, options.connections);
            let ballot = hall.open_ballot(server).await;
            let warm = hall.cast(&load, &ballot, options.length(), true).await;
            table.add(&format!("casts, {part}"), &warm);
            hall.check(server, &ballot, warm.done).await;
            let ballot = hall.open_ballot(server).await;
            let cold = hall.cast(&load, &ballot, options.length() / 3, false).await;
            table.add(&format!("casts, {part}, tokens never seen"), &cold);
            hall.check(server, &ballot, cold.done).await;
            table.memory(part, server.memory());
        }
        if options.wants("http")
            && let Some((_, _, server)) = halls.first()
        {
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
                table.rate(&format!("pgbench, {name}"), pgbench::run(&bench, form, &options).await);
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
    println!("{}", table.text());
}
