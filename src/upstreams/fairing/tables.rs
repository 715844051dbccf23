//! Every statement on `fairing_questions` and `fairing_responses`.

use std::sync::LazyLock;

use super::keyset::KeySet;
use super::parse::Batch;
use super::row::{Affinity, Field, Row, text};
use crate::store::{Error, Reader, Value, Writer};
use crate::upstreams::digest::{Digest, from_stored, of_meaning, of_member, stored};

/// One kind's table: its typed columns, and the statements made from them.
pub struct Table {
    pub fields: &'static [Field],
    insert: String,
    update: String,
    load: String,
    load_last_key: String,
    load_live: String,
    delete: String,
    restore: String,
}

/// What a save is done for.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub account: String,
    /// The record in hand.
    pub record: i64,
    /// Wall time, as stored.
    pub now: String,
}

/// What became of batches.
#[derive(Debug, Default)]
pub struct Saved {
    pub new: u64,
    pub updated: u64,
    pub restored: u64,
    /// Every row's key and what it adds to the set's digest.
    pub members: Vec<(i64, Digest)>,
}

/// A stored row, as far as a comparison needs it.
pub struct Stored {
    pub key: i64,
    pub content_hash: Digest,
    pub is_deleted: bool,
}

pub static QUESTIONS: LazyLock<Table> = LazyLock::new(|| {
    const FIELDS: [Field; 10] = [
        field("type", Affinity::Text),
        field("prompt", Affinity::Text),
        field("customer_type", Affinity::Text),
        field("frequency_type", Affinity::Text),
        field("allow_other", Affinity::Flag),
        field("max_responses", Affinity::Integer),
        field("submit_text", Affinity::Text),
        field("published_at", Affinity::Text),
        field("inserted_at", Affinity::Text),
        field("updated_at", Affinity::Text),
    ];
    Table::new("fairing_questions", &FIELDS)
});

pub static RESPONSES: LazyLock<Table> = LazyLock::new(|| {
    const FIELDS: [Field; 19] = [
        field("question_id", Affinity::Text),
        field("question_type", Affinity::Text),
        field("response", Affinity::Text),
        field("response_id", Affinity::Text),
        field("other", Affinity::Flag),
        field("other_response", Affinity::Text),
        field("customer_id", Affinity::Text),
        field("email", Affinity::Text),
        field("order_id", Affinity::Text),
        field("order_number", Affinity::Text),
        field("order_total", Affinity::Text),
        field("order_total_usd", Affinity::Text),
        field("order_currency_code", Affinity::Text),
        field("utm_source", Affinity::Text),
        field("utm_medium", Affinity::Text),
        field("utm_campaign", Affinity::Text),
        field("response_provided_at", Affinity::Text),
        field("inserted_at", Affinity::Text),
        field("updated_at", Affinity::Text),
    ];
    Table::new("fairing_responses", &FIELDS)
});

const fn field(name: &'static str, affinity: Affinity) -> Field {
    Field { name, affinity }
}

impl Table {
    fn new(name: &'static str, fields: &'static [Field]) -> Self {
        let columns: Vec<&str> = fields.iter().map(|field| field.name).collect();
        let columns = columns.join(", ");
        // The first six parameters are every table's own, the typed columns follow.
        let values: Vec<String> = (0..fields.len()).map(|index| format!("?{}", index + 7)).collect();
        let values = values.join(", ");
        let sets: Vec<String> =
            fields.iter().enumerate().map(|(index, field)| format!("{} = ?{}", field.name, index + 7)).collect();
        let sets = sets.join(", ");
        Self {
            fields,
            insert: format!(
                "INSERT INTO {name} (account, id, content_hash, first_seen_at, last_changed_at, last_seen_record, raw, \
                 {columns}, key)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, {values}, ?{key})
                 ON CONFLICT (account, id) DO NOTHING",
                key = fields.len() + 7
            ),
            update: format!(
                "UPDATE {name}
                 SET content_hash = ?3, last_changed_at = ?4, last_seen_record = ?5, raw = ?6, deleted_at = NULL, {sets}
                 WHERE account = ?1
                 AND id = ?2"
            ),
            load: format!(
                "SELECT key, content_hash, deleted_at IS NOT NULL, raw
                 FROM {name}
                 WHERE account = ?1
                 AND id = ?2"
            ),
            load_last_key: format!("SELECT MAX(key) FROM {name}"),
            load_live: format!(
                "SELECT key
                 FROM {name}
                 WHERE account = ?1
                 AND deleted_at IS NULL"
            ),
            delete: format!(
                "UPDATE {name}
                 SET deleted_at = ?2, last_changed_at = ?2, last_seen_record = ?3
                 WHERE key = ?1
                 AND deleted_at IS NULL"
            ),
            restore: format!(
                "UPDATE {name}
                 SET deleted_at = NULL, last_changed_at = ?2, last_seen_record = ?3
                 WHERE key = ?1"
            ),
        }
    }

