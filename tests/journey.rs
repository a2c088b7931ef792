//! A participant's way through the workshop on a phone with a poor link, in requests and bytes: from
//! the sign-in to the result, and back another day to see that the vote stands.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::phone::{Line, Page, Phone, say, table};
use crate::support::{Answer, MINUTE, Workshop, World, both};

const EMAIL: &str = "mariama@example.org";

const LOGOS: [(&str, &[u8]); 5] = [
    (
        "L'arbre à palabres",
        include_bytes!("../api/src/demo/logos/1-arbre-a-palabres.svg"),
    ),
    (
        "Fibre et calebasse",
        include_bytes!("../api/src/demo/logos/2-fibre-et-calebasse.svg"),
    ),
    (
        "La kora numérique",
        include_bytes!("../api/src/demo/logos/3-kora-numerique.svg"),
    ),
    (
        "Les mains liées",
        include_bytes!("../api/src/demo/logos/4-mains-liees.svg"),
    ),
    (
        "Le delta du Niger",
        include_bytes!("../api/src/demo/logos/5-delta-du-niger.svg"),
    ),
];

/// A workshop of the size of that of August 2020, with its ballot open.
struct Scene {
    workshop: Workshop,
    ballot: String,
}

async fn scene(world: &World) -> Scene {
    world.clock().set("2020-08-01T09:00:00Z");
    let description =
        "Deux jours en ligne pour présenter le plan d'une coalition, y adhérer et former ses groupes de travail. ";
    let workshop = world
        .workshop()
        .with("description", description.repeat(4))
        .published()
        .await;
    let organiser = &workshop.organiser;
    let mut csv = String::from("Nom;Courriel;Rôle;Organisation;Catégorie\r\n");
    csv.push_str(&format!("Mariama Diallo;{EMAIL};;Société Kora numérique;startup\r\n"));
    for number in 1..60 {
        csv.push_str(&format!(
            "Participant {number:02};p{number:02}@example.org;;Organisation {};company\r\n",
            number % 12
        ));
    }
    organiser
        .post_bytes(&workshop.path("registrations/import"), "text/csv", csv)
        .await
        .expect(200);
    for number in 0..8 {
        let hour = 9 + 2 * (number % 4);
        let day = 27 + number / 4;
        let session = json!({
            "title": format!("Séance {} : présentation, questions et restitution", number + 1),
            "description": "Ce que l'étude a montré, secteur par secteur, puis les questions de la salle et ce que l'on en retient.",
            "speakers": ["Équipe du programme", "Direction du numérique", "Réseau des incubateurs"],
            "starts_at": format!("2020-08-{day}T{hour:02}:00:00Z"), "ends_at": format!("2020-08-{day}T{:02}:30:00Z", hour + 1),
            "join_url": format!("https://visio.example.org/seance-{number}"),
        });
        organiser.post(&workshop.path("sessions"), session).await.expect(201);
    }
    let coalition =
        json!({"name": "Coalition guinéenne du numérique", "mission": "Porter ensemble le numérique guinéen."});
    let coalition = organiser
        .post(&workshop.path("coalitions"), coalition)
        .await
        .expect(201)
        .id();
    let articles = (1..=12).map(|number| {
        format!("{number}. Les membres mettent en commun leurs savoirs et leurs réseaux au service d'un numérique utile à toutes et à tous, et en rendent compte.\n")
    });
    let charter = json!({"text": articles.collect::<String>()});
    organiser
        .post(&format!("/v1/coalitions/{coalition}/charters"), charter)
        .await
        .expect(201);
    for name in [
        "Compétences",
        "Infrastructures",
        "Financement",
        "Services publics",
        "Contenus",
        "Confiance",
    ] {
        let group = json!({"name": name, "capacity": 12, "description": "Ce que le groupe veut obtenir d'ici un an, et avec qui."});
        organiser
            .post(&format!("/v1/coalitions/{coalition}/working-groups"), group)
            .await
            .expect(201);
    }
    let ballot = json!({
        "kind": "logo", "question": "Quel logo pour la coalition guinéenne du numérique ?", "method": "plurality",
        "eligibility": {"min_sessions": 1, "adhered": coalition},
    });
    let ballot = organiser
        .post(&workshop.path("ballots"), ballot)
        .await
        .expect(201)
        .header("location")
        .to_owned();
    for (name, drawing) in LOGOS {
        let candidate = organiser
            .post(&format!("{ballot}/candidates"), json!({"name": name}))
            .await
            .expect(201)
            .id();
        organiser
            .put_bytes(&format!("/v1/candidates/{candidate}/logo"), "image/svg+xml", drawing)
            .await
            .expect(200);
    }
    Scene { workshop, ballot }
}

