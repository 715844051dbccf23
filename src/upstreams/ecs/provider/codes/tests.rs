//! Refusals of every shape.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Codes, Kind, MAX_MESSAGE_CHARS, ProviderError};
use crate::error::Class;
use crate::http::{Retry, Retryable};
use crate::upstreams::ecs::provider::call::tests::credential;

const CODES: Codes = Codes(&[
    (Kind::KeyRejected, &["SignatureDoesNotMatch"]),
    (Kind::NotPermitted, &["Forbidden*"]),
    (Kind::ClockOff, &["RequestExpired"]),
    (Kind::Throttled, &["Throttling*"]),
    (Kind::Server, &["InternalError"]),
    (Kind::UnknownInstance, &["InvalidInstanceId.NotFound", "Forbidden.Instance*NotFound"]),
    (Kind::Region, &["InvalidParameter*"]),
    (Kind::Bad, &["Forbidden.*NotFound"]),
    (Kind::Server, &["Inner.*Lock*Error"]),
    (Kind::NotPermitted, &["418"]),
]);

fn check(status: u16, body: &str, kind: Kind, message: &str) {
    let error = ProviderError::refused(&CODES, status, body.as_bytes());
    assert_eq!((error.kind, error.to_string().as_str()), (kind, message), "{body}");
}

#[test]
fn the_code_is_found_whatever_surrounds_it() {
    let expected = "`Throttling.User`: slow down (request `r-1`)";
    for body in [
        r#"{"Code":"Throttling.User","Message":"slow down","RequestId":"r-1"}"#,
        "\u{feff}\n{\"RequestId\":\"r-1\",\"Code\":\"Throttling.User\",\"Message\":\"slow down\"}",
        r#"{"Response":{"Error":{"Code":"Throttling.User","Message":"slow down"},"RequestId":"r-1"}}"#,
        r#"{"__type":"com.amazon#Throttling.User","message":"slow down","requestId":"r-1"}"#,
        r#"{"error_code":"Throttling.User","error_msg":"slow down","request_id":"r-1"}"#,
        r#"{"errorCode":"Throttling.User","errorMsg":"slow down","requestId":"r-1"}"#,
        r#"{"itemNotFound":{"code":"Throttling.User","message":"slow down"},"request_id":"r-1"}"#,
        r#"{"ResponseMetadata":{"RequestId":"r-1","Error":{"Code":"Throttling.User","CodeN":7,"Message":"slow down"}}}"#,
        "<Error><RequestId>r-1</RequestId><Code>Throttling.User</Code><Message>slow down</Message></Error>",
        "<?xml version='1.0'?><Response><Errors><Error><Code>Throttling.User</Code><Message>slow down</Message>\
         </Error></Errors><RequestID>r-1</RequestID></Response>",
        "<n:ErrorResponse xmlns:n='u'><n:Error><n:Type>Sender</n:Type><n:Code>Throttling.User</n:Code>\
         <n:Message>slow down</n:Message></n:Error><n:RequestId>r-1</n:RequestId></n:ErrorResponse>",
    ] {
        check(400, body, Kind::Throttled, expected);
    }
}

