//! The time at the upstreams.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which instant made-up data is dated relative to, and whether time goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The data was made up at this instant: nothing in it is later.
    pub base: Timestamp,
    /// Time goes on as the machine's does. Otherwise it moves only when data is changed.
    pub is_running: bool,
}

/// 2025-10-17T04:00:00Z, noon in Shanghai.
const FIXED_SECONDS: i64 = 1_760_673_600;

impl Clock {
    /// The same dates in every run, for tests and measurements.
    pub fn fixed() -> Self {
        let base = Timestamp::from_second(FIXED_SECONDS).expect("a time of this century");
        Self { base, is_running: false }
    }

    /// The machine's time, with data that was made up just now.
    pub fn machine() -> Self {
        Self { base: Timestamp::now(), is_running: true }
    }

    pub fn now(&self) -> Timestamp {
        if self.is_running { Timestamp::now().max(self.base) } else { self.base }
    }
}
