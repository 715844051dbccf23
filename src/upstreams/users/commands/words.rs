//! The words that several of these commands share.

use super::super::queue::State;
use crate::present::{Severity, Text, Word, text};

pub const ATTEMPTS: Text = text("attempts", "尝试次数");
pub const DEAD: Text = text("dead", "死信");
pub const DELIVERED: Text = text("delivered", "已送达");
pub const NEXT_ATTEMPT: Text = text("next attempt", "下次尝试");
pub const NO_TARGETS: Text = text("no target is configured", "尚未配置投递目标");
pub const RETRYING: Text = text("retrying", "重试中");
pub const TARGET: Text = text("target", "目标");
pub const USER: Text = text("user", "用户");

/// The state of an event at a target.
pub const fn state(state: State) -> Word {
    let (label, severity) = match state {
        State::Pending => (text("pending", "待投递"), Severity::Plain),
        State::Retrying => (RETRYING, Severity::Warning),
        State::Delivered => (DELIVERED, Severity::Good),
        State::Superseded => (text("superseded", "已被取代"), Severity::Plain),
        State::Dead => (DEAD, Severity::Bad),
        State::Dropped => (text("dropped", "已放弃"), Severity::Plain),
    };
    Word::new(state.name(), label, severity)
}
