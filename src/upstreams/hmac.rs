//! Digests and HMACs, for every upstream that signs.

use hmac::{Hmac, KeyInit, Mac};
use sha1_smol::Sha1;
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

/// Hex SHA-1, for a signature that has nothing newer.
pub fn sha1_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha1::from(bytes).digest().bytes())
}

/// HMAC-SHA1 as RFC 2104 has it.
pub fn hmac_sha1(key: &[u8], message: impl AsRef<[u8]>) -> [u8; 20] {
    const BLOCK_BYTES: usize = 64;
    let digest = Sha1::from(key).digest().bytes();
    let key = if key.len() > BLOCK_BYTES { &digest[..] } else { key };
    let padded = |pad: u8| {
        let mut block = [pad; BLOCK_BYTES];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        Sha1::from(block)
    };
    let (mut inner, mut outer) = (padded(0x36), padded(0x5c));
    inner.update(message.as_ref());
    outer.update(&inner.digest().bytes());
    outer.digest().bytes()
}

#[cfg(test)]
mod tests {
    use super::{hex, hmac_sha1};

    /// Test cases 2 and 6 of RFC 2202; the second one's key is longer than a block.
    #[test]
    fn hmac_sha1_is_the_published_one() {
        let short = hmac_sha1(b"Jefe", "what do ya want for nothing?");
        assert_eq!(hex(&short), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        let long = hmac_sha1(&[0xaa; 80], "Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(&long), "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    }
}
