//! What a page may hold, so that reading it ends soon whatever was sent.
//!
//! The parser's time grows with the square of two things: how deep tags nest, and how many attributes one tag has. At
//! the limits it is about a second; a few times beyond them it is minutes. Film pages have about 130 kB, 2,200 tags and
//! 13,000 places where an attribute could begin.

use crate::upstreams::douban::parsed::Unreadable;

const MAX_BYTES: usize = 512 * 1024;
const MAX_TAGS: usize = 10_000;
const MAX_ATTRIBUTES: usize = 50_000;

/// Refuses a page that could take long to read.
pub fn check(body: &[u8]) -> Result<(), Unreadable> {
    let refused = |what: &str, limit: usize| Err(Unreadable(format!("a page of more than {limit} {what}")));
    if body.len() > MAX_BYTES {
        refused("bytes", MAX_BYTES)
    } else if memchr::memchr_iter(b'<', body).count() > MAX_TAGS {
        refused("tags", MAX_TAGS)
    } else if attribute_bound(body) > MAX_ATTRIBUTES {
        refused("attributes", MAX_ATTRIBUTES)
    } else {
        Ok(())
    }
}

/// Whether the page ends before its end: without the end tag of its body, inside of a block.
pub fn is_cut(body: &[u8]) -> bool {
    let count = |tag: &[u8]| {
        memchr::memchr_iter(b'<', body)
            .filter(|at| body[*at..].get(..tag.len()).is_some_and(|name| name.eq_ignore_ascii_case(tag)))
            .count()
    };
    count(b"</body") + count(b"</html") == 0 && count(b"<div") > count(b"</div")
}

/// No more attributes than this: each begins behind white space, a slash or a quote.
fn attribute_bound(body: &[u8]) -> usize {
    let is_gap = |byte: u8| byte.is_ascii_whitespace() || byte == b'/';
    let is_quote = |byte: u8| byte == b'"' || byte == b'\'';
    let before = std::iter::once(b' ').chain(body.iter().copied());
    body.iter().zip(before).filter(|&(&byte, before)| is_quote(byte) || (is_gap(byte) && !is_gap(before))).count()
}

#[cfg(test)]
mod tests {
    use super::{attribute_bound, check, is_cut};

    fn check_refused(filler: &str, count: usize, is_refused: bool) {
        let page = format!("<h1>{}", filler.repeat(count));
        assert_eq!(check(page.as_bytes()).is_err(), is_refused, "{count} × {filler}");
    }

    #[test]
    fn only_a_page_far_larger_than_any_film_s_is_refused() {
        for (filler, most) in [("x", 512 * 1024 - 4), ("<b>", 9_999), (" a", 50_000), ("/a", 50_000), ("'", 50_000)] {
            check_refused(filler, most, false);
            check_refused(filler, most + 1, true);
        }
        check_refused(" \n\t", 170_000, false);
    }

    #[test]
    fn a_page_without_its_end_is_cut() {
        for (page, expected) in [
            ("<body><div id=info>a</div></body></html>", false),
            ("<DIV id=info>a</DIV>", false),
            ("<body><div id=info>a", true),
            ("<div><div id=info>a</div><div>b</div", true),
            ("<div id=info>a</BODY>", false),
        ] {
            assert_eq!(is_cut(page.as_bytes()), expected, "{page}");
        }
    }

    #[test]
    fn no_attribute_escapes_the_count() {
        for (tag, attributes) in [("<a b c=1 d='2'e=\"3\"/f>", 5), ("<a\tb\u{c}c\r\nd//e / f>", 5), ("<a>", 0)] {
            assert!(attribute_bound(tag.as_bytes()) >= attributes, "{tag}");
        }
    }
}
