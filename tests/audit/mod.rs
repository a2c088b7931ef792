//! Audits of real elections: the bundle, the checkpoint, the receipts and the promises that people
//! fetched through the API, held against each other by `palabre verify` and by a second program.

mod desk;
mod election;
mod forger;
mod mutants;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::independent::{Bundle, hex, roll_leaf, uuid};
use crate::support::{Backend, World, both};
use crate::voting::{Hall, plurality};
use desk::Desk;
use election::{Election, METHODS};

both! {
    async fn two_programs_verify_a_real_bundle_whatever_the_method(world: World) {
        for method in METHODS {
            let election = Election::hold(&world, method, "auditors").await;
            let desk = Desk::new(&election);
            // Everything that voters and auditors have obtained.
            let told = desk.verify(&desk.all_anchors()).await.ends(0);
            told.passes_all_but(&[]);
            for words in ["Quel logo ?", "winner: Kora", "votes: 5, of which blank: 1", "roll: 7, of which voted: 5", "quorum: 4 votes (50 %), reached", "VERIFIED."] {
                assert!(told.output.contains(words), "no {words:?} in {}", told.output);
            }
            // Each anchor alone.
            let none = ["anchor_key", "anchor_checkpoint", "anchor_receipt", "anchor_promise", "anchor"];
            let all_but = |passed: &[&str]| -> Vec<&str> { none.into_iter().filter(|name| !passed.contains(name)).collect() };
            for (arguments, code, passed) in [
                (vec![], 3, vec![]),
                (vec!["--checkpoint", "checkpoint"], 0, vec!["anchor_checkpoint", "anchor"]),
                (vec!["--receipt", "receipts.0"], 0, vec!["anchor_receipt", "anchor"]),
                (vec!["--key", &election.instance_key], 3, vec!["anchor_key"]),
                (vec!["--key", &election.ballot_key], 3, vec!["anchor_key"]),
                (vec!["--promise", "promise.3"], 3, vec!["anchor_promise"]),
                (vec!["--promise", "answer.3"], 3, vec!["anchor_promise"]),
            ] {
                desk.verify(&arguments).await.ends(code).passes_all_but(&all_but(&passed));
            }
            // By standard input, with settings that nobody could start a server with.
            let told = desk.command(&["verify", "-", "--checkpoint", "checkpoint"]).input(&desk.path("bundle"));
            let told = told.env("DATABASE_URL", "nonsense").env("PALABRE_NONSENSE", "1").run().await;
            assert_eq!(told.code, Some(0), "{told:?}");

            // The other program believes the same.
            let bundle = Bundle::read(&election.bundle).expect("a sound bundle");
            for (vote, receipts) in election.votes.iter().zip(&election.receipts) {
                let receipts: Value = serde_json::from_str(receipts).expect("JSON");
                let proved: Vec<String> = bundle.receipts(&receipts).expect("sound receipts").iter().map(|hash| hex(hash)).collect();
                assert!(proved.contains(&vote.hash(election.hall.id())));
            }
            for (vote, promise) in election.votes.iter().zip(&election.promises) {
                assert_eq!(bundle.promise(promise).map(|hash| hex(&hash)), Ok(vote.hash(election.hall.id())));
            }
            bundle.checkpoint(&election.checkpoint).expect("its checkpoint");
        }
    }

    async fn a_leaf_of_the_roll_follows_from_what_its_voter_and_the_auditors_are_told(world: World) {
        let election = Election::hold(&world, "plurality", "auditors").await;
        let ballot = uuid(election.hall.id()).expect("an id");
        let mut told = BTreeMap::new();
        for line in election.auditor.list(&election.hall.at("roll?limit=200")).await {
            let leaf = roll_leaf(&ballot, &line["entry"]).map(|leaf| hex(&leaf));
            assert_eq!(json!(leaf), line["entry"]["leaf"]);
            told.insert(leaf.expect("a leaf"), line.clone());
        }
        let lines: Vec<Value> = election.bundle.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let roll: Vec<Value> = lines.iter().filter_map(|line| line.get("roll").cloned()).collect();
        let expected: Vec<Value> = told.iter().map(|(leaf, line)| json!({"leaf": leaf, "voted": line["voted"]})).collect();
        assert_eq!((roll.len(), &roll), (7, &expected));
        for voter in &election.hall.voters {
            let own = voter.get(&election.hall.at("participation")).await.expect(200);
            assert_eq!(own["entry"]["address"], voter.email);
            let line = &told[&own["entry"]["leaf"].as_str().expect("a leaf").to_owned()];
            assert_eq!((&line["entry"], &line["voted"]), (&own["entry"], &own["voted"]));
        }
    }

    async fn members_get_a_bundle_that_says_what_it_lacks(world: World) {
        let election = Election::hold(&world, "approval", "auditors").await;
        let bundle = election.published().await;
        let desk = Desk::new(&election);
        desk.save("bundle", &bundle);
        let told = desk.verify(&["--checkpoint", "checkpoint"]).await.ends(4);
        told.passes_all_but(&["openings", "choices", "count", "anchor_key", "anchor_receipt", "anchor_promise"]);
        assert!(told.output.contains("NOT RECOUNTED"), "{}", told.output);
        desk.verify(&[""; 0]).await.ends(3);
        Bundle::read(&bundle).expect("a sound bundle");

        let election = Election::hold(&world, "approval", "public").await;
        assert!(election.published().await == election.bundle, "members and auditors get different bundles");
    }

    async fn a_ballot_of_more_than_a_page_is_opened_counted_and_told_whole(world: World) {
        // Rolls and votes are written and read by 250 lines, told by 512.
        let hall = Hall::crowd(&world, 600, plurality()).await;
        hall.open().await;
        let (mut hashes, mut cast) = (Vec::new(), Vec::new());
        for (number, voter) in hall.voters.iter().enumerate().filter(|(number, _)| number % 10 != 0) {
            let vote = hall.vote(number % 3);
            voter.post(&hall.at("votes"), vote.body()).await.expect(201);
            hashes.push(vote.hash(hall.id()));
            cast.push((voter, vote));
        }
        hashes.sort();
        assert_eq!(hall.tally().await["votes"], 540);
        for (number, voter) in hall.voters.iter().enumerate() {
            let own = voter.get(&hall.at("participation")).await.expect(200);
            assert_eq!(own["voted"], number % 10 != 0, "voter {number}");
        }
        // Whoever sends their vote again is told that it stands, and nobody that another does.
        for (voter, vote) in &cast {
            voter.post(&hall.at("votes"), vote.body()).await.expect(201);
            voter.post(&hall.at("votes"), hall.vote(0).body()).await.problem(409, "ballot_not_open");
        }
        let mut found = Vec::new();
        for prefix in 0..=255 {
            let asked = hall.at(&format!("receipts?prefix={prefix:02x}"));
            let receipts = world.anonymous().get(&asked).await.expect(200).json();
            let receipts = receipts["receipts"].as_array().expect("receipts").clone();
            found.extend(receipts.iter().map(|receipt| receipt["vote_hash"].as_str().expect("a hash").to_owned()));
        }
        assert_eq!(found, hashes, "each under its prefix, once");
        let auditor = hall.workshop.member("auditor", "auditor@example.org").await;
        let bundle = auditor.get(&hall.at("audit")).await.expect(200).body;
        // Its openings, its tree, and its digest of who voted.
        Bundle::read(&bundle).expect("a sound bundle");
        let lines = bundle.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let told: Vec<Value> = lines.filter_map(|line| line.get("vote_hash").cloned()).collect();
        assert_eq!(told, hashes);
    }

    async fn a_bundle_that_cannot_be_told_to_its_end_breaks_off(world: World) {
        let election = Election::hold(&world, "plurality", "auditors").await;
        let token = election.auditor.token.as_deref().expect("a token");
        let sql = world.sql().await;
        for encoding in ["identity", "gzip"] {
            let asked = format!(
                "GET {} HTTP/1.1\r\nHost: l\r\nAccept-Encoding: {encoding}\r\nAuthorization: Bearer {token}\r\n\r\n",
                election.hall.at("audit")
            );
            let mut auditor = world.raw().await;
            // The manifest and the roll can be read, and what was voted cannot.
            sql.run("ALTER TABLE opening RENAME TO mislaid").await;
            assert!(auditor.send(asked.as_bytes()).await);
            assert!(auditor.answer().await.is_none(), "{encoding}: half a bundle as if it were whole");
            assert!(auditor.heard() > 0, "{encoding}: not even a head");
            sql.run("ALTER TABLE mislaid RENAME TO opening").await;
            // Whoever asks again has it whole.
            let mut auditor = world.raw().await;
            assert!(auditor.send(asked.as_bytes()).await);
            let told = auditor.answer().await.expect("an answer");
            assert!(encoding != "identity" || told.body == election.bundle);
        }
    }

    async fn what_cannot_be_read_is_neither_right_nor_wrong(world: World) {
        let election = Election::hold(&world, "plurality", "auditors").await;
        let desk = Desk::new(&election);
        for arguments in [
            vec!["verify", "nowhere"],
            vec!["verify", "."],
            vec!["verify"],
            vec!["verify", "bundle", "--checkpoint", "nowhere"],
            vec!["verify", "bundle", "--receipt", "nowhere"],
            vec!["verify", "bundle", "--promise", "."],
            vec!["verify", "bundle", "--key", "nonsense"],
            vec!["verify", "bundle", "--nonsense"],
        ] {
            let told = desk.command(&arguments).run().await;
            assert_eq!(told.code, Some(2), "{told:?}");
            assert!(!told.errors.is_empty() && told.output.is_empty(), "{told:?}");
        }
        // Nothing was left behind, not even a database or a secret.
        let known = desk.names();
        desk.verify(&desk.all_anchors()).await.ends(0);
        assert_eq!(desk.names(), known);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_fails_the_check_of_its_name_in_both_programs() {
    World::with(Backend::Sqlite, |world| async move {
        mutants::all_fail(&world).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_rewrites_a_bundle_and_signs_it_anew_is_stopped_by_the_anchors() {
    World::with(Backend::Sqlite, |world| async move {
        forger::none_passes(&world).await;
    })
    .await;
}
