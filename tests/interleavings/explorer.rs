//! All orders in which the steps of some acts can come.
//!
//! Under PostgreSQL an act's transaction is cut before the ballot's lock, after it where others may
//! hold it too, and before the commit; whoever is stopped there goes on when it is their turn, and
//! whoever waits for another's lock is passed over until they have it. In SQLite transactions that write come one after the
//! other: what remains are the orders in which acts arrive, together or not.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;

use super::control::{Part, Standing};
use super::model::{Act, History, Said};
use super::stage::{Piece, Stage, Start};
use crate::faults::tell;
use crate::support::{Answer, Backend};
use crate::voting::Vote;

/// Only ever waited out by a test that fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Acts that meet on a ballot in some state.
pub struct Meeting<'a> {
    pub start: Start,
    pub acts: &'a [Act],
    /// Whether the transaction that counts is cut too.
    pub counting: bool,
    /// Where they act: on the first server all of them, or on one after the other in turn.
    pub places: &'static [Places],
}

#[derive(Clone, Copy, Debug)]
pub enum Places {
    OneServer,
    InTurn,
}

/// One time through: who took each step, of how many who could have.
type Order = Vec<(usize, usize)>;

struct Run<'a> {
    stage: &'a Stage,
    piece: &'a Piece,
    acts: &'a [Act],
    /// Where each acts.
    sites: &'a [usize],
    votes: Vec<Option<Vote>>,
    tasks: Vec<Option<JoinHandle<Option<Answer>>>>,
    /// For each, who was done when it was begun.
    after: Vec<Vec<usize>>,
}

impl Stage {
    /// Plays the acts in all orders of their steps, on one server and on two where there are two,
    /// and holds each against the model. Fails with fewer orders than `least`: then nothing was cut.
    pub async fn explore(&self, meeting: &Meeting<'_>, least: usize) {
        match self.world.backend() {
            Backend::Postgres => {
                let mut orders = 0;
                for places in meeting.places {
                    let servers = match places {
                        Places::OneServer => 1,
                        Places::InTurn => self.servers.len(),
                    };
                    let sites: Vec<usize> = (0..meeting.acts.len()).map(|index| index % servers).collect();
                    orders += self.all_orders(meeting, &sites).await;
                }
                tell(&format!("{orders} orders of {:?}", meeting.acts));
                assert!(orders >= least, "only {orders} orders of {:?}", meeting.acts);
            }
            Backend::Sqlite => {
                for order in permutations(meeting.acts.len()) {
                    for together in [true, false] {
                        self.arrive(meeting, &order, together).await;
                    }
                }
            }
        }
    }

    async fn all_orders(&self, meeting: &Meeting<'_>, sites: &[usize]) -> usize {
        let mut number = 0;
        let mut chosen: Vec<usize> = Vec::new();
        loop {
            let order = self.one_order(meeting, sites, &chosen).await;
            number += 1;
            // The next order departs from this one as late as it can.
            let Some(last) = order.iter().rposition(|(choice, of)| choice + 1 < *of) else {
                return number;
            };
            chosen = order[..=last].iter().map(|(choice, _)| *choice).collect();
            chosen[last] += 1;
        }
    }

    async fn one_order(&self, meeting: &Meeting<'_>, sites: &[usize], chosen: &[usize]) -> Order {
        let piece = self.piece(meeting.start).await;
        let mut run = Run::new(self, &piece, meeting.acts, sites);
        let cuts = if meeting.counting { 2 } else { 1 };
        self.control
            .cast(meeting.acts.iter().zip(sites).map(|(act, site)| Part {
                site: *site,
                shared: matches!(act, Act::Cast { .. } | Act::Leave),
                cuts,
                counting: meeting.counting,
            }));
        let mut order = Order::new();
        let mut steps = Vec::new();
        loop {
            run.settle().await;
            let standings = self.control.standings();
            let ready = |standing: &Standing| matches!(standing, Standing::NotBegun | Standing::Stopped);
            // Of the same act twice it does not matter whose is first.
            let like_one_before = |index: usize| {
                let mut before = (0..index).filter(|other| meeting.acts[*other] == meeting.acts[index]);
                standings[index] == Standing::NotBegun && before.any(|other| standings[other] == Standing::NotBegun)
            };
            let able: Vec<usize> = (0..standings.len())
                .filter(|index| ready(&standings[*index]) && !like_one_before(*index))
                .collect();
            if able.is_empty() {
                break;
            }
            let choice = chosen.get(order.len()).copied().unwrap_or_default().min(able.len() - 1);
            let index = able[choice];
            order.push((choice, able.len()));
            steps.push(index);
            if standings[index] == Standing::NotBegun {
                run.begin(index);
            } else {
                self.control.let_go(index);
            }
        }
        let said = run.said().await;
        self.control.cast([]);
        run.check(meeting, &said, &format!("steps {steps:?} at {sites:?}"))
            .await;
        order
    }

