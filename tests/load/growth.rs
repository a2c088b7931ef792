//! What a vote costs in a small ballot and in a huge one, and what a huge one costs at its end.

use std::pin::pin;
use std::time::{Duration, Instant};

use crate::client::Load;
use crate::hall::{Ballot, Hall};
use crate::server::Server;

pub const HEAD: &str = "      roll  opened s  peak MiB   votes/s  CPU µs per vote  peak MiB  closed s  counted s  peak MiB  \
                        verified s  peak MiB";

/// What the opening took is given back once the voting has begun; what the voting takes is counted after that.
const SETTLED: Duration = Duration::from_secs(1);

/// Votes a second in another ballot, and for how long while nothing else goes on.
const PACE: u32 = 1000;
const ALONE: Duration = Duration::from_secs(5);

/// One line of the curve: everyone on the roll votes. While it is opened and while it is counted votes go on
/// in another ballot, if there is one, and a second line tells what they wait for, alone and meanwhile.
pub async fn line(server: &Server, hall: &Hall, load: &Load, mut other: Option<Other>) -> String {
    let mut beside = Vec::new();
    if let Some(other) = &mut other {
        other
            .until(server, "alone", tokio::time::sleep(ALONE), &mut beside)
            .await;
    }
    server.forget_peak();
    let opening = async {
        let began = Instant::now();
        (hall.open_ballot(server).await, began.elapsed().as_secs_f64())
    };
    let (ballot, opened) = match &mut other {
        Some(other) => other.until(server, "while this one opens", opening, &mut beside).await,
        None => opening.await,
    };
    let opening = server.memory();
    server.forget_peak();
    let before = server.cpu();
    let mut voting = pin!(hall.cast(load, &ballot, Duration::from_secs(3600), false));
    let figures = match tokio::time::timeout(SETTLED, &mut voting).await {
        Ok(figures) => figures,
        Err(_) => {
            server.forget_peak();
            voting.await
        }
    };
    let cost = (server.cpu() - before) * 1e6 / figures.done as f64;
    let casting = server.memory();
    server.forget_peak();
    let counting = hall.count(server, &ballot, &figures.created);
    let end = match &mut other {
        Some(other) => other.until(server, "while it is counted", counting, &mut beside).await,
        None => counting.await,
    };
    let verified = hall.verify(server, &ballot, &figures.created).await;
    if !beside.is_empty() {
        beside.insert(0, format!("\n{:>10} {PACE} votes a second in another ballot", ""));
    }
    format!(
        "{:>10} {opened:>9.1} {opening:>9.0} {:>9.0} {cost:>16.0} {casting:>9.0} {:>9.2} {:>10.1} {:>9.0} {:>11.1} {:>9.0}{}",
        figures.done,
        figures.rate(),
        end.closed,
        end.counted,
        server.memory(),
        verified.seconds,
        verified.memory,
        beside.concat()
    )
}

/// Another ballot, in which votes come at a steady pace.
pub struct Other {
    /// Those who have not voted.
    hall: Hall,
    ballot: Ballot,
}

impl Other {
    pub async fn open(server: &Server, hall: Hall) -> Self {
        let ballot = hall.open_ballot(server).await;
        Self { hall, ballot }
    }

    /// Until something has ended; what its voters waited for meanwhile is told in a line.
    async fn until<T>(
        &mut self,
        server: &Server,
        when: &str,
        end: impl Future<Output = T>,
        told: &mut Vec<String>,
    ) -> T {
        let load = Load::new(server.address, 64).steady(PACE);
        let ended = async {
            let end = end.await;
            load.end();
            end
        };
        let votes = self.hall.cast(&load, &self.ballot, Duration::from_secs(3600), false);
        let (figures, end) = tokio::join!(votes, ended);
        self.hall = self.hall.after(figures.done);
        told.push(format!(
            "\n{:>10} {when}: {} of them, p50 {:.1} ms, p99 {:.1}, longest {:.0}",
            "",
            figures.done,
            figures.quantile(0.5),
            figures.quantile(0.99),
            figures.longest()
        ));
        end
    }
}
