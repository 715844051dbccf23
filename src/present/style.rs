//! How text is made for the person in front of it: language, zone, width, colour.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::messages::Messages;
use super::text::Text;
use super::words;
use crate::language::Language;
use crate::secret;
use crate::text;

/// Everything a renderer needs to know besides what it renders.
#[derive(Clone, Debug)]
pub struct Style {
    pub language: Language,
    /// Those of that language.
    pub messages: &'static Messages,
    pub zone: TimeZone,
    pub now: Timestamp,
    /// Columns to stay inside; `None`: as many as the text needs.
    pub width: Option<u16>,
    /// Whether tables have every column that the document has.
    pub is_wide: bool,
    /// Whether a table names the columns that it has no room for.
    pub names_left_out: bool,
    pub colour: bool,
}

impl Style {
    /// The label in the person's language.
    pub const fn label(&self, text: Text) -> &'static str {
        text.label(self.language)
    }

    /// An error, a hint, a warning: in the person's language and safe to show.
    pub fn message(&self, message: &str) -> String {
        self.with_local_times(&sanitize(&self.messages.translate(message)))
    }

    /// The text with its times in the person's zone; what is quoted stays as it was said.
    fn with_local_times(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        for (index, part) in text.split('`').enumerate() {
            if index > 0 {
                shown.push('`');
            }
            let mut rest = part;
            while let Some((before, at, after)) = if index % 2 == 0 { next_instant(rest) } else { None } {
                shown.push_str(before);
                shown.push_str(&self.local(at));
                rest = after;
            }
            shown.push_str(rest);
        }
        shown
    }

    /// Local time with its offset, for people.
    pub fn local(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
    }

    /// RFC 3339 with the zone's offset, for JSON.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
    }

    /// The same as a part of a document.
    pub fn time(&self, at: Timestamp) -> Time {
        Time(self.rfc3339(at))
    }

    /// A length of time in its two largest units; fractions only below a minute.
    pub fn span(&self, span: Duration) -> String {
        let units = match self.language {
            Language::En => ["d", "h", "m", "s", "ms"],
            Language::Zh => ["天", "小时", "分", "秒", "毫秒"],
        };
        if span < Duration::from_secs(1) {
            return format!("{}{}", span.as_millis(), units[4]);
        }
        if span < Duration::from_secs(60) {
            let tenths = span.as_millis() / 100;
            return format!("{}.{}{}", tenths / 10, tenths % 10, units[3]);
        }
        let seconds = span.as_secs();
        let counts = [seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
        let first = counts.iter().position(|count| *count > 0).unwrap_or(3);
        let parts = counts.iter().zip(units).skip(first).take(2).filter(|(count, _)| **count > 0);
        parts.map(|(count, unit)| format!("{count}{unit}")).collect::<Vec<_>>().join(" ")
    }

    /// How long ago, or in how long.
    pub fn age(&self, at: Timestamp) -> String {
        let distance = self.now.duration_since(at);
        let whole = Duration::from_secs(distance.unsigned_abs().as_secs());
        if whole.is_zero() {
            return self.label(words::NOW).to_owned();
        }
        let label = if distance.is_negative() { words::AGE_IN } else { words::AGE_AGO };
        label.fill(self.language, &[&self.whole_span(whole)])
    }

    /// [`span`](Self::span) without fractions.
    fn whole_span(&self, span: Duration) -> String {
        self.span(span).replacen(".0", "", 1)
    }
}

/// An instant in a document.
#[derive(Debug, Serialize)]
pub struct Time(String);

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

/// The first instant in UTC that is written out, with what is before and after it.
fn next_instant(text: &str) -> Option<(&str, Timestamp, &str)> {
    const DATE: usize = "2026-01-02".len();
    text.match_indices('T').find_map(|(at, _)| {
        let begin = at.checked_sub(DATE)?;
        let end = at + text[at..].find('Z')? + 1;
        let instant = text.get(begin..end).filter(|word| word.len() <= 30)?.parse().ok()?;
        Some((&text[..begin], instant, &text[end..]))
    })
}

