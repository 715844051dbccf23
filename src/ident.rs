//! Names that nothing else has.

use std::fmt::Write as _;

use rustix::rand::{GetRandomFlags, getrandom};

use crate::clock::Clock;

/// 128 random bits in hexadecimal, as in a W3C trace context.
pub fn random_hex() -> String {
    let mut bytes = [0; 16];
    // Without the kernel's randomness the time of day has to do: such a name only has to be told apart.
    if getrandom(&mut bytes, GetRandomFlags::empty()).is_err() {
        bytes = Clock::system().now().as_nanosecond().to_le_bytes();
    }
    bytes.iter().fold(String::with_capacity(32), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
