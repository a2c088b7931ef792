//! What passes, what fails by which name, and what hostile files cannot do.

use std::io::{BufReader, Read as _};

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::testing::*;
use super::*;
use crate::ballots::choice::Method;
use crate::ballots::entity::Openings;
use crate::ballots::proof::bundle::Line;
use crate::ballots::proof::manifest::checkpoint_text;
use crate::ballots::proof::note::Signer;
use crate::ballots::vote::Vote;
use crate::instant::SECOND;

/// A choice for candidate 1, 2 or 3, in the form of the method; 0 is blank.
fn choice(method: Method, number: u128) -> Option<Value> {
    let id = candidate(number);
    Some(match method {
        _ if number == 0 => json!({ "blank": true }),
        Method::Plurality => json!({ "candidate": id }),
        Method::Approval => json!({ "candidates": [id] }),
        Method::InstantRunoff | Method::Schulze | Method::Borda => json!({ "ranking": [[id]] }),
        Method::Score | Method::MajorityJudgment => {
            let grade = |other| (candidate(other).to_string(), json!(if other == number { 4 } else { 0 }));
            json!({ "grades": (1..=3).map(grade).collect::<serde_json::Map<_, _>>() })
        }
    })
}

/// Five votes, one of them blank and two the very same, and someone who abstained.
fn small(method: Method) -> Election {
    let voted = [1, 2, 2, 0, 3].map(|number| choice(method, number));
    let mut election = Election::sample(method, voted.into_iter().chain([None]));
    election.voters[2].vote = election.voters[1].vote.clone();
    election
}

fn honest() -> Parts {
    small(Method::Plurality).parts()
}

fn named(report: &Report, of: fn(&Verdict) -> bool) -> Vec<&'static str> {
    let chosen = report.verdicts.iter().filter(|(_, verdict)| of(verdict));
    chosen.map(|(check, _)| check.name()).collect()
}

fn failed(report: &Report) -> Vec<&'static str> {
    named(report, |verdict| matches!(verdict, Verdict::Failed(_)))
}

fn not_checked(report: &Report) -> Vec<&'static str> {
    named(report, |verdict| matches!(verdict, Verdict::NotChecked(_)))
}

const NOTHING: [&str; 0] = [];

#[test]
fn an_honest_bundle_passes_every_check_whatever_the_method() {
    for method in Method::ALL {
        let parts = small(method).parts();
        let report = check(&parts.texts(), &parts.anchors());
        assert_eq!(failed(&report), NOTHING);
        assert_eq!(not_checked(&report), NOTHING);
        assert_eq!(report.verdicts.len(), Check::ALL.len());
        assert_eq!(report.conclusion(), Conclusion::Verified);
        let reach = Reach {
            key: true,
            checkpoints: 1,
            receipts: 1,
            promises: 5,
        };
        assert_eq!(report.reach, reach);
        let outcome = report.outcome.unwrap();
        assert_eq!((outcome.count.votes, outcome.count.blanks, outcome.voters), (5, 1, 5));
        assert_eq!(outcome.count.outcome.winners, [candidate(2)]);
    }
}

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
    let witness = Signer::new("witness.example.org", &[9; 32]).sign(&format!("{text}\n"));
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
fn without_openings_nothing_is_recounted_and_it_says_so() {
    let mut parts = honest();
    parts.openings.clear();
    let report = check(&parts.texts(), &parts.anchors());
    assert_eq!(not_checked(&report), ["openings", "choices", "count"]);
    assert_eq!(report.conclusion(), Conclusion::NotRecounted);
    // Not an honest answer where the manifest promises the openings to everyone.
    parts.manifest.openings = Openings::Public;
    assert_eq!(failed(&check(&parts.texts(), &Anchors::default())), ["complete"]);
    // Nor is the tally held by less.
    let mut parts = honest();
    parts.openings.clear();
    parts.tally["valid"] = json!(5);
    parts.record_tally();
    assert_eq!(failed(&check(&parts.texts(), &Anchors::default())), ["tally"]);
}

