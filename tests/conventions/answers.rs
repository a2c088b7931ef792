//! Answers: versions, conditions, `HEAD`, compression.

use std::io::Read as _;

use reqwest::Method;
use serde_json::json;

use crate::support::{World, both};

both! {
    async fn a_change_needs_the_version_it_was_made_for(world: World) {
        let workshop = world.workshop().await;
        let organiser = &workshop.organiser;
        let before = workshop.read().await;
        let patch = || {
            organiser
                .request(Method::PATCH, &workshop.path)
                .json(&json!({"title": "Nouveau"}))
        };
        patch().await.problem(428, "etag_required");
        for stale in [
            "\"other\"",
            "\"\"",
            "other",
            "W/\"other\"",
            "\"a\", \"b\"",
            "nonsense, \"x",
        ] {
            patch().header("if-match", stale).await.problem(412, "stale_etag");
        }
        assert_eq!(workshop.read().await.json(), before.json());
        let after = patch().if_match(&before.etag()).await.expect(200);
        patch().if_match(&before.etag()).await.problem(412, "stale_etag");
        let one_of_two = format!("\"other\", \"{}\"", after.etag());
        patch().header("if-match", &one_of_two).await.expect(200);
        patch().header("if-match", "*").await.expect(200);
        // Other writes honour it when it is given.
        organiser
            .act(&workshop.path("publish"))
            .if_match(&before.etag())
            .await
            .problem(412, "stale_etag");
        organiser
            .delete(&workshop.path)
            .if_match(&before.etag())
            .await
            .problem(412, "stale_etag");
        assert_eq!(workshop.read().await["state"], "draft");
        organiser
            .delete(&workshop.path)
            .if_match(&after.etag())
            .await
            .expect(204);
        organiser.get(&workshop.path).await.problem(404, "not_found");
    }

    async fn of_two_changes_to_one_version_one_wins(world: World) {
        let workshop = world.workshop().await;
        let other = world.another_server().await;
        for round in 0..5 {
            let etag = workshop.read().await.etag();
            let (here, there) = (&workshop.organiser, workshop.organiser.at(&other));
            let (one, two) = tokio::join!(
                async {
                    here.patch(&workshop.path, &etag, json!({"title": format!("Un {round}")}))
                        .await
                },
                async {
                    there
                        .patch(&workshop.path, &etag, json!({"title": format!("Deux {round}")}))
                        .await
                },
            );
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412], "{one} and {two}");
        }
        other.stop().await;
    }

    async fn what_did_not_change_is_not_sent_again(world: World) {
        let workshop = world.workshop().await;
        let organiser = &workshop.organiser;
        for path in [
            workshop.path.as_str(),
            "/v1/me",
            "/v1/workshops",
            &workshop.path("journal"),
        ] {
            let read = organiser.get(path).await.expect(200);
            let tag = read.header("etag").to_owned();
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{read}");
            for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
                let unchanged = organiser.get(path).header("if-none-match", &known).await.expect(304);
                assert_eq!(unchanged.header("etag"), tag);
            }
            organiser
                .get(path)
                .header("if-none-match", "\"other\"")
                .await
                .expect(200);
        }
        let before = workshop.read().await;
        organiser
            .patch(&workshop.path, &before.etag(), json!({"title": "Nouveau"}))
            .await
            .expect(200);
        organiser
            .get(&workshop.path)
            .header("if-none-match", before.header("etag"))
            .await
            .expect(200);
    }

    async fn header_field_and_list_agree_on_the_version(world: World) {
        let workshop = world.workshop().await;
        let created = workshop.read().await;
        let listed = workshop.organiser.list("/v1/workshops").await;
        assert_eq!(listed, [created.json()]);
        assert_eq!(created.header("etag"), format!("\"{}\"", created.etag()));
    }

    async fn what_is_created_has_an_address(world: World) {
        let admin = world.administrator().await;
        let body = json!({"title": "Atelier", "time_zone": "Africa/Conakry", "first_day": "2020-08-27", "last_day": "2020-08-28"});
        let created = admin.post("/v1/workshops", body).await.expect(201);
        assert_eq!(created.header("location"), format!("/v1/workshops/{}", created.id()));
        assert_eq!(
            admin.get(created.header("location")).await.expect(200).json(),
            created.json()
        );
    }

    async fn head_is_get_without_its_body(world: World) {
        let workshop = world.workshop().await;
        for path in [
            workshop.path.as_str(),
            "/v1/workshops",
            "/v1/me",
            "/livez",
            "/openapi.json",
        ] {
            let get = workshop.organiser.get(path).await;
            let head = workshop.organiser.request(Method::HEAD, path).await;
            assert_eq!(head.status, get.status, "{head}");
            assert!(head.body.is_empty(), "{head}");
            for name in ["etag", "content-type", "cache-control"] {
                assert_eq!(head.header(name), get.header(name), "{name} of {path}");
            }
        }
        let missing = world.request(Method::HEAD, "/v1/nothing").await.expect(404);
        assert_eq!(missing.header("content-type"), "application/problem+json");
        world.request(Method::HEAD, "/v1/me").await.expect(401);
    }

    async fn who_asks_for_gzip_gets_it(world: World) {
        let workshop = world.workshop().with("description", "palabre ".repeat(1000)).await;
        let plain = workshop.read().await;
        let zipped = workshop
            .organiser
            .get("/v1/workshops")
            .header("accept-encoding", "gzip")
            .send_unchecked()
            .await;
        assert_eq!(zipped.header("content-encoding"), "gzip");
        assert!(zipped.list("vary").contains("accept-encoding"), "{:?}", zipped.headers);
        assert!(zipped.body.len() < 1000);
        let mut text = String::new();
        flate2::read::GzDecoder::new(zipped.body.as_slice())
            .read_to_string(&mut text)
            .expect("gzip");
        let list: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(list["items"][0], plain.json());
        // The tag of the packed answer opens the door as well.
        let packed = workshop
            .organiser
            .get(&workshop.path)
            .header("accept-encoding", "gzip")
            .send_unchecked()
            .await;
        let unchanged = workshop
            .organiser
            .get(&workshop.path)
            .header("accept-encoding", "gzip")
            .header("if-none-match", packed.header("etag"));
        unchanged.await.expect(304);
        for none in ["identity", "br", ""] {
            let answer = workshop
                .organiser
                .get("/v1/workshops")
                .header("accept-encoding", none)
                .await
                .expect(200);
            assert_eq!(answer.header("content-encoding"), "");
        }
    }
}
