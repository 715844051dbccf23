//! Buckets, and Alibaba Cloud's object storage, which answers in XML.

use axum::http::StatusCode;

use super::model::{Account, Refused, State};
use super::request::ApiRequest;
use super::signature::{compact_time, hex, hmac, part, sha256};

/// How far the client's clock may be off.
const CLOCK_SLACK_S: i64 = 15 * 60;

/// One bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    pub region: &'static str,
    pub access: &'static str,
    pub tags: Vec<(String, String)>,
    /// The key may not read its settings.
    pub is_denied: bool,
    /// Its row holds nothing but its name.
    pub is_bare: bool,
}

impl Bucket {
    /// The bucket of that number.
    pub fn new(number: usize) -> Self {
        Self {
            name: format!("logs-{number:04}"),
            region: if number.is_multiple_of(2) { "cn-hangzhou" } else { "cn-beijing" },
            access: "private",
            tags: vec![("env".to_owned(), "prod".to_owned())],
            is_denied: false,
            is_bare: false,
        }
    }
}

pub fn answer(state: &State, request: &ApiRequest<'_>) -> (StatusCode, String) {
    match verify(state, request).and_then(|(account, region)| act(account, &region, state.page_cap, request)) {
        Ok(document) => (StatusCode::OK, document),
        Err(Refused(status, code)) => (
            status,
            format!(
                "<Error><Code>{code}</Code><Message>refused by the sandbox</Message><RequestId>s</RequestId></Error>"
            ),
        ),
    }
}

/// The account, and the region that the request was signed for.
fn verify<'a>(state: &'a State, request: &ApiRequest<'_>) -> Result<(&'a Account, String), Refused> {
    let refused = |code| Refused(StatusCode::FORBIDDEN, code);
    let authorization = request.header("authorization");
    let (id, scope) = part(authorization, "Credential").split_once('/').ok_or_else(|| refused("InvalidArgument"))?;
    let account = state.account("aliyun", id).ok_or_else(|| refused("InvalidAccessKeyId"))?;
    let at = request.header("x-oss-date");
    let seconds = compact_time(at).ok_or_else(|| refused("AccessDenied"))?;
    if (state.server.now().as_second() - seconds).abs() > CLOCK_SLACK_S {
        return Err(refused("RequestTimeTooSkewed"));
    }
    let mut lines = format!("x-oss-content-sha256:{}\nx-oss-date:{at}\n", request.header("x-oss-content-sha256"));
    if !request.header("x-oss-security-token").is_empty() {
        lines = format!("{lines}x-oss-security-token:{}\n", request.header("x-oss-security-token"));
    }
    // Buckets are in the path here, which is what is signed.
    let (method, path, query) = (request.method, request.uri.path(), request.query());
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n\nUNSIGNED-PAYLOAD");
    let to_sign = format!("OSS4-HMAC-SHA256\n{at}\n{scope}\n{}", sha256(canonical));
    let first = format!("aliyun_v4{}", account.key.secret).into_bytes();
    let key = scope.split('/').fold(first, |key, part| hmac(&key, part));
    if part(authorization, "Signature") != hex(&hmac(&key, &to_sign)) {
        return Err(refused("SignatureDoesNotMatch"));
    }
    Ok((account, scope.split('/').nth(1).unwrap_or_default().to_owned()))
}

fn act(account: &Account, region: &str, page_cap: usize, request: &ApiRequest<'_>) -> Result<String, Refused> {
    let parameters = request.parameters();
    let name = request.uri.path().trim_matches('/');
    if name.is_empty() {
        if account.denied.contains("ListBuckets") {
            return Err(Refused(StatusCode::FORBIDDEN, "AccessDenied"));
        }
        let size = parameters.get("max-keys").and_then(|size| size.parse().ok()).unwrap_or(100).min(page_cap);
        let marker = parameters.get("marker").map(String::as_str).unwrap_or_default();
        let after: Vec<&Bucket> = account.buckets.iter().filter(|bucket| bucket.name.as_str() > marker).collect();
        let page = &after[..size.min(after.len())];
        let next = match page.last() {
            Some(last) if page.len() < after.len() => {
                format!("<IsTruncated>true</IsTruncated><NextMarker>{}</NextMarker>", last.name)
            }
            _ => String::new(),
        };
        let rows: String = page.iter().map(|bucket| row(bucket)).collect();
        return Ok(format!("<ListAllMyBucketsResult>{next}<Buckets>{rows}</Buckets></ListAllMyBucketsResult>"));
    }
    let found = account.buckets.iter().find(|bucket| bucket.name == name);
    let bucket = found.ok_or(Refused(StatusCode::NOT_FOUND, "NoSuchBucket"))?;
    if bucket.is_denied || (!bucket.is_bare && bucket.region != region) {
        return Err(Refused(StatusCode::FORBIDDEN, "AccessDenied"));
    }
    if parameters.contains_key("tagging") {
        let tag = |(key, value): &(String, String)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        let tags: String = bucket.tags.iter().map(tag).collect();
        return Ok(format!("<Tagging><TagSet>{tags}</TagSet></Tagging>"));
    }
    let grant = bucket.access;
    Ok(format!(
        "<BucketInfo><Bucket><Name>{name}</Name><AccessControlList><Grant>{grant}</Grant></AccessControlList>\
         <Versioning>Enabled</Versioning><DataRedundancyType>ZRS</DataRedundancyType></Bucket></BucketInfo>"
    ))
}

fn row(bucket: &Bucket) -> String {
    let Bucket { name, region, .. } = bucket;
    if bucket.is_bare {
        return format!("<Bucket><Name>{name}</Name></Bucket>");
    }
    format!(
        "<Bucket><Name>{name}</Name><Location>oss-{region}</Location><Region>{region}</Region>\
         <StorageClass>Standard</StorageClass><CreationDate>2025-03-04T08:30:25.000Z</CreationDate>\
         <Invented><By>the sandbox</By></Invented></Bucket>"
    )
}