    /// SQLite: all arrive in this order while somebody writes, or each when the one before is done.
    async fn arrive(&self, meeting: &Meeting<'_>, order: &[usize], together: bool) {
        let piece = self.piece(meeting.start).await;
        let sites = vec![0; meeting.acts.len()];
        let mut run = Run::new(self, &piece, meeting.acts, &sites);
        self.control.cast(meeting.acts.iter().map(|_| Part {
            site: 0,
            shared: false,
            cuts: 0,
            counting: false,
        }));
        let writing = self.sql.begin().await;
        let hold = "UPDATE ballot SET question = question WHERE false";
        sea_orm::ConnectionTrait::execute_unprepared(&writing, hold)
            .await
            .expect(hold);
        let mut writing = Some(writing);
        if !together {
            writing.take().expect("held").rollback().await.expect("let go");
        }
        for (number, index) in order.iter().enumerate() {
            run.begin(*index);
            run.until("those who arrive wait or are done", async || {
                let standings = self.control.standings();
                let done = standings.iter().filter(|standing| **standing == Standing::Done).count();
                let waiting = match together {
                    true => {
                        self.servers[0]
                            .app(async |app| app.store.waiting() + app.votes.undecided())
                            .await
                    }
                    false => 0,
                };
                done + waiting > number
            })
            .await;
        }
        if let Some(writing) = writing {
            writing.rollback().await.expect("let go");
        }
        let said = run.said().await;
        self.control.cast([]);
        let how = if together { "together" } else { "one by one" };
        run.check(meeting, &said, &format!("{how}, in the order {order:?}"))
            .await;
    }
}

impl<'a> Run<'a> {
    fn new(stage: &'a Stage, piece: &'a Piece, acts: &'a [Act], sites: &'a [usize]) -> Self {
        let mut tags: Vec<(Act, Vote)> = Vec::new();
        let votes = acts.iter().map(|act| {
            let Act::Cast { candidate, .. } = act else { return None };
            // The same choice under the same tag has the same nonce: it is the same vote sent again.
            if let Some((_, vote)) = tags.iter().find(|(known, _)| known == act) {
                return Some(vote.clone());
            }
            let vote = Vote::for_candidate(&piece.candidates[*candidate]);
            tags.push((*act, vote.clone()));
            Some(vote)
        });
        Self {
            votes: votes.collect(),
            stage,
            piece,
            acts,
            sites,
            tasks: acts.iter().map(|_| None).collect(),
            after: vec![Vec::new(); acts.len()],
        }
    }

    fn begin(&mut self, index: usize) {
        let (stage, piece, site) = (self.stage, self.piece, self.sites[index]);
        let standings = stage.control.standings();
        self.after[index] = (0..standings.len())
            .filter(|other| standings[*other] == Standing::Done)
            .collect();
        stage.control.begin(index);
        let organiser = stage.organiser(site);
        let at = |rest: &str| format!("{}/{rest}", piece.path);
        let act = self.acts[index];
        let request = match act {
            Act::Open => Some(organiser.act(&at("open"))),
            Act::Close => Some(organiser.act(&at("close"))),
            Act::Publish => Some(organiser.act(&at("publish"))),
            Act::Annul => Some(organiser.post(&at("annul"), json!({"reason": "Deux logos échangés."}))),
            Act::Cancel => Some(organiser.post(&at("cancel"), json!({"reason": "Un logo manquait."}))),
            Act::Extend => {
                let extension = json!({"closes_at": piece.closings[1], "reason": "Panne de réseau."});
                Some(organiser.post(&at("extend"), extension))
            }
            Act::Postpone => {
                let later = json!({"opens_at": piece.closings[1].plus(1_000_000_000_000)});
                Some(organiser.patch(&piece.path, "*", later))
            }
            Act::Cast { voter, .. } => {
                let vote = self.votes[index].as_ref().expect("a vote");
                Some(stage.voter(voter, site).post(&at("votes"), vote.body()))
            }
            Act::Remind => Some(organiser.act(&at("remind"))),
            Act::Leave => Some(stage.leaving(piece, site).delete("/v1/me")),
            Act::RunDue | Act::TimePasses => None,
        };
        let (control, server) = (stage.control.clone(), stage.servers[site].clone());
        let time = (act == Act::TimePasses).then(|| stage.clock.setting(piece.closings[0].plus(1)));
        self.tasks[index] = Some(tokio::spawn(async move {
            let answer = match request {
                Some(request) => Some(request.await),
                None => {
                    match time {
                        Some(time) => time.await,
                        None => server.run_due().await,
                    }
                    None
                }
            };
            control.done(index);
            answer
        }));
    }

