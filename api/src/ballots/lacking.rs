//! What a person still lacks to be on the roll, in a sentence each: pure.
//!
//! The same sentence is read by the organiser of the person and by the person of themself, so none
//! says "you" or "they", and none takes a gender.

use serde::Serialize;
use utoipa::ToSchema;

use super::eligibility::{Eligibility, Facts, Unmet};
use super::entity::Unit;
use crate::attendance::{category_word, role_word};
use crate::http::Language;
use crate::registrations::{Role, State};

/// Something that a person lacks, with how far they have come.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"code": "sessions", "detail": "Séances suivies : 1 ; il en faut 2."}))]
pub struct Lack {
    pub code: Unmet,
    /// A sentence in the language of `Accept-Language`
    pub detail: String,
}

impl Eligibility {
    /// A sentence for each of these, which this person lacks.
    pub fn explained(&self, unmet: &[Unmet], unit: Unit, facts: &Facts, language: Language) -> Vec<Lack> {
        let lack = |code: &Unmet| Lack {
            code: *code,
            detail: self.detail(*code, unit, facts, language),
        };
        unmet.iter().map(lack).collect()
    }

    fn detail(&self, unmet: Unmet, unit: Unit, facts: &Facts, language: Language) -> String {
        let pick = |french: &str, english: &str| match language {
            Language::Fr => french.to_owned(),
            Language::En => english.to_owned(),
        };
        let short = |french: &str, english: &str, has: i64, needs: u32| match language {
            Language::Fr => format!("{french}\u{a0}: {has}\u{a0}; il en faut {needs}."),
            Language::En => format!("{english}: {has} of the {needs} required."),
        };
        let among = |[french, english]: [&str; 2], has: &str, wanted: Vec<&str>| {
            let wanted = wanted.join(", ");
            match language {
                Language::Fr => format!("{french}\u{a0}: {has}\u{a0}; ce scrutin est ouvert à\u{a0}: {wanted}."),
                Language::En => format!("{english}: {has}; this ballot is open to: {wanted}."),
            }
        };
        match unmet {
            Unmet::Role if facts.role == Role::Auditor => {
                pick("Les auditeurs ne votent jamais.", "Auditors never vote.")
            }
            Unmet::Role => among(
                ["Rôle", "Role"],
                role_word(facts.role, language),
                self.roles.iter().map(|role| role_word(*role, language)).collect(),
            ),
            Unmet::Confirmation => match facts.state {
                State::Requested => pick(
                    "Inscription demandée, pas encore acceptée.",
                    "Registration requested, not accepted yet.",
                ),
                State::Declined => pick("Invitation déclinée.", "Invitation declined."),
                State::Invited | State::Confirmed => {
                    pick("Invitation pas encore confirmée.", "Invitation not confirmed yet.")
                }
            },
            Unmet::Sessions => short(
                "Séances suivies",
                "Sessions attended",
                facts.sessions.into(),
                self.min_sessions,
            ),
            Unmet::Minutes => short(
                "Minutes de présence",
                "Minutes present",
                facts.seconds / 60,
                self.min_minutes,
            ),
            Unmet::Pledge if facts.adhered_before => pick(
                "Adhésion à une version antérieure de la charte\u{a0}; il faut adhérer à la version en vigueur.",
                "Pledged to an earlier version of the charter; the current one is required.",
            ),
            Unmet::Pledge if unit == Unit::Organisation => pick(
                "Pas d'adhésion à la charte de la coalition au nom de l'organisation.",
                "No pledge to the coalition's charter on behalf of the organisation.",
            ),
            Unmet::Pledge => pick(
                "Pas d'adhésion à la charte de la coalition.",
                "No pledge to the coalition's charter.",
            ),
            Unmet::Category => among(
                ["Catégorie", "Category"],
                facts
                    .category
                    .map_or(&*pick("aucune indiquée", "none given"), |category| {
                        category_word(category, language)
                    }),
                self.categories
                    .iter()
                    .map(|category| category_word(*category, language))
                    .collect(),
            ),
            Unmet::Selection => pick(
                "Pas parmi les personnes choisies pour ce scrutin.",
                "Not among the people chosen for this ballot.",
            ),
            Unmet::Delegate if facts.organised => pick(
                "Pas de délégation\u{a0}: une organisation vote par la seule personne qu'elle délègue.",
                "Not the delegate: an organisation votes by its delegate alone.",
            ),
            Unmet::Delegate => pick(
                "Sans organisation\u{a0}: dans ce scrutin, ce sont les organisations qui votent.",
                "Without an organisation: in this ballot organisations vote.",
            ),
            Unmet::Erased => pick("Compte effacé.", "Account erased."),
            Unmet::Frozen => pick(
                "Conditions remplies à présent, mais pas à l'ouverture, quand la liste a été figée.",
                "All conditions are met now, but were not at the opening, when the roll was frozen.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registrations::Category;
    use sea_orm::prelude::Uuid;

    #[test]
    fn every_lack_says_how_far_it_is() {
        let rule = Eligibility {
            roles: vec![Role::Participant, Role::Facilitator],
            min_sessions: 2,
            min_minutes: 60,
            adhered: Some(Uuid::from_u128(9)),
            any_charter: false,
            categories: vec![Category::Startup, Category::Education],
            registration_ids: vec![Uuid::from_u128(1)],
        };
        let lacking = Facts {
            registration_id: Uuid::from_u128(2),
            role: Role::Organiser,
            state: State::Invited,
            category: Some(Category::Company),
            sessions: 1,
            seconds: 3599,
            adheres: false,
            adhered_before: false,
            organised: true,
            delegate: false,
            erased: false,
        };
        let told = |unit, facts: &Facts, language| -> Vec<String> {
            let unmet = rule.unmet(unit, facts);
            let lacks = rule.explained(&unmet, unit, facts, language);
            assert_eq!(lacks.iter().map(|lack| lack.code).collect::<Vec<_>>(), unmet);
            lacks
                .into_iter()
                .map(|lack| lack.detail.replace('\u{a0}', " "))
                .collect()
        };
        assert_eq!(
            told(Unit::Organisation, &lacking, Language::Fr),
            [
                "Rôle : organisation ; ce scrutin est ouvert à : participation, animation.",
                "Invitation pas encore confirmée.",
                "Séances suivies : 1 ; il en faut 2.",
                "Minutes de présence : 59 ; il en faut 60.",
                "Pas d'adhésion à la charte de la coalition au nom de l'organisation.",
                "Catégorie : entreprise ; ce scrutin est ouvert à : start-up, éducation.",
                "Pas parmi les personnes choisies pour ce scrutin.",
                "Pas de délégation : une organisation vote par la seule personne qu'elle délègue.",
            ]
        );
        let otherwise = Facts {
            role: Role::Auditor,
            state: State::Declined,
            category: None,
            adhered_before: true,
            organised: false,
            erased: true,
            ..lacking
        };
        assert_eq!(
            told(Unit::Organisation, &otherwise, Language::En),
            [
                "Auditors never vote.",
                "Invitation declined.",
                "Sessions attended: 1 of the 2 required.",
                "Minutes present: 59 of the 60 required.",
                "Pledged to an earlier version of the charter; the current one is required.",
                "Category: none given; this ballot is open to: start-up, education.",
                "Not among the people chosen for this ballot.",
                "Without an organisation: in this ballot organisations vote.",
                "Account erased.",
            ]
        );
        let requested = Facts {
            state: State::Requested,
            ..lacking
        };
        let person = told(Unit::Person, &requested, Language::Fr);
        assert_eq!(person[1], "Inscription demandée, pas encore acceptée.");
        assert_eq!(person[4], "Pas d'adhésion à la charte de la coalition.");
    }
}
