//! Compressed bodies, whole and broken.

use std::io::Write;
use std::sync::LazyLock;

use flate2::write::GzEncoder;
use flate2::{Compress, Compression, FlushCompress};

/// A gzip member's head without a name or a time.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The body, compressed.
pub fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// The body, compressed, with one bit of its checksum turned.
pub fn gzip_with_bad_checksum(body: &[u8]) -> Vec<u8> {
    let mut bytes = gzip(body);
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    bytes
}

/// The body, compressed, without its last bytes.
pub fn truncated_gzip(body: &[u8]) -> Vec<u8> {
    let mut bytes = gzip(body);
    bytes.truncate(bytes.len() - 10);
    bytes
}

/// What a bomb begins with, and a few bytes that make 64 KiB of blanks each time they are repeated.
pub static BOMB: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let mut block = Vec::with_capacity(1 << 12);
    let blanks = vec![b' '; 1 << 16];
    // A full flush ends on a byte and refers to nothing before it, so the block may stand any number of times.
    let done = Compress::new(Compression::default(), false).compress_vec(&blanks, &mut block, FlushCompress::Full);
    assert!(done.is_ok() && block.len() < 1 << 10, "a block of blanks must be small");
    (GZIP_HEAD.to_vec(), block)
});
