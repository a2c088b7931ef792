//! The answer is lost after the commit: the same request again gets the same answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::open_hall;
use crate::support::{Backend, World, both};

/// A line that breaks once the server has answered: the client sees its connection reset, and what
/// the server said ends here.
struct BadLine {
    address: SocketAddr,
    lost: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl BadLine {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (losing, lost) = mpsc::unbounded_channel();
        let losing = Arc::new(losing);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let losing = losing.clone();
                tokio::spawn(async move {
                    let mut upstream = TcpStream::connect(server).await.expect("a server");
                    let request = message(&mut client).await;
                    upstream.write_all(&request).await.expect("a server that reads");
                    let answer = message(&mut upstream).await;
                    client.set_zero_linger().expect("a connection to be reset");
                    losing.send(answer).expect("a test that runs");
                });
            }
        });
        Self { address, lost }
    }

    /// Status and body of the next answer that got lost.
    async fn lost(&mut self) -> (u16, String) {
        let lost = tokio::time::timeout(Duration::from_secs(20), self.lost.recv());
        let text = String::from_utf8(lost.await.expect("an answer in time").expect("an answer")).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), body.to_owned())
    }
}

/// One request or answer, with a body of stated length.
async fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    loop {
        let end = read.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
            if read.len() >= end + 4 + length {
                return read;
            }
        }
        let count = stream.read_buf(&mut read).await.expect("a message");
        assert!(count > 0, "half a message");
    }
}

both! {
    async fn an_answer_lost_after_the_commit_is_given_again(world: World) {
        let (hall, _) = open_hall(&world, 2).await;
        let mut servers = vec![world.server().address];
        if world.backend() == Backend::Postgres {
            servers.push(world.another_server().await.address);
        }
        for (voter, person) in hall.voters.iter().enumerate() {
            let vote = hall.vote(voter);
            let mut line = BadLine::to(servers[voter % servers.len()]).await;
            // Lost twice over: nothing is known, and the vote stands all the same.
            let mut bodies = Vec::new();
            for _ in 0..2 {
                let sent = person.at_address(line.address).post(&hall.at("votes"), vote.body()).send().await;
                assert!(sent.is_err(), "the answer came through");
                let (status, body) = line.lost().await;
                assert_eq!(status, 201, "{body}");
                bodies.push(body);
            }
            for server in &servers {
                let person = person.at_address(*server);
                assert_eq!(person.get(&hall.at("participation")).await.expect(200)["voted"], true);
                let again = person.post(&hall.at("votes"), vote.body()).await.expect(201);
                assert_eq!(again.header("location"), hall.at("participation"));
                bodies.push(again.text());
                // The same vote, that is: another one is not taken for it.
                let other = hall.vote(voter);
                person.post(&hall.at("votes"), other.body()).await.problem(409, "already_voted");
            }
            assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
        }
        assert_eq!(hall.tally().await["votes"], 2);
    }
}