/// A count of bytes in its largest unit.
pub fn render_bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let power = (count.ilog2() / 10).min(5);
    let tenths = (u128::from(count) * 10) >> (10 * power);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[power as usize - 1])
}

/// A share of one.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// Text from elsewhere made safe to show: no secret, nothing that controls a terminal.
pub fn sanitize(text: &str) -> String {
    text::safe(&secret::scrub(text)).into_owned()
}

/// The text in at most that many columns of a terminal.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let fits = |sign: &char| {
        let wide = sign.width().unwrap_or_default();
        let is_room = wide <= room;
        room = if is_room { room - wide } else { 0 };
        is_room
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// A style for tests.
#[cfg(test)]
pub(crate) mod samples {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::Style;
    use crate::language::Language;
    use crate::upstreams;

    /// A style that depends on nothing outside: Shanghai time, 2026-01-02 11:04:05.
    pub fn style(language: Language, width: Option<u16>) -> Style {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        Style {
            language,
            messages: upstreams::messages(language),
            zone,
            now: at(0),
            width,
            is_wide: false,
            names_left_out: false,
            colour: false,
        }
    }

    /// That many seconds after the style's now.
    pub fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_767_323_045 + seconds).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::render_bytes;
    use super::samples::style;
    use crate::language::Language;

    fn check(millis: u64, english: &str, chinese: &str) {
        let span = Duration::from_millis(millis);
        assert_eq!(style(Language::En, None).span(span), english);
        assert_eq!(style(Language::Zh, None).span(span), chinese);
    }

    #[test]
    fn times_in_a_message_are_local_and_quoted_ones_stay() {
        let check = |message: &str, expected: &str| assert_eq!(style(Language::En, None).message(message), expected);
        check(
            "run again after 2026-01-02T03:04:05.123456789Z, or at once",
            "run again after 2026-01-02 11:04:05 +08:00, or at once",
        );
        check(
            "until 2026-01-02T03:04:05Z and `2026-01-02T03:04:05Z`",
            "until 2026-01-02 11:04:05 +08:00 and `2026-01-02T03:04:05Z`",
        );
        check("T, Z, 中T文Z, 2026-13-02T03:04:05Z", "T, Z, 中T文Z, 2026-13-02T03:04:05Z");
    }

    #[test]
    fn bytes_are_shown_in_their_largest_unit() {
        let check = |count, expected: &str| assert_eq!(render_bytes(count), expected);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1024, "1.0 KiB");
        check(1_600_000, "1.5 MiB");
        check(u64::MAX, "16383.9 PiB");
    }

    #[test]
    fn spans_show_two_units() {
        check(0, "0ms", "0毫秒");
        check(412, "412ms", "412毫秒");
        check(15_012, "15.0s", "15.0秒");
        check(60_000, "1m", "1分");
        check(61_999, "1m 1s", "1分 1秒");
        check(11_520_000, "3h 12m", "3小时 12分");
        check(86_400_000, "1d", "1天");
        check(90_061_000, "1d 1h", "1天 1小时");
    }

    #[test]
    fn ages_look_back_and_ahead() {
        let style = style(Language::En, None);
        for (at, expected) in [
            ("2026-01-01T23:52:05Z", "3h 12m ago"),
            ("2026-01-02T03:04:15Z", "in 10s"),
            ("2026-01-02T03:04:05.4Z", "now"),
        ] {
            assert_eq!(style.age(at.parse().unwrap()), expected);
        }
    }

    #[test]
    fn times_carry_their_offset() {
        let style = style(Language::En, None);
        assert_eq!(style.local(style.now), "2026-01-02 11:04:05 +08:00");
        assert_eq!(style.rfc3339(style.now), "2026-01-02T11:04:05.000+08:00");
    }
}
