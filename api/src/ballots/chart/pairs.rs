//! Pairs: the order of all, and a table of how each fares against each.

use super::model::{Chart, Pairs};
use super::names::Names;
use super::page::{Anchor, LEAD, MARGIN, Page, ROOM, SMALL, TEXT, ink};
use super::typeset::Type;
use super::words::Say;

/// As many are compared in the chart; the table compares all.
pub const MOST: usize = 30;

/// As many are compared in the description, where the winner's pairs say most.
const MOST_TOLD: usize = 8;

const FIGURE: Type = Type { size: 12, ..TEXT };
const ROW: u32 = 26;
/// Before a row: its letter and name, or its letter alone where names would break up the table.
const NAMED: u32 = 108;
const LETTER: u32 = 30;

impl Pairs {
    pub fn draw(&self, chart: &Chart, page: &mut Page) {
        let say = Say(chart.language);
        let ranked = self.ranked();
        page.paragraph(LEAD, 1, say.order());
        page.down(8);
        for (letter, place) in ranked.iter().enumerate() {
            self.listed(chart, page, *place, &letters(letter));
        }
        page.down(8);
        page.paragraph(LEAD, 1, say.pairs());
        page.down(4);
        page.paragraph(SMALL, 4, say.about_pairs());
        let compared = ranked.get(..MOST).unwrap_or(&ranked);
        if compared.len() < ranked.len() {
            page.paragraph(SMALL, 4, &say.pairs_left_out(MOST));
        }
        page.down(8);
        key(say, page);
        let widest = compared
            .iter()
            .flat_map(|row| compared.iter().map(|column| self.votes(*row, *column)))
            .max()
            .unwrap_or(0);
        let narrowest = (FIGURE.bold().width(&say.number(widest)) + 10).max(30);
        let all = u32::try_from(compared.len().max(1)).unwrap_or(u32::MAX);
        let across = |label: u32| ((ROOM - label) / narrowest).max(1).min(all);
        let label = if across(NAMED) == all { NAMED } else { LETTER };
        let grid = Grid {
            label,
            column: ((ROOM - label) / across(label)).min(narrowest.max(44)),
        };
        let across = usize::try_from(across(label)).unwrap_or(1);
        for block in (0..compared.len()).collect::<Vec<_>>().chunks(across) {
            self.block(chart, page, compared, block, &grid);
        }
    }

    /// A line of the order.
    fn listed(&self, chart: &Chart, page: &mut Page, place: usize, letter: &str) {
        let say = Say(chart.language);
        let Some(candidate) = self.candidates.get(place).copied() else {
            return;
        };
        let won = chart.won(candidate);
        let (top, mut left, mut side) = (page.y, MARGIN, 0);
        let rank = self.rank(candidate).map(|rank| {
            let shared = self
                .order
                .iter()
                .any(|group| group.len() > 1 && group.contains(&candidate));
            say.rank(rank, shared)
        });
        let rank = rank.unwrap_or_default();
        page.part(chart.name(candidate), |page| {
            page.text(left, top, TEXT.bold(), Anchor::Start, letter);
            left += 32;
            if chart.has_pictures() {
                side = 36;
                if let Some(address) = chart.picture(candidate) {
                    page.picture(left, top, side, &address);
                }
                left += side + 8;
            }
            let kind = TEXT.bold_if(won);
            let end = MARGIN + ROOM;
            let mut room = end.saturating_sub(left + kind.width(&rank) + 10);
            if won {
                room = room.saturating_sub(18);
                chart.sign(page, end - kind.width(&rank) - 18, top + 2);
            }
            let height = page.lines(left, top, kind, &kind.lines(chart.name(candidate), room, 3));
            page.text(end, top, kind, Anchor::End, &rank);
            page.down(height.max(side) + 6);
        });
    }

    /// The table's columns of one block, of the order's places, against all rows.
    fn block(&self, chart: &Chart, page: &mut Page, ranked: &[usize], block: &[usize], grid: &Grid) {
        let width = grid.column;
        let columns: Vec<(u32, usize)> = (0..)
            .map(|index| MARGIN + grid.label + index * width)
            .zip(block.iter().copied())
            .collect();
        let y = page.y;
        for (x, column) in &columns {
            page.text(x + width / 2, y, SMALL.bold(), Anchor::Middle, &letters(*column));
        }
        page.down(SMALL.leading() + 3);
        for (row, place) in ranked.iter().enumerate() {
            let candidate = self.candidates.get(*place).copied().unwrap_or(usize::MAX);
            let y = page.y;
            page.part(chart.name(candidate), |page| {
                let kind = SMALL.bold_if(chart.won(candidate)).ink(ink::TEXT);
                let letter = SMALL.bold().ink(ink::TEXT);
                page.text(MARGIN, y + 5, letter, Anchor::Start, &letters(row));
                if grid.label == NAMED {
                    let name = kind.cut(chart.name(candidate), NAMED - LETTER - 4);
                    page.text(MARGIN + LETTER - 6, y + 5, kind, Anchor::Start, &name);
                }
                for (x, column) in &columns {
                    let other = ranked.get(*column).copied().unwrap_or(usize::MAX);
                    self.cell(chart, page, [*place, other], [*x, y], width);
                }
            });
            page.down(ROW);
        }
        page.down(14);
    }

