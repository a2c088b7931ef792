//! Stacked bars: how the votes for each candidate divide over the grades, the best grade first.

use super::figures::Ratio;
use super::model::{Chart, Grades, Stacked, ToldApart};
use super::names::Names;
use super::page::{Anchor, Length, MARGIN, Page, ROOM, SMALL, ink};
use super::words::Say;

const HEIGHT: u32 = 24;
const SWATCH: u32 = 12;

/// More grades than these are not all named.
const MOST_NAMED: usize = 12;

/// Of those told apart by more than median and lean, so many are explained under the bars.
const MOST_EXPLAINED: usize = 6;

impl Stacked {
    pub fn draw(&self, chart: &Chart, page: &mut Page) {
        self.legend(page);
        for row in &self.rows {
            let figure = self.figure(chart, row).unwrap_or_default();
            page.part(&self.sentence(chart, row), |page| {
                chart.row(page, row.candidate, &figure, |page, left, room| {
                    page.down(4);
                    self.stack(chart, row, page, left, room);
                    page.down(HEIGHT + 4);
                });
            });
        }
        page.paragraph(SMALL, 12, Say(chart.language).about_stacks());
        for apart in self.told_apart.iter().take(MOST_EXPLAINED) {
            page.down(6);
            page.paragraph(SMALL, 8, &self.apart(chart, apart, Names::brief(chart)));
        }
    }

    /// Which shade stands for which grade, in as many lines as it takes; of a fine scale, some.
    fn legend(&self, page: &mut Page) {
        let mut x = MARGIN;
        let last = self.grades.len().saturating_sub(1);
        let step = if last < MOST_NAMED { 1 } else { last.div_ceil(10) };
        for (index, grade) in self.grades.iter().enumerate() {
            if index % step != 0 && index != last {
                continue;
            }
            let label = SMALL.cut(grade, ROOM - SWATCH - 6);
            let width = SWATCH + 6 + SMALL.width(&label);
            if x > MARGIN && x + width > MARGIN + ROOM {
                x = MARGIN;
                page.down(SMALL.leading() + 5);
            }
            let (y, shade) = (page.y, self.shade(index));
            page.element(
                "rect",
                &[
                    ("x", &x),
                    ("y", &(y + 1)),
                    ("width", &SWATCH),
                    ("height", &SWATCH),
                    ("fill", &shade.ground()),
                    ("stroke", &ink::LINE),
                ],
            );
            page.text(x + SWATCH + 6, y, SMALL, Anchor::Start, &label);
            x += width + 14;
        }
        page.down(SMALL.leading() + 14);
    }

    fn stack(&self, chart: &Chart, row: &Grades, page: &mut Page, left: u32, room: u32) {
        let say = Say(chart.language);
        let all = sum(&row.votes);
        // In hundredths of a unit, each end reckoned from the start, so that no error adds up.
        let origin = u64::from(left) * 100;
        let end = |grade: usize| {
            let votes = sum(row.votes.get(..grade).unwrap_or_default());
            origin + Ratio::from(votes).share_of(all.into(), room)
        };
        let half = origin + u64::from(room) * 50;
        let y = page.y;
        let mut framed = None;
        for (grade, votes) in row.votes.iter().enumerate().take(self.grades.len()) {
            let (from, to) = (end(grade), end(grade + 1));
            if *votes == 0 {
                continue;
            }
            let shade = self.shade(grade);
            // Light between them, unless there are so many that it would be all that is seen.
            let edge = if self.grades.len() > MOST_NAMED {
                "none"
            } else {
                ink::PAPER
            };
            segment(page, from, to, y, &shade.ground(), edge, 1);
            let kind = SMALL
                .bold_if(row.median.is_some_and(|median| median.grade == grade))
                .ink(shade.text());
            let count = say.number(*votes);
            if let Some(middle) = place(from, to, half, u64::from(kind.width(&count)) * 100) {
                page.text(middle, y + 5, kind, Anchor::Middle, &count);
            }
            if row.median.is_some_and(|median| median.grade == grade) {
                framed = Some((from, to));
            }
        }
        // The lightest shade alone would not show where it ends.
        if all > 0 {
            segment(page, origin, end(row.votes.len()), y, "none", ink::LINE, 1);
        }
        if let Some((from, to)) = framed {
            segment(page, from, to, y, "none", ink::TEXT, 2);
        }
        if all == 0 {
            return;
        }
        // The half, light around dark so that it shows on every shade.
        for (width, ink) in [(4, ink::PAPER), (2, ink::TEXT)] {
            let x = Length(half.saturating_sub(width * 50));
            page.element(
                "rect",
                &[
                    ("x", &x),
                    ("y", &(y - 4)),
                    ("width", &width),
                    ("height", &(HEIGHT + 8)),
                    ("fill", &ink),
                ],
            );
        }
    }

