//! Where calls go and how they are signed.

use proptest::prelude::*;
use strum::IntoEnumIterator as _;

use super::call::tests::{credential, header};
use super::{Account, Endpoint, Provider, Template};
use crate::mutate::{mutated_bytes, mutated_json};
use crate::upstreams::ecs::disks::DiskScope;
use crate::upstreams::ecs::regions::Region;

fn account(provider: Provider, endpoint: Option<&str>) -> Account {
    let template = |text| Template::parse(text).unwrap();
    Account {
        name: "prod".to_owned(),
        provider,
        credential: credential("AKIDEXAMPLE", "key-5f1c77", None),
        default_region: Region::parse(provider.cloud().default_region()).unwrap(),
        endpoints: endpoint.map(|text| (Endpoint::Compute, template(text))).into_iter().collect(),
    }
}

fn region() -> Region {
    Region::parse("cn-beijing").unwrap().with_projects(vec!["p1".to_owned()])
}

#[test]
fn each_provider_has_its_own_hosts() {
    let region = region();
    for (provider, instances, regions) in [
        (Provider::Aliyun, "https://ecs.cn-beijing.aliyuncs.com", "https://ecs-cn-hangzhou.aliyuncs.com"),
        (Provider::Aws, "https://ec2.cn-beijing.amazonaws.com.cn", "https://ec2.us-east-1.amazonaws.com"),
        (Provider::Tencent, "https://cvm.tencentcloudapi.com", "https://region.tencentcloudapi.com"),
        (Provider::Huawei, "https://ecs.cn-beijing.myhuaweicloud.com", "https://iam.myhuaweicloud.com"),
        (Provider::Volcengine, "https://ecs.cn-beijing.volcengineapi.com", "https://ecs.cn-beijing.volcengineapi.com"),
    ] {
        let account = account(provider, None);
        assert_eq!(account.origin(&account.cloud().list_instances(&region, None)).url(), instances);
        assert_eq!(account.origin(&account.cloud().list_regions(&account.default_region, None)).url(), regions);
    }
}

#[test]
fn every_try_is_signed_afresh_for_the_host_it_goes_to() {
    let region = region();
    let first = "2026-01-02T03:04:05Z".parse().unwrap();
    let second = "2026-01-02T03:04:06Z".parse().unwrap();
    for provider in Provider::iter() {
        let one = account(provider, Some("http://127.0.0.1:5000"));
        let other = account(provider, Some("http://127.0.0.1:5001"));
        let call = one.cloud().list_instances(&region, None);
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
    let region = region();
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    for (provider, method, target, content_type, has_body) in [
        (Provider::Aliyun, "POST", "/?MaxResults=100&RegionId=cn-beijing", None, false),
        (Provider::Aws, "POST", "/", Some("application/x-www-form-urlencoded; charset=utf-8"), true),
        (Provider::Tencent, "POST", "/", Some("application/json; charset=utf-8"), true),
        (Provider::Huawei, "GET", "/v1/p1/cloudservers/detail?limit=1000", None, false),
        (Provider::Volcengine, "GET", "/?Action=DescribeInstances&MaxResults=100&Version=2020-04-01", None, false),
    ] {
        let account = account(provider, None);
        let request = account.sign(&account.cloud().list_instances(&region, None), now, "n");
        assert_eq!((request.method, request.target.as_str()), (method, target));
        assert_eq!((request.content_type, !request.body.is_empty()), (content_type, has_body));
        assert!(request.headers.iter().all(|(name, _)| *name != "host" && *name != "content-type"));
    }
}

#[test]
fn a_region_endpoint_of_its_own_is_used_for_regions_only() {
    let mut account = account(Provider::Tencent, Some("http://127.0.0.1:5000"));
    account.endpoints.insert(Endpoint::Regions, Template::parse("http://127.0.0.1:5001").unwrap());
    assert_eq!(account.origin(&account.cloud().list_regions(&account.default_region, None)).host, "127.0.0.1:5001");
    let region = Region::parse("ap-guangzhou").unwrap();
    assert_eq!(account.origin(&account.cloud().list_instances(&region, None)).host, "127.0.0.1:5000");
}

#[test]
fn only_aliyun_tells_its_wait_in_a_header_of_its_own() {
    let header = |name: &str| (name == "x-acs-retry-after").then_some("250");
    assert_eq!(Provider::Aliyun.cloud().wait(&header).map(|wait| wait.as_millis()), Some(250));
    assert_eq!(Provider::Aws.cloud().wait(&header), None);
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

const HUAWEI: &[&str] = &[
    r#"{"servers":[{"id":"i-1","name":"web","status":"ACTIVE","flavor":{"id":"f","vcpus":"2","ram":"4096"},
        "addresses":{"v":[{"addr":"10.0.0.2","version":"4","OS-EXT-IPS:type":"fixed","primary":true}]},
        "security_groups":[{"id":"sg","name":"n"}],"tags":["a=b"],"metadata":{"charging_mode":"0"},
        "os-extended-volumes:volumes_attached":[{"id":"v","bootIndex":"1","device":"/dev/vdb"}]}],"count":2}"#,
    r#"{"regions":[{"id":"cn-north-4","locales":{"zh-cn":"l"}}]}"#,
    r#"{"projects":[{"id":"p","name":"cn-north-4_x","enabled":true,"is_domain":false}]}"#,
    r#"{"error":{"code":"Ecs.0114","message":"m"}}"#,
];

