//! Calls to the vendor's services: the host and the version distinguish them.

use serde_json::Value;

use crate::upstreams::ecs::provider::answer::decode_json;
use crate::upstreams::ecs::provider::call::{Call, PageToken, Unsigned};
use crate::upstreams::ecs::provider::codes::{Codes, Kind, ProviderError};
use crate::upstreams::ecs::provider::sign::encode_parameters;
use crate::upstreams::ecs::regions::Region;

/// Vendor's tables of common, ECS, RDS, Redis and OSS error codes; two are misspelt there.
pub const CODES: Codes = Codes(&[
    (
        Kind::KeyRejected,
        &[
            "InvalidAccessKeyId*",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
            "InvalidSecurityToken*",
            "SecurityTokenExpired",
        ],
    ),
    (
        Kind::NotPermitted,
        &[
            "Forbidden*",
            "Forbedden*",
            "Forbbiden*",
            "NoPermission*",
            "ActionUnauthorized",
            "AccessDenied*",
            "UserDisable",
            "InDebt*",
            "InsufficientBalance",
        ],
    ),
    (Kind::ClockOff, &["InvalidTimeStamp*", "IllegalTimestamp", "RequestTimeTooSkewed"]),
    (Kind::Throttled, &["Throttling*", "QpsLimitExceeded", "SlowDown"]),
    // A nonce seen before is cured by the next try's own.
    (Kind::Server, &["InternalError", "UnknownError", "ServiceUnavailable", "SignatureNonceUsed"]),
    (
        Kind::UnknownInstance,
        &[
            "InvalidInstanceId.NotFound",
            "InvalidDBInstance*.NotFound",
            "Forbidden.*Instance*NotFound",
            "Forbidden.*ClusterNotFound",
            "NoSuchBucket",
        ],
    ),
    (Kind::Region, &["InvalidRegionId*"]),
    (Kind::Bad, &["Forbidden.*NotFound"]),
]);

/// A call for that region, whatever the host is.
pub fn rpc_call<T: 'static>(
    version: &'static str,
    action: &'static str,
    region: &Region,
    mut parameters: Vec<(String, String)>,
    read: impl Fn(Result<Value, ProviderError>) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    parameters.push(("RegionId".to_owned(), region.to_string()));
    let unsigned = Unsigned {
        service: "ecs",
        action,
        version,
        region: region.to_string(),
        query: encode_parameters(&parameters),
        ..Unsigned::default()
    };
    Call::new(unsigned, move |status, body| read(decode_json(&CODES, status, body)))
}

/// The parameters, and where the listing goes on.
pub fn paged(parameters: &[(&str, &str)], page: Option<&PageToken>) -> Vec<(String, String)> {
    let token = page.map(|PageToken(token)| ("NextToken", token.as_str()));
    let all = parameters.iter().copied().chain(token);
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
