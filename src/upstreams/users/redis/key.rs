//! Which key of Redis is whose.

use super::error::Error;

/// The place of the user's id.
const PLACEHOLDER: &str = "{user_id}";

/// A key with the user's id in it: `user:{user_id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern {
    before: Box<str>,
    after: Box<str>,
    /// The pattern has a part in braces, by which a cluster chooses the slot.
    has_tag: bool,
}

impl KeyPattern {
    pub fn parse(pattern: &str) -> Result<Self, Error> {
        let invalid = |reason| Error::Key { pattern: pattern.into(), reason };
        let (before, after) = pattern.split_once(PLACEHOLDER).ok_or_else(|| invalid("it must contain `{user_id}`"))?;
        if after.contains(PLACEHOLDER) {
            return Err(invalid("it must contain `{user_id}` only once"));
        }
        let rest = format!("{before}{after}");
        let has_tag = match rest.matches(['{', '}']).count() {
            0 => false,
            2 if [before, after].into_iter().any(has_tag) => true,
            // The key of the version would be in another slot than the key itself.
            _ => return Err(invalid("other braces may only enclose a hash tag, once")),
        };
        Ok(Self { before: before.into(), after: after.into(), has_tag })
    }

    /// The user's key.
    pub fn key(&self, user_id: i64) -> String {
        format!("{}{user_id}{}", self.before, self.after)
    }

    /// Where the version of the user's key is kept: in the same slot of a cluster, and not under the pattern.
    pub(super) fn version_key(&self, user_id: i64) -> String {
        let key = self.key(user_id);
        if self.has_tag { format!("{key}:version") } else { format!("{{{key}}}:version") }
    }

    /// For `SCAN`: matches every user's key, and perhaps more.
    pub(super) fn glob(&self) -> String {
        format!("{}*{}", quoted(&self.before), quoted(&self.after))
    }

    /// Whose key it is; `None` if it is none of ours.
    pub(super) fn user_id(&self, key: &[u8]) -> Option<i64> {
        let middle = key.strip_prefix(self.before.as_bytes())?.strip_suffix(self.after.as_bytes())?;
        let user_id = std::str::from_utf8(middle).ok()?.parse().ok()?;
        // `user:+7` and `user:07` are others' keys.
        (self.key(user_id).as_bytes() == key).then_some(user_id)
    }
}

fn has_tag(text: &str) -> bool {
    text.split_once('{').and_then(|(_, rest)| rest.split_once('}')).is_some_and(|(tag, _)| !tag.is_empty())
}

/// The text as it is, for a pattern.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::KeyPattern;
    use crate::error::Class;

    /// The pattern → a user's key, its version's key, what is scanned for.
    fn check(pattern: &str, expected: [&str; 3]) {
        let pattern = KeyPattern::parse(pattern).unwrap();
        let given = [pattern.key(-7), pattern.version_key(-7), pattern.glob()];
        assert_eq!(given, expected);
        assert_eq!(pattern.user_id(expected[0].as_bytes()), Some(-7));
        assert_eq!(pattern.user_id(expected[1].as_bytes()), None);
    }

    #[test]
    fn a_users_keys_follow_from_the_pattern() {
        check("user:{user_id}", ["user:-7", "{user:-7}:version", "user:*"]);
        check("{user_id}", ["-7", "{-7}:version", "*"]);
        check("{app}:user:{user_id}", ["{app}:user:-7", "{app}:user:-7:version", "{app}:user:*"]);
        check("a*[b]?:{user_id}:\\x", ["a*[b]?:-7:\\x", "{a*[b]?:-7:\\x}:version", "a\\*\\[b\\]\\?:*:\\\\x"]);
    }

    #[test]
    fn others_keys_are_nobodys() {
        let pattern = KeyPattern::parse("user:{user_id}").unwrap();
        for key in ["user:", "user:+7", "user:07", "user:7:x", "user:7 ", "User:7", "user:99999999999999999999"] {
            assert_eq!(pattern.user_id(key.as_bytes()), None, "{key}");
        }
        assert_eq!(pattern.user_id(b"user:\xff"), None);
    }

    #[test]
    fn a_pattern_that_names_no_one_key_per_user_is_refused() {
        for pattern in ["", "user", "user:{id}", "{user_id}{user_id}", "{}:{user_id}", "}{:{user_id}", "{a{user_id}}"] {
            let error = KeyPattern::parse(pattern).unwrap_err();
            assert_eq!(error.class(), Class::Config, "{pattern}");
        }
    }
}
