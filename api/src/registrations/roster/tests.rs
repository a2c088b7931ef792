//! Spreadsheets as they arrive.

use proptest::prelude::*;

use super::*;

pub(super) fn read(bytes: &[u8]) -> Result<Roster, RosterFault> {
    super::read(bytes, None)
}

fn roster(text: &str) -> Roster {
    read(text.as_bytes()).unwrap()
}

/// A row in short, for comparing.
fn row(row: &Row) -> String {
    format!(
        "{}|{}|{}|{}|{}|{}|{}|{}",
        row.line,
        row.email.typed(),
        row.name,
        row.role.map_or("-", Role::as_str),
        row.organisation.as_deref().unwrap_or("-"),
        row.category.map_or("-", Category::as_str),
        row.delegate.map_or("-", |delegate| if delegate { "yes" } else { "no" }),
        row.language.map_or("-", Language::as_str),
    )
}

pub(super) fn rows(roster: &Roster) -> Vec<String> {
    roster.rows.iter().map(row).collect()
}

pub(super) fn faults(roster: &Roster) -> Vec<String> {
    let fault = |f: &RowFault| {
        let value = f.value.as_deref().unwrap_or("-");
        format!("{} {} {} {value}", f.line, f.column.unwrap_or("-"), f.code)
    };
    roster.faults.iter().map(fault).collect()
}

const FRENCH_EXCEL: &str = "Nom;Prénom;E-mail ;Rôle;Structure;Catégorie;Délégué;Langue;Téléphone\r\n\
DIALLO;Awa;Awa.Diallo@Example.org;Organisatrice;Ministère de l’Éducation;Administration publique;OUI;Français;+224 622\r\n\
Barry;Mamadou  Saliou;barry@example.org;;\"Orange;\r\nGuinée\";Entreprise;;fr-GN;\r\n\
;;;;;;;;\r\n\
Sow;Fatou;fatou@example.org;Auditeur/Auditrice;;Start-up;0;EN;\r\n";

const FRENCH_ROWS: [&str; 3] = [
    "2|Awa.Diallo@Example.org|Awa DIALLO|organiser|Ministère de l’Éducation|public_administration|yes|fr",
    "3|barry@example.org|Mamadou Saliou Barry|-|Orange; Guinée|company|-|fr",
    "6|fatou@example.org|Fatou Sow|auditor|-|startup|no|en",
];

