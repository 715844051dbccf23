//! Every text a person reads in tables and summaries, in English and Chinese.

use crate::language::Language;
use crate::store::{Status, Trigger};

pub use crate::present::words::*;
pub use crate::present::{Text, text};

pub const ALL_READ: Text = text("marked as read: {}", "已标为已读：{}");
pub const AND_MORE: Text = text("and {} more: `tongbu records show {}`", "另有 {} 条：`tongbu records show {}`");
pub const BACKED_UP: Text = text("saved and checked `{}`: {}", "已保存并校验 `{}`：{}");
pub const BROKEN: Text = text(
    "took the lock `{}` (token {}) from {}: its next write is refused",
    "已收回锁 `{}`（令牌 {}），原持有者 {}：其下一次写入将被拒绝",
);
pub const CAUSED_BY: Text = text("caused by", "原因");
pub const CHECK: Text = text("check", "检查项");
pub const CLASS: Text = text("class", "类别");
pub const CLEANED: Text = text("cleaned {} stale locks", "已清理 {} 个失效的锁");
pub const CLOCK: Text = text("clock", "时钟");
pub const COMPONENT: Text = text("part", "部分");
pub const CONFIGURATION: Text = text("configuration", "配置");
pub const CREATED: Text =
    text("wrote `{}`: fill it in, then run `tongbu config check`", "已写入 `{}`：填好后运行 `tongbu config check`");
pub const CREDENTIALS: Text = text("credentials", "凭据");
pub const CRON: Text = text("cron", "cron");
pub const CRON_DIFFERS: Text = text("in cron's environment is found instead:", "在 cron 的环境中结果不同：");
pub const CRON_SAME: Text = text("in cron's environment the same is found", "在 cron 的环境中结果相同");
pub const DATABASE: Text = text("database", "数据库");
pub const DELETED: Text = text("deleted", "删除");
pub const DURATION: Text = text("duration", "耗时");
pub const ENDED: Text = text("ended", "结束");
pub const ERROR: Text = text("error", "错误");
pub const EXIT: Text = text("exit", "退出码");
pub const EXPIRES: Text = text("expires", "到期");
pub const FAILED: Text = text("failed", "失败");
pub const FAILURES: Text = text("failures", "连续失败");
pub const FINE: Text = text("ok", "正常");
pub const FOUND: Text = text("found", "结果");
pub const FREE_SPACE: Text = text("free space", "可用空间");
pub const HELD: Text = text("held", "持有");
pub const HEARTBEAT: Text = text("heartbeat", "心跳");
pub const HINT: Text = text("hint", "提示");
pub const HOLDER: Text = text("held by", "持有者");
pub const HOST: Text = text("host", "主机");
pub const IDLE: Text = text("idle", "闲散");
pub const KEY: Text = text("key", "键");
pub const LAST_SUCCESS: Text = text("last success", "上次成功");
pub const LOCK: Text = text("lock", "锁");
pub const LOCKS: Text = text("locks", "锁");
pub const LOCK_EXPIRES: Text = text("expires by itself {} ({})", "将于 {} 自动到期（{}）");
pub const LOCK_FOLDER: Text = text("lock folder", "锁目录");
pub const LOCK_HOLDER: Text = text("held by {} (pid {} on {}), token {}", "持有者 {}（进程 {}，主机 {}），令牌 {}");
pub const LOCK_SINCE: Text = text("since {} ({}), last heartbeat {} ({})", "自 {}（{}）起，最近心跳 {}（{}）");
pub const LOG: Text = text("log", "日志");
pub const MATCHED: Text = text("matched", "已匹配");
pub const MATCH_RATE: Text = text("match rate", "匹配率");
pub const MEAN: Text = text("mean", "平均");
pub const MESSAGE: Text = text("message", "说明");
pub const METRICS_FILE: Text = text("metrics file", "指标文件");
pub const NEVER: Text = text("never", "从未");
pub const NEW: Text = text("new", "新增");
pub const NEXT_DUE: Text = text("next due", "下次应运行");
pub const NOT_BEFORE: Text = text("not before", "不早于");
pub const NONE: Text = text("none", "无");
pub const NOTHING_CONFIGURED: Text =
    text("no upstream is configured and none ever ran", "尚未配置任何上游，也没有运行记录");
