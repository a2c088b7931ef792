//! Adherence to the coalition, and places in its working groups.

use serde_json::{Value, json};

use super::{Cast, ORGANISATIONS};
use crate::voting::sha256;

/// 4. The coalition is founded; people adhere, for themselves or for their organisation.
pub async fn adhere(cast: &Cast) -> Value {
    let organiser = &cast.workshop.organiser;
    let founding = json!({"name": "Coalition guinéenne du numérique", "mission": "Un numérique utile à tous."});
    let coalition = organiser
        .post(&cast.workshop.path("coalitions"), founding)
        .await
        .expect(201);
    let path = format!("/v1/coalitions/{}", coalition.id());
    let pledges = format!("{path}/pledges");
    cast.person(1)
        .post(&pledges, json!({"charter": 1}))
        .await
        .problem(409, "charter_missing");
    let charter = organiser
        .post(
            &format!("{path}/charters"),
            json!({"text": "Une personne, une voix.\n"}),
        )
        .await
        .expect(201);
    assert_eq!(charter["number"], 1);
    assert_eq!(charter["sha256"], sha256("Une personne, une voix.\n"));
    for number in 1..=40 {
        cast.person(number)
            .post(&pledges, json!({"charter": 1}))
            .await
            .expect(201);
    }
    let standing = cast.person(1).post(&pledges, json!({"charter": 1})).await.expect(200);
    let organisation = organiser.list(&cast.workshop.path("organisations")).await;
    let named = organisation
        .iter()
        .find(|item| item["name"] == ORGANISATIONS[0].0)
        .expect("the organisation")["id"]
        .clone();
    let on_behalf = json!({"charter": 1, "on_behalf_of": named});
    cast.person(1).post(&pledges, on_behalf.clone()).await.expect(201);
    cast.person(9)
        .post(&pledges, on_behalf)
        .await
        .problem(403, "not_delegate");
    // One withdraws; the pledge stays readable as withdrawn.
    let leaving = cast.person(40).post(&pledges, json!({"charter": 1})).await.expect(200);
    let withdrawn = cast
        .person(40)
        .act(&format!("/v1/pledges/{}/withdraw", leaving.id()))
        .await
        .expect(200);
    assert!(withdrawn["withdrawn_at"].is_string());
    cast.person(40)
        .get(&format!("/v1/pledges/{}", leaving.id()))
        .await
        .expect(200);
    cast.person(2)
        .get(&format!("/v1/pledges/{}", standing.id()))
        .await
        .problem(404, "not_found");
    let founded = organiser.get(&path).await.expect(200);
    assert_eq!(founded["pledges"], json!({"people": 39, "organisations": 1}));
    coalition.json()
}

/// 5. Working groups fill up to their capacity.
pub async fn commit(cast: &Cast, coalition: &Value) {
    let path = format!(
        "/v1/coalitions/{}/working-groups",
        coalition["id"].as_str().expect("an id")
    );
    let group = json!({"name": "Compétences", "capacity": 5, "leads": [cast.registration(1)]});
    let group = cast.workshop.organiser.post(&path, group).await.expect(201);
    let commitments = format!("/v1/working-groups/{}/commitments", group.id());
    for number in 1..=5 {
        cast.person(number).post(&commitments, json!({})).await.expect(201);
    }
    cast.person(3).post(&commitments, json!({})).await.expect(200);
    cast.person(6)
        .post(&commitments, json!({}))
        .await
        .problem(409, "working_group_full");
    let waiting = cast
        .person(6)
        .post(&commitments, json!({"waiting_list": true}))
        .await
        .expect(201);
    assert_eq!(waiting["state"], "waiting");
}
