//! The words that tables of several upstreams share.

use super::text::{Text, text};

pub const ACCOUNT: Text = text("account", "账号");
pub const AGE_AGO: Text = text("{} ago", "{}前");
pub const AGE_IN: Text = text("in {}", "{}后");
pub const AT: Text = text("at", "时间");
pub const CONFIGURATION: Text = text("configuration", "配置");
pub const DATABASE: Text = text("database", "数据库");
pub const DRY_RUN: Text = text("dry run: nothing was written", "试运行：未写入任何数据");
pub const ERROR: Text = text("error", "错误");
pub const HINT: Text = text("hint", "提示");
pub const FIELD: Text = text("field", "字段");
pub const ID: Text = text("id", "编号");
pub const MESSAGE: Text = text("message", "说明");
pub const NAME: Text = text("name", "名称");
pub const NOW: Text = text("now", "现在");
pub const NO_CHANGES: Text = text("no matching changes", "没有符合条件的变更");
pub const OK: Text = text("ok", "正常");
pub const RECORD: Text = text("record", "记录");
pub const REGION: Text = text("region", "地域");
pub const STATE: Text = text("state", "状态");
pub const STATUS: Text = text("status", "状态");
pub const WARNING: Text = text("warning", "警告");
pub const WHAT_TO_DO: Text = text("what to do", "处理办法");
