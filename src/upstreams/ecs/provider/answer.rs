//! Reading answers: JSON and XML bodies as one kind of value, and its fields with their types checked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::call::{Page, PageToken, RegionPage};
use super::codes::{Codes, ProviderError};
use super::xml;
use crate::http::json::{DAMAGED_REASON, is_damaged, repaired};
use crate::http::strict::{Strict, fault_of, is_mark};
use crate::upstreams::ecs::instance::{InstanceId, Status};
use crate::upstreams::ecs::regions::KnownRegion;
use crate::upstreams::mirror::{BadRow, ReadRow, Signs, says_failed};

/// The code of Alibaba Cloud and of AWS.
const DRY_RUN_PASSED: &str = "DryRunOperation";

/// The document behind a JSON answer. A status that is not good, or an error inside a good one, is an error.
pub fn decode_json(codes: &Codes, status: u16, body: &[u8]) -> Result<Value, ProviderError> {
    if !is_good(status) {
        return Err(ProviderError::refused(codes, status, body));
    }
    let Strict(document) = serde_json::from_slice(&repaired(body))
        .map_err(|error| ProviderError::unreadable(format!("the answer is not JSON: {error}")))?;
    let inner = document.get("Response").unwrap_or(&document);
    if inner.get("Code").and_then(Value::as_str).is_some_and(|code| !matches!(code, "" | "200" | "OK" | "Success"))
        || inner.as_object().is_some_and(says_failed)
    {
        return Err(ProviderError::refused(codes, status, body));
    }
    Ok(document)
}

/// The document behind an XML answer to that action.
pub fn decode_xml(codes: &Codes, action: &str, status: u16, body: &[u8]) -> Result<Value, ProviderError> {
    decode_xml_root(codes, &[&format!("{action}Response")], status, body)
}

/// The document behind an XML answer whose root has one of these names.
pub fn decode_xml_root(codes: &Codes, expected: &[&str], status: u16, body: &[u8]) -> Result<Value, ProviderError> {
    if !is_good(status) {
        return Err(ProviderError::refused(codes, status, body));
    }
    let (root, document) =
        xml::decode(body).map_err(|error| ProviderError::unreadable(format!("the answer is not XML: {error}")))?;
    if expected.contains(&root.as_str()) {
        return Ok(document);
    }
    let refused = ProviderError::refused(codes, status, body);
    Err(if refused.code.is_some() {
        refused
    } else {
        let expected = expected.first().copied().unwrap_or_default();
        ProviderError::unreadable(format!("the answer is a `{root}`, not a `{expected}`"))
    })
}

const fn is_good(status: u16) -> bool {
    matches!(status, 200..300)
}

/// The rows of a listing. `id` is the name of the field that identifies a row.
pub fn read_rows<'a, T>(
    rows: impl IntoIterator<Item = &'a Value>,
    id: &str,
    read: impl Fn(Fields<'_>) -> Result<T, String>,
) -> Vec<ReadRow<T>> {
    let read_row = |row: &'a Value| {
        if let Some(id) = Fields(row).text(id).ok().flatten().filter(|id| is_damaged(id)) {
            return Err(BadRow { id: None, name: None, reason: format!("its id `{id}` {DAMAGED_REASON}") });
        }
        let reason = match read(Fields(row)) {
            Ok(good) => match fault_of(row) {
                Some(fault) => fault.to_owned(),
                None => return Ok(good),
            },
            Err(reason) => fault_of(row).map_or(reason, str::to_owned),
        };
        Err(BadRow { id: Fields(row).text(id).ok().flatten(), name: None, reason })
    };
    rows.into_iter().map(read_row).collect()
}

/// A page of regions. One whose name cannot be read stays in it: its own scope will fail.
pub fn read_regions(
    rows: &[Value],
    next: Option<PageToken>,
    read: impl Fn(Fields<'_>) -> Result<KnownRegion, String>,
) -> RegionPage {
    let numbered = rows.iter().zip(1..);
    let rows = numbered.map(|(row, number)| read(Fields(row)).unwrap_or_else(|_| KnownRegion::unreadable(number)));
    RegionPage { rows: rows.collect(), next }
}

/// The statuses of instances, by the names of both fields. A row that cannot be read is left out: its instance is then
/// one without a status.
pub fn read_statuses(rows: &[Value], id: &str, status: &str) -> BTreeMap<InstanceId, Status> {
    let read = |row: Fields<'_>| -> Result<_, String> {
        Ok((InstanceId(row.required_text(id)?), Status::parse(&row.required_text(status)?)))
    };
    rows.iter().filter_map(|row| read(Fields(row)).ok()).collect()
}

