//! AWS's answers and parameters.

use super::*;
use crate::upstreams::ecs::provider::codes::Kind;

fn region() -> Region {
    Region::parse("us-east-1").unwrap()
}

fn instances(inner: &str) -> Result<Page<Instance>, ProviderError> {
    let body = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>
        {inner}</DescribeInstancesResponse>"#
    );
    Aws.list_instances(&region(), None).parse(200, body.as_bytes())
}

const FULL: &str = "<item><instanceId>i-1</instanceId><imageId>ami-1</imageId>
    <instanceState><code>16</code><name>running</name></instanceState><instanceType>t3.micro</instanceType>
    <keyName>key-pair</keyName><launchTime>2026-01-02T03:04:05.000Z</launchTime>
    <placement><availabilityZone>us-east-1a</availabilityZone></placement><subnetId>subnet-1</subnetId>
    <vpcId>vpc-1</vpcId><privateIpAddress>10.0.0.5</privateIpAddress><ipAddress>54.0.0.1</ipAddress>
    <groupSet><item><groupId>sg-2</groupId><groupName>b</groupName></item><item><groupId>sg-1</groupId></item></groupSet>
    <tagSet><item><key>Name</key><value>web &amp; co</value></item><item><key>env</key><value/></item></tagSet>
    <rootDeviceName>/dev/sda1</rootDeviceName>
    <blockDeviceMapping>
      <item><deviceName>/dev/sda1</deviceName><ebs><volumeId>vol-root</volumeId></ebs></item>
      <item><deviceName>/dev/sdf</deviceName><ebs><volumeId>vol-1</volumeId></ebs></item>
      <item><deviceName>/dev/sdb</deviceName></item>
    </blockDeviceMapping></item>";

fn disk(id: &str, device: &str) -> Disk {
    Disk { id: id.to_owned(), size_gib: None, category: None, device: Some(device.to_owned()) }
}

#[test]
fn a_full_row_is_normalised() {
    let set = format!("<reservationSet><item><instancesSet>{FULL}</instancesSet></item></reservationSet>");
    let page = instances(&set).unwrap();
    let [Ok(instance)] = page.rows.as_slice() else { panic!("{page:?}") };
    let text = |text: &str| Some(text.to_owned());
    let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
    assert_eq!(
        instance.compared,
        Compared {
            status: Status::Running,
            name: text("web & co"),
            public_ip: text("54.0.0.1"),
            private_ip: text("10.0.0.5"),
            instance_type: text("t3.micro"),
            security_groups: ["sg-1".to_owned(), "sg-2".to_owned()].into(),
            data_disks: [disk("vol-1", "/dev/sdf")].into(),
            tags: [tag("Name", "web & co"), tag("env", "")].into(),
        }
    );
    assert_eq!(instance.disks_known, DisksKnown::Named);
    assert_eq!(
        instance.details,
        Details {
            zone: text("us-east-1a"),
            os_type: text("linux"),
            image_id: text("ami-1"),
            vpc_id: text("vpc-1"),
            subnet_id: text("subnet-1"),
            key_name: text("key-pair"),
            root_device: text("/dev/sda1"),
            launched_at: Some("2026-01-02T03:04:05Z".parse().unwrap()),
            ..Details::default()
        }
    );
    let raw: Value = serde_json::from_str(&instance.raw).unwrap();
    assert_eq!(raw.pointer("/tagSet/0/value"), Some(&Value::from("web & co")));
}

#[test]
fn every_reservation_counts_and_so_does_the_token() {
    let row = |id: &str, state: &str| {
        format!("<item><instanceId>{id}</instanceId><instanceState><name>{state}</name></instanceState></item>")
    };
    let set = |rows: &[String]| format!("<item><instancesSet>{}</instancesSet></item>", rows.concat());
    let both = set(&[row("i-1", "running"), row("i-2", "terminated")]) + &set(&[row("i-3", "shutting-down")]);
    let page = instances(&format!("<reservationSet>{both}</reservationSet><nextToken>n-1</nextToken>")).unwrap();
    let shown: Vec<_> = page.rows.iter().flatten().map(|row| (row.id.as_str(), row.compared.status)).collect();
    assert_eq!(shown, [("i-1", Status::Running), ("i-2", Status::Terminated), ("i-3", Status::Stopping)]);
    assert_eq!((page.next, page.total), (Some(Some(PageToken("n-1".to_owned()))), None));

    for empty in ["<reservationSet/>", "<reservationSet></reservationSet><nextToken/>"] {
        let page = instances(empty).unwrap();
        assert!(page.rows.is_empty() && page.next.is_none());
    }
}

