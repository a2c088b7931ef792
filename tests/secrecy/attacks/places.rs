//! By places in files and in logs: what comes in which order, and what is beside what.

use std::collections::BTreeMap;

use super::{Attempt, NOTHING, Ordered, distinct, first_of_each, pairings, watched};
use crate::secrecy::evidence::{Evidence, Place, choice};
use crate::secrecy::tokens::{Hit, Subject};

fn first_voters(hits: &[Hit]) -> Vec<usize> {
    first_of_each(hits.iter().filter_map(|hit| match hit.subject {
        Subject::Voter(voter) => Some(voter),
        _ => None,
    }))
}

/// By kind of what names them, the voters and the choices in the order in which hits first show them.
pub fn hit_orders(by: &str, evidence: &Evidence, hits: &[Hit]) -> (Vec<Ordered>, Vec<Ordered>) {
    let mut kinds: BTreeMap<&'static str, Vec<Hit>> = BTreeMap::new();
    for hit in hits {
        kinds.entry(hit.kind).or_default().push(*hit);
    }
    let (mut voters, mut choices) = (Vec::new(), Vec::new());
    for (kind, hits) in kinds {
        let order = first_voters(&hits);
        let votes = hits.iter().filter_map(|hit| match hit.subject {
            Subject::Vote(vote) => Some(vote),
            _ => None,
        });
        let mut order_of_choices: Vec<usize> = first_of_each(votes).iter().map(|vote| evidence.truth[*vote]).collect();
        if order_of_choices.is_empty() {
            order_of_choices = hits.iter().filter_map(|hit| choice(hit, &evidence.truth)).collect();
        }
        let by = format!("{kind} in {by}");
        if order.len() * 2 >= evidence.truth.len() {
            voters.push((by.clone(), order));
        }
        if order_of_choices.len() * 2 >= evidence.truth.len() {
            choices.push((by, order_of_choices));
        }
    }
    (voters, choices)
}

/// Orders within one file; and the order of sealed rows in any file, an old copy above all, against
/// that of opened ones in any other.
pub fn places(evidence: &Evidence, log: bool) -> Vec<Attempt> {
    let attack = if log { "order in logs" } else { "place in files" };
    let (mut attempts, mut sealed, mut all_choices) = (Vec::new(), Vec::new(), Vec::new());
    for place in evidence.places.iter().filter(|place| place.log == log) {
        let (mut voters, mut choices) = (vec![watched(evidence)], Vec::new());
        // Databases fill their pages from the end.
        let mut reversed = place.hits.clone();
        reversed.sort_by_key(|hit| (hit.at / evidence.page, std::cmp::Reverse(hit.at)));
        for hits in [&place.hits, &reversed] {
            let (more_voters, more_choices) = hit_orders(&place.name, evidence, hits);
            voters.extend(more_voters);
            choices.extend(more_choices);
            if log {
                break;
            }
        }
        let whole = |order: &Ordered| order.1.len() == evidence.truth.len();
        let of_sealed = |by: &str| by.starts_with("mark") || by.starts_with("sealed");
        let sealed_here = voters.iter().filter(|order| of_sealed(&order.0) && whole(order));
        sealed.extend(sealed_here.cloned());
        all_choices.extend(choices.iter().filter(|order| whole(order)).cloned());
        attempts.extend(pairings(attack, evidence, &distinct(voters), &distinct(choices)));
    }
    attempts.extend(pairings(attack, evidence, &distinct(sealed), &distinct(all_choices)));
    attempts
}

/// Further away than this, two things are not beside each other.
const REACH: usize = 2048;

pub fn neighbours(evidence: &Evidence, log: bool) -> Vec<Attempt> {
    let attack = if log {
        "neighbours in logs"
    } else {
        "neighbours in files"
    };
    let mut attempts = Vec::new();
    for place in evidence.places.iter().filter(|place| place.log == log) {
        for single in [true, false] {
            for (before, after, side) in [
                (true, true, "nearest"),
                (true, false, "before"),
                (false, true, "behind"),
            ] {
                attempts.push(Attempt {
                    attack,
                    by: format!(
                        "{side} {} in {}",
                        if single { "a vote" } else { "a choice" },
                        place.name
                    ),
                    guess: beside(evidence, place, single, before, after),
                });
            }
        }
    }
    attempts
}

/// Beside each vote (or each choice), the voter who is named nearest to it on the sides looked at.
fn beside(evidence: &Evidence, place: &Place, single: bool, before: bool, after: bool) -> Vec<usize> {
    let named: Vec<(usize, usize)> = place
        .hits
        .iter()
        .filter_map(|hit| match hit.subject {
            Subject::Voter(voter) => Some((hit.at, voter)),
            _ => None,
        })
        .collect();
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for hit in &place.hits {
        let choice = match hit.subject {
            Subject::Vote(vote) if single => evidence.truth[vote],
            Subject::Choice(choice) if !single => choice,
            _ => continue,
        };
        let next = named.partition_point(|(at, _)| *at < hit.at);
        let previous = next.checked_sub(1).filter(|_| before).map(|index| named[index]);
        let following = named.get(next).copied().filter(|_| after);
        let near = [previous, following].into_iter().flatten();
        let near = near.map(|(at, voter)| (at.abs_diff(hit.at), voter)).min();
        if let Some((_, voter)) = near.filter(|(distance, _)| *distance <= REACH) {
            *counts.entry((voter, choice)).or_default() += 1;
        }
    }
    let mut best = vec![(0, NOTHING); evidence.truth.len()];
    for ((voter, choice), count) in counts {
        best[voter] = best[voter].max((count, choice));
    }
    best.into_iter().map(|(_, choice)| choice).collect()
}
