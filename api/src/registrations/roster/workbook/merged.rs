//! Cells merged over several rows. The file holds their text in the first row only; people see it
//! beside every one of them, as where an organisation is written once for all of its people.

use std::collections::BTreeMap;

use calamine::Dimensions;
use csv::StringRecord;

use super::put;

/// By column; rows are asked for in their order, each once.
#[derive(Default)]
pub(super) struct Merged(BTreeMap<usize, Column>);

#[derive(Default)]
struct Column {
    /// First and last row of each, the next one at the end.
    spans: Vec<(u64, u64)>,
    /// The last row of the one whose first row was met, and what it says.
    open: Option<(u64, String)>,
}

impl Merged {
    pub(super) fn new(regions: &[Dimensions], width: usize) -> Self {
        let mut columns: BTreeMap<usize, Column> = BTreeMap::new();
        for region in regions {
            let column = usize::try_from(region.start.1).unwrap_or(usize::MAX);
            if column < width && region.start.0 < region.end.0 {
                let span = (u64::from(region.start.0) + 1, u64::from(region.end.0) + 1);
                columns.entry(column).or_default().spans.push(span);
            }
        }
        for column in columns.values_mut() {
            column.spans.sort_unstable_by(|one, other| other.cmp(one));
        }
        Self(columns)
    }

    /// Of other columns nothing is asked any more.
    pub(super) fn keep(&mut self, columns: impl Fn(usize) -> bool) {
        self.0.retain(|column, _| columns(*column));
    }

    /// The last row of the merged cell that stands in this column now.
    pub(super) fn last_row(&self, column: usize) -> u64 {
        let open = self.0.get(&column).and_then(|column| column.open.as_ref());
        open.map_or(0, |(last, _)| *last)
    }

    /// The row as people see it.
    pub(super) fn fill(&mut self, line: u64, cells: StringRecord) -> StringRecord {
        let mut seen = Vec::new();
        for (at, column) in &mut self.0 {
            let own = cells.get(*at).unwrap_or_default();
            while let Some((first, last)) = column.spans.pop_if(|(first, _)| *first <= line) {
                // One whose first row is empty says nothing.
                column.open = (first == line).then(|| (last, own.to_owned()));
            }
            if let Some((_, text)) = column.open.as_ref().filter(|(last, _)| line <= *last)
                && own.is_empty()
            {
                seen.push((*at, text.clone()));
            }
        }
        if seen.is_empty() {
            return cells;
        }
        let mut texts = cells.iter().map(str::to_owned).collect();
        for (at, text) in seen {
            put(&mut texts, at, text);
        }
        StringRecord::from(texts)
    }
}
