//! Every change that can be made to a bundle, one at a time, each with the checks that must fail by
//! name; and every change that can be made to an anchor.

mod anchors;
mod lines;
mod notes;
mod values;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::desk::Desk;
use super::election::Election;
use crate::faults::tell;
use crate::independent::Bundle;
use crate::support::World;

struct Mutant {
    what: String,
    lines: Vec<String>,
    /// These fail, whatever else does.
    fail: Vec<&'static str>,
}

/// A bundle as it was fetched.
struct Original {
    lines: Vec<String>,
}

pub async fn all_fail(world: &World) {
    let election = Election::hold(world, "plurality", "auditors").await;
    let desk = Desk::new(&election);
    let text = String::from_utf8(election.bundle.clone()).expect("UTF-8");
    let original = Original {
        lines: text.lines().map(str::to_owned).collect(),
    };
    let mut mutants = original.manifest();
    mutants.extend(original.signatures());
    mutants.extend(original.checkpoint());
    mutants.extend(original.roll_and_votes());
    mutants.extend(original.record_and_tally());
    mutants.extend(original.shapes());
    mutants.extend(original.orders());
    assert!(mutants.len() > 200, "only {} mutants", mutants.len());
    let mut caught: BTreeMap<&str, usize> = BTreeMap::new();
    for check in mutants.iter().flat_map(|mutant| &mutant.fail) {
        *caught.entry(check).or_default() += 1;
    }
    tell(&format!(
        "{} changed bundles; how many must fail by which check: {caught:#?}",
        mutants.len()
    ));
    for mutant in mutants {
        let bytes: String = mutant.lines.iter().map(|line| format!("{line}\n")).collect();
        fails(&desk, bytes.as_bytes(), &mutant.what, &mutant.fail).await;
    }
    // Cut anywhere, and begun anywhere.
    let size = election.bundle.len();
    for cut in [1, 2, size / 3, size / 2, size - 2, size - 1] {
        fails(&desk, &election.bundle[..cut], "cut", &["format", "complete"]).await;
        fails(&desk, &election.bundle[cut..], "begun late", &["complete"]).await;
    }
    desk.save("bundle", &election.bundle);
    anchors::all_fail(&desk, &election).await;
    // And the original is what it was.
    desk.verify(&desk.all_anchors()).await.ends(0);
}

async fn fails(desk: &Desk, bundle: &[u8], what: &str, expected: &[&str]) {
    desk.save("bundle", bundle);
    let told = desk.verify(&[""; 0]).await;
    let failed = told.failed();
    let named = expected.iter().all(|name| failed.contains(name));
    assert!(
        told.code == Some(1) && named,
        "{what}: expected {expected:?}, got {}",
        told.output
    );
    assert!(Bundle::read(bundle).is_err(), "{what} passes by the other program");
}

/// The members of a JSON text without members of their own, by pointer; empty lists are such too.
fn leaves(value: &Value) -> Vec<String> {
    let inner = |members: Vec<(String, &Value)>| -> Vec<String> {
        let deeper = |(name, member): (String, &Value)| {
            let leaves = leaves(member).into_iter();
            leaves.map(move |leaf| format!("/{name}{leaf}")).collect::<Vec<_>>()
        };
        members.into_iter().flat_map(deeper).collect()
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            inner(members.iter().map(|(name, member)| (name.clone(), member)).collect())
        }
        Value::Array(items) if !items.is_empty() => inner(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| (index.to_string(), item))
                .collect(),
        ),
        _ => vec![String::new()],
    }
}

/// Another value of the same kind.
fn another(value: &Value) -> Value {
    match value {
        Value::Null => json!("x"),
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_u64().expect("a count") + 1),
        Value::String(text) => json!(another_text(text)),
        Value::Array(_) | Value::Object(_) => json!(["x"]),
    }
}

/// With another last letter or digit.
fn another_text(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    match characters
        .iter_mut()
        .rev()
        .find(|character| character.is_alphanumeric())
    {
        Some(last) => *last = if *last == 'a' { 'b' } else { 'a' },
        None => characters.push('a'),
    }
    characters.into_iter().collect()
}

impl Original {
    fn value(&self, place: usize) -> Value {
        serde_json::from_str(&self.lines[place]).expect("JSON")
    }

    /// Where the lines of a kind stand.
    fn places(&self, kind: &str) -> Vec<usize> {
        let of_kind = |place: &usize| self.value(*place).get(kind).is_some();
        (0..self.lines.len()).filter(of_kind).collect()
    }

    fn place(&self, kind: &str) -> usize {
        self.places(kind)[0]
    }

    fn mutant(&self, what: impl Into<String>, lines: Vec<String>, fail: &[&'static str]) -> Mutant {
        let what = what.into();
        assert_ne!(lines, self.lines, "{what} changes nothing");
        let fail = fail.to_vec();
        Mutant { what, lines, fail }
    }

    fn with_line(&self, what: impl Into<String>, place: usize, line: String, fail: &[&'static str]) -> Mutant {
        let mut lines = self.lines.clone();
        lines[place] = line;
        self.mutant(what, lines, fail)
    }

    /// One value of a line is another.
    fn with(&self, place: usize, pointer: &str, value: Value, fail: &[&'static str]) -> Mutant {
        let mut line = self.value(place);
        *line.pointer_mut(pointer).expect("a value") = value;
        self.with_line(format!("line {place} {pointer}"), place, line.to_string(), fail)
    }

    /// One value of the JSON text that a line holds is another.
    fn with_inner(&self, kind: &str, pointer: &str, value: Value, fail: &[&'static str]) -> Mutant {
        let place = self.place(kind);
        let held = self.value(place)[kind].as_str().expect("a text").to_owned();
        let (json, rest) = held.split_at(held.find('\n').unwrap_or(held.len()));
        let mut inner: Value = serde_json::from_str(json).expect("JSON");
        *inner.pointer_mut(pointer).expect("a value") = value;
        let line = json!({ kind: format!("{inner}{rest}") });
        self.with_line(format!("{kind} {pointer}"), place, line.to_string(), fail)
    }

    fn inner(&self, kind: &str) -> Value {
        let held = self.value(self.place(kind))[kind].as_str().expect("a text").to_owned();
        serde_json::from_str(held.lines().next().expect("a line")).expect("JSON")
    }
}
