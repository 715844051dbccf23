//! Messages in Chinese.
//!
//! An error, a hint or a warning is made in English: so it is logged, stored and put into documents. Where a person
//! reads it, the catalogue has its Chinese. A line of the catalogue is the English text as it is in the source, with its
//! holes, and the Chinese with the same holes. What is in a hole may be a message itself.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

/// The messages that belong to no upstream.
const CORE: [&str; 7] = [
    include_str!("messages/cli.toml"),
    include_str!("messages/config.toml"),
    include_str!("messages/http.toml"),
    include_str!("messages/run.toml"),
    include_str!("messages/store.toml"),
    include_str!("messages/system.toml"),
    include_str!("messages/upstreams.toml"),
];

/// What joins an error to its cause and a message to its hint.
const SEPARATORS: [(&str, &str); 2] = [(": ", "："), ("; ", "；")];
/// A message of many parts is searched for no more often than this.
const MAX_LOOKUPS: usize = 300;
/// A pattern that is open at both ends fits by chance where it has fewer characters itself.
const OWN_CHARACTERS: usize = 7;

/// The messages of one language.
#[derive(Debug, Default)]
pub struct Messages {
    /// Those with more of their own characters come first.
    patterns: Vec<Pattern>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Catalogue {
    messages: BTreeMap<String, String>,
    /// What is put together from parts, and what libraries and the system say.
    more: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Pattern {
    english: Template,
    chinese: Template,
}

/// A text with holes: each with the literal before it, and the literal after the last.
#[derive(Debug)]
struct Template {
    holes: Vec<(String, String)>,
    end: String,
}

impl Messages {
    /// The core's messages and those of these catalogues. One that cannot be read is left out; a test reads them all.
    pub fn read<'a>(catalogues: impl Iterator<Item = &'a str>) -> Self {
        let read = |text| toml::from_str::<Catalogue>(text).unwrap_or_default();
        let all = CORE.into_iter().chain(catalogues).map(read);
        let lines = all.flat_map(|catalogue| catalogue.messages.into_iter().chain(catalogue.more));
        let mut patterns: Vec<Pattern> = lines.map(|(english, chinese)| Pattern::new(&english, &chinese)).collect();
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.english.own_characters()));
        Self { patterns }
    }

    /// The message in this language; as it is where no line fits.
    pub fn translate(&self, message: &str) -> String {
        let search = Search { patterns: &self.patterns, left: Cell::new(MAX_LOOKUPS) };
        search.find(message).unwrap_or_else(|| message.to_owned())
    }
}

/// The search for one message.
struct Search<'a> {
    patterns: &'a [Pattern],
    left: Cell<usize>,
}

impl Search<'_> {
    fn find(&self, message: &str) -> Option<String> {
        self.find_whole(message).or_else(|| self.find_parts(message))
    }

    fn find_whole(&self, message: &str) -> Option<String> {
        self.left.set(self.left.get().checked_sub(1)?);
        self.patterns.iter().find_map(|pattern| self.fill(pattern, message))
    }

    /// The longest beginning that is a message, and what follows; or what follows something that is none.
    fn find_parts(&self, message: &str) -> Option<String> {
        let cuts = SEPARATORS.iter().flat_map(|(english, chinese)| {
            message.match_indices(english).map(move |(at, _)| (at, at + english.len(), *chinese))
        });
        let mut cuts: Vec<_> = cuts.filter(|(at, ..)| is_balanced(&message[..*at])).collect();
        cuts.sort_unstable();
        let known = cuts.iter().rev().find_map(|(at, after, joint)| {
            let (head, rest) = (self.find_whole(&message[..*at])?, &message[*after..]);
            Some(head + joint + self.find(rest).as_deref().unwrap_or(rest))
        });
        known.or_else(|| {
            let (at, after, joint) = cuts.first()?;
            Some(message[..*at].to_owned() + joint + &self.find(&message[*after..])?)
        })
    }

    fn fill(&self, pattern: &Pattern, message: &str) -> Option<String> {
        let values = pattern.english.capture(message)?;
        let mut is_known = !pattern.english.fits_by_chance();
        let shown = values.into_iter().map(|(name, value, is_quoted)| {
            let found = if is_quoted { None } else { self.find(value) };
            is_known |= found.is_some();
            (name, found.unwrap_or_else(|| value.to_owned()))
        });
        let shown: HashMap<&str, String> = shown.collect();
        is_known.then(|| pattern.chinese.filled(&shown))
    }
}

impl Pattern {
    /// A text that begins like the end of a sentence goes on behind another one; one that ends with a blank is before one.
    fn new(english: &str, chinese: &str) -> Self {
        let head = if english.starts_with([' ', ',', ';', ':']) { "{head}" } else { "" };
        let tail = if english.ends_with(' ') { "{tail}" } else { "" };
        let template = |text: &str| Template::new(&format!("{head}{text}{tail}"));
        Self { english: template(english), chinese: template(chinese) }
    }
}

