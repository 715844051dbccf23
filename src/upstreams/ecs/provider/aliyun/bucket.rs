//! OSS. The host of any region lists the buckets of all; what else there is comes from each bucket's own host.

use serde_json::Value;

use super::rpc::CODES;
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
};

fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let marker = page.map(|PageToken(marker)| ("marker".to_owned(), marker.clone()));
    let parameters: Vec<_> = [("max-keys".to_owned(), "1000".to_owned())].into_iter().chain(marker).collect();
    let unsigned = Unsigned {
        method: "GET",
        service: "oss",
        action: "ListBuckets",
        region: region.to_string(),
        query: encode_parameters(&parameters),
        ..Unsigned::default()
    };
    Call::new(unsigned, |status, body| {
        read_buckets(&decode_xml_root(&CODES, &["ListAllMyBucketsResult"], status, body)?, "NextMarker", read_bucket)
    })
    .to(Endpoint::Buckets)
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
fn of_bucket(
    region: &Region,
    rows: &[Asset],
    (action, query, root): (&'static str, &'static str, &'static str),
    read: fn(Fields<'_>) -> Result<Cells, String>,
) -> Call<Page<Patch>> {
    let id = first_id(rows);
    let of_row = rows.first().and_then(|row| row.cells.get("region")).and_then(Cell::text);
    let unsigned = Unsigned {
        method: "GET",
        subdomain: Some(id.to_string()),
        signed_path: Some(format!("/{id}/")),
        service: "oss",
        action,
        region: of_row.unwrap_or_else(|| region.to_string()),
        query: query.to_owned(),
        ..Unsigned::default()
    };
    let call = Call::new(unsigned, move |status, body| {
        let document = match decode_xml_root(&CODES, &[root], status, body) {
            Err(refused) if refused.code.as_deref() == Some("NoSuchTagSet") => Value::Null,
            answer => answer?,
        };
        Ok(one_patch(&id, read(Fields(&document)).map_err(ProviderError::unreadable)?))
    });
    call.to(Endpoint::Buckets)
}

fn read_info(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    of_bucket(region, rows, ("GetBucketInfo", "bucketInfo", "BucketInfo"), |document| {
        let text = |path: &str| document.text(&format!("/Bucket/{path}"));
        let is_blocked = document.flag("/Bucket/BlockPublicAccess")? == Some(true);
        let access = text("AccessControlList/Grant")?;
        let access = if is_blocked { Some("public-blocked".to_owned()) } else { access };
        let versioning = text("Versioning")?.unwrap_or_else(|| "off".to_owned()).to_ascii_lowercase();
        let replication =
            [text("DataRedundancyType")?, text("CrossRegionReplication")?.map(|word| format!("crr={word}"))];
        let replication: Vec<_> = replication.into_iter().flatten().collect();
        Ok([
            ("access", access.into()),
            ("versioning", Cell::Text(versioning)),
            ("encryption", text("ServerSideEncryptionRule/SSEAlgorithm")?.into()),
            ("replication", Some(replication.join(" ")).filter(|text| !text.is_empty()).into()),
        ]
        .into())
    })
}

fn read_tagging(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    of_bucket(region, rows, ("GetBucketTags", "tagging", "Tagging"), |document| {
        Ok([("tags", Cell::Tags(read_tags(document.members("TagSet", "Tag")?, "Key", "Value")?))].into())
    })
}

#[cfg(test)]
mod tests;
