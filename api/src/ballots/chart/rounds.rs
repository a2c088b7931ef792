//! Rounds: who had how many votes in each, who left and where those votes went.

use super::figures::Ratio;
use super::model::{Chart, Round, Rounds};
use super::names::Names;
use super::page::{Anchor, Length, MARGIN, Page, ROOM, SMALL, TEXT, ink};
use super::typeset::Type;
use super::words::Say;

/// The last rounds, in which it is decided, are drawn.
const MOST_DRAWN: usize = 12;

/// The last ones are told in words; the table has them all.
const MOST_TOLD: usize = 30;

const NAME: Type = Type { size: 13, ..TEXT };
const ROW: u32 = 42;
const BAR: u32 = 7;
const PICTURE: u32 = 32;
/// Narrowest column.
const COLUMN: u32 = 52;

impl Rounds {
    pub fn draw(&self, chart: &Chart, page: &mut Page) {
        let say = Say(chart.language);
        let shown = self.last(MOST_DRAWN);
        if shown.len() < self.rounds.len() {
            page.paragraph(SMALL, 3, &say.last_rounds(shown.len()));
            page.down(8);
        }
        let grid = Grid::of(self, chart, shown);
        for (index, block) in shown.chunks(grid.columns).enumerate() {
            grid.draw(block, index == 0, page);
            page.down(14);
        }
        for round in self.last(MOST_TOLD) {
            page.paragraph(NAME, 12, &self.step(chart, round, "", Names::brief(chart)));
            page.down(6);
        }
    }

    fn last(&self, most: usize) -> &[Round] {
        let from = self.rounds.len().saturating_sub(most);
        self.rounds.get(from..).unwrap_or_default()
    }

    fn step(&self, chart: &Chart, round: &Round, figures: &str, names: Names) -> String {
        let say = Say(chart.language);
        let last = self.rounds.last().is_some_and(|last| last.number == round.number);
        let won = match chart.winners.as_slice() {
            [winner] if last => Some(say.has_majority(&names.one(*winner), round.of(*winner), round.continuing())),
            _ => None,
        };
        say.step(round, figures, names, &chart.winners, won)
    }

    pub fn how(&self, chart: &Chart, winner: usize) -> String {
        let say = Say(chart.language);
        let Some(last) = self.rounds.last() else {
            return String::new();
        };
        // Where the orders of leaving part, no round decides.
        if chart.is_tie() {
            return String::new();
        }
        let mut how = say.in_round(last.number);
        how.push_str(&say.with_majority(last.of(winner), last.continuing()));
        how
    }

    pub fn told(&self, chart: &Chart) -> Vec<String> {
        let say = Say(chart.language);
        let names = Names::full(chart);
        let mut told = Vec::new();
        let last = self.last(MOST_TOLD);
        if last.len() < self.rounds.len() {
            told.push(say.last_rounds(last.len()));
        }
        for round in last {
            let mut votes: Vec<_> = round.votes.clone();
            votes.sort_by_key(|(_, votes)| std::cmp::Reverse(*votes));
            let votes = votes
                .iter()
                .map(|(candidate, votes)| format!("{} {}", names.one(*candidate), say.votes(*votes)));
            let mut figures: Vec<String> = votes.collect();
            if round.exhausted > 0 {
                figures.push(say.exhausted_count(round.exhausted));
            }
            let figures = format!(" ({})", figures.join(", "));
            told.push(self.step(chart, round, &figures, names));
        }
        told
    }
}

impl Round {
    pub fn of(&self, candidate: usize) -> u64 {
        self.has(candidate).unwrap_or(0)
    }

    /// The votes of a candidate who continues.
    fn has(&self, candidate: usize) -> Option<u64> {
        let found = self.votes.iter().find(|(other, _)| *other == candidate);
        found.map(|(_, votes)| *votes)
    }

    /// Votes that count in this round.
    pub fn continuing(&self) -> u64 {
        self.votes.iter().fold(0, |sum, (_, votes)| sum.saturating_add(*votes))
    }
}

/// Where the columns are, and in which order the rows.
struct Grid<'a> {
    chart: &'a Chart,
    /// Those who stayed longest first.
    rows: Vec<usize>,
    most: Ratio,
    last: u32,
    label: u32,
    columns: usize,
    column: u32,
}

