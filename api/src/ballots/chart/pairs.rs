//! Pairs: the order of all, a table of how each fares against each, and where that leaves the order
//! open, the chains of victories that decide it.

use super::grid::{self, Grid};
use super::model::{Chart, Pairs};
use super::names::Names;
use super::page::{Anchor, LEAD, MARGIN, Page, ROOM, SMALL, TEXT};
use super::words::Say;

/// As many are compared in the chart; the table compares all.
pub const MOST: usize = 30;

/// As many are compared in the description, where the winner's pairs say most.
const MOST_TOLD: usize = 8;

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
        grid::key(say, page);
        let grid = |figure: fn(&Self, usize, usize) -> u64| Grid {
            candidates: compared
                .iter()
                .filter_map(|place| self.candidates.get(*place).copied())
                .collect(),
            cells: compared
                .iter()
                .map(|row| compared.iter().map(|column| figure(self, *row, *column)).collect())
                .collect(),
        };
        grid(Self::votes).draw(chart, page);
        if !self.pairs_suffice() {
            page.down(8);
            page.paragraph(LEAD, 1, say.chains());
            page.down(4);
            page.paragraph(SMALL, 8, say.about_chains());
            page.down(8);
            grid(Self::chain).draw(chart, page);
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
                    let (first, second) = (names.one(first), names.one(second));
                    told.push(say.preferred(&first, &second, votes, against));
                    if !self.pairs_suffice() {
                        let (there, back) = (self.chain(*one, *other), self.chain(*other, *one));
                        told.push(say.chained(&first, &second, there, back));
                    }
                }
            }
        }
        told
    }
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
