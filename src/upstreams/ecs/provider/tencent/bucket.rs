//! COS. One host lists the buckets of all regions; what else there is comes from each bucket's own host.
//!
//! Source: the vendor's SDK and reference of `GET Service`, `GET Bucket acl`, `tagging`, `versioning` and `encryption`. A new
//! bucket may be missing from the list for a while.

use super::api::CODES;
use crate::upstreams::ecs::instance::InstanceId;
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
        supplement("read access", |region, rows, _| of_bucket(region, rows, ACCESS)),
        Supplement {
            lists: &[("tags", no_tags)],
            ..supplement("read tags", |region, rows, _| of_bucket(region, rows, TAGS))
        },
        supplement("read versioning", |region, rows, _| of_bucket(region, rows, VERSIONING)),
        supplement("read encryption", |region, rows, _| of_bucket(region, rows, ENCRYPTION)),
    ],
    find: Some(find),
    is_late: true,
};

/// The service whose calls are signed with SHA-1.
pub const SERVICE: &str = "cos";

const PAGING: Paging = Paging { size: ("max-keys", "2000"), from: "marker", next: "NextMarker" };

const ACCESS: Part =
    Part { action: "GetBucketAcl", query: "acl=", root: "AccessControlPolicy", unset: "", read: read_access };
const ENCRYPTION: Part = Part {
    action: "GetBucketEncryption",
    query: "encryption=",
    root: "ServerSideEncryptionConfiguration",
    unset: "NoSuchEncryptionConfiguration",
    read: read_encryption,
};

/// The host of a region's buckets; without one that of the list.
pub fn default_host(region: &str) -> String {
    if region.is_empty() { "service.cos.myqcloud.com".to_owned() } else { format!("cos.{region}.myqcloud.com") }
}

fn list(_region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    list_buckets(&CODES, Unsigned { service: SERVICE, ..Unsigned::default() }, PAGING, page, read_bucket)
}

fn read_bucket(row: Fields<'_>) -> Result<Asset, String> {
    let asset = Row::new(&BUCKETS, row, "Name", &[])?
        .set("region", row.text("Location")?)
        .set("created_at", row.time("CreationDate"));
    Ok(asset.finish())
}

fn of_bucket(region: &Region, rows: &[Asset], part: Part) -> Call<Page<Patch>> {
    let region = rows.first().and_then(region_of).unwrap_or_else(|| region.to_string());
    let id = first_id(rows);
    read_part(&CODES, unsigned(&id, region), id, part)
}

fn find(region: &Region, id: &InstanceId) -> Call<()> {
    read_part(&CODES, unsigned(id, region.to_string()), id.clone(), VERSIONING).any()
}

/// A call to the bucket's own host.
fn unsigned(id: &InstanceId, region: String) -> Unsigned {
    Unsigned {
        subdomain: Some(id.to_string()),
        signed_path: Some(format!("/{id}/")),
        service: SERVICE,
        region,
        ..Unsigned::default()
    }
}

/// What everybody may do.
fn read_access(document: Fields<'_>) -> Result<Cells, String> {
    let mut allowed = Vec::new();
    for grant in document.members("AccessControlList", "Grant")? {
        if grant.text("/Grantee/URI")?.is_some_and(|everybody| everybody.ends_with("/AllUsers")) {
            allowed.extend(grant.text("Permission")?);
        }
    }
    let may = |what: &str| allowed.iter().any(|permission| permission == what || permission == "FULL_CONTROL");
    let access = match (may("READ"), may("WRITE")) {
        (_, true) => "public-read-write",
        (true, false) => "public-read",
        (false, false) => "private",
    };
    Ok([("access", Cell::Text(access.to_owned()))].into())
}

#[cfg(test)]
mod tests;
