//! The same result as a table: a line for each candidate, for each candidate of each round, or for
//! each pair, with the summary on every line so that a line can be read alone.

use super::figures::{Ratio, undivided};
use super::model::{Bars, Chart, Drawing, Pairs, Rounds, Stacked, Unit};
use super::words::Say;
use crate::http::csv::Cell;

pub struct Table {
    pub header: Vec<String>,
    pub lines: Vec<Vec<Cell>>,
}

impl Table {
    fn new(chart: &Chart, header: &[&str], lines: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        let summary = Say(chart.language).pick(
            ["Inscrits", "Votes", "Blancs", "Exprimés", "Réserves"],
            ["Roll", "Votes cast", "Blanks", "Valid votes", "Caveats"],
        );
        let turnout = chart.turnout;
        let figures = [turnout.roll, turnout.votes, turnout.blanks, turnout.valid].map(number);
        let complete = |mut line: Vec<Cell>| {
            line.extend(figures.clone());
            line.push(chart.warnings.join(" ").into());
            line
        };
        Self {
            header: header.iter().chain(&summary).map(|title| (*title).to_owned()).collect(),
            lines: lines.into_iter().map(complete).collect(),
        }
    }
}

impl Chart {
    pub fn table(&self) -> Table {
        match &self.drawing {
            Drawing::Bars(bars) => self.bars(bars),
            Drawing::Rounds(rounds) => self.rounds(rounds),
            Drawing::Pairs(pairs) => self.pairs(pairs),
            Drawing::Stacked(stacked) => self.stacked(stacked),
        }
    }

    fn bars(&self, bars: &Bars) -> Table {
        let say = Say(self.language);
        let shares = matches!(bars.unit, Unit::Votes | Unit::Approvals);
        let mut header = say.pick(vec!["Candidat", "Nom"], vec!["Candidate", "Name"]);
        header.push(match bars.unit {
            Unit::Votes => say.pick("Voix", "Votes"),
            Unit::Approvals => say.pick("Approbations", "Approvals"),
            Unit::Points => "Points",
            Unit::Mean { .. } => say.pick("Moyenne", "Mean"),
        });
        let means = matches!(bars.unit, Unit::Mean { .. });
        if means {
            header.push(say.pick("Notes", "Grades"));
        }
        if shares {
            header.push(say.pick("% des exprimés", "% of valid votes"));
        }
        header.push(say.pick("Résultat", "Result"));
        let lines = bars.sorted().into_iter().map(|bar| {
            let mut line = self.candidate_cells(bar.candidate);
            line.push(self.figure(bar.value));
            if means {
                line.push(number(bar.value.denominator));
            }
            if shares {
                line.push(self.share(bar.value.numerator, self.turnout.valid));
            }
            line.push(self.result(bar.candidate));
            line
        });
        Table::new(self, &header, lines)
    }

