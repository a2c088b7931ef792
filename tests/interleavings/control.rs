//! Who stands where, under PostgreSQL: the wires ask here before every statement, and transactions
//! that lock a ballot are stopped before the lock, after it where others may hold it too, and before
//! they commit.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

/// What the wires know; everything passes unless actors are on.
#[derive(Default)]
pub struct Control {
    state: Mutex<State>,
    moved: Notify,
}

#[derive(Default)]
struct State {
    actors: Vec<Actor>,
    /// Each server's own round of what is due, held at its first look.
    rounds: Vec<(usize, oneshot::Sender<()>)>,
    /// Connections in a transaction that counts and is not cut.
    counting: HashSet<u16>,
    over: bool,
}

/// What the wires are to know of an actor.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub site: usize,
    /// Locks the ballot shared, as votes and erasures do.
    pub shared: bool,
    /// How many of its transactions are cut.
    pub cuts: usize,
    /// Whether that in which it counts may be among them.
    pub counting: bool,
}

struct Actor {
    part: Part,
    begun: bool,
    done: bool,
    /// Its connection, while it is in a transaction that is cut.
    port: Option<u16>,
    within: Within,
    gate: Option<oneshot::Sender<()>>,
}

impl Actor {
    /// Whether this statement, on a connection that is nobody's yet, begins one of its transactions
    /// that are cut; the connection is its own from then on.
    fn begins(&mut self, site: usize, port: u16, kind: Kind) -> bool {
        let shared = match kind {
            Kind::SharedLock | Kind::Vote => true,
            Kind::Lock | Kind::Change => false,
            Kind::Claim if self.part.counting => false,
            Kind::Claim | Kind::Round | Kind::Commit | Kind::Rollback | Kind::Other => return false,
        };
        let waits = self.begun && !self.done && self.port.is_none() && self.part.cuts > 0;
        let begins = waits && self.part.site == site && self.part.shared == shared;
        if begins {
            self.port = Some(port);
            // Votes that are written at once are a transaction of one statement.
            self.within = match kind {
                Kind::Vote => Within::Whole,
                _ => Within::Locking,
            };
        }
        begins
    }

    /// Whether it stops before this statement of its transaction.
    fn goes_on(&mut self, kind: Kind) -> bool {
        match (self.within, kind) {
            (Within::Locking | Within::Locked, Kind::Rollback) => {
                self.port = None;
                false
            }
            (Within::Locking, _) if self.part.shared => {
                self.within = Within::Locked;
                true
            }
            // Whoever holds the ballot alone is seen by nobody before they commit.
            (Within::Locking | Within::Locked, Kind::Commit) => {
                self.within = Within::Committing;
                true
            }
            (Within::Locking | Within::Locked, Kind::Lock | Kind::SharedLock) => true,
            (Within::Locking | Within::Locked | Within::Committing | Within::Whole, _) => false,
        }
    }
}

/// What a statement is, as far as anyone stops at it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Looks for what is due.
    Round,
    /// Locks a ballot.
    Lock,
    SharedLock,
    /// Claims the right to count.
    Claim,
    /// Writes votes; where a lock should have come before and did not, the first to be seen.
    Vote,
    /// Changes a ballot, likewise.
    Change,
    Commit,
    Rollback,
    Other,
}

