//! A film's synopsis, the full one where the page folds it.

use scraper::{ElementRef, Html, Node};

use super::dom::{by_id, by_word, has_word};
use crate::upstreams::films::normalize::paragraphs;

/// The block's id, today's first.
const BLOCK_IDS: [&str; 2] = ["link-report-intra", "link-report"];

/// The synopsis, one paragraph a line.
pub fn synopsis(html: &Html) -> Option<String> {
    let block = BLOCK_IDS.iter().find_map(|id| by_id(html, id))?;
    let is_full =
        |element: &ElementRef<'_>| has_word(*element, "class", "all") && has_word(*element, "class", "hidden");
    let full = block.descendent_elements().find(is_full).and_then(text);
    full.or_else(|| by_word(block, "property", "v:summary").and_then(text))
}

/// Its paragraphs: `<br>` ends one, a line end of the source does not.
fn text(element: ElementRef<'_>) -> Option<String> {
    let mut gathered = String::new();
    for node in element.descendants() {
        if let Node::Text(text) = node.value() {
            gathered.extend(text.chars().map(|character| if character == '\n' { ' ' } else { character }));
        } else if matches!(node.value(), Node::Element(element) if matches!(element.name(), "br" | "p")) {
            gathered.push('\n');
        }
    }
    paragraphs(&gathered)
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::synopsis;

    fn check(page: &str, expected: Option<&str>) {
        assert_eq!(synopsis(&Html::parse_document(page)).as_deref(), expected, "{page}");
    }

    #[test]
    fn the_hidden_full_text_wins() {
        check(
            "<div id=link-report-intra><span class=short><span property=v:summary>　　开头...</span></span>
             <span class='all hidden'>\n　　开头\n和中间。<br/>　　结尾。\n</span></div>",
            Some("开头 和中间。\n结尾。"),
        );
    }

    #[test]
    fn a_short_one_is_not_folded() {
        check("<div id=link-report><span property='v:summary' class=''>　　一句。 </span></div>", Some("一句。"));
        check(
            "<div id=link-report><span property=v:summary>短</span><span class='all hidden'> </span></div>",
            Some("短"),
        );
    }

    #[test]
    fn none_is_none() {
        check("<div id=link-report-intra><span property=v:summary>　 </span></div>", None);
        check("<span property=v:summary>别处</span>", None);
    }
}
