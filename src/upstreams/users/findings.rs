//! Every statement on `user_findings`, and on what `user_targets` keeps of the last check.

use jiff::Timestamp;

use super::compare::{Difference, FieldDifference};
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Reader, Row, Value, Writer};

/// A target that differed about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub target: String,
    pub user_id: i64,
    pub difference: Difference,
    pub fields: Vec<FieldDifference>,
    /// An event that repairs it is on its way.
    pub is_repaired: bool,
    /// The `seq` of the last event that was to repair it.
    pub repair_seq: Option<i64>,
}

impl Finding {
    pub fn new(target: &str, user_id: i64, difference: Difference, fields: Vec<FieldDifference>) -> Self {
        Self { target: target.to_owned(), user_id, difference, fields, is_repaired: false, repair_seq: None }
    }

    pub fn extra(target: &str, user_id: i64) -> Self {
        Self::new(target, user_id, Difference::Extra, Vec::new())
    }

    /// Whether `now` is the same finding again, though it was repaired and nothing has happened to the user since.
    pub fn outlasts_repair(&self, now: &Self, last_seq: i64) -> bool {
        let is_known = |field: &FieldDifference| self.fields.iter().any(|known| known.field == field.field);
        self.repair_seq == Some(last_seq) && self.difference == now.difference && now.fields.iter().all(is_known)
    }

    /// The fields it is about; without any, its kind.
    pub fn subjects(&self) -> Vec<String> {
        if self.fields.is_empty() {
            return vec![self.difference.name().to_owned()];
        }
        self.fields.iter().map(|field| field.field.clone()).collect()
    }
}

/// How the last check of a target went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub target: String,
    /// Users compared.
    pub checked: u64,
    /// Users left out, because events of theirs were still on their way.
    pub in_flight: u64,
    pub missing: u64,
    pub different: u64,
    pub extra: u64,
    pub repaired: u64,
}

impl Checked {
    /// Users whose data differs at the target.
    pub const fn found(&self) -> u64 {
        self.missing + self.different + self.extra
    }
}

/// Findings of one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingRange {
    /// Those about users known here, after the first id and up to the last.
    Known { after: i64, last: i64 },
    /// Those about users unknown here.
    Unknown,
}

/// The condition of a [`FindingRange`], with its parameters behind the target's name.
const IN_RANGE: &str = "target = ?1
        AND user_id > ?2
        AND user_id <= ?3
        AND EXISTS (SELECT 1 FROM users WHERE users.id = user_findings.user_id) = ?4";

impl FindingRange {
    fn params(self, target: &str) -> [Value<'_>; 4] {
        let (is_known, after, last) = match self {
            Self::Known { after, last } => (true, after, last),
            Self::Unknown => (false, i64::MIN, i64::MAX),
        };
        [target.into(), after.into(), last.into(), is_known.into()]
    }
}

/// What an earlier check found in that range.
pub fn load_findings_in(r: &Reader<'_>, target: &str, range: FindingRange) -> Result<Vec<Finding>, Error> {
    r.rows(&format!("SELECT {COLUMNS} FROM user_findings WHERE {IN_RANGE}"), &range.params(target), finding)
}

/// Deletes what an earlier check found in that range.
pub fn delete_findings(w: &Writer<'_>, target: &str, range: FindingRange) -> Result<(), Error> {
    w.write(&format!("DELETE FROM user_findings WHERE {IN_RANGE}"), &range.params(target))?;
    Ok(())
}

pub fn save_finding(w: &Writer<'_>, finding: &Finding, at: Timestamp) -> Result<(), Error> {
    const SQL: &str = "
        INSERT INTO user_findings (target, user_id, difference, fields, is_repaired, found_at, repair_seq)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (target, user_id) DO UPDATE SET
            difference = excluded.difference,
            fields = excluded.fields,
            is_repaired = excluded.is_repaired,
            found_at = excluded.found_at,
            repair_seq = excluded.repair_seq";
    let Finding { target, user_id, difference, fields, is_repaired, repair_seq } = finding;
    let (fields, at) = (serde_json::to_string(fields).unwrap_or_default(), to_rfc3339_millis(at));
    let params = [
        target.into(),
        (*user_id).into(),
        difference.name().into(),
        (&fields).into(),
        (*is_repaired).into(),
        (&at).into(),
        (*repair_seq).into(),
    ];
    w.write(SQL, &params)?;
    Ok(())
}

