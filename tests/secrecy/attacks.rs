//! The attacks: from what was got hold of to a guess of who voted what. They know nothing of
//! Palabre's tables; whatever shows a voter is held against whatever shows a choice.
//!
//! The attacker knows the order of voting, and is granted who stands behind every mark, sealed row
//! and line of the roll: where these can be told by watching, they count as the voter's name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::chance::{Band, NOTHING, band, matches};
use super::evidence::{Evidence, Place, Table, choice};
use super::tokens::{Hit, Subject};

/// One way to guess.
pub struct Attempt {
    pub attack: &'static str,
    pub by: String,
    pub guess: Vec<usize>,
}

impl Attempt {
    pub fn matches(&self, truth: &[usize]) -> usize {
        matches(&self.guess, truth)
    }

    pub fn band(&self, truth: &[usize]) -> Band {
        band(&self.guess, truth)
    }
}

/// Everything that can be tried with this evidence; equal guesses of one attack once.
pub fn all(evidence: &Evidence) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    attempts.extend(orders_of_rows(evidence));
    attempts.extend(sealed_against_opened(evidence));
    for log in [false, true] {
        attempts.extend(places(evidence, log));
        attempts.extend(neighbours(evidence, log));
    }
    attempts.extend(log_order(evidence));
    attempts.extend(transactions(evidence));
    attempts.extend(times(evidence));
    attempts.extend(equal_values(evidence));
    attempts.extend(sizes(evidence));
    let mut seen = HashSet::new();
    attempts.retain(|attempt| {
        let says_something = attempt.guess.iter().any(|class| *class != NOTHING);
        says_something && seen.insert((attempt.attack, attempt.guess.clone()))
    });
    attempts
}

/// Something in an order, and what it was ordered by.
type Ordered = (String, Vec<usize>);

/// The first of these voters chose the first of these choices, and so on.
fn pair(voters: &[usize], choices: &[usize], number: usize) -> Vec<usize> {
    let mut guess = vec![NOTHING; number];
    for (voter, choice) in voters.iter().zip(choices) {
        guess[*voter] = *choice;
    }
    guess
}

/// Every order of voters against every order of choices.
fn pairings(attack: &'static str, evidence: &Evidence, voters: &[Ordered], choices: &[Ordered]) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for (by_voter, voters) in voters {
        for (by_choice, choices) in choices {
            attempts.push(Attempt {
                attack,
                by: format!("{by_voter} against {by_choice}"),
                guess: pair(voters, choices, evidence.truth.len()),
            });
        }
    }
    attempts
}

fn distinct(mut orders: Vec<Ordered>) -> Vec<Ordered> {
    let mut seen = HashSet::new();
    orders.retain(|(_, order)| seen.insert(order.clone()));
    orders
}

/// The order that the attacker has watched.
fn watched(evidence: &Evidence) -> Ordered {
    ("order of voting".to_owned(), (0..evidence.truth.len()).collect())
}

fn first_of_each(items: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(*item)).collect()
}

// --- Rows ----------------------------------------------------------------------------------------

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

fn orders_of_rows(evidence: &Evidence) -> Vec<Attempt> {
    let of_voters = evidence.tables.iter().flat_map(|table| voter_orders(evidence, table));
    let voters = distinct([watched(evidence)].into_iter().chain(of_voters).collect());
    let of_choices = evidence.tables.iter().flat_map(|table| choice_orders(evidence, table));
    let choices = distinct(of_choices.collect());
    pairings("order of rows", evidence, &voters, &choices)
}

