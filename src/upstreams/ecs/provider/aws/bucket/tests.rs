//! S3's answers and parameters.

use super::*;
use crate::upstreams::ecs::provider::codes::{Kind, ProviderError};

fn region() -> Region {
    Region::parse("us-east-1").unwrap()
}

fn buckets(inner: &str) -> Result<Page<Asset>, ProviderError> {
    let body = format!("<ListAllMyBucketsResult><Owner><ID>o</ID></Owner>{inner}</ListAllMyBucketsResult>");
    list(&region(), None).parse(200, body.as_bytes())
}

const LOGS: &str = "<Bucket><Name>logs</Name><CreationDate>2025-03-04T08:30:25Z</CreationDate>
    <BucketRegion>eu-west-1</BucketRegion></Bucket>";

#[test]
fn buckets_are_listed_page_after_page_and_a_missing_list_is_no_empty_one() {
    let page = buckets(&format!(
        "<Buckets>{LOGS}<Bucket><Name>old</Name></Bucket><Bucket/></Buckets>
        <ContinuationToken>t</ContinuationToken>"
    ))
    .unwrap();
    assert_eq!(page.next.clone().flatten(), Some(PageToken("t".to_owned())));
    let [Ok(logs), Ok(old), Err(_)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((region_of(logs).as_deref(), region_of(old)), (Some("eu-west-1"), None));
    // The date moves when a policy is edited.
    let moved = buckets(&format!("<Buckets>{}</Buckets>", LOGS.replace("08:30", "09:30"))).unwrap();
    assert!(matches!(&moved.rows[..], [Ok(moved)] if moved.content_hash == logs.content_hash));
    assert!(buckets("<Buckets/>").unwrap().rows.is_empty());
    assert_eq!(buckets("").unwrap_err().kind, Kind::Bad);
    let unsigned = list(&region(), Some(&PageToken("a=".to_owned()))).unsigned;
    assert_eq!(unsigned.query, "continuation-token=a%3D&max-buckets=1000");
}

#[test]
fn settings_come_from_the_buckets_own_region_and_what_was_never_set_is_known() {
    let page = buckets(&format!("<Buckets>{LOGS}</Buckets>")).unwrap();
    let Ok(logs) = page.rows[0].clone() else { panic!("{page:?}") };
    let rows = [logs];
    let never = |code: &str| format!("<Error><Code>{code}</Code></Error>");
    for (part, status, body, column, expected) in [
        (
            TAGS,
            200,
            "<Tagging><TagSet><Tag><Key>env</Key><Value>prod</Value></Tag></TagSet></Tagging>".to_owned(),
            "tags",
            "[{\"key\":\"env\",\"value\":\"prod\"}]",
        ),
        (TAGS, 404, never("NoSuchTagSet"), "tags", "[]"),
        (ACCESS, 404, never("NoSuchPublicAccessBlockConfiguration"), "access", "public-possible"),
        (
            ACCESS,
            200,
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true
             </IgnorePublicAcls></PublicAccessBlockConfiguration>"
                .replace("\n             ", ""),
            "access",
            "public-possible",
        ),
        (VERSIONING, 200, "<VersioningConfiguration/>".to_owned(), "versioning", "off"),
        (
            VERSIONING,
            200,
            "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>".to_owned(),
            "versioning",
            "enabled",
        ),
        (ENCRYPTION, 404, never("ServerSideEncryptionConfigurationNotFoundError"), "encryption", "none"),
        (LOCATION, 200, "<LocationConstraint/>".to_owned(), "region", "us-east-1"),
        (LOCATION, 200, "<LocationConstraint>EU</LocationConstraint>".to_owned(), "region", "eu-west-1"),
    ] {
        let call = of_bucket(&region(), &rows, part);
        assert_eq!((call.unsigned.path.as_ref(), call.unsigned.region.as_str()), ("/logs", "eu-west-1"));
        let page = call.parse(status, body.as_bytes()).unwrap();
        let [Ok(patch)] = page.rows.as_slice() else { panic!("{page:?}") };
        assert_eq!(patch.cells[column].text().as_deref(), Some(expected), "{body}");
    }
    let denied = of_bucket(&region(), &rows, TAGS).parse(403, never("AccessDenied").as_bytes());
    assert_eq!(denied.unwrap_err().kind, Kind::NotPermitted);
}
