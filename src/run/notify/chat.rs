//! Messages in the form of chat robots, and what their responses mean.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::error::Error;
use crate::config::NotifyKind;
use crate::secret::Secret;
use crate::upstreams::hmac::hmac_sha256;

/// Their responses are a few dozen bytes.
pub const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// A message, signed where the robot wants it.
pub struct Message {
    /// More of the query, encoded.
    pub query: String,
    pub body: String,
}

impl Message {
    pub fn new(kind: NotifyKind, text: &str, secret: Option<&Secret>, now: Timestamp) -> Self {
        let secret = secret.map(Secret::expose);
        match (kind, secret) {
            (NotifyKind::Slack, _) => Self { query: String::new(), body: json!({"text": text}).to_string() },
            (NotifyKind::Feishu, secret) => {
                let mut body = json!({"msg_type": "text", "content": {"text": text}});
                if let Some(secret) = secret {
                    let timestamp = now.as_second().to_string();
                    body["sign"] = feishu_signature(&timestamp, secret).into();
                    body["timestamp"] = timestamp.into();
                }
                Self { query: String::new(), body: body.to_string() }
            }
            (NotifyKind::Dingtalk, Some(secret)) => {
                let timestamp = now.as_millisecond().to_string();
                let sign = dingtalk_signature(&timestamp, secret);
                let mut query = form_urlencoded::Serializer::new(String::new());
                let query = query.append_pair("timestamp", &timestamp).append_pair("sign", &sign).finish();
                Self { query, body: plain(text) }
            }
            (_, _) => Self { query: String::new(), body: plain(text) },
        }
    }
}

/// Whether the robot took the message: a response of status 200 says so only by its code, or by `ok`.
pub fn check_answer(kind: NotifyKind, answer: &[u8]) -> Result<(), Error> {
    if kind == NotifyKind::Slack {
        return check_slack(answer);
    }
    let is_feishu = kind == NotifyKind::Feishu;
    let keys: &[(&str, &str)] =
        if is_feishu { &[("code", "msg"), ("StatusCode", "StatusMessage")] } else { &[("errcode", "errmsg")] };
    let answer: Value = serde_json::from_slice(answer).map_err(|_| Error::Unconfirmed)?;
    let found = keys.iter().find_map(|(code, reason)| Some((answer[*code].as_i64()?, &answer[*reason])));
    match found {
        Some((0, _)) => Ok(()),
        Some((code, reason)) => Err(Error::Refused { code, reason: reason.as_str().unwrap_or_default().to_owned() }),
        None => Err(Error::Unconfirmed),
    }
}

/// A webhook says `ok`; the API, and what imitates it, says so in JSON.
fn check_slack(answer: &[u8]) -> Result<(), Error> {
    if answer.trim_ascii() == b"ok" {
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(answer).map_err(|_| Error::Unconfirmed)?;
    match (answer["ok"].as_bool(), answer["error"].as_str()) {
        (Some(true), _) => Ok(()),
        (_, Some(reason)) => Err(Error::Rejected(reason.to_owned())),
        (_, None) => Err(Error::Unconfirmed),
    }
}

fn plain(text: &str) -> String {
    json!({"msgtype": "text", "text": {"content": text}}).to_string()
}

fn dingtalk_signature(timestamp: &str, secret: &str) -> String {
    STANDARD.encode(hmac_sha256(secret.as_bytes(), format!("{timestamp}\n{secret}")))
}

/// The text to sign is the key here, and the message is empty.
fn feishu_signature(timestamp: &str, secret: &str) -> String {
    STANDARD.encode(hmac_sha256(format!("{timestamp}\n{secret}").as_bytes(), ""))
}

#[cfg(test)]
mod tests {
    use super::{check_answer, dingtalk_signature, feishu_signature};
    use crate::config::NotifyKind;

    fn check(kind: NotifyKind, answer: &str, expected: &str) {
        let found = check_answer(kind, answer.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(found, expected, "{answer}");
    }

    #[test]
    fn only_code_zero_is_a_message_taken() {
        let unconfirmed = "its response does not confirm the message";
        for kind in [NotifyKind::Dingtalk, NotifyKind::Wecom] {
            check(kind, r#"{"errcode":0,"errmsg":"ok"}"#, "");
            let refused = "it refused the message with code 310000: keywords not in content";
            check(kind, r#"{"errcode":310000,"errmsg":"keywords not in content"}"#, refused);
            check(kind, r#"{"code":0}"#, unconfirmed);
            check(kind, "<html>log in</html>", unconfirmed);
            check(kind, "", unconfirmed);
        }
        check(NotifyKind::Feishu, r#"{"code":0,"msg":"success","data":{}}"#, "");
        check(NotifyKind::Feishu, r#"{"StatusCode":0,"StatusMessage":"success"}"#, "");
        let refused = "it refused the message with code 19021: sign match fail";
        check(NotifyKind::Feishu, r#"{"code":19021,"msg":"sign match fail","StatusCode":0}"#, refused);
        check(NotifyKind::Feishu, r#"{"errcode":0}"#, unconfirmed);
        for taken in ["ok", "ok\n", r#"{"ok":true}"#] {
            check(NotifyKind::Slack, taken, "");
        }
        let refused = "it refused the message: channel_not_found";
        check(NotifyKind::Slack, r#"{"ok":false,"error":"channel_not_found"}"#, refused);
        for odd in ["", "okay", "<html>log in</html>", "{}", r#"{"ok":false}"#, r#"{"ok":"true"}"#] {
            check(NotifyKind::Slack, odd, unconfirmed);
        }
    }

    /// Computed with OpenSSL.
    #[test]
    fn signatures_are_those_of_the_robots() {
        assert_eq!(dingtalk_signature("1577262236757", "SECabc"), "I5TKCOTTj6fad4sJ4q9RsIffw0PAChVQZQGTdtRbNEQ=");
        assert_eq!(feishu_signature("1599360473", "demo"), "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
    }
}
