//! What an import tells: the report, and the words of its faults.

use std::collections::{HashMap, HashSet};

use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::plan::{Outcome, Plan};
use super::super::roster::{MAX_NAME, Origin, Roster, RosterFault, RowFault};
use super::warnings::Warning;
use crate::http::{Code, Fault, Language, Problem};

/// Faults told at once; more help nobody.
const MOST_ERRORS: usize = 1_000;

/// What an import did, or would do.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "dry_run": false, "created": 1, "updated": 0, "unchanged": 0, "skipped": 1, "organisations_created": 1,
    "delimiter": "semicolon", "encoding": "windows-1252", "sheet": null, "other_sheets": [], "ignored_columns": ["Téléphone"],
    "rows": [
        {"line": 2, "email": "mariama@example.org", "outcome": "created", "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e"},
        {"line": 3, "email": null, "outcome": "skipped", "registration_id": null}
    ],
    "errors": [{"line": 3, "column": "email", "code": "invalid_email", "detail": "Ce n'est pas une adresse électronique complète.", "value": "awa@"}],
    "errors_total": 1, "warnings": [{"line": 2, "code": "same_name", "detail": "Quelqu'un d'autre a le même nom et la même organisation : peut-être la même personne.", "other_line": null, "registration_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50"}], "warnings_total": 1
}))]
pub struct ImportReport {
    dry_run: bool,
    created: usize,
    updated: usize,
    unchanged: usize,
    /// Lines with errors
    skipped: usize,
    organisations_created: usize,
    /// What separates its cells: `semicolon`, `comma` or `tab`; null for a workbook
    delimiter: Option<&'static str>,
    /// `utf-8`, `utf-16` or `windows-1252`; null for a workbook
    encoding: Option<&'static str>,
    /// The sheet that was read, of a workbook
    sheet: Option<String>,
    /// Its further sheets with a column of addresses, of which nothing was read
    other_sheets: Vec<String>,
    /// Columns that mean nothing here, as written
    ignored_columns: Vec<String>,
    /// Every line of the file that is not empty
    rows: Vec<ImportedRow>,
    /// What is wrong with the lines skipped, the first 1,000
    errors: Vec<ImportError>,
    errors_total: usize,
    /// What to look at, though it hinders nothing, the first 1,000
    warnings: Vec<ImportWarning>,
    warnings_total: usize,
}

/// What to look at in one line: most often a likely double.
#[derive(Serialize, ToSchema)]
pub struct ImportWarning {
    line: u64,
    /// `same_name`, `plus_alias` or `merged`
    code: &'static str,
    /// In the language asked for
    detail: String,
    /// The line of the other one, where it is in the file
    other_line: Option<u64>,
    /// The other one, where it is registered
    registration_id: Option<Uuid>,
}

/// What became of one line.
#[derive(Serialize, ToSchema)]
pub struct ImportedRow {
    /// Where it starts in the file, as an editor counts, or its row in the sheet
    line: u64,
    /// As it was typed; null where the line was skipped
    email: Option<String>,
    outcome: ImportOutcome,
    /// Null where the line was skipped, and for a new one in a dry run
    registration_id: Option<Uuid>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    Created,
    Updated,
    Unchanged,
    Skipped,
}

/// What is wrong with one line.
#[derive(Serialize, ToSchema)]
pub struct ImportError {
    line: u64,
    /// `email`, `name`, `role`, `organisation`, `category`, `delegate` or `language`; null for the whole line
    column: Option<&'static str>,
    /// Stable, never translated
    code: &'static str,
    /// In the language asked for
    detail: String,
    /// The cell, shortened
    value: Option<String>,
}

pub fn count(plan: &Plan<'_>, outcome: Outcome) -> usize {
    plan.changes.iter().filter(|change| change.outcome == outcome).count()
}

