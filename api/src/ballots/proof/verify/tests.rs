//! What passes, and what fails by which name.

mod anchors;
mod files;
mod lies;

use serde_json::{Value, json};

use super::testing::*;
use super::*;
use crate::ballots::choice::Method;
use crate::ballots::entity::Openings;

/// A choice for candidate 1, 2 or 3, in the form of the method; 0 is blank.
fn choice(method: Method, number: u128) -> Option<Value> {
    let id = candidate(number);
    Some(match method {
        _ if number == 0 => json!({ "blank": true }),
        Method::Plurality => json!({ "candidate": id }),
        Method::Approval => json!({ "candidates": [id] }),
        Method::InstantRunoff | Method::Schulze | Method::Borda => json!({ "ranking": [[id]] }),
        Method::Score | Method::MajorityJudgment => {
            let grade = |other| (candidate(other).to_string(), json!(if other == number { 4 } else { 0 }));
            json!({ "grades": (1..=3).map(grade).collect::<serde_json::Map<_, _>>() })
        }
    })
}

/// Five votes, one of them blank and two the very same, and someone who abstained.
fn small(method: Method) -> Election {
    let voted = [1, 2, 2, 0, 3].map(|number| choice(method, number));
    let mut election = Election::sample(method, voted.into_iter().chain([None]));
    election.voters[2].vote = election.voters[1].vote.clone();
    election
}

fn honest() -> Parts {
    small(Method::Plurality).parts()
}

fn named(report: &Report, of: fn(&Verdict) -> bool) -> Vec<&'static str> {
    let chosen = report.verdicts.iter().filter(|(_, verdict)| of(verdict));
    chosen.map(|(check, _)| check.name()).collect()
}

fn failed(report: &Report) -> Vec<&'static str> {
    named(report, |verdict| matches!(verdict, Verdict::Failed(_)))
}

fn not_checked(report: &Report) -> Vec<&'static str> {
    named(report, |verdict| matches!(verdict, Verdict::NotChecked(_)))
}

const NOTHING: [&str; 0] = [];

#[test]
fn an_honest_bundle_passes_every_check_whatever_the_method() {
    for method in Method::ALL {
        let parts = small(method).parts();
        let report = check(&parts.texts(), &parts.anchors());
        assert_eq!(failed(&report), NOTHING);
        assert_eq!(not_checked(&report), NOTHING);
        assert_eq!(report.verdicts.len(), Check::ALL.len());
        assert_eq!(report.conclusion(), Conclusion::Verified);
        let reach = Reach {
            key: true,
            checkpoints: 1,
            receipts: 1,
            promises: 5,
        };
        assert_eq!(report.reach, reach);
        let outcome = report.outcome.unwrap();
        assert_eq!((outcome.count.votes, outcome.count.blanks, outcome.voters), (5, 1, 5));
        assert_eq!(outcome.count.outcome.winners, [candidate(2)]);
    }
}

#[test]
fn without_openings_nothing_is_recounted_and_it_says_so() {
    let mut parts = honest();
    parts.openings.clear();
    let report = check(&parts.texts(), &parts.anchors());
    assert_eq!(not_checked(&report), ["openings", "choices", "count"]);
    assert_eq!(report.conclusion(), Conclusion::NotRecounted);
    // Not an honest answer where the manifest promises the openings to everyone.
    parts.manifest.openings = Openings::Public;
    assert_eq!(failed(&check(&parts.texts(), &Anchors::default())), ["complete"]);
    // Nor is the tally held by less.
    let mut parts = honest();
    parts.openings.clear();
    parts.tally["valid"] = json!(5);
    parts.record_tally();
    assert_eq!(failed(&check(&parts.texts(), &Anchors::default())), ["tally"]);
}

#[test]
fn a_ballot_in_which_nobody_votes_is_verified() {
    let parts = Election::sample(Method::Schulze, [None, None]).parts();
    let report = check(&parts.texts(), &parts.anchors());
    assert_eq!(report.conclusion(), Conclusion::Verified);
    assert_eq!(not_checked(&report), ["anchor_receipt", "anchor_promise"]);
}

#[test]
fn names_are_simple_and_each_its_own() {
    let mut names: Vec<_> = Check::ALL.iter().map(|check| check.name()).collect();
    assert!(
        names
            .iter()
            .all(|name| name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()))
    );
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Check::ALL.len());
}

#[test]
fn the_specification_names_every_check() {
    let specification = include_str!("../../../../docs/bytes.md");
    for check in Check::ALL {
        let name = format!("`{}`", check.name());
        assert!(specification.contains(&name), "bytes.md does not name {name}");
    }
}
