//! The shapes of a chart as SVG. Its words and numbers are HTML beside it: they keep their size where it shrinks.
//!
//! Colours are numbers here; the page's style knows what each is in light and in dark.

use maud::{Markup, html};

use crate::present::Severity;
use crate::present::page::{Chart, Series, Shape, Unit};

pub const VIEW_BOX: &str = "0 0 1200 320";

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 320.0;
/// Room above and below, so that no line is cut.
const MARGIN: f64 = 6.0;
const DOT_RADIUS: u8 = 7;
/// Between two bars, of the width of one.
const GAP: f64 = 0.12;
/// The plain colours of the palette.
const PALETTE: usize = 8;
const GRID_COLOUR: u8 = 20;

/// The number of a series' colour in the style: 1 to 8 of the palette, then good, bad and warning.
pub fn colour(index: usize, series: &Series) -> u8 {
    match series.severity {
        Severity::Plain => u8::try_from(index % PALETTE).unwrap_or_default() + 1,
        Severity::Good => 11,
        Severity::Bad => 12,
        Severity::Warning => 13,
    }
}

/// The value at the upper edge: a round number that nothing exceeds.
pub fn top(chart: &Chart) -> f64 {
    let slots = chart.series.iter().map(|series| series.values.len()).max().unwrap_or_default();
    let at = |slot: usize| chart.series.iter().filter_map(move |series| series.values.get(slot).copied().flatten());
    let highest = match chart.shape {
        Shape::Lines => (0..slots).flat_map(at).fold(0.0, f64::max),
        Shape::Stacked | Shape::StackedLevels => (0..slots).map(|slot| at(slot).sum()).fold(0.0, f64::max),
    };
    if chart.unit == Unit::Share { 1.0 } else { round_up(highest) }
}

fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    // A quotient may be a hair above the step that it is.
    steps.iter().map(|step| step * power).find(|step| *step >= value * (1.0 - 1e-9)).unwrap_or(value)
}

/// The shapes, without the element around them.
pub fn draw(chart: &Chart, top: f64) -> Markup {
    let slots = chart.series.iter().map(|series| series.values.len()).max().unwrap_or_default();
    let x = |at: f64| at * WIDTH / place(slots.max(1));
    let y = |value: f64| HEIGHT - MARGIN - value / top * (HEIGHT - 2.0 * MARGIN);
    let grid = [0.0, 0.5, 1.0].map(|share| [(0.0, y(top * share)), (WIDTH, y(top * share))]);
    let mut shapes: Vec<Markup> = grid.into_iter().map(|points| line(GRID_COLOUR, points)).collect();
    let mut below = vec![0.0; slots];
    for (index, series) in chart.series.iter().enumerate() {
        let colour = colour(index, series);
        match chart.shape {
            Shape::Lines => {
                for run in runs(&series.values) {
                    let points = run.iter().map(|(slot, value)| (x(place(*slot) + 0.5), y(*value)));
                    match run.as_slice() {
                        [_] => shapes.extend(points.map(|point| dot(colour, point))),
                        _ => shapes.push(line(colour, points)),
                    }
                }
            }
            Shape::Stacked | Shape::StackedLevels => {
                for (slot, value) in series.values.iter().enumerate() {
                    let Some(value) = value.filter(|value| *value > 0.0) else { continue };
                    let (left, right) = (x(place(slot) + GAP), x(place(slot + 1) - GAP));
                    let (upper, lower) = (y(below[slot] + value), y(below[slot]));
                    below[slot] += value;
                    shapes.push(bar(colour, (left, upper), (right - left, lower - upper)));
                }
            }
        }
    }
    html! { @for shape in shapes { (shape) } }
}

fn line(colour: u8, points: impl IntoIterator<Item = (f64, f64)>) -> Markup {
    let points: Vec<String> = points.into_iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    html! { polyline points=(points.join(" ")) fill="none" stroke=(paint(colour)) {} }
}

fn dot(colour: u8, (x, y): (f64, f64)) -> Markup {
    html! { circle cx=(tenths(x)) cy=(tenths(y)) r=(DOT_RADIUS) fill=(paint(colour)) {} }
}

fn bar(colour: u8, (x, y): (f64, f64), (width, height): (f64, f64)) -> Markup {
    html! { rect x=(tenths(x)) y=(tenths(y)) width=(tenths(width)) height=(tenths(height)) fill=(paint(colour)) {} }
}

fn tenths(length: f64) -> String {
    format!("{length:.1}")
}

fn paint(colour: u8) -> String {
    format!("#0000{colour:02X}")
}

/// The values that follow one another without a gap.
fn runs(values: &[Option<f64>]) -> Vec<Vec<(usize, f64)>> {
    let mut runs: Vec<Vec<(usize, f64)>> = vec![Vec::new()];
    for (slot, value) in values.iter().enumerate() {
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((slot, *value)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[expect(clippy::cast_precision_loss, reason = "a chart has few slots")]
const fn place(slot: usize) -> f64 {
    slot as f64
}

#[cfg(test)]
mod tests {
    use super::{draw, round_up, top};
    use crate::present::page::{Chart, Shape, Unit};

    #[test]
    fn the_upper_edge_is_a_round_number() {
        for (value, expected) in [(0.0, 1.0), (1.0, 1.0), (7.0, 8.0), (99.0, 100.0), (100.0, 100.0), (1234.0, 1500.0)] {
            assert!((round_up(value) - expected).abs() < 1e-9, "{value} -> {}", round_up(value));
        }
    }

    #[test]
    fn gaps_are_no_lines_and_zeros_no_bars() {
        let mut chart = Chart::new("c", "c", Shape::Lines, Unit::Count);
        chart.add("a", "a", vec![Some(1.0), Some(2.0), None, Some(3.0)]);
        let svg = draw(&chart, top(&chart)).into_string();
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (4, 1), "{svg}");
        let mut chart = Chart::new("c", "c", Shape::Stacked, Unit::Count);
        chart.add("a", "a", vec![Some(1.0), Some(0.0), None, Some(3.0)]);
        let svg = draw(&chart, top(&chart)).into_string();
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert!(svg.contains("#000001") && !svg.contains("svg"), "{svg}");
    }
}
