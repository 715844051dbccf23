//! A few words of a body, fit for an error message.

use crate::secret::scrub;
use crate::text::safe;

/// The bytes that are looked at: enough for the words we show, whatever white space is between them.
pub(super) const WINDOW_BYTES: usize = 4096;

/// The characters that are shown at most.
const SHOWN_CHARS: usize = 200;

/// The beginning of a body as one line without secrets and control characters; `None` where it is not text.
pub(super) fn excerpt(body: &[u8]) -> Option<String> {
    let window = &body[..body.len().min(WINDOW_BYTES)];
    let text = match std::str::from_utf8(window) {
        Ok(text) => text,
        // Cut within a character, by the window or by the sender: what comes before it is text.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&window[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let line = shorten(text.split_whitespace().collect::<Vec<_>>().join(" ").as_str());
    (!line.is_empty()).then_some(line)
}

/// Foreign text without secrets and control characters, cut to what a message can hold.
pub(super) fn shorten(text: &str) -> String {
    // Scrubbed before it is cut: half a secret would not be recognised.
    let scrubbed = scrub(text);
    let shown = safe(&scrubbed);
    match shown.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{excerpt, shorten};
    use crate::secret::Secret;

    fn check(body: &[u8], expected: Option<&str>) {
        assert_eq!(excerpt(body).as_deref(), expected);
    }

    #[test]
    fn text_becomes_one_harmless_line() {
        check(b"<html>\n  <b>no\x1b[31m</b>\n", Some("<html> <b>no\\u{1b}[31m</b>"));
        check("请求过于频繁".as_bytes(), Some("请求过于频繁"));
    }

    #[test]
    fn what_is_no_text_is_not_shown() {
        check(b"\xff\xfe{\0}\0", None);
        check(b"", None);
        check(b" \n ", None);
    }

    #[test]
    fn a_character_cut_in_half_is_left_out() {
        check(&"好的".as_bytes()[..5], Some("好"));
    }

    #[test]
    fn long_text_is_cut_and_a_secret_at_the_cut_is_hidden_whole() {
        assert_eq!(shorten(&"x".repeat(500)), format!("{}…", "x".repeat(200)));
        let _secret = Secret::new("excerpt-canary-4711".to_owned());
        let text = format!("{}excerpt-canary-4711 tail", "y".repeat(190));
        assert_eq!(shorten(&text), format!("{}*** tail", "y".repeat(190)));
    }
}