#[test]
fn reads_what_french_excel_writes() {
    let (windows, _, lost) = encoding_rs::WINDOWS_1252.encode(FRENCH_EXCEL);
    assert!(!lost);
    let utf16 = |big: bool| -> Vec<u8> {
        std::iter::once(0xFEFF)
            .chain(FRENCH_EXCEL.encode_utf16())
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    for (bytes, encoding) in [
        (FRENCH_EXCEL.as_bytes().to_vec(), Encoding::Utf8),
        (format!("\u{FEFF}{FRENCH_EXCEL}").into_bytes(), Encoding::Utf8),
        (windows.into_owned(), Encoding::Windows1252),
        (utf16(false), Encoding::Utf16),
        (utf16(true), Encoding::Utf16),
    ] {
        let roster = read(&bytes).unwrap();
        assert_eq!(rows(&roster), FRENCH_ROWS);
        assert_eq!(faults(&roster), [""; 0]);
        assert_eq!(roster.ignored_columns, ["Téléphone"]);
        assert_eq!(roster.origin, Origin::Text(Delimiter::Semicolon, encoding));
    }
}

#[test]
fn finds_the_delimiter_whatever_the_header_holds() {
    for (text, delimiter) in [
        ("email;name\na@x.org;A, B", Delimiter::Semicolon),
        ("email,name\na@x.org,\"A, B\"", Delimiter::Comma),
        ("email\tname\na@x.org\tA, B", Delimiter::Tab),
        // Commas outnumber the true delimiter.
        (
            "\"Email\";Name;\"Remarks (a, b, c, d)\"\na@x.org;A, B;",
            Delimiter::Semicolon,
        ),
        ("\n;;\n\u{20}\nmail;nom\na@x.org;\"A, B\"", Delimiter::Semicolon),
        ("sep=;\r\nemail;name\r\na@x.org;A, B", Delimiter::Semicolon),
        ("sep=,\r\nemail,name\r\na@x.org,\"A, B\"", Delimiter::Comma),
    ] {
        let roster = roster(text);
        assert_eq!(roster.origin, Origin::Text(delimiter, Encoding::Utf8), "{text:?}");
        assert_eq!(roster.rows[0].name, "A, B", "{text:?}");
    }
}

#[test]
fn passes_over_titles_above_the_header() {
    let text = "Atelier du numérique – invités;;\r\n;;\r\nARRÊTÉ AU 10 AOÛT;;\r\nPrÉnom ; E-Mail;NOM;;\r\nZoé;zoe@x.org;Cœurdevey € fils;;\r\n";
    let (windows, _, lost) = encoding_rs::WINDOWS_1252.encode(text);
    assert!(!lost);
    for bytes in [text.as_bytes(), &windows] {
        let roster = read(bytes).unwrap();
        assert_eq!(rows(&roster), ["5|zoe@x.org|Zoé Cœurdevey € fils|-|-|-|-|-"]);
        assert_eq!(faults(&roster), [""; 0]);
    }
    // Not for ever: a table whose addresses begin far below has no header.
    let late = format!("{}email\na@x.org\n", "titre\n".repeat(HEADER_WITHIN));
    assert_eq!(read(late.as_bytes()).unwrap_err(), RosterFault::MissingEmailColumn);
}

#[test]
fn counts_lines_as_an_editor_does() {
    let lines = |text: &str| -> Vec<u64> { roster(text).rows.iter().map(|row| row.line).collect() };
    for line_break in ["\n", "\r\n", "\r"] {
        let text = |text: &str| text.replace('\n', line_break);
        assert_eq!(lines(&text("email;name\na@x.org;A\nb@x.org;B\n")), [2, 3]);
        assert_eq!(lines(&text("\n\nemail;name\n\n\na@x.org;A\n;;\n\nb@x.org;B")), [6, 9]);
        assert_eq!(lines(&text("email;name\na@x.org;\"A\n\nA\"\nb@x.org;B")), [2, 5]);
        assert_eq!(lines(&text("sep=;\nemail;name\na@x.org;A")), [3]);
    }
}

#[test]
fn composes_names_from_the_columns_there_are() {
    for (text, name) in [
        ("email;nom\na@x.org; Awa \u{A0} Diallo ", "Awa Diallo"),
        ("email;nom;prénoms\na@x.org;Diallo;Awa", "Awa Diallo"),
        ("email;First name;Last name\na@x.org;Awa;Diallo", "Awa Diallo"),
        ("email;Name;First name;Last name\na@x.org;Awa D.;Awa;Diallo", "Awa D."),
        ("email;Nom complet;Nom;Prénom\na@x.org;;Diallo;Awa", "Awa Diallo"),
        ("email;Nom complet;Nom;Prénom\na@x.org;Awa D.;Diallo;Awa", "Awa D."),
        ("email;Nom de famille\na@x.org;Diallo", "Diallo"),
        ("email;nom\na@x.org;E\u{301}lise", "Élise"),
        ("COURRIEL\na@x.org", ""),
    ] {
        assert_eq!(roster(text).rows[0].name, name, "{text:?}");
    }
}

#[test]
fn says_all_that_is_wrong_with_a_line() {
    let long = "x".repeat(201);
    let text = format!(
        "email;name;role;organisation;category;delegate;language\n\
         ;Awa;;;;;\n\
         awa@localhost;;roi;;commerce;peut-être;peul\n\
         a@x.org;A\u{7}wa;;{long};;;;;surplus;\n\
         A@X.org;Awa;;;;;\n\
         b@x.org;B;;Ministère  de l'Éducation;;oui;\n\
         c@x.org;C;;ministere de l’education;;x;\n\
         d@x.org;D;;;;1;\n\
         \u{430}wa@x.org;E;;;;;\n\
         e\u{200B}@x.org;E;;;;;\n\
         f@x.org;Fatou;;;;;;;;;\n"
    );
    let roster = roster(&text);
    let shown = "x".repeat(59);
    assert_eq!(
        faults(&roster),
        [
            "2 email required -".to_owned(),
            "3 email invalid_email awa@localhost".to_owned(),
            "3 name required -".to_owned(),
            "3 role unknown_role roi".to_owned(),
            "3 category unknown_category commerce".to_owned(),
            "3 delegate not_yes_or_no peut-être".to_owned(),
            "3 language unknown_language peul".to_owned(),
            "4 name control_characters A\u{FFFD}wa".to_owned(),
            format!("4 organisation too_long {shown}…"),
            "4 - too_many_fields surplus".to_owned(),
            "5 email duplicate_email 4".to_owned(),
            "7 delegate two_delegates 6".to_owned(),
            "8 organisation required -".to_owned(),
            "9 email email_mixed_scripts \u{430}wa@x.org".to_owned(),
            "10 email email_hidden_characters e\u{FFFD}@x.org".to_owned(),
        ]
    );
    let kept: Vec<u64> = roster.rows.iter().map(|row| row.line).collect();
    assert_eq!(kept, [6, 11]);
}

#[test]
fn refuses_files_it_cannot_trust() {
    let code = |bytes: &[u8]| read(bytes).unwrap_err().code();
    for empty in ["", "\u{FEFF}", " \r\n;;;\r\n\t\n", "sep=;\n"] {
        assert_eq!(code(empty.as_bytes()), "empty_file", "{empty:?}");
    }
    assert_eq!(code(b"PK\x03\x04\x14 and so on"), "damaged_workbook");
    assert_eq!(code(b"%PDF-1.7\n\0"), "not_csv");
    assert_eq!(code(b"email;name\na@x.org;\0"), "not_csv");
    assert_eq!(code(b"\xEF\xBB\xBFemail;name\na@x.org;Andr\xE9"), "damaged_characters");
    assert_eq!(
        code(
            "email;nom\na@x.org;Aïssé\nb@x.org;Zoé"
                .as_bytes()
                .split_last()
                .unwrap()
                .1
        ),
        "damaged_characters"
    );
    assert_eq!(code(b"\xFF\xFEe\0m\0a\0i\0l\0\n"), "damaged_characters");
    assert_eq!(code("nom;rôle\nAwa;".as_bytes()), "missing_email_column");
    assert_eq!(code(b"awa@example.org;Awa\nb@example.org;B"), "missing_email_column");
    assert_eq!(
        read("Email;nom;Adresse électronique".as_bytes()).unwrap_err(),
        RosterFault::DuplicateColumn("Adresse électronique".to_owned())
    );
    // The open quotation mark would swallow everybody below it.
    assert_eq!(
        read(b"email;name\na@x.org;A\nb@x.org;\"B\nc@x.org;C\nd@x.org;D\n").unwrap_err(),
        RosterFault::UnreadableCsv { line: Some(3) }
    );
    assert_eq!(
        read(b"\"email;name\na@x.org").unwrap_err(),
        RosterFault::UnreadableCsv { line: Some(1) }
    );
}

#[test]
fn accepts_a_header_alone_and_quotes_well_closed() {
    assert!(roster("email;name").rows.is_empty());
    assert_eq!(roster("email;name\r\na@x.org;\"A\"").rows.len(), 1);
    assert_eq!(roster("email;name\na@x.org;\"A \"\"B\"\"\"\n").rows[0].name, "A \"B\"");
}

#[test]
fn reports_columns_it_does_not_know() {
    // A column in which nothing stands is none.
    let roster = roster("Fonction;;email;;nom;;\nDG;;a@x.org;?;A;;");
    assert_eq!(roster.ignored_columns, ["Fonction", "#4"]);
    assert_eq!(roster.rows.len(), 1);
}

#[test]
fn templates_read_back() {
    for language in [Language::Fr, Language::En] {
        let bytes = as_csv(&template(language));
        assert!(bytes.starts_with(b"\xEF\xBB\xBF"));
        let roster = read(&bytes).unwrap();
        assert_eq!(faults(&roster), [""; 0]);
        assert_eq!(roster.ignored_columns, [""; 0]);
        assert_eq!(roster.rows.len(), 2);
        assert!(roster.rows[0].delegate == Some(true) && roster.rows[0].organisation.is_some());
        assert_eq!(roster.rows[1].role, Some(Role::Facilitator));
        assert!(
            roster
                .rows
                .iter()
                .all(|row| row.category.is_some() && row.language.is_some())
        );
    }
}

#[test]
fn knows_its_own_codes() {
    for role in ["organiser", "facilitator", "participant", "auditor"] {
        assert_eq!(words::role(role).unwrap().as_str(), role);
    }
    for category in [
        "public_administration",
        "company",
        "startup",
        "education",
        "association",
        "incubator",
        "donor",
        "other",
    ] {
        assert_eq!(words::category(category).unwrap().as_str(), category);
    }
    for (cell, yes) in [
        ("VRAI", true),
        ("X", true),
        ("Oui", true),
        ("FAUX", false),
        ("non", false),
    ] {
        assert_eq!(words::yes_or_no(cell), Some(yes));
    }
    assert_eq!(words::role("Participant(e)"), Some(Role::Participant));
    assert_eq!(words::role("organisateur·rice"), Some(Role::Organiser));
    assert_eq!(words::role("observateur"), None);
}

#[test]
fn folds_names_alike() {
    for (one, other) in [
        ("Ministère  de l’Éducation", "MINISTERE DE L'EDUCATION"),
        ("Sœurs de Boké", "soeurs de boke"),
        ("Jean‑Paul", "jean-paul"),
        ("A\u{200B}wa\u{A0}Diallo", "awa diallo"),
        ("ﬁn", "FIN"),
    ] {
        assert_eq!(fold_name(one), fold_name(other));
    }
    // Vowels of scripts that write them as signs are letters, not accents.
    assert_ne!(fold_name("कला"), fold_name("कली"));
}

fn numbered(count: usize) -> String {
    let mut text = "Courriel;Prénom;Nom;Rôle;Organisation;Catégorie;Délégué;Langue\r\n".to_owned();
    for n in 0..count {
        text +=
            &format!("personne.{n}@example.org;Aïssatou;Diallo {n};participante;Société n° {n};entreprise;oui;fr\r\n");
    }
    text
}

#[test]
fn holds_the_limit_of_rows() {
    assert_eq!(roster(&numbered(MAX_ROWS)).rows.len(), MAX_ROWS);
    assert_eq!(
        read(numbered(MAX_ROWS + 1).as_bytes()).unwrap_err(),
        RosterFault::TooManyRows
    );
}

/// A cell as some spreadsheet might hold it.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        1 => "[ \u{A0}\t]{0,3}",
        4 => "[a-c]@x\\.org",
        2 => "(oui|x|participant|company|fr)",
        1 => "[a-z;,\t\"\r\né\u{200B}\u{7} =]{0,6}",
    ]
}

