//! The life of a ballot in a few lines, and the question whether what was answered and what became
//! of it can be told as some story in which one act follows the other, each at some moment between
//! its request and its answer.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Answer;

/// What somebody does, or the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Open,
    Close,
    Publish,
    Annul,
    Cancel,
    /// From the first closing time to the second.
    Extend,
    /// Moves the opening far into the future.
    Postpone,
    /// A voter's choice; equal tags are equal nonces.
    Cast {
        voter: usize,
        candidate: usize,
        tag: u8,
    },
    /// A server looks for what is due.
    RunDue,
    /// The first closing time passes.
    TimePasses,
    /// Whoever has voted erases themself.
    Leave,
    Remind,
}

/// What an act was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub status: u16,
    pub code: String,
    pub state: String,
}

impl Said {
    fn done(state: &str) -> Self {
        Self {
            status: 200,
            state: state.to_owned(),
            ..Self::default()
        }
    }

    fn refused(code: &str, state: &str) -> Self {
        Self {
            status: 409,
            code: code.to_owned(),
            state: state.to_owned(),
        }
    }

    /// Of an answer that the server gave.
    pub fn of(answer: &Answer) -> Self {
        let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
        Self {
            status: answer.status,
            code: text("code"),
            state: text("state"),
        }
    }
}

/// A ballot, as far as the acts care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    pub state: &'static str,
    /// First or second closing time.
    pub closes_at: Option<usize>,
    /// Voters, and what they chose.
    pub votes: BTreeMap<usize, (usize, u8)>,
    pub journal: Vec<String>,
    /// Why the scheduled opening was refused.
    pub refused: Option<String>,
    /// Letters about that.
    pub letters: usize,
    /// Letters to everyone on the roll, which are as many as these people; none is left of whoever leaves.
    pub waves: usize,
    pub people: usize,
    pub reminded: bool,
    pub opening_is_due: bool,
    /// What an opening would be refused for.
    pub flaw: Option<&'static str>,
    pub counted: bool,
    pub time_passed: bool,
    /// Whether the server may do by itself what is due, whoever else does.
    pub background: bool,
    pub organisers: usize,
}

/// What the database, the tally and the outbox say in the end.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub state: String,
    pub closes_at: Option<usize>,
    /// By candidate; nothing where nothing is counted.
    pub tally: Option<Vec<u64>>,
    pub journal: Vec<String>,
    pub refused: Option<String>,
    pub letters: usize,
}

impl Ballot {
    fn time_is_up(&self) -> bool {
        self.closes_at == Some(0) && self.time_passed
    }

    fn is_due(&self) -> bool {
        (self.state == "draft" && self.opening_is_due && self.refused.is_none())
            || (self.state == "open" && self.time_is_up())
    }

    fn becomes(&mut self, state: &'static str, act: &str) -> Said {
        self.state = state;
        self.journal.push(act.to_owned());
        Said::done(state)
    }

