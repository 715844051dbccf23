//! Alibaba Cloud's answers and parameters.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::upstreams::ecs::provider::Kind;

fn region() -> Region {
    Region::parse("cn-hangzhou").unwrap()
}

fn instances(body: &Value) -> Result<Page<Instance>, ProviderError> {
    Aliyun.list_instances(&region(), None).parse(200, body.to_string().as_bytes())
}

fn one(row: &Value) -> Instance {
    let page = instances(&json!({"Instances": {"Instance": [row]}})).unwrap();
    page.rows.into_iter().next().unwrap().unwrap()
}

#[test]
fn a_full_row_is_normalised() {
    let row = json!({
        "InstanceId": "i-1", "InstanceName": "web", "HostName": "h", "Description": "d", "Status": "Running",
        "ZoneId": "cn-hangzhou-b", "InstanceType": "ecs.g6.large", "InstanceTypeFamily": "ecs.g6", "Cpu": 2,
        "Memory": 8192, "OSName": "Alibaba Cloud Linux", "OSType": "linux", "ImageId": "img",
        "InstanceNetworkType": "vpc", "InstanceChargeType": "PostPaid", "CreationTime": "2017-12-10T04:04Z",
        "ExpiredTime": "2027-12-10T04:04Z", "StoppedMode": "Not-applicable",
        "PublicIpAddress": {"IpAddress": ["121.0.0.1"]}, "EipAddress": {"IpAddress": "47.0.0.1", "Bandwidth": 5},
        "InnerIpAddress": {"IpAddress": ["10.9.9.9"]},
        "VpcAttributes": {"VpcId": "vpc-1", "VSwitchId": "vsw-1", "PrivateIpAddress": {"IpAddress": ["172.16.0.2"]}},
        "SecurityGroupIds": {"SecurityGroupId": ["sg-2", "sg-1", "sg-2"]},
        "Tags": {"Tag": [{"TagKey": "b", "TagValue": "2"}, {"TagValue": "alone"}, {"TagKey": "a"}]},
    });
    let instance = one(&row);
    let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
    assert_eq!(instance.id.as_str(), "i-1");
    assert_eq!(
        instance.compared,
        Compared {
            status: Status::Running,
            name: Some("web".to_owned()),
            public_ip: Some("47.0.0.1".to_owned()),
            private_ip: Some("172.16.0.2".to_owned()),
            instance_type: Some("ecs.g6.large".to_owned()),
            security_groups: ["sg-1".to_owned(), "sg-2".to_owned()].into(),
            data_disks: BTreeSet::new(),
            tags: [tag("", "alone"), tag("a", ""), tag("b", "2")].into(),
        }
    );
    let details = &instance.details;
    assert_eq!((details.cpu_count, details.memory_mib), (Some(2), Some(8192)));
    assert_eq!(details.vpc_id.as_deref().zip(details.subnet_id.as_deref()), Some(("vpc-1", "vsw-1")));
    assert_eq!(details.created_at, Some("2017-12-10T04:04:00Z".parse().unwrap()));
    assert_eq!(details.expired_at, Some("2027-12-10T04:04:00Z".parse().unwrap()));
    assert_eq!(instance.disks_known, DisksKnown::No);
    assert_eq!(serde_json::from_str::<Value>(&instance.raw).unwrap(), row);
}

#[test]
fn addresses_fall_back_and_empty_ones_are_none() {
    for (row, public, private) in [
        (
            json!({"EipAddress": {"IpAddress": ""}, "PublicIpAddress": {"IpAddress": ["1.1.1.1", "2.2.2.2"]},
                "InnerIpAddress": {"IpAddress": ["10.0.0.1"]}}),
            Some("1.1.1.1"),
            Some("10.0.0.1"),
        ),
        (json!({"VpcAttributes": {"PrivateIpAddress": {"IpAddress": []}}, "EipAddress": null}), None, None),
        (json!({}), None, None),
    ] {
        let mut row = row;
        row["InstanceId"] = json!("i-1");
        let compared = one(&row).compared;
        assert_eq!((compared.public_ip.as_deref(), compared.private_ip.as_deref()), (public, private), "{row}");
    }
}

