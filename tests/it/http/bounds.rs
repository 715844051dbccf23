//! Time, tries and origins stay within their bounds.

use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tongbu::clock::Clock;
use tongbu::error::Class;
use tongbu::http::{Client, Context, Error, Phase, Profile, Proxies, RateLimit, Request};

use super::faults::catalogue::{self, GOOD_BODY};
use super::faults::{Received, Script, Server, answer, json};
use super::{Page, context, patient, profile};
use crate::support::serve_self_signed;

const SECOND: Duration = Duration::from_secs(1);

/// Far less on an idle machine; what is cut short here would last longer than this on any.
const PROMPT: Duration = Duration::from_secs(3);

async fn serve(answer: impl Fn(&Received) -> Script + Send + Sync + 'static) -> Server {
    Server::start(answer).await.expect("a free port")
}

async fn serve_fault(name: &str) -> Server {
    let script = catalogue::named(name).expect("a fault of that name").script;
    serve(move |_| script.clone()).await
}

fn client(profile: Profile, context: &Context) -> Client {
    Client::new(profile, context.clone()).expect("a client")
}

async fn fetch(client: &Client) -> Result<Page, Error> {
    client.fetch_json(Request::get("/api/responses")).await
}

#[tokio::test]
async fn a_cancelled_run_ends_a_dripping_body_at_once() {
    let server = serve_fault("dripping-body").await;
    let context = context();
    let mut response = client(patient(&server.url()), &context).send(Request::get("/")).await.expect("a head");
    response.chunk().await.expect("a first byte");
    let cancelled_at = Instant::now();
    context.cancel.cancel();
    let error = response.chunk().await.expect_err("an end");
    assert_eq!((error.class(), error.is_cancelled()), (Class::Interrupted, true));
    assert!(cancelled_at.elapsed() < PROMPT);
}

#[tokio::test]
async fn a_run_cancelled_from_outside_ends_a_silent_request_at_once() {
    let server = serve_fault("silent").await;
    let context = context();
    let client = client(patient(&server.url()), &context);
    let cancelled_at = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        context.cancel.cancel();
        Instant::now()
    };
    let (outcome, cancelled_at) = tokio::join!(fetch(&client), cancelled_at);
    assert_eq!(outcome.expect_err("an end").class(), Class::Interrupted);
    assert!(cancelled_at.elapsed() < PROMPT);
}

#[tokio::test]
async fn the_deadline_of_the_run_bounds_a_transfer() {
    let server = serve_fault("dripping-body").await;
    let started = Instant::now();
    let context = Context { deadline: Some((started + Duration::from_millis(150)).into()), ..context() };
    let error = fetch(&client(patient(&server.url()), &context)).await.expect_err("an end");
    assert_eq!((error.class(), error.is_cancelled()), (Class::Deadline, true));
    assert!(started.elapsed() < PROMPT);
}

#[tokio::test]
async fn every_timeout_names_what_was_waited_for() {
    check_timeout("silent", Duration::from_millis(200), 10 * SECOND, Phase::FirstByte, "`read_timeout`").await;
    check_timeout("stalled-body", Duration::from_millis(600), 10 * SECOND, Phase::Idle, "`read_timeout`").await;
    check_timeout("dripping-body", 10 * SECOND, Duration::from_millis(300), Phase::Total, "`total_timeout`").await;
}

async fn check_timeout(fault: &str, read: Duration, total: Duration, expected: Phase, setting: &str) {
    let server = serve_fault(fault).await;
    let profile = Profile { read_timeout: read, total_timeout: total, ..profile(&server.url()) };
    let error = fetch(&client(profile, &context())).await.expect_err("a timeout");
    assert!(matches!(error, Error::Timeout { phase, .. } if phase == expected), "{fault}: {error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains(setting)), "{fault}");
}

#[tokio::test]
async fn a_handshake_that_stalls_is_a_connect_timeout() {
    let server = serve_fault("silent").await;
    let mut profile = patient(&server.url().replace("http:", "https:"));
    profile.connect_timeout = Duration::from_millis(100);
    let error = fetch(&client(profile, &context())).await.expect_err("a timeout");
    assert!(matches!(error, Error::Timeout { phase: Phase::Connect, .. }), "{error:?}");
}

#[tokio::test]
async fn refused_connection_names_the_address_and_a_hint() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its address").port();
    let error =
        fetch(&client(patient(&format!("http://127.0.0.1:{port}/base")), &context())).await.expect_err("refusal");
    assert_eq!(error.class(), Class::Unavailable);
    assert_eq!(error.to_string(), format!("cannot connect to fairing at `http://127.0.0.1:{port}`"));
    assert!(error.hint().is_some_and(|hint| hint.contains(&format!("curl -sS -o /dev/null http://127.0.0.1:{port}"))));
}

