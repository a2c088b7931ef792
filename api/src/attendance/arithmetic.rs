//! What intervals of presence add up to: pure, in whole seconds, exact.

use crate::instant::Instant;

/// The seconds from `from` up to, but not including, `to`; none where `to` is not after `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    from: i64,
    to: i64,
}

impl Span {
    /// Of the whole seconds in which two instants lie. Instants count from one epoch whatever the
    /// clocks on the wall do, so a change to summer time adds and takes nothing.
    pub fn between(from: Instant, to: Instant) -> Self {
        Self {
            from: from.seconds(),
            to: to.seconds(),
        }
    }

    fn seconds(self) -> i64 {
        self.to.saturating_sub(self.from).max(0)
    }

    /// What of it lies in the window.
    fn clip(self, window: Self) -> Self {
        Self {
            from: self.from.max(window.from),
            to: self.to.min(window.to),
        }
    }
}

/// The same seconds in spans that are apart from each other, in order.
fn union(spans: impl IntoIterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.into_iter().filter(|span| span.seconds() > 0).collect();
    spans.sort_unstable();
    let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match apart.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => apart.push(span),
        }
    }
    apart
}

/// How many seconds of the window the spans cover, each second once.
pub fn counted(spans: impl IntoIterator<Item = Span>, window: Span) -> i64 {
    let inside = spans.into_iter().map(|span| span.clip(window));
    union(inside).into_iter().map(Span::seconds).sum()
}

/// `1:05:09`, for people who read a table.
pub fn h_mm_ss(seconds: i64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(from: i64, to: i64) -> Span {
        Span { from, to }
    }

    fn instants(from: &str, to: &str) -> Span {
        Span::between(from.parse().unwrap(), to.parse().unwrap())
    }

    #[test]
    fn intervals_merge_and_never_toggle() {
        let window = span(0, 100);
        for (spans, seconds) in [
            (vec![], 0),
            (vec![span(10, 20)], 10),
            (vec![span(10, 20), span(10, 20)], 10),
            (vec![span(10, 20), span(15, 30)], 20),
            (vec![span(10, 20), span(20, 30)], 20),
            (vec![span(10, 50), span(20, 30)], 40),
            (vec![span(-50, 10), span(90, 500)], 20),
            (vec![span(100, 200)], 0),
            (vec![span(30, 30), span(40, 35)], 0),
        ] {
            assert_eq!(counted(spans.clone(), window), seconds, "{spans:?}");
        }
        assert_eq!(counted([span(0, 10)], span(10, 0)), 0);
    }

    #[test]
    fn an_hour_that_no_clock_shows_is_not_counted() {
        // Europe/Paris, 28 March 2021: after 01:59:59 comes 03:00:00.
        let session = instants("2021-03-28T01:30:00+01:00", "2021-03-28T04:00:00+02:00");
        assert_eq!(counted([session], session), 5400);
        let over_the_change = instants("2021-03-28T01:59:59+01:00", "2021-03-28T03:00:01+02:00");
        assert_eq!(counted([over_the_change], session), 2);
        // The night of 31 October 2021 has the hour from 02:00 twice.
        let night = instants("2021-10-31T02:00:00+02:00", "2021-10-31T03:00:00+01:00");
        assert_eq!(counted([night], night), 7200);
    }

    #[test]
    fn fractions_of_a_second_belong_to_their_second() {
        let session = instants("2020-08-27T09:00:00Z", "2020-08-27T10:00:00Z");
        let stay = instants("2020-08-27T09:00:00.999999Z", "2020-08-27T09:00:01.000001Z");
        assert_eq!(counted([stay], session), 1);
    }

    #[test]
    fn durations_read_as_hours_minutes_seconds() {
        let shown = [0, 59, 60, 3_909, 36_000, 360_000].map(h_mm_ss);
        assert_eq!(
            shown,
            ["0:00:00", "0:00:59", "0:01:00", "1:05:09", "10:00:00", "100:00:00"]
        );
    }

    fn any_span() -> impl Strategy<Value = Span> {
        (-60..160i64, -5..80i64).prop_map(|(from, length)| span(from, from + length))
    }

    fn any_spans() -> impl Strategy<Value = Vec<Span>> {
        prop::collection::vec(any_span(), 0..8)
    }

    fn any_window() -> impl Strategy<Value = Span> {
        (0..60i64, -5..60i64).prop_map(|(from, length)| span(from, from + length))
    }

    proptest! {
        #[test]
        fn equals_counting_second_by_second(spans in any_spans(), window in any_window()) {
            let one_by_one = (window.from..window.to)
                .filter(|second| spans.iter().any(|span| (span.from..span.to).contains(second)))
                .count();
            prop_assert_eq!(counted(spans, window), i64::try_from(one_by_one).unwrap());
        }

        #[test]
        fn order_does_not_matter(
            (spans, shuffled) in any_spans().prop_flat_map(|spans| (Just(spans.clone()), Just(spans).prop_shuffle())),
            window in any_window(),
        ) {
            prop_assert_eq!(counted(spans, window), counted(shuffled, window));
        }

        #[test]
        fn one_more_interval_never_lowers_the_sum(spans in any_spans(), more in any_span(), window in any_window()) {
            let before = counted(spans.clone(), window);
            let after = counted(spans.into_iter().chain([more]), window);
            prop_assert!(before <= after && after <= before + more.seconds());
        }

        #[test]
        fn the_sum_fits_into_the_window(spans in any_spans(), window in any_window()) {
            prop_assert!((0..=window.seconds()).contains(&counted(spans, window)));
        }

        #[test]
        fn splitting_an_interval_changes_nothing(
            mut spans in any_spans(), whole in any_span(), at in 0..80i64, window in any_window(),
        ) {
            let middle = (whole.from + at).min(whole.to.max(whole.from));
            let mut split = spans.clone();
            split.extend([span(whole.from, middle), span(middle, whole.to)]);
            spans.push(whole);
            prop_assert_eq!(counted(spans, window), counted(split, window));
        }

        #[test]
        fn the_union_is_apart_and_in_order(spans in any_spans()) {
            let apart = union(spans);
            prop_assert!(apart.iter().all(|span| span.from < span.to));
            prop_assert!(apart.windows(2).all(|pair| pair[0].to < pair[1].from));
        }
    }
}
