//! S3. One listing holds the buckets of all regions; what else there is comes from each bucket's own region.

use serde_json::Value;

use super::query::CODES;
use crate::upstreams::ecs::provider::answer::{Fields, decode_xml_root};
use crate::upstreams::ecs::provider::call::{Call, Endpoint, Page, PageToken, Unsigned};
use crate::upstreams::ecs::provider::catalog::{
    Catalog, Row, Supplement, first_id, no_tags, one_patch, read_buckets, read_tags,
};
use crate::upstreams::ecs::provider::codes::ProviderError;
use crate::upstreams::ecs::provider::sign::encode_parameters;
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, BUCKETS, Cell, Cells, Patch};

pub const CATALOG: Catalog = Catalog {
    list,
    supplements: &[
        Supplement {
            what: "read the region",
            lists: &[],
            chunk: Some(1),
            is_needed: |row| region_of(row).is_none(),
            call: read_location,
        },
        Supplement {
            what: "read tags",
            lists: &[("tags", no_tags)],
            chunk: Some(1),
            is_needed: |_| true,
            call: read_tagging,
        },
        Supplement { what: "read public access", lists: &[], chunk: Some(1), is_needed: |_| true, call: read_access },
        Supplement { what: "read versioning", lists: &[], chunk: Some(1), is_needed: |_| true, call: read_versioning },
        Supplement { what: "read encryption", lists: &[], chunk: Some(1), is_needed: |_| true, call: read_encryption },
    ],
    find: None,
};

/// It moves when a bucket's policy is edited.
const VOLATILE: &[&str] = &["CreationDate"];

/// Of all regions. Where a parameter is sent, the rows name their regions.
fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let token = page.map(|PageToken(token)| ("continuation-token".to_owned(), token.clone()));
    let parameters: Vec<_> = [("max-buckets".to_owned(), "1000".to_owned())].into_iter().chain(token).collect();
    let unsigned = Unsigned {
        method: "GET",
        service: "s3",
        action: "ListBuckets",
        region: region.to_string(),
        query: encode_parameters(&parameters),
        ..Unsigned::default()
    };
    Call::new(unsigned, |status, body| {
        read_buckets(
            &decode_xml_root(&CODES, &["ListAllMyBucketsResult"], status, body)?,
            "ContinuationToken",
            read_bucket,
        )
    })
    .to(Endpoint::Buckets)
}

fn read_bucket(row: Fields<'_>) -> Result<Asset, String> {
    let mut asset = Row::new(&BUCKETS, row, "Name", VOLATILE)?.set("created_at", row.time("CreationDate"));
    if let Some(region) = row.text("BucketRegion")? {
        asset = asset.set("region", Some(region));
    }
    Ok(asset.finish())
}

fn region_of(row: &Asset) -> Option<String> {
    row.cells.get("region").and_then(Cell::text)
}

/// A call for one part of a bucket's settings. `none` is the code for a part that was never set.
fn of_bucket(
    region: &Region,
    rows: &[Asset],
    part: (&'static str, &'static str, &'static str),
    none: &'static str,
    read: fn(Fields<'_>) -> Result<Cells, String>,
) -> Call<Page<Patch>> {
    let (action, query, root) = part;
    let id = first_id(rows);
    let unsigned = Unsigned {
        method: "GET",
        path: format!("/{id}").into(),
        service: "s3",
        action,
        region: rows.first().and_then(region_of).unwrap_or_else(|| region.to_string()),
        query: format!("{query}="),
        ..Unsigned::default()
    };
    let call = Call::new(unsigned, move |status, body| {
        let document = match decode_xml_root(&CODES, &[root, &format!("{action}Response")], status, body) {
            Err(refused) if refused.code.as_deref() == Some(none) => Value::Null,
            answer => answer?,
        };
        Ok(one_patch(&id, read(Fields(&document)).map_err(ProviderError::unreadable)?))
    });
    call.to(Endpoint::Buckets)
}

fn read_location(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    of_bucket(region, rows, ("GetBucketLocation", "location", "LocationConstraint"), "", |document| {
        let region = match document.0.as_str() {
            None => "us-east-1",
            Some("EU") => "eu-west-1",
            Some(region) => region,
        };
        Ok([("region", Cell::Text(region.to_owned()))].into())
    })
}

fn read_tagging(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    of_bucket(region, rows, ("GetBucketTagging", "tagging", "Tagging"), "NoSuchTagSet", |document| {
        Ok([("tags", Cell::Tags(read_tags(document.members("TagSet", "Tag")?, "Key", "Value")?))].into())
    })
}

fn read_access(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    let part = ("GetPublicAccessBlock", "publicAccessBlock", "PublicAccessBlockConfiguration");
    of_bucket(region, rows, part, "NoSuchPublicAccessBlockConfiguration", |document| {
        let blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
        let blocks = blocks.map(|name| document.flag(name)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let is_blocked = blocks.into_iter().all(|block| block == Some(true));
        let access = if is_blocked { "public-blocked" } else { "public-possible" };
        Ok([("access", Cell::Text(access.to_owned()))].into())
    })
}

fn read_versioning(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    of_bucket(region, rows, ("GetBucketVersioning", "versioning", "VersioningConfiguration"), "", |document| {
        let status = document.text("Status")?.unwrap_or_else(|| "Off".to_owned());
        Ok([("versioning", Cell::Text(status.to_ascii_lowercase()))].into())
    })
}

fn read_encryption(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    let part = ("GetBucketEncryption", "encryption", "ServerSideEncryptionConfiguration");
    of_bucket(region, rows, part, "ServerSideEncryptionConfigurationNotFoundError", |document| {
        let algorithm = document.text("/Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm")?;
        Ok([("encryption", Cell::Text(algorithm.unwrap_or_else(|| "none".to_owned())))].into())
    })
}

#[cfg(test)]
mod tests;
