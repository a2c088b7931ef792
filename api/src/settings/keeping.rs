//! How long personal data are kept, where an operator may choose.

use std::collections::BTreeMap;
use std::fmt;

use super::Invalid;

/// In days; none: until someone removes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Letters that were sent or given up, from then on.
    pub letters: Option<u32>,
    /// When somebody was signed in, from the end of the sign-in on.
    pub sign_ins: Option<u32>,
    /// Who took part in a workshop, from its last day on.
    pub workshops: Option<u32>,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            letters: Some(365),
            sign_ins: Some(90),
            // Who adhered and who voted is what a workshop is held for. That nobody is named any more
            // is decided by whoever answers for it, not by a default that nobody read.
            workshops: None,
        }
    }
}

impl fmt::Display for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = |days: Option<u32>| days.map_or_else(|| "for good".to_owned(), |days| format!("{days} days"));
        let [letters, sign_ins, workshops] = [self.letters, self.sign_ins, self.workshops].map(days);
        write!(
            f,
            "letters {letters}, sign-ins {sign_ins}, names in workshops {workshops}"
        )
    }
}

#[derive(clap::Args, Clone, Default)]
pub struct KeepingFlags {
    /// Days for which letters that were sent are kept, or `never` to remove none [default: 365]
    #[arg(long, env = "PALABRE_KEEP_LETTERS_DAYS", global = true, value_name = "DAYS")]
    keep_letters_days: Option<String>,
    /// Days for which it is kept when somebody was signed in, or `never` to remove none [default: 90]
    #[arg(long, env = "PALABRE_KEEP_SIGN_INS_DAYS", global = true, value_name = "DAYS")]
    keep_sign_ins_days: Option<String>,
    /// Days after its last day for which a workshop names who took part; then it is archived, and
    /// people without a place elsewhere are erased. `never` to keep them [default: never]
    #[arg(long, env = "PALABRE_KEEP_WORKSHOPS_DAYS", global = true, value_name = "DAYS")]
    keep_workshops_days: Option<String>,
}

impl KeepingFlags {
    pub fn resolve(&self, file: &BTreeMap<String, String>) -> Result<Keeping, Invalid> {
        let days = |flag: &Option<String>, name: &str, default| match flag.as_ref().or_else(|| file.get(name)) {
            None => Ok(default),
            Some(text) => days(name, text),
        };
        let default = Keeping::default();
        Ok(Keeping {
            letters: days(&self.keep_letters_days, "PALABRE_KEEP_LETTERS_DAYS", default.letters)?,
            sign_ins: days(&self.keep_sign_ins_days, "PALABRE_KEEP_SIGN_INS_DAYS", default.sign_ins)?,
            workshops: days(
                &self.keep_workshops_days,
                "PALABRE_KEEP_WORKSHOPS_DAYS",
                default.workshops,
            )?,
        })
    }
}

fn days(name: &str, text: &str) -> Result<Option<u32>, Invalid> {
    if text == "never" {
        return Ok(None);
    }
    match text.parse() {
        Ok(days @ 1..=36_500) => Ok(Some(days)),
        _ => Err(Invalid(format!(
            "{name}: {text:?} is neither a number of days, 1 to 36500, nor `never`"
        ))),
    }
}
