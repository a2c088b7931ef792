//! By the order of rows, by times, and by values that stand beside both.

use std::collections::{HashMap, HashSet};

use super::{Attempt, NOTHING, Ordered, distinct, first_of_each, pairings, watched};
use crate::secrecy::evidence::{Evidence, Table};

/// Numbers by their value, places within a file by page and item, anything else as text.
fn key(cell: &str) -> (u128, &str) {
    if let Ok(number) = cell.parse::<u64>() {
        return (number.into(), "");
    }
    let place = cell
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')')?.split_once(','));
    if let Some((page, item)) = place
        && let (Ok(page), Ok(item)) = (page.parse::<u64>(), item.parse::<u64>())
    {
        return (u128::from(page) << 64 | u128::from(item), "");
    }
    (u128::MAX, cell)
}

/// The rows of a table in every order that can be given to them.
fn row_orders(table: &Table) -> Vec<(String, Vec<usize>)> {
    let mut orders = vec![(table.name.clone(), (0..table.rows.len()).collect::<Vec<_>>())];
    for (column, name) in table.columns.iter().enumerate() {
        let mut order: Vec<usize> = (0..table.rows.len()).collect();
        order.sort_by_key(|row| key(&table.rows[*row].cells[column]));
        orders.push((format!("{} by {name}", table.name), order));
    }
    orders
}

fn voter_orders(evidence: &Evidence, table: &Table) -> Vec<Ordered> {
    let orders = row_orders(table).into_iter().map(|(by, rows)| {
        let voters = first_of_each(rows.iter().filter_map(|row| table.rows[*row].voter()));
        (by, voters)
    });
    orders
        .filter(|(_, voters)| voters.len() * 2 >= evidence.truth.len())
        .collect()
}

fn choice_orders(evidence: &Evidence, table: &Table) -> Vec<Ordered> {
    let orders = row_orders(table).into_iter().map(|(by, rows)| {
        let choices = rows.iter().filter_map(|row| table.rows[*row].choice(&evidence.truth));
        (by, choices.collect::<Vec<_>>())
    });
    orders
        .filter(|(_, choices)| choices.len() * 2 >= evidence.truth.len())
        .collect()
}

pub fn orders_of_rows(evidence: &Evidence) -> Vec<Attempt> {
    let of_voters = evidence.tables.iter().flat_map(|table| voter_orders(evidence, table));
    let voters = distinct([watched(evidence)].into_iter().chain(of_voters).collect());
    let of_choices = evidence.tables.iter().flat_map(|table| choice_orders(evidence, table));
    let choices = distinct(of_choices.collect());
    pairings("order of rows", evidence, &voters, &choices)
}

/// Someone kept the sealed rows of an open ballot, and holds their order against the opened ones.
pub fn sealed_against_opened(evidence: &Evidence) -> Vec<Attempt> {
    let sealed = |table: &&Table| {
        let mut hits = table.rows.iter().flat_map(|row| &row.hits);
        hits.any(|hit| hit.kind == "mark")
    };
    let of_voters = evidence.tables.iter().filter(sealed);
    let voters = distinct(of_voters.flat_map(|table| voter_orders(evidence, table)).collect());
    let of_choices = evidence.tables.iter().flat_map(|table| choice_orders(evidence, table));
    pairings(
        "old copy against opened rows",
        evidence,
        &voters,
        &distinct(of_choices.collect()),
    )
}

/// The time in a cell: microseconds of our century, or the time in an identifier.
fn time(cell: &str) -> Option<u128> {
    if let Ok(micros) = cell.parse::<u64>() {
        let century = 946_684_800_000_000..4_102_444_800_000_000;
        return century.contains(&micros).then(|| micros.into());
    }
    let id = uuid::Uuid::parse_str(cell).ok()?;
    (id.get_version_num() == 7).then(|| id.as_u128() >> 80)
}

pub fn times(evidence: &Evidence) -> Vec<Attempt> {
    let mut choices = Vec::new();
    for table in &evidence.tables {
        for (column, name) in table.columns.iter().enumerate() {
            let timed = table.rows.iter().filter_map(|row| {
                let choice = row.choice(&evidence.truth)?;
                Some((time(&row.cells[column])?, choice))
            });
            let mut timed: Vec<(u128, usize)> = timed.collect();
            timed.sort_by_key(|(time, _)| *time);
            if timed.first().map(|first| first.0) != timed.last().map(|last| last.0) {
                let choices_in_time = timed.into_iter().map(|(_, choice)| choice).collect();
                choices.push((format!("{} by time of {name}", table.name), choices_in_time));
            }
        }
    }
    pairings("time", evidence, &[watched(evidence)], &distinct(choices))
}

/// Values that stand both beside a voter and beside a choice, in full or in their beginning.
pub fn equal_values(evidence: &Evidence) -> Vec<Attempt> {
    const BEGINNING: usize = 10;
    let mut attempts = Vec::new();
    for (whole, what) in [(true, "equal"), (false, "beginning alike")] {
        let cut = |cell: &str| {
            // PostgreSQL marks bytes by a prefix.
            let cell = cell.strip_prefix("\\x").unwrap_or(cell);
            if whole {
                cell.to_owned()
            } else {
                cell.chars().take(BEGINNING).collect()
            }
        };
        let mut shown: HashMap<String, HashSet<usize>> = HashMap::new();
        for table in &evidence.tables {
            for row in &table.rows {
                let Some(choice) = row.choice(&evidence.truth) else {
                    continue;
                };
                for cell in row.cells.iter().filter(|cell| cell.len() >= BEGINNING) {
                    shown.entry(cut(cell)).or_default().insert(choice);
                }
            }
        }
        for table in &evidence.tables {
            let mut guess = vec![NOTHING; evidence.truth.len()];
            for row in &table.rows {
                let Some(voter) = row.voter() else { continue };
                let cells = row.cells.iter().filter(|cell| cell.len() >= BEGINNING);
                for choices in cells.filter_map(|cell| shown.get(&cut(cell))) {
                    // A value that stands beside several choices tells none of them.
                    if let [choice] = choices.iter().copied().collect::<Vec<_>>()[..] {
                        guess[voter] = choice;
                    }
                }
            }
            attempts.push(Attempt {
                attack: "equal values",
                by: format!("{} and any other, {what}", table.name),
                guess,
            });
        }
    }
    attempts
}
