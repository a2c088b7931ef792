//! The words that cells of fixed meaning may hold, in French and in English.

use super::text::key;

/// A role as a roster gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RosterRole {
    Organiser,
    Facilitator,
    #[default]
    Participant,
    Auditor,
}

impl RosterRole {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organiser => "organiser",
            Self::Facilitator => "facilitator",
            Self::Participant => "participant",
            Self::Auditor => "auditor",
        }
    }
}

pub(super) fn role(cell: &str) -> Option<RosterRole> {
    Some(match key(cell).as_str() {
        "organiser"
        | "organizer"
        | "organisateur"
        | "organisatrice"
        | "organisateurorganisatrice"
        | "organisateurtrice"
        | "organisateurrice" => RosterRole::Organiser,
        "facilitator"
        | "facilitateur"
        | "facilitatrice"
        | "facilitateurfacilitatrice"
        | "facilitateurtrice"
        | "facilitateurrice" => RosterRole::Facilitator,
        "participant" | "participante" | "participantparticipante" => RosterRole::Participant,
        "auditor" | "auditeur" | "auditrice" | "auditeurauditrice" | "auditeurtrice" | "auditeurrice" => {
            RosterRole::Auditor
        }
        _ => return None,
    })
}

/// The kinds of organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    PublicAdministration,
    Company,
    Startup,
    Education,
    Association,
    Incubator,
    Donor,
    Other,
}

impl Category {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PublicAdministration => "public_administration",
            Self::Company => "company",
            Self::Startup => "startup",
            Self::Education => "education",
            Self::Association => "association",
            Self::Incubator => "incubator",
            Self::Donor => "donor",
            Self::Other => "other",
        }
    }
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

/// The language in which a person is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Fr,
    En,
}

impl Language {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }
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
