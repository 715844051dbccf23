//! What `records list`, `records read` and `records prune` show.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::cli::runs::{
    DELETED, DURATION, EXIT, FAILED, NARROW, NEW, NO_RECORDS, ProblemPart, REASON, RUNS, STARTED, SYNC, TOTAL, UNREAD,
    UPDATED, reason_cell, render_millis, status_cell, status_word, sync_name, trigger_word,
};
use crate::present::{Cell, Column, DocumentSchema, Done, Json, ListingSpec, Style, Text, listing, text, words};
use crate::store::Summary;
use crate::store::records::Record;
use crate::upstreams::sync_type_label;

pub const READ_SCHEMA: DocumentSchema = DocumentSchema::of::<ReadDocument>("tongbu.records-read/1", "records read");
pub const PRUNED_SCHEMA: DocumentSchema =
    DocumentSchema::of::<PrunedDocument>("tongbu.records-prune/1", "records prune");

pub const TRIGGER: Text = text("trigger", "触发");

const MARKED_READ: Text = text("marked as read: {}", "已标为已读：{}");
const PRUNED: Text = text("pruned {} record{|s}", "已清除 {} 条记录");

/// A column of records.
type C = Column<Record>;

fn problems(record: &Record, style: &Style) -> Json {
    Json::of(&ProblemPart::all(&record.problems, style))
}

impl ListingSpec for Record {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.records/1", "records list", listing::schema::<Self>);
    const KEY: &'static str = "records";
    const TOTALS: &'static [&'static str] = &["unread_count"];
    const EMPTY: Text = NO_RECORDS;
    const IS_PAGED: bool = true;
    const FOOT: Option<Text> =
        Some(text("page {} of {}, {} record{|s}, {} unread", "第 {} 页，共 {} 页，{} 条记录，{} 条未读"));
    const COLUMNS: &'static [C] = &[
        C::integer("id", |record| record.id.0).titled(words::RECORD),
        C::integer("record_id", |record| record.id.0),
        C::text("sync", |record| &record.sync)
            .titled(SYNC)
            .drawn(|record, _| sync_name(&record.sync, &record.sync_type).into()),
        C::labelled("sync_type", |record| &record.sync_type, sync_type_label),
        C::word("trigger_type", |record| trigger_word(record.trigger)).titled(TRIGGER).droppable(7),
        C::word("status", |record| status_word(record.status)).titled(words::STATUS).drawn(status_cell),
        C::count("run_count", |record| record.run_count).titled(RUNS).drawn(run_count_cell).hidden_when_blank(),
        C::time("start_time", |record| record.start_time).titled(STARTED).drawn(start_cell),
        C::optional_time("end_time", |record| record.end_time),
        C::optional_integer("duration_ms", |record| record.duration_ms)
            .titled(DURATION)
            .drawn(|record, style| render_millis(record.duration_ms, style).into())
            .droppable(5),
        C::count("total", |record| record.summary.total).titled(TOTAL).droppable(3),
        C::count("new", |record| record.summary.new).titled(NEW).droppable(4),
        C::count("updated", |record| record.summary.updated).titled(UPDATED).droppable(6),
        C::count("unchanged", |record| record.summary.unchanged),
        C::count("deleted", |record| record.summary.deleted).titled(DELETED).hidden_when_blank().droppable(8),
        C::count("restored", |record| record.summary.restored),
        C::count("matched", |record| record.summary.matched),
        C::count("pending", |record| record.summary.pending),
        C::count("idle", |record| record.summary.idle),
        C::count("failed", |record| record.summary.failed).titled(FAILED).hidden_when_blank().droppable(4),
        C::nested::<Summary>("summary", |record| json!(record.summary)),
        C::styled::<Vec<ProblemPart<'static>>>("error_details", problems),
        C::styled::<Vec<ProblemPart<'static>>>("problems", problems),
        C::integer("retry_count", |record| record.retry_count),
        C::integer("max_retries", |record| record.max_retries),
        C::integer("request_count", |record| record.request_count),
        C::count("requests_saved", |record| record.requests_saved),
        C::optional_integer("exit_code", |record| record.exit_code).titled(EXIT).droppable(1),
        C::optional_text("exit_name", |record| record.exit_name.as_deref()),
        C::text("trace_id", |record| &record.trace_id),
        C::text("host", |record| &record.host),
        C::integer("pid", |record| record.pid),
        C::text("version", |record| &record.version),
        C::nested::<bool>("is_read", |record| json!(record.is_read))
            .titled(UNREAD)
            .drawn(|record, _| if record.is_read { "" } else { "*" }.into())
            .hidden_when_blank()
            .droppable(9),
        C::optional_text("error_message", |record| record.error_message.as_deref())
            .titled(REASON)
            .drawn(reason_cell)
            .hidden_when_blank()
            .droppable(2),
        C::optional_time("read_at", |record| record.read_at),
        C::time("created_at", |record| record.created_at),
        C::time("updated_at", |record| record.updated_at),
    ];
}

#[derive(Serialize, JsonSchema)]
pub struct ReadDocument {
    read: u64,
}

/// What `records read` did.
pub fn read(count: u64) -> Done<ReadDocument> {
    Done::new(READ_SCHEMA, ReadDocument { read: count }).sentence(MARKED_READ, &[&count])
}

#[derive(Serialize, JsonSchema)]
pub struct PrunedDocument {
    dry_run: bool,
    pruned: u64,
}

/// What `records prune` did.
pub fn pruned(count: u64, is_dry_run: bool) -> Done<PrunedDocument> {
    let document = PrunedDocument { dry_run: is_dry_run, pruned: count };
    Done::new(PRUNED_SCHEMA, document).sentence(PRUNED, &[&count]).dry_run(is_dry_run)
}

/// Nothing for the usual record, which is about one run.
fn run_count_cell(record: &Record, _: &Style) -> Cell {
    if record.run_count > 1 { format!("×{}", record.run_count).into() } else { "".into() }
}

/// Without seconds: a list has little space.
fn start_cell(record: &Record, style: &Style) -> Cell {
    let form = if style.width.is_some_and(|width| width < NARROW) { "%m-%d %H:%M" } else { "%Y-%m-%d %H:%M %:z" };
    record.start_time.to_zoned(style.zone.clone()).strftime(form).to_string().into()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{pruned, read};
    use crate::cli::samples::{record, record_of};
    use crate::present::{Listing, Paging};
    use crate::store::Status;
    use crate::store::records::Record;
    use crate::ui::tables::render_output;
    use crate::ui::{injection_tests, snapshots};

    fn page(records: Vec<Record>, total: u64) -> Listing<Record> {
        Listing::new(records).with_paging(Paging { number: 1, per_page: 20, total }).with_totals(vec![2])
    }

    #[test]
    fn records_are_listed_page_by_page() {
        let records = vec![
            record(12, "fairing", "fairing", Status::Running),
            record(11, "tasks", "historical", Status::Success),
            record(10, "douban", "douban", Status::Failed),
        ];
        let output = page(records, 43);
        assert_snapshot!("list", snapshots::render_everything(&output));
        snapshots::tables_fit(|style| render_output(&output, style));
    }

    #[test]
    fn what_was_done_to_records_is_one_line() {
        assert_snapshot!("prune", snapshots::render_everything(&pruned(12, true)));
        assert_snapshot!("read", snapshots::render_everything(&read(3)));
    }

    #[test]
    fn hostile_records_are_harmless() {
        injection_tests::check_output(|text| Box::new(page(vec![record_of(text)], 1)));
    }
}
