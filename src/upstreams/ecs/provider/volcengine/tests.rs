//! Volcengine's answers and parameters.

use serde_json::json;

use super::*;

fn region() -> Region {
    Region::parse("cn-beijing").unwrap()
}

fn instances(result: &Value) -> Result<Page<Instance>, ProviderError> {
    let body = json!({"ResponseMetadata": {"RequestId": "r", "Action": "DescribeInstances"}, "Result": result});
    Volcengine.list_instances(&region(), None).parse(200, body.to_string().as_bytes())
}

fn volumes(result: &Value, number: &str) -> Result<Page<AttachedDisk>, ProviderError> {
    let token = PageToken(number.to_owned());
    let body = json!({"ResponseMetadata": {"RequestId": "r"}, "Result": result}).to_string();
    Volcengine.list_disks(&region(), DiskScope::Region, Some(&token)).unwrap().parse(200, body.as_bytes())
}

#[test]
fn a_full_row_is_normalised() {
    let row = json!({
        "InstanceId": "i-ybdemo1", "InstanceName": "web", "Status": "RUNNING", "InstanceTypeId": "ecs.g3i.large",
        "Cpus": 2, "MemorySize": 8192, "OsName": "veLinux", "OsType": "Linux", "ImageId": "image-1",
        "InstanceChargeType": "PostPaid", "CreatedAt": "2025-03-04T16:30:25+08:00", "ExpiredAt": "", "VpcId": "vpc-1",
        "ZoneId": "cn-beijing-a", "HostName": "h", "Hostname": "host", "StoppedMode": "KeepCharging",
        "EipAddress": {"AllocationId": "eip-1", "IpAddress": "180.0.0.1"}, "KeyPairName": "k",
        "NetworkInterfaces": [
            {"Type": "secondary", "PrimaryIpAddress": "10.0.0.9", "SubnetId": "s-2", "SecurityGroupIds": ["sg-2"]},
            {"Type": "primary", "PrimaryIpAddress": "10.0.0.2", "SubnetId": "s-1", "SecurityGroupIds": ["sg-1", "sg-2"]},
        ],
        "LocalVolumes": [{"Count": 2, "Size": 480, "VolumeType": "LOCAL_SSD"}],
        "Tags": [{"Key": "env", "Value": "prod"}, {"Key": "volc:x", "Value": "y"}, {"Key": "sys:x", "Value": "y"}],
        "Volumes": [{"VolumeId": "vol-1"}], "Invented": {"a": [1]},
    });
    let page = instances(&json!({"Instances": [row], "NextToken": "", "TotalCount": 1})).unwrap();
    let [Ok(instance)] = page.rows.as_slice() else { panic!("{page:?}") };
    let text = |text: &str| Some(text.to_owned());
    let local = |id: &str| Disk { id: id.to_owned(), size_gib: Some(480), category: text("LOCAL_SSD"), device: None };
    assert_eq!(
        instance.compared,
        Compared {
            status: Status::Running,
            name: text("web"),
            public_ip: text("180.0.0.1"),
            private_ip: text("10.0.0.2"),
            instance_type: text("ecs.g3i.large"),
            security_groups: ["sg-1".to_owned(), "sg-2".to_owned()].into(),
            data_disks: [local("local-1"), local("local-2")].into(),
            tags: [Tag { key: "env".to_owned(), value: "prod".to_owned() }].into(),
        }
    );
    assert_eq!(
        instance.details,
        Details {
            host_name: text("host"),
            zone: text("cn-beijing-a"),
            cpu_count: Some(2),
            memory_mib: Some(8192),
            os_name: text("veLinux"),
            os_type: text("Linux"),
            image_id: text("image-1"),
            vpc_id: text("vpc-1"),
            subnet_id: text("s-1"),
            elastic_ip: text("180.0.0.1"),
            charge_type: text("PostPaid"),
            stopped_mode: text("KeepCharging"),
            key_name: text("k"),
            created_at: Some("2025-03-04T08:30:25Z".parse().unwrap()),
            ..Details::default()
        }
    );
    assert_eq!(instance.disks_known, DisksKnown::No);
}

