//! Every change that can be made to a bundle, one at a time, each with the checks that must fail by
//! name; and every change that can be made to an anchor.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::desk::Desk;
use super::election::Election;
use crate::independent::Bundle;
use crate::support::World;

/// Of a line of the checkpoint, how, and what fails.
type Change = (usize, fn(&str) -> String, &'static [&'static str]);

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

const KINDS: [&str; 7] = [
    "manifest",
    "roll",
    "vote_hash",
    "closing_record",
    "checkpoint",
    "opening",
    "tally",
];

pub async fn all_fail(world: &World) {
    let election = Election::hold(world, "plurality", "auditors").await;
    let desk = Desk::new(&election);
    let text = String::from_utf8(election.bundle.clone()).expect("UTF-8");
    let original = Original {
        lines: text.lines().map(str::to_owned).collect(),
    };
    let mut mutants = original.notes();
    mutants.extend(original.roll_and_votes());
    mutants.extend(original.record_and_tally());
    mutants.extend(original.shapes());
    mutants.extend(original.orders());
    assert!(mutants.len() > 200, "only {} mutants", mutants.len());
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
    anchors_fail(&desk, &election).await;
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

    /// Every field of the manifest and the checkpoint, and all of their signatures.
    fn notes(&self) -> Vec<Mutant> {
        let manifest = self.inner("manifest");
        let mut mutants = Vec::new();
        for pointer in leaves(&manifest) {
            let value = manifest.pointer(&pointer).expect("a value");
            let (value, fail): (Value, &[&str]) = match pointer.as_str() {
                "/format" | "/origin" | "/ballot_id" | "/verifier_key" | "/instance_key" => {
                    (another(value), &["manifest", "tree_root"])
                }
                "/max_grade" => (json!(5), &["manifest", "tree_root"]),
                "/unit" => (json!("organisation"), &["manifest_signature", "tree_root"]),
                "/quorum_percent" => (json!(51), &["manifest_signature", "tree_root"]),
                "/kind" => (json!("logo"), &["manifest_signature", "tree_root"]),
                "/method" => (
                    json!("approval"),
                    &["manifest_signature", "choices", "count", "tree_root"],
                ),
                "/openings" => (json!("public"), &["manifest_signature", "tree_root"]),
                "/opened_at" => (
                    json!("2020-08-27T09:00:00Z"),
                    &["manifest_signature", "closing_record", "tree_root"],
                ),
                "/closes_at" => (json!("2020-08-27T09:00:00Z"), &["manifest_signature", "tree_root"]),
                "/roll/size" => (another(value), &["manifest_signature", "roll_size", "tree_root"]),
                "/roll/root" => (another(value), &["manifest_signature", "roll_root", "tree_root"]),
                "/eligibility/roles" => (json!(["participant"]), &["manifest_signature", "tree_root"]),
                "/eligibility/categories" => (json!(["startup"]), &["manifest_signature", "tree_root"]),
                "/eligibility/registration_ids" => {
                    (json!([manifest["ballot_id"]]), &["manifest_signature", "tree_root"])
                }
                "/eligibility/adhered" => (manifest["ballot_id"].clone(), &["manifest_signature", "tree_root"]),
                "/candidates/0/id" => (
                    json!("00000000-0000-0000-0000-000000000000"),
                    &["manifest_signature", "choices", "count", "tree_root"],
                ),
                "/candidates/2/id" => (
                    json!("ffffffff-ffff-ffff-ffff-ffffffffffff"),
                    &["manifest_signature", "count", "tree_root"],
                ),
                "/candidates/1/id" => (manifest["candidates"][0]["id"].clone(), &["manifest", "tree_root"]),
                _ => (another(value), &["manifest_signature", "tree_root"]),
            };
            mutants.push(self.with_inner("manifest", &pointer, value, fail));
        }
        for (kind, check) in [
            ("manifest", "manifest_signature"),
            ("checkpoint", "checkpoint_signature"),
        ] {
            let place = self.place(kind);
            let note = self.value(place)[kind].as_str().expect("a note").to_owned();
            let (text, signature) = note.rsplit_once("\n\n— ").expect("a signature");
            let (name, signature) = signature.trim_end().split_once(' ').expect("a name");
            let bytes = STANDARD.decode(signature).expect("base64");
            let mut signed = |what: &str, text: &str, signatures: &str, fail: &[&'static str]| {
                let line = json!({ kind: format!("{text}\n\n{signatures}") });
                mutants.push(self.with_line(format!("{kind} {what}"), place, line.to_string(), fail));
            };
            for byte in [0, 3, 4, 35, 36, 67] {
                let mut bytes = bytes.clone();
                bytes[byte] ^= 1;
                let changed = STANDARD.encode(bytes);
                signed(
                    &format!("byte {byte} of the signature"),
                    text,
                    &format!("— {name} {changed}\n"),
                    &[check],
                );
            }
            signed(
                "name of the signature",
                text,
                &format!("— {name}x {signature}\n"),
                &[check],
            );
            signed(
                "longer signature",
                text,
                &format!("— {name} {}\n", STANDARD.encode([&bytes[..], &[0]].concat())),
                &[check],
            );
            signed(
                "two signatures",
                text,
                &format!("— {name} {signature}\n").repeat(2),
                &[check],
            );
            signed(
                "padding",
                text,
                &format!("— {name} {}\n", signature.trim_end_matches('=')),
                &[check],
            );
            let whole = if kind == "manifest" { "manifest" } else { "checkpoint" };
            signed("no signature", text, "", &[whole]);
            signed("no dash", text, &format!("- {name} {signature}\n"), &[whole]);
            signed(
                "one more line",
                &format!("{text}\nx"),
                &format!("— {name} {signature}\n"),
                &[whole],
            );
        }
        let place = self.place("checkpoint");
        let note = self.value(place)["checkpoint"].as_str().expect("a note").to_owned();
        let changes: [Change; 4] = [
            (
                0,
                |origin| another_text(origin),
                &["checkpoint_origin", "checkpoint_signature"],
            ),
            (
                1,
                |size| format!("{}", size.parse::<u64>().expect("a size") + 1),
                &["tree_size", "checkpoint_signature"],
            ),
            (1, |size| format!("0{size}"), &["checkpoint", "checkpoint_signature"]),
            (
                2,
                |root| {
                    if root.starts_with('A') {
                        root.replacen('A', "B", 1)
                    } else {
                        root.replace(|c| c != '=', "A")
                    }
                },
                &["tree_root", "checkpoint_signature"],
            ),
        ];
        for (line, change, fail) in changes {
            let mut parts: Vec<String> = note.split('\n').map(str::to_owned).collect();
            parts[line] = change(&parts[line]);
            let line = json!({"checkpoint": parts.join("\n")}).to_string();
            mutants.push(self.with_line(format!("checkpoint line {parts:?}"), place, line, fail));
        }
        mutants
    }

    /// Every leaf, every flag, every hash, every opening.
    fn roll_and_votes(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        let changed = |place: usize, pointer: &str| another(self.value(place).pointer(pointer).expect("a value"));
        for place in self.places("roll") {
            mutants.push(self.with(place, "/roll/leaf", changed(place, "/roll/leaf"), &["roll_root"]));
            // An abstainer made a voter, or a voter an abstainer.
            let flipped = changed(place, "/roll/voted");
            mutants.push(self.with(place, "/roll/voted", flipped, &["one_vote_each", "voted_digest"]));
        }
        for place in self.places("vote_hash") {
            mutants.push(self.with(
                place,
                "/vote_hash",
                changed(place, "/vote_hash"),
                &["tree_root", "openings"],
            ));
        }
        let ids: Vec<Value> = self.inner("manifest")["candidates"]
            .as_array()
            .expect("candidates")
            .iter()
            .map(|candidate| candidate["id"].clone())
            .collect();
        for place in self.places("opening") {
            let choice = &self.value(place)["opening"]["choice"];
            let others = ids
                .iter()
                .map(|id| json!({ "candidate": id }))
                .chain([json!({"blank": true})]);
            for other in others.filter(|other| other != choice) {
                mutants.push(self.with(place, "/opening/choice", other, &["openings", "count"]));
            }
            for wrong in [
                json!({}),
                json!(null),
                json!({"blank": false}),
                json!({"candidates": [ids[0]]}),
                json!({"candidate": ids[0], "blank": true}),
                json!({"candidate": "00000000-0000-0000-0000-000000000000"}),
                json!({"candidate": ids[0].as_str().expect("an id").to_uppercase()}),
            ] {
                mutants.push(self.with(place, "/opening/choice", wrong, &["choices", "openings"]));
            }
            let mut nonce = self.value(place)["opening"]["nonce"]
                .as_str()
                .expect("a nonce")
                .to_owned();
            nonce.replace_range(..1, if nonce.starts_with('A') { "B" } else { "A" });
            mutants.push(self.with(place, "/opening/nonce", json!(nonce), &["openings"]));
            // 'B' ends a nonce never: its last bits are not zero.
            nonce.replace_range(42.., "B");
            mutants.push(self.with(place, "/opening/nonce", json!(nonce), &["format"]));
        }
        mutants
    }

    fn record_and_tally(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        let record = self.inner("closing_record");
        for pointer in leaves(&record) {
            let value = another(record.pointer(&pointer).expect("a value"));
            let (value, check) = match pointer.as_str() {
                "/opened_at" | "/closed_at" => (json!("2000-01-01T00:00:00Z"), "closing_record"),
                "/format" | "/ballot_id" | "/votes" => (value, "closing_record"),
                "/voted" | "/voted_digest" => (value, "voted_digest"),
                "/blanks" => (value, "tally"),
                "/tally_digest" => (value, "tally_digest"),
                other => panic!("no check is named for {other} of the closing record"),
            };
            mutants.push(self.with_inner("closing_record", &pointer, value, &[check, "tree_root"]));
        }
        let later = json!("2199-01-01T00:00:00Z");
        mutants.push(self.with_inner("closing_record", "/closed_at", later, &["tree_root"]));
        let place = self.place("tally");
        let line = self.value(place);
        for pointer in leaves(&line) {
            let value = another(line.pointer(&pointer).expect("a value"));
            mutants.push(self.with(place, &pointer, value, &["tally_digest", "count"]));
        }
        for pointer in ["/tally/votes", "/tally/blanks", "/tally/valid"] {
            let value = another(line.pointer(pointer).expect("a value"));
            mutants.push(self.with(place, pointer, value, &["tally"]));
        }
        mutants
    }

    /// The same values in lines of another form.
    fn shapes(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        for kind in KINDS {
            let place = self.place(kind);
            let line = &self.lines[place];
            let mut more = self.value(place);
            more["more"] = json!(1);
            let mut deeper = self.value(place);
            if let Some(members) = deeper[kind].as_object_mut() {
                members.insert("more".into(), json!(1));
            }
            let named = line.replacen(kind, "note", 1);
            for (what, changed) in [
                ("a space before", format!(" {line}")),
                ("a space after", format!("{line} ")),
                ("a space within", line.replacen(':', ": ", 1)),
                ("another name", named),
                ("one member more", more.to_string()),
                ("an empty line before", format!("\n{line}")),
                ("a carriage return", format!("{line}\r")),
                ("half of it", line.chars().take(line.len() / 2).collect()),
                ("a list", json!([self.value(place)]).to_string()),
                ("nothing", String::new()),
            ] {
                mutants.push(self.with_line(format!("{kind}: {what}"), place, changed, &["format"]));
            }
            let check = if kind == "tally" { "tally" } else { "format" };
            let none = json!({ kind: null }).to_string();
            mutants.push(self.with_line(format!("{kind}: no value"), place, none, &[check]));
            if deeper != self.value(place) {
                let check = if kind == "tally" { "tally_digest" } else { "format" };
                mutants.push(self.with_line(
                    format!("{kind}: one member more inside"),
                    place,
                    deeper.to_string(),
                    &[check],
                ));
            }
        }
        for kind in ["roll", "vote_hash"] {
            let place = self.place(kind);
            let upper = self.lines[place].replace(|digit: char| digit.is_ascii_digit(), "A");
            mutants.push(self.with_line(format!("{kind} in upper case"), place, upper, &["format"]));
        }
        mutants
    }

    /// Lines that are gone, there twice, or somewhere else.
    fn orders(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        for (kind, without, twice) in [
            ("manifest", "complete", "complete"),
            ("roll", "roll_size", "roll_order"),
            ("vote_hash", "tree_size", "tree_size"),
            ("closing_record", "complete", "complete"),
            ("checkpoint", "complete", "complete"),
            ("opening", "complete", "complete"),
            ("tally", "complete", "complete"),
        ] {
            for place in self.places(kind) {
                let mut lines = self.lines.clone();
                let line = lines.remove(place);
                mutants.push(self.mutant(format!("{kind} dropped at {place}"), lines, &[without]));
                let mut lines = self.lines.clone();
                lines.insert(place, line.clone());
                mutants.push(self.mutant(format!("{kind} doubled at {place}"), lines, &[twice]));
                // The copy at the very end or the very beginning.
                let mut lines = self.lines.clone();
                let (end, check) = if kind == "tally" {
                    (0, "order")
                } else {
                    (lines.len(), "order")
                };
                lines.insert(end, line);
                mutants.push(self.mutant(format!("{kind} again at {end}"), lines, &[check]));
            }
            let mut lines = self.lines.clone();
            lines.retain(|line| !line.starts_with(&format!("{{\"{kind}\":")));
            // Without any opening it is a bundle for members, which says so: see there.
            if kind != "opening" {
                mutants.push(self.mutant(format!("no {kind}"), lines, &[without]));
            }
        }
        for (kind, check) in [
            ("roll", "roll_order"),
            ("vote_hash", "vote_order"),
            ("opening", "openings"),
        ] {
            for pair in self.places(kind).windows(2) {
                let mut lines = self.lines.clone();
                lines.swap(pair[0], pair[1]);
                if lines != self.lines {
                    mutants.push(self.mutant(format!("{kind} swapped at {pair:?}"), lines, &[check]));
                }
            }
        }
        for (index, one) in KINDS.iter().enumerate() {
            for other in &KINDS[index + 1..] {
                let mut lines = self.lines.clone();
                lines.swap(self.place(one), self.place(other));
                mutants.push(self.mutant(format!("{one} and {other} swapped"), lines, &["order"]));
            }
        }
        mutants.push(self.mutant(
            "twice all of it",
            [&self.lines[..], &self.lines].concat(),
            &["complete", "order"],
        ));
        mutants.push(self.mutant("nothing", Vec::new(), &["complete"]));
        mutants
    }
}

