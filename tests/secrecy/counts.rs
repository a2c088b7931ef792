//! No counts before closing: two elections with the same turnout and different choices look the
//! same, whoever asks for whatever, as long as they are open.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::{Fixture, WHO};
use crate::metrics;
use crate::support::{Answer, Operation, Person, World, both, operations};
use crate::voting::Vote;

/// How each voter votes, as one of a ballot's [`choices`].
const UNANIMOUS: [usize; 8] = [1; 8];
const DIVIDED: [usize; 8] = [1, 2, 3, 0, 2, 2, 3, 0];

/// Of a ballot with these candidates: blank, and one of another kind for each candidate.
fn choices(method: &str, candidates: &[String]) -> Vec<Value> {
    let [first, second, third] = candidates else {
        panic!("three candidates")
    };
    let mut choices = vec![json!({"blank": true})];
    choices.extend(match method {
        "plurality" => [
            json!({"candidate": first}),
            json!({"candidate": second}),
            json!({"candidate": third}),
        ],
        "approval" => [
            json!({"candidates": [first]}),
            json!({"candidates": [first, second, third]}),
            json!({"candidates": [second, third]}),
        ],
        _ => [
            json!({"ranking": [[first]]}),
            json!({"ranking": [[second], [first], [third]]}),
            json!({"ranking": [[third], [second]]}),
        ],
    });
    choices
}

/// One of the two elections.
struct Side {
    /// What a workshop has besides; leads to the ballot that is looked at.
    fixture: Fixture,
    people: Vec<(&'static str, Person)>,
    ballots: Vec<Poll>,
    placeholders: Placeholders,
    /// Every answer so far: what was asked, and what came, without what is random.
    seen: Vec<(String, String)>,
}

struct Poll {
    id: String,
    candidate: String,
    choices: Vec<Value>,
}

impl Side {
    async fn new(world: &World, chosen: [usize; 8]) -> Self {
        let fixture = Fixture::new(world).await;
        let organiser = fixture.people[5].clone();
        let workshop = format!("/v1/workshops/{}", fixture.ids["workshop_id"]);
        let mut voters = Vec::new();
        for number in 0..=chosen.len() {
            let email = format!("voter.{number}@example.org");
            let voter = world.person(&email).await;
            let registration = json!({"email": email, "name": format!("Voter {number}"), "role": "participant"});
            let registration = organiser
                .post(&format!("{workshop}/registrations"), registration)
                .await
                .expect(201);
            voter
                .act(&format!("/v1/registrations/{}/confirm", registration.id()))
                .await
                .expect(200);
            voters.push(voter);
        }
        let mut side = Self {
            people: WHO.into_iter().zip(fixture.people.iter().cloned()).collect(),
            fixture,
            ballots: Vec::new(),
            placeholders: Placeholders::default(),
            seen: Vec::new(),
        };
        side.people.push(("voter", voters[0].clone()));
        side.people.push(("absent", voters[chosen.len()].clone()));
        for method in ["plurality", "approval", "instant_runoff"] {
            let poll = poll(&organiser, &workshop, method).await;
            for (voter, choice) in voters.iter().zip(chosen) {
                let answer = voter.post(
                    &format!("/v1/ballots/{}/votes", poll.id),
                    Vote::new(poll.choices[choice].clone()).body(),
                );
                side.see(&format!("a vote by {method}"), &answer.await.expect(201));
            }
            side.ballots.push(poll);
        }
        side
    }

    fn see(&mut self, what: &str, answer: &Answer) {
        let length = answer.header("content-length");
        let declared =
            length.is_empty() || answer.request.starts_with("HEAD") || length == answer.body.len().to_string();
        assert!(declared, "{what} is not as long as it says: {answer}");
        let shown = self.placeholders.answer(what, answer);
        self.seen.push((what.to_owned(), shown));
    }

    /// Everyone reads everything there is to be read of this ballot; of the first also whatever is
    /// to be read besides.
    async fn read(&mut self, poll: usize) {
        self.turn_to(poll);
        let reads = operations().iter().filter(|operation| {
            operation.method == Method::GET && (poll == 0 || operation.path.contains("{ballot_id}"))
        });
        for operation in reads {
            let streams = &operation.value["responses"]["200"]["content"]["text/event-stream"];
            assert!(
                streams.is_null(),
                "{}: how much of a stream is to be compared?",
                operation.name()
            );
            for method in [Method::GET, Method::HEAD] {
                for query in queries(operation) {
                    let path = format!("{}{query}", self.fixture.path(operation));
                    for (who, person) in self.people.clone() {
                        let answer = person.request(method.clone(), &path).await;
                        self.see(&format!("{method} {}{query} by {who}", operation.path), &answer);
                    }
                }
            }
        }
    }

