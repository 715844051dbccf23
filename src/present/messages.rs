//! Messages in Chinese.
//!
//! An error, a hint or a warning is made in English: so it is logged, stored and put into documents. Where a person
//! reads it, the catalogue has its Chinese. A line of the catalogue is the English text as it is in the source, with its
//! holes, and the Chinese with the same holes. What is in a hole may be a message itself. Of several ways to read a
//! message the one holds that explains most.

use std::cell::{Cell, RefCell};
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
const MAX_LOOKUPS: usize = 600;
/// A line of the catalogue fits a message in no more ways than these.
const MAX_CAPTURES: usize = 8;
/// A pattern that is open at both ends fits by chance where it has fewer characters itself.
const OWN_CHARACTERS: usize = 7;
/// What it costs when a separator or half of a pair of parentheses is inside a hole that holds no whole message.
const MISFIT: usize = 6;
/// A hole for the ending of an English word.
const ENDING: &str = "s";

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
        let search = Search {
            patterns: &self.patterns,
            left: Cell::new(MAX_LOOKUPS),
            wholes: RefCell::default(),
            known: RefCell::default(),
        };
        search.find(message).map_or_else(|| message.to_owned(), |found| found.text)
    }
}

/// A translation, with how many English characters it explains.
#[derive(Clone)]
struct Found {
    text: String,
    score: usize,
}

/// The search for one message.
struct Search<'a> {
    patterns: &'a [Pattern],
    left: Cell<usize>,
    /// What was looked for already, as one line and in parts.
    wholes: RefCell<HashMap<&'a str, Option<Found>>>,
    known: RefCell<HashMap<&'a str, Option<Found>>>,
}

impl<'a> Search<'a> {
    fn find(&self, message: &'a str) -> Option<Found> {
        if let Some(found) = self.known.borrow().get(message) {
            return found.clone();
        }
        let found = better(self.find_whole(message), self.find_parts(message));
        self.known.borrow_mut().insert(message, found.clone());
        found
    }

    /// The best line for all of it.
    fn find_whole(&self, message: &'a str) -> Option<Found> {
        if let Some(found) = self.wholes.borrow().get(message) {
            return found.clone();
        }
        self.left.set(self.left.get().checked_sub(1)?);
        let found = self.patterns.iter().fold(None, |best, pattern| {
            pattern.english.captures(message).iter().fold(best, |best, values| better(best, self.fill(pattern, values)))
        });
        self.wholes.borrow_mut().insert(message, found.clone());
        found
    }

    /// A beginning that is a message, and what follows; or what follows something that is none.
    fn find_parts(&self, message: &'a str) -> Option<Found> {
        let cuts = SEPARATORS.iter().flat_map(|(english, chinese)| {
            message.match_indices(english).map(move |(at, _)| (at, at + english.len(), *chinese))
        });
        let mut cuts: Vec<_> = cuts.filter(|(at, ..)| is_whole(&message[..*at])).collect();
        cuts.sort_unstable();
        let join = |head: Option<Found>, (at, after, joint): &(usize, usize, &str)| {
            let tail = self.find(&message[*after..]);
            let score = head.as_ref().map_or(0, |head| head.score) + tail.as_ref().map_or(0, |tail| tail.score);
            let head = head.map_or_else(|| message[..*at].to_owned(), |head| head.text);
            let tail = tail.map_or_else(|| message[*after..].to_owned(), |tail| tail.text);
            (score > 0).then(|| Found { text: head + joint + &tail, score })
        };
        let unknown = cuts.first().and_then(|cut| join(None, cut));
        cuts.iter().rev().fold(unknown, |best, cut| {
            let head = self.find_whole(&message[..cut.0]);
            better(best, head.and_then(|head| join(Some(head), cut)))
        })
    }

