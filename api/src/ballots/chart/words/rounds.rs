//! On rounds, and on who leaves and where votes go.

use super::Say;
use crate::ballots::chart::model::{Orders, Round};
use crate::ballots::chart::names::Names;

impl Say {
    pub fn round(self, number: u32) -> String {
        self.pick(format!("Tour {number}"), format!("Round {number}"))
    }

    pub fn in_round(self, number: u32) -> String {
        self.pick(
            format!(" au {number}{} tour", if number == 1 { "er" } else { "e" }),
            format!(" in round {number}"),
        )
    }

    /// In the last round.
    pub fn with_majority(self, votes: u64, continuing: u64) -> String {
        let (number, all) = (self.votes(votes), self.number(continuing));
        let share = self.percent(votes, continuing).unwrap_or_default();
        self.pick(
            format!(", avec {number} sur {all} encore en jeu ({share})"),
            format!(", with {number} of the {all} still in play ({share})"),
        )
    }

    pub fn exhausted(self) -> &'static str {
        self.pick("Épuisés", "Exhausted")
    }

    pub fn exhausted_count(self, number: u64) -> String {
        self.count(number, ["épuisé", "épuisés"], ["exhausted", "exhausted"])
    }

    pub fn majority(self) -> &'static str {
        self.pick("Majorité", "Majority")
    }

    pub fn leaves(self) -> &'static str {
        self.pick("sort", "leaves")
    }

    pub fn received(self, number: u64, name: &str) -> String {
        let number = self.number(number);
        self.pick(format!("{number} pour {name}"), format!("{number} to {name}"))
    }

    /// What follows from a round, after a heading with its figures if any are given; `winners` are those
    /// of the whole count, and `won` is said when somebody has a majority in it.
    pub fn step(self, round: &Round, figures: &str, names: Names, winners: &[usize], won: Option<String>) -> String {
        let heading = self.round(round.number);
        let mut said = vec![format!("{heading}{figures}{}", self.pick("\u{a0}:", ":"))];
        if let Some(tie) = &round.tie {
            let (tied, winners) = (names.all(&tie.candidates), names.all(winners));
            said.push(match tie.orders {
                Orders::Agree => self.pick(
                    format!("{tied} sont derniers à égalité\u{a0}; dans tous les ordres, le résultat est le même."),
                    format!("{tied} are last and tied; in every order the result is the same."),
                ),
                Orders::Disagree => self.pick(
                    format!(
                        "{tied} sont derniers à égalité\u{a0}; selon qui sort d'abord, peuvent l'emporter {winners}."
                    ),
                    format!("{tied} are last and tied; depending on who leaves first, {winners} may win."),
                ),
                Orders::TooMany => self.pick(
                    format!(
                        "{tied} sont derniers à égalité\u{a0}; il y a trop d'ordres possibles pour tous les suivre."
                    ),
                    format!("{tied} are last and tied; there are too many orders to follow them all."),
                ),
            });
        }
        if !round.leaving.is_empty() {
            let who = names.all(&round.leaving);
            let many = round.leaving.len() > 1;
            let leave = self.pick(
                if many { "sortent" } else { "sort" },
                if many { "leave" } else { "leaves" },
            );
            let moved: Vec<String> = round
                .transfers
                .iter()
                .map(|(to, votes)| {
                    to.map_or_else(
                        || self.exhausted_count(*votes),
                        |to| self.received(*votes, &names.one(to)),
                    )
                })
                .collect();
            let moved = if moved.is_empty() {
                self.pick("aucune voix à reporter", "no votes to pass on").to_owned()
            } else {
                format!("{} {}", self.pick("reports\u{a0}:", "passed on:"), moved.join(", "))
            };
            said.push(self.pick(
                format!("{who} {leave}\u{a0}; {moved}."),
                format!("{who} {leave}; {moved}."),
            ));
        }
        said.extend(won);
        said.join(" ")
    }

    pub fn has_majority(self, name: &str, votes: u64, continuing: u64) -> String {
        let (votes, all) = (self.votes(votes), self.number(continuing));
        self.pick(
            format!("{name} a {votes} sur {all}, plus de la moitié."),
            format!("{name} has {votes} of {all}, more than half."),
        )
    }

    pub fn last_rounds(self, number: usize) -> String {
        self.pick(
            format!("Voici les {number} derniers tours\u{a0}; le tableau CSV les a tous."),
            format!("These are the last {number} rounds; the CSV table has them all."),
        )
    }
}
