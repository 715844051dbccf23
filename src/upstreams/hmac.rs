//! SHA-256 and HMAC-SHA256, for every upstream that signs.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::text::hex;

/// Hex SHA-256.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// HMAC-SHA256.
pub fn hmac_sha256(key: &[u8], message: impl AsRef<[u8]>) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length fits");
    mac.update(message.as_ref());
    mac.finalize().into_bytes().into()
}
