//! Where acts meet: a workshop, its people, and servers whose clock over ballots the test sets; under
//! PostgreSQL each behind a wire of its own.

use std::sync::Arc;

use palabre::settings::Database;
use serde_json::{Value, json};

use super::control::Control;
use super::model::{Ballot, Seen, counts};
use crate::support::{Backend, BallotClock, HOUR, Person, Server, Sql, Wire, Workshop, World};
use crate::voting::{Hall, Vote, close_and_count, plurality};

/// With the organiser more than a small roll, so that ballots open on schedule.
const VOTERS: usize = 5;
/// Who has voted before the acts begin.
const EARLY: usize = 4;
/// Who is about to erase themself, where somebody is.
const LEAVER: usize = 5;

pub struct Stage {
    pub world: World,
    pub clock: BallotClock,
    pub sql: Sql,
    pub servers: Vec<Server>,
    pub control: Arc<Control>,
    pub workshop: Workshop,
    voters: Vec<Person>,
    /// Held for their `Drop`.
    _wires: Vec<Wire>,
}

/// In what state the acts find the ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// In draft, with two candidates.
    Draft,
    /// The same, and the time to open has come.
    DueToOpen,
    /// The same, without candidates.
    DueInVain,
    /// Open, with one vote, and no closing time.
    Open,
    /// Open, with one vote, and a closing time ahead.
    Closing,
    /// The same, with the closing time passed.
    DueToClose,
    /// Closed and counted, with one vote.
    Counted,
    /// Open, with one vote and that of somebody who is about to erase themself.
    Leaving,
}

/// A ballot on stage.
pub struct Piece {
    pub path: String,
    pub id: String,
    pub candidates: Vec<Value>,
    /// First and second closing time.
    pub closings: [palabre::instant::Instant; 2],
    early: Option<Vote>,
    leaver: Option<Person>,
    /// Those of the journal from before the acts.
    lines: usize,
}

impl Stage {
    pub async fn new(world: &World, servers: usize) -> Self {
        let hall = Hall::new(world, VOTERS, plurality()).await;
        let clock = BallotClock::of(world).await;
        let control = Arc::new(Control::default());
        let (mut running, mut wires) = (Vec::new(), Vec::new());
        match clock.database() {
            Database::Sqlite(_) => running.push(world.server().clone()),
            Database::Postgres(url) => {
                world.server().stop().await;
                for site in 0..servers {
                    let control = control.clone();
                    let watch = Arc::new(move |port, statement: &str| control.meet(site, port, statement));
                    let wire = Wire::to(&url, watch).await;
                    // What a power cut would leave is not asked here; orders are many.
                    let url = format!("{}%20-c%20synchronous_commit%3Doff", wire.instead_of(&url));
                    let database = Database::Postgres(url);
                    running.push(world.another_server_on(&database).await);
                    wires.push(wire);
                }
            }
        }
        Self {
            world: world.clone(),
            clock,
            sql: world.sql().await,
            servers: running,
            control,
            workshop: hall.workshop,
            voters: hall.voters,
            _wires: wires,
        }
        .until_rounds_are_held()
        .await
    }

    async fn until_rounds_are_held(self) -> Self {
        while self.world.backend() == Backend::Postgres && !self.control.rounds_are_held(self.servers.len()) {
            tokio::task::yield_now().await;
        }
        self
    }

    /// Lets everything go and everyone finish.
    pub async fn end(self) {
        self.control.open();
        if self.world.backend() == Backend::Postgres {
            for server in &self.servers {
                server.stop().await;
            }
        }
    }

    pub fn organiser(&self, site: usize) -> Person {
        self.workshop.organiser.at(&self.servers[site])
    }

    pub fn voter(&self, number: usize, site: usize) -> Person {
        self.voters[number].at(&self.servers[site])
    }

    /// Who is about to erase themself.
    pub fn leaving(&self, piece: &Piece, site: usize) -> Person {
        let leaver = piece.leaver.as_ref().expect("somebody who leaves");
        leaver.at(&self.servers[site])
    }

