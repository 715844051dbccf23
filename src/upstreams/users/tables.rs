//! Every statement on `user_events`, `users`, `user_outbox` and `user_rejections`.

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use super::event::{Event, Kind};
use super::user::{Field, User, Version};
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Migration, Reader, Row, Value, Writer};

pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") },
    Migration { name: "0002_blame", sql: include_str!("migrations/0002_blame.sql") },
];

/// A user as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUser {
    pub user: User,
    pub version: Version,
    pub is_deleted: bool,
}

/// An event as it is stored: everything is filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    pub seq: i64,
    pub id: String,
    pub kind: Kind,
    pub user_id: i64,
    pub username: Option<String>,
    pub email: Option<String>,
    /// A JSON object.
    pub data: String,
    pub occurred_at: Timestamp,
    pub source: String,
    pub only_target: Option<String>,
    pub stored_at: Timestamp,
    /// See [`Version::at_ms`].
    pub version_ms: i64,
}

/// The columns [`stored_event`] reads, in its order.
pub const EVENT_COLUMNS: &str = "e.seq, e.id, e.type, e.user_id, e.username, e.email, e.data, e.occurred_at, e.source, \
                                 e.only_target, e.stored_at, e.version_ms";

/// How many [`EVENT_COLUMNS`] there are.
pub const EVENT_COLUMN_COUNT: usize = 12;

/// What the ids of our own events begin with.
pub fn load_outbox_name(r: &Reader<'_>) -> Result<String, Error> {
    const SQL: &str = "
        SELECT name
        FROM user_outbox
        WHERE id = 1";
    Ok(r.first(SQL, &[], |row| row.text(0).map(str::to_owned))?.unwrap_or_default())
}

/// The number the last stored event has.
pub fn load_last_seq(r: &Reader<'_>) -> Result<i64, Error> {
    const SQL: &str = "
        SELECT last_seq
        FROM user_outbox
        WHERE id = 1";
    Ok(r.first(SQL, &[], |row| row.int(0))?.unwrap_or_default())
}

pub fn save_last_seq(w: &Writer<'_>, seq: i64) -> Result<(), Error> {
    const SQL: &str = "
        UPDATE user_outbox
        SET last_seq = ?1
        WHERE id = 1";
    w.write(SQL, &[seq.into()])?;
    Ok(())
}

