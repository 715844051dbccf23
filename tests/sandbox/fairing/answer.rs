//! The fake's answers: which account, which rows, in which shape.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{self, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use jiff::Timestamp;

use super::kind::Kind;
use super::model::{Auth, End, Shape, State, Style};
use super::set::{Order, Rows, Set};

/// The origin of the real API, which `next` names in every answer.
const PUBLIC_ORIGIN: &str = "https://app.fairing.co";
/// A body goes out in pieces of at least this size.
const PIECE_BYTES: usize = 256 * 1024;

type Parameters = HashMap<String, String>;
type Shared = extract::State<Arc<Mutex<State>>>;

pub async fn questions(state: Shared, query: Query<Parameters>, headers: HeaderMap) -> Response {
    answer(Kind::Questions, &state.0, &query.0, &headers)
}

pub async fn responses(state: Shared, query: Query<Parameters>, headers: HeaderMap) -> Response {
    answer(Kind::Responses, &state.0, &query.0, &headers)
}

/// The whole set as one answer, piece by piece, for a server that knows nothing of the sandbox.
pub fn write_whole(set: &Arc<Set>, out: &mut impl io::Write) -> io::Result<()> {
    pieces("{\"data\":[", set.rows(Order::InsertedDescending, None, None), "]}")
        .try_for_each(|piece| out.write_all(&piece))
}

fn answer(kind: Kind, state: &Mutex<State>, parameters: &Parameters, headers: &HeaderMap) -> Response {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let style = state.style;
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let account = state.accounts.iter_mut().find(|account| match style.auth {
        Auth::Raw => key == account.token,
        Auth::Bearer => key.strip_prefix("Bearer ") == Some(account.token.as_str()),
    });
    let Some(account) = account else {
        return refused(StatusCode::UNAUTHORIZED, "unauthorized");
    };
    let set = Arc::clone(account.set_mut(kind));
    match RowQuery::read(parameters, &set, style) {
        Ok(query) => shaped(kind, style, &set, &query),
        Err(reason) => refused(StatusCode::UNPROCESSABLE_ENTITY, &reason),
    }
}

fn refused(status: StatusCode, reason: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": reason }))).into_response()
}

/// The parameters of a request.
struct RowQuery {
    limit: Option<u64>,
    order: Order,
    after: Option<u64>,
    updated_min: Option<Timestamp>,
    /// The same parameters without the start.
    rest: String,
    /// For [`End::SameRows`]: how many times the rows came again.
    again: u64,
}

impl RowQuery {
    fn read(parameters: &Parameters, set: &Set, style: Style) -> Result<Self, String> {
        let mut query = Self {
            limit: None,
            order: Order::InsertedDescending,
            after: None,
            updated_min: None,
            rest: String::new(),
            again: 0,
        };
        for (name, value) in parameters {
            match name.as_str() {
                "limit" => query.limit = Some(limit(value, style.max_limit)?),
                "starting_after" => query.after = Some(set.number(value).ok_or("unknown id in starting_after")?),
                "again" => query.again = value.parse().map_err(|_| "no number")?,
                "sort" | "updated_at_min" if style.ignores_filter => {}
                "sort" => query.order = order(value)?,
                "updated_at_min" => query.updated_min = Some(time(value)?),
                _ => return Err(format!("unknown parameter {name}")),
            }
            if name != "starting_after" && name != "again" {
                let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                query.rest = format!("{}{name}={value}&", query.rest);
            }
        }
        Ok(query)
    }
}

fn limit(value: &str, max: u64) -> Result<u64, String> {
    let limit: u64 = value.parse().map_err(|_| "limit is no number")?;
    if limit == 0 || limit > max { Err(format!("limit must be between 1 and {max}")) } else { Ok(limit) }
}

fn order(value: &str) -> Result<Order, String> {
    match value {
        "inserted_at_asc" => Ok(Order::InsertedAscending),
        "inserted_at_desc" => Ok(Order::InsertedDescending),
        "updated_at_asc" => Ok(Order::UpdatedAscending),
        _ => Err("the fake cannot sort like that".to_owned()),
    }
}

