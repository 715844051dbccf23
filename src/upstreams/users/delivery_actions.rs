//! What a person does with deliveries: retry, drop, replay.

use jiff::Timestamp;

use super::queue::{State, promote};
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Reader, Value, Writer};

/// Deliveries changed in one transaction.
const CHUNK: u64 = 1000;

/// What is to be done with deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Dead deliveries are due again; of those that later events of their user have superseded only with `force`.
    Retry { force: bool },
    /// They are given up for good.
    Drop,
    /// What was delivered is delivered once more, with the same keys.
    Replay,
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Empty: all that the rest allows.
    pub seqs: Vec<i64>,
    pub target: Option<String>,
    pub user_id: Option<i64>,
    /// Only of events stored since.
    pub since: Option<Timestamp>,
}

/// What became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionResult {
    pub changed: u64,
    /// Left as they are: later events of their users were delivered already.
    pub superseded: u64,
}

/// How far an action is carried out.
#[derive(Clone, Debug, Default)]
pub struct ActionProgress {
    pub result: ActionResult,
    /// The last delivery looked at; `None` before the first and after the last.
    after: Option<(i64, String)>,
}

struct DeliveryRow {
    seq: i64,
    target: String,
    user_id: i64,
    is_superseded: bool,
}

impl Action {
    /// What a delivery must be for it.
    fn states(self, filter: &DeliveryFilter) -> &'static [State] {
        match self {
            Self::Retry { .. } => &[State::Dead],
            // One that is still tried is given up only by its number.
            Self::Drop if filter.seqs.is_empty() => &[State::Dead],
            Self::Drop => &[State::Dead, State::Pending, State::Retrying],
            Self::Replay => &[State::Delivered],
        }
    }

    const fn leads_to(self) -> State {
        match self {
            Self::Retry { .. } | Self::Replay => State::Pending,
            Self::Drop => State::Dropped,
        }
    }
}

/// Carries an action out on the next batch of deliveries; call it until it returns `false`.
pub fn save_action(
    w: &Writer<'_>,
    action: Action,
    filter: &DeliveryFilter,
    progress: &mut ActionProgress,
    now: Timestamp,
) -> Result<bool, Error> {
    let deliveries = load_deliveries(w, action, filter, progress.after.as_ref())?;
    for delivery in &deliveries {
        if delivery.is_superseded && action == (Action::Retry { force: false }) {
            progress.result.superseded += 1;
            continue;
        }
        save_state(w, delivery, action.leads_to(), now)?;
        progress.result.changed += 1;
    }
    progress.after = deliveries.last().map(|delivery| (delivery.seq, delivery.target.clone()));
    Ok(deliveries.len() as u64 == CHUNK)
}

fn load_deliveries(
    r: &Reader<'_>,
    action: Action,
    filter: &DeliveryFilter,
    after: Option<&(i64, String)>,
) -> Result<Vec<DeliveryRow>, Error> {
    let mut params: Vec<Value<'_>> = Vec::new();
    let mut bind = |value| {
        params.push(value);
        format!("?{}", params.len())
    };
    let (after_seq, after_target) = after.map_or((0, ""), |(seq, target)| (*seq, target.as_str()));
    let (after_seq, after_target) = (bind(after_seq.into()), bind(after_target.into()));
    let names: Vec<String> = action.states(filter).iter().map(|state| bind(state.name().into())).collect();
    let mut clauses = vec![
        format!("(d.seq, d.target) > ({after_seq}, {after_target})"),
        format!("d.state IN ({})", names.join(", ")),
    ];
    if !filter.seqs.is_empty() {
        let seqs: Vec<String> = filter.seqs.iter().map(|seq| bind((*seq).into())).collect();
        clauses.push(format!("d.seq IN ({})", seqs.join(", ")));
    }
    if let Some(target) = &filter.target {
        clauses.push(format!("d.target = {}", bind(target.into())));
    }
    if let Some(user_id) = filter.user_id {
        clauses.push(format!("d.user_id = {}", bind(user_id.into())));
    }
    let since = filter.since.map(to_rfc3339_millis);
    if let Some(since) = &since {
        clauses.push(format!("e.stored_at >= {}", bind(since.into())));
    }
    let limit = bind(CHUNK.into());
    let sql = format!(
        "
        SELECT d.seq, d.target, d.user_id, EXISTS (
            SELECT 1
            FROM user_events AS later
            JOIN user_deliveries AS theirs ON theirs.seq = later.seq AND theirs.target = d.target
            WHERE later.user_id = d.user_id
            AND later.seq > d.seq
            AND theirs.state = 'delivered'
        )
        FROM user_deliveries AS d
        JOIN user_events AS e ON e.seq = d.seq
        WHERE {}
        ORDER BY d.seq, d.target
        LIMIT {limit}",
        clauses.join(" AND ")
    );
    r.rows(&sql, &params, |row| {
        Ok(DeliveryRow {
            seq: row.int(0)?,
            target: row.text(1)?.to_owned(),
            user_id: row.int(2)?,
            is_superseded: row.flag(3)?,
        })
    })
}

/// Puts the delivery into its new state, and its user's first open one at the head.
fn save_state(w: &Writer<'_>, delivery: &DeliveryRow, to: State, now: Timestamp) -> Result<(), Error> {
    const SAVE: &str = "
        UPDATE user_deliveries
        SET state = ?3, is_head = 0, attempts = 0, next_attempt_at = ?4, finished_at = ?5
        WHERE target = ?1
        AND seq = ?2";
    const NO_HEAD: &str = "
        UPDATE user_deliveries
        SET is_head = 0
        WHERE target = ?1
        AND user_id = ?2
        AND finished_at IS NULL
        AND is_head = 1";
    let now_text = to_rfc3339_millis(now);
    let finished_at = (to == State::Dropped).then_some(&now_text);
    let DeliveryRow { seq, target, user_id, .. } = delivery;
    w.write(SAVE, &[target.into(), (*seq).into(), to.name().into(), (&now_text).into(), finished_at.into()])?;
    w.write(NO_HEAD, &[target.into(), (*user_id).into()])?;
    promote(w, target, *user_id)?;
    Ok(())
}
