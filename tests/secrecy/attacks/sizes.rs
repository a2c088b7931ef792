//! By sizes: longer choices make longer traces.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attempt, pair};
use crate::secrecy::evidence::Evidence;
use crate::secrecy::tokens::Subject;

/// Longer choices make longer traces; how many chose what is known once the tally is.
pub fn sizes(evidence: &Evidence) -> Vec<Attempt> {
    let mut by_length: Vec<usize> = evidence.truth.clone();
    by_length.sort_by_key(|choice| (evidence.lengths[*choice], *choice));
    let from_sizes = |attack, of: &str, mut sizes: Vec<(usize, i64)>| {
        sizes.sort_by_key(|(voter, size)| (*size, *voter));
        let voters: Vec<usize> = sizes.into_iter().map(|(voter, _)| voter).collect();
        let (known, all) = (voters.len(), by_length.len());
        // Where some are not known, the others are taken to be spread like all.
        let choices: Vec<usize> = (0..known).map(|place| by_length[place * all / known]).collect();
        (known * 2 >= all).then(|| Attempt {
            attack,
            by: of.to_owned(),
            guess: pair(&voters, &choices, all),
        })
    };
    let mut attempts = Vec::new();
    for sizes in &evidence.sizes {
        attempts.extend(from_sizes(sizes.attack, &sizes.of, sizes.sizes.clone()));
    }
    for table in &evidence.tables {
        for (column, name) in table.columns.iter().enumerate() {
            let mut lengths = BTreeMap::new();
            for row in &table.rows {
                if let Some(voter) = row.voter() {
                    *lengths.entry(voter).or_insert(0) += row.cells[column].len() as i64;
                }
            }
            let of = format!("{name} of {}", table.name);
            attempts.extend(from_sizes("size of stored rows", &of, lengths.into_iter().collect()));
        }
    }
    let mut written: BTreeMap<(&'static str, usize), i64> = BTreeMap::new();
    for commit in &evidence.commits {
        for hit in &commit.hits {
            if let Subject::Voter(voter) = hit.subject {
                written.entry((hit.kind, voter)).or_insert(commit.size);
            }
        }
    }
    let kinds: BTreeSet<&'static str> = written.keys().map(|(kind, _)| *kind).collect();
    for kind in kinds {
        let of = format!("transaction with {kind}");
        let sizes = written.iter().filter(|((of, _), _)| *of == kind);
        let sizes = sizes.map(|((_, voter), size)| (*voter, *size)).collect();
        attempts.extend(from_sizes("size in the write-ahead log", &of, sizes));
    }
    attempts
}
