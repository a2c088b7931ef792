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

/// One list of guests, with all that organisers do to one: titles above, empty rows and columns, cells
/// merged over several people, dates, formulas, a number for a name, hidden rows, a break in a name, a
/// line of totals below. Written by LibreOffice 7.4 itself, and by the programs that imitate Excel.
const WRITTEN: [(&str, &[u8]); 6] = [
    ("LibreOffice", include_bytes!("fixtures/rosters/libreoffice.xlsx")),
    ("openpyxl", include_bytes!("fixtures/rosters/openpyxl.xlsx")),
    ("XlsxWriter", include_bytes!("fixtures/rosters/xlsxwriter.xlsx")),
    (
        "LibreOffice; Windows-1252",
        include_bytes!("fixtures/rosters/semicolon-windows-1252.csv"),
    ),
    ("LibreOffice, UTF-8", include_bytes!("fixtures/rosters/comma-utf-8.csv")),
    (
        "LibreOffice tab UTF-16",
        include_bytes!("fixtures/rosters/tab-utf-16.csv"),
    ),
];

/// Who is on it; a text file cannot tell that the second and third have the organisation of the first.
fn guests(merged: bool) -> Vec<Value> {
    let ministry = [Value::Null, json!("Ministère des Postes")][usize::from(merged)].clone();
    let public = [Value::Null, json!("public_administration")][usize::from(merged)].clone();
    vec![
        json!([
            "Mamadou Saliou DIALLO",
            "Mamadou.Saliou@Example.org",
            "participant",
            "Ministère des Postes",
            "public_administration",
            true,
            "fr"
        ]),
        json!([
            "Aïssatou Barry",
            "aissatou.barry@example.org",
            "facilitator",
            ministry,
            public,
            false,
            "fr"
        ]),
        json!([
            "Ibrahima Sory Camara",
            "ibrahima@example.org",
            "participant",
            ministry,
            public,
            false,
            "fr"
        ]),
        json!([
            "Zoë Marie O’Neill",
            "zoe.oneill@example.org",
            "auditor",
            "« Cœur » & fils ; \"Kora\", 5 €",
            "donor",
            false,
            "en"
        ]),
        json!([
            "Cent 224",
            "p224@example.org",
            "participant",
            "2020",
            "company",
            true,
            "en"
        ]),
        json!([
            "Formule Bah",
            "formule@example.org",
            "participant",
            "+224 Télécom",
            "other",
            false,
            "fr"
        ]),
        json!([
            "=cmd|'/C calc'!A0",
            "calc@example.org",
            "participant",
            null,
            null,
            false,
            "fr"
        ]),
    ]
}

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
    async fn what_spreadsheet_programs_write_is_imported_and_again_changes_nothing(world: World) {
        let first = world.workshop().await;
        let organiser = &first.organiser;
        let counts = |report: &Answer| ["created", "updated", "unchanged", "skipped"].map(|count| report[count].clone());
        for (program, file) in WRITTEN {
            let workshop = world.workshop().by(organiser).await;
            let import = workshop.path("registrations/import");
            let send = async |options: &str| organiser.post_bytes(&format!("{import}{options}"), "application/octet-stream", file.to_vec()).await;
            let dry = send("?dry_run=true").await.expect(200);
            assert_eq!(counts(&dry), [7, 0, 0, 1].map(|count| json!(count)), "{program}: {dry}");
            let is_workbook = dry["sheet"].is_string();
            let last = if is_workbook { 30 } else { 31 };
            send("").await.problem(422, "invalid_roster").faults(&[
                (&format!("/rows/{last}/email"), "required"), (&format!("/rows/{last}/name"), "required"),
            ]);
            assert_eq!(organiser.list(&workshop.path("registrations")).await.len(), 1, "{program}: nothing is stored yet");
            assert_eq!(counts(&send("?skip_invalid=true").await.expect(200)), counts(&dry), "{program}");
            assert_eq!(counts(&send("?skip_invalid=true").await.expect(200)), [0, 0, 7, 1].map(|count| json!(count)), "{program}");
            let mut listed: Vec<Value> = organiser.list(&workshop.path("registrations")).await.iter().skip(1).map(|registration| {
                json!([
                    registration["name"], registration["email"], registration["role"], registration["organisation"]["name"],
                    registration["category"], registration["delegate"], registration["language"],
                ])
            }).collect();
            let mut expected = guests(is_workbook);
            for list in [&mut listed, &mut expected] {
                list.sort_by_key(|guest| guest[1].to_string());
            }
            assert_eq!(listed, expected, "{program}");
        }
        // Whichever program writes it, it is the same list.
        let import = first.path("registrations/import?skip_invalid=true");
        let mut outcomes = Vec::new();
        for (_, file) in WRITTEN {
            let report = organiser.post_bytes(&import, "application/octet-stream", file.to_vec()).await.expect(200);
            outcomes.push((report["created"].clone(), report["updated"].clone()));
        }
        assert_eq!(outcomes[0], (json!(7), json!(0)));
        assert_eq!(outcomes[1..], vec![(json!(0), json!(0)); 5]);
    }

    async fn of_several_sheets_one_is_read_and_the_others_are_named(world: World) {
        let workshop = world.workshop().await;
        let organiser = &workshop.organiser;
        let (_, file) = WRITTEN[0];
        let send = async |options: &str| {
            let import = workshop.path(&format!("registrations/import?skip_invalid=true{options}"));
            organiser.post_bytes(&import, XLSX, file.to_vec()).await
        };
        let guests = send("").await.expect(200);
        assert_eq!((&guests["sheet"], &guests["other_sheets"]), (&json!("Invités 27-28 août"), &json!(["Presse"])));
        // Its header has two rows: one heading stands over two columns.
        let press = send("&sheet=Presse").await.expect(200);
        assert_eq!((&press["sheet"], &press["other_sheets"], &press["created"]), (&json!("Presse"), &json!(["Invités 27-28 août"]), &json!(1)));
        let listed = organiser.list(&workshop.path("registrations?q=fanta")).await;
        assert_eq!((&listed[0]["name"], &listed[0]["organisation"]["name"]), (&json!("Fanta Touré"), &json!("Le Quotidien")));
        // A hidden one is read by its name only; one that is not there, not at all.
        let hidden = send("&sheet=Listes").await.expect(200);
        assert_eq!((&hidden["sheet"], &hidden["created"]), (&json!("Listes"), &json!(0)));
        send("&sheet=presse").await.problem(422, "invalid_roster").faults(&[("", "unknown_sheet")]);
        let import = workshop.path("registrations/import?sheet=Presse");
        organiser.post_bytes(&import, "text/csv", "email\na@example.org\n").await.problem(422, "invalid_roster").faults(&[("", "unknown_sheet")]);
    }

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
