//! `ecs list | changes`.

use std::collections::BTreeSet;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use strum::VariantNames;

use super::config::Config;
use super::instance::{Disk, Status, Tag};
use super::resources::list::{AssetRow, load_assets};
use super::resources::{BUCKETS, CACHES, DATABASES, Resource};
use super::tables::{ChangeFilter, ChangeRow, InstanceFilter, InstanceRow, load_changes, load_instances};
use crate::present::style::sanitize;
use crate::present::{Column, DocumentSchema, Listing, ListingSpec, Output, Text, listing, text, words};
use crate::since::Since;
use crate::store::{Mode, Reader, RecordId, cursors};
use crate::upstreams::Error;
use crate::upstreams::command::{Answer, Command, CommandContext, CommandSpec, PartArgs};
use crate::upstreams::names::check_filter;

pub const COMMANDS: &[CommandSpec] = &[CommandSpec::group(
    "ecs",
    "The cloud instances that are stored, and their changes",
    "  tongbu ecs list --status running\n  tongbu ecs changes --since 24h",
    &[CommandSpec::command::<ListArgs>(), CommandSpec::command::<ChangesArgs>()],
)];

/// The instances that are stored
#[derive(Debug, Args)]
struct ListArgs {
    /// Which kind of resource
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    resource: Resource,
    /// Only of this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only in this region
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Filter by status
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(Status::VARIANTS))]
    status: Option<String>,
    /// Only those with this tag (may be repeated)
    #[arg(long = "tag", value_name = "KEY[=VALUE]", value_parser = parse_tag)]
    tags: Vec<(String, Option<String>)>,
    /// Only those that are gone, with their last values
    #[arg(long)]
    deleted: bool,
    #[command(flatten)]
    part: PartArgs,
}

/// What changed, instance by instance and field by field
#[derive(Debug, Args)]
struct ChangesArgs {
    /// Only of this instance
    #[arg(value_name = "ID")]
    instance: Option<String>,
    /// Only those found since: 7d, 2025-10-24
    #[arg(long, value_name = "DUR|DATE", value_parser = Since::parse)]
    since: Option<Since>,
    #[command(flatten)]
    part: PartArgs,
}

#[expect(clippy::unnecessary_wraps, reason = "clap asks for a parser that may fail")]
fn parse_tag(text: &str) -> Result<(String, Option<String>), String> {
    let pair = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
    Ok((pair.0.to_owned(), pair.1.map(str::to_owned)))
}

impl Command for ListArgs {
    const NAME: &'static str = "list";
    const EXAMPLES: &'static str =
        "  tongbu ecs list --account prod --region cn-hangzhou\n  tongbu ecs list --tag env=prod --tag team --json";
    const OUTPUTS: &'static [DocumentSchema] = &[InstanceRow::SCHEMA, AssetRow::SCHEMA];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let Self { resource, account, region, status, tags, deleted, part } = self;
        let filter = InstanceFilter { account, region, status, tags, deleted };
        let config: Config = context.config.section("ecs").unwrap_or_default();
        let configured: Vec<String> = config.accounts.into_iter().map(|account| account.name).collect();
        if let Some(kind) = resource.kind() {
            return context.answer(Mode::ReadOnly, part.cut(Vec::new())?, |store| {
                let all = store.read(|r| load_assets(r, kind, &InstanceFilter::default()))?;
                let regions = all.iter().filter_map(|asset| asset.region.clone());
                store.read(|r| check_names(r, &filter, configured, regions))?;
                let assets = store.read(|r| load_assets(r, kind, &filter))?;
                if assets.is_empty() && !filter.tags.is_empty() {
                    check_tags(all.into_iter().map(|asset| asset.tags), &filter.tags)?;
                }
                part.cut(assets)
            });
        }
        context.answer(Mode::ReadOnly, part.cut(Vec::new())?, |store| {
            store.read(|r| check_names(r, &filter, configured, std::iter::empty()))?;
            let instances = store.read(|r| load_instances(r, &filter))?;
            if instances.is_empty() && !filter.tags.is_empty() {
                let all = store.read(|r| load_instances(r, &InstanceFilter::default()))?;
                check_tags(all.into_iter().map(|instance| instance.tags), &filter.tags)?;
            }
            part.cut(instances)
        })
    }
}

