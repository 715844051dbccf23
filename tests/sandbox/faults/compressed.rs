//! Compressed bodies, whole and broken.

use std::io::Write;

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

/// A gzip stream's beginning, and about a kilobyte that makes a megabyte of blanks each time it is repeated.
pub fn bomb() -> (Vec<u8>, Vec<u8>) {
    let mut block = Vec::with_capacity(1 << 16);
    let blanks = vec![b' '; 1 << 20];
    // A full flush ends on a byte and refers to nothing before it, so the block may stand any number of times.
    let done = Compress::new(Compression::best(), false).compress_vec(&blanks, &mut block, FlushCompress::Full);
    assert!(done.is_ok() && block.len() < 1 << 13, "a block of blanks must be small");
    (GZIP_HEAD.to_vec(), block)
}
