//! People come and go, and every second is accounted for.

use serde_json::json;

use super::{Cast, Scene, after, seconds_between};
use crate::support::World;

/// 3. Sessions run; people come and go. Returns the seconds each registration should have.
pub async fn attend(world: &World, scene: &Scene, cast: &Cast) -> Vec<i64> {
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

pub async fn check_attendance(cast: &Cast, expected: &[i64]) {
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
    let xlsx = cast
        .workshop
        .organiser
        .get(&cast.workshop.path("attendance?format=xlsx"))
        .await
        .expect(200);
    assert!(xlsx.body.starts_with(b"PK"), "a spreadsheet is a ZIP archive");
    assert!(xlsx.header("content-disposition").contains("presences.xlsx"));
    // A participant sees their own only.
    let own = cast.person(1).get(&path).await.expect(200);
    assert_eq!(own["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(own["items"][0]["seconds"], expected[0]);
}
