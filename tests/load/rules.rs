//! A large roll under every rule at once: so many sessions and minutes attended, an adherence, a role
//! and a category.

use std::path::Path;
use std::time::Instant;

use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};

use crate::hall::Hall;
use crate::progress;
use crate::server::Server;

const PEOPLE: usize = 100_000;

pub async fn run(part: &str, url: &str, folder: &Path) -> String {
    progress(&format!("rules, {part}: {PEOPLE} people"));
    let server = Server::start(url, folder).await;
    let hall = Hall::make(url, &server, PEOPLE).await;
    let workshop = format!("/v1/workshops/{}", hall.workshop);
    let make = async |path: &str, body: Value| {
        let made = hall.act(&server, "POST", path, Some(body)).await;
        made["id"].as_str().unwrap_or_default().to_owned()
    };
    let mut sessions = Vec::new();
    for hour in ["09", "14"] {
        let times = |minutes| format!("2020-08-27T{hour}:{minutes}:00Z");
        let session = json!({"title": "Plénière", "starts_at": times("00"), "ends_at": times("59")});
        sessions.push(make(&format!("{workshop}/sessions"), session).await);
    }
    let coalition = make(&format!("{workshop}/coalitions"), json!({"name": "Coalition"})).await;
    make(
        &format!("/v1/coalitions/{coalition}/charters"),
        json!({"text": "Charte"}),
    )
    .await;
    let people = [
        format!("UPDATE registration SET category = 'startup' WHERE {PARTICIPANTS}"),
        attend(&sessions[0], PEOPLE, 5, 50),
        // Counted once however often they came in.
        attend(&sessions[0], PEOPLE, 30, 55),
        attend(&sessions[1], PEOPLE * 9 / 10, 10, 50),
        format!(
            "INSERT INTO pledge (id, workshop_id, coalition_id, charter, registration_id, public, created_at) \
             SELECT NEW_ID, workshop_id, ID('{coalition}'), 1, id, FALSE, created_at FROM registration \
             WHERE {PARTICIPANTS} ORDER BY id LIMIT {}",
            PEOPLE * 8 / 10
        ),
    ];
    let database = Database::connect(url).await.expect("the database");
    for sql in people {
        let sql = dialect(part, &sql);
        database.execute_unprepared(&sql).await.expect("what people did");
    }
    database.close().await.expect("closed connections");

    let rule = json!({
        "roles": ["participant"], "categories": ["startup"], "min_sessions": 2, "min_minutes": 60, "adhered": coalition
    });
    let ballot = json!({"question": "Quel logo ?", "method": "plurality", "eligibility": rule});
    let ballot = format!("/v1/ballots/{}", make(&format!("{workshop}/ballots"), ballot).await);
    for name in ["Arbre", "Kora"] {
        make(&format!("{ballot}/candidates"), json!({"name": name})).await;
    }
    server.forget_peak();
    let began = Instant::now();
    let preview = hall.act(&server, "GET", &format!("{ballot}/roll"), None).await;
    let previewed = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let opened = hall
        .act(&server, "POST", &format!("{ballot}/open"), Some(json!({})))
        .await;
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(preview["on_roll"], PEOPLE * 8 / 10, "who fulfils all of them");
    assert_eq!(preview["on_roll"], opened["roll_size"]);
    let memory = server.memory();
    server.stop().await;
    format!(
        "rules, {part}: {PEOPLE} people under every rule at once, {} of them on the roll; previewed in {previewed:.1} s, \
         opened in {seconds:.1} s; server memory at its peak {memory:.0} MiB",
        opened["roll_size"]
    )
}

const PARTICIPANTS: &str = "role = 'participant'";

/// The first so many were there from this minute of the session's hour to that.
fn attend(session: &str, people: usize, from: u32, to: u32) -> String {
    let at = |minute: u32| {
        let micros = i64::from(minute) * 60_000_000;
        format!("(SELECT starts_at FROM session WHERE id = ID('{session}')) + {micros}")
    };
    format!(
        "INSERT INTO attendance (id, workshop_id, session_id, registration_id, joined_at, left_at, source, created_at) \
         SELECT NEW_ID, workshop_id, ID('{session}'), id, {}, {}, 'video', created_at FROM registration \
         WHERE {PARTICIPANTS} ORDER BY id LIMIT {people}",
        at(from),
        at(to)
    )
}

/// Identifiers are written `ID(…)`, new ones `NEW_ID`.
fn dialect(part: &str, sql: &str) -> String {
    let (new, id) = match part {
        "postgres" => ("gen_random_uuid()", "uuid("),
        _ => ("randomblob(16)", "unhex("),
    };
    let sql = sql.replace("NEW_ID", new).replace("ID(", id);
    if part == "postgres" { sql } else { sql.replace('-', "") }
}