#[test]
fn a_mapping_without_a_root_device_is_all_data() {
    let rootless = FULL.replace("<rootDeviceName>/dev/sda1</rootDeviceName>", "");
    let set = format!("<reservationSet><item><instancesSet>{rootless}</instancesSet></item></reservationSet>");
    let instance = instances(&set).unwrap().rows.remove(0).unwrap();
    assert_eq!(instance.compared.data_disks, [disk("vol-1", "/dev/sdf"), disk("vol-root", "/dev/sda1")].into());
}

#[test]
fn a_row_that_cannot_be_read_is_told() {
    let rows = "<item><instanceId>i-9</instanceId><groupSet><item><groupName>x</groupName></item></groupSet></item>";
    let set = format!("<reservationSet><item><instancesSet>{rows}</instancesSet></item></reservationSet>");
    let page = instances(&set).unwrap();
    let [Err(bad)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((bad.id.as_deref(), bad.reason.as_str()), (Some("i-9"), "`groupId` is missing"));
}

#[test]
fn an_answer_of_another_shape_is_never_an_empty_listing() {
    for body in [
        "",
        "{}",
        "<html><body>hello</body></html>",
        "<DescribeInstancesResponse/>",
        "<DescribeInstancesResponse><reservationSet>",
        "<DescribeInstancesResponse><reservationSet>text</reservationSet></DescribeInstancesResponse>",
        "<DescribeVolumesResponse><reservationSet/></DescribeVolumesResponse>",
    ] {
        let error = Aws.list_instances(&region(), None).parse(200, body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, Kind::Bad, "{body}");
    }
}

#[test]
fn errors_of_several_shapes_are_read() {
    let standard = |code: &str| {
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors><RequestID>r</RequestID></Response>"
        )
    };
    for (status, body, kind) in [
        (401, standard("AuthFailure"), Kind::KeyDoubted),
        (403, standard("UnauthorizedOperation"), Kind::NotPermitted),
        (401, standard("OptInRequired"), Kind::NotPermitted),
        (403, standard("SignatureDoesNotMatch"), Kind::KeyRejected),
        (400, standard("RequestExpired"), Kind::ClockOff),
        (
            403,
            standard("SignatureDoesNotMatch").replace(">m<", ">Signature expired: 1 is now earlier than 2<"),
            Kind::ClockOff,
        ),
        (
            403,
            standard("SignatureDoesNotMatch").replace(">m<", ">Signature not yet current: 2 is still later than 1<"),
            Kind::ClockOff,
        ),
        (400, r#"{"__type":"InvalidSignatureException","message":"m"}"#.to_owned(), Kind::KeyRejected),
        (403, standard("MissingAuthenticationToken"), Kind::KeyRejected),
        (503, standard("RequestThrottledException"), Kind::Throttled),
        (503, standard("SlowDown"), Kind::Throttled),
        (400, standard("TooManyRequestsException"), Kind::Throttled),
        (400, standard("BandwidthLimitExceeded"), Kind::Throttled),
        (503, standard("RequestLimitExceeded"), Kind::Throttled),
        (500, standard("InternalError"), Kind::Server),
        (400, standard("InvalidInstanceID.NotFound"), Kind::UnknownInstance),
        (400, standard("InvalidNextToken"), Kind::Bad),
        (200, standard("Throttling"), Kind::Throttled),
        (
            403,
            "<ErrorResponse><Error><Code>ExpiredTokenException</Code></Error></ErrorResponse>".to_owned(),
            Kind::KeyRejected,
        ),
        (403, "<Error><Code>AccessDenied</Code></Error>".to_owned(), Kind::NotPermitted),
        (403, "<Error><Code>InvalidAccessKeyId</Code></Error>".to_owned(), Kind::KeyRejected),
        (400, "<Error><Code>InvalidToken</Code></Error>".to_owned(), Kind::KeyRejected),
        (403, "<Error><Code>RequestTimeTooSkewed</Code></Error>".to_owned(), Kind::ClockOff),
        (403, "<Error><Code>AllAccessDisabled</Code></Error>".to_owned(), Kind::NotPermitted),
        (400, "<Error><Code>RequestTimeout</Code></Error>".to_owned(), Kind::Server),
        (400, "<Error><Code>PriorRequestNotComplete</Code></Error>".to_owned(), Kind::Throttled),
        (400, "<Error><Code>ThrottledException</Code></Error>".to_owned(), Kind::Throttled),
        (301, "<Error><Code>PermanentRedirect</Code></Error>".to_owned(), Kind::Bad),
        (400, "<Error><Code>AuthorizationHeaderMalformed</Code></Error>".to_owned(), Kind::Bad),
        (404, "<Error><Code>DBInstanceNotFound</Code></Error>".to_owned(), Kind::UnknownInstance),
        (400, r#"{"__type":"com.amazonaws#ThrottlingException"}"#.to_owned(), Kind::Throttled),
        (502, "<html>".to_owned(), Kind::Server),
    ] {
        let error = Aws.list_instances(&region(), None).parse(status, body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
    }
}

#[test]
fn a_dry_run_confirms_only_by_its_own_code() {
    let answer = |code: &str| format!("<Response><Errors><Error><Code>{code}</Code></Error></Errors></Response>");
    let confirm = |status, body: &str| Aws.confirm_authorised(&region()).unwrap().parse(status, body.as_bytes());
    assert_eq!(confirm(412, &answer("DryRunOperation")), Ok(()));
    assert_eq!(confirm(403, &answer("UnauthorizedOperation")).unwrap_err().kind, Kind::NotPermitted);
    let ignored = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";
    assert_eq!(confirm(200, ignored).unwrap_err().kind, Kind::NotPermitted);
}

#[test]
fn volumes_statuses_and_regions_are_read() {
    let volumes = "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><size>8</size>
        <volumeType>gp3</volumeType><attachmentSet><item><instanceId>i-1</instanceId><device>/dev/sdf</device></item>
        </attachmentSet></item><item><volumeId>vol-2</volumeId><size>1</size><attachmentSet/></item></volumeSet>
        <nextToken>v</nextToken></DescribeVolumesResponse>";
    let page = Aws.list_disks(&region(), DiskScope::Region, None).unwrap().parse(200, volumes.as_bytes()).unwrap();
    assert_eq!(page.next, Some(Some(PageToken("v".to_owned()))));
    let [Ok(attached), Ok(loose)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!(attached.instances, [InstanceId::from("i-1")].into());
    let expected = Disk { size_gib: Some(8), category: Some("gp3".to_owned()), ..disk("vol-1", "/dev/sdf") };
    assert_eq!(attached.disk, expected);
    assert!(loose.instances.is_empty());

    let statuses =
        "<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>i-1</instanceId><instanceState>
        <name>stopped</name></instanceState></item></instanceStatusSet></DescribeInstanceStatusResponse>";
    let statuses =
        Aws.list_statuses(&region(), &[InstanceId::from("i-1")]).remove(0).parse(200, statuses.as_bytes()).unwrap();
    assert_eq!(statuses, [(InstanceId::from("i-1"), Status::Stopped)].into());

    let regions = "<DescribeRegionsResponse><regionInfo>
        <item><regionName>a-1</regionName><regionEndpoint>e</regionEndpoint><optInStatus>opted-in</optInStatus></item>
        <item><regionName>b-1</regionName><optInStatus>not-opted-in</optInStatus></item>
        <item><regionName>c-1</regionName></item></regionInfo></DescribeRegionsResponse>";
    let regions = Aws.list_regions(&region(), None).parse(200, regions.as_bytes()).unwrap();
    let shown: Vec<_> = regions.rows.iter().map(|region| (region.name.as_str(), region.is_enabled)).collect();
    assert_eq!(shown, [("a-1", true), ("b-1", false), ("c-1", true)]);
}

#[test]
fn parameters_go_into_the_form() {
    let token = PageToken("a+b=".to_owned());
    let ids = [InstanceId::from("i-1"), InstanceId::from("i-2")];
    for (form, expected) in [
        (
            Aws.list_instances(&region(), Some(&token)).unsigned.body,
            "Action=DescribeInstances&MaxResults=1000&NextToken=a%2Bb%3D&Version=2016-11-15",
        ),
        (
            Aws.list_disks(&region(), DiskScope::Of(&ids), None).unwrap().unsigned.body,
            "Action=DescribeVolumes&Filter.1.Name=attachment.instance-id&Filter.1.Value.1=i-1&Filter.1.Value.2=i-2&\
             MaxResults=500&Version=2016-11-15",
        ),
        (
            Aws.list_statuses(&region(), &ids).remove(0).unsigned.body,
            "Action=DescribeInstanceStatus&IncludeAllInstances=true&InstanceId.1=i-1&InstanceId.2=i-2&Version=2016-11-15",
        ),
        (
            Aws.confirm_authorised(&region()).unwrap().unsigned.body,
            "Action=DescribeInstances&DryRun=true&Version=2016-11-15",
        ),
    ] {
        assert_eq!(form, expected);
    }
    assert_eq!(Aws.default_host(Endpoint::Compute, "eu-west-1"), "ec2.eu-west-1.amazonaws.com");
    assert_eq!(Aws.default_host(Endpoint::Compute, "cn-north-1"), "ec2.cn-north-1.amazonaws.com.cn");
}
