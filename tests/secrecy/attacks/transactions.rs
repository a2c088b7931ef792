//! By transactions, and by the order in which they came into the write-ahead log.

use std::collections::{BTreeMap, BTreeSet};

use super::places::hit_orders;
use super::{Attempt, NOTHING, distinct, pairings, watched};
use crate::secrecy::evidence::{Evidence, Table, choice};
use crate::secrecy::tokens::{Hit, Subject};

/// What a transaction shows of voters and of choices belongs together.
#[derive(Default)]
struct Together {
    voters: Vec<usize>,
    choices: Vec<usize>,
}

fn joined<K: Ord>(
    by: String,
    evidence: &Evidence,
    voters: impl Iterator<Item = (K, usize)>,
    choices: impl Iterator<Item = (K, usize)>,
) -> Attempt {
    let mut together: BTreeMap<K, Together> = BTreeMap::new();
    for (transaction, voter) in voters {
        together.entry(transaction).or_default().voters.push(voter);
    }
    for (transaction, choice) in choices {
        together.entry(transaction).or_default().choices.push(choice);
    }
    let mut guess = vec![NOTHING; evidence.truth.len()];
    for pair in together.into_values() {
        for (voter, choice) in pair.voters.into_iter().zip(pair.choices) {
            guess[voter] = choice;
        }
    }
    Attempt {
        attack: "transaction",
        by,
        guess,
    }
}

pub fn transactions(evidence: &Evidence) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let marks = |table: &Table| {
        let columns = table.columns.iter().enumerate();
        let marks = columns.filter(|(_, name)| matches!(name.as_str(), "xmin" | "xmax"));
        marks.map(|(column, name)| (column, name.clone())).collect::<Vec<_>>()
    };
    for of_voters in &evidence.tables {
        for of_choices in &evidence.tables {
            if of_voters.rows.iter().all(|row| row.voter().is_none())
                || of_choices.rows.iter().all(|row| row.choice(&evidence.truth).is_none())
            {
                continue;
            }
            for (voter_column, voter_mark) in marks(of_voters) {
                for (choice_column, choice_mark) in marks(of_choices) {
                    let voters = of_voters.rows.iter();
                    let voters = voters.filter_map(|row| Some((row.cells[voter_column].as_str(), row.voter()?)));
                    let choices = of_choices.rows.iter();
                    let choices = choices
                        .filter_map(|row| Some((row.cells[choice_column].as_str(), row.choice(&evidence.truth)?)));
                    attempts.push(joined(
                        format!(
                            "{voter_mark} of {} = {choice_mark} of {}",
                            of_voters.name, of_choices.name
                        ),
                        evidence,
                        voters,
                        choices,
                    ));
                }
            }
        }
    }
    attempts.extend(log_transactions(evidence));
    attempts
}

/// By kind of what names voters: the one whom a transaction of the write-ahead log shows.
fn log_transactions(evidence: &Evidence) -> Vec<Attempt> {
    let mut choices = Vec::new();
    let mut voters: BTreeMap<&'static str, Vec<(usize, usize)>> = BTreeMap::new();
    for (number, commit) in evidence.commits.iter().enumerate() {
        let mut kinds: BTreeMap<&'static str, BTreeSet<usize>> = BTreeMap::new();
        for hit in &commit.hits {
            if let Subject::Voter(voter) = hit.subject {
                kinds.entry(hit.kind).or_default().insert(voter);
            }
            choices.extend(choice(hit, &evidence.truth).map(|choice| (number, choice)));
        }
        for (kind, named) in kinds.into_iter().filter(|(_, named)| named.len() == 1) {
            voters
                .entry(kind)
                .or_default()
                .extend(named.into_iter().map(|voter| (number, voter)));
        }
    }
    let by_kind = voters.into_iter().map(|(kind, voters)| {
        let by = format!("{kind} in one transaction of the log");
        joined(by, evidence, voters.into_iter(), choices.iter().copied())
    });
    by_kind.collect()
}

/// What came into the write-ahead log in which order.
pub fn log_order(evidence: &Evidence) -> Vec<Attempt> {
    let hits: Vec<Hit> = evidence
        .commits
        .iter()
        .flat_map(|commit| commit.hits.iter().copied())
        .collect();
    let (mut voters, choices) = hit_orders("the write-ahead log", evidence, &hits);
    voters.insert(0, watched(evidence));
    pairings(
        "order in the write-ahead log",
        evidence,
        &distinct(voters),
        &distinct(choices),
    )
}
