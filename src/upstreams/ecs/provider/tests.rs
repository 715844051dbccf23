//! Where calls go and how they are signed.

use proptest::prelude::*;

use super::call::tests::{credential, header};
use super::{Account, Provider, Template};
use crate::mutate::{mutated_bytes, mutated_json};
use crate::upstreams::ecs::disks::DiskScope;
use crate::upstreams::ecs::regions::Region;

fn account(provider: Provider, endpoint: Option<&str>) -> Account {
    let template = |text| Template::parse(text).unwrap();
    Account {
        name: "prod".to_owned(),
        provider,
        credential: credential("AKIDEXAMPLE", "key-5f1c77", None),
        default_region: Region::parse(provider.default_region()).unwrap(),
        endpoint: endpoint.map(template),
        region_endpoint: None,
    }
}

#[test]
fn each_provider_has_its_own_hosts() {
    let region = Region::parse("cn-beijing").unwrap();
    for (provider, instances, regions) in [
        (Provider::Aliyun, "https://ecs.cn-beijing.aliyuncs.com", "https://ecs-cn-hangzhou.aliyuncs.com"),
        (Provider::Aws, "https://ec2.cn-beijing.amazonaws.com.cn", "https://ec2.us-east-1.amazonaws.com"),
        (Provider::Tencent, "https://cvm.tencentcloudapi.com", "https://region.tencentcloudapi.com"),
    ] {
        let account = account(provider, None);
        assert_eq!(account.origin(&account.list_instances(&region, None)).url(), instances);
        assert_eq!(account.origin(&account.list_regions()).url(), regions);
    }
}

#[test]
fn every_try_is_signed_afresh_for_the_host_it_goes_to() {
    let region = Region::parse("cn-beijing").unwrap();
    let first = "2026-01-02T03:04:05Z".parse().unwrap();
    let second = "2026-01-02T03:04:06Z".parse().unwrap();
    for provider in [Provider::Aliyun, Provider::Aws, Provider::Tencent] {
        let one = account(provider, Some("http://127.0.0.1:5000"));
        let other = account(provider, Some("http://127.0.0.1:5001"));
        let call = one.list_instances(&region, None);
        let signed = one.sign(&call, first, "n-1");
        let authorization = |request: &super::SignedRequest| header(&request.headers, "authorization").to_owned();
        assert_eq!(signed.origin, "http://127.0.0.1:5000");
        assert_eq!(authorization(&signed), authorization(&one.sign(&call, first, "n-1")));
        assert_ne!(authorization(&signed), authorization(&one.sign(&call, second, "n-2")));
        assert_ne!(authorization(&signed), authorization(&other.sign(&call, first, "n-1")));
        assert!(!format!("{signed:?}").contains("AKIDEXAMPLE"));
    }
}

#[test]
fn the_query_follows_the_path_and_the_form_has_its_type() {
    let region = Region::parse("cn-beijing").unwrap();
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    for (provider, target, content_type, has_body) in [
        (Provider::Aliyun, "/?MaxResults=100&RegionId=cn-beijing", None, false),
        (Provider::Aws, "/", Some("application/x-www-form-urlencoded; charset=utf-8"), true),
        (Provider::Tencent, "/", Some("application/json; charset=utf-8"), true),
    ] {
        let account = account(provider, None);
        let request = account.sign(&account.list_instances(&region, None), now, "n");
        assert_eq!((request.method, request.target.as_str()), ("POST", target));
        assert_eq!((request.content_type, !request.body.is_empty()), (content_type, has_body));
        assert!(request.headers.iter().all(|(name, _)| *name != "host" && *name != "content-type"));
    }
}

#[test]
fn a_region_endpoint_of_its_own_is_used_for_regions_only() {
    let mut account = account(Provider::Tencent, Some("http://127.0.0.1:5000"));
    account.region_endpoint = Some(Template::parse("http://127.0.0.1:5001").unwrap());
    assert_eq!(account.origin(&account.list_regions()).host, "127.0.0.1:5001");
    let region = Region::parse("ap-guangzhou").unwrap();
    assert_eq!(account.origin(&account.list_instances(&region, None)).host, "127.0.0.1:5000");
}

#[test]
fn only_aliyun_tells_its_wait_in_a_header_of_its_own() {
    let header = |name: &str| (name == "x-acs-retry-after").then_some("250");
    assert_eq!(Provider::Aliyun.wait(header).map(|wait| wait.as_millis()), Some(250));
    assert_eq!(Provider::Aws.wait(header), None);
}