pub const NO_LOCKS: Text = text("no lock is held", "当前没有被持有的锁");
pub const NO_RECORDS: Text = text("no record fits", "没有符合条件的记录");
pub const NO_RUN_YET: Text = text(
    "no run has been made yet: `{}` does not exist; try `tongbu sync all`",
    "尚未运行过：`{}` 不存在；可运行 `tongbu sync all`",
);
pub const PAGE: Text = text("page {} of {}, {} records, {} unread", "第 {} 页，共 {} 页，{} 条记录，{} 条未读");
pub const PENDING: Text = text("pending", "待匹配");
pub const PERMISSIONS: Text = text("permissions", "权限");
pub const PROBLEM: Text = text("problem", "问题");
pub const PROBLEMS: Text = text("problems:", "问题：");
pub const PRUNED: Text = text("pruned {} records", "已清除 {} 条记录");
pub const READ: Text = text("read", "已读");
pub const RECORDS: Text = text("records", "记录");
pub const RELEASED: Text = text("released", "已释放");
pub const REQUESTS: Text = text("requests", "请求数");
pub const RESTORED: Text = text("restored", "恢复");
pub const RESULT: Text = text("last result", "上次结果");
pub const RETRIES: Text = text("retries", "重试");
pub const ROWS: Text = text("rows", "行数");
pub const RUNNING_BY: Text = text("running: {}", "进行中：{}");
pub const RUNS: Text = text("runs", "运行数");
pub const RUN_LINE: Text =
    text("{}: record {}, {}, {} requests, {} retries, trace {}", "{}：记录 {}，{}，{} 次请求，{} 次重试，跟踪 {}");
pub const SECRET: Text = text("secret", "密钥");
pub const SET_BY: Text = text("set by", "来源");
pub const SCOPE: Text = text("scope", "范围");
pub const SOURCE: Text = text("source", "来源");
pub const SQLITE: Text = text("SQLite", "SQLite");
pub const STALE: Text = text("stale", "失效");
pub const STARTED: Text = text("start", "开始");
pub const SUCCESS_RATE: Text = text("success rate", "成功率");
pub const SYNC: Text = text("sync", "同步");
pub const TOKEN: Text = text("token", "令牌");
pub const TOTAL: Text = text("total", "总数");
pub const TOTAL_ROW: Text = text("total", "合计");
pub const TO_DO: Text = text("what to do", "处理办法");
pub const TRACE: Text = text("trace", "跟踪");
pub const TREND: Text = text("duration trend", "耗时趋势");
pub const TRIGGER: Text = text("trigger", "触发");
pub const UNCHANGED: Text = text("unchanged", "未变");
pub const UNREAD: Text = text("unread", "未读");
pub const SKIPPED_UNTIL: Text = text("{}, until {}", "{}，{} 之后再运行");
pub const UPDATED: Text = text("updated", "更新");
pub const VALUE: Text = text("value", "值");
pub const VERSION: Text = text("version", "版本");
pub const WARNING: Text = text("warning", "警告");

/// How a run or scope stands or ended.
pub const fn status(status: Status) -> Text {
    match status {
        Status::Running => text("running", "进行中"),
        Status::Success => text("success", "成功"),
        Status::Partial => text("partial", "部分成功"),
        Status::Failed => text("failed", "失败"),
        Status::Cancelled => text("cancelled", "已取消"),
        Status::Interrupted => text("interrupted", "已中断"),
        Status::Skipped => text("skipped", "已跳过"),
    }
}

/// Who started a run.
pub const fn trigger(trigger: Trigger) -> Text {
    match trigger {
        Trigger::Auto => text("auto", "自动"),
        Trigger::Manual => text("manual", "手动"),
    }
}

/// Why a scope did nothing.
pub fn skip_reason(name: &str, language: Language) -> &str {
    match name {
        "min-interval" => text("synced recently", "间隔未到").label(language),
        "not-before" => text("the upstream asked for a pause", "上游要求稍后再试").label(language),
        "locked" => text("another run holds the lock", "被其他运行锁定").label(language),
        other => other,
    }
}