#[test]
fn a_row_that_cannot_be_read_is_told_and_the_others_stay() {
    let rows = json!([{"InstanceId": "i-1"}, {"InstanceId": "i-2", "Cpu": "two"}, {"InstanceName": "x"}, "y"]);
    let page = instances(&json!({"Instances": {"Instance": rows}})).unwrap();
    assert_eq!(page.rows.len(), 4);
    let bad = page.rows.iter().filter_map(|row| row.as_ref().err());
    let bad: Vec<_> = bad.map(|row| (row.id.as_deref(), row.reason.as_str())).collect();
    let nameless = (None, "`InstanceId` is missing");
    assert_eq!(bad, [(Some("i-2"), "`Cpu` is not a whole number"), nameless, nameless]);
}

#[test]
fn the_listing_ends_at_an_empty_or_absent_token() {
    let empty = json!({"Instance": []});
    for (token, expected) in [(json!("t-1"), Some("t-1")), (json!(""), None), (json!(null), None)] {
        let page = instances(&json!({"NextToken": token, "TotalCount": 900, "Instances": empty})).unwrap();
        assert_eq!(page.next.flatten(), expected.map(|token| PageToken(token.to_owned())));
        assert_eq!(page.total, None);
    }
    assert_eq!(instances(&json!({"Instances": empty})).unwrap().next, None);
}

#[test]
fn an_answer_without_a_list_is_never_an_empty_listing() {
    for body in ["{}", "[]", "null", "", "<html></html>", r#"{"Instances":{}}"#, r#"{"Instances":{"Instance":null}}"#] {
        let error = Aliyun.list_instances(&region(), None).parse(200, body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, Kind::Bad, "{body}");
    }
}