impl<'a> Grid<'a> {
    fn of(rounds: &Rounds, chart: &'a Chart, shown: &[Round]) -> Self {
        let say = Say(chart.language);
        let most = shown
            .iter()
            .flat_map(|round| &round.votes)
            .map(|(_, votes)| *votes)
            .max();
        let exhausted = shown.iter().map(|round| round.exhausted).max();
        let widest = NAME.bold().width(&say.number(most.max(exhausted).unwrap_or(0))) + 24;
        let label = if chart.has_pictures() { 146 } else { 120 };
        let last = rounds.rounds.last().map_or(0, |round| round.number);
        let heading = SMALL.bold().width(&say.round(last)) + 10;
        let narrowest = widest.max(heading).max(COLUMN);
        let room = ROOM - label;
        let columns = (room / narrowest)
            .max(1)
            .min(u32::try_from(shown.len().max(1)).unwrap_or(1));
        Self {
            chart,
            rows: order(rounds, chart),
            most: most.unwrap_or(0).into(),
            last,
            label,
            columns: usize::try_from(columns).unwrap_or(1),
            column: (room / columns).min(narrowest.max(90)),
        }
    }

    fn draw(&self, block: &[Round], first: bool, page: &mut Page) {
        let say = Say(self.chart.language);
        let columns: Vec<(u32, &Round)> = (0..)
            .map(|index| MARGIN + self.label + index * self.column)
            .zip(block)
            .collect();
        let y = page.y;
        for (x, round) in &columns {
            page.text(*x, y, SMALL.bold(), Anchor::Start, &say.round(round.number));
        }
        page.down(SMALL.leading() + 4);
        for candidate in &self.rows {
            if block.first().is_some_and(|round| round.has(*candidate).is_some()) {
                self.row(*candidate, &columns, first, page);
            }
        }
        let exhausted = |round: &Round| round.exhausted;
        let majority = |round: &Round| match round.continuing() {
            0 => 0,
            votes => votes / 2 + 1,
        };
        let mut figures = |label: &str, figure: &dyn Fn(&Round) -> u64| {
            page.rule();
            page.down(5);
            let y = page.y;
            page.text(MARGIN, y, SMALL, Anchor::Start, label);
            for (x, round) in &columns {
                page.text(*x, y, SMALL, Anchor::Start, &say.number(figure(round)));
            }
            page.down(SMALL.leading() + 4);
        };
        figures(say.exhausted(), &exhausted);
        figures(say.majority(), &majority);
    }

    fn row(&self, candidate: usize, columns: &[(u32, &Round)], first: bool, page: &mut Page) {
        let won = self.chart.won(candidate);
        page.rule();
        page.down(5);
        let y = page.y;
        page.part(self.chart.name(candidate), |page| {
            let mut left = MARGIN;
            // Once is enough: pictures are heavy.
            if first && self.chart.has_pictures() {
                if let Some(address) = self.chart.picture(candidate) {
                    page.picture(left, y, PICTURE, &address);
                }
                left += PICTURE + 6;
            }
            let kind = NAME.bold_if(won);
            let room = (MARGIN + self.label - 8).saturating_sub(left);
            page.lines(left, y, kind, &kind.lines(self.chart.name(candidate), room, 2));
            for (x, round) in columns {
                if let Some(votes) = round.has(candidate) {
                    self.cell(candidate, votes, round, *x, y, page);
                }
            }
        });
        page.down(ROW);
    }

    fn cell(&self, candidate: usize, votes: u64, round: &Round, x: u32, y: u32, page: &mut Page) {
        let say = Say(self.chart.language);
        let won = self.chart.won(candidate) && round.number == self.last;
        let leaves = round.leaving.contains(&candidate);
        let number = say.number(votes);
        page.text(x, y, NAME.bold_if(won), Anchor::Start, &number);
        if won {
            self.chart.sign(page, x + NAME.bold().width(&number) + 4, y + 2);
        }
        let y = y + NAME.leading() + 2;
        let width = Length(Ratio::from(votes).share_of(self.most, self.column - 8));
        page.rect(x, y - 1, &1, BAR + 2, ink::LINE);
        if leaves {
            // Empty, as they are about to be.
            page.element(
                "rect",
                &[
                    ("x", &x),
                    ("y", &y),
                    ("width", &width),
                    ("height", &BAR),
                    ("fill", &ink::PAPER),
                    ("stroke", &ink::LINE),
                ],
            );
            page.text(x, y + BAR + 1, SMALL, Anchor::Start, say.leaves());
        } else {
            page.rect(x, y, &width, BAR, if won { ink::STRONG } else { ink::PLAIN });
        }
    }
}

/// By how long they stayed, then by what they had in the end.
fn order(rounds: &Rounds, chart: &Chart) -> Vec<usize> {
    let mut ends: Vec<(usize, u64)> = vec![(0, 0); chart.candidates.len()];
    for (index, round) in rounds.rounds.iter().enumerate() {
        for (candidate, votes) in &round.votes {
            if let Some(end) = ends.get_mut(*candidate) {
                *end = (index, *votes);
            }
        }
    }
    let mut rows: Vec<usize> = (0..ends.len()).collect();
    rows.sort_by_key(|candidate| std::cmp::Reverse(ends.get(*candidate).copied()));
    rows
}
