//! The whole story, over HTTP only after `palabre admin add`: from the administrator's sign-in to
//! the published logo; once in Conakry in August 2020, once in Paris over the night in which
//! summer time begins.

mod attending;
mod promising;
mod voting_day;

use palabre::instant::Instant;
use serde_json::json;

use self::attending::{attend, check_attendance};
use self::promising::{adhere, commit};
use self::voting_day::{close_and_publish, draft, vote};
use crate::support::{Person, Workshop, World, both};

/// Where and when the story is told. All instants with the zone's own offset.
struct Scene {
    zone: &'static str,
    days: [&'static str; 2],
    /// Start and end of four sessions; the third lies across the night.
    sessions: [[&'static str; 2]; 4],
    /// Just outside the workshop's days, as the zone counts them.
    outside: [&'static str; 2],
    before: &'static str,
}

const CONAKRY: Scene = Scene {
    zone: "Africa/Conakry",
    days: ["2020-08-27", "2020-08-28"],
    sessions: [
        ["2020-08-27T09:00:00Z", "2020-08-27T10:30:00Z"],
        ["2020-08-27T14:00:00Z", "2020-08-27T16:00:00Z"],
        ["2020-08-27T23:00:00Z", "2020-08-28T01:00:00Z"],
        ["2020-08-28T09:00:00Z", "2020-08-28T11:00:00Z"],
    ],
    outside: ["2020-08-28T23:00:00Z", "2020-08-29T00:00:01Z"],
    before: "2020-08-01T09:00:00Z",
};

/// At 02:00 on 28 March 2021 clocks went to 03:00: the third session looks like three and a half
/// hours on a wall, and is two and a half.
const PARIS: Scene = Scene {
    zone: "Europe/Paris",
    days: ["2021-03-27", "2021-03-28"],
    sessions: [
        ["2021-03-27T09:00:00+01:00", "2021-03-27T10:30:00+01:00"],
        ["2021-03-27T14:00:00+01:00", "2021-03-27T16:00:00+01:00"],
        ["2021-03-28T00:30:00+01:00", "2021-03-28T04:00:00+02:00"],
        ["2021-03-28T09:00:00+02:00", "2021-03-28T11:00:00+02:00"],
    ],
    outside: ["2021-03-28T23:00:00+02:00", "2021-03-29T00:00:01+02:00"],
    before: "2021-03-01T09:00:00+01:00",
};

const ORGANISATIONS: [(&str, &str); 8] = [
    ("Direction du numérique", "public_administration"),
    ("Télécoms du Fouta", "company"),
    ("Djoliba Paiement", "startup"),
    ("Université du Littoral", "education"),
    ("Femmes et numérique", "association"),
    ("Incubateur Baobab", "incubator"),
    ("Programme INTEGRA", "donor"),
    ("Presse de Kindia", "other"),
];

fn email(number: usize) -> String {
    format!("participant.{number:03}@example.org")
}

/// An instant some seconds after another, as text.
fn after(start: &str, seconds: i64) -> String {
    start
        .parse::<Instant>()
        .expect("an instant")
        .plus(seconds * 1_000_000)
        .to_string()
}

fn seconds_between(start: &str, end: &str) -> i64 {
    let micros = |text: &str| text.parse::<Instant>().expect("an instant").micros();
    (micros(end) - micros(start)) / 1_000_000
}

/// Whom the story is about, once they are registered.
struct Cast {
    workshop: Workshop,
    /// Participants 1 to 58, by number.
    people: Vec<Person>,
    registrations: Vec<String>,
    facilitator: Person,
    auditor: Person,
}

impl Cast {
    fn person(&self, number: usize) -> &Person {
        &self.people[number - 1]
    }

    fn registration(&self, number: usize) -> &str {
        &self.registrations[number - 1]
    }
}

both! {
    async fn the_workshop_of_august_2020_runs_from_invitation_to_published_logo(world: World) {
        tell(&world, &CONAKRY).await;
    }

    async fn the_story_runs_in_paris_over_the_change_to_summer_time(world: World) {
        tell(&world, &PARIS).await;
    }
}

async fn tell(world: &World, scene: &Scene) {
    world.clock().set(scene.before);
    let workshop = found(world, scene).await;
    let cast = invite(world, workshop).await;
    let expected = attend(world, scene, &cast).await;
    check_attendance(&cast, &expected).await;
    let coalition = adhere(&cast).await;
    commit(&cast, &coalition).await;
    let ballot = draft(&cast, &coalition).await;
    vote(&cast, &ballot).await;
    close_and_publish(&cast, &ballot).await;
}

/// 1. The administrator creates the workshop and is its first organiser.
async fn found(world: &World, scene: &Scene) -> Workshop {
    let added = world.command(["admin", "add", "coordination@example.org"]).run().await;
    added.succeeded();
    let signed_in = world.sign_in("coordination@example.org").await;
    signed_in.get("/v1/me").await.expect(200);
    let organiser = world.person("coordination@example.org").await;
    let workshop = world
        .workshop()
        .titled("Atelier de consultation des acteurs du numérique guinéen")
        .with("initiative", "INTEGRA")
        .with("host", "ITC")
        .with("funder", "Union européenne")
        .with("language", "fr")
        .with("self_registration", true)
        .zone(scene.zone)
        .days(scene.days[0], scene.days[1])
        .by(&organiser)
        .await;
    let outside = json!({"title": "Trop tard", "starts_at": scene.outside[0], "ends_at": scene.outside[1]});
    organiser
        .post(&workshop.path("sessions"), outside)
        .await
        .problem(422, "invalid")
        .faults(&[("/ends_at", "outside_workshop")]);
    for (index, [starts_at, ends_at]) in scene.sessions.iter().enumerate() {
        let session = json!({"title": format!("Séance {}", index + 1), "starts_at": starts_at, "ends_at": ends_at, "speakers": ["Équipe"]});
        organiser.post(&workshop.path("sessions"), session).await.expect(201);
    }
    for (name, category) in ORGANISATIONS {
        organiser
            .post(
                &workshop.path("organisations"),
                json!({"name": name, "category": category}),
            )
            .await
            .expect(201);
    }
    workshop
}

/// 2. Sixty people are imported and invited; they sign in from their mail and confirm.
async fn invite(world: &World, workshop: Workshop) -> Cast {
    let organiser = &workshop.organiser;
    let mut csv = String::from("\u{feff}Nom;Courriel;Rôle;Organisation;Catégorie;Délégué\r\n");
    csv.push_str(
        "Facilitatrice;facilitatrice@example.org;facilitatrice;;;\r\nAuditeur;auditeur@example.org;auditeur;;;\r\n",
    );
    for number in 1..=58 {
        let (organisation, category) = ORGANISATIONS[(number - 1) % ORGANISATIONS.len()];
        let delegate = if number <= ORGANISATIONS.len() { "oui" } else { "" };
        csv.push_str(&format!(
            "Participant {number:03};{};;{organisation};{category};{delegate}\r\n",
            email(number)
        ));
    }
    let import = workshop.path("registrations/import");
    let dry = organiser
        .post_bytes(&format!("{import}?dry_run=true"), "text/csv", csv.clone())
        .await
        .expect(200);
    assert_eq!((&dry["created"], &dry["dry_run"]), (&json!(60), &json!(true)));
    assert_eq!(
        organiser.list(&workshop.path("registrations")).await.len(),
        1,
        "a dry run changes nothing"
    );
    let report = organiser.post_bytes(&import, "text/csv", csv.clone()).await.expect(200);
    assert_eq!(
        (&report["created"], &report["organisations_created"]),
        (&json!(60), &json!(0))
    );
    let again = organiser.post_bytes(&import, "text/csv", csv).await.expect(200);
    assert_eq!(
        (&again["created"], &again["unchanged"]),
        (&json!(0), &json!(60)),
        "importing again doubles nobody"
    );
    // Nobody but staff knows of a draft.
    world
        .person(&email(1))
        .await
        .get(&workshop.path)
        .await
        .problem(404, "not_found");
    organiser.act(&workshop.path("publish")).await.expect(200);
    organiser.act(&workshop.path("invitations")).await.expect(202);

    let listed = organiser.list(&workshop.path("registrations")).await;
    let id_of = |address: &str| {
        let found = listed.iter().find(|registration| registration["email"] == address);
        found.expect("a registration")["id"].as_str().expect("an id").to_owned()
    };
    let (mut people, mut registrations) = (Vec::new(), Vec::new());
    for number in 1..=58 {
        let address = email(number);
        let letter = world.mailbox().next_to(&address).await;
        assert!(letter.subject.contains("numérique guinéen"), "{}", letter.subject);
        let signed_in = world.sign_in(&address).await;
        let id = id_of(&address);
        let act = if number == 58 { "decline" } else { "confirm" };
        signed_in
            .act(&format!("/v1/registrations/{id}/{act}"))
            .await
            .expect(200);
        people.push(world.person(&address).await);
        registrations.push(id);
    }
    for address in ["facilitatrice@example.org", "auditeur@example.org"] {
        world.mailbox().next_to(address).await;
        let signed_in = world.sign_in(address).await;
        signed_in
            .act(&format!("/v1/registrations/{}/confirm", id_of(address)))
            .await
            .expect(200);
    }
    // One registers himself and is accepted.
    let guest = world.sign_in("alpha@example.org").await;
    let request = guest
        .post(
            &workshop.path("registrations"),
            json!({"name": "Alpha", "category": "startup"}),
        )
        .await
        .expect(201);
    assert_eq!(request["state"], "requested");
    let accepted = organiser
        .act(&format!("/v1/registrations/{}/accept", request.id()))
        .await
        .expect(200);
    assert_eq!(accepted["state"], "confirmed");
    let states = |state: &str| workshop.path(&format!("registrations?state={state}"));
    assert_eq!(
        organiser.list(&states("confirmed")).await.len(),
        61,
        "57 participants, three of the staff, one guest"
    );
    assert_eq!(organiser.list(&states("declined")).await.len(), 1);
    let facilitator = world.person("facilitatrice@example.org").await;
    let auditor = world.person("auditeur@example.org").await;
    Cast {
        workshop,
        people,
        registrations,
        facilitator,
        auditor,
    }
}
