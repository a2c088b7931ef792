//! Lists: pages, limits, cursors, filters.

use serde_json::{Value, json};

use crate::support::{World, both};

fn titles(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["title"].as_str().expect("a title"))
        .collect()
}

both! {
    async fn pages_follow_each_other_without_gap_or_double(world: World) {
        let admin = world.administrator().await;
        for number in 1..=7 {
            world.workshop().titled(&format!("Atelier {number}")).by(&admin).await;
        }
        let newest_first: Vec<String> = (1..=7).rev().map(|number| format!("Atelier {number}")).collect();
        for limit in [1, 2, 3, 6, 7, 8, 200] {
            assert_eq!(
                titles(&admin.list(&format!("/v1/workshops?limit={limit}")).await),
                newest_first,
                "limit {limit}"
            );
        }
        // What comes in between moves nothing that was not read yet.
        let first = admin.get("/v1/workshops?limit=3").await.expect(200);
        world.workshop().titled("Atelier 8").by(&admin).await;
        let next = admin
            .get(&format!(
                "/v1/workshops?limit=3&cursor={}",
                first.text_of("next_cursor")
            ))
            .await
            .expect(200);
        assert_eq!(
            titles(next["items"].as_array().expect("items")),
            ["Atelier 4", "Atelier 3", "Atelier 2"]
        );
    }

    async fn an_empty_list_is_a_page_too(world: World) {
        let mariama = world.person("mariama@example.org").await;
        for path in ["/v1/workshops", "/v1/me/registrations"] {
            assert_eq!(
                mariama.get(path).await.expect(200).json(),
                json!({"items": [], "next_cursor": null})
            );
        }
    }

    async fn a_limit_is_lowered_but_never_nonsense(world: World) {
        let admin = world.administrator().await;
        for number in 1..=51 {
            world.workshop().titled(&format!("Atelier {number}")).by(&admin).await;
        }
        let count = async |query: &str| {
            let page = admin.get(&format!("/v1/workshops{query}")).await.expect(200);
            page["items"].as_array().expect("items").len()
        };
        assert_eq!(count("").await, 50);
        assert_eq!(count("?limit=200").await, 51);
        assert_eq!(count("?limit=999").await, 51);
        assert_eq!(count("?limit=99999999999999999999999999").await, 51);
        for (code, limits) in [
            ("too_small", &["0", "00", "-1", "-99999999999999999999999999"][..]),
            ("wrong_type", &["", "-", "1.5", "abc", "1e2", "+5", "0x10", "%00"]),
        ] {
            for limit in limits {
                admin
                    .get(&format!("/v1/workshops?limit={limit}"))
                    .await
                    .problem(400, "malformed_query")
                    .faults(&[("?limit", code)]);
            }
        }
        let sql = world.sql().await;
        assert_eq!(sql.number("SELECT count(*) FROM workshop").await, 51);
    }

    async fn a_query_that_nobody_foresaw_is_refused(world: World) {
        let admin = world.administrator().await;
        for (query, pointer, code) in [
            ("colour=red", "?colour", "unknown_field"),
            ("state=nothing", "?state", "unknown_value"),
            ("state=draft&state=published", "?state", "unknown_value"),
            ("limit=1&limit=2", "?limit", "unknown_value"),
            ("cursor=nonsense", "?cursor", "invalid_cursor"),
            ("cursor=", "?cursor", "invalid_cursor"),
            ("cursor=bnVsbA", "?cursor", "invalid_cursor"),
            ("cursor=%00%ff", "?cursor", "invalid_cursor"),
        ] {
            admin
                .get(&format!("/v1/workshops?{query}"))
                .await
                .problem(400, "malformed_query")
                .faults(&[(pointer, code)]);
        }
        admin.get("/v1/workshops?state=draft").await.expect(200);
    }

    async fn a_filter_keeps_what_it_names(world: World) {
        let admin = world.administrator().await;
        world.workshop().titled("En préparation").by(&admin).await;
        world.workshop().titled("Publié").by(&admin).published().await;
        world
            .workshop()
            .titled("Archivé")
            .by(&admin)
            .published()
            .await
            .archive()
            .await;
        for (state, title) in [
            ("draft", "En préparation"),
            ("published", "Publié"),
            ("archived", "Archivé"),
        ] {
            assert_eq!(
                titles(&admin.list(&format!("/v1/workshops?state={state}&limit=1")).await),
                [title]
            );
        }
    }
}