/// `YYYY-MM-DDTHH:MM:SS.ffffffZ` and nothing else.
fn time(value: &str) -> Result<Timestamp, String> {
    let shape = "0000-00-00T00:00:00.000000Z";
    let fits = value.len() == shape.len()
        && value
            .chars()
            .zip(shape.chars())
            .all(|(is, expected)| if expected == '0' { is.is_ascii_digit() } else { is == expected });
    let time = if fits { value.parse().ok() } else { None };
    time.ok_or_else(|| "a time must look like YYYY-MM-DDTHH:MM:SS.ffffffZ".to_owned())
}

fn shaped(kind: Kind, style: Style, set: &Arc<Set>, query: &RowQuery) -> Response {
    let rows = set.rows(query.order, query.after, query.updated_min);
    match style.shape {
        Shape::Whole => json(set.now(), Body::from_stream(streamed(pieces("{\"data\":[", rows, "]}")))),
        Shape::Bare => json(set.now(), Body::from_stream(streamed(pieces("[", rows, "]")))),
        Shape::Pages => {
            let limit = usize::try_from(query.limit.unwrap_or(style.max_limit)).expect("a page fits memory");
            let mut numbers: Vec<u64> = rows.take(limit + 1).collect();
            let has_more = numbers.len() > limit;
            numbers.truncate(limit);
            let next = next(kind, style, set, query, numbers.last().copied(), has_more);
            json(set.now(), Body::from(page(set, &numbers, &next)))
        }
    }
}

/// What follows the rows: the `next` key with its comma, or nothing.
fn next(kind: Kind, style: Style, set: &Set, query: &RowQuery, last: Option<u64>, has_more: bool) -> String {
    let path = kind.name();
    let after = |number: Option<u64>| match number {
        Some(number) => {
            let (rest, id) = (&query.rest, set.id(number));
            format!(",\"next\":\"{PUBLIC_ORIGIN}/api/{path}?{rest}starting_after={id}\"")
        }
        None => ",\"next\":null".to_owned(),
    };
    if has_more {
        return after(last);
    }
    match style.end {
        End::Null => after(None),
        End::Absent => String::new(),
        End::EmptyText => ",\"next\":\"\"".to_owned(),
        End::OneMore => after(last),
        End::Itself if query.after.is_some() => after(query.after),
        End::Itself => format!(",\"next\":\"{PUBLIC_ORIGIN}/api/{path}?{}\"", query.rest),
        End::SameRows => {
            let (start, again) = (query.after.map(|number| set.id(number)), query.again + 1);
            let start = start.map(|id| format!("&starting_after={id}")).unwrap_or_default();
            format!(",\"next\":\"{PUBLIC_ORIGIN}/api/{path}?{}again={again}{start}\"", query.rest)
        }
    }
}

fn page(set: &Set, numbers: &[u64], next: &str) -> Vec<u8> {
    let mut body = b"{\"data\":[".to_vec();
    for (index, number) in numbers.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        set.render(*number, &mut body);
    }
    body.extend_from_slice(format!("]{next},\"prev\":null}}").as_bytes());
    body
}

/// The rows' times and the answer's are of the same clock, as they are upstream.
fn json(now: Timestamp, body: Body) -> Response {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8"), (header::DATE, &date)], body).into_response()
}

fn streamed(pieces: impl Iterator<Item = Bytes>) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
    stream::iter(pieces.map(Ok))
}

/// The rows between `open` and `close`, rendered a piece at a time.
fn pieces(open: &'static str, mut rows: Rows, close: &'static str) -> impl Iterator<Item = Bytes> {
    let mut comma = "";
    let mut start = Some(open);
    std::iter::from_fn(move || {
        let mut piece = Vec::with_capacity(PIECE_BYTES + 8 * 1024);
        piece.extend_from_slice(start.take()?.as_bytes());
        while piece.len() < PIECE_BYTES {
            let Some(number) = rows.next() else {
                piece.extend_from_slice(close.as_bytes());
                return Some(piece.into());
            };
            piece.extend_from_slice(comma.as_bytes());
            comma = ",";
            rows.set.render(number, &mut piece);
        }
        start = Some("");
        Some(piece.into())
    })
}
