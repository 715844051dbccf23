//! XML answers as JSON values, so that all providers' rows are read alike.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Map, Value};

/// Deeper than any documented answer, and shallow enough for recursion over the result.
const MAX_DEPTH: usize = 64;

/// The children of an element still being read.
struct Open {
    name: String,
    text: String,
    children: Vec<(String, Value)>,
}

/// The local name of the document's root, and what is in it: elements are objects, elements of nothing but `item`s are
/// lists, text is text, nothing is null. Namespaces and attributes are left out.
pub fn decode(body: &[u8]) -> Result<(String, Value), String> {
    let body = String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    let mut reader = Reader::from_str(&body);
    reader.config_mut().allow_dangling_amp = true;
    let mut open: Vec<Open> = Vec::new();
    loop {
        let closed = match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                if open.len() == MAX_DEPTH {
                    return Err(format!("more than {MAX_DEPTH} levels deep"));
                }
                open.push(element(start.local_name().as_ref()));
                continue;
            }
            Event::Empty(empty) => element(empty.local_name().as_ref()),
            Event::End(_) => open.pop().ok_or("an end without a start")?,
            Event::Text(text) => {
                add_text(&mut open, &text.xml10_content());
                continue;
            }
            Event::CData(text) => {
                add_text(&mut open, &text.xml10_content());
                continue;
            }
            Event::GeneralRef(reference) => {
                add_text(&mut open, &resolve(&reference));
                continue;
            }
            Event::DocType(_) => return Err("it defines its own entities".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            Event::Eof => return Err("it ends too early".to_owned()),
        };
        let (name, value) = close(closed);
        match open.last_mut() {
            Some(parent) => parent.children.push((name, value)),
            None => return Ok((name, value)),
        }
    }
}

fn element(name: &str) -> Open {
    Open { name: name.to_owned(), text: String::new(), children: Vec::new() }
}

fn add_text(open: &mut [Open], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Characters and the five entities of XML itself. What is none of these costs no more than its own place in the text.
fn resolve(reference: &BytesRef<'_>) -> String {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => character.to_string(),
        Ok(None) => resolve_predefined_entity(reference).unwrap_or("\u{fffd}").to_owned(),
        Err(_) => "\u{fffd}".to_owned(),
    }
}

fn close(element: Open) -> (String, Value) {
    let Open { name, text, children } = element;
    let value = if children.is_empty() {
        if text.trim().is_empty() { Value::Null } else { Value::String(text) }
    } else if children.iter().all(|(name, _)| name == "item") {
        children.into_iter().map(|(_, value)| value).collect()
    } else {
        Value::Object(fold(children))
    };
    (name, value)
}

/// Children of one name become a list; a single one stays itself.
fn fold(children: Vec<(String, Value)>) -> Map<String, Value> {
    let mut grouped: Vec<(String, Vec<Value>)> = Vec::new();
    for (name, value) in children {
        match grouped.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => grouped.push((name, vec![value])),
        }
    }
    let single = |mut values: Vec<Value>| {
        if values.len() == 1 { values.swap_remove(0) } else { Value::Array(values) }
    };
    grouped.into_iter().map(|(name, values)| (name, single(values))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{MAX_DEPTH, decode};

    fn check(xml: &str, root: &str, expected: &Value) {
        assert_eq!(decode(xml.as_bytes()), Ok((root.to_owned(), expected.clone())), "{xml}");
    }

    #[test]
    fn elements_become_objects_lists_and_texts() {
        check(
            r#"<?xml version="1.0"?><ns:R xmlns:ns="u"><!-- c --><ns:a x="1">t &amp; &#x4e2d;<![CDATA[<&>]]></ns:a>
               <set><item><k>1</k></item></set><none/><blank> </blank><e>1</e><e>2</e></ns:R>"#,
            "R",
            &json!({"a": "t & 中<&>", "set": [{"k": "1"}], "none": null, "blank": null, "e": ["1", "2"]}),
        );
        check("<R/>", "R", &Value::Null);
    }

    #[test]
    fn what_is_cut_or_hostile_is_an_error() {
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        let bomb = "<!DOCTYPE r [<!ENTITY x \"boom\">]><r>&x;</r>";
        for xml in ["", "text", "<a><b></b>", "<a></b>", "<a", &deep, bomb] {
            assert!(decode(xml.as_bytes()).is_err(), "{xml}");
        }
    }

    #[test]
    fn a_character_that_is_none_costs_no_more_than_its_place() {
        for (xml, expected) in [
            (&b"<a>b\xff</a>"[..], "b\u{fffd}"),
            (b"<a>&#xFFFFFFFF;</a>", "\u{fffd}"),
            (b"<a>&#xD83D;b</a>", "\u{fffd}b"),
            (b"<a>&nbsp;b</a>", "\u{fffd}b"),
            (b"<a>R & D</a>", "R & D"),
            (b"\xef\xbb\xbf<a>b\x01</a>", "b\u{1}"),
        ] {
            assert_eq!(decode(xml), Ok(("a".to_owned(), expected.into())), "{}", String::from_utf8_lossy(xml));
        }
    }
}
