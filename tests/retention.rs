//! Retention: what goes once its time is over, what that never changes, and what `palabre purge` says.

use std::collections::BTreeMap;

use palabre::instant::Instant;
use serde_json::{Value, json};

use crate::support::{DAY, Person, Workshop, World, both};

const GONE: &str = "Personne effacée";

/// The day that lies so many days back by the host's clock, which is what `palabre purge` goes by.
fn days_ago(days: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    let now = Instant::from_micros(i64::try_from(now.as_micros()).expect("not that far"));
    now.plus(-days * DAY).to_string()[..10].to_owned()
}

/// A workshop, sixty days ago, with an organiser, an auditor, a participant of its own and one who also has
/// a place elsewhere; one group, one pledge, one published ballot.
struct Past {
    workshop: Workshop,
    auditor: Person,
    ballot: String,
    session: String,
    coalition: String,
    group: String,
}

async fn past(world: &World) -> Past {
    let day = days_ago(60);
    world.clock().set(&format!("{day}T08:00:00Z"));
    let founder = world.another_administrator("organisatrice@example.org").await;
    let workshop = world.workshop().days(&day, &day).by(&founder).published().await;
    world.sql().await.run("UPDATE person SET administrator = false").await;
    let organiser = &workshop.organiser;
    let auditor = workshop.member("auditor", "auditeur@example.org").await;
    let session =
        json!({"title": "Ouverture", "starts_at": format!("{day}T09:00:00Z"), "ends_at": format!("{day}T10:00:00Z")});
    let session = organiser
        .post(&workshop.path("sessions"), session)
        .await
        .expect(201)
        .id();
    let coalition = organiser
        .post(&workshop.path("coalitions"), json!({"name": "Coalition"}))
        .await
        .expect(201)
        .id();
    organiser
        .post(
            &format!("/v1/coalitions/{coalition}/charters"),
            json!({"text": "Charte"}),
        )
        .await
        .expect(201);
    let group = organiser
        .post(
            &format!("/v1/coalitions/{coalition}/working-groups"),
            json!({"name": "Compétences"}),
        )
        .await
        .expect(201)
        .id();
    let ballot = json!({"question": "Quel nom ?", "method": "plurality"});
    let ballot = organiser
        .post(&workshop.path("ballots"), ballot)
        .await
        .expect(201)
        .header("location")
        .to_owned();
    for name in ["Kora", "Arbre"] {
        organiser
            .post(&format!("{ballot}/candidates"), json!({"name": name}))
            .await
            .expect(201);
    }
    let mut people = Vec::new();
    for name in ["mariama", "alpha"] {
        let email = format!("{name}@example.org");
        people.push(workshop.member("participant", &email).await);
    }
    organiser.act(&workshop.path("invitations")).await.expect(202);
    world.mailbox().next_to("mariama@example.org").await;
    for person in &people {
        let registration = workshop.registration_of(&person.email).await;
        person
            .act(&format!("/v1/registrations/{registration}/confirm"))
            .await
            .expect(200);
    }
    world.clock().set(&format!("{day}T12:00:00Z"));
    organiser
        .post(&format!("{ballot}/open"), json!({"confirm_small": true}))
        .await
        .expect(200);
    let shown = organiser.get(&ballot).await.expect(200);
    for (number, person) in (1..).zip(&people) {
        let registration = workshop.registration_of(&person.email).await;
        person
            .post(&format!("/v1/coalitions/{coalition}/pledges"), json!({"charter": 1}))
            .await
            .expect(201);
        person
            .act(&format!("/v1/working-groups/{group}/commitments"))
            .await
            .expect(201);
        let nonce = format!("{}{number}", "A".repeat(42))
            .replace('2', "E")
            .replace('1', "I");
        let vote = json!({"choice": {"candidate": shown["candidates"][0]["id"]}, "nonce": nonce});
        person.post(&format!("{ballot}/votes"), vote).await.expect(201);
        let attended = json!({"registration_id": registration, "joined_at": format!("{day}T09:00:00Z"), "left_at": format!("{day}T09:30:00Z")});
        organiser
            .post(&format!("/v1/sessions/{session}/attendance"), attended)
            .await
            .expect(201);
    }
    Past {
        workshop,
        auditor,
        ballot,
        session,
        coalition,
        group,
    }
}

