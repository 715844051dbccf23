//! Cloud instances and their changes.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Answer;
use super::labels::{self, Text};
use super::tables::render_table;
use crate::present::style::{Style, sanitize};
use crate::present::table::{Table, TableColumn};
use crate::upstreams::ecs::instance::{Disk, Tag};
use crate::upstreams::ecs::tables::{ChangeRow, InstanceRow};

/// The answer of `ecs list`.
#[derive(Debug)]
pub struct InstancesAnswer(pub Vec<InstanceRow>);

/// The answer of `ecs changes`.
#[derive(Debug)]
pub struct ChangesAnswer(pub Vec<ChangeRow>);

#[derive(Debug, Serialize)]
struct InstancesDocument<'a> {
    schema: &'static str,
    instances: Vec<InstancePart<'a>>,
}

#[derive(Debug, Serialize)]
struct InstancePart<'a> {
    account: &'a str,
    provider: &'a str,
    region: &'a str,
    instance_id: &'a str,
    status: &'a str,
    name: Option<&'a str>,
    public_ip: Option<&'a str>,
    private_ip: Option<&'a str>,
    instance_type: Option<&'a str>,
    zone: Option<&'a str>,
    security_groups: &'a BTreeSet<String>,
    data_disks: &'a BTreeSet<Disk>,
    tags: &'a BTreeSet<Tag>,
    first_seen_at: String,
    last_changed_at: String,
}

#[derive(Debug, Serialize)]
struct ChangesDocument<'a> {
    schema: &'static str,
    changes: Vec<ChangePart<'a>>,
}

/// One change in a document.
#[derive(Debug, Serialize)]
pub struct ChangePart<'a> {
    at: String,
    record: i64,
    account: &'a str,
    region: &'a str,
    instance_id: &'a str,
    kind: &'a str,
    field: Option<&'a str>,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

impl<'a> ChangePart<'a> {
    pub fn new(change: &'a ChangeRow, style: &Style) -> Self {
        Self {
            at: style.rfc3339(change.at),
            record: change.record,
            account: &change.account,
            region: &change.region,
            instance_id: &change.instance,
            kind: &change.kind,
            field: change.field.as_deref(),
            before: change.before.as_deref(),
            after: change.after.as_deref(),
        }
    }
}

impl Answer for InstancesAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.0.is_empty() {
            return format!("{}\n", style.label(labels::NO_INSTANCES));
        }
        let text = |label: Text| TableColumn::text(style.label(label));
        let mut table = Table::new(vec![
            text(labels::ACCOUNT),
            text(labels::REGION),
            text(labels::INSTANCE),
            text(labels::NAME).hidden_when_blank(),
            text(labels::STATUS),
            text(labels::PUBLIC_IP).hidden_when_blank().droppable(2),
            text(labels::PRIVATE_IP).hidden_when_blank().droppable(1),
            text(labels::KIND).hidden_when_blank().droppable(3),
            text(labels::TAGS).hidden_when_blank().droppable(5),
            text(labels::CHANGED).droppable(4),
        ]);
        let optional = |text: &Option<String>| text.as_deref().map(sanitize).unwrap_or_default();
        for row in &self.0 {
            let tags: Vec<_> =
                row.tags.iter().map(|tag| format!("{}={}", sanitize(&tag.key), sanitize(&tag.value))).collect();
            table.push(vec![
                sanitize(&row.account).into(),
                sanitize(&row.region).into(),
                sanitize(&row.id).into(),
                optional(&row.name).into(),
                sanitize(&row.status).into(),
                optional(&row.public_ip).into(),
                optional(&row.private_ip).into(),
                optional(&row.instance_type).into(),
                tags.join(" ").into(),
                style.local(row.last_changed_at).into(),
            ]);
        }
        render_table(table, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        let part = |row| InstancePart::new(row, style);
        InstancesDocument { schema: "tongbu.ecs-instances/1", instances: self.0.iter().map(part).collect() }
    }
}

impl<'a> InstancePart<'a> {
    fn new(row: &'a InstanceRow, style: &Style) -> Self {
        Self {
            account: &row.account,
            provider: &row.provider,
            region: &row.region,
            instance_id: &row.id,
            status: &row.status,
            name: row.name.as_deref(),
            public_ip: row.public_ip.as_deref(),
            private_ip: row.private_ip.as_deref(),
            instance_type: row.instance_type.as_deref(),
            zone: row.zone.as_deref(),
            security_groups: &row.security_groups,
            data_disks: &row.data_disks,
            tags: &row.tags,
            first_seen_at: style.rfc3339(row.first_seen_at),
            last_changed_at: style.rfc3339(row.last_changed_at),
        }
    }
}

impl Answer for ChangesAnswer {
    fn render_text(&self, style: &Style) -> String {
        render_changes(&self.0, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        ChangesDocument {
            schema: "tongbu.ecs-changes/1",
            changes: self.0.iter().map(|change| ChangePart::new(change, style)).collect(),
        }
    }
}

/// Changes as a table, or the word that there are none.
pub fn render_changes(changes: &[ChangeRow], style: &Style) -> String {
    if changes.is_empty() {
        return format!("{}\n", style.label(labels::NO_CHANGES));
    }
    let text = |label: Text| TableColumn::text(style.label(label));
    let mut table = Table::new(vec![
        text(labels::AT),
        TableColumn::number(style.label(labels::RECORD)).droppable(3),
        text(labels::ACCOUNT).droppable(1),
        text(labels::REGION).droppable(2),
        text(labels::INSTANCE),
        text(labels::CHANGE),
        text(labels::FIELD).hidden_when_blank(),
        text(labels::BEFORE).hidden_when_blank(),
        text(labels::AFTER).hidden_when_blank(),
    ]);
    let optional = |text: &Option<String>| text.as_deref().map(sanitize).unwrap_or_default();
    for change in changes {
        table.push(vec![
            style.local(change.at).into(),
            change.record.to_string().into(),
            sanitize(&change.account).into(),
            sanitize(&change.region).into(),
            sanitize(&change.instance).into(),
            sanitize(&change.kind).into(),
            optional(&change.field).into(),
            optional(&change.before).into(),
            optional(&change.after).into(),
        ]);
    }
    render_table(table, style)
}
