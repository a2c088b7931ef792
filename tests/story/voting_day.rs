//! The logo ballot, from its draft to the published result.

use serde_json::{Value, json};

use super::Cast;
use crate::support::Answer;
use crate::voting::{Vote, logo};

/// 6. The logo ballot is drafted; everyone sees whether they are on the roll and what they lack.
pub async fn draft(cast: &Cast, coalition: &Value) -> Answer {
    let organiser = &cast.workshop.organiser;
    let ballot = json!({
        "kind": "logo", "question": "Quel logo pour la coalition ?", "method": "plurality",
        "eligibility": {"min_sessions": 1, "adhered": coalition["id"]},
    });
    let ballot = organiser.post(&cast.workshop.path("ballots"), ballot).await.expect(201);
    let path = format!("/v1/ballots/{}", ballot.id());
    for (index, name) in ["Arbre", "Calebasse", "Kora", "Mains", "Delta"].iter().enumerate() {
        let candidate = organiser
            .post(&format!("{path}/candidates"), json!({"name": name}))
            .await
            .expect(201);
        organiser.act(&format!("{path}/open")).await.problem(
            409,
            if index == 0 {
                "ballot_needs_candidates"
            } else {
                "ballot_needs_logos"
            },
        );
        let image = logo(u8::try_from(index).expect("a small number"));
        organiser
            .put_bytes(
                &format!("/v1/candidates/{}/logo", candidate.id()),
                "image/svg+xml",
                image,
            )
            .await
            .expect(200);
    }
    let unmet = async |number: usize| {
        let part = cast
            .person(number)
            .get(&format!("{path}/participation"))
            .await
            .expect(200);
        (part["on_roll"].clone(), part["unmet"].clone())
    };
    assert_eq!(unmet(1).await, (json!(true), json!([])));
    assert_eq!(unmet(9).await, (json!(true), json!([])));
    assert_eq!(unmet(40).await, (json!(false), json!(["pledge"])));
    assert_eq!(unmet(57).await, (json!(false), json!(["sessions", "pledge"])));
    assert_eq!(
        unmet(58).await,
        (json!(false), json!(["confirmation", "sessions", "pledge"]))
    );
    let roll = cast.auditor.get(&format!("{path}/roll?limit=200")).await.expect(200);
    assert_eq!(
        (&roll["on_roll"], &roll["not_on_roll"]),
        (&json!(39), &json!(23)),
        "together everyone registered"
    );
    ballot
}

/// 7. It is opened; people vote; each act gets the promised answer.
pub async fn vote(cast: &Cast, ballot: &Answer) {
    let path = format!("/v1/ballots/{}", ballot.id());
    let organiser = &cast.workshop.organiser;
    let draft = cast.person(1).get(&path).await.expect(200);
    let any = Vote::for_candidate(&draft["candidates"][0]["id"]);
    cast.person(1)
        .post(&format!("{path}/votes"), any.body())
        .await
        .problem(409, "ballot_not_open");
    let open = organiser.act(&format!("{path}/open")).await.expect(200);
    assert_eq!((&open["state"], &open["roll_size"]), (&json!("open"), &json!(39)));
    organiser.act(&format!("{path}/open")).await.expect(200);
    organiser
        .patch(&path, &open.etag(), json!({"question": "?"}))
        .await
        .problem(409, "ballot_not_draft");
    organiser.delete(&path).await.problem(409, "ballot_not_draft");

    let mut orders = std::collections::HashSet::new();
    for number in 1..=35 {
        let seen = cast.person(number).get(&path).await.expect(200);
        orders.insert(seen["candidates"].to_string());
        let voter = Vote::for_candidate(&candidate(&draft, if number <= 20 { "Kora" } else { "Arbre" }));
        let first = cast
            .person(number)
            .post(&format!("{path}/votes"), voter.body())
            .await
            .expect(201);
        assert_eq!(first["vote_hash"], voter.hash(&ballot.id()));
        assert_eq!(first.header("location"), format!("{path}/participation"));
        // The same request again, then a different vote.
        let retried = cast
            .person(number)
            .post(&format!("{path}/votes"), voter.body())
            .await
            .expect(201);
        assert_eq!(retried.json(), first.json());
        let other = Vote::for_candidate(&candidate(&draft, "Delta"));
        cast.person(number)
            .post(&format!("{path}/votes"), other.body())
            .await
            .problem(409, "already_voted");
    }
    assert!(
        orders.len() > 20,
        "each voter has an order of their own: {}",
        orders.len()
    );
    cast.person(40)
        .post(&format!("{path}/votes"), any.body())
        .await
        .problem(403, "not_on_roll");
    cast.auditor
        .post(&format!("{path}/votes"), any.body())
        .await
        .problem(403, "not_on_roll");
    let part = cast.person(1).get(&format!("{path}/participation")).await.expect(200);
    assert_eq!((&part["on_roll"], &part["voted"]), (&json!(true), &json!(true)));
    let turnout = cast.person(1).get(&format!("{path}/turnout")).await.expect(200);
    assert_eq!((&turnout["roll"], &turnout["votes"]), (&json!(39), &json!(35)));
    // Nobody sees a count, nor who voted.
    for someone in [organiser, &cast.auditor, cast.person(1)] {
        someone
            .get(&format!("{path}/tally"))
            .await
            .problem(409, "ballot_not_closed");
    }
    let roll = cast.auditor.get(&format!("{path}/roll?limit=200")).await.expect(200);
    assert!(
        roll["items"]
            .as_array()
            .expect("items")
            .iter()
            .all(|line| line["voted"].is_null())
    );
}

