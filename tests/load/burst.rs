//! The opening of a ballot in a hall: everyone reads it and votes within a minute, half of them twice,
//! and of some the answer is lost on the way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::{Connection, Figures};
use crate::hall::{Ballot, Hall};
use crate::server::Server;

#[derive(Default)]
pub struct Burst {
    pub reads: Figures,
    pub votes: Figures,
    /// Told to come again, which is promised when the queue is full.
    pub unavailable: usize,
}

/// What one person went through.
#[derive(Default)]
struct Story {
    read: u32,
    votes: Vec<u32>,
    unavailable: usize,
    promise: Vec<u8>,
}

pub async fn run(server: &Server, hall: &Hall, ballot: &Ballot, length: Duration) -> Burst {
    let began = Instant::now();
    let people: Vec<_> = (0..hall.tokens.len())
        .map(|number| {
            let (tokens, ballot, address) = (hall.tokens.clone(), ballot.clone(), server.address);
            let arrival = length.mul_f64(rand::random::<f64>());
            tokio::spawn(async move {
                tokio::time::sleep_until((began + arrival).into()).await;
                person(address, &tokens, &ballot, number).await
            })
        })
        .collect();
    let mut burst = Burst::default();
    for person in people {
        let story = person.await.expect("a person who gets to vote");
        burst.reads.latencies.push(story.read);
        burst.votes.latencies.extend(story.votes);
        burst.votes.created.push(story.promise);
        burst.unavailable += story.unavailable;
    }
    for figures in [&mut burst.reads, &mut burst.votes] {
        figures.done = figures.latencies.len();
        figures.seconds = began.elapsed().as_secs_f64();
        figures.latencies.sort_unstable();
    }
    burst
}

async fn person(address: std::net::SocketAddr, tokens: &Arc<Vec<String>>, ballot: &Ballot, number: usize) -> Story {
    let token = &tokens[number];
    let mut story = Story::default();
    let mut connection = Connection::open(address).await;
    let mut read = Vec::new();
    ballot.read(token, &mut read);
    let asked = Instant::now();
    let (status, _) = connection.ask(&read).await;
    story.read = asked.elapsed().as_micros() as u32;
    assert_eq!(status, 200, "everyone can read the ballot");

    let mut vote = Vec::new();
    ballot.vote(token, number, &mut vote);
    if number.is_multiple_of(20) {
        connection.send(&vote).await;
        connection = Connection::open(address).await;
    }
    story.promise = story.ask(&mut connection, &vote, 201).await;
    if number.is_multiple_of(4) {
        let again = story.ask(&mut connection, &vote, 201).await;
        assert_eq!(again, story.promise, "the same vote again gets the same answer");
    } else if number.is_multiple_of(2) {
        let mut other = Vec::new();
        ballot.vote(token, number + 1, &mut other);
        story.ask(&mut connection, &other, 409).await;
    }
    story
}

impl Story {
    async fn ask(&mut self, connection: &mut Connection, request: &[u8], expected: u16) -> Vec<u8> {
        loop {
            let asked = Instant::now();
            let (status, body) = connection.ask(request).await;
            if status == 503 {
                self.unavailable += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            self.votes.push(asked.elapsed().as_micros() as u32);
            assert_eq!(status, expected, "{}", String::from_utf8_lossy(&body));
            return body;
        }
    }
}
