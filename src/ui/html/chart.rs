//! The shapes of a chart as SVG. Its words and numbers are HTML beside it: they keep their size where it shrinks.
//!
//! `plotters` draws in fixed colours; each stands for a colour of the page's style, which knows light and dark.

use plotters::prelude::*;

use crate::present::Severity;
use crate::present::page::{Chart, Series, Shape};

pub const VIEW_BOX: &str = "0 0 1200 320";

const SIZE: (u32, u32) = (1200, 320);
/// Room above and below, so that no line is cut.
const MARGIN: u32 = 6;
const LINE_WIDTH: u32 = 5;
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
    if chart.unit == crate::present::page::Unit::Share { 1.0 } else { round_up(highest) }
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
pub fn draw(chart: &Chart, top: f64) -> String {
    let mut svg = String::new();
    // Writing into a string cannot fail.
    let _ = draw_into(&mut svg, chart, top);
    let inner = svg.split_once('>').map(|(_, inner)| inner).unwrap_or_default();
    inner.trim_end().trim_end_matches("</svg>").replace('\n', "").replace(" opacity=\"1\"", "")
}

fn draw_into(svg: &mut String, chart: &Chart, top: f64) -> Result<(), DrawingAreaErrorKind<std::fmt::Error>> {
    let slots = chart.series.iter().map(|series| series.values.len()).max().unwrap_or_default();
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let failed = |_| DrawingAreaErrorKind::LayoutError;
    let mut plot = ChartBuilder::on(&area)
        .margin_top(MARGIN)
        .margin_bottom(MARGIN)
        .build_cartesian_2d(0.0..place(slots.max(1)), 0.0..top)
        .map_err(failed)?;
    for share in [0.0, 0.5, 1.0] {
        let line = [(0.0, top * share), (place(slots.max(1)), top * share)];
        plot.draw_series(LineSeries::new(line, shade(GRID_COLOUR).stroke_width(2))).map_err(failed)?;
    }
    let mut below = vec![0.0; slots];
    for (index, series) in chart.series.iter().enumerate() {
        let colour = shade(colour(index, series));
        let values = series.values.iter().enumerate().filter_map(|(slot, value)| Some((slot, (*value)?)));
        match chart.shape {
            Shape::Lines => {
                for run in runs(&series.values) {
                    match run.as_slice() {
                        [(slot, value)] => {
                            let dot = Circle::new((place(*slot) + 0.5, *value), LINE_WIDTH + 2, colour.filled());
                            plot.draw_series([dot]).map_err(failed)?;
                        }
                        run => {
                            let points = run.iter().map(|(slot, value)| (place(*slot) + 0.5, *value));
                            plot.draw_series(LineSeries::new(points, colour.stroke_width(LINE_WIDTH)))
                                .map_err(failed)?;
                        }
                    }
                }
            }
            Shape::Stacked | Shape::StackedLevels => {
                let bars = values.filter(|(_, value)| *value > 0.0).map(|(slot, value)| {
                    let base = below[slot];
                    below[slot] = base + value;
                    let corners = [(place(slot) + GAP, base + value), (place(slot + 1) - GAP, base)];
                    Rectangle::new(corners, colour.filled())
                });
                plot.draw_series(bars.collect::<Vec<_>>()).map_err(failed)?;
            }
        }
    }
    area.present().map_err(failed)
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

const fn shade(number: u8) -> RGBColor {
    RGBColor(0, 0, number)
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
        let svg = draw(&chart, top(&chart));
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (4, 1), "{svg}");
        let mut chart = Chart::new("c", "c", Shape::Stacked, Unit::Count);
        chart.add("a", "a", vec![Some(1.0), Some(0.0), None, Some(3.0)]);
        let svg = draw(&chart, top(&chart));
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert!(svg.contains("#000001") && !svg.contains("svg"), "{svg}");
    }
}
