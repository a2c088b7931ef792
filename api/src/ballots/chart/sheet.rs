//! The page from its heading to its last note, whatever is drawn in between.

use super::model::{Chart, Drawing};
use super::names::Names;
use super::page::{HEADING, HEADING_LONG, LEAD, MARGIN, Page, SMALL, TEXT, WIDTH, ink};
use super::words::Say;

/// More lines than these are cut; the title and the description have it all.
const HEADING_LINES: usize = 24;
const LEAD_LINES: usize = 8;
const NOTE_LINES: usize = 12;

/// Questions of more characters than these are set smaller.
const LONG: usize = 100;
const VERY_LONG: usize = 240;

/// On a large screen the chart stays as wide as is pleasant to read.
const STYLE: &str = "display:block;height:auto;max-width:36rem;margin:0 auto";

impl Chart {
    /// The chart as a document of its own, which can also be put into a page.
    pub fn svg(&self) -> String {
        let mut page = Page::default();
        page.down(MARGIN);
        self.head(&mut page);
        match &self.drawing {
            Drawing::Bars(bars) => bars.draw(self, &mut page),
            Drawing::Rounds(rounds) => rounds.draw(self, &mut page),
            Drawing::Pairs(pairs) => pairs.draw(self, &mut page),
            Drawing::Stacked(stacked) => stacked.draw(self, &mut page),
        }
        self.foot(&mut page);
        page.down(MARGIN);
        self.framed(page)
    }

    fn framed(&self, page: Page) -> String {
        let height = page.y;
        let (title, description) = (format!("title-{}", self.id), format!("desc-{}", self.id));
        let view = format!("0 0 {WIDTH} {height}");
        let labels = format!("{title} {description}");
        page.rooted(
            &[
                ("xmlns", &"http://www.w3.org/2000/svg"),
                ("viewBox", &view),
                ("width", &"100%"),
                ("role", &"img"),
                ("aria-labelledby", &labels),
                ("lang", &self.language.as_str()),
                ("direction", &"ltr"),
                ("font-family", &"system-ui, sans-serif"),
                ("style", &STYLE),
            ],
            |root| {
                root.within("title", &[("id", &title)], |root| {
                    root.write(&Say(self.language).title(&self.question));
                });
                root.within("desc", &[("id", &description)], |root| root.write(&self.told()));
                root.rect(0, 0, &WIDTH, height, ink::PAPER);
            },
        )
    }

    fn head(&self, page: &mut Page) {
        let say = Say(self.language);
        let length = self.question.chars().count();
        let heading = if length > VERY_LONG {
            TEXT.bold()
        } else if length > LONG {
            HEADING_LONG
        } else {
            HEADING
        };
        page.paragraph(heading, HEADING_LINES, &self.question);
        page.down(8);
        for warning in &self.warnings {
            page.warning(warning);
            page.down(8);
        }
        page.paragraph(LEAD.ink(ink::STRONG), LEAD_LINES, &self.outcome(Names::brief(self)));
        page.down(6);
        page.paragraph(SMALL, LEAD_LINES, &say.turnout(self.turnout).join(" · "));
        page.down(10);
        page.rule();
        page.down(14);
    }

    fn foot(&self, page: &mut Page) {
        if self.notes.is_empty() {
            return;
        }
        page.down(10);
        page.rule();
        page.down(8);
        for note in &self.notes {
            page.paragraph(SMALL, NOTE_LINES, note);
            page.down(3);
        }
    }

    /// Who won and how, in a sentence.
    fn outcome(&self, names: Names) -> String {
        let say = Say(self.language);
        match self.winners.as_slice() {
            [] => say.nobody().to_owned(),
            [winner] => say.won(&names.one(*winner), &self.how(*winner), self.stands()),
            [first, ..] => say.tied(&names.all(&self.winners), &self.how(*first)),
        }
    }

    fn how(&self, winner: usize) -> String {
        match &self.drawing {
            Drawing::Bars(bars) => bars.how(self, winner),
            Drawing::Rounds(rounds) => rounds.how(self, winner),
            Drawing::Pairs(pairs) => pairs.how(self, winner),
            Drawing::Stacked(stacked) => stacked.how(self, winner),
        }
    }

    /// Whether nothing speaks against the result.
    pub fn stands(&self) -> bool {
        self.warnings.is_empty()
    }

    pub fn is_tie(&self) -> bool {
        self.winners.len() > 1
    }

    /// Everything the chart shows, for those who hear it.
    fn told(&self) -> String {
        let say = Say(self.language);
        let mut sentences = self.warnings.clone();
        sentences.push(self.outcome(Names::full(self)));
        sentences.push(format!("{}.", say.turnout(self.turnout).join(", ")));
        sentences.extend(match &self.drawing {
            Drawing::Bars(bars) => bars.told(self),
            Drawing::Rounds(rounds) => rounds.told(self),
            Drawing::Pairs(pairs) => pairs.told(self),
            Drawing::Stacked(stacked) => stacked.told(self),
        });
        sentences.extend(self.notes.iter().cloned());
        sentences.join(" ")
    }
}