impl Template {
    /// Holes without a name are numbered from 1; a format after a colon counts for nothing.
    fn new(text: &str) -> Self {
        let (mut holes, mut rest, mut number) = (Vec::new(), text, 0);
        while let Some((before, (hole, after))) =
            rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            let name = hole.split(':').next().unwrap_or_default();
            number += usize::from(name.is_empty());
            let name = if name.is_empty() { number.to_string() } else { name.to_owned() };
            holes.push((before.to_owned(), name));
            rest = after;
        }
        Self { holes, end: rest.to_owned() }
    }

    fn own_characters(&self) -> usize {
        self.holes.iter().map(|(before, _)| before.len()).sum::<usize>() + self.end.len()
    }

    fn fits_by_chance(&self) -> bool {
        let is_open = self.end.is_empty() && self.holes.first().is_some_and(|(before, _)| before.is_empty());
        is_open && self.own_characters() < OWN_CHARACTERS
    }

    /// What the message has in the holes: its name, the value, and whether it is quoted. A value reaches as far as it must,
    /// and holds whole quotations.
    fn capture<'a>(&'a self, message: &'a str) -> Option<Vec<(&'a str, &'a str, bool)>> {
        let mut values = Vec::with_capacity(self.holes.len());
        let Some((first, _)) = self.holes.first() else { return (message == self.end).then_some(values) };
        let mut rest = message.strip_prefix(first.as_str())?;
        for (index, (before, name)) in self.holes.iter().enumerate() {
            let is_quoted = before.ends_with('`');
            let fits = |value: &str| if is_quoted { !value.contains('`') } else { is_balanced(value) };
            let value = match self.holes.get(index + 1) {
                Some((after, _)) => {
                    let (at, _) = rest.match_indices(after.as_str()).find(|(at, _)| fits(&rest[..*at]))?;
                    let value = &rest[..at];
                    rest = &rest[at + after.len()..];
                    value
                }
                None => rest.strip_suffix(self.end.as_str()).filter(|value| fits(value))?,
            };
            values.push((name.as_str(), value, is_quoted));
        }
        Some(values)
    }

    fn filled(&self, values: &HashMap<&str, String>) -> String {
        let holes = self.holes.iter().flat_map(|(before, name)| {
            [before.as_str(), values.get(name.as_str()).map(String::as_str).unwrap_or_default()]
        });
        holes.chain([self.end.as_str()]).collect()
    }
}

fn is_balanced(text: &str) -> bool {
    text.matches('`').count().is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use super::Messages;

    const LINES: &str = r#"
        [messages]
        "cannot read `{}`" = "无法读取 `{}`"
        "`{name}` is locked by {owner} (pid {pid})" = "`{name}` 被 {owner} 锁定（进程 {pid}）"
        "{}: {phase} within {limit} for {request}" = "{}：{limit} 内{phase}：{request}"
        "no response" = "没有应答"
        "must be one of {}{meant}" = "须是其中之一：{}{meant}"
        "; did you mean `{meant}`?" = "；是否想写 `{meant}`？"
        "{} or {}" = "{}或{}"
        "a list" = "列表"
        "{count} row{s} in all, then {other}" = "先是共 {count} 行，后是 {other} 行"
    "#;

    fn check(message: &str, expected: &str) {
        assert_eq!(Messages::read([LINES].into_iter()).translate(message), expected);
    }

    #[test]
    fn a_message_is_found_with_what_is_in_its_holes() {
        check("cannot read `/a b`", "无法读取 `/a b`");
        check("`a/b` is locked by host-1 (pid 2)", "`a/b` 被 host-1 锁定（进程 2）");
        check("fairing: no response within 10s for `GET /x`", "fairing：10s 内没有应答：`GET /x`");
        check("must be one of `a`, `b`; did you mean `a`?", "须是其中之一：`a`, `b`；是否想写 `a`？");
        check("must be one of `a`, `b`", "须是其中之一：`a`, `b`");
        check("1 row in all, then 2", "先是共 1 行，后是 2 行");
        check("7 rows in all, then 2", "先是共 7 行，后是 2 行");
    }

    #[test]
    fn an_error_and_its_causes_are_found_one_by_one() {
        check("shop-eu/x: cannot read `a: b`: gone: no response", "shop-eu/x：无法读取 `a: b`：gone：没有应答");
        check("cannot read `x`; no response", "无法读取 `x`；没有应答");
    }

    #[test]
    fn what_is_no_message_stays_as_it_is() {
        for text in ["", "盗梦空间: Inception", "this or that", "cannot read `a` and `b`", "`", "a: b; c"] {
            check(text, text);
        }
        check("a list or that", "列表或that");
        assert_eq!(Messages::default().translate("no response"), "no response");
    }
}
