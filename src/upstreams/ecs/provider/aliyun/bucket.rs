//! OSS. The host of any region lists the buckets of all; what else there is comes from each bucket's own host.

use super::rpc::CODES;
use crate::upstreams::ecs::provider::answer::Fields;
use crate::upstreams::ecs::provider::bucket::{Paging, Part, list_buckets, read_part, read_tag_set, region_of};
use crate::upstreams::ecs::provider::call::{Call, Page, PageToken, Unsigned};
use crate::upstreams::ecs::provider::catalog::{Catalog, Row, Supplement, first_id, no_tags};
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, BUCKETS, Cell, Cells, Patch};

pub const CATALOG: Catalog = Catalog {
    list,
    supplements: &[
        Supplement { what: "read settings", lists: &[], chunk: Some(1), is_needed: |_| true, call: read_info },
        Supplement {
            what: "read tags",
            lists: &[("tags", no_tags)],
            chunk: Some(1),
            is_needed: |_| true,
            call: read_tagging,
        },
    ],
    find: None,
    is_late: false,
};

const PAGING: Paging = Paging { size: ("max-keys", "1000"), from: "marker", next: "NextMarker" };

const INFO: Part =
    Part { action: "GetBucketInfo", query: "bucketInfo", root: "BucketInfo", unset: "", read: read_settings };

const TAGS: Part =
    Part { action: "GetBucketTags", query: "tagging", root: "Tagging", unset: "NoSuchTagSet", read: read_tag_set };

fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let unsigned = Unsigned { service: "oss", region: region.to_string(), ..Unsigned::default() };
    list_buckets(&CODES, unsigned, PAGING, page, read_bucket)
}

fn read_bucket(row: Fields<'_>) -> Result<Asset, String> {
    let location = row.text("Location")?.and_then(|location| location.strip_prefix("oss-").map(str::to_owned));
    let asset = Row::new(&BUCKETS, row, "Name", &[])?
        .set("region", row.text("Region")?.or(location))
        .set("storage_class", row.text("StorageClass")?)
        .set("created_at", row.time("CreationDate"))
        .set("project", row.text("ResourceGroupId")?);
    Ok(asset.finish())
}

/// A call to the bucket's own host, by its name in the host where that has one.
fn of_bucket(region: &Region, rows: &[Asset], part: Part) -> Call<Page<Patch>> {
    let id = first_id(rows);
    let unsigned = Unsigned {
        subdomain: Some(id.to_string()),
        signed_path: Some(format!("/{id}/")),
        service: "oss",
        region: rows.first().and_then(region_of).unwrap_or_else(|| region.to_string()),
        ..Unsigned::default()
    };
    read_part(&CODES, unsigned, id, part)
}

fn read_info(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    of_bucket(region, rows, INFO)
}

fn read_tagging(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    of_bucket(region, rows, TAGS)
}

fn read_settings(document: Fields<'_>) -> Result<Cells, String> {
    let text = |path: &str| document.text(&format!("/Bucket/{path}"));
    let is_blocked = document.flag("/Bucket/BlockPublicAccess")? == Some(true);
    let access = text("AccessControlList/Grant")?;
    let access = if is_blocked { Some("public-blocked".to_owned()) } else { access };
    let versioning = text("Versioning")?.unwrap_or_else(|| "off".to_owned()).to_ascii_lowercase();
    let replication = [text("DataRedundancyType")?, text("CrossRegionReplication")?.map(|word| format!("crr={word}"))];
    let replication: Vec<_> = replication.into_iter().flatten().collect();
    Ok([
        ("access", access.into()),
        ("versioning", Cell::Text(versioning)),
        ("encryption", text("ServerSideEncryptionRule/SSEAlgorithm")?.into()),
        ("replication", Some(replication.join(" ")).filter(|text| !text.is_empty()).into()),
    ]
    .into())
}

#[cfg(test)]
mod tests;