/// What a page does that signs in from a mail: ask, read the code, exchange it.
async fn sign_in(world: &World, phone: &mut Phone) -> Answer {
    phone.post("/v1/auth/codes", json!({"email": EMAIL})).await.expect(202);
    let code = world.mailbox().next_code_to(EMAIL).await;
    let exchange = json!({"grant_type": "email_code", "email": EMAIL, "code": code});
    let tokens = phone.post("/v1/auth/tokens", exchange).await.expect(200);
    phone.token = Some(tokens.text_of("access_token"));
    tokens
}

fn first<'a>(list: &'a Answer, field: &str) -> &'a str {
    list["items"][0][field].as_str().expect("a first item")
}

/// A vote for whoever stands first on the screen, as long as every other.
fn vote(ballot: &Answer) -> Value {
    let nonce = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([7; 32]);
    json!({"choice": {"candidate": ballot["candidates"][0]["id"]}, "nonce": nonce})
}

/// Everything but the vote and its result.
async fn take_part(world: &World, scene: &Scene, phone: &mut Phone) -> Answer {
    let tokens = sign_in(world, phone).await;
    let workshop = &scene.workshop;
    let registrations = phone.get("/v1/me/registrations").await.expect(200);
    assert_eq!(first(&registrations, "workshop_id"), workshop.id);
    let confirm = format!("/v1/registrations/{}/confirm", first(&registrations, "id"));
    phone.post(&confirm, json!({})).await.expect(200);
    let screen = phone.get(&workshop.path("me")).await.expect(200);
    phone.get(&workshop.path("sessions")).await.expect(200);
    let session = screen["next_session"]["id"].as_str().expect("a session");
    phone
        .post(&format!("/v1/sessions/{session}/check-ins"), json!({}))
        .await
        .expect(201);
    world.clock().advance(2 * MINUTE);

    let coalitions = phone.get(&workshop.path("coalitions")).await.expect(200);
    let coalition = format!("/v1/coalitions/{}", first(&coalitions, "id"));
    phone.get(&format!("{coalition}/charters/1")).await.expect(200);
    phone
        .post(&format!("{coalition}/pledges"), json!({"charter": 1}))
        .await
        .expect(201);
    let groups = phone.get(&format!("{coalition}/working-groups")).await.expect(200);
    let group = format!("/v1/working-groups/{}/commitments", first(&groups, "id"));
    phone.post(&group, json!({})).await.expect(201);
    tokens
}