    /// Until everyone who has begun is stopped, done, or waits for somebody who is stopped.
    async fn settle(&self) {
        let mut fresh = true;
        self.until("everyone stands still", async || {
            let standings = self.stage.control.standings();
            let going: Vec<(usize, Option<u16>)> = (0..standings.len())
                .filter_map(|index| match standings[index] {
                    Standing::Going { port } => Some((index, port)),
                    _ => None,
                })
                .collect();
            if going.is_empty() {
                return true;
            }
            if std::mem::take(&mut fresh) {
                return false;
            }
            let waiting = self.waiting().await;
            let taken = self.stage.control.taken();
            let mut still = true;
            for (index, port) in going {
                still &= match port {
                    // A vote's statement may be over, and the vote in the queue again to be looked at closely.
                    Some(port) => waiting.contains(&port) || self.is_queued(index, &waiting).await,
                    // A connection it has only borrowed, or its place in the queue of votes.
                    None => waiting.iter().any(|port| !taken.contains(port)) || self.is_queued(index, &waiting).await,
                };
            }
            still
        })
        .await;
    }

    /// The connections that wait for a lock of somebody who is stopped, or who waits in turn.
    async fn waiting(&self) -> HashSet<u16> {
        let lines = self.stage.sql.texts(
            "SELECT concat(waiting.client_port, ' ', holding.client_port) FROM pg_stat_activity waiting
             CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking (pid)
             JOIN pg_stat_activity holding ON holding.pid = blocking.pid
             WHERE waiting.datname = current_database() AND waiting.wait_event_type = 'Lock'",
        );
        let pairs: Vec<(u16, u16)> = lines
            .await
            .iter()
            .filter_map(|line| {
                let (waiting, holding) = line.split_once(' ')?;
                Some((waiting.parse().ok()?, holding.parse().ok()?))
            })
            .collect();
        let stopped = self.stage.control.stopped();
        let mut still = HashSet::new();
        loop {
            let before = still.len();
            for (waiting, holding) in &pairs {
                if stopped.contains(holding) || still.contains(holding) {
                    still.insert(*waiting);
                }
            }
            if still.len() == before {
                return still;
            }
        }
    }

    /// A vote behind another's in the writer of the same server, which stands still itself.
    async fn is_queued(&self, index: usize, waiting: &HashSet<u16>) -> bool {
        let is_vote = |index: usize| matches!(self.acts[index], Act::Cast { .. });
        let standings = self.stage.control.standings();
        let (mut under_way, mut held) = (0, false);
        for other in (0..self.acts.len()).filter(|other| is_vote(*other) && self.sites[*other] == self.sites[index]) {
            match standings[other] {
                Standing::NotBegun | Standing::Done => continue,
                Standing::Stopped => held = true,
                Standing::Going { port } => held |= port.is_some_and(|port| waiting.contains(&port)),
            }
            under_way += 1;
        }
        let server = &self.stage.servers[self.sites[index]];
        is_vote(index) && held && server.app(async |app| app.votes.undecided()).await >= under_way
    }

    async fn until(&self, what: &str, mut is: impl AsyncFnMut() -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !is().await {
            let standings = self.stage.control.standings();
            assert!(
                tokio::time::Instant::now() < deadline,
                "never: {what}; {:?}: {standings:?}",
                self.acts
            );
            // Whoever waits for a lock says so to nobody: that has to be looked for.
            drop(tokio::time::timeout(Duration::from_millis(2), self.stage.control.moved()).await);
        }
    }

    async fn said(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        for task in &mut self.tasks {
            let answer = task.take().expect("begun").await.expect("an answer");
            said.push(answer.as_ref().map(Said::of).unwrap_or_default());
        }
        said
    }

    async fn check(&self, meeting: &Meeting<'_>, said: &[Said], how: &str) {
        let seen = self.stage.seen(self.piece).await;
        let acts: Vec<(Act, Said)> = self.acts.iter().copied().zip(said.iter().cloned()).collect();
        let history = History {
            acts: &acts,
            after: &self.after,
            seen: &seen,
            candidates: self.piece.candidates.len(),
        };
        let start = self.stage.ballot(meeting.start);
        assert!(
            history.is_serial(&start),
            "no order of the acts explains this ({how}):\n{acts:#?}\nfrom {start:#?}\nto {seen:#?}"
        );
        for (index, vote) in self.votes.iter().enumerate() {
            let (Some(vote), Act::Cast { voter, .. }) = (vote, self.acts[index]) else {
                continue;
            };
            // Sent again: acknowledged if it was before and stands, else refused.
            let again = self
                .stage
                .voter(voter, 0)
                .post(&format!("{}/votes", self.piece.path), vote.body())
                .await;
            let stands = said[index].status == 201 && seen.tally.is_some();
            assert_eq!(again.status == 201, stands, "{again} ({how})");
        }
        self.stage.retire(self.piece, &seen).await;
    }
}

/// All orders of so many.
fn permutations(number: usize) -> Vec<Vec<usize>> {
    if number == 0 {
        return vec![Vec::new()];
    }
    let insert = |order: Vec<usize>| {
        (0..number).map(move |place| {
            let mut order = order.clone();
            order.insert(place, number - 1);
            order
        })
    };
    permutations(number - 1).into_iter().flat_map(insert).collect()
}
