//! Who may do what, as one table: every operation of the document, asked for by everyone there is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reqwest::Method;
use serde_json::json;

use crate::support::{Operation, Person, World, both, operations};

/// `401` sign_in_required, `403` not_allowed, `404` not_found; `ok` is anything but these three,
/// and no error of the server: the caller was let in, and the empty body `{}` or the stale
/// `If-Match` that every request carries was looked at, so that no request changes what the others
/// find.
///
/// - anonymous: no token
/// - stranger: organises another workshop
/// - declined: was invited and declined
/// - participant: the one whose registration, attendance, pledge and commitment the paths name
/// - administrator: of the instance, without a place in the workshop
const TABLE: &str = "
operation                                                  anonymous stranger declined participant facilitator organiser auditor administrator
GET    /.well-known/jwks.json                              ok        ok       ok       ok          ok          ok        ok      ok
GET    /.well-known/palabre-keys                           ok        ok       ok       ok          ok          ok        ok      ok
GET    /livez                                              ok        ok       ok       ok          ok          ok        ok      ok
GET    /readyz                                             ok        ok       ok       ok          ok          ok        ok      ok
GET    /v1/attendance/{attendance_id}                      401       404      404      ok          ok          ok        ok      404
PATCH  /v1/attendance/{attendance_id}                      401       404      404      403         ok          ok        403     404
DELETE /v1/attendance/{attendance_id}                      401       404      404      403         ok          ok        403     404
POST   /v1/auth/codes                                      ok        ok       ok       ok          ok          ok        ok      ok
POST   /v1/auth/revocations                                ok        ok       ok       ok          ok          ok        ok      ok
POST   /v1/auth/tokens                                     ok        ok       ok       ok          ok          ok        ok      ok
GET    /v1/ballots/{ballot_id}                             401       404      404      ok          ok          ok        ok      404
PATCH  /v1/ballots/{ballot_id}                             401       404      404      403         403         ok        403     404
DELETE /v1/ballots/{ballot_id}                             401       404      404      403         403         ok        403     404
POST   /v1/ballots/{ballot_id}/annul                       401       404      404      403         403         ok        403     404
GET    /v1/ballots/{ballot_id}/audit                       401       404      404      ok          ok          ok        ok      404
POST   /v1/ballots/{ballot_id}/cancel                      401       404      404      403         403         ok        403     404
GET    /v1/ballots/{ballot_id}/candidates                  401       404      404      ok          ok          ok        ok      404
POST   /v1/ballots/{ballot_id}/candidates                  401       404      404      403         403         ok        403     404
GET    /v1/ballots/{ballot_id}/checkpoint                  404       404      404      404         404         404       404     404
POST   /v1/ballots/{ballot_id}/close                       401       404      404      403         403         ok        403     404
POST   /v1/ballots/{ballot_id}/copy                        401       404      404      403         403         ok        403     404
POST   /v1/ballots/{ballot_id}/extend                      401       404      404      403         403         ok        403     404
GET    /v1/ballots/{ballot_id}/manifest                    404       404      404      404         404         404       404     404
POST   /v1/ballots/{ballot_id}/open                        401       404      404      403         403         ok        403     404
GET    /v1/ballots/{ballot_id}/participation               401       404      ok       ok          ok          ok        ok      404
POST   /v1/ballots/{ballot_id}/publish                     401       404      404      403         403         ok        403     404
GET    /v1/ballots/{ballot_id}/receipts                    ok        ok       ok       ok          ok          ok        ok      ok
POST   /v1/ballots/{ballot_id}/remind                      401       404      404      403         403         ok        403     404
GET    /v1/ballots/{ballot_id}/roll                        401       404      404      403         403         ok        ok      404
POST   /v1/ballots/{ballot_id}/run-off                     401       404      404      403         403         ok        403     404
GET    /v1/ballots/{ballot_id}/tally                       401       404      404      ok          ok          ok        ok      404
GET    /v1/ballots/{ballot_id}/turnout                     401       404      404      ok          ok          ok        ok      404
POST   /v1/ballots/{ballot_id}/votes                       401       404      ok       ok          ok          ok        ok      404
GET    /v1/candidates/{candidate_id}                       401       404      404      ok          ok          ok        ok      404
PATCH  /v1/candidates/{candidate_id}                       401       404      404      403         403         ok        403     404
DELETE /v1/candidates/{candidate_id}                       401       404      404      403         403         ok        403     404
PUT    /v1/candidates/{candidate_id}/logo                  401       404      404      403         403         ok        403     404
GET    /v1/coalitions/{coalition_id}                       401       404      404      ok          ok          ok        ok      404
PATCH  /v1/coalitions/{coalition_id}                       401       404      404      403         403         ok        403     404
GET    /v1/coalitions/{coalition_id}/charters              401       404      404      ok          ok          ok        ok      404
POST   /v1/coalitions/{coalition_id}/charters              401       404      404      403         403         ok        403     404
GET    /v1/coalitions/{coalition_id}/charters/{number}     401       404      404      ok          ok          ok        ok      404
GET    /v1/coalitions/{coalition_id}/pledges               401       404      404      ok          ok          ok        ok      404
POST   /v1/coalitions/{coalition_id}/pledges               401       404      404      ok          ok          ok        ok      404
GET    /v1/coalitions/{coalition_id}/working-groups        401       404      404      ok          ok          ok        ok      404
POST   /v1/coalitions/{coalition_id}/working-groups        401       404      404      403         403         ok        403     404
GET    /v1/commitments/{commitment_id}                     401       404      404      ok          404         ok        404     404
DELETE /v1/commitments/{commitment_id}                     401       404      404      ok          404         ok        404     404
GET    /v1/consent-texts                                   ok        ok       ok       ok          ok          ok        ok      ok
POST   /v1/consent-texts                                   401       403      403      403         403         403       403     ok
GET    /v1/consent-texts/{number}                          ok        ok       ok       ok          ok          ok        ok      ok
GET    /v1/logos/{digest}.png                              ok        ok       ok       ok          ok          ok        ok      ok
GET    /v1/me                                              401       ok       ok       ok          ok          ok        ok      ok
PATCH  /v1/me                                              401       ok       ok       ok          ok          ok        ok      ok
DELETE /v1/me                                              401       ok       ok       ok          ok          ok        ok      ok
GET    /v1/me/export                                       401       ok       ok       ok          ok          ok        ok      ok
GET    /v1/me/registrations                                401       ok       ok       ok          ok          ok        ok      ok
GET    /v1/organisations/{organisation_id}                 401       404      404      ok          ok          ok        ok      404
PATCH  /v1/organisations/{organisation_id}                 401       404      404      403         403         ok        403     404
DELETE /v1/organisations/{organisation_id}                 401       404      404      403         403         ok        403     404
GET    /v1/pledges/{pledge_id}                             401       404      404      ok          404         ok        ok      404
POST   /v1/pledges/{pledge_id}/withdraw                    401       404      404      ok          404         403       403     404
GET    /v1/registrations/{registration_id}                 401       404      404      ok          ok          ok        ok      404
PATCH  /v1/registrations/{registration_id}                 401       404      404      ok          403         ok        403     404
DELETE /v1/registrations/{registration_id}                 401       404      404      403         403         ok        403     404
POST   /v1/registrations/{registration_id}/accept          401       404      404      403         403         ok        403     404
POST   /v1/registrations/{registration_id}/confirm         401       404      404      ok          403         403       403     404
POST   /v1/registrations/{registration_id}/decline         401       404      404      ok          403         403       403     404
POST   /v1/registrations/{registration_id}/in-person-codes 401       404      404      403         403         ok        403     404
POST   /v1/registrations/{registration_id}/merge           401       404      404      403         403         ok        403     404
GET    /v1/sessions/{session_id}                           401       404      404      ok          ok          ok        ok      404
PATCH  /v1/sessions/{session_id}                           401       404      404      403         403         ok        403     404
DELETE /v1/sessions/{session_id}                           401       404      404      403         403         ok        403     404
GET    /v1/sessions/{session_id}/attendance                401       404      404      ok          ok          ok        ok      404
POST   /v1/sessions/{session_id}/attendance                401       404      404      403         ok          ok        403     404
POST   /v1/sessions/{session_id}/check-ins                 401       404      404      ok          ok          ok        ok      404
POST   /v1/sessions/{session_id}/check-outs                401       404      404      ok          ok          ok        ok      404
POST   /v1/sessions/{session_id}/end                       401       404      404      403         ok          ok        403     404
POST   /v1/sessions/{session_id}/start                     401       404      404      403         ok          ok        403     404
GET    /v1/working-groups/{working_group_id}               401       404      404      ok          ok          ok        ok      404
PATCH  /v1/working-groups/{working_group_id}               401       404      404      403         403         ok        403     404
DELETE /v1/working-groups/{working_group_id}               401       404      404      403         403         ok        403     404
GET    /v1/working-groups/{working_group_id}/commitments   401       404      404      ok          ok          ok        ok      404
POST   /v1/working-groups/{working_group_id}/commitments   401       404      404      ok          ok          ok        ok      404
GET    /v1/workshops                                       401       ok       ok       ok          ok          ok        ok      ok
POST   /v1/workshops                                       401       403      403      403         403         403       403     ok
GET    /v1/workshops/{workshop_id}                         401       404      404      ok          ok          ok        ok      404
PATCH  /v1/workshops/{workshop_id}                         401       404      404      403         403         ok        403     404
DELETE /v1/workshops/{workshop_id}                         401       404      404      403         403         ok        403     404
POST   /v1/workshops/{workshop_id}/archive                 401       404      404      403         403         ok        403     404
GET    /v1/workshops/{workshop_id}/attendance              401       404      404      ok          ok          ok        ok      404
GET    /v1/workshops/{workshop_id}/ballots                 401       404      404      ok          ok          ok        ok      404
POST   /v1/workshops/{workshop_id}/ballots                 401       404      404      403         403         ok        403     404
GET    /v1/workshops/{workshop_id}/coalitions              401       404      404      ok          ok          ok        ok      404
POST   /v1/workshops/{workshop_id}/coalitions              401       404      404      403         403         ok        403     404
POST   /v1/workshops/{workshop_id}/invitations             401       404      404      403         403         ok        403     404
GET    /v1/workshops/{workshop_id}/journal                 401       404      404      403         403         ok        ok      404
GET    /v1/workshops/{workshop_id}/me                      401       404      404      ok          ok          ok        ok      404
GET    /v1/workshops/{workshop_id}/organisations           401       404      404      ok          ok          ok        ok      404
POST   /v1/workshops/{workshop_id}/organisations           401       404      404      403         403         ok        403     404
GET    /v1/workshops/{workshop_id}/likely-doubles          401       404      404      403         403         ok        403     404
POST   /v1/workshops/{workshop_id}/publish                 401       404      404      403         403         ok        403     404
GET    /v1/workshops/{workshop_id}/registrations           401       404      404      403         ok          ok        ok      404
POST   /v1/workshops/{workshop_id}/registrations           401       404      ok       ok          ok          ok        ok      404
POST   /v1/workshops/{workshop_id}/registrations/import    401       404      404      403         403         ok        403     404
GET    /v1/workshops/{workshop_id}/registrations/template  401       404      404      403         403         ok        403     404
GET    /v1/workshops/{workshop_id}/sessions                401       404      404      ok          ok          ok        ok      404
POST   /v1/workshops/{workshop_id}/sessions                401       404      404      403         403         ok        403     404
";

