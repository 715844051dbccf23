//! A value that is never shown: no `Display`, no `Serialize`, `***` in `Debug`, scrubbed from every sink.

use std::borrow::Cow;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};

/// What replaces a secret.
pub const MASK: &str = "***";

/// Shorter values are not scrubbed from text: they would eat ordinary words.
const MIN_SCRUBBED_BYTES: usize = 4;

/// Every secret this process has seen, in the forms it could appear in.
static KNOWN: RwLock<Vec<SecretString>> = RwLock::new(Vec::new());

/// A credential. Making one also makes [`scrub`] hide it from then on.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the value over and remembers it for [`scrub`].
    pub fn new(value: String) -> Self {
        remember(&value);
        Self(SecretString::from(value))
    }

    /// The value itself, only for the place that sends or signs with it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// The text with every known secret replaced by [`MASK`]. Every sink (terminal, log, database text, notification)
/// passes its text through here.
pub fn scrub(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut scrubbed = Cow::Borrowed(text);
    for secret in known.iter() {
        if scrubbed.contains(secret.expose_secret()) {
            scrubbed = Cow::Owned(scrubbed.replace(secret.expose_secret(), MASK));
        }
    }
    scrubbed
}

fn remember(value: &str) {
    if value.len() < MIN_SCRUBBED_BYTES {
        return;
    }
    let in_query: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let in_json = serde_json::to_string(value).unwrap_or_default();
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    for form in [value, in_query.as_str(), in_json.trim_matches('"')] {
        if known.iter().all(|secret| secret.expose_secret() != form) {
            known.push(SecretString::from(form));
        }
    }
    // A secret that contains another must go first, or its rest would stay.
    known.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
}

#[cfg(test)]
mod tests {
    use super::{Secret, scrub};

    #[test]
    fn a_secret_is_hidden_in_debug_and_in_any_text_whatever_its_form() {
        let secret = Secret::new("s3cr&t \"key".to_owned());
        let longer = Secret::new("s3cr&t \"key-2".to_owned());
        assert_eq!(format!("{secret:?} {longer:?}"), "*** ***");
        assert_eq!(scrub("token=s3cr&t \"key!"), "token=***!");
        assert_eq!(scrub("?token=s3cr%26t+%22key-2&x"), "?token=***&x");
        assert_eq!(scrub(r#"{"token":"s3cr&t \"key"}"#), r#"{"token":"***"}"#);
        assert_eq!(secret.expose(), "s3cr&t \"key");
    }

    #[test]
    fn a_value_too_short_to_be_recognised_leaves_text_alone() {
        let _short = Secret::new("a".to_owned());
        assert_eq!(scrub("a banana"), "a banana");
    }
}