#[tokio::test]
async fn untrusted_certificate_is_not_retried() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("its address"));
    let profile = Profile { retries: 3, ..patient(&url) };
    let context = context();
    let client = client(profile, &context);
    let serving = std::thread::spawn(move || serve_self_signed(&listener));
    let error = fetch(&client).await.expect_err("distrust");
    assert!(matches!(error, Error::Certificate { .. }), "{error:?}");
    assert_eq!(error.class(), Class::Contract);
    assert_eq!(context.requests.load(Ordering::Relaxed), 1);
    serving.join().expect("the server's end");
}

#[tokio::test]
async fn truncated_body_is_retried_and_counted() {
    let cut = catalogue::named("cut-body").expect("a fault").script;
    let server = serve(move |request| if request.number < 2 { cut.clone() } else { json(GOOD_BODY) }).await;
    let context = context();
    let page = fetch(&client(Profile { retries: 3, ..patient(&server.url()) }, &context)).await.expect("a page");
    assert_eq!(page.data.len(), 1);
    assert_eq!(server.received().len(), 3);
    assert_eq!((context.requests.load(Ordering::Relaxed), context.retries.load(Ordering::Relaxed)), (3, 2));
}

#[tokio::test]
async fn long_outage_causes_few_extra_requests() {
    let server = serve(|_| answer("503 Down", "", b"")).await;
    let context = context();
    let client = client(Profile { retries: 3, ..patient(&server.url()) }, &context);
    let mut most_tries = 0;
    for _ in 0..50 {
        let before = server.received().len();
        assert_eq!(fetch(&client).await.expect_err("an outage").class(), Class::Unavailable);
        most_tries = most_tries.max(server.received().len() - before);
    }
    assert_eq!(most_tries, 4, "one try and three retries, while the budget lasts");
    assert_eq!(server.received().len(), 50 + 4 + 5);
    assert_eq!(context.retries.load(Ordering::Relaxed), 9);
}

