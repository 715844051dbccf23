//! The words that tables of several upstreams share.

use super::text::{Text, text};

pub const ACCOUNT: Text = text("account", "账号");
pub const AGE_AGO: Text = text("{} ago", "{}前");
pub const AGE_IN: Text = text("in {}", "{}后");
pub const ID: Text = text("id", "编号");
pub const NAME: Text = text("name", "名称");
pub const NOW: Text = text("now", "现在");
pub const REGION: Text = text("region", "地域");
pub const STATE: Text = text("state", "状态");
pub const STATUS: Text = text("status", "状态");
