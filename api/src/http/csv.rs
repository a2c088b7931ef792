//! Tables to download as CSV: RFC 4180, UTF-8, comma separated.
//!
//! What people typed leaves here as text that no spreadsheet runs. This room knows nothing of
//! what the cells mean, nor of the answer they travel in.

/// A cell, by where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Anything a person may have typed: formulas in it are neutralised.
    Text(String),
    /// A number of our own: `-5` stays a number.
    Number(i64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// An absent value is an empty cell.
impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self::Text(String::new()), Into::into)
    }
}

/// Writes a header, in which titles may stand that people typed, and its rows.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> Vec<u8> {
    let mut out = String::new();
    write_line(&mut out, header.iter().map(|name| neutralised((*name).to_owned())));
    for row in rows {
        write_line(
            &mut out,
            row.into_iter().map(|cell| match cell {
                Cell::Text(text) => neutralised(text),
                Cell::Number(number) => number.to_string(),
            }),
        );
    }
    out.into_bytes()
}

fn write_line(out: &mut String, cells: impl Iterator<Item = String>) {
    let start = out.len();
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    // A lone empty cell would read back as no line at all.
    if out.len() == start {
        out.push_str("\"\"");
    }
    out.push_str("\r\n");
}

/// Puts an apostrophe before what a spreadsheet would run: a formula sign at the start, and also
/// after `;`, a tab or a line break, where a French Excel that splits on `;` starts a new cell. Spaces
/// and quotation marks before the sign are passed over, as a spreadsheet may drop them.
fn neutralised(text: String) -> String {
    const SIGNS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
    const BREAKS: [char; 4] = [';', '\t', '\r', '\n'];
    if !text.contains(SIGNS) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 1);
    let mut at_start = true;
    for c in text.chars() {
        if at_start && SIGNS.contains(&c) {
            safe.push('\'');
        }
        safe.push(c);
        at_start = BREAKS.contains(&c) || at_start && matches!(c, ' ' | '\u{A0}' | '"');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Vec<Vec<String>> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes)
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect()
    }

    #[test]
    fn writes_what_rfc_4180_asks_for() {
        let bytes = table(
            &["name", "minutes"],
            [
                vec![Cell::from("Diallo, Awa"), Cell::from(-5)],
                vec![Cell::from("dite \"Mama\"\nBarry"), Cell::from(None::<i64>)],
            ],
        );
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "name,minutes\r\n\"Diallo, Awa\",-5\r\n\"dite \"\"Mama\"\"\nBarry\",\r\n"
        );
    }

    #[test]
    fn neutralises_formulas() {
        for (typed, written) in [
            ("=1+1", "'=1+1"),
            ("+224 622", "'+224 622"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0"),
            ("x\n=1", "x\n'=1"),
            (" =1", " '=1"),
            ("x; =1", "x; '=1"),
            ("x;\"=1&\"", "x;\"'=1&\""),
            ("a@example.org", "a@example.org"),
            ("Jean-Paul", "Jean-Paul"),
            ("2020-08-27T09:00:00Z", "2020-08-27T09:00:00Z"),
        ] {
            let cells = read(&table(&["h"], [vec![Cell::from(typed)]]));
            assert_eq!(cells[1], [written]);
        }
    }

    #[test]
    fn an_empty_cell_alone_is_still_a_line() {
        assert_eq!(read(&table(&["h"], [vec![Cell::from("")]])), [["h"], [""]]);
    }

    proptest! {
        #[test]
        fn a_reader_gets_the_same_cells(
            rows in prop::collection::vec(prop::collection::vec("[a-z ,;\"'\n\ré€]{0,8}", 3), 0..6),
        ) {
            let sent = rows.iter().map(|row| row.iter().map(|c| Cell::from(c.as_str())).collect());
            let got = read(&table(&["a", "b", "c"], sent));
            let wanted: Vec<Vec<String>> = rows
                .into_iter()
                .map(|row| row.into_iter().map(neutralised).collect())
                .collect();
            prop_assert_eq!(&got[1..], &wanted[..]);
        }

        #[test]
        fn nor_does_one_where_a_spreadsheet_splits_elsewhere(text in "[=+\\-@\t\r\n;,\" a]{0,12}") {
            let bytes = table(&["h"], [vec![Cell::from("x"), Cell::from(text), Cell::from("y")]]);
            for delimiter in [b';', b'\t'] {
                let mut reader = csv::ReaderBuilder::new();
                let mut reader = reader.has_headers(false).flexible(true).delimiter(delimiter).from_reader(&bytes[..]);
                for record in reader.records() {
                    for cell in &record.unwrap() {
                        prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell:?}");
                    }
                }
            }
        }

        #[test]
        fn no_cell_starts_a_formula(text in "[=+\\-@\t\r\n;,\"a]{0,12}") {
            let got = read(&table(&["h"], [vec![Cell::from(text)]]));
            prop_assert!(!got[1][0].starts_with(['=', '+', '-', '@', '\t', '\r']));
        }
    }
}
