//! Bars: what each candidate received, the most first.

use std::cmp::Reverse;

use super::figures::Ratio;
use super::model::{Bar, Bars, Chart, Unit};
use super::names::Names;
use super::page::{Length, Page, SMALL, ink};
use super::words::Say;

const HEIGHT: u32 = 13;

impl Bars {
    pub fn draw(&self, chart: &Chart, page: &mut Page) {
        let say = Say(chart.language);
        let longest = self.longest();
        for bar in self.sorted() {
            let figure = self.figure(chart, bar).join(" · ");
            page.part(&self.sentence(chart, bar), |page| {
                chart.row(page, bar.candidate, &figure, |page, left, room| {
                    let y = page.y;
                    let ink = if chart.won(bar.candidate) {
                        ink::STRONG
                    } else {
                        ink::PLAIN
                    };
                    // What all bars start from, so that one of no length can be seen.
                    page.rect(left, y - 1, &1, HEIGHT + 2, ink::LINE);
                    page.rect(left, y, &Length(bar.value.share_of(longest, room)), HEIGHT, ink);
                    page.down(HEIGHT + 1);
                });
            });
        }
        if let Some(about) = say.about(self.unit) {
            page.paragraph(SMALL, 6, about);
        }
    }

    pub fn sorted(&self) -> Vec<&Bar> {
        let mut bars: Vec<&Bar> = self.bars.iter().collect();
        // Behind all others, even behind nought, those of whom nothing is said.
        bars.sort_by_key(|bar| Reverse((bar.value.says_something(), bar.value)));
        bars
    }

    /// What a bar of full length stands for.
    fn longest(&self) -> Ratio {
        match self.unit {
            Unit::Mean { best } => best.into(),
            Unit::Votes | Unit::Approvals | Unit::Points => {
                let most = self.bars.iter().map(|bar| bar.value).max();
                most.unwrap_or_else(|| 0.into())
            }
        }
    }

    /// The value; its share of the valid votes, or on how many of them it rests.
    fn figure(&self, chart: &Chart, bar: &Bar) -> Vec<String> {
        let say = Say(chart.language);
        let mut figure = vec![say.value(self.unit, bar.value)];
        match self.unit {
            Unit::Votes | Unit::Approvals => figure.extend(say.percent(bar.value.numerator, chart.turnout.valid)),
            Unit::Mean { .. } if bar.value.says_something() => figure.push(say.grades(bar.value.denominator)),
            Unit::Mean { .. } | Unit::Points => {}
        }
        figure
    }

    fn sentence(&self, chart: &Chart, bar: &Bar) -> String {
        let say = Say(chart.language);
        let figure = self.figure(chart, bar).join(", ");
        let name = Names::full(chart).one(bar.candidate);
        say.pick(format!("{name}\u{a0}: {figure}."), format!("{name}: {figure}."))
    }

    pub fn how(&self, chart: &Chart, winner: usize) -> String {
        let bar = self.bars.iter().find(|bar| bar.candidate == winner);
        let say = Say(chart.language);
        bar.map_or_else(String::new, |bar| {
            say.with_value(self.unit, bar.value, chart.turnout.valid, chart.is_tie())
        })
    }

    pub fn told(&self, chart: &Chart) -> Vec<String> {
        let said = self.sorted().into_iter().map(|bar| self.sentence(chart, bar));
        said.chain(Say(chart.language).about(self.unit).map(str::to_owned))
            .collect()
    }
}
