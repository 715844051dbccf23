//! No credential shows in an error or a log, whatever goes wrong.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use tongbu::error::causes;
use tongbu::http::{Client, Error, Profile, Request};
use tongbu::secret::Secret;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

use super::faults::catalogue;
use super::faults::{Script, Server, answer, json};
use super::{Page, context, patient, profile};

/// Where no mask may be needed, because it is never put there: nothing marks it as a secret.
const UNTOLD: &str = "untold-canary-6b1f";

/// A secret an upstream repeats in its answers.
const REPEATED: &str = "repeated-canary-93c2";

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Logs everything of this thread, the libraries' innermost words included, until the guard is dropped.
    fn watch() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(LevelFilter::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// All that could be shown of an error.
fn everything(error: &Error) -> String {
    let causes: Vec<_> = causes(error).map(|cause| format!("{cause} {cause:?}")).collect();
    format!("{error} {error:?} {error:#?} {:?} {causes:?}", error.hint())
}

fn retrying(url: &str) -> Profile {
    Profile { retries: 1, ..patient(url) }
}

/// Fetches with credentials in every place they can be in, and gives all that could be shown of it.
async fn fetch(profile: Profile) -> String {
    let client = Client::new(Profile { max_body: 1 << 20, ..profile }, context()).expect("a client");
    let secret = Secret::new(REPEATED.to_owned());
    let request = Request::get("/api/responses?from=1")
        .query("token", UNTOLD)
        .header("x-api-key", UNTOLD)
        .secret_query("password", &secret)
        .secret_header("authorization", &secret);
    let debug = format!("{client:?} {request:?}");
    let error = client.fetch_json::<Page>(request).await.err();
    debug + &error.as_ref().map(everything).unwrap_or_default()
}

async fn fetch_from(script: Script, limits: fn(&str) -> Profile) -> String {
    let server = Server::start(move |_| script.clone()).await.expect("a free port");
    let shown = fetch(limits(&server.url())).await;
    assert!(server.received().iter().all(|request| request.head.contains(UNTOLD)), "credentials must be sent");
    shown
}

fn check(what: &str, shown: &str) {
    assert!(!shown.is_empty(), "{what}: nothing was shown");
    for canary in [UNTOLD, REPEATED] {
        let lines: Vec<_> = shown.lines().filter(|line| line.contains(canary)).collect();
        assert!(lines.is_empty(), "{what}: {lines:#?}");
    }
}

#[tokio::test]
async fn no_fault_shows_a_credential() {
    let (log, _guard) = Log::watch();
    stream::iter(catalogue::all())
        .for_each_concurrent(16, |fault| async move { check(fault.name, &fetch_from(fault.script, profile).await) })
        .await;
    check("the log", &log.text());
}

#[tokio::test]
async fn a_refused_connection_shows_no_credential() {
    let (log, _guard) = Log::watch();
    check("the error", &fetch(retrying("http://127.0.0.1:1")).await);
    check("the log", &log.text());
}

#[tokio::test]
async fn secret_in_an_answer_is_redacted() {
    for (status, headers) in [("403 Forbidden", ""), ("200 OK", "content-type: text/html\r\n"), ("503 Down", "")] {
        let (log, _guard) = Log::watch();
        let body = format!("<p>no such key: {REPEATED}");
        let shown = fetch_from(answer(status, headers, body.as_bytes()), retrying).await;
        check(status, &shown);
        check(status, &log.text());
        assert!(shown.contains("no such key: ***"), "{status}: {shown}");
    }
    let echo = fetch_from(json(&format!(r#"{{"data":"{REPEATED}"}}"#)), patient).await;
    check("a value of the wrong type", &echo);
}

#[tokio::test]
async fn a_retry_is_logged_with_its_reason() {
    let (log, _guard) = Log::watch();
    fetch_from(answer("503 Down", "", b"maintenance"), retrying).await;
    let text = log.text();
    assert!(text.contains("failed, trying again upstream=\"fairing\" attempt=1 wait_ms="), "{text}");
    assert!(text.contains("fairing: 503 Service Unavailable from `GET /api/responses`: `maintenance`"), "{text}");
}