/// Someone kept the sealed rows of an open ballot, and holds their order against the opened ones.
fn sealed_against_opened(evidence: &Evidence) -> Vec<Attempt> {
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

fn times(evidence: &Evidence) -> Vec<Attempt> {
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
fn equal_values(evidence: &Evidence) -> Vec<Attempt> {
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

// --- Transactions --------------------------------------------------------------------------------

/// What a transaction shows of voters and of choices belongs together.
#[derive(Default)]
struct Together {
    voters: Vec<usize>,
    choices: Vec<usize>,
}

fn joined<K: Ord>(
    by: String,
    evidence: &Evidence,
    voters: impl Iterator<Item = (K, usize)>,
    choices: impl Iterator<Item = (K, usize)>,
) -> Attempt {
    let mut together: BTreeMap<K, Together> = BTreeMap::new();
    for (transaction, voter) in voters {
        together.entry(transaction).or_default().voters.push(voter);
    }
    for (transaction, choice) in choices {
        together.entry(transaction).or_default().choices.push(choice);
    }
    let mut guess = vec![NOTHING; evidence.truth.len()];
    for pair in together.into_values() {
        for (voter, choice) in pair.voters.into_iter().zip(pair.choices) {
            guess[voter] = choice;
        }
    }
    Attempt {
        attack: "transaction",
        by,
        guess,
    }
}

fn transactions(evidence: &Evidence) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let marks = |table: &Table| {
        let columns = table.columns.iter().enumerate();
        let marks = columns.filter(|(_, name)| matches!(name.as_str(), "xmin" | "xmax"));
        marks.map(|(column, name)| (column, name.clone())).collect::<Vec<_>>()
    };
    for of_voters in &evidence.tables {
        for of_choices in &evidence.tables {
            if of_voters.rows.iter().all(|row| row.voter().is_none())
                || of_choices.rows.iter().all(|row| row.choice(&evidence.truth).is_none())
            {
                continue;
            }
            for (voter_column, voter_mark) in marks(of_voters) {
                for (choice_column, choice_mark) in marks(of_choices) {
                    let voters = of_voters.rows.iter();
                    let voters = voters.filter_map(|row| Some((row.cells[voter_column].as_str(), row.voter()?)));
                    let choices = of_choices.rows.iter();
                    let choices = choices
                        .filter_map(|row| Some((row.cells[choice_column].as_str(), row.choice(&evidence.truth)?)));
                    attempts.push(joined(
                        format!(
                            "{voter_mark} of {} = {choice_mark} of {}",
                            of_voters.name, of_choices.name
                        ),
                        evidence,
                        voters,
                        choices,
                    ));
                }
            }
        }
    }
    attempts.extend(log_transactions(evidence));
    attempts
}

/// By kind of what names voters: the one whom a transaction of the write-ahead log shows.
fn log_transactions(evidence: &Evidence) -> Vec<Attempt> {
    let mut choices = Vec::new();
    let mut voters: BTreeMap<&'static str, Vec<(usize, usize)>> = BTreeMap::new();
    for (number, commit) in evidence.commits.iter().enumerate() {
        let mut kinds: BTreeMap<&'static str, BTreeSet<usize>> = BTreeMap::new();
        for hit in &commit.hits {
            if let Subject::Voter(voter) = hit.subject {
                kinds.entry(hit.kind).or_default().insert(voter);
            }
            choices.extend(choice(hit, &evidence.truth).map(|choice| (number, choice)));
        }
        for (kind, named) in kinds.into_iter().filter(|(_, named)| named.len() == 1) {
            voters
                .entry(kind)
                .or_default()
                .extend(named.into_iter().map(|voter| (number, voter)));
        }
    }
    let by_kind = voters.into_iter().map(|(kind, voters)| {
        let by = format!("{kind} in one transaction of the log");
        joined(by, evidence, voters.into_iter(), choices.iter().copied())
    });
    by_kind.collect()
}

fn first_voters(hits: &[Hit]) -> Vec<usize> {
    first_of_each(hits.iter().filter_map(|hit| match hit.subject {
        Subject::Voter(voter) => Some(voter),
        _ => None,
    }))
}

/// What came into the write-ahead log in which order.
fn log_order(evidence: &Evidence) -> Vec<Attempt> {
    let hits: Vec<Hit> = evidence
        .commits
        .iter()
        .flat_map(|commit| commit.hits.iter().copied())
        .collect();
    let (mut voters, choices) = hit_orders("the write-ahead log", evidence, &hits);
    voters.insert(0, watched(evidence));
    pairings(
        "order in the write-ahead log",
        evidence,
        &distinct(voters),
        &distinct(choices),
    )
}

// --- Places --------------------------------------------------------------------------------------

/// By kind of what names them, the voters and the choices in the order in which hits first show them.
fn hit_orders(by: &str, evidence: &Evidence, hits: &[Hit]) -> (Vec<Ordered>, Vec<Ordered>) {
    let mut kinds: BTreeMap<&'static str, Vec<Hit>> = BTreeMap::new();
    for hit in hits {
        kinds.entry(hit.kind).or_default().push(*hit);
    }
    let (mut voters, mut choices) = (Vec::new(), Vec::new());
    for (kind, hits) in kinds {
        let order = first_voters(&hits);
        let votes = hits.iter().filter_map(|hit| match hit.subject {
            Subject::Vote(vote) => Some(vote),
            _ => None,
        });
        let mut order_of_choices: Vec<usize> = first_of_each(votes).iter().map(|vote| evidence.truth[*vote]).collect();
        if order_of_choices.is_empty() {
            order_of_choices = hits.iter().filter_map(|hit| choice(hit, &evidence.truth)).collect();
        }
        let by = format!("{kind} in {by}");
        if order.len() * 2 >= evidence.truth.len() {
            voters.push((by.clone(), order));
        }
        if order_of_choices.len() * 2 >= evidence.truth.len() {
            choices.push((by, order_of_choices));
        }
    }
    (voters, choices)
}

/// Orders within one file; and the order of sealed rows in any file, an old copy above all, against
/// that of opened ones in any other.
fn places(evidence: &Evidence, log: bool) -> Vec<Attempt> {
    let attack = if log { "order in logs" } else { "place in files" };
    let (mut attempts, mut sealed, mut all_choices) = (Vec::new(), Vec::new(), Vec::new());
    for place in evidence.places.iter().filter(|place| place.log == log) {
        let (mut voters, mut choices) = (vec![watched(evidence)], Vec::new());
        // Databases fill their pages from the end.
        let mut reversed = place.hits.clone();
        reversed.sort_by_key(|hit| (hit.at / evidence.page, std::cmp::Reverse(hit.at)));
        for hits in [&place.hits, &reversed] {
            let (more_voters, more_choices) = hit_orders(&place.name, evidence, hits);
            voters.extend(more_voters);
            choices.extend(more_choices);
            if log {
                break;
            }
        }
        let whole = |order: &Ordered| order.1.len() == evidence.truth.len();
        let of_sealed = |by: &str| by.starts_with("mark") || by.starts_with("sealed");
        let sealed_here = voters.iter().filter(|order| of_sealed(&order.0) && whole(order));
        sealed.extend(sealed_here.cloned());
        all_choices.extend(choices.iter().filter(|order| whole(order)).cloned());
        attempts.extend(pairings(attack, evidence, &distinct(voters), &distinct(choices)));
    }
    attempts.extend(pairings(attack, evidence, &distinct(sealed), &distinct(all_choices)));
    attempts
}

/// Further away than this, two things are not beside each other.
const REACH: usize = 2048;

fn neighbours(evidence: &Evidence, log: bool) -> Vec<Attempt> {
    let attack = if log {
        "neighbours in logs"
    } else {
        "neighbours in files"
    };
    let mut attempts = Vec::new();
    for place in evidence.places.iter().filter(|place| place.log == log) {
        for single in [true, false] {
            for (before, after, side) in [
                (true, true, "nearest"),
                (true, false, "before"),
                (false, true, "behind"),
            ] {
                attempts.push(Attempt {
                    attack,
                    by: format!(
                        "{side} {} in {}",
                        if single { "a vote" } else { "a choice" },
                        place.name
                    ),
                    guess: beside(evidence, place, single, before, after),
                });
            }
        }
    }
    attempts
}

/// Beside each vote (or each choice), the voter who is named nearest to it on the sides looked at.
fn beside(evidence: &Evidence, place: &Place, single: bool, before: bool, after: bool) -> Vec<usize> {
    let named: Vec<(usize, usize)> = place
        .hits
        .iter()
        .filter_map(|hit| match hit.subject {
            Subject::Voter(voter) => Some((hit.at, voter)),
            _ => None,
        })
        .collect();
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for hit in &place.hits {
        let choice = match hit.subject {
            Subject::Vote(vote) if single => evidence.truth[vote],
            Subject::Choice(choice) if !single => choice,
            _ => continue,
        };
        let next = named.partition_point(|(at, _)| *at < hit.at);
        let previous = next.checked_sub(1).filter(|_| before).map(|index| named[index]);
        let following = named.get(next).copied().filter(|_| after);
        let near = [previous, following].into_iter().flatten();
        let near = near.map(|(at, voter)| (at.abs_diff(hit.at), voter)).min();
        if let Some((_, voter)) = near.filter(|(distance, _)| *distance <= REACH) {
            *counts.entry((voter, choice)).or_default() += 1;
        }
    }
    let mut best = vec![(0, NOTHING); evidence.truth.len()];
    for ((voter, choice), count) in counts {
        best[voter] = best[voter].max((count, choice));
    }
    best.into_iter().map(|(_, choice)| choice).collect()
}

// --- Sizes ---------------------------------------------------------------------------------------

/// Longer choices make longer traces; how many chose what is known once the tally is.
fn sizes(evidence: &Evidence) -> Vec<Attempt> {
    let mut by_length: Vec<usize> = evidence.truth.clone();
    by_length.sort_by_key(|choice| (evidence.lengths[*choice], *choice));
    let from_sizes = |attack, of: &str, mut sizes: Vec<(usize, i64)>| {
        sizes.sort_by_key(|(voter, size)| (*size, *voter));
        let voters: Vec<usize> = sizes.into_iter().map(|(voter, _)| voter).collect();
        let (known, all) = (voters.len(), by_length.len());
        // Where some are not known, the others are taken to be spread like all.
        let choices: Vec<usize> = (0..known).map(|place| by_length[place * all / known]).collect();
        (known * 2 >= all).then(|| Attempt {
            attack,
            by: of.to_owned(),
            guess: pair(&voters, &choices, all),
        })
    };
    let mut attempts = Vec::new();
    for sizes in &evidence.sizes {
        attempts.extend(from_sizes(sizes.attack, &sizes.of, sizes.sizes.clone()));
    }
    for table in &evidence.tables {
        for (column, name) in table.columns.iter().enumerate() {
            let mut lengths = BTreeMap::new();
            for row in &table.rows {
                if let Some(voter) = row.voter() {
                    *lengths.entry(voter).or_insert(0) += row.cells[column].len() as i64;
                }
            }
            let of = format!("{name} of {}", table.name);
            attempts.extend(from_sizes("size of stored rows", &of, lengths.into_iter().collect()));
        }
    }
    let mut written: BTreeMap<(&'static str, usize), i64> = BTreeMap::new();
    for commit in &evidence.commits {
        for hit in &commit.hits {
            if let Subject::Voter(voter) = hit.subject {
                written.entry((hit.kind, voter)).or_insert(commit.size);
            }
        }
    }
    let kinds: BTreeSet<&'static str> = written.keys().map(|(kind, _)| *kind).collect();
    for kind in kinds {
        let of = format!("transaction with {kind}");
        let sizes = written.iter().filter(|((of, _), _)| *of == kind);
        let sizes = sizes.map(|((_, voter), size)| (*voter, *size)).collect();
        attempts.extend(from_sizes("size in the write-ahead log", &of, sizes));
    }
    attempts
}
