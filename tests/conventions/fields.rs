//! Fields: every fault is named by pointer and code, and nothing is stored.

use serde_json::{Value, json};

use crate::support::{World, both};

fn workshop() -> Value {
    json!({"title": "Atelier", "time_zone": "Africa/Conakry", "first_day": "2020-08-27", "last_day": "2020-08-28"})
}

fn with(field: &str, value: Value) -> Value {
    let mut body = workshop();
    body[field] = value;
    body
}

both! {
    async fn a_field_that_is_wrong_is_named_and_nothing_is_stored(world: World) {
        let admin = world.administrator().await;
        let refused = [
            (json!({}), ("/title", "required")),
            (json!([]), ("", "wrong_type")),
            (json!("text"), ("", "wrong_type")),
            (json!(null), ("", "wrong_type")),
            (with("colour", json!("red")), ("/colour", "unknown_field")),
            (with("state", json!("published")), ("/state", "unknown_field")),
            (
                with("id", json!("01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e")),
                ("/id", "unknown_field"),
            ),
            (with("title", json!(null)), ("/title", "wrong_type")),
            (with("title", json!(5)), ("/title", "wrong_type")),
            (with("title", json!(["Atelier"])), ("/title", "wrong_type")),
            (with("title", json!("")), ("/title", "too_short")),
            (with("title", json!("   ")), ("/title", "blank")),
            (with("title", json!("é".repeat(201))), ("/title", "too_long")),
            (with("title", json!("a\u{0}b")), ("/title", "control_characters")),
            (with("title", json!("a\nb")), ("/title", "control_characters")),
            (with("title", json!("a\u{202e}b")), ("/title", "control_characters")),
            (
                with("description", json!("a\u{0}b")),
                ("/description", "control_characters"),
            ),
            (
                with("description", json!("a\u{1b}[31m")),
                ("/description", "control_characters"),
            ),
            (
                with("description", json!("a".repeat(10_001))),
                ("/description", "too_long"),
            ),
            (
                with("time_zone", json!("Africa/Nowhere")),
                ("/time_zone", "unknown_time_zone"),
            ),
            (with("time_zone", json!("")), ("/time_zone", "unknown_time_zone")),
            (
                with("time_zone", json!("../../etc/passwd")),
                ("/time_zone", "unknown_time_zone"),
            ),
            (with("time_zone", json!("+01:00")), ("/time_zone", "unknown_time_zone")),
            (with("first_day", json!("2020-02-30")), ("/first_day", "not_a_day")),
            (with("first_day", json!("27/08/2020")), ("/first_day", "not_a_day")),
            (
                with("first_day", json!("2020-08-27T00:00:00Z")),
                ("/first_day", "not_a_day"),
            ),
            (with("first_day", json!("20200827")), ("/first_day", "not_a_day")),
            (with("first_day", json!("+002020-08-27")), ("/first_day", "not_a_day")),
            (with("first_day", json!(20_200_827)), ("/first_day", "wrong_type")),
            (with("last_day", json!("2020-08-26")), ("/last_day", "days_reversed")),
            (with("last_day", json!("2021-08-26")), ("/last_day", "too_many_days")),
            (with("last_day", json!("9999-12-31")), ("/last_day", "not_a_day")),
            (with("language", json!("de")), ("/language", "unknown_value")),
            (with("public", json!("yes")), ("/public", "wrong_type")),
            (with("public", json!(1)), ("/public", "wrong_type")),
            (
                with("front_end_url", json!("javascript:alert(1)")),
                ("/front_end_url", "not_a_url"),
            ),
            (
                with("front_end_url", json!("/workshops")),
                ("/front_end_url", "not_a_url"),
            ),
            (
                with("front_end_url", json!("https://example.org/a\nb")),
                ("/front_end_url", "control_characters"),
            ),
            (with("follows", json!("x")), ("/follows", "not_a_uuid")),
            (
                with("follows", json!("01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e")),
                ("/follows", "not_of_this_workshop"),
            ),
        ];
        for (body, fault) in refused {
            let what = body.to_string();
            let french = admin.post("/v1/workshops", body.clone()).await;
            assert_eq!(french.status, 422, "{what:.200}: {french}");
            let french = french.problem(422, "invalid").faults(&[fault]);
            let english = admin
                .post("/v1/workshops", body)
                .english()
                .await
                .problem(422, "invalid")
                .faults(&[fault]);
            assert_ne!(
                french["errors"][0]["detail"], english["errors"][0]["detail"],
                "{english}"
            );
        }
        let sql = world.sql().await;
        for table in ["workshop", "registration"] {
            assert_eq!(sql.number(&format!("SELECT count(*) FROM {table}")).await, 0);
        }
        assert_eq!(
            sql.number("SELECT count(*) FROM journal WHERE subject = 'workshop'")
                .await,
            0
        );
        // At the very limits it is taken; and no character is lost.
        let title = "é".repeat(200);
        let created = admin
            .post("/v1/workshops", with("title", json!(title)))
            .await
            .expect(201);
        assert_eq!(created["title"], title.as_str());
        let text = "« L'été » — \u{1f333}\r\n\tلقاء 会議 <b>&amp;</b> '; DROP TABLE workshop; --";
        let created = admin
            .post("/v1/workshops", with("description", json!(text)))
            .await
            .expect(201);
        assert_eq!(
            admin.get(created.header("location")).await.expect(200)["description"],
            text
        );
    }

    async fn all_faults_are_named_at_once(world: World) {
        let admin = world.administrator().await;
        let body = json!({"title": "", "host": "x".repeat(201), "time_zone": "nowhere", "first_day": "2020-08-27", "last_day": "2020-08-28"});
        let refused = admin.post("/v1/workshops", body).await.problem(422, "invalid");
        let mut pointers: Vec<_> = refused["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|error| error["pointer"].clone())
            .collect();
        pointers.sort_by_key(ToString::to_string);
        assert_eq!(pointers, ["/host", "/time_zone", "/title"]);
    }

    async fn a_field_given_twice_is_refused(world: World) {
        let admin = world.administrator().await;
        let twice = "{\"title\": \"A\", \"title\": \"B\", \"time_zone\": \"Africa/Conakry\", \"first_day\": \"2020-08-27\", \"last_day\": \"2020-08-28\"}";
        let post = |body: &str| admin.post_bytes("/v1/workshops", "application/json", body);
        post(twice)
            .await
            .problem(422, "invalid")
            .faults(&[("/title", "duplicate_field")]);
        let created = admin.post("/v1/workshops", workshop()).await.expect(201);
        let patch = admin
            .request(reqwest::Method::PATCH, created.header("location"))
            .if_match(&created.etag());
        let patch = patch.bytes("application/json", "{\"title\": \"A\", \"title\": \"B\"}");
        patch
            .await
            .problem(422, "invalid")
            .faults(&[("/title", "duplicate_field")]);
        // Unknown ones as well.
        let refused = post("{\"a\": 1, \"a\": 2}").await.problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "unknown_field", "{refused}");
    }

    async fn a_merge_patch_changes_what_it_names(world: World) {
        let workshop = world
            .workshop()
            .with("host", "ITC")
            .with("front_end_url", "https://atelier.example.org")
            .await;
        let before = workshop.read().await;
        let patch = |etag: String, body: Value| workshop.organiser.patch(&workshop.path, &etag, body);
        // What is absent stays, and the empty patch changes nothing, not even the version.
        let same = patch(before.etag(), json!({})).await.expect(200);
        assert_eq!(same.json(), before.json());
        let after = patch(before.etag(), json!({"title": "Autre titre"})).await.expect(200);
        let mut expected = before.json();
        expected["title"] = "Autre titre".into();
        expected["etag"] = after["etag"].clone();
        assert_eq!(after.json(), expected);
        assert_ne!(after.etag(), before.etag());
        assert_eq!(workshop.read().await.json(), expected);
        // `null` clears: to nothing, or to what a creation without the field gets.
        let cleared = patch(after.etag(), json!({"front_end_url": null, "host": null}))
            .await
            .expect(200);
        assert_eq!(
            (&cleared["front_end_url"], &cleared["host"]),
            (&Value::Null, &json!(""))
        );
        for (body, fault) in [
            (json!({"title": null}), ("/title", "required")),
            (json!({"title": 1}), ("/title", "wrong_type")),
            (json!({"title": {"a": 1}}), ("/title", "wrong_type")),
            (json!([]), ("", "wrong_type")),
            (json!(null), ("", "wrong_type")),
            (json!("text"), ("", "wrong_type")),
            (json!({"colour": "red"}), ("/colour", "unknown_field")),
            (json!({"state": "archived"}), ("/state", "unknown_field")),
            (json!({"etag": "x"}), ("/etag", "unknown_field")),
            (json!({"last_day": "2020-08-26"}), ("/last_day", "days_reversed")),
            (json!({"time_zone": "nowhere"}), ("/time_zone", "unknown_time_zone")),
            (json!({"follows": workshop.id}), ("/follows", "not_of_this_workshop")),
            (
                json!({"title": "Bon titre", "last_day": "2020-02-30"}),
                ("/last_day", "not_a_day"),
            ),
        ] {
            patch(cleared.etag(), body)
                .await
                .problem(422, "invalid")
                .faults(&[fault]);
        }
        assert_eq!(workshop.read().await.json(), cleared.json());
    }

    async fn zones_with_summer_time_are_days_of_their_own(world: World) {
        let paris = world
            .workshop()
            .zone("Europe/Paris")
            .days("2021-03-28", "2021-03-28")
            .await;
        assert_eq!(paris.read().await["time_zone"], "Europe/Paris");
        let samoa = world
            .workshop()
            .zone("Pacific/Apia")
            .days("2011-12-29", "2011-12-31")
            .await;
        assert_eq!(samoa.read().await["first_day"], "2011-12-29");
    }
}
