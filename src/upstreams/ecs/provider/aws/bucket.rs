//! S3. One listing holds the buckets of all regions; what else there is comes from each bucket's own region.

use super::query::CODES;
use crate::upstreams::ecs::provider::answer::Fields;
use crate::upstreams::ecs::provider::bucket::{
    Paging, Part, TAGS, VERSIONING, list_buckets, read_encryption, read_part, region_of, supplement,
};
use crate::upstreams::ecs::provider::call::{Call, Page, PageToken, Unsigned};
use crate::upstreams::ecs::provider::catalog::{Catalog, Row, Supplement, first_id, no_tags};
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, BUCKETS, Cell, Cells, Patch};

pub const CATALOG: Catalog = Catalog {
    list,
    supplements: &[
        Supplement {
            is_needed: |row| region_of(row).is_none(),
            ..supplement("read the region", |region, rows, _| of_bucket(region, rows, LOCATION))
        },
        Supplement {
            lists: &[("tags", no_tags)],
            ..supplement("read tags", |region, rows, _| of_bucket(region, rows, TAGS))
        },
        supplement("read public access", |region, rows, _| of_bucket(region, rows, ACCESS)),
        supplement("read versioning", |region, rows, _| of_bucket(region, rows, VERSIONING)),
        supplement("read encryption", |region, rows, _| of_bucket(region, rows, ENCRYPTION)),
    ],
    find: None,
    is_late: false,
};

/// Where a parameter is sent, the rows name their regions.
const PAGING: Paging = Paging { size: ("max-buckets", "1000"), from: "continuation-token", next: "ContinuationToken" };

const LOCATION: Part = Part {
    action: "GetBucketLocation",
    query: "location=",
    root: "LocationConstraint",
    unset: "",
    read: read_location,
};
const ACCESS: Part = Part {
    action: "GetPublicAccessBlock",
    query: "publicAccessBlock=",
    root: "PublicAccessBlockConfiguration",
    unset: "NoSuchPublicAccessBlockConfiguration",
    read: read_access,
};
const ENCRYPTION: Part = Part {
    action: "GetBucketEncryption",
    query: "encryption=",
    root: "ServerSideEncryptionConfiguration",
    unset: "ServerSideEncryptionConfigurationNotFoundError",
    read: read_encryption,
};

/// It moves when a bucket's policy is edited.
const VOLATILE: &[&str] = &["CreationDate"];

fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let unsigned = Unsigned { service: "s3", region: region.to_string(), ..Unsigned::default() };
    list_buckets(&CODES, unsigned, PAGING, page, read_bucket)
}

fn read_bucket(row: Fields<'_>) -> Result<Asset, String> {
    let mut asset = Row::new(&BUCKETS, row, "Name", VOLATILE)?.set("created_at", row.time("CreationDate"));
    if let Some(region) = row.text("BucketRegion")? {
        asset = asset.set("region", Some(region));
    }
    Ok(asset.finish())
}

fn of_bucket(region: &Region, rows: &[Asset], part: Part) -> Call<Page<Patch>> {
    let id = first_id(rows);
    let unsigned = Unsigned {
        path: format!("/{id}").into(),
        service: "s3",
        region: rows.first().and_then(region_of).unwrap_or_else(|| region.to_string()),
        ..Unsigned::default()
    };
    read_part(&CODES, unsigned, id, part)
}

#[expect(clippy::unnecessary_wraps, reason = "one of several readers")]
fn read_location(document: Fields<'_>) -> Result<Cells, String> {
    let region = match document.0.as_str() {
        None => "us-east-1",
        Some("EU") => "eu-west-1",
        Some(region) => region,
    };
    Ok([("region", Cell::Text(region.to_owned()))].into())
}

fn read_access(document: Fields<'_>) -> Result<Cells, String> {
    let blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let blocks = blocks.map(|name| document.flag(name)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let is_blocked = blocks.into_iter().all(|block| block == Some(true));
    let access = if is_blocked { "public-blocked" } else { "public-possible" };
    Ok([("access", Cell::Text(access.to_owned()))].into())
}

#[cfg(test)]
mod tests;
