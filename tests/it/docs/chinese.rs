//! README.zh-CN.md shows what README.md shows.

use std::collections::BTreeSet;

use super::markdown::{anchors, blocks, codes, links};
use super::{flat, text_of, tongbu};

#[test]
fn the_chinese_readme_has_the_same_blocks_code_and_pages() {
    let [english, chinese] = ["README.md", "README.zh-CN.md"].map(text_of);
    assert_eq!(blocks(&english), blocks(&chinese));
    let set = |text: &str| codes(text).into_iter().collect::<BTreeSet<String>>();
    assert_eq!(set(&english), set(&chinese));
    let pages = |text| links(text).into_iter().filter(|link| link.starts_with("docs/")).collect::<Vec<&str>>();
    assert_eq!(pages(&english), pages(&chinese));
    let anchors = anchors(&chinese);
    for link in links(&chinese).into_iter().filter(|link| link.starts_with('#')) {
        assert!(anchors.iter().any(|anchor| anchor == link), "{link}");
    }
}

#[test]
fn the_chinese_readme_has_every_exit_code_as_the_help_has_it() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = tongbu(home.path()).args(["--help", "--lang", "zh"]).output().expect("tongbu starts");
    let help = String::from_utf8(output.stdout).expect("help is UTF-8");
    let lines: Vec<String> = help.split_once("退出状态:").expect("it has them").1.lines().map(flat).collect();
    let chinese = text_of("README.zh-CN.md");
    let rows: Vec<String> = chinese
        .lines()
        .skip_while(|line| *line != "| 退出码 | 名称 | 含义 |")
        .skip(2)
        .map_while(|line| line.strip_prefix('|'))
        .map(|row| flat(&row.replace('|', " ")))
        .collect();
    assert!(rows.len() > 10);
    assert_eq!(rows, lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>());
}
