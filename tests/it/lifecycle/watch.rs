//! `status --watch`: drawn again in place, and the terminal as it was at the end.

use super::ONE;
use super::bars::{run_and_press, run_in_columns};
use crate::support::{Running, Sandbox};

const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

#[test]
fn status_is_drawn_in_place_until_a_key_or_a_signal() {
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    for (key, code) in [("\u{3}", 130), ("q", 0)] {
        // The head is there a second time once it was drawn again.
        let ended = run_and_press(&sandbox, "status --watch 200ms", "\u{1b}[J\u{1b}[H", key, 1);
        assert_eq!(ended["code"], code, "{ended:#}");
        let drawn = ended["drawn"].as_str().expect("a text");
        let (frames, last) = drawn.split_once(LEAVE).expect("the screen is given back");
        assert!(frames.starts_with(ENTER) && frames.contains("every 200ms, q to end"), "{drawn}");
        assert!(!frames.contains("\u{1b}[2J"), "it would flicker: {drawn}");
        assert!(frames.matches("\u{1b}[H").count() >= 2, "{drawn}");
        assert!(last.contains("fairing") && last.contains("last result"), "{drawn}");
    }
}

#[test]
fn watching_is_refused_without_a_terminal() {
    let sandbox = Sandbox::small();
    let outcome = sandbox.run("status --watch").expect(2);
    assert!(outcome.stdout.is_empty() && outcome.stderr.contains("needs a terminal"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("hint: without one: `tongbu status`"), "{}", outcome.stderr);
    sandbox.run("status --watch 2s --json").expect(2);
}

#[test]
fn narrow_list_names_the_columns_that_it_leaves_out() {
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    let hint = "`--wide` shows more columns: ";
    let shown_in = |words: &str, columns| {
        let ended = run_in_columns(&sandbox, words, columns);
        assert_eq!(ended["code"], 0, "{ended:#}");
        ended["screen"].as_str().expect("a text").to_owned()
    };
    let shown = |words: &str| shown_in(words, 80);
    let narrow = shown("films list");
    assert!(!narrow.contains(hint), "there is no row: {narrow}");
    let narrow = shown("records list");
    assert_eq!(narrow.matches(hint).count(), 1, "{narrow}");
    assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
    for words in ["records list --wide", "records list --json", "records list -o csv", "status -q"] {
        assert!(!shown(words).contains(hint), "{words}");
    }
    let chinese = shown_in("records list --lang zh", 60);
    assert!(chinese.contains("`--wide` 还会显示："), "{chinese}");
    let mut piped = sandbox.command();
    piped.env("COLUMNS", "80").args(["records", "list"]);
    assert!(!Running::start(piped).wait().expect(0).said().contains(hint), "no person reads a pipe");
}