/// The token of the page after this one; none where it is empty. `token` is the field's name.
pub fn token_in(document: &Value, token: &str) -> Result<Option<PageToken>, ProviderError> {
    if let Some(fault) = document.get(token).and_then(fault_of) {
        return Err(ProviderError::unreadable(format!("cannot read `{token}`: {fault}")));
    }
    Ok(Fields(document).text(token).map_err(ProviderError::unreadable)?.map(PageToken))
}

/// A page of a listing by tokens, which ends where there is no token or an empty one; `token` is the field's name.
pub fn read_page<T>(document: &Value, token: &str, rows: Vec<ReadRow<T>>) -> Result<Page<T>, ProviderError> {
    let next = token_in(document, token)?;
    let mut signs = document.as_object().map(Signs::of).unwrap_or_default();
    // A total means nothing in a listing by tokens. One by page numbers has no token, or the pages it says it has.
    let is_full = !rows.is_empty() && Fields(document).integer("PageSize") == Ok(i64::try_from(rows.len()).ok());
    let has_token = document.get(token).is_some_and(|token| !token.is_null());
    signs.has_more |= is_full && !has_token;
    if has_token && !is_full {
        signs.row_count = None;
    }
    Ok(Page { rows, next: next.map(Some), total: None, signs })
}

/// What the answer to a dry run says: that only `DryRun` kept the call from being answered, or why it would fail.
pub fn read_dry_run(answer: Result<Value, ProviderError>) -> Result<(), ProviderError> {
    match answer {
        Err(refused) if refused.code.as_deref() == Some(DRY_RUN_PASSED) => Ok(()),
        Err(refused) => Err(refused),
        Ok(_) => Err(ProviderError::unconfirmed()),
    }
}

/// Whether the call is allowed: a dry run that passed, or an answer.
pub fn read_right(answer: Result<Value, ProviderError>) -> Result<(), ProviderError> {
    answer.map(drop).or_else(|refused| read_dry_run(Err(refused)))
}

/// The rows at that pointer. Their absence is an error: it must not be taken for an empty listing.
pub fn required_rows<'a>(document: &'a Value, pointer: &str) -> Result<&'a [Value], ProviderError> {
    document
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .ok_or_else(|| ProviderError::unreadable(format!("the answer has no list `{}`", spelled(pointer))))
}

/// The fields of a row, by name or by JSON pointer. Absent, null and empty are the same: nothing.
#[derive(Clone, Copy)]
pub struct Fields<'a>(pub &'a Value);

