//! The whole story, over HTTP only after `palabre admin add`: from the administrator's sign-in to
//! the published logo; once in Conakry in August 2020, once in Paris over the night in which
//! summer time begins.

use palabre::instant::Instant;
use serde_json::{Value, json};

use crate::support::{Answer, Person, Workshop, World, both};
use crate::voting::{Vote, logo, sha256};

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

/// 3. Sessions run; people come and go. Returns the seconds each registration should have.
async fn attend(world: &World, scene: &Scene, cast: &Cast) -> Vec<i64> {
    let sessions = cast.facilitator.list(&cast.workshop.path("sessions")).await;
    let path =
        |index: usize, rest: &str| format!("/v1/sessions/{}/{rest}", sessions[index]["id"].as_str().expect("an id"));
    let mut seconds = vec![0; 58];

    // The first is started and ended by hand, ten minutes into its time and five before its end.
    let [start, end] = scene.sessions[0];
    world.clock().set(&after(start, -3600));
    cast.person(1)
        .post(&path(0, "check-ins"), json!({}))
        .await
        .problem(409, "session_not_running");
    world.clock().set(&after(start, 600));
    cast.person(1).act(&path(0, "start")).await.problem(403, "not_allowed");
    cast.facilitator.act(&path(0, "start")).await.expect(200);
    cast.facilitator.act(&path(0, "start")).await.expect(200);
    for number in 1..=20 {
        let present = cast
            .person(number)
            .post(&path(0, "check-ins"), json!({}))
            .await
            .expect(201);
        let again = cast
            .person(number)
            .post(&path(0, "check-ins"), json!({}))
            .await
            .expect(200);
        assert_eq!(again["id"], present["id"], "checking in twice is being there once");
    }
    // Two minutes and three seconds later some more come, late.
    world.clock().set(&after(start, 723));
    for number in 21..=30 {
        cast.person(number).act(&path(0, "check-ins")).await.expect(201);
    }
    // One leaves, comes back, and is there until the end.
    world.clock().set(&after(start, 1000));
    cast.person(1).act(&path(0, "check-outs")).await.expect(200);
    cast.person(1).act(&path(0, "check-outs")).await.expect(200);
    cast.person(40)
        .act(&path(0, "check-outs"))
        .await
        .problem(409, "not_checked_in");
    world.clock().set(&after(start, 1500));
    cast.person(1).act(&path(0, "check-ins")).await.expect(201);
    let length = seconds_between(start, end);
    world.clock().set(&after(end, -300));
    cast.facilitator.act(&path(0, "end")).await.expect(200);
    cast.person(1)
        .act(&path(0, "check-ins"))
        .await
        .problem(409, "session_not_running");
    for number in 1..=20 {
        seconds[number - 1] += length - 300 - 600;
    }
    seconds[0] -= 500;
    for number in 21..=30 {
        seconds[number - 1] += length - 300 - 723;
    }

    // The second runs by its times: doors open fifteen minutes before, but only the session counts.
    let [start, end] = scene.sessions[1];
    world.clock().set(&after(start, -900));
    for number in 10..=40 {
        cast.person(number).act(&path(1, "check-ins")).await.expect(201);
    }
    world.clock().set(&after(start, 61));
    cast.person(10).act(&path(1, "check-outs")).await.expect(200);
    world.clock().set(&after(end, 3600));
    for number in 10..=40 {
        seconds[number - 1] += seconds_between(start, end);
    }
    seconds[9] = seconds[9] - seconds_between(start, end) + 61;

    // The third, over the night, is entered by the facilitator afterwards, in overlapping pieces.
    let [start, end] = scene.sessions[2];
    world.clock().set(&after(end, 60));
    let whole = seconds_between(start, end);
    let record = |number: usize, from: i64, to: i64| {
        let interval = json!({"registration_id": cast.registration(number), "joined_at": after(start, from), "left_at": after(start, to)});
        cast.facilitator.post(&path(2, "attendance"), interval)
    };
    record(2, 0, 3600).await.expect(201);
    record(2, 0, 3600).await.expect(200);
    record(2, 1800, whole).await.expect(201);
    seconds[1] += whole;
    let wrong = record(3, 0, whole).await.expect(201);
    let path_of_wrong = wrong.header("location").to_owned();
    let corrected = json!({"joined_at": after(start, 60)});
    cast.facilitator
        .patch(&path_of_wrong, &wrong.etag(), corrected)
        .await
        .expect(200);
    seconds[2] += whole - 60;
    record(4, 0, 90).await.expect(201);
    let taken_back = record(4, 600, 700).await.expect(201);
    cast.facilitator.delete(taken_back.header("location")).await.expect(204);
    seconds[3] += 90;
    record(5, -7200, -3600)
        .await
        .problem(422, "invalid")
        .faults(&[("/joined_at", "outside_session")]);
    cast.person(5)
        .post(&path(2, "attendance"), json!({}))
        .await
        .problem(403, "not_allowed");
    world.clock().set(&after(scene.sessions[3][1], 60));
    seconds
}

