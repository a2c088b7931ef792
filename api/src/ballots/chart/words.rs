//! What the chart says, in French and in English.

mod grades;
mod pairs;
mod rounds;

use super::figures::{Numerals, Ratio, numerals};
use super::model::{Turnout, Unit};
use crate::http::Language;

#[derive(Clone, Copy)]
pub struct Say(pub Language);

impl Say {
    pub fn pick<T>(self, french: T, english: T) -> T {
        match self.0 {
            Language::Fr => french,
            Language::En => english,
        }
    }

    pub fn numerals(self) -> Numerals {
        numerals(self.0)
    }

    pub fn number(self, number: u64) -> String {
        self.numerals().whole(number)
    }

    /// French counts nought as one. No line breaks between number and noun.
    fn count(self, number: u64, french: [&str; 2], english: [&str; 2]) -> String {
        let many = self.pick(number > 1, number != 1);
        let [one, more] = self.pick(french, english);
        format!("{}\u{a0}{}", self.number(number), if many { more } else { one })
    }

    pub fn votes(self, number: u64) -> String {
        self.count(number, ["voix", "voix"], ["vote", "votes"])
    }

    pub fn percent(self, part: u64, whole: u64) -> Option<String> {
        self.numerals().percent(part, whole)
    }

    pub fn quoted(self, text: &str) -> String {
        let text = isolated(text);
        self.pick(format!("«\u{a0}{text}\u{a0}»"), format!("“{text}”"))
    }

    pub fn others(self, number: usize) -> String {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        self.count(number, ["autre", "autres"], ["other", "others"])
    }

    pub fn list(self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [some @ .., last] => format!("{} {} {last}", some.join(", "), self.pick("et", "and")),
        }
    }

    pub fn title(self, question: &str) -> String {
        self.pick(format!("Résultat\u{a0}: {question}"), format!("Result: {question}"))
    }

    /// The parts of one line.
    pub fn turnout(self, turnout: Turnout) -> Vec<String> {
        let Turnout {
            roll,
            votes,
            blanks,
            valid,
        } = turnout;
        let strange = votes.saturating_sub(blanks.saturating_add(valid));
        let mut parts = vec![
            self.count(roll, ["inscrit", "inscrits"], ["on the roll", "on the roll"]),
            self.count(votes, ["vote", "votes"], ["vote", "votes"]),
            self.count(blanks, ["blanc", "blancs"], ["blank", "blank"]),
            self.count(valid, ["exprimé", "exprimés"], ["valid", "valid"]),
        ];
        if strange > 0 {
            parts.push(self.count(
                strange,
                ["non reconnu", "non reconnus"],
                ["not recognised", "not recognised"],
            ));
        }
        if let Some(share) = self.percent(votes, roll) {
            parts.push(self.pick(format!("participation {share}"), format!("turnout {share}")));
        }
        parts
    }

    pub fn nobody(self) -> &'static str {
        self.pick(
            "Aucun suffrage exprimé\u{a0}: personne ne l'emporte.",
            "No valid vote: nobody wins.",
        )
    }

    /// `how` follows without a space of its own. Of a result that does not stand, nobody is the winner.
    pub fn won(self, winner: &str, how: &str, stands: bool) -> String {
        if stands {
            self.pick(format!("{winner} l'emporte{how}."), format!("{winner} wins{how}."))
        } else {
            self.pick(
                format!("{winner} arrive en tête{how}."),
                format!("{winner} comes first{how}."),
            )
        }
    }

    pub fn tied(self, winners: &str, how: &str) -> String {
        self.pick(
            format!("Égalité entre {winners}{how}. Le choix entre eux reste à faire."),
            format!("A tie between {winners}{how}. The choice between them is still to be made."),
        )
    }

    /// On a winner, and on each of several.
    pub fn winner_mark(self, tie: bool, stands: bool) -> &'static str {
        match (tie, stands) {
            (true, _) => self.pick("À égalité", "Tied"),
            (false, true) => self.pick("Choix retenu", "Winner"),
            (false, false) => self.pick("En tête", "First"),
        }
    }

    /// What a bar stands for.
    pub fn value(self, unit: Unit, value: Ratio) -> String {
        match unit {
            Unit::Votes => self.votes(value.numerator),
            Unit::Approvals => self.count(
                value.numerator,
                ["approbation", "approbations"],
                ["approval", "approvals"],
            ),
            Unit::Points => {
                let many = self.pick(value >= Ratio::from(2), value != Ratio::from(1));
                let decimals = value.decimals(2);
                let number = self.numerals().decimal(value, decimals);
                format!("{number}\u{a0}{}", if many { "points" } else { "point" })
            }
            Unit::Mean { .. } if !value.says_something() => self.pick("aucune note", "no grade").to_owned(),
            Unit::Mean { best } => {
                let (mean, best) = (self.numerals().decimal(value, 2), self.number(best));
                self.pick(format!("{mean} sur {best}"), format!("{mean} out of {best}"))
            }
        }
    }

    /// After the winner's name, or after the names of the tied.
    pub fn with_value(self, unit: Unit, value: Ratio, valid: u64, tie: bool) -> String {
        let said = self.value(unit, value);
        let each = if tie { self.pick(" chacun", " each") } else { "" };
        let share = self.percent(value.numerator, valid).filter(|_| !tie);
        match (unit, share) {
            (Unit::Votes, Some(share)) => self.pick(
                format!(" avec {said}, soit {share} des suffrages exprimés"),
                format!(" with {said}, {share} of the valid votes"),
            ),
            (Unit::Approvals, Some(share)) => self.pick(
                format!(" avec {said}, sur {share} des suffrages exprimés"),
                format!(" with {said}, on {share} of the valid votes"),
            ),
            (Unit::Mean { .. }, _) => self.pick(
                format!(" avec une moyenne de {said}{each}"),
                format!(" with a mean of {said}{each}"),
            ),
            (Unit::Votes | Unit::Approvals | Unit::Points, _) => {
                self.pick(format!(" avec {said}{each}"), format!(" with {said}{each}"))
            }
        }
    }

    /// Under the bars.
    pub fn about(self, unit: Unit) -> Option<&'static str> {
        match unit {
            Unit::Approvals => Some(self.pick(
                "Chaque suffrage peut approuver plusieurs choix\u{a0}: les pourcentages ne s'additionnent pas.",
                "Each vote may approve of several: the percentages do not add up.",
            )),
            Unit::Points => Some(self.pick(
                "Chaque suffrage donne à un choix un point pour chaque autre qu'il classe plus bas, et un demi-point pour chaque ex æquo.",
                "Each vote gives a choice one point for each other that it ranks lower, and half a point for each on a level.",
            )),
            Unit::Mean { .. } => Some(self.pick(
                "La moyenne d'un choix est celle des notes qu'il a reçues\u{a0}; ne pas noter ne compte pas pour zéro.",
                "A choice's mean is that of the grades it was given; a missing grade does not count as nought.",
            )),
            Unit::Votes => None,
        }
    }
}

/// Text that runs from right to left keeps its neighbours' order as it is.
fn isolated(text: &str) -> String {
    let leftward = |c: char| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    if text.contains(leftward) {
        format!("\u{2068}{text}\u{2069}")
    } else {
        text.to_owned()
    }
}
