//! Turns an error of figment into a message for the person who wrote the configuration.
//!
//! Values are never repeated, because any of them may be a secret in the wrong place; names of keys are.

use figment::Metadata;
use figment::error::{Actual, Kind};

use super::document::Document;
use super::error::{Error, Place};
use super::layers::place_of;
use super::nearest::{choices, suggestion};

/// The error with its place, key and what to write instead. `section` is the table the reading began at.
pub fn explain(error: figment::Error, section: Option<&str>, document: Option<&Document>) -> Error {
    // Only the first is reported: the others often follow from it.
    let path: Vec<String> = section.map(str::to_owned).into_iter().chain(error.path).collect();
    let reason = reason(error.kind, &path);
    located(error.metadata.as_ref(), &path, document, reason)
}

/// An unknown name at the top: neither a setting nor a section.
pub fn unknown_top<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    metadata: Option<&Metadata>,
    document: Option<&Document>,
) -> Error {
    let reason = format!("unknown key or section `{name}`{}", instead(name, known));
    located(metadata, &[name.to_owned()], document, reason)
}

/// The error at the place the key is from. What nothing set is missing, and belongs into the file if there is one.
pub fn located(metadata: Option<&Metadata>, path: &[String], document: Option<&Document>, reason: String) -> Error {
    let in_file = |document: &Document| Place::File { path: document.path.clone(), line: document.line_of(path) };
    match place(metadata, path, document).or_else(|| document.map(in_file)) {
        Some(place) => Error::Misplaced { place, reason },
        None => Error::Invalid { key: dotted(path), reason },
    }
}

/// Where the key is from, with its line.
pub fn place(metadata: Option<&Metadata>, path: &[String], document: Option<&Document>) -> Option<Place> {
    Some(match metadata.and_then(place_of)? {
        Place::File { path: file, line: _ } => {
            Place::File { path: file, line: document.and_then(|document| document.line_of(path)) }
        }
        variable @ Place::Variable(_) => variable,
    })
}

fn reason(kind: Kind, path: &[String]) -> String {
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
        Kind::InvalidLength(length, expected) => format!("`{key}` must be {}, not {length} of them", wanted(&expected)),
        Kind::UnknownVariant(name, known) => {
            let meant = suggestion(&name, known.iter().copied());
            format!("`{key}` must be one of {}{meant}", choices(known.iter().copied()))
        }
        Kind::UnknownField(name, known) => {
            let around = path.strip_suffix(std::slice::from_ref(&name)).unwrap_or(path);
            format!("unknown key `{name}` in {}{}", table(around), instead(&name, known.iter().copied()))
        }
        Kind::MissingField(name) => format!("missing key `{name}` in {}", table(path)),
        Kind::DuplicateField(name) => format!("duplicate key `{name}` in {}", table(path)),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => format!("`{key}` is out of range"),
        Kind::Unsupported(actual) => format!("`{key}` must not be {}", found(&actual)),
        Kind::UnsupportedKey(_, wanted) => format!("`{key}` must have keys that are {wanted}"),
    }
}

fn instead<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let meant = suggestion(name, known.clone());
    if meant.is_empty() { format!("; known are {}", choices(known)) } else { meant }
}

/// `fairing.accounts[0].name`.
fn dotted(path: &[String]) -> String {
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
