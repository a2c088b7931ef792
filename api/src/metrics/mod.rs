//! Figures for whoever runs the server, in Prometheus' text format, at an address of their own
//! (`PALABRE_METRICS_LISTEN`) that the public does not reach.
//!
//! They tell how the server is and never how a vote goes: the route on which votes are cast is left
//! out of all counts and times, and no figure is of a ballot, a person, an address or a size. Two
//! elections with the same turnout look the same here too, and the turnout is not seen at all.

mod answers;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, HttpServer};
use sea_orm::{ConnectionTrait as _, DbErr, QueryResult, Statement};
use tokio::task::JoinHandle;

use crate::app::{self, App};
pub use answers::Answers;

/// Letters that wait or were given up, and ballots that wait for their count or cannot be counted.
const STATE_OF_THINGS: &str = "\
    SELECT (SELECT count(*) FROM mail WHERE state = 'queued') AS letters_waiting, \
           (SELECT count(*) FROM mail WHERE state = 'failed') AS letters_failed, \
           (SELECT count(*) FROM ballot WHERE state = 'closed' AND counted_at IS NULL) AS ballots_uncounted, \
           (SELECT count(*) FROM ballot WHERE state = 'closed' AND counted_at IS NULL AND count_failed IS NOT NULL) \
               AS counts_failed";

/// Whoever collects the figures has less patience than a request.
const PATIENCE: Duration = Duration::from_secs(3);

/// In the order of the query, with what an operator is told of each.
const THINGS: [(&str, &str); 4] = [
    ("letters_waiting", "Letters that are not sent yet."),
    (
        "letters_failed",
        "Letters that were given up, as long as they are kept.",
    ),
    ("ballots_uncounted", "Ballots that are closed and not counted yet."),
    (
        "counts_failed",
        "Ballots whose count has stopped: look into the log at once.",
    ),
];

/// The page as it is at this moment; without a database it says so, and what it knows by itself.
pub async fn page(app: &App) -> String {
    let mut page = String::new();
    let version = env!("CARGO_PKG_VERSION");
    gauge(
        &mut page,
        "build_info",
        "The version that runs.",
        &format!("{{version=\"{version}\"}} 1"),
    );
    app.answers.write(&mut page);
    let things = state_of_things(app).await;
    gauge(
        &mut page,
        "database_up",
        "Whether the database answers.",
        &format!(" {}", u8::from(things.is_ok())),
    );
    for (name, value) in things.unwrap_or_default() {
        let help = THINGS
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, help)| help);
        gauge(&mut page, name, help, &format!(" {value}"));
    }
    page
}

async fn state_of_things(app: &App) -> Result<Vec<(&'static str, i64)>, DbErr> {
    let statement = Statement::from_string(app.store.backend(), STATE_OF_THINGS);
    let asked = tokio::time::timeout(PATIENCE, app.store.reader().query_one_raw(statement)).await;
    let row = asked.map_err(|_| DbErr::Custom("no answer in time".into()))??;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("figures".into()))?;
    let thing = |(name, _): (&'static str, _)| Ok((name, QueryResult::try_get(&row, "", name)?));
    THINGS.into_iter().map(thing).collect()
}

/// `sample` is what follows the name.
fn gauge(page: &mut String, name: &str, help: &str, sample: &str) {
    family(page, name, "gauge", help);
    line(page, &format!("palabre_{name}{sample}"));
}

fn family(page: &mut String, name: &str, kind: &str, help: &str) {
    line(page, &format!("# HELP palabre_{name} {help}"));
    line(page, &format!("# TYPE palabre_{name} {kind}"));
}

fn line(page: &mut String, text: &str) {
    // Writing to a string does not fail.
    writeln!(page, "{text}").unwrap_or(());
}

/// The second, small server that has nothing but the page.
pub struct Listening {
    pub address: SocketAddr,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
}

impl Listening {
    pub fn start(app: Data<App>, on: SocketAddr) -> std::io::Result<Self> {
        let listener = app::listener(on)?;
        let address = listener.local_addr()?;
        let server = HttpServer::new(move || {
            actix_web::App::new()
                .app_data(app.clone())
                .route("/metrics", web::get().to(read))
        })
        .workers(1)
        // Its end is that of the server it tells of.
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)?
        .run();
        Ok(Self {
            address,
            handle: server.handle(),
            server: tokio::spawn(server),
        })
    }

    pub async fn stop(self) -> std::io::Result<()> {
        self.handle.stop(true).await;
        self.server.await.map_err(std::io::Error::other)?
    }
}

async fn read(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .insert_header(("cache-control", "no-store"))
        .body(page(&app).await)
}
