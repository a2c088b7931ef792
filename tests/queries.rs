//! No query per row: whatever shows or does many things at once takes no more statements with ten
//! times as much of everything.
//!
//! Every operation of the document that reads is asked, in every format, so that one added later is
//! counted too; if what it shows does not grow with [`Crowd::grow`], the test says so.

mod crowd;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use palabre::settings::Database;
use reqwest::Method;
use serde_json::{Value, json};

use self::crowd::Crowd;
use crate::support::{Answer, Backend, Operation, Person, Runs, Statements, Wire, World, operations};
use crate::voting::{Hall, close_and_count, plurality};

/// How much there is of everything at first, and how much comes on top. Well below every page: a
/// bundle is read by 512 lines, an outbox written by 500 letters, receipts proven by 256.
const FEW: usize = 1;
const MORE: usize = 9;

/// What all hashes of the ballot that is published begin with.
const PREFIX: &str = "00";

/// What shows one thing however much there is, besides all paths that end with a parameter.
const SINGLE: [&str; 10] = [
    "/.well-known/jwks.json",
    "/.well-known/palabre-keys",
    "/livez",
    "/readyz",
    "/v1/ballots/{ballot_id}/checkpoint",
    "/v1/ballots/{ballot_id}/participation",
    "/v1/ballots/{ballot_id}/turnout",
    "/v1/logos/{digest}.png",
    "/v1/me",
    "/v1/workshops/{workshop_id}/registrations/template",
];

/// What an answer took, and how much it showed.
struct Cost {
    statements: Vec<String>,
    shown: usize,
}

/// By what was asked for.
type Costs = BTreeMap<String, Cost>;

fn reads() -> impl Iterator<Item = &'static Operation> {
    operations().iter().filter(|operation| operation.method == Method::GET)
}

/// Reads everything there is to be read.
async fn read(crowd: &mut Crowd) -> Costs {
    let mut costs = Costs::new();
    let who = ["organiser", "auditor", "participant"];
    let people = who.map(|who| (who, crowd.statements.asked_by(crowd.fixture.person(who))));
    for (_, person) in &people {
        // A token that was never seen takes a little more.
        person.get("/v1/me").await.expect(200);
    }
    let ballots = crowd.ballots.clone();
    for operation in reads() {
        let content = &operation.value["responses"]["200"]["content"];
        let streams = !content["text/event-stream"].is_null();
        assert!(!streams, "{}: how much of a stream is to be counted?", operation.name());
        let before = costs.len();
        for (state, [ballot, candidate]) in &ballots {
            let ids = [("ballot_id", ballot.clone()), ("candidate_id", candidate.clone())];
            crowd.fixture.ids.extend(ids);
            for query in queries(operation) {
                let path = format!("{}{query}", crowd.fixture.path(operation));
                for (who, person) in &people {
                    let asked = asked(operation, &query, state, who);
                    if costs.contains_key(&asked) {
                        continue;
                    }
                    let (answer, statements) = crowd.statements.of_request(person.get(&path)).await;
                    let shown = shown(&answer);
                    if answer.status < 300 {
                        costs.insert(asked, Cost { statements, shown });
                    }
                }
            }
        }
        assert!(costs.len() > before, "{} shows nobody anything", operation.name());
        let draft = ballots["draft"].clone();
        crowd
            .fixture
            .ids
            .extend(["ballot_id", "candidate_id"].into_iter().zip(draft));
    }
    costs
}

/// The same for every ballot where the path names none.
fn asked(operation: &Operation, query: &str, state: &str, who: &str) -> String {
    let path = &operation.path;
    if path.contains("{ballot_id}") || path.contains("{candidate_id}") {
        format!("{path}{query} by {who}, {state}")
    } else {
        format!("{path}{query} by {who}")
    }
}

/// Every way to ask: in each format that is offered, and for as much as there is.
fn queries(operation: &Operation) -> Vec<String> {
    let parameters = operation.value["parameters"].as_array();
    let takes =
        |name: &str| parameters.is_some_and(|all| all.iter().any(|one| one["name"] == name && one["in"] == "query"));
    let mut always = Vec::new();
    for (name, value) in [("limit", "200"), ("prefix", PREFIX)] {
        if takes(name) {
            always.push(format!("{name}={value}"));
        }
    }
    let offered = operation.value["responses"]["200"]["content"].as_object();
    let Some(offered) = offered.filter(|_| takes("format")) else {
        return vec![if always.is_empty() {
            String::new()
        } else {
            format!("?{}", always.join("&"))
        }];
    };
    let format = |kind: &String| {
        let name = match kind.as_str() {
            "application/json" => "json",
            "text/csv" => "csv",
            "image/svg+xml" => "svg",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
            other => panic!("{}: how is {other} asked for?", operation.name()),
        };
        let parts = always.iter().cloned().chain([format!("format={name}")]);
        format!("?{}", parts.collect::<Vec<_>>().join("&"))
    };
    offered.keys().map(format).collect()
}

/// How many things stand in the lists of an answer; of a file, how many bytes it has.
fn shown(answer: &Answer) -> usize {
    fn held(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.len() + items.iter().map(held).sum::<usize>(),
            Value::Object(members) => members.values().map(held).sum(),
            _ => 0,
        }
    }
    serde_json::from_slice(&answer.body).map_or(answer.body.len(), |value: Value| held(&value))
}

