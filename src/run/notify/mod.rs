//! Reports to people and watchdogs how a run ended: a ping after each, a message when something needs a person.

mod address;
mod chat;
mod email;
mod error;
mod limits;
mod message;
mod news;
mod program;
mod state;

use bytes::Bytes;

use self::address::{Target, deliver};
use self::error::Error;
pub use self::message::NOTIFICATION_SCHEMA;
use self::message::Notification;
use self::news::{News, NotifyEvent, Outcome};
use self::state::other_types;
pub use self::state::{PreviousState, save_failing};
use super::report::Report;
use crate::clock::Clock;
use crate::config::{Config, MonitorSettings, Notify, NotifyKind};
use crate::error::full_message;
use crate::exit::Exit;
use crate::http::Request;
use crate::present::Json;
use crate::secret::{Secret, scrub};
use crate::store::records::{self, Record, ReportRow};
use crate::store::{Status, Store};
use crate::upstreams::{self, Failure, Registration, SkipReason};

/// How each receiver took a message, by its key.
pub type Sent = Vec<(String, Result<(), Failure>)>;

/// Pings the watchdog, and notifies everybody to whom the run is news; returns a warning for each that was not reached.
/// Where there is no database nothing is known of earlier runs: then every failure is news.
pub async fn report_end(
    config: &Config,
    registration: &Registration,
    store: Option<&Store>,
    report: &Report,
    previous: &PreviousState,
    clock: &Clock,
) -> Vec<String> {
    let settings = &config.settings().monitor;
    let mut warnings = Vec::new();
    if let Some(reference) = &settings.ping_url
        && let Some(exit) = pinged_exit(report, previous)
        && !(report.status == Status::Success && previous.is_failing)
    {
        let pinged = async {
            let address = reference.resolve("monitor.ping_url")?;
            ping(&for_sync(&address, report), exit, clock).await
        };
        if let Err(error) = pinged.await {
            warnings.push(format!("cannot ping `monitor.ping_url`: {}", full_message(&error)));
        }
    }
    if let Some(outcome) = Outcome::of(report) {
        let news_of = |rows, receiver: &str, after| outcome.news(rows, receiver, after);
        let of = |event, news: &News| Notification::of(event, report, news, config);
        warnings.extend(send_news(config, store, (report.sync, report.sync_type), news_of, clock, of).await);
        for other in store.into_iter().flat_map(|_| other_types(registration, report.sync_type)) {
            let news_of = |rows, _: &str, _| outcome.news_of_other_type(rows);
            let of = |event, news: &News| {
                Notification::of(event, &Report { sync_type: other, ..report.clone() }, news, config)
            };
            warnings.extend(send_news(config, store, (report.sync, other), news_of, clock, of).await);
        }
    }
    warnings
}

/// Notifies everybody to whom it is news that an earlier run died; returns a warning for each that was not reached.
pub async fn report_death(config: &Config, store: &Store, died: &Record, clock: &Clock) -> Vec<String> {
    let of = |_, news: &News| Notification::of_death(died, news, config, clock.now());
    let outcome = Outcome::of_death(died);
    let news_of = |rows, receiver: &str, after| outcome.news(rows, receiver, after);
    send_news(config, Some(store), (&died.sync, &died.sync_type), news_of, clock, of).await
}