#[test]
fn a_ballot_in_which_nobody_votes_is_verified() {
    let parts = Election::sample(Method::Schulze, [None, None]).parts();
    let report = check(&parts.texts(), &parts.anchors());
    assert_eq!(report.conclusion(), Conclusion::Verified);
    assert_eq!(not_checked(&report), ["anchor_receipt", "anchor_promise"]);
}

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
        crate::ballots::proof::bundle::Opening {
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

fn read(bytes: impl std::io::Read) -> Report {
    verify(BufReader::new(bytes), &Anchors::default(), |_| ()).unwrap()
}

#[test]
fn files_that_are_anything_fail_cleanly() {
    assert_eq!(failed(&read(&b""[..])), ["complete"]);
    let endless = std::io::repeat(b'x').take(100 << 20);
    assert_eq!(failed(&read(endless)), ["format", "complete"]);
    let long_manifest = b"{\"manifest\":\""
        .chain(std::io::repeat(b'x').take(40 << 20))
        .chain(&b"\"}\n"[..]);
    assert_eq!(failed(&read(long_manifest)), ["format", "complete"]);
    let newlines = std::io::repeat(b'\n').take(1 << 20);
    assert_eq!(failed(&read(newlines)), ["format", "complete"]);
    assert_eq!(failed(&read(&b"\xff\xfe\n"[..])), ["format", "complete"]);
    for kind in [
        "manifest",
        "roll",
        "vote_hash",
        "closing_record",
        "checkpoint",
        "opening",
        "tally",
    ] {
        let deep = format!("{{\"{kind}\":{}{}}}\n", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(failed(&read(deep.as_bytes())), ["format", "complete"]);
    }
    let choice = format!(
        "{{\"opening\":{{\"choice\":{},\"nonce\":\"{}\"}}}}\n",
        "[".repeat(9000),
        "A".repeat(43)
    );
    assert_eq!(failed(&read(choice.as_bytes())), ["format", "complete"]);
    // Notes without text, and such that are all signature.
    for note in ["", "\n", "\n\n", "— a b\n", "\n\n— a b\n", "{}\n\n— a b\n"] {
        let lines = [Line::Manifest(note.into()), Line::Checkpoint(note.into())].map(|line| line.text().unwrap());
        let report = check(&lines, &Anchors::default());
        assert_eq!(failed(&report), ["complete", "manifest", "checkpoint"], "{note:?}");
    }
}

#[test]
fn a_fault_of_reading_is_not_a_fault_of_the_bundle() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("unplugged"))
        }
    }
    let text = honest().texts().join("\n");
    let result = verify(
        BufReader::new(text.as_bytes().chain(Broken)),
        &Anchors::default(),
        |_| (),
    );
    assert_eq!(result.unwrap_err().to_string(), "unplugged");
}

#[test]
fn names_are_simple_and_each_its_own() {
    let mut names: Vec<_> = Check::ALL.iter().map(|check| check.name()).collect();
    assert!(
        names
            .iter()
            .all(|name| name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()))
    );
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Check::ALL.len());
}

#[test]
fn the_specification_names_every_check() {
    let specification = include_str!("../../../../docs/bytes.md");
    for check in Check::ALL {
        let name = format!("`{}`", check.name());
        assert!(specification.contains(&name), "bytes.md does not name {name}");
    }
}

fn any_election() -> impl Strategy<Value = Election> {
    let vote = prop::option::weighted(0.8, 0..4_u128);
    let votes = prop::collection::vec(vote, 1..12);
    (prop::sample::select(&Method::ALL[..]), votes).prop_map(|(method, votes)| {
        let choices = votes
            .into_iter()
            .map(|vote| vote.and_then(|number| choice(method, number)));
        Election::sample(method, choices)
    })
}

/// The same lines, but for one that is gone, there twice, or changed places with another.
fn shuffled(lines: &[String], how: u8, one: usize, other: usize) -> Vec<String> {
    let mut lines = lines.to_vec();
    match how {
        0 => drop(lines.remove(one)),
        1 => lines.insert(other, lines[one].clone()),
        _ => lines.swap(one, other),
    }
    lines
}

proptest! {
    #[test]
    fn any_honest_bundle_passes_and_no_changed_one_does(
        election in any_election(),
        line in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        flip in 1..128_u8,
        how in 0..3_u8,
    ) {
        let parts = election.parts();
        let lines = parts.texts();
        prop_assert_eq!(check(&lines, &parts.anchors()).conclusion(), Conclusion::Verified);

        let shuffled = shuffled(&lines, how, line.index(lines.len()), other.index(lines.len()));
        if shuffled != lines {
            let conclusion = check(&shuffled, &parts.anchors()).conclusion();
            // Without its only opening a bundle is one for members, which is never taken for more.
            let for_members = parts.openings.len() == 1 && shuffled.len() < lines.len();
            prop_assert!(conclusion == Conclusion::Failed || for_members && conclusion == Conclusion::NotRecounted);
        }
        // Any byte of any line, or the end of the file.
        let text = lines.join("\n") + "\n";
        let place = byte.index(text.len());
        let mut changed = text.clone().into_bytes();
        changed[place] ^= flip;
        prop_assert_eq!(read(&changed[..]).conclusion(), Conclusion::Failed);
        prop_assert_eq!(read(&text.as_bytes()[..place]).conclusion(), Conclusion::Failed);
    }

    #[test]
    fn no_changed_anchor_holds(which in 0..4_usize, byte in any::<prop::sample::Index>(), flip in 1..128_u8) {
        let parts = honest();
        let mut anchors = parts.anchors();
        let change = |saved: &mut Saved| {
            let mut bytes = std::mem::take(&mut saved.text).into_bytes();
            let place = byte.index(bytes.len() - 1);
            bytes[place] ^= flip;
            saved.text = String::from_utf8_lossy(&bytes).into_owned();
        };
        let expected = match which {
            0 => {
                change(&mut anchors.checkpoints[0]);
                vec!["anchor_checkpoint", "anchor"]
            }
            1 => {
                change(&mut anchors.receipts[0]);
                vec!["anchor_receipt", "anchor"]
            }
            2 => {
                change(&mut anchors.promises[0]);
                vec!["anchor_promise"]
            }
            _ => {
                anchors.key.as_mut().unwrap().public[byte.index(32)] ^= flip;
                vec!["anchor_key"]
            }
        };
        prop_assert_eq!(failed(&check(&parts.texts(), &anchors)), expected);
    }
}
