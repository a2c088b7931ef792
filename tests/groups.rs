//! Working groups while people are joining.

use serde_json::json;

use crate::support::{World, both};

both! {
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
