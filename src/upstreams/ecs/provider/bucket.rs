//! Object storage: a list of buckets in XML, and the parts of a bucket's settings, as every provider has them.

use serde_json::Value;

use super::answer::{Fields, decode_xml_root, read_page, read_rows};
use super::call::{Call, Endpoint, Page, PageToken, Unsigned};
use super::catalog::{ListCall, Supplement, one_patch, read_tags};
use super::codes::{Codes, ProviderError};
use super::sign::encode_parameters;
use crate::upstreams::ecs::instance::InstanceId;
use crate::upstreams::ecs::resources::{Asset, Cell, Cells, Patch};

/// How a list of buckets is paged.
#[derive(Clone, Copy)]
pub struct Paging {
    /// The parameter for the rows of a page, and the most of them.
    pub size: (&'static str, &'static str),
    /// The parameter that says where the list goes on.
    pub from: &'static str,
    /// The member of an answer that says so.
    pub next: &'static str,
}

/// A part of a bucket's settings.
#[derive(Clone, Copy)]
pub struct Part {
    pub action: &'static str,
    pub query: &'static str,
    /// The name of the answer's root.
    pub root: &'static str,
    /// The code of the refusal that says that it was never set.
    pub unset: &'static str,
    pub read: fn(Fields<'_>) -> Result<Cells, String>,
}

/// The parts that S3 and COS have alike.
pub const TAGS: Part =
    Part { action: "GetBucketTagging", query: "tagging=", root: "Tagging", unset: "NoSuchTagSet", read: read_tag_set };
pub const VERSIONING: Part = Part {
    action: "GetBucketVersioning",
    query: "versioning=",
    root: "VersioningConfiguration",
    unset: "",
    read: read_versioning,
};

/// A page of the buckets of all regions.
pub fn list_buckets(
    codes: &'static Codes,
    unsigned: Unsigned,
    paging: Paging,
    page: Option<&PageToken>,
    read: fn(Fields<'_>) -> Result<Asset, String>,
) -> Call<Page<Asset>> {
    let from = page.map(|PageToken(from)| (paging.from, from.as_str()));
    let parameters: Vec<(String, String)> =
        [paging.size].into_iter().chain(from).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let unsigned = Unsigned { method: "GET", action: "ListBuckets", query: encode_parameters(&parameters), ..unsigned };
    let call = Call::new(unsigned, move |status, body| {
        let document = decode_xml_root(codes, &["ListAllMyBucketsResult"], status, body)?;
        if document.get("Buckets").is_none() {
            return Err(ProviderError::unreadable("the answer has no list `Buckets`"));
        }
        let rows = Fields(&document).members("Buckets", "Bucket").map_err(ProviderError::unreadable)?;
        read_page(&document, paging.next, read_rows(rows.into_iter().map(|row| row.0), "Name", read))
    });
    call.to(Endpoint::Buckets)
}

/// A call for one part of that bucket's settings.
pub fn read_part(codes: &'static Codes, unsigned: Unsigned, id: InstanceId, part: Part) -> Call<Page<Patch>> {
    let Part { action, query, root, unset, read } = part;
    let unsigned = Unsigned { method: "GET", action, query: query.to_owned(), ..unsigned };
    let call = Call::new(unsigned, move |status, body| {
        let document = match decode_xml_root(codes, &[root, &format!("{action}Response")], status, body) {
            Err(refused) if refused.code.as_deref() == Some(unset) => Value::Null,
            answer => answer?,
        };
        Ok(one_patch(&id, read(Fields(&document)).map_err(ProviderError::unreadable)?))
    });
    call.to(Endpoint::Buckets)
}

pub fn read_tag_set(document: Fields<'_>) -> Result<Cells, String> {
    Ok([("tags", Cell::Tags(read_tags(document.members("TagSet", "Tag")?, "Key", "Value")?))].into())
}

fn read_versioning(document: Fields<'_>) -> Result<Cells, String> {
    let status = document.text("Status")?.unwrap_or_else(|| "Off".to_owned());
    Ok([("versioning", Cell::Text(status.to_ascii_lowercase()))].into())
}

pub fn read_encryption(document: Fields<'_>) -> Result<Cells, String> {
    let algorithm = document.text("/Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm")?;
    Ok([("encryption", Cell::Text(algorithm.unwrap_or_else(|| "none".to_owned())))].into())
}

/// Another call for a part of a bucket's settings.
pub const fn supplement(what: &'static str, call: ListCall<Patch>) -> Supplement {
    Supplement { what, lists: &[], chunk: Some(1), is_needed: |_| true, call }
}

/// The region that the row itself names.
pub fn region_of(row: &Asset) -> Option<String> {
    row.cells.get("region").and_then(Cell::text)
}
