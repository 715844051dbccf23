//! Whatever is in the holes of a message, its Chinese has the same in the same places.

use std::collections::BTreeMap;

use tongbu::language::Language;
use tongbu::upstreams;

use super::messages::{ENDING, Line, is_count, lines, normal};

/// Words that are in no message, made from a seed.
struct Words(u64);

impl Words {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn text(&mut self, alphabet: &str) -> String {
        let signs: Vec<char> = alphabet.chars().collect();
        let length = 1 + self.next(9);
        (0..length).map(|_| signs[usize::try_from(self.next(signs.len() as u64)).unwrap_or(0)]).collect()
    }

    /// What may be in that hole, behind that text.
    fn value(&mut self, name: &str, before: &str) -> String {
        match name {
            ENDING => ["", "s"][usize::try_from(self.next(2)).unwrap_or(0)].to_owned(),
            _ if is_count(name) => (1 + self.next(999)).to_string(),
            _ if before.ends_with('`') => self.text("qzx7 /:;.,(){}\"'盗梦-"),
            _ => self.text("qzxj7/._-"),
        }
    }
}

/// The text with its holes filled, as [`normal`] finds them; values are made for names that have none yet.
fn filled(text: &str, values: &mut BTreeMap<String, String>, words: &mut Words) -> String {
    let (normal, holes) = normal(text);
    let (mut made, mut rest) = (String::new(), normal.as_str());
    for name in holes {
        let Some((before, after)) = rest.split_once('{') else { break };
        made.push_str(before);
        let value = values.entry(name.clone()).or_insert_with(|| words.value(&name, before));
        made.push_str(value);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    made + rest
}

#[test]
fn a_line_filled_with_anything_is_the_chinese_filled_with_the_same() {
    let messages = upstreams::messages(Language::Zh);
    let mut words = Words(20_251_128);
    let mut wrong = Vec::new();
    for Line { file, english, chinese, .. } in lines() {
        // Of little text between holes it cannot be known that it is a message.
        let is_open = english.starts_with('{') && english.ends_with('}');
        if is_open
            && normal(&english)
                .0
                .split('{')
                .map(|part| part.split_once('}').map_or(part, |(_, own)| own).len())
                .sum::<usize>()
                < 7
        {
            continue;
        }
        for _ in 0..2 {
            let mut values = BTreeMap::new();
            let head = if english.starts_with([' ', ',', ';', ':']) { "qz" } else { "" };
            let tail = if english.ends_with(' ') { "qz" } else { "" };
            let message = format!("{head}{}{tail}", filled(&english, &mut values, &mut words));
            let expected = format!("{head}{}{tail}", filled(&chinese, &mut values, &mut words));
            let found = messages.translate(&message);
            if found != expected {
                wrong.push(format!("{file}: {message}\n  {found}\n  {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}
