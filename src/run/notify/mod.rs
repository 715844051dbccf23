//! Reports to people and watchdogs how a run ended: a ping after each, a message when something needs a person.

mod address;
mod chat;
mod email;
mod error;
mod limits;
mod message;
mod program;
mod state;

use bytes::Bytes;

use self::address::{Target, deliver};
use self::error::Error;
pub use self::message::NOTIFICATION_SCHEMA;
use self::message::{Notification, NotifyEvent};
pub use self::state::PreviousState;
use super::report::Report;
use crate::clock::Clock;
use crate::config::{Config, MonitorSettings, Notify, NotifyKind};
use crate::error::{Class, full_message};
use crate::exit::Exit;
use crate::http::Request;
use crate::present::Json;
use crate::secret::{Secret, scrub};
use crate::store::records::{self, IsExceeded, Record};
use crate::store::{Status, Store};
use crate::upstreams::{self, Failure, Registration, SkipReason};

/// How each receiver took a message, by its key.
pub type Sent = Vec<(String, Result<(), Failure>)>;

/// Whether a receiver that wants to hear after this number of failures is notified of this run.
///
/// Rejected credentials are reported at once, other failures when they have come `after` times in a row and at each
/// doubling of that; a recovery is reported where the failure was. Where nothing is known of earlier runs, every
/// failure is reported.
fn due_event(report: &Report, previous: &PreviousState, after: u32) -> Option<NotifyEvent> {
    let after = u64::from(after.max(1));
    match report.status {
        Status::Success if previous.was_auth || previous.consecutive_failures >= after => Some(NotifyEvent::Recovered),
        Status::Cancelled if report.exit != Exit::Deadline => None,
        Status::Failed | Status::Partial | Status::Cancelled | Status::Interrupted => {
            let is_round = is_round(previous.consecutive_failures + 1, after);
            let is_auth = report.problems.iter().any(|problem| problem.class == Class::Auth);
            let is_due = previous.is_unknown || is_round || (is_auth && !previous.was_auth);
            is_due.then_some(NotifyEvent::Failed)
        }
        Status::Success | Status::Running | Status::Died | Status::Skipped => None,
    }
}

/// Whether that number of failures in a row is `after`, or a doubling of it.
const fn is_round(failures: u64, after: u64) -> bool {
    failures.is_multiple_of(after) && (failures / after).is_power_of_two()
}

/// Notifies everybody the configuration names; returns a warning for each that was not reached.
pub async fn report_end(config: &Config, report: &Report, previous: &PreviousState, clock: &Clock) -> Vec<String> {
    let settings = &config.settings().monitor;
    let mut warnings = Vec::new();
    if let Some(reference) = &settings.ping_url
        && let Some(exit) = pinged_exit(report, previous)
    {
        let pinged = async {
            let address = reference.resolve("monitor.ping_url")?;
            ping(&for_sync(&address, report), exit, clock).await
        };
        if let Err(error) = pinged.await {
            warnings.push(format!("cannot ping `monitor.ping_url`: {}", full_message(&error)));
        }
    }
    for (index, notify) in settings.notify.iter().enumerate() {
        let Some(event) = due_event(report, previous, notify.after) else { continue };
        let notification = Notification::of(event, report, previous, config);
        warnings.extend(send_or_warn(notify, index, &notification, clock).await);
    }
    warnings
}

/// Notifies everybody that an earlier run died; returns a warning for each that was not reached.
pub async fn report_death(config: &Config, died: &Record, previous: &PreviousState, clock: &Clock) -> Vec<String> {
    let notification = Notification::of_death(died, previous, config, clock.now());
    let mut warnings = Vec::new();
    for (index, notify) in config.settings().monitor.notify.iter().enumerate() {
        if is_round(previous.consecutive_failures, u64::from(notify.after.max(1))) {
            warnings.extend(send_or_warn(notify, index, &notification, clock).await);
        }
    }
    warnings
}

