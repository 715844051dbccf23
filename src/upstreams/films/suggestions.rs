//! Pairs of films of two sources that may be one film though no `IMDb` id says so: proposed, never merged.

use std::collections::{BTreeSet, HashMap};

use super::film::Film;

/// A film's year differs from source to source by so much at most.
const MAX_YEARS_APART: u16 = 1;

/// Two films that may be one.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    pub one: Film,
    pub other: Film,
    /// Those that both have, as the first one writes them.
    pub directors: Vec<String>,
}

/// Every pair of two sources with an equal title, years that are next to each other, and a director in common. Films with
/// different `IMDb` ids are different films, and those with the same one need no suggestion. `films` are in the order of
/// their sources.
pub fn suggest(films: &[Film]) -> Vec<Suggestion> {
    let mut by_title: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, film) in films.iter().enumerate() {
        for title in titles(film) {
            by_title.entry(title).or_default().push(index);
        }
    }
    let mut pairs = BTreeSet::new();
    for group in by_title.into_values() {
        for (at, one) in group.iter().enumerate() {
            pairs.extend(group[at + 1..].iter().map(|other| (*one, *other)));
        }
    }
    pairs.into_iter().filter_map(|(one, other)| pair(&films[one], &films[other])).collect()
}

fn pair(one: &Film, other: &Film) -> Option<Suggestion> {
    let has_ids = one.detail.imdb_id.is_some() && other.detail.imdb_id.is_some();
    let is_near = one.detail.year?.abs_diff(other.detail.year?) <= MAX_YEARS_APART;
    if one.source == other.source || has_ids || !is_near {
        return None;
    }
    let names: BTreeSet<String> = other.detail.directors.iter().flat_map(|name| names(name)).collect();
    let is_shared = |name: &&String| self::names(name).iter().any(|form| names.contains(form));
    let directors: Vec<String> = one.detail.directors.iter().filter(is_shared).cloned().collect();
    (!directors.is_empty()).then(|| Suggestion { one: one.clone(), other: other.clone(), directors })
}

fn titles(film: &Film) -> BTreeSet<String> {
    let titles = [&film.detail.title, &film.detail.original_title];
    titles.into_iter().flatten().map(|title| plain(title)).filter(|title| !title.is_empty()).collect()
}

/// A name, and its Chinese and its other part, where it is written in both: `诺兰 Nolan`.
fn names(name: &str) -> Vec<String> {
    let part = |is_ascii: bool| plain(&name.replace(|sign: char| sign.is_ascii() != is_ascii, " "));
    let mut names = vec![plain(name), part(true), part(false)];
    // An initial alone is no name.
    names.retain(|name| name.chars().count() > 1);
    names
}

/// The letters and digits of a text, in lower case.
fn plain(text: &str) -> String {
    text.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::{Film, suggest};
    use crate::upstreams::films::film::{Detail, FilmId};

    fn film(source: &str, id: &str, title: &str, year: u16, director: &str) -> Film {
        let detail = Detail {
            title: Some(title.to_owned()),
            year: Some(year),
            directors: vec![director.to_owned()],
            ..Detail::default()
        };
        Film { detail, ..Film::new(source, FilmId::parse(id).unwrap()) }
    }

    /// The ids of the pairs.
    fn check(films: &[Film], expected: &[(&str, &str)]) {
        let found = suggest(films);
        let pairs: Vec<_> = found.iter().map(|found| (found.one.id.as_str(), found.other.id.as_str())).collect();
        assert_eq!(pairs, expected);
    }

    #[test]
    fn equal_titles_near_years_and_a_shared_director_make_a_pair() {
        let one = film("a", "1", "盗梦空间", 2010, "克里斯托弗·诺兰 Christopher Nolan");
        check(&[one.clone(), film("b", "2", " 盗梦 空间！", 2011, "Christopher  Nolan")], &[("1", "2")]);
        check(&[one.clone(), film("b", "2", "盗梦空间", 2009, "克里斯托弗·诺兰")], &[("1", "2")]);
        check(&[one.clone(), film("b", "2", "盗梦空间", 2012, "Christopher Nolan")], &[]);
        check(&[one.clone(), film("b", "2", "盗梦空间", 2010, "Someone Else")], &[]);
        check(&[one.clone(), film("b", "2", "盗梦", 2010, "Christopher Nolan")], &[]);
        check(&[one.clone(), film("a", "2", "盗梦空间", 2010, "Christopher Nolan")], &[]);
        let mut original = film("b", "2", "其他", 2010, "CHRISTOPHER NOLAN");
        original.detail.original_title = Some("盗梦空间".to_owned());
        check(&[one, original], &[("1", "2")]);
    }

    #[test]
    fn films_with_imdb_ids_need_no_suggestion() {
        let with_id = |mut film: Film, id: &str| {
            film.detail.imdb_id = Some(id.to_owned());
            film
        };
        let (one, other) = (film("a", "1", "T", 2010, "Ann Lee"), film("b", "2", "t", 2010, "Ann Lee"));
        check(&[with_id(one.clone(), "tt1"), other.clone()], &[("1", "2")]);
        check(&[with_id(one.clone(), "tt1"), with_id(other.clone(), "tt1")], &[]);
        check(&[with_id(one, "tt1"), with_id(other, "tt2")], &[]);
    }

    #[test]
    fn what_is_unknown_makes_no_pair() {
        let bare = |source: &str, id: &str| Film::new(source, FilmId::parse(id).unwrap());
        check(&[bare("a", "1"), bare("b", "2")], &[]);
        let (mut one, mut other) = (film("a", "1", "T", 2010, "J."), film("b", "2", "T", 2010, "J."));
        check(&[one.clone(), other.clone()], &[]);
        (one.detail.year, other.detail.directors) = (None, vec!["Ann Lee".to_owned()]);
        check(&[one, other], &[]);
    }
}
