//! The credentials and the signature that a target wants in a request.

use axum::http::HeaderMap;

use crate::sandbox::ecs::signature::{hex, hmac};

/// The credentials a target wants; without any it accepts every request.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    pub bearer: Option<String>,
    pub basic: Option<(String, String)>,
    /// The key of the signature over timestamp and body.
    pub signing: Option<String>,
}

impl Proof {
    /// What is wrong with the request.
    pub fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), &'static str> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Some(bearer) = &self.bearer
            && header("authorization") != format!("Bearer {bearer}")
        {
            return Err("the bearer token is wrong");
        }
        if let Some((name, password)) = &self.basic
            && header("authorization") != format!("Basic {}", base64(format!("{name}:{password}").as_bytes()))
        {
            return Err("name or password is wrong");
        }
        if let Some(key) = &self.signing {
            let timestamp = header("x-sync-timestamp");
            if timestamp.is_empty() {
                return Err("the timestamp is missing");
            }
            if header("x-sync-signature") != Self::sign(key, timestamp, body) {
                return Err("the signature is wrong");
            }
        }
        Ok(())
    }

    /// The signature's header over timestamp and body.
    pub fn sign(key: &str, timestamp: &str, body: &[u8]) -> String {
        let signed = format!("{timestamp}.{}", String::from_utf8_lossy(body));
        format!("sha256={}", hex(&hmac(key.as_bytes(), &signed)))
    }
}

/// With the standard alphabet and padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let index = (bits >> (18 - 6 * at)) & 63;
            let is_padding = at > chunk.len();
            text.push(if is_padding { '=' } else { char::from(ALPHABET[index as usize]) });
        }
    }
    text
}
