//! What PostgreSQL makes of the questions that a hall asks all at once: it writes its plans into its log.

use crate::support::{Cluster, World};
use crate::voting::{Hall, plurality};

/// Of plans that go through a table, or first gather where to look in it.
const LONG_WAYS: [&str; 2] = ["{SEQSCAN", "{BITMAPHEAPSCAN"];

/// What each plan in a log is for, with the plan.
fn plans(log: &str) -> impl Iterator<Item = (&str, &str)> {
    let plans = log.split("LOG:  plan:").skip(1);
    plans.filter_map(|told| told.split_once("STATEMENT:").map(|(plan, statement)| (statement, plan)))
}

/// Nobody has counted the people of a workshop that were imported a moment ago.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hall_goes_by_index_where_postgres_knows_nothing_of_it() {
    let cluster = Cluster::start(&[
        ("autovacuum", "off"),
        ("debug_print_plan", "on"),
        ("log_min_error_statement", "log"),
    ])
    .await;
    let world = World::on(cluster.database("postgres")).await;
    let hall = Hall::new(&world, 2, plurality()).await;
    hall.open().await;
    for voter in &hall.voters {
        super::read_the_page(voter, &hall).await;
        voter.post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
    }
    world.server().stop().await;
    let log = cluster.log();
    for asked in ["SELECT s.number", "SELECT votes_at_once("] {
        let plans: Vec<_> = plans(&log).filter(|(statement, _)| statement.contains(asked)).collect();
        assert!(!plans.is_empty(), "{asked}: no plan in the log");
        for (statement, plan) in plans {
            let long = LONG_WAYS.iter().find(|way| plan.contains(**way));
            assert!(long.is_none(), "{long:?} for {statement}:\n{plan}");
        }
    }
}