impl Past {
    async fn count(&self) {
        self.workshop
            .organiser
            .act(&format!("{}/close", self.ballot))
            .await
            .expect(200);
        self.workshop
            .organiser
            .act(&format!("{}/publish", self.ballot))
            .await
            .expect(200);
    }

    /// What may not change, byte for byte.
    async fn figures(&self) -> Vec<String> {
        let mut figures = Vec::new();
        for path in [
            format!("{}/tally", self.ballot),
            format!("{}/audit", self.ballot),
            format!("{}/turnout", self.ballot),
        ] {
            figures.push(self.auditor.get(&path).await.expect(200).text());
        }
        for (path, field) in [
            (self.workshop.path("attendance"), "totals"),
            (format!("/v1/sessions/{}/attendance", self.session), "totals"),
            (format!("/v1/coalitions/{}", self.coalition), "pledges"),
            (format!("/v1/working-groups/{}", self.group), "committed"),
        ] {
            figures.push(self.auditor.get(&path).await.expect(200)[field].to_string());
        }
        let journal = self
            .workshop
            .path(&format!("journal?limit=200&until={}T00:00:00Z", days_ago(30)));
        figures.push(self.auditor.get(&journal).await.expect(200).text());
        figures
    }
}

/// `palabre purge`; by kind, how many rows.
async fn purge(world: &World, days: &str, dry_run: bool) -> BTreeMap<String, u64> {
    let mut arguments = vec!["purge", "--keep-workshops-days", days];
    arguments.extend(dry_run.then_some("--dry-run"));
    let said = world.command(arguments).run().await.succeeded();
    let lines = said.output.lines().skip(1).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[0].to_owned(), words[1].parse().expect("a number"))
    });
    lines.collect()
}

fn names(list: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = list
        .iter()
        .map(|item| item["name"].as_str().expect("a name").to_owned())
        .collect();
    names.sort();
    names
}

