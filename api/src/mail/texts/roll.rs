//! The words of letters to everyone on a roll. They say the same to those who have voted and to those
//! who have not.

use super::Text;
use crate::http::Language;
use crate::instant::Instant;
use crate::workshops::calendar;

/// How much of a question a subject takes.
const SUBJECT: usize = 100;

pub struct Reminder<'a> {
    pub question: &'a str,
    pub title: &'a str,
    /// When it closes, if that is planned, as clocks in the workshop's time zone show it.
    pub closing: Option<(Instant, &'a str)>,
    pub link: &'a str,
}

pub fn reminder(language: Language, of: &Reminder<'_>) -> Text {
    let Reminder {
        question,
        title,
        closing,
        link,
    } = of;
    let shortened = shortened(question);
    let closing = closing.and_then(|(closes_at, zone)| Some((calendar::told(language, closes_at, zone)?, zone)));
    match language {
        Language::Fr => {
            let closing = closing.map_or_else(String::new, |(at, zone)| {
                format!("Le vote se termine le {at} ({zone}).\n\n")
            });
            Text {
                subject: format!("Rappel\u{a0}: {shortened}"),
                body: format!(
                    "Bonjour,\n\nDans l'atelier «\u{a0}{title}\u{a0}», un scrutin est ouvert et vous êtes sur la liste électorale\u{a0}:\n\n\
                     \u{20}   {question}\n\n{closing}\
                     Pour voter, ou pour vérifier que votre vote est bien enregistré\u{a0}:\n{link}\n\n\
                     Ce rappel va à toutes les personnes de la liste électorale, qu'elles aient voté ou non. \
                     Si vous avez voté, vous n'avez rien à faire.\n"
                ),
            }
        }
        Language::En => {
            let closing = closing.map_or_else(String::new, |(at, zone)| format!("Voting ends on {at} ({zone}).\n\n"));
            Text {
                subject: format!("Reminder: {shortened}"),
                body: format!(
                    "Hello,\n\nIn the workshop \"{title}\" a ballot is open and you are on the electoral roll:\n\n\
                     \u{20}   {question}\n\n{closing}\
                     To vote, or to check that your vote is recorded:\n{link}\n\n\
                     This reminder goes to everyone on the electoral roll, whether they have voted or not. \
                     If you have voted, there is nothing you need to do.\n"
                ),
            }
        }
    }
}

pub struct Published<'a> {
    pub question: &'a str,
    pub link: &'a str,
    /// Where the audit bundle is.
    pub bundle: &'a str,
    /// A signed note, whose every byte counts.
    pub checkpoint: &'a str,
}

/// One letter for everyone, French first: people can only compare what is the same.
pub fn result(of: &Published<'_>) -> Text {
    let Published {
        question,
        link,
        bundle,
        checkpoint,
    } = of;
    Text {
        subject: format!("Résultat · Result\u{a0}: {}", shortened(question)),
        body: format!(
            "[English below]\n\n\
             Bonjour,\n\nLe résultat de ce scrutin est publié\u{a0}:\n\n\
             \u{20}   {question}\n\n\
             Pour le voir\u{a0}:\n{link}\n\n\
             Gardez ce message\u{a0}: le point de contrôle, tout en bas, permet à quiconque de voir si quoi que ce soit a été changé \
             à ce scrutin depuis le dépouillement.\n\
             Toutes les personnes de la liste électorale, qu'elles aient voté ou non, reçoivent ce message, le même pour toutes\u{a0}: \
             comparez le vôtre avec celui d'autres personnes.\n\n\
             Pour contrôler, sur votre propre machine\u{a0}: enregistrez le point de contrôle, c'est-à-dire les lignes entre les deux \
             lignes de tirets, dans un fichier checkpoint.txt, et le dossier de contrôle, que l'API donne aux membres de l'atelier à \
             cette adresse, dans un fichier bundle.jsonl\u{a0}:\n{bundle}\n\
             Puis, sans réseau\u{a0}:\n\n\
             \u{20}   palabre verify bundle.jsonl --checkpoint checkpoint.txt\n\n\n\
             Hello,\n\nThe result of this ballot is published:\n\n\
             \u{20}   {question}\n\n\
             To see it:\n{link}\n\n\
             Keep this message: with the checkpoint at its end anyone can see whether anything of this ballot was changed since \
             the count.\n\
             Everyone on the electoral roll, whether they have voted or not, gets this message, the same for all: compare yours with \
             that of others.\n\n\
             To check, on your own machine: save the checkpoint, which is the lines between the two lines of dashes, as a file \
             checkpoint.txt, and the audit bundle, which the API gives to the workshop's members at this address, as a file \
             bundle.jsonl:\n{bundle}\n\
             Then, without network:\n\n\
             \u{20}   palabre verify bundle.jsonl --checkpoint checkpoint.txt\n\n\
             {BEFORE}\n{checkpoint}{AFTER}\n"
        ),
    }
}

const BEFORE: &str = "----- point de contrôle · checkpoint -----";
const AFTER: &str = "----- fin · end -----";

fn shortened(question: &str) -> String {
    if question.chars().count() <= SUBJECT {
        return question.to_owned();
    }
    let kept: String = question.chars().take(SUBJECT - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reminder_without_a_planned_closing_says_nothing_of_one() {
        let mut of = Reminder {
            question: "Quel logo ?",
            title: "Atelier",
            closing: None,
            link: "https://atelier.example.org/workshops/1",
        };
        for (language, words) in [(Language::Fr, "se termine"), (Language::En, "ends")] {
            assert!(!reminder(language, &of).body.contains(words));
            of.closing = Some((Instant::from_micros(0), "Africa/Conakry"));
            assert!(reminder(language, &of).body.contains(words));
            of.closing = None;
        }
    }

    #[test]
    fn a_checkpoint_stands_in_the_letter_byte_for_byte() {
        let checkpoint = "example.org/v1/ballots/x\n3\nAAAA\n\n— example.org/v1/ballots/x BBBB\n";
        let letter = result(&Published {
            question: "Quel logo ?",
            link: "https://atelier.example.org/workshops/1",
            bundle: "https://api.example.org/v1/ballots/1/audit",
            checkpoint,
        });
        let (_, rest) = letter.body.split_once(&format!("\n{BEFORE}\n")).unwrap();
        assert_eq!(rest.split_once(AFTER).unwrap().0, checkpoint);
    }

    #[test]
    fn a_subject_takes_no_more_than_the_beginning_of_a_question() {
        assert_eq!(shortened("Quel logo ?"), "Quel logo ?");
        let long = "é".repeat(99) + " a";
        assert_eq!(shortened(&long), "é".repeat(99) + "…");
    }
}
