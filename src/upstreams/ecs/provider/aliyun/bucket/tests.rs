//! OSS's answers and parameters.

use super::*;
use crate::upstreams::ecs::provider::codes::{Kind, ProviderError};

fn region() -> Region {
    Region::parse("cn-hangzhou").unwrap()
}

fn buckets(inner: &str) -> Result<Page<Asset>, ProviderError> {
    let body = format!("<ListAllMyBucketsResult>{inner}</ListAllMyBucketsResult>");
    list(&region(), None).parse(200, body.as_bytes())
}

const LOGS: &str = "<Bucket><Name>logs</Name><Location>oss-cn-beijing</Location><StorageClass>IA</StorageClass>
    <CreationDate>2025-03-04T08:30:25.000Z</CreationDate></Bucket>";

#[test]
fn buckets_are_listed_and_completed_at_their_own_hosts() {
    let page = buckets(&format!("<IsTruncated>true</IsTruncated><NextMarker>m</NextMarker><Buckets>{LOGS}</Buckets>"))
        .unwrap();
    assert_eq!(page.next.clone().flatten(), Some(PageToken("m".to_owned())));
    let Ok(logs) = page.rows[0].clone() else { panic!("{page:?}") };
    assert_eq!(logs.cells["region"].text().as_deref(), Some("cn-beijing"));
    let rows = [logs];
    let call = read_info(&region(), &rows, None);
    assert_eq!(call.unsigned.subdomain.as_deref(), Some("logs"));
    assert_eq!(call.unsigned.signed_path.as_deref(), Some("/logs/"));
    assert_eq!(call.unsigned.region, "cn-beijing");
    let info = "<BucketInfo><Bucket><AccessControlList><Grant>private</Grant></AccessControlList><Versioning>Enabled
        </Versioning><DataRedundancyType>ZRS</DataRedundancyType><ServerSideEncryptionRule><SSEAlgorithm>AES256</SSEAlgorithm>
        </ServerSideEncryptionRule></Bucket></BucketInfo>"
        .replace("\n        ", "");
    let page = call.parse(200, info.as_bytes()).unwrap();
    let [Ok(patch)] = page.rows.as_slice() else { panic!("{page:?}") };
    for (column, expected) in
        [("access", "private"), ("versioning", "enabled"), ("encryption", "AES256"), ("replication", "ZRS")]
    {
        assert_eq!(patch.cells[column].text().as_deref(), Some(expected), "{column}");
    }
    let tags = read_tagging(&region(), &rows, None);
    assert_eq!(tags.unsigned.query, "tagging");
    let page = tags.parse(200, b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>").unwrap();
    let [Ok(patch)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!(patch.cells["tags"].text().as_deref(), Some("[{\"key\":\"a\",\"value\":\"b\"}]"));
    let denied = tags.parse(403, b"<Error><Code>AccessDenied</Code></Error>");
    assert_eq!(denied.unwrap_err().kind, Kind::NotPermitted);
    assert_eq!(buckets("").unwrap_err().kind, Kind::Bad);
}
