//! Unique random names.

use rustix::rand::{GetRandomFlags, getrandom};

use crate::clock::Clock;
use crate::text::hex;

/// 128 random bits in hexadecimal, as in a W3C trace context.
pub fn random_hex() -> String {
    let mut bytes = [0; 16];
    // Without the kernel's randomness the time of day serves: such a name only has to differ from others.
    if getrandom(&mut bytes, GetRandomFlags::empty()).is_err() {
        bytes = Clock::system().now().as_nanosecond().to_le_bytes();
    }
    hex(&bytes)
}