    fn cell(&self, chart: &Chart, page: &mut Page, [row, column]: [usize; 2], [x, y]: [u32; 2], width: u32) {
        let (votes, against) = (self.votes(row, column), self.votes(column, row));
        if row == column {
            cell(page, [x, y], width, Cell::Nothing, "");
            return;
        }
        let kind = match votes.cmp(&against) {
            std::cmp::Ordering::Greater => Cell::Win,
            std::cmp::Ordering::Equal => Cell::Even,
            std::cmp::Ordering::Less => Cell::Loss,
        };
        cell(page, [x, y], width, kind, &Say(chart.language).number(votes));
    }

    pub fn how(&self, chart: &Chart, winner: usize) -> String {
        if chart.is_tie() {
            return String::new();
        }
        let place = self.candidates.iter().position(|candidate| *candidate == winner);
        let beats_all = place
            .is_some_and(|place| (0..self.candidates.len()).all(|other| other == place || self.wins(place, other)));
        Say(chart.language).by_pairs(beats_all).to_owned()
    }

    pub fn told(&self, chart: &Chart) -> Vec<String> {
        let (say, names) = (Say(chart.language), Names::full(chart));
        let mut told = Vec::new();
        if !self.order.is_empty() {
            let groups = self.order.iter().map(|group| {
                let rank = group.first().and_then(|candidate| self.rank(*candidate)).unwrap_or(0);
                format!("{} {}", say.rank(rank, group.len() > 1), names.all(group))
            });
            let groups = groups.collect::<Vec<_>>().join(", ");
            told.push(say.pick(format!("Classement\u{a0}: {groups}."), format!("Order: {groups}.")));
        }
        let ranked = self.ranked();
        let few = ranked.len() <= MOST_TOLD;
        for (index, one) in ranked.iter().enumerate() {
            let Some(first) = self.candidates.get(*one).copied() else {
                continue;
            };
            if !few && !chart.won(first) {
                continue;
            }
            // Of two winners, who come first, each pair once.
            for other in ranked.iter().skip(index + 1) {
                if let Some(second) = self.candidates.get(*other).copied() {
                    let (votes, against) = (self.votes(*one, *other), self.votes(*other, *one));
                    told.push(say.preferred(&names.one(first), &names.one(second), votes, against));
                }
            }
        }
        told
    }
}

/// Widths of the table.
struct Grid {
    label: u32,
    column: u32,
}

#[derive(Clone, Copy)]
enum Cell {
    Win,
    Even,
    Loss,
    /// Of a candidate with itself.
    Nothing,
}

/// A victory has a heavy frame and heavy figures, a tie a broken frame.
fn cell(page: &mut Page, [x, y]: [u32; 2], width: u32, kind: Cell, text: &str) {
    let (fill, stroke, weight, dashes) = match kind {
        Cell::Win => (ink::TINT, ink::STRONG, 2, "none"),
        Cell::Even => (ink::PAPER, ink::TEXT, 1, "3 2"),
        Cell::Loss => (ink::PAPER, ink::FAINT, 1, "none"),
        Cell::Nothing => (ink::FAINT, ink::FAINT, 1, "none"),
    };
    page.element(
        "rect",
        &[
            ("x", &(x + 2)),
            ("y", &(y + 2)),
            ("width", &width.saturating_sub(4)),
            ("height", &(ROW - 4)),
            ("fill", &fill),
            ("stroke", &stroke),
            ("stroke-width", &weight),
            ("stroke-dasharray", &dashes),
        ],
    );
    if !text.is_empty() {
        let figure = FIGURE.bold_if(matches!(kind, Cell::Win));
        page.text(x + width / 2, y + 5, figure, Anchor::Middle, text);
    }
}

/// What the frames mean.
fn key(say: Say, page: &mut Page) {
    let (y, mut x) = (page.y, MARGIN);
    for (kind, sample, words) in [(Cell::Win, "9", say.row_wins()), (Cell::Even, "7", say.even())] {
        cell(page, [x, y], 30, kind, sample);
        page.text(x + 36, y + 5, SMALL, Anchor::Start, words);
        x += 36 + SMALL.width(words) + 16;
    }
    page.down(ROW + 8);
}

/// A to Z, then AA.
pub fn letters(index: usize) -> String {
    const ALPHABET: [char; 26] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V',
        'W', 'X', 'Y', 'Z',
    ];
    let mut letters = String::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        letters.insert(0, ALPHABET[rest % 26]);
        rest /= 26;
    }
    letters
}
