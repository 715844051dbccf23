//! What shipped code names: the paths of its imports and of its expressions.

use super::source::Source;

/// A path that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub kind: Kind,
    /// Whether the path begins at the root of the crate; otherwise it begins with a name known to the module.
    pub is_absolute: bool,
    /// `crate`, `self` and `super` are resolved; a `*` at the end means every name.
    pub path: Vec<String>,
    /// The name that an import gives to it.
    pub alias: String,
}

/// How a path is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Import,
    /// An import with a visibility: others may import the name from here.
    Reexport,
    /// A path inside code.
    Mention,
}

/// Everything a file names.
pub struct References {
    pub all: Vec<Reference>,
    /// Single words of the code outside of imports.
    pub words: Vec<String>,
}

impl References {
    /// Reads the shipped code of the file.
    pub fn of(source: &Source) -> Self {
        let tokens = &source.shipped;
        let mut found = Self { all: Vec::new(), words: Vec::new() };
        let mut module = source.module();
        // The brace depths at which the inline modules around the current token end.
        let mut inline_ends: Vec<usize> = Vec::new();
        let (mut at, mut depth) = (0, 0_usize);
        while at < tokens.len() {
            match tokens[at].as_str() {
                "{" => {
                    if let [.., keyword, name] = &tokens[..at]
                        && keyword == "mod"
                    {
                        module.push(name.clone());
                        inline_ends.push(depth);
                    }
                    depth += 1;
                }
                "}" => {
                    depth = depth.saturating_sub(1);
                    if inline_ends.pop_if(|end| *end == depth).is_some() {
                        module.pop();
                    }
                }
                // `pub(in crate::store)` names an ancestor without using it.
                "in" if at > 1 && tokens[at - 1] == "(" && tokens[at - 2] == "pub" => {
                    at += tokens[at..].iter().take_while(|token| *token != ")").count();
                    continue;
                }
                "use" => {
                    let kind = if at > 0 && matches!(tokens[at - 1].as_str(), "pub" | ")") {
                        Kind::Reexport
                    } else {
                        Kind::Import
                    };
                    let mut leaves = Vec::new();
                    at += 1 + tree(&tokens[at + 1..], &[], &mut leaves);
                    found.all.extend(leaves.into_iter().map(|(path, alias)| reference(kind, &path, alias, &module)));
                    continue;
                }
                word if is_word(word) && (at == 0 || !matches!(tokens[at - 1].as_str(), "::" | "." | "mod")) => {
                    let path = path_at(&tokens[at..]);
                    if path.len() == 1 {
                        found.words.push(word.to_owned());
                    } else {
                        at += 2 * path.len() - 1;
                        found.all.push(reference(Kind::Mention, &path, String::new(), &module));
                        continue;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        found
    }

    /// The paths that begin at the root of the crate.
    pub fn absolute(&self) -> impl Iterator<Item = &[String]> {
        self.all.iter().filter(|reference| reference.is_absolute).map(|reference| reference.path.as_slice())
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The path that begins here: words with `::` between them.
fn path_at(tokens: &[String]) -> Vec<String> {
    let mut path = vec![tokens[0].clone()];
    while let [colons, word, ..] = &tokens[2 * path.len() - 1..]
        && colons == "::"
        && is_word(word)
    {
        path.push(word.clone());
    }
    path
}

/// Resolves the beginning of a path that is written in this module.
fn reference(kind: Kind, path: &[String], alias: String, module: &[String]) -> Reference {
    let mut base = module.to_vec();
    let mut rest = path;
    let mut is_absolute = false;
    while let [first, behind @ ..] = rest {
        match first.as_str() {
            "crate" | "tongbu" if !is_absolute => base.clear(),
            "super" => _ = base.pop(),
            "self" => {}
            _ => break,
        }
        (rest, is_absolute) = (behind, true);
    }
    let path = if is_absolute { [&base, rest].concat() } else { rest.to_vec() };
    Reference { kind, is_absolute, path, alias }
}

/// Reads the tree of an import: its leaves with the names they get. Answers how many tokens it has.
fn tree(tokens: &[String], prefix: &[String], leaves: &mut Vec<(Vec<String>, String)>) -> usize {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at += tree(&tokens[at..], &path, leaves).max(1);
                    at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                }
                return at + 1;
            }
            "as" => {
                let alias = tokens.get(at + 1).cloned().unwrap_or_default();
                leaves.push((path, alias));
                return at + 2;
            }
            "self" if !path.is_empty() => at += 1,
            word if word == "*" || is_word(word) => {
                path.push(word.to_owned());
                at += 1;
            }
            _ => break,
        }
    }
    let alias = path.last().cloned().unwrap_or_default();
    leaves.push((path, alias));
    at
}

#[cfg(test)]
mod tests {
    use super::{Kind, References};
    use crate::architecture::source::Source;

    /// `expected`: each reference as its kind, where it begins, its path and its alias.
    fn check(path: &str, text: &str, expected: &[(Kind, &str)]) {
        let references = References::of(&Source::new(path, text));
        let found: Vec<(Kind, String)> = references
            .all
            .iter()
            .map(|found| {
                let root = if found.is_absolute { "/" } else { "" };
                (found.kind, format!("{root}{} {}", found.path.join("/"), found.alias).trim().to_owned())
            })
            .collect();
        let expected: Vec<(Kind, String)> = expected.iter().map(|(kind, text)| (*kind, (*text).to_owned())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn imports_are_resolved_to_the_root_of_the_crate() {
        use Kind::{Import, Reexport};
        check(
            "src/store/lock.rs",
            "use std::{fs, io}; use super::{Error, cursors::{self, Cursor as C}}; use crate::a::*;",
            &[
                (Import, "std/fs fs"),
                (Import, "std/io io"),
                (Import, "/store/Error Error"),
                (Import, "/store/cursors cursors"),
                (Import, "/store/cursors/Cursor C"),
                (Import, "/a/* *"),
            ],
        );
        check(
            "src/store/mod.rs",
            "pub use self::lock::Lease; pub(crate) use lock::Row;",
            &[(Reexport, "/store/lock/Lease Lease"), (Reexport, "lock/Row Row")],
        );
        check(
            "src/text.rs",
            "mod inner { use super::super::cli; } use super::x;",
            &[(Import, "/cli cli"), (Import, "/x x")],
        );
    }

    #[test]
    fn paths_in_code_are_mentions() {
        use Kind::Mention;
        check(
            "src/store/lock.rs",
            "pub(in crate::store) fn f() { rows::load::<u8>(x.len()); super::super::text::safe(tongbu::run::X) }",
            &[(Mention, "rows/load"), (Mention, "/text/safe"), (Mention, "/run/X")],
        );
    }

    #[test]
    fn words_outside_of_imports_are_kept() {
        let source = Source::new("src/a.rs", "use b::C; fn f(x: D) { x.g(); \"h\"; }");
        assert_eq!(References::of(&source).words, ["fn", "f", "x", "D", "x"]);
    }
}
