//! What an answer says beside its rows: that it is none, or that it is not all.

use serde_json::{Map, Value};

use crate::http::Response;
use crate::http::strict::is_mark;

/// The names under which upstreams put what they say of an answer or of its pages.
const WRAPPERS: [&str; 12] = [
    "links",
    "meta",
    "metadata",
    "page",
    "pageinfo",
    "paging",
    "pagination",
    "responsemetadata",
    "resultinfo",
    "status",
    "result",
    "cursor",
];

/// What says nothing is wrong, in the words of many upstreams.
const GOOD_WORDS: [&str; 14] = [
    "ok",
    "okay",
    "success",
    "successful",
    "succeeded",
    "done",
    "complete",
    "completed",
    "finished",
    "true",
    "成功",
    "操作成功",
    "请求成功",
    "查询成功",
];

/// Why no answer of a reading proves its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It carries a message.
    Message,
    /// Its status, such as 207, does not say that it is all.
    Status(u16),
}

/// What an answer, or its head, says about whether its rows are all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// There are more rows than these.
    pub has_more: bool,
    /// There are at least this many rows in all.
    pub row_count: Option<u64>,
    /// There are this many pages in all.
    pub page_count: Option<u64>,
    pub doubt: Option<Doubt>,
    /// It holds bytes that are no text: each became U+FFFD.
    pub is_garbled: bool,
}

impl Signs {
    /// What the members beside the rows say, whatever their names and types.
    pub fn of(members: &Map<String, Value>) -> Self {
        members.iter().map(|(name, value)| Self::of_member(&plain(name), value)).fold(Self::default(), Self::and)
    }

    /// What status and headers say. A `Link` to a next page counts unless it leads to the page itself.
    pub fn of_head(response: &Response, is_own_page: impl Fn(&str) -> bool) -> Self {
        let status = response.status();
        let doubt = (status != 200).then_some(Doubt::Status(status));
        let signs = response.headers().map(|(name, value)| match name {
            "link" => Self { has_more: next_link(value).is_some_and(|link| !is_own_page(link)), ..Self::default() },
            "content-range" => Self { row_count: whole_size(value), ..Self::default() },
            name => match name.strip_prefix("x-") {
                Some(name) => Self { doubt: None, ..Self::of_member(&plain(name), &value.into()) },
                None => Self::default(),
            },
        });
        signs.fold(Self { doubt, ..Self::default() }, Self::and)
    }

    /// What both say.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            has_more: self.has_more || other.has_more,
            row_count: self.row_count.max(other.row_count),
            page_count: self.page_count.max(other.page_count),
            doubt: self.doubt.or(other.doubt),
            is_garbled: self.is_garbled || other.is_garbled,
        }
    }

    fn of_member(name: &str, value: &Value) -> Self {
        let none = Self::default();
        if let Value::Object(members) = value
            && WRAPPERS.contains(&name)
        {
            return Self::of(members);
        }
        match name {
            "hasmore" | "hasnext" | "hasnextpage" | "more" | "moreresults" | "hasmoreresults" | "moredata"
            | "incomplete" | "incompleteresults" | "partial" | "ispartial" | "partialresults" | "truncated"
            | "istruncated" => Self { has_more: is_truth(value, true), ..none },
            "islast" | "islastpage" | "isend" | "isfinal" | "iscomplete" | "complete" | "completed" => {
                Self { has_more: is_truth(value, false), ..none }
            }
            "next"
            | "nextcursor"
            | "nextlink"
            | "nextmarker"
            | "nextoffset"
            | "nextpage"
            | "nextpagetoken"
            | "nextpageurl"
            | "nexttoken"
            | "nexturl"
            | "continuationtoken"
            | "nextcontinuationtoken"
            | "lastevaluatedkey"
            | "remaining" => Self { has_more: says_something(value), ..none },
            "total" | "totalcount" | "totalrows" | "totalrecords" | "totalrecordcount" | "totalresults"
            | "totalitems" | "totalelements" | "totalentries" | "totalhits" | "totalsize" | "totalnumber"
            | "totalnum" | "recordstotal" | "count" | "rowcount" | "recordcount" | "resultcount" | "itemcount" => {
                Self { row_count: number(value), ..none }
            }
            "totalpages" | "totalpage" | "totalpagecount" | "pagecount" | "pages" | "lastpage" | "maxpage" => {
                Self { page_count: number(value), has_more: name == "lastpage" && is_truth(value, false), ..none }
            }
            "message" | "messages" | "msg" | "detail" | "details" | "reason" | "notice" | "warning" | "warnings" => {
                let doubt = (says_something(value) && !is_good_word(value)).then_some(Doubt::Message);
                Self { doubt, ..none }
            }
            "status" | "statuscode" | "code" | "state" => Self::of_status(value),
            _ => none,
        }
    }

    /// A status in the body: in words, or as HTTP has it.
    fn of_status(value: &Value) -> Self {
        let doubt = number(value).and_then(|status| u16::try_from(status).ok());
        let doubt = doubt.filter(|status| (201..300).contains(status)).map(Doubt::Status);
        let has_more = value.as_str().is_some_and(|word| {
            matches!(
                plain(word).as_str(),
                "partial"
                    | "partialcontent"
                    | "partialsuccess"
                    | "incomplete"
                    | "truncated"
                    | "degraded"
                    | "busy"
                    | "timeout"
                    | "pending"
                    | "processing"
                    | "inprogress"
                    | "running"
            )
        });
        Self { has_more, doubt, ..Self::default() }
    }
}

