//! On grades, their number and their medians.

use super::Say;

impl Say {
    /// On how many grades a mean rests.
    pub fn grades(self, number: u64) -> String {
        self.count(number, ["note", "notes"], ["grade", "grades"])
    }

    /// After the winner's name.
    pub fn with_median(self, median: &str) -> String {
        self.pick(
            format!(" avec la note médiane {median}"),
            format!(" with the median grade {median}"),
        )
    }

    pub fn median(self) -> &'static str {
        self.pick("Note médiane", "Median grade")
    }

    pub fn grade(self, grade: &str) -> String {
        self.pick(format!("Note {grade}"), format!("Grade {grade}"))
    }

    pub fn missing(self) -> &'static str {
        self.pick("Notes absentes", "Missing grades")
    }

    pub fn above(self, votes: u64) -> String {
        let votes = self.number(votes);
        self.pick(format!("{votes}\u{a0}au-dessus"), format!("{votes}\u{a0}above"))
    }

    pub fn below(self, votes: u64) -> String {
        let votes = self.number(votes);
        self.pick(format!("{votes}\u{a0}au-dessous"), format!("{votes}\u{a0}below"))
    }

    pub fn about_stacks(self) -> &'static str {
        self.pick(
            "Le trait marque la moitié des suffrages\u{a0}; la note médiane, encadrée, est celle qui s'y trouve. \
             Son signe dit si plus de suffrages sont au-dessus (+) ou non (−)\u{a0}; à note égale, + passe devant −, \
             puis de deux + celui qui en a le plus au-dessus, de deux − celui qui en a le moins au-dessous. \
             Une note absente compte comme la plus basse.",
            "The line marks half of the votes; the grade found there, framed, is the median. \
             Its sign tells whether more votes are above it (+) or not (−); of equal medians + is ahead of −, \
             then of two + the one with more above, of two − the one with fewer below. \
             A missing grade counts as the lowest.",
        )
    }

    /// Of two that all this does not tell apart.
    pub fn told_apart(self, [ahead, behind]: [String; 2], removed: u64, [next, other]: [&str; 2]) -> String {
        let removed = self.count(
            removed,
            ["note médiane retirée", "notes médianes retirées"],
            ["median", "medians"],
        );
        self.pick(
            format!(
                "Entre {ahead} et {behind}, rien de cela ne tranche\u{a0}: une fois {removed} à chacun, \
                 la suivante est {next} pour {ahead}, {other} pour {behind}."
            ),
            format!(
                "Between {ahead} and {behind} none of this decides: with {removed} taken away from each, \
                 the next one is {next} for {ahead}, {other} for {behind}."
            ),
        )
    }

    /// Of those of the lowest grade, how many gave none.
    pub fn missing_count(self, number: u64) -> String {
        self.count(
            number,
            ["note absente", "notes absentes"],
            ["missing grade", "missing grades"],
        )
    }

    pub fn grade_count(self, grade: &str, votes: u64) -> String {
        let votes = self.number(votes);
        self.pick(
            format!("note {grade}\u{a0}: {votes}"),
            format!("grade {grade}: {votes}"),
        )
    }
}
