//! Tencent Cloud's answers and parameters.

use serde_json::Value;

use super::*;
use crate::upstreams::ecs::provider::codes::{Kind, ProviderError};

fn region() -> Region {
    Region::parse("ap-guangzhou").unwrap()
}

fn page(offset: u64, response: &Value) -> Result<Page<Instance>, ProviderError> {
    let token = PageToken(offset.to_string());
    let body = json!({"Response": response}).to_string();
    Tencent.list_instances(&region(), Some(&token)).parse(200, body.as_bytes())
}

fn rows(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"InstanceId": id})).collect()
}

#[test]
fn a_full_row_is_normalised() {
    let row = json!({
        "InstanceId": "ins-1", "InstanceName": "web", "InstanceState": "RUNNING", "InstanceType": "S5.MEDIUM4", "CPU": 2,
        "Memory": 4, "Placement": {"Zone": "ap-guangzhou-3"}, "PrivateIpAddresses": ["10.0.0.2"],
        "PublicIpAddresses": ["43.0.0.1"], "SecurityGroupIds": ["sg-b", "sg-a"],
        "DataDisks": [{"DiskId": "disk-1", "DiskSize": 50, "DiskType": "CLOUD_SSD"}],
        "Tags": [{"Key": "env", "Value": "prod"}], "VirtualPrivateCloud": {"VpcId": "vpc-1", "SubnetId": "sub-1"},
        "ImageId": "img-1", "OsName": "TencentOS", "InstanceChargeType": "PREPAID",
        "CreatedTime": "2020-09-22T00:00:00+00:00", "ExpiredTime": null,
    });
    let page = page(0, &json!({"TotalCount": 1, "InstanceSet": [row]})).unwrap();
    let [Ok(instance)] = page.rows.as_slice() else { panic!("{page:?}") };
    let text = |text: &str| Some(text.to_owned());
    let disk = Disk { id: "disk-1".to_owned(), size_gib: Some(50), category: text("CLOUD_SSD"), device: None };
    assert_eq!(
        instance.compared,
        Compared {
            status: Status::Running,
            name: text("web"),
            public_ip: text("43.0.0.1"),
            private_ip: text("10.0.0.2"),
            instance_type: text("S5.MEDIUM4"),
            security_groups: ["sg-a".to_owned(), "sg-b".to_owned()].into(),
            data_disks: [disk].into(),
            tags: [Tag { key: "env".to_owned(), value: "prod".to_owned() }].into(),
        }
    );
    assert_eq!(
        instance.details,
        Details {
            zone: text("ap-guangzhou-3"),
            cpu_count: Some(2),
            memory_mib: Some(4096),
            os_name: text("TencentOS"),
            image_id: text("img-1"),
            vpc_id: text("vpc-1"),
            subnet_id: text("sub-1"),
            charge_type: text("PREPAID"),
            created_at: Some("2020-09-22T00:00:00Z".parse().unwrap()),
            ..Details::default()
        }
    );
    assert_eq!(instance.disks_known, DisksKnown::Fully);
}

#[test]
fn disks_of_the_host_itself_have_no_id_and_stay_apart() {
    let local = |size: u64| json!({"DiskSize": size, "DiskType": "LOCAL_BASIC"});
    let row = json!({"InstanceId": "ins-1", "DataDisks": [local(50), local(20), local(50), {"DiskId": "disk-1"}]});
    let page = page(0, &json!({"TotalCount": 1, "InstanceSet": [row]})).unwrap();
    let disks = page.rows[0].as_ref().unwrap().compared.data_disks.iter().map(|disk| (disk.id.as_str(), disk.size_gib));
    let expected = [("disk-1", None), ("local-1", Some(20)), ("local-2", Some(50)), ("local-3", Some(50))];
    assert_eq!(disks.collect::<Vec<_>>(), expected);
}

#[test]
fn nulls_are_nothing() {
    let row = json!({"InstanceId": "ins-1", "PublicIpAddresses": null, "DataDisks": null, "Tags": null,
        "SecurityGroupIds": null, "VirtualPrivateCloud": null, "Placement": null, "InstanceState": null});
    let page = page(0, &json!({"TotalCount": 1, "InstanceSet": [row]})).unwrap();
    let instance = page.rows[0].as_ref().unwrap();
    assert_eq!((&instance.compared, &instance.details), (&Compared::default(), &Details::default()));
}

