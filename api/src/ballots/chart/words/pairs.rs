//! On orders and pairs.

use super::Say;

impl Say {
    /// Of those who win by comparison in pairs.
    pub fn by_pairs(self, beats_all: bool) -> &'static str {
        if beats_all {
            self.pick(
                ", en gagnant la comparaison avec chacun des autres",
                ", preferred to each of the others in turn",
            )
        } else {
            self.pick(
                " par les plus fortes chaînes de préférences",
                " by the strongest chains of preferences",
            )
        }
    }

    pub fn order(self) -> &'static str {
        self.pick("Classement", "Order")
    }

    pub fn pairs(self) -> &'static str {
        self.pick("Deux à deux", "Pair by pair")
    }

    pub fn about_pairs(self) -> &'static str {
        self.pick(
            "Chaque case\u{a0}: combien de suffrages préfèrent le choix de la ligne à celui de la colonne.",
            "Each cell: how many votes prefer the choice of the row to that of the column.",
        )
    }

    pub fn chains(self) -> &'static str {
        self.pick("Chaînes de préférences", "Chains of preferences")
    }

    pub fn about_chains(self) -> &'static str {
        self.pick(
            "Les paires ne suffisent pas à dire l'ordre. Une chaîne va de victoire en victoire et ne vaut que la plus \
             faible d'entre elles. Chaque case\u{a0}: la plus forte chaîne du choix de la ligne à celui de la colonne.",
            "The pairs alone do not tell the order. A chain goes from victory to victory and is only as strong as the \
             weakest of them. Each cell: the strongest chain from the choice of the row to that of the column.",
        )
    }

    pub fn chained(self, one: &str, other: &str, there: u64, back: u64) -> String {
        let (there, back) = (self.number(there), self.number(back));
        self.pick(
            format!("Plus forte chaîne de {one} à {other}\u{a0}: {there}, au retour\u{a0}: {back}."),
            format!("Strongest chain from {one} to {other}: {there}, the way back: {back}."),
        )
    }

    pub fn row_wins(self) -> &'static str {
        self.pick("la ligne l'emporte", "the row wins")
    }

    pub fn even(self) -> &'static str {
        self.pick("égalité", "a tie")
    }

    pub fn rank(self, rank: usize, shared: bool) -> String {
        let shared = if shared { self.pick(" ex æquo", " (tied)") } else { "" };
        format!("{rank}.{shared}")
    }

    pub fn preferred(self, one: &str, other: &str, votes: u64, against: u64) -> String {
        let (votes, against) = (self.number(votes), self.number(against));
        self.pick(
            format!("{one} face à {other}\u{a0}: {votes} contre {against}."),
            format!("{one} against {other}: {votes} to {against}."),
        )
    }

    pub fn pairs_left_out(self, shown: usize) -> String {
        self.pick(
            format!("Seuls les {shown} premiers sont comparés ici\u{a0}; tous le sont dans le tableau CSV."),
            format!("Only the first {shown} are compared here; all are in the CSV table."),
        )
    }
}
