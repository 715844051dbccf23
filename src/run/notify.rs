//! Tells people and watchdogs how a run ended: a ping after each, a message when something needs a person.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use url::Url;

use super::report::Report;
use crate::clock::Clock;
use crate::config::{self, MonitorSettings, Notify, NotifyKind, env};
use crate::error::Class;
use crate::exit::Exit;
use crate::http::{self, Client, Context, Jitter, Profile, Proxies, Request};
use crate::secret::Secret;
use crate::store::Status;
use crate::store::records::SyncState;

/// A receiver that does not answer must not hold the run up.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a receiver was not reached.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error("its address is no URL")]
    Address,
    #[error("cannot run the command")]
    Command(#[source] std::io::Error),
    #[error("the command ended with {0}")]
    CommandFailed(std::process::ExitStatus),
}

/// What is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyEvent {
    Failed,
    Recovered,
}

/// The state of a sync before a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct PreviousState {
    pub consecutive_failures: u64,
    /// The last run ended because its credentials were rejected.
    pub was_auth: bool,
    /// Nothing is known of earlier runs.
    pub is_unknown: bool,
}

impl PreviousState {
    pub fn unknown() -> Self {
        Self { is_unknown: true, ..Self::default() }
    }

    pub fn of(state: &SyncState) -> Self {
        let was_auth = state.last.as_ref().is_some_and(|last| last.exit_code == Some(Exit::Auth.code().into()));
        Self { consecutive_failures: state.consecutive_failures, was_auth, is_unknown: false }
    }
}

/// Whether a receiver that wants to hear after so many failures is told of this run.
///
/// Rejected credentials are told at once, other failures when they have come `after` times in a row and at each doubling
/// of that; a recovery is told where the failure was.
pub fn due_event(report: &Report, previous: PreviousState, after: u32) -> Option<NotifyEvent> {
    let after = u64::from(after.max(1));
    match report.status {
        Status::Success if previous.was_auth || previous.consecutive_failures >= after => Some(NotifyEvent::Recovered),
        Status::Failed | Status::Partial => {
            let failures = previous.consecutive_failures + 1;
            let is_round = failures.is_multiple_of(after) && (failures / after).is_power_of_two();
            let is_auth = report.problems.iter().any(|problem| problem.class == Class::Auth);
            (previous.is_unknown || is_round || (is_auth && !previous.was_auth)).then_some(NotifyEvent::Failed)
        }
        Status::Success | Status::Running | Status::Cancelled | Status::Interrupted | Status::Skipped => None,
    }
}

/// Tells everybody the configuration names; answers a warning for each that was not reached.
pub async fn report_end(
    settings: &MonitorSettings,
    report: &Report,
    previous: &PreviousState,
    clock: &Clock,
) -> Vec<String> {
    let previous = *previous;
    let mut warnings = Vec::new();
    if let Some(reference) = &settings.ping_url
        && report.status != Status::Skipped
    {
        let pinged = async { ping(&reference.resolve("monitor.ping_url")?, report.exit, clock).await };
        if let Err(error) = pinged.await {
            warnings.push(format!("cannot ping `monitor.ping_url`: {error}"));
        }
    }
    for (index, notify) in settings.notify.iter().enumerate() {
        let Some(event) = due_event(report, previous, notify.after) else { continue };
        let key = format!("monitor.notify[{index}]");
        if let Err(error) = send(notify, &key, event, report, previous, clock).await {
            warnings.push(format!("cannot notify `{key}`: {error}"));
        }
    }
    warnings
}

/// A success is pinged at the address, anything else at `<address>/fail`, as the usual watchdogs expect.
async fn ping(address: &Secret, exit: Exit, clock: &Clock) -> Result<(), Error> {
    let Target { client, path, query } = open(address, clock)?;
    let path = if exit == Exit::Ok { path } else { format!("{}/fail", path.trim_end_matches('/')) };
    Ok(deliver(&client, || Request::get(&path).raw_query(&query)).await?)
}