/// Notifies everybody of a limit that is exceeded now and was not before, and of one that no longer is; returns warnings.
pub async fn report_limits(
    config: &Config,
    registration: &Registration,
    store: &Store,
    report: &Report,
    clock: &Clock,
) -> Vec<String> {
    let settings = &config.settings().monitor;
    let Some(metrics_of) = registration.metrics.filter(|_| settings.has_limits()) else { return Vec::new() };
    let mut warnings = Vec::new();
    let metrics = match store.read(metrics_of) {
        Ok(metrics) => metrics,
        Err(error) => return vec![format!("cannot look at the limits of `[monitor]`: {error}")],
    };
    for limit in limits::evaluate(settings, &metrics, &message::style(config, clock.now())) {
        let name = limit.name;
        let was_exceeded = store.read(|r| records::load_alert(r, registration.name, name));
        let is_exceeded = if limit.exceeded.is_some() { IsExceeded::Yes } else { IsExceeded::No };
        if was_exceeded.as_ref().is_ok_and(|was| *was == is_exceeded) {
            continue;
        }
        let notification = Notification::of_limit(name, limit.exceeded, report, config);
        let mut is_sent = settings.notify.is_empty();
        for (index, notify) in settings.notify.iter().enumerate() {
            let unsent = send_or_warn(notify, index, &notification, clock).await;
            is_sent |= unsent.is_none();
            warnings.extend(unsent);
        }
        // Where nobody was reached the next run tries again.
        if is_sent && let Err(error) = store.save_alert(registration.name, name, is_exceeded) {
            warnings.push(format!("cannot store that `monitor.{name}` was reported: {error}"));
        }
    }
    warnings
}

/// Sends a test message to every receiver of that kind, to all without one; how each took it, by its key.
pub fn send_test(config: &Config, kind: Option<NotifyKind>, clock: &Clock) -> Result<Sent, upstreams::Error> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(upstreams::Error::Runtime)?;
    let notification = Notification::test(config, clock.now());
    let mut sent = Vec::new();
    for (index, notify) in config.settings().monitor.notify.iter().enumerate() {
        if kind.is_none_or(|kind| kind == notify.kind) {
            let key = key_of(index);
            let outcome = runtime.block_on(send(notify, &key, &notification, clock));
            sent.push((format!("{key} ({})", notify.kind.name()), outcome.map_err(|error| error.to_failure())));
        }
    }
    Ok(sent)
}

/// How each mail server received us, by the key of its receiver; no mail is sent.
pub fn verify_mail(config: &Config) -> Sent {
    let receivers = config.settings().monitor.notify.iter().enumerate();
    let mails = receivers.filter(|(_, notify)| notify.kind == NotifyKind::Email).map(|(index, notify)| {
        let key = key_of(index);
        let verify = || email::Mail::open(&notify.url.resolve(&format!("{key}.url"))?, notify, &key)?.verify();
        let outcome = verify().map_err(|error: Error| error.to_failure());
        (key, outcome)
    });
    mails.collect()
}

/// The first setting of `[monitor]` that cannot be used: a credential that is not there, an address that is none.
pub fn check(settings: &MonitorSettings) -> Result<(), Failure> {
    let checked = || -> Result<(), Error> {
        if let Some(reference) = &settings.ping_url {
            check_address(&reference.resolve(PING_URL)?, PING_URL)?;
        }
        for (index, notify) in settings.notify.iter().enumerate() {
            let key = key_of(index);
            let address = notify.url.resolve(&format!("{key}.url"))?;
            secret_of(notify, &key)?;
            match notify.kind {
                NotifyKind::Command => {}
                NotifyKind::Email => drop(email::Mail::open(&address, notify, &key)?),
                NotifyKind::Webhook
                | NotifyKind::Dingtalk
                | NotifyKind::Feishu
                | NotifyKind::Wecom
                | NotifyKind::Slack => check_address(&address, &format!("{key}.url"))?,
            }
        }
        Ok(())
    };
    checked().map_err(|error| error.to_failure())
}

const PING_URL: &str = "monitor.ping_url";

