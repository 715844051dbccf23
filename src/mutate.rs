//! Texts from outside that arrive damaged: what any reader of them has to survive.

use proptest::prelude::*;
use serde_json::Value;

/// One damage, at a place given as a share of the length.
#[derive(Clone, Debug)]
enum Damage {
    Cut { at: u16, length: u16 },
    Repeat { at: u16, length: u16, times: u8 },
    Insert { at: u16, snippet: &'static str, times: u8 },
    Overwrite { at: u16, bytes: Vec<u8> },
    End { at: u16 },
}

fn damage(snippets: &'static [&'static str]) -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<u16>(), 0..600u16).prop_map(|(at, length)| Damage::Cut { at, length }),
        (any::<u16>(), 0..300u16, 1..20u8).prop_map(|(at, length, times)| Damage::Repeat { at, length, times }),
        (any::<u16>(), proptest::sample::select(snippets), 1..40u8).prop_map(|(at, snippet, times)| Damage::Insert {
            at,
            snippet,
            times
        }),
        (any::<u16>(), proptest::collection::vec(any::<u8>(), 0..12))
            .prop_map(|(at, bytes)| Damage::Overwrite { at, bytes }),
        any::<u16>().prop_map(|at| Damage::End { at }),
    ]
}

fn apply(body: &mut Vec<u8>, damage: &Damage) {
    let place = |at: u16| usize::from(at) * body.len() / usize::from(u16::MAX);
    let end = |start: usize, length: u16| (start + usize::from(length)).min(body.len());
    match damage {
        Damage::Cut { at, length } => {
            let start = place(*at);
            body.drain(start..end(start, *length));
        }
        Damage::Repeat { at, length, times } => {
            let start = place(*at);
            let part = body[start..end(start, *length)].repeat(usize::from(*times));
            body.splice(start..start, part);
        }
        Damage::Insert { at, snippet, times } => {
            let start = place(*at);
            body.splice(start..start, snippet.repeat(usize::from(*times)).into_bytes());
        }
        Damage::Overwrite { at, bytes } => {
            let start = place(*at);
            let stop = (start + bytes.len()).min(body.len());
            body.splice(start..stop, bytes.iter().copied());
        }
        Damage::End { at } => body.truncate(place(*at)),
    }
}

/// One of the texts after up to seven damages. The snippets are what it may have grown.
pub fn mutated_bytes<T: AsRef<[u8]>>(
    texts: &'static [T],
    snippets: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> {
    (0..texts.len(), proptest::collection::vec(damage(snippets), 1..8)).prop_map(|(text, damages)| {
        let mut text = texts[text].as_ref().to_vec();
        for damage in &damages {
            apply(&mut text, damage);
        }
        text
    })
}

/// What a text in JSON may have grown.
pub const JSON_SNIPPETS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "null",
    "0",
    "-1",
    "1e999",
    "1.5",
    "\\u0000",
    "\\ud800",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "\"id\":",
    "\"id\":null,",
    "\"a\":{},",
];

/// What may be where a reader looks for something else.
const ODD_VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "1.5",
    "1e300",
    "9223372036854775808",
    "123456789012345678901234567890",
    "\"\"",
    "\" \"",
    "\"x\"",
    "\"-5\"",
    "\"2026-02-30 25:61:61\"",
    "\"9999-12-31T23:59:59Z\"",
    "\"\\u0000\\u202e\"",
    "[]",
    "[null]",
    "[[1],{}]",
    "{}",
    "{\"id\":{}}",
];

/// One of the documents after up to four of its values were replaced or taken away.
pub fn mutated_json(documents: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let alteration = (any::<u16>(), proptest::option::weighted(0.8, proptest::sample::select(ODD_VALUES)));
    (proptest::sample::select(documents), proptest::collection::vec(alteration, 1..5)).prop_map(
        |(text, alterations)| {
            let mut document: Value = serde_json::from_str(text).unwrap();
            for (at, odd) in alterations {
                let place = usize::from(at) % count(&document);
                alter(&mut document, &mut Some(place), odd.map(|odd| serde_json::from_str(odd).unwrap()).as_ref());
            }
            document
        },
    )
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Counts down to the place; true: the holder of the value there is to remove it.
fn alter(value: &mut Value, place: &mut Option<usize>, odd: Option<&Value>) -> bool {
    match place {
        None => return false,
        Some(0) => {
            *place = None;
            if let Some(odd) = odd {
                *value = odd.clone();
            }
            return odd.is_none();
        }
        Some(left) => *left -= 1,
    }
    match value {
        Value::Array(items) => items.retain_mut(|item| !alter(item, place, odd)),
        Value::Object(members) => members.retain(|_, member| !alter(member, place, odd)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    false
}