pub fn save_event(w: &Writer<'_>, event: &StoredEvent) -> Result<(), Error> {
    const SQL: &str = "
        INSERT INTO user_events (
            seq, id, type, user_id, username, email, data, occurred_at, source, only_target, stored_at, version_ms
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let (occurred_at, stored_at) = (to_rfc3339_millis(event.occurred_at), to_rfc3339_millis(event.stored_at));
    let params: [Value<'_>; EVENT_COLUMN_COUNT] = [
        event.seq.into(),
        (&event.id).into(),
        event.kind.name().into(),
        event.user_id.into(),
        event.username.as_ref().into(),
        event.email.as_ref().into(),
        (&event.data).into(),
        (&occurred_at).into(),
        (&event.source).into(),
        event.only_target.as_ref().into(),
        (&stored_at).into(),
        event.version_ms.into(),
    ];
    w.write(SQL, &params)?;
    Ok(())
}

/// Whether an event of that id is stored.
pub fn has_event(r: &Reader<'_>, id: &str) -> Result<bool, Error> {
    const SQL: &str = "
        SELECT 1
        FROM user_events
        WHERE id = ?1";
    Ok(r.first(SQL, &[id.into()], |_| Ok(()))?.is_some())
}

/// The number of the user's last event that is for the target; 0 where there is none.
pub fn load_last_event_seq(r: &Reader<'_>, target: &str, user_id: i64) -> Result<i64, Error> {
    const SQL: &str = "
        SELECT COALESCE(MAX(seq), 0)
        FROM user_events
        WHERE user_id = ?1
        AND (only_target IS NULL OR only_target = ?2)";
    Ok(r.first(SQL, &[user_id.into(), target.into()], |row| row.int(0))?.unwrap_or_default())
}

/// An event in [`EVENT_COLUMNS`].
pub fn stored_event(row: &Row<'_>) -> Result<StoredEvent, Error> {
    let kind = row.text(2)?;
    let kind: Kind =
        kind.parse().map_err(|_| Error::Value { found: kind.to_owned(), expected: "a type of user event" })?;
    let occurred_at = row.instant(7)?;
    Ok(StoredEvent {
        seq: row.int(0)?,
        id: row.text(1)?.to_owned(),
        kind,
        user_id: row.int(3)?,
        username: row.opt_text(4)?.map(str::to_owned),
        email: row.opt_text(5)?.map(str::to_owned),
        data: row.text(6)?.to_owned(),
        occurred_at,
        source: row.text(8)?.to_owned(),
        only_target: row.opt_text(9)?.map(str::to_owned),
        stored_at: row.instant(10)?,
        version_ms: row.opt_int(11)?.unwrap_or_else(|| occurred_at.as_millisecond()),
    })
}

/// The columns [`stored_user`] reads, in its order.
const USER_COLUMNS: &str =
    "id, username, email, phone, role, status, created_at, updated_at, version_ms, version_seq, deleted_at";

/// The user of that number, deleted ones too.
pub fn load_user(r: &Reader<'_>, id: i64) -> Result<Option<StoredUser>, Error> {
    let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE id = ?1");
    r.first(&sql, &[id.into()], stored_user)
}

/// The users with a number above `id`, at most that many, deleted ones too.
pub fn load_users_after(r: &Reader<'_>, id: i64, limit: u64) -> Result<Vec<(i64, StoredUser)>, Error> {
    let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE id > ?1 ORDER BY id LIMIT ?2");
    r.rows(&sql, &[id.into(), limit.into()], |row| Ok((row.int(0)?, stored_user(row)?)))
}

fn stored_user(row: &Row<'_>) -> Result<StoredUser, Error> {
    let mut user = User::default();
    for (column, field) in (1..).zip(Field::ALL) {
        user.set(*field, row.opt_text(column)?.map(str::to_owned));
    }
    let after = 1 + Field::ALL.len();
    Ok(StoredUser {
        user,
        version: Version { at_ms: row.int(after)?, seq: row.int(after + 1)? },
        is_deleted: row.opt_text(after + 2)?.is_some(),
    })
}

/// Inserts or replaces a user.
pub fn save_user(
    w: &Writer<'_>,
    id: i64,
    user: &User,
    version: Version,
    at: Timestamp,
    record: Option<i64>,
) -> Result<(), Error> {
    const SQL: &str = "
        INSERT INTO users (
            id, username, email, phone, role, status, created_at, updated_at, raw, content_hash, version_ms,
            version_seq, first_seen_at, last_changed_at, last_seen_record, deleted_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?14, NULL)
        ON CONFLICT (id) DO UPDATE SET
            username = excluded.username,
            email = excluded.email,
            phone = excluded.phone,
            role = excluded.role,
            status = excluded.status,
            created_at = excluded.created_at,
            updated_at = excluded.updated_at,
            raw = excluded.raw,
            content_hash = excluded.content_hash,
            version_ms = excluded.version_ms,
            version_seq = excluded.version_seq,
            last_changed_at = excluded.last_changed_at,
            last_seen_record = excluded.last_seen_record,
            deleted_at = NULL";
    let raw = serde_json::Value::Object(user.to_object(id)).to_string();
    let hash = xxh3_128(raw.as_bytes()).to_be_bytes();
    let at = to_rfc3339_millis(at);
    let mut params: Vec<Value<'_>> = vec![id.into()];
    params.extend(Field::ALL.iter().map(|field| Value::from(user.value(*field))));
    params.extend([
        Value::from(&raw),
        hash.as_slice().into(),
        version.at_ms.into(),
        version.seq.into(),
        (&at).into(),
        record.into(),
    ]);
    w.write(SQL, &params)?;
    Ok(())
}

/// Marks a user as deleted, known before or not.
pub fn delete_user(w: &Writer<'_>, event: &Event, version: Version, at: Timestamp) -> Result<(), Error> {
    const SQL: &str = "
        INSERT INTO users (
            id, username, raw, content_hash, version_ms, version_seq, first_seen_at, last_changed_at, deleted_at
        )
        VALUES (?1, ?2, '{}', ?6, ?3, ?4, ?5, ?5, ?5)
        ON CONFLICT (id) DO UPDATE SET
            version_ms = excluded.version_ms,
            version_seq = excluded.version_seq,
            last_changed_at = excluded.last_changed_at,
            deleted_at = excluded.deleted_at";
    let at = to_rfc3339_millis(at);
    let params = [
        event.user_id.into(),
        event.username.as_ref().into(),
        version.at_ms.into(),
        version.seq.into(),
        (&at).into(),
        Value::Blob(&[]),
    ];
    w.write(SQL, &params)?;
    Ok(())
}

/// An entry of a stream that is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub entry_id: String,
    pub stream: String,
    pub reason: String,
    /// The outline of the event, without its values.
    pub raw: Option<String>,
    pub rejected_at: Timestamp,
}

pub fn save_rejection(w: &Writer<'_>, rejection: &Rejection) -> Result<(), Error> {
    const SQL: &str = "
        INSERT INTO user_rejections (entry_id, stream, reason, raw, rejected_at)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (entry_id) DO NOTHING";
    let Rejection { entry_id, stream, reason, raw, rejected_at } = rejection;
    let at = to_rfc3339_millis(*rejected_at);
    w.write(SQL, &[entry_id.into(), stream.into(), reason.into(), raw.as_ref().into(), (&at).into()])?;
    Ok(())
}

/// The entries that were no events behind the first `offset`, at most that many, the oldest first.
pub fn load_rejections(r: &Reader<'_>, offset: u64, limit: u64) -> Result<Vec<Rejection>, Error> {
    const SQL: &str = "
        SELECT entry_id, stream, reason, raw, rejected_at
        FROM user_rejections
        ORDER BY rejected_at, entry_id
        LIMIT ?1
        OFFSET ?2";
    r.rows(SQL, &[limit.into(), offset.into()], |row| {
        Ok(Rejection {
            entry_id: row.text(0)?.to_owned(),
            stream: row.text(1)?.to_owned(),
            reason: row.text(2)?.to_owned(),
            raw: row.opt_text(3)?.map(str::to_owned),
            rejected_at: row.instant(4)?,
        })
    })
}

pub fn count_rejections(r: &Reader<'_>) -> Result<u64, Error> {
    const SQL: &str = "
        SELECT COUNT(*)
        FROM user_rejections";
    Ok(r.first(SQL, &[], |row| row.count(0))?.unwrap_or_default())
}

/// Deletes the entry that was no event, or all; returns how many.
pub fn delete_rejections(w: &Writer<'_>, entry_id: Option<&str>) -> Result<u64, Error> {
    const SQL: &str = "
        DELETE FROM user_rejections
        WHERE entry_id = ?1
        OR ?1 IS NULL";
    w.execute(SQL, &[entry_id.into()])
}