fn candidate(ballot: &Answer, name: &str) -> Value {
    let candidates = ballot["candidates"].as_array().expect("candidates");
    candidates
        .iter()
        .find(|candidate| candidate["name"] == name)
        .expect("the candidate")["id"]
        .clone()
}

/// 8. It is closed, counted, checked by the auditor and published for all.
pub async fn close_and_publish(cast: &Cast, ballot: &Answer) {
    let path = format!("/v1/ballots/{}", ballot.id());
    let organiser = &cast.workshop.organiser;
    organiser
        .act(&format!("{path}/publish"))
        .await
        .problem(409, "ballot_not_closed");
    let closed = organiser.act(&format!("{path}/close")).await.expect(200);
    assert_eq!(closed["state"], "closed");
    assert!(closed["counted_at"].is_string());
    let late = Vote::for_candidate(&candidate(&closed, "Kora"));
    cast.person(36)
        .post(&format!("{path}/votes"), late.body())
        .await
        .problem(409, "ballot_not_open");
    cast.person(1)
        .get(&format!("{path}/tally"))
        .await
        .problem(403, "not_allowed");

    let tally = cast.auditor.get(&format!("{path}/tally")).await.expect(200);
    assert_eq!(
        (&tally["roll"], &tally["votes"], &tally["blanks"]),
        (&json!(39), &json!(35), &json!(0))
    );
    let votes = |name: &str| {
        let id = candidate(&closed, name);
        tally["working"]["counts"]
            .as_array()
            .expect("counts")
            .iter()
            .find(|count| count["candidate"] == id)
            .expect("a count")["votes"]
            .clone()
    };
    assert_eq!(
        (votes("Kora"), votes("Arbre"), votes("Delta")),
        (json!(20), json!(15), json!(0))
    );
    assert_eq!(
        tally["outcome"],
        json!({"winners": [candidate(&closed, "Kora")], "tie": false})
    );
    let roll = cast.auditor.get(&format!("{path}/roll?limit=200")).await.expect(200);
    let voted = roll["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|line| line["voted"] == true)
        .count();
    assert_eq!(voted, 35);

    organiser.act(&format!("{path}/publish")).await.expect(200);
    organiser.act(&format!("{path}/publish")).await.expect(200);
    let published = organiser.get(&format!("{path}/tally")).await.expect(200);
    assert_eq!(published["state"], "published");
    for figure in ["roll", "votes", "blanks", "valid", "outcome", "working", "counted_at"] {
        assert_eq!(
            published[figure], tally[figure],
            "what was counted is what is published"
        );
    }
    for someone in [cast.person(1), cast.person(57), &cast.facilitator, &cast.auditor] {
        let seen = someone.get(&format!("{path}/tally")).await.expect(200);
        assert_eq!(seen.text(), published.text(), "the same bytes for everyone");
    }
    let journal = cast.auditor.list(&cast.workshop.path("journal?subject=ballot")).await;
    let acts: Vec<&str> = journal.iter().filter_map(|line| line["act"].as_str()).collect();
    assert_eq!(acts, ["create", "open", "close", "publish"]);
}