    /// A new ballot in this state.
    pub async fn piece(&self, start: Start) -> Piece {
        let organiser = self.organiser(0);
        let now = self.clock.now().await;
        let closings = [now.plus(HOUR), now.plus(2 * HOUR)];
        let mut ballot = plurality();
        if matches!(start, Start::Closing | Start::DueToClose) {
            ballot["closes_at"] = json!(closings[0]);
        }
        if matches!(start, Start::DueToOpen | Start::DueInVain) {
            ballot["opens_at"] = json!(now.plus(-HOUR));
        }
        // Nobody opens it before it is complete.
        let due = ballot["opens_at"].take();
        let created = organiser
            .post(&format!("{}/ballots", self.workshop.path), ballot)
            .await
            .expect(201);
        let mut piece = Piece {
            path: format!("/v1/ballots/{}", created.id()),
            id: created.id(),
            candidates: Vec::new(),
            closings,
            early: None,
            leaver: None,
            lines: match start {
                Start::Draft => 1,
                Start::DueToOpen
                | Start::DueInVain
                | Start::Open
                | Start::Closing
                | Start::DueToClose
                | Start::Leaving => 2,
                Start::Counted => 3,
            },
        };
        let at = |rest: &str| format!("{}/{rest}", piece.path);
        if start != Start::DueInVain {
            for name in ["Arbre", "Kora"] {
                let candidate = organiser
                    .post(&at("candidates"), json!({"name": name}))
                    .await
                    .expect(201);
                piece.candidates.push(candidate["id"].clone());
            }
        }
        if !due.is_null() {
            let due = json!({"opens_at": due});
            organiser.patch(&piece.path, "*", due).await.expect(200);
        }
        if start == Start::Leaving {
            piece.leaver = Some(self.leaver(&piece.id).await);
        }
        if self.ballot(start).state != "draft" {
            organiser.act(&at("open")).await.expect(200);
            let vote = Vote::for_candidate(&piece.candidates[0]);
            self.voter(EARLY, 0).post(&at("votes"), vote.body()).await.expect(201);
            piece.early = Some(vote);
        }
        if let Some(leaver) = &piece.leaver {
            let vote = Vote::for_candidate(&piece.candidates[1]);
            leaver.post(&at("votes"), vote.body()).await.expect(201);
        }
        if start == Start::Counted {
            close_and_count(&organiser, &piece.path).await;
        }
        if start == Start::DueToClose {
            self.pass(&piece).await;
        }
        piece
    }

    /// Somebody confirmed who is there for one ballot only.
    async fn leaver(&self, ballot: &str) -> Person {
        let email = format!("leaver.{ballot}@example.org");
        let token = self.servers[0].app(async |app| palabre::operator::token_for_anyone(app, &email, "", 3600).await);
        let leaver = self.world.bearer(&token.await.expect("a token")).at(&self.servers[0]);
        let registration = json!({"email": email, "name": "Qui part", "role": "participant"});
        let place = self
            .organiser(0)
            .post(&self.workshop.path("registrations"), registration)
            .await
            .expect(201);
        leaver
            .act(&format!("/v1/registrations/{}/confirm", place.id()))
            .await
            .expect(200);
        leaver
    }

    /// The first closing time passes.
    pub async fn pass(&self, piece: &Piece) {
        self.clock.set(piece.closings[0].plus(1)).await;
    }

    /// As the model has it.
    pub fn ballot(&self, start: Start) -> Ballot {
        let state = match start {
            Start::Draft | Start::DueToOpen | Start::DueInVain => "draft",
            Start::Open | Start::Closing | Start::DueToClose | Start::Leaving => "open",
            Start::Counted => "closed",
        };
        let early = (state != "draft").then_some((EARLY, (0, u8::MAX)));
        let leaver = (start == Start::Leaving).then_some((LEAVER, (1, u8::MAX)));
        Ballot {
            state,
            closes_at: matches!(start, Start::Closing | Start::DueToClose).then_some(0),
            votes: early.into_iter().chain(leaver).collect(),
            journal: Vec::new(),
            refused: None,
            letters: 0,
            waves: 0,
            // The organiser among them.
            people: VOTERS + 1 + usize::from(start == Start::Leaving),
            reminded: false,
            opening_is_due: matches!(start, Start::DueToOpen | Start::DueInVain),
            flaw: (start == Start::DueInVain).then_some("ballot_needs_candidates"),
            counted: start == Start::Counted,
            time_passed: start == Start::DueToClose,
            // Under PostgreSQL the wire holds the servers' own rounds.
            background: self.world.backend() == Backend::Sqlite,
            organisers: 1,
        }
    }