pub const WHO: [&str; 8] = [
    "anonymous",
    "stranger",
    "declined",
    "participant",
    "facilitator",
    "organiser",
    "auditor",
    "administrator",
];

/// A published workshop with one of everything.
pub struct Fixture {
    /// In the order of [`WHO`].
    pub people: Vec<Person>,
    /// The participant again, who came in with a code that the organiser handed over.
    in_person: Person,
    /// What to put for each parameter of a path.
    pub ids: BTreeMap<&'static str, String>,
}

impl Fixture {
    pub async fn new(world: &World) -> Self {
        Self::of(world, "").await
    }

    /// With a cast of its own, whose addresses begin with this.
    async fn of(world: &World, prefix: &str) -> Self {
        let email = |role: &str| format!("{prefix}{role}@example.org");
        world.clock().set("2020-08-27T12:00:00Z");
        let founder = world.another_administrator(&email("organiser")).await;
        let workshop = world.workshop().by(&founder).published().await;
        let organiser = &workshop.organiser;
        let stranger = world.person(&email("stranger")).await;
        // Whoever creates a workshop organises it; the administrator of the table organises none.
        let elsewhere = world.another_administrator(&stranger.email).await;
        world.workshop().by(&elsewhere).published().await;
        world.sql().await.run("UPDATE person SET administrator = false").await;
        let administrator = world.another_administrator(&email("administrator")).await;
        administrator.post("/v1/consent-texts", json!({"fr": "Texte"})).await;

        let mut ids = BTreeMap::from([("workshop_id", workshop.id.clone()), ("number", "1".into())]);
        let participant = workshop.member("participant", &email("participant")).await;
        let registration = workshop.registration_of(&participant.email).await;
        let facilitator = workshop.member("facilitator", &email("facilitator")).await;
        let auditor = workshop.member("auditor", &email("auditor")).await;
        let declined = workshop.member("participant", &email("declined")).await;
        let refusal = workshop.registration_of(&declined.email).await;
        declined
            .act(&format!("/v1/registrations/{refusal}/decline"))
            .await
            .expect(200);
        participant
            .act(&format!("/v1/registrations/{registration}/confirm"))
            .await
            .expect(200);
        let in_person = organiser.in_person(&registration).await;

        let create = async |who: &Person, path: &str, body| who.post(path, body).await.expect(201).id();
        let organisation = json!({"name": "Université du Littoral", "category": "education"});
        ids.insert(
            "organisation_id",
            create(organiser, &workshop.path("organisations"), organisation).await,
        );
        let session =
            json!({"title": "Ouverture", "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:30:00Z"});
        let session = create(organiser, &workshop.path("sessions"), session).await;
        let attendance = json!({"registration_id": registration, "joined_at": "2020-08-27T09:05:00Z", "left_at": "2020-08-27T10:30:00Z"});
        let attendance = create(&facilitator, &format!("/v1/sessions/{session}/attendance"), attendance).await;
        let coalition = create(organiser, &workshop.path("coalitions"), json!({"name": "Coalition"})).await;
        let of_coalition = |rest: &str| format!("/v1/coalitions/{coalition}/{rest}");
        organiser
            .post(&of_coalition("charters"), json!({"text": "Charte"}))
            .await
            .expect(201);
        let pledge = create(&participant, &of_coalition("pledges"), json!({"charter": 1})).await;
        let group = create(
            organiser,
            &of_coalition("working-groups"),
            json!({"name": "Compétences"}),
        )
        .await;
        let commitment = create(
            &participant,
            &format!("/v1/working-groups/{group}/commitments"),
            json!({}),
        )
        .await;
        let ballot = json!({"question": "Quel logo ?", "kind": "logo", "method": "plurality"});
        let ballot = create(organiser, &workshop.path("ballots"), ballot).await;
        let candidate = create(
            organiser,
            &format!("/v1/ballots/{ballot}/candidates"),
            json!({"name": "Arbre"}),
        )
        .await;
        let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 512 512\"><circle cx=\"256\" cy=\"256\" r=\"200\" fill=\"#084\"/></svg>";
        let logo = organiser
            .put_bytes(&format!("/v1/candidates/{candidate}/logo"), "image/svg+xml", drawing)
            .await
            .expect(200);
        let url = logo["logo"]["url"].as_str().expect("a URL");
        let digest = url
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_suffix(".png"))
            .expect("a digest");
        ids.extend([
            ("digest", digest.to_owned()),
            ("registration_id", registration),
            ("session_id", session),
            ("attendance_id", attendance),
            ("coalition_id", coalition),
            ("pledge_id", pledge),
            ("working_group_id", group),
            ("commitment_id", commitment),
            ("ballot_id", ballot),
            ("candidate_id", candidate),
        ]);
        let people = vec![
            world.anonymous(),
            stranger,
            declined,
            participant,
            facilitator,
            organiser.clone(),
            auditor,
            administrator,
        ];
        Self { people, in_person, ids }
    }

    pub fn path(&self, operation: &Operation) -> String {
        let filled = operation.path.split('/').map(|segment| {
            let parts = segment.split_once('{').zip(segment.split_once('}'));
            let Some(((before, rest), (_, after))) = parts else {
                return segment.to_owned();
            };
            let name = rest.split('}').next().unwrap_or_default();
            let id = self.ids.get(name);
            let id = id.unwrap_or_else(|| panic!("{}: the fixture has no {name}", operation.name()));
            format!("{before}{id}{after}")
        });
        filled.collect::<Vec<_>>().join("/")
    }

    /// What each of them gets.
    async fn outcomes(&self, operation: &Operation, people: impl IntoIterator<Item = &Person>) -> Vec<String> {
        let path = self.path(operation);
        let content = operation.value["requestBody"]["content"].as_object();
        let content_type = content.map(|content| {
            let json = content.contains_key("application/json").then_some("application/json");
            json.or_else(|| content.keys().next().map(String::as_str))
                .expect("a kind of content")
        });
        let mut outcomes = Vec::new();
        for person in people {
            let mut request = person.request(operation.method.clone(), &path);
            if operation.method != Method::GET {
                request = request.if_match("stale");
            }
            if let Some(content_type) = content_type {
                request = request.bytes(content_type, "{}");
            }
            let answer = request.await;
            let code = answer["code"].as_str().unwrap_or_default();
            outcomes.push(match (answer.status, code) {
                (401, "sign_in_required") | (403, "not_allowed") | (404, "not_found") => answer.status.to_string(),
                (403, "mail_sign_in_required") => "mail".to_owned(),
                (401 | 403 | 404 | 500.., _) => format!("{} {code}", answer.status),
                _ => "ok".to_owned(),
            });
        }
        outcomes
    }

    pub fn person(&self, who: &str) -> &Person {
        let at = WHO.iter().position(|known| *known == who);
        &self.people[at.unwrap_or_else(|| panic!("nobody is {who}"))]
    }
}

