//! Calls to services with a Query API: a form goes there, XML comes back.

use serde_json::Value;

use crate::upstreams::ecs::provider::answer::{Fields, decode_xml};
use crate::upstreams::ecs::provider::call::{Call, Unsigned};
use crate::upstreams::ecs::provider::codes::{Codes, Kind, ProviderError};
use crate::upstreams::ecs::provider::sign::encode_parameters;
use crate::upstreams::ecs::regions::Region;

/// Vendor's tables of common, EC2, RDS, `ElastiCache` and S3 error codes.
pub const CODES: Codes = Codes(&[
    (
        Kind::KeyRejected,
        &[
            "InvalidClientTokenId",
            "UnrecognizedClient*",
            "SignatureDoesNotMatch",
            "IncompleteSignature*",
            "InvalidSignature*",
            "MissingAuthenticationToken*",
            "InvalidAccessKeyId*",
            "InvalidToken",
            "ExpiredToken*",
        ],
    ),
    // What EC2 says of a wrong key, and of a right one in a region where it is not valid.
    (Kind::KeyDoubted, &["AuthFailure"]),
    (
        Kind::NotPermitted,
        &[
            "UnauthorizedOperation",
            "AccessDenied*",
            "OptInRequired",
            "AccountProblem",
            "AllAccessDisabled",
            "NotSignedUp",
        ],
    ),
    (Kind::ClockOff, &["RequestExpired", "RequestTimeTooSkewed"]),
    (
        Kind::Throttled,
        &[
            "RequestLimitExceeded",
            "EC2ThrottledException",
            "Throttling*",
            "ThrottledException",
            "RequestThrottled*",
            "SlowDown",
            "TooManyRequestsException",
            "BandwidthLimitExceeded",
            "PriorRequestNotComplete",
        ],
    ),
    (Kind::Server, &["InternalError", "InternalFailure", "Unavailable", "ServiceUnavailable", "RequestTimeout*"]),
    (
        Kind::UnknownInstance,
        &["InvalidInstanceID.NotFound", "DBInstanceNotFound*", "*CacheCluster*NotFound*", "NoSuchBucket"],
    ),
]);

/// A call to any service with a Query API.
pub fn query_call<T: 'static>(
    service: &'static str,
    version: &'static str,
    action: &'static str,
    region: &Region,
    mut parameters: Vec<(String, String)>,
    read: impl Fn(Result<Value, ProviderError>) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    parameters
        .extend([("Action", action), ("Version", version)].map(|(name, value)| (name.to_owned(), value.to_owned())));
    let unsigned = Unsigned {
        service,
        action,
        version,
        region: region.to_string(),
        content_type: Some("application/x-www-form-urlencoded; charset=utf-8"),
        body: encode_parameters(&parameters),
        ..Unsigned::default()
    };
    Call::new(unsigned, move |status, body| read(decode_xml(&CODES, action, status, body)))
}

/// The elements of a list that is there even when it is empty; one alone is no list.
pub fn parse_set<'a>(result: &'a Value, set: &str, name: &str) -> Result<Vec<&'a Value>, ProviderError> {
    if result.get(set).is_none() {
        return Err(ProviderError::unreadable(format!("the answer has no list `{set}`")));
    }
    let members = Fields(result).members(set, name).map_err(ProviderError::unreadable)?;
    Ok(members.into_iter().map(|member| member.0).collect())
}
