//! The checker itself: it must find what it is there to find.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::bundle::{from_hex, leaf, root};
use super::{Attempt, End, Fate, Figures, check};
use crate::voting::Vote;

const BALLOT: &str = "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e";
const ORIGIN: &str = "api.example.org/v1/ballots/01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e";

fn sign(seed: u8, text: &str) -> String {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let line = [&id(&key)[..], &key.sign(text.as_bytes()).to_bytes()].concat();
    format!("{text}\n— {ORIGIN} {}\n", STANDARD.encode(line))
}

fn id(key: &SigningKey) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(ORIGIN)
        .chain_update(b"\n\x01")
        .chain_update(key.verifying_key())
        .finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

fn promise(vote: &Vote) -> String {
    sign(1, &format!("{ORIGIN}/promise\n{}\n", vote.hash(BALLOT)))
}

/// Five voters; what a server with the ballot's key says when it counts these votes of theirs.
fn end(votes: &[(usize, &Vote)]) -> End {
    let key = SigningKey::from_bytes(&[1; 32]);
    let public = STANDARD.encode([&[1][..], key.verifying_key().as_bytes()].concat());
    let name: String = id(&key).iter().map(|byte| format!("{byte:02x}")).collect();
    let manifest = json!({"origin": ORIGIN, "verifier_key": format!("{ORIGIN}+{name}+{public}")}).to_string() + "\n";
    let voted = |voter: usize| votes.iter().any(|(of, _)| *of == voter);
    let mut openings: Vec<&Vote> = votes.iter().map(|(_, vote)| *vote).collect();
    openings.sort_by_key(|vote| vote.hash(BALLOT));
    let voters = (0..5).filter(|voter| voted(*voter)).count();
    let record = json!({"votes": votes.len(), "voted": voters}).to_string();
    let mut leaves = vec![leaf(manifest.as_bytes())];
    leaves.extend(openings.iter().map(|vote| leaf(&from_hex(&vote.hash(BALLOT)))));
    leaves.push(leaf(record.as_bytes()));
    let checkpoint = format!("{ORIGIN}\n{}\n{}\n", leaves.len(), STANDARD.encode(root(&leaves)));
    let count = |name: &str| {
        let votes = openings.iter().filter(|vote| vote.choice["candidate"] == name).count();
        json!({"candidate": name, "votes": votes})
    };
    let tally = json!({"method": "plurality", "votes": votes.len(), "working": {"counts": [count("a"), count("b")]}});

    let mut lines = vec![json!({"manifest": sign(2, &manifest)})];
    lines.extend((0..5).map(|voter| json!({"roll": {"leaf": format!("{voter}"), "voted": voted(voter)}})));
    lines.extend(openings.iter().map(|vote| json!({"vote_hash": vote.hash(BALLOT)})));
    lines.push(json!({"closing_record": record}));
    lines.push(json!({"checkpoint": sign(1, &checkpoint)}));
    lines.extend(
        openings
            .iter()
            .map(|vote| json!({"opening": {"choice": vote.choice, "nonce": URL_SAFE_NO_PAD.encode(vote.nonce)}})),
    );
    lines.push(json!({"tally": tally}));
    let bundle: String = lines.iter().map(|line| format!("{line}\n")).collect();
    End {
        ballot: BALLOT.into(),
        roll: (0..5)
            .map(|voter| (address(voter), (voter.to_string(), voted(voter))))
            .collect(),
        tallies: vec![tally.to_string(); 2],
        bundles: vec![bundle; 2],
    }
}

fn address(voter: usize) -> String {
    format!("voter.{voter}@example.org")
}

fn vote(candidate: &str) -> Vote {
    Vote::new(json!({"candidate": candidate}))
}

fn ok(voter: usize, vote: &Vote) -> Attempt {
    let fate = Fate::Ok {
        vote_hash: vote.hash(BALLOT),
        promise: Some(promise(vote)),
    };
    of(voter, vote, fate)
}

fn of(voter: usize, vote: &Vote, fate: Fate) -> Attempt {
    Attempt {
        voter: address(voter),
        vote: vote.clone(),
        fate,
    }
}

#[track_caller]
fn finds(attempts: &[Attempt], end: &End, words: &str) {
    let faults = check(attempts, end).expect_err("a fault");
    assert!(faults.iter().any(|fault| fault.contains(words)), "{faults:?}");
}

/// Voters 0 and 1 know that their votes stand, 2 and 3 do not, 4 was refused.
fn night() -> (Vec<Vote>, Vec<Attempt>) {
    let votes: Vec<Vote> = ["a", "b", "b", "a", "a"].map(vote).into();
    let attempts = vec![
        of(0, &votes[0], Fate::Unknown),
        ok(0, &votes[0]),
        ok(1, &votes[1]),
        of(1, &vote("a"), Fate::Refused),
        of(2, &votes[2], Fate::Unknown),
        of(3, &votes[3], Fate::Unknown),
        of(4, &votes[4], Fate::Refused),
    ];
    (votes, attempts)
}