#[test]
fn offsets_go_on_to_the_total() {
    for (offset, ids, total, next) in [
        (0, &["a", "b"][..], 5, Some("2")),
        (2, &["c", "d"], 5, Some("4")),
        (4, &["e"], 5, None),
        (4, &[], 5, None),
        (0, &[], 0, None),
    ] {
        let page = page(offset, &json!({"TotalCount": total, "InstanceSet": rows(ids)})).unwrap();
        assert_eq!(page.next.flatten(), next.map(|offset| PageToken(offset.to_owned())));
        assert_eq!(page.total, Some(total));
    }
    let body = &Tencent.list_instances(&region(), Some(&PageToken("200".to_owned()))).unsigned.body;
    assert_eq!(body, r#"{"Limit":100,"Offset":200}"#);
}

#[test]
fn an_answer_without_a_list_is_never_an_empty_listing() {
    assert!(page(0, &json!({"TotalCount": 0, "InstanceSet": null})).unwrap().rows.is_empty());
    for response in [
        json!({}),
        json!(null),
        json!({"TotalCount": 0}),
        json!({"InstanceSet": []}),
        json!({"TotalCount": 2, "InstanceSet": null}),
        json!({"TotalCount": "many", "InstanceSet": []}),
    ] {
        assert_eq!(page(0, &response).unwrap_err().kind, Kind::Bad, "{response}");
    }
}

#[test]
fn errors_come_with_a_good_status() {
    for (code, kind) in [
        ("AuthFailure.SecretIdNotFound", Kind::KeyDoubted),
        ("AuthFailure.UnauthorizedOperation", Kind::NotPermitted),
        ("AuthFailure.SignatureExpire", Kind::ClockOff),
        ("UnauthorizedOperation.CamNoAuth", Kind::NotPermitted),
        ("AuthFailure.SubAccountDenied", Kind::NotPermitted),
        ("InternalError.AuthError", Kind::NotPermitted),
        ("InternalError.CauthError", Kind::NotPermitted),
        ("InternalError.CamAuthOssResponseReturnCodeError", Kind::NotPermitted),
        ("InternalError.InstanceOperatePermissionError", Kind::NotPermitted),
        ("InvalidParameter.PermissionDenied", Kind::NotPermitted),
        ("InternalError.ParamError", Kind::Bad),
        ("InternalError.InstanceNotFoundError", Kind::UnknownInstance),
        ("InternalError.AuditError", Kind::Server),
        ("InternalError", Kind::Server),
        ("FailedOperation.SystemError", Kind::Server),
        ("LimitExceeded.MaxQuantity", Kind::Bad),
        ("OperationDenied.InstanceStatus", Kind::Bad),
        ("RequestLimitExceeded.IPLimitExceeded", Kind::Throttled),
        ("InternalError.TradeUnknownError", Kind::Server),
        ("ServiceUnavailable", Kind::Server),
        ("UnsupportedRegion", Kind::Region),
        ("InvalidInstanceId.NotFound", Kind::UnknownInstance),
        ("InvalidFilter", Kind::Bad),
    ] {
        let refused = page(0, &json!({"Error": {"Code": code, "Message": "m"}, "RequestId": "r"})).unwrap_err();
        assert_eq!((refused.kind, refused.to_string()), (kind, format!("`{code}`: m (request `r`)")));
    }
    let message = json!({"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "AKIDsomething says no"}});
    assert!(!page(0, &message).unwrap_err().to_string().contains("AKIDsomething"));
}

#[test]
fn statuses_and_regions_are_read() {
    let body =
        r#"{"Response":{"TotalCount":1,"InstanceStatusSet":[{"InstanceId":"ins-1","InstanceState":"STOPPED"}]}}"#;
    let call = Tencent.list_statuses(&region(), &[InstanceId::from("ins-1")]).remove(0);
    assert_eq!(call.unsigned.body, r#"{"InstanceIds":["ins-1"],"Limit":100,"Offset":0}"#);
    assert_eq!(call.parse(200, body.as_bytes()), Ok([(InstanceId::from("ins-1"), Status::Stopped)].into()));

    let body = r#"{"Response":{"TotalCount":2,"RegionSet":[
        {"Region":"ap-guangzhou","RegionName":"华南地区(广州)","RegionState":"AVAILABLE"},
        {"Region":"ap-x","RegionName":"x","RegionState":"UNAVAILABLE"}]}}"#;
    let call = Tencent.list_regions(&region(), None);
    assert_eq!((call.unsigned.service, call.unsigned.version), ("region", "2022-06-27"));
    assert_eq!(call.unsigned.body, r#"{"Product":"cvm"}"#);
    let regions = call.parse(200, body.as_bytes()).unwrap();
    let shown: Vec<_> = regions.rows.iter().map(|region| (region.name.as_str(), region.is_enabled)).collect();
    assert_eq!(shown, [("ap-guangzhou", true), ("ap-x", false)]);
}
