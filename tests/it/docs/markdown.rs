//! The parts of Markdown that the README uses: fenced blocks, code in prose, links.

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    pub language: String,
    pub text: String,
}

/// Every fenced block.
pub fn blocks(text: &str) -> Vec<Block> {
    // Prose and blocks alternate between the fences.
    let inside = fenced(text).into_iter().skip(1).step_by(2);
    inside
        .map(|block| {
            let (language, text) = block.split_once('\n').unwrap_or((block, ""));
            Block { language: language.trim().to_owned(), text: text.to_owned() }
        })
        .collect()
}

/// Code inside the prose.
pub fn codes(text: &str) -> Vec<String> {
    let prose = fenced(text).into_iter().step_by(2);
    let inside = prose.flat_map(|prose| {
        let parts: Vec<&str> = prose.split('`').collect();
        assert!(parts.len() % 2 == 1, "a backtick is left open: {prose}");
        parts.into_iter().skip(1).step_by(2)
    });
    inside.map(super::flat).collect()
}

/// The target of every link.
pub fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

/// The anchors of every heading.
pub fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| format!("#{}", line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))).collect()
}

fn fenced(text: &str) -> Vec<&str> {
    let parts: Vec<&str> = text.split("```").collect();
    assert!(parts.len() % 2 == 1, "a fence is left open");
    parts
}

#[test]
fn blocks_code_and_links_are_read() {
    let text = "see `a\nb`\n```sh\ntongbu `x`\n```\nand `c` [d](#e-f)\n## E f\n";
    assert_eq!(blocks(text), [Block { language: "sh".to_owned(), text: "tongbu `x`\n".to_owned() }]);
    assert_eq!(codes(text), ["a b", "c"]);
    assert_eq!((links(text), anchors(text)), (vec!["#e-f"], vec!["#e-f".to_owned()]));
}
