//! The log: an operator reads it and hands it on, so it names nobody, at no level.

use std::time::{SystemTime, UNIX_EPOCH};

use palabre::instant::Instant;
use serde_json::json;

use crate::support::{Cluster, World, both};
use crate::voting::{Hall, plurality};

const TYPED: &str = "Mariama.Diallo@Example.org";

/// As it may stand in a log: as typed, canonical, in a query string, split at the sign.
const FORMS: [&str; 3] = ["mariama.diallo", "mariama%2ediallo", "alpha.barry"];

both! {
    async fn no_address_stands_in_a_log_whatever_happens_to_it(world: World) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros();
        world.clock().set(&Instant::from_micros(i64::try_from(now).expect("not that far")).to_string());
        let workshop = world.workshop().days("2099-01-01", "2099-01-02").published().await;
        let log = world.folder().join("log");
        let serve = world.command(["serve", "--listen", "127.0.0.1:0"]).env("PALABRE_LOG", "trace").log_to(&log);
        let process = serve.serve().await;
        // The world's own server leaves everything to the process with the log.
        world.server().stop().await;
        let organiser = workshop.organiser.at_address(process.address);
        let anonymous = world.anonymous().at_address(process.address);

        // An import with errors, of which the answer names the lines; then one without.
        let csv = format!("Nom;Courriel;Rôle\r\nMariama;{TYPED};\r\nAlpha;alpha.barry@;\r\nAlpha;alpha.barry@example.org;chef\r\n");
        let import = workshop.path("registrations/import");
        organiser.post_bytes(&import, "text/csv", csv).await.expect(422);
        let csv = format!("Nom;Courriel\r\nMariama;{TYPED}\r\nAlpha;alpha.barry@example.org\r\n");
        organiser.post_bytes(&import, "text/csv", csv).await.expect(200);
        // Letters: one that is refused for good with the address in the refusal, one that is sent.
        world.mailbox().refuse_next(1, 550);
        organiser.act(&workshop.path("invitations")).await.expect(202);
        let bounced = async || {
            let all = organiser.list(&workshop.path("registrations")).await;
            all.iter().any(|registration| registration["invitation"]["state"] == "bounced")
        };
        while !bounced().await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        // Codes: a wrong one, a broken request, the right one.
        anonymous.post("/v1/auth/codes", json!({"email": TYPED})).await.expect(202);
        let wrong = json!({"grant_type": "email_code", "email": TYPED, "code": "00000000"});
        anonymous.post("/v1/auth/tokens", wrong).await.problem(401, "invalid_code");
        anonymous.post("/v1/auth/codes", json!({"email": "mariama.diallo@exa mple"})).await.expect(422);
        anonymous.post("/v1/auth/codes", json!({"mail": TYPED})).await.expect(422);
        let code = world.mailbox().next_code_to(TYPED).await;
        let right = json!({"grant_type": "email_code", "email": TYPED, "code": code});
        let tokens = anonymous.post("/v1/auth/tokens", right).await.expect(200);
        let mariama = world.bearer(&tokens.text_of("access_token")).at_address(process.address);
        // In a query string, in a path where it does not belong, and at the end.
        organiser.get(&workshop.path("registrations?q=mariama.diallo@example.org")).await.expect(200);
        organiser.get("/v1/workshops/mariama.diallo@example.org").await.expect(400);
        organiser.get("/v1/mariama.diallo%40example.org").send_unchecked().await.expect(404);
        organiser.post(&workshop.path("registrations"), json!({"email": TYPED, "name": "Mariama Diallo"})).await.expect(200);
        mariama.get("/v1/me/export").await.expect(200);
        mariama.delete("/v1/me").await.expect(204);
        process.kill().await;

        let written = std::fs::read_to_string(&log).expect("a log").to_lowercase();
        assert!(written.contains("/v1/auth/codes") && written.contains("trace"), "a log of what happened:\n{written}");
        for form in FORMS {
            let lines: Vec<&str> = written.lines().filter(|line| line.contains(form)).collect();
            assert!(lines.is_empty(), "{form} in {} lines:\n{}", lines.len(), lines.join("\n"));
        }
    }
}

/// PostgreSQL logs every error, and of a broken key the values.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_has_nothing_to_log_of_a_vote_sent_twice() {
    let cluster = Cluster::start(&[]).await;
    let world = World::on(cluster.database("postgres")).await;
    let hall = Hall::new(&world, 2, plurality()).await;
    hall.open().await;
    let (first, second) = (hall.vote(0), hall.vote(1));
    for voter in &hall.voters {
        voter.get(&hall.path).await.expect(200);
        voter.post(&hall.at("votes"), first.body()).await.expect(201);
        voter.post(&hall.at("votes"), first.body()).await.expect(201);
        voter
            .post(&hall.at("votes"), second.body())
            .await
            .problem(409, "already_voted");
    }
    assert!(!cluster.log().contains("ERROR"), "{}", cluster.log());
    let sql = world.sql().await;
    sql.refused("INSERT INTO \"cast\" SELECT * FROM \"cast\"").await;
    assert!(
        cluster.log().contains("Key (ballot_id, mark)"),
        "it would be seen:\n{}",
        cluster.log()
    );
    world.server().stop().await;
}
