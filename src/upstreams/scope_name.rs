//! The name of a scope, made of its parts.

use std::fmt;

/// An upstream and what it consists of: `fairing/shop-eu/responses`. Locks, records and metrics carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeName(String);

impl ScopeName {
    pub fn new(upstream: &'static str) -> Self {
        Self(upstream.to_owned())
    }

    /// One level below. A character that would end the part, or that a terminal obeys, becomes `_`: the part may be a word
    /// of the command line.
    #[must_use]
    pub fn part(mut self, part: &str) -> Self {
        self.0.push('/');
        self.0.extend(part.chars().map(|character| if is_unfit(character) { '_' } else { character }));
        self
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_unfit(character: char) -> bool {
    character == '/' || character.is_control()
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ScopeName;

    #[test]
    fn each_part_is_one_level() {
        let name = ScopeName::new("fairing").part("shop eu").part("responses");
        assert_eq!(name.as_str(), "fairing/shop eu/responses");
        assert_eq!(ScopeName::new("ecs").part("prod").part("a/b\n").to_string(), "ecs/prod/a_b_");
    }
}