/// Refuses accounts and regions that are neither configured nor ever had a pass.
fn check_names(
    r: &Reader<'_>,
    filter: &InstanceFilter,
    configured: Vec<String>,
    stored: impl Iterator<Item = String>,
) -> Result<(), Error> {
    let (mut accounts, mut regions): (BTreeSet<String>, BTreeSet<String>) =
        (configured.into_iter().collect(), stored.collect());
    for state in cursors::load_states(r, "ecs/")? {
        let mut parts = state.scope.split('/').skip(1).map(str::to_owned);
        accounts.extend(parts.next());
        // Buckets are no region's.
        regions.extend(parts.next().filter(|part| part != Resource::Bucket.name()));
    }
    check_filter("account", filter.account.as_deref(), &accounts)?;
    check_filter("region", filter.region.as_deref(), &regions)
}

/// Refuses tags that no row has.
fn check_tags(rows: impl Iterator<Item = BTreeSet<Tag>>, tags: &[(String, Option<String>)]) -> Result<(), Error> {
    let known = rows.flatten().map(|tag| tag.key).collect();
    tags.iter().try_for_each(|(key, _)| check_filter("tag", Some(key), &known))
}

impl Command for ChangesArgs {
    const NAME: &'static str = "changes";
    const EXAMPLES: &'static str =
        "  tongbu ecs changes i-bp1a2b3c4d --since 7d\n  tongbu ecs changes --since 2025-10-24 --json";
    const OUTPUTS: &'static [DocumentSchema] = &[ChangeRow::SCHEMA];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let since = self.since.map(|since| since.resolve(context.clock.now(), &context.style.zone));
        let part = self.part;
        let filter = ChangeFilter { instance: self.instance, since, record: None };
        context.answer(Mode::ReadOnly, part.cut(Vec::new())?, |store| {
            let changes = store.read(|r| load_changes(r, &filter))?;
            if changes.is_empty() && filter.instance.is_some() {
                let instances = store.read(|r| load_instances(r, &InstanceFilter::default()))?;
                let mut known: BTreeSet<String> = instances.into_iter().map(|instance| instance.id).collect();
                for kind in [&DATABASES, &CACHES, &BUCKETS] {
                    let assets = store.read(|r| load_assets(r, kind, &InstanceFilter::default()))?;
                    known.extend(assets.into_iter().map(|asset| asset.id));
                }
                check_filter("instance", filter.instance.as_deref(), &known)?;
            }
            part.cut(changes)
        })
    }
}

/// The changes that a run found.
pub fn changes_of(r: &Reader<'_>, record: RecordId) -> Result<Box<dyn Output>, Error> {
    let filter = ChangeFilter { record: Some(record), ..ChangeFilter::default() };
    Ok(Box::new(Listing::new(load_changes(r, &filter)?)))
}

const INSTANCE: Text = text("instance", "实例");

/// A column of instances.
type C = Column<InstanceRow>;

impl ListingSpec for InstanceRow {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.ecs-instances/1", "ecs list", listing::schema::<Self>);
    const KEY: &'static str = "instances";
    const EMPTY: Text = text("no matching instances", "没有符合条件的实例");
    const IS_PAGED: bool = true;
    const FOOT: Option<Text> = Some(text("page {} of {}, {} instance{|s}", "第 {} 页，共 {} 页，{} 个实例"));
    const COLUMNS: &'static [C] = &[
        C::text("account", |row| &row.account).titled(words::ACCOUNT),
        C::text("provider", |row| &row.provider),
        C::text("region", |row| &row.region).titled(words::REGION),
        C::text("instance_id", |row| &row.id).titled(INSTANCE),
        C::optional_text("name", |row| row.name.as_deref()).titled(words::NAME).hidden_when_blank(),
        C::text("status", |row| &row.status).titled(words::STATUS),
        C::optional_text("public_ip", |row| row.public_ip.as_deref())
            .titled(text("public address", "公网地址"))
            .hidden_when_blank()
            .droppable(2),
        C::optional_text("private_ip", |row| row.private_ip.as_deref())
            .titled(text("private address", "内网地址"))
            .hidden_when_blank()
            .droppable(1),
        C::optional_text("instance_type", |row| row.instance_type.as_deref())
            .titled(text("type", "规格"))
            .hidden_when_blank()
            .droppable(3),
        C::optional_text("zone", |row| row.zone.as_deref()),
        C::nested::<BTreeSet<String>>("security_groups", |row| json!(row.security_groups)),
        C::nested::<BTreeSet<Disk>>("data_disks", |row| json!(row.data_disks)),
        C::nested::<BTreeSet<Tag>>("tags", |row| json!(row.tags))
            .titled(text("tags", "标签"))
            .drawn(|row, _| tag_text(&row.tags).into())
            .hidden_when_blank()
            .droppable(5),
        C::time("first_seen_at", |row| row.first_seen_at),
        C::optional_time("deleted_at", |row| row.deleted_at).titled(text("deleted", "删除")).hidden_when_blank(),
        C::time("last_changed_at", |row| row.last_changed_at).titled(text("changed", "最近变更")).droppable(4),
    ];
}

