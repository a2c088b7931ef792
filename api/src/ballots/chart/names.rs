//! Candidates' names inside sentences.

use super::model::{Candidate, Chart};
use super::words::Say;
use unicode_segmentation::UnicodeSegmentation;

/// What a sentence to be looked at names: longer names are cut, those of a list the shorter the longer
/// it is; longer lists are counted.
const NAME: usize = 60;
const NAMES: usize = 120;
const LIST: usize = 6;

#[derive(Clone, Copy)]
pub struct Names<'a> {
    candidates: &'a [Candidate],
    say: Say,
    brief: bool,
}

impl<'a> Names<'a> {
    pub fn full(chart: &'a Chart) -> Self {
        Self {
            candidates: &chart.candidates,
            say: Say(chart.language),
            brief: false,
        }
    }

    /// For sentences that have to share the page with a drawing.
    pub fn brief(chart: &'a Chart) -> Self {
        Self {
            brief: true,
            ..Self::full(chart)
        }
    }

    pub fn one(self, candidate: usize) -> String {
        self.within(NAME, candidate)
    }

    fn within(self, most: usize, candidate: usize) -> String {
        let name = self.candidates.get(candidate).map_or("", |found| found.name.trim());
        let kept: String = name.graphemes(true).take(most).collect();
        if self.brief && kept.len() < name.len() {
            self.say.quoted(&format!("{}…", kept.trim_end()))
        } else {
            self.say.quoted(name)
        }
    }

    pub fn all(self, candidates: &[usize]) -> String {
        let (named, more) = if self.brief && candidates.len() > LIST {
            candidates.split_at(LIST - 1)
        } else {
            (candidates, &[][..])
        };
        let most = NAME.min(NAMES / named.len().max(1));
        let mut items: Vec<String> = named.iter().map(|candidate| self.within(most, *candidate)).collect();
        if !more.is_empty() {
            items.push(self.say.others(more.len()));
        }
        self.say.list(&items)
    }
}
