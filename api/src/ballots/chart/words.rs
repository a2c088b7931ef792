//! What the chart says, in French and in English.

use super::figures::{Numerals, Ratio, numerals};
use super::model::{Orders, Round, Turnout, Unit};
use super::names::Names;
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

    /// On how many grades a mean rests.
    pub fn grades(self, number: u64) -> String {
        self.count(number, ["note", "notes"], ["grade", "grades"])
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

    /// What follows from a round, after a heading with its figures if any are given; `won` when
    /// somebody has a majority in it.
    pub fn step(self, round: &Round, figures: &str, names: Names, won: Option<String>) -> String {
        let heading = self.round(round.number);
        let mut said = vec![format!("{heading}{figures}{}", self.pick("\u{a0}:", ":"))];
        if let Some(tie) = &round.tie {
            let tied = names.all(&tie.candidates);
            said.push(match tie.orders {
                Orders::Agree => self.pick(
                    format!("{tied} sont derniers à égalité\u{a0}; dans tous les ordres, le résultat est le même."),
                    format!("{tied} are last and tied; in every order the result is the same."),
                ),
                Orders::Disagree => self.pick(
                    format!("{tied} sont derniers à égalité\u{a0}; selon l'ordre des sorties, le résultat change."),
                    format!("{tied} are last and tied; the order in which they leave changes the result."),
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

    /// Of those who win by comparison in pairs.
    pub fn by_pairs(self, beats_all: bool) -> &'static str {
        if beats_all {
            self.pick(
                ", en gagnant la comparaison avec chacun des autres",
                ", preferred to each of the others in turn",
            )
        } else {
            self.pick(
                " par les plus fortes chaînes de préférences",
                " by the strongest chains of preferences",
            )
        }
    }

    pub fn order(self) -> &'static str {
        self.pick("Classement", "Order")
    }

    pub fn pairs(self) -> &'static str {
        self.pick("Deux à deux", "Pair by pair")
    }

    pub fn about_pairs(self) -> &'static str {
        self.pick(
            "Chaque case\u{a0}: combien de suffrages préfèrent le choix de la ligne à celui de la colonne.",
            "Each cell: how many votes prefer the choice of the row to that of the column.",
        )
    }

    pub fn row_wins(self) -> &'static str {
        self.pick("la ligne l'emporte", "the row wins")
    }

    pub fn even(self) -> &'static str {
        self.pick("égalité", "a tie")
    }

    pub fn rank(self, rank: usize, shared: bool) -> String {
        let shared = if shared { self.pick(" ex æquo", " (tied)") } else { "" };
        format!("{rank}.{shared}")
    }

    pub fn preferred(self, one: &str, other: &str, votes: u64, against: u64) -> String {
        let (votes, against) = (self.number(votes), self.number(against));
        self.pick(
            format!("{one} face à {other}\u{a0}: {votes} contre {against}."),
            format!("{one} against {other}: {votes} to {against}."),
        )
    }

    pub fn pairs_left_out(self, shown: usize) -> String {
        self.pick(
            format!("Seuls les {shown} premiers sont comparés ici\u{a0}; tous le sont dans le tableau CSV."),
            format!("Only the first {shown} are compared here; all are in the CSV table."),
        )
    }

    /// After the winner's name.
    pub fn with_median(self, median: &str) -> String {
        self.pick(
            format!(" avec la note médiane {median}"),
            format!(" with the median grade {median}"),
        )
    }

    pub fn median(self) -> &'static str {
        self.pick("Note médiane", "Median grade")
    }

    pub fn grade(self, grade: &str) -> String {
        self.pick(format!("Note {grade}"), format!("Grade {grade}"))
    }

    pub fn missing(self) -> &'static str {
        self.pick("Notes absentes", "Missing grades")
    }

    pub fn about_stacks(self) -> &'static str {
        self.pick(
            "Le trait marque la moitié des suffrages\u{a0}; la note médiane, encadrée, est celle qui s'y trouve. \
             Son signe dit si plus de suffrages sont au-dessus (+) ou non (−). Une note absente compte comme la plus basse.",
            "The line marks half of the votes; the grade found there, framed, is the median. \
             Its sign tells whether more votes are above it (+) or not (−). A missing grade counts as the lowest.",
        )
    }

    /// Of those of the lowest grade, how many gave none.
    pub fn missing_count(self, number: u64) -> String {
        self.count(
            number,
            ["note absente", "notes absentes"],
            ["missing grade", "missing grades"],
        )
    }

    pub fn grade_count(self, grade: &str, votes: u64) -> String {
        let votes = self.number(votes);
        self.pick(
            format!("note {grade}\u{a0}: {votes}"),
            format!("grade {grade}: {votes}"),
        )
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
