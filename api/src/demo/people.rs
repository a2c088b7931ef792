//! Who takes part in the demo: 60 people and their organisations, all invented.

pub const ORGANISER: &str = "organiser@example.org";
pub const FACILITATOR: &str = "facilitator@example.org";
pub const AUDITOR: &str = "auditor@example.org";
/// Participants, numbered from 1.
pub const PARTICIPANTS: usize = 57;

pub fn address(number: usize) -> String {
    format!("participant.{number:03}@example.org")
}

/// Name and category.
const ORGANISATIONS: [(&str, &str); 15] = [
    ("Direction nationale de l'économie numérique", "public_administration"),
    ("Agence des services numériques de l'État", "public_administration"),
    ("Télécoms du Fouta", "company"),
    ("Niger Fibre", "company"),
    ("Kankan Données", "company"),
    ("Djoliba Paiement", "startup"),
    ("Fouta AgriTech", "startup"),
    ("Nimba Santé mobile", "startup"),
    ("Université du Littoral", "education"),
    ("Lycée technique de la Basse-Côte", "education"),
    ("Association des développeuses et développeurs", "association"),
    ("Femmes et numérique", "association"),
    ("Incubateur Baobab", "incubator"),
    ("Pépinière du Milo", "incubator"),
    ("Programme INTEGRA", "donor"),
];

/// The spreadsheet that the organiser imports, as French Excel would save it.
pub fn roster() -> String {
    let mut csv = String::from("Nom;Courriel;Rôle;Organisation;Catégorie;Délégué\r\n");
    let mut line = |name: &str, email: &str, role: &str, organisation: &str, category: &str, delegate: &str| {
        csv.push_str(&format!(
            "{name};{email};{role};{organisation};{category};{delegate}\r\n"
        ));
    };
    line("Facilitateur", FACILITATOR, "facilitateur", "", "", "");
    line("Auditeur", AUDITOR, "auditeur", "", "", "");
    for number in 1..=PARTICIPANTS {
        let (organisation, category) = ORGANISATIONS[(number - 1) % ORGANISATIONS.len()];
        // The first of each organisation speaks for it.
        let delegate = if number <= ORGANISATIONS.len() { "oui" } else { "" };
        line(
            &format!("Participant {number:03}"),
            &address(number),
            "participant",
            organisation,
            category,
            delegate,
        );
    }
    csv
}