async fn check_attendance(cast: &Cast, expected: &[i64]) {
    let path = cast.workshop.path("attendance?limit=200");
    let list = cast.auditor.get(&path).await.expect(200);
    let items = list["items"].as_array().expect("items");
    let seconds_of = |registration: &str| {
        let item = items.iter().find(|item| item["registration_id"] == registration);
        item.map(|item| item["seconds"].as_i64().expect("seconds"))
    };
    for number in 1..=57 {
        assert_eq!(
            seconds_of(cast.registration(number)),
            Some(expected[number - 1]),
            "participant {number}"
        );
    }
    assert_eq!(list["totals"]["seconds"], expected.iter().sum::<i64>());
    // The same figures as a spreadsheet.
    let csv = cast
        .workshop
        .organiser
        .get(&cast.workshop.path("attendance?format=csv"))
        .await
        .expect(200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    for number in [1, 2, 10, 21, 57] {
        let name = format!("Participant {number:03}");
        let line = csv
            .text()
            .lines()
            .find(|line| line.contains(&name))
            .expect("a line")
            .to_owned();
        let field = expected[number - 1].to_string();
        assert!(line.split(',').any(|cell| cell == field), "{line} should hold {field}");
    }
    // A participant sees their own only.
    let own = cast.person(1).get(&path).await.expect(200);
    assert_eq!(own["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(own["items"][0]["seconds"], expected[0]);
}

/// 4. The coalition is founded; people adhere, for themselves or for their organisation.
async fn adhere(cast: &Cast) -> Value {
    let organiser = &cast.workshop.organiser;
    let founding = json!({"name": "Coalition guinéenne du numérique", "mission": "Un numérique utile à tous."});
    let coalition = organiser
        .post(&cast.workshop.path("coalitions"), founding)
        .await
        .expect(201);
    let path = format!("/v1/coalitions/{}", coalition.id());
    let pledges = format!("{path}/pledges");
    cast.person(1)
        .post(&pledges, json!({"charter": 1}))
        .await
        .problem(409, "charter_missing");
    let charter = organiser
        .post(
            &format!("{path}/charters"),
            json!({"text": "Une personne, une voix.\n"}),
        )
        .await
        .expect(201);
    assert_eq!(charter["number"], 1);
    assert_eq!(charter["sha256"], sha256("Une personne, une voix.\n"));
    for number in 1..=40 {
        cast.person(number)
            .post(&pledges, json!({"charter": 1}))
            .await
            .expect(201);
    }
    let standing = cast.person(1).post(&pledges, json!({"charter": 1})).await.expect(200);
    let organisation = organiser.list(&cast.workshop.path("organisations")).await;
    let named = organisation
        .iter()
        .find(|item| item["name"] == ORGANISATIONS[0].0)
        .expect("the organisation")["id"]
        .clone();
    let on_behalf = json!({"charter": 1, "on_behalf_of": named});
    cast.person(1).post(&pledges, on_behalf.clone()).await.expect(201);
    cast.person(9)
        .post(&pledges, on_behalf)
        .await
        .problem(403, "not_delegate");
    // One withdraws; the pledge stays readable as withdrawn.
    let leaving = cast.person(40).post(&pledges, json!({"charter": 1})).await.expect(200);
    let withdrawn = cast
        .person(40)
        .act(&format!("/v1/pledges/{}/withdraw", leaving.id()))
        .await
        .expect(200);
    assert!(withdrawn["withdrawn_at"].is_string());
    cast.person(40)
        .get(&format!("/v1/pledges/{}", leaving.id()))
        .await
        .expect(200);
    cast.person(2)
        .get(&format!("/v1/pledges/{}", standing.id()))
        .await
        .problem(404, "not_found");
    let founded = organiser.get(&path).await.expect(200);
    assert_eq!(founded["pledges"], json!({"people": 39, "organisations": 1}));
    coalition.json()
}

/// 5. Working groups fill up to their capacity.
async fn commit(cast: &Cast, coalition: &Value) {
    let path = format!(
        "/v1/coalitions/{}/working-groups",
        coalition["id"].as_str().expect("an id")
    );
    let group = json!({"name": "Compétences", "capacity": 5, "leads": [cast.registration(1)]});
    let group = cast.workshop.organiser.post(&path, group).await.expect(201);
    let commitments = format!("/v1/working-groups/{}/commitments", group.id());
    for number in 1..=5 {
        cast.person(number).post(&commitments, json!({})).await.expect(201);
    }
    cast.person(3).post(&commitments, json!({})).await.expect(200);
    cast.person(6)
        .post(&commitments, json!({}))
        .await
        .problem(409, "working_group_full");
    let waiting = cast
        .person(6)
        .post(&commitments, json!({"waiting_list": true}))
        .await
        .expect(201);
    assert_eq!(waiting["state"], "waiting");
}

/// 6. The logo ballot is drafted; everyone sees whether they are on the roll and what they lack.
async fn draft(cast: &Cast, coalition: &Value) -> Answer {
    let organiser = &cast.workshop.organiser;
    let ballot = json!({
        "kind": "logo", "question": "Quel logo pour la coalition ?", "method": "plurality",
        "eligibility": {"min_sessions": 1, "adhered": coalition["id"]},
    });
    let ballot = organiser.post(&cast.workshop.path("ballots"), ballot).await.expect(201);
    let path = format!("/v1/ballots/{}", ballot.id());
    for (index, name) in ["Arbre", "Calebasse", "Kora", "Mains", "Delta"].iter().enumerate() {
        let candidate = organiser
            .post(&format!("{path}/candidates"), json!({"name": name}))
            .await
            .expect(201);
        organiser.act(&format!("{path}/open")).await.problem(
            409,
            if index == 0 {
                "ballot_needs_candidates"
            } else {
                "ballot_needs_logos"
            },
        );
        let image = logo(u8::try_from(index).expect("a small number"));
        organiser
            .put_bytes(
                &format!("/v1/candidates/{}/logo", candidate.id()),
                "image/svg+xml",
                image,
            )
            .await
            .expect(200);
    }
    let unmet = async |number: usize| {
        let part = cast
            .person(number)
            .get(&format!("{path}/participation"))
            .await
            .expect(200);
        (part["on_roll"].clone(), part["unmet"].clone())
    };
    assert_eq!(unmet(1).await, (json!(true), json!([])));
    assert_eq!(unmet(9).await, (json!(true), json!([])));
    assert_eq!(unmet(40).await, (json!(false), json!(["pledge"])));
    assert_eq!(unmet(57).await, (json!(false), json!(["sessions", "pledge"])));
    assert_eq!(
        unmet(58).await,
        (json!(false), json!(["confirmation", "sessions", "pledge"]))
    );
    let roll = cast.auditor.get(&format!("{path}/roll?limit=200")).await.expect(200);
    assert_eq!(
        (&roll["on_roll"], &roll["not_on_roll"]),
        (&json!(39), &json!(23)),
        "together everyone registered"
    );
    ballot
}

/// 7. It is opened; people vote; each act gets the promised answer.
async fn vote(cast: &Cast, ballot: &Answer) {
    let path = format!("/v1/ballots/{}", ballot.id());
    let organiser = &cast.workshop.organiser;
    let draft = cast.person(1).get(&path).await.expect(200);
    let any = Vote::for_candidate(&draft["candidates"][0]["id"]);
    cast.person(1)
        .post(&format!("{path}/votes"), any.body())
        .await
        .problem(409, "ballot_not_open");
    let open = organiser.act(&format!("{path}/open")).await.expect(200);
    assert_eq!((&open["state"], &open["roll_size"]), (&json!("open"), &json!(39)));
    organiser.act(&format!("{path}/open")).await.expect(200);
    organiser
        .patch(&path, &open.etag(), json!({"question": "?"}))
        .await
        .problem(409, "ballot_not_draft");
    organiser.delete(&path).await.problem(409, "ballot_not_draft");

    let mut orders = std::collections::HashSet::new();
    for number in 1..=35 {
        let seen = cast.person(number).get(&path).await.expect(200);
        orders.insert(seen["candidates"].to_string());
        let voter = Vote::for_candidate(&candidate(&draft, if number <= 20 { "Kora" } else { "Arbre" }));
        let first = cast
            .person(number)
            .post(&format!("{path}/votes"), voter.body())
            .await
            .expect(201);
        assert_eq!(first["vote_hash"], voter.hash(&ballot.id()));
        assert_eq!(first.header("location"), format!("{path}/participation"));
        // The same request again, then a different vote.
        let retried = cast
            .person(number)
            .post(&format!("{path}/votes"), voter.body())
            .await
            .expect(201);
        assert_eq!(retried.json(), first.json());
        let other = Vote::for_candidate(&candidate(&draft, "Delta"));
        cast.person(number)
            .post(&format!("{path}/votes"), other.body())
            .await
            .problem(409, "already_voted");
    }
    assert!(
        orders.len() > 20,
        "each voter has an order of their own: {}",
        orders.len()
    );
    cast.person(40)
        .post(&format!("{path}/votes"), any.body())
        .await
        .problem(403, "not_on_roll");
    cast.auditor
        .post(&format!("{path}/votes"), any.body())
        .await
        .problem(403, "not_on_roll");
    let part = cast.person(1).get(&format!("{path}/participation")).await.expect(200);
    assert_eq!((&part["on_roll"], &part["voted"]), (&json!(true), &json!(true)));
    let turnout = cast.person(1).get(&format!("{path}/turnout")).await.expect(200);
    assert_eq!((&turnout["roll"], &turnout["votes"]), (&json!(39), &json!(35)));
    // Nobody sees a count, nor who voted.
    for someone in [organiser, &cast.auditor, cast.person(1)] {
        someone
            .get(&format!("{path}/tally"))
            .await
            .problem(409, "ballot_not_closed");
    }
    let roll = cast.auditor.get(&format!("{path}/roll?limit=200")).await.expect(200);
    assert!(
        roll["items"]
            .as_array()
            .expect("items")
            .iter()
            .all(|line| line["voted"].is_null())
    );
}

fn candidate(ballot: &Answer, name: &str) -> Value {
    let candidates = ballot["candidates"].as_array().expect("candidates");
    candidates
        .iter()
        .find(|candidate| candidate["name"] == name)
        .expect("the candidate")["id"]
        .clone()
}

/// 8. It is closed, counted, checked by the auditor and published for all.
async fn close_and_publish(cast: &Cast, ballot: &Answer) {
    let path = format!("/v1/ballots/{}", ballot.id());
    let organiser = &cast.workshop.organiser;
    organiser
        .act(&format!("{path}/publish"))
        .await
        .problem(409, "ballot_not_closed");
    let closed = organiser.act(&format!("{path}/close")).await.expect(200);
    assert_eq!(closed["state"], "closed");
    assert!(closed["counted_at"].is_string());
    let late = Vote::for_candidate(&candidate(&closed, "Kora"));
    cast.person(36)
        .post(&format!("{path}/votes"), late.body())
        .await
        .problem(409, "ballot_not_open");
    cast.person(1)
        .get(&format!("{path}/tally"))
        .await
        .problem(403, "not_allowed");

    let tally = cast.auditor.get(&format!("{path}/tally")).await.expect(200);
    assert_eq!(
        (&tally["roll"], &tally["votes"], &tally["blanks"]),
        (&json!(39), &json!(35), &json!(0))
    );
    let votes = |name: &str| {
        let id = candidate(&closed, name);
        tally["working"]["counts"]
            .as_array()
            .expect("counts")
            .iter()
            .find(|count| count["candidate"] == id)
            .expect("a count")["votes"]
            .clone()
    };
    assert_eq!(
        (votes("Kora"), votes("Arbre"), votes("Delta")),
        (json!(20), json!(15), json!(0))
    );
    assert_eq!(
        tally["outcome"],
        json!({"winners": [candidate(&closed, "Kora")], "tie": false})
    );
    let roll = cast.auditor.get(&format!("{path}/roll?limit=200")).await.expect(200);
    let voted = roll["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|line| line["voted"] == true)
        .count();
    assert_eq!(voted, 35);

    organiser.act(&format!("{path}/publish")).await.expect(200);
    organiser.act(&format!("{path}/publish")).await.expect(200);
    for someone in [cast.person(1), cast.person(57), &cast.facilitator] {
        let seen = someone.get(&format!("{path}/tally")).await.expect(200);
        assert_eq!(seen.text(), tally.text(), "the same bytes for everyone");
    }
    let journal = cast.auditor.list(&cast.workshop.path("journal?subject=ballot")).await;
    let acts: Vec<&str> = journal.iter().filter_map(|line| line["act"].as_str()).collect();
    assert_eq!(acts, ["create", "open", "close", "publish"]);
}