async fn send_news(
    config: &Config,
    store: Option<&Store>,
    (sync, sync_type): (&str, &str),
    news_of: impl Fn(Vec<ReportRow>, &str, u32) -> News,
    clock: &Clock,
    notification: impl Fn(NotifyEvent, &News) -> Notification,
) -> Vec<String> {
    let receivers = &config.settings().monitor.notify;
    if receivers.is_empty() {
        return Vec::new();
    }
    let mut warnings = Vec::new();
    let rows = match store.map(|store| store.read(|r| records::load_reports(r, sync, sync_type))) {
        Some(Ok(rows)) => rows,
        Some(Err(error)) => {
            warnings.push(format!("cannot read what was reported before: {error}"));
            Vec::new()
        }
        None => Vec::new(),
    };
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    for (index, notify) in receivers.iter().enumerate() {
        let receiver = name_of(notify);
        let own = rows.iter().filter(|row| row.receiver == receiver).cloned().collect();
        let after = if store.is_some() { notify.after } else { 1 };
        let news = news_of(own, &receiver, after);
        let mut is_reached = false;
        if let Some(event) = news.event {
            let unsent = send_or_warn(notify, index, &notification(event, &news), clock).await;
            is_reached = unsent.is_none();
            warnings.extend(unsent);
        }
        let (kept, deleted) = news.into_rows(is_reached);
        changed.extend(kept);
        gone.extend(deleted);
    }
    if let Some(Err(error)) = store.map(|store| store.save_reports(sync, sync_type, changed, gone)) {
        warnings.push(format!("cannot store what was reported: {error}"));
    }
    warnings
}

/// Notifies everybody of each limit that is exceeded now and was not before, or by twice as much as then, and of each
/// that no longer is; returns warnings.
pub async fn report_limits(
    config: &Config,
    registration: &Registration,
    store: &Store,
    report: &Report,
    clock: &Clock,
) -> Vec<String> {
    let settings = &config.settings().monitor;
    let is_watched = settings.has_limits() && !settings.notify.is_empty();
    let Some(metrics_of) = registration.metrics.filter(|_| is_watched) else { return Vec::new() };
    let mut warnings = Vec::new();
    let sync = registration.name;
    for limit in limits::configured(settings) {
        let known = store.read(metrics_of).and_then(|metrics| {
            let rows = store.read(|r| records::load_reports(r, sync, limit.name()))?;
            Ok((limit.exceeded(&metrics, clock.now()), rows))
        });
        let (exceeded, rows) = match known {
            Ok(known) => known,
            Err(error) => return vec![format!("cannot look at the limits of `[monitor]`: {error}")],
        };
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        for (index, notify) in settings.notify.iter().enumerate() {
            let receiver = name_of(notify);
            let own = || rows.iter().filter(|row| row.receiver == receiver);
            for over in &exceeded {
                let row = own().find(|row| row.subject == over.subject);
                if row.is_some_and(|row| over.level < row.reported.saturating_mul(2)) {
                    continue;
                }
                let notification = Notification::of_limit(&limit, &over.subject, Some(over), report, config);
                match send_or_warn(notify, index, &notification, clock).await {
                    // Where nobody was reached the next run tries again.
                    Some(warning) => warnings.push(warning),
                    None => changed.push(over.row(&receiver, report.ended_at)),
                }
            }
            let is_over = |row: &&ReportRow| exceeded.iter().any(|over| over.subject == row.subject);
            for row in own().filter(|row| !is_over(row)) {
                let notification = Notification::of_limit(&limit, &row.subject, None, report, config);
                match send_or_warn(notify, index, &notification, clock).await {
                    Some(warning) => warnings.push(warning),
                    None => gone.push(row.clone()),
                }
            }
        }
        if let Err(error) = store.save_reports(sync, limit.name(), changed, gone) {
            warnings.push(format!("cannot store what was reported: {error}"));
        }
    }
    warnings
}

/// What a receiver is known by, whatever its place in the configuration.
fn name_of(notify: &Notify) -> String {
    format!("{} {} {}", notify.kind.name(), notify.url, notify.to.join(",")).trim_end().to_owned()
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

/// What a watchdog is pinged with. A success says nothing where something fails that it was not about. Where nothing was due the last run still holds; a run that found its locks held says
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
    // That nothing changed is what the caller wanted to know, and no failure.
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
        NotifyKind::Slack | NotifyKind::Dingtalk | NotifyKind::Wecom | NotifyKind::Feishu => {
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
