//! Whether a body came whole, where the connection does not prove it.
//!
//! A body without a length ends where its connection does, and an HTTP/2 stream that the server resets with `NO_ERROR`
//! looks like one that ended. Then the document must say by itself that it is complete.

/// Follows the nesting of a JSON document. What is no JSON object or list passes unjudged.
#[derive(Debug, Default)]
pub(super) struct Ending {
    state: State,
    depth: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Before,
    Outside,
    InString,
    Escaped,
    Unknown,
}

impl Ending {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Unknown, _) => return,
                // The byte order mark may come first.
                (State::Before, b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf) => State::Before,
                (State::Before | State::Outside, b'{' | b'[') => {
                    self.depth += 1;
                    State::Outside
                }
                (State::Before, _) => State::Unknown,
                (State::Outside, b'}' | b']') => {
                    self.depth = self.depth.saturating_sub(1);
                    State::Outside
                }
                (State::Outside, b'"') | (State::Escaped, _) => State::InString,
                (State::InString, b'\\') => State::Escaped,
                (State::InString, b'"') => State::Outside,
                (state, _) => state,
            };
        }
    }

    /// Whether the document ended before its last bracket was closed.
    pub(super) const fn is_cut(&self) -> bool {
        self.depth > 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::Ending;

    fn is_cut(text: &[u8]) -> bool {
        let mut ending = Ending::default();
        ending.push(text);
        ending.is_cut()
    }

    #[test]
    fn only_an_open_document_is_cut() {
        for whole in ["", " ", "{}", "\u{feff}[{\"a\": \"}\\\"]\"}] \n", "<html>", "null", "oops {", "]"] {
            assert!(!is_cut(whole.as_bytes()), "{whole}");
        }
        for cut in ["{", "[{}", "\u{feff} {\"a\": \"}\\\"]", "{\"a\": \"\\"] {
            assert!(is_cut(cut.as_bytes()), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn every_cut_of_a_document_is_noticed(keys in proptest::collection::vec(any::<String>(), 0..5), cut in any::<proptest::sample::Index>()) {
            let rows: Vec<_> = keys.iter().map(|key| serde_json::json!({ key: [key, 1, null] })).collect();
            let text = serde_json::json!({ "data": rows }).to_string();
            prop_assert!(!is_cut(text.as_bytes()));
            prop_assert!(is_cut(&text.as_bytes()[..=cut.index(text.len() - 1)]));
        }
    }
}
