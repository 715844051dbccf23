//! The few ways a page's elements are looked up.

use scraper::{ElementRef, Html};

use crate::upstreams::films::normalize::normalize;

/// The first element with that id.
pub fn by_id<'a>(html: &'a Html, id: &str) -> Option<ElementRef<'a>> {
    html.root_element().descendent_elements().find(|element| element.value().id() == Some(id))
}

/// The first element below `root` whose attribute holds that word.
pub fn by_word<'a>(root: ElementRef<'a>, attribute: &str, word: &str) -> Option<ElementRef<'a>> {
    root.descendent_elements().find(|element| has_word(*element, attribute, word))
}

/// Whether the space-separated words of an attribute hold this one.
pub fn has_word(element: ElementRef<'_>, attribute: &str, word: &str) -> bool {
    element.attr(attribute).is_some_and(|words| words.split_ascii_whitespace().any(|held| held == word))
}

/// The first element of that name below `root`.
pub fn by_name<'a>(root: ElementRef<'a>, name: &str) -> Option<ElementRef<'a>> {
    root.descendent_elements().find(|element| element.value().name() == name)
}

/// Its text, [`normalize`].
pub fn text_of(element: ElementRef<'_>) -> String {
    normalize(&element.text().collect::<String>())
}
