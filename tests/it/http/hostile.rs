//! Every fault of the catalogue ends in time, with the right error and within its memory.

use std::time::{Duration, Instant};

use futures_util::future::ready;
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tongbu::error::Class;
use tongbu::http::{Client, Error, Profile, Request};

use super::faults::Server;
use super::faults::catalogue::{self, Fault};
use super::{Page, context, profile};

/// What a fault may take beyond the limits of the profile.
const GRACE: Duration = Duration::from_secs(1);

/// For faults that are no matter of time: a busy machine must not turn them into timeouts.
const PATIENCE: Duration = Duration::from_secs(30);

/// A machine busy with other things may wake us late; a client that does not keep its limits is late every time.
const TRIES: usize = 3;

/// What a fault ends in: nothing bad, or the error of that variant and class.
type Outcome = Result<(), (&'static str, Class)>;

const GOOD: Outcome = Ok(());
const CUT: Outcome = Err(("Truncated", Class::Unavailable));
const TIMEOUT: Outcome = Err(("Timeout", Class::Unavailable));
const NOT_HTTP: Outcome = Err(("NotHttp", Class::Contract));
const TOO_LARGE: Outcome = Err(("BodyTooLarge", Class::Contract));
const EMPTY: Outcome = Err(("Empty", Class::Unavailable));
const DECODE: Outcome = Err(("Decode", Class::Contract));
const MALFORMED: Outcome = Err(("Malformed", Class::Contract));

const fn status(class: Class) -> Outcome {
    Err(("Status", class))
}

const EXPECTED: &[(&str, Outcome)] = &[
    ("closed-without-answer", CUT),
    ("reset-without-answer", CUT),
    ("cut-within-head", CUT),
    ("cut-body", CUT),
    ("long-length", CUT),
    ("short-length", MALFORMED),
    ("garbage-length", NOT_HTTP),
    ("negative-length", NOT_HTTP),
    ("overflowing-length", NOT_HTTP),
    ("conflicting-lengths", NOT_HTTP),
    ("reset-within-body", CUT),
    ("cut-without-length", CUT),
    ("whole-without-length", GOOD),
    ("chunk-cut", CUT),
    ("chunks-without-end", CUT),
    ("chunk-size-garbage", NOT_HTTP),
    ("chunk-size-overflow", NOT_HTTP),
    ("chunk-longer-than-announced", NOT_HTTP),
    ("chunks-with-a-length", GOOD),
    ("chunks-with-a-longer-length", CUT),
    ("chunks-with-a-shorter-length", GOOD),
    ("two-transfer-encodings", GOOD),
    ("chunks-with-trailers", GOOD),
    ("trailers-cut", CUT),
    ("chunk-extension-flood", NOT_HTTP),
    ("trailer-flood", NOT_HTTP),
    ("silent", TIMEOUT),
    ("dripping-head", TIMEOUT),
    ("stalled-body", TIMEOUT),
    ("dripping-body", TIMEOUT),
    ("dripping-chunks", TIMEOUT),
    ("dripping-gzip", TIMEOUT),
    ("complete-but-never-closed", TIMEOUT),
    ("head-of-4-mb", NOT_HTTP),
    ("thousand-headers", NOT_HTTP),
    ("interim-flood", TIMEOUT),
    ("switching-protocols", status(Class::Contract)),
    ("status-no-number", NOT_HTTP),
    ("status-too-small", NOT_HTTP),
    ("version-unknown", NOT_HTTP),
    ("http-0.9", NOT_HTTP),
    ("another-protocol", NOT_HTTP),
    ("tls-alert", NOT_HTTP),
    ("nul-in-header", NOT_HTTP),
    ("header-without-colon", NOT_HTTP),
    ("gzip-bomb", TOO_LARGE),
    ("gzip-bad-checksum", DECODE),
    ("gzip-truncated", CUT),
    ("gzip-with-more-behind", GOOD),
    ("gzip-of-two-members", GOOD),
    ("gzip-second-member-cut", CUT),
    ("gzip-in-capitals", GOOD),
    ("gzip-by-its-old-name", GOOD),
    ("gzip-that-is-plain", DECODE),
    ("encoding-not-requested", MALFORMED),
    ("two-encodings", MALFORMED),
    ("encoding-that-is-none", GOOD),
    ("deflate-that-is-plain", DECODE),
    ("gzip-not-announced", MALFORMED),
    ("gzip-done-right", GOOD),
    ("invalid-utf-8", GOOD),
    ("utf-16", MALFORMED),
    ("byte-order-mark", GOOD),
    ("deep-nesting", GOOD),
    ("duplicate-keys", MALFORMED),
    ("trailing-data", MALFORMED),
    ("cut-json", MALFORMED),
    ("wrong-types", MALFORMED),
    ("wrong-shape", MALFORMED),
    ("null", MALFORMED),
    ("not-a-number", MALFORMED),
    ("number-too-large", MALFORMED),
    ("lone-surrogate", GOOD),
    ("control-character", GOOD),
    ("html", MALFORMED),
    ("html-called-json", MALFORMED),
    ("empty", EMPTY),
    ("no-content", MALFORMED),
    ("length-beyond-limit", TOO_LARGE),
    ("endless-body", TOO_LARGE),
    ("redirect-loop", status(Class::Contract)),
    ("redirect-to-another-origin", status(Class::Contract)),
    ("redirect-to-nowhere", status(Class::Contract)),
    ("not-modified", status(Class::Contract)),
    ("unauthorized", status(Class::Auth)),
    ("forbidden", status(Class::Auth)),
    ("not-found", status(Class::Contract)),
    ("proxy-login", status(Class::Config)),
    ("throttled", status(Class::Unavailable)),
    ("throttled-garbage", status(Class::Unavailable)),
    ("status-999", status(Class::Contract)),
    ("error-with-endless-body", status(Class::Unavailable)),
    ("error-with-silent-body", status(Class::Unavailable)),
    ("error-with-cut-body", status(Class::Unavailable)),
    ("error-with-escapes", status(Class::Unavailable)),
    ("escape-in-reason", NOT_HTTP),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_ends_in_time_with_the_right_error() {
    let faults = catalogue::all();
    let names: Vec<_> = faults.iter().map(|fault| fault.name).collect();
    let expected_names: Vec<_> = EXPECTED.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected_names, "the table and the catalogue differ");
    let wrong: Vec<String> = stream::iter(faults.into_iter().zip(EXPECTED))
        .map(|(fault, (_, expected))| check(fault, *expected))
        .buffer_unordered(8)
        .filter_map(|outcome| ready(outcome.err()))
        .collect()
        .await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong with the end of a fault, its best time counting.
async fn check(fault: Fault, expected: Outcome) -> Result<(), String> {
    let mut profile = profile("http://127.0.0.1");
    if expected != TIMEOUT {
        profile.connect_timeout = PATIENCE;
        profile.read_timeout = PATIENCE;
        profile.total_timeout = PATIENCE;
    }
    let allowed = profile.total_timeout + GRACE;
    let mut times = Vec::new();
    for _ in 0..TRIES {
        let took = run(&fault, &profile, expected).await?;
        if took <= allowed {
            return Ok(());
        }
        times.push(took);
    }
    Err(format!("{} took {times:?}", fault.name))
}

/// Lets a fault happen once: how long it took, or what is wrong with its end.
async fn run(Fault { name, script }: &Fault, profile: &Profile, expected: Outcome) -> Result<Duration, String> {
    let script = script.clone();
    let server = Server::start(move |_| script.clone()).await.expect("a free port");
    let profile = Profile { base_url: server.url().parse().expect("a URL"), ..profile.clone() };
    let started = Instant::now();
    let Ok(outcome) = timeout(2 * PATIENCE, fetch(profile)).await else {
        return Err(format!("{name} does not end"));
    };
    let took = started.elapsed();
    let found = outcome.as_ref().map(|_| ()).map_err(kind);
    if found != expected {
        return Err(format!("{name} ended in {found:?}, not {expected:?}: {outcome:?}"));
    }
    let text = outcome.err().map(|error| error.to_string()).unwrap_or_default();
    if text.contains("page=3") || text.contains(char::is_control) {
        return Err(format!("{name} shows what it must not: {text:?}"));
    }
    match server.received().len() {
        // None, where the time was up before a busy machine let the server read.
        0 if expected == TIMEOUT => Ok(took),
        1 => Ok(took),
        count => Err(format!("{name} received {count} requests")),
    }
}

async fn fetch(profile: Profile) -> Result<Page, Error> {
    Client::new(profile, context())?.fetch_json(Request::get("/api/responses").query("page", "3")).await
}

/// The variant's name, which is how its `Debug` begins, and its class.
fn kind(error: &Error) -> (&'static str, Class) {
    let debug = format!("{error:?}");
    let variant = debug.split(' ').next().unwrap_or_default();
    let known = EXPECTED.iter().filter_map(|(_, outcome)| outcome.err()).map(|(variant, _)| variant);
    (known.into_iter().find(|known| *known == variant).unwrap_or("another"), error.class())
}

#[tokio::test]
async fn decompression_bomb_is_stopped_early() {
    let script = catalogue::named("gzip-bomb").expect("a bomb").script;
    let server = Server::start(move |_| script.clone()).await.expect("a free port");
    let profile = Profile { read_timeout: PATIENCE, total_timeout: PATIENCE, ..profile(&server.url()) };
    let error = fetch(profile).await.expect_err("a limit");
    assert!(matches!(error, Error::BodyTooLarge { limit: 0x200_0000, .. }), "{error:?}");
}