    async fn journal(&self, piece: &Piece) -> Vec<String> {
        let id = self.sql.id(&piece.id);
        let lines = format!("SELECT act FROM journal WHERE subject_id = {id} ORDER BY id");
        self.sql.texts(&lines).await
    }

    /// What has become of the ballot, once an organiser has closed it, were it still open; with all
    /// that must hold whatever happened.
    pub async fn seen(&self, piece: &Piece) -> Seen {
        let organiser = self.organiser(0);
        let mut ballot = organiser.get(&piece.path).await.expect(200);
        if ballot["state"] == "open" {
            ballot = organiser.act(&format!("{}/close", piece.path)).await.expect(200);
        }
        if ballot["state"] == "closed" && ballot["counted_at"].is_null() {
            // Whoever closed it is done with its answer, not with its count.
            self.servers[0].run_due().await;
            ballot = organiser.get(&piece.path).await.expect(200);
        }
        let state = ballot.text_of("state");
        let closing = |instant: &palabre::instant::Instant| json!(instant) == ballot["closes_at"];
        let tally = match state.as_str() {
            "closed" | "published" | "annulled" => {
                let tally = organiser.get(&format!("{}/tally", piece.path)).await.expect(200).json();
                Some(counts(&tally, &piece.candidates))
            }
            _ => None,
        };
        let id = self.sql.id(&piece.id);
        let seen = Seen {
            closes_at: piece.closings.iter().position(closing),
            journal: self.journal(piece).await.split_off(piece.lines),
            refused: ballot["opening_failed"].as_str().map(str::to_owned),
            letters: self.count(&format!("mail WHERE ballot_id = {id}")).await,
            tally,
            state,
        };
        self.check(piece, &seen).await;
        seen
    }

    /// Sees to it that a draft never comes due.
    pub async fn retire(&self, piece: &Piece, seen: &Seen) {
        if seen.state == "draft" {
            self.organiser(0).delete(&piece.path).await.expect(204);
        }
    }

    async fn check(&self, piece: &Piece, seen: &Seen) {
        let id = self.sql.id(&piece.id);
        let votes: u64 = seen.tally.iter().flatten().sum();
        let votes = usize::try_from(votes).expect("few");
        let opened = self
            .count(&format!("ballot WHERE id = {id} AND opened_at IS NOT NULL"))
            .await;
        let of_ballot = async |what: &str| self.count(&format!("{what} ballot_id = {id}")).await;
        assert_eq!(of_ballot("\"cast\" WHERE").await, 0, "no sealed vote is left");
        assert_eq!(
            self.count(&format!("ballot WHERE id = {id} AND sealed_key IS NOT NULL"))
                .await,
            0,
            "no key is left"
        );
        assert_eq!(
            of_ballot("proof WHERE").await,
            opened,
            "one manifest if it was opened, else none"
        );
        assert_eq!(of_ballot("opening WHERE").await, votes, "every vote is opened once");
        assert_eq!(
            of_ballot("roll_line WHERE voted AND").await,
            votes,
            "every voter is marked once"
        );
        assert_eq!(
            of_ballot("proof WHERE checkpoint IS NOT NULL AND").await,
            usize::from(seen.tally.is_some()),
            "sealed by one checkpoint once counted"
        );
        let leavers = usize::from(piece.leaver.is_some());
        let on_roll = opened * (VOTERS + 1 + leavers);
        assert_eq!(of_ballot("roll WHERE").await, on_roll, "one roll if it was opened");
        let zeros = match self.world.backend() {
            Backend::Sqlite => "zeroblob(16)".to_owned(),
            Backend::Postgres => format!("'\\x{}'", "00".repeat(16)),
        };
        let wiped = of_ballot(&format!("roll WHERE salt = {zeros} AND")).await;
        assert_eq!(
            wiped, leavers,
            "whoever erased themself can no longer be told from the roll"
        );
        if let Some(vote) = &piece.early {
            let again = self
                .voter(EARLY, 0)
                .post(&format!("{}/votes", piece.path), vote.body())
                .await;
            assert_eq!(again.status, if seen.tally.is_some() { 201 } else { 409 }, "{again}");
        }
    }

    async fn count(&self, from: &str) -> usize {
        let number = self.sql.number(&format!("SELECT count(*) FROM {from}")).await;
        usize::try_from(number).expect("a count")
    }
}