impl<'a> Fields<'a> {
    fn value(self, path: &str) -> Option<&'a Value> {
        let value = if path.starts_with('/') { self.0.pointer(path) } else { self.0.get(path) };
        value.filter(|value| !value.is_null() && !value.as_str().is_some_and(|text| text.is_empty() || is_mark(text)))
    }

    pub fn text(self, path: &str) -> Result<Option<String>, String> {
        self.value(path).map(|value| owned_text(value, path)).transpose()
    }

    pub fn required_text(self, path: &str) -> Result<String, String> {
        self.text(path)?.ok_or_else(|| format!("`{}` is missing", spelled(path)))
    }

    /// A whole number, or its decimal text.
    pub fn integer(self, path: &str) -> Result<Option<i64>, String> {
        let read = |value: &Value| {
            value.as_i64().or_else(|| value.as_str()?.parse().ok()).ok_or_else(|| wrong(path, "a whole number"))
        };
        self.value(path).map(read).transpose()
    }

    /// A number without a fraction, however it is written.
    pub fn whole(self, path: &str) -> Result<Option<i64>, String> {
        match self.value(path).and_then(Value::as_f64) {
            // Beyond 2^53 not every number is one.
            Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Ok(format!("{number:.0}").parse().ok()),
            _ => self.integer(path),
        }
    }

    /// A truth, or its word.
    pub fn flag(self, path: &str) -> Result<Option<bool>, String> {
        let read = |value: &Value| {
            let of_word = || value.as_str()?.parse().ok();
            value.as_bool().or_else(of_word).ok_or_else(|| wrong(path, "true or false"))
        };
        self.value(path).map(read).transpose()
    }

    /// The elements of that name in an element of XML; one alone is no list.
    pub fn members(self, path: &str, name: &str) -> Result<Vec<Fields<'a>>, String> {
        let Some(set) = self.value(path) else { return Ok(Vec::new()) };
        match set.get(name) {
            Some(Value::Array(items)) => Ok(items.iter().map(Fields).collect()),
            Some(item) => Ok(vec![Fields(item)]),
            None => Err(wrong(path, "a list")),
        }
    }

    /// The texts of such elements.
    pub fn member_texts(self, path: &str, name: &str) -> Result<BTreeSet<String>, String> {
        let members = self.members(path, name)?.into_iter().filter(|member| !member.0.is_null());
        members.map(|member| owned_text(member.0, path)).collect()
    }

    /// The rows of a list; one that is not there is empty.
    pub fn list(self, path: &str) -> Result<impl Iterator<Item = Fields<'a>>, String> {
        let items = match self.value(path) {
            None => &[][..],
            Some(value) => value.as_array().ok_or_else(|| wrong(path, "a list"))?,
        };
        Ok(items.iter().map(Fields))
    }

    /// The texts of a list, in the provider's order.
    pub fn texts(self, path: &str) -> Result<Vec<String>, String> {
        self.list(path)?.filter(|item| !item.0.is_null()).map(|item| owned_text(item.0, path)).collect()
    }

    /// An instant; one that cannot be read is nothing, it stays in the raw row.
    pub fn time(self, path: &str) -> Option<Timestamp> {
        parse_time(self.value(path)?.as_str()?)
    }
}

fn owned_text(value: &Value, path: &str) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(path, "text"))
}

fn wrong(path: &str, expected: &str) -> String {
    format!("`{}` is not {expected}", spelled(path))
}

fn spelled(path: &str) -> String {
    path.trim_start_matches('/').replace('/', ".")
}

/// RFC 3339, also without seconds, which Alibaba Cloud leaves out, or without a zone, which Huawei Cloud does.
fn parse_time(text: &str) -> Option<Timestamp> {
    let in_utc = |format| {
        let time = DateTime::strptime(format, text).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    text.parse().ok().or_else(|| in_utc("%Y-%m-%dT%H:%MZ")).or_else(|| in_utc("%Y-%m-%dT%H:%M:%S%.f"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fields, parse_time};

    #[test]
    fn times_of_every_provider_are_read() {
        for (text, expected) in [
            ("2017-12-10T04:04Z", Some("2017-12-10T04:04:00Z")),
            ("2020-09-22T08:00:00+08:00", Some("2020-09-22T00:00:00Z")),
            ("2013-07-10T16:01:08.000Z", Some("2013-07-10T16:01:08Z")),
            ("2025-03-04T08:31:02.000000", Some("2025-03-04T08:31:02Z")),
            ("2025-03-04 08:31:02", None),
            ("", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse_time(text), expected.map(|time| time.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn absent_null_and_empty_are_nothing_and_wrong_types_are_told() {
        let row = json!({"a": "x", "n": null, "e": "", "i": "42", "l": ["p", null, "q"], "o": {"in": {"ner": 7}}});
        let row = Fields(&row);
        assert_eq!(row.text("a"), Ok(Some("x".to_owned())));
        for nothing in ["n", "e", "absent", "/o/absent"] {
            assert_eq!(row.text(nothing), Ok(None));
            assert_eq!(row.texts(nothing), Ok(Vec::new()));
        }
        assert_eq!(row.integer("i"), Ok(Some(42)));
        assert_eq!(row.integer("/o/in/ner"), Ok(Some(7)));
        assert_eq!(row.texts("l"), Ok(vec!["p".to_owned(), "q".to_owned()]));
        assert_eq!(row.text("/o/in/ner"), Err("`o.in.ner` is not text".to_owned()));
        assert_eq!(row.integer("a"), Err("`a` is not a whole number".to_owned()));
        assert_eq!(row.texts("a"), Err("`a` is not a list".to_owned()));
        assert_eq!(row.required_text("e"), Err("`e` is missing".to_owned()));
    }
}