proptest! {
    #[test]
    fn never_panics_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(read(&bytes));
        drop(read(&[b"email;name\n".as_slice(), &bytes].concat()));
    }

    #[test]
    fn never_panics_on_text(text in "(\\PC|[;,\t\"\r\n]){0,200}") {
        drop(read(text.as_bytes()));
        drop(read(format!("email,name,role,organisation,delegate\n{text}").as_bytes()));
    }

    #[test]
    fn every_line_with_content_is_a_row_or_a_fault(
        table in prop::collection::vec(prop::collection::vec(cell(), 1..9), 0..20),
        line_break in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let header = "email;name;role;organisation;category;delegate;language";
        let mut text = format!("{header}{line_break}");
        let mut wanted = Vec::new();
        for cells in &table {
            if cells.iter().any(|cell| !cell.trim().is_empty()) {
                let line = text.replace("\r\n", "\n").matches(['\r', '\n']).count() + 1;
                wanted.push(line as u64);
            }
            let quoted = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
            text += &(quoted.collect::<Vec<_>>().join(";") + line_break);
        }
        let roster = read(text.as_bytes()).unwrap();
        let mut faulty: Vec<u64> = roster.faults.iter().map(|fault| fault.line).collect();
        faulty.dedup();
        let mut met: Vec<u64> = roster.rows.iter().map(|row| row.line).chain(faulty).collect();
        met.sort_unstable();
        // None is missing, and none is both.
        prop_assert_eq!(met, wanted);
    }

    #[test]
    fn folding_is_idempotent(text in "\\PC{0,20}") {
        prop_assert_eq!(fold_name(&fold_name(&text)), fold_name(&text));
    }
}
