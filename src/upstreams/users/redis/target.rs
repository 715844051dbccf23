//! A Redis that holds one key per user, never an older one than it had.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{Script, ScriptInvocation, cmd};

use super::connection::Connection;
use super::error::Error;
use super::key::KeyPattern;
use crate::upstreams::Caution;
use crate::upstreams::users::user::Version;

/// How long a version is remembered: longer than any event waits to be sent again, so that a late event cannot bring back
/// a user who was deleted meanwhile.
const VERSION_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Lua's numbers are doubles: whole numbers from here on are not exact.
const MAX_COMPARED: i64 = 1 << 53;

/// How many keys a step of a scan looks at, more or less.
const SCAN_COUNT: usize = 1000;

/// `KEYS`: the user's key, its version's. `ARGV`: the version (two numbers), the version's time to live, and, to write
/// rather than to remove, the value and its time to live; all times in milliseconds.
const GUARDED: &str = r"
local last = redis.call('GET', KEYS[2])
if last then
    local at, seq = string.match(last, '^(-?%d+) (-?%d+)$')
    at, seq = tonumber(at), tonumber(seq)
    local new_at, new_seq = tonumber(ARGV[1]), tonumber(ARGV[2])
    if at and (new_at < at or (new_at == at and new_seq < seq)) then
        return 0
    end
end
if ARGV[4] then
    redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
else
    redis.call('DEL', KEYS[1])
end
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
";

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(GUARDED));

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The target is as the event says. The same version again changes nothing and is a success.
    Done,
    /// The target knows of a later event and was left alone.
    Stale,
}

/// Some of the users a target holds; the same one may come twice.
#[derive(Debug)]
pub struct Page {
    pub user_ids: Vec<i64>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<ScanCursor>,
}

/// Where a scan goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanCursor(u64);

/// The users kept under one pattern of one Redis.
#[derive(Clone)]
pub struct Target {
    connection: Connection,
    pattern: KeyPattern,
    ttl: Duration,
}

impl Target {
    /// `ttl`: how long a value stays when no further event comes.
    pub const fn new(connection: Connection, pattern: KeyPattern, ttl: Duration) -> Self {
        Self { connection, pattern, ttl }
    }

    /// Writes the user as of that version, unless a later one is known.
    pub async fn put(&self, user_id: i64, version: Version, json: &str) -> Result<Applied, Error> {
        let mut script = self.guarded(user_id, version)?;
        script.arg(json).arg(millis(self.ttl));
        self.apply("SET", &script).await
    }

    /// Removes the user as of that version, unless a later one is known. The version stays for a week.
    pub async fn remove(&self, user_id: i64, version: Version) -> Result<Applied, Error> {
        self.apply("DEL", &self.guarded(user_id, version)?).await
    }

    /// What the target holds of the user.
    pub async fn load(&self, user_id: i64) -> Result<Option<String>, Error> {
        let bytes: Option<Vec<u8>> = self.connection.query("GET", cmd("GET").arg(self.pattern.key(user_id))).await?;
        // Bytes that are no text are not ours; the caller finds out.
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The next users the target holds, from the beginning with the default cursor. A user who is there all the time
    /// comes at least once; a page may be empty and not the last.
    pub async fn load_user_ids(&self, from: ScanCursor) -> Result<Page, Error> {
        let mut scan = cmd("SCAN");
        scan.arg(from.0).arg("MATCH").arg(self.pattern.glob()).arg("COUNT").arg(SCAN_COUNT);
        let (next, keys): (u64, Vec<Vec<u8>>) = self.connection.query("SCAN", &scan).await?;
        let user_ids = keys.iter().filter_map(|key| self.pattern.user_id(key)).collect();
        Ok(Page { user_ids, next: (next != 0).then_some(ScanCursor(next)) })
    }

    /// What is to be known about the server's memory.
    pub async fn find_caution(&self) -> Result<Option<Caution>, Error> {
        self.connection.find_caution().await
    }

    fn guarded(&self, user_id: i64, version: Version) -> Result<ScriptInvocation<'static>, Error> {
        let Version { at_ms, seq } = version;
        if [at_ms, seq].iter().any(|number| number.unsigned_abs() >= MAX_COMPARED.unsigned_abs()) {
            return Err(Error::Version { at_ms, seq });
        }
        let mut script = SCRIPT.prepare_invoke();
        script.key(self.pattern.key(user_id)).key(self.pattern.version_key(user_id));
        script.arg(at_ms).arg(seq).arg(millis(VERSION_TTL.max(self.ttl)));
        Ok(script)
    }

    async fn apply(&self, name: &'static str, script: &ScriptInvocation<'_>) -> Result<Applied, Error> {
        match self.connection.invoke::<i64>(name, script).await? {
            1 => Ok(Applied::Done),
            0 => Ok(Applied::Stale),
            _ => Err(self.connection.unreadable(name, "the script answers 0 or 1")),
        }
    }
}

/// Redis takes no time to live of nothing.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}
