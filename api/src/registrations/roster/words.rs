//! The words that cells of fixed meaning may hold, in French and in English.

use super::text::key;
use crate::http::Language;
use crate::registrations::entity::{Category, Role};

pub(super) fn role(cell: &str) -> Option<Role> {
    Some(match key(cell).as_str() {
        "organiser"
        | "organizer"
        | "organisateur"
        | "organisatrice"
        | "organisateurorganisatrice"
        | "organisateurtrice"
        | "organisateurrice" => Role::Organiser,
        "facilitator"
        | "facilitateur"
        | "facilitatrice"
        | "facilitateurfacilitatrice"
        | "facilitateurtrice"
        | "facilitateurrice" => Role::Facilitator,
        "participant" | "participante" | "participantparticipante" => Role::Participant,
        "auditor" | "auditeur" | "auditrice" | "auditeurauditrice" | "auditeurtrice" | "auditeurrice" => Role::Auditor,
        _ => return None,
    })
}

pub(super) fn category(cell: &str) -> Option<Category> {
    Some(match key(cell).as_str() {
        "publicadministration" | "administration" | "administrationpublique" => Category::PublicAdministration,
        "company" | "entreprise" => Category::Company,
        "startup" | "jeunepousse" => Category::Startup,
        "education" | "educationnationale" | "enseignement" => Category::Education,
        "association" => Category::Association,
        "incubator" | "incubateur" => Category::Incubator,
        "donor" | "bailleur" | "bailleurdefonds" | "donateur" => Category::Donor,
        "other" | "autre" => Category::Other,
        _ => return None,
    })
}

/// A tag (`fr`, `fr-GN`, `fr_FR`) or the name of the language.
pub(super) fn language(cell: &str) -> Option<Language> {
    let word = cell.split(['-', '_']).next().unwrap_or(cell);
    Some(match key(word).as_str() {
        "fr" | "francais" | "french" => Language::Fr,
        "en" | "anglais" | "english" => Language::En,
        _ => return None,
    })
}

/// `vrai` and `faux` are what French Excel makes of a ticked cell.
pub(super) fn yes_or_no(cell: &str) -> Option<bool> {
    Some(match key(cell).as_str() {
        "yes" | "oui" | "y" | "o" | "1" | "x" | "true" | "vrai" => true,
        "no" | "non" | "n" | "0" | "false" | "faux" => false,
        _ => return None,
    })
}
