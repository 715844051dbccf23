//! Where calls go and how they are signed.

use super::call::tests::{credential, header};
use super::{Account, Provider, Template};
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
