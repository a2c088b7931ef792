//! Numbers as people write them, in whole arithmetic.

use std::cmp::Ordering;

use crate::http::Language;

/// A number that need not be whole; with a denominator of 0 it says nothing and counts as 0.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    pub numerator: u64,
    pub denominator: u64,
}

impl Ratio {
    pub fn new(numerator: u64, denominator: u64) -> Self {
        Self { numerator, denominator }
    }

    /// Whether it is a number at all.
    pub fn says_something(self) -> bool {
        self.denominator > 0
    }

    /// `self / whole`, of a length in units, as hundredths of a unit; never more than the length.
    pub fn share_of(self, whole: Self, length: u32) -> u64 {
        let length = u128::from(length) * 100;
        let (part, all) = self.crossed(whole);
        let share = if part < all {
            // Room for the multiplication; what is lost is far below a hundredth.
            let excess = 20_u32.saturating_sub(all.leading_zeros());
            ((part >> excess) * length).checked_div(all >> excess).unwrap_or(0)
        } else if part > 0 {
            length
        } else {
            0
        };
        u64::try_from(share).unwrap_or(0)
    }

    /// What compares with each other as the two numbers do.
    fn crossed(self, other: Self) -> (u128, u128) {
        let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
        if self.denominator == 0 || other.denominator == 0 {
            let sole = |ratio: Self| u128::from(if ratio.denominator == 0 { 0 } else { ratio.numerator });
            return (sole(self), sole(other));
        }
        (
            product(self.numerator, other.denominator),
            product(other.numerator, self.denominator),
        )
    }

    /// How many decimals it takes to write it, up to so many.
    pub fn decimals(self, most: u8) -> u8 {
        let part = u128::from(self.numerator);
        let exact = |decimals: &u8| {
            let rest = (part * 10_u128.pow((*decimals).into())).checked_rem(self.denominator.into());
            rest.is_none_or(|rest| rest == 0)
        };
        (0..most).find(exact).unwrap_or(most)
    }
}