    /// Everyone tries everything else that has to do with a ballot; only its organiser may close it.
    async fn try_acts(&mut self, poll: usize) {
        self.turn_to(poll);
        let acts = operations().iter().filter(|operation| {
            let of_ballots = ["{ballot_id}", "{candidate_id}"]
                .iter()
                .any(|name| operation.path.contains(name));
            of_ballots && operation.method != Method::GET
        });
        for operation in acts {
            for (who, person) in self.people.clone() {
                if who == "organiser" && operation.path.ends_with("/close") {
                    continue;
                }
                let request = person.request(operation.method.clone(), &self.fixture.path(operation));
                let answer = request.if_match("stale").json(&json!({})).await;
                self.see(&format!("{} by {who}", operation.name()), &answer);
            }
        }
        let votes = format!("/v1/ballots/{}/votes", self.ballots[poll].id);
        for (who, person) in self.people.clone().into_iter().filter(|(who, _)| *who != "absent") {
            for choice in self.ballots[poll].choices.clone() {
                let answer = person.post(&votes, Vote::new(choice).body()).await;
                if who == "voter" {
                    assert_eq!(answer["code"], "already_voted", "{answer}");
                }
                self.see(&format!("another vote by {who}"), &answer);
            }
        }
    }

    /// What servers answer beside the document.
    async fn outside(&mut self) {
        for path in ["/metrics", "/openapi.json", "/docs/"] {
            for (who, person) in self.people.clone() {
                let answer = person.get(path).send_unchecked().await;
                self.see(&format!("{path} by {who}"), &answer);
            }
        }
    }

    /// What an operator sees, once all letters are sent; how soon requests were answered is not told by
    /// what was asked.
    async fn figures(&mut self, world: &World) {
        let page = metrics::once(world, |page| page.contains("palabre_letters_waiting 0\n")).await;
        let (times, others): (Vec<&str>, Vec<&str>) = page
            .lines()
            .partition(|line| line.starts_with("palabre_http_request_duration_seconds_"));
        assert!(times.len() > 3 && others.len() > 100, "{page}");
        self.seen.push(("figures for operators".to_owned(), others.join("\n")));
    }

    fn turn_to(&mut self, poll: usize) {
        let poll = &self.ballots[poll];
        self.fixture.ids.insert("ballot_id", poll.id.clone());
        self.fixture.ids.insert("candidate_id", poll.candidate.clone());
    }
}

/// Some operations want a question, or show more when asked for it.
fn queries(operation: &Operation) -> &'static [&'static str] {
    match operation.path.rsplit('/').next() {
        Some("receipts") => &["?prefix=00", "?prefix=ffff"],
        Some("roll" | "journal" | "registrations") => &["", "?limit=200"],
        _ => &[""],
    }
}

async fn poll(organiser: &Person, workshop: &str, method: &str) -> Poll {
    let ballot = json!({"question": "Quel logo ?", "method": method});
    let id = organiser
        .post(&format!("{workshop}/ballots"), ballot)
        .await
        .expect(201)
        .id();
    let mut candidates = Vec::new();
    for name in ["Arbre", "Delta", "Kora"] {
        let candidate = organiser.post(&format!("/v1/ballots/{id}/candidates"), json!({"name": name}));
        candidates.push(candidate.await.expect(201).id());
    }
    let confirmed = json!({"confirm_small": true});
    organiser
        .post(&format!("/v1/ballots/{id}/open"), confirmed)
        .await
        .expect(200);
    Poll {
        choices: choices(method, &candidates),
        candidate: candidates[0].clone(),
        id,
    }
}

/// What is random or a moment, numbered in the order in which it is first seen.
#[derive(Default)]
struct Placeholders {
    numbers: BTreeMap<String, usize>,
    /// What is being answered. Two people who see candidates in different orders have different tags
    /// of the same thing: tags are compared within what one person asked at different times.
    asked: String,
}

/// Members whose values are random, or digests of what is.
const RANDOM: [&str; 8] = [
    "etag",
    "next_cursor",
    "kid",
    "x",
    "salt",
    "leaf",
    "vote_hash",
    "promise",
];

impl Placeholders {
    fn number(&mut self, what: &str, value: &str) -> String {
        let next = self.numbers.len();
        let value = match what {
            "etag" => format!("{} of {}", value.trim_matches('"'), self.asked),
            _ => value.to_owned(),
        };
        let number = self.numbers.entry(value).or_insert(next);
        format!("‹{what} {number}›")
    }

