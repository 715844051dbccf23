//! Numbers as a line of small bars.

const MARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One mark a value, its height the share of the largest; a blank where there is no value.
pub fn sparkline(values: &[Option<f64>]) -> String {
    let largest = values.iter().flatten().fold(0.0_f64, |largest, value| largest.max(*value));
    let mark = |value: &Option<f64>| match value {
        None => ' ',
        Some(value) if largest > 0.0 => MARKS[height(value.max(0.0) / largest)],
        Some(_) => MARKS[0],
    };
    values.iter().map(mark).collect()
}

/// The values in at most this many groups: the mean of each.
pub fn resample(values: &[Option<f64>], groups: usize) -> Vec<Option<f64>> {
    let length = values.len().div_ceil(groups.max(1)).max(1);
    let mean = |group: &[Option<f64>]| {
        let present: Vec<f64> = group.iter().flatten().copied().collect();
        (!present.is_empty()).then(|| present.iter().sum::<f64>() / number(present.len() as u64))
    };
    values.chunks(length).map(mean).collect()
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub const fn number(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of one is a small number, and never negative"
)]
fn height(share: f64) -> usize {
    let top = MARKS.len() - 1;
    ((share * top as f64) as usize).min(top)
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    fn check(values: &[i32], expected: &str) {
        let values: Vec<_> = values.iter().map(|value| (*value >= 0).then(|| f64::from(*value))).collect();
        assert_eq!(sparkline(&values), expected);
    }

    #[test]
    fn a_sparkline_rises_to_the_largest_value() {
        check(&[], "");
        check(&[0], "▁");
        check(&[5], "█");
        check(&[0, 50, -1, 100], "▁▄ █");
    }
}
