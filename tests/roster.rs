//! Rosters as organisers send them: CSV and workbooks, as they are, right or wrong.

use rust_xlsxwriter::Workbook as Writer;
use serde_json::{Value, json};

use crate::support::{Answer, World, both};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A workbook with a title above its table, on its second sheet.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut workbook = Writer::new();
    workbook.add_worksheet().write(0, 0, "Mode d'emploi").expect("a cell");
    let sheet = workbook.add_worksheet().set_name("Invités").expect("a name");
    sheet.write(0, 0, "Atelier du numérique").expect("a cell");
    for (row, cells) in (2..).zip(rows) {
        for (column, cell) in (0..).zip(*cells) {
            sheet.write(row, column, *cell).expect("a cell");
        }
    }
    workbook.save_to_buffer().expect("a workbook")
}

const PEOPLE: &[&[&str]] = &[
    &[
        "NOM",
        "Prénoms",
        "Adresse électronique",
        "Organisation",
        "Délégué(e)",
        "Catégorie",
    ],
    &["Diallo", "Awa", "awa@example.org", "Sœurs de Boké", "", "association"],
    &["Barry", "Mory", "mory@example.org", "", "", ""],
];

fn told(report: &Answer, list: &str, fields: &[&str]) -> Vec<Vec<Value>> {
    let lines = report[list].as_array().expect("a list");
    let line = |line: &Value| fields.iter().map(|field| line[field].clone()).collect();
    lines.iter().map(line).collect()
}

#[expect(clippy::print_stdout, reason = "figures to read with --nocapture, held to nothing")]
fn say(words: &str) {
    println!("{words}");
}

