//! From the cells of a record to a row, or to all of its faults at once.

use std::collections::{BTreeSet, HashMap};

use csv::StringRecord;

use crate::identity::address::EmailAddress;

use super::columns::{Columns, Field};
use super::text::{fold_name, is_unprintable, shorten, tidy};
use super::{MAX_NAME, Origin, Roster, Row, RowFault, words};

pub(super) struct Reader {
    columns: Columns,
    /// Columns without a header in which something stands.
    unnamed: BTreeSet<usize>,
    rows: Vec<Row>,
    faults: Vec<RowFault>,
    /// The line on which an address, or an organisation with its delegate, was first met. Faulty
    /// lines count too: once corrected they would collide.
    addresses: HashMap<String, u64>,
    delegates: HashMap<String, u64>,
}

impl Reader {
    pub(super) fn new(columns: Columns) -> Self {
        Self {
            columns,
            unnamed: BTreeSet::new(),
            rows: Vec::new(),
            faults: Vec::new(),
            addresses: HashMap::new(),
            delegates: HashMap::new(),
        }
    }

    pub(super) fn finish(self, origin: Origin) -> Roster {
        let mut ignored = self.columns.ignored;
        ignored.extend(self.unnamed.iter().map(|index| format!("#{}", index + 1)));
        Roster {
            rows: self.rows,
            faults: self.faults,
            ignored_columns: ignored,
            origin,
        }
    }

    pub(super) fn add(&mut self, line: u64, cells: &StringRecord) {
        let filled = |index: &&usize| cells.get(**index).is_some_and(|cell| !cell.trim().is_empty());
        self.unnamed.extend(self.columns.unnamed.iter().filter(filled));
        let mut record = Record {
            line,
            cells,
            columns: &self.columns,
            faults: Vec::new(),
        };
        let email = record.email(&mut self.addresses);
        let name = record.name();
        let role = record.word(Field::Role, words::role, "unknown_role");
        let organisation = record.organisation();
        let category = record.word(Field::Category, words::category, "unknown_category");
        let delegate = record.delegate(organisation.as_deref(), &mut self.delegates);
        let language = record.word(Field::Language, words::language, "unknown_language");
        record.check_width();
        match email {
            Some(email) if record.faults.is_empty() => self.rows.push(Row {
                line,
                email,
                name,
                role,
                organisation,
                category,
                delegate,
                language,
            }),
            _ => self.faults.append(&mut record.faults),
        }
    }
}

struct Record<'r> {
    line: u64,
    cells: &'r StringRecord,
    columns: &'r Columns,
    faults: Vec<RowFault>,
}

impl<'r> Record<'r> {
    fn fault(&mut self, field: Option<Field>, code: &'static str, value: &str) {
        self.faults.push(RowFault {
            line: self.line,
            column: field.map(Field::code),
            code,
            value: (!value.is_empty()).then(|| shorten(value)),
        });
    }

    fn cell(&self, field: Field) -> &'r str {
        self.columns.cell(field, self.cells)
    }

    fn email(&mut self, seen: &mut HashMap<String, u64>) -> Option<EmailAddress> {
        let cell = self.cell(Field::Email);
        if cell.is_empty() {
            self.fault(Some(Field::Email), "required", "");
            return None;
        }
        match EmailAddress::parse(cell) {
            Ok(email) => {
                self.first_time(email.canonical(), seen, Field::Email, "duplicate_email");
                Some(email)
            }
            Err(fault) => {
                self.fault(Some(Field::Email), fault.code(), cell);
                None
            }
        }
    }

    /// A list of bare addresses is a roster; a gap in a column of names is an oversight.
    fn name(&mut self) -> String {
        let columns = self.columns;
        let mut full = tidy(self.cell(Field::FullName));
        let mut last = tidy(self.cell(Field::LastName));
        let name = tidy(self.cell(Field::Name));
        if columns.has(Field::FirstName) && !columns.has(Field::LastName) {
            last = name;
        } else if full.is_empty() {
            full = name;
        }
        if full.is_empty() {
            full = tidy(&format!("{} {last}", self.cell(Field::FirstName)));
        }
        let expected = [Field::Name, Field::FullName, Field::FirstName, Field::LastName]
            .into_iter()
            .any(|field| columns.has(field));
        if full.is_empty() && expected {
            self.fault(Some(Field::Name), "required", "");
        }
        self.check_text(Field::Name, &full);
        full
    }

    fn organisation(&mut self) -> Option<String> {
        let text = tidy(self.cell(Field::Organisation));
        self.check_text(Field::Organisation, &text);
        (!text.is_empty()).then_some(text)
    }

    /// A delegate speaks for an organisation, and is the only one to.
    fn delegate(&mut self, organisation: Option<&str>, seen: &mut HashMap<String, u64>) -> Option<bool> {
        let delegate = self.word(Field::Delegate, words::yes_or_no, "not_yes_or_no");
        let speaks = delegate == Some(true);
        match organisation {
            Some(name) if speaks => {
                self.first_time(&fold_name(name), seen, Field::Delegate, "two_delegates");
            }
            None if speaks => self.fault(Some(Field::Organisation), "required", ""),
            _ => {}
        }
        delegate
    }

    fn word<T>(&mut self, field: Field, parse: fn(&str) -> Option<T>, code: &'static str) -> Option<T> {
        let cell = self.cell(field);
        if cell.is_empty() {
            return None;
        }
        let word = parse(cell);
        if word.is_none() {
            self.fault(Some(field), code, cell);
        }
        word
    }

    fn check_text(&mut self, field: Field, text: &str) {
        if text.chars().any(is_unprintable) {
            self.fault(Some(field), "control_characters", text);
        }
        if text.chars().count() > MAX_NAME {
            self.fault(Some(field), "too_long", text);
        }
    }

    fn first_time(&mut self, key: &str, seen: &mut HashMap<String, u64>, field: Field, code: &'static str) {
        let line = self.line;
        let first = *seen.entry(key.to_owned()).or_insert(line);
        if first != line {
            self.fault(Some(field), code, &first.to_string());
        }
    }

    /// Most often a delimiter inside a cell that was not quoted: everything after it has moved.
    fn check_width(&mut self) {
        let beyond = self.cells.iter().skip(self.columns.width);
        if let Some(cell) = beyond.map(str::trim).find(|cell| !cell.is_empty()) {
            self.fault(None, "too_many_fields", cell);
        }
    }
}