    fn lapse(&self) -> &'static str {
        // Time that is up counts as closed, whether somebody has come to close or not.
        if self.state == "open" { "closed" } else { self.state }
    }

    /// Does the act wholly and at once.
    fn apply(&mut self, act: Act) -> Said {
        match act {
            Act::Open => match (self.state, self.flaw) {
                ("open", _) => Said::done("open"),
                ("draft", Some(flaw)) => Said::refused(flaw, ""),
                ("draft", None) => {
                    self.refused = None;
                    self.becomes("open", "open")
                }
                (state, _) => Said::refused("ballot_not_draft", state),
            },
            Act::Close => match self.state {
                "open" => self.becomes("closed", "close"),
                state @ ("closed" | "published") => Said::done(state),
                state => Said::refused("ballot_not_open", state),
            },
            Act::Publish => match self.state {
                "published" => Said::done("published"),
                "closed" if self.counted => {
                    self.waves += 1;
                    self.becomes("published", "publish")
                }
                "closed" => Said::refused("ballot_counting", ""),
                state => Said::refused("ballot_not_closed", state),
            },
            Act::Annul => match self.state {
                "annulled" => Said::done("annulled"),
                "closed" if !self.counted => Said::refused("ballot_counting", ""),
                "closed" | "published" => self.becomes("annulled", "annul"),
                state => Said::refused("ballot_not_closed", state),
            },
            Act::Cancel => match self.state {
                "draft" | "open" => {
                    self.votes.clear();
                    self.becomes("cancelled", "cancel")
                }
                "cancelled" => Said::done("cancelled"),
                state => Said::refused("wrong_state", state),
            },
            Act::Extend if self.state != "open" => Said::refused("ballot_not_open", self.state),
            Act::Extend if self.closes_at == Some(1) => Said::done("open"),
            Act::Extend if self.time_is_up() => Said::refused("ballot_not_open", "closed"),
            Act::Extend => {
                self.closes_at = Some(1);
                self.becomes("open", "extend")
            }
            Act::Postpone if self.state != "draft" => Said::refused("ballot_not_draft", self.state),
            Act::Postpone => {
                self.opening_is_due = false;
                self.refused = None;
                self.becomes("draft", "update")
            }
            Act::Cast { voter, candidate, tag } => self.cast(voter, (candidate, tag)),
            Act::RunDue => {
                self.run_due();
                Said::default()
            }
            Act::TimePasses => {
                self.time_passed = true;
                Said::default()
            }
            Act::Leave => {
                self.people -= 1;
                Said {
                    status: 204,
                    ..Said::default()
                }
            }
            Act::Remind if self.state != "open" => Said::refused("ballot_not_open", self.state),
            Act::Remind if self.time_is_up() => Said::refused("ballot_not_open", "closed"),
            Act::Remind => {
                if !self.reminded {
                    self.reminded = true;
                    self.waves += 1;
                    self.becomes("open", "remind");
                }
                Said::done("")
            }
        }
    }

    fn cast(&mut self, voter: usize, vote: (usize, u8)) -> Said {
        let taken = Said {
            status: 201,
            ..Said::default()
        };
        match (self.state, self.votes.get(&voter)) {
            ("open" | "closed" | "published" | "annulled", Some(standing)) if *standing == vote => taken,
            ("open", _) if self.time_is_up() => Said::refused("ballot_not_open", self.lapse()),
            ("open", Some(_)) => Said::refused("already_voted", ""),
            ("open", None) => {
                self.votes.insert(voter, vote);
                taken
            }
            (state, _) => Said::refused("ballot_not_open", state),
        }
    }

    fn run_due(&mut self) {
        match (self.state, self.flaw) {
            _ if !self.is_due() => {}
            ("draft", Some(flaw)) => {
                self.refused = Some(flaw.to_owned());
                self.letters += self.organisers;
                self.journal.push("opening_refused".to_owned());
            }
            ("draft", None) => {
                self.becomes("open", "open");
            }
            _ => {
                self.becomes("closed", "close");
            }
        }
    }

    fn seen(&self, candidates: usize) -> Seen {
        let mut tally = vec![0; candidates];
        for (candidate, _) in self.votes.values() {
            tally[*candidate] += 1;
        }
        Seen {
            state: self.state.to_owned(),
            closes_at: self.closes_at,
            tally: matches!(self.state, "closed" | "published" | "annulled").then_some(tally),
            journal: self.journal.clone(),
            refused: self.refused.clone(),
            letters: self.letters + self.waves * self.people,
        }
    }
}

/// What happened: who did what and was answered what, and what was seen after an organiser had
/// closed the ballot, were it still open.
pub struct History<'a> {
    pub acts: &'a [(Act, Said)],
    /// For each act, those that were answered before it was begun.
    pub after: &'a [Vec<usize>],
    pub seen: &'a Seen,
    pub candidates: usize,
}