    fn fill(&self, pattern: &Pattern, captures: &[Capture<'a>]) -> Option<Found> {
        let by_chance = pattern.english.fits_by_chance();
        let mut score = pattern.english.own_characters();
        let mut misfits = 0;
        let mut shown = HashMap::new();
        for Capture { name, value, is_quoted, is_message } in captures {
            let found = if *is_quoted { None } else { self.find(value) };
            let is_odd =
                !*is_quoted && !*is_message && SEPARATORS.iter().any(|(english, _)| bare(value).contains(english));
            misfits += usize::from(is_odd) + usize::from(!*is_quoted && !has_pairs(value));
            if by_chance && (misfits > 0 || !(found.is_some() || is_quotation(value))) {
                return None;
            }
            score += found.as_ref().map_or(0, |found| found.score);
            shown.insert(*name, found.map_or_else(|| (*value).to_owned(), |found| found.text));
        }
        let score = score.checked_sub(misfits * MISFIT).filter(|score| *score > 0)?;
        Some(Found { text: pattern.chinese.filled(&shown), score })
    }
}

/// The one that explains more; the first of equals.
fn better(first: Option<Found>, second: Option<Found>) -> Option<Found> {
    match (&first, &second) {
        (Some(one), Some(other)) if other.score > one.score => second,
        (None, _) => second,
        (Some(_), _) => first,
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

    /// The ways in which the message has the literals, those with short values first.
    fn captures<'a>(&'a self, message: &'a str) -> Vec<Vec<Capture<'a>>> {
        let mut found = Vec::new();
        match self.holes.first() {
            None if message == self.end => found.push(Vec::new()),
            None => {}
            Some((first, _)) => {
                if let Some(rest) = message.strip_prefix(first.as_str()) {
                    self.capture(rest, &mut Vec::new(), &mut found);
                }
            }
        }
        found
    }

    /// Finds the values from the next hole on, which `rest` begins with.
    fn capture<'a>(&'a self, rest: &'a str, values: &mut Vec<Capture<'a>>, found: &mut Vec<Vec<Capture<'a>>>) {
        let index = values.len();
        let Some((before, name)) = self.holes.get(index) else { return };
        let next = self.holes.get(index + 1).map(|(after, _)| after.as_str());
        let is_quoted = before.ends_with('`');
        let begins = before.is_empty() || before.ends_with([' ', '(']) && before.trim_end().ends_with([':', ';', '(']);
        let ends = next.unwrap_or(&self.end);
        let is_message = begins && (ends.is_empty() || ends.starts_with([':', ';', ')']));
        let capture = |value: &'a str| Capture { name, value, is_quoted, is_message };
        let Some(next) = next else {
            let value = rest.strip_suffix(self.end.as_str()).map(capture);
            if let Some(value) = value.filter(|value| value.fits(values)) {
                found.push(values.iter().copied().chain([value]).collect());
            }
            return;
        };
        // Of two holes side by side the second has it all.
        let places = rest.match_indices(next).take(if next.is_empty() { 1 } else { usize::MAX });
        for (at, _) in places {
            let value = capture(&rest[..at]);
            if value.fits(values) && found.len() < MAX_CAPTURES {
                values.push(value);
                self.capture(&rest[at + next.len()..], values, found);
                values.pop();
            }
        }
    }

    fn filled(&self, values: &HashMap<&str, String>) -> String {
        let holes = self.holes.iter().flat_map(|(before, name)| {
            [before.as_str(), values.get(name.as_str()).map(String::as_str).unwrap_or_default()]
        });
        holes.chain([self.end.as_str()]).collect()
    }
}

/// What a message has in one hole; it may be a message of several parts.
#[derive(Clone, Copy)]
struct Capture<'a> {
    name: &'a str,
    value: &'a str,
    is_quoted: bool,
    is_message: bool,
}

impl Capture<'_> {
    /// Whether the value can be in that hole: it has whole quotations, and the same name the same value.
    fn fits(&self, before: &[Capture<'_>]) -> bool {
        let Self { name, value, is_quoted, .. } = *self;
        let is_right = match name {
            ENDING => value.is_empty() || value == ENDING,
            _ if is_count(name) => value.is_empty() || value.starts_with(|sign: char| sign.is_ascii_digit()),
            _ if is_quoted => !value.contains('`'),
            _ => has_quotations(value),
        };
        is_right && before.iter().all(|other| other.name != name || other.value == value)
    }
}

