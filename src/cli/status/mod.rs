//! `status`: the state of each sync.

pub mod output;

use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use self::output::{QuietScope, StatusOutput, SyncRow};
use super::error::Error;
use super::installed::{self, Job};
use super::session::{LogTo, Session};
use super::sync::matches_of;
use super::values::{self, MaxAge};
use crate::config::{Config, suggestion};
use crate::exit::Exit;
use crate::run::Cancel;
use crate::store::records::SyncState;
use crate::store::{Location, Mode, ScopeState, Store, cursors};
use crate::ui::leave_screen;
use crate::upstreams::{self, INTERVAL_SLACK, Registration, adaptive};
use crate::zone;

/// What to check.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Exit 14 when the last success of NAME is older; may be repeated
    #[arg(long, value_name = "NAME=DUR", value_parser = values::max_age)]
    max_age: Vec<MaxAge>,
    /// Draw it again and again on this terminal, until Ctrl-C or q
    #[arg(long, value_name = "DUR", num_args = 0..=1, default_missing_value = "2s", value_parser = values::span, conflicts_with = "json")]
    watch: Option<Duration>,
}

/// Passes over everything are a day apart at most; beyond two, a scope is not part of them.
const GONE_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// What the database knows.
#[derive(Debug, Default)]
struct Known {
    states: Vec<SyncState>,
    scopes: Vec<ScopeState>,
}

/// Shows one row per sync that ever ran or is configured.
pub fn cmd_status(session: &mut Session, args: &StatusArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database(&config)?;
    if let Some(pause) = args.watch {
        return watch(session, &config, &database, args, pause);
    }
    let (output, has_run) = load_output(session, &config, &database, args)?;
    if !has_run && output.rows.is_empty() {
        session.ui.no_database(&database, &output);
    } else {
        session.ui.output(&output);
    }
    let exit = output.exit;
    if exit != Exit::Ok && session.ui.is_quiet() {
        let now = session.ui.clock().now();
        let rows = output.rows.into_iter().filter(|row| row.is_stale(now)).collect();
        session.ui.explain(&StatusOutput { exit, rows });
    }
    Ok(exit)
}

/// The same again and again, until the person has seen enough.
fn watch(
    session: &Session,
    config: &Config,
    database: &Location,
    args: &StatusArgs,
    pause: Duration,
) -> Result<Exit, Error> {
    if !session.ui.can_watch() {
        return Err(Error::Usage {
            message: "`--watch` needs a terminal to draw on".to_owned(),
            hint: "without one: `tongbu status`, or `tongbu status --json`".to_owned(),
        });
    }
    let cancel = Cancel::on_signals(leave_screen).map_err(upstreams::Error::Runtime)?;
    let is_over = || cancel.token().is_cancelled();
    let last =
        session.ui.watch(pause, is_over, || load_output(session, config, database, args).map(|(output, _)| output))?;
    Ok(cancel.class().map_or(last.exit, Exit::from))
}

/// What to show, and whether there is a database at all.
fn load_output(
    session: &Session,
    config: &Config,
    database: &Location,
    args: &StatusArgs,
) -> Result<(StatusOutput, bool), Error> {
    let store = session.open_existing(database, Mode::ReadOnly)?;
    let now = session.ui.clock().now();
    let mut rows = load_rows(store.as_ref(), config, now)?;
    apply_max_ages(&mut rows, &args.max_age)?;
    apply_schedule(&mut rows, &installed::jobs(config), now);
    let exit = if rows.iter().any(|row| row.is_stale(now)) { Exit::Stale } else { Exit::Ok };
    Ok((StatusOutput { exit, rows }, store.is_some()))
}

/// One row per sync that ever ran or is configured.
pub fn load_rows(store: Option<&Store>, config: &Config, now: Timestamp) -> Result<Vec<SyncRow>, Error> {
    let known = store.map(load).transpose()?.unwrap_or_default();
    let mut rows: Vec<_> = known.states.into_iter().map(|state| row(state, &known.scopes, config, now)).collect();
    rows.extend(rows_of_configured(config, &rows)?);
    Ok(rows)
}

fn load(store: &Store) -> Result<Known, Error> {
    Ok(Known { states: store.load_states()?, scopes: store.read(|r| cursors::load_states(r, ""))? })
}

