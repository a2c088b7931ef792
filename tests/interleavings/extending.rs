//! Extending: later only, before it has passed, and for a reason that stays.

use serde_json::json;

use super::{Stage, Start};
use crate::support::{HOUR, SECOND, World, both};

both! {
    async fn extend_moves_the_closing_later_and_keeps_the_reason(world: World) {
        let stage = Stage::new(&world, 1).await;
        let organiser = stage.organiser(0);
        let piece = stage.piece(Start::Closing).await;
        let [planned, later] = piece.closings;
        let latest = later.plus(HOUR);
        let extend = async |closes_at: &palabre::instant::Instant, reason: &str| {
            let extension = json!({"closes_at": closes_at, "reason": reason});
            organiser.post(&format!("{}/extend", piece.path), extension).await
        };
        // Neither earlier nor without a reason.
        extend(&planned.plus(-SECOND), "Plus tôt.").await.problem(422, "invalid").faults(&[("/closes_at", "not_later")]);
        for (body, fault) in [
            (json!({"closes_at": later}), ("/reason", "required")),
            (json!({"closes_at": later, "reason": ""}), ("/reason", "required")),
            (json!({"reason": "Panne."}), ("/closes_at", "required")),
            (json!({"closes_at": null, "reason": "Panne."}), ("/closes_at", "required")),
        ] {
            let refused = organiser.post(&format!("{}/extend", piece.path), body).await.problem(422, "invalid");
            assert_eq!(refused["errors"][0]["pointer"], fault.0, "{refused}");
        }
        // As planned: nothing to do, and nothing is written down.
        assert_eq!(extend(&planned, "Comme prévu.").await.expect(200)["closes_at"], json!(planned));
        // Of the version that the caller means, if they say so.
        let present = organiser.get(&piece.path).await.expect(200);
        let extension = json!({"closes_at": later, "reason": "Panne de réseau à Kankan."});
        let stale = organiser.post(&format!("{}/extend", piece.path), extension.clone()).if_match("another");
        stale.await.problem(412, "stale_etag");
        let fresh = organiser.post(&format!("{}/extend", piece.path), extension).if_match(&present.etag());
        let extended = fresh.await.expect(200);
        assert_eq!((&extended["state"], &extended["closes_at"]), (&json!("open"), &json!(later)));
        // Sent again it stands; sent with what held before it would be earlier.
        extend(&later, "Panne de réseau à Kankan.").await.expect(200);
        extend(&planned, "Panne de réseau à Kankan.").await.problem(422, "invalid");
        extend(&latest, "Elle dure.").await.expect(200);
        let journal = organiser.list(&stage.workshop.path("journal?subject=ballot&act=extend")).await;
        let told: Vec<_> = journal.iter().map(|line| (line["before"].clone(), line["after"].clone())).collect();
        let line = |from, to, reason| (json!({"closes_at": from}), json!({"closes_at": to, "reason": reason}));
        assert_eq!(told, [line(planned, later, "Panne de réseau à Kankan."), line(later, latest, "Elle dure.")]);
        stage.end().await;
    }

    async fn what_has_passed_is_not_extended_even_when_nobody_came_to_close_it(world: World) {
        let stage = Stage::new(&world, 1).await;
        let organiser = stage.organiser(0);
        let extend = async |piece: &super::stage::Piece| {
            let extension = json!({"closes_at": piece.closings[1], "reason": "Panne."});
            organiser.post(&format!("{}/extend", piece.path), extension).await
        };
        let endless = stage.piece(Start::Open).await;
        extend(&endless).await.problem(409, "ballot_without_closing");
        for (start, state) in [(Start::Draft, "draft"), (Start::DueToClose, "closed"), (Start::Counted, "closed")] {
            let piece = stage.piece(start).await;
            let refused = extend(&piece).await.problem(409, "ballot_not_open");
            assert_eq!(refused["state"], state, "{start:?}");
        }
        let cancelled = stage.piece(Start::Closing).await;
        organiser.post(&format!("{}/cancel", cancelled.path), json!({"reason": "Un logo manquait."})).await.expect(200);
        assert_eq!(extend(&cancelled).await.problem(409, "ballot_not_open")["state"], "cancelled");
        stage.end().await;
    }

    async fn the_database_itself_moves_no_closing_time_but_later(world: World) {
        let stage = Stage::new(&world, 1).await;
        let (endless, closing) = (stage.piece(Start::Open).await, stage.piece(Start::Closing).await);
        let (endless, closing) = (stage.sql.id(&endless.id), stage.sql.id(&closing.id));
        for act in [
            format!("closes_at = closes_at - 1 WHERE id = {closing}"),
            format!("closes_at = NULL WHERE id = {closing}"),
            format!("closes_at = 9000000000000000 WHERE id = {endless}"),
        ] {
            let words = stage.sql.refused(&format!("UPDATE ballot SET {act}")).await;
            assert!(words.contains("ballot_is_extended_only"), "{act}: {words}");
        }
        let later = format!("UPDATE ballot SET closes_at = closes_at + 1 WHERE id = {closing}");
        assert_eq!(stage.sql.run(&later).await, 1);
        stage.end().await;
    }
}
