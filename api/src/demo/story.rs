//! The story of the two days, request by request.

use std::collections::HashMap;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::web::Data;
use serde_json::{Value, json};

use super::client::{Body, Client, Failure, text};
use super::people::{self, AUDITOR, FACILITATOR, ORGANISER, PARTICIPANTS};
use crate::app::App;
use crate::identity::operator;
use crate::secrets::base64url;

/// Seconds the printed tokens live.
const A_DAY: i64 = 24 * 60 * 60;

pub struct Tokens {
    pub organiser: String,
    pub participant: String,
    pub auditor: String,
}

const LOGOS: [(&str, &[u8]); 5] = [
    ("L'arbre à palabres", include_bytes!("logos/1-arbre-a-palabres.svg")),
    ("Fibre et calebasse", include_bytes!("logos/2-fibre-et-calebasse.svg")),
    ("La kora numérique", include_bytes!("logos/3-kora-numerique.svg")),
    ("Mains liées", include_bytes!("logos/4-mains-liees.svg")),
    ("Le delta du Niger", include_bytes!("logos/5-delta-du-niger.svg")),
];

/// Title, start, end, speaker.
const SESSIONS: [(&str, &str, &str, &str); 6] = [
    (
        "Ouverture et objectifs",
        "2020-08-27T09:00:00Z",
        "2020-08-27T10:30:00Z",
        "Coordination du programme",
    ),
    (
        "Cartographie du secteur : retour sur novembre 2019",
        "2020-08-27T11:00:00Z",
        "2020-08-27T12:30:00Z",
        "Équipe d'étude",
    ),
    (
        "Plan de la coalition guinéenne du numérique",
        "2020-08-27T14:00:00Z",
        "2020-08-27T16:00:00Z",
        "Groupe de préparation",
    ),
    (
        "Travail en groupes thématiques",
        "2020-08-28T09:00:00Z",
        "2020-08-28T11:00:00Z",
        "Rapporteurs",
    ),
    (
        "La charte, article par article",
        "2020-08-28T11:30:00Z",
        "2020-08-28T12:30:00Z",
        "Groupe de préparation",
    ),
    (
        "Adhésions, engagements et choix du logo",
        "2020-08-28T14:00:00Z",
        "2020-08-28T15:30:00Z",
        "Coordination du programme",
    ),
];

const GROUPS: [(&str, u32); 4] = [
    ("Compétences et formation", 12),
    ("Infrastructures et accès", 12),
    ("Financement des jeunes pousses", 8),
    ("Services publics en ligne", 10),
];

const PRIORITIES: [&str; 5] = [
    "Former mille développeuses et développeurs",
    "Relier les préfectures par la fibre",
    "Un fonds d'amorçage",
    "L'état civil en ligne",
    "Un point d'échange internet",
];

const CHARTER: &str = "Charte de la coalition guinéenne du numérique\n\n\
    1. Les membres mettent en commun leurs savoirs et leurs réseaux au service d'un numérique utile à tous.\n\
    2. Ils partagent leurs données d'étude et respectent celles des personnes.\n\
    3. Ils décident ensemble, une personne, une voix, et rendent publics leurs comptes.\n\
    4. Chacun peut se retirer à tout moment ; ce qui a été fait reste acquis à tous.\n";

