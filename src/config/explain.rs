//! Turns an error of figment into a message for the person who wrote the configuration.
//!
//! Values are never repeated, because any of them may be a secret in the wrong place. Names of keys are, unless they are
//! like none that is known: a secret can be in the place of a key, too.

use figment::Figment;
use figment::error::{Actual, Kind};

use super::document::Document;
use super::error::{Error, Place};
use super::layers::place_of;
use super::nearest::{choices, suggestion};
use super::template::{Section, homes_of};

/// How the names begin of which none is meant.
const KNOWN: &str = "; known are ";

/// Longer than the name of any key.
const MAX_WORD_BYTES: usize = 24;

/// Where the values of a configuration are from.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    pub figment: &'a Figment,
    pub document: Option<&'a Document>,
    pub sections: &'a [Section],
}

impl Origin<'_> {
    /// What is wrong at that path, with its place and what to write instead.
    pub fn explain(&self, kind: Kind, path: &[String]) -> Error {
        self.located(path, self.reason(kind, path))
    }

    /// An unknown name at the top: neither a setting nor a section.
    pub fn unknown_top<'a>(&self, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Error {
        let instead = self.instead(name, "", known);
        let reason = format!("unknown key or section {}{instead}", shown(name, &instead));
        self.located(&[name.to_owned()], reason)
    }

    /// The error at the place the key is from. What nothing set is missing, and belongs into the file if there is one.
    pub fn located(&self, path: &[String], reason: String) -> Error {
        let in_file = |document: &Document| Place::File { path: document.path.clone(), line: document.line_of(path) };
        match self.place(path).or_else(|| self.document.map(in_file)) {
            Some(place) => Error::Misplaced { place, reason },
            None => Error::Invalid { key: dotted(path), reason },
        }
    }

    /// Whether a key of a section's `http` table is set in `[http]` alone.
    pub fn is_inherited(&self, path: &[String]) -> bool {
        matches!(path, [_, http, _, ..] if http == "http") && !self.figment.contains(&path.join("."))
    }

    /// Where the key is from, or what it would be in, with its line.
    pub fn place(&self, path: &[String]) -> Option<Place> {
        let found = (1..=path.len()).rev().find_map(|len| self.figment.find_metadata(&path[..len].join(".")));
        Some(match found.and_then(place_of)? {
            Place::File { path: file, line: _ } => {
                Place::File { path: file, line: self.document.and_then(|document| document.line_of(path)) }
            }
            variable @ Place::Variable(_) => variable,
        })
    }

    fn reason(&self, kind: Kind, path: &[String]) -> String {
        let key = dotted(path);
        match kind {
            // The words of our own types, which take the same care.
            Kind::Message(text) => format!("`{key}` {text}"),
            Kind::InvalidType(actual, expected) => {
                format!("`{key}` must be {}, not {}", wanted(&expected), found(&actual))
            }
            Kind::InvalidValue(Actual::Signed(..0), expected) => {
                format!("`{key}` must be {}, not a negative number", wanted(&expected))
            }
            Kind::InvalidValue(Actual::Signed(_) | Actual::Unsigned(_), _) => format!("`{key}` is too large"),
            Kind::InvalidValue(_, expected) => format!("`{key}` must be {}", wanted(&expected)),
            Kind::InvalidLength(length, expected) => {
                format!("`{key}` must be {}, not {length} of them", wanted(&expected))
            }
            Kind::UnknownVariant(name, known) => {
                let meant = suggestion(&name, known.iter().copied());
                format!("`{key}` must be one of {}{meant}", choices(known.iter().copied()))
            }
            Kind::UnknownField(name, known) => {
                let around = path.strip_suffix(std::slice::from_ref(&name)).unwrap_or(path);
                let instead = self.instead(&name, &dotted(around), known.iter().copied());
                format!("unknown key {} in {}{instead}", shown(&name, &instead), table(around))
            }
            Kind::MissingField(name) => format!("missing key `{name}` in {}", table(path)),
            Kind::DuplicateField(name) => format!("duplicate key `{name}` in {}", table(path)),
            Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => format!("`{key}` is out of range"),
            Kind::Unsupported(actual) => format!("`{key}` must not be {}", found(&actual)),
            Kind::UnsupportedKey(_, wanted) => format!("`{key}` must have keys that are {wanted}"),
        }
    }

    /// A key that is known elsewhere is in the wrong place; another one is misspelt.
    fn instead<'a>(&self, name: &str, around: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
        let homes = homes_of(name, around, self.sections);
        if !homes.is_empty() {
            return format!("; it belongs {}", homes.join(" or "));
        }
        let meant = suggestion(name, known.clone());
        if meant.is_empty() { format!("; known are {}", choices(known)) } else { meant }
    }
}

/// A key that is unknown. What is neither a plain word nor nearly a known name may be a secret in the wrong place.
fn shown(name: &str, instead: &str) -> String {
    let is_word = name.len() <= MAX_WORD_BYTES && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word || !instead.starts_with(KNOWN) {
        return format!("`{name}`");
    }
    format!("that is not shown because it may be a secret (length {})", name.chars().count())
}

/// `fairing.accounts[0].name`.
pub fn dotted(path: &[String]) -> String {
    let mut dotted = String::new();
    for segment in path {
        if is_index(segment) && !dotted.is_empty() {
            dotted.extend(["[", segment, "]"]);
        } else {
            if !dotted.is_empty() {
                dotted.push('.');
            }
            dotted.push_str(segment);
        }
    }
    dotted
}

fn table(path: &[String]) -> String {
    if path.iter().any(|segment| is_index(segment)) {
        format!("`{}`", dotted(path))
    } else {
        format!("`[{}]`", dotted(path))
    }
}

fn is_index(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// Serde's word for what a type wants, in the file's terms.
fn wanted(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 up".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "path string" => "a path".to_owned(),
        "string or map" => "a name or a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other if other.starts_with("enum ") => "one of the names it knows".to_owned(),
        other => other.to_owned(),
    }
}

fn found(actual: &Actual) -> &'static str {
    match actual {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) => "a whole number",
        Actual::Float(_) => "a number with a point",
        Actual::Char(_) | Actual::Str(_) | Actual::Bytes(_) | Actual::UnitVariant => "a string",
        Actual::Seq => "a list",
        Actual::Map
        | Actual::Enum
        | Actual::NewtypeVariant
        | Actual::TupleVariant
        | Actual::StructVariant
        | Actual::NewtypeStruct => "a table",
        Actual::Unit | Actual::Option | Actual::Other(_) => "what it is",
    }
}