#[test]
fn it_is_content_when_all_is_well() {
    let (votes, attempts) = night();
    for standing in [&[0, 1][..], &[0, 1, 2], &[0, 1, 3], &[0, 1, 2, 3]] {
        let counted: Vec<(usize, &Vote)> = standing.iter().map(|voter| (*voter, &votes[*voter])).collect();
        let figures = Figures {
            attempts: 7,
            ok: 2,
            refused: 2,
            unknown: 3,
            sure: 2,
            unsure: 2,
            votes: standing.len(),
        };
        assert_eq!(check(&attempts, &end(&counted)), Ok(figures));
    }
}

#[test]
fn it_finds_a_lost_vote() {
    let (votes, attempts) = night();
    let end = end(&[(0, &votes[0]), (2, &votes[2])]);
    finds(&attempts, &end, "voter.1@example.org was told that a vote stands");
    finds(&attempts, &end, "not in the tree as promised");
    finds(
        &attempts,
        &self::end(&[(0, &votes[0])]),
        ": 0 counted, but 1 to 2 were cast",
    );
}

#[test]
fn it_finds_a_vote_that_counts_twice() {
    let (votes, mut attempts) = night();
    // The same one, and another one of the same voter.
    let twice = end(&[(0, &votes[0]), (0, &votes[0]), (1, &votes[1])]);
    finds(&attempts, &twice, "voter.0@example.org has voted 2 times");
    finds(&attempts, &twice, "3 votes, but 2 voters");
    let other = vote("b");
    attempts.push(of(0, &other, Fate::Unknown));
    let two = end(&[(0, &votes[0]), (0, &other), (1, &votes[1])]);
    finds(&attempts, &two, "voter.0@example.org has voted 2 times");
    attempts.push(ok(0, &other));
    finds(&attempts, &two, "told of two votes");
}

#[test]
fn it_finds_a_broken_promise() {
    let (votes, mut attempts) = night();
    let all = end(&[(0, &votes[0]), (1, &votes[1])]);
    // Another vote of the same voter stands, for the same candidate even.
    let other = vote("a");
    attempts.push(of(0, &other, Fate::Unknown));
    finds(
        &attempts,
        &end(&[(0, &other), (1, &votes[1])]),
        "the vote of voter.0@example.org is not in the tree as promised",
    );
    attempts.pop();
    assert!(check(&attempts, &all).is_ok());
    // Signed by somebody else, or over another hash.
    for wrong in [
        sign(3, &format!("{ORIGIN}/promise\n{}\n", votes[0].hash(BALLOT))),
        promise(&votes[1]),
        "trust me".to_owned(),
    ] {
        let Fate::Ok { promise, .. } = &mut attempts[1].fate else {
            panic!("not acknowledged")
        };
        *promise = Some(wrong);
        finds(&attempts, &all, "the promise to voter.0@example.org is not signed");
    }
}

#[test]
fn it_finds_votes_from_nowhere() {
    let (votes, attempts) = night();
    // Refused, and never sent.
    for (voter, vote) in [(4, votes[4].clone()), (4, vote("b")), (3, vote("a"))] {
        let end = end(&[(0, &votes[0]), (1, &votes[1]), (voter, &vote)]);
        finds(&attempts, &end, "nobody knows of the vote");
    }
    let end = end(&[(0, &votes[0]), (1, &votes[1]), (4, &votes[2])]);
    finds(&attempts, &end, "voter.4@example.org has voted without knowing");
    finds(&attempts, &end, "voter.2@example.org has a vote and has not voted");
}

#[test]
fn it_finds_a_count_and_a_tree_that_are_not_those_of_the_votes() {
    let (votes, attempts) = night();
    let good = || end(&[(0, &votes[0]), (1, &votes[1])]);
    let change = |text: &mut String, change: fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(text).expect("JSON");
        change(&mut value);
        *text = value.to_string();
    };
    let mut swapped = good();
    for tally in &mut swapped.tallies {
        change(tally, |tally| tally["working"]["counts"][0]["votes"] = json!(2));
    }
    finds(&attempts, &swapped, "the tally gives 2 votes");
    let mut changing = good();
    change(&mut changing.tallies[1], |tally| tally["votes"] = json!(3));
    finds(&attempts, &changing, "the tally changes");
    let mut dropped = good();
    let hash = format!("{}\n", json!({"vote_hash": votes[0].hash(BALLOT)}));
    for bundle in &mut dropped.bundles {
        *bundle = bundle.replace(&hash, "");
    }
    finds(&attempts, &dropped, "the checkpoint is not signed over this tree");
    finds(&attempts, &dropped, "the openings are not those of the vote hashes");
    let mut roll = good();
    roll.roll.insert(address(2), ("2".into(), true));
    finds(&attempts, &roll, "the roll is not that of the bundle");
}
