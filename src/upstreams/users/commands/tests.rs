use insta::assert_snapshot;

use super::super::config::Config;
use super::super::delivery_actions::Action;
use super::check::{CheckArgs, details};
use super::samples;
use crate::present::{Block, DocumentSchema, Json, Output, Style};
use crate::ui::injection_tests::check_output;
use crate::ui::snapshots::{render_everything, tables_fit};
use crate::ui::tables::render_output;
use crate::upstreams::command::PassCommand;

/// What `check users` adds to the report of its pass.
struct CheckDetails(&'static str);

impl CheckDetails {
    fn of(text: &str) -> Self {
        Self(Box::leak(text.to_owned().into_boxed_str()))
    }
}

impl Output for CheckDetails {
    fn schema(&self) -> &DocumentSchema {
        const { &CheckArgs::OUTPUT }
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        details(&[samples::checked(self.0)], &samples::findings(self.0), style).blocks
    }

    fn json(&self, style: &Style) -> Json {
        details(&[samples::checked(self.0)], &samples::findings(self.0), style).json
    }
}

#[test]
fn events_and_their_deliveries() {
    assert_snapshot!("users_events", render_everything(&samples::events("li")));
    tables_fit(|style| render_output(&samples::events("unified-auth"), style));
    assert_snapshot!("users_event", render_everything(&samples::event("li")));
    assert_snapshot!("users_rejected", render_everything(&samples::rejections("1700000000000-0")));
}

#[test]
fn what_was_emitted() {
    assert_snapshot!("users_emit", render_everything(&samples::emitted(false)));
    assert_snapshot!("users_publish", render_everything(&samples::emitted(true)));
}

#[test]
fn actions_on_deliveries() {
    assert_snapshot!("users_retry", render_everything(&samples::acted(Action::Retry { force: false })));
    assert_snapshot!("users_drop", render_everything(&samples::acted(Action::Drop)));
    assert_snapshot!("users_replay", render_everything(&samples::acted(Action::Replay)));
}

#[test]
fn queues_and_statistics() {
    assert_snapshot!("users_queue", render_everything(&samples::queues("unified-auth")));
    assert_snapshot!("users_stats", render_everything(&samples::statistics("unified-auth")));
    tables_fit(|style| render_output(&samples::queues("unified-auth"), style));
    tables_fit(|style| render_output(&samples::statistics("unified-auth"), style));
}

#[test]
fn differences_that_a_check_found() {
    assert_snapshot!("check_users", render_everything(&CheckDetails::of("redis-cache")));
    tables_fit(|style| render_output(&CheckDetails::of("redis-cache"), style));
}

#[test]
fn hostile_text_is_harmless_in_every_output() {
    check_output(|text| Box::new(samples::events(text)));
    check_output(|text| Box::new(samples::event(text)));
    check_output(|text| Box::new(samples::rejections(text)));
    check_output(|text| Box::new(samples::queues(text)));
    check_output(|text| Box::new(samples::statistics(text)));
    check_output(|text| Box::new(CheckDetails::of(text)));
}

#[test]
fn only_enabled_targets_are_marked_as_enabled() {
    let config: Config =
        toml::from_str("[[targets]]\nname = \"idle\"\nkind = \"redis\"\nurl = \"redis://127.0.0.1\"").unwrap();
    let queues = super::queue::Queues::new(vec![samples::queue("busy"), samples::queue("idle")], &config);
    let style = crate::present::style::samples::style(crate::language::Language::En, None);
    let document: serde_json::Value = serde_json::from_str(queues.json(&style).as_str()).unwrap();
    let enabled = document["targets"].as_array().unwrap().iter().map(|target| target["enabled"].as_bool().unwrap());
    assert_eq!(enabled.collect::<Vec<_>>(), [false, true]);
}
