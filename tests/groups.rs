//! Promises: the register of pledges, and working groups while people are joining.

use serde_json::{Value, json};

use crate::support::{World, both};

both! {
    async fn the_register_shows_the_pledges_whose_signers_want_it(world: World) {
        let workshop = world.workshop().public().published().await;
        let organiser = &workshop.organiser;
        let coalition = organiser.post(&workshop.path("coalitions"), json!({"name": "Coalition", "mission": ""})).await.expect(201);
        let pledges = format!("/v1/coalitions/{}/pledges", coalition.id());
        organiser.post(&format!("/v1/coalitions/{}/charters", coalition.id()), json!({"text": "Charte"})).await.expect(201);
        let mut signed = Vec::new();
        for (name, public) in [("open", true), ("shy", false)] {
            let person = workshop.member("participant", &format!("{name}@example.org")).await;
            let own = person.list("/v1/me/registrations").await[0]["id"].as_str().expect("an id").to_owned();
            person.act(&format!("/v1/registrations/{own}/confirm")).await.expect(200);
            let pledge = person.post(&pledges, json!({"charter": 1, "public": public})).await.expect(201);
            assert_eq!(pledge["public"], public);
            signed.push((person, pledge));
        }
        let seen = async |by: &crate::support::Person| by.list(&pledges).await.iter().map(|pledge| pledge["name"].clone()).collect::<Vec<_>>();
        assert_eq!(seen(organiser).await, [json!("open"), json!("shy")]);
        assert_eq!(seen(&signed[1].0).await, [json!("open"), json!("shy")], "the register and one's own");
        assert_eq!(seen(&signed[0].0).await, [json!("open")]);
        assert_eq!(seen(&world.anonymous()).await, [json!("open")], "in a public workshop the register is for anyone");
        signed[0].0.act(&format!("/v1/pledges/{}/withdraw", signed[0].1.id())).await.expect(200);
        assert_eq!(seen(&world.anonymous()).await, Vec::<serde_json::Value>::new());
        signed[1].0.get(&format!("/v1/pledges/{}", signed[0].1.id())).await.problem(404, "not_found");
    }

    async fn how_many_are_few_is_told_to_those_who_may_see_who_they_are(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let coalition = organiser.post(&workshop.path("coalitions"), json!({"name": "Coalition"})).await.expect(201);
        let groups = format!("/v1/coalitions/{}/working-groups", coalition.id());
        let lead = workshop.member("participant", "lead@example.org").await;
        let leads = json!([workshop.registration_of("lead@example.org").await]);
        let group = organiser.post(&groups, json!({"name": "Compétences", "capacity": 6, "leads": leads})).await.expect(201);
        let path = format!("/v1/working-groups/{}", group.id());
        let outsider = workshop.member("participant", "outsider@example.org").await;
        let auditor = workshop.member("auditor", "auditor@example.org").await;
        let seen = async |by: &crate::support::Person| {
            let read = by.get(&path).await.expect(200);
            let listed = by.list(&groups).await[0].clone();
            assert_eq!(read.json(), listed, "read and list say the same");
            ["committed", "waiting", "free", "full"].map(|field| listed[field].clone())
        };
        let mut people = vec![outsider.clone()];
        for number in 1..=7 {
            people.push(workshop.member("participant", &format!("p{number}@example.org")).await);
        }
        let all = |committed: u64, waiting: u64, free: u64| [json!(committed), json!(waiting), json!(free), json!(free == 0)];
        assert_eq!(seen(&outsider).await, all(0, 0, 6));
        for (number, person) in (1_u64..).zip(&people) {
            let own = person.list("/v1/me/registrations").await[0]["id"].as_str().expect("an id").to_owned();
            person.act(&format!("/v1/registrations/{own}/confirm")).await.expect(200);
            person.post(&format!("{path}/commitments"), json!({"waiting_list": true})).await.expect(201);
            let (committed, waiting) = (number.min(6), number.saturating_sub(6));
            for by in [organiser, &lead, &auditor] {
                assert_eq!(seen(by).await, all(committed, waiting, 6 - committed), "{}", by.email);
            }
            let few = match (committed, waiting) {
                (1..5, _) => [Value::Null, Value::Null, Value::Null, json!(false)],
                (_, 0) => all(committed, waiting, 6 - committed),
                (_, _) => [json!(6), Value::Null, json!(0), json!(true)],
            };
            assert_eq!(seen(&outsider).await, few, "with {number}");
        }
    }

    async fn so_it_is_with_pledges_and_with_whom_a_draft_would_let_vote(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let coalition = organiser.post(&workshop.path("coalitions"), json!({"name": "Coalition"})).await.expect(201);
        let path = coalition.header("location").to_owned();
        organiser.post(&format!("{path}/charters"), json!({"text": "Charte"})).await.expect(201);
        let outsider = workshop.member("participant", "outsider@example.org").await;
        let facilitator = workshop.member("facilitator", "facilitator@example.org").await;
        let auditor = workshop.member("auditor", "auditor@example.org").await;
        let ballot = json!({"question": "Quel nom ?", "method": "plurality", "eligibility": {"adhered": coalition.id()}});
        let ballot = organiser.post(&workshop.path("ballots"), ballot).await.expect(201).header("location").to_owned();
        for name in ["Kora", "Arbre"] {
            organiser.post(&format!("{ballot}/candidates"), json!({"name": name})).await.expect(201);
        }
        let seen = async |by: &crate::support::Person| {
            let read = by.get(&path).await.expect(200);
            let listed = by.list(&workshop.path("coalitions")).await[0].clone();
            assert_eq!(read.json(), listed, "read and list say the same");
            [listed["pledges"]["people"].clone(), by.get(&format!("{ballot}/turnout")).await.expect(200)["roll"].clone()]
        };
        for number in 1..=5 {
            let person = workshop.member("participant", &format!("p{number}@example.org")).await;
            let own = person.list("/v1/me/registrations").await[0]["id"].as_str().expect("an id").to_owned();
            person.act(&format!("/v1/registrations/{own}/confirm")).await.expect(200);
            person.post(&format!("{path}/pledges"), json!({"charter": 1})).await.expect(201);
            for by in [organiser, &auditor] {
                assert_eq!(seen(by).await, [json!(number), json!(number)], "{}", by.email);
            }
            let told = if number < 5 { Value::Null } else { json!(number) };
            for by in [&outsider, &facilitator, &person] {
                assert_eq!(seen(by).await, [told.clone(), told.clone()], "{} of {number}", by.email);
            }
            if number == 4 {
                // Once opened the roll is public, however small: those who open it were told so.
                let small = organiser.post(&format!("{ballot}/copy"), json!({})).await.expect(201).header("location").to_owned();
                organiser.post(&format!("{small}/open"), json!({"confirm_small": true})).await.expect(200);
                assert_eq!(outsider.get(&format!("{small}/turnout")).await.expect(200)["roll"], 4);
            }
        }
    }

    async fn counts_that_move_do_not_stop_an_organiser_from_editing(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let coalition = organiser.post(&workshop.path("coalitions"), json!({"name": "Coalition", "mission": ""})).await.expect(201);
        let groups = format!("/v1/coalitions/{}/working-groups", coalition.id());
        let group = organiser.post(&groups, json!({"name": "Compétences", "capacity": 1})).await.expect(201);
        let path = format!("/v1/working-groups/{}", group.id());
        organiser.post(&format!("{path}/commitments"), json!({})).await.expect(201);
        // Whoever reads sees the count move; whoever edits is not told that someone else did.
        let unchanged = organiser.get(&path).header("if-none-match", &format!("\"{}\"", group.etag())).await;
        assert_eq!(unchanged.expect(200)["committed"], 1);
        let renamed = organiser.patch(&path, &group.etag(), json!({"name": "Formation"})).await.expect(200);
        organiser.patch(&path, &group.etag(), json!({"name": "Autre"})).await.problem(412, "stale_etag");
        organiser.patch(&path, &renamed.etag(), json!({"capacity": 0})).await.problem(422, "invalid");
    }
}
