//! Ballots beyond the story: the order of answers, cancelling, schedules, secrecy, images.

use serde_json::{Value, json};

use crate::support::{Backend, World, both};
use crate::voting::{Hall, Vote, close_and_count, logo, plurality};

both! {
    async fn answers_to_a_vote_come_in_the_promised_order(world: World) {
        let hall = Hall::new(&world, 2, plurality()).await;
        let votes = hall.at("votes");
        let vote = hall.vote(0);
        let voter = &hall.voters[0];
        let bad = json!({"choice": {"candidate": 7}, "nonce": "short"});
        // 401 before all, 404 for strangers, 422 before 409 in draft.
        world.anonymous().post(&votes, bad.clone()).await.problem(401, "sign_in_required");
        world.person("stranger@example.org").await.post(&votes, bad.clone()).await.problem(404, "not_found");
        voter.post(&votes, bad.clone()).await.problem(422, "invalid").faults(&[("/nonce", "not_a_nonce"), ("/choice/candidate", "wrong_type")]);
        voter.post(&votes, vote.body()).await.problem(409, "ballot_not_open");
        hall.open().await;
        // Wrong shapes, whatever the state.
        for (choice, faults) in [
            (json!({}), [("/choice/candidate", "required")]),
            (json!({"candidate": hall.candidates[0], "blank": true}), [("/choice/candidate", "not_with_blank")]),
            (json!({"candidate": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e"}), [("/choice/candidate", "unknown_candidate")]),
            (json!({"ranking": [[hall.candidates[0]]]}), [("/choice/ranking", "unknown_field")]),
        ] {
            let answer = voter.post(&votes, Vote::new(choice).body()).await.problem(422, "invalid");
            let found: Vec<_> = answer["errors"].as_array().expect("errors").iter().map(|error| (error["pointer"].as_str().unwrap_or_default(), error["code"].as_str().unwrap_or_default())).collect();
            assert!(found.contains(&faults[0]), "{found:?}");
        }
        let twice = format!("{{\"choice\": {{\"candidate\": {0}, \"candidate\": {0}}}, \"nonce\": {1}}}", hall.candidates[0], vote.body()["nonce"]);
        voter.request(reqwest::Method::POST, &votes).bytes("application/json", twice).await.problem(422, "invalid").faults(&[("/choice/candidate", "duplicate_field")]);
        // Padded with spaces to the ballot's length, as promised to watchers of the line.
        let length = voter.get(&hall.path).await.expect(200)["vote_body_length"].as_u64().expect("a length");
        let mut padded = vote.body().to_string();
        padded.push_str(&" ".repeat(usize::try_from(length).expect("small") - padded.len()));
        let first = voter.request(reqwest::Method::POST, &votes).bytes("application/json", padded).await.expect(201);
        voter.post(&votes, hall.vote(1).body()).await.problem(409, "already_voted");
        hall.workshop.organiser.act(&hall.at("close")).await.expect(200);
        // Closed and counted: one's own vote as before, any other refused as too late.
        let again = voter.post(&votes, vote.body()).await.expect(201);
        assert_eq!(again["vote_hash"], first["vote_hash"]);
        // The promise has been kept: the ballot's key is gone and the receipt takes its place.
        assert!(first["promise"].is_string() && again["promise"].is_null());
        voter.post(&votes, hall.vote(1).body()).await.problem(409, "ballot_not_open");
        hall.voters[1].post(&votes, vote.body()).await.problem(409, "ballot_not_open");
    }

    async fn whoever_has_just_read_the_ballot_votes_only_while_they_are_signed_in_and_on_the_roll(world: World) {
        let hall = Hall::new(&world, 4, plurality()).await;
        hall.open().await;
        let late = hall.workshop.member("participant", "late@example.org").await;
        let own = late.list("/v1/me/registrations").await.remove(0);
        late.act(&format!("/v1/registrations/{}/confirm", own["id"].as_str().expect("an id"))).await.expect(200);
        // On the roll of another ballot, which is no roll of this one.
        let elsewhere = Hall::of(hall.workshop.clone(), vec![late.clone()], plurality()).await;
        elsewhere.open().await;
        let other = world.another_server().await;
        let (votes, first) = (hall.at("votes"), hall.vote(0));
        // Known to both servers, as is everyone who reads the page.
        for server in [world.server(), &other] {
            hall.voters[0].at(server).post(&votes, first.body()).await.expect(201);
            for reader in hall.voters.iter().chain([&late]) {
                reader.at(server).get(&hall.path).await.expect(200);
            }
        }
        let [_, signs_out, leaves, stays] = &hall.voters[..] else { panic!("four voters") };
        let out = signs_out.post("/v1/auth/revocations", json!({"token": signs_out.token}));
        out.await.expect(204);
        let me = leaves.get("/v1/me").await.expect(200);
        leaves.delete("/v1/me").if_match(&me.etag()).await.expect(204);
        for server in [world.server(), &other] {
            for gone in [signs_out, leaves] {
                gone.at(server).post(&votes, hall.vote(1).body()).await.problem(401, "sign_in_required");
            }
            late.at(server).post(&votes, hall.vote(1).body()).await.problem(403, "not_on_roll");
        }
        stays.at(&other).post(&votes, hall.vote(1).body()).await.expect(201);
        assert_eq!(hall.tally().await["votes"], 2);
        other.stop().await;
    }

    async fn the_page_at_hand_is_that_of_the_ballot_as_it_is_whoever_changed_it(world: World) {
        let hall = Hall::new(&world, 1, plurality()).await;
        let other = world.another_server().await;
        let (organiser, voter) = (&hall.workshop.organiser, hall.voters[0].at(&other));
        let page = async || voter.get(&hall.path).await.expect(200);
        assert_eq!(page().await["state"], "draft");
        organiser.patch(&hall.path, "*", json!({"closes_at": "2119-08-20T12:00:00Z"})).await.expect(200);
        hall.open().await;
        let opened = page().await;
        assert_eq!((&opened["state"], &opened["closes_at"]), (&json!("open"), &json!("2119-08-20T12:00:00Z")));
        assert_eq!(page().await["etag"], opened["etag"]);
        // By another server, and by nobody's server.
        let longer = json!({"closes_at": "2120-08-20T12:00:00Z", "reason": "La salle est lente."});
        organiser.post(&hall.at("extend"), longer).await.expect(200);
        let extended = page().await;
        assert_eq!(extended["closes_at"], "2120-08-20T12:00:00Z");
        assert_ne!(extended["etag"], opened["etag"]);
        world.sql().await.run("UPDATE ballot SET closes_at = closes_at + 1000000").await;
        assert_eq!(page().await["closes_at"], "2120-08-20T12:00:01Z");
        close_and_count(organiser, &hall.path).await;
        assert_eq!(page().await["state"], "closed");
        organiser.act(&hall.at("publish")).await.expect(200);
        assert_eq!(page().await["state"], "published");
        other.stop().await;
    }

    async fn a_cancelled_ballot_keeps_its_reason_and_shows_nothing(world: World) {
        let hall = Hall::new(&world, 1, plurality()).await;
        let organiser = &hall.workshop.organiser;
        hall.open().await;
        let vote = hall.vote(0);
        hall.voters[0].post(&hall.at("votes"), vote.body()).await.expect(201);
        organiser.post(&hall.at("cancel"), json!({})).await.problem(422, "invalid").faults(&[("/reason", "required")]);
        let cancelled = organiser.post(&hall.at("cancel"), json!({"reason": "Un logo manquait."})).await.expect(200);
        assert_eq!((&cancelled["state"], &cancelled["reason"]), (&json!("cancelled"), &json!("Un logo manquait.")));
        organiser.post(&hall.at("cancel"), json!({"reason": "Autre raison."})).await.expect(200);
        assert_eq!(organiser.get(&hall.path).await.expect(200)["reason"], "Un logo manquait.");
        hall.voters[0].post(&hall.at("votes"), vote.body()).await.problem(409, "ballot_not_open");
        organiser.get(&hall.at("tally")).await.problem(409, "ballot_not_closed");
        organiser.act(&hall.at("close")).await.problem(409, "ballot_not_open");
        assert_eq!(world.sql().await.number("SELECT count(*) FROM \"cast\"").await, 0);
        assert_eq!(world.sql().await.number("SELECT count(*) FROM ballot WHERE sealed_key IS NOT NULL").await, 0);
    }

    async fn what_was_opened_can_be_finished_after_the_workshop_is_archived(world: World) {
        let hall = Hall::new(&world, 1, plurality()).await;
        hall.open().await;
        hall.voters[0].post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        hall.workshop.archive().await;
        assert_eq!(hall.tally().await["votes"], 1);
        hall.workshop.organiser.act(&hall.at("publish")).await.expect(200);
        hall.voters[0].get(&hall.at("tally")).await.expect(200);
    }

    async fn sealed_votes_and_key_are_gone_once_counted(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        hall.open().await;
        for voter in &hall.voters {
            voter.post(&hall.at("votes"), hall.vote(1).body()).await.expect(201);
        }
        let sql = world.sql().await;
        assert_eq!(sql.number("SELECT count(*) FROM \"cast\"").await, 3);
        let lengths = sql.number("SELECT count(DISTINCT length(sealed)) FROM \"cast\"").await;
        assert_eq!(lengths, 1, "no length tells a choice");
        if world.backend() == Backend::Postgres {
            sql.run("ANALYZE \"cast\"").await;
            let sampled = sql.texts("SELECT attname::text FROM pg_stats WHERE tablename = 'cast'").await;
            assert_eq!(sampled, ["ballot_id"], "no mark and no vote outlives the count as a sample");
        }
        assert_eq!(sql.number("SELECT count(*) FROM opening").await, 0);
        hall.workshop.organiser.act(&hall.at("close")).await.expect(200);
        assert_eq!(sql.number("SELECT count(*) FROM \"cast\"").await, 0);
        assert_eq!(sql.number("SELECT count(*) FROM ballot WHERE sealed_key IS NOT NULL").await, 0);
        assert_eq!(sql.number("SELECT count(*) FROM opening").await, 3);
        assert_eq!(sql.number("SELECT count(*) FROM roll_line WHERE voted").await, 3);
    }

    async fn what_is_frozen_is_frozen_in_the_database_itself(world: World) {
        let hall = Hall::new(&world, 2, plurality()).await;
        hall.open().await;
        hall.voters[0].post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        let sql = world.sql().await;
        let leaf = if world.backend() == Backend::Sqlite { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
        let one_more = format!(
            "INSERT INTO roll (ballot_id, unit_id, person_id, registration_id, salt, leaf) \
             SELECT ballot_id, registration_id, registration_id, registration_id, salt, {leaf} FROM roll LIMIT 1"
        );
        for (act, refusal) in [
            ("UPDATE ballot SET question = 'Autre ?'", "ballot_is_frozen"),
            ("UPDATE ballot SET state = 'draft'", "ballot_moves_forward"),
            ("DELETE FROM ballot", "ballot_is_deleted_in_draft"),
            ("UPDATE candidate SET name = 'Autre'", "candidate_is_frozen_update"),
            ("DELETE FROM candidate", "candidate_is_frozen_delete"),
            ("DELETE FROM roll", "roll_is_frozen_delete"),
            (&one_more, "roll_is_frozen_insert"),
            ("UPDATE journal SET act = 'nothing'", "journal_is_append_only_update"),
            ("DELETE FROM journal", "journal_is_append_only_delete"),
            ("INSERT INTO \"cast\" SELECT ballot_id, mark, sealed FROM \"cast\"", if world.backend() == Backend::Sqlite { "UNIQUE" } else { "duplicate key" }),
        ] {
            let words = sql.refused(act).await;
            assert!(words.contains(refusal), "{act}: {words}");
        }
        hall.workshop.organiser.act(&hall.at("close")).await.expect(200);
        for (act, refusal) in [
            ("UPDATE opening SET choice = '{}'", "opening_is_final_update"),
            ("DELETE FROM opening", "opening_is_final_delete"),
            ("UPDATE voted SET flags = first_leaf", "voted_is_final_update"),
            ("DELETE FROM voted", "voted_is_final_delete"),
            ("INSERT INTO voted SELECT ballot_id, leaf, leaf FROM roll", "voted_precedes_the_count"),
            ("UPDATE roll SET leaf = salt", "roll_is_frozen_update"),
            ("UPDATE ballot SET counted_at = counted_at + 1", "ballot_is_counted_once"),
        ] {
            let words = sql.refused(act).await;
            assert!(words.contains(refusal), "{act}: {words}");
        }
    }

    async fn a_tampered_vote_stops_the_count_loudly_and_changes_nothing(world: World) {
        let hall = Hall::new(&world, 2, plurality()).await;
        let organiser = &hall.workshop.organiser;
        hall.open().await;
        for voter in &hall.voters {
            voter.post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        }
        let sql = world.sql().await;
        // Someone with the database moves one person's vote under another mark.
        let mark = if world.backend() == Backend::Sqlite { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
        let first = "(SELECT min(mark) FROM \"cast\")";
        let first = if world.backend() == Backend::Sqlite { first.to_owned() } else { "(SELECT mark FROM \"cast\" ORDER BY mark LIMIT 1)".to_owned() };
        sql.run(&format!("UPDATE \"cast\" SET mark = {mark} WHERE mark = {first}")).await;
        let closed = organiser.act(&hall.at("close")).await.expect(200);
        assert_eq!((&closed["count_failed"], &closed["counted_at"]), (&json!("mark_off_the_roll"), &Value::Null));
        organiser.get(&hall.at("tally")).await.problem(409, "ballot_count_failed");
        organiser.act(&hall.at("publish")).await.problem(409, "ballot_count_failed");
        assert_eq!(sql.number("SELECT count(*) FROM \"cast\"").await, 2);
        assert_eq!(sql.number("SELECT count(*) FROM opening").await, 0);
    }

    async fn a_ballot_is_small_without_voters_or_out_of_its_workshop(world: World) {
        let hall = Hall::new(&world, 1, json!({"question": "?", "method": "approval", "eligibility": {"min_minutes": 10}})).await;
        let organiser = &hall.workshop.organiser;
        organiser.act(&hall.at("open")).await.problem(409, "ballot_needs_voters");
        let draft = organiser.get(&hall.path).await.expect(200);
        let everyone = json!({"eligibility": {"min_minutes": null}});
        organiser.patch(&hall.path, &draft.etag(), everyone).await.expect(200);
        organiser.act(&hall.at("open")).await.problem(409, "ballot_small_roll");
        for (field, value, pointer, code) in [
            ("adhered", json!("01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e"), "/eligibility/adhered", "not_of_this_workshop"),
            ("registration_ids", json!(["01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e"]), "/eligibility/registration_ids/0", "not_of_this_workshop"),
            ("roles", json!(["auditor"]), "/eligibility/roles", "auditors_never_vote"),
            ("min_session", json!(1), "/eligibility/min_session", "unknown_field"),
        ] {
            let ballot = json!({"question": "?", "method": "approval", "eligibility": {field: value}});
            organiser.post(&hall.workshop.path("ballots"), ballot).await.problem(422, "invalid").faults(&[(pointer, code)]);
        }
    }

    async fn schedules_open_and_close_a_ballot_by_the_databases_clock(world: World) {
        let hall = Hall::new(&world, 5, plurality()).await;
        let organiser = &hall.workshop.organiser;
        let sql = world.sql().await;
        // Due already by every clock: what is late is better than never.
        let due = "UPDATE ballot SET opens_at = 1";
        sql.run(due).await;
        world.run_due().await;
        assert_eq!(organiser.get(&hall.path).await.expect(200)["state"], "open");
        hall.voters[0].post(&hall.at("votes"), hall.vote(2).body()).await.expect(201);
        // Its time is up: no vote is taken even before the closer comes.
        sql.time_is_up(hall.id()).await;
        hall.voters[1].post(&hall.at("votes"), hall.vote(2).body()).await.problem(409, "ballot_not_open");
        world.run_due().await;
        let tally = organiser.get(&hall.at("tally")).await.expect(200);
        assert_eq!(tally["votes"], 1);
        let journal = organiser.list(&hall.workshop.path("journal?subject=ballot")).await;
        let roles: Vec<_> = journal.iter().map(|line| (line["act"].as_str().expect("an act"), line["actor_role"].as_str().expect("a role"))).collect();
        assert_eq!(roles[1..], [("open", "schedule"), ("close", "schedule")]);
        // One that fails its checks stays a draft and says why.
        let lonely = organiser.post(&hall.workshop.path("ballots"), plurality()).await.expect(201);
        sql.run("UPDATE ballot SET opens_at = 1 WHERE state = 'draft'").await;
        world.run_due().await;
        let refused = organiser.get(&format!("/v1/ballots/{}", lonely.id())).await.expect(200);
        assert_eq!((&refused["state"], &refused["opening_failed"]), (&json!("draft"), &json!("ballot_needs_candidates")));
    }

    async fn a_ballot_is_drafted_from_another(world: World) {
        let hall = Hall::new(&world, 2, json!({"kind": "logo", "question": "Quel logo ?", "method": "approval", "openings": "public"})).await;
        let organiser = &hall.workshop.organiser;
        for (number, candidate) in (1..).zip(&hall.candidates) {
            let path = format!("/v1/candidates/{}/logo", candidate.as_str().expect("an id"));
            organiser.put_bytes(&path, "image/svg+xml", logo(number)).await.expect(200);
        }
        let first = organiser.act(&hall.at("copy")).await.expect(201);
        let again = organiser.act(&hall.at("copy")).await.expect(200);
        assert_eq!(first.json(), again.json());
        let original = organiser.get(&hall.path).await.expect(200);
        for field in ["kind", "question", "method", "eligibility", "openings"] {
            assert_eq!(first[field], original[field], "{field}");
        }
        assert_eq!((&first["state"], &first["drafted_from"], &first["drafted_as"]), (&json!("draft"), &json!(hall.id()), &json!("copy")));
        let faces = |ballot: &Value| -> Vec<_> {
            let candidates = ballot["candidates"].as_array().expect("candidates");
            candidates.iter().map(|candidate| (candidate["name"].clone(), candidate["logo"].clone())).collect()
        };
        assert_eq!(faces(&first.json()), faces(&original.json()));
        organiser.act(&hall.at("run-off")).await.problem(409, "ballot_not_closed");
        hall.open().await;
        for (voter, candidate) in hall.voters.iter().zip([0, 2]) {
            let vote = Vote::new(json!({"candidates": [hall.candidates[candidate]]}));
            voter.post(&hall.at("votes"), vote.body()).await.expect(201);
        }
        assert_eq!(hall.tally().await["outcome"]["tie"], true);
        let second = organiser.act(&hall.at("run-off")).await.expect(201);
        organiser.act(&hall.at("run-off")).await.expect(200);
        let names: Vec<_> = second["candidates"].as_array().expect("candidates").iter().map(|candidate| candidate["name"].clone()).collect();
        assert_eq!(names, ["Arbre", "Delta"]);
        // A copy of a draft outlives it.
        let path = format!("/v1/ballots/{}", first.id());
        let third = organiser.act(&format!("{path}/copy")).await.expect(201);
        organiser.request(reqwest::Method::DELETE, &path).await.expect(204);
        assert!(organiser.get(&format!("/v1/ballots/{}", third.id())).await.expect(200)["drafted_from"].is_null());
        // Whose result is annulled has nothing to run off from; it can be begun again.
        organiser.post(&hall.at("annul"), json!({"reason": "Une erreur."})).await.expect(200);
        organiser.act(&hall.at("run-off")).await.problem(409, "wrong_state");
        organiser.act(&hall.at("copy")).await.expect(201);
        // Without a tie there is nobody to run off between.
        let path = format!("/v1/ballots/{}", second.id());
        organiser.post(&format!("{path}/open"), json!({"confirm_small": true})).await.expect(200);
        let favourite = &second["candidates"][1]["id"];
        hall.voters[0].post(&format!("{path}/votes"), Vote::new(json!({"candidates": [favourite]})).body()).await.expect(201);
        organiser.act(&format!("{path}/close")).await.expect(200);
        organiser.act(&format!("{path}/run-off")).await.problem(409, "ballot_without_tie");
    }

    async fn logos_are_drawn_once_and_served_as_pictures_only(world: World) {
        let hall = Hall::new(&world, 0, json!({"kind": "logo", "question": "?", "method": "plurality"})).await;
        let organiser = &hall.workshop.organiser;
        let path = format!("/v1/candidates/{}/logo", hall.candidates[0].as_str().expect("an id"));
        let candidate = organiser.put_bytes(&path, "image/svg+xml", logo(3)).await.expect(200);
        for (field, side) in [("url", 1024), ("thumbnail_url", 256)] {
            let url = candidate["logo"][field].as_str().expect("an address");
            let local = url.strip_prefix("https://api.example.org").expect("the public address");
            let picture = world.anonymous().get(local).await.expect(200);
            assert_eq!(picture.header("content-type"), "image/png");
            assert!(picture.header("cache-control").contains("immutable"));
            assert_eq!(picture.header("x-content-type-options"), "nosniff");
            assert_eq!(png_size(&picture.body), Some((side, side)));
        }
        let scripted = logo(1).replace("</svg>", "<script>alert(1)</script></svg>");
        let bomb = png_header(50_000, 50_000);
        for (image, code) in [
            (scripted.into_bytes(), "svg_active_content"),
            (bomb, "image_dimensions_too_large"),
            (b"not an image".to_vec(), "unknown_image_format"),
            (Vec::new(), "unknown_image_format"),
            (logo(1).replace("<circle", "<image href=\"https://example.org/x.png\"/><circle").into_bytes(), "svg_external_reference"),
        ] {
            organiser.put_bytes(&path, "image/png", image).await.problem(422, "invalid_image").faults(&[("", code)]);
        }
        organiser.put_bytes(&path, "image/png", vec![0; 2 * 1024 * 1024 + 1]).await.problem(413, "too_large");
        let standing = organiser.get(path.trim_end_matches("/logo")).await.expect(200);
        assert_eq!(standing["logo"], candidate["logo"], "a refused image changes nothing");
        world.anonymous().get(&format!("/v1/logos/{}.png", "0".repeat(64))).await.problem(404, "not_found");
    }
}

/// Width and height from a PNG's header.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    Some((number(16)?, number(20)?))
}

/// A PNG that claims a size and holds nothing.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 6, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(chunk);
    png.extend(crc.sum().to_be_bytes());
    png
}

/// Under PostgreSQL the votes of people who are known go through a function of the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn votes_at_once_are_stored_all_or_none() {
    World::with(Backend::Postgres, async |world| {
        let hall = Hall::new(&world, 2, plurality()).await;
        hall.open().await;
        hall.voters[0].post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        let sql = world.sql().await;
        let stored = async |marks: [u8; 2]| {
            let [one, two] = marks.map(|mark| format!("decode(repeat('{mark:02x}', 32), 'hex')"));
            let call = format!(
                "SELECT votes_at_once(b.id, ARRAY[{one}, {two}], ARRAY[{one}, {two}], ARRAY(SELECT id FROM sign_in))::bigint \
                 FROM ballot b"
            );
            let told = sql.number(&call).await;
            (told, sql.number("SELECT count(*) FROM \"cast\"").await)
        };
        assert_eq!(stored([1, 3]).await, (2, 3));
        assert_eq!(stored([2, 3]).await, (0, 3), "one of them stands");
        let revoked = "UPDATE sign_in SET revoked_at = created_at WHERE id = (SELECT id FROM sign_in ORDER BY id LIMIT 1)";
        sql.run(revoked).await;
        assert_eq!(stored([4, 5]).await, (0, 3), "one of those who vote is signed out");
        sql.run("DELETE FROM sign_in WHERE revoked_at IS NOT NULL").await;
        assert_eq!(stored([4, 5]).await, (2, 5));
        // No statement brings the end of a ballot forward; time does.
        sql.run("ALTER TABLE ballot DISABLE TRIGGER ballot_is_extended_only").await;
        sql.run("UPDATE ballot SET closes_at = opened_at + 1").await;
        assert_eq!(stored([6, 7]).await, (0, 5), "time is up");
        sql.run("UPDATE ballot SET closes_at = NULL").await;
        assert_eq!(stored([6, 7]).await, (2, 7));
        sql.run("UPDATE ballot SET state = 'closed', closed_at = opened_at + 1").await;
        assert_eq!(stored([8, 9]).await, (0, 7), "the ballot is closed");
    })
    .await;
}
