use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{Decoder, Fault};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// The decoded body, where it comes in pieces of `size` bytes.
fn decode(coding: &str, body: &[u8], size: usize) -> Result<Vec<u8>, Fault> {
    let mut decoder = Decoder::new(coding).expect("an accepted coding");
    let mut body_bytes = Vec::new();
    for piece in body.chunks(size) {
        decoder.push(Bytes::copy_from_slice(piece));
        while let Some(bytes) = decoder.decode()? {
            body_bytes.extend_from_slice(&bytes);
        }
    }
    body_bytes.extend_from_slice(&decoder.finish()?);
    Ok(body_bytes)
}

fn check(coding: &str, body: &[u8], expected: Result<&[u8], &str>) {
    for size in [1, 7, usize::MAX >> 1] {
        let found = decode(coding, body, size).map_err(|fault| match fault {
            Fault::Truncated => "truncated",
            Fault::Invalid(_) => "invalid",
        });
        assert_eq!(found.as_deref(), expected.as_ref().map(|body| *body), "{coding} in pieces of {size}");
    }
}

#[test]
fn coding_is_found_by_any_of_its_names() {
    for coding in ["gzip", "GZIP", "x-gzip", " X-Gzip ", "identity, gzip", "utf-8,gzip"] {
        check(coding, &gzip(b"body"), Ok(b"body"));
    }
    check("Deflate", &zlib(b"body"), Ok(b"body"));
    check("deflate", &raw_deflate(b"body"), Ok(b"body"));
    for coding in ["", "identity", "UTF-8"] {
        check(coding, b"body", Ok(b"body"));
    }
    for coding in ["br", "zstd", "gzip, br", "gzip, gzip", "x-compress"] {
        assert!(Decoder::new(coding).is_none(), "{coding}");
    }
}

#[test]
fn all_members_are_read_and_padding_is_ignored() {
    let members = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
    check("gzip", &members, Ok(b"one two"));
    check("gzip", &[members.as_slice(), &[0; 512]].concat(), Ok(b"one two"));
    check("deflate", &[zlib(b"one").as_slice(), b"more"].concat(), Ok(b"one"));
}

#[test]
fn damage_in_any_member_is_an_error() {
    let (first, mut second) = (gzip(b"one"), gzip(b"two"));
    let checksum = second.len() - 8;
    second[checksum] ^= 1;
    check("gzip", &[first.as_slice(), &second].concat(), Err("invalid"));
    check("gzip", &[second.as_slice(), &first].concat(), Err("invalid"));
    check("gzip", &[first.as_slice(), b"\x1fmore than a header"].concat(), Err("invalid"));
    check("gzip", b"plain text, no gzip", Err("invalid"));
    check("deflate", b"plain text, no zlib", Err("invalid"));
}

#[test]
fn small_input_never_becomes_large_output_at_once() {
    let mut decoder = Decoder::new("gzip").unwrap();
    decoder.push(gzip(&vec![b' '; 64 << 20]).into());
    let mut total = 0;
    while let Some(bytes) = decoder.decode().unwrap() {
        assert!(bytes.len() <= 5 << 20, "{}", bytes.len());
        total += bytes.len();
    }
    assert_eq!(total + decoder.finish().unwrap().len(), 64 << 20);
}

proptest! {
    #[test]
    fn members_in_pieces_give_the_bodies(bodies in vec(vec(any::<u8>(), 0..3_000), 1..4), size in 1_usize..5_000) {
        let coded: Vec<u8> = bodies.iter().flat_map(|body| gzip(body)).collect();
        prop_assert_eq!(decode("gzip", &coded, size).unwrap(), bodies.concat());
        prop_assert_eq!(decode("deflate", &zlib(&bodies.concat()), size).unwrap(), bodies.concat());
    }

    #[test]
    fn cut_within_a_member_is_noticed(body in vec(any::<u8>(), 0..300), cut in any::<proptest::sample::Index>(), size in 1_usize..400) {
        for (coding, coded, whole) in
            [("gzip", gzip(&body), 0), ("gzip", [gzip(b"first"), gzip(&body)].concat(), gzip(b"first").len()), ("deflate", zlib(&body), 0)]
        {
            let end = whole + 1 + cut.index(coded.len() - whole - 1);
            let found = decode(coding, &coded[..end], size);
            prop_assert!(matches!(found, Err(Fault::Truncated)), "{}: {:?}", coding, found);
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in vec(any::<u8>(), 0..500), flip in any::<proptest::sample::Index>(), size in 1_usize..100) {
        let mut damaged = gzip(&bytes);
        let position = flip.index(damaged.len());
        damaged[position] ^= 0x55;
        for body in [&bytes, &damaged] {
            let _ = decode("gzip", body, size);
            let _ = decode("deflate", body, size);
        }
    }
}
