//! Reading on after a mistake, so that all of them are found in one go.

use figment::error::Kind;
use figment::value::Value;
use serde::de::DeserializeOwned;

use super::error::Error;
use super::explain::Origin;

/// More mistakes in one part than anybody mends at a time.
const MAX_MISTAKES: usize = 50;

/// Reads a part of the configuration. What cannot be read is left out, with the reason; `value` lies at `path`.
pub fn read<T: DeserializeOwned>(origin: &Origin<'_>, path: &[String], value: Value) -> (Option<T>, Vec<Error>) {
    let mut rest = Rest { value, left_out: Vec::new() };
    let mut mistakes = Vec::new();
    loop {
        let error = match rest.value.deserialize() {
            Ok(read) => return (Some(read), mistakes),
            Err(error) => error,
        };
        let mut key_path = error.path;
        if let Kind::UnknownField(name, _) = &error.kind
            && key_path.last() != Some(name)
        {
            key_path.push(name.clone());
        }
        let written = rest.as_written(&key_path);
        let full_path = [path, &written].concat();
        // A key that was left out is missing for that reason.
        let follows = matches!(&error.kind, Kind::MissingField(name) if rest.is_left_out(&[&written[..], &[name.to_string()]].concat()));
        // What only a layer below has is wrong there.
        let is_inherited = !full_path.is_empty() && origin.is_inherited(&full_path);
        if !follows && !is_inherited {
            mistakes.push(origin.explain(error.kind, &full_path));
        }
        if !rest.leave_out(&key_path, written) || mistakes.len() >= MAX_MISTAKES {
            return (None, mistakes);
        }
    }
}

/// What is still to be read, and what was left out of it.
struct Rest {
    value: Value,
    /// By the paths of the file.
    left_out: Vec<Vec<String>>,
}

impl Rest {
    /// Takes a key, or an element of a list, out of the value. `false` where there is nothing at that path.
    fn leave_out(&mut self, path: &[String], written: Vec<String>) -> bool {
        let Some((name, parents)) = path.split_last() else { return false };
        let mut value = &mut self.value;
        for segment in parents {
            let Some(next) = child(value, segment) else { return false };
            value = next;
        }
        let is_removed = match value {
            Value::Dict(_, table) => table.remove(name).is_some(),
            Value::Array(_, list) => match name.parse() {
                Ok(index) if index < list.len() => {
                    list.remove(index);
                    true
                }
                Ok(_) | Err(_) => false,
            },
            Value::String(..) | Value::Char(..) | Value::Bool(..) | Value::Num(..) | Value::Empty(..) => false,
        };
        if is_removed {
            self.left_out.push(written);
        }
        is_removed
    }

    fn is_left_out(&self, written: &[String]) -> bool {
        self.left_out.iter().any(|path| path == written)
    }

    /// The path in the file: elements that were left out of a list moved the ones behind them.
    fn as_written(&self, path: &[String]) -> Vec<String> {
        let mut written: Vec<String> = Vec::with_capacity(path.len());
        for segment in path {
            let Ok(mut index) = segment.parse::<usize>() else {
                written.push(segment.clone());
                continue;
            };
            let gone = |path: &&Vec<String>| path.split_last().is_some_and(|(_, list)| list == written);
            let mut gone: Vec<usize> =
                self.left_out.iter().filter(gone).filter_map(|path| path.last()?.parse().ok()).collect();
            gone.sort_unstable();
            index = gone.into_iter().fold(index, |index, gone| if gone <= index { index + 1 } else { index });
            written.push(index.to_string());
        }
        written
    }
}

fn child<'a>(value: &'a mut Value, segment: &str) -> Option<&'a mut Value> {
    match value {
        Value::Dict(_, table) => table.get_mut(segment),
        Value::Array(_, list) => list.get_mut(segment.parse::<usize>().ok()?),
        Value::String(..) | Value::Char(..) | Value::Bool(..) | Value::Num(..) | Value::Empty(..) => None,
    }
}
