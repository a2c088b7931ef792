//! One voter at several servers at once, again and again.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::{Answer, Person, Server, World};
use crate::voting::{Vote, close_and_count, plurality};

const SERVERS: usize = 3;
const ROUNDS: usize = 1000;

/// A workshop with so many confirmed participants, their tokens, and an open ballot.
async fn hall(world: &World) -> (Person, Vec<Person>, String, Vec<Value>) {
    let workshop = world.workshop().published().await;
    let email = |number: usize| format!("voter.{number}@example.org");
    let lines = (0..ROUNDS).map(|number| format!("{},Votant {number}\n", email(number)));
    let roster = std::iter::once("email,name\n".to_owned())
        .chain(lines)
        .collect::<String>();
    let imported = workshop
        .organiser
        .post_bytes(&workshop.path("registrations/import"), "text/csv", roster);
    imported.await.expect(200);
    // Each would confirm alone, which is not what this is about.
    world
        .sql()
        .await
        .run("UPDATE registration SET state = 'confirmed'")
        .await;
    let ballot = workshop
        .organiser
        .post(&workshop.path("ballots"), plurality())
        .await
        .expect(201);
    let path = format!("/v1/ballots/{}", ballot.id());
    let mut candidates = Vec::new();
    for name in ["Arbre", "Kora"] {
        let candidate = json!({"name": name});
        let created = workshop
            .organiser
            .post(&format!("{path}/candidates"), candidate)
            .await
            .expect(201);
        candidates.push(created["id"].clone());
    }
    let open = workshop.organiser.act(&format!("{path}/open")).await.expect(200);
    assert_eq!(open["roll_size"], ROUNDS + 1);
    let mut voters = Vec::new();
    for number in 0..ROUNDS {
        voters.push(world.person(&email(number)).await);
    }
    (workshop.organiser, voters, path, candidates)
}

async fn one_voter_at_all_servers_votes_once(world: World) {
    let (organiser, voters, path, candidates) = hall(&world).await;
    let mut servers: Vec<Server> = vec![world.server().clone()];
    while servers.len() < SERVERS {
        servers.push(world.another_server().await);
    }
    // At the first two servers the same vote in every other round, else three different ones.
    let vote = |round: usize, at: usize| Vote::for_candidate(&candidates[(round + at) % 2]);
    let votes: Vec<[Vote; SERVERS]> = (0..ROUNDS)
        .map(|round| {
            let first = vote(round, 0);
            let second = if round % 2 == 0 { first.clone() } else { vote(round, 1) };
            [first, second, vote(round, 2)]
        })
        .collect();
    let votes = Arc::new(votes);
    let barrier = Arc::new(Barrier::new(SERVERS));
    let sending: Vec<_> = servers
        .iter()
        .enumerate()
        .map(|(at, server)| {
            let voters: Vec<Person> = voters.iter().map(|voter| voter.at(server)).collect();
            let (votes, barrier, path) = (votes.clone(), barrier.clone(), format!("{path}/votes"));
            tokio::spawn(async move {
                let mut answers: Vec<Answer> = Vec::with_capacity(ROUNDS);
                for (round, voter) in voters.iter().enumerate() {
                    let request = voter.post(&path, votes[round][at].body());
                    barrier.wait().await;
                    answers.push(request.await);
                }
                answers
            })
        })
        .collect();
    let mut answers = Vec::new();
    for sending in sending {
        answers.push(sending.await.expect("all rounds"));
    }
    let mut expected = [0; 2];
    for round in 0..ROUNDS {
        let of_round = [&answers[0][round], &answers[1][round], &answers[2][round]];
        let taken: Vec<&Answer> = of_round.into_iter().filter(|answer| answer.status == 201).collect();
        let stands = taken
            .first()
            .unwrap_or_else(|| panic!("round {round}: nobody was answered 201: {}", of_round[0]));
        let at = of_round
            .iter()
            .position(|answer| answer.status == 201)
            .expect("it stands");
        let same = of_round
            .iter()
            .enumerate()
            .filter(|(other, _)| votes[round][*other].body() == votes[round][at].body());
        assert_eq!(
            taken.len(),
            same.count(),
            "round {round}: the same vote is answered the same"
        );
        for answer in of_round {
            match answer.status {
                201 => assert_eq!(answer.json(), stands.json(), "round {round}"),
                _ => assert_eq!(
                    (answer.status, &answer["code"]),
                    (409, &json!("already_voted")),
                    "{answer}"
                ),
            }
        }
        let choice = votes[round][at].body()["choice"]["candidate"].clone();
        expected[candidates
            .iter()
            .position(|candidate| *candidate == choice)
            .expect("a candidate")] += 1;
    }
    close_and_count(&organiser, &path).await;
    let tally = organiser.get(&format!("{path}/tally")).await.expect(200).json();
    assert_eq!(super::model::counts(&tally, &candidates), expected);
    for server in &servers[1..] {
        server.stop().await;
    }
}

mod postgres {
    use crate::support::{Backend, World};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_voter_at_all_servers_votes_once() {
        World::with(Backend::Postgres, super::one_voter_at_all_servers_votes_once).await;
    }
}
