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

    pub fn about_stacks(self) -> &'static str {
        self.pick(
            "Le trait marque la moitié des suffrages\u{a0}; la note médiane, encadrée, est celle qui s'y trouve. \
             Son signe dit si plus de suffrages sont au-dessus (+) ou non (−). Une note absente compte comme la plus basse.",
            "The line marks half of the votes; the grade found there, framed, is the median. \
             Its sign tells whether more votes are above it (+) or not (−). A missing grade counts as the lowest.",
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
