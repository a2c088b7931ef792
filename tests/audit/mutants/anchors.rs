//! Every field of every anchor.

use serde_json::{Value, json};

use super::{another, another_text, leaves};
use crate::audit::desk::Desk;
use crate::audit::election::Election;

pub(super) async fn all_fail(desk: &Desk, election: &Election) {
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