fn row(state: SyncState, scopes: &[ScopeState], config: &Config, now: Timestamp) -> SyncRow {
    let own: Vec<_> = scopes.iter().filter(|scope| belongs(&scope.scope, &state.sync, &state.sync_type)).collect();
    let counts: Vec<_> = own.iter().filter_map(|scope| scope.record_count).collect();
    let not_before = own.iter().filter_map(|scope| scope.pause_end(now)).max();
    let adaptive = adaptive_dues(&state, &own, config, now);
    let first = adaptive.iter().map(|scope| scope.next_due).min();
    let due = first.or_else(|| due_at(&state, config, now)).into_iter().chain(not_before).max();
    SyncRow {
        row_count: (!counts.is_empty()).then(|| counts.iter().sum()),
        not_before,
        next_due: due,
        quiet_scopes: adaptive.into_iter().filter(|scope| scope.next_due > now).collect(),
        next_run: None,
        max_age: None,
        state,
    }
}

/// Whether the scope is one of this sync type's: below `tasks/historical`, or anywhere below `fairing`.
fn belongs(scope: &str, sync: &str, sync_type: &str) -> bool {
    let rest = scope.strip_prefix(sync).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| sync == sync_type || rest.split('/').next() == Some(sync_type))
}

/// When each scope is due, where that depends on what changed there. One that no pass looked at for days, while others
/// were, is none any more.
fn adaptive_dues(state: &SyncState, scopes: &[&ScopeState], config: &Config, now: Timestamp) -> Vec<QuietScope> {
    let registration = upstreams::find(&state.sync).filter(|known| config.has_section(known.name));
    let Some(bounds) = registration.and_then(|known| (known.adaptive)(config).ok().flatten()) else {
        return Vec::new();
    };
    let newest = scopes.iter().filter_map(|scope| scope.last_success_at).max();
    let is_gone = |scope: &ScopeState| {
        newest.zip(scope.last_success_at).is_some_and(|(newest, at)| newest.duration_since(at) > GONE_AFTER)
    };
    let dues = scopes.iter().filter(|scope| !is_gone(scope)).filter_map(|scope| {
        let due = adaptive::due_at(scope, now, bounds)?;
        let slack = due.duration_since(scope.last_success_at?) / INTERVAL_SLACK.cast_signed();
        let next_due = due.checked_sub(slack).ok()?;
        Some(QuietScope { scope: scope.scope.clone(), last_changed_at: scope.last_changed_at, next_due })
    });
    dues.collect()
}

/// When the minimum interval after the last success is over.
fn due_at(state: &SyncState, config: &Config, now: Timestamp) -> Option<Timestamp> {
    // A section that is wrong or gone has no interval; `config check` reports what is wrong.
    let registration = upstreams::find(&state.sync).filter(|known| config.has_section(known.name))?;
    // A check by hand is no pass, and never due.
    if !is_pass(registration, &state.sync_type) {
        return None;
    }
    let interval = (registration.min_interval)(config).ok().flatten()?;
    // A success in the future is from a clock that was ahead; the next run does not wait for it.
    state.last_success_at.filter(|at| *at <= now)?.saturating_add(SignedDuration::try_from(interval).ok()?).ok()
}

/// Whether a schedule runs that type.
fn is_pass(registration: &Registration, sync_type: &str) -> bool {
    let type_of = |flags: &[&str]| (registration.sync_type)(&matches_of(registration, flags).ok()?).ok();
    registration.passes.iter().any(|flags| type_of(flags) == Some(sync_type))
}

/// What is configured and has never run.
fn rows_of_configured(config: &Config, ran: &[SyncRow]) -> Result<Vec<SyncRow>, Error> {
    let mut rows = Vec::new();
    for registration in upstreams::all().filter(|known| known.is_in_use(config)) {
        for flags in registration.passes {
            let sync_type = (registration.sync_type)(&matches_of(registration, flags)?)?;
            if ran
                .iter()
                .all(|row| (row.state.sync.as_str(), row.state.sync_type.as_str()) != (registration.name, sync_type))
            {
                rows.push(never_ran(registration.name, sync_type));
            }
        }
    }
    Ok(rows)
}

fn never_ran(sync: &str, sync_type: &str) -> SyncRow {
    let state = SyncState { sync: sync.to_owned(), sync_type: sync_type.to_owned(), ..SyncState::default() };
    SyncRow { state, ..SyncRow::default() }
}

