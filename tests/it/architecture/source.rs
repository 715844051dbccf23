//! Rust source as far as the rules need it: tokens without comments.

use std::collections::BTreeSet;

/// One file.
pub struct Source {
    /// From the repository's root, `src/http/client.rs`.
    pub path: String,
    pub line_count: usize,
    /// All tokens.
    pub tokens: Vec<String>,
    /// The tokens that ship: without `#[cfg(test)]` items, and none of a file of tests.
    pub shipped: Vec<String>,
}

impl Source {
    /// `text` is the content of the file at `path`.
    pub fn new(path: &str, text: &str) -> Self {
        let tokens = tokens(text);
        let is_test = !path.starts_with("src/")
            || ["/tests.rs", "_tests.rs"].iter().any(|end| path.ends_with(end))
            || path.contains("/tests/");
        let shipped = if is_test { Vec::new() } else { without_tests(&tokens) };
        Self { path: path.to_owned(), line_count: text.lines().count(), tokens, shipped }
    }

    /// `src/http/client.rs` is `["http", "client"]`; the roots of the crates are empty.
    pub fn module(&self) -> Vec<String> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let path = path.strip_suffix(".rs").unwrap_or(path);
        let path = path.strip_suffix("/mod").unwrap_or(path);
        let is_root = matches!(path, "lib" | "main");
        path.split('/').filter(|_| !is_root).map(str::to_owned).collect()
    }
}

/// The files that ship, `main.rs` apart: those that a shipped `mod` line declares, and all above them.
pub fn shipped(sources: &[Source]) -> Vec<&Source> {
    let declared: BTreeSet<Vec<String>> = sources
        .iter()
        .flat_map(|source| {
            let declarations = source.shipped.windows(3).filter(|window| window[0] == "mod" && window[2] == ";");
            declarations.map(|window| [source.module(), vec![window[1].clone()]].concat())
        })
        .collect();
    let is_declared = |module: &[String]| (1..=module.len()).all(|length| declared.contains(&module[..length]));
    let in_source = sources.iter().filter(|source| source.path.starts_with("src/") && source.path != "src/main.rs");
    in_source.filter(|source| is_declared(&source.module())).collect()
}

/// The tokens without items under `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut shipped = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].iter().map(String::as_str).take(MARK.len()).eq(MARK) {
            at += MARK.len() + item_length(&tokens[at + MARK.len()..]);
        } else {
            shipped.push(tokens[at].clone());
            at += 1;
        }
    }
    shipped
}

/// How many tokens the item that begins here has: to its semicolon or the end of its braces.
fn item_length(tokens: &[String]) -> usize {
    let is_use = tokens.iter().take(6).any(|token| token == "use");
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if token == "}" && depth == 0 && !is_use {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Words, `::`, single punctuation marks, and string literals as `"` with what they hold; no comments, no lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let peek = |at: usize| characters.get(at).copied().unwrap_or('\0');
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let (this, next) = (peek(at), peek(at + 1));
        if this == '/' && next == '/' {
            at = end_of(&characters, at, |at| peek(at) == '\n');
        } else if this == '/' && next == '*' {
            at = after_block_comment(&characters, at);
        } else if this == '"' {
            let end = after_text(&characters, at);
            tokens.push(literal(&characters, at + 1, end - 1));
            at = end;
        } else if this == '\'' {
            at = after_character_or_lifetime(&characters, at);
        } else if this.is_alphanumeric() || this == '_' {
            let end = end_of(&characters, at, |at| !(peek(at).is_alphanumeric() || peek(at) == '_'));
            let word: String = characters[at..end].iter().collect();
            let hashes = end_of(&characters, end, |at| peek(at) != '#') - end;
            if matches!(word.as_str(), "r" | "br" | "cr") && peek(end + hashes) == '"' {
                let start = end + hashes + 1;
                at = after_raw_text(&characters, start, hashes);
                tokens.push(literal(&characters, start, at - 1 - hashes));
            } else {
                at = end;
                tokens.push(word);
            }
        } else if this == ':' && next == ':' {
            tokens.push("::".to_owned());
            at += 2;
        } else {
            if !this.is_whitespace() {
                tokens.push(this.to_string());
            }
            at += 1;
        }
    }
    tokens
}

fn literal(characters: &[char], start: usize, end: usize) -> String {
    let content = &characters[start..end.clamp(start, characters.len())];
    content.iter().fold("\"".to_owned(), |mut text, character| {
        text.push(*character);
        text
    })
}

fn end_of(characters: &[char], start: usize, is_end: impl Fn(usize) -> bool) -> usize {
    (start..characters.len()).find(|at| is_end(*at)).unwrap_or(characters.len())
}

fn after_block_comment(characters: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < characters.len() {
        match characters[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn after_text(characters: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < characters.len() && characters[at] != '"' {
        at += if characters[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn after_raw_text(characters: &[char], start: usize, hashes: usize) -> usize {
    let is_end = |at: usize| {
        characters[at] == '"' && characters[at + 1..].iter().take(hashes).filter(|mark| **mark == '#').count() == hashes
    };
    end_of(characters, start, is_end) + 1 + hashes
}

fn after_character_or_lifetime(characters: &[char], start: usize) -> usize {
    match characters[start + 1..] {
        ['\\', _, ..] => end_of(characters, start + 3, |at| characters[at] == '\'') + 1,
        [_, '\'', ..] => start + 3,
        _ => end_of(characters, start + 1, |at| !(characters[at].is_alphanumeric() || characters[at] == '_')),
    }
}
