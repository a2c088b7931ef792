//! Two registrations of one person: found, merged, and what stays as it was.

use serde_json::{Value, json};

use crate::support::{Answer, Person, Workshop, World, both};
use crate::voting::{Hall, plurality};

/// Someone confirmed, with the id of their registration.
async fn confirmed(workshop: &Workshop, email: &str) -> (Person, String) {
    let person = workshop.member("participant", email).await;
    let id = workshop.registration_of(email).await;
    person.act(&format!("/v1/registrations/{id}/confirm")).await.expect(200);
    (person, id)
}

async fn merge(by: &Person, stays: &str, goes: &str) -> Answer {
    let path = format!("/v1/registrations/{stays}/merge");
    by.post(&path, json!({"registration_id": goes})).await
}

async fn journal(workshop: &Workshop) -> Vec<Value> {
    let path = workshop.path("journal?act=merge&subject=registration");
    workshop.organiser.list(&path).await
}

both! {
    async fn everything_of_the_double_moves_and_nothing_counts_twice(world: World) {
        world.clock().set("2020-08-27T08:00:00Z");
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let (awa, stays) = confirmed(&workshop, "awa@example.org").await;
        let double = workshop.member("participant", "awa.diallo@example.com").await;
        let goes = workshop.registration_of("awa.diallo@example.com").await;
        let organisation = organiser.post(&workshop.path("organisations"), json!({"name": "Kora", "category": "startup"})).await.expect(201).id();
        let path = format!("/v1/registrations/{goes}");
        let etag = organiser.get(&path).await.etag();
        organiser.patch(&path, &etag, json!({"organisation_id": organisation, "delegate": true})).await.expect(200);
        double.act(&format!("{path}/confirm")).await.expect(200);

        // An hour at a session, half of it with both addresses; and still there with both at another.
        let session = |title: &str, from: &str, to: &str| json!({"title": title, "starts_at": format!("2020-08-27T{from}:00Z"), "ends_at": format!("2020-08-27T{to}:00Z")});
        let morning = organiser.post(&workshop.path("sessions"), session("Matin", "09:00", "11:00")).await.expect(201).id();
        let noon = organiser.post(&workshop.path("sessions"), session("Midi", "11:00", "12:00")).await.expect(201).id();
        world.clock().set("2020-08-27T11:30:00Z");
        for (registration, from, to) in [(&stays, "09:00", "09:45"), (&goes, "09:15", "10:00"), (&stays, "10:30", "10:40"), (&goes, "10:30", "10:40")] {
            let interval = json!({"registration_id": registration, "joined_at": format!("2020-08-27T{from}:00Z"), "left_at": format!("2020-08-27T{to}:00Z")});
            organiser.post(&format!("/v1/sessions/{morning}/attendance"), interval).await.expect(201);
        }
        awa.act(&format!("/v1/sessions/{noon}/check-ins")).await.expect(201);
        world.clock().set("2020-08-27T11:35:00Z");
        double.act(&format!("/v1/sessions/{noon}/check-ins")).await.expect(201);

        // The double pledged first; both are in one group, the double alone in another, which it leads.
        let coalition = organiser.post(&workshop.path("coalitions"), json!({"name": "Coalition"})).await.expect(201).id();
        let of_coalition = |rest: &str| format!("/v1/coalitions/{coalition}/{rest}");
        organiser.post(&of_coalition("charters"), json!({"text": "Charte"})).await.expect(201);
        let first = double.post(&of_coalition("pledges"), json!({"charter": 1})).await.expect(201).id();
        let spoken = double.post(&of_coalition("pledges"), json!({"charter": 1, "on_behalf_of": organisation})).await.expect(201).id();
        world.clock().set("2020-08-27T11:40:00Z");
        let later = awa.post(&of_coalition("pledges"), json!({"charter": 1, "public": true})).await.expect(201).id();
        let mut groups = Vec::new();
        for (name, leads) in [("Compétences", json!([])), ("Accès", json!([goes])), ("Données", json!([goes, stays]))] {
            let group = organiser.post(&of_coalition("working-groups"), json!({"name": name, "leads": leads})).await.expect(201);
            groups.push(format!("/v1/working-groups/{}", group.id()));
        }
        let place = awa.act(&format!("{}/commitments", groups[0])).await.expect(201).id();
        for group in &groups[..2] {
            double.act(&format!("{group}/commitments")).await.expect(201);
        }
        let chosen = json!({"question": "Qui ?", "method": "plurality", "eligibility": {"registration_ids": [goes]}});
        let ballot = organiser.post(&workshop.path("ballots"), chosen).await.expect(201).id();
        organiser.post(&workshop.path("invitations"), json!({"registration_ids": [goes]})).await.expect(202);

        let seconds = |all: Vec<Value>, id: &str| all.iter().find(|person| person["registration_id"] == id).map(|person| person["seconds"].clone());
        let etag = organiser.get(&format!("/v1/registrations/{stays}")).await.etag();
        let merged = organiser.post(&format!("/v1/registrations/{stays}/merge"), json!({"registration_id": goes})).if_match(&etag).await.expect(200);
        assert_eq!(merged.id(), stays);
        assert_eq!((&merged["email"], &merged["organisation"]["id"], &merged["delegate"]), (&json!("awa@example.org"), &json!(organisation), &json!(true)));

        let attendance = organiser.list(&workshop.path("attendance")).await;
        assert_eq!(seconds(attendance.clone(), &goes), None);
        // 09:00 to 10:00, 10:30 to 10:40, and present since 11:30.
        assert_eq!(seconds(attendance, &stays), Some(json!(3600 + 600 + 600)));
        world.clock().set("2020-08-27T11:50:00Z");
        awa.act(&format!("/v1/sessions/{noon}/check-outs")).await.expect(200);
        let present = organiser.list(&format!("/v1/sessions/{noon}/attendance")).await;
        assert_eq!((present.len(), &present[0]["seconds"], &present[0]["present"]), (1, &json!(1200), &json!(false)));

        let pledges = organiser.list(&of_coalition("pledges")).await;
        let told: Vec<_> = pledges.iter().map(|pledge| (pledge["id"].as_str().unwrap(), pledge["withdrawn_at"].is_null())).collect();
        assert_eq!(told, [(first.as_str(), true), (spoken.as_str(), true), (later.as_str(), false)]);
        assert!(pledges.iter().all(|pledge| pledge["registration_id"] == stays.as_str()), "{pledges:?}");
        let again = awa.post(&of_coalition("pledges"), json!({"charter": 1})).await.expect(200);
        assert_eq!(again.id(), first, "the earlier stands");
        let people = async |group: &str| {
            let places = organiser.list(&format!("{group}/commitments")).await;
            let leads = organiser.get(group).await.expect(200)["leads"].clone();
            let ids = |list: &[Value]| list.iter().map(|one| one["registration_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
            (ids(&places), ids(leads.as_array().unwrap()))
        };
        assert_eq!(people(&groups[0]).await, (vec![stays.clone()], vec![]));
        assert_eq!(people(&groups[1]).await, (vec![stays.clone()], vec![stays.clone()]));
        assert_eq!(people(&groups[2]).await, (vec![], vec![stays.clone()]));
        awa.get(&format!("/v1/commitments/{place}")).await.expect(200);
        let ballot = organiser.get(&format!("/v1/ballots/{ballot}")).await.expect(200);
        assert_eq!(ballot["eligibility"]["registration_ids"], json!([stays]));

        // The other address has no place any more, and its account stays.
        organiser.get(&path).await.problem(404, "not_found");
        double.get(&workshop.path("me")).await.problem(404, "not_found");
        double.get("/v1/me").await.expect(200);
        assert_eq!(double.list("/v1/me/registrations").await, Vec::<Value>::new());

        // Sent again, the same answer, and one line in the journal, which names nobody.
        let again = merge(organiser, &stays, &goes).await.expect(200);
        assert_eq!(again.json(), organiser.get(&format!("/v1/registrations/{stays}")).await.json());
        let lines = journal(&workshop).await;
        assert_eq!((lines.len(), &lines[0]["subject_id"], &lines[0]["before"]["merged_id"]), (1, &json!(stays), &json!(goes)));
        let after = &lines[0]["after"];
        assert_eq!((&after["pledges"], &after["pledges_withdrawn"], &after["commitments"], &after["leads"]), (&json!(2), &json!([later]), &json!(1), &json!(1)));
        assert_eq!((&after["attendance"], &after["attendance_dropped"], &after["stays"]["delegate"]), (&json!(1), &json!(2), &json!(true)));
        let words = lines[0].to_string();
        assert!(!words.contains("awa") && !words.contains("example"), "{words}");
    }

    async fn a_place_in_a_full_group_that_two_had_goes_to_who_waits(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let coalition = organiser.post(&workshop.path("coalitions"), json!({"name": "Coalition"})).await.expect(201).id();
        let group = organiser.post(&format!("/v1/coalitions/{coalition}/working-groups"), json!({"name": "Accès", "capacity": 2})).await.expect(201).id();
        let places = format!("/v1/working-groups/{group}/commitments");
        let mut ids = Vec::new();
        for email in ["awa@example.org", "awa+1@example.org", "mory@example.org", "fatou@example.org"] {
            let (person, id) = confirmed(&workshop, email).await;
            person.post(&places, json!({"waiting_list": true})).await.expect(201);
            ids.push(id);
        }
        merge(organiser, &ids[1], &ids[0]).await.expect(200);
        let places = organiser.list(&places).await;
        let places: Vec<_> = places.iter().map(|place| (place["registration_id"].as_str().unwrap(), place["state"].as_str().unwrap())).collect();
        assert_eq!(places, [(ids[1].as_str(), "committed"), (ids[2].as_str(), "committed"), (ids[3].as_str(), "waiting")]);
    }

    async fn not_while_either_is_on_a_roll_that_is_not_counted_and_never_what_was(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        let (workshop, organiser) = (&hall.workshop, &hall.workshop.organiser);
        let auditor = workshop.member("auditor", "auditeur@example.org").await;
        let ids = [workshop.registration_of("voter.0@example.org").await, workshop.registration_of("voter.1@example.org").await];
        let unregistered = workshop.register("participant", "voter+1@example.org").await.expect(201).id();
        hall.open().await;
        for (stays, goes) in [(&ids[0], &ids[1]), (&ids[0], &unregistered), (&unregistered, &ids[0])] {
            let refused = merge(organiser, stays, goes).await.problem(409, "registration_on_open_roll");
            assert_eq!(refused["ballot_ids"], json!([hall.id()]));
        }
        let sql = world.sql().await;
        let words = sql.refused(&format!("DELETE FROM registration WHERE id = {}", sql.id(&ids[0]))).await;
        assert!(words.contains("registration_on_an_open_roll_stays"), "{words}");
        for (voter, candidate) in [(0, 0), (1, 0), (2, 1)] {
            hall.voters[voter].post(&hall.at("votes"), hall.vote(candidate).body()).await.expect(201);
        }
        let tally = hall.tally().await;
        let roll = async || auditor.get(&hall.at("roll")).await.expect(200).json();
        let (before, bundle) = (roll().await, auditor.get(&hall.at("audit")).await.expect(200).body);
        merge(organiser, &ids[0], &ids[1]).await.expect(200);
        let after = roll().await;
        let entries = |roll: &Value| -> Vec<Value> { roll["items"].as_array().unwrap().iter().map(|line| json!([line["entry"], line["voted"]])).collect() };
        assert_eq!(entries(&before), entries(&after), "each line with the address that voted");
        let mut addresses: Vec<&str> = after["items"].as_array().unwrap().iter().map(|line| line["entry"]["address"].as_str().unwrap()).collect();
        addresses.sort_unstable();
        assert_eq!(addresses, [organiser.email.as_str(), "voter.0@example.org", "voter.1@example.org", "voter.2@example.org"]);
        let names: Vec<&Value> = after["items"].as_array().unwrap().iter().filter(|line| line["registration_id"] == ids[0].as_str()).map(|line| &line["name"]).collect();
        assert_eq!(names, ["voter.0", "voter.0"], "found under the registration that stays");
        assert_eq!(organiser.get(&hall.at("tally")).await.expect(200).json(), tally);
        assert_eq!(auditor.get(&hall.at("audit")).await.expect(200).body, bundle);
        // The next roll has one of them, and what a counted roll names is not deleted.
        let next = organiser.act(&hall.at("copy")).await.expect(201).id();
        let opened = organiser.post(&format!("/v1/ballots/{next}/open"), json!({"confirm_small": true})).await.expect(200);
        assert_eq!(opened["state"], "open");
        // The organiser, who may vote too, and two of three.
        assert_eq!(organiser.get(&format!("/v1/ballots/{next}/roll")).await["on_roll"], 3);
        organiser.delete(&format!("/v1/registrations/{}", ids[0])).await.problem(409, "registration_in_use");
        // Who was merged away may still erase themself: their salt goes, the line stays.
        let gone = &hall.voters[1];
        let export = gone.get("/v1/me/export").await.expect(200);
        assert_eq!((export["ballots"].as_array().unwrap().len(), &export["ballots"][0]["voted"]), (1, &json!(true)));
        gone.delete("/v1/me").await.expect(204);
        let erased: Vec<Value> = roll().await["items"].as_array().unwrap().iter().filter(|line| line["entry"]["salt"].is_null()).cloned().collect();
        assert_eq!((erased.len(), &erased[0]["entry"]["address"], &erased[0]["voted"]), (1, &Value::Null, &json!(true)));
    }

    async fn an_opening_and_a_merge_at_once_leave_nobody_gone_on_a_roll(world: World) {
        let workshop = world.workshop().published().await;
        for round in 0..6 {
            let (first, stays) = confirmed(&workshop, &format!("a{round}@example.org")).await;
            let (second, goes) = confirmed(&workshop, &format!("b{round}@example.org")).await;
            let only = json!({"question": "Quel logo ?", "method": "plurality", "eligibility": {"registration_ids": [stays, goes]}});
            let hall = Hall::of(workshop.clone(), vec![first, second], only).await;
            let organiser = &workshop.organiser;
            if round == 0 {
                hall.open().await;
            }
            let open = organiser.post(&hall.at("open"), json!({"confirm_small": true}));
            let (opened, merged) = tokio::join!(open, merge(organiser, &stays, &goes));
            opened.expect(200);
            let roll = organiser.list(&hall.at("roll")).await;
            let on_roll: Vec<&str> = roll.iter().map(|line| line["registration_id"].as_str().unwrap()).collect();
            if merged.status == 200 {
                assert_eq!(on_roll, [stays.as_str()]);
            } else {
                merged.problem(409, "registration_on_open_roll");
                assert_eq!(on_roll.len(), 2);
            }
            // A new draft from the old ballot, whose list is frozen, chooses whom there is now.
            organiser.post(&hall.at("cancel"), json!({"reason": "Doublon."})).await.expect(200);
            merge(organiser, &stays, &goes).await.expect(200);
            let copy = organiser.act(&hall.at("copy")).await.expect(201);
            assert_eq!(copy["eligibility"]["registration_ids"], json!([stays]));
        }
    }

    async fn two_merges_at_once_are_one(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        for round in 0..4 {
            let mut ids = Vec::new();
            for who in ["a", "b"] {
                ids.push(workshop.register("participant", &format!("{who}{round}@example.org")).await.expect(201).id());
            }
            let (one, other) = if round % 2 == 0 {
                // The same request twice.
                let (one, other) = tokio::join!(merge(organiser, &ids[0], &ids[1]), merge(organiser, &ids[0], &ids[1]));
                (one.expect(200), other.expect(200))
            } else {
                // Each into the other: one of them comes too late.
                let (one, other) = tokio::join!(merge(organiser, &ids[0], &ids[1]), merge(organiser, &ids[1], &ids[0]));
                if one.status == 200 { (one, other.problem(404, "not_found")) } else { (other.expect(200), one.problem(404, "not_found")) }
            };
            assert!(one.status == 200 && [200, 404].contains(&other.status));
            assert_eq!(journal(&workshop).await.len(), round + 1);
        }
        assert_eq!(organiser.list(&workshop.path("registrations")).await.len(), 1 + 4);
    }

    async fn what_cannot_be_merged_stays_as_it_is(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let founder = workshop.registration_of(&organiser.email).await;
        let (_, awa) = confirmed(&workshop, "awa@example.org").await;
        let auditor = workshop.register("auditor", "auditeur@example.org").await.expect(201).id();
        let other = world.workshop().by(organiser).published().await;
        let (_, elsewhere) = confirmed(&other, "mory@example.org").await;
        let fault = async |stays: &str, goes: &str, code: &str| {
            merge(organiser, stays, goes).await.problem(422, "invalid").faults(&[("/registration_id", code)]);
        };
        fault(&awa, &awa, "same_registration").await;
        fault(&awa, &elsewhere, "not_of_this_workshop").await;
        fault(&awa, "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "not_of_this_workshop").await;
        merge(organiser, &auditor, &founder).await.problem(409, "organiser_and_auditor");
        merge(organiser, &founder, &auditor).await.problem(409, "organiser_and_auditor");
        merge(organiser, &awa, &founder).await.problem(409, "last_organiser");
        let path = format!("/v1/registrations/{awa}/merge");
        organiser.post(&path, json!({"registration_id": auditor})).if_match("stale").await.problem(412, "stale_etag");
        let stranger = world.another_administrator("autre@example.org").await;
        merge(&stranger, &awa, &auditor).await.problem(404, "not_found");
        let leaver = workshop.member("participant", "fatou@example.org").await;
        let erased = workshop.registration_of("fatou@example.org").await;
        leaver.delete("/v1/me").await.expect(204);
        merge(organiser, &awa, &erased).await.problem(409, "person_erased");
        merge(organiser, &erased, &awa).await.problem(409, "person_erased");
        assert_eq!(journal(&workshop).await, Vec::<Value>::new());
        assert_eq!(organiser.list(&workshop.path("registrations")).await.len(), 4);
        // With another organiser the founder may go; roles are not handed on.
        let successor = workshop.member("organiser", "deux@example.org").await;
        let second = workshop.registration_of("deux@example.org").await;
        successor.act(&format!("/v1/registrations/{second}/confirm")).await.expect(200);
        let merged = merge(&successor, &awa, &founder).await.expect(200);
        assert_eq!(merged["role"], "participant");
        organiser.get(&workshop.path("registrations")).await.problem(404, "not_found");
    }

    async fn a_roster_imported_again_does_not_undo_a_merge(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let roster = "email;nom\nawa@example.org;Awa Diallo\nawa.diallo@example.com;DIALLO Awa\n";
        let import = async || organiser.post_bytes(&workshop.path("registrations/import"), "text/csv", roster).await.expect(200);
        import().await;
        let doubles = organiser.list(&workshop.path("likely-doubles")).await;
        assert_eq!((doubles.len(), &doubles[0]["likenesses"], &doubles[0]["total"]), (1, &json!(["same_name"]), &json!(2)));
        let ids: Vec<String> = (0..2).map(|at| doubles[0]["registrations"][at]["id"].as_str().unwrap().to_owned()).collect();
        merge(organiser, &ids[0], &ids[1]).await.expect(200);
        assert_eq!(organiser.list(&workshop.path("likely-doubles")).await, Vec::<Value>::new());
        let report = import().await;
        assert_eq!((&report["created"], &report["updated"], &report["unchanged"]), (&json!(0), &json!(0), &json!(2)));
        assert_eq!(report["rows"][1]["registration_id"], ids[0].as_str());
        assert_eq!((&report["warnings_total"], &report["warnings"][0]["code"], &report["warnings"][0]["line"]), (&json!(1), &json!("merged"), &json!(3)));
        // Merged on, the address still leads to the one that stays.
        let third = workshop.register("participant", "awa+1@example.org").await.expect(201).id();
        merge(organiser, &third, &ids[0]).await.expect(200);
        let report = import().await;
        assert_eq!(report["rows"][0]["registration_id"], third.as_str());
        assert_eq!(report["rows"][1]["registration_id"], third.as_str());
        // Whom an organiser invites anew by hand was no double.
        let anew = workshop.register("participant", "awa.diallo@example.com").await.expect(201).id();
        assert_eq!(import().await["rows"][1]["registration_id"], anew.as_str());
    }

    async fn nobody_changes_the_address_of_a_registration(world: World) {
        let workshop = world.workshop().published().await;
        let (awa, id) = confirmed(&workshop, "awa@example.org").await;
        let path = format!("/v1/registrations/{id}");
        let etag = workshop.organiser.get(&path).await.etag();
        for field in ["email", "person_id"] {
            let pointer = format!("/{field}");
            for by in [&workshop.organiser, &awa] {
                let change = by.patch(&path, &etag, json!({field: "autre@example.org"})).await;
                change.problem(422, "invalid").faults(&[(pointer.as_str(), "unknown_field")]);
            }
        }
        // A line with another address is another person.
        let roster = "email;nom\nautre@example.org;awa\n";
        let report = workshop.organiser.post_bytes(&workshop.path("registrations/import"), "text/csv", roster).await.expect(200);
        assert_eq!((&report["created"], &report["warnings"][0]["registration_id"]), (&json!(1), &json!(id)));
        assert_eq!(workshop.organiser.get(&path).await["email"], "awa@example.org");
        let sql = world.sql().await;
        let change = format!("UPDATE registration SET person_id = (SELECT id FROM person WHERE address = 'autre@example.org') WHERE id = {}", sql.id(&id));
        let words = sql.refused(&change).await;
        assert!(words.contains("registration_keeps_its_person"), "{words}");
    }
}
