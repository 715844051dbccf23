//! The labelled lines of a page's `#info` block.
//!
//! The block is a flat list: a label in `span.pl`, then text, links and marked spans, up to the next `<br>`. People
//! stand in a nested span and have their colon outside the label; nothing else differs, so all of it is read as one
//! stream.

use scraper::{ElementRef, Node};

use super::dom::{has_word, text_of};
use crate::upstreams::films::normalize::{filled, normalize, split_list, split_names, unique};

/// Elements in the block whose text is not shown.
const SILENT_ELEMENTS: [&str; 3] = ["script", "style", "select"];

/// One labelled line.
#[derive(Debug, PartialEq)]
pub struct Line {
    /// Without its colon.
    pub label: String,
    parts: Vec<Part>,
    marks: Vec<Mark>,
}

#[derive(Debug, PartialEq)]
enum Part {
    Text(String),
    Link { text: String, href: String },
}

/// A span that says what it holds: `property="v:runtime" content="148"`.
#[derive(Debug, PartialEq)]
struct Mark {
    property: String,
    value: String,
}

/// Reads the block's lines.
pub fn lines(info: ElementRef<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    // Text behind a `<br>` and in front of the next label belongs to no line.
    let mut is_open = false;
    let mut nodes = info.descendants().skip(1);
    while let Some(node) = nodes.next() {
        let line = if is_open { lines.last_mut() } else { None };
        if let (Node::Text(text), Some(line)) = (node.value(), line) {
            line.push_text(text);
            continue;
        }
        let Some(element) = ElementRef::wrap(node) else { continue };
        let name = element.value().name();
        let is_label = has_word(element, "class", "pl");
        if name == "br" {
            is_open = false;
        } else if is_label {
            lines.push(Line::new(&text_of(element)));
            is_open = true;
        } else if let (true, Some(line)) = (is_open, lines.last_mut()) {
            line.push_element(element);
        }
        if is_label || name == "a" || SILENT_ELEMENTS.contains(&name) {
            // Its text has been taken, or is none; descendants come next in the stream.
            let inside = node.descendants().count() - 1;
            nodes.by_ref().take(inside).for_each(drop);
        }
    }
    lines
}

impl Line {
    fn new(label: &str) -> Self {
        let label = label.trim_end_matches([':', '：', ' ']).to_owned();
        Self { label, parts: Vec::new(), marks: Vec::new() }
    }

    fn push_text(&mut self, text: &str) {
        if let Some(Part::Text(before)) = self.parts.last_mut() {
            before.push_str(text);
        } else {
            // The colon that did not stand inside the label.
            let text = if self.parts.is_empty() { text.trim_start().trim_start_matches([':', '：']) } else { text };
            self.parts.push(Part::Text(text.to_owned()));
        }
    }

    fn push_element(&mut self, element: ElementRef<'_>) {
        if element.value().name() == "a" {
            let href = element.attr("href").unwrap_or_default().to_owned();
            self.parts.push(Part::Link { text: text_of(element), href });
        } else if let Some(property) = element.attr("property") {
            let content = element.attr("content").and_then(filled);
            self.marks.push(Mark { property: property.to_owned(), value: content.unwrap_or_else(|| text_of(element)) });
        }
    }

    /// All the text of the line.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) | Part::Link { text, .. } => text.as_str(),
            })
            .collect();
        normalize(&texts.concat())
    }

    /// The text as a list of words.
    pub fn list(&self) -> Vec<String> {
        unique(split_list(&self.text()))
    }

    /// The text as a list of titles.
    pub fn titles(&self) -> Vec<String> {
        unique(split_names(&self.text()))
    }

    /// The people of the line: each link is one name, whatever is in it; text between links may hold more.
    pub fn names(&self) -> Vec<String> {
        let names = self.parts.iter().flat_map(|part| match part {
            // A link that runs a script unfolds the list and is no person.
            Part::Link { href, .. } if href.starts_with("javascript:") => Vec::new(),
            Part::Link { text, .. } => filled(text).into_iter().collect(),
            Part::Text(text) => split_names(text),
        });
        unique(names.collect())
    }

    /// The values of the spans with that property.
    pub fn marked(&self, property: &str) -> Vec<String> {
        let has_property = |mark: &&Mark| mark.property.split_whitespace().any(|word| word == property);
        unique(self.marks.iter().filter(has_property).filter_map(|mark| filled(&mark.value)).collect())
    }
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::{Line, lines};
    use crate::upstreams::douban::page::dom::by_id;

    fn read(block: &str) -> Vec<Line> {
        let html = Html::parse_document(&format!("<div id=info>{block}</div>"));
        lines(by_id(&html, "info").unwrap())
    }

    /// `label=text` of each line.
    fn check(block: &str, expected: &[&str]) {
        let shown: Vec<String> = read(block).iter().map(|line| format!("{}={}", line.label, line.text())).collect();
        assert_eq!(shown, expected, "{block}");
    }

    fn check_names(block: &str, expected: &[&str]) {
        assert_eq!(read(block)[0].names(), expected, "{block}");
    }

    #[test]
    fn labels_have_their_colon_inside_or_outside() {
        check(
            "stray<span><span class='pl'>导演</span>: <span class='attrs'><a href='/celebrity/1/'>甲</a></span></span><br/>
             <span class=\"pl\">语言:</span> 汉语 / 英语<br>
             <span class='pl'>又名：</span>乙: 丙<br> stray <br><span class=pl>季数:</span><select><option>1</select><br>",
            &["导演=甲", "语言=汉语 / 英语", "又名=乙: 丙", "季数="],
        );
    }

    #[test]
    fn a_label_ends_the_line_before_it_where_the_break_is_missing() {
        check("<span class=pl>语言:</span> 汉语 <span class=pl>集数:</span> 8", &["语言=汉语", "集数=8"]);
    }

    #[test]
    fn names_keep_their_commas_entities_and_slashes() {
        check_names(
            "<span class=pl>主演</span>: <span class=attrs><a href=/personage/1/>Ann Lee, Jr.</a> / <a>Tom &amp; Co.</a> \
             / 甲·乙 / <a href=/subject_search?q>AC/DC</a> / 丁 / 戊<a href='javascript:;'>更多...</a></span>",
            &["Ann Lee, Jr.", "Tom & Co.", "甲·乙", "AC/DC", "丁", "戊"],
        );
        check_names("<span class=pl>编剧</span>: <span class=attrs><a>甲</a> / <a>甲</a></span>", &["甲"]);
        check_names("<span class=pl>编剧</span>: <span class=attrs></span>", &[]);
    }

    #[test]
    fn the_content_of_a_marked_span_goes_before_its_text() {
        let lines = read(
            "<span class=pl>片长:</span> <span property='v:runtime' content='110'>110 分钟</span> / 120分钟<br>\
             <span class=pl>类型:</span> <span property='v:genre'>剧情</span> / <span property='v:genre'>动画</span>",
        );
        assert_eq!(lines[0].marked("v:runtime"), ["110"]);
        assert_eq!(lines[0].text(), "110 分钟 / 120分钟");
        assert_eq!(lines[1].marked("v:genre"), ["剧情", "动画"]);
    }
}