/// What took more than before, with the statements that came on top.
fn grown(little: &Costs, much: &Costs) -> String {
    let mut wrong = String::new();
    for (what, after) in much {
        let Some(before) = little.get(what) else {
            writeln!(wrong, "{what}: answered only when there was more").expect("memory");
            continue;
        };
        let (few, many) = (&before.statements, &after.statements);
        if many.len() <= few.len() {
            continue;
        }
        writeln!(wrong, "{what}: {} statements, then {}", few.len(), many.len()).expect("memory");
        for statement in BTreeSet::from_iter(many) {
            let [few, many] = [few, many].map(|all| all.iter().filter(|one| *one == statement).count());
            if many > few {
                writeln!(wrong, "    {few}, then {many}: {statement}").expect("memory");
            }
        }
    }
    wrong
}

/// What has not become longer, so that nothing is known of it: let it grow, or name it in [`SINGLE`].
fn stayed(little: &Costs, much: &Costs) -> String {
    let mut wrong = String::new();
    for operation in reads().filter(|read| !read.path.ends_with('}') && !SINGLE.contains(&read.path.as_str())) {
        for query in queries(operation) {
            let start = format!("{}{query} by ", operation.path);
            let longer = |(what, after): (&String, &Cost)| {
                let before = little.get(what).map_or(0, |before| before.shown);
                what.starts_with(&start) && after.shown >= before + MORE
            };
            if !much.iter().any(longer) {
                writeln!(wrong, "{}{query}: no longer than before", operation.path).expect("memory");
            }
        }
    }
    wrong
}

/// So often that whichever worker of the server answers next has read it, and seen who asks.
async fn read_the_page(voter: &Person, hall: &Hall) {
    for _ in 0..10 {
        voter.get(&hall.path).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_at_hand_takes_only_the_look_at_who_asks() {
    World::with(Backend::Postgres, async |world: World| {
        let hall = Hall::new(&world, 1, plurality()).await;
        hall.open().await;
        let statements = Statements::of(&world).await;
        let voter = statements.asked_by(&hall.voters[0]);
        read_the_page(&voter, &hall).await;
        let (page, run) = statements.of_request(voter.get(&hall.path)).await;
        page.expect(200);
        assert_eq!(run.len(), 1, "{run:#?}");
        statements.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vote_takes_one_statement_where_the_ballot_was_opened() {
    World::with(Backend::Postgres, async |world: World| {
        let hall = Hall::new(&world, 2, plurality()).await;
        let statements = Statements::of(&world).await;
        let organiser = statements.asked_by(&hall.workshop.organiser);
        let open = organiser.post(&hall.at("open"), json!({"confirm_small": true}));
        open.await.expect(200);
        for voter in &hall.voters {
            let voter = statements.asked_by(voter);
            read_the_page(&voter, &hall).await;
            let vote = voter.post(&hall.at("votes"), hall.vote(0).body());
            let (vote, mut run) = statements.of_request(vote).await;
            vote.expect(201);
            // The first has its connection made.
            run.retain(|statement| !statement.starts_with("SET "));
            assert!(
                matches!(&run[..], [one] if one.starts_with("SELECT votes_at_once(")),
                "{run:#?}"
            );
        }
        statements.end().await;
    })
    .await;
}

/// Else each page of them would wait for a connection with those who vote elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_reads_what_it_counts_in_its_own_transaction() {
    World::with(Backend::Postgres, async |world: World| {
        let hall = Hall::new(&world, 3, plurality()).await;
        hall.open().await;
        for voter in &hall.voters {
            voter.post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        }
        let Database::Postgres(url) = world.database() else {
            panic!("not PostgreSQL")
        };
        let runs = Arc::new(Runs::default());
        let wire = Wire::to(url, runs.watch()).await;
        let wired = world.another_server_on(&Database::Postgres(wire.instead_of(url))).await;
        wired.end_jobs().await;
        world.server().end_jobs().await;
        close_and_count(&hall.workshop.organiser.at(&wired), &hall.path).await;
        let counts = runs.take("INSERT INTO opening");
        assert_eq!(counts.len(), 1, "{counts:#?}");
        for done in ["pg_try_advisory_xact_lock", r#"FROM "roll""#, r#"FROM "cast""#] {
            assert!(counts[0].iter().any(|run| run.contains(done)), "{done}: {counts:#?}");
        }
        wired.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_takes_a_query_per_row() {
    World::with(Backend::Postgres, async |world: World| {
        let mut crowd = Crowd::new(&world).await;
        let mut little = crowd.grow(FEW).await;
        little.extend(read(&mut crowd).await);
        let mut much = crowd.grow(MORE).await;
        much.extend(read(&mut crowd).await);
        // Someone with a place in one workshop, and someone with a place in each.
        little.insert("a leaving".into(), crowd.leave(&crowd.voters[1]).await);
        much.insert("a leaving".into(), crowd.leave(&crowd.voters[0]).await);
        let wrong = grown(&little, &much) + &stayed(&little, &much);
        assert!(wrong.is_empty(), "with ten times as much of everything:\n{wrong}");
        crowd.statements.end().await;
    })
    .await;
}
