//! People who are confirmed and signed in, put into the database directly: how they sign in is
//! measured by nobody here.

use std::sync::Arc;

use palabre::App;
use palabre::store::{Column, Rows};
use sea_orm::{ConnectionTrait as _, Statement};
use uuid::Uuid;

/// Their ids and those of their sign-ins.
pub async fn insert(app: &App, workshop: Uuid, first: usize, size: usize) -> Vec<(Uuid, Uuid)> {
    let store = &app.store;
    let people: Vec<(Uuid, Uuid)> = (0..size).map(|_| (app.ambient.id(), app.ambient.id())).collect();
    let rows = || {
        Rows(vec![
            ("id", Column::Uuid(people.iter().map(|(person, _)| *person).collect())),
            (
                "other",
                Column::Uuid(people.iter().map(|(_, sign_in)| *sign_in).collect()),
            ),
            (
                "name",
                Column::Text(
                    (first..first + size)
                        .map(|number| format!("voter.{number}.{workshop}@example.org"))
                        .collect(),
                ),
            ),
        ])
    };
    let now = app.ambient.now().micros();
    let later = now + 24 * 3600 * 1_000_000;
    let no = match store.backend() {
        sea_orm::DatabaseBackend::Postgres => "false",
        _ => "0",
    };
    let yes = no.replace("false", "true").replace('0', "1");
    let transaction = store.write().await.expect("a transaction");
    for insert in [
        format!(
            "INSERT INTO person (id, address, address_typed, name, language, administrator, created_at) \
             SELECT s.id, s.name, s.name, 'Someone', 'fr', {no}, {now} FROM SOURCE"
        ),
        format!(
            "INSERT INTO sign_in (id, person_id, created_at, expires_at) SELECT s.other, s.id, {now}, {later} FROM SOURCE"
        ),
        format!(
            "INSERT INTO registration (id, workshop_id, person_id, name, folded_name, role, state, delegate, admitted, created_at) \
             SELECT s.other, WORKSHOP, s.id, 'Someone', 'someone', 'participant', 'confirmed', {no}, {yes}, {now} FROM SOURCE"
        ),
    ] {
        let (source, mut values) = rows().source(store.backend(), 1);
        let its_place = format!("${}", values.len() + 1);
        if insert.contains("WORKSHOP") {
            values.push(workshop.into());
        }
        let sql = insert.replace("WORKSHOP", &its_place).replace("SOURCE", &source);
        let statement = Statement::from_sql_and_values(store.backend(), sql, values);
        transaction.execute_raw(statement).await.expect("inserted people");
    }
    transaction.commit().await.expect("a commit");
    people
}

/// Their access tokens, for a day.
pub async fn issue(app: &actix_web::web::Data<App>, people: Vec<(Uuid, Uuid)>) -> Vec<String> {
    let signer = app.tokens.signer(app.store.reader()).await;
    let signer = Arc::new(signer.unwrap_or_else(|_| panic!("a key")));
    let halves: Vec<Vec<(Uuid, Uuid)>> = people.chunks(people.len().div_ceil(2)).map(<[_]>::to_vec).collect();
    let issue = |half: Vec<(Uuid, Uuid)>| {
        let signer = signer.clone();
        tokio::task::spawn_blocking(move || {
            let token = |(person, sign_in)| {
                let issued = signer.token(person, sign_in, None, 24 * 3600);
                issued.unwrap_or_else(|_| panic!("a token"))
            };
            half.into_iter().map(token).collect::<Vec<_>>()
        })
    };
    let mut tokens = Vec::new();
    for half in halves.into_iter().map(issue).collect::<Vec<_>>() {
        tokens.extend(half.await.expect("tokens"));
    }
    tokens
}