    /// The keys of an account's rows that are not deleted.
    pub fn load_live(&self, r: &Reader<'_>, account: &str) -> Result<KeySet, Error> {
        let mut keys = KeySet::default();
        r.for_each(&self.load_live, &[account.into()], |row| {
            keys.insert(row.int(0)?);
            Ok::<(), Error>(())
        })?;
        Ok(keys)
    }

    /// The stored row of that id.
    pub fn load_stored(&self, r: &Reader<'_>, account: &str, id: &str) -> Result<Option<Stored>, Error> {
        r.first(&self.load, &[account.into(), id.into()], |row| {
            Ok(Stored { key: row.int(0)?, content_hash: stored_digest(row.blob(1)?), is_deleted: row.int(2)? != 0 })
        })
    }

    /// Stores what of the batch differs from what is there. A row that means the same as the stored one is not written.
    pub fn save_batch(&self, w: &Writer<'_>, batch: &Batch, stamp: &Stamp, saved: &mut Saved) -> Result<(), Error> {
        // Keys are given here: a statement that returned them would keep a journal of its own, a copy of every page.
        let mut key = self.load_last_key(w)? + 1;
        for row in &batch.rows {
            if !row.is_known && self.insert(w, batch, row, stamp, key)? {
                saved.new += 1;
                saved.members.push((key, of_member(&row.id, row.digest)));
                key += 1;
            } else {
                self.save_known(w, batch, row, stamp, saved)?;
            }
        }
        Ok(())
    }

    /// Marks a row as deleted; its values stay.
    pub fn delete(&self, w: &Writer<'_>, key: i64, stamp: &Stamp) -> Result<u64, Error> {
        w.execute(&self.delete, &[key.into(), (&stamp.now).into(), stamp.record.into()])
    }

    fn load_last_key(&self, r: &Reader<'_>) -> Result<i64, Error> {
        Ok(r.first(&self.load_last_key, &[], |row| row.opt_int(0))?.flatten().unwrap_or(0))
    }

    /// Stores a row under a new key; `false` where a row of its id is there already.
    fn insert(&self, w: &Writer<'_>, batch: &Batch, row: &Row, stamp: &Stamp, key: i64) -> Result<bool, Error> {
        let count = with_values(batch, row, stamp, |values| {
            values.push(key.into());
            w.execute(&self.insert, values)
        })?;
        Ok(count == 1)
    }

    fn save_known(
        &self,
        w: &Writer<'_>,
        batch: &Batch,
        row: &Row,
        stamp: &Stamp,
        saved: &mut Saved,
    ) -> Result<(), Error> {
        let raw = text(&batch.text, &row.raw);
        let stored = w.first(&self.load, &[(&stamp.account).into(), (&row.id).into()], |found| {
            let content_hash = stored_digest(found.blob(1)?);
            let is_same = content_hash == row.digest || is_same_meaning(raw, found.text(3)?);
            Ok((Stored { key: found.int(0)?, content_hash, is_deleted: found.int(2)? != 0 }, is_same))
        })?;
        // Rows are never removed, and this scope's lease is ours alone: what was known is there.
        let Some((stored, is_same)) = stored else { return Ok(()) };
        if is_same && !stored.is_deleted {
            saved.members.push((stored.key, of_member(&row.id, stored.content_hash)));
            return Ok(());
        }
        if is_same {
            w.execute(&self.restore, &[stored.key.into(), (&stamp.now).into(), stamp.record.into()])?;
            saved.members.push((stored.key, of_member(&row.id, stored.content_hash)));
        } else {
            with_values(batch, row, stamp, |values| w.execute(&self.update, values))?;
            saved.members.push((stored.key, of_member(&row.id, row.digest)));
        }
        if stored.is_deleted {
            saved.restored += 1;
        } else {
            saved.updated += 1;
        }
        Ok(())
    }
}

/// Binds a row's columns in the order the statements name them.
fn with_values<T>(batch: &Batch, row: &Row, stamp: &Stamp, f: impl FnOnce(&mut Vec<Value<'_>>) -> T) -> T {
    let content_hash = stored(row.digest);
    let mut values = Vec::with_capacity(7 + row.cells.len());
    values.extend([
        Value::from(&stamp.account),
        Value::from(&row.id),
        Value::Blob(&content_hash),
        Value::from(&stamp.now),
        Value::from(stamp.record),
        Value::Text(text(&batch.text, &row.raw)),
    ]);
    values.extend(row.cells.iter().map(|cell| cell.value(&batch.text)));
    f(&mut values)
}

fn is_same_meaning(one: &str, other: &str) -> bool {
    matches!((of_meaning(one), of_meaning(other)), (Ok(one), Ok(other)) if one == other)
}

/// Bytes that are no digest count as one that no row has.
fn stored_digest(bytes: &[u8]) -> Digest {
    from_stored(bytes).unwrap_or_default()
}
