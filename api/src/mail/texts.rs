//! The words of letters, in French and English. Plain text: it arrives everywhere.

mod roll;

use crate::http::Language;
pub use roll::{Published, Reminder, reminder, result};

pub struct Text {
    pub subject: String,
    pub body: String,
}

pub fn sign_in_code(language: Language, code: &str) -> Text {
    let (first, last) = code.split_at(4.min(code.len()));
    match language {
        Language::Fr => Text {
            subject: "Votre code de connexion".into(),
            body: format!(
                "Bonjour,\n\nVotre code de connexion :\n\n    {first} {last}\n\nIl est valable 30 minutes et ne sert qu'une fois. \
                 Ne le communiquez à personne.\nSi vous n'avez rien demandé, ignorez ce message.\n"
            ),
        },
        Language::En => Text {
            subject: "Your sign-in code".into(),
            body: format!(
                "Hello,\n\nYour sign-in code:\n\n    {first} {last}\n\nIt is good for 30 minutes and for one use. \
                 Do not give it to anyone.\nIf you did not ask for it, ignore this message.\n"
            ),
        },
    }
}

/// A place in a workshop, and the workshop.
pub struct Place<'a> {
    pub name: &'a str,
    pub title: &'a str,
    pub host: &'a str,
    pub first_day: &'a str,
    pub last_day: &'a str,
    pub link: &'a str,
}

pub fn invitation(language: Language, of: &Place<'_>) -> Text {
    let Place {
        name,
        title,
        host,
        first_day,
        last_day,
        link,
    } = of;
    let by = if host.is_empty() {
        String::new()
    } else {
        format!(" ({host})")
    };
    match language {
        Language::Fr => Text {
            subject: format!("Invitation : {title}"),
            body: format!(
                "Bonjour {name},\n\nVous êtes invité(e) à l'atelier « {title} »{by}, du {first_day} au {last_day}.\n\n\
                 Pour confirmer votre participation ou la décliner :\n{link}\n\n\
                 Connectez-vous avec cette adresse électronique : un code vous sera envoyé, il n'y a pas de mot de passe.\n"
            ),
        },
        Language::En => Text {
            subject: format!("Invitation: {title}"),
            body: format!(
                "Hello {name},\n\nYou are invited to the workshop \"{title}\"{by}, from {first_day} to {last_day}.\n\n\
                 To confirm or decline:\n{link}\n\n\
                 Sign in with this e-mail address: a code will be sent to you, there is no password.\n"
            ),
        },
    }
}

/// Without the code: whoever asked for it holds it in their hands.
pub fn in_person_code(language: Language, of: &Place<'_>) -> Text {
    let Place { name, title, link, .. } = of;
    match language {
        Language::Fr => Text {
            subject: format!("Un code de connexion a été fait pour vous : {title}"),
            body: format!(
                "Bonjour {name},\n\nL'équipe de l'atelier « {title} » vient de faire pour vous un code de connexion à remettre en \
                 main propre.\nIl ouvre cet atelier à votre nom pendant un jour ; il ne permet ni de voter, ni de toucher à votre \
                 compte.\n\nVous n'avez rien demandé sur place ? Connectez-vous avec un code reçu par courriel : tout ce qui a été \
                 ouvert ainsi se ferme aussitôt.\n{link}\n"
            ),
        },
        Language::En => Text {
            subject: format!("A sign-in code was made for you: {title}"),
            body: format!(
                "Hello {name},\n\nThe team of the workshop \"{title}\" has just made a sign-in code for you, to be handed over in \
                 person.\nIt opens this workshop in your name for a day; it neither votes nor touches your account.\n\n\
                 You did not ask for it on the spot? Sign in with a code from the mail: all that was opened in this way closes at \
                 once.\n{link}\n"
            ),
        },
    }
}

pub struct OpeningRefused<'a> {
    pub question: &'a str,
    pub title: &'a str,
    /// The code of why.
    pub reason: &'a str,
    pub link: &'a str,
}

pub fn opening_refused(language: Language, of: &OpeningRefused<'_>) -> Text {
    let OpeningRefused {
        question,
        title,
        reason,
        link,
    } = of;
    let why = why_not_opened(language, reason);
    match language {
        Language::Fr => Text {
            subject: format!("Le scrutin ne s'est pas ouvert : {title}"),
            body: format!(
                "Bonjour,\n\nDans l'atelier « {title} », l'heure d'ouverture de ce scrutin est venue, mais il ne s'est pas ouvert :\n\n\
                 \u{20}   {question}\n\n{why}\n\n\
                 Il reste en préparation et personne ne peut voter. Une fois la cause levée, ouvrez-le vous-même, ou modifiez-le \
                 (une nouvelle heure d'ouverture, par exemple) : il sera essayé de nouveau.\n{link}\n"
            ),
        },
        Language::En => Text {
            subject: format!("The ballot did not open: {title}"),
            body: format!(
                "Hello,\n\nIn the workshop \"{title}\", the time has come for this ballot to open, but it did not open:\n\n\
                 \u{20}   {question}\n\n{why}\n\n\
                 It stays in draft and nobody can vote. Once the cause is removed, open it yourself, or change it \
                 (a new opening time, for example): it will be tried again.\n{link}\n"
            ),
        },
    }
}

/// What keeps a ballot from opening by itself, said to whoever can mend it.
fn why_not_opened(language: Language, reason: &str) -> &'static str {
    let (fr, en) = match reason {
        "workshop_not_published" => (
            "L'atelier n'est pas publié, ou il est archivé.",
            "The workshop is not published, or it is archived.",
        ),
        "ballot_needs_candidates" => ("Il faut au moins deux candidats.", "It needs at least two candidates."),
        "ballot_needs_logos" => (
            "C'est un scrutin de logo, et il manque l'image d'un candidat au moins.",
            "It is a logo ballot, and the image of at least one candidate is missing.",
        ),
        "ballot_closing_passed" => (
            "L'heure de clôture prévue est déjà passée.",
            "The planned closing time has already passed.",
        ),
        "ballot_needs_voters" => (
            "Personne ne remplit les conditions de vote.",
            "Nobody meets the eligibility rule.",
        ),
        "ballot_small_roll" => (
            "Moins de cinq personnes sont sur la liste électorale : le résultat pourrait révéler des votes. \
             Vous seul pouvez décider d'ouvrir malgré cela.",
            "Fewer than five people are on the roll: the result could betray votes. Only you can decide to open all the same.",
        ),
        _ => (
            "Le scrutin ne remplit pas une des conditions d'ouverture.",
            "The ballot does not meet one of the conditions for opening.",
        ),
    };
    match language {
        Language::Fr => fr,
        Language::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Code;

    #[test]
    fn every_refusal_of_an_opening_has_words_of_its_own() {
        for code in [
            Code::WorkshopNotPublished,
            Code::BallotNeedsCandidates,
            Code::BallotNeedsLogos,
            Code::BallotNeedsVoters,
            Code::BallotSmallRoll,
            Code::BallotClosingPassed,
        ] {
            for language in [Language::Fr, Language::En] {
                let words = why_not_opened(language, code.as_str());
                assert_ne!(words, why_not_opened(language, "anything else"), "{code:?}");
            }
        }
    }
}