/// A name without a row is a sync that never succeeded, or an error where there is no such sync.
fn apply_max_ages(rows: &mut Vec<SyncRow>, max_ages: &[MaxAge]) -> Result<(), Error> {
    for MaxAge { name, age } in max_ages {
        let mut is_found = false;
        for row in rows.iter_mut().filter(|row| is_named(row, name)) {
            row.max_age = Some(*age);
            is_found = true;
        }
        if is_found {
            continue;
        }
        let (sync, sync_type) = name.split_once('/').unwrap_or((name, name));
        let registration = upstreams::find(sync).ok_or_else(|| Error::Usage {
            message: format!("unknown sync `{name}`{}", suggestion(sync, upstreams::names())),
            hint: format!("one of: {}", upstreams::names().join(", ")),
        })?;
        let types: Vec<&str> = match registration.sync_types {
            [] => vec![registration.name],
            types => types.iter().map(|known| known.name).chain([registration.name]).collect(),
        };
        if !types.contains(&sync_type) {
            return Err(Error::Usage {
                message: format!(
                    "`{sync}` has no runs of the type `{sync_type}`{}",
                    suggestion(sync_type, types.iter().copied())
                ),
                hint: format!("one of: {}", types.join(", ")),
            });
        }
        rows.push(SyncRow { max_age: Some(*age), ..never_ran(registration.name, sync_type) });
    }
    Ok(())
}

/// A run that comes before anything is due does nothing: the next is the first that does not. Cron and the timers count
/// in the system's zone.
fn apply_schedule(rows: &mut [SyncRow], jobs: &[Job], now: Timestamp) {
    let zone = zone::system();
    for row in rows {
        let SyncState { sync, sync_type, last_success_at, .. } = &row.state;
        // A run may come a little before its interval is over.
        let slack = |due: Timestamp| last_success_at.map(|at| due.duration_since(at) / INTERVAL_SLACK.cast_signed());
        let due = row.next_due.map(|due| due - slack(due).unwrap_or_default());
        let from = [Some(now), due, row.not_before].into_iter().flatten().max().unwrap_or(now);
        let is_pass = upstreams::find(sync).is_some_and(|known| is_pass(known, sync_type));
        let own = jobs.iter().filter(|job| is_pass && job.runs(sync, Some(sync_type)));
        row.next_run = own.filter_map(|job| job.next(from, &zone)).min();
    }
}

fn is_named(SyncRow { state: SyncState { sync, sync_type, .. }, .. }: &SyncRow, name: &str) -> bool {
    sync == name || sync_type == name || name.split_once('/') == Some((sync, sync_type))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MaxAge, apply_max_ages, belongs, never_ran};

    fn check(scope: &str, sync: &str, sync_type: &str, expected: bool) {
        assert_eq!(belongs(scope, sync, sync_type), expected, "{scope} {sync} {sync_type}");
    }

    #[test]
    fn scopes_belong_to_their_sync_type() {
        check("fairing/shop-eu/responses", "fairing", "fairing", true);
        check("fairing2/shop-eu", "fairing", "fairing", false);
        check("tasks/historical", "tasks", "historical", true);
        check("tasks/today", "tasks", "historical", false);
        check("tasks", "tasks", "tasks", false);
    }

    #[test]
    fn an_age_applies_to_every_type_of_its_sync_or_to_one() {
        let ages = |names: &[&str]| {
            let mut rows = vec![never_ran("tasks", "historical"), never_ran("tasks", "today")];
            let wanted: Vec<_> =
                names.iter().map(|name| MaxAge { name: (*name).to_owned(), age: Duration::from_secs(1) }).collect();
            apply_max_ages(&mut rows, &wanted)
                .map(|()| rows.iter().map(|row| row.max_age.is_some()).collect::<Vec<_>>())
                .ok()
        };
        assert_eq!(ages(&["tasks"]), Some(vec![true, true]));
        assert_eq!(ages(&["tasks/today"]), Some(vec![false, true]));
        assert_eq!(ages(&["historical"]), Some(vec![true, false]));
        assert_eq!(ages(&["fairing"]), Some(vec![false, false, true]));
        assert_eq!(ages(&["fairign"]), None);
    }
}
