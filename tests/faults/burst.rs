//! A burst: voters who all vote at once, so many requests in flight, some of them twice, some of
//! them until they have an answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::checker::{Attempts, Fate};
use crate::support::Person;
use crate::voting::{Hall, Vote};

const IN_FLIGHT: usize = 32;
/// Nobody waits longer than this for an answer, and no server may need it.
const PATIENCE: Duration = Duration::from_secs(40);

/// One vote of one voter, sent as it pleases them.
struct Ballot {
    voter: Person,
    path: String,
    vote: Vote,
    /// Again and again until something is known.
    insists: bool,
}

pub struct Burst {
    tasks: JoinSet<()>,
    answered: Arc<Answered>,
}

#[derive(Default)]
struct Answered {
    number: AtomicUsize,
    one: Notify,
}

impl Burst {
    /// Lets these voters go, to any of these servers. Half of them send their vote twice at once;
    /// half insist.
    pub fn start(
        hall: &Hall,
        voters: &[Person],
        servers: &[SocketAddr],
        attempts: &Arc<Attempts>,
        moments: &mut StdRng,
    ) -> Self {
        let (places, answered) = (Arc::new(Semaphore::new(IN_FLIGHT)), Arc::new(Answered::default()));
        let mut tasks = JoinSet::new();
        for voter in voters {
            let vote = hall.vote(moments.random_range(0..hall.candidates.len()));
            let (twice, insists) = (moments.random(), moments.random());
            let first: usize = moments.random_range(0..servers.len());
            for copy in 0..if twice { 2 } else { 1 } {
                let ballot = Ballot {
                    voter: voter.at_address(servers[(first + copy) % servers.len()]),
                    path: hall.at("votes"),
                    vote: vote.clone(),
                    insists,
                };
                let (places, answered, attempts) = (places.clone(), answered.clone(), attempts.clone());
                tasks.spawn(async move {
                    while ballot.send(&places, &attempts, &answered).await == Fate::Unknown && ballot.insists {
                        // As programs do that are told to come again.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                });
            }
        }
        Self { tasks, answered }
    }

    /// Until so many requests were answered.
    pub async fn answered(&self, number: usize) {
        loop {
            let one = self.answered.one.notified();
            if self.answered.number.load(Ordering::SeqCst) >= number || self.tasks.is_empty() {
                return;
            }
            one.await;
        }
    }

    /// Until nobody tries any more: what was broken is whole again, so that this is soon.
    pub async fn ended(self) {
        tokio::time::timeout(PATIENCE, self.tasks.join_all())
            .await
            .expect("an end of asking");
    }
}

impl Ballot {
    async fn send(&self, places: &Semaphore, attempts: &Attempts, answered: &Answered) -> Fate {
        let _place = places.acquire().await.expect("a place");
        let request = self.voter.post(&self.path, self.vote.body());
        let sent = tokio::time::timeout(PATIENCE, request.send())
            .await
            .expect("an answer, or the end of the connection");
        let fate = attempts.record(&self.voter.email, &self.vote, &sent);
        if sent.is_ok() {
            answered.number.fetch_add(1, Ordering::SeqCst);
            answered.one.notify_waiters();
        }
        fate
    }
}