/// Every field of every anchor.
async fn anchors_fail(desk: &Desk, election: &Election) {
    let changed = |text: &str, from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        changed.into_bytes()
    };
    let checkpoint = &election.checkpoint;
    let lines: Vec<&str> = checkpoint.lines().collect();
    for line in [0, 1, 2, 4] {
        desk.save("changed", &changed(checkpoint, lines[line], &another_text(lines[line])));
        refuses(desk, "--checkpoint", &["anchor_checkpoint", "anchor"]).await;
    }
    let receipts: Value = serde_json::from_str(&election.receipts[0]).expect("JSON");
    for pointer in leaves(&receipts) {
        let mut changed = receipts.clone();
        let value = changed.pointer_mut(&pointer).expect("a value");
        *value = another(value);
        desk.save("changed", changed.to_string().as_bytes());
        refuses(desk, "--receipt", &["anchor_receipt", "anchor"]).await;
    }
    for (pointer, value) in [
        ("/receipts", json!([])),
        ("/receipts/0/path", json!([])),
        ("/receipts/0/index", json!(0)),
    ] {
        let mut changed = receipts.clone();
        *changed.pointer_mut(pointer).expect("a value") = value;
        desk.save("changed", changed.to_string().as_bytes());
        refuses(desk, "--receipt", &["anchor_receipt", "anchor"]).await;
    }
    let promise = &election.promises[0];
    let lines: Vec<&str> = promise.lines().collect();
    for line in [0, 1, 3] {
        desk.save("changed", &changed(promise, lines[line], &another_text(lines[line])));
        refuses(desk, "--promise", &["anchor_promise"]).await;
    }
    let answer: Value = serde_json::from_str(&election.answers[0]).expect("JSON");
    for pointer in leaves(&answer) {
        let mut changed = answer.clone();
        let value = changed.pointer_mut(&pointer).expect("a value");
        *value = another(value);
        desk.save("changed", changed.to_string().as_bytes());
        refuses(desk, "--promise", &["anchor_promise"]).await;
    }
    // What is no anchor of its kind, or none at all.
    for (flag, check) in [
        ("--checkpoint", "anchor_checkpoint"),
        ("--receipt", "anchor_receipt"),
        ("--promise", "anchor_promise"),
    ] {
        let (receipt, answer) = (&election.receipts[0], &election.answers[0]);
        for text in ["", "{}", "\u{0}", checkpoint, receipt, promise, answer] {
            let good = match flag {
                "--checkpoint" => text == checkpoint,
                "--receipt" => text == receipt,
                _ => text == promise || text == answer,
            };
            if !good {
                desk.save("changed", text.as_bytes());
                let with_all = [check, "anchor"];
                refuses(desk, flag, &with_all[..if flag == "--promise" { 1 } else { 2 }]).await;
            }
        }
    }
}

async fn refuses(desk: &Desk, flag: &str, expected: &[&str]) {
    let told = desk.verify(&[flag, "changed"]).await;
    assert!(
        told.code == Some(1) && told.failed() == sorted(expected),
        "{flag}: {}",
        told.output
    );
}

fn sorted<'n>(names: &[&'n str]) -> Vec<&'n str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}