#[test]
fn errors_are_read_as_json_and_as_xml() {
    for (status, body, kind) in [
        (404, r#"{"Code":"InvalidAccessKeyId.NotFound","Message":"m"}"#, Kind::KeyRejected),
        (400, r#"{"Code":"InvalidSecurityToken.Expired"}"#, Kind::KeyRejected),
        (400, r#"{"Code":"InvalidTimeStamp.Expired"}"#, Kind::ClockOff),
        (404, r#"{"Code":"Forbidden.InstanceNotFound"}"#, Kind::UnknownInstance),
        (404, r#"{"Code":"Forbidden.ClusterNotFound"}"#, Kind::UnknownInstance),
        (404, r#"{"Code":"Forbidden.DBInstanceNotFound"}"#, Kind::UnknownInstance),
        (404, r#"{"Code":"InvalidDBInstanceId.NotFound"}"#, Kind::UnknownInstance),
        (403, r#"{"Code":"Forbidden.RiskControl"}"#, Kind::NotPermitted),
        (403, r#"{"Code":"Forbedden.NotSupportRAM"}"#, Kind::NotPermitted),
        (403, r#"{"Code":"Forbbiden.SubUser"}"#, Kind::NotPermitted),
        (403, r#"{"Code":"RequestTimeTooSkewed"}"#, Kind::ClockOff),
        (503, r#"{"Code":"QpsLimitExceeded"}"#, Kind::Throttled),
        (400, r#"{"Code":"Throttling.User"}"#, Kind::Throttled),
        (400, r#"{"Code":"SignatureNonceUsed"}"#, Kind::Server),
        (403, r#"{"Code":"AccessDenied","Message":"Request has expired."}"#, Kind::ClockOff),
        (404, r#"{"Code":"InvalidRegionId.NotFound"}"#, Kind::Region),
        (400, r#"{"Code":"InvalidParameter"}"#, Kind::Bad),
        (
            404,
            "<?xml version='1.0'?><Error><RequestId>r</RequestId><Code>Forbidden.RAM</Code></Error>",
            Kind::NotPermitted,
        ),
        (503, "<html>busy</html>", Kind::Server),
        (200, r#"{"Code":"Throttling","Message":"inside a good status"}"#, Kind::Throttled),
    ] {
        let error = Aliyun.list_instances(&region(), None).parse(status, body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
    }
}

#[test]
fn a_dry_run_confirms_only_by_its_own_code() {
    let confirm = |status, body: &str| Aliyun.confirm_authorised(&region()).unwrap().parse(status, body.as_bytes());
    assert_eq!(confirm(400, r#"{"Code":"DryRunOperation","Message":"would have passed"}"#), Ok(()));
    for (status, body, kind) in [
        (403, r#"{"Code":"Forbidden.RAM"}"#, Kind::NotPermitted),
        (200, r#"{"Instances":{"Instance":[]}}"#, Kind::NotPermitted),
        (400, r#"{"Code":"Throttling"}"#, Kind::Throttled),
    ] {
        assert_eq!(confirm(status, body).unwrap_err().kind, kind, "{body}");
    }
}

#[test]
fn disks_name_all_their_instances() {
    let body = json!({"NextToken": "n", "Disks": {"Disk": [
        {"DiskId": "d-1", "Size": 40, "Category": "cloud_essd", "Device": "/dev/xvdb", "InstanceId": "i-1",
         "Attachments": {"Attachment": [{"InstanceId": "i-1"}, {"InstanceId": "i-2"}]}},
        {"DiskId": "d-2", "Size": 20, "InstanceId": ""},
    ]}});
    let page =
        Aliyun.list_disks(&region(), DiskScope::Region, None).unwrap().parse(200, body.to_string().as_bytes()).unwrap();
    assert_eq!(page.next, Some(Some(PageToken("n".to_owned()))));
    let [Ok(shared), Ok(loose)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!(shared.instances, [InstanceId::from("i-1"), InstanceId::from("i-2")].into());
    assert_eq!(
        shared.disk,
        Disk {
            id: "d-1".to_owned(),
            size_gib: Some(40),
            category: Some("cloud_essd".to_owned()),
            device: Some("/dev/xvdb".to_owned())
        }
    );
    assert!(loose.instances.is_empty());
}

#[test]
fn statuses_and_regions_are_read() {
    let body = r#"{"InstanceStatuses":{"InstanceStatus":[{"InstanceId":"i-1","Status":"Stopped"}]}}"#;
    let statuses =
        Aliyun.list_statuses(&region(), &[InstanceId::from("i-1")]).remove(0).parse(200, body.as_bytes()).unwrap();
    assert_eq!(statuses, [(InstanceId::from("i-1"), Status::Stopped)].into());

    let body =
        r#"{"Regions":{"Region":[{"RegionId":"cn-x","LocalName":"某地","RegionEndpoint":"e","Status":"soldOut"}]}}"#;
    let regions = Aliyun.list_regions(&region(), None).parse(200, body.as_bytes()).unwrap();
    let some = |text: &str| Some(text.to_owned());
    let expected = KnownRegion { label: some("某地"), endpoint: some("e"), ..KnownRegion::named("cn-x".to_owned()) };
    assert_eq!(regions.rows, [expected]);
}

#[test]
fn parameters_go_into_the_query_with_the_region() {
    let token = PageToken("a+b=".to_owned());
    let of = [InstanceId::from("i-1")];
    for (query, expected) in [
        (
            Aliyun.list_instances(&region(), Some(&token)).unsigned.query,
            "MaxResults=100&NextToken=a%2Bb%3D&RegionId=cn-hangzhou",
        ),
        (
            Aliyun.list_disks(&region(), DiskScope::Of(&of), None).unwrap().unsigned.query,
            "DiskType=data&InstanceId=i-1&MaxResults=500&RegionId=cn-hangzhou",
        ),
        (
            Aliyun
                .list_statuses(&region(), &[InstanceId::from("i-1"), InstanceId::from("i-2")])
                .remove(0)
                .unsigned
                .query,
            "InstanceId.1=i-1&InstanceId.2=i-2&PageSize=50&RegionId=cn-hangzhou",
        ),
        (Aliyun.confirm_authorised(&region()).unwrap().unsigned.query, "DryRun=true&RegionId=cn-hangzhou"),
    ] {
        assert_eq!(query, expected);
    }
}

#[test]
fn the_wait_is_in_milliseconds() {
    for (text, expected) in [("1500", Some(1500)), (" 20 ", Some(20)), ("0", None), ("-1", None), ("soon", None)] {
        assert_eq!(parse_wait(text), expected.map(Duration::from_millis), "{text}");
    }
}
