//! Buckets, and the object storages of Alibaba Cloud and Tencent Cloud, which answer in XML.

use axum::http::StatusCode;

use super::model::{Account, Refused, State};
use super::request::ApiRequest;
use super::signature::{compact_time, hex, hmac, hmac_sha1, part, sha1, sha256};

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
    /// It is there, and not in the list yet.
    pub is_unlisted: bool,
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
            is_unlisted: false,
        }
    }
}

pub fn answer(state: &State, request: &ApiRequest<'_>) -> (StatusCode, String) {
    let answered = if is_cos(request) {
        verify_cos(state, request).and_then(|account| act(account, None, state.page_cap, request))
    } else {
        verify(state, request).and_then(|(account, region)| act(account, Some(&region), state.page_cap, request))
    };
    match answered {
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

/// Whether the request is one of Tencent Cloud's.
pub fn is_cos(request: &ApiRequest<'_>) -> bool {
    request.header("authorization").starts_with("q-sign-algorithm=sha1&")
}

fn verify_cos<'a>(state: &'a State, request: &ApiRequest<'_>) -> Result<&'a Account, Refused> {
    let refused = |code| Refused(StatusCode::FORBIDDEN, code);
    let authorization = request.header("authorization");
    let of = |name: &str| {
        let mut parts = authorization.split('&').filter_map(|part| part.split_once('='));
        parts.find(|(known, _)| *known == name).map(|(_, value)| value).unwrap_or_default()
    };
    let account = state.account("tencent", of("q-ak")).ok_or_else(|| refused("InvalidAccessKeyId"))?;
    let span = of("q-sign-time");
    let (begin, end) = span.split_once(';').ok_or_else(|| refused("AccessDenied"))?;
    let seconds = |text: &str| text.parse::<i64>().map_err(|_| refused("AccessDenied"));
    if !(seconds(begin)?..seconds(end)?).contains(&state.server.now().as_second()) {
        return Err(refused("RequestIsExpired"));
    }
    let encoded = |value: &str| url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
    let headers: Vec<String> =
        of("q-header-list").split(';').map(|name| format!("{name}={}", encoded(request.header(name)))).collect();
    let query: Vec<String> = request
        .query()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .collect();
    let path = request.uri.path();
    let document = format!("{}\n{path}\n{}\n{}\n", request.method.to_lowercase(), query.join("&"), headers.join("&"));
    let key = hmac_sha1(&account.key.secret, span);
    if of("q-signature") != hmac_sha1(&key, &format!("sha1\n{span}\n{}\n", sha1(document))) {
        return Err(refused("SignatureDoesNotMatch"));
    }
    Ok(account)
}

/// `region` is the one that the request was signed for, where it was for one.
fn act(account: &Account, region: Option<&str>, page_cap: usize, request: &ApiRequest<'_>) -> Result<String, Refused> {
    let parameters = request.parameters();
    let name = request.uri.path().trim_matches('/');
    if name.is_empty() {
        if account.denied.contains("ListBuckets") {
            return Err(Refused(StatusCode::FORBIDDEN, "AccessDenied"));
        }
        let size = parameters.get("max-keys").and_then(|size| size.parse().ok()).unwrap_or(100).min(page_cap);
        let marker = parameters.get("marker").map(String::as_str).unwrap_or_default();
        let after: Vec<&Bucket> = {
            let listed = account.buckets.iter().filter(|bucket| !bucket.is_unlisted);
            listed.filter(|bucket| bucket.name.as_str() > marker).collect()
        };
        let page = &after[..size.min(after.len())];
        let next = match page.last() {
            Some(last) if page.len() < after.len() => {
                format!("<IsTruncated>true</IsTruncated><NextMarker>{}</NextMarker>", last.name)
            }
            _ => String::new(),
        };
        let prefix = if region.is_some() { "oss-" } else { "" };
        let rows: String = page.iter().map(|bucket| row(bucket, prefix)).collect();
        return Ok(format!("<ListAllMyBucketsResult>{next}<Buckets>{rows}</Buckets></ListAllMyBucketsResult>"));
    }
    let found = account.buckets.iter().find(|bucket| bucket.name == name);
    let bucket = found.ok_or(Refused(StatusCode::NOT_FOUND, "NoSuchBucket"))?;
    if bucket.is_denied || (!bucket.is_bare && region.is_some_and(|region| bucket.region != region)) {
        return Err(Refused(StatusCode::FORBIDDEN, "AccessDenied"));
    }
    if parameters.contains_key("tagging") {
        if region.is_none() && bucket.tags.is_empty() {
            return Err(Refused(StatusCode::NOT_FOUND, "NoSuchTagSet"));
        }
        let tag = |(key, value): &(String, String)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        let tags: String = bucket.tags.iter().map(tag).collect();
        return Ok(format!("<Tagging><TagSet>{tags}</TagSet></Tagging>"));
    }
    let grant = bucket.access;
    if parameters.contains_key("acl") {
        let everybody = "<Grantee><URI>http://cam.qcloud.com/groups/global/AllUsers</URI></Grantee>";
        let permission = if grant == "public-read" { "READ" } else { "NONE" };
        return Ok(format!(
            "<AccessControlPolicy><AccessControlList><Grant>{everybody}<Permission>{permission}</Permission></Grant>\
             </AccessControlList></AccessControlPolicy>"
        ));
    }
    if parameters.contains_key("versioning") {
        let status = "<Status>Enabled</Status>";
        return Ok(format!("<VersioningConfiguration>{status}</VersioningConfiguration>"));
    }
    if parameters.contains_key("encryption") {
        return Err(Refused(StatusCode::NOT_FOUND, "NoSuchEncryptionConfiguration"));
    }
    Ok(format!(
        "<BucketInfo><Bucket><Name>{name}</Name><AccessControlList><Grant>{grant}</Grant></AccessControlList>\
         <Versioning>Enabled</Versioning><DataRedundancyType>ZRS</DataRedundancyType></Bucket></BucketInfo>"
    ))
}

fn row(bucket: &Bucket, prefix: &str) -> String {
    let Bucket { name, region, .. } = bucket;
    if bucket.is_bare {
        return format!("<Bucket><Name>{name}</Name></Bucket>");
    }
    format!(
        "<Bucket><Name>{name}</Name><Location>{prefix}{region}</Location><Region>{region}</Region>\
         <StorageClass>Standard</StorageClass><CreationDate>2025-03-04T08:30:25.000Z</CreationDate>\
         <Invented><By>the sandbox</By></Invented></Bucket>"
    )
}
