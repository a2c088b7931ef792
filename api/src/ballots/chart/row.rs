//! A candidate's line in a drawing: picture, sign of a winner, name, figure, and a bar below.

use base64::Engine as _;

use super::model::Chart;
use super::page::{Anchor, MARGIN, Page, ROOM, SMALL, TEXT, ink};
use super::words::Say;

const NAME_LINES: usize = 3;

/// Less room than this is too little for a name.
const NARROW: u32 = 110;

/// With more candidates than this, pictures are smaller.
const MANY: usize = 12;

impl Chart {
    pub fn name(&self, candidate: usize) -> &str {
        self.candidates.get(candidate).map_or("", |found| found.name.trim())
    }

    /// The candidate's picture as an address that holds it.
    pub fn picture(&self, candidate: usize) -> Option<String> {
        let picture = self.candidates.get(candidate)?.picture.as_ref()?;
        let bytes = base64::engine::general_purpose::STANDARD.encode(picture);
        Some(format!("data:image/png;base64,{bytes}"))
    }

    pub fn has_pictures(&self) -> bool {
        self.candidates.iter().any(|candidate| candidate.picture.is_some())
    }

    pub fn won(&self, candidate: usize) -> bool {
        self.winners.contains(&candidate)
    }

    /// The sign of a winner, or of one of several.
    pub fn sign(&self, page: &mut Page, x: u32, y: u32) {
        if self.is_tie() {
            page.equals(x, y);
        } else {
            page.star(x, y);
        }
    }

    /// Draws the line; `bar` is given how far it may go: from where, and how much.
    pub fn row(&self, page: &mut Page, candidate: usize, figure: &str, bar: impl FnOnce(&mut Page, u32, u32)) {
        let won = self.won(candidate);
        let top = page.y;
        let (mut left, mut side) = (MARGIN, 0);
        if self.has_pictures() {
            side = if self.candidates.len() > MANY { 36 } else { 48 };
            if let Some(address) = self.picture(candidate) {
                page.picture(left, top, side, &address);
            }
            left += side + 10;
        }
        let room = (MARGIN + ROOM).saturating_sub(left);
        if won {
            let mark = Say(self.language).winner_mark(self.is_tie(), self.stands());
            self.sign(page, left, top + 1);
            page.text(left + 17, top, SMALL.bold().ink(ink::STRONG), Anchor::Start, mark);
            page.down(SMALL.leading() + 1);
        }
        let kind = TEXT.bold_if(won);
        let figure = kind.cut(figure, room);
        let beside = kind.width(&figure) + 12;
        // A figure that would leave the name too little room goes below it.
        let below = room.saturating_sub(beside) < NARROW;
        let name_room = if below { room } else { room.saturating_sub(beside) };
        let y = page.y;
        let height = page.lines(left, y, kind, &kind.lines(self.name(candidate), name_room, NAME_LINES));
        if below {
            page.text(left, y + height, kind, Anchor::Start, &figure);
            page.down(kind.leading());
        } else {
            page.text(left + room, y, kind, Anchor::End, &figure);
        }
        page.down(height.max(kind.leading()) + 2);
        bar(page, left, room);
        page.y = page.y.max(top.saturating_add(side));
        page.down(13);
    }
}
