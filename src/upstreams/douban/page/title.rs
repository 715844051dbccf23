//! The two names in a page's heading.

use crate::upstreams::films::normalize::filled;

/// What the browser's title says behind the film's name.
const SITE_SUFFIX: &str = "(豆瓣)";

/// What a page says about a film's names; each text [`normalize`](crate::upstreams::films::normalize::normalize).
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The heading: the Chinese name and, where it differs, the original one behind it.
    pub heading: &'a str,
    /// The poster's alternative text: the original name. A season's poster may lack its `Season 6`.
    pub poster: Option<&'a str>,
    /// The browser's title: the Chinese name and the site's.
    pub window: Option<&'a str>,
}

/// The Chinese name, and the original name where it differs.
pub fn names(found: Names<'_>) -> (String, Option<String>) {
    let window = found.window.and_then(|window| filled(window.strip_suffix(SITE_SUFFIX)?));
    let behind_window = window.as_deref().and_then(|name| rest_behind(found.heading, name));
    let title = found
        .poster
        .and_then(|original| found.heading.strip_suffix(original)?.strip_suffix(' '))
        .or(window.as_deref().filter(|_| behind_window.is_some()))
        .or_else(|| found.poster.and_then(|original| before_words(found.heading, original)))
        .unwrap_or(found.heading);
    let original = found.poster.or(behind_window).filter(|original| *original != title);
    (title.to_owned(), original.map(ToOwned::to_owned))
}

/// What follows the words `name` at the heading's start.
fn rest_behind<'a>(heading: &'a str, name: &str) -> Option<&'a str> {
    heading.strip_prefix(name)?.strip_prefix(' ')
}

/// What precedes the words `name` inside the heading.
fn before_words<'a>(heading: &'a str, name: &str) -> Option<&'a str> {
    heading.find(&format!(" {name} ")).map(|at| &heading[..at])
}

#[cfg(test)]
mod tests {
    use super::{Names, names};

    fn check(heading: &str, poster: Option<&str>, window: Option<&str>, expected: (&str, Option<&str>)) {
        let (title, original) = names(Names { heading, poster, window });
        assert_eq!((title.as_str(), original.as_deref()), expected, "{heading}");
    }

    #[test]
    fn the_poster_has_the_original_name() {
        check("潮汐邮局 The Tide Office", Some("The Tide Office"), None, ("潮汐邮局", Some("The Tide Office")));
        check("新 潮汐 Tide", Some("Tide"), Some("新 (豆瓣)"), ("新 潮汐", Some("Tide")));
        check("回 回", Some("回"), None, ("回", None));
    }

    #[test]
    fn a_season_s_poster_lacks_its_number() {
        let expected = ("山外 第二季", Some("Beyond"));
        check("山外 第二季 Beyond Season 2", Some("Beyond"), Some("山外 第二季 (豆瓣)"), expected);
        check("山外 第二季 Beyond Season 2", Some("Beyond"), None, expected);
    }

    #[test]
    fn one_name_is_the_title() {
        check("纸鲸", Some("纸鲸"), Some("纸鲸 (豆瓣)"), ("纸鲸", None));
        check("纸鲸", None, None, ("纸鲸", None));
        check("Solo", Some("Solo"), None, ("Solo", None));
        check("纸鲸", Some("紙の鯨"), None, ("纸鲸", Some("紙の鯨")));
    }

    #[test]
    fn without_a_poster_the_window_s_title_decides() {
        check("纸鲸 紙の鯨", None, Some("纸鲸 (豆瓣)"), ("纸鲸", Some("紙の鯨")));
        check("纸鲸 紙の鯨", None, Some("纸鲸 紙の鯨 (豆瓣)"), ("纸鲸 紙の鯨", None));
        check("纸鲸 紙の鯨", None, Some("电影"), ("纸鲸 紙の鯨", None));
    }
}