const ALIYUN: &[&str] = &[
    r#"{"Instances":{"Instance":[{"InstanceId":"i-1","InstanceName":"web","Status":"Running","Cpu":2,"Memory":8192,
        "CreationTime":"2017-12-10T04:04Z","PublicIpAddress":{"IpAddress":["1.1.1.1"]},"EipAddress":{"IpAddress":"2.2.2.2"},
        "VpcAttributes":{"VpcId":"v","PrivateIpAddress":{"IpAddress":["10.0.0.2"]}},
        "SecurityGroupIds":{"SecurityGroupId":["sg-1"]},"Tags":{"Tag":[{"TagKey":"a","TagValue":"b"}]}}]},
        "NextToken":"n","TotalCount":1}"#,
    r#"{"Regions":{"Region":[{"RegionId":"cn-beijing","RegionEndpoint":"e","LocalName":"l"}]}}"#,
    r#"{"Disks":{"Disk":[{"DiskId":"d-1","Size":40,"Category":"c","Type":"data","InstanceId":"i-1","Device":"/dev/xvdb",
        "Attachments":{"Attachment":[{"InstanceId":"i-1","Device":"/dev/xvdb"}]}}]},"NextToken":""}"#,
    r#"{"InstanceStatuses":{"InstanceStatus":[{"InstanceId":"i-1","Status":"Running"}]},"TotalCount":1,"PageSize":50}"#,
    r#"{"Code":"Throttling.User","Message":"m","RequestId":"r","Recommend":"https://x"}"#,
];

const TENCENT: &[&str] = &[
    r#"{"Response":{"TotalCount":1,"InstanceSet":[{"InstanceId":"ins-1","InstanceName":"web","InstanceState":"RUNNING",
        "CPU":2,"Memory":4,"Placement":{"Zone":"z"},"PrivateIpAddresses":["10.0.0.2"],"PublicIpAddresses":["1.1.1.1"],
        "SecurityGroupIds":["sg"],"DataDisks":[{"DiskId":"d","DiskSize":50,"DiskType":"t"}],
        "Tags":[{"Key":"k","Value":"v"}],"VirtualPrivateCloud":{"VpcId":"v","SubnetId":"s"},
        "CreatedTime":"2020-09-22T00:00:00+00:00","ExpiredTime":null}],"RequestId":"r"}}"#,
    r#"{"Response":{"TotalCount":1,"RegionSet":[{"Region":"ap-guangzhou","RegionName":"g","RegionState":"AVAILABLE"}]}}"#,
    r#"{"Response":{"TotalCount":1,"InstanceStatusSet":[{"InstanceId":"ins-1","InstanceState":"RUNNING"}]}}"#,
    r#"{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"m"},"RequestId":"r"}}"#,
];

const AWS: &[&[u8]] = &[
    b"<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceState>\
      <name>running</name></instanceState><placement><availabilityZone>z</availabilityZone></placement><groupSet><item>\
      <groupId>sg</groupId></item></groupSet><tagSet><item><key>Name</key><value>a &amp; b</value></item></tagSet>\
      <rootDeviceName>/dev/sda1</rootDeviceName><blockDeviceMapping><item><deviceName>/dev/sdf</deviceName><ebs><volumeId>v\
      </volumeId></ebs></item></blockDeviceMapping></item></instancesSet></item></reservationSet><nextToken>n</nextToken>\
      </DescribeInstancesResponse>",
    b"<DescribeRegionsResponse><regionInfo><item><regionName>eu-west-1</regionName><optInStatus>opted-in</optInStatus>\
      </item></regionInfo></DescribeRegionsResponse>",
    b"<DescribeVolumesResponse><volumeSet><item><volumeId>v</volumeId><size>8</size><volumeType>gp3</volumeType>\
      <attachmentSet><item><instanceId>i-1</instanceId><device>/dev/sdf</device></item></attachmentSet></item></volumeSet>\
      </DescribeVolumesResponse>",
    b"<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>i-1</instanceId><instanceState><name>stopped\
      </name></instanceState></item></instanceStatusSet></DescribeInstanceStatusResponse>",
    b"<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>m</Message></Error></Errors></Response>",
];

const XML_SNIPPETS: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "<item>",
    "</item>",
    "<item/>",
    "&",
    "&amp;",
    "&#0;",
    "&#x110000;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "<?",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "&b;",
    "\"",
    "\u{0}",
];

/// Every call reads every answer; what it takes for an instance has an id.
fn read_any(provider: Provider, body: &[u8]) {
    let account = account(provider, None);
    let region = Region::parse("cn-beijing").unwrap();
    for status in [200, 400] {
        if let Ok(page) = account.list_instances(&region, None).parse(status, body) {
            assert!(page.rows.iter().flatten().all(|instance| !instance.id.as_str().is_empty()));
            assert!(page.next.flatten() != Some(super::PageToken(String::new())));
        }
        let _ = account.list_regions().parse(status, body);
        let _ = account.list_statuses(&region, &[]).parse(status, body);
        let _ = account.list_disks(&region, DiskScope::Region, None).map(|call| call.parse(status, body));
        let _ = account.confirm_authorised(&region).map(|call| call.parse(status, body));
    }
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(
        aliyun in mutated_json(ALIYUN),
        tencent in mutated_json(TENCENT),
        aws in mutated_bytes(AWS, XML_SNIPPETS),
    ) {
        read_any(Provider::Aliyun, aliyun.to_string().as_bytes());
        read_any(Provider::Tencent, tencent.to_string().as_bytes());
        read_any(Provider::Aws, &aws);
    }
}
