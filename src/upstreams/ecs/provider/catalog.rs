//! How a provider lists databases, caches or buckets.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::Fields;
use super::call::{Call, Page, PageToken};
use super::codes::{ProviderError, best_match};
use crate::upstreams::ecs::instance::{InstanceId, Status, Tag, digest};
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, Cell, Cells, Kind, Patch};
use crate::upstreams::mirror::{ReadRow, Signs};

/// A page of something in a region, of these rows where the call names any.
pub type ListCall<T> = fn(&Region, &[Asset], Option<&PageToken>) -> Call<Page<T>>;

/// A column, and what it holds where nothing is said of it.
pub type EmptyList = (&'static str, fn() -> Cell);

/// The calls for one kind of resource.
pub struct Catalog {
    /// A page of all rows.
    pub list: fn(&Region, Option<&PageToken>) -> Call<Page<Asset>>,
    /// What the list leaves out, the cheapest first.
    pub supplements: &'static [Supplement],
    /// Asks for one row by its id, where the list hides what the account may not see: an answer means that it is there.
    pub find: Option<fn(&Region, &InstanceId) -> Call<()>>,
    /// The list may lack what was made just now: each stored row that it lacks is looked up in its own region.
    pub is_late: bool,
}

/// Another listing that says more of the rows. Its columns are compared ones: where it fails, they stay as stored.
pub struct Supplement {
    /// For messages, behind "cannot".
    pub what: &'static str,
    /// The columns that are empty lists where it says nothing of a row.
    pub lists: &'static [EmptyList],
    /// How many rows a call names; `None`: one call serves the whole region.
    pub chunk: Option<usize>,
    /// Whether the row lacks it.
    pub is_needed: fn(&Asset) -> bool,
    pub call: ListCall<Patch>,
}

/// An empty list of texts.
pub fn no_texts() -> Cell {
    Cell::Texts(BTreeSet::new())
}

/// An empty list of tags.
pub fn no_tags() -> Cell {
    Cell::Tags(BTreeSet::new())
}

/// A provider's words for each status; a `*` matches any text.
pub type Statuses = &'static [(Status, &'static [&'static str])];

/// A row being read.
pub struct Row(Asset);

impl Row {
    /// The row of that id. `volatile` names the members that move without a change.
    pub fn new(kind: &'static Kind, row: Fields<'_>, id: &str, volatile: &[&str]) -> Result<Self, String> {
        let mut kept = row.0.clone();
        if let Some(members) = kept.as_object_mut() {
            members.retain(|name, _| !volatile.contains(&name.as_str()));
        }
        let content_hash = digest(&kept);
        let id = InstanceId(row.required_text(id)?);
        let raw = row.0.to_string();
        Ok(Self(Asset { kind, id, cells: Cells::new(), unknown_status: None, raw, content_hash }))
    }

    #[must_use]
    pub fn set(mut self, column: &'static str, value: impl Into<Cell>) -> Self {
        self.0.cells.insert(column, value.into());
        self
    }

    /// Its status, as that word of the provider; a lock is stronger than a status that says it runs.
    #[must_use]
    pub fn status(mut self, word: Option<String>, statuses: Statuses, is_locked: bool) -> Self {
        let find = |word: &str| best_match(statuses, word).or_else(|| best_match(statuses, &word.to_ascii_lowercase()));
        let known = word.as_deref().map(find);
        self.0.unknown_status = word.clone().filter(|_| known == Some(None));
        let status = known.flatten().unwrap_or_default();
        let status = if is_locked && status == Status::Running { Status::Locked } else { status };
        self.set("status", Some(status.name().to_owned())).set("status_raw", word)
    }

    pub fn finish(self) -> Asset {
        self.0
    }
}

/// `net:host:port`, as far as it is known.
pub fn endpoint(net: &str, host: Option<String>, port: Option<i64>) -> Option<String> {
    let port = port.filter(|port| *port > 0).map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{net}:{}{port}", host?))
}

/// The tags of a list, by the names of both members.
pub fn read_tags<'a>(
    tags: impl IntoIterator<Item = Fields<'a>>,
    key: &str,
    value: &str,
) -> Result<BTreeSet<Tag>, String> {
    let read = |tag: Fields<'_>| {
        Ok(Tag { key: tag.text(key)?.unwrap_or_default(), value: tag.text(value)?.unwrap_or_default() })
    };
    tags.into_iter().map(read).collect()
}

