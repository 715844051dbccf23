//! Where each scope's next pass resumes.

use jiff::{SignedDuration, Timestamp};

use super::error::Error;
use super::statement::{Reader, Row, Writer};
use crate::clock::to_rfc3339_millis;

/// One row of `sync_cursors`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopeState {
    pub scope: String,
    /// Where the next pass resumes; each upstream defines its shape.
    pub cursor: Option<serde_json::Value>,
    pub last_success_at: Option<Timestamp>,
    pub record_count: Option<u64>,
    /// No request before this instant, because the upstream requested a pause.
    pub not_before: Option<Timestamp>,
    /// When a pass last saved a change there; [`save_changed`] sets it. The first success counts as one.
    pub last_changed_at: Option<Timestamp>,
    pub success_count: u64,
    /// The last pass failed in part, or found rows that are about to change.
    pub is_unsettled: bool,
    /// The requests of a pass.
    pub request_count: u64,
}

/// A pause lasts a day at most, also where an upstream demands more; an hour more allows for clocks that differ.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(25);

impl ScopeState {
    /// When the pause that the upstream requested is over; `None` where it is. An instant further away than any pause is
    /// long is from a clock that was ahead.
    pub fn pause_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before.filter(|until| (1..=LONGEST_PAUSE.as_nanos()).contains(&until.duration_since(now).as_nanos()))
    }
}

/// The state of a scope; a scope never seen has a default one with its name.
pub fn load_state(r: &Reader<'_>, scope: &str) -> Result<ScopeState, Error> {
    let known = r.first(
        "SELECT scope, cursor, last_success_at, record_count, not_before, last_changed_at, success_count, is_unsettled,
                request_count
         FROM sync_cursors
         WHERE scope = ?1",
        &[scope.into()],
        read,
    )?;
    Ok(known.unwrap_or_else(|| ScopeState { scope: scope.to_owned(), ..ScopeState::default() }))
}

/// Every scope's state whose name begins with `prefix`.
pub fn load_states(r: &Reader<'_>, prefix: &str) -> Result<Vec<ScopeState>, Error> {
    let length = prefix.chars().count() as u64;
    r.rows(
        "SELECT scope, cursor, last_success_at, record_count, not_before, last_changed_at, success_count, is_unsettled,
                request_count
         FROM sync_cursors
         WHERE substr(scope, 1, ?2) = ?1
         ORDER BY scope",
        &[prefix.into(), length.into()],
        read,
    )
}

/// Replaces the scope's state. Call it in the transaction that stored what the cursor refers to.
pub fn save_state(w: &Writer<'_>, state: &ScopeState) -> Result<(), Error> {
    let cursor = state.cursor.as_ref().map(ToString::to_string);
    let last_success_at = state.last_success_at.map(to_rfc3339_millis);
    let not_before = state.not_before.map(to_rfc3339_millis);
    w.write(
        "INSERT INTO sync_cursors (scope, cursor, last_success_at, record_count, not_before, last_changed_at,
                                   success_count, is_unsettled, request_count)
         VALUES (?1, ?2, ?3, ?4, ?5, ?3, ?6, ?7, ?8)
         ON CONFLICT (scope) DO UPDATE
         SET cursor = excluded.cursor,
             last_success_at = excluded.last_success_at,
             record_count = excluded.record_count,
             digest = NULL,
             not_before = excluded.not_before,
             last_changed_at = COALESCE(sync_cursors.last_changed_at, excluded.last_changed_at),
             success_count = excluded.success_count,
             is_unsettled = excluded.is_unsettled,
             request_count = excluded.request_count",
        &[
            (&state.scope).into(),
            cursor.as_deref().into(),
            last_success_at.as_deref().into(),
            state.record_count.into(),
            not_before.as_deref().into(),
            state.success_count.into(),
            i64::from(state.is_unsettled).into(),
            state.request_count.into(),
        ],
    )
}

/// Keeps when a change was saved in the scope. Call it in the transaction that saved it.
pub fn save_changed(w: &Writer<'_>, scope: &str, at: &str) -> Result<(), Error> {
    w.write(
        "INSERT INTO sync_cursors (scope, last_changed_at)
         VALUES (?1, ?2)
         ON CONFLICT (scope) DO UPDATE
         SET last_changed_at = excluded.last_changed_at",
        &[scope.into(), at.into()],
    )
}

/// Forgets where the scope's next pass resumes: it begins anew.
pub fn forget(w: &Writer<'_>, scope: &str) -> Result<(), Error> {
    w.write(
        "UPDATE sync_cursors
         SET cursor = NULL
         WHERE scope = ?1",
        &[scope.into()],
    )
}

/// Keeps that the last pass over the scope did not end well.
pub(super) fn save_unsettled(w: &Writer<'_>, scope: &str) -> Result<(), Error> {
    w.write(
        "UPDATE sync_cursors
         SET is_unsettled = 1
         WHERE scope = ?1",
        &[scope.into()],
    )
}

fn read(row: &Row<'_>) -> Result<ScopeState, Error> {
    let cursor = row.opt_text(1)?.map(|json| {
        serde_json::from_str(json).map_err(|_| Error::Value { found: json.to_owned(), expected: "a cursor in JSON" })
    });
    Ok(ScopeState {
        scope: row.text(0)?.to_owned(),
        cursor: cursor.transpose()?,
        last_success_at: row.opt_instant(2)?,
        record_count: row.opt_int(3)?.and_then(|count| u64::try_from(count).ok()),
        not_before: row.opt_instant(4)?,
        last_changed_at: row.opt_instant(5)?,
        success_count: row.count(6)?,
        is_unsettled: row.int(7)? != 0,
        request_count: row.count(8)?,
    })
}
