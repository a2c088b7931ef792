//! Published elections and examples, each with its source and the outcome it is known for.
//!
//! Rankings are told as [`rankings`] reads them: those left out come last together. Where a source
//! gives transfers or marginal sums only, votes are made up that have exactly these, and it is said.

mod approvals_and_grades;
mod elections;

use super::testing::*;
use super::{Choice, Count, Method, Votes, Working};
use elections::{KNOWN, LAST_COUNTS, PATHS, POINTS, SCHULZE_7};

const PLURALITY: Method = Method::Plurality;
const RUNOFF: Method = Method::InstantRunoff;
const SCHULZE: Method = Method::Schulze;
const BORDA: Method = Method::Borda;

struct Known {
    /// What it is, and where it is published.
    source: &'static str,
    candidates: &'static str,
    rankings: &'static str,
    /// Winners by method; several are a tie.
    winners: &'static [(Method, &'static str)],
}

const fn known(
    source: &'static str,
    candidates: &'static str,
    rankings: &'static str,
    winners: &'static [(Method, &'static str)],
) -> Known {
    Known {
        source,
        candidates,
        rankings,
        winners,
    }
}

fn find(source: &str) -> &'static Known {
    KNOWN.iter().find(|known| known.source.starts_with(source)).unwrap()
}

impl Known {
    fn count(&self, method: Method) -> Count {
        let votes = rankings(self.rankings);
        let votes = match method {
            Method::Plurality => first_choices(&votes),
            _ => votes,
        };
        let count = tally(method, &ids(self.candidates), &votes);
        assert_eq!(count.valid, count.votes, "{}", self.source);
        count
    }
}

fn first_choices(rankings: &Votes) -> Votes {
    let mut votes = Votes::new();
    for (choice, n) in rankings {
        let Choice::Ranking(groups) = choice else { panic!() };
        let first = Choice::Candidate(*groups[0].first().unwrap());
        *votes.entry(first).or_default() += n;
    }
    votes
}

#[test]
fn every_known_election_has_its_known_outcome() {
    let mut wrong = Vec::new();
    for known in &KNOWN {
        for (method, winners) in known.winners {
            let outcome = known.count(*method).outcome;
            if outcome.winners != ids(winners) || outcome.tie != (ids(winners).len() > 1) {
                wrong.push(format!("{} by {}: not {winners}", known.source, method.as_str()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn two_more_for_the_winner_may_make_another_the_winner_by_schulze() {
    let more = format!("{SCHULZE_7}\n 2 A E F C B D");
    let count = tally(SCHULZE, &ids("A B C D E F"), &rankings(&more));
    assert_eq!(count.outcome.winners, ids("D"));
}

#[test]
fn the_strongest_paths_are_those_of_the_paper() {
    for (source, expected) in PATHS {
        let Working::Schulze { strongest_paths, .. } = find(source).count(SCHULZE).working else {
            panic!()
        };
        assert_eq!(strongest_paths, expected, "{source}");
    }
}

#[test]
fn bordas_points_are_the_published_ones() {
    for (source, expected) in POINTS {
        let Working::Borda { points, .. } = find(source).count(BORDA).working else {
            panic!()
        };
        let found: Vec<u64> = points.iter().map(|points| points.half_points).collect();
        let expected: Vec<u64> = expected.iter().map(|points| 2 * points).collect();
        assert_eq!(found, expected, "{source}");
    }
}

#[test]
fn runoffs_end_with_the_announced_figures() {
    for (source, figures, exhausted) in LAST_COUNTS {
        let Working::InstantRunoff { rounds } = find(source).count(RUNOFF).working else {
            panic!()
        };
        let last = rounds.last().unwrap();
        let found: Vec<u64> = last.counts.iter().map(|count| count.votes).collect();
        assert_eq!((&found[..], last.exhausted), (figures, exhausted), "{source}");
    }
}

/// The table of the documents is this one, so that nobody has to read code for it.
#[test]
fn the_documents_have_the_same_table() {
    let line = |known: &Known| {
        let winners: Vec<String> = known
            .winners
            .iter()
            .map(|(method, winners)| format!("`{}` {}", method.as_str(), winners.replace(' ', " = ")))
            .collect();
        format!("| {} | {} |", known.source, winners.join(", "))
    };
    let expected: Vec<String> = KNOWN.iter().map(line).collect();
    let document = include_str!("../../../docs/methods.md");
    let (_, table) = document.split_once("| election or example | who wins |").unwrap();
    let found: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(found, expected, "\n{}", expected.join("\n"));
}
