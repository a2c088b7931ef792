//! What a vote costs in a small ballot and in a huge one, and what a huge one costs at its end.

use std::pin::pin;
use std::time::{Duration, Instant};

use crate::check::Counted;
use crate::client::{Figures, Load};
use crate::hall::Hall;
use crate::server::Server;

pub const HEAD: &str = "      roll  opened s  peak MiB   votes/s  CPU µs per vote  peak MiB  closed s  counted s  peak MiB  \
                        verified s  peak MiB";

/// What the opening took is given back once the voting has begun; what the voting takes is counted after that.
const SETTLED: Duration = Duration::from_secs(1);

/// One line of the curve: everyone on the roll votes. While it is counted votes go on in another
/// ballot, if there is one, and a second line tells what they wait for, before and meanwhile.
pub async fn line(server: &Server, hall: &Hall, load: &Load, other: Option<&Hall>) -> String {
    server.forget_peak();
    let began = Instant::now();
    let ballot = hall.open_ballot(server).await;
    let opened = began.elapsed().as_secs_f64();
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
    let (end, beside) = match other {
        Some(other) => beside(server, other, counting).await,
        None => (counting.await, String::new()),
    };
    let verified = hall.verify(server, &ballot, &figures.created).await;
    format!(
        "{:>10} {opened:>9.1} {opening:>9.0} {:>9.0} {cost:>16.0} {casting:>9.0} {:>9.2} {:>10.1} {:>9.0} {:>11.1} {:>9.0}{beside}",
        figures.done,
        figures.rate(),
        end.closed,
        end.counted,
        server.memory(),
        verified.seconds,
        verified.memory
    )
}

async fn beside(server: &Server, hall: &Hall, counting: impl Future<Output = Counted>) -> (Counted, String) {
    let ballot = hall.open_ballot(server).await;
    let load = Load::new(server.address, 64).steady(1000);
    let before = hall.cast(&load, &ballot, Duration::from_secs(5), false).await;
    let rest = hall.after(before.done);
    let until_counted = async {
        let end = counting.await;
        load.end();
        end
    };
    let votes = rest.cast(&load, &ballot, Duration::from_secs(3600), false);
    let (meanwhile, end) = tokio::join!(votes, until_counted);
    let figures = |figures: &Figures| {
        format!(
            "{} of them, p50 {:.1} ms, p99 {:.1}, longest {:.0}",
            figures.done,
            figures.quantile(0.5),
            figures.quantile(0.99),
            figures.longest()
        )
    };
    let text = format!(
        "\n           1000 votes a second in another ballot: in 5 s {}; while this one is counted {}",
        figures(&before),
        figures(&meanwhile)
    );
    (end, text)
}