/// Whether a member beside the rows says that they are not what was requested, whatever its name and type.
pub fn says_failed(members: &Map<String, Value>) -> bool {
    members.iter().any(|(name, value)| match (plain(name).as_str(), value) {
        (name, Value::Object(members)) if WRAPPERS.contains(&name) => says_failed(members),
        ("success" | "ok", value) => is_truth(value, false),
        ("status" | "statuscode" | "code", value) => {
            number(value).is_some_and(|status| (400..600).contains(&status))
                || value
                    .as_str()
                    .is_some_and(|word| matches!(plain(word).as_str(), "error" | "fail" | "failed" | "failure"))
        }
        ("err" | "errmsg" | "errcode" | "errno" | "exception" | "fault" | "failure", value) => says_something(value),
        (name, value) => name.starts_with("error") && says_something(value),
    })
}

/// Many upstreams always send the key, with nothing in it.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.trim(), "" | "0"),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(fields) => fields.values().any(says_something),
    }
}

/// Whether the value is that truth, also in words. One that cannot be read may be either.
fn is_truth(value: &Value, expected: bool) -> bool {
    match value {
        Value::Bool(truth) => *truth == expected,
        Value::Number(number) => number.as_u64() == Some(expected.into()),
        Value::String(text) if is_mark(text) => true,
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => expected,
            "false" | "no" | "0" => !expected,
            _ => false,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn is_good_word(value: &Value) -> bool {
    value.as_str().is_some_and(|text| GOOD_WORDS.contains(&plain(text).as_str()))
}

/// A number above 0, or its decimal text. One that cannot be read may be any.
fn number(value: &Value) -> Option<u64> {
    match value.as_str() {
        Some(text) if is_mark(text) => Some(u64::MAX),
        Some(text) => text.trim().parse().ok(),
        None => value.as_u64(),
    }
}

/// The name as it is compared: `has_more`, `hasMore` and `HasMore` are one.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Where the link of relation `next` leads (RFC 8288).
fn next_link(links: &str) -> Option<&str> {
    let links = links.split('<').skip(1).filter_map(|link| link.split_once('>'));
    let is_next = |parameters: &str| {
        parameters.split([';', ',']).filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && relations.any(|word| word.eq_ignore_ascii_case("next"))
        })
    };
    links.filter(|(_, parameters)| is_next(parameters)).map(|(target, _)| target).next()
}

/// The size behind the slash of `items 0-1/5`.
fn whole_size(range: &str) -> Option<u64> {
    range.rsplit_once('/')?.1.trim().parse().ok()
}

#[cfg(test)]
#[path = "signs_tests.rs"]
mod tests;
