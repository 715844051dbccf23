//! COS's answers and parameters.

use super::*;
use crate::upstreams::ecs::provider::codes::{Kind, ProviderError};

fn region() -> Region {
    Region::parse("ap-guangzhou").unwrap()
}

fn buckets(inner: &str) -> Result<Page<Asset>, ProviderError> {
    let body = format!("<ListAllMyBucketsResult><Owner><ID>o</ID></Owner>{inner}</ListAllMyBucketsResult>");
    list(&region(), None).parse(200, body.as_bytes())
}

const LOGS: &str = "<Bucket><Name>logs-1250000000</Name><Location>ap-beijing</Location>
    <CreationDate>2025-03-04T08:30:25Z</CreationDate><BucketType>cos</BucketType></Bucket>";

#[test]
fn buckets_of_all_regions_are_listed_and_a_missing_list_is_no_empty_one() {
    let page = buckets(&format!(
        "<IsTruncated>true</IsTruncated><NextMarker>m</NextMarker>
        <Buckets>{LOGS}<Bucket><Name>bare</Name></Bucket><Bucket/></Buckets>"
    ))
    .unwrap();
    assert_eq!(page.next.clone().flatten(), Some(PageToken("m".to_owned())));
    let [Ok(logs), Ok(bare), Err(_)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((region_of(logs).as_deref(), region_of(bare)), (Some("ap-beijing"), None));
    assert!(buckets("<Buckets/>").unwrap().rows.is_empty());
    assert_eq!(buckets("").unwrap_err().kind, Kind::Bad);
    let unsigned = list(&region(), Some(&PageToken("a=".to_owned()))).unsigned;
    assert_eq!((unsigned.query.as_str(), unsigned.region.as_str()), ("marker=a%3D&max-keys=2000", ""));
    assert_eq!(default_host(&unsigned.region), "service.cos.myqcloud.com");
    let refused = list(&region(), None).parse(403, b"<Error><Code>RequestIsExpired</Code></Error>").unwrap_err();
    assert_eq!(refused.kind, Kind::ClockOff);
}

#[test]
fn settings_come_from_the_buckets_own_region_and_what_was_never_set_is_known() {
    let Ok(logs) = buckets(&format!("<Buckets>{LOGS}</Buckets>")).unwrap().rows.remove(0) else { panic!() };
    let rows = [logs];
    let never = |code: &str| format!("<Error><Code>{code}</Code></Error>");
    let acl = |permission: &str| {
        format!(
            "<AccessControlPolicy><AccessControlList><Grant><Grantee><URI>http://cam.qcloud.com/groups/global/AllUsers\
             </URI></Grantee><Permission>{permission}</Permission></Grant></AccessControlList></AccessControlPolicy>"
        )
    };
    for (part, status, body, column, expected) in [
        (ACCESS, 200, acl("READ"), "access", "public-read"),
        (ACCESS, 200, acl("WRITE"), "access", "public-read-write"),
        (ACCESS, 200, acl("READ").replace("AllUsers", "qcs"), "access", "private"),
        (ACCESS, 200, "<AccessControlPolicy/>".to_owned(), "access", "private"),
        (TAGS, 404, never("NoSuchTagSet"), "tags", "[]"),
        (VERSIONING, 200, "<VersioningConfiguration/>".to_owned(), "versioning", "off"),
        (ENCRYPTION, 404, never("NoSuchEncryptionConfiguration"), "encryption", "none"),
    ] {
        let call = of_bucket(&region(), &rows, part);
        assert_eq!(call.unsigned.subdomain.as_deref(), Some("logs-1250000000"));
        assert_eq!(default_host(&call.unsigned.region), "cos.ap-beijing.myqcloud.com");
        let page = call.parse(status, body.as_bytes()).unwrap();
        let [Ok(patch)] = page.rows.as_slice() else { panic!("{page:?}") };
        assert_eq!(patch.cells[column].text().as_deref(), Some(expected), "{body}");
    }
    let gone = find(&region(), &rows[0].id).parse(404, never("NoSuchBucket").as_bytes());
    assert_eq!(gone.unwrap_err().kind, Kind::UnknownInstance);
}
