//! The spreadsheet to fill in.

use crate::http::Language;

/// A header and two examples to write over, as cells.
pub fn template(language: Language) -> [[&'static str; 7]; 3] {
    match language {
        Language::Fr => [
            [
                "Courriel",
                "Nom complet",
                "Rôle",
                "Organisation",
                "Catégorie",
                "Délégué",
                "Langue",
            ],
            [
                "prenom.nom@example.org",
                "Prénom Nom",
                "participant",
                "Nom de l’organisation",
                "entreprise",
                "oui",
                "français",
            ],
            [
                "autre.personne@example.org",
                "Autre Personne",
                "facilitateur",
                "",
                "autre",
                "non",
                "anglais",
            ],
        ],
        Language::En => [
            [
                "Email",
                "Full name",
                "Role",
                "Organisation",
                "Category",
                "Delegate",
                "Language",
            ],
            [
                "first.last@example.org",
                "First Last",
                "participant",
                "Name of the organisation",
                "company",
                "yes",
                "English",
            ],
            [
                "another.person@example.org",
                "Another Person",
                "facilitator",
                "",
                "other",
                "no",
                "French",
            ],
        ],
    }
}

/// As text. With a byte-order mark and `;`, so that French Excel opens it well.
pub fn as_csv(rows: &[[&'static str; 7]]) -> Vec<u8> {
    let lines = rows.iter().map(|cells| format!("{}\r\n", cells.join(";")));
    format!("\u{FEFF}{}", lines.collect::<String>()).into_bytes()
}