#[test]
fn the_text_of_the_code_decides_and_not_the_status() {
    check(500, r#"{"Code":"Forbidden.RAM"}"#, Kind::NotPermitted, "`Forbidden.RAM`");
    check(403, r#"{"Code":"Throttling"}"#, Kind::Throttled, "`Throttling`");
    check(400, r#"{"Code":"InternalError"}"#, Kind::Server, "`InternalError`");
    check(404, r#"{"Code":"InvalidInstanceId.NotFound"}"#, Kind::UnknownInstance, "`InvalidInstanceId.NotFound`");
    check(400, r#"{"Code":"InvalidParameter.RegionId"}"#, Kind::Region, "`InvalidParameter.RegionId`");
    check(403, r#"{"Code":"Forbidden.InstanceNotFound"}"#, Kind::UnknownInstance, "`Forbidden.InstanceNotFound`");
    check(403, r#"{"Code":"Forbidden.DiskNotFound"}"#, Kind::Bad, "`Forbidden.DiskNotFound`");
    check(403, r#"{"Code":"OperationDenied"}"#, Kind::Bad, "`OperationDenied`");
    check(400, r#"{"Code":"XForbidden"}"#, Kind::Bad, "`XForbidden`");
    check(503, r#"{"Code":"Whatever"}"#, Kind::Server, "`Whatever`");
    check(400, r#"{"Code":"Inner.TableLockWaitError"}"#, Kind::Server, "`Inner.TableLockWaitError`");
    check(400, r#"{"Code":"Inner.Lock"}"#, Kind::Bad, "`Inner.Lock`");
    check(418, r#"{"Code":"Whatever"}"#, Kind::NotPermitted, "`Whatever`");
    check(418, r#"{"Code":"Throttling"}"#, Kind::Throttled, "`Throttling`");
}

#[test]
fn without_a_code_the_status_decides() {
    for (status, kind) in [
        (200, Kind::Bad),
        (302, Kind::Bad),
        (400, Kind::Bad),
        (401, Kind::KeyDoubted),
        (403, Kind::KeyDoubted),
        (404, Kind::Bad),
        (408, Kind::Server),
        (429, Kind::Throttled),
        (500, Kind::Server),
        (502, Kind::Server),
        (504, Kind::Server),
    ] {
        for body in ["", "<html><body>Bad gateway</body>", "{\"a\":", "oops", "{\"Code\":7}", "[]"] {
            check(status, body, kind, &format!("HTTP status {status} without a readable error code"));
        }
    }
}

#[test]
fn a_rejected_signature_does_not_repeat_the_request() {
    let _known = credential("LTAI5tExample77", "key-5f1c77", None);
    let echo = "LTAI5tExample77 server string to sign is: POST&%2F&AccessKeyId";
    let expected = "`SignatureDoesNotMatch`: the access key's secret does not belong to its id (request `r-1`)";
    check(
        400,
        &format!(r#"{{"Code":"SignatureDoesNotMatch","Message":"{echo}","RequestId":"r-1"}}"#),
        Kind::KeyRejected,
        expected,
    );
    check(400, r#"{"Code":"Forbidden","Message":"key LTAI5tExample77"}"#, Kind::NotPermitted, "`Forbidden`: key ***");
}

#[test]
fn long_messages_are_cut_between_characters() {
    let expected = format!("`InternalError`: {}…", "名".repeat(MAX_MESSAGE_CHARS));
    let message = "名".repeat(MAX_MESSAGE_CHARS + 1);
    check(500, &format!(r#"{{"Code":"InternalError","Message":"{message}"}}"#), Kind::Server, &expected);
}

#[test]
fn kinds_become_classes_and_say_when_to_try_again() {
    let wait = Some(Duration::from_millis(1500));
    for (code, class, retry) in [
        ("Forbidden", Class::Auth, Retry::Never),
        ("Throttling", Class::Unavailable, Retry::Throttled(wait)),
        ("InternalError", Class::Unavailable, Retry::After(Duration::from_millis(1500))),
        ("InvalidParameter", Class::Contract, Retry::Never),
        ("Other", Class::Contract, Retry::Never),
    ] {
        let body = format!(r#"{{"Code":"{code}"}}"#);
        let error = ProviderError::refused(&CODES, 400, body.as_bytes()).with_wait(wait);
        assert_eq!(error.retry(), retry);
        let error = error.into_error("cannot list instances".to_owned());
        assert_eq!((error.class(), error.retry()), (class, retry), "{code}");
        assert_eq!(error.to_string(), format!("cannot list instances: `{code}`"));
    }
    let plain = ProviderError::refused(&CODES, 429, b"");
    assert_eq!(plain.retry(), Retry::Throttled(None));
}

#[test]
fn a_clock_that_is_off_is_named_with_its_offset_and_never_the_credential() {
    let refuse = |code: &str, minutes: Option<i64>| {
        let body = format!(r#"{{"Code":"{code}","Message":"no"}}"#);
        let refused = ProviderError::refused(&CODES, 403, body.as_bytes());
        refused.with_clock(minutes.map(SignedDuration::from_mins)).into_error("cannot list".to_owned())
    };
    for (code, minutes, expected) in [
        ("RequestExpired", Some(30), "this machine's clock is 30m ahead of the provider's (`RequestExpired`)"),
        (
            "SignatureDoesNotMatch",
            Some(-6),
            "this machine's clock is 6m behind the provider's (`SignatureDoesNotMatch`)",
        ),
        ("RequestExpired", None, "this machine's clock is not the provider's (`RequestExpired`)"),
    ] {
        let error = refuse(code, minutes);
        assert_eq!((error.class(), error.to_string()), (Class::Auth, format!("cannot list: {expected}")));
        assert!(error.hint().contains("clock"), "{}", error.hint());
    }
    for (code, minutes) in [("SignatureDoesNotMatch", 5), ("Forbidden", -5), ("InternalError", 30)] {
        let message = refuse(code, Some(minutes)).to_string();
        assert!(message.contains(code) && !message.contains("clock"), "{message}");
    }
}