pub async fn load<S, B>(app: &Data<App>, client: &Client<S>) -> Result<Tokens, Failure>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let organiser = operator::token_for_anyone(app, ORGANISER, "Organisateur", A_DAY).await?;
    operator::add_administrator(app, ORGANISER).await?;
    let workshop = client.post(&organiser, "/v1/workshops", json!({
        "title": "Atelier de consultation des acteurs du numérique guinéen", "initiative": "INTEGRA", "host": "ITC",
        "funder": "Union européenne", "language": "fr", "time_zone": "Africa/Conakry", "first_day": "2020-08-27", "last_day": "2020-08-28",
        "description": "Deux jours en ligne pour présenter le plan d'une coalition guinéenne du numérique, y adhérer, choisir son logo et former ses groupes de travail.",
        "self_registration": true,
    })).await?;
    let workshop = format!("/v1/workshops/{}", text(&workshop, "id")?);
    let import = format!("{workshop}/registrations/import");
    client
        .send(
            &organiser,
            Method::POST,
            &import,
            Body::Bytes("text/csv", people::roster().as_bytes()),
        )
        .await?;
    client
        .send(&organiser, Method::POST, &format!("{workshop}/publish"), Body::None)
        .await?;

    let mut registrations = HashMap::new();
    let list = client
        .get(&organiser, &format!("{workshop}/registrations?limit=200"))
        .await?;
    for item in list["items"].as_array().into_iter().flatten() {
        registrations.insert(text(item, "email")?, text(item, "id")?);
    }
    let registration = |email: &str| {
        registrations
            .get(email)
            .cloned()
            .ok_or_else(|| format!("{email} is not registered"))
    };

    let mut tokens = HashMap::new();
    for email in [FACILITATOR.to_owned(), AUDITOR.to_owned()]
        .into_iter()
        .chain((1..=PARTICIPANTS).map(people::address))
    {
        let token = operator::token(app, &email, A_DAY).await?;
        // Three decline, two have not answered yet.
        let act = match email.as_str() {
            "participant.055@example.org" | "participant.056@example.org" => None,
            "participant.019@example.org" | "participant.038@example.org" | "participant.057@example.org" => {
                Some("decline")
            }
            _ => Some("confirm"),
        };
        if let Some(act) = act {
            let path = format!("/v1/registrations/{}/{act}", registration(&email)?);
            client.send(&token, Method::POST, &path, Body::None).await?;
        }
        tokens.insert(email, token);
    }
    let token_of = |email: &str| {
        tokens
            .get(email)
            .cloned()
            .ok_or_else(|| format!("no token for {email}"))
    };
    let facilitator = token_of(FACILITATOR)?;
    let present: Vec<usize> = (1..=54).filter(|number| ![19, 38].contains(number)).collect();

    for (index, (title, starts, ends, speaker)) in SESSIONS.iter().enumerate() {
        let session = client
            .post(
                &organiser,
                &format!("{workshop}/sessions"),
                json!({
                    "title": title, "starts_at": starts, "ends_at": ends, "speakers": [speaker],
                }),
            )
            .await?;
        let path = format!("/v1/sessions/{}/attendance", text(&session, "id")?);
        // Not everyone comes to everything, and some come late.
        for number in present
            .iter()
            .filter(|number| (*number + index) % 7 != 0 && (*number % 2 == 0 || index % 2 == 0))
        {
            let late: crate::instant::Instant = starts.parse()?;
            let joined = late.plus(
                i64::try_from(number % 5)? * 4 * crate::instant::MINUTE
                    + i64::try_from(*number)? * crate::instant::SECOND,
            );
            let body = json!({"registration_id": registration(&people::address(*number))?, "joined_at": joined, "left_at": ends});
            client.post(&facilitator, &path, body).await?;
        }
    }

    let coalition = client.post(&organiser, &format!("{workshop}/coalitions"), json!({
        "name": "Coalition guinéenne du numérique",
        "mission": "Réunir administration, entreprises, enseignement, associations et incubateurs autour d'un numérique utile à tous.",
    })).await?;
    let coalition_id = text(&coalition, "id")?;
    let coalition = format!("/v1/coalitions/{coalition_id}");
    client
        .post(&organiser, &format!("{coalition}/charters"), json!({"text": CHARTER}))
        .await?;
    let mut groups = Vec::new();
    for (name, capacity) in GROUPS {
        let group = client
            .post(
                &organiser,
                &format!("{coalition}/working-groups"),
                json!({"name": name, "capacity": capacity}),
            )
            .await?;
        groups.push(text(&group, "id")?);
    }
    for number in present.iter().filter(|number| *number % 9 != 0) {
        let token = token_of(&people::address(*number))?;
        client
            .post(&token, &format!("{coalition}/pledges"), json!({"charter": 1}))
            .await?;
        if let Some(group) = groups.get(number % 5) {
            client
                .post(
                    &token,
                    &format!("/v1/working-groups/{group}/commitments"),
                    json!({"waiting_list": true}),
                )
                .await?;
        }
    }

    let priorities = client.post(&organiser, &format!("{workshop}/ballots"), json!({
        "kind": "general", "question": "Par quel chantier la coalition doit-elle commencer ?", "method": "instant_runoff",
        "eligibility": {"adhered": coalition_id},
    })).await?;
    let priorities = format!("/v1/ballots/{}", text(&priorities, "id")?);
    let mut candidates = Vec::new();
    for name in PRIORITIES {
        candidates.push(text(
            &client
                .post(&organiser, &format!("{priorities}/candidates"), json!({"name": name}))
                .await?,
            "id",
        )?);
    }
    client
        .post(&organiser, &format!("{priorities}/open"), json!({}))
        .await?;
    for number in present.iter().filter(|number| *number % 9 != 0 && *number % 8 != 0) {
        vote(
            app,
            client,
            &token_of(&people::address(*number))?,
            &priorities,
            ranking(&candidates, *number),
        )
        .await?;
    }
    client
        .send(&organiser, Method::POST, &format!("{priorities}/close"), Body::None)
        .await?;
    client
        .send(&organiser, Method::POST, &format!("{priorities}/publish"), Body::None)
        .await?;

    let logos = client.post(&organiser, &format!("{workshop}/ballots"), json!({
        "kind": "logo", "question": "Quel logo pour la coalition guinéenne du numérique ?", "method": "plurality",
        "eligibility": {"min_sessions": 1, "adhered": coalition_id},
    })).await?;
    let logos = format!("/v1/ballots/{}", text(&logos, "id")?);
    let mut candidates = Vec::new();
    for (name, image) in LOGOS {
        let id = text(
            &client
                .post(&organiser, &format!("{logos}/candidates"), json!({"name": name}))
                .await?,
            "id",
        )?;
        client
            .send(
                &organiser,
                Method::PUT,
                &format!("/v1/candidates/{id}/logo"),
                Body::Bytes("image/svg+xml", image),
            )
            .await?;
        candidates.push(id);
    }
    client.post(&organiser, &format!("{logos}/open"), json!({})).await?;
    // Some have voted already; the others, participant 012 among them, have not.
    for number in present.iter().filter(|number| *number % 9 != 0 && *number % 3 == 1) {
        let choice = candidates
            .get(*[0, 2, 2, 1, 0, 4, 2, 3].get(number / 3 % 8).unwrap_or(&0))
            .map(|id| json!({"candidate": id}))
            .unwrap_or_default();
        vote(app, client, &token_of(&people::address(*number))?, &logos, choice).await?;
    }
    Ok(Tokens {
        organiser,
        participant: token_of(&people::address(12))?,
        auditor: token_of(AUDITOR)?,
    })
}

/// A ranking that depends on the voter: most rank three, some only one.
fn ranking(candidates: &[String], number: usize) -> Value {
    let first = number * number % candidates.len().max(1);
    let length = if number.is_multiple_of(6) { 1 } else { 3 };
    let ranked: Vec<[&String; 1]> = candidates
        .iter()
        .cycle()
        .skip(first)
        .step_by(if number.is_multiple_of(2) { 1 } else { 2 })
        .take(length)
        .map(|id| [id])
        .collect();
    json!({ "ranking": ranked })
}

async fn vote<S, B>(app: &App, client: &Client<S>, token: &str, ballot: &str, choice: Value) -> Result<(), Failure>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let nonce = base64url::encode(app.ambient.bytes::<32>());
    client
        .post(
            token,
            &format!("{ballot}/votes"),
            json!({"choice": choice, "nonce": nonce}),
        )
        .await?;
    Ok(())
}
