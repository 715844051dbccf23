//! What the `locks` commands show.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::runs::STARTED;
use crate::present::listing::{RowJson, RowsJson};
use crate::present::{
    Block, Cell, Column, DocumentSchema, Done, Json, ListingSpec, Output, Severity, Style, Text, listing, sanitize,
    text, words,
};
use crate::store::Holder;

pub const CLEANED_SCHEMA: DocumentSchema =
    DocumentSchema::of::<CleanedDocument<'static>>("tongbu.locks-clean/1", "locks clean");
pub const BROKEN_SCHEMA: DocumentSchema =
    DocumentSchema::of::<BrokenDocument<'static>>("tongbu.locks-break/1", "locks break");

const BROKEN: Text = text(
    "took the lock `{}` (token {}) from {}: its next write is refused",
    "已收回锁 `{}`（令牌 {}），原持有者 {}：其下一次写入将被拒绝",
);
const CLEANED: Text = text("cleaned {} stale lock{|s}", "已清理 {} 个失效的锁");

/// What `locks clean` did.
#[derive(Debug)]
pub struct CleanedOutput {
    pub cleaned: Vec<Holder>,
    pub is_dry_run: bool,
}

#[derive(Serialize, JsonSchema)]
struct CleanedDocument<'a> {
    dry_run: bool,
    cleaned: RowsJson<'a, Holder>,
}

#[derive(Serialize, JsonSchema)]
struct BrokenDocument<'a> {
    broken: RowJson<'a, Holder>,
}

/// A column of locks.
type C = Column<Holder>;

impl ListingSpec for Holder {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.locks/1", "locks list", listing::schema::<Self>);
    const KEY: &'static str = "locks";
    const EMPTY: Text = text("no lock is held", "当前没有被持有的锁");
    const COLUMNS: &'static [C] = &[
        C::text("name", |lock| &lock.name).titled(text("lock", "锁")),
        C::integer("token", |lock| lock.token).titled(text("token", "令牌")),
        C::text("state", |lock| state(lock).0).titled(words::STATE).drawn(state_cell),
        C::text("locked_by", |lock| &lock.owner).titled(text("held by", "持有者")),
        C::integer("pid", |lock| lock.pid),
        C::text("host", |lock| &lock.host),
        C::text("trace_id", |lock| &lock.trace_id),
        C::time("locked_at", |lock| lock.locked_at).titled(STARTED).droppable(2),
        C::time("renewed_at", |lock| lock.renewed_at)
            .titled(text("heartbeat", "心跳"))
            .drawn(|lock, style| style.age(lock.renewed_at).into())
            .droppable(1),
        C::time("expires_at", |lock| lock.expires_at).titled(text("expires", "到期")).drawn(expiry_cell),
    ];
}

impl Output for CleanedOutput {
    fn schema(&self) -> &DocumentSchema {
        &CLEANED_SCHEMA
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let table = (!self.cleaned.is_empty()).then(|| Block::Table(listing::table(&self.cleaned, style)));
        let cleaned = Block::Line(CLEANED.fill(style.language, &[&self.cleaned.len()]));
        let dry_run = self.is_dry_run.then(|| Block::Line(style.label(words::DRY_RUN).to_owned()));
        table.into_iter().chain([cleaned]).chain(dry_run).collect()
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&CleanedDocument { dry_run: self.is_dry_run, cleaned: RowsJson(&self.cleaned, style) })
    }
}

/// What `locks break` did.
pub fn broken(lock: &Holder, style: &Style) -> Done<Json> {
    let document = Json::of(&BrokenDocument { broken: RowJson(lock, style) });
    Done::new(BROKEN_SCHEMA, document).sentence(BROKEN, &[&sanitize(&lock.name), &lock.token, &sanitize(&lock.owner)])
}

/// The state's name, its label and its severity.
const fn state(lock: &Holder) -> (&'static str, Text, Severity) {
    match (lock.released, lock.is_stale) {
        (true, _) => ("released", text("released", "已释放"), Severity::Plain),
        (false, true) => ("stale", text("stale", "失效"), Severity::Warning),
        (false, false) => ("held", text("held", "持有"), Severity::Good),
    }
}

fn state_cell(lock: &Holder, style: &Style) -> Cell {
    let (_, label, severity) = state(lock);
    Cell::with_severity(style.label(label), severity)
}

/// A lock that nobody holds does not expire.
fn expiry_cell(lock: &Holder, style: &Style) -> Cell {
    if lock.released { Cell::from("") } else { style.age(lock.expires_at).into() }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{CleanedOutput, broken};
    use crate::cli::samples::{holder, holder_of};
    use crate::language::Language;
    use crate::present::Listing;
    use crate::present::style::samples::style;
    use crate::store::Holder;
    use crate::ui::tables::render_output;
    use crate::ui::{injection_tests, snapshots};

    #[test]
    fn locks_are_listed_with_their_states() {
        let stale = Holder { is_stale: true, ..holder("douban/movies") };
        let released = Holder { released: true, ..holder("users/deliver") };
        let locks = Listing::new(vec![holder("fairing/shop-eu/responses"), stale.clone(), released]);
        assert_snapshot!("list", snapshots::render_everything(&locks));
        snapshots::tables_fit(|style| render_output(&locks, style));
        assert_snapshot!("none", snapshots::render_everything(&Listing::<Holder>::new(Vec::new())));
        let cleaned = CleanedOutput { cleaned: vec![stale], is_dry_run: true };
        assert_snapshot!("clean", snapshots::render_everything(&cleaned));
        assert_snapshot!(
            "break",
            snapshots::render_everything(&broken(&holder("tasks/today"), &style(Language::Zh, None)))
        );
    }

    #[test]
    fn hostile_locks_are_harmless() {
        injection_tests::check_output(|text| Box::new(Listing::new(vec![holder_of(text)])));
        injection_tests::check_output(|text| {
            Box::new(CleanedOutput { cleaned: vec![holder_of(text)], is_dry_run: true })
        });
        injection_tests::check_output(|text| Box::new(broken(&holder_of(text), &style(Language::En, None))));
    }
}
