//! Figures for operators: good Prometheus at an address of their own, and nothing of any vote.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use reqwest::Method;
use serde_json::json;

use crate::faults::free_port;
use crate::support::{Backend, Cluster, Process, World, both};
use crate::voting::{Hall, plurality};

/// The page of the world's server, as soon as it is so.
pub async fn once(world: &World, so: impl Fn(&str) -> bool) -> String {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let page = world.server().app(async |app| palabre::metrics::page(app).await).await;
        if so(&page) {
            return page;
        }
        assert!(tokio::time::Instant::now() < deadline, "{page}");
        tokio::task::yield_now().await;
    }
}

/// Samples by name and labels; every line is one that Prometheus reads.
fn samples(page: &str) -> BTreeMap<String, String> {
    let mut families = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for line in page.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a kind");
            assert!(
                families.insert(name.to_owned(), kind.to_owned()).is_none(),
                "{name} twice"
            );
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            let family = name.split('{').next().expect("a name");
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| family.strip_suffix(end))
                .unwrap_or(family);
            assert!(families.contains_key(family), "{line} is of no family");
            assert!(value.parse::<f64>().is_ok(), "{line} has no number");
            assert!(
                samples.insert(name.to_owned(), value.to_owned()).is_none(),
                "{name} twice"
            );
        }
    }
    assert!(page.ends_with('\n') && samples.len() > 10, "{page}");
    samples
}

/// A process with figures, and where they are.
async fn serve(world: &World) -> (Process, SocketAddr) {
    let metrics = free_port();
    let serve = world
        .command(["serve", "--listen", "127.0.0.1:0"])
        .env("PALABRE_LOG", "off");
    let process = serve.env("PALABRE_METRICS_LISTEN", &metrics.to_string()).serve().await;
    (process, metrics)
}

async fn page(world: &World, metrics: SocketAddr) -> String {
    let page = world
        .anonymous()
        .at_address(metrics)
        .get("/metrics")
        .send_unchecked()
        .await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8"),
        "{page}"
    );
    page.text()
}

both! {
    async fn an_operator_sees_how_the_server_is(world: World) {
        let (process, metrics) = serve(&world).await;
        let anyone = world.anonymous().at_address(process.address);
        for _ in 0..3 {
            anyone.get("/livez").await.expect(204);
        }
        anyone.get("/v1/me").await.problem(401, "sign_in_required");
        // Whatever somebody makes up is one figure.
        for number in 0..20 {
            let brew = Method::from_bytes(format!("BREW{number}").as_bytes()).expect("a method");
            anyone.request(brew, &format!("/v1/tea/{number}")).send_unchecked().await.expect(404);
        }
        let page = page(&world, metrics).await;
        let told = samples(&page);
        let requests = |labels: &str| told[&format!("palabre_http_requests_total{{{labels}}}")].as_str();
        assert_eq!(requests("method=\"GET\",route=\"/livez\",status=\"204\""), "3");
        assert_eq!(requests("method=\"GET\",route=\"/v1/me\",status=\"401\""), "1");
        assert_eq!(requests("method=\"any\",route=\"other\",status=\"404\""), "20");
        let by_route = told.iter().filter(|(name, _)| name.starts_with("palabre_http_requests_total"));
        let all: u64 = by_route.map(|(_, number)| number.parse::<u64>().expect("a count")).sum();
        let all = all.to_string();
        assert_eq!(told["palabre_http_request_duration_seconds_count"], all);
        assert_eq!(told["palabre_http_request_duration_seconds_bucket{le=\"+Inf\"}"], all);
        let things = ["database_up", "letters_waiting", "letters_failed", "ballots_uncounted", "counts_failed"];
        assert_eq!(things.map(|thing| told[&format!("palabre_{thing}")].as_str()), ["1", "0", "0", "0", "0"]);
        // Taken addresses are named, since there are two.
        let (taken, free) = (metrics.to_string(), free_port().to_string());
        let serve = world.command(["serve", "--listen", &free, "--metrics-listen", &taken]).env("PALABRE_LOG", "off");
        serve.run().await.refused(&taken);
        // One address has nothing else, the other has no figures.
        for path in ["/", "/livez", "/v1/workshops"] {
            anyone.at_address(metrics).get(path).send_unchecked().await.expect(404);
        }
        anyone.get("/metrics").send_unchecked().await.expect(404);
        process.kill().await;
    }

    async fn no_figure_moves_when_somebody_votes(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        hall.open().await;
        let before = once(&world, |page| page.contains("palabre_letters_waiting 0\n")).await;
        let [first, second, third] = hall.voters.as_slice() else { panic!("three voters") };
        for voter in [first, second] {
            voter.post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        }
        let vote = hall.vote(1);
        for _ in 0..2 {
            third.post(&hall.at("votes"), vote.body()).await.expect(201);
        }
        first.post(&hall.at("votes"), vote.body()).await.problem(409, "already_voted");
        first.post(&hall.at("votes"), json!({})).await.problem(422, "invalid");
        world.anonymous().post(&hall.at("votes"), vote.body()).await.problem(401, "sign_in_required");
        assert_eq!(once(&world, |_| true).await, before);
        // It is not that nothing ever moves.
        hall.tally().await;
        assert_ne!(once(&world, |_| true).await, before);
    }

    async fn a_count_that_stopped_is_seen(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        hall.open().await;
        hall.voters[0].post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        let sql = world.sql().await;
        sql.run("UPDATE \"cast\" SET sealed = mark").await;
        hall.workshop.organiser.act(&hall.at("close")).await.expect(200);
        let told = samples(&once(&world, |page| !page.contains("palabre_counts_failed 0\n")).await);
        assert_eq!((told["palabre_counts_failed"].as_str(), told["palabre_ballots_uncounted"].as_str()), ("1", "1"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_page_says_so() {
    let cluster = Cluster::start(&[]).await;
    let world = World::on(cluster.database("postgres")).await;
    let (process, metrics) = serve(&world).await;
    assert_eq!(samples(&page(&world, metrics).await)["palabre_database_up"], "1");
    cluster.stop_immediate().await;
    let anyone = world.anonymous().at_address(process.address);
    anyone.get("/readyz").await.problem(503, "unavailable");
    let told = samples(&page(&world, metrics).await);
    assert_eq!(
        (
            told["palabre_database_up"].as_str(),
            told["palabre_http_unavailable_total"].as_str()
        ),
        ("0", "1")
    );
    assert!(!told.contains_key("palabre_letters_waiting"), "{told:?}");
    process.kill().await;
    cluster.start_again().await;
    assert_eq!(world.backend(), Backend::Postgres);
    world.server().stop().await;
}
