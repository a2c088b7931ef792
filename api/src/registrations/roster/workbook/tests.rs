//! Workbooks as they arrive, and as they are made to do harm.

use std::io::Write as _;

use proptest::prelude::*;
use rust_xlsxwriter::{Format, Formula, Workbook as Writer};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::tests::{faults, read, rows};
use super::super::{Origin, Roster, RosterFault};

fn sheet(roster: &Roster) -> &str {
    match &roster.origin {
        Origin::Sheet { name, .. } => name,
        Origin::Text(..) => panic!("no workbook"),
    }
}

fn code(bytes: &[u8]) -> &'static str {
    read(bytes).unwrap_err().code()
}

#[test]
fn reads_what_people_see() {
    let mut workbook = Writer::new();
    let notes = workbook.add_worksheet().set_name("Lisez-moi").unwrap();
    notes.write(0, 0, "Ce classeur recense les invités.").unwrap();
    let hidden = workbook.add_worksheet().set_name("Listes").unwrap();
    hidden.write(0, 0, "Courriel").unwrap();
    hidden.set_hidden(true);
    let sheet_of_people = workbook.add_worksheet().set_name("Invités 2020").unwrap();
    let sheet = sheet_of_people;
    let bold = Format::new().set_bold();
    // A title over the whole table, then a gap.
    sheet.merge_range(0, 0, 0, 6, "Atelier du numérique", &bold).unwrap();
    for (column, header) in (0..).zip([
        "E-MAIL ",
        "Nom et Prénom",
        "rôle",
        "Organisation",
        "Catégorie",
        "Délégué",
        "Téléphone",
        "",
        "Code postal",
    ]) {
        sheet.write(2, column, header).unwrap();
    }
    sheet.write(3, 0, " awa@example.org ").unwrap();
    sheet.write(3, 1, "Awa  Diallo\nBah").unwrap();
    sheet.write(3, 3, 224.0).unwrap();
    sheet.write(3, 4, "Start-up").unwrap();
    sheet.write(3, 5, true).unwrap();
    sheet.write(3, 6, 224_620_000_000.0).unwrap();
    sheet.write(3, 12, "à rappeler").unwrap();
    // Row 5 is empty but for a space and a style.
    sheet.write(4, 1, " ").unwrap();
    sheet.write_blank(4, 2, &bold).unwrap();
    let address = Formula::new("=LOWER(\"MORY@EXAMPLE.ORG\")").set_result("mory@example.org");
    sheet.write_formula(5, 0, address).unwrap();
    sheet.write(5, 1, 224_620_000_000.0).unwrap();
    sheet.write(5, 5, 0.0).unwrap();
    sheet.set_row_hidden(5).unwrap();
    sheet.write_url(6, 0, "mailto:fatou@example.org").unwrap();
    sheet.write(6, 1, "Fatou Sœur €").unwrap();
    sheet.write(6, 5, "peut-être").unwrap();
    sheet.write_blank(40, 1, &bold).unwrap();
    let second = workbook.add_worksheet();
    second.write(0, 0, "Courriel").unwrap();
    second.write(1, 0, "autre@example.org").unwrap();

    let roster = read(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(self::sheet(&roster), "Invités 2020");
    assert_eq!(
        rows(&roster),
        [
            "4|awa@example.org|Awa Diallo Bah|-|224|startup|yes|-",
            "6|mory@example.org|224620000000|-|-|-|no|-",
        ]
    );
    assert_eq!(faults(&roster), ["7 delegate not_yes_or_no peut-être"]);
    assert_eq!(roster.ignored_columns, ["Téléphone", "Code postal"]);
}

#[test]
fn a_cell_merged_over_rows_is_said_beside_each_of_them() {
    let mut workbook = Writer::new();
    let sheet = workbook.add_worksheet();
    let plain = Format::new();
    for (row, cells) in (0..).zip([
        ["Structure", "Nom", "Courriel", "Délégué"],
        ["", "Awa", "a@x.org", "oui"],
        ["", "Mory", "b@x.org", ""],
        ["", "", "", ""],
        ["Kora", "Fatou", "c@x.org", "oui"],
        ["", "Ali", "d@x.org", ""],
    ]) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    // Over an empty row, down to one that says something else, beside one that says nothing, and far below.
    sheet.merge_range(1, 0, 3, 0, "Jokko", &plain).unwrap();
    sheet.merge_range(5, 0, 9, 0, "", &plain).unwrap();
    sheet.merge_range(4, 1, 5, 1, "Sow", &plain).unwrap();
    sheet.merge_range(50, 0, 60, 0, "Nulle part", &plain).unwrap();
    let roster = read(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        rows(&roster),
        [
            "2|a@x.org|Awa|-|Jokko|-|yes|-",
            "3|b@x.org|Mory|-|Jokko|-|-|-",
            "5|c@x.org|Sow|-|Kora|-|yes|-",
            "6|d@x.org|Sow|-|-|-|-|-"
        ]
    );
    assert_eq!(faults(&roster), ["51 email required -", "51 name required -"]);
}

#[test]
fn a_header_over_two_rows_is_one() {
    let mut workbook = Writer::new();
    let sheet = workbook.add_worksheet();
    let plain = Format::new();
    sheet.merge_range(0, 0, 0, 1, "Identité", &plain).unwrap();
    sheet.merge_range(0, 2, 1, 2, "Courriel", &plain).unwrap();
    sheet.write(0, 3, "Organisme").unwrap();
    for (column, cell) in (0..).zip(["Nom", "Prénom", "", "", "à rappeler"]) {
        sheet.write_string(1, column, cell).unwrap();
    }
    for (column, cell) in (0..).zip(["Diallo", "Awa", "awa@x.org", "Kora"]) {
        sheet.write_string(2, column, cell).unwrap();
    }
    let roster = read(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(rows(&roster), ["3|awa@x.org|Awa Diallo|-|Kora|-|-|-"]);
    assert_eq!(roster.ignored_columns, ["à rappeler"]);
}

#[test]
fn notes_beside_the_table_belong_to_nothing() {
    let mut workbook = Writer::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "Courriel").unwrap();
    // Before anything of the table, which is read ahead of knowing how wide it is.
    sheet.write(1, 4, "note").unwrap();
    sheet.write(2, 0, "awa@x.org").unwrap();
    sheet.write(2, 4, "note").unwrap();
    let roster = read(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        (rows(&roster).len(), faults(&roster).len()),
        (1, 0),
        "{:?}",
        faults(&roster)
    );
}

fn of_cells(cells: &[&[&str]]) -> Vec<u8> {
    let mut workbook = Writer::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in (0..).zip(cells) {
        for (column, cell) in (0..).zip(*cells) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn refuses_workbooks_without_a_table_it_knows() {
    assert_eq!(code(&of_cells(&[])), "empty_file");
    assert_eq!(
        code(&of_cells(&[&["Nom", "Rôle"], &["Awa", ""]])),
        "missing_email_column"
    );
    assert_eq!(
        read(&of_cells(&[&["Email", "Nom", "Courriel"]])).unwrap_err(),
        RosterFault::DuplicateColumn("Courriel".into())
    );
    assert!(read(&of_cells(&[&["Email"]])).unwrap().rows.is_empty());
}

/// An archive of these parts.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const RELATIONSHIPS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/></Relationships>"#;

/// A workbook of one sheet by hand.
fn by_hand(strings: &[u8], sheet: &[u8]) -> Vec<u8> {
    let relationship = |kind: &str, target: &str| RELATIONSHIPS.replacen("{}", kind, 1).replacen("{}", target, 1);
    let workbook =
        r#"<workbook xmlns:r="r"><sheets><sheet name="Feuil1" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    archive(&[
        (
            "_rels/.rels",
            relationship("officeDocument", "xl/workbook.xml").as_bytes(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relationship("worksheet", "worksheets/sheet1.xml").as_bytes(),
        ),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/sharedStrings.xml", strings),
        ("xl/worksheets/sheet1.xml", sheet),
    ])
}

const STRINGS: &[u8] = b"<sst uniqueCount=\"2\"><si><t>email</t></si><si><t>awa@example.org</t></si></sst>";
const SHEET: &[u8] = b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>\
    <row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c></row></sheetData></worksheet>";

#[test]
fn a_cell_of_an_unknown_kind_is_as_good_as_empty() {
    assert_eq!(
        rows(&read(&by_hand(STRINGS, SHEET)).unwrap()),
        ["2|awa@example.org||-|-|-|-|-"]
    );
    let odd = String::from_utf8(SHEET.to_vec()).unwrap().replace(
        "</row></sheetData>",
        "<c r=\"B2\" t=\"e\"><v>#SPILL!</v></c><c r=\"C2\" t=\"later\"><v>1</v></c><c r=\"D2\" t=\"n\"><v>x</v></c></row></sheetData>",
    );
    assert_eq!(
        rows(&read(&by_hand(STRINGS, odd.as_bytes())).unwrap()),
        ["2|awa@example.org||-|-|-|-|-"]
    );
}

#[test]
fn says_what_is_wrong_with_a_file_that_is_no_workbook_of_ours() {
    let whole = by_hand(STRINGS, SHEET);
    assert_eq!(code(&whole[..whole.len() / 2]), "damaged_workbook");
    let mut bent = whole.clone();
    bent[70] ^= 0xFF;
    assert_eq!(code(&bent), "damaged_workbook");
    assert_eq!(code(b"PK\x05\x06"), "damaged_workbook");
    assert_eq!(
        code(&by_hand(STRINGS, b"<worksheet><sheetData><row>")),
        "damaged_workbook"
    );
    assert_eq!(code(&archive(&[("word/document.xml", b"<w/>")])), "damaged_workbook");
    let ods = archive(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")]);
    assert_eq!(code(&ods), "unsupported_workbook");
    assert_eq!(code(&archive(&[("xl/workbook.bin", b"")])), "unsupported_workbook");
    let compound = |stream: &str| -> Vec<u8> {
        let name = stream.encode_utf16().flat_map(u16::to_le_bytes);
        let mark = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".iter().copied();
        mark.chain([0; 1000]).chain(name).collect()
    };
    assert_eq!(code(&compound("Workbook")), "unsupported_workbook");
    assert_eq!(code(&compound("EncryptedPackage")), "encrypted_workbook");
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let large = vec![b' '; 49 * 1024 * 1024];
    let bomb = by_hand(STRINGS, &large);
    assert!(bomb.len() < 100_000);
    assert_eq!(code(&bomb), "workbook_too_large");
    // One whose directory says something else is no better.
    let mut lying = bomb;
    let length = u32::try_from(large.len()).unwrap().to_le_bytes();
    while let Some(at) = lying.windows(4).position(|window| window == length) {
        lying[at..at + 4].copy_from_slice(&[9, 0, 0, 0]);
    }
    assert!(matches!(code(&lying), "workbook_too_large" | "damaged_workbook"));

    let names: Vec<String> = (0..2_001).map(|n| format!("{n}.xml")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    assert_eq!(code(&archive(&parts)), "workbook_too_large");
    for strings in [
        b"<sst uniqueCount=\"99999999999999999\"></sst>".to_vec(),
        b"<x:sst\n uniqueCount = '2000000000'/>".to_vec(),
        format!("<sst a=\"{}\" uniqueCount=\"2000000000\"/>", "x".repeat(5_000)).into_bytes(),
        format!("<sst>{}</sst>", "<si/>".repeat(400_001)).into_bytes(),
        format!("<sst>{}</sst>", "<mergeCell ref=\"A1:A9\"/>".repeat(100_001)).into_bytes(),
        // Hidden from whoever takes a quotation mark in a comment for one of a tag.
        format!("<!-- ' --><sst>{}</sst>", "<s:si />".repeat(400_001)).into_bytes(),
        "<sst uniqueCount=\"2000000000\"/>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
        // One text, or one tag, that would be held as a whole.
        format!("<sst><si><t>{}</t></si></sst>", "x".repeat(5 * 1024 * 1024)).into_bytes(),
        format!("<sst a=\"{}\"/>", "<>".repeat(3 * 1024 * 1024)).into_bytes(),
        format!("<sst><![CDATA[{}]]></sst>", "<a>".repeat(2 * 1024 * 1024)).into_bytes(),
    ] {
        assert_eq!(
            code(&by_hand(&strings, SHEET)),
            "workbook_too_large",
            "{:?}",
            strings.get(..40)
        );
    }
    let sheets = format!(
        "<workbook>{}</workbook>",
        "<sheet name=\"a\" r:id=\"rId1\"/>".repeat(501)
    );
    assert_eq!(
        code(&archive(&[("xl/workbook.xml", sheets.as_bytes())])),
        "workbook_too_large"
    );
}

#[test]
fn what_a_sheet_claims_of_its_size_costs_nothing() {
    let vast = b"<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>\
        <row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData></worksheet>";
    assert_eq!(read(&by_hand(STRINGS, vast)).unwrap().rows.len(), 1);
    let backwards = b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>\
        <row r=\"9\"><c r=\"A9\" t=\"s\"><v>1</v></c></row><row r=\"3\"><c r=\"A3\" t=\"s\"><v>1</v></c></row></sheetData></worksheet>";
    assert_eq!(code(&by_hand(STRINGS, backwards)), "damaged_workbook");
    // One long text, meant by many cells.
    let long = format!(
        "<sst><si><t>email</t></si><si><t>{}</t></si></sst>",
        "x".repeat(1024 * 1024)
    );
    let cells: String = (2..2_000)
        .map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>1</v></c></row>"))
        .collect();
    let sheet = format!(
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>{cells}</sheetData></worksheet>"
    );
    let roster = read(&by_hand(long.as_bytes(), sheet.as_bytes())).unwrap();
    assert_eq!(roster.faults.len(), 1_998);
}

#[test]
fn merged_cells_that_claim_everything_cost_little() {
    let text = "x".repeat(900);
    let mut sheet = String::from("<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c>");
    let name = |column: usize| {
        format!(
            "{}{}",
            char::from(b'A' + u8::try_from(column / 26).unwrap()),
            char::from(b'A' + u8::try_from(column % 26).unwrap())
        )
    };
    let columns: Vec<String> = (0..600).map(name).collect();
    for column in &columns {
        sheet += &format!("<c r=\"{column}1\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    }
    sheet += "</row>";
    for row in 2..10_000 {
        sheet += &format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"inlineStr\"><is><t>p{row}@x.org</t></is></c></row>");
    }
    sheet += "</sheetData><mergeCells>";
    for column in &columns {
        sheet += &format!("<mergeCell ref=\"{column}1:{column}1048576\"/>");
    }
    sheet += "</mergeCells></worksheet>";
    let roster = read(&by_hand(STRINGS, sheet.as_bytes())).unwrap();
    assert_eq!((roster.rows.len(), roster.ignored_columns.len()), (9_998, 600));
}

#[test]
fn entities_are_not_expanded() {
    let laughs = br#"<!DOCTYPE sst [<!ENTITY a "awa@example.org"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]><sst><si><t>email</t></si><si><t>&b;&f;</t></si></sst>"#;
    match read(&by_hand(laughs, SHEET)) {
        Err(fault) => assert_eq!(fault.code(), "damaged_workbook"),
        Ok(roster) => {
            assert!(roster.rows.is_empty());
            assert!(!format!("{roster:?}").contains("root:"), "{roster:?}");
        }
    }
}

#[test]
fn holds_the_limit_of_rows() {
    let sheet = |last: usize| {
        let row = |row: usize| {
            format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"inlineStr\"><is><t>p{row}@example.org</t></is></c></row>")
        };
        let rows: String = (2..=last).map(row).collect();
        format!(
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>{rows}</sheetData></worksheet>"
        )
    };
    assert_eq!(code(&by_hand(STRINGS, sheet(20_002).as_bytes())), "too_many_rows");
    let roster = read(&by_hand(STRINGS, sheet(20_001).as_bytes())).unwrap();
    assert_eq!(roster.rows.len(), 20_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_bent_workbook_is_read_or_refused(part in 0..2usize, at in any::<prop::sample::Index>(), piece in "[<>/\"'&;=!A-Z0-9]{1,12}") {
        let mut parts = [STRINGS.to_vec(), SHEET.to_vec()];
        let place = at.index(parts[part].len());
        let end = (place + piece.len()).min(parts[part].len());
        parts[part].splice(place..end, piece.bytes());
        drop(read(&by_hand(&parts[0], &parts[1])));
    }

    #[test]
    fn bytes_that_begin_like_a_workbook_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&[b"PK\x03\x04".as_slice(), &bytes].concat()).is_err());
    }
}