impl From<u64> for Ratio {
    fn from(numerator: u64) -> Self {
        Self::new(numerator, 1)
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two) = self.crossed(*other);
        one.cmp(&two)
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

/// How a language groups digits and marks decimals.
#[derive(Clone, Copy)]
pub struct Numerals {
    group: &'static str,
    mark: &'static str,
    percent: &'static str,
}

/// For people.
pub fn numerals(language: Language) -> Numerals {
    match language {
        Language::Fr => Numerals {
            group: "\u{202f}",
            mark: ",",
            percent: "\u{202f}%",
        },
        Language::En => Numerals {
            group: ",",
            mark: ".",
            percent: "%",
        },
    }
}

/// For spreadsheets, which want digits undivided.
pub fn undivided(language: Language) -> Numerals {
    Numerals {
        group: "",
        percent: "",
        ..numerals(language)
    }
}

impl Numerals {
    pub fn whole(self, number: impl Into<u128>) -> String {
        let digits = number.into().to_string();
        let mut written = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                written.push_str(self.group);
            }
            written.push(digit);
        }
        written
    }

    /// With so many decimals, half rounded up.
    pub fn decimal(self, ratio: Ratio, decimals: u8) -> String {
        let scale = 10_u128.pow(decimals.into());
        let (part, all) = (u128::from(ratio.numerator), u128::from(ratio.denominator));
        self.scaled((part * scale * 2 + all).checked_div(all * 2).unwrap_or(0), decimals)
    }

    /// A number of tenths, hundredths, …
    fn scaled(self, number: u128, decimals: u8) -> String {
        let scale = 10_u128.pow(decimals.into());
        let whole = self.whole(number / scale);
        if decimals == 0 {
            return whole;
        }
        let (rest, width) = (number % scale, usize::from(decimals));
        format!("{whole}{}{rest:0width$}", self.mark)
    }

    /// One decimal; to people, neither nothing nor everything is claimed of what is only nearly so.
    pub fn percent(self, part: u64, whole: u64) -> Option<String> {
        if whole == 0 {
            return None;
        }
        let (part, whole) = (u128::from(part), u128::from(whole));
        let thousandths = (part * 2000 + whole) / (whole * 2);
        let (nearly, told) = match thousandths {
            _ if self.percent.is_empty() => ("", thousandths),
            0 if part > 0 => ("<\u{a0}", 1),
            1000 if part < whole => (">\u{a0}", 999),
            exact => ("", exact),
        };
        Some(format!("{nearly}{}{}", self.scaled(told, 1), self.percent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FR: Language = Language::Fr;
    const EN: Language = Language::En;

    #[test]
    fn digits_are_grouped_as_the_language_does() {
        for (number, french, english) in [
            (0_u64, "0", "0"),
            (999, "999", "999"),
            (1000, "1\u{202f}000", "1,000"),
            (12_345_678, "12\u{202f}345\u{202f}678", "12,345,678"),
        ] {
            assert_eq!(numerals(FR).whole(number), french);
            assert_eq!(numerals(EN).whole(number), english);
        }
        assert_eq!(undivided(FR).whole(12_345_678_u64), "12345678");
    }

    #[test]
    fn percentages_are_rounded_but_never_to_all_or_nothing() {
        for (part, whole, french) in [
            (22, 39, "56,4\u{202f}%"),
            (1, 2, "50,0\u{202f}%"),
            (1, 8, "12,5\u{202f}%"),
            (1, 16, "6,3\u{202f}%"),
            (0, 39, "0,0\u{202f}%"),
            (39, 39, "100,0\u{202f}%"),
            (1, 10_000, "<\u{a0}0,1\u{202f}%"),
            (9_999, 10_000, ">\u{a0}99,9\u{202f}%"),
        ] {
            assert_eq!(numerals(FR).percent(part, whole).as_deref(), Some(french));
        }
        assert_eq!(numerals(EN).percent(22, 39).as_deref(), Some("56.4%"));
        assert_eq!(undivided(FR).percent(22, 39).as_deref(), Some("56,4"));
        assert_eq!(undivided(FR).percent(1, 10_000).as_deref(), Some("0,0"));
        assert_eq!(numerals(FR).percent(0, 0), None);
    }

    #[test]
    fn decimals_are_rounded_half_up() {
        for (number, decimals, english) in [
            (Ratio::new(17, 4), 2, "4.25"),
            (Ratio::new(4, 1), 2, "4.00"),
            (Ratio::new(2, 3), 2, "0.67"),
            (Ratio::new(1, 200), 2, "0.01"),
            (Ratio::new(1999, 1000), 2, "2.00"),
            (Ratio::new(2001, 2), 1, "1,000.5"),
            (Ratio::new(7, 2), 0, "4"),
            (Ratio::new(7, 0), 2, "0.00"),
        ] {
            assert_eq!(numerals(EN).decimal(number, decimals), english);
        }
    }

    proptest! {
        #[test]
        fn a_share_is_in_proportion(part in 0_u64.., whole in 1_u64.., a in 1_u64..1000, b in 1_u64..1000, length in 0_u32..1000) {
            let share = Ratio::new(part, a).share_of(Ratio::new(whole, b), length);
            let exact = f64::from(length) * 100.0 * (part as f64 / a as f64) / (whole as f64 / b as f64);
            prop_assert!(share <= u64::from(length) * 100);
            prop_assert!((share as f64 - exact.min(f64::from(length) * 100.0)).abs() <= 1.0);
        }

        #[test]
        fn ratios_compare_as_numbers(a in 0_u64..50, b in 1_u64..50, c in 0_u64..50, d in 1_u64..50) {
            prop_assert_eq!(Ratio::new(a, b).cmp(&Ratio::new(c, d)), (a * d).cmp(&(c * b)));
            prop_assert_eq!(Ratio::new(a, b) == Ratio::new(a * 7, b * 7), true);
        }
    }
}
