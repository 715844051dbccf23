//! Stretches of days, which a listing that is too long is split by.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::Date;

/// Days in a row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Days {
    pub from: Date,
    pub to: Date,
}

impl Days {
    /// From this many days before `today` to this many after it.
    pub fn around(today: Date, back: u16, ahead: u16) -> Self {
        Self { from: today.saturating_sub(i32::from(back).days()), to: today.saturating_add(i32::from(ahead).days()) }
    }

    pub fn contain(self, day: Date) -> bool {
        (self.from..=self.to).contains(&day)
    }

    /// The two halves; `None` where it is a single day.
    pub fn halves(self) -> Option<[Self; 2]> {
        let length = self.to.since(self.from).ok()?.get_days();
        let middle = self.from.saturating_add((length / 2).days());
        let second = middle.tomorrow().ok().filter(|second| *second <= self.to)?;
        Some([Self { to: middle, ..self }, Self { from: second, ..self }])
    }
}

impl fmt::Display for Days {
    /// As ISO 8601 writes an interval.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use proptest::prelude::*;

    use super::Days;

    fn check(from: Date, to: Date, expected: Option<(Date, Date)>) {
        let halves = Days { from, to }.halves();
        assert_eq!(halves.map(|[first, second]| (first.to, second.from)), expected);
    }

    #[test]
    fn a_stretch_is_halved_until_it_is_a_day() {
        let day = |day| date(2024, 2, day);
        check(day(1), day(10), Some((day(5), day(6))));
        check(day(28), day(29), Some((day(28), day(29))));
        check(day(29), day(29), None);
        check(day(29), day(28), None);
        check(Date::MAX, Date::MAX, None);
        assert!(Days::around(day(15), 5, 5).contain(day(20)) && !Days::around(day(15), 5, 5).contain(day(21)));
    }

    proptest! {
        #[test]
        fn no_day_is_lost_or_doubled(start in 0_i32..20_000, length in 0_i32..400) {
            let from = date(1990, 1, 1) + jiff::Span::new().days(start);
            let mut stack = vec![Days { from, to: from + jiff::Span::new().days(length) }];
            let mut days = Vec::new();
            while let Some(stretch) = stack.pop() {
                match stretch.halves() {
                    Some([first, second]) => stack.extend([second, first]),
                    None => days.push(stretch.from),
                }
            }
            prop_assert_eq!(days.len(), usize::try_from(length).unwrap() + 1);
            prop_assert!(days.windows(2).all(|pair| pair[0].tomorrow().unwrap() == pair[1]));
        }
    }
}
