//! What hostile and broken files cannot do, and any change to an honest one.

use std::io::{BufReader, Read as _};

use proptest::prelude::*;

use super::*;
use crate::ballots::proof::bundle::Line;

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
