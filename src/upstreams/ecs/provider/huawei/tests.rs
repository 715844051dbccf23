//! Huawei Cloud's answers and parameters.

use serde_json::json;

use super::*;

fn region(projects: &[&str]) -> Region {
    let projects = projects.iter().map(|&id| id.to_owned()).collect();
    Region::parse("cn-north-4").unwrap().with_projects(projects)
}

fn instances(region: &Region, token: Option<&PageToken>, body: &Value) -> Result<Page<Instance>, ProviderError> {
    Huawei.list_instances(region, token).parse(200, body.to_string().as_bytes())
}

fn rows(from: usize, count: usize) -> Value {
    (from..from + count).map(|number| json!({"id": format!("i-{number}")})).collect()
}

#[test]
fn a_full_row_is_normalised() {
    let row = json!({
        "id": "8c2f", "name": "web-1", "status": "ACTIVE", "created": "2025-03-04T08:30:25Z",
        "updated": "2025-03-05T08:30:25Z", "OS-SRV-USG:launched_at": "2025-03-04T08:31:02.000000",
        "flavor": {"id": "s6.large.2", "vcpus": "2", "ram": "4096"},
        "addresses": {"vpc-1": [
            {"addr": "fe80::1", "version": "6", "OS-EXT-IPS:type": "fixed"},
            {"addr": "192.168.0.13", "version": "4", "OS-EXT-IPS:type": "fixed", "primary": false},
            {"addr": "192.168.0.12", "version": "4", "OS-EXT-IPS:type": "fixed", "primary": true},
            {"addr": "119.0.0.1", "version": "4", "OS-EXT-IPS:type": "floating"},
        ]},
        "security_groups": [{"id": "3f1e", "name": "default"}, {"name": "web"}],
        "os-extended-volumes:volumes_attached": [
            {"id": "vol-root", "bootIndex": "0", "device": "/dev/vda"},
            {"id": "vol-1", "bootIndex": null, "device": "/dev/vdb"},
        ],
        "tags": ["env=prod=x", "alone"], "image": {"id": "img-1"}, "key_name": "k",
        "metadata": {"charging_mode": "1", "vpc_id": "vpc-1", "os_type": "Linux", "image_name": "Ubuntu"},
        "OS-EXT-AZ:availability_zone": "cn-north-4a", "invented": [{}],
    });
    let page = instances(&region(&["p"]), None, &json!({"servers": [row], "count": 1})).unwrap();
    let [Ok(instance)] = page.rows.as_slice() else { panic!("{page:?}") };
    let text = |text: &str| Some(text.to_owned());
    let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
    assert_eq!(
        instance.compared,
        Compared {
            status: Status::Running,
            name: text("web-1"),
            public_ip: text("119.0.0.1"),
            private_ip: text("192.168.0.12"),
            instance_type: text("s6.large.2"),
            security_groups: ["3f1e".to_owned(), "web".to_owned()].into(),
            data_disks: [Disk { id: "vol-1".to_owned(), size_gib: None, category: None, device: text("/dev/vdb") }]
                .into(),
            tags: [tag("alone", ""), tag("env", "prod=x")].into(),
        }
    );
    assert_eq!(
        instance.details,
        Details {
            zone: text("cn-north-4a"),
            cpu_count: Some(2),
            memory_mib: Some(4096),
            os_name: text("Ubuntu"),
            os_type: text("Linux"),
            image_id: text("img-1"),
            vpc_id: text("vpc-1"),
            elastic_ip: text("119.0.0.1"),
            charge_type: text("prePaid"),
            key_name: text("k"),
            created_at: Some("2025-03-04T08:30:25Z".parse().unwrap()),
            launched_at: Some("2025-03-04T08:31:02Z".parse().unwrap()),
            ..Details::default()
        }
    );
}