async fn send(
    notify: &Notify,
    key: &str,
    event: NotifyEvent,
    report: &Report,
    previous: PreviousState,
    clock: &Clock,
) -> Result<(), Error> {
    let address = notify.url.resolve(&format!("{key}.url"))?;
    let text = text(event, report, previous);
    let document = match notify.kind {
        NotifyKind::Webhook | NotifyKind::Command => document(event, report, previous),
        NotifyKind::Dingtalk | NotifyKind::Wecom => json!({"msgtype": "text", "text": {"content": text}}),
        NotifyKind::Feishu => json!({"msg_type": "text", "content": {"text": text}}),
        NotifyKind::Slack => json!({"text": text}),
    };
    let body = crate::secret::scrub(&document.to_string()).into_owned();
    if notify.kind == NotifyKind::Command {
        return run(&address, &body);
    }
    let Target { client, path, query } = open(&address, clock)?;
    let body = Bytes::from(body);
    let request = || Request::post(&path).raw_query(&query).body("application/json", body.clone());
    Ok(deliver(&client, request).await?)
}

async fn deliver(client: &Client, request: impl Fn() -> Request + Sync) -> Result<(), http::Error> {
    client
        .retry("notify", |_| {
            let request = request();
            async move { client.send(request).await?.error_for_status().map(|_| ()) }
        })
        .await
}

/// Where to send to, taken from an address.
struct Target {
    client: Client,
    path: String,
    query: String,
}

/// Takes an address apart. Its path and its query may each be the credential: neither is ever shown.
fn open(address: &Secret, clock: &Clock) -> Result<Target, Error> {
    let url = Url::parse(address.expose()).map_err(|_| Error::Address)?;
    let [path, query] = [url.path(), url.query().unwrap_or_default()].map(str::to_owned);
    for part in [path.trim_end_matches('/'), &query] {
        if !part.is_empty() {
            // Made for what it remembers: errors name the path without the rest of the address.
            drop(Secret::new(part.to_owned()));
        }
    }
    let base_url = url.join("/").map_err(|_| Error::Address)?;
    let profile = Profile {
        name: "notify",
        base_url,
        connect_timeout: TIMEOUT,
        read_timeout: TIMEOUT,
        total_timeout: TIMEOUT,
        max_body: 1024 * 1024,
        retries: 1,
        backoff: Duration::from_secs(1),
        backoff_cap: Duration::from_secs(1),
        jitter: Jitter::Full,
        rate_limit: None,
    };
    let context = Context { proxies: Proxies::new(env::var), ..Context::detached(clock.clone(), "notify") };
    Ok(Target { client: Client::new(profile, context)?, path, query })
}

/// Runs the command with the document on its standard input.
fn run(command: &Secret, document: &str) -> Result<(), Error> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", command.expose()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Error::Command)?;
    if let Some(mut input) = child.stdin.take() {
        // A command that does not read its input may still do its work.
        let _ = input.write_all(document.as_bytes());
    }
    let status = child.wait().map_err(Error::Command)?;
    if status.success() { Ok(()) } else { Err(Error::CommandFailed(status)) }
}

fn text(event: NotifyEvent, report: &Report, previous: PreviousState) -> String {
    let sync = report.sync_type;
    match (event, &report.failure) {
        (NotifyEvent::Recovered, _) => {
            format!("tongbu: {sync} recovered after {} failed runs", previous.consecutive_failures)
        }
        (NotifyEvent::Failed, Some(failure)) => format!(
            "tongbu: {sync} failed ({}, exit {}, {} in a row): {}\n{}",
            report.exit.name(),
            report.exit.code(),
            previous.consecutive_failures + 1,
            failure.message,
            failure.hint
        ),
        (NotifyEvent::Failed, None) => format!(
            "tongbu: {sync} ended {} with {} failed items\ntongbu records show {}",
            report.exit.name(),
            report.summary.failed,
            report.record.0
        ),
    }
}

fn document(event: NotifyEvent, report: &Report, previous: PreviousState) -> serde_json::Value {
    json!({
        "schema": "tongbu.notification/1",
        "event": match event { NotifyEvent::Failed => "failed", NotifyEvent::Recovered => "recovered" },
        "sync": report.sync,
        "sync_type": report.sync_type,
        "status": report.status.name(),
        "exit_code": report.exit.code(),
        "exit_name": report.exit.name(),
        "message": report.failure.as_ref().map(|failure| &failure.message),
        "hint": report.failure.as_ref().map(|failure| &failure.hint),
        "record_id": report.record,
        "trace_id": report.trace_id,
        "failed_before": previous.consecutive_failures,
        "ended_at": report.ended_at,
    })
}
