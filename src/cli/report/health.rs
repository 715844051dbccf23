//! How every sync is at present: good, in doubt, or bad, and why.

use jiff::{SignedDuration, Timestamp};

use crate::cli::runs::{REASON, SYNC, reason, record_word, sync_name};
use crate::cli::status::output::{STILL_FAILS, SyncRow};
use crate::present::page::{Fact, Period, Section};
use crate::present::{
    Column, DocumentSchema, ListingSpec, Severity, Style, Text, Word, cut, listing, sanitize, text, words,
};
use crate::store::Status;
use crate::store::history::{DayRow, Totals};
use crate::store::records::Record;

const TITLE: Text = text("Health now", "当前健康状况");
const GOOD: Word = Word::new("good", text("good", "正常"), Severity::Good);
const DOUBTFUL: Word = Word::new("doubtful", text("attention", "注意"), Severity::Warning);
const BAD: Word = Word::new("bad", text("failing", "故障"), Severity::Bad);

const NEVER_RAN: Text = text("it never ran", "从未运行");
const SILENT: Text = text("no run since {}", "自 {} 起没有运行");
const FAILED_TIMES: Text = text("failed {} time{|s} in a row: {}", "连续失败 {} 次：{}");
const ENDED_AS: Text = text("the last run ended as {}: {}", "最近一次运行的结果为{}：{}");

/// A sync that has been silent for this long is in doubt, unless it usually is.
const SILENCE: SignedDuration = SignedDuration::from_hours(26);
/// This many times its usual pause.
const PAUSES: i32 = 3;
const REASON_WIDTH: usize = 200;

/// One sync with its verdict.
pub struct Health {
    sync: String,
    sync_type: String,
    word: Word,
    reason: String,
    last_success_at: Option<Timestamp>,
    consecutive_failures: u64,
    is_running: bool,
}

pub fn section(syncs: &[SyncRow], days: &[DayRow], period: &Period, style: &Style) -> Section {
    let mut rows: Vec<Health> = syncs.iter().map(|sync| judge(sync, days, period, style)).collect();
    rows.sort_by_key(|health| match health.word.severity {
        Severity::Bad => 0,
        Severity::Warning => 1,
        Severity::Good | Severity::Plain => 2,
    });
    let mut section = Section::new("health", TITLE);
    let facts = [GOOD, DOUBTFUL, BAD].map(|word| {
        let count = rows.iter().filter(|health| health.word.name == word.name).count() as u64;
        Fact::count(word.name, style.label(word.label), count).marked(word.severity)
    });
    if !rows.is_empty() {
        section.facts(facts.to_vec());
    }
    section.list("syncs", text("syncs", "各项同步"), &rows, style);
    section
}

fn judge(sync: &SyncRow, days: &[DayRow], period: &Period, style: &Style) -> Health {
    let state = &sync.state;
    let (word, reason) = verdict(sync, days, period, style);
    Health {
        sync: state.sync.clone(),
        sync_type: state.sync_type.clone(),
        word,
        reason,
        last_success_at: state.last_success_at,
        consecutive_failures: state.consecutive_failures,
        is_running: state.running.is_some(),
    }
}

fn verdict(sync: &SyncRow, days: &[DayRow], period: &Period, style: &Style) -> (Word, String) {
    let state = &sync.state;
    let Some(last) = &state.last else {
        return if state.running.is_some() {
            (GOOD, String::new())
        } else {
            (DOUBTFUL, style.label(NEVER_RAN).to_owned())
        };
    };
    let why = cut(&style.message(reason(last).unwrap_or_default()), REASON_WIDTH);
    match ending(last) {
        Ending::Bad | Ending::Doubtful if state.is_over => return (GOOD, String::new()),
        Ending::Good if !state.failing.is_empty() => {
            return (DOUBTFUL, STILL_FAILS.fill(style.language, &[&sanitize(&state.failing.join(", "))]));
        }
        Ending::Bad if state.consecutive_failures > 0 => {
            return (BAD, FAILED_TIMES.fill(style.language, &[&state.consecutive_failures, &why]));
        }
        Ending::Bad | Ending::Doubtful => {
            let label = style.label(record_word(last).label);
            return (DOUBTFUL, ENDED_AS.fill(style.language, &[&label, &why]));
        }
        Ending::Good => {}
    }
    let ended = last.end_time.unwrap_or(last.start_time);
    if state.running.is_none() && style.now.duration_since(ended) > longest_silence(sync, days, period) {
        return (DOUBTFUL, SILENT.fill(style.language, &[&style.local(ended)]));
    }
    (GOOD, String::new())
}

enum Ending {
    Good,
    Doubtful,
    Bad,
}

const fn ending(record: &Record) -> Ending {
    match record.status {
        Status::Success | Status::Running | Status::Skipped => Ending::Good,
        Status::Partial | Status::Cancelled => Ending::Doubtful,
        Status::Failed | Status::Interrupted | Status::Died => Ending::Bad,
    }
}

/// What a sync that runs seldom may take is more than what an hourly one may.
fn longest_silence(sync: &SyncRow, days: &[DayRow], period: &Period) -> SignedDuration {
    let own = days.iter().filter(|row| row.sync == sync.state.sync && row.sync_type == sync.state.sync_type);
    let runs = i32::try_from(Totals::of(own).run_count()).unwrap_or(i32::MAX).max(1);
    let span = period.ends().last().map_or(SignedDuration::ZERO, |end| end.duration_since(period.begin()));
    SILENCE.max(span / runs * PAUSES)
}

/// A column of syncs.
type C = Column<Health>;

impl ListingSpec for Health {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.health/1", "report", listing::schema::<Self>);
    const KEY: &'static str = "syncs";
    const EMPTY: Text = NEVER_RAN;
    const COLUMNS: &'static [C] = &[
        C::word("health", |health| health.word).titled(words::STATE),
        C::text("sync", |health| &health.sync)
            .titled(SYNC)
            .drawn(|health, _| sync_name(&health.sync, &health.sync_type).into()),
        C::text("sync_type", |health| &health.sync_type),
        C::optional_time("last_success_at", |health| health.last_success_at)
            .titled(text("last success", "上次成功"))
            .drawn(|health, style| health.last_success_at.map(|at| style.age(at)).unwrap_or_default().into()),
        C::count("consecutive_failures", |health| health.consecutive_failures),
        C::text("reason", |health| &health.reason).titled(REASON).hidden_when_blank(),
        C::count("running", |health| u64::from(health.is_running))
            .titled(text("running", "进行中"))
            .hidden_when_blank()
            .droppable(1),
    ];
}
