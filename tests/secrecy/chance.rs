//! A generator that repeats itself, and what chance alone would guess right.

/// SplitMix64: the same numbers for the same seed, on every machine.
pub struct Seed(u64);

impl Seed {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next().to_be_bytes());
        }
        bytes
    }

    /// Fisher–Yates; the bias of the remainder is below one in 10^15.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.next() % (last as u64 + 1)).expect("an index");
            items.swap(last, other);
        }
    }
}

/// Who guesses nothing about a voter says this, which is never right.
pub const NOTHING: usize = usize::MAX;

/// As many right guesses as random pairing has in all but one of ten thousand cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    pub low: usize,
    pub high: usize,
}

impl Band {
    pub fn holds(&self, matches: usize) -> bool {
        (self.low..=self.high).contains(&matches)
    }
}

/// The band of 99.99 % for these guesses at that truth.
///
/// Paired at random, a guess of a choice is right with the share that the choice has of all. Taken
/// each by itself, the right guesses are a sum of independent trials, whose distribution is computed
/// exactly. In a pairing each vote is used once, which changes the variance by the factor n/(n−1)
/// where everybody is guessed and narrows it elsewhere; a thousand votes do not show it, as the test
/// below does.
pub fn band(guess: &[usize], truth: &[usize]) -> Band {
    quantiles(guess, truth, 0.0001)
}

fn quantiles(guess: &[usize], truth: &[usize], outside: f64) -> Band {
    let share = |class: usize| {
        let votes = truth.iter().filter(|choice| **choice == class).count();
        votes as f64 / truth.len() as f64
    };
    let classes = truth.iter().max().map_or(0, |last| last + 1);
    let shares: Vec<f64> = (0..classes).map(share).collect();
    // distribution[k]: how likely k right guesses are after those looked at so far.
    let mut distribution = vec![1.0];
    for class in guess.iter().filter(|class| **class != NOTHING) {
        let right = shares.get(*class).copied().unwrap_or_default();
        distribution.push(0.0);
        for matches in (0..distribution.len()).rev() {
            let before = if matches == 0 { 0.0 } else { distribution[matches - 1] };
            distribution[matches] = distribution[matches] * (1.0 - right) + before * right;
        }
    }
    let within = |tail: &mut dyn Iterator<Item = (usize, &f64)>| {
        let mut sum = 0.0;
        for (matches, likely) in tail {
            sum += likely;
            if sum > outside / 2.0 {
                return matches;
            }
        }
        0
    };
    Band {
        low: within(&mut distribution.iter().enumerate()),
        high: within(&mut distribution.iter().enumerate().rev()),
    }
}

pub fn matches(guess: &[usize], truth: &[usize]) -> usize {
    guess.iter().zip(truth).filter(|(guess, truth)| guess == truth).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(counts: &[usize]) -> Vec<usize> {
        let classes = counts.iter().enumerate();
        classes.flat_map(|(class, count)| vec![class; *count]).collect()
    }

    #[test]
    fn random_pairings_fall_outside_a_band_as_often_as_it_says() {
        let mut seed = Seed::new(7);
        for counts in [&[250, 250, 250, 250][..], &[300, 270, 230, 199, 1], &[500, 500]] {
            let truth = votes(counts);
            let mut guess = truth.clone();
            let narrow = quantiles(&guess, &truth, 0.01);
            let wide = band(&guess, &truth);
            let (mut outside_narrow, mut outside_wide) = (0, 0);
            for _ in 0..4000 {
                seed.shuffle(&mut guess);
                let matches = matches(&guess, &truth);
                outside_narrow += usize::from(!narrow.holds(matches));
                outside_wide += usize::from(!wide.holds(matches));
            }
            // 1 % of 4,000 is 40; what is discrete is a little below.
            assert!((10..=75).contains(&outside_narrow), "{counts:?}: {outside_narrow}");
            assert!(outside_wide <= 4, "{counts:?}: {outside_wide}");
        }
    }

    #[test]
    fn a_band_is_narrow_enough_to_see_a_leak() {
        let truth = votes(&[250, 250, 250, 250]);
        let found = band(&truth, &truth);
        assert!(found.low > 190 && found.high < 310, "{found:?}");
        let few: Vec<usize> = (0..1000)
            .map(|voter| if voter < 10 { truth[voter] } else { NOTHING })
            .collect();
        let found = band(&few, &truth);
        assert!(found.holds(3) && !found.holds(10), "{found:?}");
    }
}
