//! How far each anchor reaches, in which forms it may come, and what it stops.

use serde_json::{Value, json};

use super::*;
use crate::ballots::proof::note::Signer;

#[test]
fn each_anchor_reaches_as_far_as_it_reaches() {
    let parts = honest();
    let only = |anchors: Anchors| {
        let report = check(&parts.texts(), &anchors);
        assert_eq!(failed(&report), NOTHING);
        (not_checked(&report), report.conclusion())
    };
    let all = parts.anchors();
    let key = all.key.clone();
    assert_eq!(
        only(Anchors::default()),
        (
            vec![
                "anchor_key",
                "anchor_checkpoint",
                "anchor_receipt",
                "anchor_promise",
                "anchor"
            ],
            Conclusion::NotAnchored
        )
    );
    let checkpoints = Anchors {
        checkpoints: all.checkpoints,
        ..Anchors::default()
    };
    assert_eq!(
        only(checkpoints),
        (
            vec!["anchor_key", "anchor_receipt", "anchor_promise"],
            Conclusion::Verified
        )
    );
    let receipts = Anchors {
        receipts: all.receipts,
        ..Anchors::default()
    };
    assert_eq!(
        only(receipts),
        (
            vec!["anchor_key", "anchor_checkpoint", "anchor_promise"],
            Conclusion::Verified
        )
    );
    let half = Anchors {
        key: key.clone(),
        promises: all.promises,
        ..Anchors::default()
    };
    assert_eq!(
        only(half),
        (
            vec!["anchor_checkpoint", "anchor_receipt", "anchor"],
            Conclusion::NotAnchored
        )
    );
    let key = Anchors {
        key,
        ..Anchors::default()
    };
    assert_eq!(only(key).1, Conclusion::NotAnchored);
}

#[test]
fn a_checkpoint_may_come_by_mail_and_carry_the_signatures_of_witnesses() {
    let parts = honest();
    let note = parts.checkpoint_note();
    let (text, ours) = note.split_once("\n\n").unwrap();
    let witness = Signer::new("witness.example.org", &[9; 32])
        .unwrap()
        .sign(&format!("{text}\n"));
    let (_, theirs) = witness.split_once("\n\n").unwrap();
    for note in [
        note.replace('\n', "\r\n"),
        format!("\n{}", note.trim_end()),
        format!("{text}\n\n{theirs}{ours}"),
    ] {
        let anchors = Anchors {
            checkpoints: vec![saved(note)],
            ..Anchors::default()
        };
        assert_eq!(check(&parts.texts(), &anchors).conclusion(), Conclusion::Verified);
    }
    let anchors = Anchors {
        checkpoints: vec![saved(format!("{text}\n\n{theirs}"))],
        ..Anchors::default()
    };
    assert_eq!(
        failed(&check(&parts.texts(), &anchors)),
        ["anchor_checkpoint", "anchor"]
    );
}

#[test]
fn a_promise_may_be_the_answer_that_held_it() {
    let parts = honest();
    let hash = crate::secrets::hex(&parts.hashes[0]);
    let promise = parts.promise(&parts.hashes[0]);
    let told = |answer: Value| {
        let anchors = Anchors {
            promises: vec![saved(answer.to_string())],
            ..Anchors::default()
        };
        failed(&check(&parts.texts(), &anchors))
    };
    assert_eq!(told(json!({"vote_hash": hash, "promise": promise})), NOTHING);
    let slip = json!({"choice": {"blank": true}, "nonce": "x", "vote_hash": hash, "promise": promise});
    assert_eq!(told(slip), NOTHING);
    assert_eq!(
        told(json!({"vote_hash": "00".repeat(32), "promise": promise})),
        ["anchor_promise"]
    );
    assert_eq!(told(json!({"vote_hash": hash, "promise": null})), ["anchor_promise"]);
    assert_eq!(told(json!({})), ["anchor_promise"]);
}

#[test]
fn who_rewrites_everything_is_stopped_by_the_anchors_alone() {
    let before = honest();
    let mut election = small(Method::Plurality);
    // The server itself, keys in hand, replaces one vote.
    let stolen = election.voters[0].vote.clone();
    election.voters[0].vote = Some(Cast {
        choice: choice(Method::Plurality, 3).unwrap(),
        nonce: stolen.unwrap().nonce,
    });
    let after = election.parts();
    assert_eq!(failed(&check(&after.texts(), &Anchors::default())), NOTHING);
    assert_eq!(
        failed(&check(&after.texts(), &before.anchors())),
        ["anchor_checkpoint", "anchor_receipt", "anchor_promise", "anchor"]
    );
    // Somebody else with keys of their own tells the same story.
    let mut election = small(Method::Plurality);
    election.ballot_seed = "33".repeat(32);
    election.instance_seed = "44".repeat(32);
    let forged = election.parts();
    assert_eq!(failed(&check(&forged.texts(), &Anchors::default())), NOTHING);
    assert_eq!(
        failed(&check(&forged.texts(), &before.anchors())),
        [
            "anchor_key",
            "anchor_checkpoint",
            "anchor_receipt",
            "anchor_promise",
            "anchor"
        ]
    );
}

#[test]
fn a_receipt_leads_to_the_root_from_its_place() {
    let parts = honest();
    for (pointer, value) in [
        ("/receipts/0/index", json!(7)),
        ("/receipts/0/index", json!(u64::MAX)),
        ("/receipts/0/path", json!([])),
        ("/receipts", json!([])),
    ] {
        let mut receipts = parts.receipts("");
        *receipts.pointer_mut(pointer).unwrap() = value;
        let anchors = Anchors {
            receipts: vec![saved(receipts.to_string())],
            ..Anchors::default()
        };
        assert_eq!(
            failed(&check(&parts.texts(), &anchors)),
            ["anchor_receipt", "anchor"],
            "{pointer}"
        );
    }
}