impl History<'_> {
    /// Is there an order of the acts, one after the other, that gives these answers and this end?
    /// What is closed is counted some time later, and a closing is answered with the ballot as it is
    /// some time later.
    pub fn is_serial(&self, start: &Ballot) -> bool {
        self.goes_on(start, &mut vec![Place::Ahead; self.acts.len()])
    }

    fn goes_on(&self, now: &Ballot, places: &mut Vec<Place>) -> bool {
        if places.iter().all(|place| *place == Place::Behind) && self.ends(now) {
            return true;
        }
        for index in 0..self.acts.len() {
            let (act, said) = &self.acts[index];
            if self.after[index]
                .iter()
                .any(|earlier| places[*earlier] != Place::Behind)
            {
                continue;
            }
            let mut next = now.clone();
            let place = match places[index] {
                Place::Ahead => {
                    let answer = next.apply(*act);
                    match (act, answer.status) {
                        (Act::Close, 200) => Place::Looking,
                        _ if answer == *said => Place::Behind,
                        _ => continue,
                    }
                }
                Place::Looking if *said == Said::done(now.state) => Place::Behind,
                Place::Looking | Place::Behind => continue,
            };
            let before = std::mem::replace(&mut places[index], place);
            let explained = self.goes_on(&next, places);
            places[index] = before;
            if explained {
                return true;
            }
        }
        if now.state == "closed" && !now.counted {
            let mut next = now.clone();
            next.counted = true;
            if self.goes_on(&next, places) {
                return true;
            }
        }
        if now.background && now.is_due() {
            let mut next = now.clone();
            next.run_due();
            return self.goes_on(&next, places);
        }
        false
    }

    fn ends(&self, now: &Ballot) -> bool {
        let mut end = now.clone();
        if end.state == "open" {
            end.apply(Act::Close);
        }
        end.seen(self.candidates) == *self.seen
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Ahead,
    /// Done, and about to look at the ballot once more for its answer.
    Looking,
    Behind,
}

/// The votes by candidate, in their order.
pub fn counts(tally: &Value, candidates: &[Value]) -> Vec<u64> {
    let counts = tally["working"]["counts"].as_array().expect("counts");
    let of = |candidate: &Value| {
        counts
            .iter()
            .find(|count| count["candidate"] == *candidate)
            .and_then(|count| count["votes"].as_u64())
            .expect("a count")
    };
    candidates.iter().map(of).collect()
}

/// The model itself: what it would call a lie.
#[test]
fn a_lie_is_called_a_lie() {
    let start = Ballot {
        state: "open",
        closes_at: None,
        votes: BTreeMap::new(),
        journal: Vec::new(),
        refused: None,
        letters: 0,
        waves: 0,
        people: 1,
        reminded: false,
        opening_is_due: false,
        flaw: None,
        counted: false,
        time_passed: false,
        background: false,
        organisers: 1,
    };
    let cast = |voter| Act::Cast {
        voter,
        candidate: 0,
        tag: 0,
    };
    let taken = Said {
        status: 201,
        ..Said::default()
    };
    let seen = |votes| Seen {
        state: "closed".to_owned(),
        closes_at: None,
        tally: Some(vec![votes]),
        journal: vec!["close".to_owned()],
        refused: None,
        letters: 0,
    };
    let told = |acts: &[(Act, Said)], after: &[Vec<usize>], seen: &Seen| {
        let history = History {
            acts,
            after,
            seen,
            candidates: 1,
        };
        history.is_serial(&start)
    };
    let serial = |acts: &[(Act, Said)], seen: &Seen| told(acts, &vec![Vec::new(); acts.len()], seen);
    let closed = (Act::Close, Said::done("closed"));
    let acknowledged = (cast(0), taken);
    let refused = (cast(0), Said::refused("ballot_not_open", "closed"));
    let both = [acknowledged, closed.clone()];
    assert!(serial(&both, &seen(1)));
    assert!(serial(&[refused.clone(), closed.clone()], &seen(0)));
    assert!(!serial(&both, &seen(0)), "acknowledged, not counted");
    assert!(!serial(&[refused, closed.clone()], &seen(1)), "refused, yet counted");
    assert!(!serial(&both, &seen(2)), "counted twice");
    let begun_after_the_other = [vec![1], Vec::new()];
    assert!(
        !told(&both, &begun_after_the_other, &seen(1)),
        "acknowledged after the closing"
    );
    let mut twice = seen(0);
    twice.journal.push("close".to_owned());
    assert!(!serial(&[closed.clone(), closed], &twice), "closed twice");
}
