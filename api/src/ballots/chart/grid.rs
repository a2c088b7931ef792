//! A table of figures for each candidate against each other, in blocks of as many columns as fit the page.

use super::model::Chart;
use super::page::{Anchor, MARGIN, Page, ROOM, SMALL, TEXT, ink};
use super::pairs::letters;
use super::typeset::Type;
use super::words::Say;

const FIGURE: Type = Type { size: 12, ..TEXT };
const ROW: u32 = 26;
/// Before a row: its letter and name, or its letter alone where names would break up the table.
const NAMED: u32 = 108;
const LETTER: u32 = 30;

pub struct Grid {
    /// Of the rows, and of the columns alike.
    pub candidates: Vec<usize>,
    /// Rows of figures; the greater of two that mirror each other wins.
    pub cells: Vec<Vec<u64>>,
}

impl Grid {
    pub fn draw(&self, chart: &Chart, page: &mut Page) {
        let widest = self.cells.iter().flatten().copied().max().unwrap_or(0);
        let narrowest = (FIGURE.bold().width(&Say(chart.language).number(widest)) + 10).max(30);
        let all = u32::try_from(self.candidates.len().max(1)).unwrap_or(u32::MAX);
        let across = |label: u32| ((ROOM - label) / narrowest).max(1).min(all);
        let label = if across(NAMED) == all { NAMED } else { LETTER };
        let width = ((ROOM - label) / across(label)).min(narrowest.max(44));
        // What the columns leave goes to the names.
        let label = if label == NAMED { ROOM - width * all } else { label };
        let across = usize::try_from(across(label)).unwrap_or(1);
        for block in (0..self.candidates.len()).collect::<Vec<_>>().chunks(across) {
            self.block(chart, page, block, label, width);
        }
    }

    /// Some of the columns against all rows.
    fn block(&self, chart: &Chart, page: &mut Page, block: &[usize], label: u32, width: u32) {
        let columns: Vec<(u32, usize)> = (0..)
            .map(|index| MARGIN + label + index * width)
            .zip(block.iter().copied())
            .collect();
        let y = page.y;
        for (x, column) in &columns {
            page.text(x + width / 2, y, SMALL.bold(), Anchor::Middle, &letters(*column));
        }
        page.down(SMALL.leading() + 3);
        for (row, candidate) in self.candidates.iter().enumerate() {
            let y = page.y;
            page.part(chart.name(*candidate), |page| {
                let kind = SMALL.bold_if(chart.won(*candidate)).ink(ink::TEXT);
                let letter = SMALL.bold().ink(ink::TEXT);
                page.text(MARGIN, y + 5, letter, Anchor::Start, &letters(row));
                if label >= NAMED {
                    let name = kind.cut(chart.name(*candidate), label - LETTER - 4);
                    page.text(MARGIN + LETTER - 6, y + 5, kind, Anchor::Start, &name);
                }
                for (x, column) in &columns {
                    self.cell(chart, page, [row, *column], [*x, y], width);
                }
            });
            page.down(ROW);
        }
        page.down(14);
    }

    fn cell(&self, chart: &Chart, page: &mut Page, [row, column]: [usize; 2], [x, y]: [u32; 2], width: u32) {
        let figure = |row: usize, column: usize| self.cells.get(row).and_then(|row| row.get(column)).copied();
        let (own, mirrored) = (figure(row, column).unwrap_or(0), figure(column, row).unwrap_or(0));
        if row == column {
            cell(page, [x, y], width, Cell::Nothing, "");
            return;
        }
        let kind = match own.cmp(&mirrored) {
            std::cmp::Ordering::Greater => Cell::Win,
            std::cmp::Ordering::Equal => Cell::Even,
            std::cmp::Ordering::Less => Cell::Loss,
        };
        cell(page, [x, y], width, kind, &Say(chart.language).number(own));
    }
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
pub fn key(say: Say, page: &mut Page) {
    let (y, mut x) = (page.y, MARGIN);
    for (kind, sample, words) in [(Cell::Win, "9", say.row_wins()), (Cell::Even, "7", say.even())] {
        cell(page, [x, y], 30, kind, sample);
        page.text(x + 36, y + 5, SMALL, Anchor::Start, words);
        x += 36 + SMALL.width(words) + 16;
    }
    page.down(ROW + 8);
}
