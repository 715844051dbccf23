//! No file uses itself in a circle. A declaration `mod x;` and a re-export use nothing; a name that is imported through
//! a re-export counts as used where it is defined.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::reference::{Kind, Reference, References};
use super::source::{Source, shipped};

/// The words before the name of an item.
const ITEMS: [&str; 9] = ["struct", "enum", "union", "fn", "trait", "type", "const", "static", "macro_rules"];
/// A longer chain of re-exports has no end.
const MAX_REEXPORTS: usize = 16;

type Module = Vec<String>;

/// The files of the crate by their modules.
struct Crate<'a> {
    files: BTreeMap<Module, File<'a>>,
}

struct File<'a> {
    path: &'a str,
    /// The names of the items it defines outside of any braces.
    items: BTreeSet<&'a str>,
    references: References,
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Module(Module),
    /// The module whose file defines it.
    Item(Module),
}

/// Which files each file uses.
pub type Edges<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Every use of one shipped file by another.
pub fn edges(sources: &[Source]) -> Edges<'_> {
    let all = Crate::of(sources);
    all.files.iter().map(|(module, file)| (file.path, all.used(module, file))).collect()
}

/// The shortest circle of each group of files that use one another: its files, the first one again at the end.
pub fn circles<'a>(edges: &Edges<'a>) -> Vec<Vec<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = edges.keys().map(|file| (*file, reachable(edges, file))).collect();
    let mut circles = Vec::new();
    let mut grouped = BTreeSet::new();
    for file in edges.keys() {
        if grouped.contains(file) {
            continue;
        }
        let group: Vec<&str> = reached[file].iter().copied().filter(|other| reached[other].contains(file)).collect();
        grouped.extend(group.iter().copied());
        circles.extend(group.iter().filter_map(|member| shortest_circle(edges, member)).min_by_key(Vec::len));
    }
    circles
}

fn reachable<'a>(edges: &Edges<'a>, start: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = edges.get(start).into_iter().flatten().copied().collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(edges.get(file).into_iter().flatten());
        }
    }
    reached
}

fn shortest_circle<'a>(edges: &Edges<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for next in edges.get(file).into_iter().flatten() {
            if *next == start {
                let mut circle = vec![start, file];
                while let Some(before) = circle.last().and_then(|file| came_from.get(file)) {
                    circle.push(before);
                }
                circle.dedup();
                if circle.last() != Some(&start) {
                    circle.push(start);
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, file);
                open.push_back(next);
            }
        }
    }
    None
}

impl<'a> Crate<'a> {
    fn of(sources: &'a [Source]) -> Self {
        let files = shipped(sources).into_iter().map(|source| (source.module(), File::of(source)));
        Self { files: files.collect() }
    }

    /// The paths of the files that this one uses.
    fn used(&self, module: &Module, file: &File<'a>) -> BTreeSet<&'a str> {
        let words: BTreeSet<&str> = file.references.words.iter().map(String::as_str).collect();
        let mentioned = |name: &str| {
            let mut mentions =
                file.references.all.iter().filter(|other| other.kind == Kind::Mention && !other.is_absolute);
            words.contains(name) || mentions.any(|mention| mention.path[0] == name)
        };
        let used = file.references.all.iter().filter(|reference| match reference.kind {
            Kind::Reexport => mentioned(&reference.alias),
            Kind::Import | Kind::Mention => true,
        });
        used.filter_map(|reference| match self.follow(module, reference, 0)? {
            Place::Item(module) => Some(self.files.get(&module)?.path),
            Place::Module(_) => None,
        })
        .filter(|path| *path != file.path)
        .collect()
    }

    /// Where a reference of this module leads; nowhere if that is another crate.
    fn follow(&self, module: &Module, reference: &Reference, depth: usize) -> Option<Place> {
        if reference.is_absolute {
            return self.resolve(&reference.path, depth);
        }
        let [first, rest @ ..] = reference.path.as_slice() else { return None };
        let child = [module.as_slice(), std::slice::from_ref(first)].concat();
        if self.files.contains_key(&child) {
            return self.resolve(&[&child, rest].concat(), depth);
        }
        match self.imported(module, first, depth)? {
            Place::Module(found) => self.resolve(&[&found, rest].concat(), depth + 1),
            item @ Place::Item(_) => Some(item),
        }
    }

    /// Where the path from the root leads: modules as far as there are any, then an item.
    fn resolve(&self, path: &[String], depth: usize) -> Option<Place> {
        let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
        let module = path[..length].to_vec();
        let Some(name) = path.get(length) else { return Some(Place::Module(module)) };
        if name == "*" || self.files[&module].items.contains(name.as_str()) {
            return Some(Place::Item(module));
        }
        match self.imported(&module, name, depth) {
            Some(Place::Module(found)) => self.resolve(&[&found, &path[length + 1..]].concat(), depth + 1),
            Some(item @ Place::Item(_)) => Some(item),
            None => Some(Place::Item(module)),
        }
    }

    /// Where the name that this module imports leads.
    fn imported(&self, module: &Module, name: &str, depth: usize) -> Option<Place> {
        if depth > MAX_REEXPORTS {
            return None;
        }
        let imports = || self.files.get(module).into_iter().flat_map(|file| &file.references.all);
        let imports = || imports().filter(|reference| reference.kind != Kind::Mention);
        if let Some(import) = imports().find(|import| import.alias == name) {
            return self.follow(module, import, depth + 1);
        }
        imports().filter(|import| import.alias == "*").find_map(|import| {
            match self.follow(module, import, depth + 1)? {
                Place::Item(found) if found != *module => {
                    let path = [found.as_slice(), &[name.to_owned()]].concat();
                    let is_there = self.files[&found].items.contains(name) || self.files.contains_key(&path);
                    is_there.then(|| self.resolve(&path, depth + 1)).flatten()
                }
                Place::Item(_) | Place::Module(_) => None,
            }
        })
    }
}

impl<'a> File<'a> {
    fn of(source: &'a Source) -> Self {
        let mut depth = 0_usize;
        let mut items = BTreeSet::new();
        let words: Vec<&str> = source.shipped.iter().map(String::as_str).filter(|token| *token != "!").collect();
        for (at, token) in words.iter().enumerate() {
            match *token {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                keyword if depth == 0 && ITEMS.contains(&keyword) => items.extend(words.get(at + 1)),
                _ => {}
            }
        }
        Self { path: &source.path, items, references: References::of(source) }
    }
}

#[cfg(test)]
mod tests {
    use super::{circles, edges};
    use crate::architecture::source::Source;

