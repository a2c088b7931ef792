//! The journal: who did what, never altered.

use serde_json::{Value, json};

use crate::support::{World, both};

fn acts(lines: &[Value]) -> Vec<String> {
    let act = |line: &Value| format!("{} {} {}", line["actor_role"], line["act"], line["subject"]).replace('"', "");
    lines.iter().map(act).collect()
}

both! {
    async fn every_act_has_its_line_with_what_was_and_what_became(world: World) {
        let workshop = world.workshop().titled("Avant").await;
        let organiser = &workshop.organiser;
        let etag = workshop.read().await.etag();
        let named = organiser
            .patch(&workshop.path, &etag, json!({"title": "Après"}))
            .await
            .expect(200);
        // What is refused leaves no line; nor does what changes nothing any more.
        organiser
            .patch(&workshop.path, &etag, json!({"title": "Trop tard"}))
            .await
            .problem(412, "stale_etag");
        for _ in 0..2 {
            organiser.act(&workshop.path("publish")).await.expect(200);
        }
        workshop.archive().await;
        let lines = organiser.list(&workshop.path("journal?limit=1")).await;
        assert_eq!(
            acts(&lines),
            [
                "administrator create workshop",
                "organiser update workshop",
                "organiser publish workshop",
                "organiser archive workshop"
            ]
        );
        let person = organiser.get("/v1/me").await.expect(200).id();
        for line in &lines {
            assert_eq!(line["actor_id"], person.as_str(), "{line}");
            assert_eq!(line["subject_id"], workshop.id.as_str(), "{line}");
        }
        assert_eq!(lines[1]["before"]["title"], "Avant");
        assert_eq!(lines[1]["after"]["title"], named["title"]);
        let updates = organiser.list(&workshop.path("journal?act=update&subject=workshop")).await;
        assert_eq!(updates, [lines[1].clone()]);
        // Another workshop's lines are that workshop's.
        let other = world.workshop().by(organiser).await;
        assert_eq!(organiser.list(&other.path("journal")).await.len(), 1);
    }

    async fn no_line_is_altered_or_struck_out(world: World) {
        let workshop = world.workshop().await;
        let sql = world.sql().await;
        let before = workshop.organiser.list(&workshop.path("journal")).await;
        for statement in [
            "UPDATE journal SET act = 'nothing'",
            "DELETE FROM journal",
        ] {
            let words = sql.refused(statement).await;
            assert!(words.contains("journal"), "{words}");
        }
        assert_eq!(workshop.organiser.list(&workshop.path("journal")).await, before);
        // A deleted workshop's history stays.
        workshop.organiser.delete(&workshop.path).await.expect(204);
        let acts = sql.texts("SELECT act FROM journal WHERE subject = 'workshop' ORDER BY id").await;
        assert_eq!(acts, ["create", "delete"]);
    }
}