both! {
    async fn an_old_workshop_names_nobody_any_more_and_every_figure_stands(world: World) {
        let past = past(&world).await;
        past.count().await;
        // Alpha comes to the next one as well, and so does its organiser.
        world.clock().set(&format!("{}T09:00:00Z", days_ago(59)));
        let next = world.workshop().days("2099-01-01", "2099-01-02").by(&world.administrator().await).published().await;
        next.register("participant", "alpha@example.org").await.expect(201);
        let before = past.figures().await;
        let sql = world.sql().await;
        // Whoever was signed in lately is not idle; that was long ago.
        sql.run("UPDATE sign_in SET created_at = 0, expires_at = 1 WHERE person_id IN (SELECT id FROM person WHERE address = 'mariama@example.org')").await;

        // Without a period nothing is removed; a dry run removes nothing either.
        assert_eq!(purge(&world, "never", false).await["registrations"], 0);
        let would = purge(&world, "30", true).await;
        assert_eq!((would["registrations"], would["people"]), (4, 1));
        let would_not = purge(&world, "36000", true).await;
        assert_eq!((would_not["registrations"], would_not["people"]), (0, 0));
        assert!(names(&past.workshop.organiser.list(&past.workshop.path("registrations")).await).contains(&"mariama".to_owned()));

        assert_eq!(purge(&world, "30", false).await, would);
        assert_eq!(past.figures().await, before);
        let registrations = past.workshop.organiser.list(&past.workshop.path("registrations")).await;
        assert_eq!(names(&registrations), [GONE; 4]);
        let own = past.workshop.organiser.get("/v1/me").await.expect(200).id();
        for registration in &registrations {
            let theirs = registration["person_id"] == own.as_str();
            assert_eq!(registration["email"].is_string(), theirs, "{registration}");
        }
        assert!(past.workshop.organiser.list(&past.workshop.path("registrations?q=alpha@example.org")).await.is_empty());
        assert_eq!(past.workshop.read().await["state"], "archived");
        let roll = past.auditor.get(&format!("{}/roll", past.ballot)).await.expect(200);
        assert!(!roll.text().contains("@example.org"), "{roll}");
        // The next workshop knows Alpha by name; Mariama had no other place, and is gone.
        assert!(names(&next.organiser.list(&next.path("registrations")).await).contains(&"alpha".to_owned()));
        let found = "SELECT address FROM person WHERE address LIKE 'mariama%' OR address LIKE 'alpha%'";
        assert_eq!(sql.texts(found).await, ["alpha@example.org"]);
        assert_eq!(sql.number("SELECT count(*) FROM mail WHERE kind = 'invitation'").await, 0);
        // Said in the journal; and there is nothing left to do.
        let said = past.auditor.list(&past.workshop.path("journal?actor_role=retention")).await;
        let mut acts: Vec<_> = said.iter().map(|line| line["act"].clone()).collect();
        acts.sort_by_key(ToString::to_string);
        assert_eq!(acts, ["archive", "forget"]);
        assert!(said.iter().any(|line| line["after"] == json!({"registrations": 4})), "{said:?}");
        let again = purge(&world, "30", false).await;
        assert_eq!((again["registrations"], again["people"]), (0, 0));
    }

    async fn a_workshop_waits_while_a_ballot_is_not_counted(world: World) {
        let past = past(&world).await;
        assert_eq!(purge(&world, "30", true).await["registrations"], 0);
        past.count().await;
        assert_eq!(purge(&world, "30", true).await["registrations"], 4);
        // Two at once do it once.
        let before = past.figures().await;
        let (one, two) = tokio::join!(purge(&world, "30", false), purge(&world, "30", false));
        assert_eq!(one["registrations"] + two["registrations"], 4, "{one:?} {two:?}");
        assert_eq!(past.figures().await, before);
        let said = past.auditor.list(&past.workshop.path("journal?act=forget")).await;
        assert_eq!(said.len(), 1, "{said:?}");
    }

    async fn what_has_served_its_time_goes_by_itself(world: World) {
        let workshop = world.workshop().published().await;
        workshop.register("participant", "mariama@example.org").await.expect(201);
        workshop.organiser.act(&workshop.path("invitations")).await.expect(202);
        world.mailbox().next_to("mariama@example.org").await;
        world.sign_in("mariama@example.org").await;
        let sql = world.sql().await;
        let rows = async || {
            let mut rows = Vec::new();
            for query in [
                "SELECT count(*) FROM mail WHERE kind = 'sign_in_code'",
                "SELECT count(*) FROM mail WHERE kind = 'invitation'",
                "SELECT count(*) FROM sign_in WHERE person_id IN (SELECT id FROM person WHERE address = 'mariama@example.org')",
                "SELECT count(*) FROM registration WHERE forgotten_at IS NULL",
            ] {
                rows.push(sql.number(query).await);
            }
            rows
        };
        // The letters are sent before they are marked so.
        while sql.number("SELECT count(*) FROM mail WHERE finished_at IS NULL").await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        world.sweep().await;
        assert_eq!(rows().await, [1, 1, 1, 2]);
        world.clock().advance(31 * DAY);
        world.sweep().await;
        assert_eq!(rows().await, [0, 1, 1, 2]);
        world.clock().advance(95 * DAY);
        world.sweep().await;
        assert_eq!(rows().await, [0, 1, 0, 2]);
        world.clock().advance(300 * DAY);
        world.sweep().await;
        // Who took part is kept until an operator says for how long.
        assert_eq!(rows().await, [0, 0, 0, 2]);
    }
}

#[tokio::test]
async fn periods_are_days_or_never() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (value, fine) in [
        ("1", true),
        ("36500", true),
        ("never", true),
        ("0", false),
        ("-1", false),
        ("", false),
        ("1.5", false),
        ("forever", false),
        ("36501", false),
    ] {
        let checked = crate::support::Palabre::new(["check-config"])
            .folder(folder.path())
            .env("PALABRE_KEEP_WORKSHOPS_DAYS", value)
            .run()
            .await;
        assert_eq!(checked.success, fine, "{value:?}: {checked:?}");
        assert!(
            fine || checked.errors.contains("PALABRE_KEEP_WORKSHOPS_DAYS"),
            "{checked:?}"
        );
    }
}
