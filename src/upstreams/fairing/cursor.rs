//! Where a scope's next pass resumes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::Config;
use crate::store::ScopeState;

/// The shape of a scope's `cursor`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Everything updated before this instant was read.
    pub updated_at: Option<Timestamp>,
    pub last_full_at: Option<Timestamp>,
}

impl Cursor {
    /// What the last pass left. A cursor of another shape is no cursor: reading everything is always right.
    pub fn load(state: &ScopeState) -> Self {
        state.cursor.clone().and_then(|cursor| serde_json::from_value(cursor).ok()).unwrap_or_default()
    }

    /// From when on an incremental pass reads; `None` where it has to read everything. What lies in the future is from a
    /// clock that was ahead, and no stamp.
    pub fn since(&self, config: &Config, now: Timestamp) -> Option<Timestamp> {
        let last_full_at = self.last_full_at.filter(|at| *at <= now)?;
        if last_full_at.checked_add(config.full_every.0).ok()? <= now {
            return None;
        }
        self.updated_at?.checked_sub(config.lookback.0).ok().filter(|since| *since <= now)
    }

    /// The scope's state with the cursor moved to `newest`, never backwards. An answer came: a not-before is over.
    pub fn moved(&self, state: &ScopeState, newest: Option<Timestamp>) -> ScopeState {
        let cursor = Self { updated_at: self.updated_at.max(newest), ..self.clone() };
        ScopeState { cursor: serde_json::to_value(cursor).ok(), not_before: None, ..state.clone() }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Config, Cursor};
    use crate::store::ScopeState;

    fn at(text: &str) -> Option<Timestamp> {
        text.parse().ok()
    }

    #[test]
    fn reading_begins_a_lookback_before_the_cursor_until_a_full_read_is_due() {
        let config = Config::default();
        let cursor = Cursor { updated_at: at("2026-01-05T12:00:00Z"), last_full_at: at("2026-01-01T00:00:00Z") };
        let since = |cursor: &Cursor, now| cursor.since(&config, at(now).unwrap());
        assert_eq!(since(&cursor, "2026-01-07T23:59:59Z"), at("2026-01-04T12:00:00Z"));
        assert_eq!(since(&cursor, "2026-01-08T00:00:00Z"), None);
        assert_eq!(since(&Cursor::default(), "2026-01-02T00:00:00Z"), None);
        assert_eq!(since(&cursor, "2025-12-31T00:00:00Z"), None);
        let ahead = Cursor { updated_at: at("2099-01-01T00:00:00Z"), ..cursor };
        assert_eq!(since(&ahead, "2026-01-07T00:00:00Z"), None);
    }

    #[test]
    fn a_cursor_moves_forward_only_and_survives_the_store() {
        let state = ScopeState { not_before: at("2026-01-09T00:00:00Z"), ..ScopeState::default() };
        let cursor = Cursor { updated_at: at("2026-01-05T12:00:00Z"), last_full_at: None };
        let later = cursor.moved(&state, at("2026-01-06T00:00:00Z"));
        assert_eq!(Cursor::load(&later).updated_at, at("2026-01-06T00:00:00Z"));
        assert_eq!(later.not_before, None);
        assert_eq!(Cursor::load(&cursor.moved(&state, at("2026-01-01T00:00:00Z"))), cursor);
        let odd = ScopeState { cursor: Some(serde_json::json!(["odd"])), ..ScopeState::default() };
        assert_eq!(Cursor::load(&odd), Cursor::default());
    }
}