#[test]
fn a_bare_row_and_an_unknown_status_are_stored_and_a_bad_row_is_told() {
    let rows = json!([{"id": "i-1"}, {"id": "i-2", "status": "LEVITATING"}, {"id": "i-3", "name": 7}, {"name": "x"}]);
    let page = instances(&region(&["p"]), None, &json!({"servers": rows})).unwrap();
    let [Ok(bare), Ok(odd), Err(bad), Err(nameless)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((bare.compared.clone(), &bare.details), (Compared::default(), &Details::default()));
    assert_eq!(odd.compared.status, Status::Unknown);
    assert_eq!((bad.id.as_deref(), nameless.id.as_deref()), (Some("i-3"), None));
}

/// Reads pages of these sizes, each with the count that its project says, and compares the requests and whether the
/// last page says that there is more.
#[track_caller]
fn check_pages(projects: &[&str], pages: &[(usize, Option<u64>)], expected: &[&str], is_short: bool) {
    let region = region(projects);
    let (mut token, mut requests, mut from, mut has_more, mut total) = (None, Vec::new(), 0, false, None);
    for (size, count) in pages {
        let call = Huawei.list_instances(&region, token.as_ref());
        requests.push(format!("{}?{}", call.unsigned.path, call.unsigned.query).replace("/cloudservers/detail", ""));
        let mut body = json!({"servers": rows(from, *size)});
        if let Some(count) = count {
            body["count"] = (*count).into();
        }
        from += size;
        let page = instances(&region, token.as_ref(), &body).unwrap();
        (has_more, total) = (page.signs.has_more, page.signs.row_count);
        token = page.next.flatten();
    }
    assert_eq!(requests, expected);
    assert_eq!((token, has_more), (None, is_short));
    // Rows that come twice would be fewer than this.
    assert!(total >= Some(from as u64), "{total:?}");
}

#[test]
fn a_listing_goes_through_all_projects_of_the_region_to_their_ends() {
    check_pages(&["p"], &[(0, None)], &["/v1/p?limit=1000"], false);
    check_pages(&["p"], &[(1000, None), (3, None)], &["/v1/p?limit=1000", "/v1/p?limit=1000&marker=i-999"], false);
    check_pages(
        &["p", "q"],
        &[(1000, Some(1002)), (2, Some(1002)), (2, Some(2))],
        &["/v1/p?limit=1000", "/v1/p?limit=1000&marker=i-999", "/v1/q?limit=1000"],
        false,
    );
}

#[test]
fn a_project_that_ends_before_its_count_proves_no_end() {
    let requests = ["/v1/p?limit=1000", "/v1/p?limit=1000&marker=i-1", "/v1/q?limit=1000"];
    check_pages(&["p", "q"], &[(2, Some(3)), (0, Some(3)), (1, Some(1))], &requests, true);
    check_pages(&["p"], &[(2, Some(3)), (0, Some(3))], &requests[..2], true);
}

#[test]
fn an_answer_without_a_list_is_never_an_empty_listing() {
    for body in [json!({}), json!(null), json!([]), json!({"servers": null}), json!({"servers": {}})] {
        assert_eq!(instances(&region(&["p"]), None, &body).unwrap_err().kind, Kind::Bad, "{body}");
    }
}

#[test]
fn errors_of_all_four_shapes_are_read() {
    for (status, body, kind) in [
        (401, r#"{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication"}"#, Kind::KeyRejected),
        (401, r#"{"error":{"code":401,"message":"Unauthorized"}}"#, Kind::KeyRejected),
        (
            401,
            r#"{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: signature expired"}"#,
            Kind::ClockOff,
        ),
        (403, r#"{"error_code":"APIGW.0307","error_msg":"m"}"#, Kind::NotPermitted),
        (403, r#"{"error":{"code":"Ecs.0001","message":"m"}}"#, Kind::NotPermitted),
        (403, r#"{"code":"PAP5.0011","message":"m"}"#, Kind::NotPermitted),
        (403, "", Kind::NotPermitted),
        (429, r#"{"errorCode":"APIGW.0308","errorMsg":"slow down"}"#, Kind::Throttled),
        (400, r#"{"error_code":"APIGW.0308","error_msg":"slow down"}"#, Kind::Throttled),
        (404, r#"{"itemNotFound":{"code":"Ecs.0114","message":"gone"}}"#, Kind::UnknownInstance),
        (404, r#"{"error_code":"APIGW.0101","error_msg":"no such API"}"#, Kind::Bad),
        (400, r#"{"error":{"code":"Ecs.0005","message":"m"}}"#, Kind::Bad),
        (500, r#"{"error":{"code":"Ecs.0000","message":"m"}}"#, Kind::Server),
    ] {
        let refused = Huawei.list_instances(&region(&["p"]), None).parse(status, body.as_bytes()).unwrap_err();
        assert_eq!(refused.kind, kind, "{body}");
    }
}

#[test]
fn regions_have_their_projects_and_other_projects_are_no_regions() {
    let default = region(&[]);
    let first = Huawei.list_regions(&default, None);
    assert_eq!((first.unsigned.path.as_ref(), first.endpoint), ("/v3/regions", Endpoint::Regions));
    let body = r#"{"regions":[{"id":"cn-north-4","locales":{"zh-cn":"华北"}},{"id":"cn-east-3"},{"id":7}]}"#;
    let mut listed = first.parse(200, body.as_bytes()).unwrap();
    let second = Huawei.list_regions(&default, listed.next.as_ref());
    assert_eq!(second.unsigned.path, "/v3/projects");
    assert_eq!(second.unsigned.query, "page=1&per_page=1000");
    let projects = json!({"projects": [
        {"id": "b", "name": "cn-north-4_sub", "enabled": true}, {"id": "a", "name": "cn-north-4", "is_domain": false},
        {"id": "c", "name": "MOS"}, {"id": "d", "name": "cn-east-3", "enabled": false},
    ]});
    let page = second.parse(200, projects.to_string().as_bytes()).unwrap();
    assert_eq!(page.next, None);
    listed.rows.extend(page.rows);
    let merged = Huawei.merge_regions(listed.rows);
    let shown: Vec<_> =
        merged.iter().map(|region| (region.name.as_str(), region.is_enabled, &region.projects)).collect();
    let both = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(shown, [("cn-north-4", true, &both), ("cn-east-3", false, &Vec::new()), ("#3", true, &Vec::new())]);
    assert_eq!(merged[0].label.as_deref(), Some("华北"));
    let unreadable = second.parse(200, br#"{"projects":[{"name":"cn-north-4"}]}"#).unwrap_err();
    assert_eq!(unreadable.kind, Kind::Bad);
}

#[test]
fn statuses_are_asked_for_in_every_project_and_unknown_ids_have_none() {
    let ids = [InstanceId::from("i-1"), InstanceId::from("i-2")];
    let calls = Huawei.list_statuses(&region(&["p", "q"]), &ids);
    let paths: Vec<_> = calls.iter().map(|call| call.unsigned.path.as_ref()).collect();
    assert_eq!(paths, ["/v1/p/cloudservers/detail", "/v1/q/cloudservers/detail"]);
    assert_eq!(calls[0].unsigned.query, "limit=1000&server_id=i-1%2Ci-2");
    let body = br#"{"servers":[{"id":"i-1","status":"SHUTOFF"},{"id":"i-2","status":null,"fault":{"code":404}}]}"#;
    assert_eq!(calls[0].parse(200, body), Ok([(InstanceId::from("i-1"), Status::Stopped)].into()));
    let found = Huawei.find_instance(&region(&["p", "q"]), &ids[0]);
    assert_eq!(found[1].unsigned.path, "/v1/q/cloudservers/i-1");
}