fn tag_text(tags: &BTreeSet<Tag>) -> String {
    let each = tags.iter().map(|tag| format!("{}={}", sanitize(&tag.key), sanitize(&tag.value)));
    each.collect::<Vec<_>>().join(" ")
}

impl ListingSpec for ChangeRow {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.ecs-changes/1", "ecs changes", listing::schema::<Self>);
    const KEY: &'static str = "changes";
    const EMPTY: Text = words::NO_CHANGES;
    const IS_PAGED: bool = true;
    const FOOT: Option<Text> = Some(text("page {} of {}, {} change{|s}", "第 {} 页，共 {} 页，{} 项变更"));
    const COLUMNS: &'static [Column<Self>] = &[
        Column::time("at", |change: &Self| change.at).titled(words::AT),
        Column::integer("record", |change: &Self| change.record).titled(words::RECORD).droppable(3),
        Column::integer("record_id", |change: &Self| change.record),
        Column::text("account", |change: &Self| &change.account).titled(words::ACCOUNT).droppable(1),
        Column::text("region", |change: &Self| &change.region).titled(words::REGION).droppable(2),
        Column::text("resource", |change: &Self| &change.resource),
        Column::text("instance_id", |change: &Self| &change.instance).titled(INSTANCE),
        Column::text("kind", |change: &Self| &change.kind).titled(text("change", "变更")),
        Column::optional_text("field", |change: &Self| change.field.as_deref())
            .titled(words::FIELD)
            .hidden_when_blank(),
        Column::optional_text("before", |change: &Self| change.before.as_deref())
            .titled(text("before", "变更前"))
            .hidden_when_blank(),
        Column::optional_text("after", |change: &Self| change.after.as_deref())
            .titled(text("after", "变更后"))
            .hidden_when_blank(),
    ];
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{ChangeRow, Disk, InstanceRow, Listing, ListingSpec, PartArgs, Tag};
    use crate::present::style::samples::at;
    use crate::ui::tables::render_output;
    use crate::ui::{injection_tests, snapshots};

    /// An instance all of whose texts are that one.
    fn instance(text: &str) -> InstanceRow {
        let optional = || Some(text.to_owned());
        InstanceRow {
            account: text.to_owned(),
            provider: "aliyun".to_owned(),
            region: "cn-hangzhou".to_owned(),
            id: text.to_owned(),
            status: "running".to_owned(),
            name: optional(),
            public_ip: Some("203.0.113.7".to_owned()),
            private_ip: Some("10.0.0.7".to_owned()),
            instance_type: Some("ecs.g7.large".to_owned()),
            zone: optional(),
            security_groups: [text.to_owned()].into(),
            data_disks: [Disk { id: text.to_owned(), size_gib: Some(40), category: None, device: optional() }].into(),
            tags: [Tag { key: "env".to_owned(), value: text.to_owned() }].into(),
            first_seen_at: at(-7200),
            last_changed_at: at(-60),
            deleted_at: None,
        }
    }

    /// An update of a field of that instance.
    fn change(text: &str) -> ChangeRow {
        ChangeRow {
            at: at(-60),
            record: 7,
            account: "prod".to_owned(),
            region: "cn-hangzhou".to_owned(),
            resource: "compute".to_owned(),
            instance: text.to_owned(),
            kind: "updated".to_owned(),
            field: Some("name".to_owned()),
            before: Some(text.to_owned()),
            after: Some(text.to_owned()),
        }
    }

    fn whole<R: ListingSpec>(rows: Vec<R>) -> Listing<R> {
        PartArgs::default().cut(rows).unwrap()
    }

    #[test]
    fn instances_are_listed() {
        let output = whole(vec![instance("i-bp1a2b3c4d")]);
        assert_snapshot!(snapshots::render_everything(&output));
        snapshots::tables_fit(|style| render_output(&output, style));
        assert_snapshot!("no_instances", snapshots::render_everything(&whole::<InstanceRow>(Vec::new())));
    }

    #[test]
    fn changes_are_listed() {
        let added =
            ChangeRow { kind: "added".to_owned(), field: None, before: None, after: None, ..change("i-bp1a2b3c4d") };
        assert_snapshot!(snapshots::render_everything(&whole(vec![added, change("i-bp1a2b3c4d")])));
    }

    #[test]
    fn hostile_texts_are_harmless() {
        injection_tests::check_output(|text| Box::new(whole(vec![instance(text)])));
        injection_tests::check_output(|text| Box::new(whole(vec![change(text)])));
    }
}
