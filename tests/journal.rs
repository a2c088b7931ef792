//! The journal: who did what, never altered.

use serde_json::{Value, json};

use crate::support::{Backend, HOUR, World, both};

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

    async fn every_transition_says_from_where_it_led(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        for number in 1..=2 {
            workshop.member("participant", &format!("p{number}@example.org")).await;
        }
        let ballot = json!({"question": "Quel nom ?", "method": "plurality", "closes_at": "2099-01-01T00:00:00Z"});
        let ballot = organiser.post(&workshop.path("ballots"), ballot).await.expect(201).header("location").to_owned();
        for name in ["Kora", "Arbre"] {
            organiser.post(&format!("{ballot}/candidates"), json!({"name": name})).await.expect(201);
        }
        organiser.post(&format!("{ballot}/open"), json!({"confirm_small": true})).await.expect(200);
        let later = json!({"closes_at": "2099-01-02T00:00:00Z", "reason": "Panne."});
        organiser.post(&format!("{ballot}/extend"), later).await.expect(200);
        organiser.act(&format!("{ballot}/close")).await.expect(200);
        organiser.act(&format!("{ballot}/publish")).await.expect(200);
        organiser.post(&format!("{ballot}/annul"), json!({"reason": "Erreur."})).await.expect(200);
        workshop.archive().await;
        let lines = organiser.list(&workshop.path("journal")).await;
        let moves: Vec<_> = lines.iter().filter(|line| line["before"]["state"].is_string())
            .map(|line| format!("{} {} {}→{}", line["act"], line["subject"], line["before"]["state"], line["after"]["state"]).replace('"', "")).collect();
        assert_eq!(moves, [
            "publish workshop draft→published", "open ballot draft→open", "close ballot open→closed",
            "publish ballot closed→published", "annul ballot published→annulled", "archive workshop published→archived",
        ]);
        let extended = lines.iter().find(|line| line["act"] == "extend").expect("a line");
        assert_eq!((&extended["before"]["closes_at"], &extended["after"]["closes_at"]), (&json!("2099-01-01T00:00:00Z"), &json!("2099-01-02T00:00:00Z")));
    }

    async fn the_journal_is_filtered_and_taken_home_as_a_table(world: World) {
        world.clock().set("2020-08-01T09:00:00Z");
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let facilitator = workshop.member("facilitator", "facilitatrice@example.org").await;
        let auditor = workshop.member("auditor", "auditeur@example.org").await;
        let session = json!({"title": "=1+1", "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:00:00Z"});
        let session = organiser.post(&workshop.path("sessions"), session).await.expect(201);
        world.clock().advance(HOUR);
        let path = session.header("location").to_owned();
        facilitator.act(&format!("{path}/start")).await.expect(200);
        world.clock().advance(HOUR);
        facilitator.act(&format!("{path}/end")).await.expect(200);

        let person = facilitator.get("/v1/me").await.expect(200).id();
        let id = session.id();
        for (filter, expected) in [
            (format!("actor_id={person}"), vec!["facilitator start session", "facilitator end session"]),
            (format!("subject_id={id}"), vec!["organiser create session", "facilitator start session", "facilitator end session"]),
            (format!("subject_id={id}&act=start"), vec!["facilitator start session"]),
            ("actor_role=facilitator&until=2020-08-01T11:00:00Z".into(), vec!["facilitator start session"]),
            ("from=2020-08-01T11:00:00Z".into(), vec!["facilitator end session"]),
            ("from=2020-08-01T10:00:00Z&until=2020-08-01T11:00:00Z".into(), vec!["facilitator start session"]),
            ("act=nothing".into(), vec![]),
        ] {
            let found = auditor.list(&workshop.path(&format!("journal?limit=1&{filter}"))).await;
            assert_eq!(acts(&found), expected, "{filter}");
        }
        auditor.get(&workshop.path("journal?from=yesterday")).await.problem(400, "malformed_query");
        auditor.get(&workshop.path("journal?actor_id=me")).await.problem(400, "malformed_query");
        facilitator.get(&workshop.path("journal?format=csv")).await.problem(403, "not_allowed");

        // The whole of it, with today's names, and with nothing in it that a spreadsheet would run.
        let table = auditor.get(&workshop.path("journal?format=csv&limit=1")).await.expect(200);
        assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
        let text = table.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + auditor.list(&workshop.path("journal")).await.len());
        assert_eq!(lines[0], "Instant (UTC),Personne,Nom,Rôle,Acte,Objet,Identifiant,Avant,Après");
        let last = lines.last().expect("a line");
        assert!(last.starts_with("2020-08-01T11:00:00."), "{last}");
        assert!(last.contains(&format!(",{person},facilitatrice,facilitator,end,session,{id},")), "{last}");
        let english = auditor.get(&workshop.path("journal?act=end")).header("accept", "text/csv").english().await.expect(200);
        assert_eq!(english.text().lines().count(), 2);
        assert!(english.text().starts_with("Instant (UTC),Person,Name,Role,"), "{english}");
        auditor.get(&workshop.path("journal?format=xlsx")).await.expect(200);

        // Erased, the person is a name no more; the journal itself is what it was.
        let before = auditor.get(&workshop.path("journal?limit=200")).await.expect(200).text();
        facilitator.delete("/v1/me").await.expect(204);
        assert_eq!(auditor.get(&workshop.path("journal?limit=200")).await.expect(200).text(), before);
        let table = auditor.get(&workshop.path("journal?format=csv")).await.expect(200).text();
        assert!(table.contains("Personne effacée") && !table.contains("facilitatrice"), "{table}");
    }

    async fn it_keeps_neither_who_speaks_nor_what_lets_one_in(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let session = json!({
            "title": "Ouverture", "speakers": ["Mariama Diallo"], "join_url": "https://visio.example.org/1?pwd=kora", "check_in_code": "KORA2020",
            "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:00:00Z",
        });
        let session = organiser.post(&workshop.path("sessions"), session).await.expect(201);
        let path = session.header("location").to_owned();
        let changed = json!({"title": "Clôture", "speakers": ["Mariama Diallo", "Alpha Barry"]});
        organiser.patch(&path, &session.etag(), changed).await.expect(200);
        organiser.delete(&path).await.expect(204);
        let lines = organiser.list(&workshop.path("journal?subject=session")).await;
        assert_eq!(acts(&lines), ["organiser create session", "organiser update session", "organiser delete session"]);
        let told = |line: &Value| ["title", "speakers", "join_url", "check_in_code"].map(|field| line[field].clone());
        assert_eq!(told(&lines[1]["before"]), [json!("Ouverture"), json!(1), json!("…"), json!("…")]);
        assert_eq!(told(&lines[1]["after"]), [json!("Clôture"), json!(2), json!("…"), json!("…")]);
        let whole = organiser.get(&workshop.path("journal")).await.expect(200).text();
        for kept in ["Mariama", "Barry", "kora", "KORA"] {
            assert!(!whole.contains(kept), "{kept} in {whole}");
        }
    }

    async fn no_line_is_altered_or_struck_out(world: World) {
        let workshop = world.workshop().await;
        let sql = world.sql().await;
        let before = workshop.organiser.list(&workshop.path("journal")).await;
        let by_the_back_door = match world.backend() {
            // Takes the line away to put another in its place; no trigger on deletions sees it.
            Backend::Sqlite => "INSERT OR REPLACE INTO journal SELECT id, at, workshop_id, actor_id, actor_role, 'nothing', subject, subject_id, \"before\", \"after\" FROM journal",
            // Nor one on rows this.
            Backend::Postgres => "TRUNCATE journal",
        };
        for statement in [
            "UPDATE journal SET act = 'nothing'",
            "UPDATE journal SET actor_id = NULL",
            "DELETE FROM journal",
            by_the_back_door,
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
