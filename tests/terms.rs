//! The terms of a ballot: who has a vote, how many votes it needs, and what becomes of a result that
//! does not stand.

use serde_json::{Value, json};

use crate::support::{Person, World, both};
use crate::voting::{Hall, Vote, plurality};

async fn registration(workshop: &crate::support::Workshop, person: &Person) -> String {
    let own = person.get(&workshop.path("me")).await.expect(200);
    own["registration"]["id"].as_str().expect("an id").to_owned()
}

both! {
    async fn an_organisation_votes_by_its_delegate(world: World) {
        let hall = Hall::new(&world, 3, json!({"question": "Qui préside ?", "method": "plurality", "unit": "organisation"})).await;
        let organiser = &hall.workshop.organiser;
        let organisation = organiser
            .post(&hall.workshop.path("organisations"), json!({"name": "Université Gamal Abdel Nasser", "category": "education"}))
            .await
            .expect(201);
        for (voter, delegate) in hall.voters.iter().zip([true, false]) {
            let path = format!("/v1/registrations/{}", registration(&hall.workshop, voter).await);
            let etag = organiser.get(&path).await.expect(200).etag();
            let place = json!({"organisation_id": organisation["id"], "category": null, "delegate": delegate});
            organiser.patch(&path, &etag, place).await.expect(200);
        }
        // Everyone sees beforehand whether they will speak for someone.
        let [delegate, colleague, alone] = &hall.voters[..] else { panic!("three voters") };
        assert_eq!(delegate.get(&hall.at("participation")).await.expect(200)["unmet"], json!([]));
        for other in [colleague, alone] {
            assert_eq!(other.get(&hall.at("participation")).await.expect(200)["unmet"], json!(["delegate"]));
        }
        let preview = organiser.get(&hall.at("roll")).await.expect(200);
        assert_eq!((&preview["on_roll"], &preview["not_on_roll"]), (&json!(1), &json!(3)));
        hall.open().await;
        let vote = hall.vote(0);
        let first = delegate.post(&hall.at("votes"), vote.body()).await.expect(201);
        assert_eq!(delegate.post(&hall.at("votes"), vote.body()).await.expect(201).json(), first.json());
        delegate.post(&hall.at("votes"), hall.vote(1).body()).await.problem(409, "already_voted");
        colleague.post(&hall.at("votes"), hall.vote(1).body()).await.problem(403, "not_on_roll");
        // Who speaks for it was frozen with the roll.
        for (voter, delegate) in hall.voters.iter().zip([false, true]) {
            let path = format!("/v1/registrations/{}", registration(&hall.workshop, voter).await);
            let etag = organiser.get(&path).await.expect(200).etag();
            organiser.patch(&path, &etag, json!({"delegate": delegate})).await.expect(200);
        }
        colleague.post(&hall.at("votes"), hall.vote(1).body()).await.problem(403, "not_on_roll");
        let late = colleague.get(&hall.at("participation")).await.expect(200);
        assert_eq!((&late["on_roll"], &late["unmet"]), (&json!(false), &json!(["frozen"])));
        assert_eq!(
            late["lacks"][0]["detail"],
            "Conditions remplies à présent, mais pas à l'ouverture, quand la liste a été figée."
        );
        let own = delegate.get(&hall.at("participation")).await.expect(200);
        assert_eq!((&own["voted"], &own["entry"]["unit_id"]), (&json!(true), &organisation["id"]));
        let tally = hall.tally().await;
        assert_eq!((&tally["roll"], &tally["votes"]), (&json!(1), &json!(1)));
        delegate.post(&hall.at("votes"), vote.body()).await.expect(201);
        let roll = organiser.get(&hall.at("roll")).await.expect(200);
        assert_eq!(roll["items"][0]["voted"], true);
    }

    async fn everyone_is_told_what_they_lack_and_how_far_they_have_come(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        let (workshop, organiser) = (&hall.workshop, &hall.workshop.organiser);
        workshop.member("auditor", "auditor@example.org").await;
        workshop.register("participant", "invited@example.org").await;
        let mut ids = Vec::new();
        for voter in &hall.voters {
            ids.push(registration(workshop, voter).await);
        }
        world.clock().set("2020-08-27T12:00:00Z");
        for hour in [9, 11] {
            let session = json!({"title": "Séance", "starts_at": format!("2020-08-27T{hour:02}:00:00Z"), "ends_at": format!("2020-08-27T{:02}:00:00Z", hour + 1)});
            let session = organiser.post(&workshop.path("sessions"), session).await.expect(201);
            let attendance = format!("/v1/sessions/{}/attendance", session.id());
            // The first at both, the second for a while at the first one.
            let present = [(0, hour, 45), (1, 9, 20)].into_iter().filter(|(_, at, _)| *at == hour);
            for (voter, _, minutes) in present {
                let interval = json!({"registration_id": ids[voter], "joined_at": format!("2020-08-27T{hour:02}:00:00Z"), "left_at": format!("2020-08-27T{hour:02}:{minutes}:00Z")});
                organiser.post(&attendance, interval).await.expect(201);
            }
        }
        let coalition = organiser.post(&workshop.path("coalitions"), json!({"name": "Coalition", "mission": ""})).await.expect(201);
        let at = |rest: &str| format!("/v1/coalitions/{}/{rest}", coalition.id());
        organiser.post(&at("charters"), json!({"text": "Nous partageons."})).await.expect(201);
        hall.voters[1].post(&at("pledges"), json!({"charter": 1})).await.expect(201);
        organiser.post(&at("charters"), json!({"text": "Nous partageons tout."})).await.expect(201);
        hall.voters[0].post(&at("pledges"), json!({"charter": 2})).await.expect(201);
        for (id, category) in ids.iter().zip(["startup", "education"]) {
            let path = format!("/v1/registrations/{id}");
            let etag = organiser.get(&path).await.expect(200).etag();
            organiser.patch(&path, &etag, json!({"category": category})).await.expect(200);
        }
        let etag = organiser.get(&hall.path).await.expect(200).etag();
        let rule = json!({"roles": ["participant"], "min_sessions": 2, "min_minutes": 90, "adhered": coalition["id"], "categories": ["startup"], "registration_ids": [ids[0], ids[1]]});
        organiser.patch(&hall.path, &etag, json!({"eligibility": rule})).await.expect(200);

        let preview = organiser.get(&hall.at("roll?limit=200")).await.expect(200);
        assert_eq!(preview.header("content-language"), "fr");
        assert!(preview.list("vary").contains("accept-language"), "{:?}", preview.headers);
        let everyone = organiser.list(&workshop.path("registrations?limit=200")).await;
        assert_eq!((&preview["on_roll"], &preview["not_on_roll"]), (&json!(1), &json!(everyone.len() - 1)));
        let lacking = [("role", 2), ("confirmation", 2), ("sessions", 5), ("minutes", 5), ("pledge", 5), ("category", 5), ("selection", 4)];
        let lacking: Vec<Value> = lacking.map(|(code, people)| json!({"code": code, "people": people})).into();
        assert_eq!(preview["lacking"], json!(lacking));
        let shown = |roll: &Value| -> Vec<Value> {
            roll["items"].as_array().expect("a list").iter().map(|line| line["registration_id"].clone()).collect()
        };
        let rest: Vec<Value> = shown(&preview.json()).into_iter().filter(|id| *id != ids[0]).collect();
        for (wanted, expected) in [("true", vec![json!(ids[0])]), ("false", rest)] {
            let some = organiser.get(&hall.at(&format!("roll?on_roll={wanted}&limit=200"))).await.expect(200);
            assert_eq!(shown(&some.json()), expected);
            for field in ["on_roll", "not_on_roll", "lacking"] {
                assert_eq!(some[field], preview[field], "of the whole");
            }
        }
        let line = |registration: &str| {
            let lines = preview["items"].as_array().expect("a list");
            lines.iter().find(|line| line["registration_id"] == registration).expect("a line").clone()
        };
        let said = |told: &Value| -> Vec<String> {
            let lacks = told["lacks"].as_array().expect("a list");
            let codes: Vec<&Value> = lacks.iter().map(|lack| &lack["code"]).collect();
            assert_eq!(json!(codes), told["unmet"], "each explained");
            lacks.iter().map(|lack| lack["detail"].as_str().expect("a sentence").replace('\u{a0}', " ")).collect()
        };
        assert_eq!(said(&line(&ids[0])), Vec::<String>::new());
        let second = [
            "Séances suivies : 1 ; il en faut 2.",
            "Minutes de présence : 20 ; il en faut 90.",
            "Adhésion à une version antérieure de la charte ; il faut adhérer à la version en vigueur.",
            "Catégorie : éducation ; ce scrutin est ouvert à : start-up.",
        ];
        assert_eq!(said(&line(&ids[1])), second);
        assert_eq!(said(&hall.voters[1].get(&hall.at("participation")).await.expect(200).json()), second, "a member sees their own");
        assert_eq!(
            said(&hall.voters[2].get(&hall.at("participation")).english().await.expect(200).json()),
            [
                "Sessions attended: 0 of the 2 required.",
                "Minutes present: 0 of the 90 required.",
                "No pledge to the coalition's charter.",
                "Category: none given; this ballot is open to: start-up.",
                "Not among the people chosen for this ballot.",
            ]
        );
        let of = async |email: &str| said(&line(&workshop.registration_of(email).await));
        assert_eq!(of("auditor@example.org").await[0], "Les auditeurs ne votent jamais.");
        assert_eq!(of("invited@example.org").await[0], "Invitation pas encore confirmée.");
        assert_eq!(said(&line(&registration(workshop, organiser).await))[0], "Rôle : organisation ; ce scrutin est ouvert à : participation.");
        // Live: what was lacking is made good.
        let etag = organiser.get(&hall.path).await.expect(200).etag();
        organiser.patch(&hall.path, &etag, json!({"eligibility": {"min_sessions": 1, "min_minutes": 20, "any_charter": true, "categories": []}})).await.expect(200);
        let own = hall.voters[1].get(&hall.at("participation")).await.expect(200);
        assert_eq!((&own["on_roll"], &own["lacks"]), (&json!(true), &json!([])));
    }

    async fn whoever_is_on_a_roll_audits_only_once_it_is_counted(world: World) {
        let hall = Hall::new(&world, 5, plurality()).await;
        let (workshop, organiser, voter) = (&hall.workshop, &hall.workshop.organiser, &hall.voters[0]);
        let path = format!("/v1/registrations/{}", registration(workshop, voter).await);
        let become_auditor = async || {
            let etag = organiser.get(&path).await.expect(200).etag();
            organiser.patch(&path, &etag, json!({"role": "auditor"})).await
        };
        let import = async || {
            let csv = format!("email;role\n{};auditor\n", voter.email);
            organiser.post_bytes(&workshop.path("registrations/import"), "text/csv", csv).await
        };
        hall.open().await;
        let refused = become_auditor().await.problem(409, "registration_on_open_roll");
        assert_eq!(refused["ballot_ids"], json!([hall.id()]));
        import().await.problem(409, "registration_on_open_roll");
        assert_eq!(organiser.get(&path).await.expect(200)["role"], "participant");
        voter.post(&hall.at("votes"), hall.vote(0).body()).await.expect(201);
        hall.tally().await;
        become_auditor().await.expect(200);
        import().await.expect(200);
    }

    async fn a_quorum_is_reported_with_the_result(world: World) {
        let hall = Hall::new(&world, 4, json!({"question": "?", "method": "plurality", "quorum_percent": 60, "blanks_count": false})).await;
        let organiser = &hall.workshop.organiser;
        let draft = organiser.get(&hall.at("turnout")).await.expect(200);
        assert_eq!((&draft["roll"], &draft["quorum"]["needed"]), (&json!(5), &json!(3)), "if it opened now");
        hall.open().await;
        for (voter, choice) in hall.voters.iter().zip([json!({"blank": true}), json!({"candidate": hall.candidates[0]}), json!({"candidate": hall.candidates[0]})]) {
            voter.post(&hall.at("votes"), Vote::new(choice).body()).await.expect(201);
        }
        let open = organiser.get(&hall.at("turnout")).await.expect(200);
        assert_eq!(open["quorum"], json!({"percent": 60, "needed": 3, "blanks_count": false, "votes": null, "reached": null}));
        let tally = hall.tally().await;
        assert_eq!(tally["quorum"], json!({"percent": 60, "needed": 3, "blanks_count": false, "votes": 2, "reached": false}));
        assert_eq!(tally["outcome"]["winners"], json!([hall.candidates[0]]));
        for (value, code) in [(0, "too_small"), (101, "too_large")] {
            let ballot = json!({"question": "?", "method": "plurality", "quorum_percent": value});
            organiser.post(&hall.workshop.path("ballots"), ballot).await.problem(422, "invalid").faults(&[("/quorum_percent", code)]);
        }
    }

    async fn an_annulled_result_stays_in_sight(world: World) {
        let hall = Hall::new(&world, 2, plurality()).await;
        let organiser = &hall.workshop.organiser;
        let why = json!({"reason": "Deux logos étaient intervertis."});
        organiser.post(&hall.at("annul"), why.clone()).await.problem(409, "ballot_not_closed");
        hall.open().await;
        organiser.post(&hall.at("annul"), why.clone()).await.problem(409, "ballot_not_closed");
        let vote = hall.vote(1);
        hall.voters[0].post(&hall.at("votes"), vote.body()).await.expect(201);
        hall.tally().await;
        hall.voters[1].get(&hall.at("tally")).await.problem(403, "not_allowed");
        organiser.post(&hall.at("annul"), json!({})).await.problem(422, "invalid").faults(&[("/reason", "required")]);
        organiser.post(&hall.at("annul"), why.clone()).await.expect(200);
        organiser.post(&hall.at("annul"), json!({"reason": "Une autre."})).await.expect(200);
        // Whoever saw the result cannot bury it: now everyone sees it, and why it does not stand.
        let tally = hall.voters[1].get(&hall.at("tally")).await.expect(200);
        assert_eq!((&tally["state"], &tally["reason"], &tally["votes"]), (&json!("annulled"), &why["reason"], &json!(1)));
        hall.voters[1].get(&hall.at("audit")).await.expect(200);
        hall.voters[0].post(&hall.at("votes"), vote.body()).await.expect(201);
        organiser.act(&hall.at("publish")).await.problem(409, "ballot_not_closed");
        organiser.act(&hall.at("close")).await.problem(409, "ballot_not_open");
        let acts = organiser.list(&hall.workshop.path("journal?subject=ballot")).await;
        let last = acts.iter().find(|line| line["act"] == "annul").expect("a line");
        assert_eq!(last["after"]["reason"], why["reason"]);
    }

    async fn an_earlier_charter_counts_where_the_rule_says_so(world: World) {
        let hall = Hall::new(&world, 1, plurality()).await;
        let organiser = &hall.workshop.organiser;
        let coalition = organiser.post(&hall.workshop.path("coalitions"), json!({"name": "Coalition", "mission": ""})).await.expect(201);
        let coalition_id: &Value = &coalition["id"];
        let at = |rest: &str| format!("/v1/coalitions/{}/{rest}", coalition_id.as_str().expect("an id"));
        organiser.post(&at("charters"), json!({"text": "Nous partageons."})).await.expect(201);
        let voter = &hall.voters[0];
        voter.post(&at("pledges"), json!({"charter": 1})).await.expect(201);
        organiser.post(&at("charters"), json!({"text": "Nous partageons tout."})).await.expect(201);
        for (any_charter, unmet) in [(false, json!(["pledge"])), (true, json!([]))] {
            let etag = organiser.get(&hall.path).await.expect(200).etag();
            let rule = json!({"eligibility": {"adhered": coalition_id, "any_charter": any_charter}});
            organiser.patch(&hall.path, &etag, rule).await.expect(200);
            assert_eq!(voter.get(&hall.at("participation")).await.expect(200)["unmet"], unmet);
            let first = voter.get(&hall.workshop.path("me")).await.expect(200);
            assert_eq!(first["ballots"][0]["unmet"], unmet);
        }
    }
}
