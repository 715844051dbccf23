//! Rust source as far as the rules need it: tokens without comments and texts, and the paths they form.

/// One file.
pub struct Source {
    /// From the repository's root, `src/http/client.rs`.
    pub path: String,
    pub line_count: usize,
    /// All of it.
    pub tokens: Vec<String>,
    /// What ships: without `#[cfg(test)]` items; nothing at all of a file of tests.
    pub shipped: Vec<String>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let tokens = tokens(text);
        let is_test = !path.starts_with("src/") || path.ends_with("/tests.rs") || path.contains("/tests/");
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

    /// Every path into the crate that shipped code names, from its root: `crate::store::{Store, lock::Lease}` is
    /// `[store, Store]` and `[store, lock, Lease]`; `super` is resolved.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let tokens = &self.shipped;
        let mut paths = Vec::new();
        // Names of the inline modules we are in, each with the brace depth it ends at.
        let mut inline: Vec<(String, usize)> = Vec::new();
        let mut depth = 0_usize;
        for (at, token) in tokens.iter().enumerate() {
            match token.as_str() {
                "{" => {
                    if let [.., keyword, name] = &tokens[..at]
                        && keyword == "mod"
                    {
                        inline.push((name.clone(), depth));
                    }
                    depth += 1;
                }
                "}" => {
                    depth = depth.saturating_sub(1);
                    inline.pop_if(|(_, end)| *end == depth);
                }
                "crate" | "super" | "tongbu" if at == 0 || tokens[at - 1] != "::" => {
                    let mut module = self.module();
                    module.extend(inline.iter().map(|(name, _)| name.clone()));
                    let (mut rest, mut start) = (&tokens[at..], Vec::new());
                    while let [word, colons, ..] = rest
                        && word == "super"
                        && colons == "::"
                    {
                        module.pop();
                        start.clone_from(&module);
                        rest = &rest[2..];
                    }
                    if token != "super" {
                        rest = if tokens.get(at + 1).is_some_and(|next| next == "::") { &rest[2..] } else { &[] };
                    }
                    tree(rest, start, &mut paths);
                }
                _ => {}
            }
        }
        paths
    }
}

/// Reads a path or a tree of paths behind `prefix`; answers how many tokens it had.
fn tree(tokens: &[String], mut prefix: Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token == "{" {
            at += 1;
            while tokens.get(at).is_some_and(|token| token != "}") {
                let step = tree(&tokens[at..], prefix.clone(), paths);
                at += step.max(1);
                if tokens.get(at).is_some_and(|token| token == ",") {
                    at += 1;
                }
            }
            return at + 1;
        }
        if !token.starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | '*')) {
            break;
        }
        prefix.push(token.clone());
        at += 1;
        if tokens.get(at).is_none_or(|token| token != "::") {
            break;
        }
        at += 1;
    }
    if tokens.get(at).is_some_and(|token| token == "as") {
        at += 2;
    }
    if !prefix.is_empty() {
        paths.push(prefix);
    }
    at
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

/// Words, `::`, and single punctuation marks; a text is `""`, comments and lifetimes are nothing.
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
            at = after_text(&characters, at);
            tokens.push("\"\"".to_owned());
        } else if this == '\'' {
            at = after_character_or_lifetime(&characters, at);
        } else if this.is_alphanumeric() || this == '_' {
            let end = end_of(&characters, at, |at| !(peek(at).is_alphanumeric() || peek(at) == '_'));
            let word: String = characters[at..end].iter().collect();
            let hashes = end_of(&characters, end, |at| peek(at) != '#') - end;
            if matches!(word.as_str(), "r" | "br" | "cr") && peek(end + hashes) == '"' {
                at = after_raw_text(&characters, end + hashes + 1, hashes);
                tokens.push("\"\"".to_owned());
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