    fn rounds(&self, rounds: &Rounds) -> Table {
        let say = Say(self.language);
        let header = say.pick(
            [
                "Tour",
                "Candidat",
                "Nom",
                "Voix",
                "% du tour",
                "Voix reportées du tour précédent",
                "Issue du tour",
                "Épuisés",
            ],
            [
                "Round",
                "Candidate",
                "Name",
                "Votes",
                "% of the round",
                "Votes passed on from the previous round",
                "Outcome of the round",
                "Exhausted",
            ],
        );
        let mut lines = Vec::new();
        for (index, round) in rounds.rounds.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| rounds.rounds.get(before));
            let last = index + 1 == rounds.rounds.len();
            for (candidate, votes) in &round.votes {
                let received = before.map(|before| {
                    let to_them = before.transfers.iter().find(|(to, _)| *to == Some(*candidate));
                    number(to_them.map_or(0, |(_, votes)| *votes))
                });
                let outcome = if round.leaving.contains(candidate) {
                    say.leaves().into()
                } else if last {
                    self.result(*candidate)
                } else {
                    "".into()
                };
                let mut line = vec![number(round.number.into())];
                line.extend(self.candidate_cells(*candidate));
                line.extend([
                    number(*votes),
                    self.share(*votes, round.continuing()),
                    received.unwrap_or_else(|| "".into()),
                    outcome,
                    number(round.exhausted),
                ]);
                lines.push(line);
            }
        }
        Table::new(self, &header, lines)
    }

    fn pairs(&self, pairs: &Pairs) -> Table {
        let say = Say(self.language);
        let header = say.pick(
            [
                "Candidat A",
                "Nom A",
                "Rang A",
                "Candidat B",
                "Nom B",
                "Rang B",
                "Préfèrent A",
                "Préfèrent B",
                "Issue",
                "Plus forte chaîne de A à B",
                "Plus forte chaîne de B à A",
            ],
            [
                "Candidate A",
                "Name A",
                "Rank A",
                "Candidate B",
                "Name B",
                "Rank B",
                "Prefer A",
                "Prefer B",
                "Outcome",
                "Strongest chain from A to B",
                "Strongest chain from B to A",
            ],
        );
        let ranked = pairs.ranked();
        let cells = |place: usize| {
            let candidate = pairs.candidates.get(place).copied().unwrap_or(usize::MAX);
            let rank = pairs.rank(candidate).and_then(|rank| u64::try_from(rank).ok());
            let mut cells = self.candidate_cells(candidate);
            cells.push(rank.map_or_else(|| "".into(), number));
            cells
        };
        let mut lines = Vec::new();
        for (index, one) in ranked.iter().enumerate() {
            for other in ranked.iter().skip(index + 1) {
                let (votes, against) = (pairs.votes(*one, *other), pairs.votes(*other, *one));
                let outcome = match votes.cmp(&against) {
                    std::cmp::Ordering::Greater => "A",
                    std::cmp::Ordering::Equal => say.even(),
                    std::cmp::Ordering::Less => "B",
                };
                let mut line = cells(*one);
                line.extend(cells(*other));
                line.extend([number(votes), number(against), outcome.into()]);
                line.extend([pairs.chain(*one, *other), pairs.chain(*other, *one)].map(number));
                lines.push(line);
            }
        }
        Table::new(self, &header, lines)
    }

    fn stacked(&self, stacked: &Stacked) -> Table {
        let say = Say(self.language);
        let mut header = say.pick(vec!["Candidat", "Nom"], vec!["Candidate", "Name"]);
        let grades: Vec<String> = stacked.grades.iter().map(|grade| say.grade(grade)).collect();
        header.extend(grades.iter().map(String::as_str));
        header.extend([say.missing(), say.median()]);
        header.extend(say.pick(["Au-dessus", "Au-dessous", "Résultat"], ["Above", "Below", "Result"]));
        let lines = stacked.rows.iter().map(|row| {
            let mut line = self.candidate_cells(row.candidate);
            let votes = (0..stacked.grades.len()).map(|grade| row.votes.get(grade).copied().unwrap_or(0));
            line.extend(votes.map(number));
            line.push(number(row.missing));
            let median = row.median.and_then(|median| stacked.grades.get(median.grade));
            line.push(median.cloned().into());
            let [above, below] = row
                .around_median()
                .map_or_else(|| ["", ""].map(Cell::from), |sides| sides.map(number));
            line.extend([above, below, self.result(row.candidate)]);
            line
        });
        Table::new(self, &header, lines)
    }

    fn candidate_cells(&self, candidate: usize) -> Vec<Cell> {
        let found = self.candidates.get(candidate);
        vec![
            found.map(|found| found.id.to_string()).into(),
            found.map(|found| found.name.as_str()).into(),
        ]
    }

    /// As exact as four decimals; a number where it is whole.
    fn figure(&self, value: Ratio) -> Cell {
        match value.decimals(4) {
            _ if !value.says_something() => "".into(),
            0 => number(value.numerator.checked_div(value.denominator).unwrap_or(0)),
            decimals => undivided(self.language).decimal(value, decimals).into(),
        }
    }

    fn result(&self, candidate: usize) -> Cell {
        let mark = Say(self.language)
            .winner_mark(self.is_tie(), self.stands())
            .to_lowercase();
        self.won(candidate).then_some(mark).into()
    }

    fn share(&self, part: u64, whole: u64) -> Cell {
        undivided(self.language).percent(part, whole).into()
    }
}

fn number(number: u64) -> Cell {
    Cell::Number(i64::try_from(number).unwrap_or(i64::MAX))
}
