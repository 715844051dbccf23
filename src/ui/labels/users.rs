//! The texts about user events and their targets.

use super::{Text, text};
use crate::upstreams::users::compare::Difference;
use crate::upstreams::users::queue::State;

pub const ATTEMPTS: Text = text("attempts", "尝试次数");
pub const AWAITED: Text = text("awaited", "投递中");
pub const COMPARED: Text = text("compared", "已比较");
pub const DEAD: Text = text("dead", "死信");
pub const DELIVERED: Text = text("delivered", "已送达");
pub const DIFFERENCE: Text = text("difference", "差异");
pub const DIFFERENT: Text = text("different", "不一致");
pub const DROPPED: Text = text("dropped: {}", "已放弃：{}");
pub const ENTRY: Text = text("entry", "条目");
pub const EVENTS_KNOWN: Text = text("left out because they are stored already: {}", "已存在而未重复存储：{}");
pub const EVENTS_PUBLISHED: Text = text("put into the stream: {} events", "已写入流：{} 个事件");
pub const EVENTS_STORED: Text = text(
    "stored: {} events, the last is number {}; `tongbu sync users` delivers them",
    "已存储：{} 个事件，最后一个编号 {}；由 `tongbu sync users` 投递",
);
pub const HERE: Text = text("here", "本地");
pub const LATENCY_P50: Text = text("p50", "p50");
pub const LATENCY_P95: Text = text("p95", "p95");
pub const LINES_PAGE: Text = text("page {} of {}, {} lines", "第 {} 页，共 {} 页，{} 行");
pub const MISSING: Text = text("missing", "缺失");
pub const MORE_FINDINGS: Text = text("and {} more: see the table `user_findings`", "另有 {} 条：见表 `user_findings`");
pub const NEXT_ATTEMPT: Text = text("next attempt", "下次尝试");
pub const NO_EVENTS: Text = text("no event fits", "没有符合条件的事件");
pub const NO_REJECTIONS: Text = text("every entry of the stream was an event", "流中的条目都是有效事件");
pub const NO_TARGETS: Text = text("no target is configured", "尚未配置投递目标");
pub const OLDEST: Text = text("oldest", "最早");
pub const OPEN: Text = text("open", "待投递");
pub const OVERTAKEN: Text = text(
    "left as they are, because later events of their users were delivered: {}; `--force` sends them all the same, \
     `tongbu check users --repair` brings the targets to the present state",
    "因其用户的后续事件已送达而保持不变：{}；`--force` 仍会投递，`tongbu check users --repair` 使目标恢复到当前状态",
);
pub const REPAIRED: Text = text("repaired", "已修复");
pub const REPLAYED: Text = text("to be delivered once more: {}", "将再次投递：{}");
pub const RETRIED: Text = text("to be tried again: {}", "将重新尝试：{}");
pub const RETRYING: Text = text("retrying", "重试中");
pub const SEQ: Text = text("number", "编号");
pub const STORED_AT: Text = text("stored", "存储时间");
pub const STREAM: Text = text("stream", "流");
pub const SURPLUS: Text = text("surplus", "多余");
pub const TARGET: Text = text("target", "目标");
pub const THERE: Text = text("there", "目标");
pub const TYPE: Text = text("type", "类型");
pub const USER: Text = text("user", "用户");

/// How a target differs about a user.
pub const fn difference(difference: Difference) -> Text {
    match difference {
        Difference::Missing => MISSING,
        Difference::Different => DIFFERENT,
        Difference::Surplus => SURPLUS,
    }
}

/// How an event stands at a target.
pub const fn delivery_state(state: State) -> Text {
    match state {
        State::Pending => text("pending", "待投递"),
        State::Retrying => RETRYING,
        State::Delivered => DELIVERED,
        State::Dead => DEAD,
        State::Dropped => text("dropped", "已放弃"),
    }
}
