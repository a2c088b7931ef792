//! What a server could sign that is not so.

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::ballots::proof::bundle::Opening;
use crate::ballots::proof::manifest::checkpoint_text;
use crate::ballots::vote::Vote;
use crate::instant::SECOND;

type Change = fn(&mut Parts);

type Lie = (&'static str, Change, &'static [&'static str]);

/// What a server could sign, and the checks that it fails: all, and no others.
const LIES: [Lie; 31] = [
    (
        "the roll is out of order",
        |parts| {
            parts.roll.swap(0, 1);
            parts.record_roll();
            parts.record_voted();
        },
        &["roll_order"],
    ),
    (
        "someone is on the roll twice",
        |parts| {
            let abstainer = parts.roll.iter().position(|line| !line.voted).unwrap();
            parts.roll.insert(abstainer, parts.roll[abstainer].clone());
            parts.record_roll();
        },
        &["roll_order"],
    ),
    (
        "the roll has another size",
        |parts| parts.manifest.roll.size += 1,
        &["roll_size"],
    ),
    (
        "the roll has other people",
        |parts| parts.manifest.roll.root = "00".repeat(32),
        &["roll_root"],
    ),
    (
        "a name is added to the roll after it was frozen",
        |parts| {
            let mut line = parts.roll.last().unwrap().clone();
            (line.leaf, line.voted) = ([255; 32], false);
            parts.roll.push(line);
        },
        &["roll_size", "roll_root"],
    ),
    (
        "the votes are out of order",
        |parts| {
            let last = parts.hashes.len() - 1;
            parts.hashes.swap(0, last);
            parts.openings.swap(0, last);
        },
        &["vote_order"],
    ),
    (
        "an abstainer is said to have voted",
        |parts| {
            parts.roll.iter_mut().for_each(|line| line.voted = true);
            parts.record_voted();
        },
        &["one_vote_each"],
    ),
    (
        "a vote is stuffed",
        |parts| {
            let vote = Vote {
                canonical: "{\"blank\":true}".into(),
                nonce: [3; 32],
            };
            insert(parts, vote);
            parts.record.votes += 1;
            parts.record.blanks += 1;
            parts.tally["votes"] = json!(6);
            parts.tally["blanks"] = json!(2);
            parts.record_tally();
        },
        &["one_vote_each"],
    ),
    (
        "others than those recorded voted",
        |parts| {
            let abstainer = parts.roll.iter().position(|line| !line.voted).unwrap();
            parts.roll[abstainer].voted = true;
            parts.roll[(abstainer + 1) % 6].voted = false;
        },
        &["voted_digest"],
    ),
    (
        "more are recorded than voted",
        |parts| parts.record.voted += 1,
        &["voted_digest"],
    ),
    (
        "the closing record is of another ballot",
        |parts| parts.record.ballot_id = Uuid::nil(),
        &["closing_record"],
    ),
    (
        "the closing record is of another version",
        |parts| parts.record.format = "v2".into(),
        &["closing_record"],
    ),
    (
        "it opened at another time",
        |parts| parts.record.opened_at = parts.record.opened_at.plus(SECOND),
        &["closing_record"],
    ),
    (
        "it closed before it opened",
        |parts| parts.record.closed_at = parts.record.opened_at.plus(-SECOND),
        &["closing_record"],
    ),
    (
        "the closing record has another number of votes",
        |parts| parts.record.votes += 1,
        &["closing_record", "tally"],
    ),
    (
        "the closing record has other blanks",
        |parts| parts.record.blanks += 1,
        &["tally"],
    ),
    (
        "the checkpoint is none",
        |parts| parts.checkpoint = Some("origin\n7\n".into()),
        &["checkpoint"],
    ),
    (
        "the checkpoint is of another ballot",
        |parts| {
            let root = parts.root();
            parts.checkpoint = Some(checkpoint_text("vote.example.org", 7, &root));
        },
        &["checkpoint_origin"],
    ),
    (
        "the checkpoint has another size",
        |parts| {
            let root = parts.root();
            parts.checkpoint = Some(checkpoint_text(&parts.manifest.origin, u64::MAX, &root));
        },
        &["tree_size"],
    ),
    (
        "the checkpoint has another root",
        |parts| {
            parts.checkpoint = Some(checkpoint_text(&parts.manifest.origin, 7, &[0; 32]));
        },
        &["tree_root"],
    ),
    (
        "a nonce is another",
        |parts| parts.openings[0].nonce[0] ^= 1,
        &["openings"],
    ),
    (
        "a choice is another",
        |parts| {
            let other = parts
                .openings
                .iter()
                .position(|opening| opening.choice.contains("blank"))
                .unwrap();
            parts.openings[other].choice = json!({"candidate": candidate(1)}).to_string();
        },
        &["openings", "count"],
    ),
    (
        "a choice is for nobody on the ballot",
        |parts| {
            let choice = json!({"candidate": candidate(9)}).to_string();
            replace(parts, choice);
        },
        &["choices", "count"],
    ),
    (
        "a choice is in another form",
        |parts| {
            let choice = json!({"candidates": [candidate(1)]}).to_string();
            replace(parts, choice);
        },
        &["choices", "count"],
    ),
    (
        "a choice is not JSON",
        |parts| replace(parts, "{\"candidate\":}".into()),
        &["format", "openings", "count"],
    ),
    (
        "an opening is missing",
        |parts| drop(parts.openings.pop()),
        &["complete", "openings", "count"],
    ),
    (
        "the figures are others",
        |parts| {
            parts.tally["working"]["counts"][0]["votes"] = json!(0);
            parts.record_tally();
        },
        &["count"],
    ),
    (
        "the winner is another",
        |parts| {
            parts.tally["outcome"]["winners"] = json!([candidate(1)]);
            parts.record_tally();
        },
        &["count"],
    ),
    (
        "the tally does not add up",
        |parts| {
            parts.tally["valid"] = json!(5);
            parts.record_tally();
        },
        &["count", "tally"],
    ),
    (
        "the tally is none",
        |parts| {
            parts.tally = json!({"votes": 5});
            parts.record_tally();
        },
        &["count", "tally"],
    ),
    (
        "the tally is not the one recorded",
        |parts| parts.record.tally_digest = "00".repeat(32),
        &["tally_digest"],
    ),
];

fn insert(parts: &mut Parts, vote: Vote) {
    let hash = vote.hash(parts.manifest.ballot_id);
    let place = parts.hashes.partition_point(|other| *other < hash);
    parts.hashes.insert(place, hash);
    parts.openings.insert(
        place,
        Opening {
            choice: vote.canonical,
            nonce: vote.nonce,
        },
    );
}

/// Another vote in place of the first, hash and all.
fn replace(parts: &mut Parts, canonical: String) {
    parts.hashes.remove(0);
    let nonce = parts.openings.remove(0).nonce;
    insert(parts, Vote { canonical, nonce });
}

#[test]
fn a_server_that_signs_a_lie_fails_the_check_of_that_name() {
    for (what, lie, checks) in LIES {
        let mut parts = honest();
        lie(&mut parts);
        let report = check(&parts.texts(), &Anchors::default());
        assert_eq!(failed(&report), checks, "{what}");
        assert_eq!(report.conclusion(), Conclusion::Failed);
        // Held against what was obtained before it lied, the anchors fail as well.
        let anchors = honest().anchors();
        if parts.root() != honest().root() {
            assert!(failed(&check(&parts.texts(), &anchors)).len() > checks.len(), "{what}");
        }
    }
}

#[test]
fn a_manifest_that_disagrees_with_itself_is_none() {
    let lies: [(&str, Change); 10] = [
        ("a scale without grades", |parts| parts.manifest.max_grade = Some(5)),
        ("another version", |parts| {
            parts.manifest.format = "palabre/manifest/v2".into();
        }),
        ("another ballot's origin", |parts| {
            parts.manifest.ballot_id = Uuid::nil();
        }),
        ("a key of another instance", |parts| {
            parts.manifest.instance_key = parts.manifest.verifier_key.clone();
        }),
        ("a key of another ballot", |parts| {
            parts.manifest.verifier_key = parts.manifest.instance_key.clone();
        }),
        ("a key that is none", |parts| parts.manifest.verifier_key.truncate(40)),
        ("one candidate", |parts| parts.manifest.candidates.truncate(1)),
        ("a candidate twice", |parts| {
            parts.manifest.candidates[1] = parts.manifest.candidates[0].clone();
        }),
        ("a root that is none", |parts| {
            parts.manifest.roll.root.make_ascii_uppercase();
        }),
        ("candidates without end", |parts| {
            let one = parts.manifest.candidates[0].clone();
            let numbered = |number| {
                let mut one = one.clone();
                one.id = candidate(number);
                one
            };
            parts.manifest.candidates = (1..=1001).map(numbered).collect();
        }),
    ];
    for (what, lie) in lies {
        let mut parts = honest();
        lie(&mut parts);
        let report = check(&parts.texts(), &Anchors::default());
        assert_eq!(failed(&report), ["manifest"], "{what}");
        assert!(
            not_checked(&report).starts_with(&["manifest_signature", "roll_size"]),
            "{what}"
        );
    }
}