    /// From dark for the best to light for the worst.
    pub fn shade(&self, grade: usize) -> Shade {
        const DARK: [u32; 3] = [0x10, 0x38, 0x62];
        const LIGHT: [u32; 3] = [0xe6, 0xee, 0xf6];
        let steps = u32::try_from(self.grades.len().saturating_sub(1))
            .unwrap_or(u32::MAX)
            .max(1);
        let step = u32::try_from(grade).unwrap_or(u32::MAX).min(steps);
        Shade([0, 1, 2].map(|c: usize| {
            let (dark, light) = (u64::from(DARK[c]), u64::from(LIGHT[c]));
            dark + (light - dark) * u64::from(step) / u64::from(steps)
        }))
    }

    /// With a sign for how it leans.
    fn median(&self, row: &Grades) -> Option<String> {
        let median = row.median?;
        let grade = self.grades.get(median.grade)?;
        Some(format!("{grade}\u{a0}{}", if median.plus { "+" } else { "−" }))
    }

    /// With the votes that decide between those of the same median and sign.
    fn figure(&self, chart: &Chart, row: &Grades) -> Option<String> {
        Some(format!("{} · {}", self.median(row)?, self.lean(chart, row)?))
    }

    /// How many votes are above the median, or below where it leans that way.
    fn lean(&self, chart: &Chart, row: &Grades) -> Option<String> {
        let (say, [above, below]) = (Say(chart.language), row.around_median()?);
        Some(if row.median?.plus {
            say.above(above)
        } else {
            say.below(below)
        })
    }

    fn apart(&self, chart: &Chart, apart: &ToldApart, names: Names) -> String {
        let name = |candidate| names.one(candidate);
        let grade = |place: usize| self.grades.get(place).map_or("", String::as_str);
        Say(chart.language).told_apart(
            [name(apart.ahead), name(apart.behind)],
            apart.removed,
            apart.next.map(grade),
        )
    }

    fn sentence(&self, chart: &Chart, row: &Grades) -> String {
        let say = Say(chart.language);
        let mut parts = Vec::new();
        if let Some(median) = self.median(row) {
            let lean = self.lean(chart, row).unwrap_or_default();
            parts.push(format!("{} {median} ({lean})", say.median().to_lowercase()));
        }
        let given = self.grades.iter().zip(&row.votes).filter(|(_, votes)| **votes > 0);
        parts.extend(given.map(|(grade, votes)| say.grade_count(grade, *votes)));
        if row.missing > 0 {
            parts.push(say.missing_count(row.missing));
        }
        let (name, parts) = (Names::full(chart).one(row.candidate), parts.join(", "));
        say.pick(format!("{name}\u{a0}: {parts}."), format!("{name}: {parts}."))
    }

    pub fn how(&self, chart: &Chart, winner: usize) -> String {
        let row = self.rows.iter().find(|row| row.candidate == winner);
        let median = row.and_then(|row| self.median(row));
        median.map_or_else(String::new, |median| Say(chart.language).with_median(&median))
    }

    pub fn told(&self, chart: &Chart) -> Vec<String> {
        let said = self.rows.iter().map(|row| self.sentence(chart, row));
        let apart = self
            .told_apart
            .iter()
            .map(|apart| self.apart(chart, apart, Names::full(chart)));
        said.chain([Say(chart.language).about_stacks().to_owned()])
            .chain(apart)
            .collect()
    }
}

/// The middle of where a text of this width fits between two ends without meeting the half's line,
/// in whole units; all else in hundredths.
fn place(from: u64, to: u64, half: u64, width: u64) -> Option<u32> {
    const GAP: u64 = 300;
    let (middle, reach) = ((from + to) / 2, width / 2 + GAP);
    let (from, to) = if middle.abs_diff(half) >= reach || half <= from || half >= to {
        (from, to)
    } else if half - from > to - half {
        (from, half)
    } else {
        (half, to)
    };
    if to - from < width + 2 * GAP {
        return None;
    }
    u32::try_from((from + to) / 200).ok()
}

fn sum(votes: &[u64]) -> u64 {
    votes.iter().fold(0, |sum, votes| sum.saturating_add(*votes))
}

fn segment(page: &mut Page, from: u64, to: u64, y: u32, fill: &str, stroke: &str, width: u32) {
    page.element(
        "rect",
        &[
            ("x", &Length(from)),
            ("y", &y),
            ("width", &Length(to.saturating_sub(from))),
            ("height", &HEIGHT),
            ("fill", &fill),
            ("stroke", &stroke),
            ("stroke-width", &width),
        ],
    );
}

/// Red, green and blue.
pub struct Shade(pub [u64; 3]);

impl Shade {
    pub fn ground(&self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Black or white, whichever stands out.
    pub fn text(&self) -> &'static str {
        let [red, green, blue] = self.0;
        // Brightness about as eyes see it, of ten thousand times the square of 255.
        let brightness = 2126 * red * red + 7152 * green * green + 722 * blue * blue;
        if brightness < 10_000 * 255 * 255 * 21 / 100 {
            "#ffffff"
        } else {
            "#000000"
        }
    }
}
