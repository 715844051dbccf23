//! Durations and sizes as people write them: `30m`, `2GiB`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

/// Messages about any other text; they do not quote it.
const SPAN_WANTED: &str = "must be a span of time such as `30s`, `15m`, `2h` or `7d`";
const SIZE_WANTED: &str = "must be a size such as `1000`, `512KiB`, `64MiB` or `2GiB`";

/// Units a [`Span`] is shown in, the longest first, in milliseconds.
const SPAN_UNITS: [(&str, u128); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of a [`ByteSize`]; the `i` ones are powers of 1024, and a size is shown in the first that divides it.
const SIZE_UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

/// A span of time, written like `2s`, `30m`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A number of bytes, written like `512KiB`, `2GiB`, `1000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl Span {
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "0" => Ok(Self(Duration::ZERO)),
            written => humantime::parse_duration(written).map(Self).map_err(|_| SPAN_WANTED.to_owned()),
        }
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let written = text.trim();
        let digits_end = written.find(|character: char| !character.is_ascii_digit()).unwrap_or(written.len());
        let (number, unit) = written.split_at(digits_end);
        let factor = match unit.trim_start() {
            "" => Some(1),
            unit => SIZE_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, factor)| *factor),
        };
        number
            .parse::<u64>()
            .ok()
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor))
            .map(Self)
            .ok_or_else(|| SIZE_WANTED.to_owned())
    }
}

impl fmt::Display for Span {
    /// In the longest unit that is exact, so that it can be written back into the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        match SPAN_UNITS.iter().find(|(_, unit)| milliseconds.is_multiple_of(*unit)) {
            _ if self.0.is_zero() => f.write_str("0"),
            Some((name, unit)) if self.0.subsec_nanos().is_multiple_of(1_000_000) => {
                write!(f, "{}{name}", milliseconds / unit)
            }
            Some(_) | None => humantime::format_duration(self.0).fmt(f),
        }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SIZE_UNITS.iter().find(|(_, unit)| self.0 != 0 && self.0.is_multiple_of(*unit)) {
            Some((name, unit)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written("a span of time such as \"30s\", \"15m\", \"2h\" or \"7d\"")).and_then(
            |written| match written {
                Value::Text(text) => text.parse().map_err(D::Error::custom),
                Value::Number(0) => Ok(Self(Duration::ZERO)),
                Value::Number(number) => Err(D::Error::custom(format!(
                    "needs a unit: write it like \"{number}s\", \"{number}m\", \"{number}h\" or \"{number}d\""
                ))),
            },
        )
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Written("a size such as 1000, \"64MiB\" or \"2GiB\""))? {
            Value::Text(text) => text.parse().map_err(D::Error::custom),
            Value::Number(number) => Ok(Self(number)),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A value as it is written in the file.
enum Value {
    Text(String),
    Number(u64),
}

/// Accepts text and whole numbers; holds what is expected instead of anything else.
struct Written(&'static str);

impl Visitor<'_> for Written {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        u64::try_from(number).map(Value::Number).map_err(|_| E::custom("must not be negative"))
    }
}

/// The rights to a file, written like `"0640"`. Its owner can always read and write it, others never write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl TryFrom<String> for FileMode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| mode & !0o064 == 0o600);
        mode.map(Self).ok_or_else(|| "must be the rights to a file such as `0600`, `0640` or `0660`".to_owned())
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for FileMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{ByteSize, Span};

    fn check_span(text: &str, expected: Option<(u64, &str)>) {
        let expected = expected.map(|(milliseconds, shown)| (Duration::from_millis(milliseconds), shown.to_owned()));
        assert_eq!(text.parse::<Span>().ok().map(|span| (span.0, span.to_string())), expected, "{text}");
    }

    fn check_size(text: &str, expected: Option<(u64, &str)>) {
        let expected = expected.map(|(bytes, shown)| (bytes, shown.to_owned()));
        assert_eq!(text.parse::<ByteSize>().ok().map(|size| (size.0, size.to_string())), expected, "{text}");
    }

    #[test]
    fn span_is_parsed_and_displayed() {
        check_span("2s", Some((2_000, "2s")));
        check_span("90m", Some((5_400_000, "90m")));
        check_span("1h 30m", Some((5_400_000, "90m")));
        check_span("14d", Some((1_209_600_000, "14d")));
        check_span("1500ms", Some((1_500, "1500ms")));
        check_span("0", Some((0, "0")));
        check_span(" 5m ", Some((300_000, "5m")));
        check_span("5", None);
        check_span("-5s", None);
        check_span("soon", None);
        check_span("", None);
        check_span("99999999999999999999d", None);
    }

    #[test]
    fn size_is_parsed_and_displayed() {
        check_size("1000", Some((1_000, "1KB")));
        check_size("1001", Some((1_001, "1001B")));
        check_size("0", Some((0, "0")));
        check_size("7B", Some((7, "7B")));
        check_size("512KiB", Some((524_288, "512KiB")));
        check_size("5 MB", Some((5_000_000, "5MB")));
        check_size("64mib", Some((67_108_864, "64MiB")));
        check_size("3GB", Some((3_000_000_000, "3GB")));
        check_size("2GiB", Some((2_147_483_648, "2GiB")));
        check_size("1.5GiB", None);
        check_size("99999999999GiB", None);
        check_size("GiB", None);
        check_size("2 parsecs", None);
        check_size("", None);
    }

    #[test]
    fn plain_number_is_a_size_but_only_zero_is_a_span() {
        assert_eq!(serde_json::from_value::<ByteSize>(json!(4096)).unwrap(), ByteSize(4096));
        assert_eq!(serde_json::from_value::<Span>(json!(0)).unwrap(), Span::from_secs(0));
        let refused = serde_json::from_value::<Span>(json!(30)).unwrap_err().to_string();
        assert!(refused.starts_with("needs a unit: write it like \"30s\""), "{refused}");
        assert!(serde_json::from_value::<ByteSize>(json!(-1)).is_err());
        assert!(serde_json::from_value::<Span>(json!(true)).is_err());
    }

    #[test]
    fn displayed_span_parses_back_to_itself() {
        for text in ["0", "1ms", "59s", "61s", "36h", "7d", "1us"] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
            assert_eq!(serde_json::to_value(span).unwrap(), span.to_string());
        }
    }
}