impl Kind {
    fn of(statement: &str) -> Self {
        let of_ballot = statement.contains("FROM \"ballot\"");
        match statement {
            "COMMIT" => Self::Commit,
            "ROLLBACK" => Self::Rollback,
            _ if of_ballot && statement.ends_with("FOR SHARE") => Self::SharedLock,
            _ if of_ballot && statement.ends_with("FOR UPDATE") => Self::Lock,
            _ if of_ballot && statement.contains("\"opening_failed\" IS NULL") => Self::Round,
            _ if statement.contains("pg_try_advisory_xact_lock") => Self::Claim,
            _ if statement.starts_with("INSERT INTO \"cast\"") => Self::Vote,
            _ if statement.starts_with("SELECT votes_at_once(") => Self::Vote,
            _ if statement.starts_with("UPDATE \"ballot\"") => Self::Change,
            _ => Self::Other,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Its next statement, at a second lock the one after, is the first under the lock.
    Locking,
    Locked,
    Committing,
    /// In the one statement that is all of it; the connection's next is somebody else's.
    Whole,
}

/// How an actor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    NotBegun,
    /// Before a statement, until it is let go.
    Stopped,
    /// On its way to its next stop, its end or somebody's lock.
    Going {
        port: Option<u16>,
    },
    Done,
}

impl Control {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A statement arrives on a connection of this server's.
    pub fn meet(&self, site: usize, port: u16, statement: &str) -> Option<oneshot::Receiver<()>> {
        let mut state = self.state();
        if state.over {
            return None;
        }
        let kind = Kind::of(statement);
        if kind == Kind::Round && state.rounds.iter().all(|(of, _)| *of != site) {
            let (gate, stopped) = oneshot::channel();
            state.rounds.push((site, gate));
            return Some(stopped);
        }
        if let Some(owner) = state.actors.iter_mut().find(|actor| actor.port == Some(port))
            && owner.within == Within::Whole
            && owner.gate.is_none()
        {
            owner.port = None;
        }
        let state = &mut *state;
        // On one server nothing tells whose count it is: stopped as another's it would keep its own waiting.
        if state.counting.contains(&port) {
            if matches!(kind, Kind::Commit | Kind::Rollback) {
                state.counting.remove(&port);
            }
            return None;
        }
        let stops = match state.actors.iter_mut().find(|actor| actor.port == Some(port)) {
            Some(owner) => owner.goes_on(kind).then_some(owner),
            None => state
                .actors
                .iter_mut()
                .find_map(|actor| actor.begins(site, port, kind).then_some(actor)),
        };
        if kind == Kind::Claim && stops.is_none() {
            state.counting.insert(port);
        }
        stops.map(|actor| {
            let (gate, stopped) = oneshot::channel();
            actor.gate = Some(gate);
            self.moved.notify_one();
            stopped
        })
    }

    /// Whether each of so many servers' own rounds is held.
    pub fn rounds_are_held(&self, servers: usize) -> bool {
        self.state().rounds.len() == servers
    }

    /// New actors, none of whom has begun.
    pub fn cast(&self, parts: impl IntoIterator<Item = Part>) {
        let actor = |part| Actor {
            part,
            begun: false,
            done: false,
            port: None,
            within: Within::Locking,
            gate: None,
        };
        self.state().actors = parts.into_iter().map(actor).collect();
    }

    pub fn begin(&self, index: usize) {
        self.state().actors[index].begun = true;
    }

    pub fn done(&self, index: usize) {
        let actor = &mut self.state().actors[index];
        actor.done = true;
        // What was taken for its transaction is that of a vote that came with it.
        (actor.port, actor.gate) = (None, None);
        self.moved.notify_one();
    }

    /// Lets an actor go on to its next stop.
    pub fn let_go(&self, index: usize) {
        let mut state = self.state();
        let actor = &mut state.actors[index];
        match actor.within {
            Within::Committing => {
                actor.port = None;
                actor.part.cuts -= 1;
            }
            Within::Whole => actor.part.cuts -= 1,
            Within::Locking | Within::Locked => {}
        }
        actor.gate.take().expect("a stopped actor").send(()).ok();
    }

    /// Somebody has stopped or is done.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }

    pub fn standings(&self) -> Vec<Standing> {
        let standing = |actor: &Actor| match actor {
            Actor { begun: false, .. } => Standing::NotBegun,
            Actor { done: true, .. } => Standing::Done,
            Actor { gate: Some(_), .. } => Standing::Stopped,
            actor => Standing::Going { port: actor.port },
        };
        self.state().actors.iter().map(standing).collect()
    }

    /// The connections of those who are stopped.
    pub fn stopped(&self) -> HashSet<u16> {
        let state = self.state();
        let stopped = state.actors.iter().filter(|actor| actor.gate.is_some());
        stopped.filter_map(|actor| actor.port).collect()
    }

    /// The connections that actors have, stopped or not.
    pub fn taken(&self) -> HashSet<u16> {
        self.state().actors.iter().filter_map(|actor| actor.port).collect()
    }

    /// Nothing is stopped any more.
    pub fn open(&self) {
        *self.state() = State {
            over: true,
            ..State::default()
        };
    }
}