#[test]
fn a_bare_row_and_an_unknown_status_are_stored_and_a_bad_row_is_told() {
    let rows = json!([
        {"InstanceId": "i-1"},
        {"InstanceId": "i-2", "Status": "LEVITATING", "EipAddress": null, "NetworkInterfaces": null, "Tags": null},
        {"InstanceId": "i-3", "InstanceName": 7},
        {"InstanceName": "nameless"},
    ]);
    let page = instances(&json!({"Instances": rows, "NextToken": ""})).unwrap();
    let [Ok(bare), Ok(odd), Err(bad), Err(nameless)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((bare.compared.clone(), &bare.details), (Compared::default(), &Details::default()));
    assert_eq!(odd.compared.status, Status::Unknown);
    assert_eq!((bad.id.as_deref(), bad.reason.as_str()), (Some("i-3"), "`InstanceName` is not text"));
    assert_eq!(nameless.id, None);
}

#[test]
fn the_listing_ends_at_an_empty_token_and_a_missing_list_is_no_empty_one() {
    let page = instances(&json!({"Instances": [{"InstanceId": "i-1"}], "NextToken": "n"})).unwrap();
    assert_eq!(page.next.flatten(), Some(PageToken("n".to_owned())));
    for result in [json!({"Instances": [], "NextToken": ""}), json!({"Instances": null, "TotalCount": 0})] {
        let page = instances(&result).unwrap();
        assert!(page.rows.is_empty() && page.next.is_none(), "{page:?}");
    }
    for result in [json!({}), json!(null), json!({"Instances": null}), json!({"Instances": null, "TotalCount": 3})] {
        assert_eq!(instances(&result).unwrap_err().kind, Kind::Bad, "{result}");
    }
}

#[test]
fn volumes_are_paged_by_number_until_their_total() {
    let row = json!({"VolumeId": "vol-1", "InstanceId": "i-1", "Size": "40", "VolumeType": "ESSD_PL0"});
    let page = volumes(&json!({"Volumes": [row], "TotalCount": 101}), "1:0").unwrap();
    assert_eq!((page.next.clone().flatten(), page.total), (Some(PageToken("2:1".to_owned())), Some(101)));
    let [Ok(volume)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((volume.disk.size_gib, volume.instances.len()), (Some(40), 1));
    for (count, number) in [(101, "2:100"), (1, "1:0")] {
        let page = volumes(&json!({"Volumes": [{"VolumeId": "vol-2"}], "TotalCount": count}), number).unwrap();
        assert_eq!((page.next, page.total), (None, Some(count)));
    }
    assert!(volumes(&json!({"Volumes": [], "TotalCount": 101}), "2:100").unwrap().next.is_none());
    assert_eq!(volumes(&json!({"Volumes": []}), "1").unwrap_err().kind, Kind::Bad);
}

#[test]
fn errors_are_read_whatever_the_status() {
    for (code, kind) in [
        ("InvalidAccessKey", Kind::KeyRejected),
        ("SignatureDoesNotMatch", Kind::KeyRejected),
        ("InvalidTimestamp", Kind::ClockOff),
        ("AccessDenied", Kind::NotPermitted),
        ("LackProjectPolicy", Kind::NotPermitted),
        ("FlowLimitExceeded", Kind::Throttled),
        ("AccountFlowLimitExceeded", Kind::Throttled),
        ("InternalError", Kind::Server),
        ("ServiceUnavailableTemp", Kind::Server),
        ("InvalidInstance.NotFound", Kind::UnknownInstance),
        ("MissingParameter.Id", Kind::Bad),
        ("InvalidActionOrVersion", Kind::Bad),
    ] {
        let error = json!({"Code": code, "CodeN": 100_018, "Message": "m"});
        let body = json!({"ResponseMetadata": {"RequestId": "r", "Error": error}}).to_string();
        for status in [200, 400] {
            let call = Volcengine.list_instances(&region(), None);
            let refused = call.parse(status, body.as_bytes()).unwrap_err();
            assert_eq!((refused.kind, refused.code.as_deref()), (kind, Some(code)));
            assert!(refused.to_string().ends_with(" (request `r`)"), "{refused}");
        }
    }
}

#[test]
fn regions_and_statuses_are_read_and_every_parameter_is_in_the_query() {
    let body = br#"{"Result":{"Regions":[{"RegionId":"cn-beijing"},{"RegionId":7}],"NextToken":"n"}}"#;
    let page = Volcengine.list_regions(&region(), None).parse(200, body).unwrap();
    let names: Vec<_> = page.rows.iter().map(|region| region.name.as_str()).collect();
    assert_eq!((names, page.next), (vec!["cn-beijing", "#2"], Some(PageToken("n".to_owned()))));

    let statuses = br#"{"Result":{"Instances":[{"InstanceId":"i-1","Status":"STOPPED"}],"NextToken":""}}"#;
    let ids = [InstanceId::from("i-1"), InstanceId::from("i-2")];
    let call = Volcengine.list_statuses(&region(), &ids).remove(0);
    assert_eq!(call.parse(200, statuses), Ok([(InstanceId::from("i-1"), Status::Stopped)].into()));
    assert_eq!(
        call.unsigned.query,
        "Action=DescribeInstances&InstanceIds.1=i-1&InstanceIds.2=i-2&MaxResults=100&Version=2020-04-01"
    );
    let disks = Volcengine.list_disks(&region(), DiskScope::Of(&ids[..1]), None).unwrap().unsigned;
    assert_eq!(
        (disks.service, disks.query.as_str()),
        ("storage_ebs", "Action=DescribeVolumes&InstanceId=i-1&Kind=data&PageNumber=1&PageSize=100&Version=2020-04-01")
    );
}