    fn answer(&mut self, asked: &str, answer: &Answer) -> String {
        asked.clone_into(&mut self.asked);
        let mut shown = format!("{}\n", answer.status);
        let mut headers: Vec<(&str, &str)> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
            .collect();
        // A refusal closes the connection if the body had not arrived by then.
        headers.retain(|(name, _)| *name != "connection");
        headers.sort_unstable();
        for (name, value) in headers {
            let value = match name {
                // Its agreement with the body is looked at elsewhere; instants are not all as long.
                "content-length" | "date" => "…".to_owned(),
                "etag" => self.number("etag", value),
                "access-control-expose-headers" => {
                    let mut names: Vec<&str> = value.split(", ").collect();
                    names.sort_unstable();
                    names.join(", ")
                }
                _ => self.text(value),
            };
            shown.push_str(&format!("{name}: {value}\n"));
        }
        match serde_json::from_slice::<Value>(&answer.body) {
            Ok(body) => shown.push_str(&serde_json::to_string_pretty(&self.value("", body)).expect("JSON")),
            Err(_) => shown.push_str(&self.text(&answer.text())),
        }
        shown
    }

    fn value(&mut self, name: &str, value: Value) -> Value {
        match value {
            Value::String(text) if RANDOM.contains(&name) => {
                // How long it is must not differ.
                format!("{} of {}", self.number(name, &text), text.len()).into()
            }
            Value::String(text) => self.text(&text).into(),
            Value::Array(mut items) => {
                if items
                    .iter()
                    .all(|item| item["ballot_id"].is_string() && item["name"].is_string())
                {
                    // Candidates: each voter sees them in an order of their own.
                    items.sort_by_key(|item| item["name"].to_string());
                }
                items.into_iter().map(|item| self.value(name, item)).collect()
            }
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (name.clone(), self.value(&name, value)))
                .collect(),
            other => other,
        }
    }

    fn text(&mut self, text: &str) -> String {
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
            let patterns = [
                r"(?<instant>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z|[0-9]{8}T[0-9]{6}Z)",
                r"(?<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
                r"(?<digest>[0-9a-f]{32,})",
                // Of a signed note: the end of a verifier key, and of a line with a signature.
                r"(?<key>\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{40,})",
                r"(?<signature> [A-Za-z0-9+/=]{90,})",
            ];
            Regex::new(&patterns.join("|")).expect("a pattern")
        });
        let replaced = PATTERN.replace_all(text, |found: &Captures<'_>| {
            if found.name("instant").is_some() {
                return "‹instant›".to_owned();
            }
            let kinds = ["id", "digest", "key", "signature"];
            let kind = kinds.into_iter().find(|kind| found.name(kind).is_some());
            self.number(kind.expect("one of them"), &found[0])
        });
        replaced.into_owned()
    }
}

/// One election on this world, and one with other choices on a world of its own: every answer alike.
async fn nothing_differs(one: &World, other: &World) {
    let mut sides = [Side::new(one, UNANIMOUS).await, Side::new(other, DIVIDED).await];
    for side in &mut sides {
        for poll in 0..side.ballots.len() {
            side.read(poll).await;
        }
        side.try_acts(0).await;
        side.read(0).await;
        side.outside().await;
    }
    for (side, world) in sides.iter_mut().zip([one, other]) {
        side.figures(world).await;
    }
    let [one, other] = sides;
    assert_eq!(one.seen.len(), other.seen.len());
    assert!(one.seen.len() > 1000, "{} answers", one.seen.len());
    // All votes of a ballot are answered at one length, whatever they say.
    let mut differing = Vec::new();
    for ((asked, answer), (_, as_well)) in one.seen.iter().zip(&other.seen) {
        if answer != as_well {
            differing.push(format!("{asked}\n--- unanimous\n{answer}\n--- divided\n{as_well}"));
        }
    }
    assert!(
        differing.is_empty(),
        "{} answers tell the choices, the first:\n{}",
        differing.len(),
        differing[0]
    );
}

both! {
    async fn while_open_no_answer_tells_what_was_chosen(world: World) {
        World::with(world.backend(), |other| async move { nothing_differs(&world, &other).await }).await;
    }

    async fn every_vote_is_answered_at_one_length(world: World) {
        let fixture = Fixture::new(&world).await;
        let organiser = &fixture.people[5];
        let workshop = format!("/v1/workshops/{}", fixture.ids["workshop_id"]);
        let voter = &fixture.people[3];
        for method in ["plurality", "approval", "instant_runoff"] {
            let mut shown = Vec::new();
            for choice in 0..4 {
                let poll = poll(organiser, &workshop, method).await;
                let path = format!("/v1/ballots/{}/votes", poll.id);
                let answer = voter.post(&path, Vote::new(poll.choices[choice].clone()).body()).await.expect(201);
                let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), value.len()));
                let mut headers: Vec<_> = headers.collect();
                headers.sort();
                shown.push((answer.body.len(), headers));
            }
            assert!(shown.iter().all(|one| *one == shown[0]), "{method}: {shown:?}");
        }
    }
}
