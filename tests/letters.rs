//! Letters that do not arrive: what is tried again, what bounces, and what organisers see of it.

use serde_json::{Value, json};

use crate::support::{MINUTE, World, both};

const MARIAMA: &str = "mariama@example.org";

/// Until a letter of this kind to Mariama has been tried so often.
async fn tried(world: &World, kind: &str, attempts: i64) {
    let sql = world.sql().await;
    let done = format!(
        "SELECT count(*) FROM mail WHERE kind = '{kind}' AND address = '{MARIAMA}' AND attempts >= {attempts} \
         AND (finished_at IS NOT NULL OR last_error IS NOT NULL)"
    );
    while sql.number(&done).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn ask(world: &World, email: &str) {
    world
        .anonymous()
        .post("/v1/auth/codes", json!({"email": email}))
        .await
        .expect(202);
}

both! {
    async fn an_invitation_that_bounces_says_so_and_is_not_tried_again_by_itself(world: World) {
        let workshop = world.workshop().published().await;
        let registration = workshop.register("participant", MARIAMA).await.expect(201);
        let path = registration.header("location").to_owned();
        assert_eq!(registration["invitation"], Value::Null);
        world.mailbox().refuse_next(1, 550);
        workshop.organiser.act(&workshop.path("invitations")).await.expect(202);
        tried(&world, "invitation", 1).await;
        let seen = workshop.organiser.get(&path).await.expect(200);
        assert_eq!((&seen["invitation"]["state"], &seen["invitation"]["error"]), (&json!("bounced"), &json!("SMTP 550")));
        // Who may not see addresses does not see what becomes of letters either.
        let facilitator = workshop.member("facilitator", "facilitator@example.org").await;
        assert_eq!(facilitator.get(&path).await.expect(200)["invitation"], Value::Null);
        world.clock().advance(24 * 60 * MINUTE);
        world.code("other@example.org").await;
        assert_eq!(world.mailbox().count_to(MARIAMA), 0);
        // Asked for once more, it goes out again.
        let again = workshop.organiser.act(&workshop.path("invitations")).await.expect(202);
        assert_eq!(again["queued"], 2, "the facilitator's is the other");
        world.mailbox().next_to(MARIAMA).await;
        tried(&world, "invitation", 1).await;
        let sent = async || workshop.organiser.get(&path).await.expect(200)["invitation"]["state"] == "sent";
        while !sent().await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn organisers_see_whose_sign_in_code_does_not_arrive(world: World) {
        let workshop = world.workshop().published().await;
        let registration = workshop.register("participant", MARIAMA).await.expect(201);
        let path = registration.header("location").to_owned();
        let seen = async || workshop.organiser.get(&path).await.expect(200);
        assert_eq!(seen().await["undelivered_code"], Value::Null);
        // A server that is busy: it is tried again, and the organiser sees that it waits.
        world.mailbox().refuse_next(1, 451);
        ask(&world, MARIAMA).await;
        tried(&world, "sign_in_code", 1).await;
        let waiting = seen().await;
        assert_eq!((&waiting["undelivered_code"]["state"], &waiting["undelivered_code"]["error"]), (&json!("queued"), &json!("SMTP 451")));
        // What changes by itself stops nobody who edits.
        workshop.organiser.patch(&path, &registration.etag(), json!({"name": "Mariama"})).await.expect(200);
        let facilitator = workshop.member("facilitator", "facilitator@example.org").await;
        assert_eq!(facilitator.get(&path).await.expect(200)["undelivered_code"], Value::Null);
        world.clock().advance(MINUTE);
        world.code("other@example.org").await;
        world.mailbox().next_code_to(MARIAMA).await;
        while seen().await["undelivered_code"] != Value::Null {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        // An address that is closed.
        world.mailbox().refuse_next(1, 550);
        ask(&world, MARIAMA).await;
        tried(&world, "sign_in_code", 1).await;
        while seen().await["undelivered_code"]["state"] != "bounced" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        // The latest is what counts.
        world.code(MARIAMA).await;
        while seen().await["undelivered_code"] != Value::Null {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn a_letter_is_given_up_after_nine_tries(world: World) {
        world.mailbox().refuse_next(1, 450);
        ask(&world, MARIAMA).await;
        tried(&world, "sign_in_code", 1).await;
        // The seven in between are like the first.
        let sql = world.sql().await;
        sql.run("UPDATE mail SET attempts = 8, last_error = NULL").await;
        world.clock().advance(MINUTE);
        world.mailbox().refuse_next(2, 450);
        // Whoever asks next wakes the delivery; theirs is refused as well, and waits.
        ask(&world, "other@example.org").await;
        tried(&world, "sign_in_code", 9).await;
        let states = sql.texts("SELECT state FROM mail ORDER BY id").await;
        assert_eq!(states, ["failed", "queued"]);
        assert_eq!(sql.number("SELECT count(*) FROM mail WHERE attempts = 9").await, 1);
    }
}