/// Splits a line into the operation and what each may do.
fn read(line: &str) -> (String, Vec<String>) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (operation, outcomes) = words.split_at(2);
    (operation.join(" "), outcomes.iter().map(ToString::to_string).collect())
}

both! {
    async fn everyone_may_do_what_the_table_says_and_nothing_else(world: World) {
        let mut lines = TABLE.trim().lines();
        let heads: Vec<&str> = lines.next().expect("heads").split_whitespace().skip(1).collect();
        assert_eq!(heads, WHO);
        let mut expected: BTreeMap<String, Vec<String>> = lines.map(read).collect();
        let fixture = Fixture::new(&world).await;
        let mut wrong = String::new();
        for operation in operations() {
            let found = fixture.outcomes(operation, &fixture.people).await;
            let name = operation.name();
            match expected.remove(&name) {
                Some(outcomes) if outcomes == found => {}
                Some(outcomes) => writeln!(
                    wrong,
                    "table {name:60} {}\nfound {name:60} {}",
                    outcomes.join(" "),
                    found.join(" ")
                )
                .expect("memory"),
                None => writeln!(wrong, "{name:60} {}   ← not in the table", found.join(" ")).expect("memory"),
            }
        }
        for name in expected.keys() {
            writeln!(wrong, "{name}   ← not in the document").expect("memory");
        }
        assert!(wrong.is_empty(), "\n{wrong}");
    }

    async fn nobody_reaches_across_into_another_workshop(world: World) {
        // Two workshops with the same cast of roles.
        let here = Fixture::of(&world, "here.").await;
        let there = Fixture::of(&world, "there.").await;
        let public: Vec<String> = TABLE.trim().lines().skip(1).map(read).filter(|(_, who)| who[0] == "ok").map(|(name, _)| name).collect();
        let who = ["participant", "facilitator", "organiser", "auditor"];
        let (mut tried, mut wrong) = (0, String::new());
        for operation in operations().iter().filter(|operation| operation.path.contains('{')) {
            if public.contains(&operation.name()) {
                continue;
            }
            let found = here.outcomes(operation, who.map(|who| there.person(who))).await;
            if found != ["404"; 4] {
                writeln!(wrong, "{:60} {}", operation.name(), found.join(" ")).expect("memory");
            }
            tried += 1;
        }
        assert!(wrong.is_empty(), "\n{wrong}");
        assert!(tried > 60, "only {tried} operations were tried");
    }

    async fn an_in_person_sign_in_opens_what_the_participant_may_do_there_but_ballots_and_account(world: World) {
        let here = Fixture::of(&world, "here.").await;
        let there = Fixture::of(&world, "there.").await;
        let closed = |operation: &Operation| {
            let path = operation.path.as_str();
            let ballots = path.contains("/ballots") || path.starts_with("/v1/candidates/");
            let account = path == "/v1/me" && operation.method != Method::GET || path == "/v1/me/export";
            let administration = ["POST /v1/workshops", "POST /v1/consent-texts"].contains(&operation.name().as_str());
            ballots || account || administration
        };
        let table: BTreeMap<String, Vec<String>> = TABLE.trim().lines().skip(1).map(read).collect();
        let mut wrong = String::new();
        for operation in operations() {
            let name = operation.name();
            // What is for anyone is for them too.
            let anyone = table[&name][0] != "401";
            let expected = match (anyone, closed(operation)) {
                (false, true) => "mail".to_owned(),
                _ => table[&name][3].clone(),
            };
            let in_path = operation.path.contains('{');
            let elsewhere = if in_path && !anyone && !closed(operation) { "404".to_owned() } else { expected.clone() };
            let found = [
                here.outcomes(operation, [&here.in_person]).await.concat(),
                here.outcomes(operation, [&there.in_person]).await.concat(),
            ];
            if found != [expected, elsewhere] {
                writeln!(wrong, "{name:60} {}", found.join(" ")).expect("memory");
            }
        }
        assert!(wrong.is_empty(), "\n{wrong}");
    }

    async fn nobody_reaches_across_into_what_is_another_persons(world: World) {
        let fixture = Fixture::new(&world).await;
        // Someone of the same workshop in the same role, who has the same things of their own.
        let organiser = fixture.person("organiser");
        let registrations = format!("/v1/workshops/{}/registrations", fixture.ids["workshop_id"]);
        let other = world.person("other@example.org").await;
        let invited = json!({"email": other.email, "name": "Autre", "role": "participant"});
        let own = organiser.post(&registrations, invited).await.expect(201).id();
        other.act(&format!("/v1/registrations/{own}/confirm")).await.expect(200);
        let pledges = format!("/v1/coalitions/{}/pledges", fixture.ids["coalition_id"]);
        let pledge = other.post(&pledges, json!({"charter": 1})).await.expect(201).id();
        let commitments = format!("/v1/working-groups/{}/commitments", fixture.ids["working_group_id"]);
        let commitment = other.act(&commitments).await.expect(201).id();

        for name in [
            "GET /v1/registrations/{registration_id}",
            "PATCH /v1/registrations/{registration_id}",
            "POST /v1/registrations/{registration_id}/confirm",
            "POST /v1/registrations/{registration_id}/decline",
            "GET /v1/attendance/{attendance_id}",
            "GET /v1/pledges/{pledge_id}",
            "POST /v1/pledges/{pledge_id}/withdraw",
            "GET /v1/commitments/{commitment_id}",
            "DELETE /v1/commitments/{commitment_id}",
        ] {
            let operation = operations().iter().find(|operation| operation.name() == name).expect(name);
            assert_eq!(fixture.outcomes(operation, [&other]).await, ["404"], "{name}");
        }
        // Lists hold one's own; so do the export and what is asked for under `me`.
        let ids = async |path: &str| other.list(path).await.iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&pledges).await, [json!(pledge)]);
        assert_eq!(ids(&commitments).await, [json!(commitment)]);
        assert_eq!(ids("/v1/me/registrations").await, [json!(own)]);
        let attendance = format!("/v1/workshops/{}/attendance", fixture.ids["workshop_id"]);
        let shown = [
            other.get("/v1/me/export").await.expect(200).text(),
            other.get(&format!("/v1/workshops/{}/me", fixture.ids["workshop_id"])).await.expect(200).text(),
            other.get(&attendance).await.expect(200).text(),
        ];
        assert!(shown[0].contains(&pledge) && shown[0].contains(&commitment), "{shown:?}");
        for theirs in ["registration_id", "attendance_id", "pledge_id", "commitment_id"] {
            assert!(shown.iter().all(|text| !text.contains(&fixture.ids[theirs])), "{theirs} in {shown:?}");
        }
        assert!(shown.iter().all(|text| !text.contains("participant@example.org")), "{shown:?}");
    }

    async fn a_draft_is_there_for_its_staff_only(world: World) {
        let workshop = world.workshop().await;
        let organiser = &workshop.organiser;
        let people = [
            (world.anonymous(), 401),
            (world.person("stranger@example.org").await, 404),
            (workshop.member("participant", "participant@example.org").await, 404),
            (workshop.member("facilitator", "facilitator@example.org").await, 200),
            (workshop.member("auditor", "auditor@example.org").await, 200),
            (organiser.clone(), 200),
        ];
        let session =
            json!({"title": "Ouverture", "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:30:00Z"});
        let session = organiser.post(&workshop.path("sessions"), session).await.expect(201);
        let registration = workshop.registration_of("participant@example.org").await;
        let paths = [
            workshop.path.clone(),
            workshop.path("sessions"),
            workshop.path("me"),
            session.header("location").to_owned(),
            format!("/v1/registrations/{registration}"),
        ];
        for (person, status) in &people {
            for path in &paths {
                person.get(path).await.expect(*status);
            }
            let listed = if *status == 401 {
                continue;
            } else {
                person.list("/v1/workshops").await.len()
            };
            assert_eq!(listed, usize::from(*status == 200), "{}", person.email);
        }
        let participant = &people[2].0;
        participant
            .act(&format!("/v1/registrations/{registration}/confirm"))
            .await
            .problem(404, "not_found");
        assert_eq!(participant.list("/v1/me/registrations").await.len(), 0);
        organiser.act(&workshop.path("publish")).await.expect(200);
        assert_eq!(participant.list("/v1/me/registrations").await.len(), 1);
        for path in &paths {
            participant.get(path).await.expect(200);
        }
    }

    async fn a_public_workshop_shows_itself_and_its_programme(world: World) {
        let workshop = world.workshop().public().await;
        let session =
            json!({"title": "Ouverture", "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:30:00Z"});
        let session = workshop
            .organiser
            .post(&workshop.path("sessions"), session)
            .await
            .expect(201)
            .header("location")
            .to_owned();
        let shown = [workshop.path.clone(), workshop.path("sessions"), session];
        let hidden = [
            "registrations",
            "organisations",
            "ballots",
            "coalitions",
            "attendance",
            "journal",
            "me",
        ]
        .map(|rest| workshop.path(rest));
        let stranger = world.person("stranger@example.org").await;
        // Not before it is published.
        for path in &shown {
            world.anonymous().get(path).await.problem(401, "sign_in_required");
            stranger.get(path).await.problem(404, "not_found");
        }
        workshop.organiser.act(&workshop.path("publish")).await.expect(200);
        for path in &shown {
            world.anonymous().get(path).await.expect(200);
            stranger.get(path).await.expect(200);
        }
        for path in &hidden {
            world.anonymous().get(path).await.problem(401, "sign_in_required");
            stranger.get(path).await.problem(404, "not_found");
        }
        // Public is to read, not to list: nobody's list has grown.
        assert!(stranger.list("/v1/workshops").await.is_empty());
    }

    async fn an_archived_workshop_no_longer_changes(world: World) {
        let fixture = Fixture::new(&world).await;
        let organiser = fixture.person("organiser");
        organiser
            .act(&format!("/v1/workshops/{}/archive", fixture.ids["workshop_id"]))
            .await
            .expect(200);
        let mut changed = Vec::new();
        for operation in operations() {
            let documented = |status: &str, code: &str| {
                let codes = operation.value["responses"][status]["x-codes"].as_array();
                codes.is_some_and(|codes| codes.contains(&json!(code)))
            };
            // Those that look at the version look at the workshop before; four look at the body first.
            let body_first = ["/cancel", "/extend", "/logo", "/merge"].iter().any(|end| operation.path.ends_with(end));
            if !body_first && documented("409", "workshop_archived") && documented("412", "stale_etag") {
                let request = organiser.request(operation.method.clone(), &fixture.path(operation));
                let answer = request.if_match("stale").json(&json!({})).await;
                if answer["code"] != "workshop_archived" {
                    changed.push(format!("{} {}", operation.name(), answer["code"]));
                }
            }
        }
        assert!(changed.is_empty(), "{changed:#?}");
    }

    async fn nobody_audits_what_they_organise_and_the_last_organiser_stays(world: World) {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let path = format!("/v1/registrations/{}", workshop.registration_of(&organiser.email).await);
        let becomes = async |by: &Person, path: &str, role: &str| {
            let registration = by.get(path).await.expect(200);
            by.patch(path, &registration.etag(), json!({"role": role})).await
        };
        // One place in a workshop is one role there.
        workshop.register("auditor", &organiser.email).await.expect(200);
        assert_eq!(organiser.get(&path).await.expect(200)["role"], "organiser");
        becomes(organiser, &path, "auditor").await.problem(409, "organiser_as_auditor");
        for role in ["facilitator", "participant"] {
            becomes(organiser, &path, role).await.problem(409, "last_organiser");
        }
        organiser.act(&format!("{path}/decline")).await.problem(409, "last_organiser");
        organiser.delete(&path).await.problem(409, "last_organiser");
        let import = workshop.path("registrations/import");
        let csv = format!("Nom;Courriel;Rôle\r\nAdmin;{};auditeur\r\n", organiser.email);
        let refused = organiser.post_bytes(&import, "text/csv", csv).await.expect(422);
        assert!(refused.text().contains("organiser_keeps_role"), "{refused}");
        // Who audits elsewhere organises here, and the other way round.
        let elsewhere = world.workshop().by(&world.another_administrator("other@example.org").await).published().await;
        elsewhere.register("auditor", &organiser.email).await.expect(201);
        // With a second one who has confirmed, the first may go.
        let second = workshop.member("organiser", "second@example.org").await;
        becomes(organiser, &path, "participant").await.problem(409, "last_organiser");
        let theirs = format!("/v1/registrations/{}", workshop.registration_of(&second.email).await);
        second.act(&format!("{theirs}/confirm")).await.expect(200);
        becomes(organiser, &path, "participant").await.expect(200);
        becomes(&second, &theirs, "facilitator").await.problem(409, "last_organiser");
    }

    async fn a_right_withdrawn_is_gone_at_once(world: World) {
        let workshop = world.workshop().published().await;
        let facilitator = workshop.member("facilitator", "facilitator@example.org").await;
        let registrations = workshop.path("registrations");
        facilitator.get(&registrations).await.expect(200);
        let path = format!(
            "/v1/registrations/{}",
            workshop.registration_of(&facilitator.email).await
        );
        let registration = workshop.organiser.get(&path).await.expect(200);
        let changed = workshop
            .organiser
            .patch(&path, &registration.etag(), json!({"role": "participant"}))
            .await
            .expect(200);
        facilitator.get(&registrations).await.problem(403, "not_allowed");
        workshop
            .organiser
            .delete(&path)
            .if_match(&changed.etag())
            .await
            .expect(204);
        facilitator.get(&registrations).await.problem(404, "not_found");
        facilitator.get(&workshop.path).await.problem(404, "not_found");
    }
}
