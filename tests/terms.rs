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
        let own = delegate.get(&hall.at("participation")).await.expect(200);
        assert_eq!((&own["voted"], &own["entry"]["unit_id"]), (&json!(true), &organisation["id"]));
        let tally = hall.tally().await;
        assert_eq!((&tally["roll"], &tally["votes"]), (&json!(1), &json!(1)));
        delegate.post(&hall.at("votes"), vote.body()).await.expect(201);
        let roll = organiser.get(&hall.at("roll")).await.expect(200);
        assert_eq!(roll["items"][0]["voted"], true);
    }

    async fn a_quorum_is_reported_with_the_result(world: World) {
        let hall = Hall::new(&world, 4, json!({"question": "?", "method": "plurality", "quorum_percent": 60, "blanks_count": false})).await;
        let organiser = &hall.workshop.organiser;
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