/// The only row that a call of a chunk of one names.
pub fn first_id(rows: &[Asset]) -> InstanceId {
    rows.first().map_or_else(|| InstanceId(String::new()), |row| row.id.clone())
}

/// Where a listing by page numbers is.
#[derive(Clone, Copy)]
pub struct NumberedPage {
    number: u64,
    /// Rows on the pages before it, which may hold fewer than were requested.
    rows_before: u64,
}

impl NumberedPage {
    pub fn of(page: Option<&PageToken>) -> Self {
        let parse = |PageToken(token): &PageToken| {
            let (number, before) = token.split_once(':')?;
            Some(Self { number: number.parse().ok()?, rows_before: before.parse().ok()? })
        };
        page.and_then(parse).unwrap_or(Self { number: 1, rows_before: 0 })
    }

    pub fn parameters(self, rows_per_page: u64) -> Vec<(String, String)> {
        [("PageNumber", self.number), ("PageSize", rows_per_page)]
            .map(|(name, value)| (name.to_owned(), value.to_string()))
            .into()
    }

    /// The page of these rows; the listing ends at its total.
    pub fn read<T>(self, document: &Value, rows: Vec<ReadRow<T>>) -> Result<Page<T>, ProviderError> {
        let total = Fields(document).integer("TotalCount").ok().flatten().and_then(|total| u64::try_from(total).ok());
        let total = total.ok_or_else(|| ProviderError::unreadable("the answer has no number `TotalCount`"))?;
        let reached = self.rows_before.saturating_add(rows.len() as u64);
        // A page without rows before the end would be requested for ever.
        let has_more = !rows.is_empty() && reached < total;
        let next = has_more.then(|| Some(PageToken(format!("{}:{reached}", self.number.saturating_add(1)))));
        let signs = document.as_object().map(Signs::of).unwrap_or_default();
        Ok(Page { rows, next, total: Some(total), signs })
    }
}

/// The only page of patches.
pub fn patch_page(patches: Vec<Patch>) -> Page<Patch> {
    Page { rows: patches.into_iter().map(Ok).collect(), next: None, total: None, signs: Signs::default() }
}

/// What is said of one row.
pub fn one_patch(id: &InstanceId, cells: Cells) -> Page<Patch> {
    patch_page(vec![Patch { key: id.to_string(), id: id.clone(), cells }])
}

/// The security groups of one row, from a list of objects that name them.
pub fn groups_page(id: &InstanceId, rows: &[Value]) -> Result<Page<Patch>, ProviderError> {
    let groups = rows.iter().map(|row| Fields(row).required_text("SecurityGroupId"));
    let groups: BTreeSet<String> = groups.collect::<Result<_, _>>().map_err(ProviderError::unreadable)?;
    Ok(one_patch(id, [("security_groups", groups.into())].into()))
}

/// One tag of several rows.
pub fn tag_patches(tag: Fields<'_>, ids: Vec<String>, key: &str, value: &str) -> Result<Vec<Patch>, String> {
    let tags = read_tags([tag], key, value)?;
    let name = tags.first().map(|tag| tag.key.clone()).unwrap_or_default();
    let patch = |id: String| Patch {
        key: format!("{id} {name}"),
        id: InstanceId(id),
        cells: [("tags", Cell::Tags(tags.clone()))].into(),
    };
    Ok(ids.into_iter().map(patch).collect())
}