/// From the sign-in to the result, and back another day: what each cost.
async fn the_whole_way(world: &World, page: Page) -> [Vec<Line>; 2] {
    let scene = scene(world).await;
    let organiser = &scene.workshop.organiser;
    world.clock().set("2020-08-27T09:05:00Z");
    let mut phone = Phone::of(world, page).await;
    let tokens = take_part(world, &scene, &mut phone).await;
    organiser
        .post(&format!("{}/open", scene.ballot), json!({"confirm_small": true}))
        .await
        .expect(200);

    // The vote, with the pictures that one chooses among.
    let me = scene.workshop.path("me");
    let screen = phone.get(&me).await.expect(200);
    assert_eq!(
        (&screen["ballots"][0]["on_roll"], &screen["ballots"][0]["voted"]),
        (&json!(true), &json!(false))
    );
    let ballot = phone.get(&scene.ballot).await.expect(200);
    let candidates = ballot["candidates"].as_array().expect("candidates").clone();
    assert_eq!(candidates.len(), 5);
    for candidate in &candidates {
        let url = candidate["logo"]["thumbnail_url"].as_str().expect("a URL");
        let path = url.strip_prefix("https://api.example.org").expect("our own");
        let image = phone.get(path).await.expect(200);
        assert!(image.body.starts_with(b"\x89PNG"));
    }
    phone
        .post(&format!("{}/votes", scene.ballot), vote(&ballot))
        .await
        .expect(201);
    organiser.act(&format!("{}/close", scene.ballot)).await.expect(200);
    organiser.act(&format!("{}/publish", scene.ballot)).await.expect(200);
    let tally = phone.get(&format!("{}/tally", scene.ballot)).await.expect(200);
    assert_eq!(tally["votes"], 1);
    let way = phone.opened_again().await;

    // Another day, the token has run out: does my vote stand?
    world.clock().set("2020-08-28T18:00:00Z");
    let refresh = json!({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]});
    phone.token = None;
    let tokens = phone.post("/v1/auth/tokens", refresh).await.expect(200);
    phone.token = Some(tokens.text_of("access_token"));
    let screen = phone.get(&me).await.expect(200);
    assert_eq!(screen["ballots"][0]["voted"], true);
    // And once more: nothing has changed, and only that is said. The pictures are not fetched again.
    assert_eq!(phone.get(&me).await.expect(200).text(), screen.text());
    let shown = phone.get(&scene.ballot).await.expect(200);
    let url = shown["candidates"][0]["logo"]["thumbnail_url"].as_str().expect("a URL");
    phone
        .get(url.strip_prefix("https://api.example.org").expect("our own"))
        .await
        .expect(200);
    [way, phone.take_lines()]
}

/// What the page asked for itself, and what its browser asked first.
fn told_apart(lines: &[Line]) -> (usize, usize) {
    let preflights = lines.iter().filter(|line| line.is_preflight()).count();
    (lines.len() - preflights, preflights)
}

both! {
    async fn a_phone_goes_the_whole_way_in_few_requests_and_bytes(world: World) {
        let [way, back] = the_whole_way(&world, Page::SameOrigin).await;
        let (requests, bytes) = table("From the sign-in to the result", &way);
        let (returning, bytes_back) = table("Back another day", &back);
        assert_eq!((told_apart(&way).1, told_apart(&back).1), (0, 0));
        assert_eq!(back[2].status(), 304);
        assert!(requests < 25, "{requests} requests");
        assert!(bytes < 150_000, "{bytes} bytes the first time");
        assert!(returning < 25 && bytes_back < 15_000, "{bytes_back} bytes to come back");
    }

    async fn a_page_of_another_origin_asks_first_and_stays_within_the_bytes(world: World) {
        let [way, back] = the_whole_way(&world, Page::OtherOrigin).await;
        let (_, bytes) = table("From the sign-in to the result, for a page of another origin", &way);
        let (_, bytes_back) = table("Back another day, for a page of another origin", &back);
        let [(requests, first), (_, again)] = [told_apart(&way), told_apart(&back)];
        say(&format!("of them {first} the first time and {again} to come back are questions whether it may ask"));
        assert!(first > 0 && again > 0);
        // Once per address, and never for an image.
        assert!(first <= requests - LOGOS.len(), "{first} questions for {requests} requests");
        assert!(requests < 25, "{requests} requests of its own");
        assert!(bytes < 150_000, "{bytes} bytes the first time");
        assert!(bytes_back < 15_000, "{bytes_back} bytes to come back");
    }
}
