//! Calls to the vendor's services, and their listings by offsets.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde_json::Value;

use crate::upstreams::ecs::provider::answer::{Fields, read_rows, required_rows};
use crate::upstreams::ecs::provider::call::{Page, PageToken, Unsigned};
use crate::upstreams::ecs::provider::codes::{Codes, Kind, ProviderError};
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::mirror::Signs;

/// Vendor's tables of common, CVM, CDB, Redis and COS error codes. What `InternalError` is made of may be a permission or a
/// parameter, which no retry changes.
pub const CODES: Codes = Codes(&[
    (
        Kind::KeyRejected,
        &["InvalidAccessKeyId*", "SignatureDoesNotMatch", "InvalidSecurityToken*", "ExpiredToken*", "InvalidToken*"],
    ),
    (Kind::KeyDoubted, &["AuthFailure*"]),
    (
        Kind::NotPermitted,
        &[
            "UnauthorizedOperation*",
            "AuthFailure.UnauthorizedOperation",
            "AuthFailure.SubAccountDenied",
            "InternalError.*Auth*",
            "InternalError.Cauth*",
            "InternalError.Unauthorized*",
            "InternalError.*Permission*",
            "InvalidParameter.PermissionDenied",
            "InvalidPermission",
            "AccessDenied*",
        ],
    ),
    (
        Kind::ClockOff,
        &["AuthFailure.SignatureExpire", "RequestIsExpired", "RequestTimeTooSkewed", "AccessForbidden.RequestTime*"],
    ),
    (Kind::Throttled, &["RequestLimitExceeded*", "SlowDown"]),
    (Kind::Server, &["InternalError*", "InternalServerError", "ServiceUnavailable*", "FailedOperation.SystemError"]),
    (Kind::UnknownInstance, &["InvalidInstanceId.NotFound", "InternalError.InstanceNotFoundError", "NoSuchBucket"]),
    (Kind::Region, &["UnsupportedRegion*", "InvalidRegion*"]),
    (Kind::Bad, &["InternalError.Param*"]),
]);

/// A call of CVM; other services name themselves and their version.
pub fn unsigned(action: &'static str, region: Option<&Region>, payload: &Value) -> Unsigned {
    Unsigned {
        service: "cvm",
        action,
        version: "2017-03-12",
        region: region.map(ToString::to_string).unwrap_or_default(),
        content_type: Some("application/json; charset=utf-8"),
        body: payload.to_string(),
        ..Unsigned::default()
    }
}

/// Where a listing's rows are, and which member identifies one.
#[derive(Clone, Copy)]
pub struct Listed {
    pub set: &'static str,
    pub id: &'static str,
}

/// A page of a listing by offsets, which ends at its total.
pub fn read_offset_page<T>(
    document: &Value,
    offset: u64,
    listed: Listed,
    read: impl Fn(Fields<'_>) -> Result<T, String>,
) -> Result<Page<T>, ProviderError> {
    let total = document
        .pointer("/Response/TotalCount")
        .and_then(Value::as_u64)
        .ok_or_else(|| ProviderError::unreadable("the answer has no number `Response.TotalCount`"))?;
    let rows = match document.pointer(listed.set) {
        Some(Value::Null) if total == 0 => &[][..],
        Some(_) | None => required_rows(document, listed.set)?,
    };
    let reached = offset + rows.len() as u64;
    // A page without rows before the end would be requested for ever.
    let next = (!rows.is_empty() && reached < total).then(|| PageToken(reached.to_string()));
    let signs = document.get("Response").and_then(Value::as_object).map(Signs::of).unwrap_or_default();
    Ok(Page { rows: read_rows(rows, listed.id, read), next: next.map(Some), total: Some(total), signs })
}

/// A local time of Beijing without its zone; zeros stand for none.
pub fn beijing_time(row: Fields<'_>, path: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y-%m-%d %H:%M:%S", row.text(path).ok()??).ok()?;
    Some(time.to_zoned(TimeZone::fixed(Offset::constant(8))).ok()?.timestamp())
}