const VOLCENGINE: &[&str] = &[
    r#"{"ResponseMetadata":{"RequestId":"r"},"Result":{"Instances":[{"InstanceId":"i-1","Status":"RUNNING","Cpus":2,
        "EipAddress":{"IpAddress":"1.1.1.1"},"NetworkInterfaces":[{"Type":"primary","PrimaryIpAddress":"10.0.0.2",
        "SecurityGroupIds":["sg"]}],"LocalVolumes":[{"Count":2,"Size":40,"VolumeType":"t"}],
        "Tags":[{"Key":"k","Value":"v"}]}],"NextToken":"n","TotalCount":1}}"#,
    r#"{"Result":{"Volumes":[{"VolumeId":"v","InstanceId":"i-1","Size":"40","VolumeType":"t"}],"TotalCount":101}}"#,
    r#"{"Result":{"Regions":[{"RegionId":"cn-beijing"}],"NextToken":""}}"#,
    r#"{"ResponseMetadata":{"RequestId":"r","Error":{"Code":"FlowLimitExceeded","CodeN":100018,"Message":"m"}}}"#,
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
    let region = region();
    for status in [200, 400] {
        if let Ok(page) = account.cloud().list_instances(&region, None).parse(status, body) {
            assert!(page.rows.iter().flatten().all(|instance| !instance.id.as_str().is_empty()));
            assert!(page.next.flatten() != Some(super::PageToken(String::new())));
        }
        let _ = account.cloud().list_regions(&account.default_region, None).parse(status, body);
        for call in account.cloud().list_statuses(&region, &[]) {
            let _ = call.parse(status, body);
        }
        let _ = account.cloud().list_disks(&region, DiskScope::Region, None).map(|call| call.parse(status, body));
        let _ = account.cloud().confirm_authorised(&region).map(|call| call.parse(status, body));
    }
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(
        aliyun in mutated_json(ALIYUN),
        tencent in mutated_json(TENCENT),
        aws in mutated_bytes(AWS, XML_SNIPPETS),
        huawei in mutated_json(HUAWEI),
        volcengine in mutated_json(VOLCENGINE),
    ) {
        read_any(Provider::Aliyun, aliyun.to_string().as_bytes());
        read_any(Provider::Tencent, tencent.to_string().as_bytes());
        read_any(Provider::Aws, &aws);
        read_any(Provider::Huawei, huawei.to_string().as_bytes());
        read_any(Provider::Volcengine, volcengine.to_string().as_bytes());
    }
}