async fn check_not_before(retry_after: &'static str, expected: &str) {
    let server = serve(move |_| answer("429 Slow Down", &format!("retry-after: {retry_after}\r\n"), b"")).await;
    let clock = Clock::manual("2026-01-02T03:04:05Z".parse().expect("a time"));
    let context = Context { clock, ..context() };
    let error = fetch(&client(Profile { retries: 3, ..patient(&server.url()) }, &context)).await.expect_err("refusal");
    assert_eq!(error.class(), Class::Unavailable);
    assert_eq!(error.not_before().map(|at| at.to_string()).as_deref(), Some(expected), "{error:?}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_wait_longer_than_a_run_becomes_a_not_before() {
    check_not_before("3600", "2026-01-02T04:04:05Z").await;
    check_not_before("Fri, 02 Jan 2026 05:04:05 GMT", "2026-01-02T05:04:05Z").await;
    check_not_before("99999999999999999999", "2026-01-03T03:04:05Z").await;
}

#[tokio::test]
async fn unusable_retry_after_keeps_the_backoff() {
    let throttled = catalogue::named("throttled-garbage").expect("a fault").script;
    let server = serve(move |request| if request.number == 0 { throttled.clone() } else { json(GOOD_BODY) }).await;
    fetch(&client(Profile { retries: 1, ..patient(&server.url()) }, &context())).await.expect("a page");
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn no_redirect_reaches_another_origin() {
    let other = serve(|_| json(GOOD_BODY)).await;
    let location = format!("location: {}/\r\n", other.url());
    let server = serve(move |_| answer("302 Found", &location, b"")).await;
    let client = client(patient(&server.url()), &context());
    let request = Request::get("//127.0.0.1:1/@evil").header("x-api-key", "canary");
    let response = client.send(request).await.expect("a head");
    assert_eq!((response.status(), response.header("location")), (302, Some(format!("{}/", other.url()).as_str())));
    assert_eq!(response.error_for_status().expect_err("a refusal").class(), Class::Contract);
    assert_eq!((server.received().len(), other.received().len()), (1, 0));
}

async fn check_hint(status: &'static str, headers: &'static str, expected: Option<&str>) {
    let server = serve(move |_| answer(status, headers, b"")).await;
    let clock = Clock::manual("2026-01-02T03:04:05Z".parse().expect("a time"));
    let client = client(patient(&server.url()), &Context { clock, ..context() });
    let error = fetch(&client).await.expect_err("a refusal");
    assert_eq!(error.hint().as_deref(), expected, "{error:?}");
}

#[tokio::test]
async fn rejection_with_a_skewed_clock_says_by_how_much() {
    let ahead = "this machine's clock is 30m ahead of the clock of fairing: set it right, then run again";
    let behind = "this machine's clock is 1h behind the clock of fairing: set it right, then run again";
    let renew = "renew the credential the configuration refers to, then run `tongbu doctor`";
    check_hint("401 Unauthorized", "date: Fri, 02 Jan 2026 02:34:05 GMT\r\n", Some(ahead)).await;
    check_hint("403 Forbidden", "date: Fri, 02 Jan 2026 04:04:05 GMT\r\n", Some(behind)).await;
    check_hint("401 Unauthorized", "date: Fri, 02 Jan 2026 03:00:05 GMT\r\n", Some(renew)).await;
    check_hint("401 Unauthorized", "age: 9\r\ndate: Fri, 02 Jan 2026 02:34:05 GMT\r\n", Some(renew)).await;
    check_hint("403 Forbidden", "", None).await;
}

#[tokio::test]
async fn refusal_that_points_elsewhere_names_the_setting() {
    let moved = "redirects are not followed: check `base_url` under `[fairing]`; it leads to `https://b.example/login`";
    check_hint("302 Found", "location: https://b.example/login?token=canary\r\n", Some(moved)).await;
    check_hint("404 Not Found", "", Some("check `base_url` under `[fairing]`")).await;
}

#[tokio::test]
async fn proxy_that_requires_a_login_is_named_without_its_password() {
    let proxy = serve(|_| answer("407 Proxy Authentication Required", "", b"")).await;
    let address = proxy.url().replace("http://", "");
    let value = format!("http://me:canary@{address}");
    let proxies = Proxies::new(|name| (name == "HTTP_PROXY").then(|| value.clone()));
    let error = fetch(&client(patient(&proxy.url()), &Context { proxies, ..context() })).await.expect_err("a refusal");
    assert_eq!(error.class(), Class::Config);
    assert_eq!(error.hint(), Some(format!("check the proxy `{address}` of `HTTP_PROXY`")));
}

#[tokio::test]
async fn all_clones_share_one_rate_limit() {
    let server = serve(|_| json(GOOD_BODY)).await;
    let rate_limit = Some(RateLimit { count: 10, per: Duration::from_millis(300) });
    let client = client(Profile { rate_limit, ..patient(&server.url()) }, &context());
    let started = Instant::now();
    let tasks = [client.clone(), client.clone(), client].map(|clone| tokio::spawn(async move { fetch(&clone).await }));
    for task in tasks {
        task.await.expect("no panic").expect("a page");
    }
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn client_with_another_base_url_shares_the_run() {
    let (server, other) = (serve(|_| json(GOOD_BODY)).await, serve(|_| json(GOOD_BODY)).await);
    let context = context();
    let client = client(patient(&server.url()), &context);
    fetch(&client).await.expect("a page");
    fetch(&client.with_profile(patient(&other.url())).expect("a client")).await.expect("a page");
    assert_eq!((server.received().len(), other.received().len()), (1, 1));
    assert_eq!(context.requests.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn error_response_keeps_its_body() {
    let body = "{\"Code\":\"Throttling\"}".repeat(1_000);
    let script = answer("400 Bad Request", "", body.as_bytes());
    let server = serve(move |_| script.clone()).await;
    let client = client(patient(&server.url()), &context());
    let response = client.send(Request::post("/").body("text/plain", "hi".into())).await.expect("a head");
    assert_eq!(response.status(), 400);
    assert_eq!(response.bytes(1 << 20).await.expect("a body"), body);
    assert_eq!(server.received()[0].body, b"hi");
    let error = client.send(Request::get("/")).await.expect("a head").bytes(100).await.expect_err("a limit");
    assert!(matches!(error, Error::BodyTooLarge { limit: 100, .. }), "{error:?}");
}

#[tokio::test]
async fn request_is_sent_as_built() {
    let server = serve(|_| json(GOOD_BODY)).await;
    let client = client(patient(&format!("{}/v1/", server.url())), &context());
    let request = Request::get("/x").query("名", "a b").raw_query("s=%7E~%2A").header("user-agent", "mine");
    client.send(request).await.expect("a head").error_for_status().expect("a good status");
    client.send(Request::get("/")).await.expect("a head");
    let received = server.received();
    assert_eq!(received[0].line, "GET /v1/x?%E5%90%8D=a+b&s=%7E~%2A HTTP/1.1");
    assert!(received[0].head.contains("user-agent: mine\r\n"));
    assert!(received[1].head.contains(&format!("user-agent: tongbu/{}\r\n", env!("CARGO_PKG_VERSION"))));
}