/// Saves how many users of the target were compared and left out.
pub fn save_checked(w: &Writer<'_>, target: &str, checked: u64, in_flight: u64, at: Timestamp) -> Result<(), Error> {
    const SQL: &str = "
        INSERT INTO user_targets (name, planned_seq, checked_at, checked, awaited)
        VALUES (?1, 0, ?2, ?3, ?4)
        ON CONFLICT (name) DO UPDATE SET
            checked_at = excluded.checked_at,
            checked = excluded.checked,
            awaited = excluded.awaited";
    w.write(SQL, &[target.into(), (&to_rfc3339_millis(at)).into(), checked.into(), in_flight.into()])?;
    Ok(())
}

/// The targets whose last check was after `since`, up to `until`.
pub fn load_checked_between(r: &Reader<'_>, since: Timestamp, until: Timestamp) -> Result<Vec<String>, Error> {
    const SQL: &str = "
        SELECT name
        FROM user_targets
        WHERE checked_at > ?1
        AND checked_at <= ?2";
    let [since, until] = [since, until].map(to_rfc3339_millis);
    r.rows(SQL, &[(&since).into(), (&until).into()], |row| row.text(0).map(str::to_owned))
}

/// How the target's last check went; `None` where there was none.
pub fn load_checked(r: &Reader<'_>, target: &str) -> Result<Option<Checked>, Error> {
    const CHECKED: &str = "
        SELECT checked, awaited
        FROM user_targets
        WHERE name = ?1
        AND checked_at IS NOT NULL";
    const FOUND: &str = "
        SELECT difference, COUNT(*), CAST(SUM(is_repaired) AS BIGINT)
        FROM user_findings
        WHERE target = ?1
        GROUP BY difference";
    let Some((checked, in_flight)) = r.first(CHECKED, &[target.into()], |row| Ok((row.count(0)?, row.count(1)?)))?
    else {
        return Ok(None);
    };
    let mut found = Checked { target: target.to_owned(), checked, in_flight, ..Checked::default() };
    r.for_each(FOUND, &[target.into()], |row| {
        let count = row.count(1)?;
        match difference(row.text(0)?)? {
            Difference::Missing => found.missing = count,
            Difference::Different => found.different = count,
            Difference::Extra => found.extra = count,
        }
        found.repaired += row.count(2)?;
        Ok::<_, Error>(())
    })?;
    Ok(Some(found))
}

/// The columns [`finding`] reads, in its order.
const COLUMNS: &str = "target, user_id, difference, fields, is_repaired, repair_seq";

/// What the last checks found, at most that many, by target and user.
pub fn load_findings(r: &Reader<'_>, limit: u64) -> Result<Vec<Finding>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM user_findings ORDER BY target, user_id LIMIT ?1");
    r.rows(&sql, &[limit.into()], finding)
}

fn finding(row: &Row<'_>) -> Result<Finding, Error> {
    let fields = row.text(3)?;
    Ok(Finding {
        target: row.text(0)?.to_owned(),
        user_id: row.int(1)?,
        difference: difference(row.text(2)?)?,
        fields: serde_json::from_str(fields)
            .map_err(|_| Error::Value { found: fields.to_owned(), expected: "a list of fields" })?,
        is_repaired: row.flag(4)?,
        repair_seq: row.opt_int(5)?,
    })
}

fn difference(name: &str) -> Result<Difference, Error> {
    name.parse().map_err(|_| Error::Value { found: name.to_owned(), expected: "a difference of a user" })
}
