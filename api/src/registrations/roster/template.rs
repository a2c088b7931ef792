//! The spreadsheet to fill in. With a byte-order mark and `;`, so that French Excel opens it well.

use crate::http::Language;

const FRENCH: &str = "\u{FEFF}\
Courriel;Nom complet;Rôle;Organisation;Catégorie;Délégué;Langue\r\n\
prenom.nom@example.org;Prénom Nom;participant;Nom de l’organisation;entreprise;oui;français\r\n\
autre.personne@example.org;Autre Personne;facilitateur;;autre;non;anglais\r\n";

const ENGLISH: &str = "\u{FEFF}\
Email;Full name;Role;Organisation;Category;Delegate;Language\r\n\
first.last@example.org;First Last;participant;Name of the organisation;company;yes;English\r\n\
another.person@example.org;Another Person;facilitator;;other;no;French\r\n";

/// A header and two examples to write over.
pub fn template(language: Language) -> Vec<u8> {
    match language {
        Language::Fr => FRENCH,
        Language::En => ENGLISH,
    }
    .as_bytes()
    .to_vec()
}