pub fn report(
    roster: &Roster,
    plan: &Plan<'_>,
    (faults, warnings): (&[RowFault], Vec<Warning>),
    written: &HashMap<u64, Uuid>,
    dry_run: bool,
    language: Language,
) -> ImportReport {
    let skipped: HashSet<u64> = faults.iter().map(|fault| fault.line).collect();
    let done = plan.changes.iter().map(|change| ImportedRow {
        line: change.row.line,
        email: Some(change.row.email.typed().to_owned()),
        outcome: match change.outcome {
            Outcome::Created => ImportOutcome::Created,
            Outcome::Updated => ImportOutcome::Updated,
            Outcome::Unchanged => ImportOutcome::Unchanged,
        },
        registration_id: change.registration.or_else(|| written.get(&change.row.line).copied()),
    });
    let merged = plan.merged.iter().map(|(row, registration)| ImportedRow {
        line: row.line,
        email: Some(row.email.typed().to_owned()),
        outcome: ImportOutcome::Unchanged,
        registration_id: Some(*registration),
    });
    let left = skipped.iter().map(|line| ImportedRow {
        line: *line,
        email: None,
        outcome: ImportOutcome::Skipped,
        registration_id: None,
    });
    let mut rows: Vec<ImportedRow> = done.chain(merged).chain(left).collect();
    rows.sort_by_key(|row| row.line);
    let errors = faults.iter().take(MOST_ERRORS).map(|error| ImportError {
        line: error.line,
        column: error.column,
        code: error.code,
        detail: fault(error).body(language).detail,
        value: error.value.clone(),
    });
    let warnings_total = warnings.len();
    let warnings = warnings.into_iter().take(MOST_ERRORS).map(|warning| ImportWarning {
        line: warning.line,
        code: warning.code,
        detail: Fault::new("", warning.code).body(language).detail,
        other_line: warning.other_line,
        registration_id: warning.registration,
    });
    let (delimiter, encoding, sheet, other_sheets) = match &roster.origin {
        Origin::Text(delimiter, encoding) => (Some(delimiter.as_str()), Some(encoding.as_str()), None, Vec::new()),
        Origin::Sheet { name, others } => (None, None, Some(name.clone()), others.clone()),
    };
    ImportReport {
        dry_run,
        created: count(plan, Outcome::Created),
        updated: count(plan, Outcome::Updated),
        unchanged: count(plan, Outcome::Unchanged) + plan.merged.len(),
        skipped: skipped.len(),
        organisations_created: plan.organisations.len(),
        delimiter,
        encoding,
        sheet,
        other_sheets,
        ignored_columns: roster.ignored_columns.clone(),
        rows,
        errors: errors.collect(),
        errors_total: faults.len(),
        warnings: warnings.collect(),
        warnings_total,
    }
}

pub fn refused(faults: &[RowFault]) -> Problem {
    Problem::from(Code::InvalidRoster)
        .faults(faults.iter().take(MOST_ERRORS).map(fault).collect())
        .member("errors_total", faults.len())
}

/// The fault of a line, with the parameters of its words.
fn fault(of: &RowFault) -> Fault {
    let pointer = match of.column {
        Some(column) => format!("/rows/{}/{column}", of.line),
        None => format!("/rows/{}", of.line),
    };
    // 254 is that of addresses; names have 200.
    let max = if of.column == Some("email") { 254 } else { MAX_NAME };
    Fault::new(pointer, of.code)
        .with("max", max)
        .with("value", of.value.as_deref().unwrap_or_default())
}

/// The fault of the file as a whole.
pub fn whole_fault(of: &RosterFault) -> Fault {
    let told = Fault::new("", of.code());
    match of {
        RosterFault::UnreadableCsv { line: Some(line) } => told.with("line", line),
        RosterFault::DuplicateColumn(header) => told.with("header", header),
        _ => told,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::roster;
    use super::*;

    /// Every fault of every line of a sheet that has them all, and those of a file as a whole.
    fn faults() -> Vec<Fault> {
        let long = "x".repeat(300);
        let text = format!(
            "email;name;role;organisation;category;delegate;language\n;;;;;;\n\
             ;Awa;roi;Un;lune;peut-être;peul;trop\n{long}@x.org;{long};;;;;\nawa;A;;;;;\n\
             a@x.org;A\u{7}a;;Un;;yes;\na@x.org;A;;Un;;yes;\nb@x.org;B;;;;yes;\n\
             \u{430}wa@x.org;E;;;;;\ne\u{200B}@x.org;E;;;;;\n"
        );
        let roster = roster::read(text.as_bytes(), None).unwrap();
        let planned = ["organiser_keeps_role", "delegate_exists", "other_category"].map(|code| RowFault {
            line: 2,
            column: None,
            code,
            value: Some("donor".into()),
        });
        roster.faults.iter().chain(&planned).map(fault).collect()
    }

    #[test]
    fn every_fault_has_words_in_both_languages() {
        let whole = [
            RosterFault::EmptyFile,
            RosterFault::NotCsv,
            RosterFault::UnreadableCsv { line: Some(3) },
            RosterFault::UnreadableCsv { line: None },
            RosterFault::MissingEmailColumn,
            RosterFault::DuplicateColumn("Mél".into()),
            RosterFault::TooManyRows,
            RosterFault::DamagedWorkbook,
            RosterFault::EncryptedWorkbook,
            RosterFault::UnsupportedWorkbook,
            RosterFault::WorkbookTooLarge,
            RosterFault::UnknownSheet,
        ];
        let mut told: Vec<Fault> = faults();
        let codes: HashSet<String> = told.iter().map(|fault| fault.code.clone()).collect();
        assert_eq!(codes.len(), 16, "{codes:?}");
        told.extend(whole.iter().map(whole_fault));
        told.extend(["same_name", "plus_alias", "merged"].map(|code| Fault::new("", code)));
        for fault in told {
            for language in [Language::Fr, Language::En] {
                let words = fault.body(language).detail;
                assert!(
                    !words.is_empty() && !words.contains(['{', '}']),
                    "{}: {words}",
                    fault.code
                );
            }
        }
    }

    #[test]
    fn a_pointer_names_line_and_column() {
        let pointers: Vec<String> = faults().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers[..2], ["/rows/3/email", "/rows/3/role"]);
        assert!(pointers.contains(&"/rows/3".to_owned()));
    }
}