both! {
    async fn a_workbook_is_imported_like_csv(world: World) {
        let workshop = world.workshop().await;
        let organiser = &workshop.organiser;
        let import = workshop.path("registrations/import");
        let file = workbook(PEOPLE);
        let dry = organiser.post_bytes(&format!("{import}?dry_run=true"), XLSX, file.clone()).await.expect(200);
        assert_eq!((&dry["sheet"], &dry["delimiter"], &dry["encoding"]), (&json!("Invités"), &Value::Null, &Value::Null));
        assert_eq!((&dry["created"], &dry["organisations_created"]), (&json!(2), &json!(1)));
        assert_eq!(organiser.list(&workshop.path("registrations")).await.len(), 1, "a dry run stores nothing");
        // Whatever it is sent as: the file says what it is.
        for (content_type, outcome) in [(XLSX, "created"), ("application/octet-stream", "unchanged"), ("application/vnd.ms-excel", "unchanged"), ("text/csv", "unchanged")] {
            let report = organiser.post_bytes(&import, content_type, file.clone()).await.expect(200);
            assert_eq!(told(&report, "rows", &["line", "outcome"]), [[json!(4), json!(outcome)], [json!(5), json!(outcome)]]);
        }
        let names = organiser.list(&workshop.path("registrations")).await;
        assert_eq!((&names[1]["name"], &names[1]["organisation"]["name"]), (&json!("Awa Diallo"), &json!("Sœurs de Boké")));
        let csv = organiser.post_bytes(&import, "application/octet-stream", "Courriel\tNom\nfatou@example.org\tFatou\n").await.expect(200);
        assert_eq!((&csv["delimiter"], &csv["sheet"], &csv["created"]), (&json!("tab"), &Value::Null, &json!(1)));
        organiser.post_bytes(&import, "application/pdf", file).await.problem(415, "unsupported_media_type");
    }

    async fn a_wrong_workbook_is_refused_by_its_rows_or_as_a_whole(world: World) {
        let workshop = world.workshop().await;
        let organiser = &workshop.organiser;
        let import = workshop.path("registrations/import");
        let wrong = workbook(&[&["Email", "Name", "Role"], &["awa@", "", "roi"], &["mory@example.org", "Mory", ""]]);
        let refused = organiser.post_bytes(&import, XLSX, wrong.clone()).await.problem(422, "invalid_roster");
        refused.faults(&[("/rows/4/email", "invalid_email"), ("/rows/4/name", "required"), ("/rows/4/role", "unknown_role")]);
        let some = organiser.post_bytes(&format!("{import}?skip_invalid=true"), XLSX, wrong.clone()).await.expect(200);
        assert_eq!((&some["created"], &some["skipped"]), (&json!(1), &json!(1)));
        let compound = [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), vec![0; 600]].concat();
        let locked: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (file, code) in [
            (wrong[..wrong.len() / 2].to_vec(), "damaged_workbook"),
            ([compound.clone(), locked].concat(), "encrypted_workbook"),
            (compound, "unsupported_workbook"),
            (workbook(&[&["Nom"], &["Awa"]]), "missing_email_column"),
            (b"%PDF-1.7\n\0".to_vec(), "not_csv"),
        ] {
            let french = organiser.post_bytes(&import, XLSX, file.clone()).await.problem(422, "invalid_roster").faults(&[("", code)]);
            let english = organiser.post_bytes(&import, XLSX, file).english().await.problem(422, "invalid_roster").faults(&[("", code)]);
            assert_ne!(french["errors"][0]["detail"], english["errors"][0]["detail"]);
        }
        organiser.post_bytes(&import, XLSX, vec![b'P'; 4 * 1024 * 1024 + 1]).await.problem(413, "too_large");
    }

    async fn the_template_comes_back_as_it_went_out(world: World) {
        let workshop = world.workshop().await;
        let organiser = &workshop.organiser;
        let template = workshop.path("registrations/template");
        let kinds = [("", "text/csv; charset=utf-8", "inscriptions.csv"), ("?format=csv", "text/csv; charset=utf-8", "inscriptions.csv"), ("?format=xlsx", XLSX, "inscriptions.xlsx")];
        for (query, content_type, name) in kinds {
            let file = organiser.get(&format!("{template}{query}")).await.expect(200);
            assert_eq!(file.header("content-type"), content_type);
            assert!(file.header("content-disposition").contains(name), "{file}");
            let import = workshop.path("registrations/import?dry_run=true");
            let report = organiser.post_bytes(&import, content_type, file.body).await.expect(200);
            assert_eq!((&report["created"], &report["errors_total"], &report["ignored_columns"]), (&json!(2), &json!(0), &json!([])));
        }
        let english = organiser.get(&template).header("accept", XLSX).english().await.expect(200);
        assert!(english.header("content-disposition").contains("registrations.xlsx"));
        organiser.get(&format!("{template}?format=ods")).await.problem(406, "not_acceptable");
    }

    async fn likely_doubles_are_told_and_hinder_nothing(world: World) {
        let workshop = world.workshop().await;
        let organiser = &workshop.organiser;
        let import = workshop.path("registrations/import");
        let standing = workshop.register("participant", "mory@example.org").await.expect(201).id();
        let declined = workshop.member("participant", "fatou@example.org").await;
        let away = workshop.registration_of("fatou@example.org").await;
        workshop.organiser.act(&workshop.path("publish")).await.expect(200);
        declined.act(&format!("/v1/registrations/{away}/decline")).await.expect(200);
        let roster = "email;nom;organisation\n\
            a.diallo@example.org;Aïssatou DIALLO;Kora\n\
            b@example.org;diallo  aissatou;KORA\n\
            c@example.org;Aïssatou Diallo;\n\
            mory+atelier@example.org;Mory Keita;\n\
            other@example.org;fatou;\n";
        for (options, stored) in [("?dry_run=true", false), ("", true), ("", true)] {
            let report = organiser.post_bytes(&format!("{import}{options}"), "text/csv", roster).await.expect(200);
            assert_eq!(report["warnings_total"], 3, "{report}");
            let warnings = told(&report, "warnings", &["line", "code", "other_line"]);
            assert_eq!(warnings, [[json!(2), json!("same_name"), json!(3)], [json!(3), json!("same_name"), json!(2)], [json!(5), json!("plus_alias"), Value::Null]]);
            assert_eq!(report["warnings"][2]["registration_id"], standing.as_str());
            assert_eq!(report["warnings"][0]["registration_id"].is_string(), stored && report["created"] == 0);
        }
        let doubles = organiser.list(&workshop.path("likely-doubles?limit=1")).await;
        let groups: Vec<Vec<&str>> = doubles.iter().map(|group| {
            let people = group["registrations"].as_array().expect("people");
            people.iter().map(|person| person["email"].as_str().expect("an address")).collect()
        }).collect();
        assert_eq!(groups, [vec!["mory@example.org", "mory+atelier@example.org"], vec!["a.diallo@example.org", "b@example.org"]]);
        assert_eq!(doubles[0]["likenesses"], json!(["plus_alias"]));
    }

    async fn five_thousand_people_come_in_seconds(world: World) {
        let workshop = world.workshop().await;
        let organiser = &workshop.organiser;
        let import = workshop.path("registrations/import");
        let mut book = Writer::new();
        let sheet = book.add_worksheet();
        let mut csv = String::from("\u{FEFF}Courriel;Nom;Organisation;Téléphone\r\n");
        for (column, header) in (0..).zip(["Courriel", "Nom", "Organisation", "Téléphone"]) {
            sheet.write(0, column, header).expect("a cell");
        }
        for row in 1..=5_000 {
            let (email, name, organisation) = (format!("p{row}@example.org"), format!("Personne {}", row / 2), format!("Société {}", row % 700));
            csv.push_str(&format!("{email};{name};{organisation};224620000000\r\n"));
            sheet.write(row, 0, email).expect("a cell");
            sheet.write(row, 1, name).expect("a cell");
            sheet.write(row, 2, organisation).expect("a cell");
            sheet.write(row, 3, 224_620_000_000.0).expect("a cell");
        }
        let file = book.save_to_buffer().expect("a workbook");
        let timed = async |what: &str, content_type: &str, bytes: Vec<u8>, outcome: &str| {
            let begun = std::time::Instant::now();
            let report = organiser.post_bytes(&import, content_type, bytes).await.expect(200);
            say(&format!("5,000 rows, {what}: {:?}", begun.elapsed()));
            assert_eq!(report[outcome], 5_000, "{}", report["errors"]);
        };
        timed("XLSX, new", XLSX, file.clone(), "created").await;
        timed("XLSX, again", XLSX, file, "unchanged").await;
        timed("CSV, again", "text/csv", csv.into_bytes(), "unchanged").await;
    }
}