/// Whether the hole of that name holds a number.
fn is_count(name: &str) -> bool {
    name.rsplit('_').next() == Some("count")
}

/// Whether no quotation is cut.
fn has_quotations(text: &str) -> bool {
    text.matches('`').count().is_multiple_of(2)
}

/// Whether it is one quotation.
fn is_quotation(text: &str) -> bool {
    text.len() > 2 && text.starts_with('`') && text.ends_with('`') && text.matches('`').count() == 2
}

/// The text without its quotations.
fn bare(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// Whether every parenthesis has its other half.
fn has_pairs(text: &str) -> bool {
    let mut depth = 0_usize;
    for sign in bare(text).chars() {
        match sign {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// Whether neither a quotation nor a pair of parentheses is cut.
fn is_whole(text: &str) -> bool {
    has_quotations(text) && has_pairs(text)
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
        "{count} found" = "找到 {count} 个"
        "{}: {} from {request}" = "{}：应答 {}，请求 {request}"
        "no list of `items` or `subjects`: {error}" = "没有 `items` 或 `subjects` 列表：{error}"
        "answer about user {user_id}" = "关于用户 {user_id} 的应答"
        "expected value" = "应有值"
        "Connection refused" = "连接被拒绝"
        "{problem} (os error {code})" = "{problem}（系统错误 {code}）"
        'write it like "{number}s" or "{number}d"' = '请写成 "{number}s" 或 "{number}d"'
        "`{key}` {text}" = "`{key}` {text}"
    "#;

    fn check(message: &str, expected: &str) {
        assert_eq!(Messages::read([LINES].into_iter()).translate(message), expected);
    }

    #[test]
    fn a_message_is_found_with_what_is_in_its_holes() {
        check("cannot read `/a b`", "无法读取 `/a b`");
        check("`a/b` is locked by host-1 (pid 2)", "`a/b` 被 host-1 锁定（进程 2）");
        check("fairing: no response within 10s for `GET /x`", "fairing：10s 内没有应答：`GET /x`");
        check("must be one of `a`, `b`; did you mean `a`?", "须是其中之一：`a`、`b`；是否想写 `a`？");
        check("must be one of `a`, `b`", "须是其中之一：`a`、`b`");
        check("1 row in all, then 2", "先是共 1 行，后是 2 行");
        check("7 rows in all, then 2", "先是共 7 行，后是 2 行");
    }

    #[test]
    fn an_error_and_its_causes_are_found_one_by_one() {
        check("shop-eu/x: cannot read `a: b`: gone: no response", "shop-eu/x：无法读取 `a: b`：gone：没有应答");
        check("cannot read `x`; no response", "无法读取 `x`；没有应答");
    }

    #[test]
    fn the_reading_that_explains_most_holds() {
        check(
            "x: cannot read `y`: no list of `items` or `subjects`: z",
            "x：无法读取 `y`：没有 `items` 或 `subjects` 列表：z",
        );
        check("answer about user 8: expected value", "关于用户 8 的应答：应有值");
        check("cannot read `y`: no mechanism was found", "无法读取 `y`：no mechanism was found");
        check(
            "users/deliver: cannot read `a`: 500 Error from `PUT /x`",
            "users/deliver：无法读取 `a`：应答 500 Error，请求 `PUT /x`",
        );
        let refused = "Connection refused (os error 111)";
        check(&format!("{refused}: {refused}"), "连接被拒绝（系统错误 111）：连接被拒绝（系统错误 111）");
        check("`a.b` write it like \"5s\" or \"5d\"", "`a.b` 请写成 \"5s\" 或 \"5d\"");
    }

    #[test]
    fn what_is_no_message_stays_as_it_is() {
        for text in ["", "盗梦空间: Inception", "this or that", "cannot read `a` and `b`", "`", "a: b; c"] {
            check(text, text);
        }
        check("a list or that", "a list or that");
        check("a list or `that`", "列表或`that`");
        assert_eq!(Messages::default().translate("no response"), "no response");
    }
}
