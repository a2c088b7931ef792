//! The attacks: from what was got hold of to a guess of who voted what. They know nothing of
//! Palabre's tables; whatever shows a voter is held against whatever shows a choice.
//!
//! The attacker knows the order of voting, and is granted who stands behind every mark, sealed row
//! and line of the roll: where these can be told by watching, they count as the voter's name.

mod places;
mod rows;
mod sizes;
mod transactions;

use std::collections::HashSet;

use super::chance::{Band, NOTHING, band, matches};
use super::evidence::Evidence;

/// One way to guess.
pub struct Attempt {
    pub attack: &'static str,
    pub by: String,
    pub guess: Vec<usize>,
}

impl Attempt {
    pub fn matches(&self, truth: &[usize]) -> usize {
        matches(&self.guess, truth)
    }

    pub fn band(&self, truth: &[usize]) -> Band {
        band(&self.guess, truth)
    }
}

/// Everything that can be tried with this evidence; equal guesses of one attack once.
pub fn all(evidence: &Evidence) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    attempts.extend(rows::orders_of_rows(evidence));
    attempts.extend(rows::sealed_against_opened(evidence));
    for log in [false, true] {
        attempts.extend(places::places(evidence, log));
        attempts.extend(places::neighbours(evidence, log));
    }
    attempts.extend(transactions::log_order(evidence));
    attempts.extend(transactions::transactions(evidence));
    attempts.extend(rows::times(evidence));
    attempts.extend(rows::equal_values(evidence));
    attempts.extend(sizes::sizes(evidence));
    let mut seen = HashSet::new();
    attempts.retain(|attempt| {
        let says_something = attempt.guess.iter().any(|class| *class != NOTHING);
        says_something && seen.insert((attempt.attack, attempt.guess.clone()))
    });
    attempts
}

/// Something in an order, and what it was ordered by.
type Ordered = (String, Vec<usize>);

/// The first of these voters chose the first of these choices, and so on.
fn pair(voters: &[usize], choices: &[usize], number: usize) -> Vec<usize> {
    let mut guess = vec![NOTHING; number];
    for (voter, choice) in voters.iter().zip(choices) {
        guess[*voter] = *choice;
    }
    guess
}

/// Every order of voters against every order of choices.
fn pairings(attack: &'static str, evidence: &Evidence, voters: &[Ordered], choices: &[Ordered]) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for (by_voter, voters) in voters {
        for (by_choice, choices) in choices {
            attempts.push(Attempt {
                attack,
                by: format!("{by_voter} against {by_choice}"),
                guess: pair(voters, choices, evidence.truth.len()),
            });
        }
    }
    attempts
}

fn distinct(mut orders: Vec<Ordered>) -> Vec<Ordered> {
    let mut seen = HashSet::new();
    orders.retain(|(_, order)| seen.insert(order.clone()));
    orders
}

/// The order that the attacker has watched.
fn watched(evidence: &Evidence) -> Ordered {
    ("order of voting".to_owned(), (0..evidence.truth.len()).collect())
}

fn first_of_each(items: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(*item)).collect()
}