fn check_address(address: &Secret, key: &str) -> Result<(), Error> {
    let wanted = "an address that begins with `https://`";
    address::parse(address).map(drop).map_err(|_| Error::Incomplete(key.to_owned(), wanted))
}

fn key_of(index: usize) -> String {
    format!("monitor.notify[{index}]")
}

fn secret_of(notify: &Notify, key: &str) -> Result<Option<Secret>, Error> {
    Ok(notify.secret.as_ref().map(|secret| secret.resolve(&format!("{key}.secret"))).transpose()?)
}

/// What a watchdog is pinged with. Where nothing was due the last run still holds; a run that found its locks held says
/// nothing.
fn pinged_exit(report: &Report, previous: &PreviousState) -> Option<Exit> {
    if report.status != Status::Skipped {
        return Some(report.exit);
    }
    let is_locked = |reason| reason == SkipReason::Locked;
    let was_locked = report.scopes.iter().any(|scope| scope.skipped.is_some_and(|(reason, _)| is_locked(reason)));
    let is_good = previous.has_succeeded && previous.consecutive_failures == 0 && report.exit == Exit::Ok;
    (is_good && !was_locked).then_some(Exit::Ok)
}

/// The address with `{sync}` and `{type}` filled in.
fn for_sync(address: &Secret, report: &Report) -> Secret {
    Secret::new(address.expose().replace("{sync}", report.sync).replace("{type}", report.sync_type))
}

/// A success is pinged at the address, a failure at `<address>/fail`, as the usual watchdogs expect.
async fn ping(address: &Secret, exit: Exit, clock: &Clock) -> Result<(), Error> {
    let Target { client, path, query } = Target::open(address, clock)?;
    // That nothing changed is asked for by who runs it, and no failure.
    let path =
        if matches!(exit, Exit::Ok | Exit::Unchanged) { path } else { format!("{}/fail", path.trim_end_matches('/')) };
    deliver(&client, None, || Request::get(&path).raw_query(&query)).await?;
    Ok(())
}

/// The warning where it was not sent.
async fn send_or_warn(notify: &Notify, index: usize, notification: &Notification, clock: &Clock) -> Option<String> {
    let key = key_of(index);
    let sent = send(notify, &key, notification, clock).await;
    sent.err().map(|error| format!("cannot notify `{key}`: {}", full_message(&error)))
}

async fn send(notify: &Notify, key: &str, notification: &Notification, clock: &Clock) -> Result<(), Error> {
    let address = notify.url.resolve(&format!("{key}.url"))?;
    let text = scrub(&notification.text).into_owned();
    match notify.kind {
        NotifyKind::Command => program::run(&address, &document(notification)),
        NotifyKind::Email => email::Mail::open(&address, notify, key)?.send(&text),
        NotifyKind::Webhook => post(&Target::open(&address, clock)?, "", document(notification), None).await.map(drop),
        NotifyKind::Slack => {
            let body = serde_json::json!({"text": text}).to_string();
            post(&Target::open(&address, clock)?, "", body, None).await.map(drop)
        }
        NotifyKind::Dingtalk | NotifyKind::Wecom | NotifyKind::Feishu => {
            let message = chat::Message::new(notify.kind, &text, secret_of(notify, key)?.as_ref(), clock.now());
            let limit = Some(chat::MAX_ANSWER_BYTES);
            let answer = post(&Target::open(&address, clock)?, &message.query, message.body, limit).await?;
            chat::check_answer(notify.kind, &answer)
        }
    }
}

/// The notification for a program.
fn document(notification: &Notification) -> String {
    scrub(Json::of(notification).into_document(&NOTIFICATION_SCHEMA).as_str()).into_owned()
}

async fn post(target: &Target, query: &str, body: String, limit: Option<u64>) -> Result<Bytes, Error> {
    let body = Bytes::from(body);
    let request = || {
        let request = Request::post(&target.path).raw_query(&target.query).raw_query(query);
        request.body("application/json", body.clone())
    };
    Ok(deliver(&target.client, limit, request).await?)
}
