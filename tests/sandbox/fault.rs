//! The ways an answer can be wrong.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

/// One way in which an answer is wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status with a small JSON body.
    Status(u16),
    /// This status with a header: `Retry-After`, `Location`.
    StatusWith(u16, &'static str, String),
    /// This status, with the error code of a cloud.
    Refusal(u16, &'static str),
    /// The right answer, later.
    Delay(Duration),
    /// No answer until [`FakeServer::clear_faults`](super::FakeServer::clear_faults); then the right one.
    Hold,
    /// The right answer in pieces of this size, with this pause before each.
    Drip(usize, Duration),
    /// The connection ends after this number of bytes of the right answer's body.
    Cut(usize),
    /// The request is processed, and the connection ends without an answer.
    Lost,
    /// This number of bytes of the right answer's body, as if that were all of it.
    Truncate(usize),
    /// Status 200 with this content type and body.
    Instead(&'static str, &'static str),
    /// Status 200 with these bytes for JSON.
    Bytes(Vec<u8>),
    /// This status with a header and these bytes for JSON, unless the header says what they are.
    Answer(u16, &'static str, &'static str, Vec<u8>),
    /// The right answer behind a byte order mark.
    ByteOrderMark,
    /// The right answer, labelled as compressed.
    WrongEncoding,
}

impl Fault {
    /// 429 with this `Retry-After`.
    pub fn throttled(retry_after: &str) -> Self {
        Self::StatusWith(429, "retry-after", retry_after.to_owned())
    }

    pub fn redirect(location: &str) -> Self {
        Self::StatusWith(302, "location", location.to_owned())
    }

    pub const fn html() -> Self {
        Self::Instead("text/html", "<!DOCTYPE html><html><body>We are down for maintenance.</body></html>")
    }

    pub const fn empty() -> Self {
        Self::Instead("application/json", "")
    }

    /// JSON, but not of the documented shape.
    pub const fn wrong_types() -> Self {
        Self::Instead("application/json", r#"{"data":[{"id":{"nested":true}},7,"row",null],"next":17}"#)
    }

    /// The answer that replaces the right one; `None` where the right one is needed.
    pub(super) fn replacement(&self) -> Option<Response> {
        match self {
            Self::Status(status) => Some((code(*status), [JSON], r#"{"error":"sandbox"}"#).into_response()),
            Self::StatusWith(status, name, value) => {
                let mut answer = Self::Status(*status).replacement()?;
                let value = HeaderValue::from_str(value).expect("a header's value");
                answer.headers_mut().insert(HeaderName::from_static(name), value);
                Some(answer)
            }
            Self::Refusal(status, word) => {
                let body = serde_json::json!({"Code": word, "Message": "sandbox", "RequestId": "sandbox"});
                Some((code(*status), axum::Json(body)).into_response())
            }
            Self::Instead(content_type, body) => Some(([(header::CONTENT_TYPE, *content_type)], *body).into_response()),
            Self::Bytes(body) => Some(([JSON], body.clone()).into_response()),
            Self::Answer(status, name, value, body) => {
                let mut answer = (code(*status), [JSON], body.clone()).into_response();
                answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
                Some(answer)
            }
            Self::Delay(_)
            | Self::Hold
            | Self::Lost
            | Self::Drip(..)
            | Self::Cut(_)
            | Self::Truncate(_)
            | Self::ByteOrderMark
            | Self::WrongEncoding => None,
        }
    }

    /// The right answer, damaged.
    pub(super) fn damage(self, answer: Response) -> Response {
        let (mut parts, body) = answer.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        let body = match self {
            Self::Drip(bytes, pause) => dripped(body, bytes, pause),
            Self::Cut(bytes) => shortened(body, bytes, true),
            Self::Truncate(bytes) => shortened(body, bytes, false),
            Self::ByteOrderMark => {
                let mark = stream::iter([Ok(Bytes::from_static(b"\xef\xbb\xbf"))]);
                Body::from_stream(mark.chain(body.into_data_stream()))
            }
            Self::WrongEncoding => {
                parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                body
            }
            Self::Status(_)
            | Self::StatusWith(..)
            | Self::Refusal(..)
            | Self::Instead(..)
            | Self::Bytes(_)
            | Self::Answer(..)
            | Self::Delay(_)
            | Self::Hold
            | Self::Lost => body,
        };
        Response::from_parts(parts, body)
    }
}

const JSON: (HeaderName, &str) = (header::CONTENT_TYPE, "application/json");

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}

/// The first `bytes` of the body; then its end, or the end of the connection.
fn shortened(body: Body, bytes: usize, is_cut: bool) -> Body {
    let start = body.into_data_stream().scan(bytes, |left, chunk| {
        let taken = chunk.ok().filter(|_| *left > 0).map(|chunk| chunk.slice(..chunk.len().min(*left)));
        *left -= taken.as_ref().map_or(0, Bytes::len);
        std::future::ready(taken.map(Ok))
    });
    let end = stream::iter(is_cut.then(|| Err(io::Error::from(io::ErrorKind::ConnectionReset))));
    Body::from_stream(start.chain(end))
}

fn dripped(body: Body, bytes: usize, pause: Duration) -> Body {
    let pieces = body.into_data_stream().flat_map(move |chunk| {
        let chunk = chunk.unwrap_or_default();
        let starts = (0..chunk.len()).step_by(bytes.max(1));
        stream::iter(starts.map(move |start| chunk.slice(start..chunk.len().min(start + bytes))))
    });
    Body::from_stream(pieces.then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, io::Error>(piece)
    }))
}