    /// `expected`: each circle, its files with arrows between them.
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        let found: Vec<String> = circles(&edges(&sources)).iter().map(|circle| circle.join(" > ")).collect();
        assert_eq!(found, expected);
    }

    const ROOT: (&str, &str) = ("src/lib.rs", "pub mod a; pub mod b; pub mod c;");

    #[test]
    fn a_circle_is_found_with_its_path() {
        check(
            &[
                ROOT,
                ("src/a.rs", "use crate::b::B; pub struct A;"),
                ("src/b.rs", "use super::c; pub struct B; fn f() { c::g() }"),
                ("src/c.rs", "pub fn g() -> crate::a::A { todo() }"),
            ],
            &["src/a.rs > src/b.rs > src/c.rs > src/a.rs"],
        );
        check(
            &[ROOT, ("src/a.rs", "use crate::b::B;"), ("src/b.rs", "pub struct B; use crate::c::*;"), ("src/c.rs", "")],
            &[],
        );
    }

    #[test]
    fn the_shortest_circle_of_a_group_is_shown() {
        check(
            &[
                ROOT,
                ("src/a.rs", "use crate::b::B; pub struct A;"),
                ("src/b.rs", "use crate::c::C; pub struct B;"),
                ("src/c.rs", "use crate::{a::A, b::B}; pub struct C;"),
            ],
            &["src/b.rs > src/c.rs > src/b.rs"],
        );
    }

    #[test]
    fn a_name_counts_where_it_is_defined() {
        let folder = |child: &'static str, parent: &'static str| {
            let files = [("src/lib.rs", "pub mod a;"), ("src/a/mod.rs", parent), ("src/a/b.rs", child)];
            [files[0], files[1], files[2], ("src/a/c.rs", "pub struct C; pub enum E { X }")]
        };
        let parent = "mod b; mod c; pub use self::b::B; pub use c::*; pub struct A;";
        // The parent only passes on what its children define.
        check(&folder("use super::{A, C}; use super::E::X; pub struct B;", parent), &[]);
        // Here it uses a child that uses it.
        let circle = ["src/a/b.rs > src/a/mod.rs > src/a/b.rs"];
        let parent = "mod b; mod c; pub use self::b::B; pub struct A(B);";
        check(&folder("use super::A; pub struct B;", parent), &circle);
        check(&folder("pub struct B(super::A);", "mod b; mod c; pub struct A; fn f() { b::g() }"), &circle);
        check(&folder("use super::*; pub struct B;", "mod b; mod c; pub struct A; fn f() { self::b::g() }"), &circle);
    }

    #[test]
    fn tests_and_what_they_declare_use_nothing() {
        check(
            &[
                ("src/lib.rs", "pub mod a; #[cfg(test)] mod samples;"),
                ("src/a.rs", "#[cfg(test)] mod tests { use crate::samples::S; } pub struct A;"),
                ("src/samples.rs", "use crate::a::A; pub struct S;"),
            ],
            &[],
        );
    }
}
